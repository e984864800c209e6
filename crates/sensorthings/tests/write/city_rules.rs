//! What a city refuses that the sandbox takes, and the field that each refusal names.

use city::{DeclaredKey, DeclaredKind, EntityId, EntityKind as K, Span};
use sensorthings::model::Navigation as N;
use sensorthings::write::Declared;
use serde_json::{Value, json};

use crate::world::{World, datastream, location, no, point, property};

fn linked(property: &str) -> Value {
    let mut body = datastream("OM_Measurement");
    body["Thing"] = json!({ "@iot.id": 1 });
    body["ObservedProperty"] = json!({ "@iot.id": property });
    body
}

#[test]
fn observed_properties_come_from_packs() {
    let mut world = World::city();
    let own = json!({ "name": "Footsteps", "definition": "http://example.org/footsteps", "description": "D" });
    assert_eq!(world.refused("ObservedProperties", &own), (422, "definition".to_owned()));
    let of_pack = json!({ "name": "Level", "definition": "http://example.org/water_level", "description": "D" });
    assert_eq!(world.refused("ObservedProperties", &of_pack), (422, "definition".to_owned()), "they are there already");
    assert_eq!(world.made("Datastreams", &linked("water_level")), EntityId::Number(1));
    // Written inline by a standard client, with the pack's definition: the pack's.
    let mut inline = datastream("OM_Measurement");
    inline["Thing"] = json!({ "@iot.id": 1 });
    let id = world.made("Datastreams", &inline);
    let related = world.catalogue.related(K::Datastream, &id, N::ObservedProperty).next().cloned();
    assert_eq!(related, Some(EntityId::from("water_level")));
    inline["ObservedProperty"]["definition"] = json!("http://example.org/footsteps");
    assert_eq!(world.refused("Datastreams", &inline), (422, "ObservedProperty.definition".to_owned()));
    assert_eq!(world.refused("Datastreams", &linked("footsteps")), (400, "ObservedProperty.@iot.id".to_owned()));
    assert_eq!(world.count(K::ObservedProperty), 2);
}

#[test]
fn a_datastream_is_in_the_unit_of_its_property() {
    let mut world = World::city();
    let mut body = linked("water_level");
    body["unitOfMeasurement"]["symbol"] = json!("cm");
    assert_eq!(world.refused("Datastreams", &body), (422, "unitOfMeasurement.symbol".to_owned()));
    body["unitOfMeasurement"]["symbol"] = Value::Null;
    assert_eq!(world.refused("Datastreams", &body), (422, "unitOfMeasurement.symbol".to_owned()));
    body["unitOfMeasurement"] = json!({ "symbol": "m", "note": "x" });
    assert_eq!(world.refused("Datastreams", &body), (422, "unitOfMeasurement.note".to_owned()));
    let mut body = linked("water_level");
    body["observationType"] = json!("http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CategoryObservation");
    assert_eq!(world.refused("Datastreams", &body), (422, "observationType".to_owned()), "no categories in its pack");
    body["ObservedProperty"] = json!({ "@iot.id": "sky" });
    body["unitOfMeasurement"] = json!({ "name": null, "symbol": null, "definition": null });
    world.made("Datastreams", &body);
}

#[test]
fn bags_hold_what_the_packs_declare() {
    let mut world = World::city();
    let mut body = linked("water_level");
    body["properties"] = json!({ "height_m": 2, "model": "X1" });
    world.made("Datastreams", &body);
    for (key, value) in
        [("owner", json!("x")), ("height_m", json!("high")), ("model", json!(5)), ("model", json!("CANARY"))]
    {
        body["properties"] = json!({ key: value });
        assert_eq!(world.refused("Datastreams", &body), (422, format!("properties.{key}")));
    }
    let thing = |key: &str| json!({ "name": "T", "description": "D", "properties": { key: 1.5 } });
    world.made("Things", &thing("height_m"));
    assert_eq!(world.refused("Things", &thing("speed")), (422, "properties.speed".to_owned()));
    let row = json!({ "result": 1, "parameters": { "height_m": 1 } });
    world.made("Datastreams(1)/Observations", &row);
    let row = json!({ "result": 1, "parameters": { "who": 1 } });
    assert_eq!(world.refused("Datastreams(1)/Observations", &row), (422, "parameters.who".to_owned()));
}

#[test]
fn the_quality_of_a_result_is_no_free_text() {
    let mut world = World::city();
    world.made("Datastreams", &linked("water_level"));
    let row = |quality: Value| json!({ "result": 1, "resultQuality": quality });
    assert_eq!(world.refused("Datastreams(1)/Observations", &row(json!("ask X"))), (422, "resultQuality".to_owned()));
    for quality in [json!(2), json!(0.5), json!(true)] {
        world.made("Datastreams(1)/Observations", &row(quality));
    }
    let created = world.with(|rules| {
        let body = json!([{ "Datastream": { "@iot.id": 1 }, "components": ["phenomenonTime", "result", "resultQuality"],
            "dataArray": [["2024-05-02T12:00:00Z", 1, "ask X"]] }]);
        sensorthings::write::create_observations(&world.catalogue, rules, body.to_string().as_bytes())
    });
    assert_eq!(created.map(|created| created.refused.len()), Ok(1), "nor in a data array");
    // The pack of another observed property does not speak for this one.
    let mut told = property("sky", "", &["clear", "overcast"]);
    told.declares.push(DeclaredKey { key: "resultQuality".to_owned(), kind: DeclaredKind::Text });
    world.declared = Declared::new(&[property("water_level", "m", &[]), told]);
    assert_eq!(world.refused("Datastreams(1)/Observations", &row(json!("good"))), (422, "resultQuality".to_owned()));
    let mut sky = linked("sky");
    sky["unitOfMeasurement"] = json!({});
    world.made("Datastreams", &sky);
    world.made("Datastreams(2)/Observations", &row(json!("good")));
    assert_eq!(world.refused("Datastreams(2)/Observations", &row(json!("CANARY"))), (422, "resultQuality".to_owned()));
}

#[test]
fn results_are_of_the_kind_and_category_that_the_pack_lists() {
    let mut world = World::city();
    let mut body = linked("sky");
    body["observationType"] = json!("http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CategoryObservation");
    body["unitOfMeasurement"] = json!({});
    world.made("Datastreams", &body);
    world.made("Datastreams(1)/Observations", &json!({ "result": "clear" }));
    for result in [json!("a face"), json!(1), json!(true), json!(["clear"])] {
        let body = json!({ "result": result });
        assert_eq!(world.refused("Datastreams(1)/Observations", &body), (422, "result".to_owned()));
    }
}

#[test]
fn a_thing_stands_still() {
    let mut world = World::city();
    let mut body = json!({ "name": "T", "description": "D", "Locations": [location(1.0)] });
    let thing = world.made("Things", &body);
    assert_eq!(thing, EntityId::Number(2));
    assert_eq!(world.refused("Things(2)/Locations", &location(2.0)), (422, String::new()), "within a day");
    world.made("Locations", &location(2.0));
    let link = json!({ "Locations": [{ "@iot.id": 3 }] });
    assert_eq!(world.patch("Things(2)", &link), no(422, "Locations"));
    let passage = json!({ "time": "2024-05-02T20:00:00Z", "Locations": [{ "@iot.id": 3 }] });
    assert_eq!(world.refused("Things(2)/HistoricalLocations", &passage), (422, "time".to_owned()), "by hand neither");
    // Nor by moving the place under it, nor by forgetting where it stood.
    assert_eq!(world.patch("Locations(2)", &json!({ "location": point(9.0, 9.0) })), no(422, "location"));
    assert_eq!(world.patch("Locations(2)", &json!({ "name": "Other roof" })), Ok(()));
    assert_eq!(world.delete("HistoricalLocations(1)"), no(422, ""));
    assert_eq!(world.delete("Locations(2)"), no(422, ""));
    assert_eq!(world.patch("HistoricalLocations(1)", &json!({ "time": "2020-01-01T00:00:00Z" })), no(422, "time"));
    world.later(Span::h(24));
    assert_eq!(world.patch("Things(2)", &link), Ok(()), "a day later it may");
    assert_eq!(world.related(K::Thing, 2, N::Locations), [EntityId::Number(3)]);
    assert_eq!(world.delete("HistoricalLocations(1)"), Ok(()));
    // A whole track at once, in the past.
    body["HistoricalLocations"] = (0..3)
        .map(|hour| json!({ "time": format!("2020-01-01T0{hour}:00:00Z"), "Locations": [{ "@iot.id": 3 }] }))
        .collect();
    assert_eq!(world.refused("Things", &body), (422, "HistoricalLocations[1].time".to_owned()));
    assert_eq!(world.delete("Things(2)"), Ok(()), "the whole thing can go");
}

#[test]
fn a_feature_of_interest_is_a_registered_place() {
    let mut world = World::city();
    world.made("Datastreams", &linked("water_level"));
    let feature =
        |at: Value| json!({ "name": "F", "description": "D", "encodingType": "application/geo+json", "feature": at });
    assert_eq!(world.refused("FeaturesOfInterest", &feature(point(1.0, 1.0))), (422, "feature".to_owned()));
    let row = json!({ "result": 1, "FeatureOfInterest": feature(point(1.0, 1.0)) });
    assert_eq!(world.refused("Datastreams(1)/Observations", &row), (422, "FeatureOfInterest.feature".to_owned()));
    assert_eq!(world.made("FeaturesOfInterest", &feature(point(-51.23, -30.03))), EntityId::Number(1));
    world.made("Datastreams(1)/Observations", &json!({ "result": 1 }));
    assert_eq!(world.count(K::FeatureOfInterest), 1, "the one that is where the thing stands is taken");
    let moved = json!({ "feature": point(2.0, 2.0) });
    assert_eq!(world.patch("FeaturesOfInterest(1)", &moved), no(422, "feature"));
}

#[test]
fn what_city_toml_says_is_changed_there() {
    let mut world = World::city();
    assert_eq!(world.patch("Things(1)", &json!({ "name": "Mine" })), no(409, ""));
    assert_eq!(world.patch("ObservedProperties('sky')", &json!({ "name": "Mine" })), no(409, ""));
    assert_eq!(world.delete("Sensors('water')"), no(409, ""));
    assert_eq!(world.delete("Locations(1)"), no(409, ""));
    assert_eq!(world.refused("Things(1)/Locations", &location(2.0)).0, 409);
    assert_eq!(
        world.made("Datastreams", &linked("water_level")),
        EntityId::Number(1),
        "what is new may be linked to it"
    );
    let other = json!({ "ObservedProperty": { "@iot.id": "sky" } });
    assert_eq!(world.patch("Datastreams(1)", &other), no(422, "ObservedProperty"));
    assert_eq!(world.delete("Datastreams(1)"), Ok(()));
}

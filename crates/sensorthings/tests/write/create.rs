//! Creating: links, deep insert, nested paths.

use city::{EntityBody, EntityId, EntityKind as K, Primitive, Shape};
use sensorthings::model::Navigation as N;
use serde_json::{Value, json};

use crate::world::{World, datastream, location, no, point, station, told_of};

/// Example 28 of 18-088 (clause 10.2), with its line breaks within texts made plain.
fn oven() -> Value {
    json!({
        "description": "This an oven with a temperature datastream.",
        "name": "oven",
        "Locations": [{
            "name": "CCIT", "description": "Calgary Centre for Innovative Technologies",
            "encodingType": "application/geo+json",
            "location": { "type": "Feature", "geometry": { "type": "Point", "coordinates": [10, 10] } }
        }],
        "Datastreams": [{
            "name": "oven temperature",
            "description": "This is a datastream for an oven’s internal temperature.",
            "unitOfMeasurement": {
                "name": "degree Celsius", "symbol": "°C", "definition": "http://unitsofmeasure.org/ucum.html#para-30"
            },
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "observedArea": { "type": "Polygon", "coordinates": [[[100, 0], [101, 0], [101, 1], [100, 1], [100, 0]]] },
            "phenomenonTime": "2009-01-11T16:22:25.00Z/2011-08-21T08:32:10.00Z",
            "Observations": [{
                "phenomenonTime": "2012-06-26T03:42:02-0600",
                "result": 70.4,
                "FeatureOfInterest": {
                    "name": "CCIT #361", "description": "This is CCIT #361, Noah’s dad’s office",
                    "encodingType": "application/geo+json",
                    "feature": { "type": "Feature", "geometry": { "type": "Polygon", "coordinates": [
                        [[100, 50], [10, 9], [23, 4], [100, 50]], [[30, 20], [10, 4], [4, 22], [30, 20]]
                    ] } }
                }
            }],
            "ObservedProperty": {
                "name": "DewPoint Temperature",
                "definition": "http://sweet.jpl.nasa.gov/ontology/property.owl#DewPointTemperature",
                "description": "The dewpoint temperature is the temperature to which the air must be cooled."
            },
            "Sensor": {
                "name": "DS18B20", "description": "DS18B20 is an air temperature sensor…",
                "encodingType": "application/pdf",
                "metadata": "http://datasheets.maxim-ic.com/en/ds/DS18B20.pdf"
            }
        }]
    })
}

#[test]
fn the_deep_insert_of_the_standard_makes_everything() {
    let mut world = World::sandbox();
    assert_eq!(world.made("Things", &oven()), EntityId::Number(1));
    assert_eq!(K::ALL.map(|kind| world.count(kind)), [1; 7]);
    assert_eq!(world.related(K::Thing, 1, N::Datastreams), [EntityId::Number(1)]);
    assert_eq!(world.related(K::Location, 1, N::HistoricalLocations), [EntityId::Number(1)]);
    let (observation, detail) = world.series.0.values().next().expect("the observation");
    assert_eq!((observation.phenomenon_time.to_string().as_str(), observation.result), ("2012-06-26T09:42:02Z", 70.4));
    assert_eq!(detail.feature_of_interest, Some(EntityId::Number(1)));
    let EntityBody::Location { location, .. } = &world.entity(K::Location, 1).body else { panic!("a location") };
    assert!(matches!(location, Shape::Point(at) if (at.longitude, at.latitude) == (10.0, 10.0)));
}

#[test]
fn a_deep_insert_that_fails_makes_nothing_and_names_the_field() {
    let mut world = World::sandbox();
    let cases: [(&str, Value, u16, &str); 14] = [
        ("/Datastreams/0/unitOfMeasurement", Value::Null, 400, "Datastreams[0].unitOfMeasurement"),
        ("/Datastreams/0/unitOfMeasurement/name", json!(5), 400, "Datastreams[0].unitOfMeasurement.name"),
        ("/Datastreams/0/observationType", json!("number"), 400, "Datastreams[0].observationType"),
        ("/Datastreams/0/Sensor", Value::Null, 400, "Datastreams[0].Sensor"),
        ("/Datastreams/0/Sensor/metadata", json!({ "a": 1 }), 400, "Datastreams[0].Sensor.metadata"),
        ("/Datastreams/0/ObservedProperty/definition", Value::Null, 400, "Datastreams[0].ObservedProperty.definition"),
        ("/Datastreams/0/Observations/0/result", Value::Null, 400, "Datastreams[0].Observations[0].result"),
        (
            "/Datastreams/0/Observations/0/phenomenonTime",
            json!("2012-06-26T03:42:02"),
            400,
            "Datastreams[0].Observations[0].phenomenonTime",
        ),
        ("/Datastreams/0/Observations/0/result", json!("warm"), 422, "Datastreams[0].Observations[0].result"),
        ("/Locations/0/location/geometry/coordinates", json!([181, 0]), 400, "Locations[0].location.geometry"),
        ("/Locations/0/encodingType", json!("text/plain"), 422, "Locations[0].encodingType"),
        ("/Locations/0", json!({ "@iot.id": 9 }), 400, "Locations[0].@iot.id"),
        ("/description", json!("Call CANARY"), 422, "description"),
        ("/Datastreams", json!({}), 400, "Datastreams"),
    ];
    for (pointer, value, status, field) in cases {
        let mut body = oven();
        *body.pointer_mut(pointer).expect(pointer) = value;
        assert_eq!(world.refused("Things", &body), (status, field.to_owned()), "{pointer}");
    }
    let mut body = oven();
    body["Datastreams"][0]["colour"] = json!("red");
    assert_eq!(world.refused("Things", &body), (422, "Datastreams[0].colour".to_owned()), "an unknown member");
    assert_eq!(world.count(K::Thing), 0);
}

#[test]
fn ids_in_bodies_are_ignored_and_control_information_tolerated() {
    let mut world = World::sandbox();
    let body = json!({
        "@iot.id": 77, "@iot.selfLink": "x", "Datastreams@iot.navigationLink": "y", "name": "T", "description": "D"
    });
    assert_eq!(world.made("Things", &body), EntityId::Number(1));
    assert_eq!(world.made("Things", &body), EntityId::Number(2));
}

#[test]
fn entities_are_linked_to_what_is_there() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    let mut body = datastream("OM_Measurement");
    body["Thing"] = json!({ "@iot.id": 1 });
    body["Sensor"] = json!({ "@iot.id": 1, "@iot.selfLink": "http://example.org/v1.1/Sensors(1)" });
    body["ObservedProperty"] = json!({ "@iot.id": 1 });
    assert_eq!(world.made("Datastreams", &body), EntityId::Number(2));
    assert_eq!((world.count(K::Sensor), world.count(K::ObservedProperty)), (1, 1));
    body["Sensor"] = json!({ "@iot.id": 2 });
    assert_eq!(world.refused("Datastreams", &body), (400, "Sensor.@iot.id".to_owned()), "no such sensor");
    body["Sensor"] = json!({});
    assert_eq!(world.refused("Datastreams", &body), (400, "Sensor.@iot.id".to_owned()), "no id");
    body["Sensor"] = json!({ "@iot.id": 1 });
    body.as_object_mut().expect("an object").remove("Thing");
    assert_eq!(world.refused("Datastreams", &body), (400, "Thing".to_owned()));
}

#[test]
fn a_nested_path_gives_the_link() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    assert_eq!(world.made("Things(1)/Datastreams", &datastream("OM_Measurement")), EntityId::Number(2));
    let mut body = datastream("OM_Measurement");
    body["Thing"] = json!({ "@iot.id": 1 });
    body.as_object_mut().expect("an object").remove("Sensor");
    assert_eq!(world.made("Sensors(1)/Datastreams", &body), EntityId::Number(3));
    body["Sensor"] = json!({ "@iot.id": 2 });
    assert_eq!(world.refused("Sensors(1)/Datastreams", &body), (400, "Sensor".to_owned()), "another than the path's");
    assert_eq!(world.made("Datastreams(1)/Thing/Datastreams", &datastream("OM_Measurement")), EntityId::Number(4));
    assert_eq!(world.related(K::Thing, 1, N::Datastreams).len(), 4);
    for path in
        ["Things(9)/Datastreams", "Nothings", "Things(1)/Datastreams(77)/Observations", "Things('x')/Datastreams"]
    {
        assert_eq!(world.refused(path, &datastream("OM_Measurement")).0, 404, "{path}");
    }
    for path in ["Things(1)", "Datastreams(1)/Thing", "Things(1)/name"] {
        assert_eq!(world.refused(path, &json!({})).0, 405, "{path}");
    }
}

#[test]
fn locations_come_to_a_thing_by_every_way() {
    let mut world = World::sandbox();
    world.made("Things", &json!({ "name": "T", "description": "D" }));
    assert_eq!(world.made("Things(1)/Locations", &location(1.0)), EntityId::Number(1));
    assert_eq!(world.count(K::HistoricalLocation), 1);
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(1)]);
    // A second place takes the place of the first, which history keeps.
    assert_eq!(world.made("Things(1)/Locations", &location(2.0)), EntityId::Number(2));
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(2)]);
    assert_eq!(world.related(K::Location, 1, N::HistoricalLocations), [EntityId::Number(1)]);
    assert_eq!(world.made("Things(1)/Locations", &json!({ "@iot.id": 1 })), EntityId::Number(1), "a link by POST");
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(1)]);
    assert_eq!(world.count(K::HistoricalLocation), 3);
    world.made("Things(1)/Locations", &json!({ "@iot.id": 1 }));
    assert_eq!(world.count(K::HistoricalLocation), 3, "it stands there already");
    // From the location's end.
    assert_eq!(world.made("Locations(2)/Things", &json!({ "name": "U", "description": "D" })), EntityId::Number(2));
    assert_eq!(world.related(K::Thing, 2, N::Locations), [EntityId::Number(2)]);
    let mut body = location(3.0);
    body["Things"] = json!([{ "@iot.id": 2 }, { "name": "V", "description": "D" }]);
    assert_eq!(world.made("Locations", &body), EntityId::Number(3));
    assert_eq!(world.related(K::Location, 3, N::Things), [EntityId::Number(2), EntityId::Number(3)]);
    assert_eq!(world.made("Things(2)/Locations/$ref", &json!({ "@iot.id": 2 })), EntityId::Number(2));
    assert_eq!(world.related(K::Thing, 2, N::Locations), [EntityId::Number(2)]);
}

#[test]
fn historical_locations_are_written_by_hand_too() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    world.made("Locations", &location(2.0));
    let old = json!({ "time": "2020-01-01T00:00:00Z", "Thing": { "@iot.id": 1 }, "Locations": [{ "@iot.id": 2 }] });
    world.made("HistoricalLocations", &old);
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(1)], "an older one moves nothing");
    let new = json!({ "time": "2025-01-01T00:00:00Z", "Locations": [{ "@iot.id": 2 }] });
    world.made("Things(1)/HistoricalLocations", &new);
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(2)], "a newer one does");
    assert_eq!(world.count(K::HistoricalLocation), 3, "and makes no other");
    let nowhere = json!({ "time": "2025-01-01T00:00:00Z", "Thing": { "@iot.id": 1 } });
    assert_eq!(world.refused("HistoricalLocations", &nowhere), (400, "Locations".to_owned()));
    let no_zone = json!({ "time": "2025-01-01T00:00:00", "Locations": [{ "@iot.id": 2 }] });
    assert_eq!(world.refused("Things(1)/HistoricalLocations", &no_zone), (400, "time".to_owned()));
}

#[test]
fn everything_can_be_written_from_its_other_end() {
    let mut world = World::sandbox();
    world.made("Things", &json!({ "name": "T", "description": "D" }));
    let mut stream = datastream("OM_Measurement");
    stream["Thing"] = json!({ "@iot.id": 1 });
    let (sensor, property) = (stream["Sensor"].take(), stream["ObservedProperty"].take());
    let mut body = sensor.clone();
    stream["ObservedProperty"] = property.clone();
    body["Datastreams"] = json!([stream]);
    world.made("Sensors", &body);
    stream["ObservedProperty"] = Value::Null;
    stream["Sensor"] = json!({ "@iot.id": 1 });
    let mut body = property;
    body["Datastreams"] = json!([stream, { "@iot.id": 1 }]);
    world.made("ObservedProperties", &body);
    assert_eq!(world.count(K::Datastream), 2);
    assert_eq!(world.related(K::ObservedProperty, 2, N::Datastreams), [EntityId::Number(1), EntityId::Number(2)]);
    let feature = json!({
        "name": "F", "description": "D", "encodingType": "application/vnd.geo+json", "feature": point(5.0, 5.0),
        "Observations": [{ "result": 1, "Datastream": { "@iot.id": 1 } }]
    });
    world.made("FeaturesOfInterest", &feature);
    let (observation, detail) = world.series.0.values().next().expect("the observation");
    assert_eq!(observation.phenomenon_time, world.now, "the server's time where none is given");
    assert_eq!(detail.feature_of_interest, Some(EntityId::Number(1)));
    let twice = json!({ "result": 1, "Datastream": {
        "name": "x", "description": "x", "unitOfMeasurement": {}, "observationType": stream["observationType"],
        "Thing": { "@iot.id": 1 }, "Sensor": { "@iot.id": 1 }, "ObservedProperty": { "@iot.id": 1 }
    }, "FeatureOfInterest": { "@iot.id": 1 } });
    world.made("Observations", &twice);
    assert_eq!(world.count(K::Datastream), 3, "an observation brings its datastream along");
}

#[test]
fn the_sandbox_takes_any_key_with_a_primitive_value() {
    let mut world = World::sandbox();
    let thing = |properties: Value| json!({ "name": "T", "description": "D", "properties": properties });
    let id = world.made("Things", &thing(json!({ "a": 1, "b": 1.5, "c": "x", "d": true })));
    let properties = &world.entity(K::Thing, id).properties;
    assert_eq!(properties.get("a"), Some(&Primitive::Integer(1)));
    assert_eq!(properties.get("b"), Some(&Primitive::Number(1.5)));
    for bad in [json!({}), json!([1]), Value::Null, json!("CANARY")] {
        assert_eq!(world.refused("Things", &thing(json!({ "key": bad }))), (422, "properties.key".to_owned()));
    }
    assert_eq!(world.refused("Things", &thing(json!({ "CANARY": 1 }))).0, 422);
    assert_eq!(world.refused("Things", &thing(json!([]))), (400, "properties".to_owned()));
    assert_eq!(world.made("Things", &thing(Value::Null)), EntityId::Number(2));
}

#[test]
fn what_is_no_body_is_refused() {
    let world = World::sandbox();
    let post = |bytes: &[u8]| {
        world
            .with(|rules| sensorthings::write::post(&world.catalogue, rules, "Things", bytes))
            .map(|_| ())
            .map_err(told_of)
    };
    for bytes in [&b""[..], b"{", b"[]", b"5", b"\xff", b"{\"name\": 1e999}", "[".repeat(1000).as_bytes()] {
        assert_eq!(post(bytes).map_err(|(status, _)| status), Err(400), "{bytes:?}");
    }
    assert_eq!(post(&vec![b' '; 9 * 1024 * 1024]), no(413, ""));
    assert_eq!(post(b"{}"), no(400, "name"));
}

#[test]
fn what_would_be_lost_of_a_place_is_refused_by_name() {
    let mut world = World::sandbox();
    let at = |place: Value| json!({ "name": "L", "description": "D", "encodingType": "application/geo+json", "location": place });
    let feature = |more: Value| {
        let mut feature = json!({ "type": "Feature", "geometry": point(1.0, 1.0) });
        feature.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        at(feature)
    };
    for (body, field) in [
        (feature(json!({ "properties": { "owner": "x" } })), "location.properties"),
        (feature(json!({ "id": "x" })), "location.id"),
        (at(json!({ "type": "Point", "coordinates": [5, 5, 10] })), "location.coordinates"),
        (at(json!({ "type": "LineString", "coordinates": [[5, 5], [5, 6, 10]] })), "location.coordinates"),
        (at(json!({ "type": "Point", "coordinates": [5, 5], "crs": "x" })), "location.crs"),
        (
            feature(json!({ "geometry": { "type": "Point", "coordinates": [5, 5, 1] } })),
            "location.geometry.coordinates",
        ),
    ] {
        assert_eq!(world.refused("Locations", &body), (422, field.to_owned()));
    }
    for more in [json!({}), json!({ "properties": {} }), json!({ "properties": null })] {
        world.made("Locations", &feature(more));
    }
}

#[test]
fn what_clients_send_back_is_taken_and_ids_that_can_be_none_are_not() {
    let mut world = World::sandbox();
    let thing = |id: Value| json!({ "@iot.id": id, "name": "T", "description": "D" });
    for id in [json!("abc"), json!(true), json!({ "a": 1 }), json!(0), json!(1.5)] {
        assert_eq!(world.refused("Things", &thing(id)), (422, "@iot.id".to_owned()));
    }
    let mut whole = thing(json!(7));
    whole["@iot.selfLink"] = json!("http://host/v1.1/Things(7)");
    whole["Datastreams@iot.navigationLink"] = json!("http://host/v1.1/Things(7)/Datastreams");
    assert_eq!(world.made("Things", &whole), EntityId::Number(1), "read-only members are taken and not kept");
    world.made("Things", &thing(Value::Null));
    let mut body = datastream("OM_Measurement");
    body["Thing"] = json!({ "@iot.id": "1" });
    body["phenomenonTime"] = json!("2024-05-02T12:00:00Z/2024-05-02T13:00:00Z");
    assert_eq!(world.made("Datastreams", &body), EntityId::Number(1), "an id of digits in quotes, as in Things('1')");
    assert_eq!(world.patch("Datastreams(1)", &json!({ "Thing": { "@iot.id": "x" } })), no(400, "Thing.@iot.id"));
}

#[test]
fn a_key_stands_once_in_an_object() {
    let world = World::sandbox();
    let twice = br#"{"name":"T","description":"D","properties":{"a":1,"a":2}}"#;
    let plan = world.with(|rules| sensorthings::write::post(&world.catalogue, rules, "Things", twice));
    assert_eq!(plan.map_err(told_of), no(400, "a"));
}

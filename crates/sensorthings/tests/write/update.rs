//! PATCH, PUT, JSON Patch, `$ref`.

use city::{EntityBody, EntityId, EntityKind as K};
use sensorthings::model::{EntityType, Navigation as N};
use sensorthings::write::Change;
use serde_json::{Value, json};

use crate::world::{World, location, no, point, station, told_of};

fn world() -> World {
    let mut world = World::sandbox();
    let mut body = station("OM_Measurement");
    body["properties"] = json!({ "a": 1, "b": "x" });
    world.made("Things", &body);
    world
}

fn name(world: &World, kind: K) -> &str {
    &world.entity(kind, 1).name
}

#[test]
fn a_patch_changes_what_it_has() {
    let mut world = world();
    assert_eq!(world.patch("Things(1)", &json!({ "description": "New", "@iot.id": 55 })), Ok(()));
    let thing = world.entity(K::Thing, 1);
    assert_eq!((thing.name.as_str(), thing.description.as_str(), thing.properties.len()), ("Station", "New", 2));
    assert_eq!(world.patch("Things(1)", &json!({ "properties": { "c": true } })), Ok(()));
    assert_eq!(world.entity(K::Thing, 1).properties.len(), 1, "a property is replaced whole");
    assert_eq!(world.patch("Things(1)", &json!({ "name": null })), no(400, "name"));
    assert_eq!(world.patch("Things(1)", &json!({ "nick": 1 })), no(422, "nick"));
    assert_eq!(world.patch("Things(2)", &json!({ "name": "x" })), no(404, ""));
    assert_eq!(world.patch("Things", &json!({ "name": "x" })), no(405, ""));
    assert_eq!(world.patch("Datastreams(1)/Thing", &json!({ "name": "By its datastream" })), Ok(()));
    assert_eq!(name(&world, K::Thing), "By its datastream");
    assert_eq!(world.patch("Locations(1)", &json!({ "location": point(8.0, 8.0) })), Ok(()));
    let unit = json!({ "unitOfMeasurement": { "name": "cm", "symbol": "cm", "definition": null } });
    assert_eq!(world.patch("Datastreams(1)", &unit), Ok(()));
    let EntityBody::Datastream(body) = &world.entity(K::Datastream, 1).body else { panic!("a datastream") };
    assert_eq!(body.unit_of_measurement.symbol.as_deref(), Some("cm"));
}

#[test]
fn a_patch_of_a_unit_changes_what_it_names() {
    let mut world = world();
    assert_eq!(world.patch("Datastreams(1)", &json!({ "unitOfMeasurement": { "name": "metres" } })), Ok(()));
    let EntityBody::Datastream(body) = &world.entity(K::Datastream, 1).body else { panic!("a datastream") };
    let unit = &body.unit_of_measurement;
    assert_eq!(
        (unit.name.as_deref(), unit.symbol.as_deref(), unit.definition.as_deref()),
        (Some("metres"), Some("m"), Some("ucum:m"))
    );
    let whole = json!({ "unitOfMeasurement": { "definition": null } });
    assert_eq!(world.patch("Datastreams(1)", &whole), Ok(()), "null takes it away");
    let EntityBody::Datastream(body) = &world.entity(K::Datastream, 1).body else { panic!("a datastream") };
    assert_eq!(body.unit_of_measurement.definition, None);
}

#[test]
fn a_merge_patch_merges_open_bags_too() {
    let mut world = world();
    let patch =
        |world: &mut World, path: &str, body: &Value| world.update(path, body, Change::MergePatch).map_err(told_of);
    let body = json!({ "properties": { "b": null, "c": 2 }, "description": "New" });
    assert_eq!(patch(&mut world, "Things(1)", &body), Ok(()));
    let thing = world.entity(K::Thing, 1);
    let keys: Vec<&str> = thing.properties.iter().map(|(key, _)| key).collect();
    assert_eq!((thing.name.as_str(), thing.description.as_str(), keys), ("Station", "New", vec!["a", "c"]));
    assert_eq!(patch(&mut world, "Things(1)", &json!({ "name": null })), no(400, "name"));
    assert_eq!(patch(&mut world, "Things(1)", &json!([1])), no(400, ""));
    let row = json!({ "phenomenonTime": "2024-05-02T12:00:00Z", "result": 1, "parameters": { "a": 1, "b": 2 } });
    let id = world.made("Datastreams(1)/Observations", &row);
    let row_at = format!("Observations('{id}')");
    assert_eq!(patch(&mut world, &row_at, &json!({ "parameters": { "a": null, "c": 3 } })), Ok(()));
    let (_, detail) = world.series.0.values().next().expect("the observation");
    let keys: Vec<&str> = detail.parameters.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["b", "c"]);
}

#[test]
fn an_update_links_and_does_not_write_others() {
    let mut world = world();
    world.made("Things", &json!({ "name": "U", "description": "D" }));
    assert_eq!(world.patch("Datastreams(1)", &json!({ "Thing": { "@iot.id": 2 } })), Ok(()));
    assert_eq!(world.related(K::Thing, 2, N::Datastreams), [EntityId::Number(1)]);
    assert_eq!(world.patch("Datastreams(1)", &json!({ "Thing": { "@iot.id": 3 } })), no(400, "Thing.@iot.id"));
    let inline = json!({ "Thing": { "name": "V", "description": "D" } });
    assert_eq!(world.patch("Datastreams(1)", &inline), no(400, "Thing"));
    assert_eq!(world.patch("Things(1)", &json!({ "Datastreams": [{ "@iot.id": 1 }] })), Ok(()));
    assert_eq!(world.related(K::Thing, 1, N::Datastreams), [EntityId::Number(1)]);
    // A thing with new locations: history notes it.
    world.made("Locations", &location(2.0));
    assert_eq!(world.patch("Things(1)", &json!({ "Locations": [{ "@iot.id": 2 }, { "@iot.id": 1 }] })), Ok(()));
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(1), EntityId::Number(2)]);
    assert_eq!(world.count(K::HistoricalLocation), 2);
    assert_eq!(world.patch("Things(1)", &json!({ "Locations": [location(3.0)] })), no(400, "Locations[0]"));
}

#[test]
fn a_put_is_all_that_there_is() {
    let mut world = world();
    let put = |world: &mut World, path: &str, body: &Value| world.update(path, body, Change::Replace).map_err(told_of);
    assert_eq!(put(&mut world, "Things(1)", &json!({ "name": "N", "description": "D" })), Ok(()));
    assert_eq!(world.entity(K::Thing, 1).properties.len(), 0);
    assert_eq!(world.related(K::Thing, 1, N::Locations), [EntityId::Number(1)], "links that it does not name stay");
    assert_eq!(put(&mut world, "Things(1)", &json!({ "name": "N" })), no(400, "description"));
    let sensor = json!({ "name": "N", "description": "D", "encodingType": "text/html", "metadata": "x" });
    assert_eq!(put(&mut world, "Sensors(1)", &sensor), Ok(()));
    assert_eq!(
        put(&mut world, "Datastreams(1)", &json!({ "name": "N", "description": "D" })),
        no(400, "observationType")
    );
}

#[test]
fn a_json_patch_changes_step_by_step_or_nothing() {
    let mut world = world();
    let patch =
        |world: &mut World, path: &str, body: &Value| world.update(path, body, Change::Operations).map_err(told_of);
    let body = json!([
        { "op": "test", "path": "/properties/a", "value": 1 },
        { "op": "copy", "from": "/name", "path": "/properties/old" },
        { "op": "replace", "path": "/name", "value": "New" },
        { "op": "move", "from": "/properties/b", "path": "/properties/c" },
        { "op": "remove", "path": "/properties/a" },
    ]);
    assert_eq!(patch(&mut world, "Things(1)", &body), Ok(()));
    let keys: Vec<&str> = world.entity(K::Thing, 1).properties.iter().map(|(key, _)| key).collect();
    assert_eq!((name(&world, K::Thing), keys), ("New", vec!["c", "old"]));
    let wrong =
        json!([{ "op": "replace", "path": "/name", "value": "X" }, { "op": "test", "path": "/name", "value": "Y" }]);
    assert_eq!(patch(&mut world, "Things(1)", &wrong), no(409, "[1]"));
    assert_eq!(patch(&mut world, "Things(1)", &json!([{ "op": "remove", "path": "/name" }])), no(400, "name"));
    assert_eq!(patch(&mut world, "Things(1)", &json!([{ "op": "add", "path": "/nick", "value": 1 }])), no(422, "nick"));
    assert_eq!(name(&world, K::Thing), "New");
    world.made("Things", &json!({ "name": "U", "description": "D" }));
    let link = json!([{ "op": "replace", "path": "/Thing/@iot.id", "value": 2 }]);
    assert_eq!(patch(&mut world, "Datastreams(1)", &link), Ok(()));
    assert_eq!(world.related(K::Thing, 2, N::Datastreams), [EntityId::Number(1)]);
    for kind in
        ["Things(1)", "Locations(1)", "Datastreams(1)", "Sensors(1)", "ObservedProperties(1)", "HistoricalLocations(1)"]
    {
        let before = world.catalogue.get(K::Thing, &EntityId::Number(1)).cloned();
        assert_eq!(patch(&mut world, kind, &json!([])), Ok(()), "{kind}");
        assert_eq!(world.catalogue.get(K::Thing, &EntityId::Number(1)).cloned(), before);
    }
}

#[test]
fn an_empty_json_patch_changes_nothing_of_any_kind() {
    let mut world = world();
    world.made("Datastreams(1)/Observations", &json!({ "result": 1.25 }));
    for kind in K::ALL {
        let set = EntityType::from(kind).set();
        let before = world.entity(kind, 1).clone();
        assert_eq!(world.update(&format!("{set}(1)"), &json!([]), Change::Operations), Ok(()), "{set}");
        assert_eq!(*world.entity(kind, 1), before);
    }
}

#[test]
fn references_are_set_and_taken() {
    let mut world = world();
    world.made("Things", &json!({ "name": "U", "description": "D" }));
    let put = |world: &mut World, path: &str, id: i64| {
        world.update(path, &json!({ "@iot.id": id }), Change::Replace).map_err(told_of)
    };
    assert_eq!(put(&mut world, "Datastreams(1)/Thing/$ref", 2), Ok(()));
    assert_eq!(world.related(K::Thing, 2, N::Datastreams), [EntityId::Number(1)]);
    assert_eq!(put(&mut world, "Datastreams(1)/Thing/$ref", 3), no(400, "@iot.id"));
    world.made("Things(1)/Datastreams/$ref", &json!({ "@iot.id": 1 }));
    assert_eq!(world.related(K::Thing, 1, N::Datastreams), [EntityId::Number(1)]);
    assert_eq!(world.refused("Things(1)/Datastreams/$ref", &json!({ "name": "x" })).0, 400);
    assert_eq!(world.delete("Things(1)/Locations(1)/$ref"), Ok(()));
    assert_eq!(world.related(K::Thing, 1, N::Locations), []);
    assert_eq!(world.count(K::Location), 1, "the link went, not the location");
    assert_eq!(world.delete("Things(1)/Datastreams(1)/$ref"), no(409, ""), "it cannot be without a thing");
    assert_eq!(world.delete("Things(1)/Locations(1)/$ref"), no(404, ""));
    assert_eq!(world.delete("Things(1)/Locations/$ref"), no(405, ""));
}

//! Random requests, one after the other: whatever they do, no link leads nowhere and nothing panics.

use proptest::prelude::*;
use sensorthings::problem::Problem;
use sensorthings::write::{Change, Draft};
use serde_json::{Value, json};

use crate::world::{World, datastream, location, point, station};

const SETS: [&str; 8] = [
    "Things",
    "Locations",
    "HistoricalLocations",
    "Datastreams",
    "Sensors",
    "ObservedProperties",
    "FeaturesOfInterest",
    "Observations",
];

fn id() -> std::ops::Range<u32> {
    1_u32..4
}

fn path() -> impl Strategy<Value = String> {
    let set = prop::sample::select(&SETS[..7]);
    let relation = prop::sample::select(
        &[
            "Things",
            "Locations",
            "HistoricalLocations",
            "Datastreams",
            "Thing",
            "Sensor",
            "ObservedProperty",
            "Observations",
        ][..],
    );
    prop_oneof![
        2 => prop::sample::select(&SETS[..]).prop_map(str::to_owned),
        3 => (set.clone(), id()).prop_map(|(set, id)| format!("{set}({id})")),
        3 => (set.clone(), id(), relation.clone()).prop_map(|(set, id, relation)| format!("{set}({id})/{relation}")),
        1 => (set.clone(), id(), relation.clone(), id()).prop_map(|(set, a, relation, b)| format!("{set}({a})/{relation}({b})/$ref")),
        1 => (set, id(), relation).prop_map(|(set, id, relation)| format!("{set}({id})/{relation}/$ref")),
        1 => id().prop_map(|id| format!("Observations('{id}-1714654800000')")),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let link = id().prop_map(|id| json!({ "@iot.id": id })).boxed();
    prop_oneof![
        2 => Just(station("OM_Measurement")),
        2 => link.clone(),
        2 => (link.clone(), any::<bool>()).prop_map(|(thing, linked)| {
            let mut body = datastream("OM_Observation");
            body["Thing"] = thing.clone();
            if linked {
                body["Sensor"] = thing.clone();
                body["ObservedProperty"] = thing;
            }
            body
        }),
        2 => (0_i32..3).prop_map(|at| location(f64::from(at))),
        1 => (link.clone(), link.clone(), 0_u32..3).prop_map(|(thing, location, hour)| {
            json!({ "time": format!("2024-05-02T2{hour}:00:00Z"), "Thing": thing, "Locations": [location] })
        }),
        1 => Just(json!({ "name": "S", "description": "D", "encodingType": "x", "metadata": "m" })),
        1 => Just(json!({ "name": "P", "description": "D", "definition": "d" })),
        1 => (0_i32..3).prop_map(|at| json!({
            "name": "F", "description": "D", "encodingType": "application/geo+json", "feature": point(f64::from(at), 1.0)
        })),
        3 => (link.clone(), prop::option::of(link.clone()), 0_u32..3).prop_map(|(datastream, feature, hour)| json!({
            "result": 1, "phenomenonTime": format!("2024-05-02T1{hour}:00:00Z"), "Datastream": datastream, "FeatureOfInterest": feature
        })),
        1 => Just(json!({ "result": 2, "phenomenonTime": "2024-05-02T13:00:00Z" })),
        1 => (link.clone(), link).prop_map(|(a, b)| json!({ "Locations": [a, b] })),
        1 => id().prop_map(|id| json!({ "Thing": { "@iot.id": id } })),
        1 => Just(json!({ "name": "Other" })),
        1 => Just(json!([{ "op": "replace", "path": "/name", "value": "Patched" }])),
    ]
}

#[derive(Clone, Debug)]
enum Request {
    Post(String, Value),
    Update(String, Value, Change),
    Delete(String),
}

fn request() -> impl Strategy<Value = Request> {
    let change = prop::sample::select(&[Change::Merge, Change::Replace, Change::Operations][..]);
    prop_oneof![
        6 => (path(), body()).prop_map(|(path, body)| Request::Post(path, body)),
        3 => (path(), body(), change).prop_map(|(path, body, change)| Request::Update(path, body, change)),
        1 => path().prop_map(Request::Delete),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn requests_in_any_order_leave_everything_sound(requests in prop::collection::vec(request(), 1..40), together in 1_usize..5, city in any::<bool>()) {
        let mut world = if city { World::city() } else { World::sandbox() };
        // What is there from the start, so that more of the requests find something.
        let _ = world.post("Things", &station("OM_Measurement"));
        for group in requests.chunks(together) {
            let planned = world.with(|rules| {
                let mut draft = Draft::new(&world.catalogue, rules);
                group.iter().try_for_each(|request| match request {
                    Request::Post(path, body) => draft.post(path, body).map(drop),
                    Request::Update(path, body, change) => draft.change_at(&world.series, path, body, *change).map(drop),
                    Request::Delete(path) => draft.delete_at(&world.series, path),
                })?;
                Ok(draft.finish(None))
            });
            match planned {
                // `World::take` looks at every link and every observation.
                Ok(plan) => drop(world.take(plan)),
                Err(Problem { status, detail, .. }) => prop_assert!(status < 500 || status == 501, "{status} {detail}"),
            }
        }
    }
}

//! Observations one by one, and their features of interest.

use city::{DatastreamId, EntityId, EntityKind as K, Primitive, Time};
use sensorthings::write::Change;
use serde_json::{Value, json};

use crate::world::{GIVEN_MAX, World, at, datastream, location, no, point, station, told_of};

fn sandbox(kind: &str) -> World {
    let mut world = World::sandbox();
    world.made("Things", &station(kind));
    world
}

const ROWS: &str = "Datastreams(1)/Observations";

#[test]
fn every_member_is_read() {
    let mut world = sandbox("OM_Measurement");
    let body = json!({
        "phenomenonTime": "2024-05-02T12:00:00-03:00/2024-05-02T16:00:00Z", "resultTime": "2024-05-02T17:00:00.5Z",
        "result": 2.5, "validTime": "2024-05-02T00:00:00Z/2024-05-03T00:00:00Z", "resultQuality": "good",
        "parameters": { "depth": 3 }, "FeatureOfInterest": {
            "name": "F", "description": "D", "encodingType": "application/geo+json", "feature": point(7.0, 7.0)
        }
    });
    let id = world.made(ROWS, &body);
    assert_eq!(id, EntityId::from("1-1714662000000_1714665600000-1714669200500"));
    let (observation, detail) = world.series.0.values().next().expect("the observation");
    assert_eq!((observation.datastream, observation.result), (DatastreamId(1), 2.5));
    assert_eq!(detail.phenomenon_end, Some(at("2024-05-02T16:00:00Z")));
    assert_eq!(detail.valid_time, Some((at("2024-05-02T00:00:00Z"), at("2024-05-03T00:00:00Z"))));
    assert_eq!(detail.result_quality, Some(Primitive::Text("good".into())));
    assert_eq!(detail.parameters.get("depth"), Some(&Primitive::Integer(3)));
    assert_eq!(detail.feature_of_interest, Some(EntityId::Number(1)));
    let body = json!({ "result": 1, "resultTime": null, "Datastream": { "@iot.id": 1 } });
    assert_eq!(
        world.made("Observations", &body),
        EntityId::from("1-1714654800000"),
        "the server's time, no result time"
    );
}

#[test]
fn any_kind_of_result_is_still_one_value() {
    let mut world = sandbox("OM_Observation");
    for result in [json!(1), json!("x"), json!(true)] {
        world.made(ROWS, &json!({ "result": result }));
    }
    let problem = world.plan_post(ROWS, &json!({ "result": { "a": 1 } })).expect_err("an object");
    assert_eq!((problem.status, problem.field.as_deref()), (422, Some("result")));
    assert!(!problem.detail.contains("observationType"), "which takes any: {problem}");
}

#[test]
fn each_broken_one_names_its_field() {
    let mut world = sandbox("OM_Measurement");
    let cases = [
        ("phenomenonTime", json!("2024-05-02T13:00:00"), 400),
        ("phenomenonTime", json!("2024-05-02T14:00:00Z/2024-05-02T13:00:00Z"), 400),
        ("phenomenonTime", json!("1970-01-01T00:00:00Z"), 400),
        ("phenomenonTime", json!(1_714_650_000), 400),
        ("resultTime", json!("yesterday"), 400),
        ("validTime", json!("2024-05-02T13:00:00"), 400),
        ("result", Value::Null, 400),
        ("result", json!("NaN"), 422),
        ("result", json!(true), 422),
        ("result", json!([1]), 422),
        ("resultQuality", json!({ "a": 1 }), 422),
        ("parameters", json!("x"), 400),
        ("Datastream", json!({ "@iot.id": 2 }), 400),
        ("FeatureOfInterest", json!({ "@iot.id": 2 }), 400),
        ("colour", json!("red"), 422),
    ];
    for (field, value, status) in cases {
        let mut body = json!({ "result": 1 });
        body[field] = value;
        let (found, named) = world.refused(ROWS, &body);
        assert_eq!((found, named.trim_end_matches(".@iot.id")), (status, field), "{body}");
    }
    assert_eq!(world.refused("Observations", &json!({ "result": 1 })), (400, "Datastream".to_owned()));
    assert_eq!(world.refused(ROWS, &json!({ "@iot.id": "1-1714654800000" })).0, 422, "an observation is not linked");
}

#[test]
fn a_result_is_what_its_observation_type_says() {
    let number = |result: f64| Some((result, None));
    let cases = [
        ("OM_CountObservation", json!(5), number(5.0)),
        ("OM_CountObservation", json!(5.0), number(5.0)),
        ("OM_CountObservation", json!(5.5), None),
        ("OM_TruthObservation", json!(true), Some((1.0, Some(Primitive::Bool(true))))),
        ("OM_TruthObservation", json!(1), None),
        ("OM_CategoryObservation", json!("wet"), Some((0.0, Some(Primitive::Text("wet".into()))))),
        ("OM_CategoryObservation", json!("CANARY"), None),
        ("OM_Observation", json!(false), Some((0.0, Some(Primitive::Bool(false))))),
        ("OM_Observation", json!("wet"), Some((0.0, Some(Primitive::Text("wet".into()))))),
        ("OM_Observation", json!(2.5), number(2.5)),
        ("OM_Observation", json!({ "a": 1 }), None),
    ];
    for (kind, result, wanted) in cases {
        let mut world = sandbox(kind);
        let body = json!({ "result": result });
        match wanted {
            None => assert_eq!(world.refused(ROWS, &body), (422, "result".to_owned()), "{kind} {result}"),
            Some(wanted) => {
                world.made(ROWS, &body);
                let (observation, detail) = world.series.0.values().next().expect("the observation");
                assert_eq!((observation.result, detail.result.clone()), wanted, "{kind} {result}");
            }
        }
    }
}

#[test]
fn the_place_of_the_thing_is_the_feature_where_none_is_named() {
    let mut world = sandbox("OM_Measurement");
    let row = |hour: u32| json!({ "result": 1, "phenomenonTime": format!("2024-05-02T{hour:02}:00:00Z") });
    world.made(ROWS, &row(0));
    assert_eq!(world.count(K::FeatureOfInterest), 1);
    let plan = world.plan_post(ROWS, &row(1)).expect("a plan");
    assert!(plan.changes.is_empty() && plan.observations.details().is_empty(), "from then on it costs nothing");
    world.take(plan);
    // Another datastream of the same thing is of the same feature.
    world.made("Things(1)/Datastreams", &datastream("OM_Measurement"));
    world.made("Datastreams(2)/Observations", &row(2));
    assert_eq!(world.count(K::FeatureOfInterest), 1);
    // The thing moves: what was observed before stays where it was.
    world.made("Things(1)/Locations", &location(2.0));
    world.made(ROWS, &row(3));
    assert_eq!(world.count(K::FeatureOfInterest), 2);
    let features = |world: &World| -> Vec<Option<EntityId>> {
        let own = |key: &city::ObservationKey| {
            world.catalogue.datastream(key.datastream).and_then(|body| world.catalogue.feature_of(body)).cloned()
        };
        let rows = world.series.0.iter();
        rows.map(|(key, (_, detail))| detail.feature_of_interest.clone().or_else(|| own(key))).collect()
    };
    let (first, second) = (Some(EntityId::Number(1)), Some(EntityId::Number(2)));
    assert_eq!(features(&world), [first.clone(), first.clone(), second, first.clone()]);
    // And back: the first feature again.
    world.made("Things(1)/Locations", &json!({ "@iot.id": 1 }));
    world.made(ROWS, &row(4));
    assert_eq!(features(&world)[3], first);
    assert_eq!(world.count(K::FeatureOfInterest), 2);
}

#[test]
fn without_a_place_a_feature_has_to_be_named() {
    let mut world = World::sandbox();
    world.made("Things", &json!({ "name": "T", "description": "D", "Datastreams": [datastream("OM_Measurement")] }));
    assert_eq!(world.refused(ROWS, &json!({ "result": 1 })), (400, "FeatureOfInterest".to_owned()));
    let feature =
        json!({ "name": "F", "description": "D", "encodingType": "application/geo+json", "feature": point(7.0, 7.0) });
    world.made("FeaturesOfInterest", &feature);
    world.made("FeaturesOfInterest(1)/Observations", &json!({ "result": 1, "Datastream": { "@iot.id": 1 } }));
    world.made(ROWS, &json!({ "result": 2, "FeatureOfInterest": { "@iot.id": 1 } }));
}

#[test]
fn each_without_a_time_is_given_another() {
    let mut world = sandbox("OM_Measurement");
    let rows = json!([{ "result": 1 }, { "result": 2 }, { "result": 1 }]);
    world.made("Things(1)/Datastreams", &{
        let mut body = datastream("OM_Measurement");
        body["Observations"] = rows;
        body
    });
    assert_eq!(world.series.0.len(), 3);
    world.made(ROWS, &json!({ "result": 1 }));
    world.made(ROWS, &json!({ "result": 1 }));
    assert_eq!(i64::try_from(world.series.0.len()).expect("few"), GIVEN_MAX);
    assert_eq!(world.refused(ROWS, &json!({ "result": 1 })), (422, "phenomenonTime".to_owned()));
}

#[test]
fn an_hour_and_a_day_that_begin_together_are_two() {
    let mut world = sandbox("OM_Measurement");
    let mut made = |time: &str, result: i64| world.made(ROWS, &json!({ "phenomenonTime": time, "result": result }));
    let ids = [
        made("2024-05-02T12:00:00Z/2024-05-02T13:00:00Z", 1),
        made("2024-05-02T12:00:00Z/2024-05-03T12:00:00Z", 24),
        made("2024-05-02T12:00:00Z", 0),
    ];
    assert_eq!(
        ids.map(|id| id.to_string()),
        ["1-1714651200000_1714654800000", "1-1714651200000_1714737600000", "1-1714651200000"]
    );
    assert_eq!(world.series.0.len(), 3);
    assert_eq!(world.patch("Observations('1-1714651200000_1714654800000')", &json!({ "result": 2 })), Ok(()));
    assert_eq!(world.delete("Observations('1-1714651200000')"), Ok(()));
    let left: Vec<f64> = world.series.0.values().map(|(observation, _)| observation.result).collect();
    assert_eq!(left, [2.0, 24.0]);
    assert_eq!(world.refused(ROWS, &json!({ "phenomenonTime": "2016-12-31T23:59:60Z", "result": 1 })).0, 400);
}

#[test]
fn a_patch_corrects_and_keeps_what_it_is_of() {
    let mut world = sandbox("OM_Measurement");
    let (time, other) = ("2024-05-02T12:00:00Z", "2024-05-02T12:30:00Z");
    let body = json!({ "result": 1, "phenomenonTime": time, "resultTime": other, "parameters": { "depth": 3 } });
    let id = world.made(ROWS, &body);
    let path = format!("Observations('{id}')");
    let path = path.as_str();
    let only = |world: &World| -> (Time, f64, usize) {
        assert_eq!(world.series.0.len(), 1);
        let (observation, detail) = world.series.0.values().next().expect("one");
        assert_eq!(detail.result_time, Some(at(other)));
        (observation.phenomenon_time, observation.result, detail.parameters.len())
    };
    assert_eq!(world.patch(path, &json!({ "result": 9 })), Ok(()));
    assert_eq!(only(&world), (at(time), 9.0, 1), "the rest stays");
    let same = json!({ "phenomenonTime": "2024-05-02T14:00:00.0000+02:00", "resultTime": other, "Datastream": { "@iot.id": 1 } });
    assert_eq!(world.patch(path, &same), Ok(()), "the same in other words");
    let replaced = world.update(path, &json!({ "result": 4 }), Change::Replace);
    assert_eq!(replaced, Ok(()));
    assert_eq!(only(&world), (at(time), 4.0, 0), "what a PUT does not have is gone, but not its times");
    let operations =
        json!([{ "op": "test", "path": "/result", "value": 4 }, { "op": "replace", "path": "/result", "value": 5 }]);
    assert_eq!(world.update(path, &operations, Change::Operations), Ok(()));
    assert_eq!(only(&world), (at(time), 5.0, 0));
    assert_eq!(world.patch(path, &json!({ "result": "x" })), no(422, "result"));
    assert_eq!(world.patch("Datastreams(9)/Observations('1-1714653000000')", &json!({})), no(404, ""));
}

#[test]
fn an_observation_does_not_become_another() {
    let mut world = sandbox("OM_Measurement");
    world.made("Things(1)/Datastreams", &datastream("OM_Measurement"));
    let body = json!({ "result": 1, "phenomenonTime": "2024-05-02T12:00:00Z", "resultTime": "2024-05-02T12:30:00Z" });
    let path = format!("Observations('{}')", world.made(ROWS, &body));
    let cases = [
        ("phenomenonTime", json!("2024-05-02T12:00:00.001Z")),
        ("phenomenonTime", json!("2024-05-02T12:00:00Z/2024-05-02T13:00:00Z")),
        ("phenomenonTime", Value::Null),
        ("resultTime", json!("2024-05-02T12:31:00Z")),
        ("resultTime", Value::Null),
        ("Datastream", json!({ "@iot.id": 2 })),
    ];
    for (field, value) in cases {
        let mut body = json!({ "result": 2 });
        body[field] = value.clone();
        assert_eq!(world.patch(&path, &body), no(409, field), "{body}");
        assert_eq!(world.update(&path, &body, Change::Replace).map_err(told_of), no(409, field), "{body}");
        if field != "Datastream" {
            let operations = json!([{ "op": "replace", "path": format!("/{field}"), "value": value }]);
            assert_eq!(
                world.update(&path, &operations, Change::Operations).map_err(told_of),
                no(409, field),
                "{operations}"
            );
        }
    }
    let removed = json!([{ "op": "remove", "path": "/phenomenonTime" }]);
    assert_eq!(world.update(&path, &removed, Change::Operations).map_err(told_of), no(409, "phenomenonTime"));
    let rows: Vec<f64> = world.series.0.values().map(|(observation, _)| observation.result).collect();
    assert_eq!(rows, [1.0], "nothing came, changed or went");
}

#[test]
fn what_results_are_is_not_changed_behind_them() {
    let mut world = sandbox("OM_Measurement");
    let kind = |kind: &str| datastream(kind)["observationType"].clone();
    let patch = |kind: Value| json!({ "observationType": kind });
    assert_eq!(world.patch("Datastreams(1)", &patch(kind("OM_CountObservation"))), Ok(()), "it has none yet");
    world.made(ROWS, &json!({ "result": 3 }));
    let truth = patch(kind("OM_TruthObservation"));
    assert_eq!(world.patch("Datastreams(1)", &truth), no(409, "observationType"));
    let operations = json!([{ "op": "replace", "path": "/observationType", "value": kind("OM_Measurement") }]);
    assert_eq!(
        world.update("Datastreams(1)", &operations, Change::Operations).map_err(told_of),
        no(409, "observationType")
    );
    assert_eq!(world.patch("Datastreams(1)", &patch(kind("OM_CountObservation"))), Ok(()), "the same");
    assert_eq!(world.patch("Datastreams(1)", &json!({ "name": "Renamed" })), Ok(()));
}

//! Data arrays, judged row by row.

use city::{EntityId, EntityKind as K};
use sensorthings::problem::Problem;
use sensorthings::write::{self, Created};
use serde_json::{Value, json};

use crate::world::{World, at, datastream, no, point, station, told_of};

fn create(world: &World, body: &Value) -> Result<Created, Problem> {
    world.with(|rules| write::create_observations(&world.catalogue, rules, body.to_string().as_bytes()))
}

fn group(id: u32, rows: &Value) -> Value {
    json!({ "Datastream": { "@iot.id": id }, "components": ["phenomenonTime", "result"], "dataArray": rows })
}

fn refused(created: &Created) -> Vec<(usize, u16, String)> {
    let told = |(row, problem): &(usize, Problem)| {
        let (status, field) = told_of(problem.clone());
        (*row, status, field)
    };
    created.refused.iter().map(told).collect()
}

#[test]
fn rows_without_a_time_are_given_one_each() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    let body = json!([{ "Datastream": { "@iot.id": 1 }, "components": ["result"], "dataArray": [[1], [1], [3], [4], [5], [6]] }]);
    let created = create(&world, &body).expect("a data array");
    let mut times = created.plan.observations.phenomenon_times().to_vec();
    times.dedup();
    assert_eq!((times.len(), times.first()), (5, Some(&at("2024-05-02T13:00:00Z"))));
    assert!(times.is_sorted());
    assert_eq!(refused(&created), [(5, 422, "phenomenonTime".to_owned())]);
}

#[test]
fn a_bad_row_harms_no_other() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_CountObservation"));
    world.made("Things(1)/Datastreams", &datastream("OM_Measurement"));
    let time = |hour: u32| format!("2024-05-02T{hour:02}:00:00Z");
    let created = create(
        &world,
        &json!([
            group(1, &json!([[time(0), 1], [time(1), 1.5], ["yesterday", 1], [time(2), 2]])),
            group(9, &json!([[time(0), 1]])),
            group(2, &json!([[time(0), "x"], [time(1), 2.5]])),
        ]),
    )
    .expect("a data array");
    assert_eq!(created.count, 7);
    let field = |name: &str| name.to_owned();
    assert_eq!(
        refused(&created),
        [
            (1, 422, field("result")),
            (2, 400, field("phenomenonTime")),
            (4, 400, field("Datastream")),
            (5, 422, field("result")),
        ]
    );
    assert_eq!(created.places, [0, 3, 6]);
    assert_eq!(created.plan.observations.results(), [1.0, 2.0, 2.5]);
    world.take(created.plan);
    assert_eq!(world.count(K::FeatureOfInterest), 1, "one for both, made on the way");
    let again = create(&world, &json!([group(1, &json!([[time(5), 1]]))])).expect("a data array");
    assert!(again.plan.changes.is_empty() && again.plan.observations.details().is_empty());
}

#[test]
fn every_component_is_read() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Observation"));
    let feature =
        json!({ "name": "F", "description": "D", "encodingType": "application/geo+json", "feature": point(7.0, 7.0) });
    world.made("FeaturesOfInterest", &feature);
    let components = [
        "id",
        "result",
        "phenomenonTime",
        "resultTime",
        "resultQuality",
        "validTime",
        "parameters",
        "FeatureOfInterest/id",
    ];
    let row = |result: Value, feature: Value| {
        json!([
            7, result, "2024-05-02T00:00:00Z/2024-05-02T01:00:00Z", "2024-05-02T02:00:00Z", "good",
            "2024-05-02T00:00:00Z/2024-05-03T00:00:00Z", { "depth": 1 }, feature
        ])
    };
    let body = json!([{
        "Datastream": { "@iot.id": 1 }, "components": components, "dataArray@iot.count": 3,
        "dataArray": [row(json!("wet"), json!(1)), row(json!(true), Value::Null), row(json!(1), json!(9))]
    }]);
    let created = create(&world, &body).expect("a data array");
    assert_eq!(refused(&created), [(2, 400, "FeatureOfInterest.@iot.id".to_owned())]);
    let detail = created.plan.observations.detail(0).expect("a detail");
    assert_eq!(detail.phenomenon_end, Some(at("2024-05-02T01:00:00Z")));
    assert_eq!(detail.result_time, Some(at("2024-05-02T02:00:00Z")));
    assert_eq!(detail.feature_of_interest, Some(EntityId::Number(1)));
    assert_eq!(detail.parameters.len(), 1);
    world.take(created.plan);
    // FeatureOfInterest/@iot.id is the same; a component that an observation does not have refuses its rows.
    let body = json!([{
        "Datastream": { "@iot.id": 1 }, "components": ["result", "phenomenonTime", "FeatureOfInterest/@iot.id"],
        "dataArray": [[1, "2024-05-03T00:00:00Z", 1]]
    }]);
    world.take(create(&world, &body).expect("a data array").plan);
    let body = json!([{
        "Datastream": { "@iot.id": 1 }, "components": ["result", "phenomenonTime", "image"],
        "dataArray": [[1, "2024-05-03T00:00:00Z", "CANARY"]]
    }]);
    let answer = create(&world, &body).map(|created| refused(&created)).map_err(told_of);
    assert!(
        answer == Ok(vec![(0, 422, "image".to_owned())])
            || answer.is_err_and(|(status, _)| status == 400 || status == 422)
    );
}

#[test]
fn a_city_judges_rows_by_its_packs() {
    let mut world = World::city();
    let mut body = datastream("OM_Measurement");
    body["Thing"] = json!({ "@iot.id": 1 });
    world.made("Datastreams", &body);
    let body = json!([{
        "Datastream": { "@iot.id": 1 }, "components": ["phenomenonTime", "result", "parameters"],
        "dataArray": [
            ["2024-05-02T00:00:00Z", 1, { "height_m": 2 }],
            ["2024-05-02T01:00:00Z", 1, { "who": 2 }],
            ["2024-05-02T02:00:00Z", 1, null],
        ]
    }]);
    let created = create(&world, &body).expect("a data array");
    assert_eq!(refused(&created), [(1, 422, "parameters.who".to_owned())]);
    world.take(created.plan);
    assert_eq!(world.series.0.len(), 2);
}

#[test]
fn a_group_has_as_many_rows_as_it_says_and_each_key_once() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    let counted = |count: Value| {
        let mut group = group(1, &json!([["2024-05-02T12:00:00Z", 1], ["2024-05-02T12:01:00Z", 2]]));
        group["dataArray@iot.count"] = count;
        group
    };
    for good in [json!([counted(json!(2))]), json!([counted(json!(2)), counted(json!(2))])] {
        assert!(create(&world, &good).is_ok());
    }
    for wrong in [json!(7), json!(1), json!("2"), json!(-2)] {
        // Alone, and behind a group that is written the same.
        for body in [json!([counted(wrong.clone())]), json!([counted(json!(2)), counted(wrong.clone())])] {
            assert_eq!(create(&world, &body).map_err(told_of), no(400, "dataArray@iot.count"), "{body}");
        }
    }
    let raw = |body: &str| {
        world.with(|rules| write::create_observations(&world.catalogue, rules, body.as_bytes())).map_err(told_of)
    };
    let id = r#""Datastream":{"@iot.id":1}"#;
    let rest = r#""components":["phenomenonTime","result"],"dataArray":[]"#;
    assert!(raw(&format!("[{{{id},{rest}}}]")).is_ok());
    assert_eq!(raw(&format!("[{{{id},{id},{rest}}}]")), no(400, "Datastream"));
    assert_eq!(raw(&format!("[{{{id},{rest},\"dataArray\":[]}}]")), no(400, "dataArray"));
    let rare = r#""components":["result","parameters"],"dataArray":[[1,{"a":1,"a":2}]]"#;
    assert_eq!(raw(&format!("[{{{id},{rare}}}]")), no(400, "a"));
}

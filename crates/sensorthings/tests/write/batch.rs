//! Batches: what is done together, and who names whom.

use city::{EntityId, EntityKind as K};
use sensorthings::batch::{self, Method, Part, References, Response, Step};
use sensorthings::model::Navigation as N;
use sensorthings::write::{Change, Target};
use serde_json::{Value, json};

use crate::world::{World, datastream, location, no, station, told_of};

fn parse(requests: &Value) -> Result<Vec<Step>, (u16, String)> {
    batch::parse(json!({ "requests": requests }).to_string().as_bytes(), "v1.1").map_err(told_of)
}

fn parts(steps: &[Step]) -> Vec<Vec<&str>> {
    steps
        .iter()
        .map(|step| match step {
            Step::One(part) => vec![part.id.as_str()],
            Step::Group(_, parts) => parts.iter().map(|part| part.id.as_str()).collect(),
        })
        .collect()
}

fn one(url: &str) -> Result<String, (u16, String)> {
    match parse(&json!([{ "id": "1", "method": "GET", "url": url }]))?.remove(0) {
        Step::One(part) => Ok(part.url),
        Step::Group(..) => panic!("one"),
    }
}

#[test]
fn a_batch_is_read_step_by_step() {
    let steps = parse(&json!([
        { "id": "a", "method": "get", "url": "Things(1)" },
        { "id": 2, "atomicityGroup": "g", "method": "POST", "url": "/v1.1/Things", "body": {} },
        { "id": "c", "atomicityGroup": "g", "method": "patch", "url": "$2", "body": [], "headers": { "Content-Type": "application/json-patch+json" } },
        { "id": "d", "method": "delete", "url": "http://host/town/v1.1/Things(3)", "dependsOn": ["g"] },
    ]))
    .expect("a batch");
    assert_eq!(parts(&steps), [vec!["a"], vec!["2", "c"], vec!["d"]]);
    let Step::Group(name, group) = &steps[1] else { panic!("a group") };
    assert_eq!((name.as_str(), group[1].patch, group[0].patch), ("g", Change::Operations, Change::Merge));
    assert_eq!(one("http://host/v1.1/Things?$top=1"), Ok("Things?$top=1".to_owned()));
    assert_eq!(one("v1.1/Things"), Ok("Things".to_owned()));
    assert_eq!(one("http://host/Things"), no(400, "requests[0].url"));
    assert_eq!(one("/v1.1/$batch"), no(400, "requests[0].url"));
}

#[test]
fn what_is_no_batch_is_refused_by_name() {
    let get = |id: &str| json!({ "id": id, "method": "get", "url": "Things" });
    let grouped =
        |id: &str, group: &str| json!({ "id": id, "atomicityGroup": group, "method": "post", "url": "Things" });
    let cases = [
        (json!([get("a"), get("a")]), "requests[1].id"),
        (json!([get("a b")]), "requests[0].id"),
        (json!([{ "id": "a", "method": "brew", "url": "x" }]), "requests[0].method"),
        (json!([{ "id": "a", "method": "get" }]), "requests[0].url"),
        (json!([{ "id": "a", "method": "get", "url": "x", "dependsOn": ["b"] }]), "requests[0].dependsOn"),
        (json!([{ "id": "a", "method": "get", "url": "x", "atomicityGroup": "g" }]), "requests[0].method"),
        (json!([{ "id": "a", "method": "get", "url": "x", "colour": 1 }]), "requests[0].colour"),
        (json!([grouped("a", "g"), get("b"), grouped("c", "g")]), "requests[2].atomicityGroup"),
        (json!([5]), "requests[0]"),
        (json!({}), "requests"),
    ];
    for (requests, field) in cases {
        assert_eq!(parse(&requests), no(400, field), "{requests}");
    }
    let many: Vec<Value> = (0..=batch::PARTS_MAX).map(|id| get(&id.to_string())).collect();
    assert_eq!(parse(&json!(many)), no(413, ""));
    assert_eq!(batch::parse(b"{", "v1.1").map_err(told_of), no(400, ""));
}

fn group(steps: &[Step]) -> &[Part] {
    match steps {
        [Step::Group(_, parts)] => parts,
        _ => panic!("one group: {steps:?}"),
    }
}

#[test]
fn later_requests_of_a_group_name_what_earlier_ones_make() {
    let mut world = World::sandbox();
    let in_group = |mut request: Value| {
        request["atomicityGroup"] = json!("g");
        request
    };
    let mut stream = datastream("OM_Measurement");
    stream["Sensor"] = json!({ "@iot.id": "$sensor1" });
    let sensor = json!({ "name": "S", "description": "D", "encodingType": "application/pdf", "metadata": "m" });
    let place = json!({ "name": "P", "description": "D", "encodingType": "application/geo+json", "location": { "type": "Point", "coordinates": [1, 2] } });
    let requests = json!([
        in_group(json!({ "id": "sensor1", "method": "post", "url": "Sensors", "body": sensor })),
        in_group(
            json!({ "id": "thing", "method": "post", "url": "Things", "body": { "name": "T", "description": "D" } })
        ),
        in_group(json!({ "id": "stream", "method": "post", "url": "$thing/Datastreams", "body": stream })),
        in_group(json!({ "id": "place", "method": "post", "url": "Things($thing)/Locations", "body": place })),
        in_group(json!({ "id": "name", "method": "patch", "url": "$thing", "body": { "name": "Renamed" } })),
        in_group(
            json!({ "id": "row", "method": "post", "url": "Observations", "body": { "result": 1, "Datastream": { "@iot.id": "$stream" } } })
        ),
    ]);
    let steps = parse(&requests).expect("a batch");
    let mut references = References::default();
    let planned =
        world.with(|rules| batch::plan_group(&world.catalogue, &world.series, rules, group(&steps), &mut references));
    let (plan, outcomes) = planned.expect("a plan");
    world.take(plan);
    assert_eq!(outcomes.iter().map(|outcome| outcome.status).collect::<Vec<_>>(), [201, 201, 201, 201, 200, 201]);
    assert_eq!(world.entity(K::Thing, 1).name, "Renamed");
    assert_eq!(world.related(K::Sensor, 1, N::Datastreams), [EntityId::Number(1)]);
    assert_eq!(world.series.0.len(), 1);
    // And behind the group.
    let part = Part {
        id: "x".to_owned(),
        method: Method::Get,
        url: "$row/Datastream?$select=name".to_owned(),
        body: Value::Null,
        patch: Change::Merge,
        depends_on: vec!["row".to_owned()],
    };
    assert_eq!(
        references.resolve(&part).expect("resolved").url,
        "Observations('1-1714654800000')/Datastream?$select=name"
    );
}

#[test]
fn a_group_sees_what_it_has_done_itself() {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    let row = |hour: u32| json!({ "result": 1, "phenomenonTime": format!("2024-05-02T{hour:02}:00:00Z") });
    let request = |id: &str, method: &str, url: &str, body: Value| json!({ "id": id, "atomicityGroup": "g", "method": method, "url": url, "body": body });
    let mut plan = |requests: Value| {
        let steps = parse(&requests).expect("a batch");
        let mut references = References::default();
        let planned = world
            .with(|rules| batch::plan_group(&world.catalogue, &world.series, rules, group(&steps), &mut references));
        world.take(planned.expect("a plan").0);
        (world.count(K::Datastream), world.count(K::FeatureOfInterest), world.series.0.len())
    };
    // It moves between two observations: they are of different features.
    let moved = plan(json!([
        request("a", "post", "Datastreams(1)/Observations", row(1)),
        request("b", "post", "Things(1)/Locations", location(5.0)),
        request("c", "post", "Datastreams(1)/Observations", row(2)),
        request("d", "post", "Datastreams(1)/Observations", row(3)),
    ]));
    assert_eq!(moved, (1, 2, 3));
    // What it makes and deletes again never was.
    let gone = plan(json!([
        request("a", "post", "Things", station("OM_Measurement")),
        request("b", "post", "$a/Datastreams", datastream("OM_Measurement")),
        request("c", "post", "$b/Observations", row(1)),
        request("d", "delete", "$a", Value::Null),
    ]));
    assert_eq!((gone.0, gone.2), (1, 3));
    // An observation goes with its feature of interest, be they of the same group.
    let feature = json!({ "name": "F", "description": "D", "encodingType": "application/geo+json",
        "feature": { "type": "Point", "coordinates": [8, 8] } });
    let named = json!({ "result": 1, "FeatureOfInterest": { "@iot.id": "$f" } });
    let without = plan(json!([
        request("f", "post", "FeaturesOfInterest", feature),
        request("a", "post", "Datastreams(1)/Observations", named),
        request("b", "delete", "$f", Value::Null),
    ]));
    assert_eq!(without, (1, 2, 3));
    let gone = plan(json!([
        request("a", "post", "Datastreams(1)/Observations", row(7)),
        request("b", "delete", "FeaturesOfInterest(2)", Value::Null),
    ]));
    assert_eq!(gone, (1, 1, 1), "the row of this group with those before; what is of the first feature stays");
    // What was deleted or moved away before is not deleted with the rest.
    let left = plan(json!([
        request("a", "post", "Things(1)/Datastreams", datastream("OM_Measurement")),
        request("b", "post", "Things", json!({ "name": "T", "description": "D" })),
        request("c", "patch", "$a", json!({ "Thing": { "@iot.id": "$b" } })),
        request("d", "delete", "Datastreams(1)", Value::Null),
        request("e", "delete", "Things(1)", Value::Null),
    ]));
    assert_eq!(left, (1, 1, 0));
}

#[test]
fn a_group_that_fails_does_nothing() {
    let world = World::sandbox();
    let steps = parse(&json!([
        { "id": "a", "atomicityGroup": "g", "method": "post", "url": "Things", "body": { "name": "T", "description": "D" } },
        { "id": "b", "atomicityGroup": "g", "method": "patch", "url": "$a", "body": { "nick": 1 } },
    ]))
    .expect("a batch");
    let mut references = References::default();
    let (index, problem) = world
        .with(|rules| batch::plan_group(&world.catalogue, &world.series, rules, group(&steps), &mut references))
        .expect_err("a refusal");
    assert_eq!((index, told_of(problem)), (1, (422, "nick".to_owned())));
    references.fail("a");
    let part = |url: &str, depends_on: &[&str]| Part {
        id: "x".to_owned(),
        method: Method::Get,
        url: url.to_owned(),
        body: Value::Null,
        patch: Change::Merge,
        depends_on: depends_on.iter().map(|&id| id.to_owned()).collect(),
    };
    for part in [part("$a", &[]), part("Things($a)", &[]), part("Things", &["a"])] {
        assert_eq!(references.resolve(&part).map_err(told_of), no(424, ""));
    }
    assert_eq!(references.resolve(&part("$other", &[])).expect("as it is").url, "$other");
}

#[test]
fn the_answer_has_a_response_for_each() {
    let mut references = References::default();
    references.note("s", Some(&Target::Entity(K::Sensor, EntityId::from("it's"))));
    let part = Part {
        id: "x".to_owned(),
        method: Method::Get,
        url: "$s".to_owned(),
        body: Value::Null,
        patch: Change::Merge,
        depends_on: Vec::new(),
    };
    assert_eq!(references.resolve(&part).expect("resolved").url, "Sensors('it''s')");
    let responses = [Response {
        id: "1".to_owned(),
        status: 201,
        location: Some("http://host/v1.1/Things(1)".to_owned()),
        body: Value::Null,
    }];
    let answer = batch::answer(&responses);
    assert_eq!(
        answer["responses"][0],
        json!({ "id": "1", "status": 201, "location": "http://host/v1.1/Things(1)", "headers": { "location": "http://host/v1.1/Things(1)" } })
    );
}

//! SensorThings: bodies that come in, entities that go out.

use city::{
    Datastream, DatastreamId, FeedId, Observation, ObservedProperty, ObservedPropertyId, Position, Reason, Span, Tally,
    Thing, ThingId, Time,
};
use formats::sensorthings::entity::{ObservationId, ServiceRoot};
use formats::sensorthings::{
    Collection, DatastreamEntity, LocationEntity, ObservationEntity, ObservedPropertyEntity, Rows, ThingEntity,
    decode_create_observations, decode_observation,
};
use serde_json::{Value, json};

fn one(body: &Value) -> (Rows, Tally) {
    decode_observation(body.to_string().as_bytes(), None).expect("JSON")
}

fn reason(body: &Value) -> Reason {
    let (rows, tally) = one(body);
    let refusal = rows[0].expect_err("a refusal");
    assert_eq!((tally.received, tally.rejected[&refusal.reason]), (1, 1));
    refusal.reason
}

#[test]
fn an_observation_is_taken_and_everything_else_in_it_left() {
    let (rows, tally) = one(&json!({
        "phenomenonTime": "2024-05-02T13:00:00-03:00", "result": 2.41, "Datastream": {"@iot.id": 1},
        "resultTime": "2024-05-02T13:00:05-03:00", "resultQuality": "CANARY", "parameters": {"by": "CANARY"},
        "FeatureOfInterest": {"@iot.id": 9, "name": "CANARY"}
    }));
    let row = rows[0].expect("a row");
    assert_eq!((row.datastream, row.result), (DatastreamId(1), 2.41));
    assert_eq!(row.phenomenon_time.to_string(), "2024-05-02T16:00:00Z");
    assert_eq!((tally.received, tally.fields_dropped, tally.rejected_total()), (1, 4, 0));
    assert!(!format!("{rows:?}{tally:?}").contains("CANARY"));
}

#[test]
fn each_broken_observation_is_refused_for_its_reason() {
    let base = json!({"phenomenonTime": "2024-05-02T13:00:00Z", "result": 2.41, "Datastream": {"@iot.id": 1}});
    let with = |key: &str, value: Value| {
        let mut body = base.clone();
        body[key] = value;
        body
    };
    assert_eq!(reason(&with("phenomenonTime", json!("2024-05-02T13:00:00"))), Reason::BadTime, "no zone");
    assert_eq!(reason(&with("phenomenonTime", json!("1970-01-01T00:00:00Z"))), Reason::BadTime);
    assert_eq!(reason(&with("phenomenonTime", json!(1_714_650_000))), Reason::BadTime);
    assert_eq!(reason(&with("phenomenonTime", Value::Null)), Reason::MissingField);
    assert_eq!(reason(&with("phenomenonTime", json!("2024-05-02T14:00:00Z/2024-05-02T13:00:00Z"))), Reason::BadTime);
    assert_eq!(reason(&with("result", json!("NaN"))), Reason::OutOfRange);
    assert_eq!(reason(&with("result", json!("-Infinity"))), Reason::OutOfRange);
    assert_eq!(reason(&with("result", json!("2.41"))), Reason::NotAllowed, "text, even of digits");
    assert_eq!(reason(&with("result", json!({"image": "x"}))), Reason::NotAllowed);
    assert_eq!(reason(&with("result", Value::Null)), Reason::MissingField);
    assert_eq!(reason(&with("Datastream", json!({"@iot.id": "CANARY"}))), Reason::BadId);
    assert_eq!(reason(&with("Datastream", json!({"@iot.id": -1}))), Reason::BadId);
    assert_eq!(reason(&with("Datastream", json!({}))), Reason::MissingField);
    assert_eq!(reason(&json!({"phenomenonTime": "2024-05-02T13:00:00Z", "result": 1})), Reason::MissingField);
}

#[test]
fn the_datastream_of_the_path_counts_and_another_is_refused() {
    let body = json!({"phenomenonTime": "2024-05-02T12:00:00Z/2024-05-02T13:00:00Z", "result": 4}).to_string();
    let (rows, _) = decode_observation(body.as_bytes(), Some(DatastreamId(3))).expect("JSON");
    let row = rows[0].expect("a row");
    assert_eq!(row.datastream, DatastreamId(3));
    assert_eq!(row.phenomenon_time.to_string(), "2024-05-02T13:00:00Z", "the end of the hour");
    let body = json!({"phenomenonTime": "2024-05-02T13:00:00Z", "result": 4, "Datastream": {"@iot.id": 1}}).to_string();
    let (rows, _) = decode_observation(body.as_bytes(), Some(DatastreamId(3))).expect("JSON");
    assert_eq!(rows[0].expect_err("a refusal").reason, Reason::UnknownReference);
}

#[test]
fn a_data_array_keeps_what_stands_beside_a_broken_row() {
    let body = json!([
        {"Datastream": {"@iot.id": 1}, "components": ["result", "phenomenonTime", "FeatureOfInterest/id"],
         "dataArray": [[1.5, "2024-05-02T13:00:00Z", 7], ["NaN", "2024-05-02T13:15:00Z", 7], [1.7, "2024-05-02T13:30:00Z", 7], 5]},
        {"Datastream": {"@iot.id": 2}, "components": ["result"], "dataArray": [[1], [2]]},
        {"Datastream": {"@iot.id": 3}, "components": ["phenomenonTime", "result"], "dataArray": [["2024-05-02T13:00:00Z", -0.2]]},
        "CANARY",
    ]);
    let (rows, tally) = decode_create_observations(body.to_string().as_bytes()).expect("JSON");
    let good: Vec<_> = rows.iter().filter_map(|row| row.ok()).map(|row| (row.datastream.0, row.result)).collect();
    assert_eq!(good, [(1, 1.5), (1, 1.7), (3, -0.2)]);
    assert_eq!(rows.len(), 8);
    assert_eq!(tally.received, 8);
    let rejected: Vec<_> = tally.rejected.into_iter().collect();
    assert_eq!(rejected, [(Reason::Malformed, 1), (Reason::MissingField, 3), (Reason::OutOfRange, 1)]);
}

#[test]
fn an_error_says_where_and_not_what() {
    let error = decode_observation(b"{\"result\": 1,\n \"CANARY\" 2}", None).expect_err("no JSON");
    let text = error.to_string();
    assert!(text.contains("line 2") && !text.contains("CANARY"), "{text}");
    let error = decode_observation(b"[1]", None).expect_err("no object");
    assert_eq!(error.reason(), Reason::Malformed);
}

#[test]
fn entities_have_the_names_of_version_1_1() {
    let base = "http://127.0.0.1:8080/v1.1";
    let position = Position { longitude: -51.23, latitude: -30.03 };
    let thing = Thing { id: ThingId(1), name: "Gauge".into(), description: "A gauge".into(), position };
    let property = ObservedProperty {
        id: ObservedPropertyId::new("water_level"),
        name: "Water level".into(),
        definition: "http://example.org/water_level".into(),
        description: "Height of the water".into(),
        unit_name: "metre".into(),
        unit_symbol: "m".into(),
        min: -2.0,
        max: 8.0,
        categories: Vec::new(),
        declares: Vec::new(),
        keeps: None,
    };
    let datastream = Datastream {
        id: DatastreamId(1),
        name: "Level".into(),
        thing: ThingId(1),
        observed_property: property.id.clone(),
        feed: FeedId::new("water"),
        beat: Span::min(30),
    };
    let time: Time = "2024-05-02T13:00:00Z".parse().expect("a time");
    let json = serde_json::to_value(ThingEntity::new(base, &thing)).expect("JSON");
    assert_eq!(json["@iot.id"], 1);
    assert_eq!(json["@iot.selfLink"], format!("{base}/Things(1)"));
    assert_eq!(json["Datastreams@iot.navigationLink"], format!("{base}/Things(1)/Datastreams"));
    assert!(json.get("Datastreams").is_none(), "only when it is expanded");
    let json = serde_json::to_value(LocationEntity::new(base, &thing)).expect("JSON");
    assert_eq!(json["location"], json!({"type": "Point", "coordinates": [-51.23, -30.03]}));
    let entity = DatastreamEntity::new(base, &datastream, &property, Some((time, time)));
    let json = serde_json::to_value(entity).expect("JSON");
    assert_eq!(json["unitOfMeasurement"]["symbol"], "m");
    assert_eq!(json["phenomenonTime"], "2024-05-02T13:00:00Z/2024-05-02T13:00:00Z");
    assert_eq!(json["Observations@iot.navigationLink"], format!("{base}/Datastreams(1)/Observations"));
    let json = serde_json::to_value(ObservedPropertyEntity::new(base, &property)).expect("JSON");
    assert_eq!(json["@iot.selfLink"], format!("{base}/ObservedProperties('water_level')"));
    let observation = Observation { datastream: DatastreamId(1), phenomenon_time: time, result: 2.41 };
    let page = Collection { count: Some(1), next_link: None, value: vec![ObservationEntity::new(base, &observation)] };
    let json = serde_json::to_value(page).expect("JSON");
    let item = &json["value"][0];
    assert_eq!((&json["@iot.count"], &item["result"], &item["resultTime"]), (&json!(1), &json!(2.41), &Value::Null));
    assert_eq!(item["@iot.selfLink"], format!("{base}/Observations('1-1714654800000')"));
    let id = ObservationId::parse("1-1714654800000").expect("an id");
    assert_eq!((id.datastream, id.phenomenon_time), (DatastreamId(1), time));
    for bad in ["", "1", "1-", "-1-2", "1-1714654800000x", "1-0", "+1-1714654800000"] {
        assert_eq!(ObservationId::parse(bad), None, "{bad}");
    }
    let root = serde_json::to_value(ServiceRoot::new(base, &["datamodel"])).expect("JSON");
    assert_eq!(root["serverSettings"]["conformance"][0], "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel");
}

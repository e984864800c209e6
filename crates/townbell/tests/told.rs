//! Who listens is told of what is new, and of nothing twice: a sender that repeats itself after a lost answer creates
//! nothing, whichever way it comes.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;

use account::Access;
use house::{json as read, post};
use reqwest::StatusCode;
use serde_json::json;
use townbell::config::City;
use townbell::mqtt::{Message, Outcome};
use townbell::wire::{self, Running, Source};

const THING: &str = r#"{"name": "Mast", "description": "By the gate.",
  "Locations": [{"name": "Gate", "description": "The gate.", "encodingType": "application/geo+json",
    "location": {"type": "Point", "coordinates": [-51.2, -30.0]}}],
  "Datastreams": [{"name": "Wind", "description": "Speed.",
    "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    "unitOfMeasurement": {"name": null, "symbol": "m/s", "definition": null},
    "Sensor": {"name": "Cup", "description": "Turns.", "encodingType": "text/plain", "metadata": "none"},
    "ObservedProperty": {"name": "Wind", "description": "Speed.", "definition": "https://example.org/wind"}}]}"#;

async fn start(folder: &std::path::Path) -> Running {
    let options = wire::Options {
        city: City::sandbox(),
        data: folder.to_path_buf(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        access: Access::DemoOnLoopback,
        source: Source::Live,
    };
    wire::start(options).await.expect("the sandbox starts")
}

/// Observations that a station without a clock sent are each another one, whichever way they come, and stay so.
#[tokio::test(flavor = "multi_thread")]
async fn none_without_a_time_takes_the_place_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let town = start(folder.path()).await;
    let (address, path) = (town.address, "/v1.1/Datastreams(1)/Observations");
    let one = r#"{"result": 1}"#;
    assert_eq!(post(address, "/v1.1/Things", THING.to_owned()).await.expect("an answer").0, StatusCode::CREATED);
    let posts: Vec<_> = (0..200).map(|_| tokio::spawn(post(address, path, one))).collect();
    for post in posts {
        assert_eq!(post.await.expect("it runs").expect("an answer").0, StatusCode::CREATED);
    }
    let array = r#"[{"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [[1], [1], [1]]}]"#;
    let (status, links) = post(address, "/v1.1/CreateObservations", array).await.expect("an answer");
    let links: std::collections::BTreeSet<String> = serde_json::from_str(&links).expect("a list of links");
    assert_eq!((status, links.len()), (StatusCode::CREATED, 3));
    let message = Message { path: "Datastreams(1)/Observations".to_owned(), payload: one.as_bytes().to_vec() };
    let outcomes = town.app.sensing.take_messages(&town.app.door, &town.app.readers, &vec![message; 300]).await;
    assert_eq!(outcomes, [Outcome::Created; 300]);
    let count = async |address| read(address, "/v1.1/Observations?$count=true&$top=0").await["@iot.count"].clone();
    assert_eq!(count(address).await, 503);
    // Times that came with observations are stepped over, too.
    let ahead = town.app.clock.now() + city::Span::s(4);
    let own = json!({ "phenomenonTime": ahead, "result": 7 }).to_string();
    assert_eq!(post(address, path, own).await.expect("an answer").0, StatusCode::CREATED);
    let many = json!([{ "Datastream": { "@iot.id": 1 }, "components": ["result"], "dataArray": vec![[2]; 9000] }]);
    let (status, _) = post(address, "/v1.1/CreateObservations", many.to_string()).await.expect("an answer");
    assert_eq!((status, count(address).await), (StatusCode::CREATED, 9_504.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_is_not_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let town = start(folder.path()).await;
    let send = async |path: &str, body: String| {
        let (status, text) = post(town.address, path, body).await.expect("an answer");
        assert_eq!(status, StatusCode::CREATED, "{text}");
    };
    send("/v1.1/Things", THING.to_owned()).await;
    let mut listener = town.app.sensing.listen();
    let mut told = || -> Vec<f64> {
        let mut all = Vec::new();
        while let Ok(carried) = listener.try_recv() {
            all.extend(carried.observations.results());
        }
        all
    };
    let one = |result: f64| json!({ "phenomenonTime": "2024-05-01T12:00:00Z", "result": result }).to_string();
    let rows = |rows: serde_json::Value| {
        json!([{ "Datastream": { "@iot.id": 1 }, "components": ["phenomenonTime", "result"], "dataArray": rows }])
            .to_string()
    };
    let path = "/v1.1/Datastreams(1)/Observations";
    send(path, one(1.0)).await;
    assert_eq!(told(), [1.0]);
    send(path, one(1.0)).await;
    assert_eq!(told(), [0.0; 0], "the same once more");
    send(path, one(1.5)).await;
    assert_eq!(told(), [1.5], "a correction");

    let array = json!([["2024-05-01T12:00:00Z", 1.5], ["2024-05-01T12:01:00Z", 2.0], ["2024-05-01T12:01:00Z", 2.0]]);
    send("/v1.1/CreateObservations", rows(array.clone())).await;
    assert_eq!(told(), [2.0], "one was known, one is new, and one repeats it");
    send("/v1.1/CreateObservations", rows(array)).await;
    assert_eq!(told(), [0.0; 0], "all of it once more");
}

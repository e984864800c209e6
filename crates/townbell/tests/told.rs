//! Who listens is told of what is new, and of nothing twice: a sender that repeats itself after a lost answer creates
//! nothing, whichever way it comes.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;

use account::Access;
use house::post;
use reqwest::StatusCode;
use serde_json::json;
use townbell::config::City;
use townbell::wire::{self, Source};

const THING: &str = r#"{"name": "Mast", "description": "By the gate.",
  "Locations": [{"name": "Gate", "description": "The gate.", "encodingType": "application/geo+json",
    "location": {"type": "Point", "coordinates": [-51.2, -30.0]}}],
  "Datastreams": [{"name": "Wind", "description": "Speed.",
    "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    "unitOfMeasurement": {"name": null, "symbol": "m/s", "definition": null},
    "Sensor": {"name": "Cup", "description": "Turns.", "encodingType": "text/plain", "metadata": "none"},
    "ObservedProperty": {"name": "Wind", "description": "Speed.", "definition": "https://example.org/wind"}}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_is_not_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = wire::Options {
        city: City::sandbox(),
        data: folder.path().to_path_buf(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        access: Access::DemoOnLoopback,
        source: Source::Live,
    };
    let town = wire::start(options).await.expect("the sandbox starts");
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

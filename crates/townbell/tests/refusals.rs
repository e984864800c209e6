//! What is wrong with a request is said: in a problem document, by name, and in a batch as alone.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::net::SocketAddr;
use std::time::Duration;

use account::Access;
use house::{client, json, post};
use inside::{problem, start};
use reqwest::StatusCode;
use serde_json::{Value, json as object};
use townbell::wire;

/// A station of the test's own, by deep insert.
async fn own_station(address: SocketAddr) {
    let station = object!({
        "name": "Weir", "description": "Of the test.",
        "Locations": [{ "name": "Mill", "description": "Below it.", "encodingType": "application/geo+json",
            "location": { "type": "Point", "coordinates": [-51.23, -30.03] } }],
        "Datastreams": [{ "name": "Level", "description": "Of the river.",
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": { "name": "metre", "symbol": "m", "definition": "ucum:m" },
            "Sensor": { "name": "Staff", "description": "A staff.", "encodingType": "text/plain", "metadata": "By eye." },
            "ObservedProperty": { "@iot.id": "water_level" } }]
    });
    let (status, answer) = post(address, "/v1.1/Things", station.to_string()).await.expect("an answer");
    assert_eq!(status, StatusCode::CREATED, "{answer}");
}

/// Method, path, content type and body of a request, and what its answer is.
type Asked<'a> = (&'a str, &'a str, &'a str, &'a [u8], u16, &'a str);

/// Sends it, and looks for status and words of the answer.
async fn ask(address: SocketAddr, (method, path, kind, body, status, words): Asked<'_>) {
    let method = method.parse::<reqwest::Method>().expect("a method");
    let mut request = client().request(method, format!("http://{address}{path}")).body(body.to_vec());
    if let Some(encoding) = kind.strip_prefix("encoded ") {
        request = request.header("content-encoding", encoding);
    } else if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    let answer = request.send().await.expect("an answer");
    let told = answer.status().as_u16();
    let allow = answer.headers().get("allow").map(|allow| allow.to_str().expect("text").to_owned());
    let text = answer.text().await.expect("a body");
    assert_eq!(told, status, "{path} as {kind:?}: {text}");
    let text = format!("{text} {}", allow.map(|allow| format!("Allow: {allow}.")).unwrap_or_default());
    assert!(text.contains(words), "{path} as {kind:?}: {text}");
    if status >= 400 {
        problem(text.split(" Allow: ").next().expect("the body"));
    }
}

/// A connection whose body stops half-way, and the answer to it.
async fn half_a_body(address: SocketAddr, close: bool) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let head = format!("POST /v1.1/Things HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100\r\n\r\n{{\"name\":");
    socket.write_all(head.as_bytes()).await.expect("sent");
    if close {
        socket.shutdown().await.expect("half closed");
    }
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_mins(1), socket.read_to_string(&mut answer)).await;
    assert!(read.is_ok(), "the connection is held for ever");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_request_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 1).await;
    let address = running.address;
    let silent = tokio::spawn(half_a_body(address, false));
    own_station(address).await;
    let made = json(address, "/v1.1/Datastreams?$filter=name%20eq%20%27Level%27").await;
    let series = made["value"][0]["@iot.id"].as_u64().expect("an id");
    let (one, rows) = (format!("/v1.1/Datastreams({series})"), format!("/v1.1/Datastreams({series})/Observations"));
    let (j, thing) = ("application/json", b"{\"name\":\"x\",\"description\":\"x\"}".as_slice());
    let (future, past) = (
        r#"{"phenomenonTime":"2024-05-30T15:00:10Z","result":1}"#,
        r#"{"phenomenonTime":"2001-01-01T00:00:00Z","result":1}"#,
    );
    let wrong: [Asked<'_>; 27] = [
        ("POST", "/v1.1/Things", "", thing, 201, "@iot.id"),
        ("POST", "/v1.1/Things", "application/json; charset=UTF-8", thing, 201, "@iot.id"),
        ("POST", "/v1.1/Things", "application/x-www-form-urlencoded", thing, 201, "@iot.id"),
        ("POST", "/v1.1/Things", "text/plain", thing, 415, "media-type"),
        ("POST", "/v1.1/Things", "application/xml", thing, 415, "application/json"),
        ("POST", "/v1.1/Things", "application/merge-patch+json", thing, 415, "for PATCH"),
        ("POST", "/v1.1/Things", "encoded gzip", thing, 415, "Content-Encoding"),
        ("POST", "/v1.1/$batch", "multipart/mixed; boundary=x", b"--x", 415, "multipart"),
        ("PATCH", &one, "application/yaml", b"{}", 415, "json-patch"),
        (
            "PATCH",
            &one,
            "application/merge-patch+json; charset=utf-8",
            br#"{"unitOfMeasurement":{"name":"metres"}}"#,
            200,
            "ucum:m",
        ),
        ("PATCH", &one, j, br#"{"unitOfMeasurement":{"name":"m"}}"#, 200, "ucum:m"),
        (
            "PATCH",
            &one,
            "application/json-patch+json",
            br#"[{"op":"replace","path":"/name","value":"L"}]"#,
            200,
            "\"L\"",
        ),
        ("POST", "/v1.1/Things", j, br#"{"name":"a","name":"b","description":"x"}"#, 400, "\"field\":\"name\""),
        ("POST", &rows, j, br#"{"result":1e999}"#, 400, "too large"),
        ("POST", &rows, j, b"[1]", 400, "expected an object"),
        ("POST", &rows, j, future.as_bytes(), 422, "ahead of the clock"),
        ("POST", &rows, j, past.as_bytes(), 422, "older than"),
        ("POST", &rows, j, br#"{"result":1,"resultQuality":"call X"}"#, 422, "\"field\":\"resultQuality\""),
        ("GET", "/v1.1/Things(99999999999999999999)", "", b"", 404, "at most"),
        ("GET", "/v1.1/", "", b"", 200, "serverSettings"),
        ("GET", "/v1.1?$foo=1", "", b"", 501, "$foo"),
        ("GET", "/v1.1/?$top=1", "", b"", 400, "root"),
        ("PUT", "/v1.1/Things(1)/name", j, b"{}", 405, "Allow: GET, HEAD."),
        ("PATCH", "/v1.1/Things", j, b"{}", 405, "Allow: GET, HEAD, POST."),
        ("POST", "/v1.1/Datastreams(1)/Thing", j, b"{}", 405, "Allow: GET, HEAD, PATCH, PUT, DELETE."),
        ("DELETE", "/v1.1/Things(1)/Locations/$ref", "", b"", 405, "Allow: GET, HEAD, POST, PUT."),
        ("POST", "/api/alerts/nothing~x~1/acknowledge", j, b"{}", 400, "role"),
    ];
    for asked in wrong {
        ask(address, asked).await;
    }
    let cut = half_a_body(address, true).await;
    assert!(cut.is_empty() || cut.starts_with("HTTP/1.1 400") && cut.contains("before it was whole"), "{cut}");
    batches_answer_as_alone(address, series).await;
    let silent = silent.await.expect("an answer");
    assert!(silent.starts_with("HTTP/1.1 408") && silent.contains("urn:townbell:problem:timeout"), "{silent}");
    wire::until_replayed(running).await.expect("stops in order");
}

async fn batches_answer_as_alone(address: SocketAddr, series: u64) {
    let rows = object!([{ "Datastream": { "@iot.id": series }, "components": ["phenomenonTime", "result"],
        "dataArray": [["2024-04-30T15:00:00Z", 1.5], ["2024-04-30T15:00:01Z", 99]] }]);
    let batch = object!({ "requests": [
        { "id": "rows", "method": "post", "url": "CreateObservations", "body": rows },
        { "id": "bag", "method": "post", "url": "Things",
            "body": { "name": "x", "description": "x", "properties": { "owner": "x" } } },
        { "id": "merged", "method": "patch", "url": format!("Datastreams({series})"), "body": { "properties": { "owner": null } },
            "headers": { "Content-Type": "application/merge-patch+json" } },
        { "id": "none", "method": "get", "url": "Things(999)" },
        { "id": "after", "method": "get", "url": "Things(1)", "dependsOn": ["none"] },
        { "id": "grouped", "atomicityGroup": "g", "method": "post", "url": "CreateObservations", "body": rows },
    ] });
    let (status, answer) = post(address, "/v1.1/$batch", batch.to_string()).await.expect("an answer");
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let parts = answer["responses"].as_array().expect("parts");
    let statuses: Vec<u64> = parts.iter().filter_map(|part| part["status"].as_u64()).collect();
    assert_eq!(statuses, [201, 422, 200, 404, 424, 501], "{answer}");
    let links = parts[0]["body"].as_array().expect("a link a row");
    assert!(links[0].as_str().is_some_and(|link| link.contains("/Observations(")) && links[1] == "error", "{links:?}");
    for part in parts.iter().filter(|part| part["status"].as_u64() >= Some(400)) {
        problem(&part["body"].to_string());
        assert!(part["body"].get("field").is_none_or(Value::is_string), "{part}");
    }
    let alone = object!({ "name": "x", "description": "x", "properties": { "owner": "x" } });
    let (_, alone) = post(address, "/v1.1/Things", alone.to_string()).await.expect("an answer");
    assert_eq!(parts[1]["body"], serde_json::from_str::<Value>(&alone).expect("JSON"), "the same as alone");
}

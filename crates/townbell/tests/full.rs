//! The disk is full while the program runs: telemetry is refused with 507, what people do is still taken, and telemetry
//! is taken again when there is room, without a restart. What was acknowledged is there in the end.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

#[path = "house/disk.rs"]
mod disk;
mod house;
#[path = "house/server.rs"]
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use city::{Span, Time};
use disk::Plan;
use house::{client, json, post};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Room for the reserve, the empty store and some hundred thousand observations.
const ROOM: u64 = 3 << 20;
const CREATE: &str = "/v1.1/CreateObservations";
const ONE: &str = "/v1.1/Datastreams(1)/Observations";
/// Observations of one request, and requests until the disk has to be full: each value takes its eight bytes.
const ROWS: i64 = 2_000;
const REQUESTS_MAX: i64 = 2_000;
/// How soon there must be room again: it is looked for once a second.
const AGAIN: Duration = Duration::from_secs(30);

/// A request of that number; its values are noise, so that no codec makes room.
fn many(number: i64, start: Time) -> String {
    let row = |n: i64| {
        let n = number * ROWS + n;
        json!([start + Span::ms(n * 10), ((n as f64) * 12.9898).sin()])
    };
    let rows: Vec<Value> = (0..ROWS).map(row).collect();
    json!([{ "Datastream": { "@iot.id": 1 }, "components": ["phenomenonTime", "result"], "dataArray": rows }])
        .to_string()
}

fn one(time: Time) -> String {
    json!({ "phenomenonTime": time, "result": 1.25 }).to_string()
}

/// It is refused for want of room, in our form.
async fn refused(address: SocketAddr, path: &str, body: String) {
    let request = client().post(format!("http://{address}{path}")).header("content-type", "application/json");
    let response = request.body(body).send().await.expect("an answer");
    let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
    let (status, text) = (response.status(), response.text().await.expect("a body"));
    assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{path}: {text}");
    assert_eq!(kind, "application/problem+json", "{path}: {text}");
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&problem["status"], &problem["title"]), (&json!(507), &json!("The disk is full")), "{path}");
}

async fn count(address: SocketAddr) -> i64 {
    json(address, "/v1.1/Datastreams(1)/Observations?$top=0&$count=true").await["@iot.count"].as_i64().expect("a count")
}

/// Opens the alert of the rule on the gauge, and gives its id.
async fn open_alert(address: SocketAddr, time: Time) -> String {
    let high = json!({ "phenomenonTime": time, "result": 3.5 }).to_string();
    assert_eq!(post(address, ONE, high).await.expect("an answer").0, StatusCode::CREATED);
    for _ in 0..200 {
        let alerts = json(address, "/api/alerts?state=open").await;
        if let Some(alert) = alerts["items"].as_array().expect("alerts").first() {
            return alert["id"].as_str().expect("an id").to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no alert was opened");
}

async fn acknowledge(address: SocketAddr, id: &str, note: &str) {
    let body = json!({ "role": "duty_officer", "note": note }).to_string();
    let (status, text) = post(address, &format!("/api/alerts/{id}/acknowledge"), body).await.expect("an answer");
    assert_eq!(status, StatusCode::OK, "{text}");
    let alert: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(alert["state"], "acknowledged");
}

/// Sends until it is refused. Gives how many requests were taken.
async fn fill(address: SocketAddr, start: Time) -> i64 {
    for number in 0..REQUESTS_MAX {
        let (status, text) = post(address, CREATE, many(number, start)).await.expect("an answer");
        match status {
            StatusCode::CREATED => {}
            StatusCode::INSUFFICIENT_STORAGE => return number,
            other => panic!("{other}: {text}"),
        }
    }
    panic!("the disk never filled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_is_refused_with_507_people_are_heard_and_room_is_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let armed = folder.path().join("in-the-way");
    std::fs::write(&armed, "").expect("armed");
    let room = ROOM + store::RESERVE_BYTES as u64;
    let plan = Plan { seed: 1, room, armed: Some(armed.clone()), ..Plan::default() };
    let (mut town, address) = disk::serve(folder.path(), &plan).await;
    let now = server::now(address).await;
    let (start, alert) = (now - Span::h(12), open_alert(address, now).await);

    let taken = fill(address, start).await;
    assert!(taken > 20, "it was full at once: {taken} requests");
    let kept = 1 + taken * ROWS;
    for turn in 0..3 {
        refused(address, CREATE, many(taken + turn, start)).await;
        refused(address, ONE, one(now - Span::h(24) + Span::ms(turn))).await;
        acknowledge(address, &alert, &format!("seen, turn {turn}")).await;
    }
    assert_eq!(count(address).await, kept, "what was acknowledged, and nothing of what was refused");
    let told = json(address, &format!("/api/alerts/{alert}")).await;
    assert!(told.to_string().contains("turn 0"), "{told}");

    // Somebody makes room.
    std::fs::remove_file(&armed).expect("gone");
    let (mut waited, late) = (Duration::ZERO, now - Span::h(25));
    while post(address, ONE, one(late)).await.expect("an answer").0 != StatusCode::CREATED {
        assert!(waited < AGAIN, "telemetry is not taken again: {}", town.log());
        tokio::time::sleep(Duration::from_millis(250)).await;
        waited += Duration::from_millis(250);
    }
    let (status, text) = post(address, CREATE, many(taken, start)).await.expect("an answer");
    assert_eq!(status, StatusCode::CREATED, "{text}");
    assert_eq!(count(address).await, kept + 1 + ROWS);
    acknowledge(address, &alert, "and after it").await;
    town.alive();
}

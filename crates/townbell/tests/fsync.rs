//! A sync of the disk fails while the program runs: whoever waits for an acknowledgement is refused, the program ends
//! by itself and says why, and what it had acknowledged is there although the power goes with it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

#[path = "house/disk.rs"]
mod disk;
mod house;
#[path = "house/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use city::{DatastreamId, Span, Time};
use disk::{DATABASE, Plan, Shim};
use house::{Program, SENSOR, at, city_with, free_address, json, post};
use reqwest::StatusCode;

/// What the last words must say.
const SAID: [&str; 2] = ["the disk under the store failed", "Townbell ends here"];
const FROM: &str = "2024-04-30T12:00:00-03:00";
const TO: &str = "2024-04-30T12:05:00-03:00";
const SENDERS: i64 = 8;
/// Acknowledged before the sync fails.
const KEPT_FIRST: usize = 50;

/// It ends by itself, with an error, and says why.
async fn ends(mut town: Program) {
    let mut ended: Option<ExitStatus> = None;
    for _ in 0..1_200 {
        ended = town.ended();
        if ended.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let said = town.log();
    let status = ended.unwrap_or_else(|| panic!("it still runs a minute later: {said}"));
    assert_eq!(status.code(), Some(1), "{said}");
    for words in SAID {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
}

/// Sends one observation after the other until one is not acknowledged; gives the answer that it got then, if any.
async fn send(address: SocketAddr, path: String, first: Time, kept: Arc<Mutex<BTreeSet<Time>>>) -> Option<StatusCode> {
    for turn in 0.. {
        let time = first + Span::ms(turn * SENDERS);
        let body = serde_json::json!({ "phenomenonTime": time, "result": 1.5 }).to_string();
        match post(address, &path, body).await {
            Some((StatusCode::CREATED, _)) => _ = kept.lock().expect("the list").insert(time),
            other => return other.map(|(status, _)| status),
        }
    }
    None
}

/// Senders send, the next sync fails, and the program ends. What was acknowledged is there after it.
async fn fails_under_senders(town: Program, address: SocketAddr, armed: &Path, datastream: u32) {
    let kept = Arc::new(Mutex::new(BTreeSet::new()));
    let path = format!("/v1.1/Datastreams({datastream})/Observations");
    let hour_ago = server::now(address).await - Span::h(1);
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(address, path.clone(), hour_ago + Span::ms(sender), Arc::clone(&kept)));
    }
    for turn in 0.. {
        if kept.lock().expect("the list").len() >= KEPT_FIRST {
            break;
        }
        assert!(turn < 1_200, "not {KEPT_FIRST} acknowledged within a minute: {}", town.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::fs::write(armed, "").expect("armed");
    let answers = senders.join_all().await;
    assert!(answers.contains(&Some(StatusCode::SERVICE_UNAVAILABLE)), "nobody under way was answered: {answers:?}");
    for answer in answers.into_iter().flatten() {
        assert_eq!(answer, StatusCode::SERVICE_UNAVAILABLE);
    }
    let store = town.data.join(DATABASE);
    ends(town).await;
    let reader = store::Reader::open(&store).expect("the store");
    let points = reader.range(DatastreamId(datastream), hour_ago, hour_ago + Span::h(1)).expect("the series");
    let points: BTreeSet<Time> = points.into_iter().map(|point| point.time).collect();
    let kept = kept.lock().expect("the list");
    let lost: Vec<&Time> = kept.difference(&points).collect();
    assert!(lost.is_empty(), "of {} acknowledged are gone: {lost:?}", kept.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_refuses_and_ends_when_a_sync_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let armed = folder.path().join("armed");
    let plan = Plan { seed: 1, fail_sync: 1, armed: Some(armed.clone()), ..Plan::default() };
    let (town, address) = disk::serve(folder.path(), &plan).await;
    fails_under_senders(town, address, &armed, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_ends_in_its_middle_and_a_demo_after_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), SENSOR);
    let (shim, armed) = (Shim::build(), folder.path().join("armed"));
    let (city, data) = (city.to_str().expect("text"), folder.path().join("data"));

    // About ten syncs make the store; then the replay has begun.
    let plan = Plan { seed: 2, fail_sync: 30, ..Plan::default() };
    let replay = disk::start(&shim, &data, &["replay", city, "--from", FROM, "--to", TO], &plan);
    ends(replay).await;
    let begun = store::Reader::open(&data.join(DATABASE)).expect("the store").last_received().expect("its head");
    assert!(begun.is_some(), "the sync failed before the replay began");

    let plan = Plan { seed: 3, fail_sync: 1, armed: Some(armed.clone()), ..Plan::default() };
    let address = free_address();
    let (listen, span) = (address.to_string(), ["--from", FROM, "--to", TO, "--speed", "0"]);
    let arguments = [&["demo", "--city", city, "--listen", &listen], &span[..]].concat();
    let mut demo = disk::start(&shim, &data, &arguments, &plan);
    demo.ready(address).await;
    for turn in 0.. {
        if json(address, "/health").await["now"] == at(TO).to_string() {
            break;
        }
        assert!(turn < 1_200, "the replay did not end within a minute: {}", demo.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    fails_under_senders(demo, address, &armed, 90).await;
}

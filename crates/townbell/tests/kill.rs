//! Killed twenty times in the middle of a replay: the accounts balance, nothing acknowledged is missing, no alert is
//! doubled, and the alerts are those of a replay that nobody killed.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use city::alert::AlertChangeKind;
use city::{AlertChange, DatastreamId, Seq, Span};
use house::{Program, SENSOR, at, city_with, free_address, get, json, post};
use reqwest::StatusCode;

const KILLS: usize = 20;
const FROM: &str = "2024-04-30T12:00:00-03:00";
const TO: &str = "2024-04-30T18:00:00-03:00";

/// A pause that differs from kill to kill; the same sequence at every run (a linear congruential generator).
fn pause(turn: usize) -> Duration {
    let mixed = (turn as u64).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis(300 + (mixed >> 33) % 1_500)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_and_double_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), SENSOR);
    let data = folder.path().join("killed");
    let address = free_address();
    let arguments = ["--from", FROM, "--to", TO, "--speed", "400"];
    let acknowledged = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let over = Arc::new(AtomicBool::new(false));
    let sender = tokio::spawn(send(address, Arc::clone(&acknowledged), Arc::clone(&over)));
    for turn in 0..KILLS {
        let mut demo = replay(&city, &data, address, &arguments);
        demo.ready(address).await;
        tokio::time::sleep(pause(turn)).await;
        demo.kill();
        assert_balanced(&data);
    }
    let mut demo = replay(&city, &data, address, &["--from", FROM, "--to", TO, "--speed", "0"]);
    demo.ready(address).await;
    until_over(address).await;
    over.store(true, Ordering::Release);
    sender.await.expect("the sender");
    demo.stop();
    assert_balanced(&data);

    let reader = store::Reader::open(&data.join("townbell.sqlite")).expect("the store");
    let stored = reader.range(DatastreamId(90), at(SENT_FROM), at(TO)).expect("the series");
    let stored: BTreeMap<i64, f64> = stored.into_iter().map(|point| (point.time.ms(), point.result)).collect();
    let acknowledged = acknowledged.lock().expect("the list").clone();
    assert!(acknowledged.len() > KILLS, "only {} observations were acknowledged", acknowledged.len());
    let wrong = |n: &&u64| stored.get(&sent_at(**n).ms()) != Some(&value(**n));
    let missing: Vec<&u64> = acknowledged.iter().filter(wrong).collect();
    let (sent, kept) = (acknowledged.len(), stored.len());
    assert!(missing.is_empty(), "of {sent} acknowledged, {kept} are stored; missing are {missing:?}");

    let killed = alerts(&data);
    assert_once(&killed);
    let whole = folder.path().join("whole");
    let address = free_address();
    let demo = replay(&city, &whole, address, &["--from", FROM, "--to", TO, "--speed", "0"]);
    until_over(address).await;
    demo.stop();
    assert_eq!(serde_json::to_string(&killed).expect("json"), serde_json::to_string(&alerts(&whole)).expect("json"));
}

fn replay(city: &Path, data: &Path, address: SocketAddr, arguments: &[&str]) -> Program {
    let mut command = Program::command(&["demo", "--listen", &address.to_string(), "--city"]);
    command.arg(city).args(arguments);
    Program::start(command, data)
}

const SENT_FROM: &str = "2024-01-01T00:00:00Z";

fn sent_at(n: u64) -> city::Time {
    at(SENT_FROM) + Span::s(i64::try_from(n).expect("small"))
}

fn value(n: u64) -> f64 {
    1.0 + (n % 100) as f64 / 100.0
}

/// Sends one observation after the other, each until it is acknowledged, as a data logger would.
async fn send(address: SocketAddr, acknowledged: Arc<std::sync::Mutex<BTreeSet<u64>>>, over: Arc<AtomicBool>) {
    let mut n = 0;
    while !over.load(Ordering::Acquire) {
        let body = serde_json::json!({ "phenomenonTime": sent_at(n), "result": value(n) }).to_string();
        match post(address, "/v1.1/Datastreams(90)/Observations", body).await {
            Some((StatusCode::CREATED, _)) => {
                acknowledged.lock().expect("the list").insert(n);
                n += 1;
            }
            Some((status, body)) => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}"),
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn until_over(address: SocketAddr) {
    for _ in 0..3_000 {
        if get(address, "/health").await.is_some() && json(address, "/health").await["now"] == at(TO).to_string() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the replay did not end within five minutes");
}

fn assert_balanced(data: &Path) {
    let reader = store::Reader::open(&data.join("townbell.sqlite")).expect("the store");
    for (feed, account) in reader.accounts().expect("accounts") {
        assert!(account.tally.balances(), "{feed}: {:?}", account.tally);
    }
    let mut next = 1;
    loop {
        let rows = reader.journal_after(Seq(next - 1), 1_000).expect("the journal");
        if rows.is_empty() {
            break;
        }
        for row in rows {
            assert_eq!(row.seq, Seq(next), "a hole in the journal");
            next += 1;
        }
    }
}

fn alerts(data: &Path) -> Vec<AlertChange> {
    let reader = store::Reader::open(&data.join("townbell.sqlite")).expect("the store");
    reader.alert_changes(at(FROM), at(TO) + Span::h(1)).expect("alerts")
}

fn assert_once(changes: &[AlertChange]) {
    let mut opened = BTreeSet::new();
    for change in changes.iter().filter(|change| change.kind == AlertChangeKind::Opened) {
        assert!(opened.insert(change.alert.id.clone()), "{} opened twice", change.alert.id);
    }
    assert!(!opened.is_empty(), "nothing rang, so nothing was compared");
}

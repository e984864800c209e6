//! Live and backtest are one code path: what rang as the data came in through the real doors is, byte for byte, what
//! a backtest rings on the journal that was kept of it. And the same over HTTP.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::path::Path;
use std::process::Command;

use account::Access;
use house::{demo, get, json, post};
use inside::start;
use reqwest::StatusCode;
use serde_json::{Value, json as object};
use townbell::config::City;
use townbell::wire;

/// Six hours in which the lake rises, a warning comes into force and the buses of the sample timetable run.
const FROM: &str = "2024-04-30T12:00:00-03:00";
const TO: &str = "2024-04-30T18:00:00-03:00";

fn townbell(arguments: &[&str], paths: &[(&str, &Path)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_townbell"));
    command.args(arguments);
    for (option, path) in paths {
        command.arg(option).arg(path);
    }
    let done = command.output().expect("the binary runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

#[test]
fn live_and_backtest_ring_the_same_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, live) = (folder.path().join("data"), folder.path().join("live.jsonl"));
    let city = demo();
    let city_text = city.to_str().expect("a path");
    townbell(&["replay", city_text, "--from", FROM, "--to", TO], &[("--data", &data), ("--alerts", &live)]);
    let rang = std::fs::read_to_string(&live).expect("the alerts");
    let rule_of = |line: &str| -> String {
        let change: Value = serde_json::from_str(line).expect("JSON");
        change["alert"]["key"]["rule"].as_str().expect("a rule").to_owned()
    };
    let mut compared = 0;
    for rule in City::read(&city).expect("the demo city").rules {
        let among: String =
            rang.lines().filter(|line| rule_of(line) == rule.id.as_str()).flat_map(|l| [l, "\n"]).collect();
        let alone = folder.path().join(format!("{}.jsonl", rule.id));
        let told = townbell(&["backtest", rule.id.as_str(), city_text], &[("--data", &data), ("--alerts", &alone)]);
        assert_eq!(among, std::fs::read_to_string(&alone).expect("the alerts"), "{}", rule.id);
        compared += usize::from(!among.is_empty());
        assert!(told.contains("entries."), "{told}");
    }
    assert!(compared >= 2, "{compared} rules rang, so hardly anything was compared");
}

const RULE: &str = r#"
kind = "threshold"
what = "Lake Guaíba"
datastream = 1
statistic = "last"
owner = "water_desk"
severity = "minor"
respond_within = "1 h"
purpose = "flood_warning"
consequence = "To see what it would do."
first_action = "Nothing."
[open]
above = 1.0
[close]
below = 0.9
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_is_not_saved_is_tried_over_http() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 30).await;
    let address = running.address;
    let ask = async |body: Value| {
        let (status, text) = post(address, "/api/backtest", body.to_string()).await.expect("an answer");
        (status, serde_json::from_str::<Value>(&text).expect("JSON"))
    };
    let (status, told) = ask(object!({ "text": RULE, "days": 1 })).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!((told["rule"].as_str(), told["rings_total"].as_u64()), (Some("draft"), Some(1)), "{told}");
    assert_eq!(told["rings"][0]["subject"], "datastream:1");
    assert!(told["rings"][0]["saw"].as_str().is_some_and(|saw| saw.contains(" m at ")), "{told}");
    assert!(told["shape"].as_array().is_some_and(|shape| !shape.is_empty()), "{told}");
    let (status, told) = ask(object!({ "text": RULE.replace("above = 1.0", "above = \"x\""), "days": 1 })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told["detail"].as_str().is_some_and(|detail| detail.starts_with("draft.toml:13:9: ")), "{told}");
    for wrong in [
        object!({ "text": RULE }),
        object!({ "text": RULE, "days": 0 }),
        object!({ "text": RULE, "days": 1, "name": "../x" }),
    ] {
        assert_eq!(ask(wrong).await.0, StatusCode::BAD_REQUEST);
    }
    let told = json(address, "/api/moves?datastream=1").await;
    // Half an hour proves nothing, and the answer says so: 7 others, as the direction of the wind has no order.
    assert_eq!((told["series"].as_u64(), told["too_short"].as_u64()), (Some(7), Some(7)), "{told}");
    assert!(told["findings"].as_array().is_some_and(Vec::is_empty), "{told}");
    let missing = get(address, "/api/moves?datastream=77").await.expect("an answer");
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
    wire::until_replayed(running).await.expect("stops in order");
}

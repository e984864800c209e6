//! Live and backtest are one code path: what rang as the data came in through the real doors is, byte for byte, what
//! a backtest rings on the journal that was kept of it. And the same over HTTP.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::path::Path;
use std::process::Command;

use account::Access;
use house::{city_with, demo, get, json, post};
use inside::{start, start_city};
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

/// Beside the rule: one episode that the first half hour lies in, and one that it is over before.
const EPISODES: &str = "[[episode]]\nname = \"The first half hour\"\nfrom = 2024-04-30T12:05:00-03:00\nuntil = 2024-04-30T13:00:00-03:00\n\
                        [[episode]]\nname = \"The morning\"\nfrom = 2024-04-30T09:00:00-03:00\nuntil = 2024-04-30T12:00:01-03:00\n\
                        [[episode]]\nname = \"Next month\"\nfrom = 2024-06-01T09:00:00-03:00\nuntil = 2024-06-02T12:00:00-03:00\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_caught_and_missed_is_told_over_http_as_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let (city, data) = (city_with(folder.path(), ""), folder.path().join("data"));
    let episodes = city.join("rules/lake-high.episodes.toml");
    std::fs::write(&episodes, EPISODES).expect("written");
    std::fs::write(folder.path().join("lake-high.toml"), RULE).expect("written");
    let running = start_city(City::read(&city).expect("right"), &data, Access::DemoOnLoopback, 30).await;
    let asked = |text: &str| object!({ "text": text, "name": "lake-high", "from": "2024-04-30T14:30:00Z", "to": "2024-04-30T16:00:00Z" });
    let ask =
        async |text: &str| post(running.address, "/api/backtest", asked(text).to_string()).await.expect("an answer");
    let (status, told) = ask(RULE).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(status, StatusCode::OK, "{told}");
    let against = &told["against"];
    assert_eq!((&against["caught"], &against["missed"]), (&object!(2), &object!(0)), "{told}");
    let names: Vec<_> = against["episodes"].as_array().expect("episodes").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["The first half hour", "The morning"], "next month was not gone over");
    assert_eq!(told["rings"][0]["for_nothing"], false);
    // At noon nobody is called by night.
    assert_eq!((&told["pages_by_night"], &told["pages_by_night_untaken"]), (&object!(0), &object!(0)));

    let (_, deaf) = ask(&RULE.replace("above = 1.0", "above = 9.0")).await;
    let deaf: Value = serde_json::from_str(&deaf).expect("JSON");
    // What would have rung for the morning may have done so before the trial begins.
    assert_eq!((&deaf["against"]["caught"], &deaf["against"]["missed"]), (&object!(0), &object!(1)), "{deaf}");
    assert_eq!(deaf["against"]["episodes"][0]["lead_s"], Value::Null);

    std::fs::write(&episodes, EPISODES.replace("2024-04-30T13:00:00-03:00", "2023-04-30T13:00:00-03:00"))
        .expect("written");
    let (status, told) = ask(RULE).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    assert!(told.contains("lake-high.episodes.toml:1:1: "), "{told}");
    wire::until_replayed(running).await.expect("stops in order");

    // A file of its own has its episodes beside it, wherever it lies.
    std::fs::write(folder.path().join("lake-high.episodes.toml"), EPISODES).expect("written");
    let rule = folder.path().join("lake-high.toml");
    std::fs::remove_file(&episodes).expect("removed");
    let arguments = ["backtest", rule.to_str().expect("a path"), city.to_str().expect("a path")];
    let told = townbell(&arguments, &[("--data", &data)]);
    assert!(told.contains("2 caught, 0 missed, 0 rings for nothing."), "{told}");
    assert!(told.contains("0 pages by night"), "{told}");
}

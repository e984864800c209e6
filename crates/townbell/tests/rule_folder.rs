//! What lies in the rules' folder: files of any size and name, and those beside rules that change while it runs.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::path::Path;
use std::time::Duration;

use account::Access;
use house::{city_with, client, json};
use inside::start_city;
use serde_json::{Value, json as object};
use townbell::config::City;
use townbell::wire::{self, Running};

#[test]
fn a_file_of_any_size_or_name_is_told_and_not_taken_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), "");
    let rules = city.join("rules");
    let whole = std::fs::read_to_string(rules.join("strong-gusts.toml")).expect("a rule");
    let long = "x".repeat(101);
    std::fs::write(rules.join(format!("{long}.toml")), &whole).expect("written");
    std::fs::write(rules.join(format!("{}.toml", &long[1..])), &whole).expect("written");
    // A gigabyte without a block on the disk: read whole it would be felt.
    let big = std::fs::File::create(rules.join("big.toml")).expect("a file");
    big.set_len(1 << 30).expect("a length");
    let tests = std::fs::File::create(rules.join("strong-gusts.test.toml")).expect("a file");
    tests.set_len(5 << 20).expect("a length");
    let found = City::read(&city).expect_err("mistakes");
    let told: Vec<String> = found.iter().map(townbell::config::Mistake::by_name).collect();
    let expected = [
        "big.toml:1:1: cannot be read: it has more than 1024 KiB; make it shorter, or several".to_owned(),
        format!("{long}.toml:1:1: its name has 101 characters; a rule's has 100 at most"),
    ];
    assert_eq!(told, expected);
    std::fs::remove_file(rules.join("big.toml")).expect("removed");
    std::fs::remove_file(rules.join(format!("{long}.toml"))).expect("removed");
    let found = City::read(&city).expect("it loads").test_rules().expect_err("tests that are too long");
    assert!(found[0].by_name().starts_with("strong-gusts.test.toml:1:1: cannot be read: it has more than 4096 KiB"));
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{} has {from:?}", file.display());
    std::fs::write(file, text.replace(from, to)).expect("written");
}

/// What `/api/rules` says once its mistakes are such.
async fn told(running: &Running, such: impl Fn(&[Value]) -> bool) -> Value {
    let mut told = Value::Null;
    for _ in 0..600 {
        told = json(running.address, "/api/rules").await;
        if such(told["mistakes"].as_array().expect("a list")) {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within a minute: {}", told["mistakes"]);
}

fn is(mistakes: &[Value], file: &str, words: &str) -> bool {
    let fits =
        |one: &Value| one["file"] == file && one["message"].as_str().is_some_and(|message| message.starts_with(words));
    mistakes.len() == 1 && mistakes.iter().all(fits)
}

fn version_of(told: &Value, rule: &str) -> Value {
    let items = told["items"].as_array().expect("rules");
    items.iter().find(|item| item["id"] == rule).map_or(Value::Null, |item| item["version"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_whose_tests_fail_is_not_taken_and_files_beside_rules_are_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), "");
    let [rule, tests, episodes, gusts] =
        ["lake-above-2-5m.toml", "lake-above-2-5m.test.toml", "lake-will-pass-3m.episodes.toml", "strong-gusts.toml"]
            .map(|name| city.join("rules").join(name));
    let data = folder.path().join("data");
    let running = start_city(City::read(&city).expect("right"), &data, Access::DemoOnLoopback, 1).await;
    let before = told(&running, <[Value]>::is_empty).await;

    // The rule is another, and its tests say otherwise.
    edit(&rule, "above = 2.5", "above = 2.55");
    let fails = |all: &[Value]| is(all, "lake-above-2-5m.test.toml", "its tests fail: \"an hour's mean above");
    let now = told(&running, fails).await;
    assert_eq!(now["items"], before["items"], "the rules before stay in force");
    let page = json(running.address, "/api/rules/lake-above-2-5m").await;
    assert_eq!(page["in_force"], false);
    // Nor does it come into force with another one that is saved.
    let path = format!("http://{}/api/rules/another", running.address);
    let other = std::fs::read_to_string(&gusts).expect("a rule");
    let save = || {
        let body = object!({"role": "duty_officer", "text": other});
        client().put(&path).header("if-none-match", "*").json(&body).send()
    };
    let answer = save().await.expect("an answer");
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.expect("words").contains("lake-above-2-5m.test.toml"));
    edit(&rule, "above = 2.55", "above = 2.5");
    told(&running, <[Value]>::is_empty).await;

    // The tests alone are others.
    edit(&tests, "above 2.5 m\"", "above 9.5 m\"");
    told(&running, fails).await;
    assert_eq!(save().await.expect("an answer").status(), 201, "what has nothing to do with them is saved");
    let now = told(&running, fails).await;
    assert!(version_of(&now, "another").is_string());
    tokio::time::sleep(Duration::from_secs(5)).await;
    told(&running, fails).await;
    edit(&tests, "above 9.5 m\"", "above 2.5 m\"");
    told(&running, <[Value]>::is_empty).await;

    // Episodes keep no rule from ringing.
    edit(&episodes, "until = 2024-06-01", "until = 2024-05-01");
    edit(&gusts, "above = 17.0", "above = 16.9");
    let now = told(&running, |all| is(all, "lake-will-pass-3m.episodes.toml", "its episodes: ")).await;
    assert_ne!(version_of(&now, "strong-gusts"), version_of(&before, "strong-gusts"));
    edit(&episodes, "until = 2024-05-01", "until = 2024-06-01");
    told(&running, <[Value]>::is_empty).await;
    wire::until_replayed(running).await.expect("stops in order");
}

//! What could be of a person does not come in by the files of a city either, and is not shown by any way.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::path::Path;

use account::Access;
use house::{city_with, json};
use inside::start_city;
use townbell::config::{City, Mistake};
use townbell::{past, wire};

/// Written so that neither the signs between nor the digits are those of a telephone number.
const NUMBER: &str = "5\u{200D}1_9.9/9 8\u{FF18}-7 7·6 6";

fn edit(city: &Path, file: &str, from: &str, to: &str) {
    let path = city.join(file);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{file} has {from:?}");
    std::fs::write(path, text.replacen(from, to, 1)).expect("written");
}

/// Where and what, of one mistake that does not repeat what it found.
fn one(mistakes: &[Mistake]) -> (String, String) {
    let [mistake] = mistakes else { panic!("one mistake: {mistakes:?}") };
    assert!(!mistake.to_string().contains("·6 6"), "{mistake}");
    (mistake.name(), mistake.message.clone())
}

const PHONE: &str = "holds what looks like a telephone number; say a role, not a person";

#[test]
fn every_file_of_rules_is_searched_when_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let comment = format!("# {NUMBER} by night\nkind");
    let text = format!("what = \"Lake, {NUMBER}");
    let places = [
        ("rules/lake-above-2-5m.toml", "kind", comment.as_str()),
        ("rules/lake-above-2-5m.toml", "first_action = \"", &format!("first_action = \"Call {NUMBER}. ")),
        ("rules/lake-above-2-5m.test.toml", "name = \"", &format!("name = \"{NUMBER} ")),
        ("rules/lake-will-pass-3m.episodes.toml", "name = \"", &format!("name = \"{NUMBER} ")),
        ("oncall.toml", "name = \"wall\"", &format!("name = \"wall\" # {NUMBER}")),
    ];
    for (number, (file, from, to)) in places.into_iter().enumerate() {
        let city = city_with(&folder.path().join(number.to_string()), "");
        let oncall = house::demo().join("oncall.toml");
        std::fs::copy(oncall, city.join("oncall.toml")).expect("copied");
        City::read(&city).and_then(|city| city.test_rules()).expect("right before");
        edit(&city, file, from, to);
        let mistakes = City::read(&city).and_then(|city| city.test_rules()).expect_err("not any more");
        assert_eq!(one(&mistakes), (file.trim_start_matches("rules/").to_owned(), PHONE.to_owned()));
    }

    // A file that is only tried is none of the folder's.
    let city = City::read(&city_with(&folder.path().join("tried"), "")).expect("right");
    let rule = std::fs::read_to_string(house::demo().join("rules/lake-above-2-5m.toml")).expect("a rule");
    let rule = rule.replacen("what = \"", &text, 1);
    let errors = past::with_rule(&city, &city.rules, "elsewhere/tried.toml", &rule).expect_err("refused");
    assert!(errors.iter().all(|error| error.message == PHONE) && errors.len() == 1, "{errors:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_edited_by_hand_is_neither_put_in_force_nor_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), "");
    let data = folder.path().join("data");
    let running = start_city(City::read(&city).expect("right"), &data, Access::DemoOnLoopback, 1).await;
    let before = json(running.address, "/api/rules").await;
    edit(&city, "rules/lake-above-2-5m.toml", "first_action = \"", &format!("first_action = \"Call {NUMBER}. "));
    let told = loop {
        let told = json(running.address, "/api/rules").await;
        if told["mistakes"].as_array().is_some_and(|mistakes| !mistakes.is_empty()) {
            break told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(told["items"], before["items"], "the rules before stay in force");
    assert_eq!(told["mistakes"][0]["message"], PHONE);
    // Its page goes on: what it was told by is withheld, and the rest is there to be mended with.
    let shown = json(running.address, "/api/rules/lake-above-2-5m").await;
    assert!(shown["text"].is_null() && shown["tests"].is_string() && shown["version"].is_string(), "{shown}");
    assert_eq!(shown["withheld"][0]["message"], PHONE);
    assert!(!shown.to_string().contains("·6 6"), "{shown}");
    wire::until_replayed(running).await.expect("stops in order");
}

//! A start at which not all loads: the city is watched by what was in force, or by what loads, and everybody who looks
//! can see what is to be mended.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use house::{Program, json};
use serde_json::Value;
use server::{Foreign, Town, write_city};

async fn city(folder: &Path) -> PathBuf {
    let feeds = [("water", "sensor_things", "", None), ("warnings", "cap_atom", "/atom", None)];
    write_city(folder, &Foreign::start().await, &feeds)
}

fn text(city: &Path, name: &str) -> String {
    std::fs::read_to_string(city.join("rules").join(name)).expect("a rule")
}

fn write(city: &Path, name: &str, text: &str) {
    std::fs::write(city.join("rules").join(name), text).expect("written");
}

/// The rules in force, each with its version.
async fn in_force(address: SocketAddr) -> Vec<(String, String)> {
    let page = json(address, "/api/rules").await;
    let word = |rule: &Value, key: &str| rule[key].as_str().expect("text").to_owned();
    page["items"].as_array().expect("rules").iter().map(|rule| (word(rule, "id"), word(rule, "version"))).collect()
}

/// Where the mistakes are.
async fn mistakes(address: SocketAddr, path: &str) -> Vec<(String, u64)> {
    let page = json(address, path).await;
    let place = |one: &Value| (one["file"].as_str().expect("a file").to_owned(), one["line"].as_u64().expect("a line"));
    page["mistakes"].as_array().expect("mistakes").iter().map(place).collect()
}

async fn health(address: SocketAddr) -> (String, Vec<String>) {
    let health = json(address, "/health").await;
    (serde_json::from_value(health["status"].clone()).expect("text"), {
        serde_json::from_value(health["degraded"].clone()).expect("a list")
    })
}

fn names(rules: &[(String, String)]) -> Vec<&str> {
    rules.iter().map(|(name, _)| name.as_str()).collect()
}

/// Whether `townbell check` finds it right.
fn is_right(city: &Path) -> bool {
    Program::command(&["check"]).arg(city).output().expect("it runs").status.success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_were_in_force_stay_so_over_a_start_at_which_their_folder_does_not_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let (city, data) = (city(folder.path()).await, folder.path().join("data"));
    let town = Town::start(&city, &data).await;
    let before = in_force(town.address).await;
    assert_eq!(names(&before), ["level", "warning"]);
    town.program.stop();

    let right = text(&city, "level.toml");
    write(&city, "level.toml", &right.replace("\"moderate\"", "\"loud\""));
    // A new one beside it that is right: a folder is in force whole, or not.
    write(&city, "more.toml", &right.replace("2.5", "2.8"));
    assert!(!is_right(&city));
    let mut town = Town::start(&city, &data).await;
    assert_eq!(in_force(town.address).await, before, "as they were, by their old texts");
    assert_eq!(mistakes(town.address, "/api/rules").await, [("level.toml".to_owned(), 7)]);
    let (status, degraded) = health(town.address).await;
    assert_eq!((status.as_str(), degraded.len()), ("degraded", 1), "{degraded:?}");
    assert!(degraded[0].starts_with("1 mistake in the rules' folder"), "{degraded:?}");
    let log = town.program.log();
    assert!(log.contains("WARN") && log.contains("level.toml:7:12"), "{log}");

    write(&city, "level.toml", &right.replace("2.5", "2.6"));
    town.until("the folder is in force", async |address| mistakes(address, "/api/rules").await.is_empty()).await;
    let now = in_force(town.address).await;
    assert_eq!(names(&now), ["level", "more", "warning"]);
    assert_ne!(now[0], before[0], "by its new text");
    assert_eq!(health(town.address).await, ("ok".to_owned(), Vec::new()));
    town.program.stop();

    // A folder that is gone is not one without rules.
    std::fs::rename(city.join("rules"), city.join("away")).expect("moved");
    let mut town = Town::start(&city, &data).await;
    assert_eq!(in_force(town.address).await, now);
    assert_eq!(health(town.address).await.0, "degraded");
    std::fs::rename(city.join("away"), city.join("rules")).expect("moved");
    town.until("the folder is back", async |address| health(address).await.0 == "ok").await;
    assert_eq!(in_force(town.address).await, now);
    town.program.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_first_start_what_loads_is_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let (city, data) = (city(folder.path()).await, folder.path().join("data"));
    let right = text(&city, "level.toml");
    let joined = right
        .replace("kind = \"threshold\"", "kind = \"combined\"")
        .replace("datastream = 1\nstatistic = \"last\"\n", "")
        .replace("[open]\nabove = 2.5\n[close]\nbelow = 2.3\n", "");
    let joined = joined
        + "[condition.a]\nalert_of = \"level\"\n[condition.b]\nkind = \"threshold\"\ndatastream = 1\n\
           statistic = \"last\"\nabove = 3.5\n[open]\nwhen = { all = [\"a\", \"b\"] }\n";
    write(&city, "joined.toml", &joined);
    assert!(is_right(&city), "{joined}");
    write(&city, "level.toml", "kind = \"threshold\"\nowner =\n");
    assert!(!is_right(&city));
    let mut town = Town::start(&city, &data).await;
    // What looks at the alerts of a rule that is not there cannot be in force either.
    assert_eq!(names(&in_force(town.address).await), ["warning"]);
    assert_eq!(mistakes(town.address, "/api/rules").await, [("level.toml".to_owned(), 2)]);
    assert_eq!(health(town.address).await.0, "degraded");
    write(&city, "level.toml", &right);
    town.until("all are in force", async |address| in_force(address).await.len() == 3).await;
    assert_eq!(health(town.address).await.0, "ok");
    town.program.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_by_the_on_call_file_that_last_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (city, data) = (city(folder.path()).await, folder.path().join("data"));
    let oncall = |severity: &str| {
        format!(
            "[[channel]]\nname = \"wall\"\nkind = \"screen\"\n[[reach]]\nrole = \"duty_officer\"\nat_least = \"info\"\n\
             channels = [\"wall\"]\n[[escalation]]\nat_least = \"{severity}\"\nremind_every = \"7 min\"\n\
             step = [{{ after = \"0 s\", roles = [\"duty_officer\"] }}]\n"
        )
    };
    let file = city.join("oncall.toml");
    let reminds = async |address| json(address, "/api/on-call").await["chains"][0]["remind_every_s"].clone();

    // None loaded before: the pages alone, and it is said.
    std::fs::write(&file, oncall("loud")).expect("written");
    let town = Town::start(&city, &data).await;
    assert_eq!(reminds(town.address).await, Value::Null);
    assert_eq!(mistakes(town.address, "/api/on-call").await, [("oncall.toml".to_owned(), 9)]);
    assert_eq!(health(town.address).await.0, "degraded");
    assert!(town.program.log().contains("nobody is called but on the pages"));
    town.program.stop();

    std::fs::write(&file, oncall("info")).expect("written");
    let town = Town::start(&city, &data).await;
    assert_eq!(reminds(town.address).await, 420);
    assert_eq!(health(town.address).await.0, "ok");
    town.program.stop();

    std::fs::write(&file, oncall("loud")).expect("written");
    assert!(!is_right(&city));
    let town = Town::start(&city, &data).await;
    assert_eq!(reminds(town.address).await, 420, "as it last loaded");
    assert_eq!(mistakes(town.address, "/api/on-call").await, [("oncall.toml".to_owned(), 9)]);
    assert_eq!(health(town.address).await.0, "degraded");
    town.program.stop();

    // A city that takes its file away wants none.
    std::fs::remove_file(&file).expect("removed");
    let town = Town::start(&city, &data).await;
    assert_eq!(reminds(town.address).await, Value::Null);
    assert_eq!(health(town.address).await.0, "ok");
    town.program.stop();
    assert!(!data.join("oncall.toml").exists());
}

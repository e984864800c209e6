//! A city that is only sent to, and that nobody sent anything yet: its rules on silence ring all the same.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use std::net::SocketAddr;

use house::json;
use serde_json::Value;
use server::{Foreign, Town, feed, write_city};

const SILENT: &str = r#"
kind = "absence"
datastream = 1
after = "5 s"
owner = "duty_officer"
severity = "severe"
consequence = "Nobody sees the river."
first_action = "Call the station."
respond_within = "15 min"
purpose = "to_test"
"#;

async fn alerts(address: SocketAddr) -> Vec<Value> {
    json(address, "/api/alerts").await["items"].as_array().expect("alerts").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gauge_that_never_spoke_rings_and_a_restart_rings_no_second_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = write_city(folder.path(), &Foreign::start().await, &[("water", "sensor_things", "", None)]);
    std::fs::remove_file(city.join("rules/warning.toml")).expect("removed");
    std::fs::write(city.join("rules/silent.toml"), SILENT).expect("written");
    let data = folder.path().join("data");

    let mut town = Town::start(&city, &data).await;
    town.until("the silence rings", async |address| !alerts(address).await.is_empty()).await;
    let rung = alerts(town.address).await;
    assert_eq!((rung.len(), &rung[0]["key"]["rule"]), (1, &"silent".into()), "{rung:?}");
    // Nothing was sent, and nothing is said to have been.
    let water = feed(town.address, "water").await;
    assert_eq!((&water["tally"]["received"], &water["last_good"]), (&0.into(), &Value::Null), "{water}");
    let seq = json(town.address, "/health").await["journal_seq"].clone();
    town.program.stop();

    let town = Town::start(&city, &data).await;
    assert_eq!(json(town.address, "/health").await["journal_seq"], seq, "the journal begins once");
    let again = alerts(town.address).await;
    assert_eq!((again.len(), &again[0]["id"]), (1, &rung[0]["id"]));
    town.program.stop();
}

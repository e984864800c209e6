//! A replay and a sandbox send nothing, whatever waits.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json as object;

use crate::house::{Program, city_with, demo, free_address, json, post};
use crate::receiver::Receiver;
use crate::town::{call, item, seed, webhook};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_sends_nothing_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start().await;
    let city = city_with(folder.path(), "");
    let oncall = std::fs::read_to_string(demo().join("oncall.toml")).expect("the demo's");
    // Every call of the demo goes to the hook, and the watchman's too.
    let oncall = oncall.replace("channels = [\"wall\"]", "channels = [\"wall\", \"hook\"]");
    let heartbeat =
        format!("[heartbeat]\nurl = \"http://{}/beat\"\nprivate_network = true\nevery = \"10 s\"\n", receiver.address);
    let text = format!("{oncall}\n{}{heartbeat}", webhook("hook", receiver.address, "/hook"));
    std::fs::write(city.join("oncall.toml"), text).expect("written");
    let data = folder.path().join("data");
    seed(&data, &[call("k-hook", "hook")]);
    let address = free_address();
    let mut command = Program::command(&["demo", "--listen", &address.to_string(), "--speed", "60", "--city"]);
    command.arg(&city);
    let mut program = Program::start(command, &data);
    program.ready(address).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(receiver.at("/hook").is_empty() && receiver.at("/beat").is_empty(), "a replay sent something");
    let waiting = item(address, "k-hook").await;
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&"waiting".into(), &0.into()));
    assert_eq!(json(address, "/api/notifications").await["not_sent"], "Not sent: this is a replay.");
    let body = object!({ "channel": "push", "role": "duty_officer", "subscription": {
        "endpoint": "https://fcm.googleapis.com/x", "keys": { "p256dh": "", "auth": "" } } });
    let (status, body) = post(address, "/api/push/subscriptions", body.to_string()).await.expect("an answer");
    assert_eq!(status, StatusCode::CONFLICT, "{body}");
    program.kill();
}

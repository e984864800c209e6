//! Many senders at once, through the running program: one alert, one call, and nothing lost or counted twice. And what
//! comes late for an alert that is over is shown on it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use city::{Span, Time};
use house::{client, get, json, post};
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::{Foreign, Town, assert_balanced, feed, stored, write_city};
use tokio::sync::Barrier;
use townbell::clock::{Clock as _, LiveClock};

const ONE: &str = "/v1.1/Datastreams(1)/Observations";
/// Requests that are under way together, each with a connection and a task of its own.
const TASKS: usize = 100;
const REQUESTS_EACH: usize = 10;
/// Everybody who is called is called within so long: alerts of one minute are grouped, here of ten seconds.
const ON_CALL: &str = r#"
[calls]
group_wait = "10 s"
group_every = "10 s"
[[channel]]
name = "wall"
kind = "screen"
[[reach]]
role = "duty_officer"
at_least = "info"
channel = "wall"
[[escalation]]
at_least = "info"
step = [{ after = "0 s", roles = ["duty_officer"] }]
"#;

async fn start(folder: &Path) -> Town {
    let feeds = [("water", "sensor_things", "", None), ("warnings", "cap_atom", "/atom", None)];
    let city = write_city(folder, &Foreign::start().await, &feeds);
    std::fs::write(city.join("oncall.toml"), ON_CALL).expect("written");
    Town::start(&city, &folder.join("data")).await
}

async fn send(town: &Town, time: Time, result: f64) {
    let body = json!({ "phenomenonTime": time, "result": result }).to_string();
    let (status, text) = post(town.address, ONE, body).await.expect("an answer");
    assert_eq!(status, StatusCode::CREATED, "{text}");
}

async fn items(town: &Town, path: &str) -> Vec<Value> {
    json(town.address, path).await["items"].as_array().expect("items").clone()
}

/// Every reading above the line, all at once; the answers.
async fn storm(town: &Town, start: Time) -> Vec<StatusCode> {
    let ready = Arc::new(Barrier::new(TASKS));
    let url = format!("http://{}{ONE}", town.address);
    let task = |task: usize| {
        let (ready, url, client) = (Arc::clone(&ready), url.clone(), client());
        async move {
            let bodies = (0..REQUESTS_EACH).map(|k| {
                // Neighbours in time come from different tasks, so that most are out of order.
                let number = i64::try_from(k * TASKS + task).expect("a number");
                json!({ "phenomenonTime": start + Span::ms(number), "result": 3.0 + task as f64 / 100.0 }).to_string()
            });
            let requests: Vec<_> =
                bodies.map(|body| client.post(&url).header("content-type", "application/json").body(body)).collect();
            ready.wait().await;
            let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(request.send())).collect();
            let mut answers = Vec::new();
            for one in sent {
                answers.push(one.await.expect("a task").expect("an answer").status());
            }
            answers
        }
    };
    let running: Vec<_> = (0..TASKS).map(|number| tokio::spawn(task(number))).collect();
    let mut answers = Vec::new();
    for one in running {
        answers.extend(one.await.expect("a task"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_parallel_triggers_are_one_alert_and_one_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut town = start(folder.path()).await;
    let begun = LiveClock.now() - Span::min(1);
    let answers = storm(&town, begun).await;
    let all = TASKS * REQUESTS_EACH;
    assert_eq!(answers.len(), all);
    assert!(answers.iter().all(|status| *status == StatusCode::CREATED), "{answers:?}");

    town.until("it rings", async |address| {
        json(address, "/api/notifications").await["items"].as_array().is_some_and(|items| !items.is_empty())
    })
    .await;
    // What would ring a second time would do so with the next group.
    tokio::time::sleep(Duration::from_secs(15)).await;
    send(&town, begun + Span::s(30), 3.5).await;
    let counted = json(town.address, &format!("{ONE}?$top=0&$count=true")).await["@iot.count"].as_u64();
    assert_eq!(counted, Some(all as u64 + 1), "every one of them is kept, once");
    let alerts = items(&town, "/api/alerts?state=all").await;
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert_eq!((&alert["state"], &alert["key"]["subject"]), (&json!("open"), &json!("datastream:1")));
    let id = alert["id"].as_str().expect("an id");
    let history = json(town.address, &format!("/api/alerts/{id}")).await["history"].clone();
    let opened = history.as_array().expect("a history").iter().filter(|change| change["kind"] == "opened").count();
    assert_eq!(opened, 1, "{history:#}");
    let calls = items(&town, "/api/notifications?limit=1000").await;
    let [call] = calls.as_slice() else { panic!("one call: {calls:#?}") };
    assert_eq!(
        (&call["reason"], &call["role"], &call["alert"]),
        (&json!("opened"), &json!("duty_officer"), &json!(id))
    );
    assert_balanced(town.address).await;
    assert_eq!(stored(&feed(town.address, "water").await), all as u64 + 1);
    town.program.alive();
    town.program.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_reading_is_shown_on_the_alert_that_is_over_and_calls_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut town = start(folder.path()).await;
    let begun = LiveClock.now() - Span::min(30);
    send(&town, begun, 3.0).await;
    town.until("it rings", async |address| {
        json(address, "/api/notifications").await["items"].as_array().is_some_and(|items| !items.is_empty())
    })
    .await;
    send(&town, begun + Span::min(10), 2.0).await;
    town.until("it is over", async |address| {
        let over = json(address, "/api/alerts?state=resolved").await;
        over["items"].as_array().is_some_and(|items| items.len() == 1)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let calls = items(&town, "/api/notifications?limit=1000").await;
    send(&town, begun + Span::min(5), 9.0).await;
    town.until("it is marked", async |address| {
        json(address, "/api/alerts?state=all").await["items"][0]["late"] == json!(1)
    })
    .await;
    let alerts = items(&town, "/api/alerts?state=all").await;
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert_eq!(alert["state"], "resolved");
    let id = alert["id"].as_str().expect("an id");
    let history = json(town.address, &format!("/api/alerts/{id}")).await["history"].clone();
    let last = history.as_array().and_then(|history| history.last()).expect("a change");
    assert_eq!(last["kind"], "amended", "{history:#}");
    let words = format!("A reading for {} came late.", (begun + Span::min(5)).timestamp());
    assert_eq!(last["words"], json!(words));
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(items(&town, "/api/notifications?limit=1000").await.len(), calls.len(), "nobody is called");
    assert_eq!(get(town.address, "/health").await.expect("an answer").0, StatusCode::OK);
    town.program.stop();
}

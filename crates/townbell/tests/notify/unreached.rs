//! A role that cannot be reached, as the control room sees it: in the alert's history, in metrics and in health; and the
//! next role is called long before its time.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use townbell::clock::{Clock as _, LiveClock};

use crate::house::{get, json, post};
use crate::receiver::{Behaviour, Receiver};
use crate::server::Town;
use crate::town::{webhook, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_reached_is_seen_and_the_next_is_called_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start().await;
    receiver.behave("/refuses", Behaviour::Says(403));
    let channels =
        [webhook("refuses", receiver.address, "/refuses"), webhook("hook", receiver.address, "/hook")].concat();
    let city = write(folder.path(), &channels, &["refuses"], "").await;
    let text = std::fs::read_to_string(city.join("city.toml")).expect("the city");
    let text = text.replace("[\"duty_officer\"]\n[city", "[\"duty_officer\", \"manager\"]\n[city");
    std::fs::write(city.join("city.toml"), text).expect("written");
    let oncall = std::fs::read_to_string(city.join("oncall.toml")).expect("on call");
    let next = "{ after = \"0 s\", roles = [\"duty_officer\"] }, { after = \"24 h\", roles = [\"manager\"] }";
    let oncall = oncall.replace("{ after = \"0 s\", roles = [\"duty_officer\"] }", next);
    let more =
        "[[reach]]\nrole = \"manager\"\nat_least = \"info\"\nchannels = [\"hook\"]\n[calls]\ngroup_wait = \"0 s\"\n";
    std::fs::write(city.join("oncall.toml"), oncall + more).expect("written");
    let data = folder.path().join("data");

    let mut town = Town::start(&city, &data).await;
    let metrics = async |address| get(address, "/metrics").await.expect("metrics").1;
    let before = metrics(town.address).await;
    assert!(before.contains("townbell_calls_unreached_total{kind=\"webhook\"} 0\n"), "{before}");
    let reading = serde_json::json!({ "phenomenonTime": LiveClock.now(), "result": 4.0 });
    let (status, body) =
        post(town.address, "/v1.1/Datastreams(1)/Observations", reading.to_string()).await.expect("an answer");
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let came = receiver.until("/hook", 1, Duration::from_secs(40)).await;
    assert_eq!(came[0].json()["data"]["reason"], "escalated");
    assert_eq!(came[0].json()["data"]["role"], "manager");

    let alerts = json(town.address, "/api/alerts").await;
    let id = alerts["items"][0]["id"].as_str().expect("an alert").to_owned();
    let history = json(town.address, &format!("/api/alerts/{id}")).await;
    let steps: Vec<(&Value, &Value)> =
        history["history"].as_array().expect("steps").iter().map(|step| (&step["kind"], &step["words"])).collect();
    let (unreached, escalated) = (Value::from("unreached"), Value::from("escalated"));
    let at = steps.iter().position(|(kind, _)| **kind == unreached).unwrap_or_else(|| panic!("{steps:?}"));
    assert_eq!(steps[at].1, "duty_officer by refuses: refused");
    assert_eq!(steps.get(at + 1).map(|(kind, _)| *kind), Some(&escalated), "{steps:?}");

    // The next is reached, by a channel of the same kind; the one that refuses is cut off.
    town.until("both attempts are counted", async |address| {
        metrics(address).await.contains("townbell_call_attempts_total{kind=\"webhook\",outcome=\"delivered\"} 1\n")
    })
    .await;
    let told = metrics(town.address).await;
    for row in [
        "townbell_call_attempts_total{kind=\"webhook\",outcome=\"tried_again\"} 1\n",
        "townbell_call_attempts_total{kind=\"webhook\",outcome=\"given_up\"} 0\n",
        "townbell_calls_unreached_total{kind=\"webhook\"} 1\n",
        "townbell_channels_cut_off{kind=\"webhook\"} 1\n",
    ] {
        assert!(told.contains(row), "{row} is missing in {told}");
    }
    assert!(!told.contains("refuses\"") && !told.contains(&format!("{}", receiver.address)), "{told}");
    let health = json(town.address, "/health").await;
    assert_eq!(health["status"], "degraded");
    assert_eq!(
        health["degraded"][0],
        "the newest call by webhook did not get through; GET /api/notifications tells why"
    );

    // It comes back, with the next try: all is well again.
    receiver.behave("/refuses", Behaviour::Takes(Duration::ZERO));
    town.program.stop();
    let mut town = Town::start(&city, &data).await;
    assert_eq!(json(town.address, "/health").await["status"], "degraded", "a start mends nothing");
    for _ in 0..900 {
        if json(town.address, "/health").await["status"] == "ok" {
            break;
        }
        town.program.alive();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(json(town.address, "/health").await["degraded"], serde_json::json!([]));
    assert_eq!(receiver.at("/hook").len(), 1, "nobody is called a second time");
    town.program.stop();
}

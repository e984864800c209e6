//! What an operator sees of the broker: `/api/feeds` and `/metrics` of the program itself say the same, and the truth.

use std::net::SocketAddr;

use city::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::house::{get, json as ask};
use crate::server::{self, Foreign, Town, write_city};

const TOPIC: &str = "v1.1/Datastreams(1)/Observations";

/// The metrics about the broker, by name and labels.
async fn metrics(address: SocketAddr) -> Vec<(String, f64)> {
    let (status, page) = get(address, "/metrics").await.expect("an answer");
    assert_eq!(status, StatusCode::OK);
    let ours = page.lines().filter_map(|line| line.strip_prefix("townbell_mqtt_"));
    let split = |line: &str| {
        let (name, value) = line.split_once(' ').expect("a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    ours.map(split).collect()
}

async fn broker_of(address: SocketAddr) -> Value {
    ask(address, "/api/feeds").await["broker"].clone()
}

/// Both at one moment: what is told may still be on its way, so it is asked until nothing changed in between.
async fn both(address: SocketAddr) -> (Value, Vec<(String, f64)>) {
    for _ in 0..100 {
        let (before, metrics, after) = (broker_of(address).await, metrics(address).await, broker_of(address).await);
        if before == after {
            return (before, metrics);
        }
    }
    panic!("the account does not come to rest");
}

/// What the metrics must be when the interface says this.
fn expected(status: &Value) -> Vec<(String, f64)> {
    let mut all = vec![("connected".to_owned(), f64::from(u8::from(status["link"]["state"] == "connected")))];
    let since: city::Time = status["link"]["since"].as_str().expect("a time").parse().expect("a time");
    all.push(("link_since_seconds".to_owned(), since.s() as f64));
    let account = &status["account"];
    for name in ["received", "created", "duplicate", "echo", "postponed", "published", "turned_away", "dropped"] {
        all.push((format!("{name}_total"), account[name].as_f64().expect("a count")));
    }
    let refused = account["refused"].as_object().expect("reasons");
    let by_reason = |(reason, count): (&String, &Value)| {
        (format!("refused_total{{reason=\"{reason}\"}}"), count.as_f64().expect("a count"))
    };
    all.extend(refused.iter().map(by_reason));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_with_the_broker_is_shown_while_it_is_there_and_when_it_is_gone() {
    let mut broker = Broker::start("allow_anonymous true");
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = Foreign::start().await;
    let city = write_city(
        folder.path(),
        &foreign,
        &[("water", "sensor_things", "", None), ("warnings", "cap_atom", "/atom", None)],
    );
    let file = city.join("city.toml");
    let text = std::fs::read_to_string(&file).expect("the city");
    let mqtt = format!("[mqtt]\nbroker = \"127.0.0.1:{}\"\nreceive_prefix = \"in/\"\n", broker.ports.town);
    std::fs::write(&file, text + &mqtt).expect("written");
    let mut town = Town::start(&city, &folder.path().join("data")).await;
    town.until("connected", async |address| broker_of(address).await["link"]["state"] == "connected").await;

    let time = server::now(town.address).await - Span::min(1);
    let reading = json!({ "phenomenonTime": time, "result": 1.25 }).to_string();
    let far = json!({ "phenomenonTime": time, "result": 99 }).to_string();
    broker.publish(TOPIC, &[&reading, &reading, "no JSON", &far]);
    // The observation is told at `Observations`, at its datastream's and at its feature's; the feature at its own set.
    town.until("settled and told", async |address| {
        let account = broker_of(address).await["account"].clone();
        account["received"] == 4 && account["published"].as_u64() >= Some(3)
    })
    .await;
    let (status, metrics) = both(town.address).await;
    let account = &status["account"];
    assert_eq!((&account["created"], &account["duplicate"], &account["echo"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(account["refused"], json!({ "malformed": 1, "out_of_range": 1 }));
    assert_eq!((&account["dropped"], &account["turned_away"]), (&json!(0), &json!(0)));
    assert_eq!(metrics, expected(&status));

    broker.stop();
    town.until("silent", async |address| broker_of(address).await["link"]["state"] == "silent").await;
    let (status, metrics) = both(town.address).await;
    assert!(status["link"]["why"].is_string(), "{status}");
    assert_eq!(status["account"]["received"], 4, "what was counted stays");
    assert_eq!(metrics, expected(&status));
    assert_eq!(metrics.first(), Some(&("connected".to_owned(), 0.0)));
    town.program.stop();
}

//! What readers hear: the canonical entity, once, on the topics of the standard.

use std::time::Duration;

use serde_json::{Value, json};
use townbell::mqtt::{MqttConfig, Update};

use crate::broker::{Broker, publish_at};
use crate::inbox::{Town, config, update};

const TOPIC: &str = "v1.1/Datastreams(1)/Observations";
const SELECT: &str = "v1.1/Datastreams(1)/Observations?$select=result,phenomenonTime";
const LONG: &str = "v1.1/Things(3)/Datastreams(1)/Observations";
const OPEN: &str = "allow_anonymous true";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_the_canonical_entity_once_and_never_the_raw_message() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    let (one, all) = (broker.reader(&[TOPIC]), broker.reader(&["v1.1/#"]));
    broker.publish(TOPIC, &[r#"{"result": 41.5}"#, r#"{"result": 41.5}"#]);
    let whole = Value::Object(update(41.5).entity);
    let heard = one.rest();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!((heard[0].0.as_str(), json(&heard[0].1)), (TOPIC, whole.clone()));
    let heard: Vec<(String, Value)> = all.rest().into_iter().map(|(topic, body)| (topic, json(&body))).collect();
    assert_eq!(heard, [("v1.1/Observations".to_owned(), whole.clone()), (TOPIC.to_owned(), whole)]);
    let account = || town.counters.status().account;
    town.until("receipts", || (account().published, account().duplicate) == (2, 1)).await;
    // Nothing is retained for who comes later.
    assert!(broker.reader(&["v1.1/#"]).rest().is_empty());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_with_select_and_long_paths_are_served_when_listed() {
    let broker = Broker::start(OPEN);
    let listed = vec![SELECT.to_owned(), LONG.to_owned()];
    let town = Town::start(MqttConfig { topics: listed, ..config(broker.ports.town) }, 100);
    town.connected().await;
    let (select, long) = (broker.reader(&[SELECT]), broker.reader(&[LONG]));
    broker.publish(TOPIC, &[r#"{"result": 7}"#]);
    let heard = select.rest();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].0, SELECT);
    assert_eq!(json(&heard[0].1), json!({ "result": 7.0, "phenomenonTime": "2023-11-14T22:13:20Z" }));
    assert_eq!(long.rest().len(), 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_with_select_are_learned_from_mosquittos_log() {
    let broker = Broker::start(OPEN);
    let town = Town::start(MqttConfig { learn_topics: true, ..config(broker.ports.town) }, 100);
    town.connected().await;
    let select = broker.reader(&[SELECT]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    broker.publish(TOPIC, &[r#"{"result": 7}"#]);
    let heard = select.rest();
    assert_eq!(heard.len(), 1, "{:?}", town.counters.status());
    assert_eq!(json(&heard[0].1), json!({ "result": 7.0, "phenomenonTime": "2023-11-14T22:13:20Z" }));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_entity_is_told_with_its_properties() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    let reader = broker.reader(&["v1.1/#"]);
    let Value::Object(entity) = json!({ "@iot.id": 1, "name": "Weir", "description": "on the Arroio" }) else {
        panic!("an object")
    };
    let changed = Some(("Things(1)".to_owned(), vec!["name".to_owned()]));
    town.outbox.push(1, std::iter::once(Update { sets: vec!["Things".to_owned()], changed, entity: entity.clone() }));
    let heard: Vec<(String, Value)> = reader.rest().into_iter().map(|(topic, body)| (topic, json(&body))).collect();
    assert_eq!(
        heard,
        [
            ("v1.1/Things".to_owned(), Value::Object(entity.clone())),
            ("v1.1/Things(1)".to_owned(), Value::Object(entity)),
            ("v1.1/Things(1)/name".to_owned(), json!({ "name": "Weir" })),
        ]
    );
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_prefix_for_both_ways_nothing_goes_round() {
    let broker = Broker::start(OPEN);
    let plain = MqttConfig { receive_prefix: String::new(), ..config(broker.ports.town) };
    let town = Town::start(plain, 100);
    town.connected().await;
    let reader = broker.reader(&[TOPIC]);
    publish_at(broker.ports.town, &["-q", "1", "-t", TOPIC, "-m", r#"{"result": 9}"#], "");
    // The broker itself passes the raw message on: that is why there are prefixes. The canonical one comes once.
    let heard: Vec<Value> = reader.rest().into_iter().map(|(_, body)| json(&body)).collect();
    assert_eq!(heard, [json!({ "result": 9 }), Value::Object(update(9.0).entity)]);
    // Not even when another client brings ours back.
    publish_at(broker.ports.town, &["-q", "1", "-t", TOPIC, "-m", &heard[1].to_string()], "");
    town.until("it", || town.counters.status().account.echo == 1).await;
    assert_eq!(town.store.kept(), 1);
    town.stop().await;
}

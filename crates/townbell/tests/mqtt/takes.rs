//! What devices send: taken once, acknowledged when durable, bounded.

use std::sync::atomic::Ordering;
use std::time::Duration;

use townbell::mqtt::Link;
use townbell::mqtt::receive::RECEIVE_MAX;

use crate::broker::Broker;
use crate::inbox::{Town, config};

const TOPIC: &str = "v1.1/Datastreams(1)/Observations";
const OPEN: &str = "allow_anonymous true";

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_acknowledged_only_when_its_observation_is_durable() {
    let broker = Broker::start(OPEN);
    // The first store never commits: it has the message, and the power goes.
    let town = Town::start(config(broker.ports.town), 0);
    town.connected().await;
    broker.publish(TOPIC, &[r#"{"result": 1}"#]);
    town.until("the question", || town.store.asked() == 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(town.store.kept(), 0);
    town.kill().await;
    // So it comes again, and this store commits.
    let town = Town::start(config(broker.ports.town), 100);
    town.until("the observation", || town.store.kept() == 1).await;
    town.connected().await;
    town.stop().await;
    // So it does not come a third time.
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((town.store.asked(), town.counters.status().account.received), (0, 0));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_we_were_away_is_delivered_in_order() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    town.stop().await;
    let bodies: Vec<String> = (0..300).map(|result| format!("{{\"result\":{result}}}")).collect();
    broker.publish(TOPIC, &bodies.iter().map(String::as_str).collect::<Vec<_>>());
    let town = Town::start(config(broker.ports.town), 100);
    town.until("all of them", || town.store.kept() == 300).await;
    let kept: Vec<String> = town.store.kept.lock().expect("kept").iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(kept, bodies);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_acknowledges_nothing_and_goes_on_unaided() {
    let broker = Broker::start(OPEN);
    let town = Town::start_full(config(broker.ports.town));
    town.connected().await;
    broker.publish(TOPIC, &[r#"{"result": 1}"#, r#"{"result": 2}"#]);
    town.until("a second offer", || town.store.asked() >= 2).await;
    town.kill().await;
    let town = Town::start_full(config(broker.ports.town));
    town.until("an offer", || town.store.asked() >= 1).await;
    assert_eq!(town.store.kept(), 0);
    town.store.full.store(false, Ordering::SeqCst);
    town.until("both", || town.counters.status().account.created == 2).await;
    assert_eq!(town.store.kept(), 2);
    assert!(town.counters.status().account.postponed >= 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_share_a_commit_and_never_more_than_the_bound() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 0);
    town.connected().await;
    let bodies: Vec<String> = (0..3_000).map(|result| format!("{{\"result\":{result}}}")).collect();
    // While the store hangs on the first, no more than the bound is read, whatever the broker sends.
    broker.publish(TOPIC, &bodies.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(town.store.asked(), 1);
    town.store.commits.add_permits(10_000);
    // Counted a moment after they are kept.
    town.until("all of them", || town.counters.status().account.created == 3_000).await;
    assert_eq!(town.store.kept(), 3_000);
    let (asked, largest) = (town.store.asked(), town.store.largest.load(Ordering::SeqCst));
    assert!(largest <= u64::from(RECEIVE_MAX), "{largest} at once");
    assert!(asked <= 300, "{asked} commits for 3,000 messages");
    assert!(matches!(town.counters.status().link, Link::Connected { .. }));
    println!("3,000 messages in {asked} commits, the largest of {largest}");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_at_qos_0_are_taken_too() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    crate::broker::publish_at(broker.ports.devices, &["-q", "0", "-t", TOPIC, "-m", r#"{"result": 5}"#], "");
    town.until("it", || town.store.kept() == 1).await;
    town.stop().await;
}

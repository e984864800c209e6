//! Devices that send what they should not: all is acknowledged and counted, nothing is kept, nothing comes again.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use city::Reason;
use townbell::mqtt::packet::{self, Connect, Decoder, Incoming};

use crate::broker::{Broker, publish_at};
use crate::inbox::{Town, config};

const TOPIC: &str = "v1.1/Datastreams(1)/Observations";
const OPEN: &str = "allow_anonymous true";

/// A device that writes its packets itself. Gives what the broker says to each message, its reason, until it hangs up.
fn device(port: u16, messages: &[(&str, &[u8])]) -> Vec<u8> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the broker");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let mut out = Vec::new();
    let connect =
        Connect { client_id: "device", credentials: None, keep_alive_s: 60, session_kept_s: 0, receive_max: 10 };
    packet::connect(&mut out, &connect);
    for (id, (topic, payload)) in (1..).zip(messages) {
        out.extend(packet::publish(topic, Some(id), payload).expect("a message"));
    }
    stream.write_all(&out).expect("written");
    let (mut decoder, mut reasons, mut bytes) = (Decoder::default(), Vec::new(), [0; 4_096]);
    while reasons.len() < messages.len() {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return reasons,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return reasons,
            read => read.expect("an answer"),
        };
        decoder.feed(&bytes[..count]);
        while let Some(incoming) = decoder.next().expect("MQTT") {
            if let Incoming::PubAck { reason, .. } = incoming {
                reasons.push(reason);
            }
        }
    }
    reasons
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_devices_send_is_counted_and_does_not_come_again() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    let megabyte = vec![b'9'; 1 << 20];
    let deep = "[".repeat(60_000);
    let longest = format!("v1.1/{}/Observations", "D".repeat(60_000));
    let ids = format!("v1.1/Datastreams({})/Observations", "1".repeat(1_000));
    let messages: Vec<(&str, &[u8])> = vec![
        (TOPIC, &megabyte),
        (TOPIC, b"\xff\xfe\x00 not text"),
        (TOPIC, b""),
        (TOPIC, deep.as_bytes()),
        (TOPIC, b"{\"result\": {}}"),
        (&longest, b"{\"result\": 1}"),
        (&ids, b"{\"result\": 1}"),
        ("v1.1/Persons(1)/Observations", b"{\"result\": 1}"),
        ("v1.1/Datastreams('a;b')/Observations", b"{\"result\": 1}"),
        ("v1.1/Datastreams(1) or true/Observations", b"{\"result\": 1}"),
        ("v1.1//Observations", b"{\"result\": 1}"),
        (TOPIC, b"{\"result\": 1}"),
    ];
    let reasons = device(broker.ports.devices, &messages);
    // 0x10: nobody subscribed; below 0x80 the broker took it.
    assert!(reasons.len() == messages.len() && reasons.iter().all(|reason| *reason < 0x80), "{reasons:?}");
    town.until("all of them", || town.counters.status().account.received == 12).await;
    let account = town.counters.status().account;
    assert_eq!((town.store.kept(), account.created), (1, 1));
    let refused = [(Reason::Malformed, 3), (Reason::TooLarge, 1), (Reason::MissingField, 1), (Reason::NotAllowed, 6)];
    assert_eq!(account.refused, refused.into());
    town.stop().await;
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(town.counters.status().account.received, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_seventy_thousand_levels_ends_at_the_broker() {
    let broker = Broker::start(OPEN);
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    assert_eq!(packet::publish(&"a/".repeat(70_000), Some(1), b""), None, "a topic has 65,535 bytes at most");
    // The most levels that fit: Mosquitto hangs up on whoever sends them.
    let levels = "v1.1/".to_owned() + &"a/".repeat(32_000);
    assert!(device(broker.ports.devices, &[(&levels, b"{}")]).is_empty());
    publish_at(broker.ports.devices, &["-q", "1", "-t", TOPIC, "-m", r#"{"result": 1}"#], "");
    town.until("a good one", || town.counters.status().account.received == 1).await;
    assert_eq!(town.store.kept(), 1);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_speak_to_readers() {
    let broker = Broker::start(OPEN);
    let reader = broker.reader(&["v1.1/#"]);
    for topic in [TOPIC, "v1.1/Things(1)", "v1.1/Observations"] {
        broker.publish(topic, &[r#"{"result": 1}"#]);
        publish_at(broker.ports.readers, &["-q", "0", "-t", topic, "-m", "{}"], "");
    }
    assert!(reader.rest().is_empty());
}

use proptest::prelude::*;

use super::*;

/// Everything that comes out when the bytes come in pieces of `step`.
fn decode_in_steps(bytes: &[u8], step: usize) -> Result<Vec<Incoming>, Malformed> {
    let mut decoder = Decoder::default();
    let mut packets = Vec::new();
    for piece in bytes.chunks(step) {
        decoder.feed(piece);
        while let Some(packet) = decoder.next()? {
            packets.push(packet);
        }
    }
    Ok(packets)
}

#[test]
fn a_message_of_ours_reads_back() {
    let mut bytes = publish("v1.1/Observations", Some(7), b"{}").expect("a message");
    mark_again(&mut bytes);
    bytes.extend(publish("a", None, b"").expect("a message"));
    pubacks(&mut bytes, [9]);
    for step in [1, 2, 3, 1_000] {
        assert_eq!(
            decode_in_steps(&bytes, step),
            Ok(vec![
                Incoming::Publish(Publish {
                    topic: Some("v1.1/Observations".to_owned()),
                    id: Some(7),
                    again: true,
                    payload: b"{}".to_vec(),
                }),
                Incoming::Publish(Publish { topic: Some("a".to_owned()), id: None, again: false, payload: vec![] }),
                Incoming::PubAck { id: 9, reason: 0 },
            ])
        );
    }
}

#[test]
fn a_message_that_is_too_large_is_skipped_and_told_of() {
    let mut bytes = publish("t", Some(513), &vec![b'x'; MESSAGE_BYTES_MAX]).expect("a message");
    bytes.extend(publish("t", None, &vec![b'x'; 3 * MESSAGE_BYTES_MAX]).expect("a message"));
    bytes.extend([0xD0, 0]);
    for step in [1, 2, 1_000, 100_000, 10_000_000] {
        assert_eq!(
            decode_in_steps(&bytes, step),
            Ok(vec![Incoming::TooLarge { id: Some(513) }, Incoming::TooLarge { id: None }, Incoming::PingResp])
        );
    }
}

#[test]
fn mosquittos_welcome_is_read() {
    // As Mosquitto 2.0.11 sends it: session present, topic alias maximum 10, receive maximum 20.
    let bytes = [0x20, 0x09, 0x01, 0x00, 0x06, 0x22, 0x00, 0x0A, 0x21, 0x00, 0x14];
    let welcome = ConnAck {
        session_present: true,
        reason: 0,
        receive_max: 20,
        at_least_once: true,
        packet_bytes_max: u32::MAX,
        keep_alive_s: None,
    };
    assert_eq!(decode_in_steps(&bytes, 1), Ok(vec![Incoming::ConnAck(welcome)]));
    // Maximum QoS 0, packets of at most 256 bytes, keep-alive of 5 s, and properties that are passed over.
    let bytes =
        [0x20, 0x18, 0, 0, 0x15, 0x24, 0, 0x27, 0, 0, 1, 0, 0x13, 0, 5, 0x12, 0, 1, b'a', 0x26, 0, 0, 0, 0, 0x29, 1];
    let welcome = ConnAck {
        session_present: false,
        receive_max: u16::MAX,
        at_least_once: false,
        packet_bytes_max: 256,
        keep_alive_s: Some(5),
        ..welcome
    };
    assert_eq!(decode_in_steps(&bytes, 3), Ok(vec![Incoming::ConnAck(welcome)]));
}

#[test]
fn what_is_not_mqtt_is_refused() {
    for bytes in [
        &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01][..],
        b"HTTP/1.1 400 Bad Request\r\n",
        // QoS 2 and QoS 3.
        &[0x34, 5, 0, 1, b'a', 0, 1],
        &[0x36, 5, 0, 1, b'a', 0, 1],
        // A topic longer than its packet.
        &[0x30, 3, 0, 9, b'a'],
        // A CONNACK with a property that there is not.
        &[0x20, 4, 0, 0, 1, 0x77],
        // A large packet that is no message.
        &[0x40, 0xFF, 0xFF, 0x7F],
        // Reserved types.
        &[0x00, 0],
        &[0xF0, 0],
    ] {
        assert!(decode_in_steps(bytes, 1).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_topic_that_is_not_text_is_still_a_message() {
    let bytes = [0x32, 7, 0, 2, 0xFF, 0xFE, 0, 5, 0];
    let message = Publish { topic: None, id: Some(5), again: false, payload: vec![] };
    assert_eq!(decode_in_steps(&bytes, 4), Ok(vec![Incoming::Publish(message)]));
}

#[test]
fn a_topic_that_no_broker_takes_is_not_written() {
    for topic in ["", "a/+", "a/#", "a\0"] {
        assert_eq!(publish(topic, Some(1), b""), None);
    }
    assert_eq!(publish(&"a".repeat(65_536), Some(1), b""), None);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let whole = decode_in_steps(&bytes, 1_000);
        let pieces = decode_in_steps(&bytes, 1);
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn every_message_reads_back(
        topic in "[a-z/()0-9$?=,]{1,200}",
        id in proptest::option::of(1_u16..),
        payload in proptest::collection::vec(any::<u8>(), 0..20_000),
        step in 1_usize..5_000,
    ) {
        let bytes = publish(&topic, id, &payload).expect("a message");
        let message = Publish { topic: Some(topic), id, again: false, payload };
        prop_assert_eq!(decode_in_steps(&bytes, step), Ok(vec![Incoming::Publish(message)]));
    }
}

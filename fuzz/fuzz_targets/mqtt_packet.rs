//! Any bytes from a broker, in any pieces, are the same packets or the same refusal, within bounds.
#![no_main]

#[path = "../../crates/townbell/src/mqtt/packet.rs"]
#[allow(dead_code, reason = "what is written to a broker is not read here")]
mod packet;

use libfuzzer_sys::fuzz_target;
use packet::{Decoder, Incoming, MESSAGE_BYTES_MAX, Malformed};

fuzz_target!(|data: &[u8]| {
    let Some((step, bytes)) = data.split_first() else { return };
    let whole = decode(bytes, bytes.len().max(1));
    assert_eq!(whole, decode(bytes, usize::from(*step).max(1)));
});

fn decode(bytes: &[u8], step: usize) -> Result<Vec<Incoming>, Malformed> {
    let mut decoder = Decoder::default();
    let mut packets = Vec::new();
    for piece in bytes.chunks(step) {
        decoder.feed(piece);
        while let Some(incoming) = decoder.next()? {
            if let Incoming::Publish(message) = &incoming {
                assert!(message.payload.len() <= MESSAGE_BYTES_MAX);
            }
            packets.push(incoming);
        }
    }
    Ok(packets)
}

//! An `Admitted` made outside the gate: by its field, by a function, from bytes.
use city::{FeedBeat, Record};
use gate::Admitted;

fn main() {
    let record = Record::FeedBeat(FeedBeat { good: true });
    let _ = Admitted(record.clone());
    let _ = Admitted::new(record);
    let _: Admitted<Record> = postcard::from_bytes(&[6, 1]).unwrap();
}

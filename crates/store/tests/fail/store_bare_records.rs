//! A batch of bare records, past the gate.
use city::{FeedBeat, FeedId, Record};

fn main() {
    let records: Vec<Record> = vec![Record::FeedBeat(FeedBeat { good: true })];
    let _ = store::Batch::new(FeedId::new("water"), records);
}

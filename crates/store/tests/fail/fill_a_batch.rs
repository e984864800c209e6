//! A batch filled by hand: its fields are private.
use city::{FeedBeat, FeedId, Record, Tally, Time};

fn main() {
    let _ = store::Batch {
        feed: FeedId::new("water"),
        now: Time::default(),
        records: vec![Record::FeedBeat(FeedBeat { good: true })],
        timetable: None,
        tally: Tally::default(),
    };
}

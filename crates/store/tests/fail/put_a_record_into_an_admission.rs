//! An admission is open to read, but what it holds is sealed.
use city::{FeedBeat, FeedId, Record};

fn slip_in(mut admission: gate::Admission) {
    admission.records.push(Record::FeedBeat(FeedBeat { good: true }));
    let _ = store::Batch::new(FeedId::new("water"), admission);
}

fn main() {}

//! An `Admitted` made outside the gate: by its field, by a function. (That none is read back from bytes is checked
//! in the gate itself, where the answer does not name every type that could be.)
use city::{FeedBeat, Record};
use gate::Admitted;

fn main() {
    let record = Record::FeedBeat(FeedBeat { good: true });
    let _ = Admitted(record.clone());
    let _ = Admitted::new(record);
}

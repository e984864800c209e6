//! What goes into the journal at once, and what comes back.

use std::sync::Arc;

use city::{FeedId, Observations, Record, Seq, Tally, Time, Timetable};
use gate::{Admission, Admitted};

use crate::error::StoreError;
use crate::journal::JournalRow;

/// What the gate let through of one feed at one time. It cannot be made from bare records:
///
/// ```compile_fail
/// # use city::{FeedBeat, Record};
/// let records: Vec<Record> = vec![Record::FeedBeat(FeedBeat { good: true })];
/// let batch = store::Batch::new("water".into(), records);
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) feed: FeedId,
    pub(crate) now: Time,
    pub(crate) records: Vec<Admitted<Record>>,
    pub(crate) timetable: Option<Admitted<Arc<Timetable>>>,
    pub(crate) tally: Tally,
}

/// A group of batches after it is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct CommittedGroup {
    /// What became of each batch, in the order in which they were given.
    pub batches: Vec<Committed>,
    /// What was written, as the journal has it and in its order: who steps over these sees what a later run over the
    /// journal sees. Of each batch the records but the observations come first, as one row; then the observations of
    /// each feed, all batches together, as one row. Entities and erasures stand between: observations that came before
    /// them are in rows before them.
    pub rows: Vec<JournalRow>,
}

/// A batch after it is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The last row of the journal that holds something of it; `None` when nothing of it was new.
    pub seq: Option<Seq>,
    /// When its group was received: the newest of the gate's times, never earlier than any entry or tick before it.
    pub received: Time,
    /// Who sent it.
    pub feed: FeedId,
    /// The final account of the batch; it balances.
    pub tally: Tally,
    /// Those of its observations that say what was known already.
    pub known: Observations,
    /// The disk was full, and nothing of the batch is kept or counted; its sender has to send it again.
    pub full: bool,
}

impl Batch {
    /// Takes an admission of a feed. Fails when entities went missing on the way (the tally has received more or
    /// fewer than there are records, duplicates and refusals), or a timetable is not whole.
    pub fn new(feed: FeedId, admission: Admission) -> Result<Self, StoreError> {
        let Admission { now, records, timetable, tally, .. } = admission;
        let entities: u64 = records.iter().map(|record| record.entities()).sum();
        let counted = entities + tally.duplicate + tally.rejected_total();
        if tally.received != counted || tally.stored != 0 {
            return Err(StoreError::Unbalanced { feed, received: tally.received, counted });
        }
        let versions = records.iter().filter(|record| matches!(record.as_ref(), Record::Timetable(_))).count();
        if versions != usize::from(timetable.is_some()) {
            return Err(StoreError::TimetableIncomplete(feed));
        }
        Ok(Self { feed, now, records, timetable, tally })
    }

    /// Records in it, beats included.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds no record; its tally may still count refusals.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

//! What the gate answers for one batch.

use std::sync::Arc;

use city::{FeedBeat, Observations, Reason, Record, RequestsCut, ServiceRequest, Tally, Time, Timetable, Unreached};

use crate::admitted::Admitted;
use crate::scan::HitKind;

/// Refusals that an answer lists one by one; the rest is in the tally. A batch of 10,000 bad entities must not
/// grow the answer, and a sender needs no more than a screen of examples.
pub const REFUSALS_MAX: usize = 32;

/// One refused entity: where it stood in the batch, why, and never a byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Place in the batch, from 0.
    pub index: usize,
    /// Why.
    pub reason: Reason,
    /// What the scan of its text found, when the reason is [`Reason::PersonalText`].
    pub hits: Vec<HitKind>,
}

/// A batch after the gate, ready for the store.
///
/// `tally.received` = entities of the records + `tally.rejected`: the store splits them into stored and duplicate. A beat is
/// the centre's own note about a feed and no entity of it, so it is in no tally.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// When the gate judged it; the store stamps it as received, never earlier than what it has.
    pub now: Time,
    /// What may be stored, in the order in which it came.
    pub records: Vec<Admitted<Record>>,
    /// The tables of a timetable that came into force with this batch.
    pub timetable: Option<Admitted<Arc<Timetable>>>,
    /// The account so far.
    pub tally: Tally,
    /// The first refusals, at most [`REFUSALS_MAX`].
    pub refusals: Vec<Refusal>,
}

impl Admission {
    pub(crate) fn empty(now: Time) -> Self {
        Self { now, records: Vec::new(), timetable: None, tally: Tally::default(), refusals: Vec::new() }
    }

    pub(crate) fn take(&mut self, record: Record) {
        self.tally.received += 1;
        self.records.push(Admitted::new(record));
    }

    /// Takes observations as one record in canonical order; none at all is no record.
    pub(crate) fn take_observations(&mut self, mut rows: Observations) {
        if rows.is_empty() {
            return;
        }
        rows.sort();
        self.tally.received += rows.len() as u64;
        self.records.push(Admitted::new(Record::Observations(rows)));
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.tally.reject(refusal.reason);
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(refusal);
        }
    }

    /// Adds what the decoder refused before the gate saw it: its rejections, duplicates and dropped fields. The
    /// decoder's `received` is not read: entities that it passed on are counted here already.
    #[must_use]
    pub fn counting(mut self, decoded: &Tally) -> Self {
        let refused = Tally {
            received: decoded.rejected_total() + decoded.duplicate,
            stored: 0,
            duplicate: decoded.duplicate,
            rejected: decoded.rejected.clone(),
            fields_dropped: decoded.fields_dropped,
        };
        self.tally.add(&refused);
        self
    }

    /// Notes, before anything else of this batch, that there were more residents' requests than were read.
    #[must_use]
    pub fn with_cut(mut self) -> Self {
        let hour = ServiceRequest::hour_of(self.now);
        self.records.insert(0, Admitted::new(Record::RequestsCut(RequestsCut { hour })));
        self
    }

    /// Notes what became of calls.
    pub(crate) fn with_unreached(mut self, calls: impl IntoIterator<Item = Unreached>) -> Self {
        self.records.extend(calls.into_iter().map(|call| Admitted::new(Record::Unreached(call))));
        self
    }

    /// Notes that the feed was asked: `good` when the answer could be read (unchanged counts), else false.
    #[must_use]
    pub fn with_beat(mut self, good: bool) -> Self {
        self.records.push(Admitted::new(Record::FeedBeat(FeedBeat { good })));
        self
    }
}

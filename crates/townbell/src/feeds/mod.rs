//! Feeds: bytes come in, are decoded and judged, and are handed to the desk. A feed never dies: it counts.

mod candidates;
pub mod poll;

use std::sync::{Arc, PoisonError};

use city::{FeedId, Reason, Tally, Time, Timetable};
use gate::{Admission, Candidate, Gate, GateError};

use crate::clock::Clock;
use crate::desk::{Desk, Timetables};

/// The way in, shared by pollers and endpoints: the gate, the timetables that it judges by, and the desk behind it.
pub struct Door {
    /// The gate.
    pub gate: Gate,
    /// The desk.
    pub desk: Desk,
    /// The city's time.
    pub clock: Arc<dyn Clock>,
    timetables: Timetables,
}

impl Door {
    /// A door before a desk.
    pub fn new(gate: Gate, desk: Desk, clock: Arc<dyn Clock>, timetables: Timetables) -> Self {
        Self { gate, desk, clock, timetables }
    }

    /// The timetable that the trips of a feed are in.
    pub fn timetable_of(&self, feed: &FeedId) -> Option<Arc<Timetable>> {
        let belongs = self.gate.timetable_of(feed)?;
        self.timetables.read().unwrap_or_else(PoisonError::into_inner).get(belongs).cloned()
    }

    /// Judges what a feed's document held.
    ///
    /// # Errors
    /// When the feed has no contract.
    pub fn judge(&self, feed: &FeedId, candidates: Vec<Candidate>, decoded: &Tally) -> Result<Admission, GateError> {
        let timetable = self.timetable_of(feed);
        let admission = self.gate.admit(feed, candidates, self.clock.now(), timetable.as_deref())?;
        Ok(admission.counting(decoded))
    }

    /// What is booked for a document that could not be read at all: one entity, refused, and a bad beat.
    ///
    /// # Errors
    /// When the feed has no contract.
    pub fn unreadable(&self, feed: &FeedId, reason: Reason, now: Time) -> Result<Admission, GateError> {
        let mut refused = Tally::default();
        refused.reject(reason);
        Ok(self.gate.beat(feed, false, now)?.counting(&refused))
    }
}

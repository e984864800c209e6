//! One check a kind of record. Each takes a candidate and gives a record, or the reason why not.

pub(crate) mod desk;
mod entity;
mod observation;
mod service_alert;
mod service_request;
mod timetable;
mod trip;
mod warning;

use city::{Contract, FeedKind, Reason, Record, Span, Time, Timetable};

use crate::candidate::Candidate;
use crate::gate::Gate;
use crate::scan::HitKind;
use crate::text;

pub(crate) use entity::judge as entity;
pub(crate) use observation::{in_range, judge as observation, series};
pub(crate) use timetable::timetable;

/// How far a sender's clock may run ahead of ours.
const CLOCK_AHEAD_MAX: Span = Span::min(5);

/// What a check may look at, and the fields that it dropped.
pub(crate) struct Door<'a> {
    pub(crate) gate: &'a Gate,
    pub(crate) contract: &'a Contract,
    pub(crate) now: Time,
    pub(crate) timetable: Option<&'a Timetable>,
    pub(crate) dropped: u64,
}

/// Why an entity was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    pub(crate) hits: Vec<HitKind>,
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { reason, hits: Vec::new() }
    }
}

impl Door<'_> {
    /// A time that the feed claims for something that has happened: not ahead of us, not past its retention.
    pub(crate) fn happened(&self, time: Time) -> Result<(), Refused> {
        if self.gate.policy.sandbox {
            // A conformance suite sends observations of any year.
            return Ok(());
        }
        let age = self.now.since(time);
        let ahead = time.since(self.now) > CLOCK_AHEAD_MAX;
        if ahead || age > self.contract.retention { Err(Reason::BadTime.into()) } else { Ok(()) }
    }

    /// A text that is refused rather than cut: nothing hidden in it, and nothing of a person.
    fn no_person(&self, text: &str) -> Result<(), Refused> {
        if text.chars().any(|c| c != '\r' && text::is_hidden(c)) {
            return Err(Reason::Malformed.into());
        }
        let hits = self.gate.text.hits(text);
        if hits.is_empty() { Ok(()) } else { Err(Refused { reason: Reason::PersonalText, hits }) }
    }

    /// An organisation's text, as it may be kept.
    fn clean(&mut self, text: &str, chars_max: usize) -> String {
        self.gate.text.clean(text, chars_max, &mut self.dropped)
    }

    /// Keeps of a list what fits; what does not is counted as dropped.
    fn keep<T>(&mut self, list: Vec<T>, fits: impl Fn(&T) -> bool) -> Vec<T> {
        let before = list.len();
        let kept: Vec<T> = list.into_iter().filter(fits).collect();
        self.dropped += (before - kept.len()) as u64;
        kept
    }
}

/// Judges one candidate that is not an observation: those go in columns.
pub(crate) fn judge(door: &mut Door<'_>, candidate: Candidate) -> Result<Record, Refused> {
    let kind = door.contract.kind;
    match (candidate, kind) {
        (Candidate::VehiclePosition(p), FeedKind::GtfsRtVehiclePositions) => {
            trip::position(door, p).map(Record::VehiclePosition)
        }
        (Candidate::TripUpdate(u), FeedKind::GtfsRtTripUpdates) => trip::update(door, u).map(Record::TripUpdate),
        (Candidate::ServiceAlert(a), FeedKind::GtfsRtAlerts) => service_alert::judge(door, a).map(Record::ServiceAlert),
        (Candidate::Warning(w), FeedKind::CapAtom | FeedKind::CapFiles) => warning::judge(door, w).map(Record::Warning),
        (Candidate::ServiceRequest(r), FeedKind::Open311) => {
            service_request::judge(door, r).map(Record::ServiceRequest)
        }
        (Candidate::Acknowledgement(a), FeedKind::ControlRoom) => {
            desk::acknowledgement(door.gate, &a).map(|()| Record::Acknowledgement(a))
        }
        (Candidate::DeskAction(a), FeedKind::ControlRoom) => {
            desk::action(door.gate, &a, door.now).map(|()| Record::DeskAction(a))
        }
        _ => Err(Reason::NotAllowed.into()),
    }
}

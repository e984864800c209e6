//! What rules may come to hold, in bytes: bounds that hold whatever the feeds say and however often they speak.

use city::{FeedId, RuleId};

use crate::combined::Looks;
use crate::fence::{LOCATIONS_MAX, Located};
use crate::requests::{COUNTS_BYTES_MAX, TICKETS_BYTES_MAX};
use crate::rise::Rising;
use crate::rule::{Kind, Rule};
use crate::state::{ConditionSeen, Progress, RUNS_MAX, RunHeard, Standing, THREAD_MAX, WARNINGS_MAX, ZoneSeen};

/// What one rule may come to hold: a rule over every series of a large city (10,000), with the readings of a window
/// each, stays below; one that asks for more would starve the others.
pub const RULE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// An id as the gate lets it in, in bytes, with what tells its length and who shares it.
const ID_BYTES: usize = 128 + 16;
/// The words of a warning as the gate lets them in: event, sender's name and headline, 300, 300 and 600 characters of
/// at most four bytes.
const WARNING_WORDS_BYTES: usize = 1_200 * 4;
/// Trees of the standard library have leaves that may be half empty, and a third more for what leads to them.
const TREE: usize = 3;
/// A subject of a rule without a cell for it: its timers, under the rule and its name.
const SUBJECT_BYTES: usize = TREE * size_of::<((RuleId, String), Progress)>() + 3 * ID_BYTES;
/// What was last heard of one run of a trip.
const RUN_BYTES: usize = TREE * size_of::<(city::TripKey, RunHeard)>() + ID_BYTES;
/// A warning that stands, without the places that it touches.
const WARNING_BYTES: usize = TREE * size_of::<((FeedId, String), Standing)>()
    + 2 * ID_BYTES
    + WARNING_WORDS_BYTES
    + THREAD_MAX.next_power_of_two() * (size_of::<String>() + ID_BYTES);

/// The point of a location.
const POINT_BYTES: usize = TREE * size_of::<(city::EntityId, city::Position)>();
/// A thing: its name, as long as the gate lets it be, and its locations, of which few have more than one.
const THING_BYTES: usize = TREE * size_of::<(city::EntityId, Located)>() + 300 + size_of::<city::EntityId>() * 4;

/// What a rule may come to hold, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// By itself.
    pub own_bytes: usize,
    /// Together with the other rules that look at the same feeds: runs, warnings, tickets. It is there once for all of
    /// them.
    pub shared_bytes: usize,
}

impl Holds {
    /// What a rule on this may come to hold at most.
    pub fn of(kind: &Kind) -> Self {
        let subjects = |count: usize| count * SUBJECT_BYTES;
        let own = |own_bytes: usize| Self { own_bytes, shared_bytes: 0 };
        match kind {
            Kind::Figure(on) => own(on.datastreams.len() * on.figure.bytes_max()),
            Kind::Rise(on) => own(on.datastreams.len() * Rising::bytes_max(on.trend_window)),
            Kind::Absence(on) => own(subjects(on.of.len())),
            Kind::Warning(on) => {
                let named: usize = on.places.iter().map(|place| size_of_val(place) + place.as_str().len() + 16).sum();
                Self {
                    own_bytes: subjects(WARNINGS_MAX * on.places.len()),
                    shared_bytes: WARNINGS_MAX * (WARNING_BYTES + named),
                }
            }
            Kind::Trip(on) => with_runs(subjects(lines(on.routes.len(), on.trips))),
            Kind::Headway(on) => with_runs(subjects(lines(on.routes.len(), 1))),
            Kind::Zone(on) => {
                let seen: usize = on.zones.iter().map(|zone| size_of::<ZoneSeen>() + zone.as_str().len() + 16).sum();
                let by_line = on.zones.len() * on.routes.len().max(1);
                with_runs(subjects(by_line) + RUNS_MAX * seen)
            }
            Kind::Fence(on) => {
                Self { own_bytes: subjects(on.zones.len()), shared_bytes: LOCATIONS_MAX * (POINT_BYTES + THING_BYTES) }
            }
            Kind::Requests(_) => Self { own_bytes: COUNTS_BYTES_MAX, shared_bytes: TICKETS_BYTES_MAX },
            Kind::Combined(combined) => {
                let conditions = combined.conditions.iter().map(|condition| match &condition.looks {
                    Looks::At(kind) => Self::of(kind),
                    Looks::Alert(_) => Self::default(),
                });
                let seen = TREE * size_of::<((RuleId, u16), ConditionSeen)>() + ID_BYTES;
                let start = own(subjects(1) + combined.conditions.len() * seen);
                conditions.fold(start, |sum, more| Self {
                    own_bytes: sum.own_bytes.saturating_add(more.own_bytes),
                    shared_bytes: sum.shared_bytes.max(more.shared_bytes),
                })
            }
        }
    }

    /// All of it.
    pub fn bytes(self) -> usize {
        self.own_bytes.saturating_add(self.shared_bytes)
    }
}

impl Rule {
    /// What it may come to hold at most.
    pub fn holds(&self) -> Holds {
        let kind = Holds::of(&self.kind);
        let inputs = self.guard.as_ref().map_or(0, |guard| guard.inputs.len());
        // A guard's input has a cell of its own, and its newest reading lies beside.
        let guard = inputs * (crate::figure::Figure::Last.bytes_max() + TREE * size_of::<(u64, f64)>());
        Holds { own_bytes: kind.own_bytes + guard, ..kind }
    }
}

fn with_runs(own_bytes: usize) -> Holds {
    Holds { own_bytes, shared_bytes: RUNS_MAX * RUN_BYTES }
}

/// The lines that may be in trouble at once: those that are named, or as many as there are runs for.
fn lines(named: usize, runs_each: u32) -> usize {
    let runs_each = usize::try_from(runs_each).unwrap_or(RUNS_MAX).max(1);
    if named > 0 { named } else { RUNS_MAX / runs_each }
}

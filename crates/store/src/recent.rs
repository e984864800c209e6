//! What runs were last seen, in memory: a poll of positions repeats most of what the last one said.

use std::collections::HashMap;

use city::{FeedId, Record, ScheduleRelationship, Span, StopId, TripKey, TripUpdate, VehiclePosition};

use crate::error::StoreError;
use crate::journal;
use crate::reader::Reader;

/// How long a run is remembered after it was last heard of, by received time. The same span of the journal is read
/// again when the store opens, so a restart changes no verdict.
pub const RECENT_SPAN: Span = Span::h(2);
/// Runs remembered at most; the largest agency has some 10,000 vehicles out at once.
const RUNS_MAX: usize = 200_000;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    New,
    Duplicate,
    Stale,
}

#[derive(Clone, Debug)]
struct Update {
    time_ms: i64,
    delay_s: Option<i32>,
    relationship: ScheduleRelationship,
    stop: Option<StopId>,
}

/// A feed brings positions or updates, never both (its contract has one kind), so one time of hearing is enough.
#[derive(Clone, Debug, Default)]
struct Run {
    received_ms: i64,
    position_ms: Option<i64>,
    update: Option<Update>,
}

/// The runs heard of within [`RECENT_SPAN`].
#[derive(Debug, Default)]
pub(crate) struct Recent {
    runs: HashMap<FeedId, HashMap<TripKey, Run>>,
    count: usize,
}

impl Recent {
    /// From the tail of the journal.
    pub(crate) fn rebuild(reader: &Reader, last_received_ms: i64) -> Result<Self, StoreError> {
        let mut recent = Self::default();
        let from_ms = last_received_ms - RECENT_SPAN.as_ms();
        journal::each_of_runs(&reader.connection, from_ms, |row| {
            for record in &row.records {
                match record {
                    Record::VehiclePosition(position) => {
                        recent.position(&row.feed, position, row.received.ms());
                    }
                    Record::TripUpdate(update) => {
                        recent.update(&row.feed, update, row.received.ms());
                    }
                    _ => {}
                }
            }
            Ok(())
        })?;
        Ok(recent)
    }

    /// A position counts when it is newer than the last one of its run.
    pub(crate) fn position(&mut self, feed: &FeedId, position: &VehiclePosition, received_ms: i64) -> Verdict {
        let run = self.run(feed, &position.trip, received_ms);
        let time_ms = position.time.ms();
        if run.position_ms.is_some_and(|last_ms| time_ms <= last_ms) {
            return Verdict::Duplicate;
        }
        run.position_ms = Some(time_ms);
        run.received_ms = received_ms;
        Verdict::New
    }

    /// An update counts when it is newer, or corrects what was said for the same time. An older one that says
    /// something else is stale news: taking it would set the run back.
    pub(crate) fn update(&mut self, feed: &FeedId, update: &TripUpdate, received_ms: i64) -> Verdict {
        let run = self.run(feed, &update.trip, received_ms);
        let time_ms = update.time.ms();
        if let Some(last) = run.update.as_ref().filter(|last| time_ms <= last.time_ms) {
            let same =
                last.delay_s == update.delay_s && last.relationship == update.relationship && last.stop == update.stop;
            if same {
                return Verdict::Duplicate;
            }
            if time_ms < last.time_ms {
                return Verdict::Stale;
            }
        }
        let (delay_s, relationship, stop) = (update.delay_s, update.relationship, update.stop.clone());
        run.update = Some(Update { time_ms, delay_s, relationship, stop });
        run.received_ms = received_ms;
        Verdict::New
    }

    fn run(&mut self, feed: &FeedId, key: &TripKey, received_ms: i64) -> &mut Run {
        if self.count >= RUNS_MAX {
            self.forget(received_ms - RECENT_SPAN.as_ms());
        }
        let runs = self.runs.entry(feed.clone()).or_default();
        if !runs.contains_key(key) {
            self.count += 1;
        }
        let run = runs.entry(key.clone()).or_default();
        if run.received_ms < received_ms - RECENT_SPAN.as_ms() {
            // Forgotten by the rule, whether or not it was swept yet.
            *run = Run { received_ms, ..Run::default() };
        }
        run
    }

    /// Sweeps what was not heard of since; when that frees nothing, everything goes, and the worst that follows is
    /// that some repeated positions are kept twice.
    fn forget(&mut self, since_ms: i64) {
        for runs in self.runs.values_mut() {
            runs.retain(|_, run| run.received_ms >= since_ms);
        }
        self.count = self.runs.values().map(HashMap::len).sum();
        if self.count >= RUNS_MAX {
            self.runs.clear();
            self.count = 0;
        }
    }
}

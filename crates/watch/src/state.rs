//! What the engine remembers between two steps. All of it is written into a snapshot beside its place in the
//! journal, so that a restart neither misses nor repeats.

use std::collections::{BTreeMap, VecDeque};

use city::{
    Alert, AlertId, AlertState, DatastreamId, FeedId, PlaceId, Record, RuleId, Span, Time, TripKey, Warning,
    alert::AlertKey,
};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::rule::Rule;

/// Readings kept for one window: two days of one a minute, and half as much again.
pub const SAMPLES_MAX: usize = 4320;
/// Warnings remembered at once: the busiest archive seen has some 300 in force in a country.
pub const WARNINGS_MAX: usize = 2000;
/// Messages of one thread whose identifiers are remembered: an hourly update for two days.
pub const THREAD_MAX: usize = 48;
/// Runs remembered at once over all timetables: some three hours of the largest cities' services.
pub const RUNS_MAX: usize = 50_000;

/// Everything that the engine remembers. Bounded: see each field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// When the first entry or tick came; what was never heard counts as silent from here.
    pub(crate) started: Option<Time>,
    /// The newest entry or tick.
    pub(crate) now: Option<Time>,
    /// The last tick that ran (or that [`crate::run`] jumped over, knowing that it could change nothing).
    pub(crate) last_tick: Option<Time>,
    /// No tick before this instant can change anything.
    pub(crate) wake: Option<Time>,
    /// One for each feed.
    pub(crate) feeds: BTreeMap<FeedId, Heard>,
    /// One for each datastream.
    pub(crate) series: BTreeMap<DatastreamId, Heard>,
    /// One for each rule and series it looks at.
    pub(crate) windows: BTreeMap<(RuleId, DatastreamId), Window>,
    /// One for each rule and subject whose condition is or was lately true.
    pub(crate) progress: BTreeMap<(RuleId, String), Progress>,
    /// Open and acknowledged alerts; one at most for each of `progress`.
    pub(crate) alerts: BTreeMap<AlertId, Alert>,
    /// Warnings that are or will be in force, by feed and the identifier of the first of their thread.
    /// At most [`WARNINGS_MAX`].
    pub(crate) warnings: BTreeMap<(FeedId, String), Standing>,
    /// Runs heard of lately, by the feed of their timetable. At most [`RUNS_MAX`].
    pub(crate) runs: BTreeMap<FeedId, BTreeMap<TripKey, RunHeard>>,
}

/// When something was last heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// When the newest good word was received.
    pub(crate) received: Time,
    /// Since when it has been speaking without a silence that anybody would notice.
    pub(crate) since: Time,
}

/// The readings that a rule still needs of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Readings in the order of their time, each time once; at most [`SAMPLES_MAX`].
    pub(crate) samples: VecDeque<(Time, f64)>,
    /// For a rise: hour since the epoch, sum, count. At most one for each hour of the trend's window.
    pub(crate) hours: VecDeque<(i64, f64, u32)>,
    /// For a rise: whether the level was passed since the alert opened.
    pub(crate) passed: bool,
}

/// How far a condition has come for one rule and subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Since when the open condition has held.
    pub(crate) open_since: Option<Time>,
    /// Since when the close condition has held.
    pub(crate) close_since: Option<Time>,
    /// The open alert.
    pub(crate) alert: Option<AlertId>,
    /// When its words were last sent out.
    pub(crate) told: Option<Time>,
}

/// A warning that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// The newest message of the thread.
    pub(crate) warning: Warning,
    /// Identifiers of the messages of the thread, so that an update of an update is known; newest last, at most
    /// [`THREAD_MAX`].
    pub(crate) identifiers: VecDeque<String>,
    /// The places that rules on its feed name and that it touches; found once, when it came.
    pub(crate) touches: Vec<PlaceId>,
}

/// What was last heard of one run of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunHeard {
    /// When a position or an update was last received.
    pub(crate) received: Time,
    /// The newest delay in seconds, and when it was received.
    pub(crate) delay: Option<(i32, Time)>,
}

impl State {
    /// The alerts that are open or acknowledged, in the order of their ids.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// An alert that is open or acknowledged.
    pub fn alert(&self, id: &AlertId) -> Option<&Alert> {
        self.alerts.get(id)
    }

    /// The instant of the newest entry or tick.
    pub fn now(&self) -> Option<Time> {
        self.now
    }

    /// The last tick that ran.
    pub fn last_tick(&self) -> Option<Time> {
        self.last_tick
    }

    /// Makes the next tick look at everything: call it after reading a snapshot that other rules, or another
    /// configuration of the city, may have written.
    pub fn reconsider(&mut self) {
        self.wake = None;
    }

    pub(crate) fn begin(&mut self, now: Time) {
        self.started.get_or_insert(now);
        self.now = Some(self.now.map_or(now, |before| before.max(now)));
    }

    /// Asks for the next tick to look again.
    pub(crate) fn wake_at(&mut self, at: Time) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// A good word of a feed.
    pub(crate) fn hear_feed(&mut self, context: &Context, feed: &FeedId, received: Time) {
        let Some(heard) = self.feeds.get_mut(feed) else {
            self.feeds.insert(feed.clone(), Heard { received, since: received });
            self.wake_at(received);
            return;
        };
        if heard.hear(received, context.feed_gaps.get(feed).copied()) {
            self.wake_at(received);
        }
    }

    /// A reading of a series.
    pub(crate) fn hear_series(&mut self, context: &Context, id: DatastreamId, received: Time) {
        let heard = self.series.get_mut(&id);
        let returned = heard.map(|heard| heard.hear(received, context.series_gaps.get(&id).copied()));
        if returned.is_none() {
            self.series.insert(id, Heard { received, since: received });
        }
        if returned != Some(false) {
            self.wake_at(received);
        }
    }

    /// Since when a feed has been silent, where it is silent now.
    pub(crate) fn feed_silent_since(&self, context: &Context, feed: &FeedId, now: Time) -> Option<Time> {
        let since = self.feeds.get(feed).map(|heard| heard.received).or(self.started)?;
        let beat = context.feed_beat(feed)?;
        (now.since(since) > beat).then_some(since)
    }

    /// Since when a series has been silent, where it is silent now.
    pub(crate) fn series_silent_since(&self, context: &Context, id: DatastreamId, now: Time) -> Option<Time> {
        let since = self.series.get(&id).map(|heard| heard.received).or(self.started)?;
        let beat = context.datastreams.get(&id)?.beat;
        (now.since(since) > beat).then_some(since)
    }

    /// Takes note of an acknowledgement; `None` when the alert is not open (or never was).
    pub(crate) fn acknowledge(&mut self, record: &Record, now: Time) -> Option<Alert> {
        let Record::Acknowledgement(acknowledgement) = record else { return None };
        let alert = self.alerts.get_mut(&acknowledgement.alert)?;
        alert.state = AlertState::Acknowledged;
        alert.acknowledged = Some(now);
        alert.acknowledged_by = Some(acknowledgement.role.clone());
        alert.note = Some(acknowledgement.note.clone()).filter(|note| !note.is_empty());
        Some(alert.clone())
    }

    /// Whether an alert of the rule on the subject is open.
    pub(crate) fn is_open(&self, rule: &Rule, subject: &str) -> bool {
        let key = (rule.id.clone(), subject.to_owned());
        self.progress.get(&key).is_some_and(|progress| progress.alert.is_some())
    }

    /// What happened in a hole between readings is not known, so nothing has "held" through it.
    pub(crate) fn break_timers(&mut self, rule: &Rule, subject: &str) {
        if let Some(progress) = self.progress.get_mut(&(rule.id.clone(), subject.to_owned())) {
            progress.open_since = None;
            progress.close_since = None;
        }
    }

    /// The key under which the progress of an alert is kept.
    pub(crate) fn progress_key(key: &AlertKey) -> (RuleId, String) {
        (key.rule.clone(), key.subject.clone())
    }
}

impl Heard {
    /// A word; true when it ends a silence that some rule may have noticed.
    fn hear(&mut self, received: Time, gap: Option<Span>) -> bool {
        let returned = gap.is_some_and(|gap| received.since(self.received) > gap);
        if returned {
            self.since = received;
        }
        self.received = self.received.max(received);
        returned
    }
}

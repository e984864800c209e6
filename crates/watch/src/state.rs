//! What the engine remembers between two steps. All of it is written into a snapshot beside its place in the
//! journal, so that a restart neither misses nor repeats.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use city::{
    Alert, AlertChange, AlertId, AlertKey, AlertState, DatastreamId, FeedId, PlaceId, Record, RuleId, Time, TripKey,
    alert::AlertChangeKind,
};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::fence::Whereabouts;
use crate::figure::Memory;
use crate::jobs::Jobs;
use crate::plan::{Layout, SeriesSlot};
use crate::requests::Requests;
use crate::rule::Rule;
use crate::shard::{Cell, SeriesHeard, Shard};
use crate::timers::Timers;
use crate::truth::Truth;
use crate::warning::InForce;

/// Warnings remembered at once: the busiest archive seen has some 300 in force in a country.
pub const WARNINGS_MAX: usize = 2000;
/// Messages of one thread whose identifiers are remembered: an hourly update for two days.
pub const THREAD_MAX: usize = 48;
/// Runs remembered at once over all timetables: some three hours of the largest cities' services.
pub const RUNS_MAX: usize = 50_000;
/// Alerts remembered after they resolved, for late readings and for comments: a bad day's worth.
pub const RESOLVED_KEPT_MAX: usize = 500;

/// Everything that the engine remembers. Bounded: see each field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The rules and series that the cells below are for.
    pub(crate) layout: Layout,
    /// When the first entry or tick came; what was never heard counts as silent from here.
    pub(crate) started: Option<Time>,
    /// The newest entry or tick.
    pub(crate) now: Option<Time>,
    /// The last tick that ran (or that [`crate::run`] jumped over, knowing that it could change nothing).
    pub(crate) last_tick: Option<Time>,
    /// What ticks have to look at, and when. At most one for each series, feed, voice and rule.
    pub(crate) jobs: Jobs,
    /// One for each feed.
    pub(crate) feeds: BTreeMap<FeedId, Heard>,
    /// The cells of the rules on series.
    pub(crate) shards: Vec<Shard>,
    /// The newest readings that guards ask for.
    pub(crate) inputs: BTreeMap<DatastreamId, f64>,
    /// One for each rule and subject without a cell whose condition is or was lately true.
    pub(crate) progress: BTreeMap<(RuleId, String), Progress>,
    /// What the conditions of combined rules were last, by rule and place, where they have no cell; and when each was
    /// last true.
    pub(crate) conditions: BTreeMap<(RuleId, u16), ConditionSeen>,
    /// Open and acknowledged alerts; one at most for each subject of a rule.
    pub(crate) alerts: BTreeMap<AlertId, Arc<Alert>>,
    /// How many of them each rule has.
    pub(crate) standing: BTreeMap<RuleId, u32>,
    /// Rules whose alerts opened or resolved in this step.
    pub(crate) moved: BTreeSet<RuleId>,
    /// Alerts that resolved lately, oldest first. At most [`RESOLVED_KEPT_MAX`].
    pub(crate) resolved: VecDeque<Arc<Alert>>,
    /// Who was called about what, and what is quiet.
    pub(crate) notify: crate::notify::State,
    /// Warnings that are or will be in force, by feed and the identifier of the first of their thread.
    /// At most [`WARNINGS_MAX`].
    pub(crate) warnings: BTreeMap<(FeedId, String), Standing>,
    /// Runs heard of lately, by the feed of their timetable. At most [`RUNS_MAX`].
    pub(crate) runs: BTreeMap<FeedId, BTreeMap<TripKey, RunHeard>>,
    /// Where things are.
    pub(crate) whereabouts: Whereabouts,
    /// Residents' requests of the last hours, where some rule counts them.
    pub(crate) requests: Requests,
}

/// When a feed was last heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// When the newest good word was received.
    pub(crate) received: Time,
    /// Since when it has been speaking without a silence that anybody would notice.
    pub(crate) since: Time,
    /// The newest time that its readings are for: what is older comes late.
    pub(crate) newest: Option<Time>,
}

/// How far a condition has come for one rule and subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) timers: Timers,
    /// When the words of its alert were last sent out.
    pub(crate) told: Option<Time>,
}

/// What a condition of a combined rule was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConditionSeen {
    pub(crate) truth: Truth,
    /// When it was last true, where it is remembered.
    pub(crate) last_true: Option<Time>,
}

/// A warning that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// What the newest message of the thread says.
    pub(crate) warning: InForce,
    /// Identifiers of the messages of the thread, so that an update of an update is known; newest last, at most
    /// [`THREAD_MAX`].
    pub(crate) identifiers: VecDeque<String>,
    /// The places of the city that it touches; found once, when it came.
    pub(crate) touches: Vec<PlaceId>,
}

/// What was last heard of one run of a trip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunHeard {
    /// When a position or an update was last received.
    pub(crate) received: Time,
    /// When the agency knew what its newest update says.
    pub(crate) updated: Option<Time>,
    /// The newest delay in seconds that an update told, and when it was received.
    pub(crate) delay: Option<(i32, Time)>,
    /// The same as its positions have it, where a rule asks.
    pub(crate) placed: Option<(i32, Time)>,
    /// The agency has said that it does not run.
    pub(crate) canceled: bool,
    /// For which instant its newest position is, and when that was received, where a rule on zones asks.
    pub(crate) position: Option<(Time, Time)>,
    /// Where that was: one for each zone that a rule names.
    pub(crate) zones: Vec<ZoneSeen>,
}

/// Whether a run is in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ZoneSeen {
    pub(crate) zone: PlaceId,
    pub(crate) inside: bool,
    /// Since when it has been in, or out.
    pub(crate) since: Time,
}

impl State {
    /// The alerts that are open or acknowledged, in the order of their ids.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values().map(AsRef::as_ref)
    }

    /// An alert that is open or acknowledged.
    pub fn alert(&self, id: &AlertId) -> Option<&Alert> {
        self.alerts.get(id).map(AsRef::as_ref)
    }

    /// Who was called about what, and what is quiet.
    pub fn notify(&self) -> &crate::notify::State {
        &self.notify
    }

    /// The instant of the newest entry or tick.
    pub fn now(&self) -> Option<Time> {
        self.now
    }

    /// The last tick that ran.
    pub fn last_tick(&self) -> Option<Time> {
        self.last_tick
    }

    /// Bytes that the cells of rules on series take, without what they keep in windows.
    pub fn cell_bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.cells.len() * size_of::<Cell>()).sum()
    }

    pub(crate) fn begin(&mut self, context: &Context, now: Time) {
        self.started.get_or_insert(now);
        self.now = Some(self.now.map_or(now, |before| before.max(now)));
        if self.layout.fingerprint != context.plan.layout.fingerprint {
            self.move_to(context, now);
        }
    }

    /// A good word of a feed; true when it ends a silence that some rule may have noticed.
    pub(crate) fn hear_feed(&mut self, context: &Context, feed: &FeedId, received: Time) -> bool {
        let gap = context.feed_gaps.get(feed).copied();
        let Some(heard) = self.feeds.get_mut(feed) else {
            self.feeds.insert(feed.clone(), Heard { received, since: received, newest: None });
            return true;
        };
        let returned = gap.is_some_and(|gap| received.since(heard.received) > gap);
        // What wakes a rule on short silences is no silence to others.
        if context.feed_beat(feed).is_some_and(|beat| received.since(heard.received) > beat) {
            heard.since = received;
        }
        heard.received = heard.received.max(received);
        returned
    }

    /// Since when a feed has been silent, where it is silent now.
    pub(crate) fn feed_silent_since(&self, context: &Context, feed: &FeedId, now: Time) -> Option<Time> {
        let since = self.feeds.get(feed).map(|heard| heard.received).or(self.started)?;
        let beat = context.feed_beat(feed)?;
        (now.since(since) > beat).then_some(since)
    }

    /// When a series was last heard.
    pub(crate) fn series_heard(&self, slot: SeriesSlot) -> Option<Time> {
        self.shards.get(usize::from(slot.shard))?.series.get(slot.series as usize)?.received
    }

    /// Since when a series has been silent, where it is silent now.
    pub(crate) fn series_silent_since(&self, context: &Context, id: DatastreamId, now: Time) -> Option<Time> {
        let slot = context.plan.slot(id)?;
        let since = self.series_heard(slot).or(self.started)?;
        let beat = context.plan.series(slot)?.beat;
        (now.since(since) > beat).then_some(since)
    }

    /// An alert opened.
    pub(crate) fn opened(&mut self, alert: &Alert) {
        *self.standing.entry(alert.key.rule.clone()).or_default() += 1;
        self.moved.insert(alert.key.rule.clone());
    }

    /// An alert resolved.
    pub(crate) fn resolved(&mut self, alert: &Arc<Alert>) {
        let rule = &alert.key.rule;
        if let Some(count) = self.standing.get_mut(rule) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.standing.remove(rule);
            }
        }
        self.moved.insert(rule.clone());
        self.resolved.push_back(Arc::clone(alert));
        if self.resolved.len() > RESOLVED_KEPT_MAX {
            self.resolved.pop_front();
        }
    }

    /// Takes note of an acknowledgement; `None` when the alert is not open (or never was).
    pub(crate) fn acknowledge(&mut self, record: &Record, now: Time) -> Option<AlertChange> {
        let Record::Acknowledgement(acknowledgement) = record else { return None };
        let shared = self.alerts.get_mut(&acknowledgement.alert)?;
        let alert = Arc::make_mut(shared);
        alert.state = AlertState::Acknowledged;
        alert.acknowledged = Some(now);
        alert.acknowledged_by = Some(acknowledgement.role.clone());
        alert.note = Some(acknowledgement.note.clone()).filter(|note| !note.is_empty());
        let words = alert.note.clone();
        let mut change = AlertChange::of(AlertChangeKind::Acknowledged, Arc::clone(shared), now);
        change.by = Some(acknowledgement.role.clone());
        change.words = words;
        Some(change)
    }

    /// Whether an alert of the rule on the subject is open.
    pub(crate) fn is_open(&self, rule: &Rule, subject: &str) -> bool {
        let key = (rule.id.clone(), subject.to_owned());
        self.progress.get(&key).is_some_and(|progress| progress.timers.stands)
    }

    /// The key under which the progress of an alert is kept.
    pub(crate) fn progress_key(key: &AlertKey) -> (RuleId, String) {
        (key.rule.clone(), key.subject.clone())
    }

    /// Moves what is remembered over to other rules or another configuration: what a cell of the same rule, part and
    /// series knew, it still knows, as far as it means anything to what it looks for now.
    fn move_to(&mut self, context: &Context, now: Time) {
        let old = std::mem::replace(&mut self.layout, context.plan.layout.clone());
        let before = std::mem::take(&mut self.shards);
        let mut heard: BTreeMap<DatastreamId, SeriesHeard> = BTreeMap::new();
        let mut cells = BTreeMap::new();
        for ((ids, places), shard) in old.series.iter().zip(&old.cells).zip(before) {
            heard.extend(ids.iter().copied().zip(shard.series));
            for (place, cell) in places.iter().zip(shard.cells) {
                let rule = old.rules.get(place.rule as usize);
                if let (Some((rule, version)), Some(id)) = (rule, ids.get(place.series as usize)) {
                    cells.insert((rule.clone(), place.part, *id), (version.clone(), place.figure, cell));
                }
            }
        }
        for (plan, places) in context.plan.shards.iter().zip(&context.plan.layout.cells) {
            let mut shard = Shard::default();
            for series in &plan.series {
                let known = heard.get(&series.id).copied().unwrap_or_default();
                shard.series.push(SeriesHeard { silent: false, ..known });
            }
            for place in places {
                let rule = context.rules.get(place.rule as usize);
                let series = plan.series.get(place.series as usize).map(|series| series.id);
                let key = rule.zip(series).map(|(rule, series)| (rule.id.clone(), place.part, series));
                let (version, figure, mut cell) = key.and_then(|key| cells.remove(&key)).unwrap_or_default();
                if figure != place.figure {
                    cell.memory = Memory::default();
                }
                if rule.is_some_and(|rule| rule.version != version) {
                    // Of another line nobody knows on which side of it the figure is before the next reading.
                    cell.truth = Truth::Unknown;
                    // Its alert says so in the rule's words with the next reading.
                    cell.told = None;
                }
                shard.cells.push(cell);
            }
            self.shards.push(shard);
        }
        self.requests.recount(context, now);
        self.jobs = Jobs::all(context, now);
    }
}

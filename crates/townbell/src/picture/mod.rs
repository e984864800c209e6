//! The picture: what is so right now, kept in memory and rebuilt from the journal. It takes accepted records in the
//! order of the journal and says what changed, so that a browser is told only that.

mod feeds;
mod things;
mod vehicles;
mod warnings;

use std::collections::BTreeMap;
use std::sync::Arc;

use city::{Alert, AlertChange, AlertId, DatastreamId, FeedId, Observations, Record, Tally, Time, Timetable};
use serde::Serialize;

use crate::config::City;
use crate::limits::RESOLVED_SHOWN;
use crate::tell::calls::Calls;
use crate::tell::views::{FeedState, LatestValue, StateView, ThingState, VehicleState, WarningState};

use feeds::FeedLine;
use things::Things;
pub use things::in_words;
use vehicles::Vehicles;
use warnings::Warnings;

/// What is so right now.
#[derive(Debug)]
pub struct Picture {
    city: Arc<City>,
    now: Time,
    started: Time,
    journal_seq: u64,
    feeds: BTreeMap<FeedId, FeedLine>,
    things: Things,
    vehicles: Vehicles,
    warnings: Warnings,
    alerts: BTreeMap<AlertId, Arc<Alert>>,
    calls: Calls,
    told: Told,
}

/// What was last told to browsers, to tell only differences.
#[derive(Debug, Default)]
struct Told {
    feeds: BTreeMap<String, FeedState>,
    warnings: BTreeMap<String, WarningState>,
}

/// What changed since the last time that somebody asked.
#[derive(Debug, Default)]
pub struct Changes {
    /// Vehicles that moved, appeared or went.
    pub vehicles: Option<VehicleChanges>,
    /// New values.
    pub observations: Vec<ObservationEvent>,
    /// Things whose state of knowledge changed.
    pub things: Vec<ThingState>,
    /// Feeds whose state changed.
    pub feeds: Vec<FeedState>,
    /// Warnings that came, changed or ended.
    pub warnings: Vec<WarningState>,
}

/// Event `vehicles`.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct VehicleChanges {
    /// The city's time.
    pub now: Time,
    /// New or moved.
    pub upsert: Vec<VehicleState>,
    /// Trips whose vehicles are gone.
    pub remove: Vec<String>,
}

/// One of the event `observations`: the newest value of a series.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ObservationEvent {
    /// Datastream.
    pub datastream: u32,
    /// When it was so.
    pub phenomenon_time: Time,
    /// How much.
    pub result: f64,
    /// Always false: it has just come.
    pub stale: bool,
}

impl Picture {
    /// An empty picture of a city.
    pub fn new(city: Arc<City>, now: Time) -> Self {
        let feeds = city.feeds.iter().map(|f| (f.contract.feed.clone(), FeedLine::default())).collect();
        Self {
            now,
            started: now,
            journal_seq: 0,
            feeds,
            things: Things::new(&city),
            vehicles: Vehicles::default(),
            warnings: Warnings::default(),
            alerts: BTreeMap::new(),
            calls: Calls::default(),
            told: Told::default(),
            city,
        }
    }

    /// Takes accepted records of one feed, as the journal has them.
    pub fn take(&mut self, seq: u64, feed: &FeedId, received: Time, records: &[Record], changes: &mut Changes) {
        self.journal_seq = self.journal_seq.max(seq);
        self.now = self.now.max(received);
        let simulated = self.city.demo.as_ref().is_some_and(|demo| demo.simulates(feed.as_str()));
        for record in records {
            if let Some(line) = self.feeds.get_mut(feed) {
                line.take(received, record);
            }
            match record {
                Record::Observations(rows) => self.take_observations(rows, changes),
                Record::VehiclePosition(p) => self.vehicles.position(feed, p, simulated),
                Record::TripUpdate(u) => self.vehicles.update(feed, u),
                Record::Warning(w) => self.warnings.take(&self.city, feed, w),
                Record::ServiceAlert(_)
                | Record::ServiceRequest(_)
                | Record::RequestsCut(_)
                | Record::Unreached(_)
                | Record::Timetable(_)
                | Record::FeedBeat(_)
                | Record::Acknowledgement(_)
                | Record::DeskAction(_)
                | Record::Erasure(_) => {}
                Record::Entities(list) => list.iter().for_each(|change| self.things.change(change)),
            }
        }
    }

    /// Takes new values; of each series only the newest is told.
    fn take_observations(&mut self, rows: &Observations, changes: &mut Changes) {
        let mut newest: BTreeMap<DatastreamId, LatestValue> = BTreeMap::new();
        for row in rows.iter() {
            let value = LatestValue { phenomenon_time: row.phenomenon_time, result: row.result };
            if self.things.take_value(row.datastream, value) {
                let known = newest.entry(row.datastream).or_insert(value);
                if known.phenomenon_time <= value.phenomenon_time {
                    *known = value;
                }
            }
        }
        changes.observations.extend(newest.into_iter().map(|(datastream, value)| ObservationEvent {
            datastream: datastream.0,
            phenomenon_time: value.phenomenon_time,
            result: value.result,
            stale: false,
        }));
    }

    /// Takes a value of a series that is already known to be accepted.
    pub fn take_value(&mut self, datastream: DatastreamId, value: LatestValue) {
        self.things.take_value(datastream, value);
    }

    /// Takes the newest value of a series, however old, where nothing newer is known.
    pub fn take_latest(&mut self, datastream: DatastreamId, value: LatestValue) {
        self.things.take_latest(datastream, value);
    }

    /// Takes the whole account of a feed, as the store has it.
    pub fn take_account(&mut self, feed: &FeedId, account: store::FeedAccount) {
        if let Some(line) = self.feeds.get_mut(feed) {
            line.put(account);
        }
    }

    /// Adds the account of one batch.
    pub fn add_account(&mut self, feed: &FeedId, asked: Time, tally: &Tally) {
        if let Some(line) = self.feeds.get_mut(feed) {
            line.tally.add(tally);
            line.last_asked = line.last_asked.max(Some(asked));
        }
    }

    /// Takes a step in the life of an alert.
    pub fn take_alert(&mut self, change: &AlertChange) {
        self.alerts.insert(change.alert.id.clone(), Arc::clone(&change.alert));
    }

    /// Takes an alert as it stands.
    pub fn put_alert(&mut self, alert: impl Into<Arc<Alert>>) {
        let alert = alert.into();
        self.alerts.insert(alert.id.clone(), alert);
    }

    /// Takes what is kept quiet, and who is called.
    pub fn take_calls(&mut self, calls: Calls) {
        self.calls = calls;
    }

    /// What is kept quiet, and who is called.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// A timetable came into force.
    pub fn take_timetable(&mut self, feed: &FeedId, timetable: &Arc<Timetable>) {
        for belongs in self.city.feeds.iter().filter(|f| f.timetable.as_ref() == Some(feed)) {
            self.vehicles.timetable(&belongs.contract.feed, Arc::clone(timetable));
        }
    }

    /// Moves time on: things turn stale.
    pub fn grow_old(&mut self, now: Time) {
        self.things.grow_old(self.now.max(now));
    }

    /// Says all that changed until `now`: vehicles that were not heard of go, feeds turn silent.
    pub fn tick(&mut self, now: Time, mut changes: Changes) -> Changes {
        self.now = self.now.max(now);
        changes.vehicles = self.vehicles.changes(self.now);
        self.alerts.retain(|_, alert| alert.resolved.is_none_or(|at| self.now.since(at) < RESOLVED_SHOWN));
        for feed in self.feed_states() {
            if self.told.feeds.get(&feed.id) != Some(&feed) {
                self.told.feeds.insert(feed.id.clone(), feed.clone());
                changes.feeds.push(feed);
            }
        }
        changes.things.extend(self.things.changes(self.now));
        for warning in self.warnings.states(self.now) {
            if self.told.warnings.get(&warning.id) != Some(&warning) {
                self.told.warnings.insert(warning.id.clone(), warning.clone());
                changes.warnings.push(warning);
            }
        }
        changes
    }

    /// The city's time, as far as the picture has got.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Newest entry of the journal that is in the picture.
    pub fn journal_seq(&self) -> u64 {
        self.journal_seq
    }

    /// Everything.
    pub fn state(&self) -> StateView {
        StateView {
            now: self.now,
            started: self.started,
            journal_seq: self.journal_seq,
            feeds: self.feed_states(),
            things: self.thing_states(),
            vehicles: self.vehicles.states(),
            warnings: self.warnings.states(self.now),
            alerts: self.alerts.values().rev().cloned().collect(),
        }
    }

    /// One alert of those on the first page.
    pub fn alert(&self, id: &AlertId) -> Option<&Alert> {
        self.alerts.get(id).map(AsRef::as_ref)
    }

    /// Feeds, in the order of the configuration, the control room left out: it is no feed to watch.
    pub fn feed_states(&self) -> Vec<FeedState> {
        let foreign = self.city.feeds.iter().filter(|f| f.contract.kind != city::FeedKind::ControlRoom);
        let state = |f: &crate::config::Feed| Some(self.feeds.get(&f.contract.feed)?.state(&f.contract, self.now));
        // What is tried in a sandbox is of any year, so its age says nothing of a lag.
        let of_now = |state: FeedState| FeedState { lag_s: state.lag_s.filter(|_| !self.city.sandbox), ..state };
        foreign.filter_map(state).map(of_now).collect()
    }

    /// Things with their latest values.
    pub fn thing_states(&self) -> Vec<ThingState> {
        self.things.states(self.now)
    }
}

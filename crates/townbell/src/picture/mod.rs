//! The picture: what is so right now, kept in memory and rebuilt from the journal. It takes accepted records in the
//! order of the journal and says what changed, so that a browser is told only that.

mod feeds;
mod vehicles;
mod warnings;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use city::{Alert, AlertChange, AlertId, DatastreamId, FeedId, Observations, Record, Span, Tally, Time, Timetable};
use serde::Serialize;

use crate::config::City;
use crate::limits::RESOLVED_SHOWN;
use crate::tell::views::{DatastreamState, FeedState, LatestValue, StateView, ThingState, VehicleState, WarningState};

use feeds::FeedLine;
use vehicles::Vehicles;
use warnings::Warnings;

/// Hours of values kept per series, for its trend.
const TREND_SPAN: Span = Span::h(3);
/// Values kept per series: three hours at one a second is the fastest sensor that a city has.
const TREND_VALUES_MAX: usize = 10_800;

/// What is so right now.
#[derive(Debug)]
pub struct Picture {
    city: Arc<City>,
    now: Time,
    started: Time,
    journal_seq: u64,
    feeds: BTreeMap<FeedId, FeedLine>,
    series: HashMap<DatastreamId, VecDeque<LatestValue>>,
    vehicles: Vehicles,
    warnings: Warnings,
    alerts: BTreeMap<AlertId, Alert>,
    told: Told,
}

/// What was last told to browsers, to tell only differences.
#[derive(Debug, Default)]
struct Told {
    feeds: BTreeMap<String, FeedState>,
    things: Vec<ThingState>,
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

/// Event `observation`.
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
            series: HashMap::new(),
            vehicles: Vehicles::default(),
            warnings: Warnings::default(),
            alerts: BTreeMap::new(),
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
                | Record::Timetable(_)
                | Record::FeedBeat(_)
                | Record::Acknowledgement(_)
                | Record::Entities(_)
                | Record::Erasure(_) => {}
            }
        }
    }

    fn take_observations(&mut self, rows: &Observations, changes: &mut Changes) {
        for row in rows.iter() {
            self.take_value(row.datastream, LatestValue { phenomenon_time: row.phenomenon_time, result: row.result });
            changes.observations.push(ObservationEvent {
                datastream: row.datastream.0,
                phenomenon_time: row.phenomenon_time,
                result: row.result,
                stale: false,
            });
        }
    }

    /// Takes a value of a series that is already known to be accepted.
    pub fn take_value(&mut self, datastream: DatastreamId, value: LatestValue) {
        let values = self.series.entry(datastream).or_default();
        let at = values.partition_point(|v| v.phenomenon_time <= value.phenomenon_time);
        values.insert(at, value);
        let newest = values.back().map_or(value.phenomenon_time, |v| v.phenomenon_time);
        while values.len() > TREND_VALUES_MAX
            || values.len() > 1 && values.front().is_some_and(|v| newest.since(v.phenomenon_time) > TREND_SPAN)
        {
            values.pop_front();
        }
    }

    /// Takes the newest value of a series, however old, where nothing newer is known.
    pub fn take_latest(&mut self, datastream: DatastreamId, value: LatestValue) {
        if self.series.get(&datastream).is_none_or(VecDeque::is_empty) {
            self.take_value(datastream, value);
        }
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
        self.alerts.insert(change.alert.id.clone(), change.alert.clone());
    }

    /// Takes an alert as it stands.
    pub fn put_alert(&mut self, alert: Alert) {
        self.alerts.insert(alert.id.clone(), alert);
    }

    /// A timetable came into force.
    pub fn take_timetable(&mut self, feed: &FeedId, timetable: &Arc<Timetable>) {
        for belongs in self.city.feeds.iter().filter(|f| f.timetable.as_ref() == Some(feed)) {
            self.vehicles.timetable(&belongs.contract.feed, Arc::clone(timetable));
        }
    }

    /// Moves time on: vehicles that were not heard of go, things and feeds turn stale. Says all that changed.
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
        let things = self.thing_states();
        let known = |t: &ThingState| t.datastreams.iter().map(|d| (d.stale, d.why.clone())).collect::<Vec<_>>();
        for (at, thing) in things.iter().enumerate() {
            if self.told.things.get(at).map(known) != Some(known(thing)) {
                changes.things.push(thing.clone());
            }
        }
        self.told.things = things;
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
        self.alerts.get(id)
    }

    /// Feeds, in the order of the configuration, the control room left out: it is no feed to watch.
    pub fn feed_states(&self) -> Vec<FeedState> {
        let foreign = self.city.feeds.iter().filter(|f| f.contract.kind != city::FeedKind::ControlRoom);
        foreign.filter_map(|f| Some(self.feeds.get(&f.contract.feed)?.state(&f.contract, self.now))).collect()
    }

    /// Things with their latest values.
    pub fn thing_states(&self) -> Vec<ThingState> {
        let of = |id| self.city.datastreams.iter().filter(move |d| d.thing == id);
        let things = self.city.things.iter();
        things
            .map(|thing| ThingState {
                id: thing.id.0,
                name: thing.name.clone(),
                description: thing.description.clone(),
                position: thing.position,
                datastreams: of(thing.id).map(|d| self.datastream_state(d)).collect(),
            })
            .collect()
    }

    fn datastream_state(&self, datastream: &city::Datastream) -> DatastreamState {
        let property = self.city.observed_properties.iter().find(|p| p.id == datastream.observed_property);
        let values = self.series.get(&datastream.id);
        let latest = values.and_then(VecDeque::back).copied();
        let age = latest.map(|latest| self.now.since(latest.phenomenon_time));
        let why = match age {
            None => Some("nothing has come yet".to_owned()),
            Some(age) if age > datastream.beat => Some(format!("last value is {} old", in_words(age))),
            Some(_) => None,
        };
        DatastreamState {
            id: datastream.id.0,
            name: datastream.name.clone(),
            observed_property: datastream.observed_property.to_string(),
            property_name: property.map(|p| p.name.clone()).unwrap_or_default(),
            unit_symbol: property.map(|p| p.unit_symbol.clone()).unwrap_or_default(),
            beat_s: datastream.beat.as_s(),
            feed: datastream.feed.to_string(),
            latest,
            stale: why.is_some(),
            why,
            trend_per_h: values.and_then(trend_per_h),
        }
    }
}

/// Least-squares slope per hour; `None` with fewer than three values or less than an hour of them.
fn trend_per_h(values: &VecDeque<LatestValue>) -> Option<f64> {
    let (first, last) = (values.front()?, values.back()?);
    if values.len() < 3 || last.phenomenon_time.since(first.phenomenon_time) < Span::h(1) {
        return None;
    }
    let count = values.len() as f64;
    let hours = |v: &LatestValue| v.phenomenon_time.since(first.phenomenon_time).as_h();
    let mean_h = values.iter().map(hours).sum::<f64>() / count;
    let mean = values.iter().map(|v| v.result).sum::<f64>() / count;
    let covariance: f64 = values.iter().map(|v| (hours(v) - mean_h) * (v.result - mean)).sum();
    let variance: f64 = values.iter().map(|v| (hours(v) - mean_h).powi(2)).sum();
    (variance > 0.0).then(|| covariance / variance)
}

/// "4 min", "3 h", "2 days".
pub fn in_words(span: Span) -> String {
    match span.as_s() {
        s if s < 60 => format!("{s} s"),
        s if s < 7_200 => format!("{} min", s / 60),
        s if s < 172_800 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trend_of_a_steady_rise_is_its_rate() {
        let at = |min| Time::from_ms(1_714_500_000_000).expect("valid") + Span::min(min);
        let values = (0..=12).map(|n| LatestValue { phenomenon_time: at(n * 15), result: 1.0 + 0.05 * n as f64 });
        let trend = trend_per_h(&values.collect()).expect("three hours of values");
        assert!((trend - 0.2).abs() < 1e-9);
    }
}

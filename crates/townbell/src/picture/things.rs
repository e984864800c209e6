//! Things and the latest values of their datastreams. Work is in proportion to what changed: a value touches its own
//! thing, and a tick of the clock the things that are or turn stale.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use city::{
    Datastream, DatastreamId, Entity, EntityBody, EntityChange, EntityId, EntityKind, ObservedProperty,
    ObservedPropertyId, Position, Shape, Span, Thing, ThingId, Time,
};

use crate::config::City;
use crate::tell::views::{DatastreamState, LatestValue, ThingState};

/// Hours of values kept per series, for its trend.
const TREND_SPAN: Span = Span::h(3);
/// Values kept per series: three hours at one a second is the fastest sensor that a city has.
const TREND_VALUES_MAX: usize = 10_800;
/// The longest normal gap of a datastream that was made through the API and says none.
const BEAT_UNSAID: Span = Span::h(1);

/// One datastream with its newest values.
#[derive(Debug)]
struct Series {
    datastream: Datastream,
    values: VecDeque<LatestValue>,
}

/// All things on the map.
#[derive(Debug)]
pub(super) struct Things {
    properties: HashMap<ObservedPropertyId, ObservedProperty>,
    /// In the order of the configuration, then of their making.
    order: Vec<ThingId>,
    by_id: HashMap<ThingId, Thing>,
    series: HashMap<DatastreamId, Series>,
    of_thing: HashMap<ThingId, Vec<DatastreamId>>,
    /// Positions of Locations, by id, and what stands there: a Thing and its Location come apart.
    places: HashMap<EntityId, Position>,
    /// Things to look at again: something about them changed.
    touched: BTreeSet<ThingId>,
    /// Things that are stale: their words change with time alone.
    stale: BTreeSet<ThingId>,
    told: BTreeMap<ThingId, Vec<(bool, Option<String>)>>,
}

impl Things {
    pub(super) fn new(city: &City) -> Self {
        let mut all = Self {
            properties: city.observed_properties.iter().map(|p| (p.id.clone(), p.clone())).collect(),
            order: Vec::new(),
            by_id: HashMap::new(),
            series: HashMap::new(),
            of_thing: HashMap::new(),
            places: HashMap::new(),
            touched: BTreeSet::new(),
            stale: BTreeSet::new(),
            told: BTreeMap::new(),
        };
        city.things.iter().for_each(|thing| all.put_thing(thing.clone()));
        city.datastreams.iter().for_each(|datastream| all.put_datastream(datastream.clone()));
        all
    }

    /// A thing, a datastream or a place came, changed or went.
    pub(super) fn change(&mut self, change: &EntityChange) {
        match change {
            EntityChange::Put(entity) => self.put(entity),
            EntityChange::Delete(EntityKind::Thing, EntityId::Number(id)) => {
                if let Ok(id) = u32::try_from(*id) {
                    self.drop_thing(ThingId(id));
                }
            }
            EntityChange::Delete(EntityKind::Datastream, EntityId::Number(id)) => {
                if let Ok(id) = u32::try_from(*id) {
                    self.drop_datastream(DatastreamId(id));
                }
            }
            EntityChange::Delete(EntityKind::Location, id) => drop(self.places.remove(id)),
            EntityChange::Delete(..) => {}
        }
    }

    fn put(&mut self, entity: &Entity) {
        let number = match entity.id {
            EntityId::Number(id) => u32::try_from(id).ok(),
            EntityId::Text(_) => None,
        };
        match (&entity.body, number) {
            (EntityBody::Location { location: Shape::Point(position), .. }, _) => {
                self.places.insert(entity.id.clone(), *position);
            }
            (EntityBody::Thing { locations, .. }, Some(id)) => {
                let Some(position) = locations.iter().find_map(|id| self.places.get(id)) else { return };
                let (name, description) = (entity.name.clone(), entity.description.clone());
                self.put_thing(Thing { id: ThingId(id), name, description, position: *position });
            }
            (EntityBody::Datastream(body), Some(id)) => {
                let (EntityId::Number(thing), EntityId::Text(property)) = (&body.thing, &body.observed_property) else {
                    return;
                };
                let Ok(thing) = u32::try_from(*thing) else { return };
                self.put_datastream(Datastream {
                    id: DatastreamId(id),
                    name: entity.name.clone(),
                    thing: ThingId(thing),
                    observed_property: ObservedPropertyId::new(property),
                    feed: body.feed.clone(),
                    beat: BEAT_UNSAID,
                });
            }
            _ => {}
        }
    }

    fn put_thing(&mut self, thing: Thing) {
        let id = thing.id;
        if self.by_id.insert(id, thing).is_none() {
            self.order.push(id);
        }
        self.touched.insert(id);
    }

    fn put_datastream(&mut self, datastream: Datastream) {
        let (id, thing) = (datastream.id, datastream.thing);
        if let Some(known) = self.series.get_mut(&id) {
            let before = std::mem::replace(&mut known.datastream, datastream).thing;
            if let Some(list) = self.of_thing.get_mut(&before) {
                list.retain(|other| *other != id);
            }
        } else {
            self.series.insert(id, Series { datastream, values: VecDeque::new() });
        }
        self.of_thing.entry(thing).or_default().push(id);
        self.touched.insert(thing);
    }

    fn drop_thing(&mut self, id: ThingId) {
        self.by_id.remove(&id);
        self.order.retain(|other| *other != id);
        for datastream in self.of_thing.remove(&id).unwrap_or_default() {
            self.drop_datastream(datastream);
        }
        self.touched.remove(&id);
        self.stale.remove(&id);
        self.told.remove(&id);
    }

    fn drop_datastream(&mut self, id: DatastreamId) {
        let Some(series) = self.series.remove(&id) else { return };
        if let Some(list) = self.of_thing.get_mut(&series.datastream.thing) {
            list.retain(|other| *other != id);
        }
        self.touched.insert(series.datastream.thing);
    }

    /// Takes a value; false when no datastream on the map has it.
    pub(super) fn take_value(&mut self, datastream: DatastreamId, value: LatestValue) -> bool {
        let Some(series) = self.series.get_mut(&datastream) else { return false };
        let values = &mut series.values;
        let before = values.back().map(|latest| latest.phenomenon_time);
        let at = values.partition_point(|v| v.phenomenon_time <= value.phenomenon_time);
        values.insert(at, value);
        let newest = values.back().map_or(value.phenomenon_time, |v| v.phenomenon_time);
        while values.len() > TREND_VALUES_MAX
            || values.len() > 1 && values.front().is_some_and(|v| newest.since(v.phenomenon_time) > TREND_SPAN)
        {
            values.pop_front();
        }
        if before != Some(newest) && (before.is_none() || self.stale.contains(&series.datastream.thing)) {
            self.touched.insert(series.datastream.thing);
        }
        true
    }

    pub(super) fn take_latest(&mut self, datastream: DatastreamId, value: LatestValue) {
        if self.series.get(&datastream).is_some_and(|series| series.values.is_empty()) {
            self.take_value(datastream, value);
        }
    }

    /// Time has come to `now`: which series turned stale, and whose words grew older. A look at each series, some
    /// nanoseconds each; so it is for ticks, not for every commit.
    pub(super) fn grow_old(&mut self, now: Time) {
        for series in self.series.values() {
            let datastream = &series.datastream;
            if series.values.back().is_some_and(|latest| now.since(latest.phenomenon_time) > datastream.beat) {
                self.touched.insert(datastream.thing);
            }
        }
        self.touched.extend(&self.stale);
    }

    /// Things about which something else is known than was told last.
    pub(super) fn changes(&mut self, now: Time) -> Vec<ThingState> {
        let look = std::mem::take(&mut self.touched);
        let mut changed = Vec::new();
        for id in look {
            let Some(state) = self.state(id, now) else { continue };
            if state.datastreams.iter().any(|datastream| datastream.stale) {
                self.stale.insert(id);
            } else {
                self.stale.remove(&id);
            }
            let known: Vec<_> = state.datastreams.iter().map(|d| (d.stale, d.why.clone())).collect();
            if self.told.get(&id) != Some(&known) {
                self.told.insert(id, known);
                changed.push(state);
            }
        }
        changed
    }

    pub(super) fn states(&self, now: Time) -> Vec<ThingState> {
        self.order.iter().filter_map(|id| self.state(*id, now)).collect()
    }

    pub(super) fn state(&self, id: ThingId, now: Time) -> Option<ThingState> {
        let thing = self.by_id.get(&id)?;
        let of = self.of_thing.get(&id).map(Vec::as_slice).unwrap_or_default();
        Some(ThingState {
            id: id.0,
            name: thing.name.clone(),
            description: thing.description.clone(),
            position: thing.position,
            datastreams: of.iter().filter_map(|id| Some(self.datastream_state(self.series.get(id)?, now))).collect(),
        })
    }

    fn datastream_state(&self, series: &Series, now: Time) -> DatastreamState {
        let datastream = &series.datastream;
        let property = self.properties.get(&datastream.observed_property);
        let latest = series.values.back().copied();
        let age = latest.map(|latest| now.since(latest.phenomenon_time));
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
            trend_per_h: trend_per_h(&series.values),
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

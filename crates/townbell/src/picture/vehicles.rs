//! Public vehicles in service, keyed by their trip.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use city::timetable::Mode;
use city::{FeedId, Time, Timetable, TripKey, TripUpdate, VehiclePosition};

use super::VehicleChanges;
use crate::limits::{VEHICLE_SHOWN, VEHICLES_MAX};
use crate::tell::views::VehicleState;

#[derive(Debug, Default)]
pub(super) struct Vehicles {
    timetables: HashMap<FeedId, Arc<Timetable>>,
    shown: BTreeMap<TripKey, VehicleState>,
    delays: HashMap<TripKey, (Time, i32)>,
    moved: BTreeSet<TripKey>,
}

impl Vehicles {
    pub(super) fn timetable(&mut self, feed: &FeedId, timetable: Arc<Timetable>) {
        self.timetables.insert(feed.clone(), timetable);
    }

    pub(super) fn position(&mut self, feed: &FeedId, position: &VehiclePosition, simulated: bool) {
        if self.shown.len() >= VEHICLES_MAX && !self.shown.contains_key(&position.trip) {
            return;
        }
        let state = self.shown.entry(position.trip.clone()).or_insert_with(|| {
            let mut state = VehicleState {
                trip: position.trip.to_string(),
                feed: feed.to_string(),
                route: position.route.as_ref().map(ToString::to_string).unwrap_or_default(),
                route_name: String::new(),
                mode: "bus".to_owned(),
                headsign: String::new(),
                longitude: 0.0,
                latitude: 0.0,
                bearing_deg: None,
                time: position.time,
                delay_s: None,
                simulated,
            };
            if let Some(timetable) = self.timetables.get(feed) {
                describe(&mut state, timetable, &position.trip);
            }
            state
        });
        state.longitude = position.position.longitude;
        state.latitude = position.position.latitude;
        state.bearing_deg = position.bearing_deg;
        state.time = position.time;
        state.delay_s = self.delays.get(&position.trip).map(|(_, delay_s)| *delay_s);
        self.moved.insert(position.trip.clone());
    }

    pub(super) fn update(&mut self, _feed: &FeedId, update: &TripUpdate) {
        let Some(delay_s) = update.delay_s else { return };
        self.delays.insert(update.trip.clone(), (update.time, delay_s));
        if let Some(state) = self.shown.get_mut(&update.trip)
            && state.delay_s != Some(delay_s)
        {
            state.delay_s = Some(delay_s);
            self.moved.insert(update.trip.clone());
        }
    }

    pub(super) fn changes(&mut self, now: Time) -> Option<VehicleChanges> {
        let gone: Vec<TripKey> =
            self.shown.iter().filter(|(_, v)| now.since(v.time) > VEHICLE_SHOWN).map(|(key, _)| key.clone()).collect();
        for key in &gone {
            self.shown.remove(key);
            self.moved.remove(key);
        }
        self.delays.retain(|_, (time, _)| now.since(*time) <= VEHICLE_SHOWN);
        if gone.is_empty() && self.moved.is_empty() {
            return None;
        }
        let moved = std::mem::take(&mut self.moved);
        Some(VehicleChanges {
            now,
            upsert: moved.iter().filter_map(|key| self.shown.get(key).cloned()).collect(),
            remove: gone.iter().map(ToString::to_string).collect(),
        })
    }

    pub(super) fn states(&self) -> Vec<VehicleState> {
        self.shown.values().cloned().collect()
    }
}

fn describe(state: &mut VehicleState, timetable: &Timetable, key: &TripKey) {
    let Some(trip) = timetable.trip(&key.trip) else { return };
    state.headsign.clone_from(&trip.headsign);
    if let Some(route) = timetable.routes.get(trip.route as usize) {
        state.route.clone_from(&route.short_name);
        state.route_name.clone_from(&route.long_name);
        let mode = match route.mode {
            Mode::Tram => "tram",
            Mode::Metro => "metro",
            Mode::Rail => "rail",
            Mode::Bus => "bus",
            Mode::Ferry => "ferry",
        };
        mode.clone_into(&mut state.mode);
    }
    if state.headsign.is_empty()
        && let Some(last) = timetable.calls(trip).last()
        && let Some(stop) = timetable.stops.get(last.stop as usize)
    {
        state.headsign.clone_from(&stop.name);
    }
}

//! GTFS-Realtime out of a timetable: where each vehicle would be at an instant, and how late.
//!
//! A pure function of the timetable and the instant. Every run of a service day draws its [`Fate`] from its trip id and
//! day: about 1 % do not run, most lose up to 3 min on their way, a few up to 12. A vehicle moves along the shape of its
//! trip, evenly in time between two calls, and stands at stops as long as the timetable says.

mod chance;
mod line;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use city::timetable::Trip;
use city::{Position, ScheduleRelationship, ServiceDate, Span, Time, Timetable};
use formats::gtfs_rt::{TripUpdateRow, VehicleRow};
use jiff::ToSpan;
use jiff::tz::TimeZone;

pub use chance::Fate;
use line::Line;
use plan::{Plan, Run};

/// The grid of answers: within a step every poll gets the same bytes, as from real feeds, which publish every 10 to 30 s.
pub const STEP: Span = Span::s(15);
/// How long before its start a run that will not take place is announced.
const CANCELED_AHEAD_S: i64 = 30 * 60;
/// Service days whose plans are kept: today, the days before it whose trips run past midnight, and one that is leaving.
const PLANS_MAX: usize = 4;
const DAY_S: u32 = 24 * 3600;

/// A timetable that can be watched running.
#[derive(Debug)]
pub struct Simulation {
    timetable: Timetable,
    zone: TimeZone,
    lines: Vec<Line>,
    /// For each trip of the timetable, its place in `lines`.
    line_of: Vec<usize>,
    /// How many days before today may still have vehicles on the road.
    days_back: u32,
    plans: Mutex<BTreeMap<ServiceDate, Arc<Plan>>>,
}

impl Simulation {
    /// Lays the stops of every trip along its shape. Costs some milliseconds for each hundred trip patterns.
    pub fn new(timetable: Timetable) -> Self {
        let mut lines = Vec::new();
        let mut known: HashMap<(Option<u32>, Vec<u32>), usize> = HashMap::new();
        let mut line_of = Vec::with_capacity(timetable.trips.len());
        for trip in &timetable.trips {
            let stops: Vec<u32> = timetable.calls(trip).iter().map(|call| call.stop).collect();
            let at = *known.entry((trip.shape, stops)).or_insert_with_key(|(shape, stops)| {
                let position = |stop: &u32| timetable.stops.get(*stop as usize).map(|stop| stop.position);
                let stops: Vec<Position> = stops.iter().filter_map(position).collect();
                let shape = shape.and_then(|shape| timetable.shapes.get(shape as usize));
                lines.push(Line::new(shape.map_or(&[], Vec::as_slice), &stops));
                lines.len() - 1
            });
            line_of.push(at);
        }
        let latest_s = timetable.stop_times.iter().map(|call| call.departure_s).max().unwrap_or_default();
        let zone = TimeZone::get(&timetable.timezone).unwrap_or(TimeZone::UTC);
        let days_back = (latest_s + chance::DELAY_MAX_S) / DAY_S;
        Self { timetable, zone, lines, line_of, days_back, plans: Mutex::new(BTreeMap::new()) }
    }

    /// Where the vehicles are, by service day, then start, then trip id. `at` is rounded down to [`STEP`].
    pub fn positions(&self, at: Time) -> Vec<VehicleRow> {
        let at = at.floor(STEP);
        let mut rows = Vec::new();
        for plan in self.plans(at) {
            let now_s = at.since(plan.zero).as_s();
            rows.extend(plan.under_way(now_s).filter_map(|run| self.position(&plan, run, now_s, at)));
        }
        rows
    }

    /// How late they run, and which runs do not take place, in the same order. `at` is rounded down to [`STEP`].
    pub fn updates(&self, at: Time) -> Vec<TripUpdateRow> {
        let at = at.floor(STEP);
        let mut rows = Vec::new();
        for plan in self.plans(at) {
            let now_s = at.since(plan.zero).as_s();
            rows.extend(plan.under_way(now_s).filter_map(|run| self.update(&plan, run, now_s, at)));
            let announced = plan
                .canceled
                .iter()
                .filter(|run| (i64::from(run.start_s) - CANCELED_AHEAD_S..=i64::from(run.end_s)).contains(&now_s));
            rows.extend(announced.filter_map(|run| self.cancellation(&plan, run, at)));
        }
        rows
    }

    fn position(&self, plan: &Plan, run: &Run, now_s: i64, at: Time) -> Option<VehicleRow> {
        let trip = self.timetable.trips.get(run.trip as usize)?;
        let line = self.lines.get(*self.line_of.get(run.trip as usize)?)?;
        let (from, share) = self.progress(trip, run.scheduled_s(now_s));
        let (position, bearing_deg) = line.between_stops(from, share)?;
        Some(VehicleRow {
            trip: trip.id.clone(),
            start_date: Some(plan.day),
            route: self.timetable.routes.get(trip.route as usize).map(|route| route.id.clone()),
            position,
            bearing_deg,
            time: at,
            occupancy: None,
        })
    }

    /// The call that was served last, and the share of the way to the next, at a scheduled second.
    fn progress(&self, trip: &Trip, scheduled_s: f64) -> (usize, f64) {
        let calls = self.timetable.calls(trip);
        let arrived = calls.partition_point(|call| f64::from(call.arrival_s) <= scheduled_s);
        let from = arrived.saturating_sub(1);
        let (Some(last), Some(next)) = (calls.get(from), calls.get(from + 1)) else { return (from, 0.0) };
        let way_s = f64::from(next.arrival_s) - f64::from(last.departure_s);
        let gone_s = scheduled_s - f64::from(last.departure_s);
        (from, if way_s > 0.0 { (gone_s / way_s).clamp(0.0, 1.0) } else { 0.0 })
    }

    fn update(&self, plan: &Plan, run: &Run, now_s: i64, at: Time) -> Option<TripUpdateRow> {
        let trip = self.timetable.trips.get(run.trip as usize)?;
        let calls = self.timetable.calls(trip);
        let scheduled_s = run.scheduled_s(now_s);
        let ahead = calls.partition_point(|call| f64::from(call.departure_s) < scheduled_s);
        let next = ahead.min(calls.len().saturating_sub(1));
        let call = calls.get(next)?;
        let planned_s = if next == 0 { call.departure_s } else { call.arrival_s };
        let delay_s = run.delay_s(planned_s);
        let told = plan.zero + Span::s(i64::from(planned_s) + i64::from(delay_s));
        Some(TripUpdateRow {
            trip: trip.id.clone(),
            start_date: Some(plan.day),
            route: self.timetable.routes.get(trip.route as usize).map(|route| route.id.clone()),
            relationship: ScheduleRelationship::Scheduled,
            stop: self.timetable.stops.get(call.stop as usize).map(|stop| stop.id.clone()),
            stop_sequence: None,
            delay_s: Some(delay_s),
            arrival: (next > 0).then_some(told),
            departure: (next == 0).then_some(told),
            time: at,
        })
    }

    fn cancellation(&self, plan: &Plan, run: &Run, at: Time) -> Option<TripUpdateRow> {
        let trip = self.timetable.trips.get(run.trip as usize)?;
        Some(TripUpdateRow {
            trip: trip.id.clone(),
            start_date: Some(plan.day),
            route: self.timetable.routes.get(trip.route as usize).map(|route| route.id.clone()),
            relationship: ScheduleRelationship::Canceled,
            stop: None,
            stop_sequence: None,
            delay_s: None,
            arrival: None,
            departure: None,
            time: at,
        })
    }

    /// The plans of all service days that may have vehicles on the road, the oldest first.
    fn plans(&self, at: Time) -> Vec<Arc<Plan>> {
        let today = at.timestamp().to_zoned(self.zone.clone()).date();
        let days = (0..=self.days_back).rev().filter_map(|back| today.checked_sub(i64::from(back).days()).ok());
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for day in days.map(ServiceDate::from_date) {
            let plan = plans.get(&day).cloned().or_else(|| Plan::new(&self.timetable, day).map(Arc::new));
            if let Some(plan) = plan {
                plans.insert(day, Arc::clone(&plan));
                found.push(plan);
            }
        }
        while plans.len() > PLANS_MAX.max(found.len()) {
            plans.pop_first();
        }
        found
    }
}

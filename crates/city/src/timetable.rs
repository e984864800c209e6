//! A timetable in compact tables, as GTFS Schedule has it, with the indexes that the live side asks for.
//! All times are seconds after "noon minus 12 h" of the service date (GTFS `stop_times.txt`), so they may pass 24 h.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::geometry::Position;
use crate::id::{RouteId, ServiceDate, StopId, TripId};
use crate::time::Time;

/// What kind of vehicle (GTFS `route_type`, reduced).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Tram, light rail (0, 5).
    Tram,
    /// Metro, subway (1).
    Metro,
    /// Rail (2), funicular and aerial (6, 7, 12).
    Rail,
    /// Bus, trolleybus (3, 11).
    Bus,
    /// Ferry (4).
    Ferry,
}

/// GTFS `stops.txt`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// `stop_id`.
    pub id: StopId,
    /// `stop_name`.
    pub name: String,
    /// Where.
    pub position: Position,
}

/// GTFS `routes.txt`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// `route_id`.
    pub id: RouteId,
    /// `route_short_name`, or the long one.
    pub short_name: String,
    /// `route_long_name`.
    pub long_name: String,
    /// `route_type`.
    pub mode: Mode,
}

/// When a service runs: GTFS `calendar.txt` and `calendar_dates.txt` together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Monday is bit 0.
    pub weekdays: u8,
    /// First day.
    pub start: ServiceDate,
    /// Last day.
    pub end: ServiceDate,
    /// Days added, sorted.
    pub added: Vec<ServiceDate>,
    /// Days removed, sorted.
    pub removed: Vec<ServiceDate>,
}

/// One call of a trip at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopTime {
    /// Index into [`Timetable::stops`].
    pub stop: u32,
    /// Seconds after noon minus 12 h; interpolated where the feed left it empty.
    pub arrival_s: u32,
    /// Seconds after noon minus 12 h.
    pub departure_s: u32,
}

/// GTFS `trips.txt` with its calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// `trip_id`.
    pub id: TripId,
    /// Index into [`Timetable::routes`].
    pub route: u32,
    /// Index into [`Timetable::services`].
    pub service: u32,
    /// Index into [`Timetable::shapes`].
    pub shape: Option<u32>,
    /// `trip_headsign`.
    pub headsign: String,
    /// First of its calls in [`Timetable::stop_times`].
    pub stop_times_from: u32,
    /// One past its last call.
    pub stop_times_to: u32,
}

/// The tables. Built once by `formats::gtfs`, kept compiled in the store, shared read-only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timetable {
    /// IANA zone of the agency: `America/Sao_Paulo`.
    pub timezone: String,
    /// Agency name, for attribution.
    pub agency: String,
    /// Stops.
    pub stops: Vec<Stop>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Services.
    pub services: Vec<Service>,
    /// Trips, each with at least two calls.
    pub trips: Vec<Trip>,
    /// Calls, trip after trip, in order of travel, times never falling.
    pub stop_times: Vec<StopTime>,
    /// Shapes: lines of positions.
    pub shapes: Vec<Vec<Position>>,
    /// Trip by id; rebuilt by [`Timetable::index`].
    #[serde(skip)]
    pub trip_by_id: HashMap<TripId, u32>,
    /// Stop by id; rebuilt by [`Timetable::index`].
    #[serde(skip)]
    pub stop_by_id: HashMap<StopId, u32>,
}

impl Service {
    /// Whether the service runs on that day.
    pub fn runs_on(&self, day: ServiceDate) -> bool {
        if self.removed.binary_search(&day).is_ok() {
            return false;
        }
        if self.added.binary_search(&day).is_ok() {
            return true;
        }
        let weekday = day.date().map(|date| date.weekday().to_monday_zero_offset());
        let on = weekday.is_some_and(|bit| self.weekdays >> bit & 1 == 1);
        on && self.start <= day && day <= self.end
    }
}

impl Timetable {
    /// Rebuilds what is not kept.
    pub fn index(&mut self) {
        self.trip_by_id = (0..).zip(&self.trips).map(|(at, trip)| (trip.id.clone(), at)).collect();
        self.stop_by_id = (0..).zip(&self.stops).map(|(at, stop)| (stop.id.clone(), at)).collect();
    }

    /// A trip by its id.
    pub fn trip(&self, id: &TripId) -> Option<&Trip> {
        self.trips.get(*self.trip_by_id.get(id)? as usize)
    }

    /// The calls of a trip.
    pub fn calls(&self, trip: &Trip) -> &[StopTime] {
        self.stop_times.get(trip.stop_times_from as usize..trip.stop_times_to as usize).unwrap_or_default()
    }

    /// The instant that "0 seconds" means on that day: noon minus 12 h (not midnight: on the day that the clocks
    /// change they differ; GTFS reference, field type Time).
    pub fn zero(&self, day: ServiceDate) -> Option<Time> {
        let zone = jiff::tz::TimeZone::get(&self.timezone).ok()?;
        let noon = day.date()?.at(12, 0, 0, 0).to_zoned(zone).ok()?;
        Some(Time::from(noon.timestamp()) - crate::time::Span::h(12))
    }

    /// Moves the whole calendar by days, for replays of another year; weekdays stay right only by multiples of 7.
    /// Days that fall out of the calendar of years 0 to 9999 are left as they are.
    pub fn shift_days(&mut self, days: i32) {
        let shift = |day: &mut ServiceDate| {
            let span = jiff::Span::new().days(days);
            if let Some(moved) = day.date().and_then(|date| date.checked_add(span).ok()) {
                *day = ServiceDate::from_date(moved);
            }
        };
        for service in &mut self.services {
            shift(&mut service.start);
            shift(&mut service.end);
            service.added.iter_mut().for_each(shift);
            service.removed.iter_mut().for_each(shift);
        }
    }
}

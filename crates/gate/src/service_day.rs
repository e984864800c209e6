//! Which day of service a run belongs to, when the feed does not say.

use city::timetable::Trip;
use city::{ServiceDate, Span, Time, Timetable, TripId};

/// Days before and after the local date on which a run seen now may have begun: GTFS times pass 24 h, so a run of
/// yesterday (or, after two midnights, of the day before) is still under way; one of tomorrow is being announced.
const DAYS: std::ops::RangeInclusive<i32> = -2..=1;

/// A day of service of a trip, with how far the run is from the instant that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceDay {
    /// The day.
    pub date: ServiceDate,
    /// Time between the instant and the run, in milliseconds; nothing when it lies within it.
    pub distance: Span,
}

/// The day of service of `trip` whose run is nearest to `at`; `None` when the timetable does not have the trip, or
/// it runs on no day near. With a `declared` date (GTFS-Realtime `start_date`) that day is judged alone.
pub fn resolve_service_date(
    timetable: &Timetable,
    trip: &TripId,
    at: Time,
    declared: Option<ServiceDate>,
) -> Option<ServiceDay> {
    let trip = timetable.trip(trip)?;
    let runs = |date: &ServiceDate| {
        timetable.services.get(trip.service as usize).is_some_and(|service| service.runs_on(*date))
    };
    let day = |date: ServiceDate| Some(ServiceDay { date, distance: distance(timetable, trip, date, at)? });
    if let Some(date) = declared {
        return Some(date).filter(runs).and_then(day);
    }
    let zone = jiff::tz::TimeZone::get(&timetable.timezone).ok()?;
    let local = at.timestamp().to_zoned(zone).date();
    DAYS.filter_map(|days| local.checked_add(jiff::Span::new().days(days)).ok())
        .map(ServiceDate::from_date)
        .filter(runs)
        .filter_map(day)
        .min_by_key(|day| day.distance)
}

/// The local date at `at` in `timezone`: the service date of a run without a timetable.
pub(crate) fn local_date(timezone: &str, at: Time) -> Option<ServiceDate> {
    let zone = jiff::tz::TimeZone::get(timezone).ok()?;
    Some(ServiceDate::from_date(at.timestamp().to_zoned(zone).date()))
}

fn distance(timetable: &Timetable, trip: &Trip, date: ServiceDate, at: Time) -> Option<Span> {
    let zero = timetable.zero(date)?;
    let calls = timetable.calls(trip);
    let start = zero + Span::s(i64::from(calls.first()?.departure_s));
    let end = zero + Span::s(i64::from(calls.last()?.arrival_s));
    Some(start.since(at).max(at.since(end)).max(Span::ms(0)))
}

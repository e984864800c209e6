//! Live trips: keyed by the run, never by the vehicle, and only while in service (DESIGN 6).

use city::{Position, Reason, RouteId, ScheduleRelationship, Span, Time, TripKey, TripUpdate, VehiclePosition};

use super::{Door, Refused};
use crate::candidate::{PositionCandidate, TripCandidate, UpdateCandidate};
use crate::service_day::{local_date, resolve_service_date};
use crate::shape;

/// How far from its timetabled run a vehicle still counts as running it. On the worst days buses run hours late;
/// past this it stands somewhere, and where is nobody's business.
const SERVICE_SLACK: Span = Span::h(3);
/// The largest delay that is believed. GTFS-Realtime figures beyond a day are broken predictions.
const DELAY_S_MAX: i32 = 24 * 3600;

pub(super) fn position(door: &mut Door<'_>, candidate: PositionCandidate) -> Result<VehiclePosition, Refused> {
    let trip = candidate.trip.ok_or(Reason::NotInService)?;
    let position = Position::new(candidate.longitude, candidate.latitude).ok_or(Reason::OutOfRange)?;
    if !door.gate.policy.bounds.contains(position) {
        return Err(Reason::OutOfRange.into());
    }
    if trip.relationship == ScheduleRelationship::Canceled
        || door.gate.policy.depots.iter().any(|depot| depot.contains(position))
    {
        return Err(Reason::NotInService.into());
    }
    door.happened(candidate.time)?;
    let run = run(door, trip, candidate.route, candidate.time)?;
    if run.distance > SERVICE_SLACK {
        return Err(Reason::NotInService.into());
    }
    let bearing_deg = candidate.bearing_deg.filter(|deg| (0.0..=360.0).contains(deg));
    door.dropped += u64::from(bearing_deg != candidate.bearing_deg);
    let (trip, route) = (run.key, run.route);
    Ok(VehiclePosition { trip, route, position, bearing_deg, time: candidate.time, occupancy: candidate.occupancy })
}

pub(super) fn update(door: &mut Door<'_>, candidate: UpdateCandidate) -> Result<TripUpdate, Refused> {
    if candidate.delay_s.is_some_and(|delay_s| delay_s.checked_abs().is_none_or(|s| s > DELAY_S_MAX)) {
        return Err(Reason::OutOfRange.into());
    }
    door.happened(candidate.time)?;
    let relationship = candidate.trip.relationship;
    let run = run(door, candidate.trip, candidate.route, candidate.time)?;
    let stop = candidate.stop.filter(|stop| shape::is_gtfs_id(stop.as_str()));
    let known = |timetable: &city::Timetable| stop.as_ref().is_none_or(|id| timetable.stop_by_id.contains_key(id));
    let strict = relationship == ScheduleRelationship::Scheduled;
    if strict && door.timetable.is_some_and(|timetable| !known(timetable)) {
        return Err(Reason::UnknownReference.into());
    }
    let (trip, route, delay_s, time) = (run.key, run.route, candidate.delay_s, candidate.time);
    Ok(TripUpdate { trip, route, relationship, stop, delay_s, time })
}

struct Run {
    key: TripKey,
    route: Option<RouteId>,
    distance: Span,
}

/// Finds the run: by the timetable where the feed has one, else by the date that it declares or the local one.
fn run(door: &mut Door<'_>, trip: TripCandidate, route: Option<RouteId>, at: Time) -> Result<Run, Refused> {
    if !shape::is_gtfs_id(trip.trip.as_str()) {
        return Err(Reason::BadId.into());
    }
    let given = route.is_some();
    let route = route.filter(|route| shape::is_gtfs_id(route.as_str()));
    door.dropped += u64::from(given && route.is_none());
    let feed = &door.contract.feed;
    let has_timetable = door.timetable.is_some() || door.gate.timetable_of(feed).is_some();
    let added = trip.relationship == ScheduleRelationship::Added;
    if has_timetable && !added {
        let timetable = door.timetable.ok_or(Reason::UnknownReference)?;
        let day = resolve_service_date(timetable, &trip.trip, at, trip.service_date).ok_or(Reason::UnknownReference)?;
        let listed = timetable.trip(&trip.trip).and_then(|trip| timetable.routes.get(trip.route as usize));
        let route = listed.map(|route| route.id.clone()).or(route);
        let key = TripKey { trip: trip.trip, service_date: day.date };
        return Ok(Run { key, route, distance: day.distance });
    }
    let declared = trip.service_date.filter(|day| day.date().is_some());
    let service_date = declared.or_else(|| local_date(&door.gate.policy.timezone, at)).ok_or(Reason::BadTime)?;
    Ok(Run { key: TripKey { trip: trip.trip, service_date }, route, distance: Span::ms(0) })
}

//! GTFS-RT `TripDescriptor`.

use city::{Reason, RouteId, ScheduleRelationship, ServiceDate, TripId};

use super::proto::TripDescriptor;

/// Which run of which trip.
pub(super) struct TripRef {
    pub(super) trip: TripId,
    pub(super) start_date: Option<ServiceDate>,
    pub(super) route: Option<RouteId>,
    pub(super) relationship: ScheduleRelationship,
}

/// A trip is taken by its `trip_id` only: without one (frequency-based trips named by route and start time) it is
/// `MissingField`, because the journal has no other key.
pub(super) fn read(trip: Option<&TripDescriptor>) -> Result<TripRef, Reason> {
    let trip = trip.ok_or(Reason::MissingField)?;
    let id = trip.trip_id.as_deref().filter(|id| !id.is_empty()).ok_or(Reason::MissingField)?;
    let start_date = match trip.start_date.as_deref() {
        None | Some("") => None,
        Some(text) => Some(service_date(text).ok_or(Reason::BadTime)?),
    };
    Ok(TripRef {
        trip: TripId::new(id),
        start_date,
        route: trip.route_id.as_deref().filter(|id| !id.is_empty()).map(RouteId::new),
        relationship: relationship(trip.schedule_relationship.unwrap_or_default()),
    })
}

/// `YYYYMMDD`.
fn service_date(text: &str) -> Option<ServiceDate> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let day = ServiceDate(text.parse().ok()?);
    day.date().map(|_| day)
}

/// Values that came after this was written count as scheduled: the trip is in the feed, so something runs.
fn relationship(value: i32) -> ScheduleRelationship {
    match value {
        1 | 2 | 6 | 8 => ScheduleRelationship::Added, // ADDED, UNSCHEDULED, DUPLICATED, NEW
        3 | 7 => ScheduleRelationship::Canceled,      // CANCELED, DELETED
        _ => ScheduleRelationship::Scheduled,         // SCHEDULED, REPLACEMENT
    }
}

/// The other way, for the replayer.
pub(super) fn write(trip: TripRef) -> TripDescriptor {
    TripDescriptor {
        trip_id: Some(trip.trip.as_str().to_owned()),
        start_date: trip.start_date.map(|day| day.to_string()),
        schedule_relationship: Some(match trip.relationship {
            ScheduleRelationship::Scheduled => 0,
            ScheduleRelationship::Added => 1,
            ScheduleRelationship::Canceled => 3,
        }),
        route_id: trip.route.map(|route| route.as_str().to_owned()),
    }
}

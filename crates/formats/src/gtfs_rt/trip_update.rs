//! GTFS-RT `TripUpdate`, reduced to the next stop.

use city::{Reason, RouteId, ScheduleRelationship, ServiceDate, Span, StopId, Time, Timetable, TripId};
use prost::Message as _;

use super::position::header;
use super::proto;
use super::trip::{self, TripRef};
use super::wire::{self, Part};

/// `FeedEntity.trip_update`; trip, stop time updates, timestamp and delay are read.
const PART: Part = Part { number: 3, kept: &[1, 2, 4, 5] };
/// The longest delay that is believed, early or late, in seconds: two days. More is a broken clock.
const DELAY_MAX_S: i32 = 2 * 24 * 3600;
/// `StopTimeUpdate.ScheduleRelationship`.
const SKIPPED: i32 = 1;
const NO_DATA: i32 = 2;

/// How late one trip runs at its next stop.
#[derive(Clone, Debug, PartialEq)]
pub struct TripUpdateRow {
    /// `trip.trip_id`; never empty.
    pub trip: TripId,
    /// `trip.start_date`; `None` when the feed leaves it to the timetable.
    pub start_date: Option<ServiceDate>,
    /// `trip.route_id`.
    pub route: Option<RouteId>,
    /// `trip.schedule_relationship`.
    pub relationship: ScheduleRelationship,
    /// `stop_id` of the next stop: the first one not behind the vehicle at [`TripUpdateRow::time`].
    pub stop: Option<StopId>,
    /// `stop_sequence` of the next stop.
    pub stop_sequence: Option<u32>,
    /// Seconds late there; negative is early. `None`: the feed tells a time instead (see
    /// [`TripUpdateRow::delay_s_by`]), or nothing.
    pub delay_s: Option<i32>,
    /// `arrival.time` there.
    pub arrival: Option<Time>,
    /// `departure.time` there.
    pub departure: Option<Time>,
    /// `timestamp`, or that of the header where the entity has none.
    pub time: Time,
}

impl TripUpdateRow {
    /// Seconds late: [`TripUpdateRow::delay_s`], or else the told time less that of the timetable, for the run of
    /// `day`. `None` when the run is not one of the timetable, when the timetable does not know the trip or the stop,
    /// or when the two are more than two days apart.
    pub fn delay_s_by(&self, timetable: &Timetable, day: ServiceDate) -> Option<i32> {
        if self.delay_s.is_some() {
            return self.delay_s;
        }
        // A duplicated trip has the id of the one it copies, and other times.
        if self.relationship != ScheduleRelationship::Scheduled {
            return None;
        }
        let stop = *timetable.stop_by_id.get(self.stop.as_ref()?)?;
        let trip = timetable.trip(&self.trip)?;
        let zero = timetable.zero(day)?;
        let late = |told: Time, planned_s: u32| {
            i32::try_from(told.since(zero + Span::s(planned_s.into())).as_s()).ok().filter(|s| s.abs() <= DELAY_MAX_S)
        };
        // A loop calls twice at a stop: the call with the smaller delay is meant.
        let calls = timetable.calls(trip).iter().filter(|call| call.stop == stop);
        let delays = calls.filter_map(|call| match (self.arrival, self.departure) {
            (Some(told), _) => late(told, call.arrival_s),
            (None, Some(told)) => late(told, call.departure_s),
            (None, None) => None,
        });
        delays.min_by_key(|delay| delay.abs())
    }
}

/// Reads a message of trip updates. Refused by entity: without a `trip_id` (`MissingField`), a time or a start date
/// that cannot be (`BadTime`), a delay of more than two days (`OutOfRange`), other entities (`Unsupported`).
pub fn decode_trip_updates(bytes: &[u8]) -> super::Decoded<TripUpdateRow> {
    wire::decode(bytes, &PART, |entity, header_time| {
        let update = entity.trip_update.ok_or(Reason::Unsupported)?;
        let trip = trip::read(update.trip.as_ref())?;
        let time = wire::entity_time(update.timestamp, header_time)?;
        let next = next_stop(&update, time);
        if next.delay_s.is_some_and(|delay| delay.unsigned_abs() > DELAY_MAX_S.unsigned_abs()) {
            return Err(Reason::OutOfRange);
        }
        let stop_id = next.stop.and_then(|stop| stop.stop_id.as_deref());
        Ok(TripUpdateRow {
            trip: trip.trip,
            start_date: trip.start_date,
            route: trip.route,
            relationship: trip.relationship,
            stop: stop_id.filter(|id| !id.is_empty()).map(StopId::new),
            stop_sequence: next.stop.and_then(|stop| stop.stop_sequence),
            delay_s: next.delay_s,
            arrival: next.stop.and_then(|stop| event_time(stop.arrival.as_ref())),
            departure: next.stop.and_then(|stop| event_time(stop.departure.as_ref())),
            time,
        })
    })
}

struct NextStop<'a> {
    stop: Option<&'a proto::StopTimeUpdate>,
    delay_s: Option<i32>,
}

/// The first stop whose told time is not before `time`; where no stop has a time the first, where all are past the
/// last. A stop without data takes the delay of the stop before it (reference, "Stop Time Updates"), the first one
/// that of the trip. Skipped stops are passed over.
fn next_stop(update: &proto::TripUpdate, time: Time) -> NextStop<'_> {
    let served = || update.stop_time_update.iter().filter(|stop| stop.schedule_relationship != Some(SKIPPED));
    let leaves = |stop: &proto::StopTimeUpdate| {
        event_time(stop.departure.as_ref()).or_else(|| event_time(stop.arrival.as_ref()))
    };
    let ahead = served().position(|stop| leaves(stop).is_some_and(|leaves| leaves >= time));
    let told = served().any(|stop| leaves(stop).is_some());
    let at = ahead.unwrap_or(if told { served().count().saturating_sub(1) } else { 0 });
    let mut delay_s = update.delay;
    for (index, stop) in served().enumerate().take(at + 1) {
        let own = [stop.arrival.as_ref(), stop.departure.as_ref()].into_iter().flatten().find_map(|event| event.delay);
        let silent = stop.schedule_relationship == Some(NO_DATA);
        // At the stop itself a told time says more than the delay that stops before it had.
        let timed = index == at && leaves(stop).is_some();
        delay_s = if silent || timed { own } else { own.or(delay_s) };
    }
    NextStop { stop: served().nth(at), delay_s }
}

/// `time` of an event; 0 and other instants that cannot be are as good as none.
fn event_time(event: Option<&proto::StopTimeEvent>) -> Option<Time> {
    event?.time.and_then(|seconds| u64::try_from(seconds).ok()).and_then(Time::from_s)
}

/// A full dataset of trip updates, one stop each, as the replayer of the demo serves it.
pub fn encode_trip_updates(header_time: Time, rows: &[TripUpdateRow]) -> Vec<u8> {
    let event = |row: &TripUpdateRow, time: Option<Time>| {
        let event = proto::StopTimeEvent { delay: row.delay_s, time: time.map(Time::s) };
        (time.is_some()).then_some(event)
    };
    let stop = |row: &TripUpdateRow| {
        let nothing = row.stop.is_none() && row.stop_sequence.is_none();
        let arrival = event(row, row.arrival);
        let departure = event(row, row.departure);
        // A delay without a time still needs an event to stand in.
        let bare = proto::StopTimeEvent { delay: row.delay_s, time: None };
        let arrival = if arrival.is_none() && departure.is_none() { row.delay_s.map(|_| bare) } else { arrival };
        (!nothing).then(|| proto::StopTimeUpdate {
            stop_sequence: row.stop_sequence,
            arrival,
            departure,
            stop_id: row.stop.as_ref().map(|stop| stop.as_str().to_owned()),
            schedule_relationship: None,
        })
    };
    let entity = rows.iter().map(|row| proto::FeedEntity {
        id: Some(row.trip.as_str().to_owned()),
        trip_update: Some(proto::TripUpdate {
            trip: Some(trip::write(TripRef {
                trip: row.trip.clone(),
                start_date: row.start_date,
                route: row.route.clone(),
                relationship: row.relationship,
            })),
            stop_time_update: stop(row).into_iter().collect(),
            timestamp: u64::try_from(row.time.s()).ok(),
            delay: row.delay_s.filter(|_| row.stop.is_none() && row.stop_sequence.is_none()),
        }),
        ..proto::FeedEntity::default()
    });
    proto::FeedMessage { header: Some(header(header_time)), entity: entity.collect() }.encode_to_vec()
}

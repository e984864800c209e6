//! GTFS-RT `VehiclePosition`.

use city::{OccupancyClass, Position, Reason, RouteId, ScheduleRelationship, ServiceDate, Time, TripId};
use prost::Message as _;

use super::proto;
use super::trip::{self, TripRef};
use super::wire::{self, Part};

/// `FeedEntity.vehicle`; trip, position, timestamp and the two occupancies are read.
const PART: Part = Part { number: 4, kept: &[1, 2, 5, 9, 10] };
/// Up to this share of the capacity (seats and standing) seats are free in plenty.
const MANY_SEATS_PERCENT: u32 = 30;
/// Up to this share a few seats are free: about a third of a city bus's places are seats.
const FEW_SEATS_PERCENT: u32 = 50;
/// Up to this share there is room to stand.
const STANDING_ROOM_PERCENT: u32 = 95;

/// Where the vehicle of a trip is. There is no field for the vehicle (DESIGN 6).
#[derive(Clone, Debug, PartialEq)]
pub struct VehicleRow {
    /// `trip.trip_id`; never empty.
    pub trip: TripId,
    /// `trip.start_date`; `None` when the feed leaves it to the timetable.
    pub start_date: Option<ServiceDate>,
    /// `trip.route_id`.
    pub route: Option<RouteId>,
    /// `position.latitude` and `position.longitude`.
    pub position: Position,
    /// `position.bearing`, degrees clockwise from north, 0 to 360; `None` also when it is no such number.
    pub bearing_deg: Option<f32>,
    /// `timestamp`, or that of the header where the entity has none.
    pub time: Time,
    /// The class of `occupancy_status`, or of `occupancy_percentage`.
    pub occupancy: Option<OccupancyClass>,
}

/// Reads a message of vehicle positions. Refused by entity: without a trip or a position (`MissingField`), latitude
/// 91 or NaN (`OutOfRange`), a time or a start date that cannot be (`BadTime`), other entities (`Unsupported`).
pub fn decode_vehicle_positions(bytes: &[u8]) -> super::Decoded<VehicleRow> {
    wire::decode(bytes, &PART, |entity, header_time| {
        let vehicle = entity.vehicle.ok_or(Reason::Unsupported)?;
        let trip = trip::read(vehicle.trip.as_ref())?;
        let found = vehicle.position.ok_or(Reason::MissingField)?;
        let (Some(latitude), Some(longitude)) = (found.latitude, found.longitude) else {
            return Err(Reason::MissingField);
        };
        Ok(VehicleRow {
            trip: trip.trip,
            start_date: trip.start_date,
            route: trip.route,
            position: Position::new(longitude.into(), latitude.into()).ok_or(Reason::OutOfRange)?,
            bearing_deg: found.bearing.filter(|bearing| (0.0..=360.0).contains(bearing)),
            time: wire::entity_time(vehicle.timestamp, header_time)?,
            occupancy: occupancy(vehicle.occupancy_status, vehicle.occupancy_percentage),
        })
    })
}

/// A full dataset of vehicle positions, as the replayer of the demo serves it.
pub fn encode_vehicle_positions(header_time: Time, rows: &[VehicleRow]) -> Vec<u8> {
    let entity = rows.iter().map(|row| proto::FeedEntity {
        id: Some(row.trip.as_str().to_owned()),
        vehicle: Some(proto::VehiclePosition {
            trip: Some(trip::write(TripRef {
                trip: row.trip.clone(),
                start_date: row.start_date,
                route: row.route.clone(),
                relationship: ScheduleRelationship::Scheduled,
            })),
            position: Some(narrow(row.position, row.bearing_deg)),
            timestamp: u64::try_from(row.time.s()).ok(),
            occupancy_status: row.occupancy.map(status),
            occupancy_percentage: None,
        }),
        ..proto::FeedEntity::default()
    });
    proto::FeedMessage { header: Some(header(header_time)), entity: entity.collect() }.encode_to_vec()
}

/// `FeedHeader` of a full dataset.
pub(super) fn header(time: Time) -> proto::FeedHeader {
    proto::FeedHeader {
        gtfs_realtime_version: Some("2.0".to_owned()),
        incrementality: Some(0),
        timestamp: u64::try_from(time.s()).ok(),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the schema has single precision: 0.4 m at the equator")]
fn narrow(position: Position, bearing: Option<f32>) -> proto::Position {
    proto::Position { latitude: Some(position.latitude as f32), longitude: Some(position.longitude as f32), bearing }
}

/// Classes only, the percentage too. NO_DATA_AVAILABLE, NOT_BOARDABLE and what came later say nothing.
fn occupancy(status: Option<i32>, percentage: Option<u32>) -> Option<OccupancyClass> {
    let by_status = status.and_then(|status| match status {
        0 | 1 => Some(OccupancyClass::ManySeats),
        2 => Some(OccupancyClass::FewSeats),
        3 | 4 => Some(OccupancyClass::StandingRoom),
        5 | 6 => Some(OccupancyClass::Full),
        _ => None,
    });
    let bounds = [
        (MANY_SEATS_PERCENT, OccupancyClass::ManySeats),
        (FEW_SEATS_PERCENT, OccupancyClass::FewSeats),
        (STANDING_ROOM_PERCENT, OccupancyClass::StandingRoom),
    ];
    let class =
        |percent| bounds.into_iter().find(|(most, _)| percent <= *most).map_or(OccupancyClass::Full, |(_, c)| c);
    let by_percentage = percentage.map(class);
    by_status.or(by_percentage)
}

fn status(class: OccupancyClass) -> i32 {
    match class {
        OccupancyClass::ManySeats => 1,
        OccupancyClass::FewSeats => 2,
        OccupancyClass::StandingRoom => 3,
        OccupancyClass::Full => 5,
    }
}

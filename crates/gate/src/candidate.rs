//! What knocks at the gate: decoded values that nobody has judged yet.

use city::{
    Acknowledgement, DeskAction, Observation, OccupancyClass, RouteId, ScheduleRelationship, ServiceAlert, ServiceDate,
    ServiceRequest, StopId, Time, TripId, Warning,
};

/// One decoded entity of a feed. Where the foreign form lacks what a record needs (the service date), the gate
/// adds it; everything else is already of `city`, which has no field for a person.
///
/// There is no candidate for a timetable or a beat: see [`crate::Gate::admit_timetable`] and
/// [`crate::Admission::with_beat`].
#[derive(Clone, Debug, PartialEq)]
pub enum Candidate {
    /// A measured value. Many of them go faster through [`crate::Gate::admit_observations`].
    Observation(Observation),
    /// Where a vehicle is.
    VehiclePosition(PositionCandidate),
    /// How late a trip runs.
    TripUpdate(UpdateCandidate),
    /// What an agency tells its riders.
    ServiceAlert(ServiceAlert),
    /// An official warning.
    Warning(Warning),
    /// A resident asks the city to mend something.
    ServiceRequest(ServiceRequest),
    /// A role takes an alert.
    Acknowledgement(Acknowledgement),
    /// A role does something else about alerts.
    DeskAction(DeskAction),
}

/// GTFS-Realtime `TripDescriptor`, the part of it that survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripCandidate {
    /// `trip_id`.
    pub trip: TripId,
    /// `start_date`, where the feed gives it; else the gate finds the day from the timetable.
    pub service_date: Option<ServiceDate>,
    /// `schedule_relationship`. An added trip need not be in the timetable.
    pub relationship: ScheduleRelationship,
}

/// GTFS-Realtime `VehiclePosition` without its vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionCandidate {
    /// The trip that the vehicle runs; without one the position is refused as not in service.
    pub trip: Option<TripCandidate>,
    /// `route_id`; the timetable's wins where it knows the trip.
    pub route: Option<RouteId>,
    /// Degrees east as they came: not yet checked.
    pub longitude: f64,
    /// Degrees north as they came: not yet checked.
    pub latitude: f64,
    /// Degrees clockwise from north as they came: not yet checked.
    pub bearing_deg: Option<f32>,
    /// When it was there.
    pub time: Time,
    /// How full, in classes.
    pub occupancy: Option<OccupancyClass>,
}

/// GTFS-Realtime `TripUpdate`, reduced to the next stop.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateCandidate {
    /// The trip.
    pub trip: TripCandidate,
    /// `route_id`; the timetable's wins where it knows the trip.
    pub route: Option<RouteId>,
    /// The stop that the delay is for.
    pub stop: Option<StopId>,
    /// Seconds late; negative is early.
    pub delay_s: Option<i32>,
    /// When the agency knew it.
    pub time: Time,
}

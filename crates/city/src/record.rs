//! Everything that can be accepted. A closed list of closed types: no open bag, no map, no foreign bytes.
//! Adding a text field here turns `privacy.lock` red until a person has looked at it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::desk_action::DeskAction;
use crate::entity::EntityChange;
use crate::geometry::{Polygon, Position};
use crate::id::{AlertId, FeedId, RouteId, StopId, TripId, TripKey};
use crate::notification::Unreached;
use crate::observation::{Erasure, Observations};
use crate::service_request::ServiceRequest;
use crate::severity::Severity;
use crate::time::Time;

/// Anything accepted through the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// Measured values.
    Observations(Observations),
    /// Things, datastreams and what belongs to them came, changed or went. All of it or nothing.
    Entities(Vec<EntityChange>),
    /// Observations were taken away for good.
    Erasure(Erasure),
    /// Where the vehicle of a trip is.
    VehiclePosition(VehiclePosition),
    /// How late a trip runs.
    TripUpdate(TripUpdate),
    /// What an agency tells its riders.
    ServiceAlert(ServiceAlert),
    /// An official warning (CAP).
    Warning(Warning),
    /// A timetable came into force.
    Timetable(TimetableVersion),
    /// A feed was asked and answered, or did not.
    FeedBeat(FeedBeat),
    /// A role in the control room took an alert.
    Acknowledgement(Acknowledgement),
    /// A role in the control room did something else about alerts.
    DeskAction(DeskAction),
    /// A resident asked the city to mend something. New kinds stand at the end: the journal tells them by their place.
    ServiceRequest(ServiceRequest),
    /// There were more residents' requests than were read.
    RequestsCut(RequestsCut),
    /// A role could not be reached by a channel.
    Unreached(Unreached),
}

/// The kind of a record, for the journal's index and the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// [`Record::Observations`].
    Observations,
    /// [`Record::Entities`].
    Entities,
    /// [`Record::Erasure`].
    Erasure,
    /// [`Record::VehiclePosition`].
    VehiclePosition,
    /// [`Record::TripUpdate`].
    TripUpdate,
    /// [`Record::ServiceAlert`].
    ServiceAlert,
    /// [`Record::Warning`].
    Warning,
    /// [`Record::Timetable`].
    Timetable,
    /// [`Record::FeedBeat`].
    FeedBeat,
    /// [`Record::Acknowledgement`].
    Acknowledgement,
    /// [`Record::DeskAction`].
    DeskAction,
    /// [`Record::ServiceRequest`].
    ServiceRequest,
    /// [`Record::RequestsCut`].
    RequestsCut,
    /// [`Record::Unreached`].
    Unreached,
}

impl Record {
    /// Which kind it is.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Observations(_) => RecordKind::Observations,
            Self::Entities(_) => RecordKind::Entities,
            Self::Erasure(_) => RecordKind::Erasure,
            Self::VehiclePosition(_) => RecordKind::VehiclePosition,
            Self::TripUpdate(_) => RecordKind::TripUpdate,
            Self::ServiceAlert(_) => RecordKind::ServiceAlert,
            Self::Warning(_) => RecordKind::Warning,
            Self::Timetable(_) => RecordKind::Timetable,
            Self::FeedBeat(_) => RecordKind::FeedBeat,
            Self::Acknowledgement(_) => RecordKind::Acknowledgement,
            Self::DeskAction(_) => RecordKind::DeskAction,
            Self::ServiceRequest(_) => RecordKind::ServiceRequest,
            Self::RequestsCut(_) => RecordKind::RequestsCut,
            Self::Unreached(_) => RecordKind::Unreached,
        }
    }

    /// How many entities of its feed it is, in the feed's account. A beat is the centre's own note and none,
    /// and so are a cut and what became of a call.
    pub fn entities(&self) -> u64 {
        match self {
            Self::Observations(rows) => rows.len() as u64,
            Self::Entities(changes) => changes.len() as u64,
            Self::FeedBeat(_) | Self::RequestsCut(_) | Self::Unreached(_) => 0,
            _ => 1,
        }
    }
}

/// How full, in classes only: finer figures could follow a person (GTFS-RT `OccupancyStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OccupancyClass {
    /// Many seats.
    ManySeats,
    /// Few seats.
    FewSeats,
    /// Standing room only.
    StandingRoom,
    /// Full, or not taking passengers.
    Full,
}

/// Where the vehicle that runs a trip is. Keyed by the trip, never by the vehicle (DESIGN 6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehiclePosition {
    /// The run.
    pub trip: TripKey,
    /// The line, where the timetable knows it.
    pub route: Option<RouteId>,
    /// Where.
    pub position: Position,
    /// Degrees clockwise from north, 0 to 360.
    pub bearing_deg: Option<f32>,
    /// When it was there.
    pub time: Time,
    /// How full.
    pub occupancy: Option<OccupancyClass>,
}

/// GTFS-RT `TripDescriptor.ScheduleRelationship`, what Townbell tells apart of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleRelationship {
    /// Runs as in the timetable.
    Scheduled,
    /// Runs besides the timetable (ADDED, NEW, DUPLICATED, UNSCHEDULED).
    Added,
    /// Does not run (CANCELED, DELETED).
    Canceled,
}

/// How late a run is (GTFS-RT `TripUpdate`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripUpdate {
    /// The run.
    pub trip: TripKey,
    /// The line, where the feed or the timetable knows it.
    pub route: Option<RouteId>,
    /// Whether it runs.
    pub relationship: ScheduleRelationship,
    /// The stop that the delay is for: the next one.
    pub stop: Option<StopId>,
    /// Seconds late; negative is early. `None`: no data.
    pub delay_s: Option<i32>,
    /// When the agency knew it.
    pub time: Time,
}

/// What an agency tells its riders (GTFS-RT `Alert`). The text is an organisation's and went through the scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceAlert {
    /// Entity id in the feed.
    pub id: Arc<str>,
    /// In force from.
    pub from: Option<Time>,
    /// In force until.
    pub until: Option<Time>,
    /// Lines concerned.
    pub routes: Vec<RouteId>,
    /// Stops concerned.
    pub stops: Vec<StopId>,
    /// Trips concerned.
    pub trips: Vec<TripId>,
    /// GTFS-RT `Cause` in lower case; DEMONSTRATION and POLICE_ACTIVITY become `other_cause` (DESIGN 6).
    pub cause: Arc<str>,
    /// GTFS-RT `Effect` in lower case.
    pub effect: Arc<str>,
    /// Headline.
    pub header: String,
    /// Text.
    pub description: String,
}

/// An official warning (CAP 1.2). One `info` block, in the language that the city chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// CAP `identifier`.
    pub identifier: String,
    /// CAP `sender`.
    pub sender: String,
    /// CAP `sent`.
    pub sent: Time,
    /// CAP `msgType` is Cancel.
    pub cancels: bool,
    /// Identifiers that this message updates or cancels (CAP `references`).
    pub references: Vec<String>,
    /// CAP `event`.
    pub event: String,
    /// CAP `severity`.
    pub severity: Severity,
    /// CAP `urgency`, lower case.
    pub urgency: Arc<str>,
    /// CAP `certainty`, lower case.
    pub certainty: Arc<str>,
    /// CAP `onset`, or `effective`, or `sent`.
    pub onset: Time,
    /// CAP `expires`.
    pub expires: Option<Time>,
    /// CAP `senderName`: an organisation.
    pub sender_name: String,
    /// CAP `headline`.
    pub headline: String,
    /// CAP `description`.
    pub description: String,
    /// CAP `instruction`.
    pub instruction: String,
    /// Where.
    pub areas: Vec<WarningArea>,
}

/// CAP `area`. Circles arrive as polygons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarningArea {
    /// CAP `areaDesc`.
    pub description: String,
    /// CAP `polygon`s.
    pub polygons: Vec<Polygon>,
    /// Values of CAP `geocode`s.
    pub geocodes: Vec<String>,
}

/// A timetable that came into force. The tables themselves are kept beside the journal, by this hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimetableVersion {
    /// SHA-256 of the zip as it came, hexadecimal.
    pub sha256: String,
    /// Trips in it.
    pub trips: u32,
    /// Stops in it.
    pub stops: u32,
}

/// A feed was asked: did it answer? This is how silence gets into the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedBeat {
    /// True: an answer that could be read (unchanged counts). False: no answer, or nothing readable.
    pub good: bool,
}

/// A poll of residents' requests ended at its limit of pages: some that were made by then may be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestsCut {
    /// The full hour (UTC) of the poll: the last in which one may be missing.
    pub hour: Time,
}

/// A role in the control room took an alert. A role, never a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The alert.
    pub alert: AlertId,
    /// The role: `duty_officer`, `water_desk`.
    pub role: String,
    /// A line of text; scanned by the gate.
    pub note: String,
}

/// A record with what the journal knows about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who sent it.
    pub feed: FeedId,
    /// When it was accepted.
    pub received: Time,
    /// What.
    pub record: Record,
}

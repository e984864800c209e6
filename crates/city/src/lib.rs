//! The nouns of the house, in the order in which data meets them: time, ids, geometry, the city that is
//! configured (things, places, timetable), the records that come in, and the alerts that go out.
//!
//! No I/O, no clock, no async, no foreign format. There is no type for a person here, and none may be added
//! (`CHARTER.md`).

pub mod alert;
pub mod contract;
pub mod desk_action;
pub mod entity;
pub mod geometry;
pub mod grid_cell;
pub mod id;
pub mod link;
pub mod notification;
pub mod observation;
pub mod place;
pub mod purpose;
pub mod record;
pub mod service_request;
pub mod severity;
pub mod tally;
pub mod thing;
pub mod time;
pub mod timetable;

pub use alert::{Alert, AlertChange, AlertKey, AlertState, Blindness};
pub use contract::{Contract, FeedKind};
pub use desk_action::{Cover, DeskAction, DeskActionKind, Repeat, Silence, SilenceFault, SilenceScope};
pub use entity::{
    DatastreamBody, Entity, EntityBody, EntityChange, EntityId, EntityKind, ObservationType, Primitive, Properties,
    Shape, UnitOfMeasurement,
};
pub use geometry::{BoundingBox, Polygon, Position};
pub use grid_cell::GridCell;
pub use id::{
    AlertId, CoverId, DatastreamId, FeedId, IdHasher, ObservedPropertyId, PlaceId, RouteId, RuleId, Seq, ServiceCode,
    ServiceDate, ServiceRequestId, SilenceId, StopId, ThingId, TripId, TripKey,
};
pub use link::{Link, Node};
pub use notification::{Delivery, Notification, NotificationReason, Unreached};
pub use observation::{Detail, ErasedKey, Erasure, Observation, ObservationKey, Observations};
pub use place::Place;
pub use purpose::Purpose;
pub use record::{
    Acknowledgement, FeedBeat, OccupancyClass, Record, RecordKind, RequestsCut, ScheduleRelationship, ServiceAlert,
    TimetableVersion, TripUpdate, VehiclePosition, Warning, WarningArea,
};
pub use service_request::{RequestStatus, ServiceRequest};
pub use severity::Severity;
pub use tally::{Reason, Tally};
pub use thing::{Datastream, DeclaredKey, DeclaredKind, Keeps, ObservedProperty, Thing};
pub use time::{Span, Time};
pub use timetable::Timetable;

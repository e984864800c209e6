//! The contract of a feed: without one, nothing of it is read.

use serde::{Deserialize, Serialize};

use crate::id::FeedId;
use crate::time::Span;

/// In which standard a feed speaks, and which way it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FeedKind {
    /// GTFS Schedule, a zip polled over HTTP.
    Gtfs,
    /// GTFS-Realtime VehiclePositions, polled over HTTP.
    GtfsRtVehiclePositions,
    /// GTFS-Realtime TripUpdates, polled over HTTP.
    GtfsRtTripUpdates,
    /// GTFS-Realtime Alerts, polled over HTTP.
    GtfsRtAlerts,
    /// SensorThings 1.1 observations, sent to `/v1.1` over HTTP.
    SensorThings,
    /// CAP 1.2 behind an Atom index, polled over HTTP.
    CapAtom,
    /// CAP 1.2 files in a folder.
    CapFiles,
    /// What a person does in the control room (an acknowledgement); not a foreign feed.
    ControlRoom,
    /// Open311 GeoReport v2: residents' requests, polled over HTTP.
    Open311,
}

/// What the city agreed to before the first byte of a feed was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// The feed.
    pub feed: FeedId,
    /// In words, for the feed console: "Level of Lake Guaíba".
    pub name: String,
    /// Its standard.
    pub kind: FeedKind,
    /// The agency that answers for it.
    pub owner: String,
    /// Under what terms it may be used and shown.
    pub licence: String,
    /// Why the city reads it.
    pub purpose: String,
    /// The longest silence that is still normal, in milliseconds; past it the feed counts as dead.
    pub beat: Span,
    /// How long its records are kept, in milliseconds.
    pub retention: Span,
    /// Where the data is simulated or shifted in time, that in words; shown wherever the data is shown.
    pub caveat: Option<String>,
}

//! What depends on what: the feeder that drives the pump that keeps the street dry.

use serde::{Deserialize, Serialize};

use crate::id::{FeedId, PlaceId, RouteId, ThingId};

/// Something in the city that can fail, or suffer from what fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Node {
    /// A thing: a gauge, a pump, a feeder.
    Thing(ThingId),
    /// A place: a hospital, a district.
    Place(PlaceId),
    /// A feed.
    Feed(FeedId),
    /// A line of public transport.
    Route(RouteId),
}

/// When `from` fails, `to` suffers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// The cause.
    pub from: Node,
    /// What depends on it.
    pub to: Node,
    /// How, in a word: `powers`, `drains`, `carries`.
    pub kind: String,
}

//! A named geometry: a district, a facility, a flood zone, the city itself.

use serde::{Deserialize, Serialize};

use crate::geometry::{Polygon, Position};
use crate::id::PlaceId;

/// A place that rules, warnings and people can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// Its id in `city.toml`.
    pub id: PlaceId,
    /// Its name in words.
    pub name: String,
    /// What it is: `city`, `district`, `hospital`, `station`, `market`.
    pub kind: String,
    /// Where its symbol stands.
    pub position: Position,
    /// Its outline, where it has one.
    pub outline: Option<Polygon>,
    /// Codes by which warnings without a polygon name it (CAP `geocode` values).
    pub geocodes: Vec<String>,
}

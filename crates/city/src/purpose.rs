//! Why somebody may ask: the second key to every rule, beside whose rule it is.

use serde::{Deserialize, Serialize};

use crate::id::FeedId;

/// A purpose that the city has declared: which roles may ask which feeds for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Purpose {
    /// Its id, as rules name it: `flood_warning`.
    pub id: String,
    /// In words that a resident understands.
    pub words: String,
    /// The roles that may ask for it.
    pub roles: Vec<String>,
    /// The feeds that may be asked for it.
    pub feeds: Vec<FeedId>,
}

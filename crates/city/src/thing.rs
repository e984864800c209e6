//! Things and datastreams, as in OGC SensorThings 1.1 (18-088, clause 8).

use serde::{Deserialize, Serialize};

use crate::geometry::Position;
use crate::id::{DatastreamId, FeedId, ObservedPropertyId, ThingId};
use crate::time::Span;

/// What can be observed: one entry of a pack's allow-list. Nothing else may enter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservedProperty {
    /// Its id: `water_level`.
    pub id: ObservedPropertyId,
    /// Its name in words: "Water level".
    pub name: String,
    /// A URI that defines it.
    pub definition: String,
    /// What it means, in a sentence.
    pub description: String,
    /// Unit name: "metre".
    pub unit_name: String,
    /// Unit symbol in UCUM: "m".
    pub unit_symbol: String,
    /// Smallest value that an instrument can honestly give, in the unit.
    pub min: f64,
    /// Largest value that an instrument can honestly give, in the unit.
    pub max: f64,
    /// The texts that a result may be, where results are categories.
    pub categories: Vec<String>,
    /// The keys that `properties` of what has to do with it, and `parameters` of its observations, may hold.
    pub declares: Vec<DeclaredKey>,
    /// How long its values are kept, where that is shorter than their feed's contract allows.
    pub keeps: Option<Keeps>,
}

/// A key of `properties` that a pack declares. What no pack declares is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredKey {
    /// The key: `serial_number`.
    pub key: String,
    /// What its value is.
    pub kind: DeclaredKind,
}

/// What the value of a declared key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclaredKind {
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A short text, scanned by the gate.
    Text,
}

/// How long the values of a series are kept: as they came, and then as hourly figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeps {
    /// Every value, from its phenomenon time on.
    pub raw: Span,
    /// Count, minimum, maximum and mean of each hour, from its phenomenon time on; `None`: no hourly figures.
    pub hourly: Option<Span>,
}

/// A physical thing that observes: a gauge, a weather station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thing {
    /// Its id.
    pub id: ThingId,
    /// Its name: "Cais Mauá gauge".
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Where it stands.
    pub position: Position,
}

/// One observed property of one thing, fed by one feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Datastream {
    /// Its id.
    pub id: DatastreamId,
    /// Its name: "Level at Cais Mauá".
    pub name: String,
    /// Which thing observes.
    pub thing: ThingId,
    /// What it observes.
    pub observed_property: ObservedPropertyId,
    /// Which feed may write it.
    pub feed: FeedId,
    /// The longest gap between observations that is still normal, in milliseconds.
    pub beat: Span,
}

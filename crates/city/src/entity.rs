//! The entities of SensorThings 1.1 (18-088, clause 8.2) that are not observations, as they are kept.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geometry::Position;
use crate::id::FeedId;
use crate::time::Time;

/// What an entity is called within its kind (`@iot.id`): a number, or for an observed property of a pack its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntityId {
    /// 1 to 2^53 - 1, so that every client can hold it.
    Number(i64),
    /// `water_level`
    Text(Arc<str>),
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<i64> for EntityId {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for EntityId {
    fn from(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }
}

/// One value of a property: never an object, never a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Primitive {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// A short text, scanned by the gate.
    Text(Arc<str>),
}

/// `properties` and `parameters`: the keys that the pack of an observed property declares, each once, sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(Vec<(Arc<str>, Primitive)>);

impl Properties {
    /// Sets a key.
    pub fn set(&mut self, key: &str, value: Primitive) {
        match self.0.binary_search_by(|(known, _)| known.as_ref().cmp(key)) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (Arc::from(key), value)),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Primitive> {
        let at = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// All, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Primitive)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// Keys in it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where something is (GeoJSON, RFC 7946, without collections).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// One position.
    Point(Position),
    /// Several.
    MultiPoint(Vec<Position>),
    /// At least two positions.
    LineString(Vec<Position>),
    /// Several lines.
    MultiLineString(Vec<Vec<Position>>),
    /// An outer ring and its holes, each closed.
    Polygon(Vec<Vec<Position>>),
    /// Several areas.
    MultiPolygon(Vec<Vec<Vec<Position>>>),
}

/// What the results of a datastream are (18-088, table 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObservationType {
    /// A number with a unit: OM_Measurement.
    Measurement,
    /// A whole number: OM_CountObservation.
    Count,
    /// True or false: OM_TruthObservation.
    Truth,
    /// One of a list: OM_CategoryObservation.
    Category,
    /// Any of these: OM_Observation.
    Any,
}

/// `unitOfMeasurement`; each part may be missing (18-088, table 11).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitOfMeasurement {
    /// "degree Celsius"
    pub name: Option<String>,
    /// "°C"
    pub symbol: Option<String>,
    /// A URI.
    pub definition: Option<String>,
}

/// Which of the seven kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2")]
pub enum EntityKind {
    Thing,
    Location,
    HistoricalLocation,
    Datastream,
    Sensor,
    ObservedProperty,
    FeatureOfInterest,
}

impl EntityKind {
    /// Every kind, in the order of the clauses of the standard.
    pub const ALL: [Self; 7] = [
        Self::Thing,
        Self::Location,
        Self::HistoricalLocation,
        Self::Datastream,
        Self::Sensor,
        Self::ObservedProperty,
        Self::FeatureOfInterest,
    ];

    /// Its place in [`Self::ALL`]. It is in the files of the store, so it never changes.
    pub fn place(self) -> u8 {
        self as u8
    }
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Its id within its kind.
    pub id: EntityId,
    /// Its name; empty for a historical location, which has none.
    pub name: String,
    /// What it is, in a sentence; empty for a historical location.
    pub description: String,
    /// Its own properties.
    pub properties: Properties,
    /// What its kind has besides, with its links.
    pub body: EntityBody,
}

/// What each kind has besides name, description and properties. A link is kept at the end where it is one, or at
/// the thing (its locations).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2")]
pub enum EntityBody {
    /// `feature_of_interest`: that of observations of its datastreams that name none, where the datastream has none of
    /// its own; found or made from the thing's place at the first of them.
    Thing {
        locations: Vec<EntityId>,
        feature_of_interest: Option<EntityId>,
    },
    Location {
        encoding_type: String,
        location: Shape,
    },
    HistoricalLocation {
        time: Time,
        thing: EntityId,
        locations: Vec<EntityId>,
    },
    Sensor {
        encoding_type: String,
        metadata: String,
    },
    ObservedProperty {
        definition: String,
    },
    FeatureOfInterest {
        encoding_type: String,
        feature: Shape,
    },
    Datastream(Box<DatastreamBody>),
}

/// What a datastream has besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatastreamBody {
    /// What its results are.
    pub observation_type: ObservationType,
    /// Their unit.
    pub unit_of_measurement: UnitOfMeasurement,
    /// Who observes.
    pub thing: EntityId,
    /// With what.
    pub sensor: EntityId,
    /// What.
    pub observed_property: EntityId,
    /// Which feed may write it.
    pub feed: FeedId,
    /// The feature of interest of observations that name none, where it is another than the thing's.
    pub feature_of_interest: Option<EntityId>,
    /// Other features of interest that observations of it name, in id order: where to look for what a feature has.
    pub other_features: Vec<EntityId>,
}

impl DatastreamBody {
    /// The feature of interest of observations that name none: its own, or that of its thing, which `look_up` finds.
    pub fn usual_feature<'a>(&'a self, look_up: impl FnOnce(&EntityId) -> Option<&'a Entity>) -> Option<&'a EntityId> {
        self.feature_of_interest.as_ref().or_else(|| match &look_up(&self.thing)?.body {
            EntityBody::Thing { feature_of_interest, .. } => feature_of_interest.as_ref(),
            _ => None,
        })
    }
}

impl Entity {
    /// Its kind.
    pub fn kind(&self) -> EntityKind {
        match &self.body {
            EntityBody::Thing { .. } => EntityKind::Thing,
            EntityBody::Location { .. } => EntityKind::Location,
            EntityBody::HistoricalLocation { .. } => EntityKind::HistoricalLocation,
            EntityBody::Sensor { .. } => EntityKind::Sensor,
            EntityBody::ObservedProperty { .. } => EntityKind::ObservedProperty,
            EntityBody::FeatureOfInterest { .. } => EntityKind::FeatureOfInterest,
            EntityBody::Datastream(_) => EntityKind::Datastream,
        }
    }
}

/// One step in the life of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EntityChange {
    /// It is so from now on, whether it was there before or not.
    Put(Entity),
    /// It is gone.
    Delete(EntityKind, EntityId),
}

#[cfg(test)]
mod tests {
    use super::EntityKind;

    #[test]
    fn every_kind_stands_at_its_place() {
        let places: Vec<u8> = EntityKind::ALL.into_iter().map(EntityKind::place).collect();
        assert_eq!(places, [0, 1, 2, 3, 4, 5, 6]);
    }
}

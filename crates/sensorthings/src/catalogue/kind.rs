//! The seven kinds that are kept here, and the eight types of the standard.

use city::EntityKind;

use crate::model::EntityType;

/// Every kind, in the order of the clauses of the standard.
pub const KINDS: [EntityKind; 7] = EntityKind::ALL;

impl EntityType {
    /// The kind under which the catalogue keeps it; none for observations, which are in the series.
    pub fn kept(self) -> Option<EntityKind> {
        match self {
            Self::Thing => Some(EntityKind::Thing),
            Self::Location => Some(EntityKind::Location),
            Self::HistoricalLocation => Some(EntityKind::HistoricalLocation),
            Self::Datastream => Some(EntityKind::Datastream),
            Self::Sensor => Some(EntityKind::Sensor),
            Self::ObservedProperty => Some(EntityKind::ObservedProperty),
            Self::FeatureOfInterest => Some(EntityKind::FeatureOfInterest),
            Self::Observation => None,
        }
    }
}

impl From<EntityKind> for EntityType {
    fn from(kind: EntityKind) -> Self {
        match kind {
            EntityKind::Thing => Self::Thing,
            EntityKind::Location => Self::Location,
            EntityKind::HistoricalLocation => Self::HistoricalLocation,
            EntityKind::Datastream => Self::Datastream,
            EntityKind::Sensor => Self::Sensor,
            EntityKind::ObservedProperty => Self::ObservedProperty,
            EntityKind::FeatureOfInterest => Self::FeatureOfInterest,
        }
    }
}

/// Place of a kind in a table with a row for each.
pub(super) fn place(kind: EntityKind) -> usize {
    usize::from(kind.place())
}

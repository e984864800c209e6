//! The data model of 18-088 clause 8.2 as one table: eight entity types, their properties, their relations. Nothing here
//! depends on a version of the standard; what differs (`@iot.id` and its like) is in [`crate::v1_1`].

/// An entity type of the Sensing part (18-088 clause 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityType {
    /// Clause 8.2.1.
    Thing,
    /// Clause 8.2.2.
    Location,
    /// Clause 8.2.3.
    HistoricalLocation,
    /// Clause 8.2.4.
    Datastream,
    /// Clause 8.2.5.
    Sensor,
    /// Clause 8.2.6.
    ObservedProperty,
    /// Clause 8.2.7.
    Observation,
    /// Clause 8.2.8.
    FeatureOfInterest,
}

/// Every entity type, in the order of the clauses.
pub const ENTITY_TYPES: [EntityType; 8] = [
    EntityType::Thing,
    EntityType::Location,
    EntityType::HistoricalLocation,
    EntityType::Datastream,
    EntityType::Sensor,
    EntityType::ObservedProperty,
    EntityType::Observation,
    EntityType::FeatureOfInterest,
];

/// A property of an entity. One name means the same in every type that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// The identifier.
    Id,
    /// The absolute address; it can be selected and not filtered by.
    SelfLink,
    /// `name`.
    Name,
    /// `description`.
    Description,
    /// `properties`, the open bag.
    Properties,
    /// `encodingType` of a location, feature or metadata.
    EncodingType,
    /// `location` of a Location.
    Location,
    /// `time` of a HistoricalLocation.
    Time,
    /// `unitOfMeasurement`: name, symbol, definition.
    UnitOfMeasurement,
    /// `observationType`.
    ObservationType,
    /// `observedArea` of a Datastream.
    ObservedArea,
    /// `phenomenonTime`.
    PhenomenonTime,
    /// `resultTime`.
    ResultTime,
    /// `metadata` of a Sensor.
    Metadata,
    /// `definition` of an ObservedProperty.
    Definition,
    /// `result` of an Observation.
    Result,
    /// `resultQuality`.
    ResultQuality,
    /// `validTime`.
    ValidTime,
    /// `parameters`, the open bag of an Observation.
    Parameters,
    /// `feature` of a FeatureOfInterest.
    Feature,
}

/// A navigation property: the plural leads to many entities, the singular to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the name of the standard, and its target says the rest")]
pub enum Navigation {
    Things,
    Locations,
    HistoricalLocations,
    Datastreams,
    Observations,
    Thing,
    Datastream,
    Sensor,
    ObservedProperty,
    FeatureOfInterest,
}

/// What the values of a property are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    /// The identifier: a whole number, or text.
    Id,
    /// Text.
    Text,
    /// A JSON object whose members can be named in a path (`properties/model`).
    Bag,
    /// Any JSON value; its members can be named in a path.
    Any,
    /// A GeoJSON geometry; its members can be named in a path (`location/type`).
    Geometry,
    /// An instant.
    Instant,
    /// An interval of time.
    Interval,
    /// An instant or an interval.
    Time,
}

impl PropertyKind {
    /// Whether a path may go on into the value.
    pub fn has_members(self) -> bool {
        matches!(self, Self::Bag | Self::Any | Self::Geometry)
    }
}

/// One property as one entity type has it.
#[derive(Clone, Copy, Debug)]
pub struct PropertyRow {
    /// Which.
    pub property: Property,
    /// What its values are, in this type.
    pub kind: PropertyKind,
    /// Whether an entity cannot be created without it.
    pub mandatory: bool,
}

/// One relation as one entity type has it.
#[derive(Clone, Copy, Debug)]
pub struct NavigationRow {
    /// Which.
    pub navigation: Navigation,
    /// Whether an entity cannot exist without it.
    pub mandatory: bool,
}

/// What clause 8.2 says of one entity type.
#[derive(Debug)]
pub struct EntityRow {
    /// The name of one, as in a navigation property to one.
    pub name: &'static str,
    /// The name of the set, as in a resource path.
    pub set: &'static str,
    /// Its properties but the identifier, in the order of the standard's table.
    pub properties: &'static [PropertyRow],
    /// Its relations.
    pub navigations: &'static [NavigationRow],
}

const fn must(property: Property, kind: PropertyKind) -> PropertyRow {
    PropertyRow { property, kind, mandatory: true }
}

const fn may(property: Property, kind: PropertyKind) -> PropertyRow {
    PropertyRow { property, kind, mandatory: false }
}

const fn to(navigation: Navigation) -> NavigationRow {
    NavigationRow { navigation, mandatory: false }
}

const fn belongs(navigation: Navigation) -> NavigationRow {
    NavigationRow { navigation, mandatory: true }
}

use PropertyKind::{Any, Bag, Geometry, Instant, Interval, Text, Time};

static THING: EntityRow = EntityRow {
    name: "Thing",
    set: "Things",
    properties: &[must(Property::Name, Text), must(Property::Description, Text), may(Property::Properties, Bag)],
    navigations: &[to(Navigation::Locations), to(Navigation::HistoricalLocations), to(Navigation::Datastreams)],
};

static LOCATION: EntityRow = EntityRow {
    name: "Location",
    set: "Locations",
    properties: &[
        must(Property::Name, Text),
        must(Property::Description, Text),
        must(Property::EncodingType, Text),
        must(Property::Location, Geometry),
        may(Property::Properties, Bag),
    ],
    navigations: &[to(Navigation::Things), to(Navigation::HistoricalLocations)],
};

static HISTORICAL_LOCATION: EntityRow = EntityRow {
    name: "HistoricalLocation",
    set: "HistoricalLocations",
    properties: &[must(Property::Time, Instant)],
    navigations: &[belongs(Navigation::Thing), belongs(Navigation::Locations)],
};

static DATASTREAM: EntityRow = EntityRow {
    name: "Datastream",
    set: "Datastreams",
    properties: &[
        must(Property::Name, Text),
        must(Property::Description, Text),
        must(Property::UnitOfMeasurement, Bag),
        must(Property::ObservationType, Text),
        may(Property::ObservedArea, Geometry),
        may(Property::PhenomenonTime, Interval),
        may(Property::ResultTime, Interval),
        may(Property::Properties, Bag),
    ],
    navigations: &[
        belongs(Navigation::Thing),
        belongs(Navigation::Sensor),
        belongs(Navigation::ObservedProperty),
        to(Navigation::Observations),
    ],
};

static SENSOR: EntityRow = EntityRow {
    name: "Sensor",
    set: "Sensors",
    properties: &[
        must(Property::Name, Text),
        must(Property::Description, Text),
        must(Property::EncodingType, Text),
        must(Property::Metadata, Any),
        may(Property::Properties, Bag),
    ],
    navigations: &[to(Navigation::Datastreams)],
};

static OBSERVED_PROPERTY: EntityRow = EntityRow {
    name: "ObservedProperty",
    set: "ObservedProperties",
    properties: &[
        must(Property::Name, Text),
        must(Property::Definition, Text),
        must(Property::Description, Text),
        may(Property::Properties, Bag),
    ],
    navigations: &[to(Navigation::Datastreams)],
};

static OBSERVATION: EntityRow = EntityRow {
    name: "Observation",
    set: "Observations",
    // phenomenonTime and resultTime are mandatory in what is told, and the server fills them in (Table 15).
    properties: &[
        may(Property::PhenomenonTime, Time),
        must(Property::Result, Any),
        may(Property::ResultTime, Instant),
        may(Property::ResultQuality, Any),
        may(Property::ValidTime, Interval),
        may(Property::Parameters, Bag),
    ],
    // The feature of interest is made from the Thing's location when it is not given (clause 8.2.8).
    navigations: &[belongs(Navigation::Datastream), to(Navigation::FeatureOfInterest)],
};

static FEATURE_OF_INTEREST: EntityRow = EntityRow {
    name: "FeatureOfInterest",
    set: "FeaturesOfInterest",
    properties: &[
        must(Property::Name, Text),
        must(Property::Description, Text),
        must(Property::EncodingType, Text),
        must(Property::Feature, Geometry),
        may(Property::Properties, Bag),
    ],
    navigations: &[to(Navigation::Observations)],
};

impl EntityType {
    /// What the standard says of this type.
    pub fn row(self) -> &'static EntityRow {
        match self {
            Self::Thing => &THING,
            Self::Location => &LOCATION,
            Self::HistoricalLocation => &HISTORICAL_LOCATION,
            Self::Datastream => &DATASTREAM,
            Self::Sensor => &SENSOR,
            Self::ObservedProperty => &OBSERVED_PROPERTY,
            Self::Observation => &OBSERVATION,
            Self::FeatureOfInterest => &FEATURE_OF_INTEREST,
        }
    }

    /// The name of one entity.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The name of the set.
    pub fn set(self) -> &'static str {
        self.row().set
    }

    /// The type whose set has this name.
    pub fn of_set(name: &str) -> Option<Self> {
        ENTITY_TYPES.into_iter().find(|entity| entity.set() == name)
    }

    /// The property of this name, if this type has it; not the identifier, whose name depends on the version.
    pub fn property(self, name: &str) -> Option<&'static PropertyRow> {
        self.row().properties.iter().find(|row| row.property.name() == name)
    }

    /// Of what kind a property is in this type; `None` when the type does not have it.
    pub fn kind(self, property: Property) -> Option<PropertyKind> {
        match property {
            Property::Id => Some(PropertyKind::Id),
            Property::SelfLink => Some(PropertyKind::Text),
            _ => self.row().properties.iter().find(|row| row.property == property).map(|row| row.kind),
        }
    }

    /// The relation of this name, if this type has it.
    pub fn navigation(self, name: &str) -> Option<Navigation> {
        self.row().navigations.iter().map(|row| row.navigation).find(|navigation| navigation.name() == name)
    }

    /// How this type leads back along a relation: `Thing.Datastreams` is `Datastream.Thing` seen from the other end.
    pub fn inverse(self, navigation: Navigation) -> Option<Navigation> {
        let back = navigation.target().row().navigations;
        back.iter().map(|row| row.navigation).find(|other| other.target() == self)
    }
}

impl Property {
    /// The name in JSON and in queries. That of the identifier is the short one of the standard's own examples.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => crate::v1_1::ID,
            Self::SelfLink => crate::v1_1::SELF_LINK,
            Self::Name => "name",
            Self::Description => "description",
            Self::Properties => "properties",
            Self::EncodingType => "encodingType",
            Self::Location => "location",
            Self::Time => "time",
            Self::UnitOfMeasurement => "unitOfMeasurement",
            Self::ObservationType => "observationType",
            Self::ObservedArea => "observedArea",
            Self::PhenomenonTime => "phenomenonTime",
            Self::ResultTime => "resultTime",
            Self::Metadata => "metadata",
            Self::Definition => "definition",
            Self::Result => "result",
            Self::ResultQuality => "resultQuality",
            Self::ValidTime => "validTime",
            Self::Parameters => "parameters",
            Self::Feature => "feature",
        }
    }
}

impl Navigation {
    /// The name in JSON, paths and queries.
    pub fn name(self) -> &'static str {
        if self.is_many() { self.target().set() } else { self.target().name() }
    }

    /// The type at the other end.
    pub fn target(self) -> EntityType {
        match self {
            Self::Things | Self::Thing => EntityType::Thing,
            Self::Locations => EntityType::Location,
            Self::HistoricalLocations => EntityType::HistoricalLocation,
            Self::Datastreams | Self::Datastream => EntityType::Datastream,
            Self::Observations => EntityType::Observation,
            Self::Sensor => EntityType::Sensor,
            Self::ObservedProperty => EntityType::ObservedProperty,
            Self::FeatureOfInterest => EntityType::FeatureOfInterest,
        }
    }

    /// Whether it leads to many entities.
    pub fn is_many(self) -> bool {
        matches!(
            self,
            Self::Things | Self::Locations | Self::HistoricalLocations | Self::Datastreams | Self::Observations
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_can_be_walked_back() {
        for entity in ENTITY_TYPES {
            for row in entity.row().navigations {
                let back = entity.inverse(row.navigation).expect("a way back");
                assert_eq!(back.target(), entity);
                assert_eq!(entity.navigation(row.navigation.name()), Some(row.navigation));
            }
            assert_eq!(EntityType::of_set(entity.set()), Some(entity));
        }
    }

    #[test]
    fn the_table_has_what_clause_8_2_has() {
        let count = |entity: EntityType| (entity.row().properties.len(), entity.row().navigations.len());
        assert_eq!(ENTITY_TYPES.map(count), [(3, 3), (5, 2), (1, 2), (8, 4), (5, 1), (4, 1), (6, 2), (5, 1)]);
        assert_eq!(EntityType::Datastream.kind(Property::PhenomenonTime), Some(PropertyKind::Interval));
        assert_eq!(EntityType::Observation.kind(Property::Name), None);
    }
}

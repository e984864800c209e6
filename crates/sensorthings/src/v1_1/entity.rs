//! The seven kinds of entities that are not observations, as JSON (18-088 clause 8.2).

use city::{DatastreamBody, Entity, EntityBody, EntityId, ObservationType, Shape, Time, UnitOfMeasurement};

use super::fields::Fields;
use super::text::{self, Object};
use super::{ID, NAVIGATION_LINK, SELF_LINK};
use crate::model::{EntityType, Property};

/// `encodingType` of the geometries of a Location or a feature, where it was not said otherwise.
const GEOJSON: &str = "application/geo+json";
/// What the values of `observationType` begin with (18-088 table 12).
const OBSERVATION_TYPE: &str = "http://www.opengis.net/def/observationType/OGC-OM/2.0/";

/// What an entity does not know of itself.
pub(crate) trait Facts {
    /// The first and last phenomenon time of a datastream.
    fn phenomenon_time(&self, datastream: &EntityId) -> Option<(Time, Time)>;
    /// The first and last result time of a datastream.
    fn result_time(&self, datastream: &EntityId) -> Option<(Time, Time)>;
    /// Where a datastream observes.
    fn observed_area(&self, datastream: &DatastreamBody) -> Option<&Shape>;
}

/// The URI of an observation type.
pub fn observation_type(kind: ObservationType) -> String {
    let name = match kind {
        ObservationType::Measurement => "OM_Measurement",
        ObservationType::Count => "OM_CountObservation",
        ObservationType::Truth => "OM_TruthObservation",
        ObservationType::Category => "OM_CategoryObservation",
        ObservationType::Any => "OM_Observation",
    };
    format!("{OBSERVATION_TYPE}{name}")
}

/// The address of an entity: `base/Things(1)`.
pub(crate) fn link(out: &mut Vec<u8>, base: &str, entity: EntityType, id: &EntityId) {
    out.extend_from_slice(base.as_bytes());
    out.push(b'/');
    out.extend_from_slice(entity.set().as_bytes());
    out.push(b'(');
    text::path_id(out, id);
    out.push(b')');
}

/// The members of an entity, but for the related ones that are told in full.
pub(crate) fn members(
    object: &mut Object<'_>,
    base: &str,
    (entity_type, entity): (EntityType, &Entity),
    fields: &Fields,
    facts: &dyn Facts,
) {
    text::id(object.key(&[ID]), &entity.id);
    let mut address = Vec::new();
    link(&mut address, base, entity_type, &entity.id);
    if fields.self_link {
        quoted(object.key(&[SELF_LINK]), &[&address]);
    }
    for field in &fields.properties {
        object.member(&[field.property.name()], |out| {
            super::narrowed(out, &field.members, |out| property(out, entity, field.property, facts))
        });
    }
    for link in &fields.links {
        quoted(object.key(&[link.name(), NAVIGATION_LINK]), &[&address, b"/", link.name().as_bytes()]);
    }
}

/// A text of parts that need no escapes: `base` is an address, and what follows it is percent-encoded.
pub(crate) fn quoted(out: &mut Vec<u8>, parts: &[&[u8]]) {
    out.push(b'"');
    for part in parts {
        out.extend_from_slice(part);
    }
    out.push(b'"');
}

/// Writes the value of a property; false, and nothing written, where the entity has none.
pub(crate) fn property(out: &mut Vec<u8>, entity: &Entity, property: Property, facts: &dyn Facts) -> bool {
    match property {
        Property::Id => text::id(out, &entity.id),
        Property::Name => text::text(out, &entity.name),
        Property::Description => text::text(out, &entity.description),
        Property::Properties if entity.properties.is_empty() => return false,
        Property::Properties => text::properties(out, &entity.properties),
        _ => return own(out, entity, property, facts),
    }
    true
}

/// The properties that only some kinds have.
fn own(out: &mut Vec<u8>, entity: &Entity, property: Property, facts: &dyn Facts) -> bool {
    match (&entity.body, property) {
        (
            EntityBody::Location { encoding_type, .. }
            | EntityBody::Sensor { encoding_type, .. }
            | EntityBody::FeatureOfInterest { encoding_type, .. },
            Property::EncodingType,
        ) => text::text(out, if encoding_type.is_empty() { GEOJSON } else { encoding_type }),
        (EntityBody::Location { location: shape, .. }, Property::Location)
        | (EntityBody::FeatureOfInterest { feature: shape, .. }, Property::Feature) => text::shape(out, shape),
        (EntityBody::HistoricalLocation { time, .. }, Property::Time) => text::time(out, *time),
        (EntityBody::Sensor { metadata, .. }, Property::Metadata) => text::text(out, metadata),
        (EntityBody::ObservedProperty { definition }, Property::Definition) => text::text(out, definition),
        (EntityBody::Datastream(body), _) => return datastream(out, &entity.id, body, property, facts),
        _ => return false,
    }
    true
}

fn datastream(out: &mut Vec<u8>, id: &EntityId, body: &DatastreamBody, property: Property, facts: &dyn Facts) -> bool {
    let span = |out: &mut Vec<u8>, span: Option<(Time, Time)>| match span {
        Some((from, to)) => {
            text::interval(out, from, to);
            true
        }
        None => false,
    };
    match property {
        Property::UnitOfMeasurement => unit(out, &body.unit_of_measurement),
        Property::ObservationType => text::text(out, &observation_type(body.observation_type)),
        Property::PhenomenonTime => return span(out, facts.phenomenon_time(id)),
        Property::ResultTime => return span(out, facts.result_time(id)),
        Property::ObservedArea => match facts.observed_area(body) {
            Some(shape) => text::shape(out, shape),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Parts that are not known are `null`, as 18-088 table 11 has it for results without a unit.
fn unit(out: &mut Vec<u8>, unit: &UnitOfMeasurement) {
    let mut object = Object::open(out);
    for (name, part) in [("name", &unit.name), ("symbol", &unit.symbol), ("definition", &unit.definition)] {
        match part {
            Some(words) => text::text(object.key(&[name]), words),
            None => object.key(&[name]).extend_from_slice(b"null"),
        }
    }
    object.close();
}

//! Entities of SensorThings: texts of organisations, keys that a pack declares, observed properties of the allow-list.
//! The service has said all this to the sender already, with the field's name; here is the wall behind it.

use city::{Entity, EntityBody, EntityChange, EntityKind, FeedKind, ObservedProperty, Reason};

use super::observation::texts;
use super::{Door, Refused};
use crate::text::{NAME_CHARS_MAX, TEXT_CHARS_MAX};

pub(crate) fn judge(door: &Door<'_>, change: &EntityChange) -> Result<(), Refused> {
    if door.contract.kind != FeedKind::SensorThings {
        return Err(Reason::NotAllowed.into());
    }
    match change {
        EntityChange::Put(entity) => judge_put(door, entity),
        EntityChange::Delete(EntityKind::ObservedProperty, _) if !door.gate.policy.sandbox => {
            Err(Reason::NotAllowed.into())
        }
        EntityChange::Delete(..) => Ok(()),
    }
}

fn judge_put(door: &Door<'_>, entity: &Entity) -> Result<(), Refused> {
    line(door, &entity.name, NAME_CHARS_MAX)?;
    line(door, &entity.description, TEXT_CHARS_MAX)?;
    texts(door, &entity.properties)?;
    let mut property = None;
    match &entity.body {
        EntityBody::Sensor { encoding_type, metadata } => {
            line(door, encoding_type, NAME_CHARS_MAX)?;
            line(door, metadata, TEXT_CHARS_MAX)?;
        }
        EntityBody::ObservedProperty { definition } => {
            if !door.gate.policy.sandbox {
                // What may be observed is in the city's own text files.
                return Err(Reason::NotAllowed.into());
            }
            line(door, definition, TEXT_CHARS_MAX)?;
        }
        EntityBody::Datastream(body) => {
            let named = |p: &ObservedProperty| body.observed_property == city::EntityId::from(p.id.as_str());
            property = door.gate.policy.observed_properties.iter().position(named);
            if property.is_none() && !door.gate.policy.sandbox {
                return Err(Reason::NotAllowed.into());
            }
            if body.feed != door.contract.feed {
                return Err(Reason::NotAllowed.into());
            }
            let unit = &body.unit_of_measurement;
            for text in [&unit.name, &unit.symbol, &unit.definition].into_iter().flatten() {
                line(door, text, NAME_CHARS_MAX)?;
            }
        }
        EntityBody::Location { encoding_type, .. } | EntityBody::FeatureOfInterest { encoding_type, .. } => {
            line(door, encoding_type, NAME_CHARS_MAX)?;
        }
        EntityBody::Thing { .. } | EntityBody::HistoricalLocation { .. } => {}
    }
    if door.gate.declares(&entity.properties, property) { Ok(()) } else { Err(Reason::NotAllowed.into()) }
}

/// A text that is kept: not too long, nothing hidden in it, nothing of a person.
fn line(door: &Door<'_>, text: &str, chars_max: usize) -> Result<(), Refused> {
    if text.chars().take(chars_max + 1).count() > chars_max {
        return Err(Reason::TooLarge.into());
    }
    door.no_person(text)
}

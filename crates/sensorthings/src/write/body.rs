//! Members of a JSON object, each read as what it has to be.

use city::EntityId;
use serde_json::{Map, Value};

use super::create::id_of;
use super::field::Field;
use super::limits::BODY_BYTES_MAX;
use super::strict;
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;
use crate::v1_1;

/// An entity as a body has it.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) field: &'a Field<'a>,
}

/// JSON within the limits. What cannot be read is not quoted.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(Problem::too_large(format!("expected a body of at most {BODY_BYTES_MAX} bytes")));
    }
    strict::json(bytes)
}

impl<'a> Body<'a> {
    /// The body of one entity of a type; a member that the type does not have is refused by name.
    pub(super) fn of(value: &'a Value, entity: EntityType, field: &'a Field<'a>) -> Result<Self, Problem> {
        let Value::Object(map) = value else {
            return Err(Problem::malformed("expected an object").about(field));
        };
        for name in map.keys() {
            let known =
                entity.property(name).is_some() || entity.navigation(name).is_some() || v1_1::body::is_control(name);
            if !known {
                let detail = format!("{} has no such member; it is not kept", entity.name());
                return Err(Problem::refused(detail).about(field.member(name)));
            }
        }
        if let Some(id) = map.get(v1_1::ID).filter(|id| !id.is_null() && !could_be_id(entity, id)) {
            let expected = if id.is_string() { "a whole number" } else { "a whole number or a text" };
            let detail = format!("the id of {} is {expected}; it is given here and not kept", entity.name());
            return Err(Problem::refused(detail).about(field.member(v1_1::ID)));
        }
        Ok(Self { map, field })
    }

    /// A member; null is the same as none.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Whether a member is there, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// 400: the standard wants this member.
    pub(super) fn missing(&self, name: &str) -> Problem {
        Problem::malformed("this member is mandatory").about(self.field.member(name))
    }

    /// A text member; null is none.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::malformed("expected text").about(self.field.member(name))),
        }
    }

    /// The entities that a navigation property to many brings.
    pub(super) fn many(&self, navigation: Navigation) -> Result<&'a [Value], Problem> {
        match self.get(navigation.name()) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(Problem::malformed("expected a list").about(self.field.member(navigation.name()))),
        }
    }
}

/// Whether an entity of this type could have this id. Clients send back whole entities, so an id is taken and ignored;
/// what can be none is text that somebody believes to be kept.
fn could_be_id(entity: EntityType, id: &Value) -> bool {
    let by_name = matches!(entity, EntityType::Sensor | EntityType::ObservedProperty | EntityType::Observation);
    match id_of(id) {
        Some(EntityId::Text(_)) => by_name,
        number => number.is_some(),
    }
}

/// The id in a link to an entity that is there: an object with an id and nothing but control information. `None` where
/// the entity itself is written.
pub(super) fn linked<'a>(value: &'a Value, field: &Field<'_>) -> Result<Option<&'a Value>, Problem> {
    let Value::Object(map) = value else {
        return Err(Problem::malformed("expected an object").about(field));
    };
    if !map.keys().all(|name| v1_1::body::is_control(name)) {
        return Ok(None);
    }
    map.get(v1_1::ID).map(Some).ok_or_else(|| Problem::malformed("expected the id").about(field.member(v1_1::ID)))
}

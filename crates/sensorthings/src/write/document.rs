//! An entity as a JSON document of its structural properties and its links to one: what JSON Patch works on.

use city::{Entity, EntityBody, EntityId, Primitive, Properties};
use serde_json::{Map, Value, json};

use super::shape::geojson;
use crate::v1_1;
use crate::v1_1::entity::observation_type;

/// The document; reading it as a PUT changes nothing.
pub(super) fn document(entity: &Entity) -> Value {
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    if !matches!(entity.body, EntityBody::HistoricalLocation { .. }) {
        set("name", json!(entity.name));
        set("description", json!(entity.description));
        set("properties", bag(&entity.properties));
    }
    match &entity.body {
        EntityBody::Thing { .. } => {}
        EntityBody::Location { encoding_type, location } => {
            set("encodingType", json!(encoding_type));
            set("location", geojson(location));
        }
        EntityBody::FeatureOfInterest { encoding_type, feature } => {
            set("encodingType", json!(encoding_type));
            set("feature", geojson(feature));
        }
        EntityBody::HistoricalLocation { time, thing, .. } => {
            set("time", json!(time));
            set("Thing", link(thing));
        }
        EntityBody::Sensor { encoding_type, metadata } => {
            set("encodingType", json!(encoding_type));
            set("metadata", json!(metadata));
        }
        EntityBody::ObservedProperty { definition } => {
            set("definition", json!(definition));
        }
        EntityBody::Datastream(body) => {
            let unit = &body.unit_of_measurement;
            set(
                "unitOfMeasurement",
                json!({ "name": unit.name, "symbol": unit.symbol, "definition": unit.definition }),
            );
            set("observationType", json!(observation_type(body.observation_type)));
            set("Thing", link(&body.thing));
            set("Sensor", link(&body.sensor));
            set("ObservedProperty", link(&body.observed_property));
        }
    }
    Value::Object(map)
}

/// `{"@iot.id": 1}`
pub(super) fn link(id: &EntityId) -> Value {
    json!({ v1_1::ID: id_json(id) })
}

/// An id as a JSON value.
pub(crate) fn id_json(id: &EntityId) -> Value {
    match id {
        EntityId::Number(number) => json!(number),
        EntityId::Text(text) => json!(&**text),
    }
}

pub(super) fn bag(properties: &Properties) -> Value {
    Value::Object(properties.iter().map(|(key, value)| (key.to_owned(), primitive(value))).collect())
}

pub(super) fn primitive(value: &Primitive) -> Value {
    match value {
        Primitive::Bool(truth) => json!(truth),
        Primitive::Integer(whole) => json!(whole),
        Primitive::Number(number) => json!(number),
        Primitive::Text(text) => json!(&**text),
    }
}

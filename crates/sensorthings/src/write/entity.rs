//! The structural properties of the seven kinds (18-088 clause 8.2), from a body into an entity.

use city::{
    DatastreamBody, Entity, EntityBody, EntityId, EntityKind, FeedId, ObservationType, Properties, Shape, Time,
    UnitOfMeasurement,
};
use serde_json::Value;

use super::body::Body;
use super::field::Field;
use super::limits::{NAME_CHARS_MAX, TEXT_CHARS_MAX};
use super::rules::{Keys, Rules};
use super::shape::shape;
use super::time;
use crate::problem::Problem;
use crate::v1_1::body::{GEOJSON, observation_type_of};

/// An entity with its links, and nothing in its properties yet.
pub(super) fn blank(id: EntityId, body: EntityBody) -> Entity {
    Entity { id, name: String::new(), description: String::new(), properties: Properties::default(), body }
}

/// The body of a datastream with its links.
pub(super) fn blank_datastream(
    thing: EntityId,
    sensor: EntityId,
    observed_property: EntityId,
    feed: FeedId,
) -> EntityBody {
    EntityBody::Datastream(Box::new(DatastreamBody {
        observation_type: ObservationType::Any,
        unit_of_measurement: UnitOfMeasurement::default(),
        thing,
        sensor,
        observed_property,
        feed,
        feature_of_interest: None,
        other_features: Vec::new(),
    }))
}

/// The body of a kind without links.
pub(super) fn blank_body(kind: EntityKind) -> Option<EntityBody> {
    let nowhere = Shape::MultiPoint(Vec::new());
    Some(match kind {
        EntityKind::Thing => EntityBody::Thing { locations: Vec::new(), feature_of_interest: None },
        EntityKind::Location => EntityBody::Location { encoding_type: String::new(), location: nowhere },
        EntityKind::Sensor => EntityBody::Sensor { encoding_type: String::new(), metadata: String::new() },
        EntityKind::ObservedProperty => EntityBody::ObservedProperty { definition: String::new() },
        EntityKind::FeatureOfInterest => {
            EntityBody::FeatureOfInterest { encoding_type: String::new(), feature: nowhere }
        }
        EntityKind::HistoricalLocation | EntityKind::Datastream => return None,
    })
}

/// Reads the structural properties of a body into an entity, whose links stand already. With `merge` (PATCH) what the
/// body does not have stays; else (POST, PUT) mandatory properties must be there, and optional ones become empty.
pub(super) fn fill(rules: &Rules<'_>, body: &Body<'_>, entity: &mut Entity, merge: bool) -> Result<(), Problem> {
    let reader = Reader { rules, body, merge };
    if !matches!(entity.body, EntityBody::HistoricalLocation { .. }) {
        reader.text("name", NAME_CHARS_MAX, &mut entity.name)?;
        reader.text("description", TEXT_CHARS_MAX, &mut entity.description)?;
        let keys = match &entity.body {
            EntityBody::Datastream(datastream) => Keys::Of(&datastream.observed_property),
            _ => Keys::AnyPack,
        };
        reader.properties(keys, &mut entity.properties)?;
    }
    match &mut entity.body {
        EntityBody::Thing { .. } => Ok(()),
        EntityBody::Location { encoding_type, location } => reader.place(encoding_type, "location", location),
        EntityBody::FeatureOfInterest { encoding_type, feature } => reader.place(encoding_type, "feature", feature),
        EntityBody::HistoricalLocation { time, .. } => reader.instant("time", time),
        EntityBody::Sensor { encoding_type, metadata } => {
            reader.text("encodingType", NAME_CHARS_MAX, encoding_type)?;
            reader.text("metadata", TEXT_CHARS_MAX, metadata)
        }
        EntityBody::ObservedProperty { definition } => reader.text("definition", TEXT_CHARS_MAX, definition),
        EntityBody::Datastream(datastream) => reader.datastream(datastream),
    }
}

struct Reader<'a> {
    rules: &'a Rules<'a>,
    body: &'a Body<'a>,
    merge: bool,
}

impl Reader<'_> {
    /// The value of a mandatory member; `None`: it stays as it is.
    fn member(&self, name: &str) -> Result<Option<&Value>, Problem> {
        match self.body.get(name) {
            Some(value) => Ok(Some(value)),
            None if self.merge && !self.body.has(name) => Ok(None),
            None => Err(self.body.missing(name)),
        }
    }

    fn text(&self, name: &str, chars_max: usize, into: &mut String) -> Result<(), Problem> {
        let field = self.body.field.member(name);
        match self.member(name)? {
            Some(Value::String(text)) => *into = self.rules.text(text, chars_max, &field)?,
            Some(_) => return Err(Problem::malformed("expected text").about(field)),
            None => {}
        }
        Ok(())
    }

    fn properties(&self, keys: Keys<'_>, into: &mut Properties) -> Result<(), Problem> {
        match self.body.map.get("properties") {
            Some(value) => *into = self.rules.bag(value, keys, &self.body.field.member("properties"))?,
            None if self.merge => {}
            None => *into = Properties::default(),
        }
        Ok(())
    }

    fn instant(&self, name: &str, into: &mut Time) -> Result<(), Problem> {
        let field = self.body.field.member(name);
        match self.member(name)? {
            Some(Value::String(text)) => *into = time::instant(text).map_err(|no| no.about(&field))?,
            Some(_) => return Err(Problem::malformed("expected a time as text").about(field)),
            None => {}
        }
        Ok(())
    }

    fn place(&self, encoding_type: &mut String, name: &str, into: &mut Shape) -> Result<(), Problem> {
        self.text("encodingType", NAME_CHARS_MAX, encoding_type)?;
        if !GEOJSON.contains(&encoding_type.as_str()) {
            let detail = format!("expected {}, the only encoding of a place here", GEOJSON[0]);
            return Err(Problem::refused(detail).about(self.body.field.member("encodingType")));
        }
        if let Some(value) = self.member(name)? {
            *into = shape(value, &self.body.field.member(name))?;
        }
        Ok(())
    }

    fn datastream(&self, into: &mut DatastreamBody) -> Result<(), Problem> {
        let field = self.body.field.member("observationType");
        if let Some(value) = self.member("observationType")? {
            let kind = value.as_str().ok_or_else(|| Problem::malformed("expected text").about(field))?;
            let expected = "expected one of the five observation types of 18-088 table 12";
            into.observation_type =
                observation_type_of(kind).ok_or_else(|| Problem::malformed(expected).about(field))?;
        }
        if let Some(value) = self.member("unitOfMeasurement")? {
            into.unit_of_measurement =
                self.unit(value, &into.unit_of_measurement, &self.body.field.member("unitOfMeasurement"))?;
        }
        self.of_pack(into)
    }

    /// Name, symbol and definition; each may be null (18-088 clause 8.2.4). A PATCH changes only those that it names
    /// (OData 4.01, part 1, clause 11.4.3).
    fn unit(&self, value: &Value, before: &UnitOfMeasurement, field: &Field<'_>) -> Result<UnitOfMeasurement, Problem> {
        let Value::Object(map) = value else { return Err(Problem::malformed("expected an object").about(field)) };
        if let Some(name) = map.keys().find(|name| !matches!(name.as_str(), "name" | "symbol" | "definition")) {
            return Err(Problem::refused("a unit has no such member; it is not kept").about(field.member(name)));
        }
        let part = |name: &str, before: &Option<String>| match map.get(name) {
            None if self.merge => Ok(before.clone()),
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => self.rules.text(text, NAME_CHARS_MAX, &field.member(name)).map(Some),
            Some(_) => Err(Problem::malformed("expected text or null").about(field.member(name))),
        };
        Ok(UnitOfMeasurement {
            name: part("name", &before.name)?,
            symbol: part("symbol", &before.symbol)?,
            definition: part("definition", &before.definition)?,
        })
    }

    /// In a city a datastream is in the unit of its observed property.
    fn of_pack(&self, datastream: &DatastreamBody) -> Result<(), Problem> {
        if self.rules.sandbox {
            return Ok(());
        }
        let Some(property) = self.rules.declared.property(&datastream.observed_property) else {
            let detail = "observed properties come from the city's packs; expected one of them";
            return Err(Problem::refused(detail).about(self.body.field.member("ObservedProperty")));
        };
        let symbol = datastream.unit_of_measurement.symbol.as_deref().unwrap_or_default();
        if symbol != property.unit_symbol {
            let detail = format!("expected the unit of the observed property, {:?}", property.unit_symbol);
            let unit = self.body.field.member("unitOfMeasurement");
            return Err(Problem::refused(detail).about(unit.member("symbol")));
        }
        if datastream.observation_type == ObservationType::Category && property.categories.is_empty() {
            let detail = "the pack of the observed property lists no categories";
            return Err(Problem::refused(detail).about(self.body.field.member("observationType")));
        }
        Ok(())
    }
}

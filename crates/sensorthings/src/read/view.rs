//! Entities as filters and orders see them.

use std::borrow::Cow;
use std::sync::Arc;

use city::{DatastreamBody, Entity, EntityBody, Position, Primitive, Properties, Shape, Time, UnitOfMeasurement};

use super::scope::Scope;
use super::source::{Node, Part, Walk};
use crate::evaluate::Bounds;
use crate::evaluate::geometry::Geometry;
use crate::model::{Navigation, Property};
use crate::series::Row;
use crate::v1_1::entity::{self, Facts as _};
use crate::v1_1::observation::{Plain, result_value};
use crate::v1_1::text;
use crate::value::{self, Value};

/// One entity and what it takes to follow its relations.
pub(crate) struct View<'s, 'a> {
    pub(crate) scope: &'s Scope<'a>,
    pub(crate) node: Node<'a>,
}

impl value::Row for View<'_, '_> {
    fn property(&self, property: Property, members: &[Box<str>]) -> Value<'_> {
        match &self.node {
            Node::Entity(_, entity) => self.of_entity(entity, property, members),
            Node::Observation(row) => self.of_observation(row, property, members),
        }
    }

    fn one(&self, navigation: Navigation) -> Option<Box<dyn value::Row + '_>> {
        let node = self.node.one(self.scope, navigation)?;
        Some(Box::new(View { scope: self.scope, node }))
    }

    fn many(&self, navigation: Navigation, bounds: &Bounds) -> Box<dyn Iterator<Item = Box<dyn value::Row + '_>> + '_> {
        let Some(source) = self.node.many(navigation) else { return Box::new(std::iter::empty()) };
        let nodes = source.nodes(self.scope, &Part::within(bounds), Walk::ById { descending: false });
        Box::new(nodes.map(|node| -> Box<dyn value::Row + '_> { Box::new(View { scope: self.scope, node }) }))
    }
}

impl View<'_, '_> {
    fn of_entity<'v>(&'v self, entity: &'v Entity, property: Property, members: &[Box<str>]) -> Value<'v> {
        match (property, &entity.body) {
            (Property::Id, _) => Value::id(&entity.id),
            (Property::Name, _) => Value::text(&entity.name),
            (Property::Description, _) => Value::text(&entity.description),
            (Property::Properties, _) => bag(&entity.properties, members),
            (Property::Location, EntityBody::Location { location: shape, .. })
            | (Property::Feature, EntityBody::FeatureOfInterest { feature: shape, .. })
                if members.is_empty() =>
            {
                geometry(shape)
            }
            (Property::Time, EntityBody::HistoricalLocation { time, .. }) => Value::Instant(time.ms()),
            (_, EntityBody::Datastream(body)) => self.of_datastream(entity, body, property, members),
            _ => self.read_back(entity, property, members),
        }
    }

    fn of_datastream<'v>(
        &'v self,
        entity: &'v Entity,
        body: &'v DatastreamBody,
        property: Property,
        members: &[Box<str>],
    ) -> Value<'v> {
        match property {
            Property::PhenomenonTime => interval(self.scope.phenomenon_time(&entity.id)),
            Property::ResultTime => interval(self.scope.result_time(&entity.id)),
            Property::ObservedArea if members.is_empty() => {
                self.scope.observed_area(body).map_or(Value::Null, geometry)
            }
            Property::UnitOfMeasurement => unit(&body.unit_of_measurement, members),
            _ => self.read_back(entity, property, members),
        }
    }

    /// What is asked for rarely: the value as it would be told, read back.
    fn read_back(&self, entity: &Entity, property: Property, members: &[Box<str>]) -> Value<'static> {
        let mut out = Vec::new();
        if !entity::property(&mut out, entity, property, self.scope) {
            return Value::Null;
        }
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap_or_default();
        match Value::json(&json, members) {
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Bool(truth) => Value::Bool(truth),
            Value::Number(number) => Value::Number(number),
            Value::Compound => Value::Compound,
            _ => Value::Null,
        }
    }

    fn of_observation<'v>(&'v self, row: &'v Row, property: Property, members: &[Box<str>]) -> Value<'v> {
        let detail = row.detail();
        match property {
            Property::Id => {
                let mut id = Vec::new();
                text::key(&mut id, &row.key());
                Value::Text(Cow::Owned(String::from_utf8(id).unwrap_or_default()))
            }
            Property::PhenomenonTime => {
                let from = row.observation.phenomenon_time.ms();
                match detail.and_then(|detail| detail.phenomenon_end) {
                    Some(to) => Value::Interval(from, to.ms()),
                    None => Value::Instant(from),
                }
            }
            Property::Result if !members.is_empty() => Value::Null,
            Property::Result => match result_value(row, self.scope.observation_type(row.observation.datastream)) {
                Ok(value) => primitive(value),
                Err(Plain::Truth(truth)) => Value::Bool(truth),
                Err(Plain::Whole(_) | Plain::Real(_)) => Value::number(row.observation.result),
            },
            _ => {
                let Some(detail) = detail else { return Value::Null };
                match property {
                    Property::ResultTime => detail.result_time.map_or(Value::Null, |at| Value::Instant(at.ms())),
                    Property::ValidTime => interval(detail.valid_time),
                    Property::ResultQuality if members.is_empty() => {
                        detail.result_quality.as_ref().map_or(Value::Null, primitive)
                    }
                    Property::Parameters if !detail.parameters.is_empty() => bag(&detail.parameters, members),
                    _ => Value::Null,
                }
            }
        }
    }
}

fn primitive(value: &Primitive) -> Value<'_> {
    match value {
        Primitive::Bool(truth) => Value::Bool(*truth),
        Primitive::Integer(whole) => Value::Number(*whole as f64),
        Primitive::Number(real) => Value::number(*real),
        Primitive::Text(words) => Value::text(words),
    }
}

fn bag<'v>(properties: &'v Properties, members: &[Box<str>]) -> Value<'v> {
    match members {
        [] if properties.is_empty() => Value::Null,
        [] => Value::Compound,
        [member] => properties.get(member).map_or(Value::Null, primitive),
        _ => Value::Null,
    }
}

fn interval(span: Option<(Time, Time)>) -> Value<'static> {
    span.map_or(Value::Null, |(from, to)| Value::Interval(from.ms(), to.ms()))
}

fn unit<'v>(unit: &'v UnitOfMeasurement, members: &[Box<str>]) -> Value<'v> {
    let part = match members {
        [] => return Value::Compound,
        [member] => match &**member {
            "name" => &unit.name,
            "symbol" => &unit.symbol,
            "definition" => &unit.definition,
            _ => return Value::Null,
        },
        _ => return Value::Null,
    };
    part.as_deref().map_or(Value::Null, Value::text)
}

fn geometry(shape: &Shape) -> Value<'static> {
    let coordinate = |at: &Position| geo::Coord { x: at.longitude, y: at.latitude };
    let line = |line: &Vec<Position>| geo::LineString(line.iter().map(coordinate).collect());
    let area = |rings: &Vec<Vec<Position>>| {
        let mut rings = rings.iter().map(line);
        geo::Polygon::new(rings.next().unwrap_or(geo::LineString(Vec::new())), rings.collect())
    };
    let points = |points: &Vec<Position>| points.iter().map(|at| geo::Point(coordinate(at))).collect();
    let shape = match shape {
        Shape::Point(at) => geo::Geometry::Point(geo::Point(coordinate(at))),
        Shape::MultiPoint(all) => geo::Geometry::MultiPoint(geo::MultiPoint(points(all))),
        Shape::LineString(all) => geo::Geometry::LineString(line(all)),
        Shape::MultiLineString(all) => {
            geo::Geometry::MultiLineString(geo::MultiLineString(all.iter().map(line).collect()))
        }
        Shape::Polygon(rings) => geo::Geometry::Polygon(area(rings)),
        Shape::MultiPolygon(all) => geo::Geometry::MultiPolygon(geo::MultiPolygon(all.iter().map(area).collect())),
    };
    Geometry::new(shape).map_or(Value::Null, |shape| Value::Geometry(Arc::new(shape)))
}

//! Entities as JSON trees, related ones inside each other, as rows of a query.

use sensorthings::{Bounds, Geometry, Navigation, Property, Row, Value};
use serde_json::Value as Json;

/// An entity of a tree.
pub(crate) struct JsonRow<'a> {
    pub(crate) json: &'a Json,
}

/// Milliseconds of an RFC 3339 time.
pub(crate) fn ms(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// From and to of an instant or an interval.
pub(crate) fn extent(text: &str) -> Option<(i64, i64)> {
    match text.split_once('/') {
        Some((from, to)) => Some((ms(from)?, ms(to)?)),
        None => ms(text).map(|at| (at, at)),
    }
}

impl Row for JsonRow<'_> {
    fn property(&self, property: Property, members: &[Box<str>]) -> Value<'_> {
        let Some(json) = self.json.get(property.name()) else { return Value::Null };
        match property {
            Property::PhenomenonTime | Property::ResultTime | Property::ValidTime | Property::Time => {
                match json.as_str().and_then(extent) {
                    Some((from, to)) if from == to => Value::Instant(from),
                    Some((from, to)) => Value::Interval(from, to),
                    None => Value::Null,
                }
            }
            Property::Location | Property::Feature | Property::ObservedArea if members.is_empty() => {
                Geometry::from_geojson(json).map_or(Value::Null, |geometry| Value::Geometry(geometry.into()))
            }
            _ => Value::json(json, members),
        }
    }

    fn one(&self, navigation: Navigation) -> Option<Box<dyn Row + '_>> {
        let json = self.json.get(navigation.name()).filter(|json| json.is_object())?;
        Some(Box::new(JsonRow { json }))
    }

    /// Leaves out what lies outside the bounds, so that a bound that is too narrow shows as a wrong answer.
    fn many(&self, navigation: Navigation, bounds: &Bounds) -> Box<dyn Iterator<Item = Box<dyn Row + '_>> + '_> {
        let bounds = bounds.clone();
        let items = self.json.get(navigation.name()).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let rows = items.iter().map(|json| JsonRow { json });
        let inside = rows.filter(move |row| lies_in(row, &bounds));
        Box::new(inside.map(|row| Box::new(row) as Box<dyn Row>))
    }
}

/// Whether a row lies within bounds, as a store would read them.
pub(crate) fn lies_in(row: &dyn Row, bounds: &Bounds) -> bool {
    let time = |property, (from, to): (i64, i64)| match row.property(property, &[]) {
        Value::Instant(at) | Value::Interval(at, _) => (from..=to).contains(&at),
        _ => (from, to) == (i64::MIN, i64::MAX),
    };
    let result = match row.property(Property::Result, &[]) {
        Value::Number(result) => bounds.result.0 <= result && result <= bounds.result.1,
        _ => bounds.result == (f64::NEG_INFINITY, f64::INFINITY),
    };
    let id = bounds.ids.as_ref().is_none_or(|ids| {
        let mine = row.property(Property::Id, &[]);
        ids.iter().any(|id| Value::id(id) == mine)
    });
    time(Property::PhenomenonTime, bounds.phenomenon_time)
        && time(Property::ResultTime, bounds.result_time)
        && result
        && id
}

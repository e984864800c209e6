//! GeoJSON (RFC 7946) to shapes.

use city::{Position, Shape};
use serde_json::Value;

use super::field::Field;
use super::limits::POSITIONS_MAX;
use crate::problem::Problem;

/// A geometry, or a Feature that has one: the examples of 18-088 clause 8.2.2 and 10.2 have both. Of a Feature the
/// geometry is kept, of a position longitude and latitude; whatever else there is, a height too, is refused by name.
pub(super) fn shape(value: &Value, field: &Field<'_>) -> Result<Shape, Problem> {
    if value.get("type").and_then(Value::as_str) != Some("Feature") {
        return geometry(value, field);
    }
    let has_something = |value: &Value| !value.is_null() && value.as_object().is_none_or(|bag| !bag.is_empty());
    if value.get("properties").is_some_and(has_something) {
        let detail = "properties of a Feature are not kept; expected the geometry alone";
        return Err(Problem::refused(detail).about(field.member("properties")));
    }
    only(value, &["type", "geometry", "properties"], field)?;
    geometry(value.get("geometry").unwrap_or(&Value::Null), &field.member("geometry"))
}

/// 422 for a member that would be lost.
fn only(value: &Value, names: &[&str], field: &Field<'_>) -> Result<(), Problem> {
    let other = value.as_object().and_then(|map| map.keys().find(|name| !names.contains(&name.as_str())));
    other.map_or(Ok(()), |name| Err(Problem::refused("not kept of a place").about(field.member(name))))
}

fn geometry(geometry: &Value, field: &Field<'_>) -> Result<Shape, Problem> {
    let (Some(name), Some(coordinates)) = (geometry.get("type").and_then(Value::as_str), geometry.get("coordinates"))
    else {
        return Err(Problem::malformed("expected a GeoJSON geometry with type and coordinates").about(field));
    };
    only(geometry, &["type", "coordinates"], field)?;
    let mut left = Left { positions: POSITIONS_MAX, heights: false };
    let shape = match name {
        "Point" => position(coordinates, &mut left).map(Shape::Point),
        "MultiPoint" => positions(coordinates, &mut left).map(Shape::MultiPoint),
        "LineString" => positions(coordinates, &mut left).filter(|line| line.len() >= 2).map(Shape::LineString),
        "MultiLineString" => lines(coordinates, &mut left).map(Shape::MultiLineString),
        "Polygon" => rings(coordinates, &mut left).map(Shape::Polygon),
        "MultiPolygon" => list(coordinates, |rings_of| rings(rings_of, &mut left)).map(Shape::MultiPolygon),
        _ => {
            let kinds = "expected Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon";
            return Err(Problem::malformed(kinds).about(field));
        }
    };
    if shape.is_some() && left.heights {
        let detail = "a height is not kept; expected longitude and latitude";
        return Err(Problem::refused(detail).about(field.member("coordinates")));
    }
    shape.ok_or_else(|| {
        let detail = format!(
            "expected coordinates of that geometry in degrees, rings closed, at most {POSITIONS_MAX} positions"
        );
        Problem::malformed(detail).about(field)
    })
}

/// What was read so far.
struct Left {
    /// Positions that may still come.
    positions: usize,
    /// Whether one had a height.
    heights: bool,
}

fn list<T>(value: &Value, read: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
    let items = value.as_array().filter(|items| !items.is_empty())?;
    items.iter().map(read).collect()
}

fn position(value: &Value, left: &mut Left) -> Option<Position> {
    left.positions = left.positions.checked_sub(1)?;
    let numbers = value.as_array().filter(|numbers| (2..=3).contains(&numbers.len()))?;
    if !numbers.iter().all(Value::is_number) {
        return None;
    }
    left.heights |= numbers.len() == 3;
    Position::new(numbers.first()?.as_f64()?, numbers.get(1)?.as_f64()?)
}

fn positions(value: &Value, left: &mut Left) -> Option<Vec<Position>> {
    list(value, |at| position(at, left))
}

fn lines(value: &Value, left: &mut Left) -> Option<Vec<Vec<Position>>> {
    list(value, |line| positions(line, left).filter(|line| line.len() >= 2))
}

fn rings(value: &Value, left: &mut Left) -> Option<Vec<Vec<Position>>> {
    list(value, |ring| positions(ring, left).filter(|ring| ring.len() >= 4 && ring.first() == ring.last()))
}

/// A shape as GeoJSON.
pub(super) fn geojson(shape: &Shape) -> Value {
    let at = |at: &Position| serde_json::json!([at.longitude, at.latitude]);
    let line = |line: &Vec<Position>| line.iter().map(at).collect::<Value>();
    let rings = |rings: &Vec<Vec<Position>>| rings.iter().map(line).collect::<Value>();
    let (name, coordinates) = match shape {
        Shape::Point(point) => ("Point", at(point)),
        Shape::MultiPoint(points) => ("MultiPoint", line(points)),
        Shape::LineString(points) => ("LineString", line(points)),
        Shape::MultiLineString(lines) => ("MultiLineString", rings(lines)),
        Shape::Polygon(outline) => ("Polygon", rings(outline)),
        Shape::MultiPolygon(areas) => ("MultiPolygon", areas.iter().map(rings).collect()),
    };
    serde_json::json!({ "type": name, "coordinates": coordinates })
}

//! GeoJSON (RFC 7946) to shapes.

use city::{Position, Shape};
use serde_json::Value;

use super::field::Field;
use super::limits::POSITIONS_MAX;
use crate::problem::Problem;

/// A geometry, or a Feature that has one: the examples of 18-088 clause 8.2.2 and 10.2 have both. Of a Feature the
/// geometry is kept, of a position longitude and latitude; a height is not.
pub(super) fn shape(value: &Value, field: &Field<'_>) -> Result<Shape, Problem> {
    let feature = value.get("type").and_then(Value::as_str) == Some("Feature");
    let geometry = if feature { value.get("geometry").unwrap_or(&Value::Null) } else { value };
    let (Some(name), Some(coordinates)) = (geometry.get("type").and_then(Value::as_str), geometry.get("coordinates"))
    else {
        return Err(Problem::malformed("expected a GeoJSON geometry with type and coordinates").about(field));
    };
    let mut left = POSITIONS_MAX;
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
    shape.ok_or_else(|| {
        let detail = format!(
            "expected coordinates of that geometry in degrees, rings closed, at most {POSITIONS_MAX} positions"
        );
        Problem::malformed(detail).about(field)
    })
}

fn list<T>(value: &Value, read: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
    let items = value.as_array().filter(|items| !items.is_empty())?;
    items.iter().map(read).collect()
}

fn position(value: &Value, left: &mut usize) -> Option<Position> {
    *left = left.checked_sub(1)?;
    let numbers = value.as_array().filter(|numbers| (2..=3).contains(&numbers.len()))?;
    if !numbers.iter().all(Value::is_number) {
        return None;
    }
    Position::new(numbers.first()?.as_f64()?, numbers.get(1)?.as_f64()?)
}

fn positions(value: &Value, left: &mut usize) -> Option<Vec<Position>> {
    list(value, |at| position(at, left))
}

fn lines(value: &Value, left: &mut usize) -> Option<Vec<Vec<Position>>> {
    list(value, |line| positions(line, left).filter(|line| line.len() >= 2))
}

fn rings(value: &Value, left: &mut usize) -> Option<Vec<Vec<Position>>> {
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

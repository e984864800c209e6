//! GeoJSON geometries (RFC 7946), as locations, features and observed areas have them.

use geo::{Coord, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde_json::Value;

use crate::evaluate::geometry::Geometry;
use crate::evaluate::wkt::closed;

/// Positions of one geometry, as `city::geometry::POLYGON_VERTICES_MAX`: warning areas of a whole state stay below.
const POSITIONS_MAX: usize = 10_000;

impl Geometry {
    /// From a GeoJSON geometry, or a Feature that has one. `None` when it is neither, or is not sound (RFC 7946
    /// clause 3.1): such an entity is kept and told, and no geospatial function is true of it.
    pub fn from_geojson(json: &Value) -> Option<Self> {
        let json = if json.get("type")? == "Feature" { json.get("geometry")? } else { json };
        let coordinates = json.get("coordinates")?;
        if positions(coordinates) > POSITIONS_MAX {
            return None;
        }
        let shape = match json.get("type")?.as_str()? {
            "Point" => geo::Geometry::Point(Point(position(coordinates)?)),
            "MultiPoint" => geo::Geometry::MultiPoint(MultiPoint(each(coordinates, |at| position(at).map(Point))?)),
            "LineString" => geo::Geometry::LineString(line(coordinates)?),
            "MultiLineString" => geo::Geometry::MultiLineString(MultiLineString(each(coordinates, line)?)),
            "Polygon" => geo::Geometry::Polygon(polygon(coordinates)?),
            "MultiPolygon" => geo::Geometry::MultiPolygon(MultiPolygon(each(coordinates, polygon)?)),
            _ => return None,
        };
        Self::new(shape)
    }
}

fn positions(coordinates: &Value) -> usize {
    match coordinates.as_array() {
        Some(items) if items.first().is_some_and(Value::is_array) => items.iter().map(positions).sum(),
        Some(_) => 1,
        None => 0,
    }
}

fn each<T>(coordinates: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    coordinates.as_array()?.iter().map(read).collect()
}

fn position(at: &Value) -> Option<Coord<f64>> {
    let at = at.as_array()?;
    Some(Coord { x: at.first()?.as_f64()?, y: at.get(1)?.as_f64()? })
}

fn line(coordinates: &Value) -> Option<LineString<f64>> {
    let positions = each(coordinates, position)?;
    (positions.len() >= 2).then_some(LineString(positions))
}

fn polygon(coordinates: &Value) -> Option<Polygon<f64>> {
    let mut rings = each(coordinates, |ring| closed(each(ring, position)?))?.into_iter();
    Some(Polygon::new(rings.next()?, rings.collect()))
}

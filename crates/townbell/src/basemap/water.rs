//! Water out of a GeoJSON file (RFC 7946): polygons and multipolygons of a feature collection.

use std::path::Path;

use city::Position;
use serde::Deserialize;

use super::BasemapError;

/// A body of water.
#[derive(Clone, Debug, PartialEq)]
pub struct Water {
    /// Its name; may be empty.
    pub name: String,
    /// The outer ring, then its islands; each closed.
    pub rings: Vec<Vec<Position>>,
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Option<Properties>,
    geometry: Geometry,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    name: String,
}

type Rings = Vec<Vec<[f64; 2]>>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Rings),
    MultiPolygon(Vec<Rings>),
}

/// Reads the bodies of water.
///
/// # Errors
/// When the file cannot be read, is no such GeoJSON, or has a coordinate out of range.
pub(super) fn read(path: &Path) -> Result<Vec<Water>, BasemapError> {
    let unreadable = |error| BasemapError::File { path: path.to_path_buf(), error };
    let malformed = |expected: String| BasemapError::Water { path: path.to_path_buf(), expected };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let collection: Collection = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    let mut bodies = Vec::new();
    for feature in collection.features {
        let name = feature.properties.unwrap_or_default().name;
        let polygons = match feature.geometry {
            Geometry::Polygon(rings) => vec![rings],
            Geometry::MultiPolygon(polygons) => polygons,
        };
        for polygon in polygons {
            let rings: Option<Vec<Vec<Position>>> = polygon.iter().map(|ring| positions(ring)).collect();
            let rings =
                rings.ok_or_else(|| malformed("closed rings of [longitude, latitude] in degrees".to_owned()))?;
            bodies.push(Water { name: name.clone(), rings });
        }
    }
    Ok(bodies)
}

/// A closed ring; `None` when it is open, too short, or out of range.
fn positions(ring: &[[f64; 2]]) -> Option<Vec<Position>> {
    let corners: Vec<Position> = ring.iter().map(|[x, y]| Position::new(*x, *y)).collect::<Option<_>>()?;
    (corners.len() >= 4 && corners.first() == corners.last()).then_some(corners)
}

//! Geometries of entities (GeoJSON) and of queries (WKT), and how they lie to each other.
//!
//! All on the plane of degrees, as PostGIS' `geometry` and with it FROST have it: `geo.distance` and `geo.length` are in
//! degrees, an edge is straight on that plane, and no geometry crosses the antimeridian.

use std::fmt::{self, Display, Formatter, Write};

use geo::line_measures::{Distance, Euclidean, Length};
use geo::{BoundingRect, Intersects, Relate};

/// The largest coordinate, east or north. Degrees end at 180; projected metres (which some senders give) stay below.
pub const COORDINATE_MAX: f64 = 1e8;

/// A point, line or area, or several of one of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    pub(super) shape: geo::Geometry<f64>,
    /// Its box, so that what lies far apart is told apart at once.
    around: geo::Rect<f64>,
}

/// How two geometries lie to each other (06-103r4 clause 6.1.15.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equals,
    Touches,
    Within,
    Overlaps,
    Crosses,
    Contains,
}

impl Geometry {
    /// A shape that is not empty and has no coordinate beyond [`COORDINATE_MAX`].
    pub(crate) fn new(shape: geo::Geometry<f64>) -> Option<Self> {
        let around = shape.bounding_rect()?;
        let inside = |value: f64| value.abs() <= COORDINATE_MAX;
        let sound = [around.min().x, around.min().y, around.max().x, around.max().y].into_iter().all(inside);
        sound.then_some(Self { shape, around })
    }

    /// A point; `None` when a coordinate is beyond [`COORDINATE_MAX`].
    pub fn point(longitude: f64, latitude: f64) -> Option<Self> {
        Self::new(geo::Geometry::Point(geo::Point::new(longitude, latitude)))
    }

    /// West, south, east and north in degrees.
    pub fn bounds(&self) -> (f64, f64, f64, f64) {
        (self.around.min().x, self.around.min().y, self.around.max().x, self.around.max().y)
    }

    /// The shortest distance in degrees; 0 where they share a point.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        Euclidean.distance(&self.shape, &other.shape)
    }

    /// The length of lines in degrees; 0 of anything else.
    pub(super) fn length(&self) -> f64 {
        match &self.shape {
            geo::Geometry::LineString(line) => Euclidean.length(line),
            geo::Geometry::MultiLineString(lines) => Euclidean.length(lines),
            _ => 0.0,
        }
    }

    /// Whether they share a point.
    pub(super) fn intersects(&self, other: &Self) -> bool {
        self.around.intersects(&other.around) && self.shape.intersects(&other.shape)
    }

    pub(super) fn is(&self, relation: Relation, other: &Self) -> bool {
        if !self.around.intersects(&other.around) {
            return false;
        }
        let matrix = self.shape.relate(&other.shape);
        match relation {
            Relation::Equals => matrix.is_equal_topo(),
            Relation::Touches => matrix.is_touches(),
            Relation::Within => matrix.is_within(),
            Relation::Overlaps => matrix.is_overlaps(),
            Relation::Crosses => matrix.is_crosses(),
            Relation::Contains => matrix.is_contains(),
        }
    }

    /// Whether the DE-9IM matrix matches; `None` when the pattern is none.
    pub(super) fn relates(&self, other: &Self, pattern: &str) -> Option<bool> {
        if !is_pattern(pattern) {
            return None;
        }
        self.shape.relate(&other.shape).matches(pattern).ok()
    }
}

/// Whether a text is a pattern of `st_relate`: nine of `T F * 0 1 2`.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|mark| b"TF*012".contains(&mark))
}

/// As well-known text.
impl Display for Geometry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.shape {
            geo::Geometry::Point(point) => write!(f, "POINT ({} {})", point.x(), point.y()),
            geo::Geometry::MultiPoint(points) => {
                f.write_str("MULTIPOINT ")?;
                many(f, &points.0, |f, point| write!(f, "({} {})", point.x(), point.y()))
            }
            geo::Geometry::LineString(line) => {
                f.write_str("LINESTRING ")?;
                positions(f, line)
            }
            geo::Geometry::MultiLineString(lines) => {
                f.write_str("MULTILINESTRING ")?;
                many(f, &lines.0, positions)
            }
            geo::Geometry::Polygon(polygon) => {
                f.write_str("POLYGON ")?;
                rings(f, polygon)
            }
            geo::Geometry::MultiPolygon(polygons) => {
                f.write_str("MULTIPOLYGON ")?;
                many(f, &polygons.0, rings)
            }
            // invariant: the readers make no other shape.
            _ => Err(fmt::Error),
        }
    }
}

fn many<T>(f: &mut Formatter<'_>, items: &[T], print: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result) -> fmt::Result {
    f.write_char('(')?;
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        print(f, item)?;
    }
    f.write_char(')')
}

fn positions(f: &mut Formatter<'_>, line: &geo::LineString<f64>) -> fmt::Result {
    many(f, &line.0, |f, position| write!(f, "{} {}", position.x, position.y))
}

fn rings(f: &mut Formatter<'_>, polygon: &geo::Polygon<f64>) -> fmt::Result {
    f.write_char('(')?;
    positions(f, polygon.exterior())?;
    for ring in polygon.interiors() {
        f.write_str(", ")?;
        positions(f, ring)?;
    }
    f.write_char(')')
}

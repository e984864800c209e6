//! Where things are: WGS 84 degrees, longitude and latitude always named, never a bare pair.

use serde::{Deserialize, Serialize};

/// A point on the Earth, WGS 84 (EPSG:4326).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
}

/// Mean radius of the Earth in metres (IUGG).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// The most corners that one polygon may have: CAP areas of a whole state stay below 10,000.
pub const POLYGON_VERTICES_MAX: usize = 10_000;

impl Position {
    /// A position; `None` when a coordinate is not a number or out of range.
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let inside = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
        inside.then_some(Self { longitude, latitude })
    }

    /// Great-circle distance in metres (haversine).
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_lat = (lat_b - lat_a) / 2.0;
        let half_lon = (other.longitude - self.longitude).to_radians() / 2.0;
        let a = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_RADIUS_M * a.sqrt().min(1.0).asin()
    }

    /// Initial bearing to `other` in degrees clockwise from north, 0 to 360.
    pub fn bearing_deg(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let lon = (other.longitude - self.longitude).to_radians();
        let y = lon.sin() * lat_b.cos();
        let x = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * lon.cos();
        y.atan2(x).to_degrees().rem_euclid(360.0)
    }

    /// The point a `share` (0 to 1) of the way to `other`, on a plane: right within a city.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        Self {
            longitude: self.longitude + (other.longitude - self.longitude) * share,
            latitude: self.latitude + (other.latitude - self.latitude) * share,
        }
    }
}

/// A box of degrees that does not cross the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BoundingBox {
    /// Degrees east.
    pub west: f64,
    /// Degrees north.
    pub south: f64,
    /// Degrees east.
    pub east: f64,
    /// Degrees north.
    pub north: f64,
}

impl BoundingBox {
    /// Whether the point lies inside or on the edge.
    pub fn contains(&self, point: Position) -> bool {
        (self.west..=self.east).contains(&point.longitude) && (self.south..=self.north).contains(&point.latitude)
    }
    /// Whether two boxes share a point.
    pub fn touches(&self, other: &Self) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }
    /// The middle.
    pub fn centre(&self) -> Position {
        Position { longitude: f64::midpoint(self.west, self.east), latitude: f64::midpoint(self.south, self.north) }
    }
}

/// One closed ring without holes: first corner = last corner, at least four corners.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Polygon(Vec<Position>);

impl Polygon {
    /// A ring; `None` with fewer than four corners, more than [`POLYGON_VERTICES_MAX`], or when it is not closed.
    pub fn new(ring: Vec<Position>) -> Option<Self> {
        let closed = ring.first() == ring.last();
        (closed && (4..=POLYGON_VERTICES_MAX).contains(&ring.len())).then_some(Self(ring))
    }

    /// The corners, the first one repeated at the end.
    pub fn ring(&self) -> &[Position] {
        &self.0
    }

    /// The smallest box around it.
    pub fn bounding_box(&self) -> BoundingBox {
        let start = BoundingBox { west: f64::MAX, south: f64::MAX, east: f64::MIN, north: f64::MIN };
        self.0.iter().fold(start, |b, p| BoundingBox {
            west: b.west.min(p.longitude),
            south: b.south.min(p.latitude),
            east: b.east.max(p.longitude),
            north: b.north.max(p.latitude),
        })
    }

    /// Whether the point lies inside (even-odd rule on the plane of degrees).
    pub fn contains(&self, point: Position) -> bool {
        let mut inside = false;
        for edge in self.0.windows(2) {
            let [a, b] = edge else { continue };
            let straddles = (a.latitude > point.latitude) != (b.latitude > point.latitude);
            if straddles {
                let share = (point.latitude - a.latitude) / (b.latitude - a.latitude);
                if point.longitude < a.longitude + share * (b.longitude - a.longitude) {
                    inside = !inside;
                }
            }
        }
        inside
    }

    /// Whether two rings share a point: a corner of one inside the other, or crossing edges.
    pub fn touches(&self, other: &Self) -> bool {
        if !self.bounding_box().touches(&other.bounding_box()) {
            return false;
        }
        self.0.iter().any(|p| other.contains(*p))
            || other.0.iter().any(|p| self.contains(*p))
            || self.0.windows(2).any(|edge| other.0.windows(2).any(|crossing| edges_cross(edge, crossing)))
    }
}

fn edges_cross(edge: &[Position], other: &[Position]) -> bool {
    let ([a, b], [c, d]) = (edge, other) else { return false };
    let side = |from: &Position, to: &Position, of: &Position| {
        (to.longitude - from.longitude) * (of.latitude - from.latitude)
            - (to.latitude - from.latitude) * (of.longitude - from.longitude)
    };
    (side(a, b, c) > 0.0) != (side(a, b, d) > 0.0) && (side(c, d, a) > 0.0) != (side(c, d, b) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, south: f64, size: f64) -> Polygon {
        let corner = |x: f64, y: f64| Position { longitude: west + x * size, latitude: south + y * size };
        Polygon::new(vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0), corner(0.0, 0.0)])
            .expect("a closed ring")
    }

    #[test]
    fn one_degree_of_latitude_is_111_km() {
        let a = Position { longitude: -51.0, latitude: -30.0 };
        let b = Position { longitude: -51.0, latitude: -31.0 };
        assert!((a.distance_m(b) - 111_195.0).abs() < 1.0);
        assert!((a.bearing_deg(b) - 180.0).abs() < 1e-9);
    }

    #[test]
    fn polygons_touch_when_they_overlap_cross_or_nest() {
        let big = square(0.0, 0.0, 10.0);
        assert!(big.touches(&square(4.0, 4.0, 1.0)), "nested");
        assert!(square(4.0, 4.0, 1.0).touches(&big), "nested, the other way");
        assert!(big.touches(&square(9.0, 9.0, 5.0)), "overlap");
        assert!(!big.touches(&square(11.0, 0.0, 5.0)), "apart");
    }

    #[test]
    fn coordinates_out_of_range_are_no_position() {
        assert_eq!(Position::new(0.0, 91.0), None);
        assert_eq!(Position::new(f64::NAN, 0.0), None);
    }
}

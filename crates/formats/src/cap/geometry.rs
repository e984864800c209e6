//! CAP `polygon` ("lat,lon lat,lon ...") and `circle` ("lat,lon radius").

use city::geometry::{EARTH_RADIUS_M, POLYGON_VERTICES_MAX};
use city::{Polygon, Position};

use crate::limits::CAP_CIRCLE_RADIUS_KM;

/// Corners of the ring that stands for a circle: within 0.5 % of its radius.
const CIRCLE_CORNERS: u32 = 32;
/// The smallest radius, in kilometres: some agencies write a point as a circle of radius 0.
const CIRCLE_RADIUS_MIN_KM: f64 = 0.1;

/// A closed ring of at least four pairs; `None` for anything else.
pub(super) fn polygon(text: &str) -> Option<Polygon> {
    let mut ring = Vec::new();
    for pair in pairs(text) {
        ring.push(position(pair?)?);
        if ring.len() > POLYGON_VERTICES_MAX {
            return None;
        }
    }
    Polygon::new(ring)
}

/// The numbers two by two, whatever commas and white space are between them.
fn pairs(text: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    let mut numbers = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|number| !number.is_empty());
    std::iter::from_fn(move || numbers.next().map(|latitude| numbers.next().map(|longitude| (latitude, longitude))))
}

fn position((latitude, longitude): (&str, &str)) -> Option<Position> {
    Position::new(longitude.parse().ok()?, latitude.parse().ok()?)
}

/// A ring around the point; `None` when it is no circle, or reaches over a pole or the antimeridian.
pub(super) fn circle(text: &str) -> Option<Polygon> {
    let (centre, radius) = text.trim().rsplit_once(char::is_whitespace)?;
    let mut centre = pairs(centre);
    let point = position(centre.next()??)?;
    let radius_km: f64 = radius.parse().ok()?;
    if centre.next().is_some() || !(0.0..=CAP_CIRCLE_RADIUS_KM).contains(&radius_km) {
        return None;
    }
    let angle = radius_km.max(CIRCLE_RADIUS_MIN_KM) * 1000.0 / EARTH_RADIUS_M;
    let corner =
        |index: u32| destination(point, angle, std::f64::consts::TAU * f64::from(index) / f64::from(CIRCLE_CORNERS));
    let mut ring = (0..CIRCLE_CORNERS).map(corner).collect::<Option<Vec<_>>>()?;
    ring.push(*ring.first()?);
    Polygon::new(ring)
}

/// The point that lies `angle` (radians at the centre of the Earth) away in direction `bearing` (radians).
fn destination(from: Position, angle: f64, bearing: f64) -> Option<Position> {
    let latitude = from.latitude.to_radians();
    let sin = latitude.sin() * angle.cos() + latitude.cos() * angle.sin() * bearing.cos();
    let y = bearing.sin() * angle.sin() * latitude.cos();
    let longitude = y.atan2(angle.cos() - latitude.sin() * sin);
    let over_pole = latitude.abs() + angle > std::f64::consts::FRAC_PI_2;
    if over_pole { None } else { Position::new(from.longitude + longitude.to_degrees(), sin.asin().to_degrees()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_close_and_keep_latitude_first() {
        let ring = polygon("\n 38.47,-120.14  38.34,-119.95\t38.52,-119.74 38.47 , -120.14 \n").expect("closed");
        assert_eq!(ring.ring().first(), Some(&Position { longitude: -120.14, latitude: 38.47 }));
        assert_eq!(ring.ring().len(), 4);
        assert_eq!(polygon("38.47,-120.14 38.34,-119.95 38.52,-119.74"), None, "not closed");
        assert_eq!(polygon("38.47,-120.14 38.34,-119.95 38.47,-120.14"), None, "three corners");
        assert_eq!(polygon("91.0,-120.14 38.34,-119.95 38.52,-119.74 91.0,-120.14"), None, "latitude 91");
        assert_eq!(polygon("NaN,0 1,1 2,2 NaN,0"), None, "no number");
        assert_eq!(polygon("1,1 2,2 3,3 1"), None, "half a pair");
        assert_eq!(polygon(&"1,1 ".repeat(POLYGON_VERTICES_MAX + 1)), None, "too many corners");
    }

    #[test]
    fn circles_become_rings_of_their_radius() {
        let ring = circle("-30.03,-51.23 25.5").expect("a circle");
        assert_eq!(ring.ring().len(), 33);
        let centre = Position { longitude: -51.23, latitude: -30.03 };
        assert!(ring.ring().iter().all(|corner| (corner.distance_m(centre) - 25_500.0).abs() < 1.0));
        let point = circle("-30.03,-51.23 0").expect("a point");
        assert!(point.contains(centre));
        assert_eq!(circle("-30.03,-51.23"), None, "no radius");
        assert_eq!(circle("89.9,0 100"), None, "over the pole");
        assert_eq!(circle("0,179.9 100"), None, "over the antimeridian");
        assert_eq!(circle("0,0 inf"), None, "no number");
    }
}

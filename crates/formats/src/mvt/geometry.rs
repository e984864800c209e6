//! Degrees -> tile units: Web Mercator (EPSG:3857), clipped to the tile, simplified below what a screen shows.

use std::f64::consts::PI;

use city::{BoundingBox, Position};

/// Units of a tile along each side.
pub const EXTENT: u32 = 4096;
/// Units around the tile that are kept, so that lines and outlines do not end visibly at its edge: 16 pixels of a
/// tile drawn 512 pixels wide.
pub const BUFFER_UNITS: f64 = 128.0;
/// How far a simplified line may be off: half a pixel of a tile drawn 512 pixels wide.
pub const TOLERANCE_UNITS: f64 = 4.0;
/// The deepest zoom that has a name here; a unit is then 2 mm.
const ZOOM_MAX: u8 = 22;
/// Where Web Mercator ends, in degrees north.
const LATITUDE_MAX: f64 = 85.051_128_779_806_59;

/// A point in tile units: x to the east, y to the south, 0 to [`EXTENT`] inside the tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the east.
    pub x: f64,
    /// To the south.
    pub y: f64,
}

/// A tile of the usual scheme: column `x` from the antimeridian, row `y` from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    z: u8,
    x: u32,
    y: u32,
}

impl Tile {
    /// `None` when the zoom is above 22 or has no such column or row.
    pub fn new(z: u8, x: u32, y: u32) -> Option<Self> {
        let inside = z <= ZOOM_MAX && x < 1 << z && y < 1 << z;
        inside.then_some(Self { z, x, y })
    }

    /// The tile in which the point lies; `None` above zoom 22.
    pub fn at(z: u8, position: Position) -> Option<Self> {
        if z > ZOOM_MAX {
            return None;
        }
        let (column, row) = mercator(position);
        let side = f64::from(1_u32 << z);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the tiles that there are")]
        let cut = |share: f64| (share * side).clamp(0.0, side - 1.0) as u32;
        Self::new(z, cut(column), cut(row))
    }

    /// Zoom, column, row.
    pub fn zxy(self) -> (u8, u32, u32) {
        (self.z, self.x, self.y)
    }

    /// Its edges, the buffer included.
    pub fn bounding_box(self) -> BoundingBox {
        let side = f64::from(1_u32 << self.z);
        let buffer = BUFFER_UNITS / f64::from(EXTENT);
        let longitude = |column: f64| column / side * 360.0 - 180.0;
        let latitude = |row: f64| (PI * (1.0 - 2.0 * row / side)).sinh().atan().to_degrees();
        let (column, row) = (f64::from(self.x), f64::from(self.y));
        BoundingBox {
            west: longitude(column - buffer),
            south: latitude(row + 1.0 + buffer),
            east: longitude(column + 1.0 + buffer),
            north: latitude(row - buffer),
        }
    }
}

/// Share of the world from the west and from the north, 0 to 1.
fn mercator(position: Position) -> (f64, f64) {
    let latitude = position.latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX).to_radians();
    (position.longitude / 360.0 + 0.5, (1.0 - latitude.tan().asinh() / PI) / 2.0)
}

/// Puts geometry into one tile.
#[derive(Clone, Copy, Debug)]
pub struct TileGeometry {
    tile: Tile,
    tolerance: f64,
}

impl TileGeometry {
    /// With a tolerance of [`TOLERANCE_UNITS`].
    pub fn new(tile: Tile) -> Self {
        Self { tile, tolerance: TOLERANCE_UNITS }
    }

    /// With another tolerance, in tile units: smaller for the deepest zoom that is served, which is drawn enlarged.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Where a position is in the tile.
    pub fn project(&self, position: Position) -> Point {
        let (column, row) = mercator(position);
        let side = f64::from(1_u32 << self.tile.z);
        let unit = |share: f64, at: u32| (share * side - f64::from(at)) * f64::from(EXTENT);
        Point { x: unit(column, self.tile.x), y: unit(row, self.tile.y) }
    }

    /// The parts of a line that are in the tile or its buffer.
    pub fn line(&self, line: &[Position]) -> Vec<Vec<Point>> {
        let points: Vec<_> = line.iter().map(|position| self.project(*position)).collect();
        clip_line(&points).into_iter().map(|part| simplify(&part, self.tolerance)).filter(|p| p.len() >= 2).collect()
    }

    /// The part of a ring that is in the tile or its buffer, closed; empty when none is. First corner = last corner
    /// in and out.
    pub fn ring(&self, ring: &[Position]) -> Vec<Point> {
        let points: Vec<_> = ring.iter().map(|position| self.project(*position)).collect();
        let clipped = simplify(&clip_ring(&points), self.tolerance);
        if clipped.len() >= 4 { clipped } else { Vec::new() }
    }
}

const LOW: f64 = -BUFFER_UNITS;
const HIGH: f64 = EXTENT as f64 + BUFFER_UNITS;

/// Liang-Barsky, segment by segment; parts that touch are joined.
fn clip_line(points: &[Point]) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let [a, b] = pair else { continue };
        let Some((start, end)) = clip_segment(*a, *b) else { continue };
        match parts.last_mut().filter(|part| part.last() == Some(&start)) {
            Some(part) => part.push(end),
            None => parts.push(vec![start, end]),
        }
    }
    parts
}

fn clip_segment(a: Point, b: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    // For each edge: how fast the segment leaves through it, and how far inside it starts.
    for (speed, room) in [(-dx, a.x - LOW), (dx, HIGH - a.x), (-dy, a.y - LOW), (dy, HIGH - a.y)] {
        if speed == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            from = from.max(room / speed);
        } else {
            to = to.min(room / speed);
        }
    }
    let at = |share: f64| Point { x: a.x + dx * share, y: a.y + dy * share };
    // The very ends are kept as they are, so that the next segment is found to touch.
    let start = if from > 0.0 { at(from) } else { a };
    let end = if to < 1.0 { at(to) } else { b };
    (from <= to).then_some((start, end))
}

/// One coordinate of a point.
type Axis = fn(&Point) -> f64;

/// Sutherland-Hodgman: one edge of the tile after the other.
fn clip_ring(ring: &[Point]) -> Vec<Point> {
    let x = |point: &Point| point.x;
    let y = |point: &Point| point.y;
    let edges: [(Axis, f64, f64); 4] = [(x, LOW, 1.0), (x, HIGH, -1.0), (y, LOW, 1.0), (y, HIGH, -1.0)];
    let mut points = ring.to_vec();
    points.pop(); // The repeated first corner.
    for (axis, edge, sign) in edges {
        let inside = |point: &Point| (axis(point) - edge) * sign >= 0.0;
        let mut kept = Vec::with_capacity(points.len() + 4);
        for (at, here) in points.iter().enumerate() {
            let before = if at == 0 { points.last() } else { points.get(at - 1) };
            let Some(before) = before else { continue };
            if inside(before) != inside(here) {
                let share = (edge - axis(before)) / (axis(here) - axis(before));
                let crossing = |a: f64, b: f64| a + (b - a) * share;
                kept.push(Point { x: crossing(before.x, here.x), y: crossing(before.y, here.y) });
            }
            if inside(here) {
                kept.push(*here);
            }
        }
        points = kept;
    }
    points.extend(points.first().copied());
    points
}

/// Douglas-Peucker without recursion: no point that is left out is further than `tolerance` from the line.
fn simplify(points: &[Point], tolerance: f64) -> Vec<Point> {
    if points.len() <= 2 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    let mut stretches = vec![(0, points.len() - 1)];
    for end in [0, points.len() - 1] {
        keep[end] = true; // invariant: `points` is not empty.
    }
    while let Some((from, to)) = stretches.pop() {
        let (Some(a), Some(b)) = (points.get(from), points.get(to)) else { continue };
        let between = points.iter().enumerate().take(to).skip(from + 1);
        let off = between.map(|(at, point)| (at, distance(*point, *a, *b)));
        let Some((at, furthest)) = off.max_by(|(_, a), (_, b)| a.total_cmp(b)) else { continue };
        if furthest > tolerance {
            keep[at] = true; // invariant: `at` is a place in `points`.
            stretches.extend([(from, at), (at, to)]);
        }
    }
    points.iter().zip(keep).filter_map(|(point, keep)| keep.then_some(*point)).collect()
}

/// From a point to a segment.
fn distance(point: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { ((point.x - a.x) * dx + (point.y - a.y) * dy) / length } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (point.x - a.x - dx * along).hypot(point.y - a.y - dy * along)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile() -> Tile {
        Tile::new(12, 1465, 2406).expect("inside the zoom")
    }

    fn point(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn the_tile_of_porto_alegre_is_the_one_that_maps_ask_for() {
        let centre = Position { longitude: -51.2287, latitude: -30.0277 };
        assert_eq!(Tile::at(12, centre).map(Tile::zxy), Some((12, 1465, 2406)));
        let found = Tile::at(12, centre).expect("a tile");
        assert!(found.bounding_box().contains(centre));
        let inside = TileGeometry::new(found).project(centre);
        assert!((0.0..4096.0).contains(&inside.x) && (0.0..4096.0).contains(&inside.y), "{inside:?}");
        assert_eq!(Tile::new(2, 4, 0), None);
        assert_eq!(Tile::new(23, 0, 0), None);
    }

    #[test]
    fn corners_of_the_box_project_to_the_buffer() {
        let geometry = TileGeometry::new(tile());
        let edges = tile().bounding_box();
        let corner = geometry.project(Position { longitude: edges.west, latitude: edges.north });
        assert!((corner.x + BUFFER_UNITS).abs() < 1e-3 && (corner.y + BUFFER_UNITS).abs() < 1e-3, "{corner:?}");
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two_parts() {
        let parts = clip_line(&[point(0.0, 0.0), point(9000.0, 0.0), point(9000.0, 100.0), point(0.0, 100.0)]);
        assert_eq!(parts, [vec![point(0.0, 0.0), point(HIGH, 0.0)], vec![point(HIGH, 100.0), point(0.0, 100.0)]]);
        assert!(clip_line(&[point(-9000.0, -500.0), point(9000.0, -500.0)]).is_empty());
        let inside = [point(1.0, 1.0), point(2.0, 2.0), point(3.0, 1.0)];
        assert_eq!(clip_line(&inside), [inside.to_vec()]);
    }

    #[test]
    fn a_ring_around_the_tile_becomes_the_tile() {
        let far = 100_000.0;
        let ring = [point(-far, -far), point(far, -far), point(far, far), point(-far, far), point(-far, -far)];
        let clipped = clip_ring(&ring);
        assert_eq!(clipped.len(), 5, "{clipped:?}");
        assert!(clipped.iter().all(|p| (p.x == LOW || p.x == HIGH) && (p.y == LOW || p.y == HIGH)), "{clipped:?}");
        let outside: Vec<_> = ring.iter().map(|p| point(p.x + 3.0 * far, p.y)).collect();
        assert!(clip_ring(&outside).is_empty());
    }

    #[test]
    fn simplifying_stays_within_the_tolerance() {
        let wave: Vec<_> = (0..1000).map(|x| point(f64::from(x) * 4.0, (f64::from(x) / 40.0).sin() * 300.0)).collect();
        let simple = simplify(&wave, TOLERANCE_UNITS);
        assert!(simple.len() < wave.len() / 5, "{} points", simple.len());
        assert_eq!((simple.first(), simple.last()), (wave.first(), wave.last()));
        for p in &wave {
            let off = simple.windows(2).map(|pair| distance(*p, pair[0], pair[1])).fold(f64::MAX, f64::min);
            assert!(off <= TOLERANCE_UNITS, "{p:?} is {off} off");
        }
    }
}

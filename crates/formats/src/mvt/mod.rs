//! Mapbox Vector Tile 2.1, out only: what the basemap is served in.
//!
//! ```
//! use formats::mvt::{Layer, Tile, TileGeometry, encode};
//! use city::Position;
//!
//! let tile = Tile::new(12, 1465, 2406).expect("inside the zoom");
//! let geometry = TileGeometry::new(tile);
//! let mut roads = Layer::new("road");
//! let street = [Position { longitude: -51.23, latitude: -30.03 }, Position { longitude: -51.20, latitude: -30.05 }];
//! for part in geometry.line(&street) {
//!     roads.add_line(&[part], &[("class", "primary")]);
//! }
//! let bytes = encode(vec![roads]);
//! assert!(!bytes.is_empty());
//! ```

mod geometry;
pub mod proto;

use std::collections::HashMap;

use prost::Message as _;

pub use geometry::{BUFFER_UNITS, EXTENT, Point, TOLERANCE_UNITS, Tile, TileGeometry};

/// Version of the standard that a layer says it is in (4.1).
const VERSION: u32 = 2;
/// `CommandInteger` ids (4.3.1).
const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// Features of one kind.
#[derive(Clone, Debug)]
pub struct Layer {
    message: proto::Layer,
    keys: HashMap<&'static str, u32>,
    values: HashMap<String, u32>,
}

impl Layer {
    /// An empty layer. Names must differ within a tile (4.1).
    pub fn new(name: &str) -> Self {
        let message =
            proto::Layer { version: VERSION, name: name.to_owned(), extent: Some(EXTENT), ..proto::Layer::default() };
        Self { message, keys: HashMap::new(), values: HashMap::new() }
    }

    /// Adds one feature of one or more lines in tile units. Repeated points are left out; lines of fewer than two
    /// points too, and nothing is added when none is left.
    pub fn add_line(&mut self, lines: &[Vec<Point>], properties: &[(&'static str, &str)]) {
        let mut pen = Pen::default();
        for line in lines {
            let points = whole(line);
            if points.len() >= 2 {
                pen.path(&points);
            }
        }
        self.add(proto::GeomType::Linestring, pen, properties);
    }

    /// Adds one feature of one polygon in tile units: its outline, then its holes, each with or without the first
    /// point repeated at the end. They are wound as the standard asks (4.3.4.4), whichever way they come. Rings
    /// without an area are left out, and nothing is added when the outline has none.
    pub fn add_polygon(&mut self, rings: &[Vec<Point>], properties: &[(&'static str, &str)]) {
        let mut pen = Pen::default();
        for (index, ring) in rings.iter().enumerate() {
            let mut points = whole(ring);
            if points.len() > 1 && points.first() == points.last() {
                points.pop();
            }
            let area = doubled_area(&points);
            if points.len() < 3 || area == 0 {
                if index == 0 {
                    return;
                }
                continue;
            }
            // Positive in tile units (y down) is the outline, negative a hole.
            if (area > 0) != (index == 0) {
                points.reverse();
            }
            pen.path(&points);
            pen.close();
        }
        self.add(proto::GeomType::Polygon, pen, properties);
    }

    fn add(&mut self, kind: proto::GeomType, pen: Pen, properties: &[(&'static str, &str)]) {
        if pen.geometry.is_empty() {
            return;
        }
        let tags = properties.iter().flat_map(|(key, value)| [self.key(key), self.value(value)]).collect();
        self.message.features.push(proto::Feature { id: None, tags, kind: Some(kind as i32), geometry: pen.geometry });
    }

    fn key(&mut self, key: &'static str) -> u32 {
        let Self { message, keys, .. } = self;
        *keys.entry(key).or_insert_with(|| {
            message.keys.push(key.to_owned());
            index_of_last(message.keys.len())
        })
    }

    fn value(&mut self, value: &str) -> u32 {
        if let Some(at) = self.values.get(value) {
            return *at;
        }
        self.message.values.push(proto::Value { string_value: Some(value.to_owned()) });
        let at = index_of_last(self.message.values.len());
        self.values.insert(value.to_owned(), at);
        at
    }

    /// How many features it has.
    pub fn len(&self) -> usize {
        self.message.features.len()
    }

    /// Whether it has no feature.
    pub fn is_empty(&self) -> bool {
        self.message.features.is_empty()
    }
}

/// The tile. Layers without a feature are left out ("a layer SHOULD contain at least one feature", 4.1), so a tile of
/// nothing is no bytes.
pub fn encode(layers: Vec<Layer>) -> Vec<u8> {
    let layers = layers.into_iter().filter(|layer| !layer.is_empty()).map(|layer| layer.message).collect();
    proto::Tile { layers }.encode_to_vec()
}

/// Writes commands, each point relative to the one before.
#[derive(Default)]
struct Pen {
    geometry: Vec<u32>,
    at: (i32, i32),
}

impl Pen {
    fn path(&mut self, points: &[(i32, i32)]) {
        let [first, rest @ ..] = points else { return };
        self.command(MOVE_TO, 1);
        self.go(*first);
        self.command(LINE_TO, rest.len());
        for point in rest {
            self.go(*point);
        }
    }

    fn close(&mut self) {
        self.command(CLOSE_PATH, 1);
    }

    fn command(&mut self, id: u32, count: usize) {
        // invariant: 29 bits hold the count; a line of 2^29 points is 4 GiB before it comes here.
        self.geometry.push(id | u32::try_from(count).unwrap_or_default() << 3);
    }

    fn go(&mut self, to: (i32, i32)) {
        self.geometry.extend([zigzag(to.0 - self.at.0), zigzag(to.1 - self.at.1)]);
        self.at = to;
    }
}

/// `ParameterInteger` (4.3.2): small numbers of either sign as small unsigned ones.
fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31).cast_unsigned()
}

fn index_of_last(len: usize) -> u32 {
    // invariant: a tile has far fewer than 2^32 keys or values.
    u32::try_from(len.saturating_sub(1)).unwrap_or_default()
}

/// On the grid of the tile, without repeated points.
fn whole(points: &[Point]) -> Vec<(i32, i32)> {
    #[allow(clippy::cast_possible_truncation, reason = "`as` cuts to the range of i32, and NaN to 0")]
    let mut points: Vec<_> = points.iter().map(|point| (point.x.round() as i32, point.y.round() as i32)).collect();
    // Far outside is not drawn, and keeps differences inside i32.
    points.retain(|(x, y)| x.abs() <= FAR_UNITS && y.abs() <= FAR_UNITS);
    points.dedup();
    points
}

/// Further from the corner of a tile than any clipped point can be.
const FAR_UNITS: i32 = 1 << 20;

/// Twice the area by the surveyor's formula, as 4.3.3.3 has it.
fn doubled_area(points: &[(i32, i32)]) -> i64 {
    let next = points.iter().cycle().skip(1);
    let cross = |((ax, ay), (bx, by)): (&(i32, i32), &(i32, i32))| {
        i64::from(*ax) * i64::from(*by) - i64::from(*bx) * i64::from(*ay)
    };
    points.iter().zip(next).map(cross).sum()
}

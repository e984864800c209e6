//! Which tile shows what, and its bytes.

use std::collections::BTreeMap;

use city::{BoundingBox, Position};
use formats::mvt::{Layer, Tile, TileGeometry, encode};

use super::{Road, Water, ZOOM_MAX, ZOOM_MIN};

/// How far a line may be off in the deepest zoom, in tile units: it is drawn enlarged, so it is kept finer.
const TOLERANCE_DEEPEST: f64 = 1.0;

/// What is in one tile, as indexes.
#[derive(Clone, Debug, Default)]
struct Content {
    roads: Vec<usize>,
    water: Vec<usize>,
}

/// All tiles that may show something.
pub(super) struct Plan<'a> {
    roads: &'a [Road],
    water: &'a [Water],
    tiles: BTreeMap<(u8, u32, u32), Content>,
}

/// A tile with its bytes; none when nothing was left in it.
pub(super) struct Drawn {
    pub(super) tile: Tile,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Plan<'a> {
    /// Sorts roads and water into the tiles of an area, by their boxes.
    pub(super) fn new(roads: &'a [Road], water: &'a [Water], area: BoundingBox) -> Self {
        let mut tiles: BTreeMap<(u8, u32, u32), Content> = BTreeMap::new();
        for zoom in ZOOM_MIN..=ZOOM_MAX {
            for (at, road) in roads.iter().enumerate().filter(|(_, road)| road.class.zoom_min() <= zoom) {
                for tile in tiles_of(zoom, &road.line, area) {
                    tiles.entry(tile).or_default().roads.push(at);
                }
            }
            for (at, body) in water.iter().enumerate() {
                for tile in body.rings.first().into_iter().flat_map(|outer| tiles_of(zoom, outer, area)) {
                    tiles.entry(tile).or_default().water.push(at);
                }
            }
        }
        Self { roads, water, tiles }
    }

    /// How many tiles there are to draw.
    pub(super) fn len(&self) -> usize {
        self.tiles.len()
    }

    /// Draws them one by one, by zoom, column and row.
    pub(super) fn draw(&self) -> impl Iterator<Item = Drawn> {
        self.tiles.iter().filter_map(|((z, x, y), content)| {
            let tile = Tile::new(*z, *x, *y)?;
            Some(Drawn { tile, bytes: self.bytes(tile, content) })
        })
    }

    fn bytes(&self, tile: Tile, content: &Content) -> Vec<u8> {
        let (zoom, ..) = tile.zxy();
        let geometry = TileGeometry::new(tile);
        let geometry = if zoom == ZOOM_MAX { geometry.with_tolerance(TOLERANCE_DEEPEST) } else { geometry };
        let mut water = Layer::new("water");
        for body in content.water.iter().filter_map(|at| self.water.get(*at)) {
            let rings: Vec<_> = body.rings.iter().map(|ring| geometry.ring(ring)).collect();
            water.add_polygon(&rings, &named("name", &body.name));
        }
        let mut road = Layer::new("road");
        for found in content.roads.iter().filter_map(|at| self.roads.get(*at)) {
            let mut properties = vec![("class", found.class.name())];
            if zoom >= found.class.named_from() {
                properties.extend(named("name", &found.name));
            }
            road.add_line(&geometry.line(&found.line), &properties);
        }
        encode(vec![water, road])
    }
}

/// A property, left out where there is no name.
fn named<'a>(key: &'static str, name: &'a str) -> Vec<(&'static str, &'a str)> {
    if name.is_empty() { Vec::new() } else { vec![(key, name)] }
}

/// The tiles of an area that the box of a line touches, their buffers included.
fn tiles_of(zoom: u8, line: &[Position], area: BoundingBox) -> Vec<(u8, u32, u32)> {
    let start = BoundingBox { west: f64::MAX, south: f64::MAX, east: f64::MIN, north: f64::MIN };
    let own = line.iter().fold(start, |b, p| BoundingBox {
        west: b.west.min(p.longitude),
        south: b.south.min(p.latitude),
        east: b.east.max(p.longitude),
        north: b.north.max(p.latitude),
    });
    let cut = BoundingBox {
        west: own.west.max(area.west),
        south: own.south.max(area.south),
        east: own.east.min(area.east),
        north: own.north.min(area.north),
    };
    if cut.west > cut.east || cut.south > cut.north {
        return Vec::new();
    }
    let corner = |longitude, latitude| Tile::at(zoom, Position { longitude, latitude }).map(Tile::zxy);
    let (Some((_, west, north)), Some((_, east, south))) = (corner(cut.west, cut.north), corner(cut.east, cut.south))
    else {
        return Vec::new();
    };
    // One more on each side: what lies in a tile's buffer is in that tile too.
    let columns = west.saturating_sub(1)..=east + 1;
    let around = columns.flat_map(|x| (north.saturating_sub(1)..=south + 1).map(move |y| (x, y)));
    let touched = around.filter(|(x, y)| Tile::new(zoom, *x, *y).is_some_and(|tile| tile.bounding_box().touches(&cut)));
    touched.map(|(x, y)| (zoom, x, y)).collect()
}

//! The basemap: vector tiles out of an OpenStreetMap extract and a file of water, made once and kept as MBTiles.
//!
//! A tile has the layers `water` (polygons, property `name`) and `road` (lines, properties `class` and `name`), zoom
//! [`ZOOM_MIN`] to [`ZOOM_MAX`]; which road is in which zoom says [`Class::zoom_min`].

mod draw;
mod mbtiles;
mod roads;
mod stitch;
#[cfg(test)]
mod tests;
mod water;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use city::BoundingBox;
use sha2::{Digest, Sha256};

pub use mbtiles::Tiles;
pub use roads::{Class, Road};
pub use water::Water;

use mbtiles::Writer;

/// The widest view that is served: a city with its surroundings.
pub const ZOOM_MIN: u8 = 9;
/// The deepest: at 2 m a pixel every path is there; browsers enlarge it from there on.
pub const ZOOM_MAX: u8 = 15;
/// How far the tiles reach beyond the city's box, in degrees (about 5 km): a wide screen shows more than the box.
const MARGIN_DEG: f64 = 0.05;
/// Counts up when the same sources are to give other tiles, so that kept basemaps are made anew.
const VERSION: u32 = 1;
/// Whom the map must credit: it is made from OpenStreetMap data (ODbL 1.0, clause 4.3).
const ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// Called with what is being done, how much of it is done, and how much there is.
pub type Progress<'a> = &'a dyn Fn(&str, u64, u64);

/// Why there is no basemap.
#[derive(Debug, thiserror::Error)]
pub enum BasemapError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The extract is no OSM PBF.
    #[error("{}: expected an OpenStreetMap extract (.osm.pbf): {error}", path.display())]
    Osm {
        /// The file.
        path: PathBuf,
        /// Why.
        error: osmpbf::Error,
    },
    /// The file of water is no such GeoJSON.
    #[error("{}: expected a GeoJSON feature collection of polygons: {expected}", path.display())]
    Water {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: String,
    },
    /// The file of tiles cannot be used.
    #[error("{}: {error}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        error: rusqlite::Error,
    },
}

/// What [`build`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Built {
    /// The file there was made from the same sources.
    Kept,
    /// It was made, with so many tiles.
    Made {
        /// Tiles that are not empty.
        tiles: u64,
    },
}

/// Makes the basemap `out` from the streets of `osm` and the water of `lake`, for `bbox` and a little around it. When
/// `out` was made from the same sources it is kept. Otherwise it is written beside its place and put there when whole.
///
/// # Errors
/// When a source cannot be read or is of another format, or the file cannot be written.
pub fn build(
    osm: &Path,
    lake: &Path,
    bbox: BoundingBox,
    out: &Path,
    progress: Progress<'_>,
) -> Result<Built, BasemapError> {
    let source = source_hash(osm, lake, bbox)?;
    // A file that cannot be opened or read is as good as none: it is made anew.
    let kept = Tiles::open(out).and_then(|tiles| tiles.source());
    if kept.is_ok_and(|kept| kept.as_deref() == Some(source.as_str())) {
        return Ok(Built::Kept);
    }
    let roads = stitch::stitch(roads::read(osm, progress)?);
    let water = water::read(lake)?;
    let writer = Writer::create(out)?;
    let area = BoundingBox {
        west: bbox.west - MARGIN_DEG,
        south: bbox.south - MARGIN_DEG,
        east: bbox.east + MARGIN_DEG,
        north: bbox.north + MARGIN_DEG,
    };
    let plan = draw::Plan::new(&roads, &water, area);
    let all = plan.len() as u64;
    let mut tiles = 0;
    for (done, drawn) in (1..).zip(plan.draw()) {
        let (z, x, y) = drawn.tile.zxy();
        if !drawn.bytes.is_empty() {
            writer.put(z, x, y, &drawn.bytes)?;
            tiles += 1;
        }
        progress("Drawing the map", done, all);
    }
    writer.finish(&source, &metadata(bbox))?;
    Ok(Built::Made { tiles })
}

/// SHA-256 over everything that the tiles depend on, hexadecimal.
fn source_hash(osm: &Path, lake: &Path, bbox: BoundingBox) -> Result<String, BasemapError> {
    let mut hash = Sha256::new();
    hash.update(VERSION.to_le_bytes());
    for edge in [bbox.west, bbox.south, bbox.east, bbox.north] {
        hash.update(edge.to_le_bytes());
    }
    for path in [osm, lake] {
        add_file(&mut hash, path).map_err(|error| BasemapError::File { path: path.to_path_buf(), error })?;
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    }))
}

fn add_file(hash: &mut Sha256, path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    hash.update(file.metadata()?.len().to_le_bytes());
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut chunk)?;
        match chunk.get(..read) {
            Some([]) | None => return Ok(()),
            Some(bytes) => hash.update(bytes),
        }
    }
}

/// The table `metadata` (MBTiles 1.3).
fn metadata(bbox: BoundingBox) -> Vec<(&'static str, String)> {
    let centre = bbox.centre();
    let layers = serde_json::json!({ "vector_layers": [
        { "id": "water", "fields": { "name": "String" }, "minzoom": ZOOM_MIN, "maxzoom": ZOOM_MAX },
        { "id": "road", "fields": { "class": "String", "name": "String" }, "minzoom": ZOOM_MIN, "maxzoom": ZOOM_MAX },
    ]});
    vec![
        ("name", "Townbell basemap".to_owned()),
        ("format", "pbf".to_owned()),
        ("type", "baselayer".to_owned()),
        ("minzoom", ZOOM_MIN.to_string()),
        ("maxzoom", ZOOM_MAX.to_string()),
        ("bounds", format!("{},{},{},{}", bbox.west, bbox.south, bbox.east, bbox.north)),
        ("center", format!("{},{},{}", centre.longitude, centre.latitude, ZOOM_MIN + 3)),
        ("attribution", ATTRIBUTION.to_owned()),
        ("json", layers.to_string()),
    ]
}

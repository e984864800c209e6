//! The basemap of the demo city, from its own streets and lake.

use std::path::PathBuf;

use city::{BoundingBox, Position};
use formats::mvt::{Tile, TileGeometry, proto};
use prost::Message as _;

use super::*;

const BBOX: BoundingBox = BoundingBox { west: -51.2664, south: -30.1133, east: -51.1322, north: -29.9876 };

fn demo(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../demo/data", file].iter().collect()
}

fn made(out: &Path) -> Built {
    build(&demo("osm/poa_roads.osm.pbf"), &demo("lake.geojson"), BBOX, out, &|_, _, _| {}).expect("the demo's map")
}

fn tile(tiles: &Tiles, zoom: u8, longitude: f64, latitude: f64) -> Option<proto::Tile> {
    let (z, x, y) = Tile::at(zoom, Position { longitude, latitude }).expect("a tile").zxy();
    tiles.tile(z, x, y).expect("readable").map(|bytes| proto::Tile::decode(bytes.as_slice()).expect("a vector tile"))
}

fn layer<'a>(tile: &'a proto::Tile, name: &str) -> Option<&'a proto::Layer> {
    tile.layers.iter().find(|layer| layer.name == name)
}

fn has_value(layer: &proto::Layer, value: &str) -> bool {
    layer.values.iter().any(|found| found.string_value.as_deref() == Some(value))
}

#[test]
fn the_map_of_the_demo_city_has_its_streets_and_its_lake() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("map.mbtiles");
    let Built::Made { tiles: count } = made(&out) else { panic!("there was none") };
    assert!(count > 200, "{count}");
    let tiles = Tiles::open(&out).expect("it was made");

    let quay = tile(&tiles, 15, -51.2316, -30.0270).expect("a tile at the quay");
    assert!(has_value(layer(&quay, "water").expect("water"), "Lago Guaíba"));
    assert!(has_value(layer(&quay, "road").expect("roads"), "Avenida Mauá"));
    let open_lake = tile(&tiles, 15, -51.2600, -30.0600).expect("a tile on the lake");
    assert!(layer(&open_lake, "water").is_some() && layer(&open_lake, "road").is_none());
    let inland = tile(&tiles, 15, -51.1800, -30.0450).expect("a tile in town");
    assert!(layer(&inland, "water").is_none() && layer(&inland, "road").is_some());
    assert_eq!(tile(&tiles, 15, -48.0, -30.0), None);

    let overview = tile(&tiles, 9, -51.2316, -30.0270).expect("the widest view");
    let roads = layer(&overview, "road").expect("roads");
    assert!(has_value(roads, "primary") && !has_value(roads, "residential") && !has_value(roads, "path"));
    assert!(has_value(layer(&quay, "road").expect("roads"), "path"));
}

#[test]
fn the_shore_lies_between_the_lake_and_the_city() {
    let lakes = water::read(&demo("lake.geojson")).expect("the lake");
    let inside = |longitude, latitude| {
        let point = Position { longitude, latitude };
        let in_ring = |ring: &Vec<Position>| city::Polygon::new(ring.clone()).is_some_and(|ring| ring.contains(point));
        lakes.iter().any(|lake| lake.rings.first().is_some_and(in_ring) && !lake.rings.iter().skip(1).any(in_ring))
    };
    assert!(inside(-51.2500, -30.0600), "the open lake");
    assert!(inside(-51.2340, -30.0235), "the channel off the quay");
    assert!(inside(-51.2440, -30.0340), "west of the Gasômetro");
    assert!(!inside(-51.2400, -30.0340), "the Gasômetro stands on land");
    assert!(!inside(-51.2290, -30.0280), "the Public Market too");
    assert!(!inside(-51.2280, -30.0150), "an island of the delta");
}

#[test]
fn a_second_start_keeps_the_file_and_another_source_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("map.mbtiles");
    assert!(matches!(made(&out), Built::Made { .. }));
    assert_eq!(made(&out), Built::Kept);
    let lake = folder.path().join("lake.geojson");
    std::fs::write(&lake, "{\"type\":\"FeatureCollection\",\"features\":[]}").expect("written");
    let dry = build(&demo("osm/poa_roads.osm.pbf"), &lake, BBOX, &out, &|_, _, _| {}).expect("a map");
    assert!(matches!(dry, Built::Made { .. }));
    let tiles = Tiles::open(&out).expect("it was made");
    assert_eq!(tile(&tiles, 15, -51.2600, -30.0600), None, "no lake, no tile");
    std::fs::write(&out, b"not a database").expect("written");
    assert!(matches!(made(&out), Built::Made { .. }), "a broken file is made anew");
}

#[test]
fn what_is_no_extract_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("map.mbtiles");
    let lake = demo("lake.geojson");
    let error = build(&lake, &lake, BBOX, &out, &|_, _, _| {}).expect_err("GeoJSON is no PBF").to_string();
    assert!(error.contains("lake.geojson: expected an OpenStreetMap extract"), "{error}");
    let osm = demo("osm/poa_roads.osm.pbf");
    let error = build(&osm, &osm, BBOX, &out, &|_, _, _| {}).expect_err("PBF is no GeoJSON").to_string();
    assert!(error.contains("poa_roads.osm.pbf: expected a GeoJSON"), "{error}");
    assert!(!out.exists(), "nothing half made is left in its place");
}

#[test]
fn a_line_across_tiles_is_in_each_of_them() {
    let line = vec![Position { longitude: -51.25, latitude: -30.03 }, Position { longitude: -51.15, latitude: -30.03 }];
    let road = Road { class: Class::Primary, name: "Across".to_owned(), line: line.clone() };
    let roads = [road];
    let plan = draw::Plan::new(&roads, &[], BBOX);
    let drawn: Vec<_> = plan.draw().filter(|drawn| drawn.tile.zxy().0 == 15 && !drawn.bytes.is_empty()).collect();
    assert!(drawn.len() >= 10, "{}", drawn.len());
    assert!(drawn.iter().all(|drawn| !TileGeometry::new(drawn.tile).line(&line).is_empty()));
}

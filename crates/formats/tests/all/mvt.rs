//! Vector tiles: what was encoded is decoded here by the standard's own rules.

use city::Position;
use formats::mvt::{EXTENT, Layer, Point, Tile, TileGeometry, encode, proto};
use proptest::prelude::*;
use prost::Message as _;

type Path = Vec<(i64, i64)>;

/// Commands -> paths, after 4.3 of the standard; panics on anything that it forbids.
fn paths(feature: &proto::Feature) -> Vec<Path> {
    let mut paths: Vec<Path> = Vec::new();
    let (mut x, mut y, mut closed) = (0, 0, 0);
    let mut words = feature.geometry.iter();
    while let Some(command) = words.next() {
        let (id, count) = (command & 7, command >> 3);
        assert!(count > 0, "a command of nothing");
        match id {
            1 | 2 => {
                for _ in 0..count {
                    let mut delta = || {
                        let word = i64::from(*words.next().expect("a parameter"));
                        (word >> 1) ^ -(word & 1)
                    };
                    let (dx, dy) = (delta(), delta());
                    (x, y) = (x + dx, y + dy);
                    if id == 1 {
                        assert_eq!(count, 1, "one MoveTo a path");
                        paths.push(vec![(x, y)]);
                    } else {
                        assert!((dx, dy) != (0, 0), "a step of nothing");
                        paths.last_mut().expect("MoveTo before LineTo").push((x, y));
                    }
                }
            }
            7 => {
                assert_eq!(count, 1);
                closed += 1;
            }
            other => panic!("command {other}"),
        }
    }
    let polygon = feature.kind == Some(proto::GeomType::Polygon as i32);
    assert_eq!(closed, if polygon { paths.len() } else { 0 }, "each ring is closed, and no line");
    paths
}

fn area(ring: &Path) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|((ax, ay), (bx, by))| ax * by - bx * ay).sum()
}

fn tile(layers: Vec<Layer>) -> proto::Tile {
    proto::Tile::decode(encode(layers).as_slice()).expect("a tile")
}

fn points(coordinates: &[(f64, f64)]) -> Vec<Point> {
    coordinates.iter().map(|(x, y)| Point { x: *x, y: *y }).collect()
}

#[test]
fn a_line_with_its_properties_comes_out_as_it_went_in() {
    let mut roads = Layer::new("road");
    let line = points(&[(2.0, 2.0), (2.0, 10.0), (2.2, 10.4), (10.0, 10.0)]);
    roads.add_line(&[line], &[("class", "primary"), ("name", "Av. Mauá")]);
    roads.add_line(&[points(&[(0.0, 0.0), (-5.0, 4200.0)])], &[("class", "primary")]);
    let tile = tile(vec![roads, Layer::new("empty")]);
    assert_eq!(tile.layers.len(), 1, "no layer without a feature");
    let layer = &tile.layers[0];
    assert_eq!((layer.version, layer.name.as_str(), layer.extent), (2, "road", Some(EXTENT)));
    assert_eq!(layer.keys, ["class", "name"]);
    let values: Vec<_> = layer.values.iter().filter_map(|value| value.string_value.as_deref()).collect();
    assert_eq!(values, ["primary", "Av. Mauá"], "each value once");
    // The example of the standard, 4.3.5.2: MoveTo 1, LineTo 2.
    assert_eq!(layer.features[0].geometry, [9, 4, 4, 18, 0, 16, 16, 0]);
    assert_eq!(layer.features[0].tags, [0, 0, 1, 1]);
    assert_eq!(paths(&layer.features[1]), [[(0, 0), (-5, 4200)]]);
    assert_eq!(layer.features[1].tags, [0, 0]);
}

#[test]
fn polygons_are_wound_outline_and_hole_whichever_way_they_come() {
    let outline = points(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]);
    let hole = points(&[(2.0, 2.0), (2.0, 8.0), (8.0, 8.0), (8.0, 2.0)]);
    let turned = |ring: &Vec<Point>| ring.iter().rev().copied().collect::<Vec<_>>();
    for rings in [vec![outline.clone(), hole.clone()], vec![turned(&outline), turned(&hole)]] {
        let mut water = Layer::new("water");
        water.add_polygon(&rings, &[]);
        let tile = tile(vec![water]);
        let feature = &tile.layers[0].features[0];
        assert_eq!(feature.kind, Some(proto::GeomType::Polygon as i32));
        let rings = paths(feature);
        assert_eq!(rings.iter().map(area).collect::<Vec<_>>(), [200, -72]);
    }
}

#[test]
fn what_has_no_length_or_area_is_left_out() {
    let mut layer = Layer::new("x");
    layer.add_line(&[points(&[(1.0, 1.0), (1.1, 1.1)])], &[("class", "x")]);
    layer.add_line(&[points(&[(f64::NAN, 1e300), (1.0, 1.0)])], &[]);
    layer.add_line(&[], &[]);
    layer.add_polygon(&[points(&[(0.0, 0.0), (5.0, 5.0), (9.0, 9.0), (0.0, 0.0)])], &[]);
    layer.add_polygon(&[], &[]);
    assert!(layer.is_empty());
    assert_eq!(encode(vec![layer]), b"");
}

proptest! {
    #[test]
    fn every_tile_obeys_the_standard(
        line in prop::collection::vec((-51.4..-51.0_f64, -30.3..-29.9_f64), 0..40),
        z in 9_u8..=15,
    ) {
        let centre = Position { longitude: -51.2, latitude: -30.05 };
        let geometry = TileGeometry::new(Tile::at(z, centre).expect("a tile"));
        let positions: Vec<_> = line.iter().map(|(longitude, latitude)| Position { longitude: *longitude, latitude: *latitude }).collect();
        let mut roads = Layer::new("road");
        for part in geometry.line(&positions) {
            roads.add_line(&[part], &[("class", "x")]);
        }
        let mut water = Layer::new("water");
        let mut ring = positions;
        ring.extend(ring.first().copied());
        water.add_polygon(&[geometry.ring(&ring)], &[]);
        for layer in tile(vec![roads, water]).layers {
            for feature in &layer.features {
                for path in paths(feature) {
                    prop_assert!(path.len() >= 2);
                    prop_assert!(path.iter().all(|(x, y)| (-128..=4224).contains(x) && (-128..=4224).contains(y)), "{path:?}");
                    if layer.name == "water" {
                        prop_assert!(area(&path) > 0);
                    }
                }
            }
        }
    }
}

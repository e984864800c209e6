//! Roads and rails out of an OpenStreetMap extract (PBF), without anything else of it.

use std::path::Path;

use city::Position;
use osmpbf::{Element, ElementReader, Way};

use super::{BasemapError, Progress};

/// The classes that the map tells apart, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Motorways and trunk roads.
    Motorway,
    /// Primary roads.
    Primary,
    /// Railways in use, above ground or below.
    Rail,
    /// Secondary and tertiary roads.
    Secondary,
    /// Streets that people live in.
    Residential,
    /// Access ways: yards, car parks, alleys. Drawn as residential ones, closer in.
    Service,
    /// Ways for people on foot or on bicycles, and tracks.
    Path,
}

impl Class {
    /// The value of the property `class` in a tile.
    pub fn name(self) -> &'static str {
        match self {
            Self::Motorway => "motorway",
            Self::Primary => "primary",
            Self::Rail => "rail",
            Self::Secondary => "secondary",
            Self::Residential | Self::Service => "residential",
            Self::Path => "path",
        }
    }

    /// The zoom from which it is in the tiles. Below, it would be a grey smear: at zoom 12 a block is 3 pixels.
    pub fn zoom_min(self) -> u8 {
        match self {
            Self::Motorway | Self::Primary | Self::Rail => 9,
            Self::Secondary => 11,
            Self::Residential => 12,
            Self::Service => 14,
            Self::Path => 15,
        }
    }

    /// The zoom from which it has a name. Below, there is no room along it.
    pub fn named_from(self) -> u8 {
        match self {
            Self::Motorway | Self::Primary => 12,
            Self::Secondary => 13,
            Self::Rail | Self::Residential => 14,
            Self::Service | Self::Path => 15,
        }
    }

    /// From the tags of a way (wiki.openstreetmap.org, Key:highway and Key:railway); `None` for everything else, also
    /// for what is planned, being built or given up, and for areas.
    fn of_tags<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Option<(Self, String)> {
        let (mut highway, mut railway, mut name, mut area) = ("", "", "", false);
        for (key, value) in tags {
            match key {
                "highway" => highway = value,
                "railway" => railway = value,
                "name" => name = value,
                "area" => area = value == "yes",
                _ => {}
            }
        }
        let class = match (highway, railway) {
            ("motorway" | "motorway_link" | "trunk" | "trunk_link", _) => Self::Motorway,
            ("primary" | "primary_link", _) => Self::Primary,
            ("secondary" | "secondary_link" | "tertiary" | "tertiary_link", _) => Self::Secondary,
            ("residential" | "living_street" | "unclassified" | "road", _) => Self::Residential,
            ("service", _) => Self::Service,
            ("footway" | "path" | "cycleway" | "pedestrian" | "steps" | "track" | "bridleway", _) => Self::Path,
            ("", "rail" | "subway" | "light_rail" | "tram" | "monorail" | "funicular") => Self::Rail,
            _ => return None,
        };
        (!area).then(|| (class, name.to_owned()))
    }
}

/// One road.
#[derive(Clone, Debug, PartialEq)]
pub struct Road {
    /// What it is.
    pub class: Class,
    /// Its name; may be empty.
    pub name: String,
    /// Its corners, at least two.
    pub line: Vec<Position>,
}

/// A way before its nodes are known.
struct Draft {
    class: Class,
    name: String,
    nodes: Vec<i64>,
}

/// Reads the roads of an extract, in the order of the file. Two passes: ways, then the nodes that they need, so that
/// the memory goes with the roads and not with the extract.
///
/// # Errors
/// When the file cannot be read, or is no OSM PBF.
pub(super) fn read(osm: &Path, progress: Progress<'_>) -> Result<Vec<Road>, BasemapError> {
    let failed = |error| BasemapError::Osm { path: osm.to_path_buf(), error };
    progress("Reading streets", 0, 2);
    let mut drafts: Vec<Draft> = Vec::new();
    ElementReader::from_path(osm)
        .and_then(|reader| {
            reader.for_each(|element| {
                if let Element::Way(way) = element {
                    drafts.extend(draft(&way));
                }
            })
        })
        .map_err(failed)?;
    progress("Reading streets", 1, 2);
    let mut needed: Vec<i64> = drafts.iter().flat_map(|draft| draft.nodes.iter().copied()).collect();
    needed.sort_unstable();
    needed.dedup();
    let mut positions: Vec<Option<Position>> = vec![None; needed.len()];
    let mut place = |id: i64, longitude: f64, latitude: f64| {
        if let Some(slot) = needed.binary_search(&id).ok().and_then(|at| positions.get_mut(at)) {
            *slot = Position::new(longitude, latitude);
        }
    };
    ElementReader::from_path(osm)
        .and_then(|reader| {
            reader.for_each(|element| match element {
                Element::Node(node) => place(node.id(), node.lon(), node.lat()),
                Element::DenseNode(node) => place(node.id(), node.lon(), node.lat()),
                Element::Way(_) | Element::Relation(_) => {}
            })
        })
        .map_err(failed)?;
    progress("Reading streets", 2, 2);
    let find = |id: &i64| needed.binary_search(id).ok().and_then(|at| positions.get(at).copied().flatten());
    let roads = drafts.into_iter().map(|draft| {
        // An extract may lack nodes beyond its border; the road goes on without them.
        let line = draft.nodes.iter().filter_map(find).collect();
        Road { class: draft.class, name: draft.name, line }
    });
    Ok(roads.filter(|road| road.line.len() >= 2).collect())
}

fn draft(way: &Way<'_>) -> Option<Draft> {
    let (class, name) = Class::of_tags(way.tags())?;
    Some(Draft { class, name, nodes: way.refs().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(tags: &[(&'static str, &'static str)]) -> Option<&'static str> {
        Class::of_tags(tags.iter().copied()).map(|(class, _)| class.name())
    }

    #[test]
    fn tags_make_classes() {
        assert_eq!(class(&[("highway", "trunk_link")]), Some("motorway"));
        assert_eq!(class(&[("name", "Avenida Ipiranga"), ("highway", "primary")]), Some("primary"));
        assert_eq!(class(&[("highway", "tertiary")]), Some("secondary"));
        assert_eq!(class(&[("highway", "service")]), Some("residential"));
        assert_eq!(class(&[("railway", "subway")]), Some("rail"));
        assert_eq!(class(&[("highway", "steps")]), Some("path"));
    }

    #[test]
    fn what_is_no_road_is_left_out() {
        assert_eq!(class(&[("highway", "proposed")]), None);
        assert_eq!(class(&[("railway", "disused")]), None);
        assert_eq!(class(&[("building", "yes"), ("name", "Rodoviária")]), None);
        assert_eq!(class(&[("highway", "pedestrian"), ("area", "yes")]), None);
    }
}

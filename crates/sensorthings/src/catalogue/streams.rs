//! What every row of every batch has to know of its datastream, without a walk through the model.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;

use city::{DatastreamId, EntityBody, EntityId, EntityKind, ObservationType, Position, Shape};

use super::Catalogue;
use crate::model::Navigation;

/// What a row has to know of its datastream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// What its results are.
    pub observation_type: ObservationType,
    /// Whether an observation that names no feature of interest has the right one already: the datastream's own, which
    /// is where its thing stands.
    pub settled: bool,
}

/// Ids below this are looked up by their place: ids are given one after the other, so a city's are, in 2 MiB at most.
const NEAR_MAX: u32 = 1 << 20;

/// Streams by the ids of their datastreams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    near: Vec<Option<Stream>>,
    far: BTreeMap<u32, Stream>,
}

impl Streams {
    #[inline]
    fn get(&self, id: u32) -> Option<Stream> {
        if id < NEAR_MAX { self.near.get(id as usize).copied().flatten() } else { self.far.get(&id).copied() }
    }

    fn set(&mut self, id: u32, stream: Option<Stream>) {
        if id < NEAR_MAX {
            if self.near.len() <= id as usize {
                self.near.resize(id as usize + 1, None);
            }
            if let Some(place) = self.near.get_mut(id as usize) {
                *place = stream;
            }
        } else if let Some(stream) = stream {
            self.far.insert(id, stream);
        } else {
            self.far.remove(&id);
        }
    }
}

/// Below every id.
const FIRST: EntityId = EntityId::Number(i64::MIN);

impl Catalogue {
    /// What a row has to know of its datastream; `None`: there is none.
    pub fn stream(&self, id: DatastreamId) -> Option<Stream> {
        self.streams.get(id.0)
    }

    /// Locations, or features of interest, that may be of just this shape, by id.
    pub(crate) fn of_shape(&self, kind: EntityKind, shape: &Shape) -> impl Iterator<Item = &EntityId> {
        let hash = hash(shape);
        let from = Bound::Included((kind, hash, FIRST));
        let found = self.shapes.range((from, Bound::Unbounded));
        found.take_while(move |(of, its, _)| *of == kind && *its == hash).map(|(_, _, id)| id)
    }

    /// Works out anew what depends on a change of this entity.
    pub(super) fn settle(&mut self, kind: EntityKind, id: &EntityId) {
        let datastreams = match kind {
            EntityKind::Datastream => vec![id.clone()],
            EntityKind::Thing => self.related(kind, id, Navigation::Datastreams).cloned().collect(),
            EntityKind::FeatureOfInterest => self.datastreams_of_feature(id).cloned().collect(),
            EntityKind::Location => {
                let things = self.related(kind, id, Navigation::Things);
                things
                    .flat_map(|thing| self.related(EntityKind::Thing, thing, Navigation::Datastreams))
                    .cloned()
                    .collect()
            }
            EntityKind::HistoricalLocation | EntityKind::Sensor | EntityKind::ObservedProperty => Vec::new(),
        };
        for datastream in datastreams {
            self.settle_stream(&datastream);
        }
    }

    pub(super) fn settle_stream(&mut self, id: &EntityId) {
        let Some(series) = super::series(id) else { return };
        let stream = self.look_at(id);
        self.streams.set(series.0, stream);
    }

    fn look_at(&self, id: &EntityId) -> Option<Stream> {
        let EntityBody::Datastream(body) = &self.get(EntityKind::Datastream, id)?.body else { return None };
        let feature = self.feature_of(body);
        let feature = feature.and_then(|feature| self.get(EntityKind::FeatureOfInterest, feature));
        let settled = feature.is_some_and(|feature| match (&feature.body, self.place_of(&body.thing)) {
            (EntityBody::FeatureOfInterest { feature, .. }, Some(place)) => feature == place,
            _ => true,
        });
        Some(Stream { observation_type: body.observation_type, settled })
    }

    /// Where a thing stands: the first of its locations.
    fn place_of(&self, thing: &EntityId) -> Option<&Shape> {
        let EntityBody::Thing { locations, .. } = &self.get(EntityKind::Thing, thing)?.body else { return None };
        match &self.get(EntityKind::Location, locations.first()?)?.body {
            EntityBody::Location { location, .. } => Some(location),
            _ => None,
        }
    }
}

/// A hash of a shape: equal shapes have equal ones.
pub(super) fn hash(shape: &Shape) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut at = |at: &Position| {
        // Adding 0.0 turns -0.0 into 0.0, which it is equal to.
        (at.longitude + 0.0).to_bits().hash(&mut hasher);
        (at.latitude + 0.0).to_bits().hash(&mut hasher);
    };
    match shape {
        Shape::Point(point) => at(point),
        Shape::MultiPoint(points) | Shape::LineString(points) => points.iter().for_each(at),
        Shape::MultiLineString(lines) | Shape::Polygon(lines) => lines.iter().flatten().for_each(at),
        Shape::MultiPolygon(areas) => areas.iter().flatten().flatten().for_each(at),
    }
    hasher.finish()
}

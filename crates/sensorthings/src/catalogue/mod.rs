//! All entities but observations, in memory, with every relation kept from both ends. A change costs the logarithm of
//! how many there are, and so does each answer, whatever the city's size.

mod kind;
mod links;
mod map;
mod related;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use city::{
    BoundingBox, DatastreamBody, DatastreamId, Entity, EntityBody, EntityChange, EntityId, EntityKind, Position, Shape,
};

use crate::model::Navigation;
use crate::series::Row;

pub use kind::KINDS;
use kind::place;
use links::Links;
use map::Map;
pub use related::Related;
pub use streams::Stream;
use streams::Streams;

/// The largest id: 2^53 - 1, which every client can hold.
pub const ID_MAX: i64 = (1 << 53) - 1;

/// The entities of one city.
#[derive(Debug, Default)]
pub struct Catalogue {
    entities: [BTreeMap<EntityId, Arc<Entity>>; KINDS.len()],
    /// The next id that is given of itself, a kind each.
    next: [i64; KINDS.len()],
    /// Those of the city's own text files.
    configured: BTreeSet<(EntityKind, EntityId)>,
    things_of_location: Links,
    passages_of_thing: Links,
    passages_of_location: Links,
    datastreams_of_thing: Links,
    datastreams_of_sensor: Links,
    datastreams_of_property: Links,
    datastreams_of_feature: Links,
    map: Map,
    /// Locations and features of interest, by a hash of their shape.
    shapes: BTreeSet<(EntityKind, u64, EntityId)>,
    streams: Streams,
}

impl Catalogue {
    /// With the entities that are stored.
    pub fn new(entities: impl IntoIterator<Item = Entity>) -> Self {
        let mut catalogue = Self::default();
        for entity in entities {
            catalogue.put(Arc::new(entity));
        }
        catalogue.settle_all();
        catalogue
    }

    /// Takes the entities of the city's own text files, over what is stored of the same ids. They cannot be changed
    /// from outside; only the features of interest of their datastreams, which the house finds itself, stay as stored.
    pub fn configure(&mut self, entities: impl IntoIterator<Item = Entity>) {
        for mut entity in entities {
            let kind = entity.kind();
            let stored = self.get(kind, &entity.id).map(|stored| &stored.body);
            if let (EntityBody::Datastream(body), Some(EntityBody::Datastream(stored))) = (&mut entity.body, stored) {
                body.feature_of_interest.clone_from(&stored.feature_of_interest);
                body.other_features.clone_from(&stored.other_features);
            }
            self.configured.insert((kind, entity.id.clone()));
            self.put(Arc::new(entity));
        }
        self.settle_all();
    }

    /// An entity.
    pub fn get(&self, kind: EntityKind, id: &EntityId) -> Option<&Arc<Entity>> {
        self.all(kind).get(id)
    }

    /// What a datastream has besides.
    pub fn datastream(&self, id: DatastreamId) -> Option<&DatastreamBody> {
        match &self.get(EntityKind::Datastream, &EntityId::Number(i64::from(id.0)))?.body {
            EntityBody::Datastream(body) => Some(body),
            _ => None,
        }
    }

    /// The feature of interest of the observations of a datastream that name none: its own, or its thing's.
    pub fn feature_of<'a>(&'a self, datastream: &'a DatastreamBody) -> Option<&'a EntityId> {
        datastream.usual_feature(|thing| Some(self.get(EntityKind::Thing, thing)?))
    }

    /// The feature of interest of an observation: the one that it names, or that of its datastream.
    pub(crate) fn feature_of_row<'a>(&'a self, row: &'a Row) -> Option<&'a EntityId> {
        let own = row.detail().and_then(|detail| detail.feature_of_interest.as_ref());
        own.or_else(|| self.feature_of(self.datastream(row.observation.datastream)?))
    }

    /// The datastreams of a thing that have its feature of interest from it alone.
    fn heirs(&self, thing: &EntityId, feature: &EntityId) -> Vec<EntityId> {
        let inherits = |id: &&EntityId| {
            let entity = self.get(EntityKind::Datastream, id);
            matches!(entity.map(|entity| &entity.body),
                Some(EntityBody::Datastream(body))
                    if body.feature_of_interest.is_none() && !body.other_features.contains(feature))
        };
        self.related(EntityKind::Thing, thing, Navigation::Datastreams).filter(inherits).cloned().collect()
    }

    /// How many there are of a kind.
    pub fn len(&self, kind: EntityKind) -> usize {
        self.all(kind).len()
    }

    /// Whether there is none of a kind.
    pub fn is_empty(&self, kind: EntityKind) -> bool {
        self.all(kind).is_empty()
    }

    /// The ids of a kind: numbers first, each in order.
    pub fn ids(&self, kind: EntityKind) -> impl DoubleEndedIterator<Item = &EntityId> + '_ {
        self.all(kind).keys()
    }

    /// The ids of a kind behind one.
    pub fn ids_from(&self, kind: EntityKind, after: &EntityId) -> impl DoubleEndedIterator<Item = &EntityId> + '_ {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        self.all(kind).range::<EntityId, _>(behind).map(|(id, _)| id)
    }

    /// The datastreams, by the ids of their series.
    pub fn datastream_ids(&self) -> impl DoubleEndedIterator<Item = DatastreamId> + '_ {
        self.ids(EntityKind::Datastream).filter_map(series)
    }

    /// Whether the city's own text files say it, so that nobody may change it from outside.
    pub fn is_configured(&self, kind: EntityKind, id: &EntityId) -> bool {
        self.configured.contains(&(kind, id.clone()))
    }

    /// The things whose present location is a point inside or on the edge of the box, in id order.
    pub fn things_in(&self, area: &BoundingBox) -> Vec<EntityId> {
        self.map.things_in(area)
    }

    /// The next id of itself: it was never given before while this catalogue lived.
    pub(crate) fn next_id(&self, kind: EntityKind) -> i64 {
        let mut next = self.next.get(place(kind)).copied().unwrap_or_default().max(1);
        // Ids that senders chose themselves, far ahead, are stepped over when it comes to them.
        while self.all(kind).contains_key(&EntityId::Number(next)) {
            next += 1;
        }
        next
    }

    /// What happened, in the journal's order.
    pub fn apply(&mut self, change: &EntityChange) {
        match change {
            EntityChange::Put(entity) => {
                self.put(Arc::new(entity.clone()));
                self.settle(entity.kind(), &entity.id);
            }
            EntityChange::Delete(kind, id) => {
                self.remove(*kind, id);
                self.settle(*kind, id);
            }
        }
    }

    fn settle_all(&mut self) {
        let ids: Vec<EntityId> = self.ids(EntityKind::Datastream).cloned().collect();
        for id in &ids {
            self.settle_stream(id);
        }
    }

    fn all(&self, kind: EntityKind) -> &BTreeMap<EntityId, Arc<Entity>> {
        &self.entities[place(kind)]
    }

    fn put(&mut self, entity: Arc<Entity>) {
        let kind = entity.kind();
        self.remove(kind, &entity.id);
        if let EntityId::Number(number) = entity.id {
            let next = &mut self.next[place(kind)];
            // One far ahead was chosen by its sender: it does not use up what lies between.
            if number >= *next && number < ids_ahead_max(kind) {
                *next = number + 1;
            }
        }
        self.link(&entity, Links::insert, Map::insert);
        if let Some(shape) = shape(&entity) {
            self.shapes.insert((kind, streams::hash(shape), entity.id.clone()));
        }
        self.entities[place(kind)].insert(entity.id.clone(), entity);
    }

    fn remove(&mut self, kind: EntityKind, id: &EntityId) {
        if let Some(entity) = self.entities[place(kind)].remove(id) {
            self.link(&entity, Links::remove, Map::remove);
            if let Some(shape) = shape(&entity) {
                self.shapes.remove(&(kind, streams::hash(shape), id.clone()));
            }
        }
    }

    /// Puts every relation that an entity holds into the indexes, or takes it out.
    fn link(
        &mut self,
        entity: &Entity,
        change: fn(&mut Links, &EntityId, &EntityId),
        place: fn(&mut Map, Position, &EntityId, &EntityId),
    ) {
        let id = &entity.id;
        match &entity.body {
            EntityBody::Thing { locations, feature_of_interest } => {
                if let Some(feature) = feature_of_interest {
                    for datastream in self.heirs(id, feature) {
                        change(&mut self.datastreams_of_feature, feature, &datastream);
                    }
                }
                for location in locations {
                    change(&mut self.things_of_location, location, id);
                    let stored = self.entities[kind::place(EntityKind::Location)].get(location);
                    if let Some(at) = stored.and_then(|location| point(location)) {
                        place(&mut self.map, at, id, location);
                    }
                }
            }
            EntityBody::Location { .. } => {
                if let Some(at) = point(entity) {
                    for (_, thing) in self.things_of_location.of(id, None) {
                        place(&mut self.map, at, thing, id);
                    }
                }
            }
            EntityBody::HistoricalLocation { thing, locations, .. } => {
                change(&mut self.passages_of_thing, thing, id);
                for location in locations {
                    change(&mut self.passages_of_location, location, id);
                }
            }
            EntityBody::Datastream(body) => {
                change(&mut self.datastreams_of_thing, &body.thing, id);
                change(&mut self.datastreams_of_sensor, &body.sensor, id);
                change(&mut self.datastreams_of_property, &body.observed_property, id);
                let own = self.feature_of(body).cloned();
                for feature in own.iter().chain(&body.other_features) {
                    change(&mut self.datastreams_of_feature, feature, id);
                }
            }
            EntityBody::Sensor { .. } | EntityBody::ObservedProperty { .. } | EntityBody::FeatureOfInterest { .. } => {}
        }
    }
}

/// Ids from here on are chosen by senders only, so that one of them cannot use up all.
fn ids_ahead_max(kind: EntityKind) -> i64 {
    if kind == EntityKind::Datastream { i64::from(u32::MAX / 2) } else { ID_MAX / 2 }
}

/// The series of a datastream's id.
pub fn series(id: &EntityId) -> Option<DatastreamId> {
    match id {
        EntityId::Number(number) => u32::try_from(*number).ok().map(DatastreamId),
        EntityId::Text(_) => None,
    }
}

fn shape(entity: &Entity) -> Option<&Shape> {
    match &entity.body {
        EntityBody::Location { location: shape, .. } | EntityBody::FeatureOfInterest { feature: shape, .. } => {
            Some(shape)
        }
        _ => None,
    }
}

fn point(location: &Entity) -> Option<Position> {
    match &location.body {
        EntityBody::Location { location: Shape::Point(at), .. } => Some(*at),
        _ => None,
    }
}

//! A plan in the making: the catalogue as it would be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use city::{
    DatastreamBody, DatastreamId, Entity, EntityBody, EntityChange, EntityId, EntityKind, Erasure, Observations, Shape,
};

use super::create::sort;
use super::limits::CHANGES_MAX;
use super::plan::{Plan, Target};
use super::rules::Rules;
use crate::catalogue::{Catalogue, ID_MAX, KINDS, series};
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;

/// What requests would change. Several requests on one draft are one plan: all of them happen, or none. After an error
/// the draft is of no more use.
pub struct Draft<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) rules: &'a Rules<'a>,
    /// What became of entities so far; `None`: gone.
    changed: BTreeMap<(EntityKind, EntityId), Option<Arc<Entity>>>,
    given: BTreeMap<EntityKind, i64>,
    pub(super) observations: Observations,
    pub(super) erasures: Vec<Erasure>,
    /// Datastreams whose own feature of interest is where their thing stands, as far as was looked.
    pub(super) settled: BTreeSet<DatastreamId>,
}

/// In which order kinds are written: what others link to first.
const ORDER: [EntityKind; KINDS.len()] = [
    EntityKind::ObservedProperty,
    EntityKind::Sensor,
    EntityKind::FeatureOfInterest,
    EntityKind::Location,
    EntityKind::Thing,
    EntityKind::HistoricalLocation,
    EntityKind::Datastream,
];

impl<'a> Draft<'a> {
    /// A draft in which nothing has changed.
    pub fn new(catalogue: &'a Catalogue, rules: &'a Rules<'a>) -> Self {
        Self {
            catalogue,
            rules,
            changed: BTreeMap::new(),
            given: BTreeMap::new(),
            observations: Observations::default(),
            erasures: Vec::new(),
            settled: BTreeSet::new(),
        }
    }

    /// The plan.
    pub fn finish(mut self, target: Option<Target>) -> Plan {
        let mut changes = Vec::with_capacity(self.changed.len());
        let mut gone = Vec::new();
        for kind in ORDER {
            let ids: Vec<EntityId> =
                self.changed.keys().filter(|(of, _)| *of == kind).map(|(_, id)| id.clone()).collect();
            for id in ids {
                match self.changed.remove(&(kind, id.clone())).flatten() {
                    Some(entity) => changes.push(EntityChange::Put(Arc::unwrap_or_clone(entity))),
                    // Made and deleted within one draft: it never was.
                    None if self.catalogue.get(kind, &id).is_none() => {}
                    None => gone.push(EntityChange::Delete(kind, id)),
                }
            }
        }
        changes.extend(gone.into_iter().rev());
        Plan { changes, observations: self.observations, erasures: self.erasures, target }
    }

    /// Whether every entity is as it was.
    pub(super) fn is_untouched(&self) -> bool {
        self.changed.is_empty()
    }

    pub(super) fn get(&self, kind: EntityKind, id: &EntityId) -> Option<&Arc<Entity>> {
        if self.changed.is_empty() {
            return self.catalogue.get(kind, id);
        }
        match self.changed.get(&(kind, id.clone())) {
            Some(changed) => changed.as_ref(),
            None => self.catalogue.get(kind, id),
        }
    }

    pub(super) fn has(&self, kind: EntityKind, id: &EntityId) -> bool {
        self.get(kind, id).is_some()
    }

    pub(super) fn datastream(&self, id: DatastreamId) -> Option<&DatastreamBody> {
        match &self.get(EntityKind::Datastream, &EntityId::Number(i64::from(id.0)))?.body {
            EntityBody::Datastream(body) => Some(body),
            _ => None,
        }
    }

    pub(super) fn put(&mut self, entity: Entity) -> Result<(), Problem> {
        self.change((entity.kind(), entity.id.clone()), Some(Arc::new(entity)))
    }

    pub(super) fn delete(&mut self, kind: EntityKind, id: EntityId) -> Result<(), Problem> {
        self.change((kind, id), None)
    }

    fn change(&mut self, key: (EntityKind, EntityId), entity: Option<Arc<Entity>>) -> Result<(), Problem> {
        self.changed.insert(key, entity);
        if self.changed.len() > CHANGES_MAX {
            let detail = format!("expected a request that changes at most {CHANGES_MAX} entities");
            return Err(Problem::too_large(detail));
        }
        Ok(())
    }

    /// An id that nobody has.
    pub(super) fn new_id(&mut self, kind: EntityKind) -> Result<EntityId, Problem> {
        let mut next = self.given.get(&kind).map_or_else(|| self.catalogue.next_id(kind), |last| last + 1);
        while self.catalogue.get(kind, &EntityId::Number(next)).is_some() {
            next += 1;
        }
        let max = if kind == EntityKind::Datastream { i64::from(u32::MAX) } else { ID_MAX };
        if next > max {
            return Err(Problem::conflict("no id is left for this kind of entity"));
        }
        self.given.insert(kind, next);
        Ok(EntityId::Number(next))
    }

    /// An entity that may be changed from outside.
    pub(super) fn changeable(&self, kind: EntityKind, id: &EntityId) -> Result<Entity, Problem> {
        let Some(entity) = self.get(kind, id) else { return Err(unknown(kind.into())) };
        if self.catalogue.is_configured(kind, id) {
            let name = EntityType::from(kind).name();
            let detail = format!("this {name} is of city.toml and its packs; change it there");
            return Err(Problem::conflict(detail));
        }
        Ok(Entity::clone(entity))
    }

    /// The ids at the other end of a relation, as they would be, in id order.
    pub(super) fn related(&self, kind: EntityKind, id: &EntityId, navigation: Navigation) -> Vec<EntityId> {
        if self.changed.is_empty() {
            return self.catalogue.related(kind, id, navigation).cloned().collect();
        }
        let from = EntityType::from(kind);
        let (Some(target), Some(back)) = (navigation.target().kept(), from.inverse(navigation)) else {
            return Vec::new();
        };
        if holds(kind, navigation) {
            return self.get(kind, id).map_or_else(Vec::new, |entity| held(entity, navigation));
        }
        let stored = self.catalogue.related(kind, id, navigation).cloned();
        let mut ids: Vec<EntityId> =
            stored.filter(|other| !self.changed.contains_key(&(target, other.clone()))).collect();
        let made = self.changed.iter().filter(|((kind, _), _)| *kind == target);
        let linked = made.filter(|(_, entity)| entity.as_ref().is_some_and(|entity| held(entity, back).contains(id)));
        ids.extend(linked.map(|((_, id), _)| id.clone()));
        ids.sort_unstable();
        ids
    }

    /// The datastreams that have observations of a feature of interest, as they would be, in id order.
    pub(super) fn datastreams_of_feature(&self, feature: &EntityId) -> Vec<EntityId> {
        let kind = EntityKind::Datastream;
        let stored = self.catalogue.datastreams_of_feature(feature).cloned();
        let mut ids: Vec<EntityId> = stored.filter(|id| !self.changed.contains_key(&(kind, id.clone()))).collect();
        for ((_, id), entity) in &self.changed {
            match entity.as_ref().map(|entity| &entity.body) {
                Some(EntityBody::Datastream(body))
                    if self.feature_of(body) == Some(feature) || body.other_features.contains(feature) =>
                {
                    ids.push(id.clone());
                }
                Some(EntityBody::Thing { feature_of_interest, .. })
                    if feature_of_interest.as_ref() == Some(feature) =>
                {
                    let heir = |id: &EntityId| {
                        let body = series(id).and_then(|series| self.datastream(series));
                        body.is_some_and(|body| body.feature_of_interest.is_none())
                    };
                    ids.extend(self.related(EntityKind::Thing, id, Navigation::Datastreams).into_iter().filter(heir));
                }
                _ => {}
            }
        }
        sort(&mut ids);
        ids
    }

    /// As [`Catalogue::feature_of`], as it would be.
    pub(super) fn feature_of<'b>(&'b self, datastream: &'b DatastreamBody) -> Option<&'b EntityId> {
        datastream.usual_feature(|thing| Some(self.get(EntityKind::Thing, thing)?))
    }

    /// A location (or a feature of interest) of just this shape, the one with the least id.
    pub(super) fn of_shape(&self, kind: EntityKind, shape: &Shape) -> Option<EntityId> {
        let same = |entity: &Entity| shape_of(entity) == Some(shape);
        let mut stored = self.catalogue.of_shape(kind, shape);
        if let Some(id) = stored.find(|id| self.get(kind, id).is_some_and(|entity| same(entity))) {
            return Some(id.clone());
        }
        let first = (kind, EntityId::Number(i64::MIN));
        let made = self.changed.range(first..).take_while(|((of, _), _)| *of == kind);
        let mut same = made.filter(|(_, entity)| entity.as_ref().is_some_and(|entity| same(entity)));
        same.next().map(|((_, id), _)| id.clone())
    }

    /// The series of a datastream that is there.
    pub(super) fn series(&self, id: &EntityId) -> Option<DatastreamId> {
        series(id).filter(|_| self.has(EntityKind::Datastream, id))
    }
}

/// 404: nothing of this type has that id.
pub(super) fn unknown(entity: EntityType) -> Problem {
    Problem::not_found(format!("there is no such {}", entity.name()))
}

/// Whether a kind itself keeps a relation.
fn holds(kind: EntityKind, navigation: Navigation) -> bool {
    !navigation.is_many()
        || matches!(kind, EntityKind::Thing | EntityKind::HistoricalLocation) && navigation == Navigation::Locations
}

/// The ids that an entity itself keeps of a relation.
fn held(entity: &Entity, navigation: Navigation) -> Vec<EntityId> {
    match (&entity.body, navigation) {
        (
            EntityBody::Thing { locations, .. } | EntityBody::HistoricalLocation { locations, .. },
            Navigation::Locations,
        ) => locations.clone(),
        (EntityBody::HistoricalLocation { thing, .. }, Navigation::Thing) => vec![thing.clone()],
        (EntityBody::Datastream(body), Navigation::Thing) => vec![body.thing.clone()],
        (EntityBody::Datastream(body), Navigation::Sensor) => vec![body.sensor.clone()],
        (EntityBody::Datastream(body), Navigation::ObservedProperty) => vec![body.observed_property.clone()],
        _ => Vec::new(),
    }
}

/// Where a location or a feature of interest is.
pub(super) fn shape_of(entity: &Entity) -> Option<&Shape> {
    match &entity.body {
        EntityBody::Location { location: shape, .. } | EntityBody::FeatureOfInterest { feature: shape, .. } => {
            Some(shape)
        }
        _ => None,
    }
}

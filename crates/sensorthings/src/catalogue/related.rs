//! Walking a relation.

use std::vec;

use city::{EntityBody, EntityId, EntityKind};

use super::Catalogue;
use super::links::Many;
use crate::model::Navigation;

/// The ids at the other end of a relation, in id order.
#[derive(Debug)]
pub struct Related<'a>(Inner<'a>);

#[derive(Debug)]
enum Inner<'a> {
    /// Kept at this end.
    Own(vec::IntoIter<&'a EntityId>),
    /// Kept at the other end.
    Indexed(Many<'a>),
}

impl<'a> Iterator for Related<'a> {
    type Item = &'a EntityId;

    fn next(&mut self) -> Option<&'a EntityId> {
        match &mut self.0 {
            Inner::Own(ids) => ids.next(),
            Inner::Indexed(pairs) => pairs.next().map(|(_, id)| id),
        }
    }
}

impl DoubleEndedIterator for Related<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Own(ids) => ids.next_back(),
            Inner::Indexed(pairs) => pairs.next_back().map(|(_, id)| id),
        }
    }
}

impl Catalogue {
    /// The ids at the other end of a relation of an entity, in id order; none where the kind has no such relation, or
    /// where it leads to observations, which are in the series.
    pub fn related(&self, kind: EntityKind, id: &EntityId, navigation: Navigation) -> Related<'_> {
        self.related_from(kind, id, navigation, None)
    }

    /// [`Catalogue::related`] behind an id.
    pub fn related_from(
        &self,
        kind: EntityKind,
        id: &EntityId,
        navigation: Navigation,
        after: Option<&EntityId>,
    ) -> Related<'_> {
        use EntityKind as K;
        use Navigation as N;
        let links = match (kind, navigation) {
            (K::Location, N::Things) => &self.things_of_location,
            (K::Thing, N::HistoricalLocations) => &self.passages_of_thing,
            (K::Location, N::HistoricalLocations) => &self.passages_of_location,
            (K::Thing, N::Datastreams) => &self.datastreams_of_thing,
            (K::Sensor, N::Datastreams) => &self.datastreams_of_sensor,
            (K::ObservedProperty, N::Datastreams) => &self.datastreams_of_property,
            _ => return Related(Inner::Own(self.own(kind, id, navigation, after).into_iter())),
        };
        Related(Inner::Indexed(links.of(id, after)))
    }

    /// The datastreams that have observations of a feature of interest, in id order: those whose own it is, and those
    /// with observations that name it.
    pub fn datastreams_of_feature(&self, feature: &EntityId) -> Related<'_> {
        Related(Inner::Indexed(self.datastreams_of_feature.of(feature, None)))
    }

    /// What the entity itself holds of a relation.
    fn own(&self, kind: EntityKind, id: &EntityId, navigation: Navigation, after: Option<&EntityId>) -> Vec<&EntityId> {
        let Some(entity) = self.get(kind, id) else { return Vec::new() };
        let mut ids: Vec<&EntityId> = match (&entity.body, navigation) {
            (
                EntityBody::Thing { locations, .. } | EntityBody::HistoricalLocation { locations, .. },
                Navigation::Locations,
            ) => locations.iter().collect(),
            (EntityBody::HistoricalLocation { thing, .. }, Navigation::Thing) => vec![thing],
            (EntityBody::Datastream(body), Navigation::Thing) => vec![&body.thing],
            (EntityBody::Datastream(body), Navigation::Sensor) => vec![&body.sensor],
            (EntityBody::Datastream(body), Navigation::ObservedProperty) => vec![&body.observed_property],
            _ => Vec::new(),
        };
        ids.retain(|id| after.is_none_or(|after| *id > after));
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

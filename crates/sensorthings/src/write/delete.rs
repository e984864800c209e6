//! Deleting entities with what cannot be without them (18-088 clause 10.4, table 25).

use std::collections::BTreeSet;

use city::{DatastreamId, EntityBody, EntityId, EntityKind, ErasedKey, Erasure, ObservationKey};

use super::address::{Address, One};
use super::draft::{Draft, unknown};
use super::limits::ERASED_MAX;
use super::observation::end_of_time;
use super::update::unreadable;
use crate::catalogue;
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;
use crate::series::Series;

impl Draft<'_> {
    pub(super) fn remove(&mut self, series: &dyn Series, one: One) -> Result<(), Problem> {
        match one {
            One::Entity(kind, id) => self.remove_entity(series, kind, id),
            One::Observation(key) => self.remove_observation(series, &key),
        }
    }

    fn remove_observation(&mut self, series: &dyn Series, key: &ObservationKey) -> Result<(), Problem> {
        let found = series.row(key, None).map_err(unreadable)?;
        found.ok_or_else(|| unknown(EntityType::Observation))?;
        let gone = (key.phenomenon_time, key.result_time, key.phenomenon_end);
        self.erasures.push(Erasure { datastream: key.datastream, keys: Some(vec![gone]) });
        Ok(())
    }

    fn remove_entity(&mut self, series: &dyn Series, kind: EntityKind, id: EntityId) -> Result<(), Problem> {
        self.changeable(kind, &id)?;
        match kind {
            EntityKind::Thing => {
                self.remove_datastreams(kind, &id)?;
                for passage in self.related(kind, &id, Navigation::HistoricalLocations) {
                    self.delete(EntityKind::HistoricalLocation, passage)?;
                }
            }
            EntityKind::Location => self.leave(&id)?,
            EntityKind::HistoricalLocation => self.may_forget(&id)?,
            EntityKind::Datastream => return self.remove_datastream(id),
            EntityKind::Sensor | EntityKind::ObservedProperty => self.remove_datastreams(kind, &id)?,
            EntityKind::FeatureOfInterest => self.remove_feature(series, &id)?,
        }
        self.delete(kind, id)
    }

    fn remove_datastreams(&mut self, kind: EntityKind, id: &EntityId) -> Result<(), Problem> {
        for datastream in self.related(kind, id, Navigation::Datastreams) {
            self.remove_datastream(datastream)?;
        }
        Ok(())
    }

    fn remove_datastream(&mut self, id: EntityId) -> Result<(), Problem> {
        self.changeable(EntityKind::Datastream, &id)?;
        if let Some(series) = catalogue::series(&id) {
            self.observations_gone(series);
            self.erasures.push(Erasure { datastream: series, keys: None });
        }
        self.delete(EntityKind::Datastream, id)
    }

    /// Observations of one datastream that this draft itself would bring.
    fn observations_gone(&mut self, series: DatastreamId) {
        let datastreams = self.observations.datastreams().to_vec();
        self.observations.retain(|row| datastreams.get(row) != Some(&series));
    }

    /// The things at a location stand nowhere any more, and nothing says that they were there.
    fn leave(&mut self, location: &EntityId) -> Result<(), Problem> {
        for passage in self.related(EntityKind::Location, location, Navigation::HistoricalLocations) {
            self.may_forget(&passage)?;
            self.delete(EntityKind::HistoricalLocation, passage)?;
        }
        for thing in self.related(EntityKind::Location, location, Navigation::Things) {
            self.unlink_location(EntityKind::Thing, &thing, location)?;
        }
        Ok(())
    }

    fn unlink_location(&mut self, kind: EntityKind, id: &EntityId, location: &EntityId) -> Result<(), Problem> {
        let mut entity = self.changeable(kind, id)?;
        if let EntityBody::Thing { locations, .. } | EntityBody::HistoricalLocation { locations, .. } = &mut entity.body
        {
            locations.retain(|other| other != location);
            if locations.is_empty() && kind == EntityKind::HistoricalLocation {
                return Err(Problem::conflict("a historical location has at least one location"));
            }
        }
        self.settled.clear();
        self.put(entity)
    }

    /// Takes away every observation of a feature of interest: whole series where they can have no other, else row by
    /// row.
    fn remove_feature(&mut self, series: &dyn Series, feature: &EntityId) -> Result<(), Problem> {
        let mut things = BTreeSet::new();
        for id in self.datastreams_of_feature(feature) {
            let Some(entity) = self.get(EntityKind::Datastream, &id) else { continue };
            let mut entity = city::Entity::clone(entity);
            let (EntityBody::Datastream(body), Some(datastream)) = (&mut entity.body, catalogue::series(&id)) else {
                continue;
            };
            let own = self.feature_of(body) == Some(feature);
            self.observations_of_feature_gone(datastream, feature, own);
            let keys = if own && body.other_features.is_empty() {
                None
            } else {
                Some(keys_of(series, datastream, feature, own)?)
            };
            if own && body.feature_of_interest.take().is_none() {
                things.insert(body.thing.clone());
            }
            body.other_features.retain(|other| other != feature);
            if keys.as_ref().is_none_or(|keys| !keys.is_empty()) {
                self.erasures.push(Erasure { datastream, keys });
            }
            self.put(entity)?;
        }
        for id in things {
            let Some(thing) = self.get(EntityKind::Thing, &id) else { continue };
            let mut thing = city::Entity::clone(thing);
            if let EntityBody::Thing { feature_of_interest, .. } = &mut thing.body {
                *feature_of_interest = None;
            }
            self.put(thing)?;
        }
        self.settled.clear();
        Ok(())
    }

    /// Those of them that this draft itself would bring.
    fn observations_of_feature_gone(&mut self, series: DatastreamId, feature: &EntityId, own: bool) {
        let of_feature =
            |row: usize| match self.observations.detail(row).and_then(|detail| detail.feature_of_interest.as_ref()) {
                Some(named) => named == feature,
                None => own,
            };
        let datastreams = self.observations.datastreams();
        let gone: Vec<bool> =
            datastreams.iter().enumerate().map(|(row, id)| *id == series && of_feature(row)).collect();
        self.observations.retain(|row| !gone.get(row).copied().unwrap_or_default());
    }

    /// DELETE of a link.
    pub(super) fn unlink(&mut self, address: Address) -> Result<(), Problem> {
        let (Some((kind, id, navigation)), Some(One::Entity(target, other))) = (address.owner, address.one) else {
            return Err(Problem::method("expected the link to one entity, as Things(1)/Locations(2)/$ref"));
        };
        match (kind, navigation) {
            (EntityKind::Thing | EntityKind::HistoricalLocation, Navigation::Locations) => {
                self.may_unlink(kind, &id)?;
                self.unlink_location(kind, &id, &other)
            }
            (EntityKind::Location, Navigation::Things | Navigation::HistoricalLocations) => {
                self.may_unlink(target, &other)?;
                self.unlink_location(target, &other, &id)
            }
            _ => Err(Problem::conflict("this link is mandatory; set another one in its place")),
        }
    }

    fn may_unlink(&self, kind: EntityKind, id: &EntityId) -> Result<(), Problem> {
        if kind == EntityKind::HistoricalLocation { self.may_forget(id) } else { Ok(()) }
    }
}

/// The observations of a datastream that are of a feature: those that name it, and where it is the datastream's own,
/// those that name none.
fn keys_of(
    series: &dyn Series,
    datastream: DatastreamId,
    feature: &EntityId,
    own: bool,
) -> Result<Vec<ErasedKey>, Problem> {
    let mut keys = Vec::new();
    for row in series.rows(datastream, city::time::TIME_MIN, end_of_time(), false, None).map_err(unreadable)? {
        let row = row.map_err(unreadable)?;
        let detail = row.detail.as_deref();
        let of_feature = match detail.and_then(|detail| detail.feature_of_interest.as_ref()) {
            Some(named) => named == feature,
            None => own,
        };
        if !of_feature {
            continue;
        }
        let key = row.key();
        keys.push((key.phenomenon_time, key.result_time, key.phenomenon_end));
        if keys.len() > ERASED_MAX {
            let detail =
                format!("more than {ERASED_MAX} observations would go one by one; delete their datastreams first");
            return Err(Problem::conflict(detail));
        }
    }
    Ok(keys)
}

//! Links between entities that are there, and where things stand.

use city::{Entity, EntityBody, EntityId, EntityKind, Span, Time};

use super::create::sort;
use super::draft::{Draft, shape_of, unknown};
use super::entity::blank;
use super::field::Field;
use super::limits::LOCATIONS_MAX;
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;

/// How long a thing stands still in a city. Stations are moved some times in their life; what moves more often is a
/// track, and a track is the way of a person.
pub const STANDS_STILL: Span = Span::h(24);

impl Draft<'_> {
    /// Links an entity along one of its relations to another: in place of the one before, or beside the others.
    pub(super) fn join(
        &mut self,
        kind: EntityKind,
        id: &EntityId,
        navigation: Navigation,
        other: &EntityId,
        field: &Field<'_>,
    ) -> Result<(), Problem> {
        use Navigation as N;
        match (kind, navigation) {
            (EntityKind::Thing, N::Locations) => self.stand(id, vec![other.clone()], field),
            (EntityKind::HistoricalLocation, N::Locations) => self.add_to_passage(id, other, field),
            (EntityKind::HistoricalLocation, N::Thing)
            | (EntityKind::Datastream, N::Thing | N::Sensor | N::ObservedProperty) => {
                let mut entity = self.changeable(kind, id)?;
                self.set_one(&mut entity, navigation, other.clone(), field)?;
                self.put(entity)
            }
            _ => {
                // The other end keeps the link.
                let from = EntityType::from(kind);
                match (navigation.target().kept(), from.inverse(navigation)) {
                    (Some(target), Some(back)) => self.join(target, other, back, id, field),
                    _ => Err(Problem::refused("observations stay with their datastream").about(field)),
                }
            }
        }
    }

    /// Sets a link to one.
    pub(super) fn set_one(
        &self,
        entity: &mut Entity,
        navigation: Navigation,
        other: EntityId,
        field: &Field<'_>,
    ) -> Result<(), Problem> {
        match (&mut entity.body, navigation) {
            (EntityBody::HistoricalLocation { thing, .. }, Navigation::Thing) => {
                if !self.rules.sandbox && *thing != other {
                    return Err(fixed(field));
                }
                *thing = other;
            }
            (EntityBody::Datastream(body), Navigation::Thing) => {
                if body.thing != other {
                    // What was observed until now stays where it was.
                    body.feature_of_interest = self.feature_of(body).cloned();
                }
                body.thing = other;
            }
            (EntityBody::Datastream(body), Navigation::Sensor) => body.sensor = other,
            (EntityBody::Datastream(body), Navigation::ObservedProperty) => {
                if body.observed_property != other && !self.rules.sandbox {
                    let detail = "what a datastream observes stays; make another datastream";
                    return Err(Problem::refused(detail).about(field));
                }
                body.observed_property = other;
            }
            _ => return Err(Problem::internal("a link that the entity does not have")),
        }
        Ok(())
    }

    /// A thing stands at these locations from now on: in place of those before, since all places here have one encoding
    /// (18-088 clause 8.2.1). The house notes it (clause 8.2.3).
    pub(super) fn stand(
        &mut self,
        thing: &EntityId,
        mut locations: Vec<EntityId>,
        field: &Field<'_>,
    ) -> Result<(), Problem> {
        sort(&mut locations);
        let Some(entity) = self.get(EntityKind::Thing, thing) else { return Err(unknown(EntityType::Thing)) };
        let same = matches!(&entity.body, EntityBody::Thing { locations: before, .. } if *before == locations);
        if locations.is_empty() || same {
            return Ok(());
        }
        let now = self.rules.now;
        self.stands_still(thing, now, field)?;
        self.place(thing, locations.clone())?;
        let id = self.new_id(EntityKind::HistoricalLocation)?;
        let thing = thing.clone();
        self.put(blank(id, EntityBody::HistoricalLocation { time: now, thing, locations }))
    }

    fn place(&mut self, thing: &EntityId, now_at: Vec<EntityId>) -> Result<(), Problem> {
        let mut entity = self.changeable(EntityKind::Thing, thing)?;
        if let EntityBody::Thing { locations, .. } = &mut entity.body {
            *locations = now_at;
        }
        self.settled.clear();
        self.put(entity)
    }

    /// Takes a historical location that somebody writes. Where it is the newest of its thing, the thing stands there now
    /// (18-088 clause 8.2.3, manual creation).
    pub(super) fn passage(&mut self, entity: Entity, field: &Field<'_>) -> Result<(), Problem> {
        let EntityBody::HistoricalLocation { time, thing, locations } = &entity.body else {
            return Err(Problem::internal("expected a historical location"));
        };
        self.stands_still(thing, *time, &field.member("time"))?;
        if self.times(thing).iter().all(|other| other < time) {
            let now_at = matches!(self.get(EntityKind::Thing, thing).map(|thing| &thing.body),
                Some(EntityBody::Thing { locations: before, .. }) if before == locations);
            if !now_at {
                self.place(thing, locations.clone())?;
            }
        }
        self.put(entity)
    }

    fn add_to_passage(&mut self, id: &EntityId, location: &EntityId, field: &Field<'_>) -> Result<(), Problem> {
        let mut entity = self.changeable(EntityKind::HistoricalLocation, id)?;
        if !self.rules.sandbox {
            return Err(fixed(field));
        }
        if let EntityBody::HistoricalLocation { locations, .. } = &mut entity.body {
            locations.push(location.clone());
            sort(locations);
            if locations.len() > LOCATIONS_MAX {
                return Err(Problem::refused(format!("expected at most {LOCATIONS_MAX} locations")).about(field));
            }
        }
        self.put(entity)
    }

    /// When a thing moved.
    fn times(&self, thing: &EntityId) -> Vec<Time> {
        let passages = self.related(EntityKind::Thing, thing, Navigation::HistoricalLocations);
        let passages = passages.iter().filter_map(|id| self.get(EntityKind::HistoricalLocation, id));
        let time = |passage: &std::sync::Arc<Entity>| match passage.body {
            EntityBody::HistoricalLocation { time, .. } => Some(time),
            _ => None,
        };
        passages.filter_map(time).collect()
    }

    /// In a city a thing moves at most once a day.
    fn stands_still(&self, thing: &EntityId, time: Time, field: &Field<'_>) -> Result<(), Problem> {
        if self.rules.sandbox {
            return Ok(());
        }
        let close = |other: &Time| time.since(*other).max(other.since(time)) < STANDS_STILL;
        if self.times(thing).iter().any(close) {
            let detail =
                "a thing stands still: its place may change once in 24 hours; a track would be the way of a person";
            return Err(Problem::refused(detail).about(field));
        }
        Ok(())
    }

    /// In a city a note of the last day on where a thing stood cannot be taken away: it is what
    /// [`Draft::stands_still`] goes by.
    pub(super) fn may_forget(&self, passage: &EntityId) -> Result<(), Problem> {
        let entity = self.get(EntityKind::HistoricalLocation, passage);
        match entity.map(|entity| &entity.body) {
            Some(EntityBody::HistoricalLocation { time, .. })
                if !self.rules.sandbox && self.rules.now.since(*time) < STANDS_STILL =>
            {
                let detail = "a thing stands still: where it stood in the last 24 hours cannot be deleted alone";
                Err(Problem::refused(detail))
            }
            _ => Ok(()),
        }
    }

    /// In a city a feature of interest is a registered place: of just the shape of a location.
    pub(super) fn registered(&self, entity: &Entity, field: &Field<'_>) -> Result<(), Problem> {
        let (false, EntityBody::FeatureOfInterest { feature, .. }) = (self.rules.sandbox, &entity.body) else {
            return Ok(());
        };
        if self.of_shape(EntityKind::Location, feature).is_some() {
            return Ok(());
        }
        let detail = "a feature of interest is a registered place; expected the geometry of a Location that is there";
        Err(Problem::refused(detail).about(field.member("feature")))
    }

    /// In a city the geometry of a location stays: who changed it over and over would write a track.
    pub(super) fn stays(&self, before: &Entity, after: &Entity, field: &Field<'_>) -> Result<(), Problem> {
        let passage = |entity: &Entity| match &entity.body {
            EntityBody::HistoricalLocation { time, .. } => Some(*time),
            _ => None,
        };
        if self.rules.sandbox {
            return Ok(());
        }
        if passage(before) != passage(after) {
            return Err(fixed(&field.member("time")));
        }
        if after.kind() == EntityKind::Location && shape_of(before) != shape_of(after) {
            let detail = "a location stays where it is; create another and link the thing to it";
            return Err(Problem::refused(detail).about(field.member("location")));
        }
        Ok(())
    }
}

/// What a city notes of where things stood is not changed.
fn fixed(field: &Field<'_>) -> Problem {
    Problem::refused("where a thing stood, and when, is not changed afterwards").about(field)
}

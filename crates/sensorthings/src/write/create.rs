//! Creating entities with all that is written in them (18-088 clause 10.2: links and deep insert).

use city::{EntityBody, EntityId, EntityKind};
use serde_json::Value;

use super::body::{Body, linked};
use super::draft::Draft;
use super::entity::{blank, blank_body, blank_datastream, fill};
use super::field::Field;
use super::limits::LOCATIONS_MAX;
use super::plan::Target;
use crate::catalogue::ID_MAX;
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;
use crate::v1_1;

/// A link that is not in the body but in where it is written: the navigation property of the new entity, and whom it
/// leads to.
pub(super) type Given<'g> = Option<(Navigation, &'g EntityId)>;

impl Draft<'_> {
    /// Creates an entity with everything in it, or takes nothing.
    pub(super) fn create(
        &mut self,
        entity: EntityType,
        value: &Value,
        field: &Field<'_>,
        given: Given<'_>,
    ) -> Result<Target, Problem> {
        let body = Body::of(value, entity, field)?;
        let Some(kind) = entity.kept() else {
            return self.create_observation(&body, given).map(Target::Observation);
        };
        let id = match kind {
            EntityKind::Thing => self.create_thing(&body, given),
            EntityKind::HistoricalLocation => self.create_passage(&body, given),
            EntityKind::Datastream => self.create_datastream(&body, given),
            EntityKind::ObservedProperty => self.create_property(&body),
            EntityKind::Location | EntityKind::Sensor | EntityKind::FeatureOfInterest => self.create_plain(kind, &body),
        }?;
        self.create_many(kind, &id, &body, given)?;
        Ok(Target::Entity(kind, id))
    }

    /// The entity that a navigation property to one leads to: the given one, a linked one, or one that is made.
    pub(super) fn one(
        &mut self,
        body: &Body<'_>,
        navigation: Navigation,
        given: Given<'_>,
    ) -> Result<Option<EntityId>, Problem> {
        let field = body.field.member(navigation.name());
        let value = body.get(navigation.name());
        if let Some((_, given)) = given.filter(|(of, _)| *of == navigation) {
            let same = match value {
                None => true,
                Some(value) => linked(value, &field)?.is_some_and(|id| id_of(id).as_ref() == Some(given)),
            };
            let detail = "this link is given by the place where the entity is written; expected none or the same";
            return if same { Ok(Some(given.clone())) } else { Err(Problem::malformed(detail).about(field)) };
        }
        value.map(|value| self.link_or_create(navigation.target(), value, &field)).transpose()
    }

    /// The entity of a link, or the one that is written in its place.
    fn link_or_create(&mut self, entity: EntityType, value: &Value, field: &Field<'_>) -> Result<EntityId, Problem> {
        if let Some(id) = linked(value, field)? {
            return self.link(entity, id, field);
        }
        match self.create(entity, value, field, None)? {
            Target::Entity(_, id) => Ok(id),
            // invariant: only observations are no entities of the catalogue, and nothing links to one.
            Target::Observation(_) => Err(Problem::internal("an observation where an entity was expected")),
        }
    }

    /// The entity of a link; it has to be there.
    pub(super) fn link(&self, entity: EntityType, id: &Value, field: &Field<'_>) -> Result<EntityId, Problem> {
        let there = |id: &EntityId| entity.kept().is_some_and(|kind| self.has(kind, id));
        // An id of digits in quotes names the same as without, as in Things('1').
        let number = || id.as_str().and_then(|text| text.parse().ok()).map(EntityId::Number);
        let found = id_of(id).filter(there).or_else(|| number().filter(there));
        let unknown = || Problem::malformed(format!("there is no such {}", entity.name()));
        found.ok_or_else(|| unknown().about(field.member(v1_1::ID)))
    }

    fn create_plain(&mut self, kind: EntityKind, body: &Body<'_>) -> Result<EntityId, Problem> {
        // invariant: every kind that comes here has a blank body.
        let blank_body = blank_body(kind).ok_or_else(|| Problem::internal("a kind without a blank body"))?;
        let mut entity = blank(self.new_id(kind)?, blank_body);
        fill(self.rules, body, &mut entity, false)?;
        self.registered(&entity, body.field)?;
        let id = entity.id.clone();
        self.put(entity)?;
        Ok(id)
    }

    fn create_thing(&mut self, body: &Body<'_>, given: Given<'_>) -> Result<EntityId, Problem> {
        let id = self.create_plain(EntityKind::Thing, body)?;
        let mut locations = self.locations(body)?;
        locations.extend(given.filter(|(of, _)| *of == Navigation::Locations).map(|(_, location)| location.clone()));
        self.stand(&id, locations, body.field)?;
        Ok(id)
    }

    /// The locations that a body brings, linked or made.
    pub(super) fn locations(&mut self, body: &Body<'_>) -> Result<Vec<EntityId>, Problem> {
        let field = body.field.member(Navigation::Locations.name());
        let items = body.many(Navigation::Locations)?;
        if items.len() > LOCATIONS_MAX {
            return Err(Problem::refused(format!("expected at most {LOCATIONS_MAX} locations")).about(field));
        }
        let mut locations = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            locations.push(self.link_or_create(EntityType::Location, item, &field.item(index))?);
        }
        Ok(locations)
    }

    fn create_passage(&mut self, body: &Body<'_>, given: Given<'_>) -> Result<EntityId, Problem> {
        let kind = EntityKind::HistoricalLocation;
        let thing = self.one(body, Navigation::Thing, given)?.ok_or_else(|| body.missing("Thing"))?;
        let id = self.new_id(kind)?;
        let mut locations = self.locations(body)?;
        locations.extend(given.filter(|(of, _)| *of == Navigation::Locations).map(|(_, location)| location.clone()));
        if locations.is_empty() {
            return Err(body.missing("Locations"));
        }
        sort(&mut locations);
        let time = self.rules.now;
        let mut entity = blank(id.clone(), EntityBody::HistoricalLocation { time, thing, locations });
        fill(self.rules, body, &mut entity, false)?;
        self.passage(entity, body.field)?;
        Ok(id)
    }

    fn create_datastream(&mut self, body: &Body<'_>, given: Given<'_>) -> Result<EntityId, Problem> {
        let mut end =
            |navigation: Navigation| self.one(body, navigation, given)?.ok_or_else(|| body.missing(navigation.name()));
        let (thing, sensor) = (end(Navigation::Thing)?, end(Navigation::Sensor)?);
        let property = end(Navigation::ObservedProperty)?;
        let id = self.new_id(EntityKind::Datastream)?;
        let mut entity = blank(id.clone(), blank_datastream(thing, sensor, property, self.rules.feed.clone()));
        fill(self.rules, body, &mut entity, false)?;
        self.put(entity)?;
        Ok(id)
    }

    /// In a city observed properties come from packs: one that is written where a pack's could be linked is taken for
    /// the pack's if it has its definition, so that the deep inserts of standard clients work.
    fn create_property(&mut self, body: &Body<'_>) -> Result<EntityId, Problem> {
        if self.rules.sandbox {
            return self.create_plain(EntityKind::ObservedProperty, body);
        }
        let of_pack = body.text("definition")?.and_then(|definition| self.rules.declared.by_definition(definition));
        let id = of_pack.map(|property| EntityId::from(property.id.as_str()));
        let inline = !matches!(body.field, Field::Body);
        let id = id.filter(|id| inline && self.has(EntityKind::ObservedProperty, id));
        id.ok_or_else(|| {
            let detail =
                "observed properties come from the city's packs; expected a link to one of them, or its definition";
            Problem::refused(detail).about(body.field.member("definition"))
        })
    }

    /// What a body brings of the relations to many that are kept at their other end.
    fn create_many(
        &mut self,
        kind: EntityKind,
        id: &EntityId,
        body: &Body<'_>,
        given: Given<'_>,
    ) -> Result<(), Problem> {
        let entity = EntityType::from(kind);
        for row in entity.row().navigations {
            let navigation = row.navigation;
            // A thing's and a historical location's own locations were read before.
            if !navigation.is_many() || navigation == Navigation::Locations {
                continue;
            }
            let Some(back) = entity.inverse(navigation) else { continue };
            let field = body.field.member(navigation.name());
            for (index, item) in body.many(navigation)?.iter().enumerate() {
                self.attach(navigation, item, &field.item(index), (back, id))?;
            }
            // POST Things(1)/Locations: the new location is the thing's.
            if let Some((_, owner)) = given.filter(|(of, _)| *of == navigation) {
                self.join(kind, id, navigation, owner, body.field)?;
            }
        }
        Ok(())
    }

    /// Makes an entity of a relation to many, or links one that is there.
    pub(super) fn attach(
        &mut self,
        navigation: Navigation,
        item: &Value,
        field: &Field<'_>,
        owner: (Navigation, &EntityId),
    ) -> Result<Target, Problem> {
        let target = navigation.target();
        let Some(id) = linked(item, field)? else { return self.create(target, item, field, Some(owner)) };
        let Some(kind) = target.kept() else {
            let detail = "an observation stays with its datastream and cannot be linked to another";
            return Err(Problem::refused(detail).about(field));
        };
        let id = self.link(target, id, field)?;
        self.join(kind, &id, owner.0, owner.1, field)?;
        Ok(Target::Entity(kind, id))
    }
}

/// The id in a JSON value; `None` when it can be none.
pub(super) fn id_of(value: &Value) -> Option<EntityId> {
    match value {
        Value::Number(number) => number.as_i64().filter(|id| (1..=ID_MAX).contains(id)).map(EntityId::Number),
        Value::String(text) => Some(EntityId::from(text.as_str())),
        _ => None,
    }
}

pub(super) fn sort(ids: &mut Vec<EntityId>) {
    ids.sort_unstable();
    ids.dedup();
}

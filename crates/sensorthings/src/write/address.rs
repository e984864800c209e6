//! Resource paths of requests that change something (18-088 clause 9.2), each step checked against what is there.

use city::{EntityId, EntityKind, ObservationKey};

use super::draft::{Draft, unknown};
use crate::model::{EntityType, Navigation};
use crate::path::{Part, Resource, Step};
use crate::problem::Problem;
use crate::v1_1;

/// The entity whose relation a path walked last.
pub(super) type Owner = (EntityKind, EntityId, Navigation);

/// What a path leads to.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) entity: EntityType,
    /// Which one; `None`: all of them.
    pub(super) one: Option<One>,
    pub(super) owner: Option<Owner>,
    /// `$ref`: the link and not the entity.
    pub(super) reference: bool,
}

/// One entity.
#[derive(Clone, Debug)]
pub(super) enum One {
    Entity(EntityKind, EntityId),
    Observation(ObservationKey),
}

impl Draft<'_> {
    /// Walks a path; 404 where it leads nowhere.
    pub(super) fn walk(&self, path: &str) -> Result<Address, Problem> {
        let path = match Resource::parse(path).map_err(|error| Problem::not_found(error.to_string()))? {
            Resource::Entities(path) => path,
            Resource::Root | Resource::Batch | Resource::CreateObservations => {
                return Err(Problem::method("expected a set of entities, as Things"));
            }
        };
        let one = path.id.map(|id| self.find(path.set, id)).transpose()?;
        let mut at = Address { entity: path.set, one, owner: None, reference: false };
        for step in path.steps {
            at = self.step(at, step)?;
        }
        match path.part {
            Part::Whole => {}
            Part::References => at.reference = true,
            Part::Property { .. } => return Err(Problem::method("a property is changed with PATCH of its entity")),
        }
        Ok(at)
    }

    fn step(&self, at: Address, step: Step) -> Result<Address, Problem> {
        let entity = step.navigation.target();
        match at.one.ok_or_else(|| unknown(at.entity))? {
            One::Observation(key) if step.navigation == Navigation::Datastream => {
                let datastream = EntityId::Number(i64::from(key.datastream.0));
                Ok(Address { entity, one: Some(self.find(entity, datastream)?), owner: None, reference: false })
            }
            One::Observation(_) => Err(Problem::not_implemented("a feature of interest is written by its own address")),
            One::Entity(kind, id) => {
                let one = self.one_of(kind, &id, step.navigation, step.id)?;
                Ok(Address { entity, one, owner: Some((kind, id, step.navigation)), reference: false })
            }
        }
    }

    /// The entity that a relation leads to; `None`: it leads to many, and none is named.
    fn one_of(
        &self,
        kind: EntityKind,
        id: &EntityId,
        navigation: Navigation,
        named: Option<EntityId>,
    ) -> Result<Option<One>, Problem> {
        let entity = navigation.target();
        if navigation == Navigation::Observations {
            let Some(named) = named else { return Ok(None) };
            let one = self.find(entity, named)?;
            let of_this = match &one {
                One::Observation(key) if kind == EntityKind::Datastream => self.series(id) == Some(key.datastream),
                _ => true,
            };
            return if of_this { Ok(Some(one)) } else { Err(unknown(entity)) };
        }
        if navigation.is_many() && named.is_none() {
            return Ok(None);
        }
        let related = self.related(kind, id, navigation);
        let found = match named {
            Some(named) => related.into_iter().find(|other| *other == named),
            None => related.into_iter().next(),
        };
        self.find(entity, found.ok_or_else(|| unknown(entity))?).map(Some)
    }

    fn find(&self, entity: EntityType, id: EntityId) -> Result<One, Problem> {
        let Some(kind) = entity.kept() else {
            let key = if let EntityId::Text(text) = &id { v1_1::key_of(text) } else { None };
            return key.map(One::Observation).ok_or_else(|| unknown(entity));
        };
        if self.has(kind, &id) { Ok(One::Entity(kind, id)) } else { Err(unknown(entity)) }
    }
}

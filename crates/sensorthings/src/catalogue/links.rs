//! One relation seen from its one side: whom each entity has.

use std::collections::BTreeSet;
use std::collections::btree_set;
use std::ops::Bound;
use std::sync::Arc;

use city::EntityId;

/// Below every id.
const FIRST: EntityId = EntityId::Number(i64::MIN);

/// Pairs of the one and each of its many.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeSet<(EntityId, EntityId)>);

/// The many of one, in id order.
pub(super) type Many<'a> = btree_set::Range<'a, (EntityId, EntityId)>;

impl Links {
    pub(super) fn insert(&mut self, one: &EntityId, other: &EntityId) {
        self.0.insert((one.clone(), other.clone()));
    }

    pub(super) fn remove(&mut self, one: &EntityId, other: &EntityId) {
        self.0.remove(&(one.clone(), other.clone()));
    }

    /// All of one; behind `after` where that is given.
    pub(super) fn of(&self, one: &EntityId, after: Option<&EntityId>) -> Many<'_> {
        let from = match after {
            Some(after) => Bound::Excluded((one.clone(), after.clone())),
            None => Bound::Included((one.clone(), FIRST)),
        };
        self.0.range((from, Bound::Excluded((behind(one), FIRST))))
    }
}

/// The least id above this one.
fn behind(id: &EntityId) -> EntityId {
    match id {
        EntityId::Number(number) => {
            number.checked_add(1).map_or_else(|| EntityId::Text(Arc::from("")), EntityId::Number)
        }
        EntityId::Text(text) => EntityId::Text(Arc::from(format!("{text}\0"))),
    }
}

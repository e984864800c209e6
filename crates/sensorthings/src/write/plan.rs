//! What a request would change, worked out whole before anything is: all of it happens, or nothing.

use city::{EntityChange, EntityId, EntityKind, Erasure, ObservationKey, Observations};

/// What a request would change.
///
/// It was made while the catalogue stood still: a plan with [`Plan::changes`] holds only as long as nobody else changes
/// the catalogue, so whoever carries such plans out makes and finishes one after the other. A plan without changes can go
/// beside others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What becomes of entities, those that others link to first; one record, atomic.
    pub changes: Vec<EntityChange>,
    /// Observations that come, in the order in which they were written. Their datastreams are in the catalogue or in
    /// [`Plan::changes`].
    pub observations: Observations,
    /// Observations that go for good, before [`Plan::observations`] come.
    pub erasures: Vec<Erasure>,
    /// What the request was about: `Location` of a 201, the entity that was changed. `None` for a deletion.
    pub target: Option<Target>,
}

/// What a request was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An entity of the catalogue.
    Entity(EntityKind, EntityId),
    /// An observation.
    Observation(ObservationKey),
}

impl Plan {
    /// Whether nothing at all would change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.observations.is_empty() && self.erasures.is_empty()
    }
}

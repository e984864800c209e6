//! The city at both ends of the session: messages go to its sensing, and what becomes durable there is told.

use std::sync::Arc;

use city::{Entity, EntityChange, Observations, Time};
use sensorthings::read::{entity_json, observation_json};
use sensorthings::series::Row;
use sensorthings::updates;
use serde_json::Value;
use store::Readers;
use tokio::sync::broadcast::error::RecvError;

use super::{Inbox, Message, Outbox, Outcome, Update};
use crate::feeds::Door;
use crate::sensing::{Carried, Sensing};

/// What the session needs of the city.
#[derive(Clone)]
pub struct Town {
    /// The catalogue, and the way to change it.
    pub sensing: Arc<Sensing>,
    /// The gate and the desk.
    pub door: Arc<Door>,
    /// The store, for reading.
    pub readers: Readers,
    /// The address that links in messages begin with, as in `http://town.example/v1.1`: a message has no Host header.
    pub base: Arc<str>,
}

impl Inbox for Town {
    async fn create(&self, messages: &[Message]) -> Vec<Outcome> {
        self.sensing.take_messages(&self.door, &self.readers, messages).await
    }
}

impl Town {
    /// Puts everything that becomes durable from now on into the outbox. Ends with the program.
    pub async fn tell(self, outbox: Outbox) {
        let mut carried = self.sensing.listen();
        loop {
            match carried.recv().await {
                Ok(carried) => self.clone().put(carried, &outbox),
                Err(RecvError::Lagged(missed)) => outbox.missed(missed),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn put(self, carried: Arc<Carried>, outbox: &Outbox) {
        let (rows, changes) = (carried.observations.len(), carried.changes.len());
        let (town, source) = (self.clone(), Arc::clone(&carried));
        outbox.push(changes, (0..changes).filter_map(move |at| town.entity(&source, at)));
        outbox.push(rows, (0..rows).filter_map(move |row| self.observation(&carried.observations, row)));
    }

    fn now(&self) -> Time {
        self.door.clock.now()
    }

    /// An entity as it is when its turn comes; nothing for one that is gone.
    fn entity(&self, carried: &Carried, at: usize) -> Option<Update> {
        let EntityChange::Put(entity) = carried.changes.get(at)? else { return None };
        let (kind, id) = (entity.kind(), &entity.id);
        let before: Option<&Arc<Entity>> = carried.before.get(at).and_then(Option::as_ref);
        if before.is_some_and(|before| updates::is_inward(before, entity)) {
            return None;
        }
        let reader = self.readers.get().ok()?;
        self.sensing.with(&reader, &self.base, self.now(), |catalogue, series, context| {
            let Value::Object(told) = entity_json(catalogue, series, context, kind, id, &[])? else { return None };
            let changed = before.map(|before| {
                let names = updates::changed(before, entity);
                (updates::path(kind, id), names.into_iter().map(str::to_owned).collect())
            });
            Some(Update { sets: updates::sets(catalogue, kind, id), changed, entity: told })
        })
    }

    fn observation(&self, rows: &Observations, row: usize) -> Option<Update> {
        let detail = rows.detail(row).cloned().map(Arc::new);
        let row = Row { observation: rows.get(row)?, detail, received: None };
        let reader = self.readers.get().ok()?;
        self.sensing.with(&reader, &self.base, self.now(), |catalogue, series, context| {
            let Value::Object(told) = observation_json(catalogue, series, context, &row, &[])? else { return None };
            Some(Update { sets: updates::observation_sets(catalogue, &row), changed: None, entity: told })
        })
    }
}

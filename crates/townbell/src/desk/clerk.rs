//! The thread itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use city::{AlertChange, Contract, Datastream, FeedId, Span, Time};
use gate::Admission;
use store::{Batch, Committed, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use super::watcher::Watcher;
use super::{Booked, DeskError, Message, Timetables};
use crate::config::City;
use crate::limits::{COMMIT_BATCHES_MAX, SNAPSHOT_EVERY_SEQ};
use crate::picture::{Changes, Picture};
use crate::tell::live::Live;

/// How often what has outlived its retention is taken away, and finished days are sealed into chunks.
const RETAIN_EVERY: Span = Span::h(6);

/// Who works at the desk.
pub(super) struct Clerk {
    pub(super) store: Store,
    pub(super) watcher: Watcher,
    pub(super) picture: Arc<RwLock<Picture>>,
    pub(super) timetables: Timetables,
    live: Arc<Live>,
    failed: Arc<AtomicBool>,
    contracts: Vec<Contract>,
    datastreams: Vec<Datastream>,
    retained: Time,
}

/// A submission that waits for its commit.
struct Waiting {
    feed: FeedId,
    admission: Box<Admission>,
    durable: oneshot::Sender<Result<Booked, DeskError>>,
    watched: oneshot::Sender<()>,
}

impl Clerk {
    pub(super) fn new(
        store: Store,
        city: &City,
        live: Arc<Live>,
        picture: Arc<RwLock<Picture>>,
        timetables: Timetables,
        failed: Arc<AtomicBool>,
        now: Time,
    ) -> Self {
        let watcher = Watcher::new(city);
        let (contracts, datastreams) = (city.contracts(), city.datastreams.clone());
        Self { store, watcher, picture, timetables, live, failed, contracts, datastreams, retained: now }
    }

    /// Works until told to stop, or until the store fails: then nothing more is taken, and nothing is tried again.
    pub(super) fn work(mut self, mut receiver: mpsc::Receiver<Message>) {
        while let Some(message) = receiver.blocking_recv() {
            match self.handle(message, &mut receiver) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(%error, "the desk stops: the store failed");
                    self.failed.store(true, Ordering::Release);
                    return;
                }
            }
        }
    }

    /// One message, and with a submission those that wait right behind it. False: stop.
    fn handle(&mut self, message: Message, receiver: &mut mpsc::Receiver<Message>) -> Result<bool, StoreError> {
        let mut next = Some(message);
        while let Some(message) = next.take() {
            match message {
                Message::Submit { feed, admission, durable, watched } => {
                    let mut group = vec![Waiting { feed, admission, durable, watched }];
                    while group.len() < COMMIT_BATCHES_MAX && next.is_none() {
                        match receiver.try_recv() {
                            Ok(Message::Submit { feed, admission, durable, watched }) => {
                                group.push(Waiting { feed, admission, durable, watched });
                            }
                            Ok(other) => next = Some(other),
                            Err(_) => break,
                        }
                    }
                    self.book(group)?;
                }
                Message::Tick { now, done } => {
                    self.tick(now)?;
                    // The ticker may have gone; the tick holds all the same.
                    let _gone = done.send(());
                }
                Message::Stop { done } => {
                    self.watcher.save(&mut self.store, true)?;
                    self.store.checkpoint()?;
                    let _gone = done.send(());
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Makes a group durable, answers its senders, and only then looks at what it means.
    fn book(&mut self, group: Vec<Waiting>) -> Result<(), StoreError> {
        let mut batches = Vec::with_capacity(group.len());
        let mut senders = Vec::with_capacity(group.len());
        for Waiting { feed, admission, durable, watched } in group {
            let tables = admission.timetable.as_ref().map(|tables| Arc::clone(tables.as_ref()));
            batches.push(Batch::new(feed, *admission)?);
            senders.push((durable, watched, tables));
        }
        let committed = match self.store.commit(batches) {
            Ok(committed) => committed,
            Err(error) => {
                let why: Arc<str> = Arc::from(error.to_string());
                for (durable, ..) in senders {
                    let _gone = durable.send(Err(DeskError::Store(Arc::clone(&why))));
                }
                return Err(error);
            }
        };
        let mut waiting = Vec::with_capacity(senders.len());
        for (batch, (durable, watched, tables)) in committed.iter().zip(senders) {
            // A sender that did not wait for its answer has lost nothing: what it sent is durable.
            let _gone = durable.send(Ok(Booked { received: batch.received, tally: batch.tally.clone() }));
            if let (Some(tables), Some(_)) = (tables, batch.seq) {
                self.timetable(&batch.feed, tables);
            }
            waiting.push(watched);
        }
        let mut changes = Changes::default();
        for batch in committed {
            self.watch(batch, &mut changes);
        }
        let snapshot = self.watcher.unsaved() > SNAPSHOT_EVERY_SEQ;
        let alerts = self.watcher.save(&mut self.store, snapshot)?;
        self.show(changes, &alerts);
        for watched in waiting {
            let _gone = watched.send(());
        }
        Ok(())
    }

    pub(super) fn timetable(&mut self, feed: &FeedId, tables: Arc<city::Timetable>) {
        self.watcher.timetable(feed, &tables);
        self.write_picture().take_timetable(feed, &tables);
        self.timetables.write().unwrap_or_else(PoisonError::into_inner).insert(feed.clone(), tables);
    }

    fn watch(&mut self, batch: Committed, changes: &mut Changes) {
        let mut picture = self.write_picture();
        picture.add_account(&batch.feed, batch.received, &batch.tally);
        let Some(seq) = batch.seq else { return };
        picture.take(seq.0, &batch.feed, batch.received, &batch.records, changes);
        drop(picture);
        self.watcher.row(seq, batch.received, &batch.feed, batch.records);
    }

    fn tick(&mut self, now: Time) -> Result<(), StoreError> {
        self.store.tick(now);
        self.watcher.tick(now);
        let alerts = self.watcher.save(&mut self.store, false)?;
        self.show(Changes::default(), &alerts);
        if now.since(self.retained) >= RETAIN_EVERY {
            self.retained = now;
            self.store.seal(now)?;
            self.store.apply_retention(now, &self.contracts, &self.datastreams)?;
        }
        Ok(())
    }

    /// Draws the picture anew and tells browsers what changed in it.
    fn show(&mut self, changes: Changes, alerts: &[AlertChange]) {
        let changes = {
            let mut picture = self.write_picture();
            for change in alerts {
                picture.take_alert(change);
            }
            let now = self.watcher.now().unwrap_or(picture.now());
            picture.tick(now, changes)
        };
        if let Some(vehicles) = &changes.vehicles {
            self.live.publish("vehicles", vehicles);
        }
        for observation in &changes.observations {
            self.live.publish("observation", observation);
        }
        if !changes.things.is_empty() {
            self.live.publish("things", &changes.things);
        }
        for feed in &changes.feeds {
            self.live.publish("feed", feed);
        }
        for warning in &changes.warnings {
            self.live.publish("warning", warning);
        }
        for change in alerts {
            self.live.publish("alert", change);
        }
    }

    pub(super) fn write_picture(&self) -> std::sync::RwLockWriteGuard<'_, Picture> {
        self.picture.write().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The thread itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use city::{
    AlertChange, AlertId, Contract, Datastream, DatastreamId, EntityBody, EntityId, FeedId, ObservedProperty,
    ObservedPropertyId, Severity, Span, ThingId, Time,
};
use gate::Admission;
use store::{Batch, JournalRow, SeriesRetention, Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::log_keeper::LogKeeper;
use super::sealer::Sealer;
use super::watcher::Watcher;
use super::{Booked, DeskError, Message, Pulse, Timetables};
use crate::clock::Stopwatch;
use crate::config::{CONTROL_ROOM, City};
use crate::limits::COMMIT_BATCHES_MAX;
use crate::picture::{Changes, ObservationEvent, Picture};
use crate::tell::live::Live;

/// How often browsers are told of new values while many come. Nobody reads faster.
const OBSERVATIONS_TOLD_EVERY: Duration = Duration::from_secs(1);
/// Changes of alerts that are told one by one; more at once go together.
const ALERTS_SINGLE_MAX: usize = 20;
/// Changes of alerts in one event: some 200 kB.
const ALERTS_TOGETHER_MAX: usize = 200;
/// How often what has outlived its retention is taken away.
const RETAIN_EVERY: Span = Span::h(6);

/// What others see of the desk's work.
pub(super) struct Shared {
    pub(super) live: Arc<Live>,
    pub(super) picture: Arc<RwLock<Picture>>,
    pub(super) timetables: Timetables,
    pub(super) failed: watch::Sender<Option<Arc<str>>>,
    pub(super) news: watch::Sender<u64>,
    pub(super) pulse: Arc<Pulse>,
}

/// Who works beside the desk.
pub(super) struct Beside {
    pub(super) sealer: Sealer,
    pub(super) log_keeper: LogKeeper,
}

/// Who works at the desk.
pub(super) struct Clerk {
    pub(super) store: Store,
    pub(super) watcher: Watcher,
    pub(super) picture: Arc<RwLock<Picture>>,
    pub(super) timetables: Timetables,
    pub(super) live: Arc<Live>,
    failed: watch::Sender<Option<Arc<str>>>,
    pub(super) news: watch::Sender<u64>,
    pulse: Arc<Pulse>,
    beside: Beside,
    contracts: Vec<Contract>,
    datastreams: Vec<Datastream>,
    observed_properties: Vec<ObservedProperty>,
    retained: Time,
    roles: Vec<String>,
    /// Values that browsers have not been told yet, by datastream.
    untold: BTreeMap<u32, ObservationEvent>,
    told: Stopwatch,
}

/// A submission that waits for its commit.
struct Waiting {
    feed: FeedId,
    admission: Box<Admission>,
    durable: oneshot::Sender<Result<Booked, DeskError>>,
    watched: oneshot::Sender<()>,
}

impl Waiting {
    /// What people do shares no commit with telemetry: when the disk is full, only one of them is refused.
    fn by_people(&self) -> bool {
        self.feed.as_str() == CONTROL_ROOM
    }
}

impl Clerk {
    pub(super) fn new(
        store: Store,
        city: &City,
        rules: Vec<::watch::Rule>,
        shared: Shared,
        beside: Beside,
        now: Time,
    ) -> Self {
        let watcher = Watcher::new(city, rules);
        let (contracts, datastreams) = (city.contracts(), city.datastreams.clone());
        let observed_properties = city.observed_properties.clone();
        let Shared { live, picture, timetables, failed, news, pulse } = shared;
        Self {
            store,
            watcher,
            picture,
            timetables,
            live,
            failed,
            news,
            pulse,
            beside,
            contracts,
            datastreams,
            observed_properties,
            retained: now,
            roles: city.roles.clone(),
            untold: BTreeMap::new(),
            told: Stopwatch::start(),
        }
    }

    /// Works until told to stop, or until the store fails: then nothing more is taken, and nothing is tried again.
    pub(super) fn work(mut self, mut receiver: mpsc::Receiver<Message>) {
        loop {
            let done = match receiver.try_recv() {
                Ok(message) => self.handle(message, &mut receiver),
                // Nobody waits: what the store has to look after is done, a short step at a time.
                Err(_) if self.store.is_behind() => self.plan_seal().map(|()| true),
                Err(_) => {
                    // A lone reading is told at once; those of a busy desk once a second.
                    self.tell_observations();
                    match receiver.blocking_recv() {
                        Some(message) => self.handle(message, &mut receiver),
                        None => return,
                    }
                }
            };
            match done.and_then(|goes_on| self.beside.log_keeper.look_after(&mut self.store).map(|()| goes_on)) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(%error, "the desk stops: the store failed");
                    self.failed.send_replace(Some(Arc::from(error.to_string())));
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
                    let first = Waiting { feed, admission, durable, watched };
                    let (group, other) = gather(first, receiver);
                    next = other;
                    self.book(group)?;
                    self.plan_seal()?;
                }
                Message::Post { post, done } => {
                    self.take_post(post)?;
                    let _gone = done.send(());
                }
                Message::Truths { told } => {
                    let _gone = told.send(self.watcher.truths());
                }
                Message::Sealed(slice) => {
                    self.store.write_sealed(*slice)?;
                }
                Message::Adopt { context, done } => {
                    self.watcher.adopt(*context);
                    // Kept with the new rules: what is stepped again after a crash is stepped by them, as now.
                    let alerts = self.save_watch(true)?;
                    self.show(Changes::default(), &alerts);
                    self.show_calls();
                    let _gone = done.send(());
                }
                Message::Tick { now, done } => {
                    self.tick(now)?;
                    // The ticker may have gone; the tick holds all the same.
                    let _gone = done.send(());
                }
                Message::Stop { done } => {
                    self.save_watch(true)?;
                    self.beside.log_keeper.stop(&mut self.store)?;
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
        let by_people = group.first().is_some_and(Waiting::by_people);
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
                let full = matches!(error, StoreError::Full);
                let why: Arc<str> = Arc::from(error.to_string());
                for (durable, ..) in senders {
                    let answer = if full { DeskError::Full } else { DeskError::Store(Arc::clone(&why)) };
                    let _gone = durable.send(Err(answer));
                }
                return if full { Ok(()) } else { Err(error) };
            }
        };
        let mut waiting = Vec::with_capacity(senders.len());
        for (batch, (durable, watched, tables)) in committed.batches.iter().zip(senders) {
            // A sender that did not wait for its answer has lost nothing: what it sent is durable.
            let answer = if batch.full {
                Err(DeskError::Full)
            } else {
                Ok(Booked { received: batch.received, tally: batch.tally.clone(), known: batch.known.clone() })
            };
            let _gone = durable.send(answer);
            if let (Some(tables), Some(_)) = (tables, batch.seq) {
                self.timetable(&batch.feed, tables);
            }
            waiting.push(watched);
        }
        let mut changes = Changes::default();
        {
            let mut picture = self.write_picture();
            for batch in &committed.batches {
                picture.add_account(&batch.feed, batch.received, &batch.tally);
            }
        }
        for row in committed.rows {
            self.watch(row, &mut changes);
        }
        let alerts = self.save_watch(self.watcher.is_due())?;
        self.show(changes, &alerts);
        if by_people {
            self.show_calls();
        }
        for watched in waiting {
            let _gone = watched.send(());
        }
        Ok(())
    }

    /// Keeps what the watcher did; up to a snapshot, journal rows of observations need their bodies no more.
    pub(super) fn save_watch(&mut self, snapshot: bool) -> Result<Vec<AlertChange>, StoreError> {
        let alerts = self.watcher.save(&mut self.store, snapshot)?;
        self.tell_news();
        if snapshot {
            self.store.snapshot_covers(self.watcher.covered());
        }
        Ok(alerts)
    }

    /// Lets the sealer work when there is enough to seal.
    fn plan_seal(&mut self) -> Result<(), StoreError> {
        let now = self.watcher.now().unwrap_or(self.retained);
        if let Some(plan) = self.store.plan_seal(now)? {
            // What is sealed from here on need not be in the journal a second time once the watcher has it.
            self.save_watch(true)?;
            self.beside.sealer.take(plan);
        }
        Ok(())
    }

    pub(super) fn timetable(&mut self, feed: &FeedId, tables: Arc<city::Timetable>) {
        self.watcher.timetable(feed, &tables);
        self.write_picture().take_timetable(feed, &tables);
        self.timetables.write().unwrap_or_else(PoisonError::into_inner).insert(feed.clone(), tables);
    }

    fn watch(&mut self, row: JournalRow, changes: &mut Changes) {
        self.write_picture().take(row.seq.0, &row.feed, row.received, &row.records, changes);
        self.watcher.row(row.seq, row.received, &row.feed, row.records);
    }

    fn tick(&mut self, now: Time) -> Result<(), StoreError> {
        self.store.tick(now);
        self.watcher.tick(now);
        let alerts = self.save_watch(false)?;
        self.write_picture().grow_old(now);
        self.show(Changes::default(), &alerts);
        self.show_calls();
        if now.since(self.retained) >= RETAIN_EVERY {
            self.retained = now;
            let series = self.series_retention()?;
            self.store.begin_retention(now, &self.contracts, &series)?;
        }
        self.plan_seal()?;
        self.pulse.beat();
        Ok(())
    }

    /// How long each series is kept: those of the configuration, and those that were made through the API.
    fn series_retention(&self) -> Result<Vec<SeriesRetention>, StoreError> {
        let made = self.store.read().entities()?;
        let made = made.iter().filter_map(|entity| match (&entity.body, &entity.id) {
            (EntityBody::Datastream(body), EntityId::Number(id)) => Some(Datastream {
                id: DatastreamId(u32::try_from(*id).ok()?),
                name: String::new(),
                thing: ThingId::default(),
                observed_property: ObservedPropertyId::new(&body.observed_property.to_string()),
                feed: body.feed.clone(),
                beat: Span::h(1),
            }),
            _ => None,
        });
        let all: Vec<Datastream> = self.datastreams.iter().cloned().chain(made).collect();
        Ok(SeriesRetention::of(&all, &self.contracts, &self.observed_properties))
    }

    /// Draws the picture anew and tells browsers what changed in it.
    pub(super) fn show(&mut self, changes: Changes, alerts: &[AlertChange]) {
        let changes = {
            let mut picture = self.write_picture();
            for change in alerts {
                picture.take_alert(change);
            }
            let now = self.watcher.now().unwrap_or(picture.now());
            picture.tick(now, changes)
        };
        self.show_alerts(alerts);
        if let Some(vehicles) = &changes.vehicles {
            self.live.publish("vehicles", vehicles);
        }
        for observation in changes.observations {
            self.untold.insert(observation.datastream, observation);
        }
        if self.told.elapsed() >= OBSERVATIONS_TOLD_EVERY {
            self.tell_observations();
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
    }

    /// Alerts go before all telemetry. Many at once go together, the worst first, so that no browser falls behind
    /// over them and misses an Extreme.
    fn show_alerts(&self, alerts: &[AlertChange]) {
        if alerts.len() <= ALERTS_SINGLE_MAX {
            for change in alerts {
                self.live.publish("alert", change);
            }
            return;
        }
        let mut worst: HashMap<&AlertId, Severity> = HashMap::new();
        for change in alerts {
            let known = worst.entry(&change.alert.id).or_insert(change.alert.severity);
            *known = change.alert.severity.max(*known);
        }
        let mut sorted: Vec<&AlertChange> = alerts.iter().collect();
        // Stable: the changes of one alert stay in their order.
        sorted.sort_by_key(|change| std::cmp::Reverse(worst.get(&change.alert.id).copied()));
        for part in sorted.chunks(ALERTS_TOGETHER_MAX) {
            self.live.publish("alerts", &part);
        }
    }

    /// The newest value of each series that changed since the last time.
    fn tell_observations(&mut self) {
        self.told = Stopwatch::start();
        if self.untold.is_empty() {
            return;
        }
        let changed: Vec<ObservationEvent> = std::mem::take(&mut self.untold).into_values().collect();
        self.live.publish("observations", &changed);
    }

    /// Draws anew what is kept quiet and who is called.
    pub(super) fn show_calls(&self) {
        let calls = self.watcher.calls(&self.roles);
        self.write_picture().take_calls(calls);
    }

    pub(super) fn write_picture(&self) -> std::sync::RwLockWriteGuard<'_, Picture> {
        self.picture.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first submission, and those of its kind that wait right behind it; and the message that ended the row.
fn gather(first: Waiting, receiver: &mut mpsc::Receiver<Message>) -> (Vec<Waiting>, Option<Message>) {
    let by_people = first.by_people();
    let mut group = vec![first];
    while group.len() < COMMIT_BATCHES_MAX {
        match receiver.try_recv() {
            Ok(Message::Submit { feed, admission, durable, watched }) => {
                let one = Waiting { feed, admission, durable, watched };
                if one.by_people() != by_people {
                    let Waiting { feed, admission, durable, watched } = one;
                    return (group, Some(Message::Submit { feed, admission, durable, watched }));
                }
                group.push(one);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

//! Carrying out a plan: through the gate, to the disk, and only then into the catalogue.

use std::sync::Arc;

use city::{Entity, EntityBody, EntityChange, EntityKind, Erasure, FeedId, Observations, Reason, Tally, Time};
use gate::{Admission, GateError, Refusal, Sent};
use sensorthings::catalogue::Catalogue;
use sensorthings::problem::Problem;
use sensorthings::series::Series;
use sensorthings::write::{Created, Plan, Rules, Target, create_observations};
use store::Readers;

use super::Sensing;
use crate::desk::{Booked, DeskError};
use crate::feeds::Door;

/// What was carried out.
#[derive(Debug, Default)]
pub struct Carried {
    /// Entities that came, changed or went.
    pub changes: Vec<EntityChange>,
    /// What each of them was before; `None` for one that is new.
    pub before: Vec<Option<Arc<Entity>>>,
    /// Observations that were sent, those that were known already included.
    pub observations: Observations,
    /// What the answer is about.
    pub target: Option<Target>,
}

/// Why it was not.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The request cannot be done as it stands.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The desk does not take it.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The feed has no contract any more: the program's own mistake.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

/// What became of a data array.
#[derive(Debug, Default)]
pub struct Array {
    /// Observations that were taken, in the order of the body; empty where nobody asked for them.
    pub observations: Observations,
    /// Rows that were refused: number in the body, ascending, and why.
    pub refused: Vec<(usize, Problem)>,
    /// Rows in the body.
    pub count: usize,
}

impl Sensing {
    /// Works out what a request would change, and does it: all of it or nothing. Answered when it is durable.
    ///
    /// # Errors
    /// See [`Trouble`]; nothing has changed then.
    pub async fn write<T: Send>(
        &self,
        door: &Door,
        readers: &Readers,
        plan: impl Fn(&Catalogue, &dyn Series, &Rules<'_>) -> Result<(Plan, T), Problem> + Send + Sync,
    ) -> Result<(Arc<Carried>, T), Trouble> {
        let now = door.clock.now();
        let make = || -> Result<(Plan, T), Trouble> {
            let reader = readers.get()?;
            let (give, scan) = (|datastream| self.give(door, &reader, datastream), |text: &str| scan(door, text));
            let rules = self.rules(now, &give, &scan)?;
            Ok(self.with(&reader, "", now, |catalogue, series, _| plan(catalogue, series, &rules))?)
        };
        let (first, told) = self.counted(door, make()).await?;
        if first.changes.is_empty() {
            // Observations alone change no catalogue, so nobody needs to wait for anybody.
            return Ok((self.carry_out(door, first, now).await?, told));
        }
        let _pen = self.pen.lock().await;
        let (second, told) = make()?;
        Ok((self.carry_out(door, second, now).await?, told))
    }

    /// Takes a data array. A row that is refused harms no other. `links`: the answer will say which were taken.
    ///
    /// # Errors
    /// When the body is no data array, or the desk does not take it; nothing of it is kept then.
    pub async fn create_observations(
        &self,
        door: &Door,
        readers: &Readers,
        body: &[u8],
        links: bool,
    ) -> Result<Array, Trouble> {
        let now = door.clock.now();
        let make = || -> Result<Created, Trouble> {
            let reader = readers.get()?;
            let (give, scan) = (|datastream| self.give(door, &reader, datastream), |text: &str| scan(door, text));
            let rules = self.rules(now, &give, &scan)?;
            Ok(create_observations(&self.catalogue(), &rules, body)?)
        };
        let mut created = self.counted(door, make()).await?;
        if !created.plan.changes.is_empty() {
            // A feature of interest for the first observation of a series.
            let _pen = self.pen.lock().await;
            created = make()?;
            // Another request may have made it meanwhile.
            if !created.plan.changes.is_empty() {
                let features = Plan { changes: std::mem::take(&mut created.plan.changes), ..Plan::default() };
                self.carry_out(door, features, now).await?;
            }
        }
        let Created { plan, places, mut refused, count } = created;
        let observations = plan.observations;
        let listening = self.told.receiver_count() > 0;
        let feed = self.rules_feed()?;
        let mut kept = if listening || links { observations.clone() } else { Observations::default() };
        let Sent { admissions, refused: at_gate } = door.gate.admit_sent(&feed, observations, now)?;
        let decoded = refused_tally(&refused);
        let mut receipts = Vec::with_capacity(admissions.len());
        for (index, (feed, admission)) in admissions.into_iter().enumerate() {
            let admission = if index == 0 { admission.counting(&decoded) } else { admission };
            receipts.push(door.desk.submit(feed, admission).await?);
        }
        if receipts.is_empty() && decoded.received > 0 {
            book_refusal(door, feed, &decoded, now).await?;
        }
        let mut known = Observations::default();
        for receipt in receipts {
            known.append(receipt.durable().await?.known);
        }
        for (row, reason) in &at_gate {
            let place = places.get(*row).map_or(*row, |place| *place as usize);
            refused.push((place, Problem::refused(format!("the gate refuses this: {}", reason.name()))));
        }
        refused.sort_by_key(|(place, _)| *place);
        if !at_gate.is_empty() {
            kept.retain(|row| at_gate.binary_search_by_key(&row, |(refused, _)| *refused).is_err());
        }
        if listening {
            // Nobody may be listening any more; then nobody is told.
            let observations = kept.clone().without(&known);
            let _told = self.told.send(Arc::new(Carried { observations, ..Carried::default() }));
        }
        Ok(Array { observations: kept, refused, count })
    }

    /// A request that was refused before the gate saw it is counted all the same.
    async fn counted<T>(&self, door: &Door, made: Result<T, Trouble>) -> Result<T, Trouble> {
        if let Err(Trouble::Problem(problem)) = &made
            && let Some(reason) = reason_of(problem)
            && let Some(feed) = self.feed.clone()
        {
            let mut refused = Tally::default();
            refused.reject(reason);
            book_refusal(door, feed, &refused, door.clock.now()).await?;
        }
        made
    }

    async fn carry_out(&self, door: &Door, plan: Plan, now: Time) -> Result<Arc<Carried>, Trouble> {
        let Plan { changes, observations, erasures, target } = plan;
        let feed = self.feed_of(&changes, &observations, &erasures)?;
        self.register(door, &changes);
        let admission = admit(door, &feed, (&changes, &observations, &erasures), now)?;
        let booked = match admission.refusals.first() {
            None => submit(door, feed, admission).await,
            // One refused part refuses it whole; that is counted.
            Some(refusal) => {
                let mut tally = Tally::default();
                tally.reject(refusal.reason);
                let problem = refused(refusal, &observations, now);
                book_refusal(door, feed, &tally, now).await.and(Err(problem.into()))
            }
        };
        let known = match booked {
            Ok(booked) => booked.known,
            Err(trouble) => {
                self.register_as_before(door, &changes);
                return Err(trouble);
            }
        };
        let before = self.before(&changes);
        self.apply(&changes);
        forget_deleted(door, &changes);
        let carried = Arc::new(Carried { changes, before, observations, target });
        let news = if known.is_empty() {
            Arc::clone(&carried)
        } else {
            let Carried { changes, before, observations, .. } = &*carried;
            let (changes, before, observations) =
                (changes.clone(), before.clone(), observations.clone().without(&known));
            Arc::new(Carried { changes, before, observations, target: None })
        };
        // Nobody may be listening; then nobody is told.
        let _told = self.told.send(news);
        Ok(carried)
    }

    /// The feed under which a plan is journalled: that of the series that it is about, else the city's first.
    fn feed_of(
        &self,
        changes: &[EntityChange],
        observations: &Observations,
        erasures: &[Erasure],
    ) -> Result<FeedId, Problem> {
        let made = changes.iter().find_map(|change| match change {
            EntityChange::Put(entity) => match &entity.body {
                EntityBody::Datastream(body) => Some(body.feed.clone()),
                _ => None,
            },
            EntityChange::Delete(..) => None,
        });
        let first = observations.datastreams().first().copied().or_else(|| erasures.first().map(|e| e.datastream));
        let known = || self.catalogue().datastream(first?).map(|body| body.feed.clone());
        made.or_else(known).map_or_else(|| self.rules_feed(), Ok)
    }

    fn before(&self, changes: &[EntityChange]) -> Vec<Option<Arc<Entity>>> {
        let catalogue = self.catalogue();
        let known = |change: &EntityChange| match change {
            EntityChange::Put(entity) => catalogue.get(entity.kind(), &entity.id).cloned(),
            EntityChange::Delete(kind, id) => catalogue.get(*kind, id).cloned(),
        };
        changes.iter().map(known).collect()
    }

    /// New datastreams are known to the gate before their first observations are judged.
    fn register(&self, door: &Door, changes: &[EntityChange]) {
        for change in changes {
            if let EntityChange::Put(entity) = change
                && let EntityBody::Datastream(body) = &entity.body
                && !self.catalogue().is_configured(EntityKind::Datastream, &entity.id)
            {
                door.gate.register(&entity.id, body);
            }
        }
    }

    fn register_as_before(&self, door: &Door, changes: &[EntityChange]) {
        let catalogue = self.catalogue();
        for change in changes {
            let EntityChange::Put(entity) = change else { continue };
            if entity.kind() != EntityKind::Datastream || catalogue.is_configured(EntityKind::Datastream, &entity.id) {
                continue;
            }
            match catalogue.get(EntityKind::Datastream, &entity.id).map(|before| &before.body) {
                Some(EntityBody::Datastream(before)) => door.gate.register(&entity.id, before),
                _ => door.gate.unregister(&entity.id),
            }
        }
    }
}

fn forget_deleted(door: &Door, changes: &[EntityChange]) {
    for change in changes {
        if let EntityChange::Delete(EntityKind::Datastream, id) = change {
            door.gate.unregister(id);
        }
    }
}

/// What the gate's scan finds in a text, in words.
pub(super) fn scan(door: &Door, text: &str) -> Vec<&'static str> {
    door.gate.scan(text).iter().map(|hit| hit.words()).collect()
}

/// Under which reason a refused request is counted; none for what is no fault of what was sent (404, 409, 501).
pub(super) fn reason_of(problem: &Problem) -> Option<Reason> {
    if problem.status < 500 && problem.field.as_ref().is_some_and(|field| field.ends_with("Time")) {
        return Some(Reason::BadTime);
    }
    match problem.status {
        400 => Some(Reason::Malformed),
        413 => Some(Reason::TooLarge),
        422 => Some(Reason::NotAllowed),
        _ => None,
    }
}

fn refused_tally(refused: &[(usize, Problem)]) -> Tally {
    let mut tally = Tally::default();
    for (_, problem) in refused {
        let reason = if problem.status == 404 { Some(Reason::UnknownReference) } else { reason_of(problem) };
        tally.reject(reason.unwrap_or(Reason::Malformed));
    }
    tally
}

/// All of a plan as one submission; one refused part refuses it whole.
fn admit(
    door: &Door,
    feed: &FeedId,
    (changes, observations, erasures): (&[EntityChange], &Observations, &[Erasure]),
    now: Time,
) -> Result<Admission, GateError> {
    let mut admission = door.gate.admit_entities(feed, changes.to_vec(), now)?;
    admission.append(door.gate.admit_erasures(feed, erasures.to_vec(), now)?);
    admission.append(door.gate.admit_observations(feed, observations, now)?);
    Ok(admission)
}

/// In words, why the gate refused, and about which field where that is known.
fn refused(refusal: &Refusal, observations: &Observations, now: Time) -> Problem {
    let hits: Vec<&str> = refusal.hits.iter().map(|hit| hit.words()).collect();
    let problem = |words: &str| Problem::refused(words.to_owned());
    match refusal.reason {
        Reason::PersonalText => {
            Problem::refused(format!("a text holds what looks like {}; say it without", hits.join(", ")))
        }
        Reason::OutOfRange => {
            problem("outside the range that an instrument of this observed property can honestly give").about("result")
        }
        Reason::BadTime => {
            let time = observations.phenomenon_times().get(refusal.index);
            let words = if time.is_some_and(|time| *time > now) {
                "further ahead of the clock than a sender's clock may be"
            } else {
                "older than what this feed keeps"
            };
            problem(words).about("phenomenonTime")
        }
        reason => Problem::refused(format!("the gate refuses this: {}", reason.name())),
    }
}

async fn submit(door: &Door, feed: FeedId, admission: Admission) -> Result<Booked, Trouble> {
    Ok(door.desk.submit(feed, admission).await?.durable().await?)
}

/// A refusal that is booked: counted under its feed, with nothing of what was refused.
pub(super) async fn book_refusal(door: &Door, feed: FeedId, refused: &Tally, now: Time) -> Result<(), Trouble> {
    let admission = door.gate.admit(&feed, Vec::new(), now, None)?.counting(refused);
    submit(door, feed, admission).await?;
    Ok(())
}

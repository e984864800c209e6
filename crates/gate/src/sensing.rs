//! The gate's doors for SensorThings: observations in columns, entities, and what is taken away.

use std::collections::HashMap;

use city::{EntityChange, Erasure, FeedId, FeedKind, Observations, Reason, Record, Time};

use crate::admission::{Admission, Refusal};
use crate::admitted::Admitted;
use crate::check::{self, Door};
use crate::gate::Gate;
use crate::policy::GateError;
use crate::series::SeriesTable;

/// What became of the observations of one request, which may be of several feeds.
#[derive(Debug, Default)]
pub struct Sent {
    /// One admission a feed, in the order in which the feeds first appear.
    pub admissions: Vec<(FeedId, Admission)>,
    /// Row and reason of each that was refused, by row.
    pub refused: Vec<(usize, Reason)>,
}

impl Gate {
    /// Judges the observations of a feed, row by row: what [`Gate::admit`] does with each of them, without a
    /// candidate a row. What is taken is one record in canonical order; `Refusal::index` is the row.
    pub fn admit_observations(&self, feed: &FeedId, rows: &Observations, now: Time) -> Result<Admission, GateError> {
        let mut admission = Admission::empty(now);
        let door = Door { gate: self, contract: self.contract(feed)?, now, timetable: None, dropped: 0 };
        judge_rows(&door, &self.series.read(), rows.clone(), &mut admission, |_, _| {});
        Ok(admission)
    }

    /// Judges the observations of a request, each under the feed of its datastream. A row of a datastream that nobody
    /// knows is refused; it is counted under `unknown`.
    ///
    /// # Errors
    /// When a feed has no contract.
    pub fn admit_sent(&self, unknown: &FeedId, rows: Observations, now: Time) -> Result<Sent, GateError> {
        let table = self.series.read();
        let mut sent = Sent::default();
        let of = |row: usize| {
            let id = rows.datastreams().get(row)?;
            Some(table.get(id).map_or(unknown, |series| &series.feed))
        };
        let Some(first) = of(0).cloned() else { return Ok(sent) };
        let door = Door { gate: self, contract: self.contract(&first)?, now, timetable: None, dropped: 0 };
        if all_may_enter(&door, &table, &rows) {
            // Nearly always: one logger, one feed, and nothing wrong with it.
            let mut admission = Admission::empty(now);
            admission.take_observations(rows);
            sent.admissions.push((first, admission));
            return Ok(sent);
        }
        let mut order: Vec<FeedId> = Vec::new();
        let mut parts: HashMap<FeedId, (Vec<usize>, Observations)> = HashMap::new();
        for (row, observation) in rows.iter().enumerate() {
            let feed = of(row).unwrap_or(unknown);
            if !parts.contains_key(feed) {
                order.push(feed.clone());
            }
            let (places, part) = parts.entry(feed.clone()).or_default();
            places.push(row);
            part.push_detailed(observation, rows.detail(row).cloned().unwrap_or_default());
        }
        for feed in order {
            let Some((places, part)) = parts.remove(&feed) else { continue };
            let mut admission = Admission::empty(now);
            let door = Door { gate: self, contract: self.contract(&feed)?, now, timetable: None, dropped: 0 };
            judge_rows(&door, &table, part, &mut admission, |row, reason| {
                sent.refused.push((places.get(row).copied().unwrap_or(row), reason));
            });
            sent.admissions.push((feed, admission));
        }
        sent.refused.sort_unstable_by_key(|(row, _)| *row);
        Ok(sent)
    }

    /// Judges changes of entities as one: a single refusal refuses all, because half of a deep insert is none.
    pub fn admit_entities(&self, feed: &FeedId, changes: Vec<EntityChange>, now: Time) -> Result<Admission, GateError> {
        let mut admission = Admission::empty(now);
        let door = Door { gate: self, contract: self.contract(feed)?, now, timetable: None, dropped: 0 };
        for (index, change) in changes.iter().enumerate() {
            if let Err(refused) = check::entity(&door, change) {
                admission.refuse(Refusal { index, reason: refused.reason, hits: refused.hits });
            }
        }
        if admission.refusals.is_empty() && !changes.is_empty() {
            admission.take_all(changes.len() as u64, Record::Entities(changes));
        }
        Ok(admission)
    }

    /// Judges what is to be taken away for good: a feed may take away only from its own series.
    pub fn admit_erasures(&self, feed: &FeedId, erasures: Vec<Erasure>, now: Time) -> Result<Admission, GateError> {
        let mut admission = Admission::empty(now);
        let contract = self.contract(feed)?;
        let table = self.series.read();
        for (index, erasure) in erasures.into_iter().enumerate() {
            let own = table.get(&erasure.datastream).is_some_and(|series| series.feed == *feed);
            if own && contract.kind == FeedKind::SensorThings {
                admission.take(Record::Erasure(erasure));
            } else {
                admission.refuse(Refusal { index, reason: Reason::NotAllowed, hits: Vec::new() });
            }
        }
        Ok(admission)
    }
}

/// Whether every row may enter as it is.
fn all_may_enter(door: &Door<'_>, table: &SeriesTable, rows: &Observations) -> bool {
    let (mut times, mut results) = (rows.phenomenon_times(), rows.results());
    rows.details().is_empty()
        && rows.datastreams().chunk_by(|a, b| a == b).all(|run| {
            let Some(series) = run.first().and_then(|id| check::series(door, table, *id).ok()) else { return false };
            let ((of_times, later), (of_results, rest)) = (times.split_at(run.len()), results.split_at(run.len()));
            (times, results) = (later, rest);
            let as_is =
                |result: &f64| check::in_range(series, *result) && (*result != 0.0 || result.is_sign_positive());
            of_results.iter().all(as_is) && of_times.iter().all(|time| door.happened(*time).is_ok())
        })
}

/// Takes the rows that may enter and counts the others.
fn judge_rows(
    door: &Door<'_>,
    table: &SeriesTable,
    rows: Observations,
    admission: &mut Admission,
    mut refused: impl FnMut(usize, Reason),
) {
    if all_may_enter(door, table, &rows) {
        admission.take_observations(rows);
        return;
    }
    let mut taken = Observations::with_capacity(rows.len());
    for (index, observation) in rows.iter().enumerate() {
        let detail = if rows.details().is_empty() { None } else { rows.detail(index) };
        match (check::observation(door, table, observation, detail), detail) {
            (Ok(observation), None) => taken.push(observation),
            (Ok(observation), Some(detail)) => taken.push_detailed(observation, detail.clone()),
            (Err(why), _) => {
                refused(index, why.reason);
                admission.refuse(Refusal { index, reason: why.reason, hits: why.hits });
            }
        }
    }
    admission.take_observations(taken);
}

impl Admission {
    /// Takes a record that stands for several entities.
    fn take_all(&mut self, entities: u64, record: Record) {
        self.tally.received += entities;
        self.records.push(Admitted::new(record));
    }

    /// Adds another admission of the same feed and request: both go into one durable batch.
    pub fn append(&mut self, other: Self) {
        self.records.extend(other.records);
        self.timetable = self.timetable.take().or(other.timetable);
        self.tally.add(&other.tally);
        self.refusals.extend(other.refusals);
        self.refusals.truncate(crate::admission::REFUSALS_MAX);
    }
}

//! Observations that come as messages (18-088 clause 14.1): each for itself, as a POST of it would be, and many of them
//! on the disk with one commit.

use std::collections::HashMap;

use city::{Observation, ObservationKey, Observations, Reason, Tally, Time};
use gate::Sent;
use sensorthings::write::{self, Plan};
use store::Readers;

use super::carry_out::{book_refusal, reason_of, scan};
use super::{Carried, Sensing, Trouble};
use crate::feeds::Door;
use crate::mqtt::{Message, Outcome};

/// Messages that are worked out, and not yet on the disk.
struct Batch {
    /// One a message; [`Outcome::Unavailable`] until something is certain.
    outcomes: Vec<Outcome>,
    rows: Observations,
    /// Which message each row is of.
    places: Vec<usize>,
    /// The newest row of each observation.
    newest: HashMap<ObservationKey, usize>,
    /// What never gets to the gate.
    tally: Tally,
}

impl Sensing {
    /// Takes messages in their order, and says of each what became of it when that is durable.
    pub async fn take_messages(&self, door: &Door, readers: &Readers, messages: &[Message]) -> Vec<Outcome> {
        let mut batch = Batch::new(messages.len());
        for (place, message) in messages.iter().enumerate() {
            match self.understood(door, readers, message, &batch) {
                Ok(Some(plan)) if plan.changes.is_empty() => batch.add(place, &plan.observations),
                Ok(Some(_)) => {
                    // Entities come with it: for itself, and after what was sent before it.
                    self.keep(door, &mut batch).await;
                    batch.settle(place, self.alone(door, readers, message).await);
                }
                Ok(None) => {
                    batch.tally.duplicate += 1;
                    batch.settle(place, Outcome::Duplicate);
                }
                Err(trouble) => {
                    let outcome = outcome(&trouble);
                    if let Outcome::Refused(reason) = outcome {
                        batch.tally.reject(reason);
                    }
                    batch.settle(place, outcome);
                }
            }
        }
        self.keep(door, &mut batch).await;
        batch.outcomes
    }

    /// What a message would change; nothing at all when its observation is known as it is.
    fn understood(
        &self,
        door: &Door,
        readers: &Readers,
        message: &Message,
        batch: &Batch,
    ) -> Result<Option<Plan>, Trouble> {
        let now = door.clock.now();
        let reader = readers.get()?;
        let (give, scan) = (|datastream| self.give(door, &reader, datastream), |text: &str| scan(door, text));
        let rules = self.rules(now, &give, &scan)?;
        self.with(&reader, "", now, |catalogue, series, _| {
            let plan = write::post(catalogue, &rules, &message.path, &message.payload)?;
            let rows = &plan.observations;
            let is_known = |row: usize| {
                let Some(key) = rows.key(row) else { return false };
                match batch.newest.get(&key) {
                    Some(newest) => same(&batch.rows, *newest, rows, row),
                    None => series.row(&key, None).ok().flatten().is_some_and(|known| {
                        is_same(rows.get(row), &known.observation) && rows.detail(row) == known.detail.as_deref()
                    }),
                }
            };
            let known = plan.changes.is_empty() && !rows.is_empty() && (0..rows.len()).all(is_known);
            Ok((!known).then_some(plan))
        })
    }

    async fn alone(&self, door: &Door, readers: &Readers, message: &Message) -> Outcome {
        let (path, body) = (message.path.as_str(), message.payload.as_slice());
        let written =
            self.write(door, readers, |catalogue, _, rules| Ok((write::post(catalogue, rules, path, body)?, ())));
        match written.await {
            Ok(_) => Outcome::Created,
            Err(trouble) => outcome(&trouble),
        }
    }

    /// Brings what is worked out to the disk, and says of each message what became of it.
    async fn keep(&self, door: &Door, batch: &mut Batch) {
        let rows = std::mem::take(&mut batch.rows);
        let places = std::mem::take(&mut batch.places);
        let tally = std::mem::take(&mut batch.tally);
        batch.newest.clear();
        let kept = self.submit_rows(door, rows, &tally).await;
        match kept {
            Ok(refused) => {
                let mut refused = refused.into_iter().peekable();
                for (row, place) in places.into_iter().enumerate() {
                    let reason = refused.next_if(|(other, _)| *other == row).map(|(_, reason)| reason);
                    batch.settle(place, reason.map_or(Outcome::Created, Outcome::Refused));
                }
            }
            Err(trouble) => {
                let outcome = outcome(&trouble);
                for place in places {
                    batch.settle(place, outcome);
                }
            }
        }
    }

    /// Gives the rows that the gate refused.
    async fn submit_rows(
        &self,
        door: &Door,
        rows: Observations,
        tally: &Tally,
    ) -> Result<Vec<(usize, Reason)>, Trouble> {
        let (feed, now): (_, Time) = (self.rules_feed()?, door.clock.now());
        let mut kept = rows.clone();
        let Sent { admissions, refused } = door.gate.admit_sent(&feed, rows, now)?;
        if admissions.is_empty() {
            if tally.received + tally.duplicate > 0 {
                book_refusal(door, feed, tally, now).await?;
            }
            return Ok(refused);
        }
        let mut receipts = Vec::with_capacity(admissions.len());
        for (index, (feed, admission)) in admissions.into_iter().enumerate() {
            let admission = if index == 0 { admission.counting(tally) } else { admission };
            receipts.push(door.desk.submit(feed, admission).await?);
        }
        let mut known = Observations::default();
        for receipt in receipts {
            known.append(receipt.durable().await?.known);
        }
        kept.retain(|row| refused.binary_search_by_key(&row, |(other, _)| *other).is_err());
        let kept = kept.without(&known);
        if !kept.is_empty() {
            self.tell(Carried { observations: kept, ..Carried::default() });
        }
        Ok(refused)
    }
}

impl Batch {
    fn new(messages: usize) -> Self {
        Self {
            outcomes: vec![Outcome::Unavailable; messages],
            rows: Observations::default(),
            places: Vec::new(),
            newest: HashMap::new(),
            tally: Tally::default(),
        }
    }

    fn settle(&mut self, place: usize, outcome: Outcome) {
        if let Some(settled) = self.outcomes.get_mut(place) {
            *settled = outcome;
        }
    }

    fn add(&mut self, place: usize, rows: &Observations) {
        for row in 0..rows.len() {
            let (Some(observation), Some(key)) = (rows.get(row), rows.key(row)) else { continue };
            self.newest.insert(key, self.rows.len());
            match rows.detail(row) {
                Some(detail) => self.rows.push_detailed(observation, detail.clone()),
                None => self.rows.push(observation),
            }
            self.places.push(place);
        }
    }
}

fn same(left: &Observations, left_row: usize, right: &Observations, right_row: usize) -> bool {
    let equal = right.get(right_row).is_some_and(|right| is_same(left.get(left_row), &right));
    equal && left.detail(left_row) == right.detail(right_row)
}

/// To the bit, as the store compares them.
fn is_same(left: Option<Observation>, right: &Observation) -> bool {
    left.is_some_and(|left| left.result.to_bits() == right.result.to_bits())
}

/// What becomes of a message that could not be carried out. What is the sender's to mend is refused, and what passes
/// is waited for.
fn outcome(trouble: &Trouble) -> Outcome {
    match trouble {
        Trouble::Problem(problem) => match problem.status {
            404 => Outcome::Refused(Reason::UnknownReference),
            500 => Outcome::Unavailable,
            501 => Outcome::Refused(Reason::Unsupported),
            _ => Outcome::Refused(reason_of(problem).unwrap_or(Reason::NotAllowed)),
        },
        Trouble::Gate(_) => Outcome::Refused(Reason::NotAllowed),
        Trouble::Desk(_) | Trouble::Store(_) => Outcome::Unavailable,
    }
}

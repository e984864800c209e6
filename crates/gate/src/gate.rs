//! The door itself.

use std::collections::HashMap;
use std::sync::Arc;

use city::{
    Acknowledgement, Contract, DeskAction, FeedId, FeedKind, Observations, Reason, Record, Time, Timetable,
    TimetableVersion, Unreached,
};

use crate::admission::{Admission, Refusal};
use crate::admitted::Admitted;
use crate::candidate::Candidate;
use crate::check::{self, Door};
use crate::policy::{GateError, Policy};
use crate::scan::HitKind;
use crate::series::KnownSeries;
use crate::shape;
use crate::text::TextRules;

/// A policy, ready to be enforced. Cheap to share, never changes but for the series that it knows; another policy is
/// another gate.
#[derive(Debug)]
pub struct Gate {
    pub(crate) policy: Policy,
    pub(crate) text: TextRules,
    contracts: HashMap<FeedId, Contract>,
    pub(crate) series: KnownSeries,
}

impl Gate {
    /// Checks the policy and takes it. The error names the first thing in it that cannot be enforced.
    pub fn new(policy: Policy) -> Result<Self, GateError> {
        policy.check()?;
        let series = KnownSeries::of(&policy);
        let contracts = policy.contracts.iter().map(|c| (c.feed.clone(), c.clone())).collect();
        Ok(Self { text: TextRules::new(&policy.desks), contracts, series, policy })
    }

    /// The policy that it enforces.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The contract of a feed.
    pub fn contract(&self, feed: &FeedId) -> Result<&Contract, GateError> {
        self.contracts.get(feed).ok_or_else(|| GateError::NoContract(feed.clone()))
    }

    /// The feed whose timetable the trips of `feed` are in; its tables go into [`Gate::admit`].
    pub fn timetable_of(&self, feed: &FeedId) -> Option<&FeedId> {
        self.policy.timetable_of.get(feed)
    }

    /// Judges a batch of a feed at the time `now`. `timetable` is the one in force of [`Gate::timetable_of`]; while a
    /// feed that has one waits for it, its trips are unknown references.
    ///
    /// One broken entity never takes its neighbours along: each is taken or counted under its own reason. An entity
    /// of a kind that the contract is not for is `NotAllowed`. The only error is a feed without a contract.
    pub fn admit(
        &self,
        feed: &FeedId,
        candidates: Vec<Candidate>,
        now: Time,
        timetable: Option<&Timetable>,
    ) -> Result<Admission, GateError> {
        let contract = self.contract(feed)?;
        let mut admission = Admission::empty(now);
        let mut door = Door { gate: self, contract, now, timetable, dropped: 0 };
        let mut observations = Observations::default();
        let series = self.series.read();
        for (index, candidate) in candidates.into_iter().enumerate() {
            let before = door.dropped;
            if let Candidate::Observation(observation) = candidate {
                match check::observation(&door, &series, observation, None) {
                    Ok(observation) => observations.push(observation),
                    Err(refused) => admission.refuse(Refusal { index, reason: refused.reason, hits: refused.hits }),
                }
                continue;
            }
            match check::judge(&mut door, candidate) {
                Ok(record) => admission.take(record),
                Err(refused) => {
                    // Fields of an entity that is refused whole are not counted on their own.
                    door.dropped = before;
                    admission.refuse(Refusal { index, reason: refused.reason, hits: refused.hits });
                }
            }
        }
        admission.take_observations(observations);
        admission.tally.fields_dropped = door.dropped;
        Ok(admission)
    }

    /// A batch with nothing but the note that the feed was asked (`good`: its answer could be read).
    pub fn beat(&self, feed: &FeedId, good: bool, now: Time) -> Result<Admission, GateError> {
        self.contract(feed)?;
        Ok(Admission::empty(now).with_beat(good))
    }

    /// Notes calls that did not reach their roles. Those that do not look like calls of this city are left out.
    ///
    /// # Errors
    /// When the feed has no contract, or is not the control room's.
    pub fn admit_unreached(&self, feed: &FeedId, calls: Vec<Unreached>, now: Time) -> Result<Admission, GateError> {
        if self.contract(feed)?.kind != FeedKind::ControlRoom {
            return Err(GateError::WrongKind { feed: feed.clone(), what: "what became of calls" });
        }
        let looks_right = |call: &Unreached| check::desk::unreached(self, call);
        Ok(Admission::empty(now).with_unreached(calls.into_iter().filter(looks_right)))
    }

    /// Judges a whole timetable: the names in it go through the scan, its ids must look like ids. A trip or stop with
    /// a bad id makes the whole of it unusable, and the last good one stays.
    pub fn admit_timetable(
        &self,
        feed: &FeedId,
        timetable: Timetable,
        sha256: &str,
        now: Time,
    ) -> Result<Admission, GateError> {
        let contract = self.contract(feed)?;
        if contract.kind != FeedKind::Gtfs {
            return Err(GateError::WrongKind { feed: feed.clone(), what: "a timetable" });
        }
        if !shape::is_sha256(sha256) {
            return Err(GateError::BadHash(feed.clone()));
        }
        let mut admission = Admission::empty(now);
        let mut door = Door { gate: self, contract, now, timetable: None, dropped: 0 };
        match check::timetable(&mut door, timetable)? {
            Ok(tables) => {
                let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                let (trips, stops) = (count(tables.trips.len()), count(tables.stops.len()));
                admission.take(Record::Timetable(TimetableVersion { sha256: sha256.to_owned(), trips, stops }));
                admission.timetable = Some(Admitted::new(Arc::new(tables)));
                admission.tally.fields_dropped = door.dropped;
            }
            Err(refused) => admission.refuse(Refusal { index: 0, reason: refused.reason, hits: refused.hits }),
        }
        Ok(admission)
    }

    /// Judges one acknowledgement, for the HTTP answer: the reason and what the scan found on refusal. The caller
    /// counts the refusal with [`Gate::admit`] when it goes through the batch door instead.
    pub fn judge_acknowledgement(&self, acknowledgement: &Acknowledgement) -> Result<(), (Reason, Vec<HitKind>)> {
        check::desk::acknowledgement(self, acknowledgement).map_err(|refused| (refused.reason, refused.hits))
    }

    /// Judges one action of a role, as [`Gate::judge_acknowledgement`].
    pub fn judge_action(&self, action: &DeskAction, now: Time) -> Result<(), (Reason, Vec<HitKind>)> {
        check::desk::action(self, action, now).map_err(|refused| (refused.reason, refused.hits))
    }

    /// What the scan finds in a line of text; empty when it may be kept.
    pub fn scan(&self, text: &str) -> Vec<HitKind> {
        self.text.hits(text)
    }
}

//! What a contract no longer allows to be kept, and when it is taken away.

use std::collections::BTreeMap;

use city::thing::Keeps;
use city::{Contract, Datastream, DatastreamId, FeedId, ObservedProperty, Span, Time};
use rusqlite::Connection;

use crate::error::StoreError;
use crate::retiring::Retiring;
use crate::store::Store;

/// How long a resolved alert and its history are kept: a whole year to look back on, and a month to write about it.
pub const ALERTS_KEPT: Span = Span::h(24 * 400);

/// What one run took away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Journal rows.
    pub journal_rows: u64,
    /// Points of series.
    pub points: u64,
    /// Other rows: warnings, service alerts and requests that are known, old timetables, resolved alerts.
    pub other_rows: u64,
    /// Feeds in the journal that no contract names any more. Nothing of them was touched: a slip in a text file must
    /// not delete a history; `townbell doctor` tells of them.
    pub orphans: Vec<FeedId>,
    /// Whether the WAL could be emptied too; false while a reader was in the way, and the next run tries again.
    pub wal_emptied: bool,
}

/// How long what is of a series is kept, by when it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesRetention {
    /// The series.
    pub datastream: DatastreamId,
    /// Single values.
    pub raw: Span,
    /// After them the figures of each hour (count, smallest, largest, mean), counted from the hour on; `None`: nothing
    /// is left of them.
    pub hourly: Option<Span>,
}

impl SeriesRetention {
    /// What contracts and observed properties say of these series: the contract of its feed is the outer bound of
    /// each. A series whose feed has no contract is left alone.
    pub fn of(datastreams: &[Datastream], contracts: &[Contract], properties: &[ObservedProperty]) -> Vec<Self> {
        let bounds: BTreeMap<&FeedId, Span> = contracts.iter().map(|c| (&c.feed, c.retention)).collect();
        let keeps: BTreeMap<_, Keeps> = properties.iter().filter_map(|p| Some((&p.id, p.keeps?))).collect();
        let one = |datastream: &Datastream| {
            let bound = *bounds.get(&datastream.feed)?;
            let keeps = keeps.get(&datastream.observed_property);
            let raw = keeps.map_or(bound, |keeps| keeps.raw.min(bound));
            let hourly = keeps.and_then(|keeps| keeps.hourly).map(|hourly| hourly.min(bound));
            Some(Self { datastream: datastream.id, raw, hourly: hourly.filter(|hourly| *hourly > raw) })
        };
        datastreams.iter().filter_map(one).collect()
    }
}

impl Store {
    /// Deletes at `now` what is older than its feed's contract allows: journal rows and what is derived from them by
    /// when they were received, points of series by when they were observed. Deleted bytes are overwritten
    /// (`secure_delete`) and the WAL is emptied, so that they are in no file of the store afterwards. Accounts are
    /// counts and stay.
    ///
    /// All at once, and so for tests and small stores; [`Store::begin_retention`] does the same in short steps.
    pub fn apply_retention(
        &mut self,
        now: Time,
        contracts: &[Contract],
        series: &[SeriesRetention],
    ) -> Result<Retired, StoreError> {
        // What is expired may be in memory and in bodies too: afterwards it is in chunks alone.
        self.seal(now)?;
        let mut retiring = self.retiring(now, contracts, series)?;
        loop {
            match self.when_there_is_room(|store| retiring.step(store))? {
                Some(true) => {}
                Some(false) => break,
                // On a full disk there may be no room even to take away; the next run will.
                None => return Ok(Retired::default()),
            }
        }
        while self.give_back(0)? {}
        let wal_emptied = self.checkpoint()?;
        Ok(Retired { wal_emptied, ..retiring.retired })
    }

    /// The same in short steps, which [`Store::plan_seal`] takes from now on: first everything that came until now is
    /// sealed, by plans as ever. The log is emptied within some minutes after the last step. Does nothing while an
    /// earlier one is under way.
    pub fn begin_retention(
        &mut self,
        now: Time,
        contracts: &[Contract],
        series: &[SeriesRetention],
    ) -> Result<(), StoreError> {
        if self.retiring.is_none() {
            self.retiring = Some(self.retiring(now, contracts, series)?);
        }
        Ok(())
    }

    fn retiring(&self, now: Time, contracts: &[Contract], series: &[SeriesRetention]) -> Result<Retiring, StoreError> {
        let retired = Retired { orphans: orphans(&self.read.connection, contracts)?, ..Retired::default() };
        Ok(Retiring::new(now, self.seq.0, contracts, series, retired))
    }

    /// Whether everything has to be sealed before the next step can be taken.
    pub(crate) fn must_seal_to_retire(&self) -> bool {
        self.retiring.as_ref().is_some_and(|retiring| retiring.waits_for_seal(self.sealing.sealed))
    }

    /// Takes the next step of a retention that was begun. False when there is none, or it waits for a seal.
    pub(crate) fn retire_some(&mut self) -> Result<bool, StoreError> {
        // A slice that is being worked out would be made wrong.
        if self.sealing.is_out() || self.must_seal_to_retire() {
            return Ok(false);
        }
        let Some(mut retiring) = self.retiring.take() else { return Ok(false) };
        let done = self.when_there_is_room(|store| retiring.step(store))?;
        self.checkpoint_if_long()?;
        match done {
            Some(true) => self.retiring = Some(retiring),
            Some(false) => _ = self.sealing.erased.get_or_insert(retiring.now),
            None => return Ok(false),
        }
        Ok(true)
    }
}

fn orphans(connection: &Connection, contracts: &[Contract]) -> Result<Vec<FeedId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT feed FROM feed_account ORDER BY feed")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let feed = FeedId::new(&row.get::<_, String>(0)?);
        if !contracts.iter().any(|contract| contract.feed == feed) {
            found.push(feed);
        }
    }
    Ok(found)
}

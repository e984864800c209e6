//! Taking away what a contract no longer allows to be kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use city::thing::Keeps;
use city::{Contract, Datastream, DatastreamId, FeedId, ObservedProperty, Span, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::blocks;
use crate::codec::signed;
use crate::error::StoreError;
use crate::journal;
use crate::series;
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
    /// Other rows: warnings and service alerts that are known, old timetables, resolved alerts.
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
    pub fn apply_retention(
        &mut self,
        now: Time,
        contracts: &[Contract],
        series: &[SeriesRetention],
    ) -> Result<Retired, StoreError> {
        // What is expired may be in memory and in bodies too: afterwards it is in chunks alone.
        self.seal(now)?;
        let retired = self.when_there_is_room(|store| {
            let Store { read, segments, sealing, intake, .. } = store;
            let heads = Arc::clone(&read.heads);
            let transaction = read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut retired = Retired { orphans: orphans(&transaction, contracts)?, ..Retired::default() };
            for contract in contracts {
                retire_feed(&transaction, &contract.feed, (now - contract.retention).ms(), &mut retired)?;
            }
            let mut cut = Vec::new();
            for SeriesRetention { datastream, raw, hourly } in series {
                // Whole hours only, so that none is left in halves.
                let cutoff = (now - *raw).floor(Span::h(i64::from(hourly.is_some())));
                let points =
                    series::expire(&transaction, segments, &heads, *datastream, cutoff.ms(), hourly.is_some())?;
                let hours = hourly.map_or(cutoff, |hourly| now - hourly);
                series::expire_hours(&transaction, *datastream, hours.ms())?;
                retired.points += points;
                cut.extend((points > 0).then_some(*datastream));
            }
            let text = "DELETE FROM alert WHERE state = 'resolved' AND resolved_ms < ?1";
            retired.other_rows += transaction.prepare_cached(text)?.execute([(now - ALERTS_KEPT).ms()])? as u64;
            transaction.commit()?;
            intake.forget_chunk();
            sealing.age += 1;
            heads.write().moves += 1;
            for datastream in cut {
                series::recount(&read.connection, &heads, datastream)?;
            }
            Ok(retired)
        })?;
        // On a full disk there may be no room even to take away; the next run will.
        let Some(mut retired) = retired else { return Ok(Retired::default()) };
        while self.give_back(0)? {}
        retired.wal_emptied = self.checkpoint()?;
        Ok(retired)
    }
}

fn retire_feed(
    connection: &Connection,
    feed: &FeedId,
    cutoff_ms: i64,
    retired: &mut Retired,
) -> Result<(), StoreError> {
    // Received times never fall, so what expired is before this row: no index is needed.
    let first = journal::first_received(connection, cutoff_ms)?;
    let seq = signed(first);
    retired.journal_rows += blocks::retire(connection, feed, first)?;
    let text = "DELETE FROM journal WHERE seq < ?2 AND feed = ?1";
    retired.journal_rows += connection.prepare_cached(text)?.execute(params![feed.as_str(), seq])? as u64;
    let run = |text: &str| -> Result<u64, StoreError> {
        Ok(connection.prepare_cached(text)?.execute(params![feed.as_str(), cutoff_ms])? as u64)
    };
    retired.other_rows += run("DELETE FROM warning_seen WHERE received_ms < ?2 AND feed = ?1")?;
    retired.other_rows += run("DELETE FROM service_alert_seen WHERE received_ms < ?2 AND feed = ?1")?;
    // The timetable in force stays, however old: the last good one is what the city runs by.
    retired.other_rows += run("DELETE FROM timetable WHERE feed = ?1 AND received_ms < ?2 AND rowid <> \
                               (SELECT rowid FROM timetable WHERE feed = ?1 ORDER BY received_ms DESC, rowid DESC LIMIT 1)")?;
    Ok(())
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

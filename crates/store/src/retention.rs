//! Taking away what a contract no longer allows to be kept.

use std::collections::BTreeMap;

use city::{Contract, Datastream, DatastreamId, FeedId, Span, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::error::StoreError;
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

impl Store {
    /// Deletes at `now` what is older than its feed's contract allows: journal rows and what is derived from them by
    /// when they were received, points of series by when they were observed. Deleted bytes are overwritten
    /// (`secure_delete`) and the WAL is emptied, so that they are in no file of the store afterwards. Accounts are
    /// counts and stay.
    pub fn apply_retention(
        &mut self,
        now: Time,
        contracts: &[Contract],
        datastreams: &[Datastream],
    ) -> Result<Retired, StoreError> {
        let mut retired = self.write(|store| {
            let connection = &mut store.read.connection;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut retired = Retired { orphans: orphans(&transaction, contracts)?, ..Retired::default() };
            for contract in contracts {
                retire_feed(&transaction, &contract.feed, (now - contract.retention).ms(), &mut retired)?;
            }
            let kept: BTreeMap<&FeedId, Span> = contracts.iter().map(|c| (&c.feed, c.retention)).collect();
            let feeds = datastreams.iter().filter_map(|d| Some((d.id, *kept.get(&d.feed)?)));
            for (datastream, retention) in feeds.collect::<Vec<(DatastreamId, Span)>>() {
                retired.points += series::trim(&transaction, datastream, (now - retention).ms())?;
            }
            let text = "DELETE FROM alert WHERE state = 'resolved' AND resolved_ms < ?1";
            retired.other_rows += transaction.prepare_cached(text)?.execute([(now - ALERTS_KEPT).ms()])? as u64;
            transaction.commit()?;
            store.series.forget_chunk();
            Ok(retired)
        })?;
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
    let run = |text: &str| -> Result<u64, StoreError> {
        Ok(connection.prepare_cached(text)?.execute(params![feed.as_str(), cutoff_ms])? as u64)
    };
    retired.journal_rows += run("DELETE FROM journal WHERE received_ms < ?2 AND feed = ?1")?;
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

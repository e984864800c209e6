//! The account of each feed, written with the batch that it counts.

use std::collections::BTreeMap;

use city::{FeedId, Reason, Record, Tally, Time};
use rusqlite::{Connection, params};

use crate::codec::{signed, unsigned};
use crate::error::StoreError;
use crate::reader::Reader;

/// What became of everything that a feed ever sent, and when it was last heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedAccount {
    /// Its whole account; it balances.
    pub tally: Tally,
    /// Last time that it was asked, or sent something.
    pub last_asked: Option<Time>,
    /// Last time that an answer of it could be read.
    pub last_good: Option<Time>,
    /// Newest event time in what was kept of it.
    pub newest: Option<Time>,
}

/// What the batches of one feed in one group add.
#[derive(Debug, Default)]
pub(crate) struct Added {
    pub(crate) tally: Tally,
    pub(crate) good: bool,
    pub(crate) newest_ms: Option<i64>,
}

/// Adds it, with where the journal ends now.
pub(crate) fn add(
    connection: &Connection,
    feed: &FeedId,
    added: &Added,
    seq: u64,
    received_ms: i64,
) -> Result<(), StoreError> {
    let text = "INSERT INTO feed_account \
                  (feed, received, stored, duplicate, fields_dropped, asked_ms, good_ms, newest_ms, seq, received_ms) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?6) \
                ON CONFLICT (feed) DO UPDATE SET seq = excluded.seq, received_ms = excluded.received_ms, \
                  received = received + excluded.received, stored = stored + excluded.stored, \
                  duplicate = duplicate + excluded.duplicate, \
                  fields_dropped = fields_dropped + excluded.fields_dropped, \
                  asked_ms = excluded.asked_ms, good_ms = coalesce(excluded.good_ms, good_ms), \
                  newest_ms = max(coalesce(newest_ms, excluded.newest_ms), coalesce(excluded.newest_ms, newest_ms))";
    let tally = &added.tally;
    connection.prepare_cached(text)?.execute(params![
        feed.as_str(),
        signed(tally.received),
        signed(tally.stored),
        signed(tally.duplicate),
        signed(tally.fields_dropped),
        received_ms,
        added.good.then_some(received_ms),
        added.newest_ms,
        signed(seq),
    ])?;
    for (reason, count) in &tally.rejected {
        let text = "INSERT INTO feed_rejection (feed, reason, count) VALUES (?1, ?2, ?3) \
                    ON CONFLICT (feed, reason) DO UPDATE SET count = count + excluded.count";
        connection.prepare_cached(text)?.execute(params![feed.as_str(), reason.name(), signed(*count)])?;
    }
    Ok(())
}

/// When the thing that a record tells of happened; `None` for what has no time of its own.
pub(crate) fn event_time(record: &Record) -> Option<Time> {
    match record {
        Record::Observations(rows) => rows.newest(),
        Record::VehiclePosition(position) => Some(position.time),
        Record::TripUpdate(update) => Some(update.time),
        Record::Warning(warning) => Some(warning.sent),
        Record::ServiceRequest(request) => Some(request.hour),
        Record::ServiceAlert(_)
        | Record::Timetable(_)
        | Record::FeedBeat(_)
        | Record::RequestsCut(_)
        | Record::Unreached(_)
        | Record::Acknowledgement(_)
        | Record::DeskAction(_)
        | Record::Entities(_)
        | Record::Erasure(_) => None,
    }
}

/// Where the journal ends: the last row ever written, and the latest time of receipt.
pub(crate) fn journal_end(connection: &Connection) -> Result<(u64, i64), StoreError> {
    let text = "SELECT coalesce(max(seq), 0), coalesce(max(received_ms), 0) FROM feed_account";
    let end = connection.prepare_cached(text)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
    let (seq, received_ms): (i64, i64) = end?;
    Ok((unsigned(seq), received_ms))
}

impl Reader {
    /// The account of every feed that was ever heard.
    pub fn accounts(&self) -> Result<BTreeMap<FeedId, FeedAccount>, StoreError> {
        let mut accounts = BTreeMap::new();
        let text = "SELECT feed, received, stored, duplicate, fields_dropped, asked_ms, good_ms, newest_ms \
                    FROM feed_account";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let feed: String = row.get(0)?;
            let tally = Tally {
                received: unsigned(row.get(1)?),
                stored: unsigned(row.get(2)?),
                duplicate: unsigned(row.get(3)?),
                fields_dropped: unsigned(row.get(4)?),
                rejected: BTreeMap::new(),
            };
            let time = |ms: Option<i64>| ms.and_then(Time::from_ms);
            let account = FeedAccount {
                tally,
                last_asked: time(row.get(5)?),
                last_good: time(row.get(6)?),
                newest: time(row.get(7)?),
            };
            accounts.insert(FeedId::new(&feed), account);
        }
        let mut statement = self.connection.prepare_cached("SELECT feed, reason, count FROM feed_rejection")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (feed, name): (String, String) = (row.get(0)?, row.get(1)?);
            let reason = Reason::ALL.into_iter().find(|reason| reason.name() == name).ok_or_else(|| {
                StoreError::Damaged { what: format!("account of {feed}"), why: format!("no such reason as {name}") }
            })?;
            let account = accounts.entry(FeedId::new(&feed)).or_default();
            account.tally.rejected.insert(reason, unsigned(row.get(2)?));
        }
        Ok(accounts)
    }
}

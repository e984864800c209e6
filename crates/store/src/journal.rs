//! Reading the journal, in its own order.

use city::record::Entry;
use city::{FeedId, Record, Seq, Time};
use rusqlite::{Row, params};

use crate::codec::{decode, signed, time, unsigned};
use crate::error::StoreError;
use crate::reader::Reader;

/// One batch as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// Its place.
    pub seq: Seq,
    /// When it was received.
    pub received: Time,
    /// Who sent it.
    pub feed: FeedId,
    /// What was new in it, in the order in which it came.
    pub records: Vec<Record>,
}

impl JournalRow {
    /// Its records one by one, each with what the journal knows about it.
    pub fn entries(self) -> impl Iterator<Item = Entry> {
        let Self { received, feed, records, .. } = self;
        records.into_iter().map(move |record| Entry { feed: feed.clone(), received, record })
    }
}

const COLUMNS: &str = "SELECT seq, received_ms, feed, body FROM journal";

impl Reader {
    /// At most `limit` batches after `seq` (`Seq(0)`: from the beginning), in order.
    pub fn journal_after(&self, seq: Seq, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{COLUMNS} WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
        let mut rows = statement.query(params![signed(seq.0), signed(limit as u64)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(journal_row(row)?);
        }
        Ok(found)
    }

    /// Every batch received from `from` (included) to `to` (not included), in order, one at a time: a day does not
    /// have to fit into memory. Stops with the first error of `each`.
    pub fn journal_between<E: From<StoreError>>(
        &self,
        from: Time,
        to: Time,
        mut each: impl FnMut(JournalRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut each_row = |row: &Row<'_>| each(journal_row(row)?);
        let text = format!("{COLUMNS} WHERE received_ms >= ?1 AND received_ms < ?2 ORDER BY seq");
        let mut statement = self.connection.prepare_cached(&text).map_err(StoreError::from)?;
        let mut rows = statement.query(params![from.ms(), to.ms()]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each_row(row)?;
        }
        Ok(())
    }

    /// Every batch of one feed received at `from` or later, in order. For feeds with few batches: all of them are
    /// held at once.
    pub fn journal_of(&self, feed: &FeedId, from: Time) -> Result<Vec<JournalRow>, StoreError> {
        let text = format!("{COLUMNS} WHERE feed = ?1 AND received_ms >= ?2 AND kind <> 'feed_beat' ORDER BY seq");
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut rows = statement.query(params![feed.as_str(), from.ms()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(journal_row(row)?);
        }
        Ok(found)
    }

    /// Every batch received at `from_ms` or later.
    pub(crate) fn each_since(&self, from_ms: i64, mut each: impl FnMut(JournalRow)) -> Result<(), StoreError> {
        let text = format!("{COLUMNS} WHERE received_ms >= ?1 ORDER BY seq");
        let mut statement = self.connection.prepare(&text)?;
        let mut rows = statement.query([from_ms])?;
        while let Some(row) = rows.next()? {
            each(journal_row(row)?);
        }
        Ok(())
    }

    /// The place and time of the last batch ever received, retention or not; `None` before the first.
    pub fn last_received(&self) -> Result<Option<(Seq, Time)>, StoreError> {
        let text = "SELECT seq, received_ms FROM journal_head WHERE seq > 0";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((Seq(unsigned(row.get(0)?)), time(|| "journal_head".to_owned(), row.get(1)?)?)))
    }
}

fn journal_row(row: &Row<'_>) -> Result<JournalRow, StoreError> {
    let seq = unsigned(row.get(0)?);
    let what = || format!("journal entry {seq}");
    let feed = FeedId::new(row.get_ref(2)?.as_str().map_err(|_| damaged(&what(), "its feed is no text"))?);
    let body = row.get_ref(3)?.as_blob().map_err(|_| damaged(&what(), "its body is no blob"))?;
    Ok(JournalRow { seq: Seq(seq), received: time(what, row.get(1)?)?, feed, records: decode(what, body)? })
}

fn damaged(what: &str, why: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), why: why.to_owned() }
}

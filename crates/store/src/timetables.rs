//! Compiled timetables: written with the record that brought them into force, read back at start.

use city::{FeedId, Time, Timetable};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use crate::codec::{decode, encode, time};
use crate::error::StoreError;
use crate::reader::Reader;

/// A timetable as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTimetable {
    /// SHA-256 of the zip that it was compiled from.
    pub sha256: String,
    /// When it came into force.
    pub received: Time,
    /// The tables, indexed.
    pub tables: Timetable,
}

pub(crate) fn save(
    connection: &Connection,
    feed: &FeedId,
    sha256: &str,
    tables: &Timetable,
    received_ms: i64,
) -> Result<(), StoreError> {
    // Delete first, so that a timetable that comes back gets the newest rowid too.
    connection
        .prepare_cached("DELETE FROM timetable WHERE feed = ?1 AND sha256 = ?2")?
        .execute(params![feed.as_str(), sha256])?;
    connection
        .prepare_cached("INSERT INTO timetable (feed, sha256, received_ms, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![feed.as_str(), sha256, received_ms, encode("timetable", tables)?])?;
    Ok(())
}

impl Reader {
    /// The timetable in force of a feed: the newest good one; `None` before the first.
    pub fn timetable(&self, feed: &FeedId) -> Result<Option<StoredTimetable>, StoreError> {
        self.newest_timetable(feed, "", params![feed.as_str()])
    }

    /// The timetable of a feed that was in force at an instant; `None` before the first.
    pub fn timetable_at(&self, feed: &FeedId, at: Time) -> Result<Option<StoredTimetable>, StoreError> {
        self.newest_timetable(feed, "AND received_ms <= ?2", params![feed.as_str(), at.ms()])
    }

    /// The timetable that a [`city::TimetableVersion`] of the journal brought; `None` when it is no longer kept.
    pub fn timetable_version(&self, feed: &FeedId, sha256: &str) -> Result<Option<StoredTimetable>, StoreError> {
        self.newest_timetable(feed, "AND sha256 = ?2", params![feed.as_str(), sha256])
    }

    fn newest_timetable(
        &self,
        feed: &FeedId,
        only: &str,
        values: &[&dyn ToSql],
    ) -> Result<Option<StoredTimetable>, StoreError> {
        let text = format!(
            "SELECT sha256, received_ms, body FROM timetable WHERE feed = ?1 {only} \
             ORDER BY received_ms DESC, rowid DESC LIMIT 1"
        );
        let row: Option<(String, i64, Vec<u8>)> = self
            .connection
            .prepare_cached(&text)?
            .query_row(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((sha256, received_ms, body)) = row else { return Ok(None) };
        let what = || format!("timetable of {feed}");
        let mut tables: Timetable = decode(what, &body)?;
        tables.index();
        Ok(Some(StoredTimetable { sha256, received: time(what, received_ms)?, tables }))
    }
}

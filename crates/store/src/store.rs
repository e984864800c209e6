//! The one writer's side of the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use city::{Seq, Time};
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::recent::Recent;
use crate::schema;
use crate::series::Series;

/// Prepared statements kept ready; the store has fewer than this.
pub(crate) const STATEMENTS_KEPT: usize = 96;
/// How long a statement waits for another process that holds the file (a backup, `townbell doctor`).
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(5);

/// The store of one city. Exactly one of these may be open on a file; reading goes through [`Reader`]s besides.
#[derive(Debug)]
pub struct Store {
    pub(crate) read: Reader,
    pub(crate) path: PathBuf,
    pub(crate) seq: Seq,
    /// Nothing is received before this: the last entry, or the last tick of the clock after it.
    pub(crate) floor_ms: i64,
    pub(crate) recent: Recent,
    pub(crate) series: Series,
    pub(crate) failed: bool,
}

impl Store {
    /// Opens or makes the store at `path` and brings it to this program's schema. What is needed in memory (what
    /// runs and series were last seen) is rebuilt from the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<Connection, rusqlite::Error> {
            let connection = Connection::open_with_flags(path, flags)?;
            prepare(&connection)?;
            Ok(connection)
        };
        let mut connection = open().map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        schema::migrate(&mut connection)?;
        Self::from_connection(connection, path.to_owned())
    }

    fn from_connection(connection: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let (seq, floor_ms) = connection
            .query_row("SELECT seq, received_ms FROM journal_head", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let read = Reader { connection };
        let recent = Recent::rebuild(&read, floor_ms)?;
        let series = Series::rebuild(&read.connection)?;
        let seq = Seq(crate::codec::unsigned(seq));
        Ok(Self { read, path, seq, floor_ms, recent, series, failed: false })
    }

    /// Reads what is committed, on the writer's own connection.
    pub fn read(&self) -> &Reader {
        &self.read
    }

    /// Another connection, read-only, for a handler's thread.
    pub fn reader(path: &Path) -> Result<Reader, StoreError> {
        Reader::open(path)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last entry of the journal; 0 before the first.
    pub fn last_seq(&self) -> Seq {
        self.seq
    }

    /// The clock passed `now`: nothing is received before it any more. So a tick that the watch has run stays before
    /// every later entry, and a second run over the journal sees the same order.
    pub fn tick(&mut self, now: Time) {
        self.floor_ms = self.floor_ms.max(now.ms());
    }

    /// Runs a write. An error in it makes the store refuse everything after: what is in memory may no longer be what
    /// is on the disk.
    pub(crate) fn write<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let result = step(self);
        self.failed = result.is_err();
        result
    }

    /// Whether a write failed; the program has to start anew.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Writes all of the WAL into the file and empties it. False when a reader was in the way; feeds do not wait for
    /// one that is slow.
    pub fn checkpoint(&mut self) -> Result<bool, StoreError> {
        self.write(|store| {
            let connection = &store.read.connection;
            connection.busy_timeout(Duration::ZERO)?;
            let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            connection.busy_timeout(BUSY_WAIT)?;
            Ok(busy == 0)
        })
    }
}

/// Settings of the writing connection.
fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Deleted means overwritten: what retention takes away must not stay in free pages.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        tracing::warn!(mode, "the store's file system has no shared memory; readers will wait for the writer");
    }
    // Acknowledged means on the disk: every commit syncs the WAL.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use city::{FeedId, Time};
    use gate::{Gate, Policy};

    use super::*;
    use crate::{Batch, StoreError};

    fn policy() -> Policy {
        let contract = city::Contract {
            feed: FeedId::new("control-room"),
            name: "Control room".to_owned(),
            kind: city::FeedKind::ControlRoom,
            owner: "Town".to_owned(),
            licence: String::new(),
            purpose: "tests".to_owned(),
            beat: city::Span::h(1),
            retention: city::Span::h(1),
            caveat: None,
        };
        Policy {
            contracts: vec![contract],
            observed_properties: Vec::new(),
            datastreams: Vec::new(),
            bounds: city::BoundingBox { west: -1.0, south: -1.0, east: 1.0, north: 1.0 },
            depots: Vec::new(),
            roles: vec!["duty_officer".to_owned()],
            timetable_of: std::collections::BTreeMap::new(),
            timezone: "UTC".to_owned(),
            desks: Vec::new(),
        }
    }

    fn beats(gate: &Gate, count: usize) -> Vec<Batch> {
        let now = Time::from_s(1_714_446_000).expect("a time");
        let feed = FeedId::new("control-room");
        let beat = || gate.beat(&feed, true, now).expect("a contract");
        (0..count).map(|_| Batch::new(feed.clone(), beat()).expect("a whole batch")).collect()
    }

    #[test]
    fn a_full_disk_is_told_nothing_of_the_group_stays_and_nothing_more_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("town.db");
        let gate = Gate::new(policy()).expect("a policy");
        let mut store = Store::open(&path).expect("a store");
        store.commit(beats(&gate, 3)).expect("room");
        let pages: i64 = store.read.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a count");
        store.read.connection.pragma_update(None, "max_page_count", pages + 2).expect("a limit");
        let error = store.commit(beats(&gate, 2000)).expect_err("no room");
        assert!(matches!(error, StoreError::Disk(_)), "{error}");
        assert!(store.has_failed());
        assert!(matches!(store.commit(beats(&gate, 1)), Err(StoreError::Failed)), "not even what would fit");
        assert!(matches!(store.seal(Time::default()), Err(StoreError::Failed)));
        drop(store);
        let mut store = Store::open(&path).expect("the file is whole");
        assert_eq!(store.last_seq().0, 3);
        assert_eq!(store.commit(beats(&gate, 1)).expect("room again").first().and_then(|c| c.seq), Some(city::Seq(4)));
    }

    #[test]
    fn the_settings_that_the_promises_rest_on_are_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("town.db")).expect("a store");
        let setting = |name: &str| -> String {
            let value = store
                .read
                .connection
                .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", value.expect("a setting"))
        };
        assert_eq!(setting("journal_mode"), "Text(\"wal\")");
        assert_eq!(setting("synchronous"), "Integer(2)", "FULL");
        for on in ["secure_delete", "foreign_keys"] {
            assert_eq!(setting(on), "Integer(1)", "{on}");
        }
        assert_eq!(setting("trusted_schema"), "Integer(0)");
    }
}

//! The one writer's side of the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use city::{DatastreamId, Record, Seq, Time};
use rusqlite::{Connection, OpenFlags};

use crate::account;
use crate::error::StoreError;
use crate::journal::JournalRow;
use crate::log::Log;
use crate::reader::{Reader, Readers};
use crate::recent::Recent;
use crate::retiring::Retiring;
use crate::room::Room;
use crate::schema;
use crate::series::{self, Intake, Loaded, Sealing, Segments};

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
    pub(crate) intake: Intake,
    pub(crate) segments: Segments,
    pub(crate) sealing: Sealing,
    pub(crate) retiring: Option<Retiring>,
    pub(crate) room: Room,
    pub(crate) log: Log,
    /// Notifications written since it was opened.
    pub(crate) notified: u64,
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
        let (seq, floor_ms) = account::journal_end(&connection)?;
        let Loaded { heads, intake, segments, sealing } = series::load(&connection)?;
        heads.write().seq = seq;
        let read = Reader { connection, heads };
        let recent = Recent::rebuild(&read, floor_ms)?;
        // What was in it before the start is not known.
        let (room, log) = (Room::beside(&path), Log::unknown());
        Ok(Self {
            read,
            path,
            seq: Seq(seq),
            floor_ms,
            recent,
            intake,
            segments,
            sealing,
            retiring: None,
            room,
            log,
            notified: 0,
            failed: false,
        })
    }

    /// Reads what is committed, on the writer's own connection.
    pub fn read(&self) -> &Reader {
        &self.read
    }

    /// Readers for handlers' threads; they share what this store has in memory.
    pub fn readers(&self) -> Readers {
        Readers::new(&self.path, &self.read.heads)
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

    /// Puts what was committed into memory.
    pub(crate) fn publish(&mut self, rows: &[JournalRow], corrections: &[DatastreamId]) -> Result<(), StoreError> {
        let heads = &self.read.heads;
        for row in rows {
            for record in &row.records {
                match record {
                    Record::Observations(observations) => {
                        heads.write().append(observations, row.seq.0, row.received.ms());
                        self.sealing.waiting_since.get_or_insert(row.received);
                        self.sealing.unsealed += observations.len();
                    }
                    Record::Erasure(erasure) => {
                        self.sealing.age += 1;
                        self.sealing.erased.get_or_insert(row.received);
                        self.intake.forget_chunk();
                        series::forget(&self.read.connection, heads, erasure)?;
                    }
                    _ => {}
                }
            }
        }
        let mut all = heads.write();
        all.corrected(corrections);
        all.seq = self.seq.0;
        drop(all);
        for row in rows {
            for record in &row.records {
                if let Record::Erasure(erasure) = record {
                    series::recount(&self.read.connection, heads, erasure.datastream)?;
                }
            }
        }
        Ok(())
    }

    /// Runs a write. An error in it makes the store refuse everything after: what is in memory may no longer be what
    /// is on the disk.
    pub(crate) fn write<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let result = step(self);
        match &result {
            Ok(_) => {}
            // The transaction was taken back; memory has to follow.
            Err(StoreError::Full) => self.failed = self.take_back().is_err(),
            Err(_) => self.failed = true,
        }
        result
    }

    /// Whether a write failed; the program has to start anew.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Writes all of the WAL into the file and empties it. False when a reader was in the way; feeds do not wait for
    /// one that is slow.
    pub fn checkpoint(&mut self) -> Result<bool, StoreError> {
        let done = self.when_there_is_room(|store| {
            let connection = &store.read.connection;
            connection.busy_timeout(Duration::ZERO)?;
            let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            connection.busy_timeout(BUSY_WAIT)?;
            // With a reader in the way it is in the file all the same, and tried again when it has grown.
            store.log.brought_in(busy == 0);
            Ok(busy == 0)
        });
        Ok(done?.unwrap_or(false))
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
    // Before the first table is made: pages that are freed can be given back.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    write_ahead(connection)?;
    // See `log`: SQLite's own checkpoint would hide an error.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Acknowledged means on the disk: every commit syncs the WAL.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

/// Puts the file into WAL mode, or fails: what a commit promises in another mode is less, as a journal that was removed
/// may come back after a power cut.
fn write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = statement.query([])?;
    // To the end: SQLite gives the mode as a row first, and then makes the change and says whether the disk took it.
    while let Some(row) = rows.next()? {
        let mode: String = row.get(0)?;
        if !mode.eq_ignore_ascii_case("wal") {
            let why = format!("the journal mode is {mode}, not wal: its file system has no shared memory");
            let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
            return Err(rusqlite::Error::SqliteFailure(error, Some(why)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use city::{FeedId, Time};
    use gate::{Gate, Policy};

    use super::*;
    use crate::{Batch, StoreError};

    fn policy() -> Policy {
        let contract = |name: &str, kind| city::Contract {
            feed: FeedId::new(name),
            name: "Control room".to_owned(),
            kind,
            owner: "Town".to_owned(),
            licence: String::new(),
            purpose: "tests".to_owned(),
            beat: city::Span::h(1),
            retention: city::Span::h(1),
            caveat: None,
        };
        Policy {
            contracts: vec![
                contract("control-room", city::FeedKind::ControlRoom),
                contract("water", city::FeedKind::SensorThings),
            ],
            observed_properties: vec![city::ObservedProperty {
                id: "water_level".into(),
                name: "Water level".to_owned(),
                definition: String::new(),
                description: String::new(),
                unit_name: "metre".to_owned(),
                unit_symbol: "m".to_owned(),
                min: -1.0,
                max: 1.0,
                categories: Vec::new(),
                declares: Vec::new(),
                keeps: None,
            }],
            datastreams: vec![city::Datastream {
                id: DatastreamId(1),
                name: "Level".to_owned(),
                thing: city::ThingId(1),
                observed_property: "water_level".into(),
                feed: FeedId::new("water"),
                beat: city::Span::h(1),
            }],
            bounds: city::BoundingBox { west: -1.0, south: -1.0, east: 1.0, north: 1.0 },
            depots: Vec::new(),
            roles: vec!["duty_officer".to_owned()],
            timetable_of: std::collections::BTreeMap::new(),
            services: std::collections::BTreeMap::new(),
            timezone: "UTC".to_owned(),
            desks: Vec::new(),
            sandbox: false,
        }
    }

    /// One batch of levels of one series, a second later each.
    fn levels(gate: &Gate, turn: i64, count: i64) -> Vec<Batch> {
        let start = Time::from_s(1_714_446_000).expect("a time");
        let level = |n: i64| city::Observation {
            datastream: DatastreamId(1),
            phenomenon_time: start + city::Span::ms(turn * 1_000_000 + n),
            // No short decimals, so that the body takes its eight bytes a row.
            result: (n as f64).sin(),
        };
        let feed = FeedId::new("water");
        let now = start + city::Span::s(turn * 2000);
        let admission = gate.admit_observations(&feed, &(0..count).map(level).collect(), now).expect("a contract");
        vec![Batch::new(feed, admission).expect("a whole batch")]
    }

    fn beats(gate: &Gate, count: usize) -> Vec<Batch> {
        let now = Time::from_s(1_714_446_000).expect("a time");
        let feed = FeedId::new("control-room");
        let beat = || gate.beat(&feed, true, now).expect("a contract");
        (0..count).map(|_| Batch::new(feed.clone(), beat()).expect("a whole batch")).collect()
    }

    #[test]
    fn on_a_full_disk_telemetry_is_refused_what_is_vital_goes_on_and_room_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("town.db");
        let gate = Gate::new(policy()).expect("a policy");
        let mut store = Store::open(&path).expect("a store");
        let reserve = folder.path().join("town.db-reserve");
        assert_eq!(std::fs::metadata(&reserve).expect("a reserve").len(), crate::room::RESERVE_BYTES as u64);
        store.commit(levels(&gate, 0, 10)).expect("room");
        let pages: i64 = store.read.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a count");
        let limit = |store: &Store, pages: i64| {
            store.read.connection.pragma_update(None, "max_page_count", pages).expect("a limit");
        };
        limit(&store, pages + 2);
        let mut group = levels(&gate, 1, 20_000);
        assert!(matches!(store.commit(group.clone()), Err(StoreError::Full)));
        assert!(store.is_full() && !store.has_failed() && !reserve.exists());
        group.extend(beats(&gate, 1));
        let told = store.commit(group).expect("the beat is vital");
        assert_eq!(
            told.batches.iter().map(|batch| (batch.full, batch.seq)).collect::<Vec<_>>(),
            [(true, None), (false, Some(city::Seq(2)))]
        );
        assert!(matches!(store.commit(levels(&gate, 1, 1)), Err(StoreError::Full)), "not even what would fit");
        assert_eq!(store.seal(Time::default()).expect("it waits"), 0);
        assert_eq!(store.read().count_all(), 10, "nothing of the refused ones is seen");
        limit(&store, pages + 2000);
        let later = store.commit(levels(&gate, 3, 20_000)).expect("room again");
        assert_eq!(later.batches.first().map(|batch| batch.tally.stored), Some(20_000));
        assert!(!store.is_full() && reserve.exists());
        drop(store);
        let mut store = Store::open(&path).expect("the file is whole");
        assert_eq!((store.last_seq().0, store.read().count_all()), (3, 20_010));
        assert_eq!(store.seal(Time::default()).expect("room"), 20_010);
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
        assert_eq!(setting("auto_vacuum"), "Integer(2)", "INCREMENTAL");
    }
}

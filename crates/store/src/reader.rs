//! Connections that only read.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::series::{self, Heads};
use crate::store::{BUSY_WAIT, STATEMENTS_KEPT};

/// Idle connections that a pool keeps; more readers than this open a new one each and close it again.
const IDLE_MAX: usize = 8;

/// Reads what is committed. Each reader sees whole batches only; it never waits for the writer.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
    pub(crate) heads: Arc<Heads>,
}

/// A connection that only reads.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        connection.pragma_update(None, "query_only", "ON")?;
        // Else a statement is planned anew each time it is bound to other values, which takes longer than running it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    };
    open().map_err(|source| StoreError::Open { path: path.to_owned(), source })
}

impl Reader {
    /// Opens the store at `path` for reading alone, without the one that writes: what it has in memory of the series
    /// is read from the journal now, and shows them as they were now.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path)?;
        let heads = series::load(&connection)?.heads;
        Ok(Self { connection, heads })
    }

    /// From here on, until what it gives is dropped, all reads are of one state of the file; `None` where the caller
    /// holds one already.
    pub(crate) fn hold(&self) -> Result<Option<Held<'_>>, StoreError> {
        snapshot(&self.connection)
    }
}

/// [`Reader::hold`] of a connection.
pub(crate) fn snapshot(connection: &Connection) -> Result<Option<Held<'_>>, StoreError> {
    if !connection.is_autocommit() {
        return Ok(None);
    }
    connection.prepare_cached("BEGIN")?.execute([])?;
    Ok(Some(Held(connection)))
}

/// A read transaction, with statements that are kept: one of rusqlite's own is planned anew each time.
pub(crate) struct Held<'a>(&'a Connection);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Nothing was written, so there is nothing that could be lost.
        let _ended = self.0.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    }
}

/// A pool of readers for handlers that run on many threads.
#[derive(Clone, Debug)]
pub struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    heads: Arc<Heads>,
    idle: Mutex<Vec<Reader>>,
}

impl Readers {
    /// A pool over the store at `path`, with what the one that writes has in memory; connections are opened when they
    /// are first needed.
    pub(crate) fn new(path: &Path, heads: &Arc<Heads>) -> Self {
        let (path, heads) = (path.to_owned(), Arc::clone(heads));
        Self { shared: Arc::new(Shared { path, heads, idle: Mutex::new(Vec::new()) }) }
    }

    pub(crate) fn heads(&self) -> &Heads {
        &self.shared.heads
    }

    /// A reader; it goes back to the pool when it is dropped. Blocks on the disk: call it from a blocking thread.
    pub fn get(&self) -> Result<ReaderGuard, StoreError> {
        let idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Reader { connection: connect(&self.shared.path)?, heads: Arc::clone(&self.shared.heads) },
        };
        Ok(ReaderGuard { reader: Some(reader), shared: Arc::clone(&self.shared) })
    }
}

/// A reader on loan.
#[derive(Debug)]
pub struct ReaderGuard {
    reader: Option<Reader>,
    shared: Arc<Shared>,
}

impl Deref for ReaderGuard {
    type Target = Reader;
    #[expect(clippy::expect_used, reason = "invariant: the reader is there until drop")]
    fn deref(&self) -> &Reader {
        self.reader.as_ref().expect("a reader until drop")
    }
}

impl Drop for ReaderGuard {
    fn drop(&mut self) {
        let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.extend(self.reader.take());
        }
    }
}

//! What can go wrong with the disk, and nothing else.

use std::path::PathBuf;

use city::FeedId;

/// Why the store did not do what it was asked. After one of a write, every later write gives [`StoreError::Failed`],
/// but after [`StoreError::Full`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full. What was being written was taken back whole; the store goes on.
    #[error("the disk under the store is full")]
    Full,
    /// The disk failed, or the file is damaged. Not tried again: after a failed sync the kernel may have
    /// dropped the pages, and a second try would lie.
    #[error("the disk under the store failed: {0}")]
    Disk(#[source] rusqlite::Error),
    /// SQLite refused a statement: a fault of the program or a foreign file.
    #[error("the store refused a statement: {0}")]
    Sql(#[source] rusqlite::Error),
    /// The file cannot be opened.
    #[error("cannot open the store at {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The file was written by a newer program. Nothing is changed in it.
    #[error("the store has schema version {found}, this program knows up to {known}; use the newer program")]
    TooNew {
        /// In the file.
        found: i64,
        /// In this program.
        known: i64,
    },
    /// A body in the file cannot be read: damage, or a change of a type without a migration.
    #[error("{what} in the store cannot be read: {why}")]
    Damaged {
        /// Which body.
        what: String,
        /// Why not.
        why: String,
    },
    /// A value cannot be written as bytes.
    #[error("{what} cannot be written: {why}")]
    Unwritable {
        /// Which value.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// Entities went missing between the feed and the store: received is not records + duplicate + rejected.
    #[error("feed {feed}: received {received} entities, but {counted} are accounted for")]
    Unbalanced {
        /// The feed.
        feed: FeedId,
        /// In the tally.
        received: u64,
        /// Records, duplicates and refusals together.
        counted: u64,
    },
    /// A timetable's tables came without their record, or the record without its tables.
    #[error("feed {0}: a timetable needs its tables and its record in the same batch")]
    TimetableIncomplete(FeedId),
    /// A write failed before; the program has to start anew.
    #[error("a write failed before; the store takes nothing more until the program starts anew")]
    Failed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, OutOfMemory, ReadOnly, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::Full,
            Some(SystemIoFailure | DatabaseCorrupt | NotADatabase | CannotOpen | ReadOnly | OutOfMemory) => {
                Self::Disk(error)
            }
            _ => Self::Sql(error),
        }
    }
}

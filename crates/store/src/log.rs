//! The write-ahead log: when what is in it goes into the file. SQLite's own way to do that after a commit would hide
//! an error of the disk, and a sync that failed may never be tried again; so it is done here, where an error stops the
//! store.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::store::Store;

/// Pages in the log, more or less, after which it is brought into the file: 2 MiB. The log then begins anew in the same
/// place, which is quicker than a file that grows. The next commit waits for it: with 8 MiB four times as long, and
/// nothing was won by that.
const LOG_PAGES: usize = 512;
/// The same where a carrier brings most of it in meanwhile: only when that takes so long is it waited for.
const LOG_PAGES_WITH_CARRIER: usize = 4 * LOG_PAGES;
/// The same while the disk is full: 1 MiB, so that the reserve lasts for thousands of alerts and not for their copies.
const LOG_PAGES_WHEN_FULL: usize = 256;
const PAGE_BYTES: usize = 4096;
/// After so many pages since it was cut, its file is laid out whole: from then on a commit overwrites what is there, and
/// its sync need not write a new length too (110 us instead of 240 on ext4). A quiet city never comes so far.
const LAID_OUT_AFTER_PAGES: usize = 48;
/// To this length: what [`LOG_PAGES`] come to with their headers, and what is written while they are brought in.
const LAID_OUT_BYTES: usize = (LOG_PAGES + LOG_PAGES / 4) * (PAGE_BYTES + 24);

/// How long the log is, as far as it can be told without asking.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pages: usize,
    /// Whether its file may hold something: what was brought into the store's file stays in it too until it is cut.
    used: bool,
    /// Whether its file has its whole length.
    laid_out: bool,
    carrier: Carrier,
}

/// Who brings the log into the file besides the store itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Carrier {
    #[default]
    Nobody,
    Waits,
    AtWork,
}

impl Log {
    /// Nothing is known of it yet.
    pub(crate) fn unknown() -> Self {
        Self { used: true, ..Self::default() }
    }

    /// All of it is in the store's file; its own is empty, or may not be.
    pub(crate) fn brought_in(&mut self, cut: bool) {
        (self.pages, self.used) = (0, !cut);
        self.laid_out &= !cut;
    }

    /// Whether its file is empty.
    pub(crate) fn is_cut(&self) -> bool {
        !self.used
    }

    /// So much was written in one transaction: bytes of bodies, and rows besides.
    pub(crate) fn wrote(&mut self, bytes: usize, rows: usize) {
        // Each transaction touches a leaf of the journal, one of the accounts and now and then their parents.
        self.pages += 3 + bytes / PAGE_BYTES + rows / 16;
        self.used = true;
    }
}

impl Log {
    /// The bodies of so many rows were emptied; each is some pages, most of them of one or two.
    pub(crate) fn pages_of_rows(&mut self, rows: u64) {
        self.pages += usize::try_from(rows).unwrap_or(usize::MAX).saturating_mul(4);
        self.used = true;
    }
}

impl Store {
    /// Gives the log's file its whole length, once it is used much. No error of this one matters: SQLite grows the file
    /// itself when it has to, and it is SQLite's next sync that puts the zeros on the disk.
    pub(crate) fn lay_log_out(&mut self) {
        if self.log.laid_out || self.log.pages < LAID_OUT_AFTER_PAGES || self.is_full() {
            return;
        }
        self.log.laid_out = true;
        let mut name = self.path.as_os_str().to_owned();
        name.push("-wal");
        if let Err(error) = lay_out(Path::new(&name)) {
            tracing::debug!(%error, "the log could not be laid out");
        }
    }

    /// Brings the log into the file when it has grown long, but not what a carrier is at. Readers do not wait for it,
    /// nor it for them.
    pub(crate) fn checkpoint_if_long(&mut self) -> Result<(), StoreError> {
        let most = match self.log.carrier {
            Carrier::AtWork => return Ok(()),
            _ if self.is_full() => LOG_PAGES_WHEN_FULL,
            Carrier::Nobody => LOG_PAGES,
            Carrier::Waits => LOG_PAGES_WITH_CARRIER,
        };
        if self.log.pages < most { Ok(()) } else { self.bring_log_in() }
    }

    fn bring_log_in(&mut self) -> Result<(), StoreError> {
        let most = if self.is_full() { LOG_PAGES_WHEN_FULL } else { LOG_PAGES };
        let done = self.write(|store| {
            let (pages, done) = carry(&store.read.connection)?;
            // What a reader keeps in the log is tried again a quarter of it later.
            store.log.pages = (pages - done).min(most / 4 * 3);
            Ok(())
        });
        match done {
            // The file found no room to grow; the log has it all, and is tried again.
            Err(StoreError::Full) => {
                self.log.pages = most / 4 * 3;
                Ok(())
            }
            done => done,
        }
    }

    /// Another who brings the log into the file, on a thread beside the one that writes. From now on the store waits
    /// for [`Store::log_carried`] before it does so itself.
    ///
    /// # Errors
    /// When the file cannot be opened once more, or a write failed.
    pub fn log_carrier(&mut self) -> Result<LogCarrier, StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let open = || -> Result<Connection, rusqlite::Error> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(connection)
        };
        let connection = open().map_err(|source| StoreError::Open { path: self.path.clone(), source })?;
        self.log.carrier = Carrier::Waits;
        Ok(LogCarrier { connection })
    }

    /// There is no carrier any more: the store brings its log in itself.
    pub fn without_log_carrier(&mut self) {
        self.log.carrier = Carrier::Nobody;
    }

    /// Whether the log is long, so that its carrier should go now. True once: what became of it has to be said by
    /// [`Store::log_carried`].
    pub fn log_wants_carrier(&mut self) -> bool {
        let wants = self.log.carrier == Carrier::Waits && self.log.pages >= LOG_PAGES;
        let wants = wants && !self.is_full() && !self.failed;
        if wants {
            self.log.carrier = Carrier::AtWork;
        }
        wants
    }

    /// The carrier came back: the little that was written meanwhile is brought in too, so that the log begins anew.
    ///
    /// # Errors
    /// What the carrier met (but that there was no room, which is tried again): the store refuses everything after it.
    pub fn log_carried(&mut self, carried: Result<(), StoreError>) -> Result<(), StoreError> {
        self.log.carrier = Carrier::Waits;
        match carried {
            Ok(()) | Err(StoreError::Full) => self.bring_log_in(),
            Err(error) => self.write(|_| Err(error)),
        }
    }
}

/// Brings the log into the file, on a connection of its own. A sync that fails here ends the store as one of its own
/// does: it is not tried again, as the store does not touch the file before it heard of it.
#[derive(Debug)]
pub struct LogCarrier {
    connection: Connection,
}

impl LogCarrier {
    /// Brings in what is in the log now, but what a reader keeps there. Blocks on the disk, and keeps nobody else from
    /// reading or writing.
    ///
    /// # Errors
    /// As the disk has it.
    pub fn carry(&self) -> Result<(), StoreError> {
        carry(&self.connection).map(|_| ())
    }
}

/// Brings the log into the file as far as readers let it: pages in it, and how many of them are in the file.
fn carry(connection: &Connection) -> Result<(usize, usize), StoreError> {
    let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?;
    let (pages, done): (i64, i64) = statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    // -1: nothing was ever written.
    Ok((usize::try_from(pages).unwrap_or_default(), usize::try_from(done).unwrap_or_default()))
}

/// Fills the file with zeros from its end on. They are no frames: SQLite reads up to the first one whose salt and
/// checksum do not match (its file format, section 4.5), and writes over them.
fn lay_out(path: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    let from = usize::try_from(file.seek(SeekFrom::End(0))?).unwrap_or(usize::MAX);
    match LAID_OUT_BYTES.checked_sub(from) {
        Some(missing) if missing > 0 => file.write_all(&vec![0; missing]),
        _ => Ok(()),
    }
}

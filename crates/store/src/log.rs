//! The write-ahead log: when what is in it goes into the file. SQLite's own way to do that after a commit would hide
//! an error of the disk, and a sync that failed may never be tried again; so it is done here, where an error stops the
//! store.

use crate::error::StoreError;
use crate::store::Store;

/// Pages in the log, more or less, after which it is brought into the file: 2 MiB. The log then begins anew in the same
/// place, which is quicker than a file that grows. The next commit waits for it: with 8 MiB four times as long, and
/// nothing was won by that.
const LOG_PAGES: usize = 512;
/// The same while the disk is full: 1 MiB, so that the reserve lasts for thousands of alerts and not for their copies.
const LOG_PAGES_WHEN_FULL: usize = 256;
const PAGE_BYTES: usize = 4096;

/// How long the log is, as far as it can be told without asking.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pages: usize,
    /// Whether its file may hold something: what was brought into the store's file stays in it too until it is cut.
    used: bool,
}

impl Log {
    /// All of it is in the store's file; its own is empty, or may not be.
    pub(crate) fn brought_in(cut: bool) -> Self {
        Self { pages: 0, used: !cut }
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
    /// Brings the log into the file when it has grown long. Readers do not wait for it, nor it for them.
    pub(crate) fn checkpoint_if_long(&mut self) -> Result<(), StoreError> {
        let full = self.is_full();
        let most = if full { LOG_PAGES_WHEN_FULL } else { LOG_PAGES };
        if self.log.pages < most {
            return Ok(());
        }
        let done = self.write(|store| {
            let mut statement = store.read.connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?;
            let (pages, done): (i64, i64) = statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
            drop(statement);
            // What a reader keeps in the log is tried again a quarter of it later.
            let left = usize::try_from(pages - done).unwrap_or_default();
            store.log.pages = left.min(most / 4 * 3);
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
}

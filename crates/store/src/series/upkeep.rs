//! What is done beside sealing, a short step at a time: rows fold into blocks, what expired goes, free pages are given
//! back, and the log is cut. A commit that comes meanwhile waits for one step at most.

use city::{Span, Time};
use rusqlite::TransactionBehavior;

use super::seal::QUIET_POINTS;
use crate::blocks;
use crate::codec::signed;
use crate::error::StoreError;
use crate::store::Store;

/// So long nothing has to have come until everything is given back.
const QUIET_SPAN: Span = Span::s(5);
/// Free pages are given back when there are so many, and they are more than one in so many; the journal needs most of
/// them again soon.
const FREE_PAGES_MIN: i64 = 4096;
const FREE_OF: i64 = 2;
/// Pages that are given back in one transaction, 512 KiB: each may be moved, which writes it.
const GIVEN_BACK: u32 = 128;
/// Rows that are moved into blocks in one transaction, and bytes of their bodies, more or less.
const FOLDED_ROWS: u64 = 512;
const FOLDED_BYTES: u64 = 512 << 10;
/// After so long the log is emptied in which erased bytes may still be.
const ERASED_IN_LOG_MAX: Span = Span::min(1);

impl Store {
    /// Whether the last [`Store::plan_seal`] or [`Store::write_sealed`] left something to look after that need not
    /// wait: call [`Store::plan_seal`] again as soon as nothing else is to be done.
    pub fn is_behind(&self) -> bool {
        self.sealing.behind && !self.failed
    }

    /// Whether nothing came for a while.
    pub(crate) fn is_quiet(&mut self, now: Time) -> bool {
        match self.sealing.newest {
            Some((seq, since)) if seq == self.seq => now.since(since) >= QUIET_SPAN,
            _ => {
                self.sealing.newest = Some((self.seq, now));
                false
            }
        }
    }

    /// One short step. False when there was nothing to do; while nothing comes, and nothing waits to be sealed, that
    /// is when no page is free and the log is cut to nothing.
    pub(crate) fn look_after(&mut self, now: Time, quiet: bool) -> Result<bool, StoreError> {
        let quiet = quiet && self.sealing.unsealed < QUIET_POINTS;
        if self.fold_rows()? || self.retire_some()? {
            self.sealing.freed = true;
            return Ok(true);
        }
        // A look costs two reads of the file: none after each commit.
        if (quiet || self.sealing.freed) && self.give_back(if quiet { 0 } else { FREE_OF })? {
            return Ok(true);
        }
        self.sealing.freed = false;
        let erased = self.sealing.erased.is_some_and(|since| now.since(since) >= ERASED_IN_LOG_MAX);
        if (erased || quiet && !self.log.is_cut()) && self.checkpoint()? {
            self.sealing.erased = None;
        }
        // A log that a reader holds is cut at a later tick.
        Ok(false)
    }

    /// Moves some rows into blocks that are sealed and covered. False when there were none.
    pub(crate) fn fold_rows(&mut self) -> Result<bool, StoreError> {
        let ready = self.sealing.covered.map_or(u64::MAX, |seq| seq.0).min(self.sealing.sealed);
        if self.sealing.folded >= ready {
            return Ok(false);
        }
        let done = self.when_there_is_room(|store| {
            let before = store.sealing.folded;
            let upto = ready.min(blocks::reach(&store.read.connection, before, FOLDED_ROWS, FOLDED_BYTES)?);
            let transaction = store.read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            blocks::fold(&transaction, before + 1, upto)?;
            transaction.prepare_cached("UPDATE seal_state SET folded_seq = ?1")?.execute([signed(upto)])?;
            transaction.commit()?;
            store.sealing.folded = upto;
            // Bodies that go are overwritten: pages of zeros go through the log.
            store.log.pages_of_rows(upto - before);
            Ok(())
        })?;
        self.checkpoint_if_long()?;
        Ok(done.is_some())
    }

    /// Gives some free pages back to the file system, when they are more than one in `of` (0: whatever is free). False
    /// when there are none to give.
    pub(crate) fn give_back(&mut self, of: i64) -> Result<bool, StoreError> {
        let connection = &self.read.connection;
        let pages: i64 = connection.prepare_cached("PRAGMA page_count")?.query_row([], |row| row.get(0))?;
        let free: i64 = connection.prepare_cached("PRAGMA freelist_count")?.query_row([], |row| row.get(0))?;
        if free == 0 || (of > 0 && (free < FREE_PAGES_MIN || free * of < pages)) {
            return Ok(false);
        }
        let given = self.when_there_is_room(|store| {
            let text = format!("PRAGMA incremental_vacuum({GIVEN_BACK})");
            let mut statement = store.read.connection.prepare_cached(&text)?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            drop(rows);
            drop(statement);
            let left = store.read.connection.prepare_cached("PRAGMA freelist_count")?;
            let left: i64 = { left }.query_row([], |row| row.get(0))?;
            store.log.wrote(GIVEN_BACK as usize * 4096, 0);
            // A file that was made without room for this stays as it is.
            Ok(left < free)
        });
        let given = given?.unwrap_or(false);
        self.checkpoint_if_long()?;
        Ok(given)
    }
}

//! Room on the disk. A file of zeros beside the store is kept in reserve: when the disk is full it is given up, so that
//! alerts, acknowledgements and the state of the watch can still be written while telemetry is refused. When there is
//! room for it again, telemetry is taken again.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use city::{Record, Span};

use crate::batch::{Batch, Committed, CommittedGroup};
use crate::error::StoreError;
use crate::recent::Recent;
use crate::series::Segments;
use crate::store::Store;

/// The reserve: some thousand alerts with their steps, and the log that brings them into the file.
pub const RESERVE_BYTES: usize = 8 << 20;
/// How often room is looked for while the disk is full, by received time.
const LOOK_EVERY: Span = Span::s(1);

/// What is known of the room on the disk.
#[derive(Debug)]
pub(crate) struct Room {
    reserve: PathBuf,
    /// While the disk is full: when room was last looked for.
    full_ms: Option<i64>,
}

impl Room {
    /// Makes sure of the reserve beside the store at `path`.
    pub(crate) fn beside(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push("-reserve");
        let mut room = Self { reserve: name.into(), full_ms: None };
        if !room.reserve_again() {
            tracing::error!("the disk is full; only alerts and what belongs to them are kept");
            room.full_ms = Some(i64::MIN);
        }
        room
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full_ms.is_some()
    }

    /// The disk is full: the reserve is given up.
    fn give_up(&mut self, now_ms: i64) {
        if self.full_ms.is_none() {
            tracing::error!("the disk is full; only alerts and what belongs to them are kept");
        }
        self.full_ms = Some(now_ms);
        if let Err(error) = fs::remove_file(&self.reserve)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, "the reserve cannot be given up");
        }
    }

    /// Whether telemetry can be tried at `now_ms`.
    fn look(&mut self, now_ms: i64) -> bool {
        match self.full_ms {
            None => true,
            Some(looked_ms) if now_ms.saturating_sub(looked_ms) < LOOK_EVERY.as_ms() => false,
            Some(_) if self.reserve_again() => {
                tracing::info!("there is room on the disk again");
                self.full_ms = None;
                true
            }
            Some(_) => {
                self.full_ms = Some(now_ms);
                false
            }
        }
    }

    /// Makes the reserve, if it is not there. False when there is no room for it.
    fn reserve_again(&self) -> bool {
        let whole = |length: u64| length == RESERVE_BYTES as u64;
        if fs::metadata(&self.reserve).is_ok_and(|known| whole(known.len())) {
            return true;
        }
        let write = || File::create(&self.reserve)?.write_all(&vec![0; RESERVE_BYTES]);
        match write() {
            Ok(()) => true,
            Err(error) => {
                // Half a reserve takes room from what is vital.
                let _gone = fs::remove_file(&self.reserve);
                let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
                if !full {
                    tracing::warn!(%error, "there is no reserve for a full disk");
                }
                !full
            }
        }
    }
}

impl Batch {
    /// Whether it may be written from the reserve: it is about alerts, or takes something away.
    pub fn is_vital(&self) -> bool {
        self.records.iter().all(|record| {
            matches!(
                record.as_ref(),
                Record::Acknowledgement(_)
                    | Record::DeskAction(_)
                    | Record::Unreached(_)
                    | Record::FeedBeat(_)
                    | Record::Warning(_)
                    | Record::ServiceAlert(_)
                    | Record::Erasure(_)
            )
        })
    }
}

impl Store {
    /// Whether the disk is full, so that telemetry is refused.
    pub fn is_full(&self) -> bool {
        self.room.is_full()
    }

    /// Commits what it can: all of the group, or on a full disk what is vital of it.
    pub(crate) fn commit_with_room(&mut self, batches: Vec<Batch>) -> Result<CommittedGroup, StoreError> {
        let now_ms = batches.iter().map(|batch| batch.now.ms()).fold(self.floor_ms, i64::max);
        let feeds: Vec<city::FeedId> = batches.iter().map(|batch| batch.feed.clone()).collect();
        if !self.room.look(now_ms) {
            let vital = batches.into_iter().map(|batch| batch.is_vital().then_some(batch)).collect();
            return self.commit_vital(vital, feeds);
        }
        let vital = batches.iter().map(|batch| batch.is_vital().then(|| batch.clone())).collect();
        match self.commit_all(batches) {
            Err(StoreError::Full) => {
                self.room.give_up(now_ms);
                self.commit_vital(vital, feeds)
            }
            done => done,
        }
    }

    /// Commits those that are there, and tells of the others that the disk is full.
    fn commit_vital(
        &mut self,
        vital: Vec<Option<Batch>>,
        feeds: Vec<city::FeedId>,
    ) -> Result<CommittedGroup, StoreError> {
        let kept: Vec<bool> = vital.iter().map(Option::is_some).collect();
        let batches: Vec<Batch> = vital.into_iter().flatten().collect();
        if batches.is_empty() {
            return Err(StoreError::Full);
        }
        let CommittedGroup { batches, rows } = self.commit_all(batches)?;
        let received = batches.first().map(|batch| batch.received).unwrap_or_default();
        let mut done = batches.into_iter();
        let refused = |feed| Committed {
            seq: None,
            received,
            feed,
            tally: city::Tally::default(),
            known: city::Observations::default(),
            full: true,
        };
        let batches = kept.into_iter().zip(feeds);
        let batches = batches
            .map(|(kept, feed)| if kept { done.next() } else { None }.unwrap_or_else(|| refused(feed)))
            .collect();
        Ok(CommittedGroup { batches, rows })
    }

    /// After a write that found no room and was taken back: what it had put into memory goes too.
    pub(crate) fn take_back(&mut self) -> Result<(), StoreError> {
        self.recent = Recent::rebuild(&self.read, self.floor_ms)?;
        self.segments = Segments::load_whole(&self.read.connection)?;
        self.intake.forget_chunk();
        Ok(())
    }

    /// A write that can wait for room: `None` when there was none.
    pub(crate) fn when_there_is_room<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if self.room.is_full() {
            return Ok(None);
        }
        match self.write(step) {
            Ok(done) => Ok(Some(done)),
            Err(StoreError::Full) => {
                self.room.give_up(self.floor_ms);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A write that must not wait: when there is no room, the reserve is given up for it.
    pub(crate) fn at_any_cost<T>(
        &mut self,
        mut step: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.write(&mut step) {
            Err(StoreError::Full) => {
                self.room.give_up(self.floor_ms);
                self.write(step)
            }
            done => done,
        }
    }
}

//! Sealing: what came up to a row of the journal becomes chunks. Working that out takes time and no lock, and can be
//! done beside the one that writes; writing it is short.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use city::{DatastreamId, Seq, Span, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use super::heads::Heads;
use super::index::{self, Indexed};
use super::layout;
use super::segments::{NewChunk, SEGMENT_BYTES};
use crate::codec::{signed, unsigned};
use crate::error::StoreError;
use crate::reader;
use crate::store::Store;

/// Versions in memory at most before all are sealed: 32 bytes each, 128 MiB.
pub const HEAD_POINTS_MAX: usize = 4 << 20;
/// A series with so many is sealed alone: they make a whole chunk.
const SERIES_POINTS_MAX: usize = super::CHUNK_POINTS_MAX;
/// Rows of the journal that are not sealed at most: what a start has to read again.
const UNSEALED_ROWS_MAX: u64 = 50_000;
/// What waits is sealed after this, so that a quiet city's journal is small too.
const UNSEALED_SPAN_MAX: Span = Span::h(1);
/// Observations in the journal that are worth sealing as soon as nothing comes: the end of a bulk load need not wait for an hour.
pub(crate) const QUIET_POINTS: usize = 65_536;
/// Bytes and chunks of one slice, more or less: two segments, so that the last chunk still fits into the second. It is
/// written in a few milliseconds.
const SLICE_BYTES: usize = 2 * SEGMENT_BYTES - (16 << 10);
const SLICE_CHUNKS: usize = 1_024;
/// Bytes in segments that are no chunk's any more at most, before what is left moves together.
const DEAD_BYTES_MAX: usize = 16 << 20;
/// Observations with details that are in memory at most: they take some hundred bytes each.
const DETAILED_MAX: usize = 1 << 18;

/// How far sealing has come.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    /// Every observation of this row and of those before it is in chunks.
    pub(crate) sealed: u64,
    /// Observations in the rows after it; most of them may be in chunks already.
    pub(crate) unsealed: usize,
    /// With so many of them, series are looked through for one that has a whole chunk.
    look_at: usize,
    /// The rows of observations up to this one are in blocks.
    pub(crate) folded: u64,
    /// When the first row was received that is not sealed.
    pub(crate) waiting_since: Option<Time>,
    /// Counts erasures and whatever else makes a slice that is being worked out wrong.
    pub(crate) age: u64,
    /// Bodies up to here are needed no more by who goes on from a snapshot.
    pub(crate) covered: Option<Seq>,
    /// Since when there may be erased bytes in the log.
    pub(crate) erased: Option<Time>,
    out: Weak<()>,
    /// The newest row when it was last looked, and since when it is the newest.
    pub(crate) newest: Option<(Seq, Time)>,
    /// Whether pages may have become free since it was last looked.
    pub(crate) freed: bool,
    /// Whether there may be something to look after that need not wait for the next tick.
    pub(crate) behind: bool,
}

/// What is to be sealed. It is worked out slice by slice, on any thread.
#[derive(Debug)]
pub struct SealPlan {
    path: PathBuf,
    heads: Arc<Heads>,
    connection: Option<Connection>,
    upto: u64,
    age: u64,
    series: std::vec::IntoIter<DatastreamId>,
    /// Segments whose chunks are to move together; nothing is sealed then.
    sparse: BTreeSet<i64>,
    moving: Option<std::vec::IntoIter<Indexed>>,
    whole: bool,
    done: bool,
    place: Arc<()>,
}

/// A part of a seal, ready to be written.
#[derive(Debug)]
pub struct SealedSlice {
    age: u64,
    upto: u64,
    series: Vec<SealedSeries>,
    chunks: Vec<NewChunk>,
    gone: Vec<Indexed>,
    /// After this slice, everything up to `upto` is in chunks.
    whole: bool,
    /// The place of its plan: until this is written its points are still in memory, and another plan would take them
    /// once more.
    _place: Arc<()>,
}

#[derive(Debug)]
struct SealedSeries {
    id: DatastreamId,
    from_ms: i64,
    to_ms: i64,
    points: u64,
}

impl SealPlan {
    /// The next part; `None` after the last. Reads chunks on a connection of its own.
    pub fn next_slice(&mut self) -> Result<Option<SealedSlice>, StoreError> {
        if self.done {
            return Ok(None);
        }
        if self.connection.is_none() {
            self.connection = Some(reader::connect(&self.path)?);
        }
        let mut slice = SealedSlice {
            age: self.age,
            upto: self.upto,
            series: Vec::new(),
            chunks: Vec::new(),
            gone: Vec::new(),
            whole: false,
            _place: Arc::clone(&self.place),
        };
        if !self.sparse.is_empty() {
            return self.next_move(slice);
        }
        let Some(connection) = &self.connection else { return Ok(None) };
        // One look at the file for the whole slice: no other slice changes these series.
        let _snapshot = reader::snapshot(connection)?;
        let mut bytes = 0;
        for id in self.series.by_ref() {
            let (samples, sealed_to_ms) = {
                let all = self.heads.read();
                let Some(head) = all.get(id) else { continue };
                let samples = head.samples.iter().filter(|sample| sample.seq <= self.upto).cloned().collect::<Vec<_>>();
                (samples, head.sealed.span_ms.map(|(_, to_ms)| to_ms))
            };
            let (Some(first), Some(last)) = (samples.first(), samples.last()) else { continue };
            let (from_ms, to_ms) = (first.time_ms, last.time_ms);
            let points = samples.len() as u64;
            let change = match layout::lay(connection, id.0, samples, sealed_to_ms) {
                Ok(change) => change,
                Err(error @ StoreError::Damaged { .. }) => {
                    // Its versions stay in memory and in the journal; the other series go on.
                    tracing::error!(%error, "a series cannot be sealed");
                    self.whole = false;
                    continue;
                }
                Err(error) => return Err(error),
            };
            slice.series.push(SealedSeries { id, from_ms, to_ms, points });
            bytes += change.chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>();
            slice.chunks.extend(change.chunks);
            slice.gone.extend(change.gone);
            if bytes >= SLICE_BYTES || slice.chunks.len() + slice.gone.len() >= SLICE_CHUNKS {
                return Ok(Some(slice));
            }
        }
        self.done = true;
        slice.whole = self.whole;
        Ok(Some(slice))
    }

    /// The next chunks that move out of sparse segments, as they are.
    fn next_move(&mut self, mut slice: SealedSlice) -> Result<Option<SealedSlice>, StoreError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        if self.moving.is_none() {
            let mut chunks = Vec::new();
            index::each(connection, |chunk| {
                if self.sparse.contains(&chunk.place.segment) {
                    chunks.push(chunk);
                }
                Ok(())
            })?;
            self.moving = Some(chunks.into_iter());
        }
        let mut bytes = 0;
        for chunk in self.moving.iter_mut().flatten() {
            let read = match chunk.bytes(connection) {
                Ok(read) => read,
                // Stays where it is, so that somebody can look at it.
                Err(StoreError::Damaged { .. }) => continue,
                Err(error) => return Err(error),
            };
            bytes += read.len();
            let (datastream, figures) = (chunk.datastream, chunk.figures.clone());
            slice.chunks.push(NewChunk { datastream, figures, bytes: read });
            slice.gone.push(chunk);
            if bytes >= SLICE_BYTES || slice.gone.len() >= SLICE_CHUNKS {
                return Ok(Some(slice));
            }
        }
        self.done = true;
        Ok(Some(slice))
    }
}

impl Store {
    /// Seals everything at once: for tests, small stores, and before the end. Gives the number of versions that became
    /// part of chunks.
    pub fn seal(&mut self, _now: Time) -> Result<u64, StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let mut sealed = 0;
        for plan in [Self::plan_everything, Self::plan_move] {
            let Some(mut plan) = plan(self) else { continue };
            while let Some(slice) = plan.next_slice()? {
                sealed += self.write_sealed(slice)?;
            }
        }
        while self.fold_rows()? {}
        while self.give_back(0)? {}
        Ok(sealed)
    }

    /// What is ready to be sealed at `now`; `None` when nothing is, or another plan is still being worked out. All
    /// series are when memory is full of them, the journal grew long, or the first of them waited for an hour; else
    /// those that have a whole chunk. Takes one short step of what else is to be looked after; [`Store::is_behind`] says
    /// whether it may be called again at once.
    pub fn plan_seal(&mut self, now: Time) -> Result<Option<SealPlan>, StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let quiet = self.is_quiet(now);
        self.sealing.behind = self.look_after(now, quiet)?;
        let (all, detailed) = {
            let all = self.read.heads.read();
            (all.samples, all.detailed)
        };
        let waited = self.sealing.waiting_since.is_some_and(|since| now.since(since) >= UNSEALED_SPAN_MAX);
        let long = self.seq.0.saturating_sub(self.sealing.sealed) >= UNSEALED_ROWS_MAX;
        let full = all >= HEAD_POINTS_MAX || detailed >= DETAILED_MAX;
        let everything =
            full || waited || long || quiet && self.sealing.unsealed >= QUIET_POINTS || self.must_seal_to_retire();
        if everything {
            return Ok(self.plan_everything());
        }
        if self.segments.dead_bytes() >= DEAD_BYTES_MAX {
            return Ok(self.plan_move());
        }
        if all < SERIES_POINTS_MAX || self.sealing.unsealed < self.sealing.look_at || self.sealing.is_out() {
            return Ok(None);
        }
        // Each new observation pays for a look at one series.
        self.sealing.look_at = self.sealing.unsealed + self.read.heads.read().iter().count();
        Ok(self.plan(false))
    }

    fn plan_everything(&mut self) -> Option<SealPlan> {
        self.plan(true)
    }

    /// Moves the chunks of sparse segments together.
    fn plan_move(&mut self) -> Option<SealPlan> {
        let sparse: BTreeSet<i64> = self.segments.sparse().into_iter().collect();
        if sparse.is_empty() {
            return None;
        }
        Some(SealPlan { sparse, ..self.plan_of(Vec::new(), false)? })
    }

    fn plan(&mut self, everything: bool) -> Option<SealPlan> {
        let least = if everything { 1 } else { SERIES_POINTS_MAX };
        let series: Vec<DatastreamId> = {
            let all = self.read.heads.read();
            all.iter().filter(|head| head.samples.len() >= least).map(|head| head.id).collect()
        };
        if series.is_empty() && !(everything && self.sealing.sealed < self.seq.0) {
            return None;
        }
        let plan = self.plan_of(series, everything)?;
        if everything {
            self.sealing.waiting_since = None;
            if let Some(retiring) = &mut self.retiring {
                retiring.seals();
            }
        }
        Some(plan)
    }

    /// A plan; `None` while another one is out.
    fn plan_of(&mut self, series: Vec<DatastreamId>, whole: bool) -> Option<SealPlan> {
        if self.sealing.is_out() {
            return None;
        }
        let place = Arc::new(());
        self.sealing.out = Arc::downgrade(&place);
        Some(SealPlan {
            path: self.path.clone(),
            heads: Arc::clone(&self.read.heads),
            connection: None,
            upto: self.seq.0,
            age: self.sealing.age,
            series: series.into_iter(),
            sparse: BTreeSet::new(),
            moving: None,
            whole,
            done: false,
            place,
        })
    }

    /// Writes a slice in one short transaction. A slice that an erasure made wrong is passed over; what it holds is in
    /// the next plan. Gives the number of versions that became part of chunks.
    pub fn write_sealed(&mut self, slice: SealedSlice) -> Result<u64, StoreError> {
        let SealedSlice { age, upto, series, chunks, gone, whole, _place } = slice;
        if age != self.sealing.age {
            // As if it had waited since ever: the next plan takes all again.
            self.sealing.look_at = 0;
            self.sealing.waiting_since = Some(Time::default());
            return Ok(0);
        }
        if self.failed {
            return Err(StoreError::Failed);
        }
        let sealed = self.when_there_is_room(|store| {
            let Store { read, segments, sealing, intake, log, .. } = store;
            let transaction = read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            segments.discard(&transaction, &gone)?;
            segments.write(&transaction, &chunks)?;
            if whole {
                transaction.prepare_cached("UPDATE seal_state SET sealed_seq = ?1")?.execute([signed(upto)])?;
            }
            transaction.commit()?;
            intake.forget_chunk();
            let mut all = read.heads.write();
            for series in &series {
                all.sealed(series.id, upto, series.from_ms, series.to_ms);
            }
            all.moves += 1;
            let left = all.samples;
            drop(all);
            if whole {
                (sealing.sealed, sealing.unsealed, sealing.look_at) = (upto, left, 0);
            }
            sealing.freed = true;
            let bytes = |new: usize| new + gone.iter().map(|chunk| chunk.place.length).sum::<usize>();
            log.wrote(bytes(chunks.iter().map(|chunk| chunk.bytes.len()).sum()), chunks.len() + gone.len());
            Ok(series.iter().map(|series| series.points).sum())
        })?;
        self.sealing.behind |= sealed.is_some();
        if sealed.is_none() {
            // What follows of the same plan may not be written without this.
            self.sealing.age += 1;
            self.sealing.waiting_since = Some(Time::default());
        }
        self.checkpoint_if_long()?;
        Ok(sealed.unwrap_or_default())
    }

    /// Whoever steps over the journal has a snapshot of this row: bodies up to it are needed no more (what was in them
    /// is read from the chunks, more slowly).
    pub fn snapshot_covers(&mut self, seq: Seq) {
        self.sealing.covered = Some(seq);
    }
}

impl Sealing {
    /// Whether a plan is being worked out.
    pub(crate) fn is_out(&self) -> bool {
        self.out.strong_count() > 0
    }

    /// As the file says.
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let text = "SELECT sealed_seq, folded_seq, \
                      (SELECT coalesce(snapshot_seq, 0) FROM watch_state), \
                      (SELECT received_ms FROM journal WHERE seq > sealed_seq AND kind = 'observations' \
                       ORDER BY seq LIMIT 1) \
                    FROM seal_state";
        let found = connection.query_row(text, params![], |row| {
            Ok(Self {
                sealed: unsigned(row.get(0)?),
                folded: unsigned(row.get(1)?),
                covered: row.get::<_, Option<i64>>(2)?.map(|seq| Seq(unsigned(seq))),
                waiting_since: row.get::<_, Option<i64>>(3)?.and_then(Time::from_ms),
                ..Self::default()
            })
        })?;
        Ok(found)
    }
}

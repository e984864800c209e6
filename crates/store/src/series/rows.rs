//! Observations one by one with all they have, from either end, as they are or as they were known at some row of the
//! journal. Read piece by piece: the newest one opens one chunk at most, and nothing is held between two.

use std::sync::Arc;

use city::{DatastreamId, Detail, Observation, ObservationKey, Seq, Time};

use super::chunk::Chunk;
use super::index::{self, Indexed};
use super::load::received_ms;
use super::sample::{Sample, keep_current, key_of, merge};
use crate::error::StoreError;
use crate::reader::Reader;

/// Versions that are read at first, and at most, at a time.
const BLOCK_MIN: usize = 64;
const BLOCK_MAX: usize = 4096;

/// An observation with all it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Series, phenomenon time, result.
    pub observation: Observation,
    /// What it has besides.
    pub detail: Option<Arc<Detail>>,
    /// The row of the journal that brought it.
    pub seq: Seq,
}

impl Row {
    /// What makes it the same one.
    pub fn key(&self) -> ObservationKey {
        self.observation.key(self.detail.as_deref())
    }
}

/// Which observations of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowQuery {
    /// From this phenomenon time on.
    pub from: Option<Time>,
    /// Before this phenomenon time.
    pub to: Option<Time>,
    /// The newest first.
    pub descending: bool,
    /// As they were known after this row of the journal; `None`: as they are.
    pub as_of: Option<Seq>,
}

/// One version of an observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// What it said.
    pub row: Row,
    /// When it came; `None` when retention took its row of the journal.
    pub received: Option<Time>,
}

impl Reader {
    /// The observations of a series, each once, in the order of their keys.
    pub fn rows(&self, datastream: DatastreamId, query: RowQuery) -> Rows<'_> {
        let known = self.heads.read().seq;
        Rows {
            reader: self,
            datastream,
            from_ms: query.from.map_or(i64::MIN, Time::ms),
            to_ms: query.to.map_or(i64::MAX, |to| to.ms() - 1),
            descending: query.descending,
            as_of: query.as_of.map_or(known, |seq| seq.0.min(known)),
            block: BLOCK_MIN,
            passes_over: None,
            open: None,
            ready: Vec::new().into_iter(),
        }
    }

    /// One observation, as it is or as it was known after a row of the journal.
    pub fn row(&self, key: &ObservationKey, as_of: Option<Seq>) -> Result<Option<Row>, StoreError> {
        let mut versions = self.versions(key)?;
        versions.retain(|sample| as_of.is_none_or(|seq| sample.seq <= seq.0));
        Ok(versions.pop().map(|sample| row(key.datastream, sample)))
    }

    /// Every version of an observation, the oldest first. All but the last are corrected.
    pub fn superseded(&self, key: &ObservationKey) -> Result<Vec<Version>, StoreError> {
        let version = |sample: Sample| {
            let received = received_ms(&self.connection, sample.seq)?.and_then(Time::from_ms);
            Ok(Version { row: row(key.datastream, sample), received })
        };
        self.versions(key)?.into_iter().map(version).collect()
    }

    fn versions(&self, key: &ObservationKey) -> Result<Vec<Sample>, StoreError> {
        let time_ms = key.phenomenon_time.ms();
        let newer = self.heads.read().get(key.datastream).map(|head| head.between(time_ms, time_ms).to_vec());
        let Some(newer) = newer else { return Ok(Vec::new()) };
        let held = self.hold()?;
        let mut sealed = Vec::new();
        for chunk in index::between(&self.connection, key.datastream.0, time_ms, time_ms)? {
            sealed.extend(chunk.read(&self.connection)?.samples_between(time_ms, time_ms));
        }
        drop(held);
        let wanted = key_of(key);
        let mut versions = merge(sealed, newer);
        versions.retain(|sample| sample.key() == wanted);
        Ok(versions)
    }
}

fn row(datastream: DatastreamId, sample: Sample) -> Row {
    Row { observation: sample.observation(datastream), seq: Seq(sample.seq), detail: sample.detail }
}

/// Observations on their way; see [`Reader::rows`].
#[derive(Debug)]
pub struct Rows<'a> {
    reader: &'a Reader,
    datastream: DatastreamId,
    /// What is left, both included.
    from_ms: i64,
    to_ms: i64,
    descending: bool,
    as_of: u64,
    block: usize,
    passes_over: Option<PassesOver<'a>>,
    open: Option<Open>,
    ready: std::vec::IntoIter<Sample>,
}

/// Says of the smallest and the largest number of a chunk whether it can be left out.
struct PassesOver<'a>(Box<dyn Fn(f64, f64) -> bool + 'a>);

impl std::fmt::Debug for PassesOver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassesOver")
    }
}

/// The chunk that was read last. It holds as long as nothing moved from memory into chunks.
#[derive(Debug)]
struct Open {
    moves: u64,
    indexed: Indexed,
    chunk: Chunk,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(sample) = self.ready.next() {
                return Some(Ok(row(self.datastream, sample)));
            }
            if self.from_ms > self.to_ms {
                return None;
            }
            if let Err(error) = self.fill() {
                // Ends: what comes after a damaged chunk is reached by asking for what is behind it.
                self.from_ms = i64::MAX;
                self.to_ms = i64::MIN;
                return Some(Err(error));
            }
        }
    }
}

impl<'a> Rows<'a> {
    /// Leaves out chunks, unread, of which every version is a number and `test` says so of the smallest and the largest
    /// of them. It is asked as late as can be, so what it says may change on the way.
    #[must_use]
    pub fn passing_over(mut self, test: impl Fn(f64, f64) -> bool + 'a) -> Self {
        self.passes_over = Some(PassesOver(Box::new(test)));
        self
    }

    fn is_passed_over(&self, chunk: &Indexed) -> bool {
        let figures = &chunk.figures;
        let test = self.passes_over.as_ref().filter(|_| figures.numbers == figures.count);
        test.is_some_and(|test| (test.0)(figures.low, figures.high))
    }
}

impl Rows<'_> {
    /// Reads the next stretch of time: of memory first, then of the chunk there. Whole phenomenon times only.
    fn fill(&mut self) -> Result<(), StoreError> {
        let (newer, mut edge_ms, moves) = self.newer();
        let held = self.reader.hold()?;
        self.open_chunk(edge_ms, moves)?;
        drop(held);
        let mut sealed = Vec::new();
        if let Some(open) = &self.open {
            let (from_ms, to_ms) = (open.indexed.figures.from_ms, open.indexed.figures.to_ms);
            let times = &open.chunk.times_ms;
            if self.descending && to_ms >= edge_ms && from_ms <= self.to_ms {
                let end = times.partition_point(|time| *time <= self.to_ms);
                let block = times.get(end.saturating_sub(self.block)).copied().unwrap_or(from_ms);
                edge_ms = edge_ms.max(block).max(if end <= self.block { from_ms } else { block });
                sealed = open.chunk.samples_between(edge_ms, self.to_ms);
            } else if !self.descending && from_ms <= edge_ms && to_ms >= self.from_ms {
                let start = open.chunk.place(self.from_ms);
                let block = times.get(start + self.block).copied().unwrap_or(to_ms);
                edge_ms = edge_ms.min(block);
                sealed = open.chunk.samples_between(self.from_ms, edge_ms);
            }
        }
        let mut newer = newer;
        newer.retain(|sample| if self.descending { sample.time_ms >= edge_ms } else { sample.time_ms <= edge_ms });
        let mut samples = merge(sealed, newer);
        samples.retain(|sample| sample.seq <= self.as_of);
        keep_current(&mut samples);
        if self.descending {
            samples.reverse();
            if edge_ms == i64::MIN { self.from_ms = i64::MAX } else { self.to_ms = edge_ms - 1 }
        } else if edge_ms == i64::MAX {
            self.to_ms = i64::MIN;
        } else {
            self.from_ms = edge_ms + 1;
        }
        self.block = (self.block * 4).min(BLOCK_MAX);
        self.ready = samples.into_iter();
        Ok(())
    }

    /// The next versions in memory, how far they reach, and how often versions were moved so far.
    fn newer(&self) -> (Vec<Sample>, i64, u64) {
        let all = self.reader.heads.read();
        let far_ms = if self.descending { self.from_ms } else { self.to_ms };
        let Some(head) = all.get(self.datastream) else { return (Vec::new(), far_ms, all.moves) };
        let within = head.between(self.from_ms, self.to_ms);
        if within.len() <= self.block {
            return (within.to_vec(), far_ms, all.moves);
        }
        let edge = if self.descending { within.len() - self.block } else { self.block - 1 };
        let edge_ms = within.get(edge).map_or(far_ms, |sample| sample.time_ms);
        let (from_ms, to_ms) = if self.descending { (edge_ms, self.to_ms) } else { (self.from_ms, edge_ms) };
        (head.between(from_ms, to_ms).to_vec(), edge_ms, all.moves)
    }

    /// Makes sure that the next chunk is open, if it begins within the stretch.
    fn open_chunk(&mut self, edge_ms: i64, moves: u64) -> Result<(), StoreError> {
        let (from_ms, to_ms) = (self.from_ms, self.to_ms);
        let spans = |open: &Open| {
            let near_ms = if self.descending { to_ms } else { from_ms };
            open.moves == moves && (open.indexed.figures.from_ms..=open.indexed.figures.to_ms).contains(&near_ms)
        };
        if self.open.as_ref().is_some_and(spans) {
            return Ok(());
        }
        self.open = None;
        let connection = &self.reader.connection;
        let mut near_ms = if self.descending { to_ms } else { from_ms };
        let next = |near_ms| {
            Ok::<_, StoreError>(if self.descending {
                index::at_or_before(connection, self.datastream.0, near_ms)?
                    .filter(|chunk| chunk.figures.to_ms >= edge_ms)
            } else {
                index::ending_at_or_after(connection, self.datastream.0, near_ms)?
                    .filter(|chunk| chunk.figures.from_ms <= edge_ms)
            })
        };
        let mut found = next(near_ms)?;
        while let Some(chunk) = found.take_if(|chunk| self.is_passed_over(chunk)) {
            near_ms = if self.descending { chunk.figures.from_ms - 1 } else { chunk.figures.to_ms + 1 };
            found = next(near_ms)?;
        }
        if let Some(indexed) = found {
            let chunk = indexed.read(connection)?;
            self.open = Some(Open { moves, indexed, chunk });
        }
        Ok(())
    }
}

impl Reader {
    /// The last row of the journal that was received at `at` or before; `Seq(0)` when there is none. What was known
    /// then is what a reading as of this row shows.
    pub fn seq_at(&self, at: Time) -> Result<Seq, StoreError> {
        Ok(Seq(crate::journal::first_received(&self.connection, at.ms().saturating_add(1))?.saturating_sub(1)))
    }
}

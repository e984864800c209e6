//! Which chunks a series shall have: new versions become chunks, small neighbours grow together, and what comes late
//! opens the chunk that it falls into. Chunks of one series never share a point of time.

use rusqlite::Connection;

use super::chunk::{self, CHUNK_POINTS_MAX};
use super::index::{self, Indexed};
use super::sample::{Sample, merge};
use super::segments::NewChunk;
use crate::error::StoreError;

/// Chunks of about one size that grow into one. With 8, a version is written again once for each factor of 8 between
/// the versions of one seal and a whole chunk: two or three times in all.
const TOGETHER: usize = 8;
/// A chunk with so many versions stays as it is.
const FULL: usize = CHUNK_POINTS_MAX / 2;
/// Neighbours that together make such a chunk grow into one at once.
const WHOLE: usize = CHUNK_POINTS_MAX / 4 * 3;
/// Chunks that are looked at on each side of what is new: [`TOGETHER`] of each of three sizes.
const NEIGHBOURS: usize = 24;

/// What becomes of one series.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) gone: Vec<Indexed>,
    pub(crate) chunks: Vec<NewChunk>,
}

/// A chunk to be, or one that is.
#[derive(Debug, Default)]
struct Piece {
    from_ms: i64,
    to_ms: i64,
    count: usize,
    known: Vec<Indexed>,
    fresh: Vec<Sample>,
    /// Whether it has to be written.
    open: bool,
}

impl Piece {
    fn known(chunk: Indexed) -> Self {
        let (from_ms, to_ms) = (chunk.figures.from_ms, chunk.figures.to_ms);
        let count = usize::try_from(chunk.figures.count).unwrap_or(usize::MAX);
        Self { from_ms, to_ms, count, known: vec![chunk], fresh: Vec::new(), open: false }
    }

    fn add(&mut self, sample: Sample) {
        self.to_ms = self.to_ms.max(sample.time_ms);
        self.count += 1;
        self.fresh.push(sample);
        self.open = true;
    }

    fn absorb(&mut self, other: Self) {
        self.to_ms = self.to_ms.max(other.to_ms);
        self.count += other.count;
        self.known.extend(other.known);
        self.fresh.extend(other.fresh);
        self.open = true;
    }

    /// 0 to 3: below 64, below 512, below [`FULL`], full.
    fn size(&self) -> usize {
        [64, 512, FULL].iter().take_while(|size| self.count >= **size).count()
    }
}

/// Works out what these new versions (in order) make of their series, which is sealed to `sealed_to_ms`.
pub(crate) fn lay(
    connection: &Connection,
    datastream: u32,
    fresh: Vec<Sample>,
    sealed_to_ms: Option<i64>,
) -> Result<Change, StoreError> {
    let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else { return Ok(Change::default()) };
    let (first_ms, last_ms) = (first.time_ms, last.time_ms);
    let mut known = Vec::new();
    if sealed_to_ms.is_some() {
        // A full one grows together with nothing; what is before it need not be known.
        let full = |chunk: &Indexed| chunk.figures.count >= FULL as u64;
        known = index::up_to(connection, datastream, first_ms, NEIGHBOURS, full)?;
    }
    if sealed_to_ms.is_some_and(|to_ms| first_ms <= to_ms) {
        known.extend(index::from(connection, datastream, first_ms, last_ms, NEIGHBOURS)?);
    }
    let mut pieces = place(known, fresh);
    grow(&mut pieces);
    let mut change = Change::default();
    for piece in pieces.into_iter().filter(|piece| piece.open) {
        write(connection, datastream, piece, &mut change)?;
    }
    Ok(change)
}

/// Puts each version into the piece that spans its time, or into a new one between two.
fn place(known: Vec<Indexed>, fresh: Vec<Sample>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(known.len() + 1);
    let mut known = known.into_iter().map(Piece::known).peekable();
    for sample in fresh {
        while let Some(next) = known.next_if(|next| next.from_ms <= sample.time_ms) {
            pieces.push(next);
        }
        let time_ms = sample.time_ms;
        match pieces.last_mut() {
            // In the chunk that spans it, or in the new piece that is at its end.
            Some(piece) if time_ms <= piece.to_ms || piece.known.is_empty() => piece.add(sample),
            _ => {
                let mut piece = Piece { from_ms: time_ms, to_ms: time_ms, ..Piece::default() };
                piece.add(sample);
                pieces.push(piece);
            }
        }
    }
    pieces.extend(known);
    pieces
}

/// Lets small pieces beside open ones grow together.
fn grow(pieces: &mut Vec<Piece>) {
    let mut at = 0;
    while at < pieces.len() {
        let Some(piece) = pieces.get(at).filter(|piece| piece.open && piece.count < FULL) else {
            at += 1;
            continue;
        };
        let size = piece.size();
        let small = |piece: &&Piece| piece.count < FULL && piece.size() <= size;
        let before = pieces.get(..at).unwrap_or_default().iter().rev().take_while(small).count();
        let behind = pieces.get(at..).unwrap_or_default().iter().take_while(small).count();
        let run = at - before..at + behind;
        let count: usize = pieces.get(run.clone()).unwrap_or_default().iter().map(|piece| piece.count).sum();
        if run.len() >= TOGETHER || (run.len() > 1 && count >= WHOLE) {
            at = run.start;
            let mut run = pieces.drain(run);
            let mut whole = run.next().unwrap_or_default();
            run.for_each(|piece| whole.absorb(piece));
            // Looked at again: it may have become large enough for its neighbours.
            pieces.insert(at, whole);
        } else {
            at += 1;
        }
    }
}

fn write(connection: &Connection, datastream: u32, piece: Piece, change: &mut Change) -> Result<(), StoreError> {
    let mut sealed = Vec::new();
    for chunk in &piece.known {
        let read = chunk.read(connection)?;
        sealed.extend(read.samples(0..read.times_ms.len()));
    }
    let samples = merge(sealed, piece.fresh);
    change.gone.extend(piece.known);
    split(datastream, &samples, &mut change.chunks)
}

/// Writes versions as chunks of about [`CHUNK_POINTS_MAX`], never cut within one phenomenon time.
pub(crate) fn split(datastream: u32, samples: &[Sample], chunks: &mut Vec<NewChunk>) -> Result<(), StoreError> {
    let parts = ((samples.len() + CHUNK_POINTS_MAX / 2) / CHUNK_POINTS_MAX).max(1);
    let length = samples.len().div_ceil(parts);
    let mut rest = samples;
    while !rest.is_empty() {
        let cut = rest.get(length).map_or(rest.len(), |next| {
            let same = rest.get(length..).unwrap_or_default();
            let before = rest.get(length - 1).is_some_and(|before| before.time_ms == next.time_ms);
            if before { length + same.partition_point(|sample| sample.time_ms == next.time_ms) } else { length }
        });
        let (part, later) = rest.split_at(cut);
        chunks.push(NewChunk { datastream, figures: chunk::figures(part), bytes: chunk::encode(part)? });
        rest = later;
    }
    Ok(())
}

//! What of a batch is new: judged in memory, so that a row costs some nanoseconds. Only a point that is not newer than
//! all of its series is looked for: in the rows before it, in the heads, and last in one chunk, which stays decoded.

use std::sync::Arc;

use city::{DatastreamId, Detail, Observations};
use rusqlite::Connection;

use super::chunk::Chunk;
use super::heads::{ById, Heads};
use super::index;
use super::sample::{Sample, SampleKey, key_of};
use crate::error::StoreError;

/// What has to be known of the series to judge a point quickly.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    /// No version of the series, here or in chunks, is later than this. It may run ahead of what became durable:
    /// that costs a look, and nothing else.
    newest_ms: ById<i64>,
    looked: Option<Looked>,
}

/// The last stretch of a sealed series that was looked into: a chunk, or the gap between two.
#[derive(Debug)]
struct Looked {
    datastream: u32,
    from_ms: i64,
    to_ms: i64,
    chunk: Option<Chunk>,
}

/// Rows of the same group that come before the batch in hand, newest last, and where something was erased between.
pub(crate) struct Before<'a> {
    /// Gathered when they are asked for: hardly ever, and there may be hundreds of batches in a group.
    pub(crate) rows: &'a dyn Fn() -> Vec<&'a Observations>,
    pub(crate) erased: &'a [(usize, city::Erasure)],
}

impl Before<'_> {
    /// What these rows say of a key.
    fn find(&self, datastream: DatastreamId, key: SampleKey) -> Found {
        let mut erased = self.erased.iter().rev().peekable();
        let all = (self.rows)();
        for place in (0..=all.len()).rev() {
            while let Some((_, erasure)) = erased.next_if(|(at, _)| *at == place) {
                if covers(erasure, datastream, key) {
                    return Found::Erased;
                }
            }
            let rows = place.checked_sub(1).and_then(|at| all.get(at));
            if let Some(row) = rows.and_then(|rows| newest_of(rows, rows.len(), datastream, key).map(|row| (rows, row)))
            {
                return Found::Version(Known::of(row.0, row.1));
            }
        }
        Found::Nothing
    }
}

/// What the rows of a group say of a key.
enum Found {
    /// Its newest version.
    Version(Known),
    /// It was erased, and not said again.
    Erased,
    /// Nothing.
    Nothing,
}

/// What is known of a key.
struct Known {
    result: f64,
    detail: Option<Arc<Detail>>,
}

impl Known {
    fn of(rows: &Observations, row: usize) -> Self {
        let result = rows.results().get(row).copied().unwrap_or_default();
        Self { result, detail: rows.detail(row).map(|detail| Arc::new(detail.clone())) }
    }
}

pub(crate) fn covers(erasure: &city::Erasure, datastream: DatastreamId, key: SampleKey) -> bool {
    erasure.datastream == datastream
        && erasure
            .keys
            .as_ref()
            .is_none_or(|keys| keys.iter().any(|(time, result, end)| (time.ms(), *result, *end) == key))
}

/// The last of the first `end` rows with this key; they are in canonical order.
fn newest_of(rows: &Observations, end: usize, datastream: DatastreamId, key: SampleKey) -> Option<usize> {
    let of = |row: usize| rows.key(row).map(|key| (key.datastream, key_of(&key)));
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = usize::midpoint(low, high);
        if of(middle).is_some_and(|found| found <= (datastream, key)) { low = middle + 1 } else { high = middle }
    }
    let row = low.checked_sub(1)?;
    (of(row) == Some((datastream, key))).then_some(row)
}

impl Intake {
    /// No version of the series is later than this.
    pub(crate) fn reaches(&mut self, datastream: DatastreamId, time_ms: i64) {
        let newest = self.newest_ms.entry(datastream.0).or_insert(time_ms);
        *newest = time_ms.max(*newest);
    }

    /// Chunks were written or taken away.
    pub(crate) fn forget_chunk(&mut self) {
        self.looked = None;
    }

    /// Leaves the rows (in canonical order) that are new; gives the series of each that corrects another, and the rows
    /// that were known.
    pub(crate) fn take_new(
        &mut self,
        connection: &Connection,
        heads: &Heads,
        before: &Before<'_>,
        rows: &mut Observations,
    ) -> Result<(Vec<DatastreamId>, Observations), StoreError> {
        let mut corrections = Vec::new();
        let (mut known, mut known_rows) = (Vec::new(), Observations::default());
        for row in 0..rows.len() {
            let Some(point) = rows.get(row) else { break };
            let time_ms = point.phenomenon_time.ms();
            let newest = self.newest_ms.entry(point.datastream.0).or_insert(i64::MIN);
            if time_ms > *newest {
                *newest = time_ms;
                continue;
            }
            match self.judge(connection, heads, before, rows, row)? {
                Verdict::New => {}
                Verdict::Correction => corrections.push(point.datastream),
                Verdict::Duplicate => {
                    known.push(row);
                    known_rows.push_detailed(point, rows.detail(row).cloned().unwrap_or_default());
                }
            }
        }
        if !known.is_empty() {
            let mut known = known.into_iter().peekable();
            rows.retain(|row| known.next_if_eq(&row).is_none());
        }
        Ok((corrections, known_rows))
    }

    /// Judges a row that is not later than all of its series.
    fn judge(
        &mut self,
        connection: &Connection,
        heads: &Heads,
        before: &Before<'_>,
        rows: &Observations,
        row: usize,
    ) -> Result<Verdict, StoreError> {
        let (Some(point), Some(key)) = (rows.get(row), rows.key(row)) else { return Ok(Verdict::New) };
        let key = key_of(&key);
        let says = |known: &Known| {
            known.result.to_bits() == point.result.to_bits() && known.detail.as_deref() == rows.detail(row)
        };
        let verdict = |known: Option<Known>| match known {
            None => Verdict::New,
            Some(known) if says(&known) => Verdict::Duplicate,
            Some(_) => Verdict::Correction,
        };
        // A duplicate before it says what the newest before that said, so it may stand for it.
        if let Some(same) = newest_of(rows, row, point.datastream, key) {
            return Ok(verdict(Some(Known::of(rows, same))));
        }
        match before.find(point.datastream, key) {
            Found::Version(known) => return Ok(verdict(Some(known))),
            Found::Erased => return Ok(Verdict::New),
            Found::Nothing => {}
        }
        let sealed = {
            let all = heads.read();
            let Some(head) = all.get(point.datastream) else { return Ok(Verdict::New) };
            if let Some(sample) = head.newest_of(key) {
                return Ok(verdict(Some(Known { result: sample.result, detail: sample.detail.clone() })));
            }
            head.sealed.span_ms.is_some_and(|(from, to)| (from..=to).contains(&key.0))
        };
        if !sealed {
            return Ok(Verdict::New);
        }
        let found = self.sealed(connection, point.datastream, key)?;
        Ok(verdict(found.map(|sample| Known { result: sample.result, detail: sample.detail })))
    }

    /// The newest sealed version of a key.
    fn sealed(
        &mut self,
        connection: &Connection,
        datastream: DatastreamId,
        key: SampleKey,
    ) -> Result<Option<Sample>, StoreError> {
        let fits =
            |looked: &Looked| looked.datastream == datastream.0 && (looked.from_ms..=looked.to_ms).contains(&key.0);
        if !self.looked.as_ref().is_some_and(fits) {
            self.looked = Some(look(connection, datastream.0, key.0)?);
        }
        let Some(chunk) = self.looked.as_ref().and_then(|looked| looked.chunk.as_ref()) else { return Ok(None) };
        let versions = chunk.samples_between(key.0, key.0);
        Ok(versions.into_iter().rev().find(|sample| sample.key() == key))
    }
}

enum Verdict {
    New,
    Correction,
    Duplicate,
}

fn look(connection: &Connection, datastream: u32, time_ms: i64) -> Result<Looked, StoreError> {
    let before = index::at_or_before(connection, datastream, time_ms)?;
    if let Some(found) = before.as_ref().filter(|found| found.figures.to_ms >= time_ms) {
        let (from_ms, to_ms) = (found.figures.from_ms, found.figures.to_ms);
        return Ok(Looked { datastream, from_ms, to_ms, chunk: Some(found.read(connection)?) });
    }
    let from_ms = before.map_or(i64::MIN, |before| before.figures.to_ms + 1);
    let to_ms = index::after(connection, datastream, time_ms)?.map_or(i64::MAX, |after| after.figures.from_ms - 1);
    Ok(Looked { datastream, from_ms, to_ms, chunk: None })
}

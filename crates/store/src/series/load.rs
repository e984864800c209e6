//! The series as the file has them, when the store opens.

use std::sync::Arc;

use city::{DatastreamId, Observations, Record};
use rusqlite::Connection;

use super::heads::{All, Heads, Newest, Sealed};
use super::index::{self, Indexed};
use super::intake::{Before, Intake};
use super::sample::Sample;
use super::seal::Sealing;
use super::segments::Segments;
use crate::blocks::Received;
use crate::error::StoreError;
use crate::journal;

/// What is in memory of the series.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) heads: Arc<Heads>,
    pub(crate) intake: Intake,
    pub(crate) segments: Segments,
    pub(crate) sealing: Sealing,
}

/// Reads the index of the chunks, and the rows of the journal that are not sealed.
pub(crate) fn load(connection: &Connection) -> Result<Loaded, StoreError> {
    let mut sealing = Sealing::load(connection)?;
    let (mut all, mut intake, mut segments) = (All::default(), Intake::default(), Segments::load(connection)?);
    let (mut chunks, mut received) = (Vec::<Indexed>::new(), Received::default());
    index::each(connection, |chunk| {
        segments.note(chunk.place);
        if chunks.first().is_some_and(|first| first.datastream != chunk.datastream) {
            sealed_series(connection, &mut all, &mut intake, &mut received, &chunks)?;
            chunks.clear();
        }
        chunks.push(chunk);
        Ok(())
    })?;
    sealed_series(connection, &mut all, &mut intake, &mut received, &chunks)?;
    let heads = Heads::default();
    *heads.write() = all;
    sealing.unsealed = replay(connection, &heads, &mut intake, sealing.sealed)?;
    Ok(Loaded { heads: Arc::new(heads), intake, segments, sealing })
}

fn sealed_series(
    connection: &Connection,
    all: &mut All,
    intake: &mut Intake,
    received: &mut Received,
    chunks: &[Indexed],
) -> Result<(), StoreError> {
    let Some(last) = chunks.last() else { return Ok(()) };
    let id = DatastreamId(last.datastream);
    intake.reaches(id, last.figures.to_ms);
    let newest = newest(connection, received, last)?;
    let current: u64 = chunks.iter().map(|chunk| chunk.figures.current).sum();
    let head = all.entry(id);
    head.sealed = sealed(chunks);
    head.first_ms = head.sealed.span_ms.map_or(i64::MAX, |(from, _)| from);
    head.newest = newest;
    head.current = current;
    all.current += current;
    Ok(())
}

/// What these chunks of one series hold, in order.
pub(super) fn sealed(chunks: &[Indexed]) -> Sealed {
    let ends = chunks.first().zip(chunks.last());
    Sealed {
        span_ms: ends.map(|(first, last)| (first.figures.from_ms, last.figures.to_ms)),
        seq: chunks.iter().map(|chunk| chunk.figures.seq_max).max().unwrap_or_default(),
    }
}

/// The newest observation of the last chunk of a series; `None` when the chunk is damaged, so that one broken chunk
/// does not keep the store shut.
pub(super) fn newest(
    connection: &Connection,
    received: &mut Received,
    last: &Indexed,
) -> Result<Option<Newest>, StoreError> {
    let (time_ms, seq) = (last.figures.to_ms, last.figures.last_seq);
    let received_ms = received.of(connection, seq)?.unwrap_or(time_ms);
    if let Some(result) = last.figures.last_result {
        return Ok(Some(Newest { time_ms, result, received_ms, detail: None }));
    }
    match last.read(connection) {
        Ok(chunk) => {
            let newest = chunk.samples_between(time_ms, time_ms).pop();
            Ok(newest.map(|Sample { result, detail, .. }| Newest { time_ms, result, received_ms, detail }))
        }
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%error, "the newest observation of a series is unknown");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// When a row of the journal was received; `None` when retention took it.
pub(crate) fn received_ms(connection: &Connection, seq: u64) -> Result<Option<i64>, StoreError> {
    Received::default().of(connection, seq)
}

/// Runs the rows that are not sealed into the heads, as they came; gives how many observations are in them.
fn replay(connection: &Connection, heads: &Heads, intake: &mut Intake, sealed: u64) -> Result<usize, StoreError> {
    let mut count = 0;
    let nothing = Before { rows: &Vec::new, erased: &[] };
    journal::each_unsealed(connection, sealed, |row| {
        for record in row.records {
            match record {
                Record::Observations(mut rows) => {
                    count += rows.len();
                    leave_unsealed(heads, &mut rows, row.seq.0);
                    let (corrections, _known) = intake.take_new(connection, heads, &nothing, &mut rows)?;
                    let mut all = heads.write();
                    all.append(&rows, row.seq.0, row.received.ms());
                    all.corrected(&corrections);
                }
                Record::Erasure(erasure) => super::erase::forget(connection, heads, &erasure)?,
                _ => {}
            }
        }
        Ok(())
    })?;
    Ok(count)
}

/// Takes out the rows whose series is sealed up to this row of the journal or beyond: a seal was cut short.
fn leave_unsealed(heads: &Heads, rows: &mut Observations, seq: u64) {
    let all = heads.read();
    let unsealed: Vec<bool> =
        rows.datastreams().iter().map(|id| all.get(*id).is_none_or(|head| head.sealed.seq < seq)).collect();
    rows.retain(|row| unsealed.get(row).copied().unwrap_or(true));
}

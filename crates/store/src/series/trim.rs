//! Taking the expired end of a series away.

use city::DatastreamId;
use rusqlite::Connection;

use super::heads::Heads;
use super::hours::{self, HOUR_MS, Hour, Hours};
use super::index::{self, Indexed};
use super::layout::split;
use super::sample::{keep_current, keep_numbers};
use super::segments::Segments;
use crate::error::StoreError;

/// What was taken away of a series.
#[derive(Debug, Default)]
pub(crate) struct Expired {
    /// Versions.
    pub(crate) points: u64,
    /// Chunks that were looked at, and bytes of theirs.
    pub(crate) chunks: usize,
    pub(crate) bytes: usize,
    /// Whether there is more of it, for which the series has to be counted anew first.
    pub(crate) more: bool,
}

/// Takes away what of the series is before `cutoff_ms`, of at most so many chunks, and leaves its hours with `hourly`.
/// The heads must be sealed, and the series be counted anew once the transaction is through.
pub(crate) fn expire(
    connection: &Connection,
    segments: &mut Segments,
    heads: &Heads,
    id: DatastreamId,
    cutoff_ms: i64,
    hourly: bool,
    chunks_max: usize,
) -> Result<Expired, StoreError> {
    let first_ms = heads.read().get(id).and_then(|head| head.sealed.span_ms).map_or(i64::MAX, |(from, _)| from);
    if first_ms >= cutoff_ms {
        return Ok(Expired::default());
    }
    let mut chunks = index::between(connection, id.0, i64::MIN, cutoff_ms - 1)?;
    let more = chunks.len() > chunks_max;
    chunks.truncate(chunks_max);
    if hourly {
        let mut figures = Hours::new();
        for chunk in &chunks {
            let mut samples = chunk.read(connection)?.samples_between(i64::MIN, cutoff_ms - 1);
            keep_current(&mut samples);
            keep_numbers(&mut samples);
            for sample in samples {
                let from_ms = sample.time_ms.div_euclid(HOUR_MS) * HOUR_MS;
                let hour = Hour { count: 1, low: sample.result, high: sample.result, total: sample.result };
                figures.entry(from_ms).and_modify(|known: &mut Hour| known.add(hour)).or_insert(hour);
            }
        }
        hours::add(connection, id, &figures)?;
    }
    let points = trim(connection, segments, id, &chunks, cutoff_ms)?;
    let bytes = chunks.iter().map(|chunk| chunk.place.length).sum();
    Ok(Expired { points, chunks: chunks.len(), bytes, more })
}

/// Takes away the hours of the series that begin before `cutoff_ms`.
pub(crate) fn expire_hours(connection: &Connection, id: DatastreamId, cutoff_ms: i64) -> Result<(), StoreError> {
    hours::trim(connection, id, cutoff_ms)
}

/// Deletes every version in these chunks before `cutoff_ms`; a chunk across it is cut.
fn trim(
    connection: &Connection,
    segments: &mut Segments,
    id: DatastreamId,
    chunks: &[Indexed],
    cutoff_ms: i64,
) -> Result<u64, StoreError> {
    let mut gone = 0;
    for chunk in chunks {
        let mut left = Vec::new();
        if chunk.figures.to_ms >= cutoff_ms {
            left = chunk.read(connection)?.samples_between(cutoff_ms, i64::MAX);
        }
        gone += chunk.figures.count - left.len() as u64;
        segments.discard(connection, std::slice::from_ref(chunk))?;
        let mut chunks = Vec::new();
        split(id.0, &left, &mut chunks)?;
        segments.write(connection, &chunks)?;
    }
    Ok(gone)
}

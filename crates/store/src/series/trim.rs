//! Taking the expired end of a series away.

use city::DatastreamId;
use rusqlite::Connection;

use super::heads::Heads;
use super::hours::{self, HOUR_MS, Hour, Hours};
use super::index;
use super::layout::split;
use super::sample::{keep_current, keep_numbers};
use super::segments::Segments;
use crate::error::StoreError;

/// Takes away what of the series is before `cutoff_ms`, and leaves its hours with `hourly`. Gives the number of versions
/// that went. The heads must be sealed, and the series be counted anew once the transaction is through.
pub(crate) fn expire(
    connection: &Connection,
    segments: &mut Segments,
    heads: &Heads,
    id: DatastreamId,
    cutoff_ms: i64,
    hourly: bool,
) -> Result<u64, StoreError> {
    let first_ms = heads.read().get(id).and_then(|head| head.sealed.span_ms).map_or(i64::MAX, |(from, _)| from);
    if first_ms >= cutoff_ms {
        return Ok(0);
    }
    if hourly {
        let mut figures = Hours::new();
        for chunk in index::between(connection, id.0, i64::MIN, cutoff_ms - 1)? {
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
    trim(connection, segments, id, cutoff_ms)
}

/// Takes away the hours of the series that begin before `cutoff_ms`.
pub(crate) fn expire_hours(connection: &Connection, id: DatastreamId, cutoff_ms: i64) -> Result<(), StoreError> {
    hours::trim(connection, id, cutoff_ms)
}

/// Deletes every sealed version of the series before `cutoff_ms`; a chunk across it is cut.
fn trim(connection: &Connection, segments: &mut Segments, id: DatastreamId, cutoff_ms: i64) -> Result<u64, StoreError> {
    let mut gone = 0;
    for chunk in index::between(connection, id.0, i64::MIN, cutoff_ms - 1)? {
        let mut left = Vec::new();
        if chunk.figures.to_ms >= cutoff_ms {
            left = chunk.read(connection)?.samples_between(cutoff_ms, i64::MAX);
        }
        gone += chunk.figures.count - left.len() as u64;
        segments.discard(connection, std::slice::from_ref(&chunk))?;
        let mut chunks = Vec::new();
        split(id.0, &left, &mut chunks)?;
        segments.write(connection, &chunks)?;
    }
    Ok(gone)
}

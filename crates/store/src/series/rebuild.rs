//! Rows of the journal whose bodies are emptied, put together again from the chunks.

use std::collections::BTreeMap;

use city::{DatastreamId, Observations};
use rusqlite::Connection;

use super::index;
use crate::error::StoreError;

/// The observations of these rows of the journal, in canonical order, each row as it was written but for what was
/// erased or expired since. One pass over the chunks that hold something of them.
pub(crate) fn rebuild(connection: &Connection, seqs: &[u64]) -> Result<BTreeMap<u64, Observations>, StoreError> {
    let mut rows: BTreeMap<u64, Observations> = seqs.iter().map(|seq| (*seq, Observations::default())).collect();
    let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else { return Ok(rows) };
    // Chunks come by series and time, versions by key and row: so each row is filled in canonical order.
    for indexed in index::of_rows(connection, *first, *last)? {
        let chunk = indexed.read(connection)?;
        let mut details = chunk.details.iter().peekable();
        for (place, seq) in chunk.seqs.iter().enumerate() {
            let detail = details.next_if(|(row, _)| *row as usize == place);
            let Some(row) = rows.get_mut(&seq.cast_unsigned()) else { continue };
            let (Some(time_ms), Some(result)) = (chunk.times_ms.get(place), chunk.results.get(place)) else { break };
            let observation = city::Observation {
                datastream: DatastreamId(indexed.datastream),
                phenomenon_time: super::time(*time_ms),
                result: *result,
            };
            match detail {
                Some((_, detail)) => row.push_detailed(observation, detail.as_ref().clone()),
                None => row.push(observation),
            }
        }
    }
    Ok(rows)
}

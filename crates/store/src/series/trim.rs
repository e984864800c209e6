//! Taking the expired end of a series away.

use city::DatastreamId;
use rusqlite::{Connection, params};

use super::chunk::{self, Chunk};
use crate::error::StoreError;

/// Deletes every point of the series before `cutoff_ms`; a chunk across it is cut. Gives the number of points.
pub(crate) fn trim(connection: &Connection, datastream: DatastreamId, cutoff_ms: i64) -> Result<u64, StoreError> {
    let text = "DELETE FROM observation_head WHERE datastream = ?1 AND phenomenon_ms < ?2";
    let mut gone = connection.prepare_cached(text)?.execute(params![datastream.0, cutoff_ms])? as u64;
    let text = "SELECT coalesce(sum(count), 0) FROM series_chunk WHERE datastream = ?1 AND to_ms < ?2";
    let whole: i64 = connection.prepare_cached(text)?.query_row(params![datastream.0, cutoff_ms], |row| row.get(0))?;
    gone += crate::codec::unsigned(whole);
    let text = "DELETE FROM series_chunk WHERE datastream = ?1 AND to_ms < ?2";
    connection.prepare_cached(text)?.execute(params![datastream.0, cutoff_ms])?;

    if let Some(across) = chunk::at(connection, datastream, cutoff_ms)? {
        let kept = across.points().filter(|(time_ms, _)| *time_ms >= cutoff_ms);
        let (times_ms, results): (Vec<i64>, Vec<f64>) = kept.unzip();
        let lost = across.times_ms.len() - times_ms.len();
        if lost > 0 {
            gone += lost as u64;
            chunk::delete(connection, datastream, across.times_ms.first().copied().unwrap_or_default())?;
            Chunk { datastream, times_ms, results }.save(connection)?;
        }
    }
    let text = "DELETE FROM datastream_latest WHERE datastream = ?1 AND phenomenon_ms < ?2";
    connection.prepare_cached(text)?.execute(params![datastream.0, cutoff_ms])?;
    Ok(gone)
}

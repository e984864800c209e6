//! One sealed chunk: two columns compressed by `pco`, lossless.

use city::DatastreamId;
use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::codec::signed;
use crate::error::StoreError;

/// Points in one chunk at most. A day of minutes is 1,440; a second's series makes 22 chunks a day, each of which
/// decodes in some 40 microseconds.
pub const CHUNK_POINTS_MAX: usize = 4096;
/// Milliseconds in a UTC day; POSIX days have no leap seconds.
pub(super) const DAY_MS: i64 = 86_400_000;

/// A chunk, decoded. Times rise strictly; both columns are equally long and not empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    pub(super) datastream: DatastreamId,
    pub(super) times_ms: Vec<i64>,
    pub(super) results: Vec<f64>,
}

impl Chunk {
    pub(super) fn spans(&self, time_ms: i64) -> bool {
        self.times_ms.first().is_some_and(|first| *first <= time_ms)
            && self.times_ms.last().is_some_and(|last| time_ms <= *last)
    }

    pub(super) fn value_at(&self, time_ms: i64) -> Option<f64> {
        let at = self.times_ms.binary_search(&time_ms).ok()?;
        self.results.get(at).copied()
    }

    pub(super) fn points(&self) -> impl Iterator<Item = (i64, f64)> + '_ {
        self.times_ms.iter().copied().zip(self.results.iter().copied())
    }

    /// Writes the chunk, in place of one that begins at the same point.
    pub(super) fn save(&self, connection: &Connection) -> Result<(), StoreError> {
        let (Some(from_ms), Some(to_ms)) = (self.times_ms.first(), self.times_ms.last()) else { return Ok(()) };
        let config = ChunkConfig::default();
        let pack = |error: pco::errors::PcoError| StoreError::Unwritable { what: "chunk", why: error.to_string() };
        let times = simple_compress(&self.times_ms, &config).map_err(pack)?;
        let results = simple_compress(&self.results, &config).map_err(pack)?;
        let text = "INSERT OR REPLACE INTO series_chunk (datastream, from_ms, to_ms, count, times, results) \
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let count = signed(self.times_ms.len() as u64);
        connection.prepare_cached(text)?.execute(params![self.datastream.0, from_ms, to_ms, count, times, results])?;
        Ok(())
    }
}

const COLUMNS: &str = "SELECT datastream, from_ms, to_ms, count, times, results FROM series_chunk";

/// Decodes a row of [`COLUMNS`].
fn from_row(row: &Row<'_>) -> Result<Chunk, StoreError> {
    let (datastream, from_ms): (u32, i64) = (row.get(0)?, row.get(1)?);
    let damaged = |why: String| StoreError::Damaged { what: format!("chunk {from_ms} of series {datastream}"), why };
    let blob = |at: usize| row.get_ref(at)?.as_blob().map_err(|error| damaged(error.to_string()));
    let times_ms: Vec<i64> = simple_decompress(blob(4)?).map_err(|error| damaged(error.to_string()))?;
    let results: Vec<f64> = simple_decompress(blob(5)?).map_err(|error| damaged(error.to_string()))?;
    let count = usize::try_from(row.get::<_, i64>(3)?).unwrap_or(usize::MAX);
    if times_ms.len() != count || results.len() != count || times_ms.first() != Some(&from_ms) {
        return Err(damaged(format!("expected {count} points, found {} and {}", times_ms.len(), results.len())));
    }
    Ok(Chunk { datastream: DatastreamId(datastream), times_ms, results })
}

/// The chunk that spans `time_ms`.
pub(super) fn at(connection: &Connection, datastream: DatastreamId, time_ms: i64) -> Result<Option<Chunk>, StoreError> {
    let text = format!("{COLUMNS} WHERE datastream = ?1 AND from_ms <= ?2 ORDER BY from_ms DESC LIMIT 1");
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![datastream.0, time_ms])?;
    let found = rows.next()?.map(from_row).transpose()?;
    Ok(found.filter(|chunk| chunk.spans(time_ms)))
}

/// Every chunk that shares a point of time with `from_ms..=to_ms`, in order, one at a time.
pub(super) fn each_between(
    connection: &Connection,
    datastream: DatastreamId,
    from_ms: i64,
    to_ms: i64,
    mut each: impl FnMut(Chunk),
) -> Result<(), StoreError> {
    // Chunks of one series do not overlap, so the last one that begins at or before from_ms is the first that counts.
    let text = "SELECT max(from_ms) FROM series_chunk WHERE datastream = ?1 AND from_ms <= ?2";
    let first: Option<i64> = connection
        .prepare_cached(text)?
        .query_row(params![datastream.0, from_ms], |row| row.get(0))
        .optional()?
        .flatten();
    let text = format!("{COLUMNS} WHERE datastream = ?1 AND from_ms >= ?2 AND from_ms <= ?3 ORDER BY from_ms");
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![datastream.0, first.unwrap_or(from_ms), to_ms])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(2)? >= from_ms {
            each(from_row(row)?);
        }
    }
    Ok(())
}

/// Deletes the chunk that begins at `from_ms`.
pub(super) fn delete(connection: &Connection, datastream: DatastreamId, from_ms: i64) -> Result<(), StoreError> {
    let text = "DELETE FROM series_chunk WHERE datastream = ?1 AND from_ms = ?2";
    connection.prepare_cached(text)?.execute(params![datastream.0, from_ms])?;
    Ok(())
}

//! Series: the newest points as rows, older days as compressed chunks, both read as one.

mod chunk;
mod read;
mod seal;
mod trim;

use std::collections::HashMap;

use city::{DatastreamId, Observation, Observations};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::recent::Verdict;
use chunk::Chunk;

pub use chunk::CHUNK_POINTS_MAX;
pub use read::{Bucket, Latest, Point};
pub(crate) use trim::trim;

/// What has to be known of the series to take a point quickly.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// Last sealed point of each series: what is newer needs no look into chunks.
    sealed_to_ms: HashMap<DatastreamId, i64>,
    /// The chunk that was last looked into: late data comes in runs.
    looked_into: Option<Chunk>,
    /// Newest point of each series in this batch, not yet written.
    latest: HashMap<DatastreamId, (i64, f64)>,
}

impl Series {
    pub(crate) fn rebuild(connection: &Connection) -> Result<Self, StoreError> {
        let mut series = Self::default();
        let mut statement =
            connection.prepare("SELECT datastream, max(to_ms) FROM series_chunk GROUP BY datastream")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            series.sealed_to_ms.insert(DatastreamId(row.get(0)?), row.get(1)?);
        }
        Ok(series)
    }

    /// Takes the rows that are new, and leaves only those.
    pub(crate) fn take_new(&mut self, connection: &Connection, rows: &mut Observations) -> Result<(), StoreError> {
        let mut new = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            new.push(self.take(connection, &row)? == Verdict::New);
        }
        rows.retain(|row| new.get(row).copied().unwrap_or(false));
        Ok(())
    }

    /// Takes a point: new, or a duplicate when the same value is known for the same time.
    fn take(&mut self, connection: &Connection, point: &Observation) -> Result<Verdict, StoreError> {
        let (datastream, time_ms) = (point.datastream, point.phenomenon_time.ms());
        let sealed = self.sealed_to_ms.get(&datastream).is_some_and(|to_ms| time_ms <= *to_ms);
        if sealed && !in_head(connection, datastream, time_ms)? {
            let known = self.sealed_value(connection, datastream, time_ms)?;
            if known.is_some_and(|value| value.to_bits() == point.result.to_bits()) {
                return Ok(Verdict::Duplicate);
            }
        }
        let text = "INSERT INTO observation_head (datastream, phenomenon_ms, result) VALUES (?1, ?2, ?3) \
                    ON CONFLICT (datastream, phenomenon_ms) DO UPDATE SET result = excluded.result \
                    WHERE result <> excluded.result";
        let new = connection.prepare_cached(text)?.execute(params![datastream.0, time_ms, point.result])?;
        if new == 0 {
            return Ok(Verdict::Duplicate);
        }
        let latest = self.latest.entry(datastream).or_insert((time_ms, point.result));
        if time_ms >= latest.0 {
            *latest = (time_ms, point.result);
        }
        Ok(Verdict::New)
    }

    /// Writes the newest points that the batch brought.
    pub(crate) fn write_latest(&mut self, connection: &Connection, received_ms: i64) -> Result<(), StoreError> {
        let text = "INSERT INTO datastream_latest (datastream, phenomenon_ms, result, received_ms) \
                    VALUES (?1, ?2, ?3, ?4) \
                    ON CONFLICT (datastream) DO UPDATE SET phenomenon_ms = excluded.phenomenon_ms, \
                      result = excluded.result, received_ms = excluded.received_ms \
                    WHERE excluded.phenomenon_ms >= phenomenon_ms";
        for (datastream, (time_ms, result)) in self.latest.drain() {
            connection.prepare_cached(text)?.execute(params![datastream.0, time_ms, result, received_ms])?;
        }
        Ok(())
    }

    /// The chunk in memory may have been cut or merged.
    pub(crate) fn forget_chunk(&mut self) {
        self.looked_into = None;
    }

    fn sealed_value(
        &mut self,
        connection: &Connection,
        datastream: DatastreamId,
        time_ms: i64,
    ) -> Result<Option<f64>, StoreError> {
        let fits = |chunk: &Chunk| chunk.datastream == datastream && chunk.spans(time_ms);
        if !self.looked_into.as_ref().is_some_and(fits) {
            self.looked_into = chunk::at(connection, datastream, time_ms)?;
        }
        Ok(self.looked_into.as_ref().filter(|chunk| fits(chunk)).and_then(|chunk| chunk.value_at(time_ms)))
    }
}

fn in_head(connection: &Connection, datastream: DatastreamId, time_ms: i64) -> Result<bool, StoreError> {
    let text = "SELECT 1 FROM observation_head WHERE datastream = ?1 AND phenomenon_ms = ?2";
    let found = connection.prepare_cached(text)?.query_row(params![datastream.0, time_ms], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

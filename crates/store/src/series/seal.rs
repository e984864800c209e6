//! Sealing: rows of past days become chunks. Late rows open the chunks that they fall into again.

use std::collections::BTreeMap;

use city::{DatastreamId, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use super::chunk::{self, CHUNK_POINTS_MAX, Chunk, DAY_MS};
use crate::error::StoreError;
use crate::store::Store;

/// One day of one series that is ready.
struct Ready {
    datastream: DatastreamId,
    day: i64,
}

impl Store {
    /// Seals what is ready at `now`: of each series every UTC day that is over, and of the running day what fills a
    /// whole chunk. Gives the number of points that became part of chunks. One transaction, off the way of batches:
    /// call it about once a minute.
    pub fn seal(&mut self, now: Time) -> Result<u64, StoreError> {
        self.write(|store| {
            let Self { read, series, .. } = store;
            let transaction = read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut sealed = 0;
            for Ready { datastream, day } in ready(&transaction, now.ms().div_euclid(DAY_MS))? {
                let (points, to_ms) = seal_day(&transaction, datastream, day)?;
                sealed += points;
                let known = series.sealed_to_ms.entry(datastream).or_insert(to_ms);
                *known = to_ms.max(*known);
            }
            transaction.commit()?;
            series.looked_into = None;
            Ok(sealed)
        })
    }
}

fn ready(connection: &Connection, today: i64) -> Result<Vec<Ready>, StoreError> {
    let text = "SELECT datastream, phenomenon_ms / ?1 AS day, count(*) FROM observation_head GROUP BY datastream, day";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([DAY_MS])?;
    let mut found = Vec::new();
    let full = i64::try_from(CHUNK_POINTS_MAX).unwrap_or(i64::MAX);
    while let Some(row) = rows.next()? {
        let (day, count): (i64, i64) = (row.get(1)?, row.get(2)?);
        if day < today || count >= full {
            found.push(Ready { datastream: DatastreamId(row.get(0)?), day });
        }
    }
    Ok(found)
}

/// Merges the rows of one day with the chunks that they fall into; a row wins over a sealed point of the same time.
fn seal_day(connection: &Connection, datastream: DatastreamId, day: i64) -> Result<(u64, i64), StoreError> {
    let (day_from, day_to) = (day * DAY_MS, (day + 1) * DAY_MS - 1);
    let mut head: Vec<(i64, f64)> = Vec::new();
    let text = "SELECT phenomenon_ms, result FROM observation_head \
                WHERE datastream = ?1 AND phenomenon_ms BETWEEN ?2 AND ?3 ORDER BY phenomenon_ms";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params![datastream.0, day_from, day_to])?;
    while let Some(row) = rows.next()? {
        head.push((row.get(0)?, row.get(1)?));
    }
    let (Some(first), Some(last)) = (head.first(), head.last()) else { return Ok((0, day_from)) };
    let (first_ms, last_ms) = (first.0, last.0);
    let sealed = head.len() as u64;

    let mut merged = BTreeMap::new();
    let mut opened = Vec::new();
    chunk::each_between(connection, datastream, first_ms, last_ms, |chunk| {
        opened.extend(chunk.times_ms.first().copied());
        merged.extend(chunk.points());
    })?;
    for from_ms in opened {
        chunk::delete(connection, datastream, from_ms)?;
    }
    merged.extend(head);
    let to_ms = merged.last_key_value().map_or(last_ms, |(time_ms, _)| *time_ms);
    let points: Vec<(i64, f64)> = merged.into_iter().collect();
    for part in points.chunks(CHUNK_POINTS_MAX) {
        let (times_ms, results) = part.iter().copied().unzip();
        Chunk { datastream, times_ms, results }.save(connection)?;
    }
    let text = "DELETE FROM observation_head WHERE datastream = ?1 AND phenomenon_ms BETWEEN ?2 AND ?3";
    connection.prepare_cached(text)?.execute(params![datastream.0, day_from, day_to])?;
    Ok((sealed, to_ms))
}

//! What is left of a series whose single values have expired: count, smallest, largest and sum of each hour.

use std::collections::BTreeMap;

use city::DatastreamId;
use pco::DeltaSpec;
use rusqlite::{Connection, OptionalExtension, params};

use super::bytes::{Broken, Bytes};
use super::chunk::{put_results, take_results};
use super::ints::{put_ints, take_ints};
use crate::error::StoreError;

/// An hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Hours in one row: six weeks.
const BLOCK_HOURS: i64 = 1024;

/// An hour in four figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hour {
    pub(crate) count: u64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) total: f64,
}

impl Hour {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.total += other.total;
    }
}

/// Hours by when they begin.
pub(crate) type Hours = BTreeMap<i64, Hour>;

fn encode(hours: &Hours) -> Result<Vec<u8>, pco::errors::PcoError> {
    let mut out = Vec::new();
    super::bytes::put(&mut out, hours.len() as u64);
    let starts: Vec<i64> = hours.keys().map(|from_ms| from_ms.div_euclid(HOUR_MS)).collect();
    put_ints(&mut out, &starts, DeltaSpec::TryConsecutive(1))?;
    let counts: Vec<i64> = hours.values().map(|hour| hour.count.cast_signed()).collect();
    put_ints(&mut out, &counts, DeltaSpec::NoOp)?;
    for figure in [|hour: &Hour| hour.low, |hour: &Hour| hour.high, |hour: &Hour| hour.total] {
        put_results(&mut out, &hours.values().map(figure).collect::<Vec<f64>>())?;
    }
    Ok(out)
}

fn decode(bytes: &[u8]) -> Result<Hours, Broken> {
    let mut bytes = Bytes(bytes);
    let count = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
    if i64::try_from(count).unwrap_or(i64::MAX) > BLOCK_HOURS {
        return Err(Broken("more hours than a row has"));
    }
    let starts = take_ints(&mut bytes, count)?;
    let counts = take_ints(&mut bytes, count)?;
    let mut figures = || take_results(&mut bytes, count);
    let (lows, highs, totals) = (figures()?, figures()?, figures()?);
    let mut hours = Hours::new();
    for ((start, count), ((low, high), total)) in starts.iter().zip(counts).zip(lows.iter().zip(highs).zip(totals)) {
        let from_ms = start.checked_mul(HOUR_MS).ok_or(Broken("an hour is out of range"))?;
        hours.insert(from_ms, Hour { count: count.cast_unsigned(), low: *low, high, total });
    }
    Ok(hours)
}

fn block_of(from_ms: i64) -> i64 {
    from_ms.div_euclid(BLOCK_HOURS * HOUR_MS) * BLOCK_HOURS * HOUR_MS
}

fn save(connection: &Connection, id: DatastreamId, block_ms: i64, hours: &Hours) -> Result<(), StoreError> {
    if hours.is_empty() {
        let text = "DELETE FROM series_hour WHERE datastream = ?1 AND from_ms = ?2";
        connection.prepare_cached(text)?.execute(params![id.0, block_ms])?;
        return Ok(());
    }
    let body = encode(hours).map_err(|error| StoreError::Unwritable { what: "hours", why: error.to_string() })?;
    let text = "INSERT INTO series_hour (datastream, from_ms, body) VALUES (?1, ?2, ?3) \
                ON CONFLICT (datastream, from_ms) DO UPDATE SET body = excluded.body";
    connection.prepare_cached(text)?.execute(params![id.0, block_ms, body])?;
    Ok(())
}

fn read(id: DatastreamId, block_ms: i64, body: &[u8]) -> Result<Hours, StoreError> {
    decode(body).map_err(|broken| StoreError::Damaged {
        what: format!("hours {block_ms} of series {id}"),
        why: broken.0.to_owned(),
    })
}

/// Adds these hours to those that are kept.
pub(crate) fn add(connection: &Connection, id: DatastreamId, hours: &Hours) -> Result<(), StoreError> {
    let mut blocks: BTreeMap<i64, Vec<(i64, Hour)>> = BTreeMap::new();
    for (from_ms, hour) in hours {
        blocks.entry(block_of(*from_ms)).or_default().push((*from_ms, *hour));
    }
    for (block_ms, fresh) in blocks {
        let text = "SELECT body FROM series_hour WHERE datastream = ?1 AND from_ms = ?2";
        let mut statement = connection.prepare_cached(text)?;
        let body: Option<Vec<u8>> = statement.query_row(params![id.0, block_ms], |row| row.get(0)).optional()?;
        let mut kept = body.map(|body| read(id, block_ms, &body)).transpose()?.unwrap_or_default();
        for (from_ms, hour) in fresh {
            kept.entry(from_ms).and_modify(|known| known.add(hour)).or_insert(hour);
        }
        save(connection, id, block_ms, &kept)?;
    }
    Ok(())
}

/// The hours that begin from `from_ms` to `to_ms`, both included.
pub(crate) fn between(
    connection: &Connection,
    id: DatastreamId,
    from_ms: i64,
    to_ms: i64,
) -> Result<Hours, StoreError> {
    let text = "SELECT from_ms, body FROM series_hour WHERE datastream = ?1 AND from_ms BETWEEN ?2 AND ?3";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params![id.0, block_of(from_ms), to_ms])?;
    let mut found = Hours::new();
    while let Some(row) = rows.next()? {
        let (block_ms, body): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let hours = read(id, block_ms, &body)?;
        found.extend(hours.into_iter().filter(|(start_ms, _)| (from_ms..=to_ms).contains(start_ms)));
    }
    Ok(found)
}

/// Deletes the hours that begin before `cutoff_ms`.
pub(crate) fn trim(connection: &Connection, id: DatastreamId, cutoff_ms: i64) -> Result<(), StoreError> {
    let block_ms = block_of(cutoff_ms);
    let text = "DELETE FROM series_hour WHERE datastream = ?1 AND from_ms < ?2";
    connection.prepare_cached(text)?.execute(params![id.0, block_ms])?;
    let mut kept = between(connection, id, block_ms, block_ms + (BLOCK_HOURS - 1) * HOUR_MS)?;
    let before = kept.len();
    kept.retain(|from_ms, _| *from_ms >= cutoff_ms);
    if kept.len() < before { save(connection, id, block_ms, &kept) } else { Ok(()) }
}

/// Deletes all hours of a series.
pub(crate) fn delete(connection: &Connection, id: DatastreamId) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM series_hour WHERE datastream = ?1")?.execute(params![id.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_come_back_and_broken_ones_are_told() {
        let hours: Hours = (0..500)
            .map(|n| {
                (n * 2 * HOUR_MS, Hour { count: 60, low: n as f64 / 10.0, high: n as f64, total: n as f64 * 33.5 })
            })
            .collect();
        let bytes = encode(&hours).expect("bytes");
        assert_eq!(decode(&bytes), Ok(hours));
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err());
        }
        assert!(decode(&[0xff, 0xff, 0x7f]).is_err());
    }
}

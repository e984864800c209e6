//! Reading series: the latest, a range, a range in buckets.

use std::collections::BTreeMap;

use city::{DatastreamId, Span, Time};
use rusqlite::params;

use super::chunk;
use crate::codec::time;
use crate::error::StoreError;
use crate::reader::Reader;

/// One point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When it was so.
    pub time: Time,
    /// How much, in the unit of the series.
    pub result: f64,
}

/// The newest point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latest {
    /// The series.
    pub datastream: DatastreamId,
    /// Its newest point.
    pub point: Point,
    /// When that was received.
    pub received: Time,
}

/// All points of one stretch of time, in four figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Where the stretch begins.
    pub from: Time,
    /// Points in it; never 0.
    pub count: u32,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
}

impl Reader {
    /// The newest point of every series, by the series' id.
    pub fn latest(&self) -> Result<Vec<Latest>, StoreError> {
        let text = "SELECT datastream, phenomenon_ms, result, received_ms FROM datastream_latest ORDER BY datastream";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let datastream = DatastreamId(row.get(0)?);
            let what = || format!("latest point of series {datastream}");
            let point = Point { time: time(what, row.get(1)?)?, result: row.get(2)? };
            found.push(Latest { datastream, point, received: time(what, row.get(3)?)? });
        }
        Ok(found)
    }

    /// The points of a series from `from` (included) to `to` (not included), by time. A correction replaces what it
    /// corrects.
    pub fn range(&self, datastream: DatastreamId, from: Time, to: Time) -> Result<Vec<Point>, StoreError> {
        let mut points = BTreeMap::new();
        self.fill(datastream, from.ms(), to.ms() - 1, &mut points)?;
        let what = || format!("series {datastream}");
        points.into_iter().map(|(ms, result)| Ok(Point { time: time(what, ms)?, result })).collect()
    }

    /// The same range in at most `buckets` stretches of equal length; those without a point are left out.
    pub fn downsample(
        &self,
        datastream: DatastreamId,
        from: Time,
        to: Time,
        buckets: u32,
    ) -> Result<Vec<Bucket>, StoreError> {
        let span_ms = to.since(from).as_ms();
        if span_ms <= 0 || buckets == 0 {
            return Ok(Vec::new());
        }
        // Rounded up, so that the last bucket ends at or after `to`.
        let step_ms = (span_ms + i64::from(buckets) - 1) / i64::from(buckets);
        let mut found: Vec<Bucket> = Vec::new();
        for Point { time, result } in self.range(datastream, from, to)? {
            let start = from + Span::ms(time.since(from).as_ms() / step_ms * step_ms);
            match found.last_mut() {
                Some(bucket) if bucket.from == start => {
                    bucket.count += 1;
                    bucket.min = bucket.min.min(result);
                    bucket.max = bucket.max.max(result);
                    // A running mean, so that large sums lose nothing.
                    bucket.mean += (result - bucket.mean) / f64::from(bucket.count);
                }
                _ => found.push(Bucket { from: start, count: 1, min: result, max: result, mean: result }),
            }
        }
        Ok(found)
    }

    fn fill(
        &self,
        datastream: DatastreamId,
        from_ms: i64,
        to_ms: i64,
        points: &mut BTreeMap<i64, f64>,
    ) -> Result<(), StoreError> {
        // One transaction, so that a seal between the two reads shows no point twice or not at all.
        let transaction = self.connection.unchecked_transaction()?;
        let wanted = |(time_ms, _): &(i64, f64)| (from_ms..=to_ms).contains(time_ms);
        chunk::each_between(&self.connection, datastream, from_ms, to_ms, |chunk| {
            points.extend(chunk.points().filter(wanted));
        })?;
        let text = "SELECT phenomenon_ms, result FROM observation_head \
                    WHERE datastream = ?1 AND phenomenon_ms BETWEEN ?2 AND ?3";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query(params![datastream.0, from_ms, to_ms])?;
        while let Some(row) = rows.next()? {
            points.insert(row.get(0)?, row.get(1)?);
        }
        drop(rows);
        drop(statement);
        transaction.commit()?;
        Ok(())
    }
}

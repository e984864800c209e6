//! Reading series as numbers: the latest, a range, a range in buckets, and how many there are.

use std::sync::Arc;

use city::{DatastreamId, Detail, Span, Time};

use super::heads::{Head, Heads};
use super::hours;
use super::index::{self, Indexed};
use super::sample::{Sample, keep_current, keep_numbers, merge, time};
use crate::error::StoreError;
use crate::reader::{Reader, Readers};

/// One point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When it was so.
    pub time: Time,
    /// How much, in the unit of the series.
    pub result: f64,
}

/// The newest observation of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// The series.
    pub datastream: DatastreamId,
    /// Its newest point.
    pub point: Point,
    /// When that was received.
    pub received: Time,
    /// What it has besides.
    pub detail: Option<Arc<Detail>>,
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

fn latest(head: &Head) -> Option<Latest> {
    let newest = head.newest.as_ref()?;
    let point = Point { time: time(newest.time_ms), result: newest.result };
    let (received, detail) = (time(newest.received_ms), newest.detail.clone());
    Some(Latest { datastream: head.id, point, received, detail })
}

fn latest_of_all(heads: &Heads) -> Vec<Latest> {
    let mut found: Vec<Latest> = heads.read().iter().filter_map(latest).collect();
    found.sort_by_key(|latest| latest.datastream);
    found
}

/// A stretch of a series: a chunk with what is newer within its time, or what is newer alone.
#[derive(Clone, Copy)]
enum Stretch<'a> {
    Chunk(&'a Indexed, &'a [Sample]),
    Newer(&'a [Sample]),
}

/// What is answered from memory, without a connection: it never waits for the disk.
impl Readers {
    /// The newest observation of every series, by the series' id.
    pub fn latest(&self) -> Vec<Latest> {
        latest_of_all(self.heads())
    }

    /// The newest observation of any series, asked one by one, of one state of all.
    pub fn with_latest<T>(&self, work: impl FnOnce(&dyn Fn(DatastreamId) -> Option<Latest>) -> T) -> T {
        let all = self.heads().read();
        work(&|id| latest(all.get(id)?))
    }

    /// Observations of all series.
    pub fn count_all(&self) -> u64 {
        self.heads().read().current
    }
}

impl Reader {
    /// The newest observation of every series, by the series' id. From memory.
    pub fn latest(&self) -> Result<Vec<Latest>, StoreError> {
        Ok(latest_of_all(&self.heads))
    }

    /// The newest observation of each of these series that has one. From memory.
    pub fn latest_of(&self, datastreams: &[DatastreamId]) -> Result<Vec<Latest>, StoreError> {
        let all = self.heads.read();
        Ok(datastreams.iter().filter_map(|id| latest(all.get(*id)?)).collect())
    }

    /// Observations of a series; corrected ones once. From memory.
    pub fn count(&self, datastream: DatastreamId) -> u64 {
        self.heads.read().get(datastream).map_or(0, |head| head.current)
    }

    /// Observations of all series. From memory.
    pub fn count_all(&self) -> u64 {
        self.heads.read().current
    }

    /// Every series that had an observation since this process runs or still has one, in no order. From memory.
    pub fn series(&self) -> Vec<DatastreamId> {
        self.heads.read().iter().map(|head| head.id).collect()
    }

    /// How many [`Reader::series`] there are: it only grows. From memory.
    pub fn series_count(&self) -> usize {
        self.heads.read().iter().count()
    }

    /// First and last phenomenon time of a series. From memory.
    pub fn span(&self, datastream: DatastreamId) -> Option<(Time, Time)> {
        let all = self.heads.read();
        let head = all.get(datastream)?;
        let newest = head.newest.as_ref()?;
        Some((time(head.first_ms), time(newest.time_ms)))
    }

    /// The points of a series from `from` (included) to `to` (not included), by time: of each phenomenon time the
    /// result that was worked out last, in its newest version; truths and texts are left out.
    pub fn range(&self, datastream: DatastreamId, from: Time, to: Time) -> Result<Vec<Point>, StoreError> {
        let mut points = Vec::new();
        let (from_ms, to_ms) = (from.ms(), to.ms() - 1);
        self.walk(datastream, from_ms, to_ms, |stretch| {
            self.numbers(stretch, from_ms, to_ms, &mut |time_ms, result| {
                points.push(Point { time: time(time_ms), result });
            })
        })?;
        Ok(points)
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
        self.downsample_every(datastream, from, to, Span::ms(step_ms))
    }

    /// The same range in stretches of length `step` from `from` on; those without a point are left out. A chunk that
    /// lies whole in one stretch is not opened. Where single values have expired, hours count whole in the stretch in
    /// which they begin.
    pub fn downsample_every(
        &self,
        datastream: DatastreamId,
        from: Time,
        to: Time,
        step: Span,
    ) -> Result<Vec<Bucket>, StoreError> {
        let (from_ms, to_ms, step_ms) = (from.ms(), to.ms() - 1, step.as_ms());
        if to_ms < from_ms || step_ms <= 0 {
            return Ok(Vec::new());
        }
        let mut filling = Filling { start: from, step_ms, buckets: Vec::new() };
        self.walk(datastream, from_ms, to_ms, |stretch| {
            if let Stretch::Chunk(chunk, []) = &stretch {
                let figures = &chunk.figures;
                let inside = figures.from_ms >= from_ms && figures.to_ms <= to_ms;
                if inside && filling.place(figures.from_ms) == filling.place(figures.to_ms) {
                    filling.add(figures.from_ms, figures.numbers, figures.low, figures.high, figures.total);
                    return Ok(());
                }
            }
            self.numbers(stretch, from_ms, to_ms, &mut |time_ms, result| {
                filling.add(time_ms, 1, result, result, result);
            })
        })?;
        let mut expired = Filling { start: from, step_ms, buckets: Vec::new() };
        for (time_ms, hour) in hours::between(&self.connection, datastream, from_ms, to_ms)? {
            expired.add(time_ms, hour.count, hour.low, hour.high, hour.total);
        }
        Ok(filling.with(expired).done())
    }

    /// Observations of a series from `from` (included) to `to` (not included). Chunks that lie whole in it are not
    /// opened.
    pub fn count_between(&self, datastream: DatastreamId, from: Time, to: Time) -> Result<u64, StoreError> {
        let (from_ms, to_ms) = (from.ms(), to.ms() - 1);
        let mut count = 0;
        self.walk(datastream, from_ms, to_ms, |stretch| {
            if let Stretch::Chunk(chunk, []) = &stretch
                && chunk.figures.from_ms >= from_ms
                && chunk.figures.to_ms <= to_ms
            {
                count += chunk.figures.current;
                return Ok(());
            }
            let mut samples = self.samples(stretch, from_ms, to_ms)?;
            keep_current(&mut samples);
            count += samples.len() as u64;
            Ok(())
        })?;
        Ok(count)
    }

    /// Walks over a range in order. What is in memory is copied first, then chunks are read: so a seal in between
    /// hides nothing, and what it shows twice is merged away.
    fn walk(
        &self,
        datastream: DatastreamId,
        from_ms: i64,
        to_ms: i64,
        mut each: impl FnMut(Stretch<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if to_ms < from_ms {
            return Ok(());
        }
        let newer = match self.heads.read().get(datastream) {
            None => return Ok(()),
            Some(head) => head.between(from_ms, to_ms).to_vec(),
        };
        let _held = self.hold()?;
        let mut rest = newer.as_slice();
        for chunk in index::between(&self.connection, datastream.0, from_ms, to_ms)? {
            let (before, later) = rest.split_at(rest.partition_point(|s| s.time_ms < chunk.figures.from_ms));
            let (within, later) = later.split_at(later.partition_point(|s| s.time_ms <= chunk.figures.to_ms));
            if !before.is_empty() {
                each(Stretch::Newer(before))?;
            }
            each(Stretch::Chunk(&chunk, within))?;
            rest = later;
        }
        if !rest.is_empty() {
            each(Stretch::Newer(rest))?;
        }
        Ok(())
    }

    /// The versions of a stretch within the range.
    fn samples(&self, stretch: Stretch<'_>, from_ms: i64, to_ms: i64) -> Result<Vec<Sample>, StoreError> {
        Ok(match stretch {
            Stretch::Newer(newer) => newer.to_vec(),
            Stretch::Chunk(chunk, newer) => {
                merge(chunk.read(&self.connection)?.samples_between(from_ms, to_ms), newer.to_vec())
            }
        })
    }

    /// Each number of a stretch within the range.
    fn numbers(
        &self,
        stretch: Stretch<'_>,
        from_ms: i64,
        to_ms: i64,
        each: &mut impl FnMut(i64, f64),
    ) -> Result<(), StoreError> {
        if let Stretch::Chunk(chunk, []) = &stretch
            && chunk.figures.numbers == chunk.figures.count
        {
            // One number a time: no version has to be left out.
            let (times, results) = chunk.read_numbers(&self.connection)?;
            let place = |edge_ms: i64| times.partition_point(|time_ms| *time_ms < edge_ms);
            let places = place(from_ms)..place(to_ms.saturating_add(1));
            let (times, results) = (times.get(places.clone()), results.get(places));
            for (time_ms, result) in times.unwrap_or_default().iter().zip(results.unwrap_or_default()) {
                each(*time_ms, *result);
            }
            return Ok(());
        }
        let mut samples = self.samples(stretch, from_ms, to_ms)?;
        keep_current(&mut samples);
        keep_numbers(&mut samples);
        for sample in samples {
            each(sample.time_ms, sample.result);
        }
        Ok(())
    }
}

/// Buckets on the way; the mean of each is a sum until the end.
struct Filling {
    start: Time,
    step_ms: i64,
    buckets: Vec<Bucket>,
}

impl Filling {
    fn place(&self, time_ms: i64) -> i64 {
        (time_ms - self.start.ms()) / self.step_ms
    }

    fn add(&mut self, time_ms: i64, numbers: u64, low: f64, high: f64, total: f64) {
        if numbers == 0 {
            return;
        }
        let from = self.start + Span::ms(self.place(time_ms) * self.step_ms);
        let count = u32::try_from(numbers).unwrap_or(u32::MAX);
        match self.buckets.last_mut() {
            Some(bucket) if bucket.from == from => {
                bucket.count = bucket.count.saturating_add(count);
                bucket.min = bucket.min.min(low);
                bucket.max = bucket.max.max(high);
                bucket.mean += total;
            }
            _ => self.buckets.push(Bucket { from, count, min: low, max: high, mean: total }),
        }
    }

    /// Both in order, as one.
    fn with(self, other: Self) -> Self {
        if other.buckets.is_empty() {
            return self;
        }
        let mut all = self.buckets;
        all.extend(other.buckets);
        all.sort_by_key(|bucket| bucket.from);
        let mut filling = Self { buckets: Vec::with_capacity(all.len()), ..self };
        for Bucket { from, count, min, max, mean } in all {
            filling.add(from.ms(), u64::from(count), min, max, mean);
        }
        filling
    }

    fn done(mut self) -> Vec<Bucket> {
        for bucket in &mut self.buckets {
            bucket.mean /= f64::from(bucket.count);
        }
        self.buckets
    }
}

//! Observations (SensorThings 1.1, 18-088, clause 8.2.7), one by one and in columns.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::entity::{EntityId, Primitive, Properties};
use crate::id::DatastreamId;
use crate::time::Time;

/// One value of one datastream. Idempotent on its [`ObservationKey`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The series.
    pub datastream: DatastreamId,
    /// When it was so; the beginning, where it is an interval.
    pub phenomenon_time: Time,
    /// How much, in the unit of the datastream's observed property. Always finite. A truth is 0 or 1; 0 for a text,
    /// which is in [`Detail::result`].
    pub result: f64,
}

impl Observation {
    /// What makes it the same one, with what it has besides.
    pub fn key(&self, detail: Option<&Detail>) -> ObservationKey {
        ObservationKey {
            datastream: self.datastream,
            phenomenon_time: self.phenomenon_time,
            result_time: detail.and_then(|detail| detail.result_time),
            phenomenon_end: detail.and_then(|detail| detail.phenomenon_end),
        }
    }
}

/// What few observations have besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Where `phenomenonTime` is an interval, its end.
    pub phenomenon_end: Option<Time>,
    /// `resultTime`: when the result was worked out. It is the result id: two results for one phenomenon time that
    /// were worked out at different times are two observations (two runs of a forecast).
    pub result_time: Option<Time>,
    /// `validTime`, its beginning and end.
    pub valid_time: Option<(Time, Time)>,
    /// The result, where it is a truth or a text.
    pub result: Option<Primitive>,
    /// `resultQuality`.
    pub result_quality: Option<Primitive>,
    /// `parameters`, the keys that the pack of the observed property declares.
    pub parameters: Properties,
    /// The feature of interest, where it is another than the place of the thing.
    pub feature_of_interest: Option<EntityId>,
}

impl Detail {
    /// Whether it says nothing at all, so that it need not be kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What makes an observation the same one: a second value for the same key is a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObservationKey {
    /// The series.
    pub datastream: DatastreamId,
    /// When it was so; the beginning, where it is an interval.
    pub phenomenon_time: Time,
    /// The result id: when the result was worked out, where its sender said so.
    pub result_time: Option<Time>,
    /// The end, where it is an interval: an hour and a day that begin together are two, and neither is an instant.
    pub phenomenon_end: Option<Time>,
}

/// Many observations, in columns of equal length. In canonical order they are sorted by [`ObservationKey`], equal
/// keys in the order in which they came: so one set of observations has one form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    datastreams: Vec<DatastreamId>,
    phenomenon_times: Vec<Time>,
    results: Vec<f64>,
    /// Row and detail, by row; most rows have none.
    details: Vec<(u32, Detail)>,
}

impl Observations {
    /// Columns with room for `rows`.
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            datastreams: Vec::with_capacity(rows),
            phenomenon_times: Vec::with_capacity(rows),
            results: Vec::with_capacity(rows),
            details: Vec::new(),
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.datastreams.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.datastreams.is_empty()
    }

    /// Adds a row at the end.
    #[inline]
    pub fn push(&mut self, observation: Observation) {
        self.datastreams.push(observation.datastream);
        self.phenomenon_times.push(observation.phenomenon_time);
        self.results.push(observation.result);
    }

    /// Adds a row at the end with what it has besides; an empty detail is none.
    pub fn push_detailed(&mut self, observation: Observation, detail: Detail) {
        if !detail.is_empty() {
            // A batch is bounded far below 2^32 rows by the size of a request.
            self.details.push((u32::try_from(self.len()).unwrap_or(u32::MAX), detail));
        }
        self.push(observation);
    }

    /// A row.
    pub fn get(&self, row: usize) -> Option<Observation> {
        Some(Observation {
            datastream: *self.datastreams.get(row)?,
            phenomenon_time: *self.phenomenon_times.get(row)?,
            result: *self.results.get(row)?,
        })
    }

    /// What a row has besides.
    pub fn detail(&self, row: usize) -> Option<&Detail> {
        let row = u32::try_from(row).ok()?;
        let at = self.details.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        self.details.get(at).map(|(_, detail)| detail)
    }

    /// The key of a row.
    pub fn key(&self, row: usize) -> Option<ObservationKey> {
        Some(self.get(row)?.key(self.detail(row)))
    }

    /// All rows, without their details.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Observation> + '_ {
        let times = self.datastreams.iter().zip(&self.phenomenon_times);
        times.zip(&self.results).map(|((datastream, phenomenon_time), result)| Observation {
            datastream: *datastream,
            phenomenon_time: *phenomenon_time,
            result: *result,
        })
    }

    /// The series, a row each.
    pub fn datastreams(&self) -> &[DatastreamId] {
        &self.datastreams
    }

    /// The phenomenon times, a row each.
    pub fn phenomenon_times(&self) -> &[Time] {
        &self.phenomenon_times
    }

    /// The results, a row each.
    pub fn results(&self) -> &[f64] {
        &self.results
    }

    /// Rows that have a detail, by row.
    pub fn details(&self) -> &[(u32, Detail)] {
        &self.details
    }

    /// The newest phenomenon time.
    pub fn newest(&self) -> Option<Time> {
        self.phenomenon_times.iter().max().copied()
    }

    /// Adds the rows of another at the end.
    pub fn append(&mut self, mut other: Self) {
        let offset = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.details.extend(other.details.drain(..).map(|(row, detail)| (row.saturating_add(offset), detail)));
        self.datastreams.append(&mut other.datastreams);
        self.phenomenon_times.append(&mut other.phenomenon_times);
        self.results.append(&mut other.results);
    }

    /// Keeps the rows for which `keep(row)` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let kept: Vec<bool> = (0..self.len()).map(&mut keep).collect();
        if kept.iter().all(|kept| *kept) {
            return;
        }
        let mut places = Vec::with_capacity(kept.len());
        let mut place = 0;
        for kept in &kept {
            places.push(place);
            place += u32::from(*kept);
        }
        let is_kept = |row: u32| kept.get(row as usize).copied().unwrap_or(false);
        self.details.retain(|(row, _)| is_kept(*row));
        for (row, _) in &mut self.details {
            *row = places.get(*row as usize).copied().unwrap_or_default();
        }
        let mut rows = kept.iter();
        self.datastreams.retain(|_| rows.next().copied().unwrap_or(false));
        let mut rows = kept.iter();
        self.phenomenon_times.retain(|_| rows.next().copied().unwrap_or(false));
        let mut rows = kept.iter();
        self.results.retain(|_| rows.next().copied().unwrap_or(false));
    }

    /// The rows that are not in `known`: of equal ones as many are left as `known` has fewer.
    #[must_use]
    pub fn without(mut self, known: &Self) -> Self {
        if known.is_empty() {
            return self;
        }
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        let value = |rows: &Self, row| (rows.key(row), rows.get(row).map(|row| row.result.to_bits()));
        for row in 0..known.len() {
            places.entry(value(known, row)).or_default().push(row);
        }
        let news = |row: usize| {
            let Some(same) = places.get_mut(&value(&self, row)) else { return true };
            let at = same.iter().position(|other| known.detail(*other) == self.detail(row));
            at.map(|at| same.swap_remove(at)).is_none()
        };
        let kept: Vec<bool> = (0..self.len()).map(news).collect();
        self.retain(|row| kept.get(row).copied().unwrap_or(true));
        self
    }

    /// Brings the rows into canonical order.
    pub fn sort(&mut self) {
        let keys = || self.datastreams.iter().zip(&self.phenomenon_times);
        if keys().zip(keys().skip(1)).all(|(before, after)| before < after) {
            return;
        }
        let key = |row: usize| (self.datastreams.get(row), self.phenomenon_times.get(row));
        let mut order: Vec<usize> = (0..self.len()).collect();
        if self.details.is_empty() {
            order.sort_by_key(|row| key(*row));
        } else {
            order.sort_by_key(|row| self.key(*row));
        }
        let mut sorted = Self::with_capacity(self.len());
        for row in order {
            let Some(observation) = self.get(row) else { continue };
            match self.detail(row) {
                Some(detail) => sorted.push_detailed(observation, detail.clone()),
                None => sorted.push(observation),
            }
        }
        *self = sorted;
    }
}

impl FromIterator<Observation> for Observations {
    fn from_iter<I: IntoIterator<Item = Observation>>(rows: I) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|observation| all.push(observation));
        all
    }
}

/// One observation of a series: its phenomenon time, its result time, and the end of an interval.
pub type ErasedKey = (Time, Option<Time>, Option<Time>);

/// Observations that are taken away for good. The rows that brought them are overwritten; this says that they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The series.
    pub datastream: DatastreamId,
    /// Which; `None`: the whole series.
    pub keys: Option<Vec<ErasedKey>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(datastream: u32, ms: i64, result: f64) -> Observation {
        let phenomenon_time = Time::from_ms(1_714_446_000_000 + ms).expect("a time");
        Observation { datastream: DatastreamId(datastream), phenomenon_time, result }
    }

    fn worked_out(ms: i64) -> Detail {
        Detail { result_time: Time::from_ms(1_714_446_000_000 + ms), ..Detail::default() }
    }

    #[test]
    fn rows_are_sorted_by_key_and_keep_their_details() {
        let mut rows: Observations = [at(2, 0, 1.0), at(1, 5, 2.0)].into_iter().collect();
        rows.push_detailed(at(1, 1, 3.0), worked_out(9));
        rows.push_detailed(at(1, 1, 4.0), worked_out(3));
        rows.push(at(1, 1, 5.0));
        rows.sort();
        assert_eq!(rows.results(), [5.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!(rows.detail(1), Some(&worked_out(3)));
        assert_eq!(rows.detail(2), Some(&worked_out(9)));
        assert_eq!(rows.detail(0), None);
    }

    #[test]
    fn an_interval_is_another_than_its_start_and_than_a_longer_one() {
        let hours =
            |hours: i64| Detail { phenomenon_end: worked_out(hours * 3_600_000).result_time, ..Detail::default() };
        let mut rows: Observations = [at(1, 0, 1.0)].into_iter().collect();
        rows.push_detailed(at(1, 0, 24.0), hours(24));
        rows.push_detailed(at(1, 0, 2.0), hours(1));
        rows.sort();
        assert_eq!(rows.results(), [1.0, 2.0, 24.0]);
        let keys: Vec<_> = (0..3).filter_map(|row| rows.key(row)).collect();
        assert!(keys.is_sorted_by(|one, two| one < two), "{keys:?}");
    }

    #[test]
    fn without_leaves_what_is_new_and_what_is_said_once_more() {
        let mut rows: Observations = [at(1, 0, 1.0), at(1, 0, 1.0), at(1, 0, 2.0), at(2, 0, 1.0)].into_iter().collect();
        rows.push_detailed(at(1, 1, 3.0), worked_out(9));
        let mut known: Observations = [at(1, 0, 1.0)].into_iter().collect();
        known.push(at(1, 1, 3.0));
        let left = rows.clone().without(&known);
        assert_eq!(left.results(), [1.0, 2.0, 1.0, 3.0]);
        assert_eq!(left.detail(3), Some(&worked_out(9)), "another result time is another observation");
        assert!(rows.clone().without(&rows).is_empty());
        assert_eq!(rows.clone().without(&Observations::default()), rows);
    }

    #[test]
    fn what_is_not_kept_takes_its_detail_along() {
        let mut rows = Observations::default();
        for row in 0..5 {
            rows.push_detailed(at(1, row, row as f64), worked_out(row));
        }
        rows.retain(|row| row % 2 == 1);
        assert_eq!(rows.results(), [1.0, 3.0]);
        assert_eq!(rows.details(), [(0, worked_out(1)), (1, worked_out(3))]);
        let mut more: Observations = [at(9, 9, 9.0)].into_iter().collect();
        more.append(rows);
        assert_eq!(more.detail(2), Some(&worked_out(3)));
    }
}

//! One version of one observation, the order that versions have, and what is read of several.

use std::sync::Arc;

use city::{DatastreamId, Detail, Observation, ObservationKey, Time};

/// What makes two versions of one series the same observation: phenomenon time, result time, and the end of an interval.
pub(crate) type SampleKey = (i64, Option<Time>, Option<Time>);

/// The key of an observation within its series.
pub(crate) fn key_of(key: &ObservationKey) -> SampleKey {
    (key.phenomenon_time.ms(), key.result_time, key.phenomenon_end)
}

/// The same of a version with its detail.
pub(crate) fn key_with(time_ms: i64, detail: Option<&Detail>) -> SampleKey {
    (time_ms, detail.and_then(|detail| detail.result_time), detail.and_then(|detail| detail.phenomenon_end))
}

/// One version of one observation of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) time_ms: i64,
    pub(crate) result: f64,
    /// The journal row that brought it.
    pub(crate) seq: u64,
    pub(crate) detail: Option<Arc<Detail>>,
}

impl Sample {
    pub(crate) fn key(&self) -> SampleKey {
        key_with(self.time_ms, self.detail.as_deref())
    }

    /// Versions are sorted by this; those of one journal row with one key stay as they came.
    pub(crate) fn order(&self) -> (SampleKey, u64) {
        (self.key(), self.seq)
    }

    /// Whether its result is a number, and not a truth or a text.
    pub(crate) fn is_number(&self) -> bool {
        self.detail.as_ref().is_none_or(|detail| detail.result.is_none())
    }

    pub(crate) fn observation(&self, datastream: DatastreamId) -> Observation {
        Observation { datastream, phenomenon_time: time(self.time_ms), result: self.result }
    }
}

/// A time that was checked when it came in.
pub(crate) fn time(ms: i64) -> Time {
    // invariant: the codecs refuse times that are out of range; the default is 1970.
    Time::from_ms(ms).unwrap_or_default()
}

/// Both in order, as one. Where a version is in both (it was sealed between the two reads), it is taken once.
pub(crate) fn merge(sealed: Vec<Sample>, newer: Vec<Sample>) -> Vec<Sample> {
    let apart = match (sealed.last(), newer.first()) {
        (Some(last), Some(first)) => last.order() < first.order(),
        _ => true,
    };
    if apart {
        let mut all = sealed;
        all.extend(newer);
        return all;
    }
    let mut all: Vec<Sample> = Vec::with_capacity(sealed.len() + newer.len());
    let mut sealed = sealed.into_iter().peekable();
    let mut newer = newer.into_iter().peekable();
    while let Some(next) = newer.peek() {
        let order = next.order();
        while let Some(before) = sealed.next_if(|sealed| sealed.order() < order) {
            all.push(before);
        }
        let mut known = false;
        while let Some(same) = sealed.next_if(|sealed| sealed.order() == order) {
            known = true;
            all.push(same);
        }
        while let Some(same) = newer.next_if(|newer| newer.order() == order) {
            if !known {
                all.push(same);
            }
        }
    }
    all.extend(sealed);
    all
}

/// Leaves the newest version of each key.
pub(crate) fn keep_current(samples: &mut Vec<Sample>) {
    // The last of equal keys is the newest; `dedup_by` keeps the first, so it takes the later one's content.
    samples.dedup_by(|later, kept| {
        let same = later.key() == kept.key();
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
}

/// Of current samples: of each phenomenon time the one that was worked out last (of those, the longest interval), where
/// it is a number.
pub(crate) fn keep_numbers(samples: &mut Vec<Sample>) {
    samples.dedup_by(|later, kept| {
        let same = later.time_ms == kept.time_ms;
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
    samples.retain(Sample::is_number);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time_ms: i64, seq: u64, result: f64, result_ms: Option<i64>) -> Sample {
        let detail = result_ms
            .map(|ms| Arc::new(Detail { result_time: Time::from_ms(1_714_446_000_000 + ms), ..Detail::default() }));
        Sample { time_ms, result, seq, detail }
    }

    #[test]
    fn what_is_in_both_is_taken_once() {
        let sealed = vec![sample(1, 1, 1.0, None), sample(2, 1, 2.0, None), sample(2, 1, 3.0, None)];
        let newer = vec![sample(2, 1, 2.0, None), sample(2, 1, 3.0, None), sample(2, 4, 4.0, None)];
        let mut all = merge(sealed, newer);
        assert_eq!(all.iter().map(|s| s.result).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        keep_current(&mut all);
        assert_eq!(all.iter().map(|s| s.result).collect::<Vec<_>>(), [1.0, 4.0]);
    }

    #[test]
    fn of_several_runs_of_a_forecast_the_newest_is_the_number() {
        let mut all = vec![
            sample(1, 9, 1.0, None),
            sample(1, 3, 2.0, Some(0)),
            sample(1, 4, 2.5, Some(0)),
            sample(1, 2, 3.0, Some(5)),
            sample(2, 1, 4.0, None),
        ];
        keep_current(&mut all);
        assert_eq!(all.len(), 4);
        keep_numbers(&mut all);
        assert_eq!(all.iter().map(|s| s.result).collect::<Vec<_>>(), [3.0, 4.0]);
    }
}

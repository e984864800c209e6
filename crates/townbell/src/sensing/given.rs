//! Times for observations that were sent without one, by senders without a clock (18-088 table 15). The time is part of
//! what makes an observation, so no two of a datastream are given the same.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use city::{DatastreamId, Span, Time};
use store::{Reader, RowQuery};

use crate::limits::{GIVEN_AHEAD_MAX, GIVEN_MAX};

/// The last time that each datastream was given, as long as it is not behind the clock.
#[derive(Debug, Default)]
pub(super) struct Given(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    times: HashMap<u32, Time>,
    /// When those behind the clock were forgotten.
    swept: Time,
}

impl Given {
    /// A time for an observation of a datastream: now, or the first millisecond after it that was not given before and
    /// that `free` says nobody has. `None` when that is too far ahead of the clock.
    pub(super) fn next(
        &self,
        datastream: DatastreamId,
        now: Time,
        free: impl FnOnce(Time, Time) -> Option<Time>,
    ) -> Option<Time> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = now + GIVEN_AHEAD_MAX;
        // One beyond the end was given before the clock was set back; what was stored then `free` knows.
        let before = last.times.get(&datastream.0).filter(|before| **before <= end);
        let from = before.map_or(now, |before| now.max(*before + Span::ms(1)));
        let time = free(from, end).filter(|time| *time < end)?;
        last.keep(datastream, time, now).then_some(time)
    }
}

impl Last {
    fn keep(&mut self, datastream: DatastreamId, time: Time, now: Time) -> bool {
        if self.times.len() >= GIVEN_MAX && self.swept != now {
            self.times.retain(|_, last| *last >= now);
            self.swept = now;
        }
        let fits = self.times.len() < GIVEN_MAX || self.times.contains_key(&datastream.0);
        if fits {
            self.times.insert(datastream.0, time);
        }
        fits
    }
}

/// The first millisecond from `from` to `end` at which a datastream has no observation. One that is there came with a
/// time of its own, or was given it before the program started anew.
pub(super) fn free(reader: &Reader, datastream: DatastreamId, from: Time, end: Time) -> Option<Time> {
    if reader.span(datastream).is_none_or(|(_, newest)| newest < from) {
        return Some(from);
    }
    let mut time = from;
    let query = RowQuery { from: Some(from), to: Some(end), ..RowQuery::default() };
    for row in reader.rows(datastream, query) {
        let taken = row.ok()?.observation.phenomenon_time;
        if taken > time {
            break;
        }
        time = taken + Span::ms(1);
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_ms(1_714_446_000_000 + ms).expect("a time")
    }

    #[test]
    fn no_time_is_given_twice() {
        let given = Given::default();
        let next = |datastream, now| given.next(DatastreamId(datastream), at(now), |from, _| Some(from));
        assert_eq!([next(1, 0), next(1, 0), next(2, 0), next(1, 1)], [0, 1, 0, 2].map(|ms| Some(at(ms))));
        assert_eq!(next(1, 50), Some(at(50)));
        let taken = given.next(DatastreamId(1), at(50), |from, _| Some(from + Span::ms(7)));
        assert_eq!((taken, next(1, 50)), (Some(at(58)), Some(at(59))));
    }

    #[test]
    fn they_do_not_run_away_from_the_clock_and_follow_it_back() {
        let given = Given::default();
        let next = |now| given.next(DatastreamId(1), at(now), |from, _| Some(from));
        let most = GIVEN_AHEAD_MAX.as_ms();
        assert!((0..most).all(|ms| next(0) == Some(at(ms))));
        assert_eq!(next(0), None);
        assert_eq!(next(1), Some(at(most)));
        assert_eq!(next(-10 * most), Some(at(-10 * most)), "the clock was set back");
    }

    #[test]
    fn what_is_behind_the_clock_is_forgotten() {
        let given = Given::default();
        let next = |datastream, now| given.next(DatastreamId(datastream), at(now), |from, _| Some(from));
        let most = u32::try_from(GIVEN_MAX).expect("few");
        assert!((0..most).all(|datastream| next(datastream, 0).is_some()));
        assert_eq!(next(most, 0), None, "more datastreams than are remembered");
        assert_eq!(next(0, 0), Some(at(1)));
        assert_eq!(next(most, 1), Some(at(1)));
        assert_eq!(next(0, 1), Some(at(2)), "still known");
    }
}

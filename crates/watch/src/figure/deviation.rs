//! How far readings are from a forecast that came in as a series of its own.

use std::collections::VecDeque;

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use super::middle::{SPREAD, median};
use super::{Certainty, Seen, Taken};

/// Forecast points that are remembered: ten days of hours, or two of quarters of an hour and some.
const POINTS_MAX: usize = 255;
/// A forecast says nothing about a time that is further than this from its nearest point.
const POINT_REACH: Span = Span::h(1);
/// Errors of the past that the spread is made from.
const ERRORS_MAX: usize = 64;
/// Errors that must be known before a spread means anything.
const ERRORS_MIN: usize = 8;

/// What was forecast, and how wrong it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Forecast {
    /// Points in the order of their time; at most [`POINTS_MAX`], the oldest go first.
    points: VecDeque<(Time, f64)>,
    /// Errors in the order in which they came; at most [`ERRORS_MAX`].
    errors: VecDeque<f64>,
    /// The newest reading.
    newest: Option<Time>,
}

impl Forecast {
    /// Its size when full, in bytes.
    pub(crate) fn bytes_max() -> usize {
        // One more than is kept comes before the oldest goes, and queues grow by doubling.
        let (points, errors) = ((POINTS_MAX + 1).next_power_of_two(), (ERRORS_MAX + 1).next_power_of_two());
        size_of::<Self>() + points * size_of::<(Time, f64)>() + errors * size_of::<f64>()
    }

    /// Takes a point of the forecast; a newer run replaces an older one's.
    pub(crate) fn expect(&mut self, at: Time, value: f64) {
        match self.points.binary_search_by(|(time, _)| time.cmp(&at)) {
            Ok(place) => self.points[place].1 = value,
            Err(place) => self.points.insert(place, (at, value)),
        }
        if self.points.len() > POINTS_MAX {
            self.points.pop_front();
        }
    }

    /// Takes a reading and says how far it is from the forecast.
    pub(crate) fn take(&mut self, spreads: bool, at: Time, value: f64, beat: Span) -> Taken {
        if self.newest.is_some_and(|newest| at < newest) {
            return Taken::Late;
        }
        let broken = self.newest.is_some_and(|newest| at.since(newest) > beat);
        self.newest = Some(at);
        let Some(expected) = self.at(at) else { return Taken::Nothing };
        let off = value - expected;
        let spread = self.spread();
        self.errors.push_back(off);
        if self.errors.len() > ERRORS_MAX {
            self.errors.pop_front();
        }
        let figure = match (spreads, spread) {
            (false, _) => off,
            (true, Some(spread)) => off / spread,
            (true, None) => return Taken::Nothing,
        };
        Taken::Seen(Seen { at, figure, certainty: Certainty::Sure, broken, expected: Some(expected) })
    }

    /// The forecast for a time: on the line between its neighbours, where both are near.
    fn at(&self, at: Time) -> Option<f64> {
        let place = self.points.partition_point(|(time, _)| *time <= at);
        let before = place.checked_sub(1).and_then(|place| self.points.get(place));
        let before = before.filter(|(time, _)| at.since(*time) <= POINT_REACH);
        let after = self.points.get(place).filter(|(time, _)| time.since(at) <= POINT_REACH);
        match (before, after) {
            (Some((from, low)), Some((to, high))) => {
                let share = at.since(*from).as_ms() as f64 / to.since(*from).as_ms().max(1) as f64;
                Some(low + (high - low) * share)
            }
            (Some((_, value)), None) | (None, Some((_, value))) => Some(*value),
            (None, None) => None,
        }
    }

    fn spread(&self) -> Option<f64> {
        if self.errors.len() < ERRORS_MIN {
            return None;
        }
        let mut apart: Vec<f64> = self.errors.iter().map(|error| error.abs()).collect();
        median(&mut apart).map(|median| (median * SPREAD).max(f64::MIN_POSITIVE))
    }
}

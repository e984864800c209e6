//! The same hour of past weeks: what a street, a pump or a park is like at this time of the week.

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use super::middle::{self, SPREAD};
use super::{Certainty, Seen, Taken, WEEKS_MAX};

/// Hours of a week, counted in UTC from 1970: a change of the clocks moves the week by an hour once, which a median
/// over weeks forgives.
const HOURS: usize = 168;
/// Weeks that must be known of an hour before there is an expectation.
const KNOWN_MIN: usize = 2;
/// The least spread, as a share of the median: an hour that was the same to the last digit every week proves no law.
const SPREAD_SHARE_MIN: f64 = 0.01;
const HOUR_MS: i64 = 3_600_000;

/// Means of the hours of past weeks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weeks {
    /// For each hour of the week, its means, newest first, each with the number of its week.
    hours: Vec<Vec<(u32, f32)>>,
    /// The hour that is running, counted from 1970, with sum and count of its readings.
    running: i64,
    sum: f64,
    count: u32,
    /// The newest reading.
    newest: Option<Time>,
}

impl Weeks {
    /// Its size with so many weeks full, in bytes.
    pub(crate) fn bytes(weeks: u8) -> usize {
        // A `Vec` begins with room for four, and doubles.
        let room = (usize::from(weeks) + 1).next_power_of_two().max(4);
        size_of::<Self>() + HOURS * (size_of::<Vec<(u32, f32)>>() + room * size_of::<(u32, f32)>())
    }

    /// Takes a reading and says how far it is from the median of its hour.
    pub(crate) fn take(&mut self, weeks: u8, spreads: bool, at: Time, value: f64, beat: Span) -> Taken {
        if self.newest.is_some_and(|newest| at < newest) {
            return Taken::Late;
        }
        let broken = self.newest.is_some_and(|newest| at.since(newest) > beat);
        self.newest = Some(at);
        let hour = at.ms().div_euclid(HOUR_MS);
        if hour != self.running {
            self.finish_hour(weeks);
            (self.running, self.sum, self.count) = (hour, 0.0, 0);
        }
        self.sum += value;
        self.count = self.count.saturating_add(1);
        let Some((median, spread)) = self.expected(hour, weeks) else { return Taken::Nothing };
        let off = value - median;
        let figure = if spreads { off / spread } else { off };
        Taken::Seen(Seen { at, figure, certainty: Certainty::Sure, broken, expected: Some(median) })
    }

    /// The mean of the hour that ended goes to its place in the week.
    fn finish_hour(&mut self, weeks: u8) {
        if self.count == 0 {
            return;
        }
        if self.hours.is_empty() {
            self.hours = vec![Vec::new(); HOURS];
        }
        let (week, place) = place(self.running);
        let Some(means) = self.hours.get_mut(place) else { return };
        #[expect(clippy::cast_possible_truncation, reason = "seven digits are more than an hour's mean is worth")]
        means.insert(0, (week, (self.sum / f64::from(self.count)) as f32));
        means.truncate(usize::from(weeks.min(WEEKS_MAX)));
    }

    /// Median and spread of an hour over the past weeks; `None` while too few are known. What is older than twice the
    /// weeks that are asked for says nothing about now.
    fn expected(&self, hour: i64, weeks: u8) -> Option<(f64, f64)> {
        let (week, place) = place(hour);
        let fresh = |known: &&(u32, f32)| week.saturating_sub(known.0) <= 2 * u32::from(weeks);
        let mut means: Vec<f64> =
            self.hours.get(place)?.iter().filter(fresh).map(|(_, mean)| f64::from(*mean)).collect();
        if means.len() < KNOWN_MIN {
            return None;
        }
        let median = middle::median(&mut means)?;
        let mut apart: Vec<f64> = means.iter().map(|mean| (mean - median).abs()).collect();
        let spread = SPREAD * middle::median(&mut apart)?;
        Some((median, spread.max(SPREAD_SHARE_MIN * median.abs()).max(f64::MIN_POSITIVE)))
    }
}

/// The number of the week, and of the hour in it.
fn place(hour: i64) -> (u32, usize) {
    let week = hour.div_euclid(168);
    let within = usize::try_from(hour.rem_euclid(168)).unwrap_or_default();
    (u32::try_from(week).unwrap_or_default(), within)
}

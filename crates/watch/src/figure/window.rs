//! The readings of the last so many minutes or hours.

use std::collections::VecDeque;

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::{Certainty, Seen, Statistic, Taken};

/// Readings kept for one window: two days of one a minute, and half as much again.
pub const SAMPLES_MAX: usize = 4320;
/// The share of a window that readings must cover before a figure over it may say "false": a sum over a day of
/// which half is missing is no proof of dry weather.
pub const COVERED_MIN: f64 = 0.75;
/// Readings that a trend needs at least.
const TREND_SAMPLES_MIN: usize = 3;

/// The readings of a window, with what makes each figure of them cheap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Readings in the order of their time, each time once; at most [`SAMPLES_MAX`].
    samples: VecDeque<(Time, f64)>,
    /// Their sum.
    sum: Exact,
    /// How many are below nought.
    negative: u32,
    /// What the gaps between them stand for, each at most a beat.
    stood_for_ms: i64,
    /// The beat that `stood_for_ms` was reckoned with.
    beat: Span,
    /// Samples that are smaller than all that follow them, and larger than all that follow them.
    smallest: VecDeque<(Time, f64)>,
    largest: VecDeque<(Time, f64)>,
}

impl Window {
    /// Takes a reading; whether it ends a hole longer than `beat`. A second value for a time corrects the first.
    /// `None`: it is older than the window.
    pub(crate) fn take(&mut self, at: Time, value: f64, reach: Span, beat: Span) -> Option<bool> {
        let newest = self.samples.back().map(|(newest, _)| *newest);
        if newest.is_some_and(|newest| newest.since(at) >= reach) {
            return None;
        }
        if self.beat != beat {
            self.beat = beat;
            self.reckon();
        }
        if newest.is_none_or(|newest| at > newest) {
            self.append(at, value);
        } else {
            match self.samples.binary_search_by(|(time, _)| time.cmp(&at)) {
                Ok(place) => self.samples[place].1 = value,
                Err(place) => self.samples.insert(place, (at, value)),
            }
            self.reckon();
        }
        let now = newest.map_or(at, |newest| newest.max(at));
        while self.samples.front().is_some_and(|(oldest, _)| now.since(*oldest) >= reach)
            || self.samples.len() > SAMPLES_MAX
        {
            self.drop_oldest();
        }
        Some(newest.is_some_and(|newest| at.since(newest) > beat))
    }

    fn append(&mut self, at: Time, value: f64) {
        if let Some((before, _)) = self.samples.back() {
            self.stood_for_ms += at.since(*before).as_ms().min(self.beat.as_ms());
        }
        self.samples.push_back((at, value));
        self.sum.add(value);
        self.negative += u32::from(value < 0.0);
        rank(&mut self.smallest, (at, value), |kept, new| kept >= new);
        rank(&mut self.largest, (at, value), |kept, new| kept <= new);
    }

    fn drop_oldest(&mut self) {
        let Some((at, value)) = self.samples.pop_front() else { return };
        self.sum.subtract(value);
        self.negative -= u32::from(value < 0.0);
        if let Some((next, _)) = self.samples.front() {
            self.stood_for_ms -= next.since(at).as_ms().min(self.beat.as_ms());
        } else {
            self.sum = Exact::default();
        }
        for ranked in [&mut self.smallest, &mut self.largest] {
            if ranked.front().is_some_and(|(first, _)| *first == at) {
                ranked.pop_front();
            }
        }
    }

    /// Works everything out again, when a reading came out of order.
    fn reckon(&mut self) {
        let samples = std::mem::take(&mut self.samples);
        *self = Self { beat: self.beat, ..Self::default() };
        for (at, value) in samples {
            self.append(at, value);
        }
    }

    pub(crate) fn figure(&self, statistic: Statistic, reach: Span, beat: Span, broken: bool) -> Taken {
        let (Some((newest, last)), Some((oldest, _))) = (self.samples.back(), self.samples.front()) else {
            return Taken::Nothing;
        };
        let count = self.samples.len() as f64;
        let figure = match statistic {
            Statistic::Mean => self.sum.value() / count,
            Statistic::Sum => self.sum.value(),
            Statistic::Last => *last,
            Statistic::Min => self.smallest.front().map_or(*last, |(_, value)| *value),
            Statistic::Max => self.largest.front().map_or(*last, |(_, value)| *value),
        };
        let first = oldest.since(*newest - reach).as_ms().min(beat.as_ms());
        let whole = (self.stood_for_ms + first) as f64 / reach.as_ms().max(1) as f64 >= COVERED_MIN;
        let certainty = match statistic {
            Statistic::Last => Certainty::Sure,
            _ if whole => Certainty::Sure,
            Statistic::Max => Certainty::AtLeast,
            Statistic::Sum if self.negative == 0 => Certainty::AtLeast,
            Statistic::Min => Certainty::AtMost,
            Statistic::Sum | Statistic::Mean => Certainty::Unsure,
        };
        Taken::Seen(Seen { at: *newest, figure, certainty, broken, expected: None })
    }

    /// Rise in an hour of the least-squares line through the readings. It is known when they reach over enough of the
    /// window.
    pub(crate) fn trend(&self, reach: Span, broken: bool) -> Taken {
        let (Some((newest, _)), Some((oldest, _))) = (self.samples.back(), self.samples.front()) else {
            return Taken::Nothing;
        };
        let enough = self.samples.len() >= TREND_SAMPLES_MIN
            && newest.since(*oldest).as_ms() as f64 >= COVERED_MIN * reach.as_ms() as f64;
        let count = self.samples.len() as f64;
        let hours = |at: &Time| at.since(*newest).as_h();
        let mean_x = self.samples.iter().map(|(at, _)| hours(at)).sum::<f64>() / count;
        let mean_y = self.sum.value() / count;
        let (mut across, mut along) = (0.0, 0.0);
        for (at, value) in &self.samples {
            let x = hours(at) - mean_x;
            across += x * (value - mean_y);
            along += x * x;
        }
        let figure = if along > 0.0 { across / along } else { 0.0 };
        let certainty = if enough { Certainty::Sure } else { Certainty::Unsure };
        Taken::Seen(Seen { at: *newest, figure, certainty, broken, expected: None })
    }
}

/// Keeps a queue in which each value beats all that follow it.
fn rank(queue: &mut VecDeque<(Time, f64)>, new: (Time, f64), gives_way: impl Fn(f64, f64) -> bool) {
    while queue.back().is_some_and(|(_, kept)| gives_way(*kept, new.1)) {
        queue.pop_back();
    }
    queue.push_back(new);
}

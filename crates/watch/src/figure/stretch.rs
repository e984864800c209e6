//! Readings that are summed up, when a series speaks more often than its window can keep.

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use super::exact::Exact;

/// Into how many stretches a window is cut. A stretch leaves the window when its last reading does, so a window of
/// readings that come closer than this reaches back too far by a 126th at most: 11 min of a day.
const PER_WINDOW: i64 = 126;
/// Stretches of one window: those within it, one that it begins in, and one that it ends in.
pub(super) const STRETCHES_MAX: usize = 128;

/// The readings of one stretch of a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stretch {
    /// The time of its first reading.
    pub(super) first: Time,
    /// The time of its last reading.
    pub(super) last: Time,
    /// Their sum.
    pub(super) sum: Exact,
    /// How many.
    pub(super) count: u32,
    /// How many are below nought.
    pub(super) negative: u32,
    /// What the gaps between them stand for, each at most a beat.
    pub(super) stood_for_ms: i64,
    /// The smallest.
    pub(super) least: f64,
    /// The largest.
    pub(super) most: f64,
}

impl Stretch {
    /// A stretch of one reading.
    pub(super) fn of(at: Time, value: f64) -> Self {
        let mut sum = Exact::default();
        sum.add(value);
        let negative = u32::from(value < 0.0);
        Self { first: at, last: at, sum, count: 1, negative, stood_for_ms: 0, least: value, most: value }
    }

    /// Which stretch of the clock an instant is in, for a window of this length.
    pub(super) fn number(at: Time, window: Span) -> i64 {
        at.ms().div_euclid((window.as_ms() / PER_WINDOW + 1).max(1))
    }

    /// Takes one more reading, before its first or after its last.
    pub(super) fn take(&mut self, at: Time, value: f64, beat: Span) {
        let gap = if at > self.last { at.since(self.last) } else { self.first.since(at) };
        self.stood_for_ms += gap.as_ms().min(beat.as_ms());
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.sum.add(value);
        self.count = self.count.saturating_add(1);
        self.negative += u32::from(value < 0.0);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    /// For a line: the middle of its time, the mean of its readings, and how many they are.
    pub(super) fn point(&self) -> (Time, f64, f64) {
        let middle = self.first + Span::ms(self.last.since(self.first).as_ms() / 2);
        (middle, self.sum.value() / f64::from(self.count), f64::from(self.count))
    }
}

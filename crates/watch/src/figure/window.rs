//! The readings of the last so many minutes or hours.

use std::collections::VecDeque;

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::stretch::{STRETCHES_MAX, Stretch};
use super::{Certainty, Seen, Statistic, Taken};

/// Readings kept one by one for one window: a day and a half of one in five minutes. What is older is summed up by
/// stretches, so that no reading of the window is lost however often a series speaks.
pub const SAMPLES_MAX: usize = 511;
/// The share of a window that readings must cover before a figure over it may say "false": a sum over a day of
/// which half is missing is no proof of dry weather.
pub const COVERED_MIN: f64 = 0.75;
/// Readings that a trend needs at least.
const TREND_SAMPLES_MIN: u32 = 3;

/// The readings of a window, with what makes each figure of them cheap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// The oldest readings, summed up, in the order of their time; at most [`STRETCHES_MAX`].
    stretches: VecDeque<Stretch>,
    /// All later readings in the order of their time, each time once; at most [`SAMPLES_MAX`].
    samples: VecDeque<(Time, f64)>,
    /// How many are summed up.
    summed: u32,
    /// The sum of all.
    sum: Exact,
    /// How many are below nought.
    negative: u32,
    /// What the gaps between them stand for, each at most a beat.
    stood_for_ms: i64,
    /// The beat that `stood_for_ms` was reckoned with.
    beat: Span,
    /// Which of the readings `beaten` is for.
    ranked: Ranked,
    /// For a minimum those that are smaller than all that follow them, for a maximum the larger ones; of a stretch one.
    beaten: VecDeque<(Time, f64)>,
}

/// The reading at an end that a figure asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ranked {
    #[default]
    Nothing,
    Least,
    Most,
}

impl Ranked {
    fn of(statistic: Option<Statistic>) -> Self {
        match statistic {
            Some(Statistic::Min) => Self::Least,
            Some(Statistic::Max) => Self::Most,
            _ => Self::Nothing,
        }
    }
}

impl Window {
    /// The most that it can take, in bytes: queues grow by doubling.
    pub(crate) fn bytes_max(statistic: Option<Statistic>) -> usize {
        let room = |count: usize, size: usize| count.next_power_of_two() * size;
        let reading = size_of::<(Time, f64)>();
        // One more than they keep, as what comes is taken before something goes.
        let kept = room(SAMPLES_MAX + 1, reading) + room(STRETCHES_MAX, size_of::<Stretch>());
        let ranked = match Ranked::of(statistic) {
            Ranked::Nothing => 0,
            Ranked::Least | Ranked::Most => room(SAMPLES_MAX + 1 + STRETCHES_MAX, reading),
        };
        size_of::<Self>() + kept + ranked
    }

    /// Takes a reading for a figure (`None`: a trend); whether it ends a hole longer than `beat`. A second value for a
    /// time corrects the first. `None`: it is older than the window, or falls among readings that are summed up, where
    /// nobody can tell any more whether it corrects one of them.
    pub(crate) fn take(
        &mut self,
        statistic: Option<Statistic>,
        at: Time,
        value: f64,
        reach: Span,
        beat: Span,
    ) -> Option<bool> {
        let newest = self.samples.back().map(|(newest, _)| *newest);
        if newest.is_some_and(|newest| newest.since(at) >= reach) {
            return None;
        }
        let ranked = Ranked::of(statistic);
        if self.beat != beat || self.ranked != ranked {
            (self.beat, self.ranked) = (beat, ranked);
            self.reckon();
        }
        if newest.is_none_or(|newest| at > newest) {
            self.append(at, value);
        } else {
            self.insert(at, value, reach)?;
            self.reckon();
        }
        let now = newest.map_or(at, |newest| newest.max(at));
        self.drop_before(now, reach);
        while self.samples.len() > SAMPLES_MAX {
            self.sum_up(reach);
        }
        Some(newest.is_some_and(|newest| at.since(newest) > beat))
    }

    fn append(&mut self, at: Time, value: f64) {
        if let Some(before) = self.newest() {
            self.stood_for_ms += at.since(before).as_ms().min(self.beat.as_ms());
        }
        self.samples.push_back((at, value));
        self.sum.add(value);
        self.negative += u32::from(value < 0.0);
        self.rank(at, value);
    }

    fn newest(&self) -> Option<Time> {
        let sample = self.samples.back().map(|(at, _)| *at);
        sample.or_else(|| self.stretches.back().map(|stretch| stretch.last))
    }

    /// Keeps the queue in which each value beats all that follow it.
    fn rank(&mut self, at: Time, value: f64) {
        let gives_way = |kept: f64| match self.ranked {
            Ranked::Nothing => false,
            Ranked::Least => kept >= value,
            Ranked::Most => kept <= value,
        };
        if self.ranked == Ranked::Nothing {
            return;
        }
        while self.beaten.back().is_some_and(|(_, kept)| gives_way(*kept)) {
            self.beaten.pop_back();
        }
        self.beaten.push_back((at, value));
    }

    /// Puts a reading between others, or in the place of one; `None` among those that are summed up.
    fn insert(&mut self, at: Time, value: f64, reach: Span) -> Option<()> {
        if self.stretches.back().is_none_or(|stretch| at > stretch.last) {
            match self.samples.binary_search_by(|(time, _)| time.cmp(&at)) {
                Ok(place) => self.samples[place].1 = value,
                Err(place) => self.samples.insert(place, (at, value)),
            }
            return Some(());
        }
        let place = self.stretches.partition_point(|stretch| stretch.last < at);
        let here = |stretch: &Stretch| Stretch::number(stretch.first, reach) == Stretch::number(at, reach);
        if self.stretches.get(place).is_some_and(|stretch| stretch.first <= at) {
            return None;
        }
        let before = place.checked_sub(1);
        let near = [before, Some(place)].into_iter().flatten().find(|at| self.stretches.get(*at).is_some_and(here));
        let beat = self.beat;
        match near.and_then(|near| self.stretches.get_mut(near)) {
            Some(stretch) => stretch.take(at, value, beat),
            None => self.stretches.insert(place, Stretch::of(at, value)),
        }
        Some(())
    }

    /// Sums up the oldest reading that is one by itself.
    fn sum_up(&mut self, reach: Span) {
        let Some((at, value)) = self.samples.pop_front() else { return };
        let beat = self.beat;
        let same = |stretch: &&mut Stretch| Stretch::number(stretch.first, reach) == Stretch::number(at, reach);
        let first = if let Some(stretch) = self.stretches.back_mut().filter(same) {
            stretch.take(at, value, beat);
            stretch.first
        } else {
            self.stretches.push_back(Stretch::of(at, value));
            at
        };
        self.summed += 1;
        // Of a stretch's readings the first that is ranked beats the others, and stays as long as the stretch does.
        let from = self.beaten.partition_point(|(ranked, _)| *ranked < first);
        let to = self.beaten.partition_point(|(ranked, _)| *ranked <= at);
        if let Some(kept) = self.beaten.get_mut(from).filter(|_| to > from) {
            kept.0 = at;
            self.beaten.drain(from + 1..to);
        }
    }

    /// Drops what is out of the window that ends at `now`.
    fn drop_before(&mut self, now: Time, reach: Span) {
        while let Some(stretch) = self.stretches.front().filter(|stretch| now.since(stretch.last) >= reach).copied() {
            self.stretches.pop_front();
            self.sum.take_away(stretch.sum);
            self.summed -= stretch.count;
            self.negative -= stretch.negative;
            self.stood_for_ms -= stretch.stood_for_ms;
            self.dropped(stretch.last);
        }
        while let Some((at, value)) = self.samples.front().filter(|(at, _)| now.since(*at) >= reach).copied() {
            self.samples.pop_front();
            self.sum.subtract(value);
            self.negative -= u32::from(value < 0.0);
            self.dropped(at);
        }
    }

    /// What went had its last reading at `last`: the gap after it goes too.
    fn dropped(&mut self, last: Time) {
        let next = self.stretches.front().map(|stretch| stretch.first);
        if let Some(next) = next.or_else(|| self.samples.front().map(|(at, _)| *at)) {
            self.stood_for_ms -= next.since(last).as_ms().min(self.beat.as_ms());
        } else {
            self.sum = Exact::default();
        }
        while self.beaten.front().is_some_and(|(at, _)| *at <= last) {
            self.beaten.pop_front();
        }
    }

    /// Works everything out again, when a reading came out of order.
    fn reckon(&mut self) {
        let (stretches, samples) = (std::mem::take(&mut self.stretches), std::mem::take(&mut self.samples));
        *self = Self { beat: self.beat, ranked: self.ranked, ..Self::default() };
        for stretch in stretches {
            if let Some(before) = self.newest() {
                self.stood_for_ms += stretch.first.since(before).as_ms().min(self.beat.as_ms());
            }
            self.stood_for_ms += stretch.stood_for_ms;
            self.sum.add_sum(stretch.sum);
            self.summed += stretch.count;
            self.negative += stretch.negative;
            self.rank(stretch.last, if self.ranked == Ranked::Least { stretch.least } else { stretch.most });
            self.stretches.push_back(stretch);
        }
        for (at, value) in samples {
            self.append(at, value);
        }
    }

    /// How many readings.
    fn count(&self) -> u32 {
        self.summed + u32::try_from(self.samples.len()).unwrap_or(u32::MAX)
    }

    /// The oldest and the newest reading's time.
    fn span(&self) -> Option<(Time, Time)> {
        let oldest = self.stretches.front().map(|stretch| stretch.first);
        let oldest = oldest.or_else(|| self.samples.front().map(|(at, _)| *at))?;
        Some((oldest, self.newest()?))
    }

    pub(crate) fn figure(&self, statistic: Statistic, reach: Span, beat: Span, broken: bool) -> Taken {
        let (Some((oldest, newest)), Some((_, last))) = (self.span(), self.samples.back()) else {
            return Taken::Nothing;
        };
        let figure = match statistic {
            Statistic::Mean => self.sum.value() / f64::from(self.count()),
            Statistic::Sum => self.sum.value(),
            Statistic::Last => *last,
            Statistic::Min | Statistic::Max => self.beaten.front().map_or(*last, |(_, value)| *value),
        };
        // A stretch that is summed up may begin before the window does.
        let first = oldest.since(newest - reach).as_ms().clamp(0, beat.as_ms());
        let whole = (self.stood_for_ms + first) as f64 / reach.as_ms().max(1) as f64 >= COVERED_MIN;
        let certainty = match statistic {
            Statistic::Last => Certainty::Sure,
            _ if whole => Certainty::Sure,
            Statistic::Max => Certainty::AtLeast,
            Statistic::Sum if self.negative == 0 => Certainty::AtLeast,
            Statistic::Min => Certainty::AtMost,
            Statistic::Sum | Statistic::Mean => Certainty::Unsure,
        };
        Taken::Seen(Seen { at: newest, figure, certainty, broken, expected: None })
    }

    /// Rise in an hour of the least-squares line through the readings. It is known when they reach over enough of the
    /// window.
    pub(crate) fn trend(&self, reach: Span, broken: bool) -> Taken {
        let Some((oldest, newest)) = self.span() else { return Taken::Nothing };
        let enough = self.count() >= TREND_SAMPLES_MIN
            && newest.since(oldest).as_ms() as f64 >= COVERED_MIN * reach.as_ms() as f64;
        let points = || {
            let summed = self.stretches.iter().map(Stretch::point);
            let points = summed.chain(self.samples.iter().map(|(at, value)| (*at, *value, 1.0)));
            points.map(|(at, value, weight)| (at.since(newest).as_h(), value, weight))
        };
        let count = f64::from(self.count());
        let mean_x = points().map(|(x, _, weight)| x * weight).sum::<f64>() / count;
        let mean_y = self.sum.value() / count;
        let (mut across, mut along) = (0.0, 0.0);
        for (x, y, weight) in points() {
            let x = x - mean_x;
            across += weight * x * (y - mean_y);
            along += weight * x * x;
        }
        let figure = if along > 0.0 { across / along } else { 0.0 };
        let certainty = if enough { Certainty::Sure } else { Certainty::Unsure };
        Taken::Seen(Seen { at: newest, figure, certainty, broken, expected: None })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic, reason = "what is not there has failed the test")]

    use proptest::prelude::*;

    use super::*;

    const DAY: Span = Span::h(24);
    /// How far back a window of readings that are summed up may reach at most.
    const DAY_AND_A_STRETCH: Span = Span::ms(DAY.as_ms() + DAY.as_ms() / 126 + 1);
    const BEAT: Span = Span::min(30);
    const ALL: [Option<Statistic>; 5] =
        [Some(Statistic::Mean), Some(Statistic::Sum), Some(Statistic::Min), Some(Statistic::Max), None];

    fn bytes(window: &Window) -> usize {
        let reading = size_of::<(Time, f64)>();
        size_of::<Window>()
            + window.stretches.capacity() * size_of::<Stretch>()
            + (window.samples.capacity() + window.beaten.capacity()) * reading
    }

    /// The figure out of all readings that came, back to `reach`.
    fn plain(statistic: Statistic, all: &[(Time, f64)], reach: Span) -> (f64, usize) {
        let newest = all.iter().map(|(at, _)| *at).max().expect("a reading");
        let values: Vec<f64> =
            all.iter().filter(|(at, _)| newest.since(*at) < reach).map(|(_, value)| *value).collect();
        let figure = match statistic {
            Statistic::Min => values.iter().copied().fold(f64::MAX, f64::min),
            Statistic::Max => values.iter().copied().fold(f64::MIN, f64::max),
            _ => values.iter().sum(),
        };
        (figure, values.len())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// However often a series speaks: no reading of the window is lost, none stays longer than a stretch too long,
        /// and what is kept stays below its bound.
        #[test]
        fn dense_readings_all_count(
            spacing_s in 5_i64..400,
            steps in prop::collection::vec((0_u8..=255, 0_u16..=1_000), 3_000..9_000),
        ) {
            let mut windows: Vec<Window> = ALL.iter().map(|_| Window::default()).collect();
            let mut all: Vec<(Time, f64)> = Vec::new();
            let mut now = Time::from_ms(1_700_000_000_000).expect("a time");
            for (k, (how, value)) in steps.iter().enumerate() {
                now = now + Span::s(spacing_s);
                let value = f64::from(*value) / 16.0;
                // Some come late, some correct the reading before.
                let at = match how {
                    0..=5 => now - Span::s(spacing_s * 7 * i64::from(*how) + 1),
                    6..=9 => now - Span::s(spacing_s),
                    _ => now,
                };
                let taken: Vec<bool> = windows
                    .iter_mut()
                    .zip(ALL)
                    .map(|(window, statistic)| window.take(statistic, at, value, DAY, BEAT).is_some())
                    .collect();
                prop_assert!(taken.iter().all(|other| *other == taken[0]));
                if !taken[0] {
                    continue;
                }
                all.retain(|(known, _)| *known != at);
                all.push((at, value));
                if k % 97 != 0 && k + 3 < steps.len() {
                    continue;
                }
                for (window, statistic) in windows.iter().zip(ALL) {
                    prop_assert!(bytes(window) <= Window::bytes_max(statistic), "{} bytes", bytes(window));
                    let Some(statistic) = statistic else { continue };
                    let Taken::Seen(seen) = window.figure(statistic, DAY, BEAT, false) else { panic!("a figure") };
                    let ((least, few), (most, many)) =
                        (plain(statistic, &all, DAY), plain(statistic, &all, DAY_AND_A_STRETCH));
                    let count = window.count() as usize;
                    prop_assert!((few..=many).contains(&count), "{count} readings, {few} to {many}");
                    let sum = if statistic == Statistic::Mean { seen.figure * count as f64 } else { seen.figure };
                    let (low, high) = if statistic == Statistic::Min { (most, least) } else { (least, most) };
                    let near = 1e-6;
                    prop_assert!((low - near..=high + near).contains(&sum), "{statistic:?} {sum}, {low} to {high}");
                }
            }
        }
    }

    /// The same readings one by one and summed up give one line.
    #[test]
    fn a_trend_goes_through_what_is_summed_up() {
        let mut window = Window::default();
        let start = Time::from_ms(1_700_000_000_000).expect("a time");
        for k in 0..5_000_i32 {
            let value = 2.0 + f64::from(k) / 1_000.0 + f64::from(k % 7) / 100.0;
            window.take(None, start + Span::s(i64::from(k) * 15), value, DAY, BEAT).expect("it counts");
        }
        assert!(window.stretches.len() > 90, "{} stretches", window.stretches.len());
        let Taken::Seen(seen) = window.trend(DAY, false) else { panic!("a trend") };
        assert!((seen.figure - 0.24).abs() < 1e-3, "{} an hour: 0.001 every 15 s", seen.figure);
    }
}

//! A slow rise that will reach a level.
//!
//! The line goes through the hourly means of a long window (two days for the lake of the demo), so that sway (what
//! the wind piles up at one end of a lake within hours, and lets go again) moves it little. It is followed for
//! `within`, and the level counts as reached when the line comes within `sway` of it, because the wind alone can do
//! the rest. Which figures to choose, and what they did on two years of recordings: `tests/water.rs`.

use std::collections::VecDeque;

use city::{DatastreamId, Span, Time};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::figure::middle::median;
use crate::figure::{self, SAMPLES_MAX};
use crate::life::Said;
use crate::rule::Rise;
use crate::shard::Evidence;
use crate::truth::Truth;
use crate::words;

/// The level now is the median of the readings of so long: one stray reading cannot ring.
pub const LEVEL_WINDOW: Span = Span::h(1);
/// The share of the hours of the trend's window that must have a reading before there is a trend.
pub const HOURS_MIN: f64 = 0.5;
/// The pace in words, and the expected hour, come from the last quarter of the window where it is steeper: a flood
/// speeds up.
const PACE_SHARE: i64 = 4;
/// The expected hour is told only this many times `within` ahead at most: further out it is a guess.
const EXPECTED_WITHIN: f64 = 2.0;

const HOUR_MS: i64 = 3_600_000;

/// What a rise remembers of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rising {
    /// Readings of the last hour in the order of their time, each time once; the newest [`SAMPLES_MAX`] of them, which
    /// is enough for a median of a series that speaks more often than every seven seconds.
    samples: VecDeque<(Time, f64)>,
    /// Hour since the epoch, sum, count. At most one for each hour of the trend's window.
    hours: VecDeque<(i64, f64, u32)>,
    /// Whether the level was passed since the alert opened.
    passed: bool,
}

impl Rising {
    /// Its size when full, in bytes. One more than is kept comes before the oldest goes, and queues grow by doubling.
    pub(crate) fn bytes_max(trend_window: Span) -> usize {
        let hours = usize::try_from(hours_of(trend_window) + 1).unwrap_or(usize::MAX);
        let samples = (SAMPLES_MAX + 1).next_power_of_two() * size_of::<(Time, f64)>();
        size_of::<Self>() + samples + hours.next_power_of_two() * size_of::<(i64, f64, u32)>()
    }
}

/// What the readings say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outlook {
    /// The level now.
    level: f64,
    /// Rise in an hour over the whole window.
    trend: Option<f64>,
    /// Rise in an hour over its last quarter.
    pace: Option<f64>,
    /// Whether the level was passed since the alert opened.
    passed: bool,
}

/// A reading of one of the rule's series; `None` when it came too late to count.
pub(crate) fn take(
    memory: &mut figure::Memory,
    kind: &Rise,
    at: Time,
    value: f64,
    beat: Span,
    stands: bool,
) -> Option<Evidence> {
    if !matches!(memory, figure::Memory::Rise(_)) {
        *memory = figure::Memory::Rise(Box::default());
    }
    let figure::Memory::Rise(memory) = memory else { return None };
    let broken = memory.samples.back().is_some_and(|(newest, _)| at.since(*newest) > beat);
    match memory.samples.binary_search_by(|(time, _)| time.cmp(&at)) {
        Ok(place) => {
            // A second value for a time corrects the first.
            let before = std::mem::replace(&mut memory.samples[place].1, value);
            take_hour(&mut memory.hours, at, value - before, 0, kind.trend_window);
        }
        Err(place) => {
            memory.samples.insert(place, (at, value));
            take_hour(&mut memory.hours, at, value, 1, kind.trend_window);
        }
    }
    let newest = memory.samples.back().map_or(at, |(newest, _)| *newest);
    while memory.samples.front().is_some_and(|(oldest, _)| newest.since(*oldest) >= LEVEL_WINDOW)
        || memory.samples.len() > SAMPLES_MAX
    {
        memory.samples.pop_front();
    }
    let mut levels: Vec<f64> = memory.samples.iter().map(|(_, value)| *value).collect();
    let level = median(&mut levels)?;
    memory.passed = level >= kind.level || (memory.passed && stands);
    let outlook = Outlook {
        level,
        trend: slope(&memory.hours, hours_of(kind.trend_window)),
        pace: slope(&memory.hours, hours_of(kind.trend_window) / PACE_SHARE),
        passed: memory.passed,
    };
    Some(Evidence {
        at: newest,
        figure: level,
        expected: None,
        reading: (at, value),
        outlook: Some(outlook),
        open: kind.heads_there(outlook),
        close: kind.over(outlook),
        broken,
    })
}

/// Title, figures, and when the level is expected.
pub(crate) fn words(context: &Context, kind: &Rise, datastream: DatastreamId, seen: &Evidence) -> Said {
    let Some(outlook) = seen.outlook else { return Said::default() };
    let heads_there = kind.heads_there(outlook) == Truth::True;
    let expected = kind.expected(outlook, seen.at).filter(|_| heads_there);
    let unit = context.unit(datastream);
    let title = kind.title(context, unit, outlook, expected);
    Said { title, detail: detail(unit, outlook), expected }
}

impl Rise {
    /// Whether the level is there, or the line comes within `sway` of it in time.
    fn heads_there(&self, outlook: Outlook) -> Truth {
        if outlook.level >= self.level {
            return Truth::True;
        }
        let Some(trend) = outlook.trend else { return Truth::Unknown };
        let to_go = self.level - self.sway - outlook.level;
        Truth::from(trend > 0.0 && to_go <= trend * self.within.as_h())
    }

    /// Whether the alert may close: it is well below the level, and no longer heads there. A pause just below the
    /// level is no all-clear: the lake has stood still for a day and then gone up 40 cm in one night.
    fn over(&self, outlook: Outlook) -> Truth {
        Truth::from(outlook.level < self.level - self.drop).and(self.heads_there(outlook).not())
    }

    /// When the level itself is passed at the present pace, to the nearest hour; `None` when that is no forecast.
    fn expected(&self, outlook: Outlook, newest: Time) -> Option<Time> {
        let pace = outlook.trend?.max(outlook.pace.unwrap_or(f64::MIN));
        let hours = (self.level - outlook.level) / pace;
        let told = outlook.level < self.level && pace > 0.0 && hours <= EXPECTED_WITHIN * self.within.as_h();
        #[expect(clippy::cast_possible_truncation, reason = "below twice `within`, at most two years of milliseconds")]
        let ms = (hours * HOUR_MS as f64) as i64;
        told.then(|| (newest + Span::ms(ms) + Span::min(30)).floor(Span::h(1)))
    }

    fn title(&self, context: &Context, unit: &str, outlook: Outlook, expected: Option<Time>) -> String {
        let line = words::line(self.level, unit);
        let rough = words::figure(outlook.level, 1) == words::figure(self.level, 1);
        let shown = words::measured(outlook.level, unit, if rough { 2 } else { 1 });
        let what = &self.what;
        if outlook.level >= self.level {
            format!("{what} stands at {shown}, above {line}")
        } else if outlook.passed {
            format!("{what} has fallen below {line}, to {shown}")
        } else if let Some(expected) = expected {
            let clock = words::clock_and_day(expected, &context.timezone);
            format!("{what} will pass {line} about {clock}")
        } else if self.heads_there(outlook) == Truth::True {
            format!("{what} is close to {line} and rising")
        } else {
            format!("{what} has paused at {shown}, below {line}")
        }
    }
}

/// "2.41 m, rising 5 cm an hour."
fn detail(unit: &str, outlook: Outlook) -> String {
    let level = words::measured(outlook.level, unit, 2);
    let Some(pace) = outlook.pace.or(outlook.trend) else { return format!("{level}; no trend yet.") };
    let (figure, unit, decimals) = if unit == "m" { (pace * 100.0, "cm", 0) } else { (pace, unit, 1) };
    let shown = words::figure(figure.abs(), decimals);
    if shown.trim_matches(['0', '.']).is_empty() {
        format!("{level}, steady.")
    } else if figure > 0.0 {
        format!("{level}, rising {shown} {unit} an hour.")
    } else {
        format!("{level}, falling {shown} {unit} an hour.")
    }
}

fn hours_of(span: Span) -> i64 {
    (span.as_ms() / HOUR_MS).max(1)
}

/// Adds to the sum and the count of an hour, and forgets the hours before the window.
fn take_hour(hours: &mut VecDeque<(i64, f64, u32)>, at: Time, value: f64, more: u32, window: Span) {
    let hour = at.ms().div_euclid(HOUR_MS);
    match hours.binary_search_by(|(at, _, _)| at.cmp(&hour)) {
        Ok(place) => {
            if let Some((_, sum, count)) = hours.get_mut(place) {
                *sum += value;
                *count += more;
            }
        }
        Err(_) if more == 0 => {}
        Err(place) => hours.insert(place, (hour, value, more)),
    }
    let newest = hours.back().map_or(hour, |(at, _, _)| *at);
    while hours.front().is_some_and(|(at, _, _)| *at <= newest - hours_of(window)) {
        hours.pop_front();
    }
}

/// Slope in an hour of the least-squares line through the means of the last `window` hours; `None` with less than
/// [`HOURS_MIN`] of them.
fn slope(hours: &VecDeque<(i64, f64, u32)>, window: i64) -> Option<f64> {
    let newest = hours.back()?.0;
    let points: Vec<(f64, f64)> = hours
        .iter()
        .filter(|(at, _, _)| *at > newest - window)
        .map(|(at, sum, count)| ((at - newest) as f64, sum / f64::from(*count)))
        .collect();
    let count = points.len() as f64;
    if points.len() < 2 || count < window as f64 * HOURS_MIN {
        return None;
    }
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let across = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    Some(across / points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>())
}

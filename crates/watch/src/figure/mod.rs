//! Figures: what a rule works out of the readings of a series, one reading at a time.
//!
//! [`Figure`] is the wish, `Memory` what is kept for it between two readings: bounded, and stated by
//! [`Figure::bytes_max`]. A reading is taken in time that does not grow with the window.

mod deviation;
mod exact;
pub(crate) mod middle;
mod stretch;
mod tumbling;
mod weeks;
mod window;

use city::{DatastreamId, Span, Time};
use serde::{Deserialize, Serialize};

pub(crate) use window::Ranked;
pub use window::{COVERED_MIN, SAMPLES_MAX};

pub(crate) use deviation::Forecast;
pub(crate) use tumbling::Tumbling;
pub(crate) use weeks::Weeks;
pub(crate) use window::Window;

use crate::anomaly::{Detector, Parameters, STATE_BYTES_MAX};
use crate::rule::Side;
use crate::shard::Cell;
use crate::truth::Truth;

/// Weeks of the past that a deviation may look at.
pub const WEEKS_MAX: u8 = 8;

/// One figure out of the readings of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Newest.
    Last,
    /// Sum.
    Sum,
}

impl Statistic {
    /// The names in the file.
    pub const NAMES: [(&'static str, Self); 5] =
        [("mean", Self::Mean), ("min", Self::Min), ("max", Self::Max), ("last", Self::Last), ("sum", Self::Sum)];
}

/// Which figure of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// The newest reading.
    Last,
    /// A statistic of the readings of the last `window`, anew at every reading.
    Window {
        /// Which.
        statistic: Statistic,
        /// How far back from the newest reading.
        window: Span,
    },
    /// A statistic of the readings of each stretch of the clock, once when it is over.
    Tumbling {
        /// Which; not [`Statistic::Last`].
        statistic: Statistic,
        /// How long each stretch is; they count from 1970.
        window: Span,
    },
    /// How much it rises in an hour: the straight line through the readings of the last `window`.
    Trend {
        /// Through how much of the past the line goes.
        window: Span,
    },
    /// How far the reading is from what was to be expected.
    Deviation {
        /// Expected by whom.
        against: Against,
        /// In spreads of the past instead of the unit of the series.
        spreads: bool,
    },
    /// Whether the readings are unusual: 1 in an episode, 0 outside one. Unknown while it learns.
    Anomaly(Parameters),
}

/// Where an expectation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The same hour of so many past weeks: their median, and their median absolute deviation for the spread.
    Weeks(u8),
    /// Another series, whose values are the forecast for their phenomenon time.
    Forecast(DatastreamId),
}

impl Figure {
    /// The name of its kind in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Last | Self::Window { .. } | Self::Tumbling { .. } => "threshold",
            Self::Trend { .. } => "trend",
            Self::Deviation { .. } => "deviation",
            Self::Anomaly(_) => "anomaly",
        }
    }

    /// The series that forecasts, where there is one.
    pub fn forecast(&self) -> Option<DatastreamId> {
        match self {
            Self::Deviation { against: Against::Forecast(id), .. } => Some(*id),
            _ => None,
        }
    }

    /// The most that its memory can take for one series, in bytes, however often that speaks.
    pub fn bytes_max(&self) -> usize {
        let more = match self {
            Self::Last | Self::Tumbling { .. } => 0,
            Self::Window { statistic, .. } => Window::bytes_max(Some(*statistic)),
            Self::Trend { .. } => Window::bytes_max(None),
            Self::Deviation { against: Against::Weeks(weeks), .. } => Weeks::bytes(*weeks),
            Self::Deviation { against: Against::Forecast(_), .. } => Forecast::bytes_max(),
            Self::Anomaly(_) => STATE_BYTES_MAX,
        };
        size_of::<Cell>() + more
    }
}

/// What a figure remembers of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Memory {
    /// Nothing yet.
    #[default]
    Empty,
    /// The newest reading.
    Last(Time),
    /// The readings of a window.
    Window(Box<Window>),
    /// The stretch that is running.
    Tumbling(Tumbling),
    /// The same hours of past weeks.
    Weeks(Box<Weeks>),
    /// Forecasts that have not come true yet.
    Forecast(Box<Forecast>),
    /// What was usual, and when the newest reading was.
    Anomaly(Box<(Detector, Option<Time>)>),
    /// What a rise needs.
    Rise(Box<crate::rise::Rising>),
}

/// How sure a figure is, where readings are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It is what it is.
    Sure,
    /// The whole could only be more.
    AtLeast,
    /// The whole could only be less.
    AtMost,
    /// The whole could be anything.
    Unsure,
}

/// What a reading made of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// The instant that the figure is for.
    pub(crate) at: Time,
    /// The figure.
    pub(crate) figure: f64,
    /// How sure it is.
    pub(crate) certainty: Certainty,
    /// There was a hole in the readings before it, so nothing has held through it.
    pub(crate) broken: bool,
    /// What was to be expected, where the figure is a distance from it.
    pub(crate) expected: Option<f64>,
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Taken {
    /// A figure.
    Seen(Seen),
    /// No figure yet.
    Nothing,
    /// It came too late to count.
    Late,
}

impl Seen {
    /// Whether the figure is on that side, as far as is known.
    pub(crate) fn truth(&self, side: Side) -> Truth {
        let holds = side.holds(self.figure);
        let certain = match (self.certainty, side) {
            (Certainty::Sure, _) => true,
            (Certainty::AtLeast, Side::Above(_)) | (Certainty::AtMost, Side::Below(_)) => holds,
            _ => false,
        };
        Truth::from(holds).when_seen(certain)
    }
}

impl Memory {
    /// Takes a reading of the series itself. `beat` is its longest normal gap.
    pub(crate) fn take(&mut self, figure: Figure, at: Time, value: f64, beat: Span) -> Taken {
        match figure {
            Figure::Last => self.last(at, value, beat),
            Figure::Window { statistic, window } => {
                let memory = self.window();
                match memory.take(Some(statistic), at, value, window, beat) {
                    Some(broken) => memory.figure(statistic, window, beat, broken),
                    None => Taken::Late,
                }
            }
            Figure::Trend { window } => {
                let memory = self.window();
                match memory.take(None, at, value, window, beat) {
                    Some(broken) => memory.trend(window, broken),
                    None => Taken::Late,
                }
            }
            Figure::Tumbling { statistic, window } => {
                if !matches!(self, Self::Tumbling(_)) {
                    *self = Self::Tumbling(Tumbling::default());
                }
                let Self::Tumbling(memory) = self else { return Taken::Nothing };
                memory.take(statistic, window, at, value)
            }
            Figure::Deviation { against: Against::Weeks(weeks), spreads } => {
                if !matches!(self, Self::Weeks(_)) {
                    *self = Self::Weeks(Box::default());
                }
                let Self::Weeks(memory) = self else { return Taken::Nothing };
                memory.take(weeks, spreads, at, value, beat)
            }
            Figure::Deviation { against: Against::Forecast(_), spreads } => {
                self.forecast().take(spreads, at, value, beat)
            }
            Figure::Anomaly(parameters) => self.anomaly(&parameters, at, value, beat),
        }
    }

    /// Takes a value of the series that forecasts.
    pub(crate) fn expect(&mut self, at: Time, value: f64) {
        self.forecast().expect(at, value);
    }

    /// The time has come to `until` for the whole feed: a stretch that was over by then gives its figure.
    pub(crate) fn over(&mut self, figure: Figure, until: Time) -> Taken {
        match (self, figure) {
            (Self::Tumbling(memory), Figure::Tumbling { statistic, window }) => memory.over(statistic, window, until),
            _ => Taken::Nothing,
        }
    }

    fn last(&mut self, at: Time, value: f64, beat: Span) -> Taken {
        let before = if let Self::Last(before) = self { Some(*before) } else { None };
        if before.is_some_and(|before| at < before) {
            return Taken::Late;
        }
        *self = Self::Last(at);
        let broken = before.is_some_and(|before| at.since(before) > beat);
        Taken::Seen(Seen { at, figure: value, certainty: Certainty::Sure, broken, expected: None })
    }

    /// A detector cannot take a reading back, so corrections and late readings are not given to it.
    fn anomaly(&mut self, parameters: &Parameters, at: Time, value: f64, beat: Span) -> Taken {
        if !matches!(self, Self::Anomaly(_)) {
            *self = Self::Anomaly(Box::default());
        }
        let Self::Anomaly(memory) = self else { return Taken::Nothing };
        let (detector, newest) = memory.as_mut();
        if newest.is_some_and(|newest| at <= newest) {
            return Taken::Late;
        }
        let broken = newest.is_some_and(|newest| at.since(newest) > beat);
        *newest = Some(at);
        let score = detector.take(parameters, at, value);
        if detector.readings() <= parameters.learning {
            return Taken::Nothing;
        }
        let figure = f64::from(u8::from(score.in_episode));
        Taken::Seen(Seen { at, figure, certainty: Certainty::Sure, broken, expected: Some(score.expected) })
    }

    fn window(&mut self) -> &mut Window {
        if !matches!(self, Self::Window(_)) {
            *self = Self::Window(Box::default());
        }
        match self {
            Self::Window(window) => window,
            // invariant: it was made one just now.
            _ => unreachable!("a window"),
        }
    }

    fn forecast(&mut self) -> &mut Forecast {
        if !matches!(self, Self::Forecast(_)) {
            *self = Self::Forecast(Box::default());
        }
        match self {
            Self::Forecast(forecast) => forecast,
            // invariant: it was made one just now.
            _ => unreachable!("a forecast"),
        }
    }
}

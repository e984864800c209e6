//! Unusual readings of one series, as they come: no look-ahead, no training run, no randomness.
//!
//! Each reading is looked at from five sides ([`Aspect`]): the value, the shape of the last three readings, the level
//! and the spread of the last 24, and how far the value is from what the hour of the day would have. For each side a
//! book (`Book`) keeps what has been seen, and the distance to the nearest thing in it says how new the reading is;
//! a tail (`Tail`) says how rarely so large a distance has come so far. The five chances together are the score; the
//! [`Episode`] makes one alarm of a run of high scores. Why so, and what lost: docs/decisions/004-anomaly.md.
//!
//! Parameters are the same for every series, and none is in the unit of the readings: the detector takes its scale
//! from the series. State is bounded ([`STATE_BYTES_MAX`]), and a reading costs a few microseconds.

mod book;
mod episode;
mod recent;
mod season;
mod tail;

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use book::Book;
pub use episode::Episode;
use recent::{Recent, SHAPE};
pub use season::Season;
use season::Table;
use tail::Tail;

/// What the state of one detector may take, heap and all: 50,000 series then fit into 800 MB. Held by a test.
pub const STATE_BYTES_MAX: usize = 16 * 1024;
/// Entries of a book: two books of five aspects stay below [`STATE_BYTES_MAX`]. 128 cost 1.5 points of the Numenta
/// score, 256 gain half of one.
const BOOK_ENTRIES: usize = 192;
/// Readings are kept as the difference to the first one, as `f32`, and not beyond this: squares and sums stay finite.
const FURTHEST: f64 = 1e30;

/// One side from which a reading is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aspect {
    /// The value itself: was there ever one like it?
    Value,
    /// The last three readings in their order.
    Shape,
    /// The mean of the last 24 readings.
    Level,
    /// The standard deviation of the last 24 readings: restless, or too still.
    Spread,
    /// The difference to what this time of the day (or week) usually has.
    Hour,
}

impl Aspect {
    /// All, in the order of the state.
    pub const ALL: [Self; 5] = [Self::Value, Self::Shape, Self::Level, Self::Spread, Self::Hour];
}

/// What a rule may choose. The defaults are those that were scored on the Numenta benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Score from which on a reading is an alarm, above 0 and below 1. 0.96: the chances of the five aspects, each against the
    /// past of this series, have a geometric mean below 4 in 100.
    pub threshold: f64,
    /// Readings before the first score: until then nothing is known that could be unusual. At least 30.
    pub learning: u32,
    /// Readings below the threshold after which an episode is over. Until then only a chance of a tenth rings again.
    pub rest: u32,
    /// How long a thing that was seen is remembered, at least; twice as long at most. A year: next winter is no news.
    pub memory: Span,
    /// The cycle whose hours are told apart.
    pub season: Season,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { threshold: 0.96, learning: 150, rest: 100, memory: Span::h(366 * 24), season: Season::Day }
    }
}

/// What the detector says of one reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How unusual, 0 to 1: one less the geometric mean of the chances of the five aspects.
    pub value: f64,
    /// So unusual a reading came once in so many, going by this series' own past; at least 1.
    pub once_in: f64,
    /// The most unusual aspect; `None` when none is.
    pub because: Option<Aspect>,
    /// What the hour usually has, in the unit of the series.
    pub expected: f64,
    /// Lower end of what nineteen in twenty readings of the hour have, were they spread evenly about it.
    pub low: f64,
    /// Upper end of the same.
    pub high: f64,
    /// Whether this reading is an alarm: the first of its episode, or ten times rarer than the last that rang.
    pub rings: bool,
    /// Whether an episode is open, this reading included.
    pub in_episode: bool,
}

/// The state of one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    /// The first reading; all others are kept as the difference to it.
    anchor: Option<f64>,
    /// When the books were last turned.
    turned: Time,
    readings: u32,
    recent: Recent,
    table: Table,
    sides: [Side; 5],
    whole: Tail,
    episode: Episode,
}

/// What was seen from one side, and how new each thing was when it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Side {
    book: Book,
    tail: Tail,
}

impl Side {
    /// How rare so new a thing is: the negative decimal logarithm of its chance.
    fn take<const N: usize>(&mut self, seen: [f64; N]) -> f64 {
        let distance = self.book.take(seen.map(kept), BOOK_ENTRIES);
        let rarity = self.tail.rarity(distance);
        self.tail.add(distance);
        rarity
    }

    fn turn(&mut self) {
        self.book.turn();
        self.tail.fade();
    }
}

impl Detector {
    /// How many readings it has taken.
    pub fn readings(&self) -> u32 {
        self.readings
    }

    /// Takes the next reading, in the order in which they came. `at` is its phenomenon time; a time before the last is
    /// allowed and counts as its hour of the day. A value that is no number says nothing and changes nothing.
    pub fn take(&mut self, parameters: &Parameters, at: Time, value: f64) -> Score {
        if !value.is_finite() {
            return self.silent();
        }
        let anchor = *self.anchor.get_or_insert(value);
        self.keep_time(parameters, at);
        let reading = (value - anchor).clamp(-FURTHEST, FURTHEST);
        let hour = self.table.take(parameters.season, at, reading);
        self.recent.take(reading);
        let rarities = self.rarities(reading, hour.residual);
        let surprise = rarities.iter().sum::<f64>() / Aspect::ALL.len() as f64;
        let once_in = 10_f64.powf(self.whole.rarity(surprise));
        self.whole.add(surprise);
        self.readings = self.readings.saturating_add(1);
        let learned = self.readings > parameters.learning;
        let value = if learned { 1.0 - 10_f64.powf(-surprise) } else { 0.0 };
        Score {
            value,
            once_in: if learned { once_in } else { 1.0 },
            because: most(&rarities).filter(|_| learned),
            expected: told(anchor, hour.expected),
            low: told(anchor, hour.expected - hour.reach),
            high: told(anchor, hour.expected + hour.reach),
            rings: self.episode.take(parameters, value),
            in_episode: self.episode.is_open(),
        }
    }

    fn rarities(&mut self, reading: f64, residual: f64) -> [f64; 5] {
        let [value, shape, level, spread, hour] = &mut self.sides;
        let habit = self.recent.habit();
        [
            value.take([reading]),
            self.recent.shape().map_or(0.0, |seen: [f64; SHAPE]| shape.take(seen)),
            habit.map_or(0.0, |habit| level.take([habit.level])),
            habit.map_or(0.0, |habit| spread.take([habit.spread])),
            hour.take([residual]),
        ]
    }

    /// Turns the books when their time has come.
    fn keep_time(&mut self, parameters: &Parameters, at: Time) {
        if self.readings == 0 {
            self.turned = at;
        }
        if at.since(self.turned) >= parameters.memory {
            self.turned = at;
            self.sides.iter_mut().for_each(Side::turn);
            self.whole.fade();
        }
    }

    fn silent(&self) -> Score {
        let anchor = self.anchor.unwrap_or_default();
        let in_episode = self.episode.is_open();
        let (value, once_in, because, rings) = (0.0, 1.0, None, false);
        Score { value, once_in, because, expected: anchor, low: anchor, high: anchor, rings, in_episode }
    }

    /// Bytes that the state takes, heap included.
    pub fn bytes(&self) -> usize {
        let sides: usize = self.sides.iter().map(|side| side.book.heap_bytes() + side.tail.heap_bytes()).sum();
        size_of::<Self>() + sides + self.whole.heap_bytes() + self.table.heap_bytes() + self.recent.heap_bytes()
    }
}

/// The aspect with the highest rarity, the first of equals.
fn most(rarities: &[f64; 5]) -> Option<Aspect> {
    let mut best = (0.0, None);
    for (rarity, aspect) in rarities.iter().zip(Aspect::ALL) {
        if *rarity > best.0 {
            best = (*rarity, Some(aspect));
        }
    }
    best.1
}

/// Back in the unit of the series, and finite.
fn told(anchor: f64, reading: f64) -> f64 {
    (anchor + reading).clamp(f64::MIN, f64::MAX)
}

/// As it is kept: half the bytes, and finer than any sensor about the first reading.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what an f32 holds; its 24 bits are meant")]
fn kept(value: f64) -> f32 {
    value.clamp(-FURTHEST, FURTHEST) as f32
}

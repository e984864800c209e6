//! What an hour of the day (or of the week) usually has.

use city::Time;
use serde::{Deserialize, Serialize};

/// Weight of a new reading in the mean of its slot: the last five or so count.
const SLOT_WEIGHT: f64 = 0.2;
/// Weight of a new reading in what the series has at any hour: for slots that were not seen yet.
const USUAL_WEIGHT: f64 = 0.02;
/// Mean deviations to either side that hold nineteen in twenty, were they Gaussian (1.96 times the root of pi / 2).
const REACH: f64 = 2.457;

/// The cycle whose hours are told apart, in UTC: a clock that is put forward shifts them by one, for some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Season {
    /// Every day alike; its half hours.
    #[default]
    Day,
    /// Monday is not Sunday; its hours. Needs weeks to learn.
    Week,
}

impl Season {
    /// How long a slot is, in seconds, and how many make the cycle.
    fn slots(self) -> (i64, usize) {
        match self {
            Self::Day => (1_800, 48),
            Self::Week => (3_600, 168),
        }
    }

    fn slot(self, at: Time) -> usize {
        let (length_s, slots) = self.slots();
        usize::try_from(at.s().div_euclid(length_s)).unwrap_or_default() % slots
    }
}

/// What a slot has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Slot {
    /// Mean of its readings.
    mean: f32,
    /// Mean distance of its readings from that.
    deviation: f32,
}

/// A reading beside what was expected before it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hour {
    /// What the slot usually has.
    pub(super) expected: f64,
    /// How far to either side is usual.
    pub(super) reach: f64,
    /// The reading less what was expected.
    pub(super) residual: f64,
}

/// The slots of a season.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    slots: Vec<Option<Slot>>,
    usual: Option<Slot>,
}

impl Table {
    /// Says what was expected, then learns. A season other than before begins anew.
    pub(super) fn take(&mut self, season: Season, at: Time, reading: f64) -> Hour {
        let (_, slots) = season.slots();
        if self.slots.len() != slots {
            self.slots = vec![None; slots];
        }
        let usual = *self.usual.get_or_insert(Slot::first(reading));
        self.usual = Some(usual.with(reading, USUAL_WEIGHT));
        let Some(slot) = self.slots.get_mut(season.slot(at)) else { return usual.beside(reading) };
        let known = *slot;
        *slot = Some(known.map_or(Slot::first(reading), |known| known.with(reading, SLOT_WEIGHT)));
        known.unwrap_or(usual).beside(reading)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Slot>>()
    }
}

impl Slot {
    fn first(reading: f64) -> Self {
        Self { mean: super::kept(reading), deviation: 0.0 }
    }

    fn with(self, reading: f64, weight: f64) -> Self {
        let (mean, deviation) = (f64::from(self.mean), f64::from(self.deviation));
        let residual = reading - mean;
        Self {
            mean: super::kept(mean + weight * residual),
            deviation: super::kept(deviation + weight * (residual.abs() - deviation)),
        }
    }

    fn beside(self, reading: f64) -> Hour {
        let expected = f64::from(self.mean);
        Hour { expected, reach: REACH * f64::from(self.deviation), residual: reading - expected }
    }
}

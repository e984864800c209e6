//! The last readings: their shape, level and spread.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Readings of a shape: a spike is three of them.
pub(super) const SHAPE: usize = 3;
/// Readings of a level and a spread: two hours of five minutes, a day of hours.
pub(super) const SPAN: usize = 24;

/// Level and spread of the last [`SPAN`] readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Habit {
    /// Their mean.
    pub(super) level: f64,
    /// Their standard deviation.
    pub(super) spread: f64,
}

/// The last [`SPAN`] readings at most, newest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Recent {
    readings: VecDeque<f32>,
}

impl Recent {
    /// Takes the next one.
    pub(super) fn take(&mut self, reading: f64) {
        if self.readings.len() >= SPAN {
            self.readings.pop_front();
        } else {
            self.readings.reserve_exact(SPAN - self.readings.len());
        }
        self.readings.push_back(super::kept(reading));
    }

    /// The last three, oldest first; `None` while there are fewer.
    pub(super) fn shape(&self) -> Option<[f64; SHAPE]> {
        let from = self.readings.len().checked_sub(SHAPE)?;
        let mut last = self.readings.range(from..).map(|reading| f64::from(*reading));
        Some(std::array::from_fn(|_| last.next().unwrap_or_default()))
    }

    /// Level and spread; `None` while there are fewer than [`SPAN`]. Summed anew each time, so that no rounding stays.
    pub(super) fn habit(&self) -> Option<Habit> {
        if self.readings.len() < SPAN {
            return None;
        }
        let first = f64::from(*self.readings.front()?);
        let apart = || self.readings.iter().map(|reading| f64::from(*reading) - first);
        let mean = apart().sum::<f64>() / SPAN as f64;
        let spread = (apart().map(|apart| (apart - mean) * (apart - mean)).sum::<f64>() / SPAN as f64).sqrt();
        Some(Habit { level: first + mean, spread })
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.readings.capacity() * size_of::<f32>()
    }
}

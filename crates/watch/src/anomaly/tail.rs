//! How rarely so large a number has come: counts in steps of a fifth, and an exponential tail beyond the last tenth.
//!
//! The chance of `x` is the share of numbers above the top tenth's threshold times exp(-(x - threshold) / mean excess)
//! (peaks over threshold with the exponential limit law, Pickands 1975), so that it goes on past the largest number
//! seen, and one monster does not make the next one common.

use serde::{Deserialize, Serialize};

/// Bits of the mantissa that tell steps apart: four steps an octave.
const STEP_BITS: u32 = 2;
/// Steps kept below the largest number: sixteen octaves. What is smaller is not in the tail.
const STEPS: usize = 64;
/// The tail is the largest tenth.
const TAIL_SHARE: f64 = 0.1;
/// Fewer numbers than this say nothing about a tail.
const NUMBERS_MIN: u32 = 30;
/// One in a hundred million: rarer is not told apart. One aspect alone can then ring at the threshold as it ships (five
/// times 1.4 is 7), as it must for a sensor that sticks at a usual value; at 6 it could not.
pub(super) const RARITY_MAX: f64 = 8.0;
/// Counts are halved before they could run over.
const NUMBERS_MAX: u32 = 1 << 30;

/// Counts of non-negative numbers by size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    /// Count of each step, smallest first; the last is that of `top`.
    counts: Vec<u32>,
    /// The step of the largest number so far.
    top: u64,
    /// All numbers, those below the steps too.
    numbers: u32,
}

impl Tail {
    /// The negative decimal logarithm of the chance of a number of at least `x`, 0 to [`RARITY_MAX`]; 0 for what is
    /// not in the top tenth, and while there are too few to say.
    pub(super) fn rarity(&self, x: f64) -> f64 {
        if self.numbers < NUMBERS_MIN || x <= 0.0 {
            return 0.0;
        }
        let numbers = f64::from(self.numbers);
        let (threshold, above, excess) = self.excess(TAIL_SHARE * numbers);
        if x <= threshold {
            return 0.0;
        }
        let share = (above + 1.0) / (numbers + 1.0);
        let beyond = if above > 0.0 { (x - threshold) / excess.max(f64::MIN_POSITIVE) } else { 0.0 };
        (beyond * std::f64::consts::LOG10_E - share.log10()).clamp(0.0, RARITY_MAX)
    }

    /// The threshold above which `wanted` numbers lie (fewer when all others are below the steps), how many those are,
    /// and by how much they exceed it in the mean.
    fn excess(&self, wanted: f64) -> (f64, f64, f64) {
        let (mut above, mut sum) = (0.0, 0.0);
        for (down, count) in self.counts.iter().rev().enumerate() {
            let step = self.top.saturating_sub(down as u64);
            let (low, high, count) = (edge(step), edge(step + 1), f64::from(*count));
            if above + count > wanted {
                let threshold = high - (high - low) * (wanted - above) / count;
                sum += (wanted - above) * f64::midpoint(threshold, high);
                return (threshold, wanted, sum / wanted - threshold);
            }
            above += count;
            sum += count * f64::midpoint(low, high);
        }
        (0.0, above, if above > 0.0 { sum / above } else { 0.0 })
    }

    /// Counts a number.
    pub(super) fn add(&mut self, x: f64) {
        if self.numbers >= NUMBERS_MAX {
            self.fade();
        }
        self.numbers += 1;
        if x <= 0.0 || !x.is_finite() {
            return;
        }
        let step = step(x);
        self.counts.resize(STEPS, 0);
        if step > self.top {
            let up = usize::try_from(step - self.top).unwrap_or(STEPS).min(STEPS);
            self.counts.rotate_left(up);
            self.counts[STEPS - up..].fill(0);
            self.top = step;
        }
        let down = usize::try_from(self.top - step).unwrap_or(STEPS);
        if let Some(count) = STEPS.checked_sub(down + 1).and_then(|at| self.counts.get_mut(at)) {
            *count += 1;
        }
    }

    /// Halves what was counted: the past weighs half as much as before.
    pub(super) fn fade(&mut self) {
        self.numbers /= 2;
        self.counts.iter_mut().for_each(|count| *count /= 2);
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u32>()
    }
}

/// The step that a positive number lies in: its exponent and the first bits of its mantissa.
fn step(x: f64) -> u64 {
    x.to_bits() >> (52 - STEP_BITS)
}

/// The smallest number of a step.
fn edge(step: u64) -> f64 {
    f64::from_bits(step << (52 - STEP_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an exponential law the chance is known: exp(-x).
    #[test]
    fn an_exponential_law_is_told_as_it_is() {
        let mut tail = Tail::default();
        for n in 1..=10_000 {
            tail.add(-(f64::from(n) / 10_001.0).ln());
        }
        for x in [3.0_f64, 5.0, 8.0, 12.0] {
            let told = tail.rarity(x);
            let is = x * std::f64::consts::LOG10_E;
            assert!((told - is).abs() < 0.06 * is, "{x}: {told} is {is}");
        }
        assert!(tail.rarity(1.0).abs() < f64::EPSILON && (tail.rarity(1e9) - RARITY_MAX).abs() < f64::EPSILON);
    }

    #[test]
    fn after_nothing_but_zeros_anything_is_rare_and_counts_do_not_run_over() {
        let mut tail = Tail::default();
        for _ in 0..999 {
            tail.add(0.0);
        }
        assert!((tail.rarity(0.1) - 3.0).abs() < 1e-9, "one in a thousand at most: {}", tail.rarity(0.1));
        tail.numbers = NUMBERS_MAX;
        tail.add(f64::MAX);
        tail.add(f64::MIN_POSITIVE);
        assert_eq!((tail.numbers, tail.counts.len()), (NUMBERS_MAX / 2 + 2, STEPS));
    }
}

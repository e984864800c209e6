//! A sum that readings are added to and taken from without its error growing.

use serde::{Deserialize, Serialize};

/// A sum in two numbers, the second holding what the first cannot (Dekker 1971; Knuth, volume 2, 4.2.2). Readings of
/// one instrument differ by far less than its 106 bits, so that what is taken away leaves nothing behind, and the sum
/// does not depend on the order in which they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exact {
    high: f64,
    low: f64,
}

impl Exact {
    /// Adds.
    pub(crate) fn add(&mut self, value: f64) {
        let (sum, error) = two_sum(self.high, value);
        let (high, low) = two_sum(sum, error + self.low);
        *self = Self { high, low };
    }

    /// Takes away.
    pub(crate) fn subtract(&mut self, value: f64) {
        self.add(-value);
    }

    /// Adds another sum.
    pub(crate) fn add_sum(&mut self, other: Self) {
        self.add(other.high);
        self.add(other.low);
    }

    /// Takes another sum away.
    pub(crate) fn take_away(&mut self, other: Self) {
        self.add(-other.high);
        self.add(-other.low);
    }

    /// The nearest number.
    pub(crate) fn value(self) -> f64 {
        self.high
    }
}

/// The rounded sum and what rounding took.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

#[cfg(test)]
mod tests {
    use super::Exact;

    #[test]
    fn what_was_added_and_taken_away_leaves_nothing() {
        let values: Vec<f64> = (0..10_000).map(|n| f64::from(n % 977) * 0.1 - 30.7).collect();
        let mut sum = Exact::default();
        for value in &values {
            sum.add(*value);
        }
        for value in &values[..9_990] {
            sum.subtract(*value);
        }
        let mut fresh = Exact::default();
        for value in values[9_990..].iter().rev() {
            fresh.add(*value);
        }
        assert_eq!(sum.value().to_bits(), fresh.value().to_bits());
    }
}

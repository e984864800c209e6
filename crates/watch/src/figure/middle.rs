//! The middle of some values, and what it says of their spread.

/// From median absolute deviation to standard deviation, for a normal distribution.
pub(super) const SPREAD: f64 = 1.482_602_218_505_602;

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(upper, *values.get(middle - 1)?) })
}

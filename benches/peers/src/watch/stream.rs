//! The events of the watch job, the same in every engine: one of each key every second, noise of 20 to 40 and, four
//! minutes of every ten, thirty more. The means of three such minutes running ring.

/// Seconds of the windows.
pub(crate) const WINDOW_S: u64 = 60;
/// A mean above it counts.
pub(crate) const LINE: f64 = 50.0;
/// So many windows running above the line ring.
pub(crate) const RUNNING: u32 = 3;

/// The value of the event with this number, of so many keys: key `number % keys`, second `number / keys`.
#[inline]
pub(crate) fn value(number: u64, keys: u64) -> f64 {
    let raised = if (number / keys / WINDOW_S + number % keys) % 10 < 4 { 30.0 } else { 0.0 };
    noise(number) + raised
}

/// The part of it that never crosses the line: 20 to 40.
#[inline]
pub(crate) fn noise(number: u64) -> f64 {
    let thousandths = (number.wrapping_mul(2_654_435_761) >> 7) % 1_000;
    20.0 + thousandths as f64 / 50.0
}

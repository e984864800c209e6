//! The windowed Gaussian detector as the benchmark defines it: a peer that can be computed here, whose published score
//! (39.65) checks the scorer.

/// Readings of the window.
const WINDOW: usize = 6_400;
/// When full, the window moves by so many.
const STEP: usize = 100;
/// The published result files have twelve digits, and so many a score of 1.
const DIGITS: f64 = 1e12;

/// The score of each reading: one less the chance of one at least as far from the mean, on its side.
pub(crate) fn scores(values: &[f64]) -> Vec<f64> {
    let (mut window, mut step) = (Vec::new(), Vec::new());
    let (mut mean, mut deviation) = (0.0, 1.0);
    let mut out = Vec::with_capacity(values.len());
    for value in values {
        let z = (value - mean).abs() / deviation;
        let score = if window.is_empty() { 0.0 } else { 1.0 - 0.5 * erfc(z / std::f64::consts::SQRT_2) };
        out.push((score * DIGITS).round() / DIGITS);
        if window.len() < WINDOW {
            window.push(*value);
        } else {
            step.push(*value);
            if step.len() < STEP {
                continue;
            }
            window.drain(..STEP);
            window.append(&mut step);
        }
        mean = window.iter().sum::<f64>() / window.len() as f64;
        deviation =
            (window.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / window.len() as f64).sqrt();
        if deviation <= 0.0 {
            deviation = 1e-6;
        }
    }
    out
}

/// The complementary error function for x >= 0: its series below 2, its continued fraction above (Abramowitz and Stegun
/// 7.1.6 and 7.1.14).
fn erfc(x: f64) -> f64 {
    let scale = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..60 {
            term *= 2.0 * x * x / (2.0 * f64::from(n) + 1.0);
            sum += term;
        }
        return 1.0 - 2.0 * scale * sum;
    }
    let mut fraction = x;
    for n in (1..=120).rev() {
        fraction = x + f64::from(n) / 2.0 / fraction;
    }
    scale / fraction
}

#[cfg(test)]
mod tests {
    use super::erfc;

    #[test]
    fn erfc_is_that_of_the_tables() {
        let known = [
            (0.0, 1.0),
            (0.5, 0.479_500_122_186_953_5),
            (1.9, 0.007_209_570_764_742_53),
            (2.1, 0.002_979_466_656_333_005),
            (5.0, 1.537_459_794_428_035e-12),
        ];
        for (x, expected) in known {
            assert!((erfc(x) - expected).abs() <= 1e-10 * expected.max(1e-3), "{x}: {}", erfc(x));
        }
    }
}

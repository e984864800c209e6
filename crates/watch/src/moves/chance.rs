//! How sure a correlation of two series is.

/// The likeness of an hour to those before it is followed over this share of the series: Pyper and Peterman (1998)
/// recommend a fifth. A rhythm of the day that two series share goes on for all of it, and makes their hours count
/// for less.
const CORRELOGRAM_SHARE: usize = 5;

/// The autocorrelations of a series (its mean taken off, 0 where `there` is 0) at lags from 1 on.
pub(super) fn correlogram(values: &[f64], there: &[f64]) -> Vec<f64> {
    let count: f64 = there.iter().sum();
    let variance = values.iter().map(|value| value * value).sum::<f64>() / count.max(1.0);
    if variance <= 0.0 {
        return Vec::new();
    }
    let lags = values.len() / CORRELOGRAM_SHARE;
    let at = |lag: usize| {
        let later = values.get(lag..).unwrap_or_default();
        values.iter().zip(later).map(|(a, b)| a * b).sum::<f64>() / count / variance
    };
    (1..=lags).map(at).collect()
}

/// For how many independent pairs `n` pairs of two autocorrelated series count:
/// 1/N* = 1/n + 2/n sum over j of (n-j)/n r_xx(j) r_yy(j).
/// Pyper and Peterman, Comparison of methods to account for autocorrelation in correlation analyses of fish data,
/// Can. J. Fish. Aquat. Sci. 55 (1998), equation 1; never more than n.
pub fn effective(n: usize, one: &[f64], other: &[f64]) -> f64 {
    if n == 0 || one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let n = n as f64;
    let share = |lag: usize| ((n - lag as f64) / n).max(0.0);
    let sum: f64 = (1..).zip(one.iter().zip(other)).map(|(lag, (a, b))| share(lag) * a * b).sum();
    let inverse = 1.0 / n + 2.0 / n * sum;
    if inverse > 1.0 / n { 1.0 / inverse } else { n }
}

/// The chance of a correlation at least so far from nought among `n` independent pairs (two-sided, by Student's t
/// with n-2 degrees of freedom), 0 to 1.
pub fn of_correlation(rho: f64, n: f64) -> f64 {
    if n <= 2.0 { 1.0 } else { incomplete_beta((n - 2.0) / 2.0, 0.5, 1.0 - rho * rho) }
}

/// Corrects chances for their number, whatever they have to do with each other: the share of false ones among all
/// that stay below q is at most q. Benjamini and Yekutieli, The control of the false discovery rate in multiple
/// testing under dependency, Ann. Statist. 29 (2001), theorem 1.3.
pub fn benjamini_yekutieli(chances: &[f64]) -> Vec<f64> {
    let count = chances.len();
    let harmonic: f64 = (1..=count).map(|rank| 1.0 / rank as f64).sum();
    let mut order: Vec<(f64, usize)> = chances.iter().copied().zip(0..).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut corrected = vec![1.0; count];
    let mut least: f64 = 1.0;
    for (before, (chance, place)) in order.into_iter().enumerate().rev() {
        least = least.min(chance * count as f64 * harmonic / (before + 1) as f64);
        if let Some(q) = corrected.get_mut(place) {
            *q = least;
        }
    }
    corrected
}

/// Regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, evaluated by Lentz's method).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// Steps of the continued fraction; it settles within some dozens where it is used.
const STEPS_MAX: u32 = 300;

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let away_from_nought = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut above = 1.0;
    let mut below = 1.0 / away_from_nought(1.0 - (a + b) * x / (a + 1.0));
    let mut result = below;
    for step in (1..=STEPS_MAX).map(f64::from) {
        let even = step * (b - step) * x / ((a + 2.0 * step - 1.0) * (a + 2.0 * step));
        let odd = -(a + step) * (a + b + step) * x / ((a + 2.0 * step) * (a + 2.0 * step + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            below = 1.0 / away_from_nought(1.0 + term * below);
            above = away_from_nought(1.0 + term / above);
            factor = above * below;
            result *= factor;
        }
        if (factor - 1.0).abs() < 1e-14 {
            break;
        }
    }
    result
}

/// Natural logarithm of the gamma function for positive arguments (Lanczos, g = 7, nine terms).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection.
        let sine = (std::f64::consts::PI * x).sin();
        return (std::f64::consts::PI / sine).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let series: f64 = TERMS.iter().zip(1..).map(|(term, k)| term / (x + f64::from(k))).sum();
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + (0.999_999_999_999_809_9 + series).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_of_students_t() {
        // t = 2.228 with 10 degrees of freedom, 2.750 with 30, 12.706 with 1: 0.05, 0.01 and 0.05 of every table.
        for (t, freedom, chance) in [(2.228_139, 10.0, 0.05), (2.749_996, 30.0, 0.01), (12.706_2, 1.0, 0.05)] {
            let rho = t / f64::sqrt(freedom + t * t);
            let found = of_correlation(rho, freedom + 2.0);
            assert!((found - chance).abs() < 1e-5, "{t} {freedom}: {found}");
        }
        assert!((of_correlation(0.0, 50.0) - 1.0).abs() < 1e-12);
        assert!(of_correlation(0.9, 500.0) < 1e-100);
    }

    #[test]
    fn corrected_chances_are_those_of_the_paper() {
        // By hand: m = 3, harmonic sum 11/6.
        let q = benjamini_yekutieli(&[0.04, 0.001, 0.02]);
        let by_hand = [0.04 * 11.0 / 6.0, 0.001 * 3.0 * 11.0 / 6.0, 0.02 * 1.5 * 11.0 / 6.0];
        for (found, wanted) in q.iter().zip(by_hand) {
            assert!((found - wanted).abs() < 1e-12, "{q:?}");
        }
    }

    #[test]
    fn a_series_that_is_like_itself_counts_for_less() {
        // First-order autoregression of both with r = 0.8: N* tends to n (1 - r^2) / (1 + r^2).
        let likeness: Vec<f64> = (1..=200).map(|lag| 0.8_f64.powi(lag)).collect();
        let found = effective(10_000, &likeness, &likeness);
        let wanted = 10_000.0 * (1.0 - 0.64) / (1.0 + 0.64);
        assert!((found - wanted).abs() / wanted < 0.01, "{found} {wanted}");
        let alternating: Vec<f64> = (1..=200).map(|lag| (-0.8_f64).powi(lag)).collect();
        assert!((effective(100, &likeness, &alternating) - 100.0).abs() < 1e-9, "never more than there are");
    }
}

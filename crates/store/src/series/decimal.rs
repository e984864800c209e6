//! Results are most often decimals with few digits: as whole numbers of their last digit they take a byte or two.

/// Powers of ten that are tried.
const POWERS: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
/// Whole numbers beyond this are not exact in an f64.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The number of decimals, 0 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale(u8);

impl Scale {
    pub(super) fn new(decimals: u8) -> Option<Self> {
        (usize::from(decimals) < POWERS.len()).then_some(Self(decimals))
    }

    pub(super) fn decimals(self) -> u8 {
        self.0
    }

    fn power(self) -> f64 {
        POWERS.get(usize::from(self.0)).copied().unwrap_or(1.0)
    }

    /// The whole number that gives exactly this value back; `None` when none does.
    pub(super) fn whole(self, value: f64) -> Option<i64> {
        let scaled = (value * self.power()).round();
        if scaled.abs() > WHOLE_MAX {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
        let whole = scaled as i64;
        // Bit for bit, so that -0.0 is not taken for 0.
        (self.value(whole).to_bits() == value.to_bits()).then_some(whole)
    }

    /// The nearest value of this scale, when it is within rounding of what was added up.
    pub(super) fn nearest(self, sum: f64) -> Option<f64> {
        let scaled = sum * self.power();
        let near = (scaled - scaled.round()).abs() < 1e-3 && scaled.abs() < WHOLE_MAX / 1024.0;
        near.then(|| scaled.round() / self.power() + 0.0)
    }

    pub(super) fn value(self, whole: i64) -> f64 {
        whole as f64 / self.power()
    }
}

/// The fewest decimals with which at least seven of eight values are exact; `None` when there are no such.
pub(super) fn scale_of(values: &[f64]) -> Option<Scale> {
    let mut scale = Scale(0);
    let mut inexact = 0;
    let room = values.len() / 8;
    for value in values {
        if scale.whole(*value).is_some() {
            continue;
        }
        let more = (scale.0 + 1..7).map(Scale).find(|more| more.whole(*value).is_some());
        match more {
            Some(more) => scale = more,
            None => inexact += 1,
        }
        if inexact > room {
            return None;
        }
    }
    Some(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        let scale = scale_of(&[1.0, 2.5, 3.25, -17.125]).expect("decimals");
        assert_eq!(scale.decimals(), 3);
        assert_eq!(scale.whole(-17.125), Some(-17_125));
        assert_eq!(scale.whole(-0.0), None);
        assert_eq!(scale.whole(1.0 / 3.0), None);
        assert_eq!(scale.whole(f64::MAX), None);
        assert_eq!(scale.whole(f64::NAN), None);
        assert_eq!(scale_of(&[1.0 / 3.0]), None);
        assert_eq!(scale_of(&[]).map(Scale::decimals), Some(0));
    }
}

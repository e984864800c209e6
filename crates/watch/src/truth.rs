//! Three-valued truth (Kleene's strong logic): what cannot be seen is neither true nor false.

use serde::{Deserialize, Serialize};

/// Whether a condition holds. `Unknown` never opens an alert and never closes one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be seen.
    #[default]
    Unknown,
}

impl Truth {
    /// Both. False as soon as one is false, whatever the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// Either. True as soon as one is true, whatever the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// The opposite; the opposite of unknown is unknown.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "reads as the logic's own word beside `and` and `or`")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Unless it can be seen, unknown.
    #[must_use]
    pub fn when_seen(self, seen: bool) -> Self {
        if seen { self } else { Self::Unknown }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    const ALL: [Truth; 3] = [True, False, Unknown];

    #[test]
    fn the_tables_of_and_or_and_not_are_kleenes() {
        let and = [True, False, Unknown, False, False, False, Unknown, False, Unknown];
        let or = [True, True, True, True, False, Unknown, True, Unknown, Unknown];
        let pairs = ALL.iter().flat_map(|a| ALL.iter().map(move |b| (*a, *b)));
        for ((a, b), (both, either)) in pairs.zip(and.into_iter().zip(or)) {
            assert_eq!(a.and(b), both, "{a:?} and {b:?}");
            assert_eq!(a.or(b), either, "{a:?} or {b:?}");
        }
        assert_eq!(ALL.map(Truth::not), [False, True, Unknown]);
        assert_eq!(ALL.map(|truth| truth.when_seen(false)), [Unknown; 3]);
    }
}

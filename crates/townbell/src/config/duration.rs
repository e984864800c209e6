//! Lengths of time as people write them: "30 s", "15 min", "2 h", "7 days".

use city::Span;
use serde::{Deserialize, Deserializer, de};

/// A length of time in a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub Span);

/// The longest length of time that makes sense in a configuration: 50 years (retention "for good").
pub(super) const DURATION_DAYS_MAX: i64 = 50 * 365;

impl Duration {
    /// Reads "15 min"; `None` when it is no such text, negative, or over [`DURATION_DAYS_MAX`].
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.trim().split_once(' ')?;
        let count: i64 = number.parse().ok().filter(|count| *count >= 0)?;
        let unit_ms = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            "day" | "days" => 86_400_000,
            _ => return None,
        };
        let ms = count.checked_mul(unit_ms).filter(|ms| *ms <= DURATION_DAYS_MAX * 86_400_000)?;
        Some(Self(Span::ms(ms)))
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "expected a length of time like \"30 s\", \"15 min\", \"2 h\" or \"7 days\", found {text:?}"
            ))
        })
    }
}

//! How bad. The five steps of the ramp on every screen, 1:1 with CAP 1.2 `severity` but for its `Unknown`.

use serde::{Deserialize, Serialize};

/// From information to extreme; ordered so that the worse one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Severity {
    /// Not known; shown hatched with "?". Sorts lowest, and never turns into "fine".
    Unknown,
    /// Worth knowing; circle, letter i.
    Info,
    /// CAP Minor; square, letter m.
    Minor,
    /// CAP Moderate; diamond, letter M.
    Moderate,
    /// CAP Severe; triangle, letter S.
    Severe,
    /// CAP Extreme; octagon, letter X.
    Extreme,
}

impl Severity {
    /// Every step, the least first.
    pub const ALL: [Self; 6] = [Self::Unknown, Self::Info, Self::Minor, Self::Moderate, Self::Severe, Self::Extreme];

    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Minor => "minor",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
            Self::Extreme => "extreme",
        }
    }
}

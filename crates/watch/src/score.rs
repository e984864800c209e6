//! How good the rings of a rule on a level were: how early before each crossing, and which were for nothing.

use city::{Span, Time};

use crate::backtest::Ring;

/// A ring counts for a crossing that follows within so long; one with no crossing that soon was for nothing.
pub const COUNTS_WITHIN: Span = Span::h(72);
/// A crossing is a new one only after the level was this far below it (in metres, or the unit of the series): less
/// is the same flood swaying about the line.
pub const REARM: f64 = 0.3;

/// What became of one ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The level was passed after it, while the alert was still open.
    Early {
        /// When.
        crossing: Time,
        /// How long after the ring.
        lead: Span,
    },
    /// The level was already passed: the recording begins above it, or the ring came too late.
    Above,
    /// No crossing came within [`COUNTS_WITHIN`]; the level reached this at most.
    False {
        /// Highest reading within [`COUNTS_WITHIN`].
        highest: f64,
    },
}

/// A ring with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The ring.
    pub ring: Ring,
    /// What became of it.
    pub verdict: Verdict,
}

/// The crossings: the first reading above `level` since the series was last at or below `level - rearm`. A recording
/// that begins at or below `level` is armed from its first reading; one that begins above is not. Readings in the
/// order of time.
pub fn crossings(series: &[(Time, f64)], level: f64, rearm: f64) -> Vec<Time> {
    let mut armed = series.first().is_some_and(|(_, value)| *value <= level);
    let mut found = Vec::new();
    for (at, value) in series {
        if *value <= level - rearm {
            armed = true;
        } else if *value > level && armed {
            armed = false;
            found.push(*at);
        }
    }
    found
}

/// What became of each ring. `series` in the order of time.
pub fn score(rings: &[Ring], series: &[(Time, f64)], crossings: &[Time], level: f64) -> Vec<Scored> {
    let judge = |ring: &Ring| {
        let window = ring.opened..=ring.opened + COUNTS_WITHIN;
        let lasted = |crossing: &Time| ring.resolved.is_none_or(|resolved| resolved >= *crossing);
        if let Some(crossing) = crossings.iter().find(|crossing| window.contains(crossing) && lasted(crossing)) {
            return Verdict::Early { crossing: *crossing, lead: crossing.since(ring.opened) };
        }
        let last_before = series.iter().take_while(|(at, _)| *at <= ring.opened).last();
        if last_before.is_some_and(|(_, value)| *value >= level) {
            return Verdict::Above;
        }
        let after = series.iter().filter(|(at, _)| window.contains(at)).map(|(_, value)| *value);
        Verdict::False { highest: after.fold(f64::MIN, f64::max) }
    };
    rings.iter().map(|ring| Scored { ring: ring.clone(), verdict: judge(ring) }).collect()
}

/// The longest lead that any ring gave each crossing; `None` where none rang.
pub fn leads(scored: &[Scored], crossings: &[Time]) -> Vec<(Time, Option<Span>)> {
    let lead_of = |wanted: &Time| {
        let leads = scored.iter().filter_map(|scored| match scored.verdict {
            Verdict::Early { crossing, lead } if crossing == *wanted => Some(lead),
            _ => None,
        });
        leads.max()
    };
    crossings.iter().map(|crossing| (*crossing, lead_of(crossing))).collect()
}

//! Unusual readings: the detector fed from the beginning again at every reading must say what the one says that goes
//! along with the engine, through restarts, late readings and corrections; and what an episode is, and what an alert
//! makes of it, is written out here. That the score itself is right, `anomaly.rs` and the Numenta benchmark show.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::Entry;
use city::{Span, Time};
use plain::series::{ends_hole, gauge};
use plain::{Book, Counts, Evaluator, Lines, Look, Step, compare, in_some, readings};
use proptest::prelude::*;
use town::{beat, context, midnight};
use watch::anomaly::{Detector, Parameters};

const RULE: &str = "kind = \"anomaly\"\nwhat = \"The lake\"\ndatastream = 1\nthreshold = 0.85\nlearning = 30\nrest = 7\n\
                    for = \"4 min\"\n[close]\nfor = \"12 min\"\n";
const THRESHOLD: f64 = 0.85;
const LEARNING: usize = 30;
const REST: usize = 7;

/// The readings that a detector takes: in the order of their time. What is late, or corrects, it cannot take back.
fn taken(told: &[(Time, f64)]) -> Vec<(Time, f64)> {
    let mut taken: Vec<(Time, f64)> = Vec::new();
    for (at, value) in told {
        if taken.iter().all(|(earlier, _)| earlier < at) {
            taken.push((*at, *value));
        }
    }
    taken
}

/// "After an alarm ... until so many readings below the threshold have passed."
fn is_in_episode(taken: &[(Time, f64)]) -> bool {
    let parameters = Parameters { threshold: THRESHOLD, learning: 30, rest: 7, ..Parameters::default() };
    let mut detector = Detector::default();
    let scores: Vec<f64> = taken.iter().map(|(at, value)| detector.take(&parameters, *at, *value).value).collect();
    let last_high = scores.iter().rposition(|score| *score >= THRESHOLD);
    last_high.is_some_and(|last| scores.len() - 1 - last < REST)
}

struct Anomalies;

impl Evaluator for Anomalies {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        let lines = Lines { open_for: Span::min(4), close_for: Span::min(12), ..Lines::default() };
        let look = |told: &[(Time, f64)]| {
            let (before, taken) = (taken(&told[..told.len() - 1]), taken(told));
            // Until it has learned, nothing is known.
            if taken.len() == before.len() || taken.len() <= LEARNING {
                return None;
            }
            let (at, _) = *taken.last()?;
            let unusual = is_in_episode(&taken);
            let broken = ends_hole(&taken, Span::min(30));
            Some(Look { broken, ..Look::new(at, Some(unusual), Some(!unusual)) })
        };
        gauge(1).judge(("lake", &lines), entries, step, book, look);
    }
}

/// A calm level with a jump now and then; some readings late, some corrected, and holes.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = midnight() + Span::s(5);
    let mut last = now;
    let mut entries = Vec::new();
    for (wait, which, change) in steps {
        now = now + Span::s(i64::from(*wait) + 1) + if *wait > 250 { Span::min(35) } else { Span::default() };
        let jump = if *which > 240 { f64::from(*change) / 20.0 } else { 0.0 };
        let value = 2.0 + f64::from(*change % 32) / 64.0 + jump;
        entries.push(match which % 16 {
            0 => readings("water", now, &[(1, now - Span::min(i64::from(*change % 30)), value)]),
            1 => readings("water", now, &[(1, last, value)]),
            2 => beat("water", now, true),
            _ => readings("water", now, &[(1, now, value)]),
        });
        last = now;
    }
    entries
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(midnight(), |entry| entry.received) + Span::min(45);
    compare(&context(&[("lake", RULE)]), &entries, until, restart, &Anomalies)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_detector_from_the_beginning_says_the_same(
        steps in prop::collection::vec(any::<(u8, u8, u8)>(), 30..160),
        restart in 1_usize..400,
    ) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_anomalies() {
    let counts = in_some(160, |steps| checked(steps, 50));
    assert!(counts.opened > 8 && counts.resolved > 8 && counts.blinded > 1, "{counts:?}");
}

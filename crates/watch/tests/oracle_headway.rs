//! Bunches and gaps beside an evaluator that works out every minute, from the timetable and all that was heard, where
//! each bus is and when it passes the next stop of the one behind.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::{Entry, VehiclePosition};
use city::{Span, Time};
use plain::morning::{LEG, LEG_S, TRIPS, Word, is_blind, journal, positions, timetable, told, words};
use plain::{Book, Counts, Evaluator, Lines, Look, Step, compare, in_some};
use proptest::prelude::*;
use town::{at, context_with};

const RULES: [(&str, &str); 2] = [
    (
        "both",
        "kind = \"headway\"\ntimetable = \"timetable\"\nfeeds = [\"positions\", \"updates\"]\n[open]\n\
         bunched_below = 0.5\ngap_above = 1.5\npairs = 2\nfor = \"1 min\"\n[close]\npairs_below = 1\nfor = \"2 min\"\n",
    ),
    (
        "gaps",
        "kind = \"headway\"\ntimetable = \"timetable\"\nfeed = \"positions\"\nroute = \"T1\"\ndamped = false\n[open]\n\
         gap_above = 1.25\npairs = 1\n",
    ),
];

/// What was told within so long counts.
const FRESH: Span = Span::min(15);
/// Metres from a vehicle to the straight way, at most; and of a degree to the east, and to the north.
const OFF_WAY_MAX_M: f64 = 250.0;
const EAST_M: f64 = 96_298.0;
const NORTH_M: f64 = 111_195.0;

/// How late a vehicle is that stands there: on each leg of its way that is near, beside the time planned for the place;
/// of two the one that is nearer to what it was before. Who waits for the departure is not early, and at the end of its
/// way nobody is late.
fn late_there(trip: usize, seen: &VehiclePosition, before_s: i64) -> Option<i64> {
    let (east, north) = (seen.position.longitude + 51.2, seen.position.latitude + 30.0);
    let mut found = Vec::new();
    for leg in 0..2 {
        let share = ((east - f64::from(leg) * LEG) / LEG).clamp(0.0, 1.0);
        let off_m = ((east - (f64::from(leg) + share) * LEG) * EAST_M).hypot(north * NORTH_M);
        if off_m > OFF_WAY_MAX_M || (leg == 1 && share >= 1.0) {
            continue;
        }
        let planned_s = (f64::from(leg) + share) * LEG_S as f64;
        let late_s = seen.time.since(at(TRIPS[trip].1)).as_s() as f64 - planned_s;
        found.push(if leg == 0 && share <= 0.0 { late_s.max(0.0) } else { late_s });
    }
    let change = |late_s: &f64| (late_s - before_s as f64).abs();
    let nearest = found.into_iter().min_by(|a, b| change(a).total_cmp(&change(b)))?;
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a day")]
    Some(nearest.round() as i64)
}

/// A run that was heard of: its delay in seconds, and whether that was told lately. `None`: nobody knows of it, or it
/// does not run.
fn delay(words: &[(Time, Word<'_>)], trip: usize, now: Time) -> Option<(i64, bool)> {
    let (updated, canceled) = told(words);
    if words.is_empty() || canceled {
        return None;
    }
    let mut placed: Option<(i64, Time)> = None;
    for (when, position) in positions(words) {
        let before_s = placed.map_or(0, |(late_s, _)| late_s);
        placed = late_there(trip, position, before_s).map(|late_s| (late_s, when)).or(placed);
    }
    let fresh = |told: &(i64, Time)| now.since(told.1) <= FRESH;
    let newest = updated.filter(fresh).or(placed.filter(fresh));
    let last = newest.or(updated).or(placed);
    Some((last.map_or(0, |(late_s, _)| late_s), newest.is_some()))
}

/// Pairs that are too close or too far apart, and how many of the buses on the road can be seen.
fn pairs(entries: &[Entry], line: &str, bunched: Option<f64>, gap: Option<f64>, now: Time) -> (usize, usize, usize) {
    let (mut on_road, mut seen) = (0, Vec::new());
    for trip in (0..TRIPS.len()).filter(|trip| TRIPS[*trip].0 == line) {
        let Some((late_s, fresh)) = delay(&words(entries, trip), trip, now) else { continue };
        let leaves = at(TRIPS[trip].1) + Span::s(late_s);
        if leaves <= now && now <= leaves + Span::s(2 * LEG_S) {
            on_road += 1;
            if fresh {
                seen.push((TRIPS[trip].1, format!("t{trip}"), late_s));
            }
        }
    }
    seen.sort();
    let passes = |(minute, _, late_s): &(i64, String, i64), stop: i64| at(*minute) + Span::s(late_s + stop * LEG_S);
    let wrong = |pair: &&[(i64, String, i64)]| {
        let (ahead, behind) = (&pair[0], &pair[1]);
        let Some(next) = (0..3).find(|stop| passes(behind, *stop) >= now) else { return false };
        let planned_s = (behind.0 - ahead.0) * 60;
        let apart_s = passes(behind, next).since(passes(ahead, next)).as_s().abs();
        let share = apart_s as f64 / planned_s as f64;
        (120..=3600).contains(&planned_s) && (bunched.is_some_and(|b| share < b) || gap.is_some_and(|g| share > g))
    };
    (seen.windows(2).filter(wrong).count(), on_road, seen.len())
}

struct Headways;

impl Evaluator for Headways {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        if !step.is_minute() {
            return;
        }
        let now = step.now;
        let mut say =
            |rule: &str, line: &str, lines: Lines, found: (usize, usize, usize), limits: (usize, usize), blind| {
                let (count, on_road, seen) = found;
                // Of a line of which more than a quarter cannot be seen, few pairs are no proof that all is well.
                let whole = 4 * seen >= 3 * on_road;
                let (open, close) = (count >= limits.0, count < limits.1);
                let look = Look {
                    blind,
                    ..Look::new(
                        now,
                        Some(open).filter(|_| !blind && (open || whole)),
                        Some(close).filter(|_| !blind && (!close || whole)),
                    )
                };
                book.look(rule, &format!("route:{line}"), &lines, now, look);
            };
        for line in ["T1", "T2"] {
            let lines = Lines { open_for: Span::min(1), close_for: Span::min(2), ..Lines::default() };
            let blind = is_blind(entries, &["positions", "updates"], now);
            say("both", line, lines, pairs(entries, line, Some(0.5), Some(1.5), now), (2, 1), blind);
        }
        let lines = Lines { rings_each_time: true, ..Lines::default() };
        let blind = is_blind(entries, &["positions"], now);
        say("gaps", "T1", lines, pairs(entries, "T1", None, Some(1.25), now), (1, 1), blind);
    }
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(at(350), |entry| entry.received) + Span::min(20);
    compare(&context_with(&RULES, timetable(), 2), &entries, until, restart, &Headways)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn buses_are_apart_as_all_of_history_says(steps in plain::small(250), restart in 1_usize..400) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_headways() {
    let counts = in_some(240, |steps| checked(steps, 50));
    assert!(counts.opened > 20 && counts.resolved > 20 && counts.blinded > 3, "{counts:?}");
}

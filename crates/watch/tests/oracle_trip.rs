//! Late and missing trips beside an evaluator that goes through the timetable and all that was heard, every minute.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::Entry;
use city::{Span, Time};
use plain::morning::{self, TRIPS, is_blind, journal, speaking_since, timetable, told, words};
use plain::{Book, Counts, Evaluator, Lines, Look, Step, compare, in_some};
use proptest::prelude::*;
use town::{at, context_with};

const RULES: [(&str, &str); 3] = [
    (
        "late",
        "kind = \"trip\"\ntimetable = \"timetable\"\nfeed = \"updates\"\n[open]\nlate_by = \"5 min\"\ntrips = 2\n\
         for = \"2 min\"\n[close]\ntrips_below = 1\nfor = \"3 min\"\n",
    ),
    (
        "late-t2",
        "kind = \"trip\"\ntimetable = \"timetable\"\nfeeds = [\"positions\", \"updates\"]\nroute = \"T2\"\n\
         damped = false\n[open]\nlate_by = \"90 s\"\ntrips = 1\n[close]\ntrips_below = 1\n",
    ),
    (
        "missing",
        "kind = \"trip\"\ntimetable = \"timetable\"\nfeeds = [\"positions\", \"updates\"]\n[open]\n\
         missing_after = \"7 min\"\ntrips = 2\nfor = \"1 min\"\n[close]\ntrips_below = 1\nfor = \"2 min\"\n",
    ),
];

const BOTH: [&str; 2] = ["positions", "updates"];

/// "Late": its newest delay is at least so much and was told within a quarter of an hour; what does not run is not late.
fn late(entries: &[Entry], line: &str, by: Span, now: Time) -> usize {
    let of_line = (0..TRIPS.len()).filter(|trip| TRIPS[*trip].0 == line);
    let is_late = |trip: &usize| {
        let (delay, canceled) = told(&words(entries, *trip));
        !canceled && delay.is_some_and(|(late_s, when)| late_s >= by.as_s() && now.since(when) <= Span::min(15))
    };
    of_line.filter(is_late).count()
}

/// "Missing": due so long ago, and an hour more at most, and nothing was ever heard of it. Of those that were due before
/// the feeds began to speak (again), nobody knows.
fn missing(entries: &[Entry], line: &str, after: Span, now: Time) -> usize {
    let since: Option<Vec<Time>> = BOTH.iter().map(|feed| speaking_since(entries, feed)).collect();
    let Some(since) = since else { return 0 };
    let is_missing = |trip: &usize| {
        let (of, minute, today) = TRIPS[*trip];
        let due = at(minute);
        let counts = due <= now - after && due > now - after - Span::h(1) && since.iter().all(|since| due > *since);
        of == line && today && counts && words(entries, *trip).is_empty()
    };
    (0..TRIPS.len()).filter(is_missing).count()
}

struct Trips;

impl Evaluator for Trips {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        if !step.is_minute() {
            return;
        }
        let now = step.now;
        let mut say =
            |rule: &str, line: &str, lines: Lines, count: usize, (open, below): (usize, usize), feeds: &[&str]| {
                let blind = is_blind(entries, feeds, now);
                let seen = |holds: bool| Some(holds).filter(|_| !blind);
                let look = Look { blind, ..Look::new(now, seen(count >= open), seen(count < below)) };
                book.look(rule, &format!("route:{line}"), &lines, now, look);
            };
        for line in ["T1", "T2"] {
            let lines = Lines { open_for: Span::min(2), close_for: Span::min(3), ..Lines::default() };
            say("late", line, lines, late(entries, line, Span::min(5), now), (2, 1), &["updates"]);
            let lines = Lines { open_for: Span::min(1), close_for: Span::min(2), ..Lines::default() };
            say("missing", line, lines, missing(entries, line, Span::min(7), now), (2, 1), &BOTH);
        }
        let lines = Lines { rings_each_time: true, ..Lines::default() };
        say("late-t2", "T2", lines, late(entries, "T2", Span::s(90), now), (1, 1), &BOTH);
    }
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(at(350), |entry| entry.received) + Span::min(30);
    compare(&context_with(&RULES, timetable(), 2), &entries, until, restart, &Trips)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trips_are_late_and_missing_as_all_of_history_says(steps in plain::small(250), restart in 1_usize..400) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_trips() {
    let counts = in_some(240, |steps| checked(steps, 50));
    assert!(counts.opened > 20 && counts.resolved > 20 && counts.blinded > 5, "{counts:?}");
    // Nobody drives at all.
    let silent: Vec<(u8, u8, u8)> = (0..240).map(|k| (120, 6, k)).collect();
    let counts = checked(&silent, 50).expect("they agree");
    assert!(counts.opened >= 2 && counts.resolved >= 1, "{counts:?}");
    assert_eq!(morning::TRIPS.iter().filter(|(.., today)| !today).count(), 2, "some do not run today");
}

//! Public vehicles in a zone or out of it, beside an evaluator that goes through all positions every minute.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::Entry;
use city::{Span, Time};
use plain::morning::{TRIPS, is_blind, journal, positions, timetable, words};
use plain::{Book, Counts, Evaluator, Lines, Look, Step, compare, in_some};
use proptest::prelude::*;
use town::{at, context_with};

const RULES: [(&str, &str); 3] = [
    (
        "inside",
        "kind = \"zone\"\nzone = \"centre\"\ntimetable = \"timetable\"\nfeed = \"positions\"\nwhere = \"inside\"\n\
         stay = \"3 min\"\n[open]\nvehicles = 2\nfor = \"1 min\"\n[close]\nvehicles_below = 1\nfor = \"2 min\"\n",
    ),
    (
        "lines",
        "kind = \"zone\"\nzone = \"centre\"\ntimetable = \"timetable\"\nfeed = \"positions\"\nwhere = \"outside\"\n\
         routes = [\"T1\", \"T2\"]\n[open]\nvehicles = 2\n",
    ),
    (
        "empty",
        "kind = \"zone\"\nzone = \"centre\"\ntimetable = \"timetable\"\nfeed = \"positions\"\nwhere = \"inside\"\n\
         damped = false\n[open]\nvehicles_below = 1\nfor = \"3 min\"\n[close]\nvehicles = 2\n",
    ),
];

/// How many vehicles of a line (or of all) have been on that side for so long: by their newest position, told within
/// five minutes, and back through positions not more than five minutes apart.
fn count(entries: &[Entry], line: Option<&str>, inside: bool, stay: Span, now: Time) -> usize {
    // The centre is a square of a hundredth of a degree to each side.
    let is_inside =
        |position: city::Position| (position.longitude + 51.2).abs() < 0.01 && (position.latitude + 30.0).abs() < 0.01;
    let fresh = Span::min(5);
    let is_there = |trip: &usize| {
        let words = words(entries, *trip);
        let seen = positions(&words);
        let Some((newest, _)) = seen.last() else { return false };
        let (mut since, mut before) = (None, *newest);
        for (when, position) in seen.iter().rev() {
            if is_inside(position.position) != inside || before.since(*when) > fresh {
                break;
            }
            (since, before) = (Some(*when), *when);
        }
        let stayed = since.is_some_and(|since| now.since(since) >= stay);
        stayed && now.since(*newest) <= fresh && line.is_none_or(|line| TRIPS[*trip].0 == line)
    };
    (0..TRIPS.len()).filter(is_there).count()
}

struct Zones;

impl Evaluator for Zones {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        if !step.is_minute() {
            return;
        }
        let now = step.now;
        let blind = is_blind(entries, &["positions"], now);
        let seen = |holds: bool| Some(holds).filter(|_| !blind);
        let mut say = |rule: &str, subject: &str, lines: Lines, open: bool, close: bool| {
            let look = Look { blind, ..Look::new(now, seen(open), seen(close)) };
            book.look(rule, subject, &lines, now, look);
        };
        let none = Lines::default();
        let there = count(entries, None, true, Span::min(3), now);
        let lines = Lines { open_for: Span::min(1), close_for: Span::min(2), ..none };
        say("inside", "place:centre", lines, there >= 2, there < 1);
        for line in ["T1", "T2"] {
            let there = count(entries, Some(line), false, Span::min(0), now);
            say("lines", &format!("place:centre@route:{line}"), none, there >= 2, there < 2);
        }
        let there = count(entries, None, true, Span::min(0), now);
        let lines = Lines { open_for: Span::min(3), rings_each_time: true, ..none };
        say("empty", "place:centre", lines, there < 1, there >= 2);
    }
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(at(350), |entry| entry.received) + Span::min(12);
    compare(&context_with(&RULES, timetable(), 2), &entries, until, restart, &Zones)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn vehicles_are_where_all_positions_say(steps in plain::small(250), restart in 1_usize..400) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_zones() {
    let counts = in_some(240, |steps| checked(steps, 50));
    assert!(counts.opened > 20 && counts.resolved > 20 && counts.blinded > 5, "{counts:?}");
}

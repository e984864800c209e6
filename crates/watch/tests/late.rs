//! What comes late for an alert that has resolved: it is counted on it, and nobody is called.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::alert::AlertChangeKind::{Amended, Opened, Resolved};
use city::{AlertState, Span, Time};
use plain::readings;
use town::{at, context, reading, told};
use watch::{State, run_with_calls};

const RULE: &str = "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"last\"\n[open]\nabove = 2.5\n\
                    [close]\nbelow = 2.3\n";

#[test]
fn a_late_reading_for_a_resolved_alert_is_marked_on_it_and_calls_nobody() {
    let context = context(&[("lake", RULE)]);
    let mut state = State::default();
    let before = [(0, 2.0), (10, 2.8), (20, 2.9), (30, 2.0)].map(|(minute, level)| reading(1, at(minute), level));
    let done = run_with_calls(&mut state, &context, &before, Some(at(35)));
    let kinds: Vec<_> = told(&done.changes).iter().map(|(minute, kind, _)| (*minute, *kind)).collect();
    assert_eq!(kinds, [(10, Opened), (30, Resolved)]);
    assert!(!done.notifications.is_empty(), "it rang");
    let alert = done.changes[1].alert.clone();
    // For a time at which it stood; for its first and its last; for one before it, and one after it.
    let late = |received: i64, time: Time| readings("water", at(received), &[(1, time, 9.0)]);
    let come = [late(36, at(15)), late(37, at(10)), late(38, at(30) - Span::ms(1)), late(39, at(9)), late(40, at(29))];
    let done = run_with_calls(&mut state, &context, &come, Some(at(50)));
    let amended: Vec<_> =
        done.changes.iter().map(|c| (c.kind, c.alert.id.clone(), c.alert.late, c.words.clone())).collect();
    let words = |time: Time| Some(format!("A reading for {} came late.", time.timestamp()));
    assert_eq!(
        amended,
        [
            (Amended, alert.id.clone(), 1, words(at(15))),
            (Amended, alert.id.clone(), 2, words(at(10))),
            (Amended, alert.id.clone(), 3, words(at(30) - Span::ms(1))),
            (Amended, alert.id.clone(), 4, words(at(29))),
        ],
        "that of 00:09 is for a time before it"
    );
    assert_eq!(done.notifications, [], "nobody is called");
    let last = &done.changes[3].alert;
    assert_eq!((last.state, last.resolved), (AlertState::Resolved, Some(at(30))), "it stays as it was");
    assert_eq!(state.alerts().count(), 0, "and nothing opens, however high it was");
    // Through a snapshot as well: the mark is on the alert that is remembered.
    let mut state: State = postcard::from_bytes(&postcard::to_stdvec(&state).expect("a snapshot")).expect("it reads");
    let done = run_with_calls(&mut state, &context, &[late(55, at(20))], None);
    assert_eq!(done.changes.first().map(|change| (change.kind, change.alert.late)), Some((Amended, 5)));
}

/// While the alert stands, and when the next one does, a late reading is no news of the one that is over.
#[test]
fn a_late_reading_is_for_the_newest_alert_alone() {
    let context = context(&[("lake", RULE)]);
    let levels = [(10, 2.8), (20, 2.0), (30, 2.8)].map(|(minute, level)| reading(1, at(minute), level));
    let late = readings("water", at(35), &[(1, at(15), 9.0)]);
    let mut state = State::default();
    let done = run_with_calls(&mut state, &context, levels.iter().chain([&late]), Some(at(40)));
    assert!(done.changes.iter().all(|change| change.kind != Amended), "{:?}", told(&done.changes));
    assert!(done.changes.iter().all(|change| change.alert.late == 0));
}

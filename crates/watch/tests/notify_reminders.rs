//! The owner of a silence is reminded before it ends: once, and in the words of the town's clock, also on the nights on
//! which clocks change.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use bell::{Desk, ON_CALL, at};
use city::{
    DeskActionKind, Notification, NotificationReason, Repeat, RuleId, Severity, Silence, SilenceId, SilenceScope, Span,
};
use watch::notify::{Event, Graph};

fn silence(from: &str, until: &str, repeat: Option<Repeat>) -> Silence {
    Silence {
        id: SilenceId::new("silence-1"),
        reason: "Works at the pump".to_owned(),
        scope: SilenceScope {
            rules: vec![RuleId::new("pump")],
            subjects: Vec::new(),
            feeds: Vec::new(),
            severity_at_most: Severity::Severe,
        },
        from: at(from),
        until: at(until),
        repeat,
    }
}

/// Every night from 02:30 for an hour.
const NIGHTLY: Repeat = Repeat { weekdays: 127, begins_min: 150, lasts_min: 60 };

/// From, until, recurring, when the owner is reminded, and of what end by the clock in Berlin.
type Row = (&'static str, &'static str, Option<Repeat>, &'static str, &'static str);

const ROWS: [Row; 9] = [
    ("2026-05-04T12:00:00Z", "2026-05-04T14:00:00Z", None, "2026-05-04T13:30:00Z", "16:00 on 4 May"),
    // 25 October 2026: 02:00 to 03:00 comes twice. Reminded at the second 02:45.
    ("2026-10-24T20:00:00Z", "2026-10-25T02:15:00Z", None, "2026-10-25T01:45:00Z", "03:15 on 25 October"),
    // It ends in the second of the hours that are called so, and is reminded of in the first.
    ("2026-10-24T20:00:00Z", "2026-10-25T01:15:00Z", None, "2026-10-25T00:45:00Z", "02:15 on 25 October"),
    // 29 March 2026: 02:00 becomes 03:00. Half an hour before half past three it is 03:00, and one before ten to, 01:20.
    ("2026-03-28T20:00:00Z", "2026-03-29T01:30:00Z", None, "2026-03-29T01:00:00Z", "03:30 on 29 March"),
    ("2026-03-28T20:00:00Z", "2026-03-29T00:50:00Z", None, "2026-03-29T00:20:00Z", "01:50 on 29 March"),
    // Recurring over the change: at its end, not at the end of each night.
    ("2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z", Some(NIGHTLY), "2026-10-26T11:30:00Z", "13:00 on 26 October"),
    ("2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", Some(NIGHTLY), "2026-03-30T11:30:00Z", "14:00 on 30 March"),
    // A night begins between the reminder and the end.
    ("2026-10-23T12:00:00Z", "2026-10-25T00:50:00Z", Some(NIGHTLY), "2026-10-25T00:20:00Z", "02:50 on 25 October"),
    // Its end falls into a night of its own, and into the change.
    ("2026-10-23T12:00:00Z", "2026-10-25T01:00:00Z", Some(NIGHTLY), "2026-10-25T00:30:00Z", "02:00 on 25 October"),
];

fn desk(now: &str) -> Desk {
    Desk::new(ON_CALL, Graph::default(), "Europe/Berlin", now)
}

fn reminders(desk: &Desk) -> Vec<(String, String, String, bool)> {
    let is_one = |sent: &&Notification| sent.reason == NotificationReason::SilenceEnding;
    let told = |sent: &Notification| {
        (sent.at.to_string(), sent.role.clone(), sent.title.clone(), sent.text.starts_with("One alert would have rung"))
    };
    desk.sent.iter().filter(is_one).map(told).collect()
}

#[test]
fn the_owner_of_a_silence_is_reminded_once_before_it_ends_whatever_the_clocks_do() {
    for (from, until, repeat, reminded, end) in ROWS {
        let wanted = [(
            at(reminded).to_string(),
            "water_desk".to_owned(),
            format!("A silence ends at {end}: Works at the pump"),
            repeat.is_none(),
        )];
        for forgetful in [false, true] {
            let mut desk = desk(from);
            desk.forgetful = forgetful;
            desk.act("water_desk", DeskActionKind::Silence(silence(from, until, repeat)));
            if repeat.is_none() {
                desk.open("pump", "thing:1", Severity::Severe);
            }
            // A snapshot after every step is dear: it is not taken for days.
            let span = if forgetful {
                at(until).since(at(from)).as_s().min(8 * 3600)
            } else {
                at(until).since(at(from)).as_s()
            };
            if forgetful && repeat.is_some() {
                desk.now = at(until) - Span::s(span);
            }
            desk.pass(Span::s(span));
            assert_eq!(reminders(&desk), wanted, "{from} to {until}");
            desk.pass(Span::h(3));
            assert_eq!(reminders(&desk).len(), 1, "{from} to {until}: and not again");
        }
    }
}

/// The engine runs no tick at which nothing is due; so the reminder must be asked for.
#[test]
fn the_reminder_wakes_the_watch() {
    for (from, until, repeat, reminded, _) in ROWS {
        let mut desk = desk(from);
        desk.act("water_desk", DeskActionKind::Silence(silence(from, until, repeat)));
        while let Some(wake) = desk.wake().filter(|wake| *wake <= at(until) + Span::h(1)) {
            assert!(wake > desk.now, "{from} to {until}: {wake}");
            desk.now = wake;
            desk.step(&Event::Tick);
        }
        let told: Vec<String> = reminders(&desk).into_iter().map(|(at, ..)| at).collect();
        assert_eq!(told, [at(reminded).to_string()], "{from} to {until}");
    }
}

#[test]
fn nobody_is_reminded_of_what_ends_soon_or_was_ended() {
    let mut desk = desk("2026-10-25T00:00:00Z");
    desk.act("water_desk", DeskActionKind::Silence(silence("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", None)));
    desk.pass(Span::h(2));
    assert_eq!(reminders(&desk), [], "half an hour was asked for, and it is reminded of half an hour before");
    desk.act(
        "water_desk",
        DeskActionKind::Silence(Silence {
            id: SilenceId::new("silence-2"),
            ..silence("2026-10-25T02:00:00Z", "2026-10-25T06:00:00Z", None)
        }),
    );
    desk.pass(Span::h(1));
    desk.end_silence("silence-2");
    desk.pass(Span::h(4));
    assert_eq!(reminders(&desk), [], "it was ended by hand");
}

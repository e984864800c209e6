//! Silences: right across the nights on which clocks change, never without an end, and with a list of what would have
//! rung.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use bell::{Desk, ON_CALL, at};
use city::{DeskActionKind, Link, Node, Repeat, RuleId, Severity, Silence, SilenceId, SilenceScope, Span, ThingId};
use jiff::tz::TimeZone;
use watch::notify::calendar::{next_edge, quiet_until};
use watch::notify::state::MISSED_MAX;
use watch::notify::{Event, Graph};

fn silence(rule: &str, from: &str, until: &str) -> Silence {
    Silence {
        id: SilenceId::new("silence-1"),
        reason: "Works at the pump".to_owned(),
        scope: SilenceScope {
            rules: vec![RuleId::new(rule)],
            subjects: Vec::new(),
            feeds: Vec::new(),
            severity_at_most: Severity::Severe,
        },
        from: at(from),
        until: at(until),
        repeat: None,
    }
}

const EVERY_DAY: u8 = 127;
const SUNDAY: u8 = 64;

/// Zone, days, begins, lasts in minutes, and the windows that follow one another from an instant on.
type Row = (&'static str, u8, &'static str, u16, &'static str, &'static [(&'static str, &'static str)]);

/// The nights on which clocks change, and some on which they do not.
const NIGHTS: [Row; 10] = [
    // Berlin, 29 March 2026: 02:00 becomes 03:00. A skipped minute begins when they have skipped.
    (
        "Europe/Berlin",
        EVERY_DAY,
        "02:30",
        60,
        "2026-03-27T12:00:00Z",
        &[
            ("2026-03-28T01:30:00Z", "2026-03-28T02:30:00Z"),
            ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
            ("2026-03-30T00:30:00Z", "2026-03-30T01:30:00Z"),
        ],
    ),
    // Berlin, 25 October 2026: 02:00 to 03:00 comes twice. The first counts, and the window lasts as long as ever.
    (
        "Europe/Berlin",
        EVERY_DAY,
        "02:30",
        60,
        "2026-10-24T12:00:00Z",
        &[("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"), ("2026-10-26T01:30:00Z", "2026-10-26T02:30:00Z")],
    ),
    // Over the change from the evening before: 8 h that pass are 8 h.
    (
        "Europe/Berlin",
        EVERY_DAY,
        "22:00",
        480,
        "2026-03-28T12:00:00Z",
        &[("2026-03-28T21:00:00Z", "2026-03-29T05:00:00Z"), ("2026-03-29T20:00:00Z", "2026-03-30T04:00:00Z")],
    ),
    (
        "Europe/Berlin",
        EVERY_DAY,
        "22:00",
        480,
        "2026-10-24T12:00:00Z",
        &[("2026-10-24T20:00:00Z", "2026-10-25T04:00:00Z"), ("2026-10-25T21:00:00Z", "2026-10-26T05:00:00Z")],
    ),
    // São Paulo, 4 November 2018: midnight itself was skipped.
    (
        "America/Sao_Paulo",
        SUNDAY,
        "00:00",
        120,
        "2018-10-30T12:00:00Z",
        &[("2018-11-04T03:00:00Z", "2018-11-04T05:00:00Z"), ("2018-11-11T02:00:00Z", "2018-11-11T04:00:00Z")],
    ),
    // 17 February 2019: the last hour of Saturday came twice, for the last time ever.
    (
        "America/Sao_Paulo",
        EVERY_DAY,
        "23:30",
        60,
        "2019-02-16T12:00:00Z",
        &[("2019-02-17T01:30:00Z", "2019-02-17T02:30:00Z"), ("2019-02-18T02:30:00Z", "2019-02-18T03:30:00Z")],
    ),
    // No summer time any more: nothing happens in November 2024.
    (
        "America/Sao_Paulo",
        EVERY_DAY,
        "00:30",
        30,
        "2024-11-02T12:00:00Z",
        &[("2024-11-03T03:30:00Z", "2024-11-03T04:00:00Z"), ("2024-11-04T03:30:00Z", "2024-11-04T04:00:00Z")],
    ),
    // Lord Howe, 4 October 2026: half an hour, 02:00 becomes 02:30.
    (
        "Australia/Lord_Howe",
        EVERY_DAY,
        "02:15",
        30,
        "2026-10-02T18:00:00Z",
        &[("2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"), ("2026-10-04T15:15:00Z", "2026-10-04T15:45:00Z")],
    ),
    // Lord Howe, 5 April 2026: 02:00 goes back to 01:30, and 01:45 comes twice.
    (
        "Australia/Lord_Howe",
        EVERY_DAY,
        "01:45",
        45,
        "2026-04-04T12:00:00Z",
        &[("2026-04-04T14:45:00Z", "2026-04-04T15:30:00Z"), ("2026-04-05T15:15:00Z", "2026-04-05T16:00:00Z")],
    ),
    // Windows that touch are one.
    (
        "Europe/Berlin",
        EVERY_DAY,
        "12:00",
        24 * 60,
        "2026-05-04T09:00:00Z",
        &[("2026-05-04T10:00:00Z", "2026-05-05T10:00:00Z"), ("2026-05-05T10:00:00Z", "2026-05-06T10:00:00Z")],
    ),
];

#[test]
fn windows_are_right_when_the_clocks_change() {
    for (zone, weekdays, begins, lasts_min, from, windows) in NIGHTS {
        let (hour, minute) = begins.split_once(':').expect("a clock");
        let begins_min = hour.parse::<u16>().expect("hours") * 60 + minute.parse::<u16>().expect("minutes");
        let mut silence = silence("pump", from, "2030-01-01T00:00:00Z");
        silence.from = at(from);
        silence.repeat = Some(Repeat { weekdays, begins_min, lasts_min });
        let tz = TimeZone::get(zone).expect("a zone");
        let mut now = at(from);
        // The first window may have begun before `from`.
        if let Some(until) = quiet_until(&silence, now, &tz) {
            now = until;
        }
        for (begin, end) in windows {
            let touching = quiet_until(&silence, now, &tz).is_some();
            let begun = if touching { now } else { next_edge(&silence, now, &tz).expect("a window") };
            assert_eq!(begun, at(begin), "{zone} {begins} begins");
            assert_eq!(quiet_until(&silence, begun, &tz), Some(at(end)), "{zone} {begins} ends");
            assert_eq!(quiet_until(&silence, at(end) - Span::ms(1), &tz), Some(at(end)), "{zone} {begins}");
            now = at(end);
        }
    }
}

fn desk() -> Desk {
    Desk::new(ON_CALL, Graph::default(), "Europe/Berlin", "2026-05-04T12:00:00Z")
}

#[test]
fn what_would_have_rung_is_kept_and_what_is_open_rings_when_it_ends() {
    let mut desk = desk();
    desk.act("water_desk", DeskActionKind::Silence(silence("pump", "2026-05-04T12:00:00Z", "2026-05-04T14:00:00Z")));
    let short = desk.open("pump", "thing:1", Severity::Severe);
    let long = desk.open("pump", "thing:2", Severity::Minor);
    let blip = desk.open("pump", "thing:3", Severity::Minor);
    let other = desk.open("gauge", "thing:4", Severity::Severe);
    desk.pass(Span::s(30));
    desk.resolve(&blip);
    assert_eq!(desk.body(&short).silenced_by, Some(SilenceId::new("silence-1")));
    assert_eq!(desk.body(&other).silenced_by, None);
    desk.pass(Span::min(30));
    desk.acknowledge(&other, "water_desk");
    desk.resolve(&short);
    let heard = desk.heard();
    assert!(heard.iter().all(|line| line.contains("gauge")), "{heard:#?}");
    desk.pass_to("2026-05-04T13:59:50Z");
    assert_eq!(
        desk.heard(),
        ["13:30:00 silenceending water_desk 0 A silence ends at 16:00 on 4 May: Works at the pump"]
    );
    let quieting = desk.state.silences().next().cloned().expect("the silence");
    let missed: Vec<String> = quieting.missed.iter().map(|missed| format!("{} {}", missed.at, missed.title)).collect();
    assert_eq!(missed, ["2026-05-04T12:01:00Z pump on thing:1", "2026-05-04T12:01:00Z pump on thing:2"]);
    assert_eq!((quieting.missed_count, quieting.owner.as_str()), (2, "water_desk"));
    desk.pass(Span::s(10));
    assert_eq!(desk.heard(), ["14:00:00 surfaced water_desk 0 pump on thing:2"]);
    assert_eq!(desk.body(&long).silenced_by, None);
    let kept = desk.state.silences().next().expect("it can still be looked at");
    assert_eq!(kept.ended, Some(at("2026-05-04T14:00:00Z")));
    desk.resolve(&long);
    desk.pass_to("2026-06-04T14:00:00Z");
    assert_eq!(desk.state.silences().count(), 0, "after a month it is forgotten");
}

#[test]
fn told_before_it_was_silenced_its_end_is_told() {
    let mut desk = desk();
    let id = desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.heard().len(), 1);
    desk.act("water_desk", DeskActionKind::Silence(silence("pump", "2026-05-04T12:02:00Z", "2026-05-04T14:00:00Z")));
    desk.pass(Span::min(30));
    assert_eq!(desk.heard(), [""; 0], "no reminders, no steps");
    desk.resolve(&id);
    assert_eq!(desk.heard(), ["12:32:00 resolved water_desk 0 pump on thing:1"]);
}

#[test]
fn what_is_worse_than_the_scope_rings_all_the_same() {
    let mut desk = desk();
    desk.act("water_desk", DeskActionKind::Silence(silence("pump", "2026-05-04T12:00:00Z", "2026-05-04T14:00:00Z")));
    desk.open("pump", "thing:1", Severity::Extreme);
    assert_eq!(desk.heard(), ["12:00:00 opened water_desk 0 pump on thing:1"]);
    let id = desk.open("pump", "thing:2", Severity::Severe);
    desk.pass(Span::min(5));
    desk.heard();
    desk.severity(&id, Severity::Extreme);
    assert_eq!(desk.heard(), ["12:05:00 surfaced water_desk 0 pump on thing:2"]);
    assert_eq!(desk.body(&id).silenced_by, None);
}

#[test]
fn ended_early_it_rings_at_once_and_a_second_silence_takes_over() {
    let mut desk = desk();
    desk.act("water_desk", DeskActionKind::Silence(silence("pump", "2026-05-04T12:00:00Z", "2026-05-04T20:00:00Z")));
    let second =
        Silence { id: SilenceId::new("silence-2"), ..silence("pump", "2026-05-04T12:00:00Z", "2026-05-04T18:00:00Z") };
    desk.act("duty_officer", DeskActionKind::Silence(second));
    let id = desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(5));
    desk.end_silence("silence-1");
    assert_eq!(desk.body(&id).silenced_by, Some(SilenceId::new("silence-2")));
    assert_eq!(desk.heard(), [""; 0]);
    desk.end_silence("silence-2");
    assert_eq!(desk.heard(), ["12:05:00 surfaced water_desk 0 pump on thing:1"]);
    desk.end_silence("silence-2");
    desk.end_silence("silence-9");
    assert_eq!(desk.heard(), [""; 0]);
}

#[test]
fn recurring_windows_keep_quiet_and_let_ring_in_turn() {
    let mut desk = desk();
    let mut nightly = silence("pump", "2026-05-04T12:00:00Z", "2026-05-08T12:00:00Z");
    nightly.repeat = Some(Repeat { weekdays: EVERY_DAY, begins_min: 22 * 60, lasts_min: 60 });
    desk.act("water_desk", DeskActionKind::Silence(nightly));
    let id = desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.heard(), ["12:01:00 opened water_desk 0 pump on thing:1"], "at noon it rings");
    desk.snooze(&id, at("2026-05-04T20:30:00Z"));
    desk.pass_to("2026-05-04T20:59:00Z");
    assert_eq!(desk.body(&id).silenced_by, Some(SilenceId::new("silence-1")));
    assert_eq!(desk.heard(), [""; 0], "its snooze ended in the window");
    desk.pass_to("2026-05-04T21:00:00Z");
    assert_eq!(desk.heard(), ["21:00:00 surfaced water_desk 0 pump on thing:1"]);
    desk.acknowledge(&id, "water_desk");
    desk.pass_to("2026-05-08T11:00:00Z");
    assert_eq!(desk.state.silences().next().map(|silence| silence.missed_count), Some(1));
    desk.pass_to("2026-05-08T12:00:00Z");
    assert_eq!(desk.heard().len(), 1, "its owner is reminded once, not every night");
}

#[test]
fn a_silenced_cause_explains_nothing() {
    let links = [Link { from: Node::Thing(ThingId(1)), to: Node::Thing(ThingId(2)), kind: "powers".to_owned() }];
    let mut desk = Desk::new(ON_CALL, Graph::new(&links, &[], []), "UTC", "2026-05-04T12:00:00Z");
    let feeder = desk.open("feeder", "thing:1", Severity::Severe);
    let pump = desk.open("pump", "thing:2", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.body(&pump).cause, Some(feeder.clone()));
    desk.heard();
    desk.act("water_desk", DeskActionKind::Silence(silence("feeder", "2026-05-04T12:02:00Z", "2026-05-04T14:00:00Z")));
    desk.pass(Span::min(5));
    assert_eq!(desk.heard(), ["12:07:00 surfaced water_desk 0 pump on thing:2"]);
    assert_eq!(desk.body(&feeder).hides, 0);
    desk.end_silence("silence-1");
    assert_eq!(desk.body(&pump).cause, Some(feeder), "it is told of again, and explains again");
}

#[test]
fn a_silence_without_an_end_a_reason_or_a_scope_is_not_taken() {
    let now = at("2026-05-04T12:00:00Z");
    let right = silence("pump", "2026-05-04T12:00:00Z", "2026-05-04T14:00:00Z");
    assert_eq!(right.fault(now), None);
    let mut wrong = vec![
        Silence { until: right.from, ..right.clone() },
        Silence { until: now, from: now - Span::h(1), ..right.clone() },
        Silence { until: now + Span::h(24 * 500), ..right.clone() },
        Silence { reason: "  ".to_owned(), ..right.clone() },
    ];
    let mut all = right.clone();
    all.scope.rules.clear();
    wrong.push(all);
    for (weekdays, begins_min, lasts_min) in [(0, 0, 60), (127, 1440, 60), (127, 0, 0), (127, 0, 10_081)] {
        wrong.push(Silence { repeat: Some(Repeat { weekdays, begins_min, lasts_min }), ..right.clone() });
    }
    let mut desk = desk();
    for silence in wrong {
        assert!(silence.fault(now).is_some(), "{silence:?}");
        desk.act("water_desk", DeskActionKind::Silence(silence));
    }
    assert_eq!(desk.state.silences().count(), 0);
    desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(1));
    assert_eq!(desk.sent.len(), 1, "what is not taken keeps nothing quiet");
}

#[test]
fn the_list_of_what_would_have_rung_is_bounded_and_counts_all() {
    let mut desk = desk();
    desk.act("water_desk", DeskActionKind::Silence(silence("pump", "2026-05-04T12:00:00Z", "2026-05-04T14:00:00Z")));
    for thing in 0..MISSED_MAX + 20 {
        desk.open("pump", &format!("thing:{thing}"), Severity::Severe);
    }
    desk.pass(Span::min(2));
    desk.step(&Event::Tick);
    let quieting = desk.state.silences().next().expect("the silence");
    assert_eq!(quieting.missed.len(), MISSED_MAX);
    assert_eq!(quieting.missed_count, u64::try_from(MISSED_MAX + 20).expect("a count"));
    assert!(desk.sent.is_empty());
}

//! An alert walks its chain until somebody takes it; who takes calls when; nights; snoozes; keys.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use std::collections::BTreeSet;

use bell::{Desk, ON_CALL, at};
use city::{Cover, CoverId, DeskActionKind, Severity, Span};
use watch::notify::{Context, Event, Graph, MarkKind, called};

#[test]
fn a_severe_alert_that_nobody_takes_walks_the_chain_and_reminds() {
    let mut desk = Desk::plain();
    desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(30));
    assert_eq!(
        desk.lines(),
        [
            "12:01:00 opened water_desk 0 pump on thing:1",
            "12:05:00 reminded water_desk 0 pump on thing:1",
            "12:09:00 reminded water_desk 0 pump on thing:1",
            "12:11:00 escalated duty_officer 1 pump on thing:1",
            "12:15:00 reminded duty_officer 1 pump on thing:1",
            "12:19:00 reminded duty_officer 1 pump on thing:1",
            "12:21:00 escalated emergency_manager 2 pump on thing:1",
            "12:21:00 escalated emergency_manager 2 pump on thing:1",
            "12:25:00 reminded emergency_manager 2 pump on thing:1",
            "12:25:00 reminded emergency_manager 2 pump on thing:1",
            "12:29:00 reminded emergency_manager 2 pump on thing:1",
            "12:29:00 reminded emergency_manager 2 pump on thing:1",
        ]
    );
    let escalated: Vec<&MarkKind> = desk.marks.iter().map(|mark| &mark.what).collect();
    assert_eq!(
        escalated,
        [
            &MarkKind::Escalated { to: vec!["duty_officer".to_owned()] },
            &MarkKind::Escalated { to: vec!["emergency_manager".to_owned()] }
        ]
    );
    let keys: BTreeSet<&str> = desk.sent.iter().map(|sent| sent.key.as_str()).collect();
    assert_eq!(keys.len(), desk.sent.len());
    assert_eq!(desk.sent.first().map(|sent| sent.key.as_str()), Some("pump~thing_1~1777896000000/opened/0.0/desks"));
    let text = desk.sent.first().map(|sent| sent.text.clone()).expect("a first call");
    assert_eq!(text, "2.41 m, rising 5 cm an hour.\nThe quay floods.\nClose the gates.\nRespond by 12:15 on 4 May.");
}

#[test]
fn an_extreme_alert_calls_at_once_and_what_is_taken_calls_nobody() {
    let mut desk = Desk::plain();
    let id = desk.open("flood", "datastream:1", Severity::Extreme);
    assert_eq!(desk.heard(), ["12:00:00 opened water_desk 0 flood on datastream:1"]);
    desk.acknowledge(&id, "water_desk");
    desk.pass(Span::h(2));
    assert_eq!(desk.heard(), [""; 0]);
    desk.resolve(&id);
    assert_eq!(desk.heard(), ["14:00:00 resolved water_desk 0 flood on datastream:1"]);
    assert_eq!(desk.wake().map(|wake| wake.since(desk.now)), Some(Span::s(60)), "only the window of the last call");
}

#[test]
fn taken_before_it_rang_it_never_rings_and_nobody_hears_of_its_end() {
    let mut desk = Desk::plain();
    let id = desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::s(40));
    desk.acknowledge(&id, "duty_officer");
    desk.pass(Span::h(1));
    desk.resolve(&id);
    assert_eq!(desk.lines(), [""; 0]);
    let other = desk.open("pump", "thing:2", Severity::Severe);
    desk.resolve(&other);
    desk.pass(Span::h(1));
    assert_eq!(desk.lines(), [""; 0], "it came and went while it waited for its cause");
    assert_eq!(desk.wake(), None, "nothing is left to do");
}

#[test]
fn worse_calls_again_even_when_taken_and_all_who_knew() {
    let mut desk = Desk::plain();
    let id = desk.open("pump", "thing:1", Severity::Moderate);
    desk.pass(Span::min(62));
    assert_eq!(desk.heard().last().map(String::as_str), Some("13:01:00 escalated duty_officer 1 pump on thing:1"));
    desk.acknowledge(&id, "water_desk");
    desk.severity(&id, Severity::Severe);
    desk.pass(Span::h(3));
    assert_eq!(
        desk.heard(),
        ["13:02:00 worsened duty_officer 0 pump on thing:1", "13:02:00 worsened water_desk 0 pump on thing:1"]
    );
    desk.severity(&id, Severity::Minor);
    desk.pass(Span::h(3));
    assert_eq!(desk.heard(), [""; 0], "better calls nobody");
}

#[test]
fn given_to_a_role_it_is_that_role_that_is_called() {
    let mut desk = Desk::plain();
    let id = desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(2));
    desk.heard();
    desk.assign(&id, "transit_desk", "water_desk");
    desk.pass(Span::min(5));
    assert_eq!(
        desk.heard(),
        ["12:02:00 assigned transit_desk 0 pump on thing:1", "12:06:00 reminded transit_desk 0 pump on thing:1"]
    );
    desk.assign(&id, "duty_officer", "duty_officer");
    desk.pass(Span::min(5));
    assert_eq!(desk.heard(), ["12:11:00 reminded duty_officer 0 pump on thing:1"], "who takes it is not called for it");
    desk.resolve(&id);
    let told: Vec<String> = desk.sent.iter().map(|sent| sent.role.clone()).collect();
    assert_eq!(told, ["duty_officer", "transit_desk", "water_desk"]);
}

#[test]
fn snoozed_it_is_quiet_until_then_and_worse_breaks_the_snooze() {
    let mut desk = Desk::plain();
    let id = desk.open("pump", "thing:1", Severity::Severe);
    desk.pass(Span::min(2));
    desk.heard();
    desk.snooze(&id, at("2026-05-04T13:00:00Z"));
    desk.pass(Span::min(59));
    assert_eq!(desk.heard(), ["13:00:00 woken water_desk 0 pump on thing:1"]);
    assert_eq!(desk.body(&id).snoozed_until, None);
    desk.snooze(&id, at("2026-05-04T20:00:00Z"));
    desk.pass(Span::min(30));
    assert_eq!(desk.heard(), [""; 0]);
    desk.severity(&id, Severity::Extreme);
    assert_eq!(desk.heard(), ["13:31:00 worsened water_desk 0 pump on thing:1"]);
    assert_eq!(desk.body(&id).snoozed_until, None);
}

fn with_shifts(more: &str) -> String {
    format!(
        r#"{ON_CALL}
[quiet]
from = "22:00"
to = "06:30"
at_most = "minor"
[[shift]]
role = "water_desk"
by = "duty_officer"
days = ["weekdays"]
from = "18:00"
to = "08:00"
{more}"#
    )
}

#[test]
fn shifts_and_covers_say_who_takes_the_calls() {
    let text = with_shifts(
        "[[shift]]\nrole = \"duty_officer\"\nby = \"emergency_manager\"\ndays = [\"sat\", \"sun\"]\nfrom = \"00:00\"\nto = \"00:00\"\nfirst = \"2026-05-09\"\nlast = \"2026-05-09\"\n",
    );
    let mut desk = Desk::new(&text, Graph::default(), "America/Sao_Paulo", "2026-05-04T12:00:00Z");
    let taken = |desk: &Desk, role: &str, time: &str| {
        let context = Context { on_call: &desk.on_call, graph: &desk.graph, timezone: &desk.zone };
        called(&desk.state, &context, role, at(time)).to_owned()
    };
    // Monday, local time is three hours behind UTC.
    let cases = [
        ("2026-05-04T20:59:59Z", "water_desk"),
        ("2026-05-04T21:00:00Z", "duty_officer"),
        ("2026-05-05T10:59:59Z", "duty_officer"),
        ("2026-05-05T11:00:00Z", "water_desk"),
        // Friday's night ends on Saturday morning; the duty officer is off from Saturday's midnight.
        ("2026-05-09T02:59:59Z", "duty_officer"),
        ("2026-05-09T03:00:00Z", "emergency_manager"),
        ("2026-05-09T11:00:00Z", "water_desk"),
        // That was for one Saturday only.
        ("2026-05-16T03:00:00Z", "duty_officer"),
    ];
    for (time, by) in cases {
        assert_eq!(taken(&desk, "water_desk", time), by, "{time}");
    }
    let cover = |id: &str, of: &str, by: &str, from: &str, until: &str| {
        DeskActionKind::Cover(Cover {
            id: CoverId::new(id),
            of: of.to_owned(),
            by: by.to_owned(),
            from: at(from),
            until: at(until),
            note: "swap".to_owned(),
        })
    };
    desk.act(
        "water_desk",
        cover("cover-1", "water_desk", "transit_desk", "2026-05-04T21:00:00Z", "2026-05-04T23:00:00Z"),
    );
    desk.act(
        "transit_desk",
        cover("cover-2", "transit_desk", "water_desk", "2026-05-04T21:00:00Z", "2026-05-05T21:00:00Z"),
    );
    desk.act(
        "duty_officer",
        cover("cover-3", "duty_officer", "emergency_manager", "2026-05-04T21:00:00Z", "2026-05-05T21:00:00Z"),
    );
    desk.act(
        "duty_officer",
        cover("cover-4", "duty_officer", "nobody", "2026-05-04T21:00:00Z", "2026-05-05T21:00:00Z"),
    );
    assert_eq!(desk.state.covers().count(), 3, "nobody is no role");
    assert_eq!(taken(&desk, "water_desk", "2026-05-04T20:59:00Z"), "water_desk");
    assert_eq!(taken(&desk, "water_desk", "2026-05-04T22:00:00Z"), "transit_desk", "a cover goes before a shift");
    assert_eq!(taken(&desk, "transit_desk", "2026-05-04T22:00:00Z"), "water_desk", "a swap is no circle");
    assert_eq!(taken(&desk, "water_desk", "2026-05-05T01:00:00Z"), "emergency_manager", "who has the shift is covered");
    desk.act("duty_officer", DeskActionKind::EndCover { cover: CoverId::new("cover-3") });
    assert_eq!(taken(&desk, "water_desk", "2026-05-05T01:00:00Z"), "duty_officer");
    desk.pass_to("2026-05-05T21:00:00Z");
    assert_eq!(desk.state.covers().count(), 0, "what is over is forgotten");
}

#[test]
fn at_night_what_is_minor_waits_for_one_call_in_the_morning() {
    let mut desk = Desk::new(&with_shifts(""), Graph::default(), "America/Sao_Paulo", "2026-05-05T02:00:00Z");
    let first = desk.open("gauge", "thing:1", Severity::Minor);
    desk.pass(Span::min(20));
    desk.open("lamp", "thing:2", Severity::Info);
    let gone = desk.open("gauge", "thing:3", Severity::Minor);
    desk.open("pump", "thing:4", Severity::Moderate);
    desk.pass(Span::min(20));
    desk.resolve(&gone);
    desk.open("flood", "datastream:1", Severity::Extreme);
    assert_eq!(
        desk.heard(),
        ["02:21:00 opened duty_officer 0 pump on thing:4", "02:40:00 opened duty_officer 0 flood on datastream:1"]
    );
    desk.pass_to("2026-05-05T09:29:59Z");
    let night = desk.heard();
    assert!(night.iter().all(|line| !line.contains("gauge") && !line.contains("lamp")), "{night:#?}");
    desk.pass_to("2026-05-05T09:30:00Z");
    let morning: Vec<String> = desk.heard().into_iter().filter(|line| line.contains("gauge")).collect();
    assert_eq!(morning, ["09:30:00 opened duty_officer 0 gauge on thing:1, and 1 more"]);
    // Told by day, over by night: that too waits.
    desk.pass_to("2026-05-06T02:00:00Z");
    desk.heard();
    desk.resolve(&first);
    desk.pass_to("2026-05-06T09:29:00Z");
    assert!(desk.heard().iter().all(|line| !line.contains("resolved")));
    desk.pass_to("2026-05-06T09:30:00Z");
    let over: Vec<String> = desk.heard().into_iter().filter(|line| line.contains("resolved")).collect();
    assert_eq!(over, ["09:30:00 resolved duty_officer 0 gauge on thing:1"]);
}

#[test]
fn worse_by_night_does_not_wait_for_the_morning() {
    let mut desk = Desk::new(&with_shifts(""), Graph::default(), "America/Sao_Paulo", "2026-05-05T02:00:00Z");
    let id = desk.open("gauge", "thing:1", Severity::Minor);
    desk.pass(Span::min(30));
    desk.severity(&id, Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.heard(), ["02:31:00 opened duty_officer 0 gauge on thing:1"], "it was never told before");
}

#[test]
fn a_long_gap_brings_every_step_and_no_heap_of_reminders() {
    let mut desk = Desk::plain();
    desk.open("pump", "thing:1", Severity::Severe);
    desk.now = at("2026-05-04T20:00:00Z");
    desk.step(&Event::Tick);
    let reasons: Vec<String> = desk.sent.iter().map(|sent| format!("{:?} {}", sent.reason, sent.role)).collect();
    assert_eq!(
        reasons,
        ["Opened water_desk", "Escalated duty_officer", "Escalated emergency_manager", "Escalated emergency_manager",]
    );
}

#[test]
fn nothing_happens_before_the_wake() {
    let mut desk = Desk::plain();
    desk.open("pump", "thing:1", Severity::Severe);
    for _ in 0..20 {
        let wake = desk.wake().expect("an unacknowledged alert is never done with");
        let before = desk.state.clone();
        desk.now = wake - Span::ms(1);
        assert_eq!(desk.step(&Event::Tick), watch::notify::Effects::default());
        assert_eq!(desk.state, before);
        desk.now = wake;
        desk.step(&Event::Tick);
        assert_ne!(desk.state, before);
    }
}

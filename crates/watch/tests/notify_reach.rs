//! Roles that cannot be reached: the next is called at once, and never twice for the same failure.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use bell::{Desk, ON_CALL, at};
use city::{Notification, Severity, Span};
use watch::notify::{Graph, MarkKind};

/// The newest call to a role by a channel.
fn newest(desk: &Desk, role: &str, channel: &str) -> Notification {
    let found = desk.sent.iter().rev().find(|sent| sent.role == role && sent.channel == channel);
    found.cloned().unwrap_or_else(|| panic!("{role} was not called by {channel}: {:?}", desk.lines()))
}

/// How often a history says of an alert that a role was not reached.
fn unreached(desk: &Desk) -> usize {
    desk.marks.iter().filter(|mark| matches!(mark.what, MarkKind::Unreached { .. })).count()
}

#[test]
fn the_next_role_is_called_at_once_and_the_others_at_their_time() {
    let mut desk = Desk::plain();
    desk.open("pump", "thing:3", Severity::Severe);
    desk.pass_to("2026-05-04T12:01:14Z");
    let first = newest(&desk, "water_desk", "desks");
    desk.sent.clear();
    desk.unreached(&first);
    assert_eq!(desk.heard(), ["12:01:14 escalated duty_officer 1 pump on thing:3"]);
    // The same again, as after a crash before it was written down, calls nobody.
    desk.unreached(&first);
    assert_eq!((desk.heard(), unreached(&desk)), (Vec::new(), 1));
    desk.pass_to("2026-05-04T12:21:00Z");
    let heard = desk.heard();
    assert!(!heard.iter().any(|line| line.contains("12:11:00 escalated")), "called already: {heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("12:21:00 escalated emergency_manager 2")), "{heard:?}");
}

#[test]
fn one_channel_that_gets_through_is_enough() {
    let text = ON_CALL.replacen("channel = \"desks\"", "channels = [\"desks\", \"wall\"]", 1);
    let mut desk = Desk::new(&text, Graph::default(), "UTC", "2026-05-04T12:00:00Z");
    desk.open("pump", "thing:3", Severity::Severe);
    desk.pass(Span::min(1));
    let (one, other) = (newest(&desk, "water_desk", "desks"), newest(&desk, "water_desk", "wall"));
    desk.sent.clear();
    desk.unreached(&one);
    assert_eq!((desk.heard(), unreached(&desk)), (Vec::new(), 1), "it is told, and nobody else is called");
    desk.unreached(&other);
    assert_eq!(desk.heard(), ["12:01:00 escalated duty_officer 1 pump on thing:3"]);
}

#[test]
fn everybody_of_a_step_has_to_be_out_of_reach() {
    let text = ON_CALL.replacen("roles = [\"duty_officer\"]", "roles = [\"duty_officer\", \"transit_desk\"]", 1);
    let mut desk = Desk::new(&text, Graph::default(), "UTC", "2026-05-04T12:00:00Z");
    desk.open("pump", "thing:3", Severity::Severe);
    desk.pass(Span::min(1));
    desk.unreached(&newest(&desk, "water_desk", "desks"));
    let (one, other) = (newest(&desk, "duty_officer", "wall"), newest(&desk, "transit_desk", "desks"));
    desk.sent.clear();
    desk.unreached(&one);
    assert!(desk.heard().is_empty());
    desk.unreached(&other);
    let heard = desk.heard();
    assert!(heard.len() == 2 && heard.iter().all(|line| line.contains("escalated emergency_manager 2")), "{heard:?}");
}

#[test]
fn a_chain_that_reaches_nobody_is_walked_to_its_end_and_reminds_on() {
    let mut desk = Desk::plain();
    desk.open("pump", "thing:3", Severity::Severe);
    desk.pass(Span::min(1));
    desk.unreached(&newest(&desk, "water_desk", "desks"));
    desk.unreached(&newest(&desk, "duty_officer", "wall"));
    desk.unreached(&newest(&desk, "emergency_manager", "wall"));
    desk.sent.clear();
    desk.unreached(&Notification { channel: "desks".to_owned(), ..last(&desk) });
    assert!(desk.heard().is_empty(), "there is nobody after the last");
    desk.pass(Span::min(5));
    let heard = desk.heard();
    assert!(heard.iter().all(|line| line.contains("reminded emergency_manager")) && !heard.is_empty(), "{heard:?}");
}

/// The call to the last role by its other channel.
fn last(desk: &Desk) -> Notification {
    let id = desk.alerts.keys().next().expect("an alert").clone();
    Notification { key: format!("{id}/escalated/2.2/desks"), ..blank(id) }
}

fn blank(id: city::AlertId) -> Notification {
    Notification {
        key: String::new(),
        alert: Some(id),
        reason: city::NotificationReason::Escalated,
        role: "emergency_manager".to_owned(),
        channel: "desks".to_owned(),
        at: at("2026-05-04T12:01:00Z"),
        step: 2,
        severity: Severity::Severe,
        title: String::new(),
        text: String::new(),
    }
}

#[test]
fn nobody_is_called_for_what_somebody_has_or_what_is_quiet() {
    let mut desk = Desk::plain();
    let taken = desk.open("pump", "thing:3", Severity::Severe);
    let snoozed = desk.open("gauge", "thing:4", Severity::Severe);
    let over = desk.open("feeder", "thing:5", Severity::Severe);
    desk.pass(Span::min(1));
    let calls = desk.sent.clone();
    assert_eq!(calls.len(), 3);
    desk.acknowledge(&taken, "duty_officer");
    desk.snooze(&snoozed, desk.now + Span::h(1));
    desk.resolve(&over);
    desk.sent.clear();
    for call in &calls {
        desk.unreached(call);
    }
    assert_eq!((desk.heard(), unreached(&desk)), (Vec::new(), 0));
}

#[test]
fn all_that_hung_on_one_call_go_on_together() {
    let mut desk = Desk::plain();
    for thing in 0..30 {
        desk.open("pump", &format!("thing:{thing}"), Severity::Severe);
    }
    // The first goes alone, the others in one call when the window is over.
    desk.pass(Span::min(2));
    let calls: Vec<_> = desk.sent.iter().filter(|sent| sent.role == "water_desk").cloned().collect();
    assert_eq!(calls.len(), 2, "{:?}", desk.lines());
    desk.sent.clear();
    desk.unreached(&calls[1]);
    desk.pass(Span::min(2));
    let heard = desk.heard();
    let escalated: Vec<_> = heard.iter().filter(|line| line.contains("escalated duty_officer")).collect();
    assert_eq!(escalated.len(), 2, "one at once, and one for the other 28: {heard:?}");
    assert!(escalated[1].ends_with("and 27 more"), "{heard:?}");
    assert_eq!(unreached(&desk), 29);
}

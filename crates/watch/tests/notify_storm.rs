//! A storm: 50,000 alerts in a minute, 40 of them extreme. Few calls, and every extreme alert in one of its own.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use std::collections::BTreeSet;

use bell::{Desk, ON_CALL};
use city::{NotificationReason, Severity, Span};
use watch::notify::{EXTREME_EACH_MAX, Graph};

const RULES: usize = 8;
const ALERTS: usize = 50_000;

/// 50,000 alerts of eight rules within a minute, one in 1,250 extreme.
fn storm(desk: &mut Desk) -> BTreeSet<city::AlertId> {
    let mut extreme = BTreeSet::new();
    let start = desk.now;
    for at in 0..ALERTS {
        desk.now = start + Span::ms(i64::try_from(at * 60_000 / ALERTS).expect("a minute"));
        let severity = if at % 1250 == 7 {
            Severity::Extreme
        } else {
            [Severity::Severe, Severity::Moderate, Severity::Minor][at % 3]
        };
        let id = desk.open(&format!("rule-{}", at % RULES), &format!("thing:{at}"), severity);
        if severity == Severity::Extreme {
            extreme.insert(id);
        }
    }
    extreme
}

#[test]
fn fifty_thousand_a_minute_are_a_few_calls_and_no_extreme_is_lost() {
    let mut desk = Desk::new(ON_CALL, Graph::default(), "UTC", "2026-05-04T12:00:00Z");
    let extreme = storm(&mut desk);
    assert_eq!(extreme.len(), 40);
    desk.pass(Span::min(3));
    let opened: Vec<_> = desk.sent.iter().filter(|sent| sent.reason == NotificationReason::Opened).collect();
    let named: BTreeSet<_> =
        opened.iter().filter(|sent| sent.severity == Severity::Extreme).filter_map(|sent| sent.alert.clone()).collect();
    assert_eq!(named, extreme, "every extreme alert is called for by its name");
    let others = opened.iter().filter(|sent| sent.severity != Severity::Extreme).count();
    assert!(others <= RULES * 3, "{others} calls for the other 49,960");
    let counted: usize = opened
        .iter()
        .map(|sent| {
            let more = sent.title.rsplit_once(", and ").and_then(|(_, rest)| rest.strip_suffix(" more"));
            1 + more.map_or(0, |more| more.parse::<usize>().expect("a number"))
        })
        .sum();
    assert_eq!(counted, ALERTS, "all are told of, by name or by number");
    let told = desk.alerts.keys().filter(|id| desk.state.told(id).next().is_some()).count();
    assert_eq!(told, ALERTS);
    // All is over: that is a few calls too.
    desk.sent.clear();
    let ids: Vec<_> = desk.alerts.keys().cloned().collect();
    for id in &ids {
        desk.resolve(id);
    }
    desk.pass(Span::min(2));
    // Reminders of what was extreme had begun; the rest are ends.
    let ends = desk.sent.iter().filter(|sent| sent.reason == NotificationReason::Resolved).count();
    assert_eq!(ends, RULES * 2, "the first of each rule, and the rest as a number: {:#?}", desk.lines());
    assert_eq!(desk.state.open_count(), 0);
    desk.pass(Span::min(2));
    let left = postcard::to_stdvec(&desk.state).expect("bytes").len();
    assert!(left <= 16, "{left} bytes are left of the storm, and only the number of the next call should be");
    assert_eq!(desk.wake(), None);
}

#[test]
fn more_extreme_alerts_than_a_role_can_read_come_as_a_number_that_names_them() {
    let mut desk = Desk::plain();
    let each = usize::try_from(EXTREME_EACH_MAX).expect("a count");
    for at in 0..each * 3 {
        desk.open(&format!("rule-{at}"), &format!("thing:{at}"), Severity::Extreme);
    }
    assert_eq!(desk.sent.len(), each, "one by one at once");
    desk.sent.clear();
    desk.pass(Span::s(60));
    let more = each * 2 - 1;
    let digest = desk.sent.first().expect("the rest");
    assert_eq!(digest.severity, Severity::Extreme);
    assert!(digest.title.ends_with(&format!(", and {more} more")), "{}", digest.title);
    assert_eq!(digest.text.matches("\nAlso: ").count(), 10);
    assert_eq!(digest.at.since(desk.now), Span::default());
    let told = desk.alerts.keys().filter(|id| desk.state.told(id).next().is_some()).count();
    assert_eq!(told, each * 3, "none is dropped");
}

#[test]
fn taken_while_it_waits_it_is_not_counted() {
    let mut desk = Desk::plain();
    let ids: Vec<_> = (0..5).map(|at| desk.open("rule", &format!("thing:{at}"), Severity::Severe)).collect();
    desk.pass(Span::s(70));
    assert_eq!(desk.heard(), ["12:01:00 opened water_desk 0 rule on thing:0"]);
    desk.acknowledge(&ids[1], "water_desk");
    desk.resolve(&ids[2]);
    desk.pass(Span::s(60));
    assert_eq!(desk.heard(), ["12:02:00 opened water_desk 0 rule on thing:3, and 1 more"]);
    desk.resolve(&ids[1]);
    assert_eq!(desk.heard(), [""; 0], "who was never told is not told that it is over");
}

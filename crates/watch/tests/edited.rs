//! What open alerts have of a rule that is edited, and of a role that has them given.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind::{Acknowledged, Assigned, Opened, Updated};
use city::record::Entry;
use city::{Acknowledgement, AlertState, DeskAction, DeskActionKind, NotificationReason, Record, Severity};
use town::{HEAD, at, load_bare, parts, reading, told};
use watch::notify::OnCall;
use watch::{Context, Parts, State, run, run_with_calls};

const RULE: &str = "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"last\"\n\
                    [open]\nabove = 2.5\n[close]\nbelow = 2.4\n";

/// What it says as it opens.
const TITLE: &str = "The lake stands at 2.6 m, above 2.5 m";

fn context(head: &str) -> Context {
    let rules = load_bare(&[("rules/lake.toml", &format!("{head}{RULE}"))]).expect("the rule loads");
    Context::new(Parts { rules, on_call: Some(OnCall::on_screens(town::roles())), ..parts() })
}

#[test]
fn an_open_alert_follows_its_rule_at_once() {
    let mut state = State::default();
    let opened = run(&mut state, &context(HEAD), &[reading(1, at(0), 2.6)], Some(at(1)));
    assert_eq!(told(&opened), [(0, Opened, TITLE)]);
    let graver = HEAD
        .replace("severity = \"moderate\"", "severity = \"extreme\"")
        .replace("Go and look.", "Close the gates.")
        .replace("\"15 min\"", "\"5 min\"");
    let done = run_with_calls(&mut state, &context(&graver), [], Some(at(2)));
    assert_eq!(told(&done.changes), [(1, Updated, TITLE)], "no reading is waited for");
    let alert = &done.changes[0].alert;
    assert_eq!((alert.severity, &*alert.first_action), (Severity::Extreme, "Close the gates."));
    assert_eq!(alert.respond_by, at(5));
    assert!(done.notifications.iter().any(|call| call.severity == Severity::Extreme), "it is called for as it is now");
    // Nothing more to follow; the words come with the next reading, and not a quarter of an hour later.
    let higher = run(&mut state, &context(&graver), &[reading(1, at(3), 2.9)], Some(at(4)));
    assert_eq!(told(&higher), [(3, Updated, "The lake stands at 2.9 m, above 2.5 m")]);
}

#[test]
fn who_is_given_what_another_took_has_to_take_it() {
    let (mut state, context) = (State::default(), context(HEAD));
    let opened = run(&mut state, &context, &[reading(1, at(0), 2.6)], Some(at(1)));
    let id = opened[0].alert.id.clone();
    let of_desk = |minute: i64, record: Record| Entry { feed: "control-room".into(), received: at(minute), record };
    let taken = Acknowledgement { alert: id.clone(), role: "water_desk".to_owned(), note: String::new() };
    let give = |to: &str| {
        let what = DeskActionKind::Assign { alert: id.clone(), to: to.to_owned(), note: String::new() };
        Record::DeskAction(DeskAction { role: "water_desk".to_owned(), what })
    };
    let entries = [of_desk(2, Record::Acknowledgement(taken)), of_desk(3, give("transit_desk"))];
    let done = run_with_calls(&mut state, &context, &entries, Some(at(4)));
    assert_eq!(told(&done.changes), [(2, Acknowledged, TITLE), (3, Assigned, TITLE)]);
    let alert = &done.changes[1].alert;
    assert_eq!((alert.state, alert.acknowledged, &alert.acknowledged_by), (AlertState::Open, None, &None));
    assert!(done.notifications.iter().any(|call| call.reason == NotificationReason::Assigned));
    // Who takes it for itself has it.
    let taken = Acknowledgement { alert: id.clone(), role: "water_desk".to_owned(), note: String::new() };
    let entries = [of_desk(5, Record::Acknowledgement(taken)), of_desk(6, give("water_desk"))];
    let done = run(&mut state, &context, &entries, Some(at(7)));
    assert_eq!(done.last().map(|change| change.alert.state), Some(AlertState::Acknowledged));
}

//! Residents' requests, counted: truth, timers, late and repeated tickets, silence, on a virtual clock; beside an
//! evaluator that counts again from all tickets at every one; and on a recorded week of frost.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use std::collections::{BTreeMap, BTreeSet};

use city::alert::AlertChangeKind::{Blinded, Opened, Resolved, Sighted, Updated};
use city::record::Entry;
use city::{AlertChange, GridCell, Position, Record, RequestStatus, ServiceRequest, Severity, Span, Time};
use proptest::prelude::*;
use town::{at, beat, context, load, parts, request, told};
use watch::{Context, Parts, State, run};

fn rule(scope: &str, lines: &str) -> String {
    format!(
        "kind = \"requests\"\nwhat = \"Flooded streets\"\nfeed = \"requests\"\nservices = [\"flood\", \"drain\"]\n\
         window = \"2 h\"\n{scope}\n{lines}"
    )
}

const LINES: &str = "[open]\nrequests = 4\n[close]\nrequests_below = 2\n";

/// The feed beats every ten minutes up to a minute of the day.
fn heard(mut entries: Vec<Entry>, until: i64) -> Vec<Entry> {
    entries.extend((0..=until / 10).map(|k| beat("requests", at(k * 10), true)));
    entries.sort_by_key(|entry| entry.received);
    entries
}

/// Tickets for a flood in the middle of the town, each told in the minute in which it was made.
fn floods(minutes: &[i64]) -> Vec<Entry> {
    (1..).zip(minutes).map(|(id, minute)| request(id, "flood", at(*minute), Span::default(), 0.0, 0.0)).collect()
}

fn rings(rule: &str, entries: &[Entry], until: i64) -> Vec<AlertChange> {
    run(&mut State::default(), &context(&[("floods", rule)]), entries, Some(at(until)))
}

fn turns(changes: &[AlertChange]) -> Vec<(i64, city::alert::AlertChangeKind)> {
    let kinds = told(changes).into_iter().filter(|(_, kind, _)| *kind != Updated);
    kinds.map(|(minute, kind, _)| (minute, kind)).collect()
}

#[test]
fn four_tickets_of_one_cell_ring_with_the_fourth_and_end_when_their_hours_have_left_the_window() {
    let entries = heard(floods(&[100, 110, 130, 150]), 500);
    let changes = rings(&rule("each = \"cell\"", LINES), &entries, 500);
    // Made from 01:00 (two) and from 02:00 (two): at 04:00 the hour of 01:00 is out, at 05:00 all are.
    assert_eq!(turns(&changes), [(150, Opened), (300, Resolved)]);
    let alert = &changes[0].alert;
    assert_eq!(alert.title, "Flooded streets: 4 or more requests in 2 h, in one square kilometre of the centre");
    assert_eq!(alert.detail, "As City requests tells.");
    let cell = GridCell::of(Position { longitude: -51.2, latitude: -30.0 });
    assert_eq!(alert.key.subject, format!("cell:{cell}"));
    assert_eq!(
        (alert.position, alert.place.as_ref().map(city::PlaceId::as_str)),
        (Some(cell.centre()), Some("centre"))
    );
    let last = changes.last().expect("a change");
    assert_eq!(
        last.alert.title,
        "Flooded streets: fewer than 2 requests in 2 h, in one square kilometre of the centre"
    );
}

#[test]
fn tickets_far_apart_ring_for_the_town_and_for_no_cell() {
    let places = [(0.0, 0.0), (0.03, 0.0), (0.0, 0.03), (0.005, 0.02), (0.03, 0.03)];
    let entries: Vec<Entry> = (1..)
        .zip(places)
        .map(|(id, (east, north))| request(id, "drain", at(60 + i64::from(id)), Span::default(), east, north))
        .collect();
    let entries = heard(entries, 100);
    assert_eq!(turns(&rings(&rule("each = \"cell\"", LINES), &entries, 100)), []);
    let all = rings(&rule("", LINES), &entries, 100);
    assert_eq!(turns(&all), [(64, Opened)]);
    assert_eq!(all[0].alert.title, "Flooded streets: 4 or more requests in 2 h, altogether");
    assert_eq!(all[0].alert.key.subject, "everywhere");
    assert_eq!(turns(&rings(&rule("zone = \"centre\"", LINES), &entries, 100)), [], "one of them lies in it");
    let few = "[open]\nrequests = 3\n";
    let thrice = |(id, (east, north)): (u32, (f64, f64))| {
        let ticket = move |n| request(10 * id + n, "drain", at(60 + i64::from(id)), Span::default(), east, north);
        (0..3).map(ticket)
    };
    let entries = heard((1..).zip(places).flat_map(thrice).collect(), 100);
    let zone = rings(&rule("zone = \"centre\"", few), &entries, 100);
    assert_eq!(
        (zone.len(), zone[0].alert.title.as_str()),
        (1, "Flooded streets: 3 or more requests in 2 h, in the centre")
    );
    let cells = rings(&rule("each = \"cell\"\nzone = \"centre\"", few), &entries, 100);
    assert_eq!(turns(&cells), [(61, Opened)], "cells outside of it do not count");
    let far = rings(&rule("each = \"cell\"", few), &entries, 100);
    assert_eq!(far.len(), 5);
    assert_eq!(
        far[1].alert.title,
        "Flooded streets: 3 or more requests in 2 h, in the square kilometre 3 km east of the centre"
    );
}

#[test]
fn a_ticket_counts_once_closed_or_not_and_where_it_was_moved_to() {
    let made = |id: u32, minute: i64| request(id, "flood", at(minute), Span::default(), 0.0, 0.0);
    let rule = rule("each = \"cell\"", "[open]\nrequests = 3\n");
    let again = heard(vec![made(1, 61), made(1, 70), made(2, 71), made(2, 72)], 100);
    assert_eq!(turns(&rings(&rule, &again, 100)), [], "two tickets, however often they are told");
    let mut closed = made(1, 75);
    if let Record::ServiceRequest(request) = &mut closed.record {
        request.status = RequestStatus::Closed;
    }
    let closed = heard(vec![made(1, 61), made(2, 71), closed, made(3, 80)], 100);
    assert_eq!(turns(&rings(&rule, &closed, 100)), [(80, Opened)], "closed, it was made all the same");
    let moved = vec![made(1, 61), made(2, 71), made(3, 80), request(3, "noise", at(90), Span::min(10), 0.0, 0.0)];
    assert_eq!(turns(&rings(&rule, &heard(moved, 100), 100)), [(80, Opened), (90, Resolved)], "it was about noise");
    let other = vec![made(1, 61), made(2, 71), request(3, "noise", at(80), Span::default(), 0.0, 0.0)];
    assert_eq!(turns(&rings(&rule, &heard(other, 100), 100)), []);
}

#[test]
fn late_tickets_count_in_the_hour_in_which_they_were_made() {
    let late = |id, minute, before| request(id, "flood", at(minute), Span::min(before), 0.0, 0.0);
    let rule = rule("each = \"cell\"", LINES);
    // At 05:30 the window begins at 03:00: of four that come now, one was made at 02:50.
    let one_too_old = heard(vec![late(1, 330, 160), late(2, 331, 150), late(3, 332, 90), late(4, 333, 0)], 400);
    assert_eq!(turns(&rings(&rule, &one_too_old, 400)), []);
    let all = heard(vec![late(1, 330, 150), late(2, 331, 150), late(3, 332, 90), late(4, 333, 0)], 700);
    assert_eq!(turns(&rings(&rule, &all, 700)), [(333, Opened), (420, Resolved)], "two of 03:00 leave at 06:00");
}

#[test]
fn timers_and_severity_run_between_the_requests() {
    let lines = "[open]\nrequests = 4\nfor = \"20 min\"\n[close]\nrequests_below = 2\nfor = \"15 min\"\n\
                 [[severity_after]]\nheld = \"50 min\"\nseverity = \"severe\"\n";
    let entries = heard(floods(&[100, 110, 130, 150]), 500);
    let changes = rings(&rule("each = \"cell\"", lines), &entries, 500);
    assert_eq!(turns(&changes), [(170, Opened), (315, Resolved)]);
    let graver = changes.iter().find(|change| change.alert.severity == Severity::Severe).expect("graver");
    assert_eq!((graver.kind, graver.at), (Updated, at(200)), "50 min after 02:30, with nothing else to say");
}

#[test]
fn silence_of_the_feed_is_unknown_and_neither_opens_nor_closes() {
    // An hour of beat: from 02:30 on nobody hears anything, and from 03:30 on nobody knows.
    let entries = heard(floods(&[100, 110, 130, 150]), 150);
    let changes = rings(&rule("each = \"cell\"", LINES), &entries, 900);
    assert_eq!(turns(&changes), [(150, Opened), (210, Blinded)]);
    let blind = changes[1].alert.blind.as_ref().expect("blind");
    assert_eq!(blind.why, "City requests has been silent since 02:30 on 2 May.");
    let back = [entries, vec![beat("requests", at(600), true)]].concat();
    assert_eq!(
        turns(&rings(&rule("each = \"cell\"", LINES), &back, 610)),
        [(150, Opened), (210, Blinded), (600, Resolved)],
        "it speaks again, and nobody asks any more"
    );
    let on = [floods(&[100, 110, 130, 150]), vec![beat("requests", at(220), true)]].concat();
    let on = rings(&rule("each = \"cell\"", LINES), &on, 230);
    assert_eq!(turns(&on), [(150, Opened), (210, Blinded), (220, Sighted)]);
}

#[test]
fn a_combined_rule_joins_requests_with_what_gauges_say() {
    let text = "kind = \"combined\"\nwhat = \"Water in the streets\"\n[condition.lake]\nkind = \"threshold\"\n\
                datastream = 1\nstatistic = \"last\"\nabove = 2.5\n[condition.asked]\nkind = \"requests\"\nwhat = \"Floods\"\n\
                feed = \"requests\"\nservice = \"flood\"\nwindow = \"1 h\"\neach = \"cell\"\n[condition.asked.open]\n\
                requests = 3\n[open]\nwhen = { all = [\"lake\", \"asked\"] }\n";
    let lake = (0..=40).map(|k| town::reading(1, at(k * 10), 2.7));
    let entries = heard([floods(&[100, 110, 130]), lake.collect()].concat(), 400);
    let changes = rings(text, &entries, 400);
    // In full hours: the ticket of 01:40 leaves a window of 1 h at 03:00.
    assert_eq!(turns(&changes), [(130, Opened), (180, Resolved)]);
    assert_eq!(changes[0].alert.detail, "asked and lake hold.");
    let silent = [floods(&[100, 110]), (0..=40).map(|k| town::reading(1, at(k * 10), 2.7)).collect()].concat();
    let mut silent = silent;
    silent.sort_by_key(|entry| entry.received);
    let unseen = format!("{text}[unseen]\nafter = \"5 min\"\nseverity = \"minor\"\n");
    let changes = rings(&unseen, &silent, 400);
    assert_eq!(turns(&changes)[..2], [(66, Opened), (100, Resolved)], "an hour without a word of the feed, and 5 min");
}

#[test]
fn more_tickets_than_can_be_told_apart_open_and_never_close_until_they_are_old() {
    let most = u32::try_from(watch::requests::REQUESTS_MAX).expect("a count");
    let many = |minute: i64, ids: std::ops::Range<u32>| -> Vec<Entry> {
        ids.map(|id| request(id, "flood", at(minute), Span::default(), 0.0, f64::from(id % 40) / 100.0)).collect()
    };
    let lines = format!("[open]\nrequests = {}\n[close]\nrequests_below = {most}\n", most + 1);
    let entries = heard([many(60, 0..most), many(61, most..most + 2)].concat(), 400);
    let changes = rings(&rule("", &lines), &entries, 400);
    assert_eq!(turns(&changes), [], "nobody knows whether there were more than {most}");
    let lines = format!("[open]\nrequests = {most}\n");
    let changes = rings(&rule("", &lines), &entries, 400);
    // The hour of 01:00 leaves the window at 04:00.
    assert_eq!(turns(&changes), [(60, Opened), (240, Resolved)]);
}

#[test]
fn what_does_not_load_says_what_would_be_right() {
    let mistakes = |scope: &str, lines: &str| -> Vec<String> {
        let errors = load(&[("floods", &rule(scope, lines))]).expect_err("a mistake");
        errors.into_iter().map(|error| error.message).collect()
    };
    assert_eq!(
        mistakes("each = \"zone\"", LINES),
        ["`zones` is missing: each of which? a list of places of this city with an outline"]
    );
    assert_eq!(mistakes("zone = \"town\"", LINES), ["the place \"town\" has no outline; these have one: centre"]);
    assert_eq!(
        mistakes("", "[open]\nrequests = 4\n[close]\nrequests_below = 5\n"),
        ["`requests_below` should be at most 4; the alert would close as it opens"]
    );
    let half = rule("", LINES).replace("\"2 h\"", "\"90 min\"");
    let errors = load(&[("floods", &half)]).expect_err("a mistake");
    assert!(errors[0].message.starts_with("`window` should be whole hours"), "{errors:?}");
    let elsewhere = rule("", LINES).replace("feed = \"requests\"", "feed = \"water\"");
    let errors = load(&[("floods", &elsewhere)]).expect_err("a mistake");
    assert_eq!(errors[0].message, "\"water\" is no feed that fits here; there are requests");
}

#[test]
fn a_rule_is_one_plain_sentence() {
    let rules = load(&[("floods", &rule("each = \"cell\"\nzone = \"centre\"", LINES))]).expect("a rule");
    assert_eq!(
        town::sentence(&rules[0], &[]),
        "Rings when the requests of residents for the service \"flood\" or \"drain\" made from one square kilometre of the \
         centre within 2 h (by City requests, in full hours) are 4 or more, and stops when they are fewer than 2; the \
         water desk acts within 15 min."
    );
}

#[test]
fn other_rules_count_again_what_is_remembered() {
    let entries = heard(floods(&[100, 110, 130, 150]), 155);
    let mut state = State::default();
    let high = rule("each = \"cell\"", "[open]\nrequests = 9\n");
    assert_eq!(turns(&run(&mut state, &context(&[("floods", &high)]), &entries, Some(at(155)))), []);
    let low = rule("", "[open]\nrequests = 3\n");
    let changes = run(&mut state, &context(&[("floods", &low)]), &[], Some(at(160)));
    assert_eq!(turns(&changes), [(155, Opened)], "with the next tick");
}

/// All tickets so far, as they were told last.
type Tickets = BTreeMap<String, ServiceRequest>;

/// Counts of every subject from all tickets, at an instant.
fn naive_counts(tickets: &Tickets, services: &[&str], by_cell: bool, now: Time) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let start = now.floor(Span::h(1)) - Span::h(2);
    for ticket in tickets.values() {
        if ticket.hour >= start && services.contains(&ticket.code.as_str()) {
            let subject = if by_cell { format!("cell:{}", ticket.cell) } else { "everywhere".to_owned() };
            *counts.entry(subject).or_default() += 1;
        }
    }
    counts
}

/// What a rule without `for` should do: at every ticket and every full hour all is counted again.
fn naive(entries: &[Entry], by_cell: bool, (open, below): (u32, u32), until: Time) -> Vec<(Time, String, bool)> {
    let mut out = Vec::new();
    let mut tickets = Tickets::new();
    let mut standing = BTreeSet::new();
    let mut look = |tickets: &Tickets, now: Time| {
        let counts = naive_counts(tickets, &["flood", "drain"], by_cell, now);
        let subjects: BTreeSet<&String> = counts.keys().chain(&standing).collect();
        let mut turned = Vec::new();
        for subject in subjects {
            let count = counts.get(subject).copied().unwrap_or_default();
            if standing.contains(subject) {
                turned.extend((count < below).then(|| (now, subject.clone(), false)));
            } else {
                turned.extend((count >= open).then(|| (now, subject.clone(), true)));
            }
        }
        for (_, subject, opens) in &turned {
            if *opens {
                standing.insert(subject.clone())
            } else {
                standing.remove(subject)
            };
        }
        out.extend(turned);
    };
    let first = entries.first().map_or(until, |entry| entry.received);
    let mut hour = first.floor(Span::h(1)) + Span::h(1);
    for entry in entries {
        while hour <= entry.received {
            look(&tickets, hour);
            hour = hour + Span::h(1);
        }
        if let Record::ServiceRequest(request) = &entry.record {
            tickets.insert(request.id.to_string(), request.clone());
            look(&tickets, entry.received);
        }
    }
    while hour <= until {
        look(&tickets, hour);
        hour = hour + Span::h(1);
    }
    out
}

fn engine(context: &Context, entries: &[Entry], until: Time) -> Option<Vec<(Time, String, bool)>> {
    let changes = run(&mut State::default(), context, entries, Some(until));
    if changes.iter().any(|change| change.alert.flapping) {
        // Flapping asks for a longer calm; an evaluator of counts alone knows nothing of it.
        return None;
    }
    let turn = changes.iter().filter(|change| matches!(change.kind, Opened | Resolved));
    Some(turn.map(|change| (change.at, change.alert.key.subject.clone(), change.kind == Opened)).collect())
}

/// Tickets in the order in which they are told: few ids and cells, so that some are told again, moved or late.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = at(7);
    let mut entries = Vec::new();
    for (wait, which, change) in steps {
        now = now + Span::s(i64::from(*wait) * 3 + 1);
        let code = ["flood", "drain", "noise", "flood"][usize::from(which % 4)];
        let before = if change % 3 == 0 { Span::min(i64::from(*which)) } else { Span::default() };
        let (east, north) = (f64::from(change % 2) / 50.0, f64::from(which / 4 % 2) / 50.0);
        entries.push(request(u32::from(*change), code, now, before, east, north));
    }
    // Nobody is blind here.
    entries.extend((0..60).map(|k| beat("requests", at(k * 30), true)));
    entries.sort_by_key(|entry| entry.received);
    entries
}

const UNTIL: i64 = 1700;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_say_what_all_tickets_say(
        steps in prop::collection::vec(any::<(u8, u8, u8)>(), 1..160),
        by_cell in any::<bool>(),
        open in 3_u32..12,
    ) {
        let entries = journal(&steps);
        let scope = if by_cell { "each = \"cell\"" } else { "" };
        let below = open - open / 2;
        let lines = format!("[open]\nrequests = {open}\n[close]\nrequests_below = {below}\n");
        let told = engine(&context(&[("floods", &rule(scope, &lines))]), &entries, at(UNTIL));
        prop_assume!(told.is_some());
        prop_assert_eq!(told.unwrap_or_default(), naive(&entries, by_cell, (open, below), at(UNTIL)));
    }
}

/// The property above would hold of two that never say anything; these do.
#[test]
fn both_open_and_close() {
    let small = |k: u32| u8::try_from(k % 256).unwrap_or_default();
    let steps: Vec<(u8, u8, u8)> = (0..150_u32).map(|k| (small(k * 37), small(k * 91), small(k * 53))).collect();
    for (by_cell, scope) in [(true, "each = \"cell\""), (false, "")] {
        let wanted = naive(&journal(&steps), by_cell, (5, 3), at(UNTIL));
        assert!(wanted.len() >= 2 && wanted.iter().any(|(.., opens)| !opens), "{wanted:?}");
        let rule = rule(scope, "[open]\nrequests = 5\n[close]\nrequests_below = 3\n");
        assert_eq!(engine(&context(&[("floods", &rule)]), &journal(&steps), at(UNTIL)), Some(wanted));
    }
}

#[test]
fn a_rule_that_counts_has_its_tests_beside_it() {
    let text = r#"
[[test]]
name = "four within the hour ring, and three of another service do not"
until = "5 h"
[[test.requests]]
feed = "requests"
service = "flood"
at = "1 h"
every = "10 min"
count = 4
place = "centre"
[[test.requests]]
feed = "requests"
service = "noise"
at = "1 h"
count = 3
longitude = -51.2
latitude = -30.0
[[test.beats]]
feed = "requests"
every = "30 min"
to = "5 h"
[[test.expect]]
at = "1 h 30 min"
kind = "opened"
title = "Flooded streets: 4 or more requests in 2 h, in one square kilometre of the centre"
[[test.expect]]
at = "4 h"
kind = "resolved"
"#;
    let parts = Parts { rules: load(&[("floods", &rule("each = \"cell\"", LINES))]).expect("a rule"), ..parts() };
    assert_eq!(watch::rule_test::run("rules/floods.test.toml", text, &parts), Ok(1));
    let wrong = text.replace("service = \"flood\"", "service = \"noise\"");
    let told = watch::rule_test::run("rules/floods.test.toml", &wrong, &parts).expect_err("it does not ring");
    assert!(told[0].message.contains("nothing else happened"), "{told:?}");
    let nowhere = text.replace("place = \"centre\"", "place = \"moon\"");
    let told = watch::rule_test::run("rules/floods.test.toml", &nowhere, &parts).expect_err("no such place");
    assert_eq!(told[0].message, "\"moon\" is no place; there are town, centre");
}

#[test]
fn a_cell_is_said_by_the_nearest_place_that_people_know_and_the_district_that_it_lies_in() {
    let place = |id: &str, name: &str, east: f64| city::Place {
        id: id.into(),
        name: name.into(),
        kind: "market".into(),
        position: Position { longitude: -51.2 + east, latitude: -30.0 },
        outline: None,
        geocodes: Vec::new(),
    };
    let few = rule("each = \"cell\"", "[open]\nrequests = 3\n");
    let said = |east: f64, all: Vec<city::Place>| {
        let places = parts().places.into_iter().chain(all).collect();
        let rules = load(&[("rule", &few)]).expect("it loads");
        let context = Context::new(Parts { rules, places, ..parts() });
        let entries = (1..=3).map(|id| request(id, "flood", at(60 + i64::from(id)), Span::default(), east, 0.0));
        let changes = run(&mut State::default(), &context, &heard(entries.collect(), 100), Some(at(100)));
        changes[0].alert.title.rsplit_once("in 2 h, ").expect("a place").1.to_owned()
    };
    assert_eq!(said(0.004, Vec::new()), "in one square kilometre of the centre");
    let market = place("a-market", "Public Market", 0.005);
    assert_eq!(said(0.004, vec![market]), "in the square kilometre at Public Market, the centre");
    let mill = place("b-mill", "the Mill", 0.05);
    assert_eq!(said(0.03, vec![mill]), "in the square kilometre 2 km west of the Mill");
}

//! Official warnings beside an evaluator that reads all messages again at every step: updates, cancellations, messages
//! that come in the wrong order, and a feed that falls silent.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use std::collections::BTreeSet;

use city::geometry::Polygon;
use city::record::{Entry, WarningArea};
use city::{Position, Record, Severity, Span, Time, Warning};
use plain::{Book, Counts, Evaluator, Lines, Look, Step, compare, in_some, is_silent, words_of};
use proptest::prelude::*;
use town::{at, beat, context, reading};

const RULES: [(&str, &str); 2] = [
    (
        "early",
        "kind = \"warning\"\nfeed = \"warnings\"\nat_least = \"moderate\"\nplaces = [\"town\", \"centre\"]\n\
         before = \"30 min\"\n",
    ),
    (
        "worst",
        "kind = \"warning\"\nfeed = \"warnings\"\nat_least = \"severe\"\nplace = \"centre\"\n[[severity_after]]\n\
         held = \"4 min\"\nseverity = \"extreme\"\n",
    ),
];
/// Rule, from which severity, for which places, how long before the onset.
const ASKED: [(&str, Severity, &[&str], Span); 2] = [
    ("early", Severity::Moderate, &["town", "centre"], Span::min(30)),
    ("worst", Severity::Severe, &["centre"], Span::min(0)),
];
const WORSE: [(bool, Span, Severity); 1] = [(true, Span::min(4), Severity::Extreme)];

/// Areas, and the places of the town that each touches: everywhere by code; about the middle, which is in both; the
/// eastern edge of the centre, where the town (a point) is not; far away.
const AREAS: [(&str, &[&str]); 4] =
    [("code", &["town", "centre"]), ("middle", &["town", "centre"]), ("edge", &["centre"]), ("away", &[])];

fn area(which: usize) -> WarningArea {
    let square = |east: f64| {
        let corner = |x: f64, y: f64| Position { longitude: -51.2 + east + x, latitude: -30.0 + y };
        let ring = [(-0.004, -0.004), (0.004, -0.004), (0.004, 0.004), (-0.004, 0.004), (-0.004, -0.004)];
        Polygon::new(ring.map(|(x, y)| corner(x, y)).to_vec()).expect("an outline")
    };
    let (polygons, geocodes) = match AREAS[which].0 {
        "code" => (vec![], vec!["4314902".to_owned()]),
        "middle" => (vec![square(0.0)], vec![]),
        "edge" => (vec![square(0.012)], vec!["1".to_owned()]),
        _ => (vec![square(0.5)], vec!["2".to_owned()]),
    };
    WarningArea { description: AREAS[which].0.to_owned(), polygons, geocodes }
}

fn touches(warning: &Warning, place: &str) -> bool {
    let area = |area: &WarningArea| AREAS.iter().any(|(name, of)| *name == area.description && of.contains(&place));
    warning.areas.iter().any(area)
}

/// Messages of one storm: linked by what they refer to, in whatever order they came. Its name is the first that came.
fn storms(entries: &[Entry]) -> Vec<Vec<&Warning>> {
    let messages: Vec<&Warning> = entries
        .iter()
        .filter_map(|entry| if let Record::Warning(w) = &entry.record { Some(w) } else { None })
        .collect();
    let mut left = messages.clone();
    let mut storms: Vec<Vec<&Warning>> = Vec::new();
    while !left.is_empty() {
        let mut names: BTreeSet<&str> = BTreeSet::from([left[0].identifier.as_str()]);
        let mut storm: Vec<&Warning> = Vec::new();
        loop {
            let linked = |w: &&Warning| {
                names.contains(w.identifier.as_str()) || w.references.iter().any(|to| names.contains(to.as_str()))
            };
            let (of, others): (Vec<&Warning>, Vec<&Warning>) = left.iter().copied().partition(linked);
            left = others;
            if of.is_empty() {
                break;
            }
            names.extend(of.iter().flat_map(|w| w.references.iter().chain([&w.identifier])).map(String::as_str));
            storm.extend(of);
        }
        let is_of = |message: &&&Warning| storm.iter().any(|w| std::ptr::eq(*w, **message));
        storms.push(messages.iter().filter(is_of).copied().collect());
    }
    storms
}

struct Warnings;

impl Evaluator for Warnings {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        let now = step.now;
        let is_message = step.entry.is_some_and(|entry| matches!(entry.record, Record::Warning(_)));
        if !(step.is_tick() || is_message) {
            return;
        }
        let blind = is_silent(words_of(entries, "warnings"), entries, Span::min(20), now);
        for storm in storms(entries) {
            // What counts is the newest message; of two of one time the one that came last.
            let Some(newest) = storm.iter().copied().max_by_key(|message| message.sent) else { continue };
            let Some(first) = storm.iter().find(|message| !message.cancels) else { continue };
            let end = newest.expires.unwrap_or(newest.sent + Span::h(72));
            for (rule, at_least, places, before) in ASKED {
                for place in places {
                    let concerns = !newest.cancels
                        && newest.severity >= at_least
                        && touches(newest, place)
                        && newest.onset - before <= now;
                    // Past its end it is over, unless the feed is silent and may have prolonged it.
                    let in_force = if now < end { Some(true) } else { Some(false).filter(|_| !blind) };
                    let open = plain::every(&[Some(concerns), in_force]);
                    let severity = newest.severity.max(Severity::Moderate);
                    let look = Look { blind, severity, ..Look::new(now, open, plain::not(open)) };
                    let severity_after: &[_] = if rule == "worst" { &WORSE } else { &[] };
                    let lines = Lines { severity_after, ..Lines::default() };
                    book.look(rule, &format!("warning:{}@{place}", first.identifier), &lines, now, look);
                }
            }
        }
    }
}

/// Storms with updates and cancellations, polls good and bad. A message may come after one that was sent later, but
/// none comes when its storm is over.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = at(0) + Span::s(3);
    let mut entries = vec![beat("warnings", now, true)];
    let mut storms: Vec<Vec<Warning>> = Vec::new();
    let mut waiting: Vec<(Time, Warning)> = Vec::new();
    for (number, (wait, which, change)) in steps.iter().enumerate() {
        now = now + Span::s(i64::from(*wait) * if *wait > 245 { 9 } else { 2 } + 1);
        let due: Vec<(Time, Warning)> = waiting.iter().filter(|(when, _)| *when < now).cloned().collect();
        waiting.retain(|(when, _)| *when >= now);
        entries.extend(due.into_iter().map(|(received, w)| message(received, w)));
        match which % 8 {
            0 | 1 if storms.len() < 6 => {
                let first = warning(format!("storm-{number}"), now, *change, *which);
                storms.push(vec![first.clone()]);
                entries.push(message(now, first));
            }
            2..=4 if !storms.is_empty() => {
                let storm = usize::from(*change) % storms.len();
                let storm = &mut storms[storm];
                let open = storm.last().is_some_and(|last| !last.cancels && last.expires.is_none_or(|end| end > now));
                if let Some(last) = storm.last().filter(|_| open).cloned() {
                    let mut next = warning(format!("word-{number}"), now, change.rotate_left(3), *which);
                    next.references = storm.iter().map(|earlier| earlier.identifier.clone()).collect();
                    next.cancels = which % 8 == 4 && change % 3 == 0;
                    let delay = Span::s(i64::from(*change));
                    let in_time = [&next, &last].iter().all(|w| w.expires.is_none_or(|end| now + delay < end));
                    if *which > 190 && in_time && !next.cancels {
                        // Sent now, it comes when others have come.
                        waiting.push((now + delay, next.clone()));
                    } else {
                        entries.push(message(now, next.clone()));
                    }
                    storm.push(next);
                }
            }
            5 => entries.push(beat("warnings", now, false)),
            6 => entries.push(reading(1, now, 2.0)),
            _ => entries.push(beat("warnings", now, true)),
        }
    }
    entries.sort_by_key(|entry| entry.received);
    entries
}

fn message(received: Time, warning: Warning) -> Entry {
    Entry { feed: "warnings".into(), received, record: Record::Warning(warning) }
}

fn warning(identifier: String, sent: Time, how: u8, which: u8) -> Warning {
    let minutes = i64::from(how % 64);
    Warning {
        identifier,
        sender: "civil.defence".into(),
        sent,
        cancels: false,
        references: Vec::new(),
        event: "Storm".into(),
        severity: [Severity::Minor, Severity::Moderate, Severity::Severe, Severity::Extreme][usize::from(how % 4)],
        urgency: "expected".into(),
        certainty: "likely".into(),
        onset: sent + Span::min(minutes - 10),
        expires: (how % 16 != 7).then(|| sent + Span::min(minutes + 15)),
        sender_name: "Civil Defence".into(),
        headline: String::new(),
        description: String::new(),
        instruction: String::new(),
        areas: vec![area(usize::from(which / 8) % 5 % 4)],
    }
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(at(0), |entry| entry.received) + Span::min(100);
    compare(&context(&RULES), &entries, until, restart, &Warnings)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn warnings_are_what_all_messages_say(steps in plain::small(60), restart in 1_usize..400) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_warnings() {
    let counts = in_some(150, |steps| checked(steps, 50));
    assert!(counts.opened > 20 && counts.resolved > 20 && counts.blinded > 5, "{counts:?}");
}

/// When alerts opened, and when they were over.
fn alerts(messages: Vec<Entry>) -> Vec<(i64, Option<i64>)> {
    let mut entries: Vec<Entry> = (0..30).map(|k| beat("warnings", at(k * 10), true)).chain(messages).collect();
    entries.sort_by_key(|entry| entry.received);
    let changes = watch::run(&mut watch::State::default(), &context(&RULES[1..]), &entries, Some(at(300)));
    let minute = |time: Time| time.since(at(0)).as_s() / 60;
    let told = |kind| changes.iter().filter(move |change| change.kind == kind);
    let opened = told(city::alert::AlertChangeKind::Opened);
    opened
        .map(|opened| {
            let over = told(city::alert::AlertChangeKind::Resolved).find(|over| over.alert.id == opened.alert.id);
            (minute(opened.at), over.map(|over| minute(over.at)))
        })
        .collect()
}

/// An Atom index lists the newest first, and what could not be fetched is fetched the next time.
#[test]
fn messages_in_the_wrong_order_are_one_storm() {
    let of = |minute: i64, identifier: &str, references: &[&str], cancels: bool| {
        let mut warning = warning(identifier.to_owned(), at(minute), 2, 0);
        (warning.onset, warning.expires, warning.cancels) = (at(30), Some(at(200)), cancels);
        warning.references = references.iter().map(ToString::to_string).collect();
        warning
    };
    let (first, second, third) = (of(5, "a", &[], false), of(10, "b", &["a"], false), of(15, "c", &["b"], false));
    let cancel = of(20, "d", &["b"], true);
    let come = |order: &[(i64, &Warning)]| alerts(order.iter().map(|(m, w)| message(at(*m), (*w).clone())).collect());
    let one = [(30, Some(200))];
    assert_eq!(come(&[(15, &first), (15, &second), (15, &third)]), one, "as they were sent");
    assert_eq!(come(&[(15, &third), (15, &second), (15, &first)]), one, "the newest first");
    assert_eq!(come(&[(15, &third), (15, &first), (25, &second)]), one, "what links them comes last");
    assert_eq!(
        come(&[(15, &first), (25, &third), (50, &second)]),
        [(30, Some(200)), (30, Some(50))],
        "too late for that"
    );
    assert_eq!(come(&[(21, &cancel), (21, &second), (21, &first)]), [], "cancelled before it was heard of");
    assert_eq!(
        come(&[(15, &first), (50, &cancel), (60, &second)]),
        [(30, Some(60))],
        "when it is known what it cancels"
    );
}

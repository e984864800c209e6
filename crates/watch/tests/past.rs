//! Backtests, labelled episodes and tests of rules as text.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{AlertChange, Span, Time};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use town::{at, beat, context, load, midnight, parts, reading};
use watch::backtest::{Backtest, Trial};
use watch::pages::Nights;
use watch::{Parts, State, episodes, rule_test, run};

const RULES: [(&str, &str); 5] = [
    (
        "above",
        "kind = \"threshold\"\nwhat = \"The lake\"\ndatastreams = [1, 2]\nstatistic = \"last\"\n[open]\nabove = 2.4\nfor = \"10 min\"\n\
         [close]\nbelow = 2.35\nfor = \"20 min\"\n",
    ),
    (
        "both",
        "kind = \"combined\"\nwhat = \"Trouble at the lake\"\n[condition.high]\nalert_of = \"above\"\n\
         [condition.rain]\nkind = \"threshold\"\ndatastream = 3\nstatistic = \"last\"\nabove = 5.0\n\
         [open]\nwhen = { all = [\"high\", \"rain\"] }\n",
    ),
    ("feed", "kind = \"absence\"\nfeed = \"water\"\nafter = \"15 min\"\n"),
    ("gauges", "kind = \"absence\"\nthings = [1, 2]\nafter = \"25 min\"\n[close]\nfor = \"5 min\"\n"),
    (
        "mean",
        "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"1 h\"\n\
         [open]\nabove = 2.45\n[close]\nbelow = 2.4\n",
    ),
];

fn tried(rule: &str, entries: &[Entry], from: Option<Time>, until: Option<Time>) -> Backtest {
    let rules = load(&RULES).expect("the rules load");
    let mut trial = Trial::new(Parts { rules, ..parts() }, &rule.into(), from).expect("the rule");
    for entry in entries {
        trial.entry(entry);
    }
    trial.finish(until)
}

fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let (mut now, mut level) = (midnight(), 2.3);
    let mut entries = Vec::new();
    for (wait, which, change) in steps {
        now = now + Span::s(i64::from(*wait) * 5 + 1);
        if *wait > 250 {
            now = now + Span::min(50);
        }
        level += (f64::from(*change) - 126.0) / 1000.0;
        entries.push(match which % 5 {
            0 | 1 => reading(1, now, level),
            2 => reading(2, now, level + 0.1),
            3 => reading(3, now, f64::from(*change) / 20.0),
            _ => beat("water", now, change % 2 == 0),
        });
    }
    entries
}

/// A change without what other alerts have to do with it.
fn own(change: &AlertChange) -> Option<AlertChange> {
    let grouped =
        matches!(change.kind, AlertChangeKind::Hidden | AlertChangeKind::Surfaced | AlertChangeKind::Regrouped);
    let mut own = change.clone();
    let alert = Arc::make_mut(&mut own.alert);
    alert.cause = None;
    alert.hides = 0;
    (!grouped).then_some(own)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A backtest knows one rule and those it looks at; the program knows all. They say the same, byte for byte, but for
    /// what other alerts explain, which is about calls.
    #[test]
    fn a_rule_alone_says_what_it_says_among_others(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 1..250),
    ) {
        let entries = journal(&steps);
        let until = entries.last().map(|entry| entry.received + Span::h(2));
        let together = run(&mut State::default(), &context(&RULES), &entries, until);
        for (rule, _) in RULES {
            let of_rule = together.iter().filter(|change| change.alert.key.rule.as_str() == rule);
            let among: Vec<_> = of_rule.filter_map(own).collect();
            let alone: Vec<_> = tried(rule, &entries, None, until).changes.iter().filter_map(own).collect();
            prop_assert_eq!(
                serde_json::to_string(&among).expect("JSON"),
                serde_json::to_string(&alone).expect("JSON"),
                "{}", rule
            );
        }
    }
}

/// The property above would hold of rules that never ring; these do.
#[test]
fn the_rules_of_the_property_ring() {
    let level = |minute: i64| if (60..200).contains(&minute) { 2.6 } else { 2.2 };
    let mut entries: Vec<Entry> = (0..60).map(|k| reading(1, at(k * 5), level(k * 5))).collect();
    entries.extend((0..60).map(|k| reading(3, at(k * 5 + 1), 9.0)));
    entries.sort_by_key(|entry| entry.received);
    entries.retain(|entry| entry.received < at(210) || entry.received > at(260));
    for (rule, _) in RULES {
        assert!(!tried(rule, &entries, None, Some(at(400))).rings.is_empty(), "{rule}");
    }
}

#[test]
fn a_backtest_counts_nights_blindness_and_what_it_saw() {
    // High from 21:30 to 22:30 and from 23:00 on the town's clock; nothing is heard from 01:00 to 03:00.
    let level = |minute: i64| if (1290..1350).contains(&minute) || minute >= 1380 { 2.6 } else { 2.2 };
    let minutes = (1200..1800).step_by(5).filter(|minute| !(1500..1620).contains(minute));
    let entries: Vec<Entry> = minutes.map(|minute| reading(1, at(minute), level(minute))).collect();
    let done = tried("above", &entries, None, None);
    let zone = TimeZone::get("America/Sao_Paulo").expect("a zone");
    let opened: Vec<(Time, bool)> = done.rings.iter().map(|ring| (ring.opened, ring.by_night(&zone))).collect();
    assert_eq!(opened, [(at(1300), false), (at(1390), true)]);
    assert_eq!(done.nights(&zone), Nights { pages: 1, untaken: 2 }, "of one it is said in the evening that it is over");
    let first = &done.rings[0];
    assert_eq!(first.resolved, Some(at(1370)));
    assert_eq!(first.stood(at(1800)), Span::min(70));
    assert!(first.saw.contains("2.60 m") && first.closed_saw.as_ref().is_some_and(|saw| saw.contains("2.20 m")));
    // Series 2 is never heard and its beat is half an hour: blind from 20:30 on, of 19 h 55 min to 29 h 55 min.
    assert!((done.blind_share() - (9.0 + 25.0 / 60.0) / (9.0 + 55.0 / 60.0)).abs() < 1e-9, "{}", done.blind_share());
    assert_eq!(done.shape.len(), 8);
    // The same from later on: what rang before does not count, and what stood goes on standing.
    let later = tried("above", &entries, Some(at(1380)), None);
    assert_eq!(later.rings.len(), 1);
    assert_eq!(later.from, Some(at(1380)));
}

#[test]
fn episodes_are_caught_missed_or_rung_for_nothing() {
    let level = |minute: i64| if (60..120).contains(&minute) || (300..360).contains(&minute) { 2.6 } else { 2.2 };
    let entries: Vec<Entry> = (0..144).map(|k| reading(1, at(k * 5), level(k * 5))).collect();
    let done = tried("above", &entries, None, None);
    assert_eq!(done.rings.len(), 2);
    let text = "counts_within = \"1 h\"\n\
        [[episode]]\nname = \"first\"\nfrom = 2024-05-02T01:30:00-03:00\nuntil = 2024-05-02T02:00:00-03:00\n\
        [[episode]]\nname = \"none\"\nfrom = \"2024-05-02T10:00:00-03:00\"\nuntil = 2024-05-02T11:00:00-03:00\n\
        [[episode]]\nname = \"another day\"\nfrom = 2024-06-02T10:00:00-03:00\nuntil = 2024-06-02T11:00:00-03:00\n";
    let labelled = episodes::parse("rules/above.episodes.toml", text).expect("episodes");
    let verdict = labelled.judge(&done);
    let told: Vec<(&str, Option<Span>)> =
        verdict.judged.iter().map(|judged| (judged.episode.name.as_str(), judged.lead)).collect();
    assert_eq!(told, [("first", Some(Span::min(20))), ("none", None)]);
    assert_eq!(verdict.for_nothing, [1]);
    let counts = verdict.counts();
    assert_eq!((counts.caught, counts.missed, counts.for_nothing), (1, 1, 1));
    // One that began before the trial does may have been rung for before, too.
    let later = labelled.judge(&tried("above", &entries, Some(at(100)), None));
    assert_eq!(later.judged.iter().map(|judged| judged.episode.name.as_str()).collect::<Vec<_>>(), ["none"]);
}

#[test]
fn mistakes_in_episodes_have_their_place() {
    let text = "[[episode]]\nname = \"x\"\nfrom = 2024-05-02T13:00:00\nuntil = 2024-05-03T00:00:00Z\nwhy = 1\n";
    let errors = episodes::parse("rules/x.episodes.toml", text).expect_err("mistakes");
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(told[0].starts_with("rules/x.episodes.toml:3:8: `from` is 2024-05-02T13:00:00"), "{told:?}");
    assert!(told[1].starts_with("rules/x.episodes.toml:5:1: `why` is no field here"), "{told:?}");
}

const TEST: &str = r#"
[[test]]
name = "it rings"

[[test.readings]]
datastream = 1
every = "5 min"
values = [2.2, 2.6, 2.6, 2.6]

[[test.expect]]
at = "15 min"
kind = "opened"
severity = "moderate"
subject = "datastream:1"
"#;

fn test(text: &str) -> Result<usize, Vec<String>> {
    let parts = Parts { rules: load(&RULES).expect("the rules load"), ..parts() };
    let told = rule_test::run("rules/above.test.toml", text, &parts);
    told.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

#[test]
fn a_test_of_a_rule_passes_or_says_what_came_instead() {
    assert_eq!(test(TEST), Ok(1));
    let late = test(&TEST.replace("at = \"15 min\"", "at = \"20 min\"")).expect_err("a failure");
    assert_eq!(late.len(), 1);
    assert!(late[0].starts_with("rules/above.test.toml:10:"), "{late:?}");
    let words =
        "\"it rings\": expected opened at \"20 min\", moderate, \"datastream:1\"; it came as opened at \"15 min\"";
    assert!(late[0].contains(words), "{late:?}");
    let worse = test(&TEST.replace("severity = \"moderate\"", "severity = \"severe\"")).expect_err("a failure");
    assert!(worse[0].contains("it came as opened at \"15 min\", moderate"), "{worse:?}");
    let unsaid = test(TEST.split("[[test.expect]]").next().expect("the head")).expect_err("a failure");
    assert!(
        unsaid[0].starts_with("rules/above.test.toml:3:8: \"it rings\": this was not expected: opened"),
        "{unsaid:?}"
    );
    let nothing = test(&TEST.replace("2.6, 2.6, 2.6", "2.2, 2.2, 2.2")).expect_err("a failure");
    assert!(nothing[0].contains("nothing else happened"), "{nothing:?}");
}

#[test]
fn mistakes_in_a_test_have_their_place() {
    let wrong = [
        ("datastream = 1", "datastream = 9", "rules/above.test.toml:6:14: datastream 9 is not there"),
        ("every = \"5 min\"", "", "rules/above.test.toml:5:1: readings are `rows`"),
        ("2.2, 2.6", "\"x\", 2.6", "rules/above.test.toml:8:11: \"x\" in `values`"),
        ("kind = \"opened\"", "kind = \"rang\"", "rules/above.test.toml:12:8: `kind` is \"rang\""),
        ("[[test]]\nname", "[[test]]\nnames", "rules/above.test.toml:2:1: `name` is missing"),
    ];
    for (was, is, told) in wrong {
        let errors = test(&TEST.replacen(was, is, 1)).expect_err("a mistake");
        assert!(errors.iter().any(|error| error.starts_with(told)), "{told}: {errors:?}");
    }
    let parts = Parts { rules: load(&RULES).expect("the rules load"), ..parts() };
    let errors = rule_test::run("rules/nobody.test.toml", TEST, &parts).expect_err("no such rule");
    assert!(errors[0].message.contains("there is no rule `nobody`"));
}

//! `[unseen]` for the kinds that look at no series: the silence of a feed without which they are unknown rings by itself.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind::{Opened, Resolved, Updated};
use city::{AlertChange, Severity};
use town::{HEAD, at, beat, context, load_bare, midnight, sentence};
use watch::{State, run};

const UNSEEN: &str = "[unseen]\nafter = \"10 min\"\nseverity = \"minor\"\n";

/// A rule of each such kind, the feed that falls silent, its beat in minutes, and the others that it hears.
fn kinds() -> [(&'static str, &'static str, i64, &'static [&'static str]); 6] {
    let runs = "timetable = \"timetable\"\nfeeds = [\"positions\", \"updates\"]\n";
    let whole = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    [
        (
            whole(format!("kind = \"trip\"\n{runs}[open]\nlate_by = \"5 min\"\ntrips = 1\n[close]\ntrips_below = 1\n")),
            "updates",
            3,
            &["positions"],
        ),
        (
            whole(format!("kind = \"headway\"\n{runs}[open]\nbunched_below = 0.2\npairs = 1\n")),
            "positions",
            3,
            &["updates"],
        ),
        (
            "kind = \"zone\"\nzone = \"centre\"\ntimetable = \"timetable\"\nfeed = \"positions\"\nwhere = \"inside\"\n[open]\nvehicles = 2\n",
            "positions",
            3,
            &["updates"],
        ),
        ("kind = \"warning\"\nfeed = \"warnings\"\nat_least = \"moderate\"\nplace = \"town\"\n", "warnings", 20, &[]),
        (
            "kind = \"geofence\"\nzone = \"centre\"\nthings = [1, 2]\nfeed = \"water\"\nwhere = \"outside\"\n[open]\nthings = 1\n",
            "water",
            20,
            &[],
        ),
        (
            "kind = \"requests\"\nwhat = \"Floods\"\nfeed = \"requests\"\nservice = \"flood\"\nwindow = \"2 h\"\n[open]\nrequests = 4\n",
            "requests",
            60,
            &[],
        ),
    ]
}

/// Opened and resolved alerts, as (minute, what, subject, how bad).
fn turns(changes: &[AlertChange]) -> Vec<(i64, city::alert::AlertChangeKind, &str, Severity)> {
    let turns = changes.iter().filter(|change| change.kind != Updated);
    turns
        .map(|change| {
            let minute = change.at.since(midnight()).as_s() / 60;
            (minute, change.kind, change.alert.key.subject.as_str(), change.alert.severity)
        })
        .collect()
}

#[test]
fn a_silent_feed_rings_for_every_kind_that_is_unknown_without_it_and_ends_when_it_speaks() {
    for (text, silent, beat_min, heard) in kinds() {
        let context = context(&[("rule", &format!("{text}{UNSEEN}"))]);
        let mut entries = vec![beat(silent, at(0), true)];
        entries.extend((0..=150).flat_map(|minute| heard.iter().map(move |feed| beat(feed, at(minute), true))));
        entries.push(beat(silent, at(150), true));
        // An answer that is none is silence as well.
        entries.push(beat(silent, at(20), false));
        entries.sort_by_key(|entry| entry.received);
        let changes = run(&mut State::default(), &context, &entries, Some(at(151)));
        let subject = format!("unseen:feed:{silent}");
        let expected = [
            (beat_min + 10, Opened, subject.as_str(), Severity::Minor),
            (150, Resolved, subject.as_str(), Severity::Minor),
        ];
        assert_eq!(turns(&changes), expected, "{text}");
        let title = &changes[0].alert.title;
        assert!(title.ends_with("is silent, so nobody sees whether to ring: Something floods."), "{title}");
        let rule = &load_bare(&[("rules/rule.toml", &format!("{HEAD}{text}{UNSEEN}"))]).expect("it loads")[0];
        assert!(sentence(rule, &[]).contains("it rings too (minor) when for 10 min nobody can see whether it is so"));

        let without = town::context(&[("rule", text)]);
        assert_eq!(turns(&run(&mut State::default(), &without, &entries, Some(at(151)))), [], "{text}");
    }
}

#[test]
fn silence_itself_cannot_be_unseen() {
    let text = format!("{HEAD}kind = \"absence\"\nfeed = \"water\"\n{UNSEEN}");
    let errors = load_bare(&[("rules/x.toml", &text)]).expect_err("refused");
    assert!(errors.len() == 1 && errors[0].message.contains("silence is what it looks for"), "{errors:?}");
}

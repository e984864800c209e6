//! Every kind of rule on a virtual clock: when it opens, when it does not, when it closes, when it is blind.

mod town;

use std::sync::Arc;

use city::alert::AlertChangeKind::{self, Acknowledged, Blinded, Opened, Resolved, Sighted, Updated};
use city::record::{Acknowledgement, Entry, WarningArea};
use city::{Record, Severity, Span, Time, Warning};
use town::{at, beat, context, live, midnight, position_at, reading, told, update};
use watch::{State, run};

const LEVEL: &str = r#"
kind = "threshold"
what = "The lake"
datastream = 1
statistic = "last"
[open]
above = 2.5
for = "20 min"
[close]
below = 2.4
for = "30 min"
"#;

fn levels(pairs: &[(i64, f64)]) -> Vec<Entry> {
    pairs.iter().map(|(minute, level)| reading(1, at(*minute), *level)).collect()
}

#[test]
fn a_threshold_opens_after_its_time_and_closes_by_its_own_condition() {
    let context = context(&[("high", LEVEL)]);
    let entries =
        levels(&[(0, 2.0), (10, 2.6), (20, 2.6), (30, 2.7), (40, 2.45), (50, 2.3), (60, 2.3), (70, 2.3), (80, 2.3)]);
    let changes = run(&mut State::default(), &context, &entries, None);
    assert_eq!(
        told(&changes),
        [
            (30, Opened, "The lake stands at 2.7 m, above 2.5 m"),
            (50, Updated, "The lake stands at 2.3 m, no longer above 2.5 m"),
            (80, Resolved, "The lake stands at 2.3 m, no longer above 2.5 m"),
        ]
    );
    let alert = &changes[0].alert;
    assert_eq!(alert.key.episode, at(10), "the episode is when it first held");
    assert_eq!(alert.respond_by, at(45));
    assert_eq!(alert.detail, "Lake at the quay: 2.70 m at 00:30.");
    assert!(alert.position.is_some() && alert.feed.is_some() && alert.datastream.is_some());
    assert_eq!(changes[2].alert.resolved, Some(at(80)));
}

#[test]
fn a_dip_or_a_hole_starts_the_timer_again() {
    let context = context(&[("high", LEVEL)]);
    let dip = levels(&[(0, 2.6), (10, 2.4), (15, 2.6), (30, 2.6), (34, 2.6)]);
    assert!(run(&mut State::default(), &context, &dip, None).is_empty());
    // 31 min without a reading is a hole in a series whose beat is 30 min: nobody knows what was in it.
    let hole = levels(&[(0, 2.6), (31, 2.6), (50, 2.6)]);
    assert!(run(&mut State::default(), &context, &hole, None).is_empty());
    let no_hole = levels(&[(0, 2.6), (30, 2.6)]);
    assert_eq!(run(&mut State::default(), &context, &no_hole, None).len(), 1);
}

#[test]
fn silence_blinds_an_open_alert_and_never_closes_it() {
    let context = context(&[("high", LEVEL)]);
    let mut state = State::default();
    let mut changes = run(&mut state, &context, &levels(&[(0, 2.6), (15, 2.6), (30, 2.6)]), Some(at(300)));
    changes.extend(run(&mut state, &context, &levels(&[(300, 2.6)]), Some(at(310))));
    let kinds: Vec<_> = told(&changes).iter().map(|(minute, kind, _)| (*minute, *kind)).collect();
    // The feed's beat is 20 min, counted from 00:30; the next tick after it has passed sees it.
    assert_eq!(kinds, [(30, Opened), (50, Blinded), (300, Sighted), (300, Updated)]);
    let blind = changes[1].alert.blind.as_ref().expect("blind");
    assert_eq!(changes[1].at, at(50) + Span::s(10));
    assert_eq!(blind.why, "Level of the lake has been silent since 00:30 on 2 May.");
}

#[test]
fn a_sum_over_a_window_with_holes_may_open_but_not_close() {
    let rain = r#"
kind = "threshold"
what = "Rain"
datastream = 3
statistic = "sum"
window = "6 h"
[open]
above = 50
[close]
below = 20
"#;
    let context = context(&[("rain", rain)]);
    let wet: Vec<Entry> = [60, 120].iter().map(|minute| reading(3, at(*minute), 30.0)).collect();
    let mut state = State::default();
    let changes = run(&mut state, &context, &wet, None);
    assert_eq!(told(&changes), [(120, Opened, "Rain: 60 mm in 6 h, above 50 mm")], "two of six hours are enough");
    // Six hours of silence, then one dry hour: the window holds one reading, and that proves nothing.
    let changes = run(&mut state, &context, &[reading(3, at(600), 0.0)], None);
    assert!(!changes.iter().any(|change| change.kind == Resolved), "{changes:?}");
    let dry: Vec<Entry> = (11..16).map(|hour| reading(3, at(hour * 60), 0.0)).collect();
    let changes = run(&mut state, &context, &dry, None);
    assert!(changes.iter().any(|change| change.kind == Resolved), "five of six hours are");
}

#[test]
fn a_feed_that_falls_silent_rings_within_a_beat_and_a_tick_and_resolves_on_return() {
    let context = context(&[("silent", "kind = \"absence\"\nfeed = \"water\"\n")]);
    let mut state = State::default();
    let entries = [beat("water", at(0), true), beat("water", at(10), true), beat("water", at(15), false)];
    let changes = run(&mut state, &context, &entries, Some(at(60)));
    assert_eq!(told(&changes), [(30, Opened, "Level of the lake is silent")], "a failed answer is no word");
    assert!(changes[0].at <= at(10) + Span::min(20) + watch::TICK);
    assert_eq!(changes[0].alert.detail, "Last heard at 00:10 on 2 May; 20 min is normal.");
    let changes = run(&mut state, &context, &[beat("water", at(61), true)], Some(at(62)));
    assert_eq!(told(&changes), [(61, Resolved, "Level of the lake reports again")]);
}

#[test]
fn a_silent_thing_behind_a_silent_feed_is_not_known_to_be_silent() {
    let rule = "kind = \"absence\"\nthings = [1, 2]\nafter = \"40 min\"\n";
    let context = context(&[("gauges", rule)]);
    let feed_dies = run(&mut State::default(), &context, &levels(&[(0, 2.0), (10, 2.0)]), Some(at(120)));
    assert!(feed_dies.is_empty(), "the feed's own alert says what is wrong: {feed_dies:?}");
    let one_dies: Vec<Entry> = (0..12).map(|k| reading(if k < 2 { 1 } else { 2 }, at(k * 10), 2.0)).collect();
    let changes = run(&mut State::default(), &context, &one_dies, None);
    assert_eq!(told(&changes), [(50, Opened, "Quay gauge is silent")]);
}

fn warning(identifier: &str, sent: Time, references: &[&str]) -> Warning {
    Warning {
        identifier: identifier.into(),
        sender: "civil.defence".into(),
        sent,
        cancels: false,
        references: references.iter().map(ToString::to_string).collect(),
        event: "Storm".into(),
        severity: Severity::Severe,
        urgency: "expected".into(),
        certainty: "likely".into(),
        onset: at(120),
        expires: Some(at(240)),
        sender_name: "Civil Defence".into(),
        headline: "Storm with hail".into(),
        description: String::new(),
        instruction: String::new(),
        areas: vec![WarningArea { description: "The town".into(), polygons: vec![], geocodes: vec!["4314902".into()] }],
    }
}

fn warned(warning: Warning) -> Entry {
    Entry { feed: "warnings".into(), received: warning.sent, record: Record::Warning(warning) }
}

/// The index is polled every ten minutes.
fn with_beats(entries: Vec<Entry>, minutes: i64) -> Vec<Entry> {
    let mut all: Vec<Entry> = (0..=minutes / 10).map(|k| beat("warnings", at(k * 10), true)).collect();
    all.extend(entries);
    all.sort_by_key(|entry| entry.received);
    all
}

const WARN: &str = r#"
kind = "warning"
feed = "warnings"
at_least = "moderate"
place = "town"
before = "1 h"
"#;

#[test]
fn a_warning_rings_before_its_onset_and_ends_with_it() {
    let context = context(&[("warn", WARN)]);
    let entries = with_beats(vec![warned(warning("a", at(5), &[]))], 300);
    let changes = run(&mut State::default(), &context, &entries, Some(at(300)));
    assert_eq!(
        told(&changes),
        [(60, Opened, "Storm for the town until 04:00 on 2 May"), (240, Resolved, "Storm for the town is over"),]
    );
    assert_eq!(changes[0].alert.severity, Severity::Severe, "as it warns");
    assert_eq!(changes[0].alert.expected, Some(at(120)));
}

#[test]
fn an_update_keeps_the_alert_and_a_cancel_ends_it() {
    let context = context(&[("warn", WARN)]);
    let mut worse = warning("b", at(100), &["a"]);
    worse.severity = Severity::Extreme;
    let mut cancel = warning("c", at(130), &["b"]);
    cancel.cancels = true;
    let entries = with_beats(vec![warned(warning("a", at(5), &[])), warned(worse), warned(cancel)], 300);
    let changes = run(&mut State::default(), &context, &entries, Some(at(300)));
    let kinds: Vec<_> = told(&changes).iter().map(|(minute, kind, _)| (*minute, *kind)).collect();
    assert_eq!(kinds, [(60, Opened), (100, Updated), (130, Resolved)]);
    assert!(changes.iter().all(|change| change.alert.id == changes[0].alert.id), "one alert for one storm");
    assert_eq!(changes[1].alert.severity, Severity::Extreme);
}

#[test]
fn a_warning_elsewhere_or_milder_than_asked_does_not_ring() {
    let context = context(&[("warn", WARN)]);
    let mut mild = warning("a", at(5), &[]);
    mild.severity = Severity::Minor;
    let mut elsewhere = warning("b", at(6), &[]);
    elsewhere.areas[0].geocodes = vec!["4300000".into()];
    let entries = with_beats(vec![warned(mild), warned(elsewhere)], 300);
    assert!(run(&mut State::default(), &context, &entries, Some(at(300))).is_empty());
}

#[test]
fn a_silent_feed_leaves_an_expired_warning_open_and_blind_for_a_day_at_most() {
    let context = context(&[("warn", WARN)]);
    let entries = with_beats(vec![warned(warning("a", at(5), &[]))], 200);
    let changes = run(&mut State::default(), &context, &entries, Some(at(3000)));
    let kinds: Vec<_> = told(&changes).iter().map(|(minute, kind, _)| (*minute, *kind)).collect();
    assert_eq!(kinds, [(60, Opened), (220, Blinded), (240 + 24 * 60, Resolved)]);
}

fn position(number: u32, when: Time) -> Entry {
    position_at(number, when, 0.0, 0.0)
}

const MISSING: &str = r#"
kind = "trip"
timetable = "timetable"
feeds = ["positions", "updates"]
[open]
missing_after = "15 min"
trips = 2
for = "5 min"
[close]
trips_below = 1
for = "10 min"
"#;

#[test]
fn missing_trips_are_counted_by_route() {
    let context = context(&[("missing", MISSING)]);
    // Trips at 06:00 .. 06:50; those of 06:10 and 06:20 never show up.
    let seen = [0, 3, 4, 5].map(|n| position(n, at(360 + i64::from(n) * 10 + 1)));
    let changes = run(&mut State::default(), &context, &live(seen.to_vec(), 500, 0..0), Some(at(500)));
    let kinds: Vec<_> = told(&changes).iter().map(|(minute, kind, _)| (*minute, *kind)).collect();
    // The second is missed at 06:35, and for 5 min. They leave the hour that is counted at 07:25 and 07:35; 10 min
    // later it is over.
    assert_eq!(kinds, [(400, Opened), (445, Updated), (460, Updated), (465, Resolved)]);
    assert_eq!(changes[0].alert.title, "2 trips of line T1 have not started");
    assert_eq!(changes[0].alert.detail, "No vehicle 15 min after the departures at 06:10 and 06:20.");
    assert_eq!(changes[0].alert.key.subject, "route:T1");
}

#[test]
fn trips_are_not_missing_while_nobody_could_have_seen_them() {
    let context = context(&[("missing", MISSING)]);
    let changes = run(&mut State::default(), &context, &live(vec![], 500, 350..415), Some(at(500)));
    assert!(changes.is_empty(), "the feeds were silent from 05:50 to 06:55: {changes:?}");
    let changes = run(&mut State::default(), &context, &live(vec![], 420, 0..0), Some(at(420)));
    assert!(changes.iter().any(|change| change.kind == Opened), "and were not here");
}

#[test]
fn late_trips_ring_and_close_and_old_delays_do_not_count() {
    let late = r#"
kind = "trip"
timetable = "timetable"
feed = "updates"
[open]
late_by = "10 min"
trips = 2
[close]
trips_below = 2
for = "5 min"
"#;
    let context = context(&[("late", late)]);
    let entries = vec![update(0, at(370), 700), update(1, at(380), 1300), update(0, at(385), 100)];
    let changes = run(&mut State::default(), &context, &live(entries, 420, 0..0), Some(at(420)));
    assert_eq!(
        told(&changes),
        [
            (381, Opened, "2 trips of line T1 are 10 min late or more"),
            (391, Resolved, "1 trip of line T1 is 10 min late or more"),
        ]
    );
    assert_eq!(changes[0].alert.detail, "The latest is 21 min behind.");
    let entries = vec![update(0, at(370), 700), update(1, at(390), 1300)];
    let changes = run(&mut State::default(), &context, &live(entries, 420, 0..0), Some(at(420)));
    assert!(changes.is_empty(), "the first delay was 20 min old when the second came");
}

#[test]
fn an_acknowledgement_is_kept_until_the_alert_closes() {
    let context = context(&[("high", LEVEL)]);
    let mut state = State::default();
    let opened = run(&mut state, &context, &levels(&[(0, 2.6), (20, 2.6)]), None);
    let record = |alert: &city::AlertId| {
        Record::Acknowledgement(Acknowledgement {
            alert: alert.clone(),
            role: "water_desk".into(),
            note: "Crew sent.".into(),
        })
    };
    let ack = Entry { feed: "control-room".into(), received: at(25), record: record(&opened[0].alert.id) };
    let changes = run(&mut state, &context, [&ack], None);
    assert_eq!(told(&changes)[0].1, Acknowledged);
    let alert = &changes[0].alert;
    assert_eq!((alert.acknowledged, alert.acknowledged_by.as_deref()), (Some(at(25)), Some("water_desk")));
    assert_eq!(alert.note.as_deref(), Some("Crew sent."));
    let resolved = run(&mut state, &context, &levels(&[(40, 2.3), (60, 2.3), (80, 2.3)]), None);
    let last = resolved.last().expect("resolved");
    assert_eq!((last.kind, last.alert.note.as_deref()), (Resolved, Some("Crew sent.")));
    let late = Entry { received: at(90), ..ack };
    assert!(run(&mut state, &context, [&late], None).is_empty(), "nothing is open any more");
    let next = run(&mut state, &context, &levels(&[(100, 2.6), (120, 2.6)]), None);
    assert_ne!(next[0].alert.id, opened[0].alert.id, "a new episode is a new alert");
}

#[test]
fn an_alert_of_a_rule_that_is_gone_is_resolved() {
    let mut state = State::default();
    run(&mut state, &context(&[("high", LEVEL)]), &levels(&[(0, 2.6), (20, 2.6)]), None);
    assert_eq!(state.alerts().count(), 1);
    let without = context(&[("silent", "kind = \"absence\"\nfeed = \"weather\"\n")]);
    let changes = run(&mut state, &without, &levels(&[(40, 2.6)]), Some(at(60)));
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [Resolved]);
    assert_eq!(state.alerts().count(), 0);
}

#[test]
fn an_alert_on_what_its_rule_no_longer_looks_at_is_resolved() {
    let mut state = State::default();
    run(&mut state, &context(&[("high", LEVEL)]), &levels(&[(0, 2.6), (20, 2.6)]), None);
    let elsewhere = LEVEL.replace("datastream = 1", "datastream = 2");
    let changes = run(&mut state, &context(&[("high", &elsewhere)]), &levels(&[(40, 2.6)]), Some(at(60)));
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [Resolved]);
}

#[test]
fn a_rise_rings_for_a_slow_rise_and_not_for_sway() {
    let rise = r#"
kind = "rise"
what = "The lake"
datastream = 1
trend_window = "48 h"
[open]
level = 3.0
within = "36 h"
sway = 0.1
for = "1 h"
[close]
drop = 0.35
for = "12 h"
"#;
    let context = context(&[("rise", rise)]);
    let series = |level: &dyn Fn(f64) -> f64| -> Vec<Entry> {
        (0..6 * 96_i64).map(|k| reading(1, midnight() + Span::min(k * 15), level(k as f64 / 4.0))).collect()
    };
    // The wind moves it by 20 cm up and down every 18 h about 2.3 m: a line through six hours would point above 3 m.
    let sway = series(&|hour: f64| 2.3 + 0.2 * (hour * std::f64::consts::TAU / 18.0).sin());
    assert!(run(&mut State::default(), &context, &sway, None).is_empty());
    // 2 cm an hour from 1.5 m: 2.9 m after 70 h.
    let flood = series(&|hour: f64| if hour < 100.0 { 1.5 + 0.02 * hour } else { 3.5 - 0.05 * (hour - 100.0) });
    let changes = run(&mut State::default(), &context, &flood, None);
    let first = &changes[0];
    assert_eq!((first.kind, first.alert.title.as_str()), (Opened, "The lake will pass 3.0 m about 03:00 on 5 May"));
    assert_eq!(first.alert.detail, "2.20 m, rising 2 cm an hour.");
    assert_eq!(first.alert.expected, Some("2024-05-05T03:00:00-03:00".parse().expect("a time")));
    assert!(changes.iter().any(|change| change.alert.title == "The lake stands at 3.5 m, above 3.0 m"));
    assert_eq!(changes.last().map(|change| change.kind), Some(Resolved));
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
    assert_eq!((count(Opened), count(Resolved)), (1, 1));
}

#[test]
fn a_timetable_that_comes_into_force_is_used() {
    let mut context = context(&[("missing", MISSING)]);
    context.set_timetable("timetable".into(), Arc::new(city::Timetable::default()));
    assert!(run(&mut State::default(), &context, &live(vec![], 500, 0..0), Some(at(500))).is_empty());
}

#[test]
fn what_a_trip_rule_says_does_not_hang_on_what_else_is_watched() {
    let missing = "kind = \"trip\"\ntimetable = \"timetable\"\nfeeds = [\"positions\", \"updates\"]\n[open]\n\
                   missing_after = \"5 min\"\ntrips = 2\n[close]\ntrips_below = 1\n";
    // Shorter than the two minutes in which the feed speaks: to this rule it falls silent again and again.
    let silent = "kind = \"absence\"\nfeed = \"positions\"\nafter = \"1 min\"\n";
    let entries: Vec<Entry> =
        (170..250).flat_map(|k| ["positions", "updates"].map(|feed| beat(feed, at(k * 2), true))).collect();
    let of = |rules: &[(&str, &str)]| -> Vec<(i64, AlertChangeKind)> {
        let changes = run(&mut State::default(), &context(rules), &entries, None);
        let missing = changes.iter().filter(|change| change.alert.key.rule.as_str() == "missing").cloned();
        told(&missing.collect::<Vec<_>>()).into_iter().map(|(minute, kind, _)| (minute, kind)).collect()
    };
    let alone = of(&[("missing", missing)]);
    assert_eq!(alone.first(), Some(&(375, Opened)));
    assert_eq!(of(&[("missing", missing), ("silent", silent)]), alone);
}

#[test]
fn an_older_update_that_comes_later_changes_nothing() {
    let late = "kind = \"trip\"\ntimetable = \"timetable\"\nfeed = \"updates\"\n[open]\nlate_by = \"5 min\"\n\
                trips = 1\n[close]\ntrips_below = 1\n";
    let mut old = update(0, at(365), 900);
    old.received = at(372);
    let entries = [update(0, at(371), 0), old];
    assert_eq!(told(&run(&mut State::default(), &context(&[("late", late)]), &entries, Some(at(374)))), []);
}

//! Truth tables and timers on a virtual clock for figures, conditions that are joined, guards, and severities that
//! move with time.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind::{self, Flapping, Opened, Resolved};
use city::record::Entry;
use city::{AlertChange, Severity, Span};
use town::{at, beat, context, midnight, reading, told};
use watch::{State, run};

fn levels(pairs: &[(i64, f64)]) -> Vec<Entry> {
    pairs.iter().map(|(minute, level)| reading(1, at(*minute), *level)).collect()
}

/// When alerts opened and resolved, in minutes after midnight.
fn turns(changes: &[AlertChange]) -> Vec<(i64, AlertChangeKind)> {
    let turn = |kind: &AlertChangeKind| matches!(kind, Opened | Resolved);
    told(changes).iter().filter(|(_, kind, _)| turn(kind)).map(|(minute, kind, _)| (*minute, *kind)).collect()
}

fn rings(rule: &str, entries: &[Entry]) -> Vec<(i64, AlertChangeKind)> {
    turns(&run(&mut State::default(), &context(&[("rule", rule)]), entries, None))
}

/// A rule on the first gauge: kind and figure, then its lines.
fn on_lake(figure: &str, lines: &str) -> String {
    format!("what = \"The lake\"\ndatastream = 1\n{figure}\n{lines}")
}

/// Every ten minutes from 00:00.
fn every_ten(values: &[f64]) -> Vec<Entry> {
    (0..).zip(values).map(|(k, value)| reading(1, at(k * 10), *value)).collect()
}

#[test]
fn each_statistic_of_a_window_opens_and_closes_by_itself() {
    let rule = |statistic: &str, lines: &str| {
        on_lake(&format!("kind = \"threshold\"\nstatistic = \"{statistic}\"\nwindow = \"30 min\""), lines)
    };
    // One high reading among low ones, then three high ones: windows of three.
    let entries = every_ten(&[1.0, 1.0, 4.0, 1.0, 1.0, 4.0, 4.0, 4.0, 1.0, 1.0, 1.0, 1.0]);
    let lines = "[open]\nabove = 3\n[close]\nbelow = 2\n";
    assert_eq!(rings(&rule("max", lines), &entries), [(20, Opened), (100, Resolved)]);
    assert_eq!(rings(&rule("min", lines), &entries), [(70, Opened), (80, Resolved)]);
    assert_eq!(rings(&rule("mean", lines), &entries), [(70, Opened), (100, Resolved)]);
    let sum = rule("sum", "[open]\nabove = 8\n[close]\nbelow = 4\n");
    assert_eq!(rings(&sum, &entries), [(60, Opened), (100, Resolved)]);
}

#[test]
fn a_trend_needs_enough_of_its_window_and_closes_when_it_flattens() {
    let rule = on_lake("kind = \"trend\"\nwindow = \"1 h\"", "[open]\nabove = 0.3\n[close]\nbelow = 0.1\n");
    // 6 cm in ten minutes, from the start; the line is known when it reaches over 45 min.
    let rising: Vec<f64> = (0..7).map(|k| f64::from(k) * 0.06).collect();
    assert_eq!(rings(&rule, &every_ten(&rising)), [(50, Opened)]);
    let then_flat: Vec<f64> = (0..20).map(|k| f64::from(k.min(7)) * 0.06).collect();
    let told = rings(&rule, &every_ten(&then_flat));
    assert_eq!((told[0], told.len(), told[1].1), ((50, Opened), 2, Resolved), "{told:?}");
    assert!((80..=120).contains(&told[1].0), "{told:?}");
    let falling: Vec<f64> = rising.iter().map(|level| -level).collect();
    assert_eq!(rings(&rule, &every_ten(&falling)), []);
}

#[test]
fn a_stretch_of_the_clock_speaks_once_when_it_is_over() {
    let rule = on_lake(
        "kind = \"threshold\"\nstatistic = \"mean\"\nwindow = \"1 h\"\ntumbling = true",
        "[open]\nabove = 2\nwindows = 3\n[close]\nbelow = 2\n",
    );
    // Three hours above: the third is over at 03:00, and the reading then says so.
    let four: Vec<f64> = (0..24).map(|k| if k < 18 { 3.0 } else { 1.0 }).collect();
    assert_eq!(rings(&rule, &every_ten(&four)), [(180, Opened)]);
    assert_eq!(rings(&rule, &every_ten(&[four, vec![1.0]].concat())), [(180, Opened), (240, Resolved)]);
    let two: Vec<f64> = (0..30).map(|k| if k < 12 { 3.0 } else { 1.0 }).collect();
    assert_eq!(rings(&rule, &every_ten(&two)), []);
    // Another gauge of the feed moves its clock on: this one may still speak for a beat, and then nobody waits any more.
    let context = context(&[("rule", rule.as_str())]);
    let run = |entries: &[Entry]| turns(&run(&mut State::default(), &context, entries, None));
    let quiet = [every_ten(&[3.0; 18]), vec![reading(2, at(181), 0.0), reading(2, at(209), 0.0)]].concat();
    assert_eq!(run(&quiet), []);
    assert_eq!(run(&[quiet, vec![reading(2, at(211), 0.0)]].concat()), [(211, Opened)]);
    // What comes late, but before that, counts: the third hour was not above after all.
    let mut late = reading(1, at(175), -9.0);
    late.received = at(183);
    let straggler = [every_ten(&[3.0; 18]), vec![reading(2, at(181), 0.0), late, reading(2, at(240), 0.0)]].concat();
    assert_eq!(run(&straggler), []);
}

/// An hour of each day of five weeks, then today's: 2.0 m give or take 2 cm, and `today`.
fn five_weeks(today: f64) -> Vec<Entry> {
    let past = (-5..).zip([2.0, 2.02, 1.98, 2.01, 1.99]);
    let mut entries: Vec<Entry> =
        past.map(|(week, level)| reading(1, midnight() + Span::h(week * 168), level)).collect();
    // The hour ends when another begins.
    let mut after: Vec<Entry> = entries.iter().map(|entry| reading(1, entry.received + Span::h(1), 1.0)).collect();
    entries.append(&mut after);
    entries.sort_by_key(|entry| entry.received);
    entries.push(reading(1, midnight(), today));
    entries
}

#[test]
fn a_deviation_from_the_same_hour_of_past_weeks_looks_both_ways() {
    let rule = |lines: &str| on_lake("kind = \"deviation\"\npast_weeks = 5", lines);
    let off = rule("[open]\noff = 0.5\n[close]\nwithin = 0.2\n");
    assert_eq!(rings(&off, &five_weeks(2.6)), [(0, Opened)]);
    assert_eq!(rings(&off, &five_weeks(1.4)), [(0, Opened)]);
    assert_eq!(rings(&off, &five_weeks(2.4)), []);
    assert_eq!(rings(&rule("[open]\nabove = 0.5\n[close]\nbelow = 0.2\n"), &five_weeks(1.4)), []);
    let back = [five_weeks(2.6), vec![reading(1, at(10), 2.3), reading(1, at(20), 2.1)]].concat();
    assert_eq!(rings(&off, &back), [(0, Opened), (20, Resolved)]);
    // One week is no law.
    let young: Vec<Entry> = five_weeks(2.6).split_off(8);
    assert_eq!(rings(&off, &young), []);
    // In spreads: their median distance from 2.0 m is 1 cm, so a spread is 1.5 cm (but 2 cm, a hundredth, at least).
    let spreads =
        on_lake("kind = \"deviation\"\npast_weeks = 5\nin_spreads = true", "[open]\noff = 4\n[close]\nwithin = 2\n");
    assert_eq!(rings(&spreads, &five_weeks(2.07)), []);
    assert_eq!(rings(&spreads, &five_weeks(2.09)), [(0, Opened)]);
}

#[test]
fn a_deviation_from_a_forecast_needs_one_that_is_near() {
    let rule = on_lake("kind = \"deviation\"\nforecast = 2", "[open]\nabove = 0.5\n[close]\nbelow = 0.2\n");
    // The forecast of 00:00 says 2.0 m at 01:00 and 3.0 m at 02:00.
    let forecast = |minute: i64, level: f64| {
        let mut entry = reading(2, at(minute), level);
        entry.received = at(0);
        entry
    };
    let mut entries = vec![forecast(60, 2.0), forecast(120, 3.0)];
    entries.extend(levels(&[(60, 2.4), (90, 2.9), (120, 3.6), (130, 3.1)]));
    assert_eq!(rings(&rule, &entries), [(120, Opened), (130, Resolved)], "2.5 m is expected at 01:30");
    let late = [vec![forecast(60, 2.0)], levels(&[(130, 9.0)])].concat();
    assert_eq!(rings(&rule, &late), [], "01:00 says nothing about 02:10");
}

#[test]
fn unknown_is_told_when_the_rule_asks_and_neither_opens_nor_closes_it() {
    let unseen = "[unseen]\nafter = \"30 min\"\nseverity = \"minor\"\n";
    let rule = combined("{ all = [\"lake\", \"wet\"] }", "") + unseen;
    let context = context(&[("both", rule.as_str())]);
    let mut entries = levels(&[(0, 2.6), (10, 2.6), (20, 2.6)]);
    entries.insert(0, reading(3, at(0), 20.0));
    // The lake is silent after 00:20, and its feed is by 00:40; 30 min later is a matter of the next full minute.
    let changes = run(&mut State::default(), &context, &entries, Some(at(85)));
    let turned: Vec<(i64, AlertChangeKind, Severity)> = changes
        .iter()
        .filter(|change| matches!(change.kind, Opened | Resolved))
        .map(|change| (change.at.since(midnight()).as_s() / 60, change.kind, change.alert.severity))
        .collect();
    assert_eq!(turned, [(0, Opened, Severity::Moderate), (71, Opened, Severity::Minor)]);
    // Dry is false whatever the lake does: false closes, and what is false can be seen.
    entries.push(reading(3, at(30), 0.0));
    let changes = run(&mut State::default(), &context, &entries, Some(at(85)));
    assert_eq!(turns(&changes), [(0, Opened), (30, Resolved)]);
}

/// The combined rule over: the lake is high (1), the bridge is high (2), it is wet (3).
fn combined(when: &str, more: &str) -> String {
    let condition = |name: &str, id: u32, line: f64| {
        format!(
            "[condition.{name}]\nkind = \"threshold\"\ndatastream = {id}\nstatistic = \"last\"\nabove = {line}\n{more}"
        )
    };
    let all = [("lake", 1, 2.5), ("bridge", 2, 2.5), ("wet", 3, 10.0)];
    let asked = all.iter().filter(|(name, ..)| when.contains(name));
    let conditions: String = asked.map(|(name, id, line)| condition(name, *id, *line)).collect();
    format!("kind = \"combined\"\nwhat = \"Trouble\"\n{conditions}[open]\nwhen = {when}\n")
}

type Three = [Option<bool>; 3];
type Table = fn(Three) -> Option<bool>;

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    and(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither)
}

fn two_of(all: Three) -> Option<bool> {
    let count = |wanted| all.iter().filter(|one| **one == wanted).count();
    match (count(Some(true)), count(None)) {
        (2.., _) => Some(true),
        (sure, unknown) if sure + unknown < 2 => Some(false),
        _ => None,
    }
}

/// Lake, bridge and rain told every five minutes from `from` to `until`; what is unknown is not told.
fn told_so(truths: Three, from: i64, until: i64) -> Vec<Entry> {
    let known = [1, 2, 3].into_iter().zip(truths).filter_map(|(id, truth)| Some((id, truth?)));
    let level = |truth| if truth { 30.0 } else { 0.0 };
    known.flat_map(|(id, truth)| (from..until).step_by(5).map(move |k| reading(id, at(k), level(truth)))).collect()
}

/// With the beats of both feeds, so that only what is not told is unknown.
fn run_told(state: &mut State, context: &watch::Context, mut entries: Vec<Entry>, until: i64) {
    entries.extend((0..until).step_by(5).flat_map(|k| ["water", "weather"].map(|feed| beat(feed, at(k), true))));
    entries.sort_by_key(|entry| entry.received);
    run(state, context, &entries, Some(at(until)));
}

#[test]
fn joined_conditions_open_when_true_and_close_when_false_by_kleenes_tables() {
    let tables: [(&str, Table); 5] = [
        ("{ all = [\"lake\", \"bridge\", \"wet\"] }", |[a, b, c]| and(and(a, b), c)),
        ("{ any = [\"lake\", \"bridge\", \"wet\"] }", |[a, b, c]| or(or(a, b), c)),
        ("{ all = [\"lake\", { not = \"wet\" }] }", |[a, _, c]| and(a, c.map(|c| !c))),
        ("{ all = [\"wet\", { any = [\"lake\", \"bridge\"] }] }", |[a, b, c]| and(c, or(a, b))),
        ("{ at_least = 2, of = [\"lake\", \"bridge\", \"wet\"] }", two_of),
    ];
    let values = [Some(true), Some(false), None];
    let all = (0..27_usize).map(|k| [values[k / 9], values[k / 3 % 3], values[k % 3]]);
    let all: Vec<Three> = all.collect();
    for (when, table) in tables {
        // It closes when it has been false for longer than anybody takes to fall silent.
        let text = combined(when, "") + "[close]\nfor = \"100 min\"\n";
        let context = context(&[("joined", text.as_str())]);
        let opens = *all.iter().find(|truths| table(**truths) == Some(true)).expect("it can be true");
        for truths in &all {
            let mut state = State::default();
            run_told(&mut state, &context, told_so(*truths, 0, 95), 96);
            let stands = state.alerts().count();
            assert_eq!(stands == 1, table(*truths) == Some(true), "{when} opens of {truths:?}");
            let mut state = State::default();
            let entries = [told_so(opens, 0, 95), told_so(*truths, 100, 400)].concat();
            run_told(&mut state, &context, entries, 400);
            let stands = state.alerts().count();
            assert_eq!(stands == 0, table(*truths) == Some(false), "{when} closes of {truths:?}");
        }
    }
}

#[test]
fn a_condition_is_remembered_for_so_long_and_no_longer() {
    let rule = combined("{ all = [\"lake\", \"wet\"] }", "remembered = \"30 min\"\n");
    let apart = |minutes: i64| {
        let mut entries = levels(&[(0, 2.0), (10, 2.6), (15, 2.0)]);
        // The lake goes on being told, low.
        entries.extend((1..=8).map(|k| reading(1, at(15 + k * 5), 2.0)));
        entries.push(reading(3, at(10 + minutes), 20.0));
        entries.sort_by_key(|entry| entry.received);
        turns(&run(&mut State::default(), &context(&[("rule", rule.as_str())]), &entries, None))
    };
    assert_eq!(apart(28), [(38, Opened), (46, Resolved)]);
    assert_eq!(apart(40), []);
}

#[test]
fn a_guard_holds_back_the_opening_and_never_the_closing() {
    let rule = on_lake(
        "kind = \"threshold\"\nstatistic = \"last\"",
        "[open]\nabove = 2.5\n[close]\nbelow = 2.4\n[guard]\nwhen = \"wind > 10.0\"\ninputs = { wind = 3 }\n",
    );
    let context = context(&[("guarded", rule.as_str())]);
    let with_wind = |wind: &[(i64, f64)], lake: &[(i64, f64)]| {
        let mut entries = levels(lake);
        entries.extend(wind.iter().map(|(minute, wind)| reading(3, at(*minute), *wind)));
        entries.sort_by_key(|entry| entry.received);
        turns(&run(&mut State::default(), &context, &entries, None))
    };
    let lake = [(0, 2.0), (10, 2.6), (20, 2.6), (30, 2.6), (40, 2.3)];
    assert_eq!(with_wind(&[(5, 20.0)], &lake), [(10, Opened), (40, Resolved)]);
    assert_eq!(with_wind(&[(5, 5.0)], &lake), []);
    assert_eq!(with_wind(&[(5, 5.0), (15, 20.0)], &lake), [(20, Opened), (40, Resolved)]);
    assert_eq!(with_wind(&[], &lake), [], "wind that nobody has told is unknown, and unknown opens nothing");
    assert_eq!(with_wind(&[(5, 20.0), (35, 0.0)], &lake), [(10, Opened), (40, Resolved)]);
}

#[test]
fn the_severity_rises_while_it_holds_and_falls_when_it_is_calm() {
    let rule = on_lake(
        "kind = \"threshold\"\nstatistic = \"last\"",
        "[open]\nabove = 2.5\n[close]\nbelow = 2.0\n[[severity_after]]\nheld = \"30 min\"\nseverity = \"severe\"\n\
         [[severity_after]]\nheld = \"1 h\"\nseverity = \"extreme\"\n[[severity_after]]\ncalm = \"20 min\"\n\
         severity = \"minor\"\n",
    );
    let context = context(&[("steps", rule.as_str())]);
    let entries = every_ten(&[&[2.6; 8][..], &[2.3; 4][..], &[2.6; 2][..], &[1.9][..]].concat());
    let changes = run(&mut State::default(), &context, &entries, None);
    let mut severities: Vec<(i64, Severity)> = Vec::new();
    for change in &changes {
        let now = (change.at.since(midnight()).as_s() / 60, change.alert.severity);
        if severities.last().is_none_or(|(_, before)| *before != now.1) {
            severities.push(now);
        }
    }
    // Above from 00:00 to 01:10; not above at 01:20, for 20 min at 01:40; above again at 02:00 as at first.
    assert_eq!(
        severities,
        [
            (0, Severity::Moderate),
            (30, Severity::Severe),
            (60, Severity::Extreme),
            (80, Severity::Moderate),
            (100, Severity::Minor),
            (120, Severity::Moderate),
        ]
    );
    assert_eq!(turns(&changes), [(0, Opened), (140, Resolved)], "one alert all the while");
}

#[test]
fn what_comes_and_goes_is_held_open_until_it_is_calm() {
    let rule = on_lake("kind = \"threshold\"\nstatistic = \"last\"", "[open]\nabove = 2.5\n[close]\nbelow = 2.4\n");
    // Up and down every five minutes for an hour and a half.
    let flapping: Vec<(i64, f64)> = (0..18).map(|k| (k * 5, if k % 2 == 0 { 2.6 } else { 2.3 })).collect();
    let calm: Vec<(i64, f64)> = (18..40).map(|k| (k * 5, 2.3)).collect();
    let context = context(&[("flaps", rule.as_str())]);
    let changes = run(&mut State::default(), &context, &levels(&[flapping, calm].concat()), None);
    assert_eq!(
        turns(&changes),
        [(0, Opened), (5, Resolved), (10, Opened), (15, Resolved), (20, Opened), (115, Resolved)]
    );
    let flaps: Vec<i64> = told(&changes).iter().filter(|(_, kind, _)| *kind == Flapping).map(|(m, _, _)| *m).collect();
    assert_eq!(flaps, [20]);
}

#[test]
fn a_thousand_triggers_of_one_condition_are_one_alert() {
    let rule = on_lake("kind = \"threshold\"\nstatistic = \"last\"", "[open]\nabove = 2.5\n[close]\nbelow = 2.4\n");
    let context = context(&[("high", rule.as_str())]);
    let opened = |entries: &[Entry]| {
        let changes = run(&mut State::default(), &context, entries, None);
        changes.iter().filter(|change| change.kind == Opened).count()
    };
    let row = |k: i64| city::Observation {
        datastream: city::DatastreamId(1),
        phenomenon_time: at(0) + Span::ms(k),
        result: 3.0 + k as f64 / 1e6,
    };
    let thousand: Vec<Entry> = (0..1000).map(|k| reading(1, at(0) + Span::ms(k), 3.0)).collect();
    assert_eq!(opened(&thousand), 1, "one after the other");
    let record = city::Record::Observations((0..1000).map(row).collect());
    let batch = Entry { feed: "water".into(), received: at(1), record };
    assert_eq!(opened(std::slice::from_ref(&batch)), 1, "in one batch");
    assert_eq!(opened(&vec![batch; 20]), 1, "told again and again");
    let same: Vec<Entry> = (0..1000).map(|_| reading(1, at(0), 3.0)).collect();
    assert_eq!(opened(&same), 1, "at one instant");
    // A storm of all conditions of a combined rule.
    let context = self::context(&[("any", combined("{ any = [\"lake\", \"bridge\", \"wet\"] }", "").as_str())]);
    let storm: Vec<Entry> = (0..1000_u32).map(|k| reading(k % 3 + 1, at(0) + Span::ms(k.into()), 30.0)).collect();
    let changes = run(&mut State::default(), &context, &storm, Some(at(5)));
    assert_eq!(turns(&changes), [(0, Opened)]);
}

#[test]
fn a_stretch_of_another_length_begins_anew() {
    let rule = |window: &str, statistic: &str| {
        on_lake(
            &format!("kind = \"threshold\"\nstatistic = \"{statistic}\"\ntumbling = true\nwindow = \"{window}\""),
            "[open]\nabove = 3\n[close]\nbelow = 2\n",
        )
    };
    let entries = every_ten(&[4.0; 18]);
    // Stretches count from 1970: the number of an hour is smaller than that of a quarter. A sum is no maximum.
    let edits = [("15 min", "mean", "1 h", "mean"), ("1 h", "sum", "1 h", "max"), ("1 h", "max", "15 min", "max")];
    for (window, statistic, new_window, new_statistic) in edits {
        let mut state = State::default();
        let before = context(&[("rule", &rule(window, statistic).replace("above = 3", "above = 300"))]);
        assert_eq!(turns(&run(&mut state, &before, &entries[..8], None)), [], "far below");
        let changes = run(&mut state, &context(&[("rule", &rule(new_window, new_statistic))]), &entries[8..], None);
        let told = turns(&changes);
        assert_eq!((told.len(), told[0].1), (1, Opened), "{window} {statistic} to {new_window}: {told:?}");
        assert!(changes[0].alert.title.contains('4') && !changes[0].alert.title.contains("24"), "{changes:?}");
    }
}

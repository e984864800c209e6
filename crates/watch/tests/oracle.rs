//! Figures beside an evaluator that works each of them out from all of history, again at every reading: in order, out
//! of order, corrected, restarted, cut into batches anyhow, on one thread or on four.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use std::collections::BTreeMap;

use city::alert::AlertChangeKind::{Opened, Resolved};
use city::record::Entry;
use city::{AlertChange, DatastreamId, Observation, Record, Span, Time};
use proptest::prelude::*;
use town::{context, midnight};
use watch::{State, run};

/// The longest normal gap of the town's gauges.
const BEAT: Span = Span::min(30);
/// The share of a window that must be covered.
const COVERED: f64 = 0.75;
const WINDOW: Span = Span::h(2);

/// What a figure says: its instant, its value, and whether the value is sure, at least or at most so much.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sure {
    Yes,
    AtLeast,
    AtMost,
    No,
}

type Known = BTreeMap<Time, f64>;

/// All that was known when reading `now` had come: every time with its newest value.
fn known(readings: &[(Time, f64)]) -> Known {
    readings.iter().copied().collect()
}

/// A statistic of the window that ends with the newest reading, by its definition.
fn window(statistic: &str, known: &Known) -> Option<(f64, Sure)> {
    let newest = *known.keys().next_back()?;
    let inside: Vec<(Time, f64)> =
        known.iter().map(|(k, v)| (*k, *v)).filter(|(k, _)| newest.since(*k) < WINDOW).collect();
    let values = || inside.iter().map(|(_, value)| *value);
    // Each reading stands for the time since the one before it, a beat at most; the first for that since the start.
    let mut before = newest - WINDOW;
    let mut covered = 0;
    for (when, _) in &inside {
        covered += when.since(before).as_ms().min(BEAT.as_ms());
        before = *when;
    }
    let whole = covered as f64 / WINDOW.as_ms() as f64 >= COVERED;
    let sum: f64 = values().sum();
    let (figure, otherwise) = match statistic {
        "mean" => (sum / inside.len() as f64, Sure::No),
        "sum" if values().any(|value| value < 0.0) => (sum, Sure::No),
        "sum" => (sum, Sure::AtLeast),
        "min" => (values().fold(f64::MAX, f64::min), Sure::AtMost),
        "max" => (values().fold(f64::MIN, f64::max), Sure::AtLeast),
        "trend" => {
            let hours = |when: Time| when.since(newest).as_h();
            let count = inside.len() as f64;
            let (mean_x, mean_y) = (inside.iter().map(|(k, _)| hours(*k)).sum::<f64>() / count, sum / count);
            let across: f64 = inside.iter().map(|(k, v)| (hours(*k) - mean_x) * (v - mean_y)).sum();
            let along: f64 = inside.iter().map(|(k, _)| (hours(*k) - mean_x).powi(2)).sum();
            let reach = newest.since(inside.first()?.0).as_ms() as f64;
            let enough = inside.len() >= 3 && reach >= COVERED * WINDOW.as_ms() as f64;
            return Some((if along > 0.0 { across / along } else { 0.0 }, if enough { Sure::Yes } else { Sure::No }));
        }
        other => panic!("{other}"),
    };
    Some((figure, if whole { Sure::Yes } else { otherwise }))
}

/// Three-valued: whether a figure is above a line.
fn above(figure: (f64, Sure), line: f64) -> Option<bool> {
    let holds = figure.0 > line;
    match figure.1 {
        Sure::Yes => Some(holds),
        Sure::AtLeast if holds => Some(true),
        _ => None,
    }
}

fn below(figure: (f64, Sure), line: f64) -> Option<bool> {
    let holds = figure.0 < line;
    match figure.1 {
        Sure::Yes => Some(holds),
        Sure::AtMost if holds => Some(true),
        _ => None,
    }
}

/// What a rule has seen at one reading: the instant that it is for, open and close, and whether a hole was before it.
struct Look {
    at: Time,
    received: Time,
    open: Option<bool>,
    close: Option<bool>,
    broken: bool,
}

/// When it opens and closes: the longest run of looks up to now, without a hole, in which the condition held.
fn turns(looks: &[Look], open_for: Span, close_for: Span) -> Vec<(Time, bool)> {
    let mut out = Vec::new();
    let (mut open, mut since) = (false, 0);
    for now in 0..looks.len() {
        let holds = |look: &Look| if open { look.close } else { look.open } == Some(true);
        let mut first = None;
        for k in (since..=now).rev() {
            if !holds(&looks[k]) {
                break;
            }
            first = Some(k);
            if looks[k].broken {
                break;
            }
        }
        let needed = if open { close_for } else { open_for };
        if first.is_some_and(|first| looks[now].at.since(looks[first].at) >= needed) {
            open = !open;
            since = now + 1;
            out.push((looks[now].received, open));
        }
    }
    out
}

/// Readings of the first gauge, in binary fractions so that no sum is rounded, in the order in which they come: some late by up to 40 min, some corrected.
fn readings(steps: &[(u8, u8, u8)]) -> Vec<(Time, Time, f64)> {
    let mut now = midnight();
    let mut out: Vec<(Time, Time, f64)> = Vec::new();
    for (k, (wait, how, level)) in steps.iter().enumerate() {
        now = now + Span::min(2 + i64::from(*wait) % 11) + if *wait > 250 { Span::h(1) } else { Span::default() };
        // Stretches of some hours, high, low and rising, so that every figure crosses its lines now and then.
        let base = [1.0, 2.625, 1.75][(k / 40) % 3] + if (k / 40) % 3 == 2 { (k % 40) as f64 / 32.0 } else { 0.0 };
        let value = base + f64::from(*level) / 512.0;
        let when = match how % 16 {
            0 => now - Span::min(i64::from(*how / 16) * 3 + 1),
            1 => out.last().map_or(now, |(_, when, _)| *when),
            _ => now,
        };
        out.push((now, when, value));
    }
    out
}

fn entry(received: Time, rows: &[(u32, Time, f64)]) -> Entry {
    let row = |(id, when, result): &(u32, Time, f64)| Observation {
        datastream: DatastreamId(*id),
        phenomenon_time: *when,
        result: *result,
    };
    Entry { feed: "water".into(), received, record: Record::Observations(rows.iter().map(row).collect()) }
}

fn opened_and_resolved(changes: &[AlertChange]) -> Vec<(Time, bool)> {
    let turn = |change: &&AlertChange| matches!(change.kind, Opened | Resolved);
    changes.iter().filter(turn).map(|change| (change.at, change.kind == Opened)).collect()
}

/// The rule and its lines: statistic, open above, close below.
const LINES: [(&str, f64, f64); 5] =
    [("mean", 2.2, 1.9), ("min", 2.0, 1.6), ("max", 2.8, 2.4), ("sum", 40.0, 30.0), ("trend", 0.3, 0.1)];
const OPEN_FOR: Span = Span::min(10);
const CLOSE_FOR: Span = Span::min(20);

fn rule(statistic: &str, open: f64, close: f64) -> String {
    let kind = if statistic == "trend" {
        "kind = \"trend\"\n".to_owned()
    } else {
        format!("kind = \"threshold\"\nstatistic = \"{statistic}\"\n")
    };
    format!(
        "{kind}what = \"The lake\"\ndatastream = 1\nwindow = \"2 h\"\n[open]\nabove = {open}\nfor = \"10 min\"\n[close]\n\
         below = {close}\nfor = \"20 min\"\n"
    )
}

/// What the rule should do, from all readings up to each.
fn naive(statistic: &str, open: f64, close: f64, readings: &[(Time, Time, f64)]) -> Vec<(Time, bool)> {
    let mut looks = Vec::new();
    let mut newest: Option<Time> = None;
    for now in 0..readings.len() {
        let (received, when, _) = readings[now];
        // What is older than the window counts for nothing.
        if newest.is_some_and(|newest| newest.since(when) >= WINDOW) {
            continue;
        }
        let all: Vec<(Time, f64)> = readings[..=now].iter().map(|(_, when, value)| (*when, *value)).collect();
        let known = known(&all);
        let broken = newest.is_some_and(|newest| when.since(newest) > BEAT);
        newest = newest.max(Some(when));
        let Some(figure) = window(statistic, &known) else { continue };
        looks.push(Look {
            at: newest.expect("a reading"),
            received,
            open: above(figure, open),
            close: below(figure, close),
            broken,
        });
    }
    turns(&looks, OPEN_FOR, CLOSE_FOR)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn windows_say_what_all_of_history_says_however_the_readings_come(
        steps in prop::collection::vec(any::<(u8, u8, u8)>(), 1..260),
    ) {
        let readings = readings(&steps);
        let entries: Vec<Entry> = readings.iter().map(|(now, when, value)| entry(*now, &[(1, *when, *value)])).collect();
        for (statistic, open, close) in LINES {
            let context = context(&[("lake", &rule(statistic, open, close))]);
            let changes = run(&mut State::default(), &context, &entries, None);
            // Flapping asks for a longer calm; an evaluator of figures alone knows nothing of it.
            prop_assume!(changes.iter().all(|change| !change.alert.flapping));
            let wanted = naive(statistic, open, close, &readings);
            prop_assert_eq!(opened_and_resolved(&changes), wanted, "{}", statistic);
        }
    }

    #[test]
    fn stretches_of_the_clock_say_what_their_readings_say(
        steps in prop::collection::vec((0_u8..=20, 0_u8..=100), 1..200),
        statistic in prop::sample::select(vec!["mean", "min", "max", "sum"]),
    ) {
        let window = Span::min(15);
        let line = if statistic == "sum" { 5.0 } else { 2.0 };
        let text = format!(
            "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"{statistic}\"\n\
             window = \"15 min\"\ntumbling = true\n[open]\nabove = {line}\nwindows = 2\n[close]\nbelow = {line}\n"
        );
        let context = context(&[("lake", &text)]);
        let mut now = midnight();
        let mut readings: Vec<(Time, f64)> = Vec::new();
        for (k, (wait, level)) in steps.iter().enumerate() {
            now = now + Span::min(i64::from(*wait) + 1);
            readings.push((now, if (k / 20) % 2 == 0 { 1.0 } else { 1.625 } + f64::from(*level) / 128.0));
        }
        let entries: Vec<Entry> = readings.iter().map(|(when, value)| entry(*when, &[(1, *when, *value)])).collect();
        let changes = run(&mut State::default(), &context, &entries, None);
        prop_assume!(changes.iter().all(|change| !change.alert.flapping));

        // Each stretch with readings is judged when the next reading comes after its end.
        let number = |when: Time| when.ms().div_euclid(window.as_ms());
        let mut looks = Vec::new();
        let mut last: Option<i64> = None;
        for (k, (when, _)) in readings.iter().enumerate().skip(1) {
            let stretch = number(readings[k - 1].0);
            if number(*when) == stretch {
                continue;
            }
            let inside: Vec<f64> =
                readings[..k].iter().filter(|(when, _)| number(*when) == stretch).map(|(_, value)| *value).collect();
            let figure = match statistic {
                "mean" => inside.iter().sum::<f64>() / inside.len() as f64,
                "sum" => inside.iter().sum(),
                "min" => inside.iter().copied().fold(f64::MAX, f64::min),
                _ => inside.iter().copied().fold(f64::MIN, f64::max),
            };
            looks.push(Look {
                at: Time::from_ms((stretch + 1) * window.as_ms()).expect("a time"),
                received: *when,
                open: Some(figure > line),
                close: Some(figure < line),
                broken: last.is_some_and(|last| stretch > last + 1),
            });
            last = Some(stretch);
        }
        let wanted = turns(&looks, window, Span::default());
        prop_assert_eq!(opened_and_resolved(&changes), wanted, "{}", statistic);
    }
}

/// The properties above would hold of evaluators that never say anything; these do.
#[test]
fn every_figure_of_the_oracle_opens_and_closes() {
    let small = |k: u32| u8::try_from(k % 256).unwrap_or_default();
    let steps: Vec<(u8, u8, u8)> = (0..250_u32).map(|k| (small(k * 37 % 250), small(k * 91), small(k * 53))).collect();
    let readings = readings(&steps);
    assert!(readings.windows(2).any(|pair| pair[1].1 < pair[0].1), "some come out of order");
    assert!(readings.windows(2).any(|pair| pair[1].1 == pair[0].1), "some are corrected");
    for (statistic, open, close) in LINES {
        let turns = naive(statistic, open, close, &readings);
        assert!(turns.len() >= 2, "{statistic}: {turns:?}");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// From a median absolute deviation to a standard deviation, for a normal distribution.
const SPREAD: f64 = 1.482_602_218_505_602;

/// Turns of a rule without `for`, from its figure at each reading; `None` where there is none.
fn off_turns(figures: &[(Time, Option<f64>)], off: f64, within: f64) -> Vec<(Time, bool)> {
    let mut open = false;
    let mut out = Vec::new();
    for (when, figure) in figures {
        let Some(figure) = figure else { continue };
        if if open { figure.abs() < within } else { figure.abs() > off } {
            open = !open;
            out.push((*when, open));
        }
    }
    out
}

fn deviation(against: &str, spreads: bool) -> String {
    let lines =
        if spreads { "[open]\noff = 3\n[close]\nwithin = 1\n" } else { "[open]\noff = 0.4\n[close]\nwithin = 0.2\n" };
    format!("kind = \"deviation\"\nwhat = \"The lake\"\ndatastream = 1\n{against}\nin_spreads = {spreads}\n{lines}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn past_weeks_say_what_all_of_them_say(
        steps in prop::collection::vec((0_i64..50, 0_u8..=100, 0_u8..12), 60..200),
        weeks in 2_u32..=8,
        spreads in any::<bool>(),
    ) {
        // Every twelve hours at some minute of the hour, some left out, and a second reading now and then.
        let mut readings: Vec<(Time, f64)> = Vec::new();
        for (k, (minute, level, how)) in (0_i64..).zip(&steps) {
            let when = midnight() + Span::h(k * 12) + Span::min(*minute);
            let value = 2.0 + f64::from(*level) / 100.0;
            match how {
                0 => {}
                1 => readings.extend([(when, value), (when + Span::min(5), value - 0.3)]),
                _ => readings.push((when, value)),
            }
        }
        let hour = |when: Time| when.ms().div_euclid(3_600_000);
        let figures: Vec<(Time, Option<f64>)> = (0..readings.len()).map(|now| {
            let (when, value) = readings[now];
            let mut by_hour: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (earlier, value) in &readings[..now] {
                if hour(*earlier) < hour(when) && (hour(when) - hour(*earlier)) % 168 == 0 {
                    by_hour.entry(hour(*earlier)).or_default().push(*value);
                }
            }
            let old = |earlier: &i64| hour(when).div_euclid(168) - earlier.div_euclid(168) > 2 * i64::from(weeks);
            // Seven digits of a mean are kept.
            #[expect(clippy::cast_possible_truncation, reason = "as the engine does")]
            let mean = |values: &Vec<f64>| f64::from((values.iter().sum::<f64>() / values.len() as f64) as f32);
            let newest = by_hour.iter().rev().take(weeks as usize).filter(|(earlier, _)| !old(earlier));
            let means: Vec<f64> = newest.map(|(_, values)| mean(values)).collect();
            if means.len() < 2 {
                return (when, None);
            }
            let middle = median(means.clone());
            let spread = SPREAD * median(means.iter().map(|mean| (mean - middle).abs()).collect());
            let figure = value - middle;
            (when, Some(if spreads { figure / spread.max(0.01 * middle.abs()) } else { figure }))
        }).collect();
        let (off, within) = if spreads { (3.0, 1.0) } else { (0.4, 0.2) };
        let wanted = off_turns(&figures, off, within);
        let context = context(&[("lake", &deviation(&format!("past_weeks = {weeks}"), spreads))]);
        let entries: Vec<Entry> = readings.iter().map(|(when, value)| entry(*when, &[(1, *when, *value)])).collect();
        let changes = run(&mut State::default(), &context, &entries, None);
        prop_assert_eq!(opened_and_resolved(&changes), wanted);
    }

    #[test]
    fn a_forecast_says_what_its_newest_points_say(
        steps in prop::collection::vec((0_u8..=100, 0_i64..240, 0_u8..=100), 1..150),
        spreads in any::<bool>(),
    ) {
        // A reading every 35 min, and with each a point of the forecast for some time from three hours ahead to one back.
        let mut points: BTreeMap<Time, f64> = BTreeMap::new();
        let (mut entries, mut figures, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (k, (level, ahead, expected)) in (0_i64..).zip(&steps) {
            let now = midnight() + Span::min(k * 35);
            let point = (now + Span::min(ahead - 60), 2.0 + f64::from(*expected) / 100.0);
            let value = 2.0 + f64::from(*level) / 100.0;
            entries.push(entry(now, &[(2, point.0, point.1)]));
            entries.push(entry(now, &[(1, now, value)]));
            points.insert(point.0, point.1);
            let before = points.range(..=now).next_back().filter(|(when, _)| now.since(**when) <= Span::h(1));
            let after = points.range(now + Span::ms(1)..).next().filter(|(when, _)| when.since(now) <= Span::h(1));
            let forecast = match (before, after) {
                (Some((from, low)), Some((to, high))) => {
                    let share = now.since(*from).as_ms() as f64 / to.since(*from).as_ms() as f64;
                    Some(low + (high - low) * share)
                }
                (Some((_, only)), None) | (None, Some((_, only))) => Some(*only),
                (None, None) => None,
            };
            let figure = forecast.and_then(|forecast| {
                let off = value - forecast;
                let past: Vec<f64> = errors.iter().rev().take(64).map(|error: &f64| error.abs()).collect();
                errors.push(off);
                match spreads {
                    false => Some(off),
                    true if past.len() < 8 => None,
                    true => Some(off / (SPREAD * median(past)).max(f64::MIN_POSITIVE)),
                }
            });
            figures.push((now, figure));
        }
        let (off, within) = if spreads { (3.0, 1.0) } else { (0.4, 0.2) };
        let context = context(&[("lake", &deviation("forecast = 2", spreads))]);
        let changes = run(&mut State::default(), &context, &entries, None);
        prop_assert_eq!(opened_and_resolved(&changes), off_turns(&figures, off, within));
    }
}

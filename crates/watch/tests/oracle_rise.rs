//! A slow rise beside an evaluator that draws the line through all of history again at every reading.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use std::collections::BTreeMap;

use city::record::Entry;
use city::{Span, Time};
use plain::series::{ends_hole, gauge};
use plain::{Book, Counts, Evaluator, Lines, Look, Maybe, Step, compare, in_some, readings};
use proptest::prelude::*;
use town::{beat, context, midnight};

const RULE: &str = "kind = \"rise\"\nwhat = \"The lake\"\ndatastreams = [1, 2]\ntrend_window = \"6 h\"\n[open]\n\
                    level = 3.0\nwithin = \"12 h\"\nsway = 0.125\nfor = \"10 min\"\n[close]\ndrop = 0.25\nfor = \"30 min\"\n";
const WINDOW_H: i64 = 6;
const WITHIN_H: f64 = 12.0;
const LEVEL: f64 = 3.0;
const SWAY: f64 = 0.125;
const DROP: f64 = 0.25;
const BEAT: Span = Span::min(30);

/// The readings that count, from all that came: a second value for a time corrects the first, as long as the hour of
/// single readings still holds it.
fn counted(told: &[(Time, f64)]) -> Vec<(Time, f64)> {
    let mut counted: Vec<(Time, f64)> = Vec::new();
    for (place, (at, value)) in told.iter().enumerate() {
        let newest = told[..place].iter().map(|(when, _)| *when).max();
        let held = newest.is_some_and(|newest| newest.since(*at) < Span::h(1));
        match counted.iter_mut().find(|(when, _)| held && when == at) {
            Some(first) => first.1 = *value,
            None => counted.push((*at, *value)),
        }
    }
    counted
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// The rise in an hour of the straight line through the means of the hours of the window; `None` with less than half of
/// them.
fn trend(counted: &[(Time, f64)]) -> Option<f64> {
    let hour = |at: Time| at.ms().div_euclid(3_600_000);
    let newest = counted.iter().map(|(at, _)| hour(*at)).max()?;
    let mut hours: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (at, value) in counted.iter().filter(|(at, _)| hour(*at) > newest - WINDOW_H) {
        hours.entry(hour(*at) - newest).or_default().push(*value);
    }
    if hours.len() < 2 || (hours.len() as f64) < WINDOW_H as f64 / 2.0 {
        return None;
    }
    let count = hours.len() as f64;
    let points: Vec<(f64, f64)> =
        hours.iter().map(|(x, values)| (*x as f64, values.iter().sum::<f64>() / values.len() as f64)).collect();
    let (mean_x, mean_y) =
        (points.iter().map(|(x, _)| x).sum::<f64>() / count, points.iter().map(|(_, y)| y).sum::<f64>() / count);
    let across: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    Some(across / points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>())
}

fn look(told: &[(Time, f64)]) -> Option<Look> {
    let counted = counted(told);
    let newest = told.iter().map(|(at, _)| *at).max()?;
    let last_hour = counted.iter().filter(|(at, _)| newest.since(*at) < Span::h(1)).map(|(_, value)| *value);
    let level = median(last_hour.collect());
    let heads_there: Maybe = if level >= LEVEL {
        Some(true)
    } else {
        trend(&counted).map(|trend| trend > 0.0 && LEVEL - SWAY - level <= trend * WITHIN_H)
    };
    let over = plain::every(&[Some(level < LEVEL - DROP), plain::not(heads_there)]);
    Some(Look { broken: ends_hole(told, BEAT), ..Look::new(newest, heads_there, over) })
}

struct Rises;

impl Evaluator for Rises {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        let lines = Lines { open_for: Span::min(10), close_for: Span::min(30), ..Lines::default() };
        for id in [1, 2] {
            gauge(id).judge(("lake", &lines), entries, step, book, look);
        }
    }
}

/// A level that climbs and falls for hours, in binary fractions so that no sum is rounded; some readings are late by up
/// to two hours, some corrected, some come together, and the feed falls silent now and then.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = midnight() + Span::s(5);
    let mut last = now;
    let mut entries = Vec::new();
    // Some begin when it is high already, and no trend is known yet.
    let high = if steps.first().is_some_and(|(_, which, _)| which % 2 == 0) { 75 } else { 0 };
    for (number, (wait, which, change)) in steps.iter().enumerate() {
        // Half of them on the minute, so that "for" is over to the second.
        let pause = if *wait < 128 { 300 } else { i64::from(*wait) * 5 + 1 };
        now = now + Span::s(pause) + if *wait > 246 { Span::min(33) } else { Span::default() };
        let phase = (high + number * 5 + usize::from(*wait) / 64) % 160;
        let slope = if phase < 80 { phase } else { 160 - phase };
        let value = 2.25 + f64::from(u32::try_from(slope).expect("small")) / 128.0 + f64::from(*change) / 1024.0;
        entries.push(match which % 16 {
            0 => readings("water", now, &[(1, now - Span::min(i64::from(*change) / 2), value)]),
            1 => readings("water", now, &[(1, last, value), (1, now, value)]),
            2 => readings("water", now, &[(1, last, value)]),
            3 => beat("water", now, change % 2 == 0),
            4 => readings("water", now, &[(2, now - Span::min(i64::from(*change % 40)), value)]),
            5..=7 => readings("water", now, &[(2, now, value), (1, now, value)]),
            _ => readings("water", now, &[(1, now, value)]),
        });
        last = now;
    }
    entries
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(midnight(), |entry| entry.received) + Span::min(45);
    compare(&context(&[("lake", RULE)]), &entries, until, restart, &Rises)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_rise_is_what_all_of_history_says(steps in plain::small(180), restart in 1_usize..600) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_rises() {
    let counts = in_some(180, |steps| checked(steps, 50));
    assert!(counts.opened > 8 && counts.resolved > 8 && counts.blinded > 3, "{counts:?}");
}

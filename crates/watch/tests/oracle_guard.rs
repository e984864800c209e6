//! Guards beside an evaluator that writes each of them out in three-valued logic, and looks up in all of history what
//! they ask for.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::Entry;
use city::{Severity, Span, Time};
use plain::series::{Series, ends_hole, gauge, is_late};
use plain::{Book, Counts, Evaluator, Lines, Look, Maybe, Step, compare, every, in_some, not, readings, some_of};
use proptest::prelude::*;
use town::{beat, load, midnight, parts};
use watch::{Context, Parts};

/// The guards; each stands before "above 2.5 for 4 min" on the first gauge.
const GUARDS: [&str; 5] = [
    "wind < 5.0 || value > 2.8",
    "hour >= 1 && hour < 3 && !(wind < 4.0)",
    "bridge - value > 0.1 && (wind >= 3.0 || month == 5)",
    "weekday == 4 ? wind < 6.0 : value > 2.0",
    "wind > bridge || wind == bridge || !(bridge < 2.5)",
];

/// What is known: the figure, the hour of the town's clock, wind and bridge where they can be seen.
fn holds(guard: usize, value: f64, hour: i64, wind: Option<f64>, bridge: Option<f64>) -> Maybe {
    match guard {
        0 => some_of(&[wind.map(|wind| wind < 5.0), Some(value > 2.8)]),
        1 => every(&[Some(hour >= 1), Some(hour < 3), not(wind.map(|wind| wind < 4.0))]),
        // It is May.
        2 => every(&[bridge.map(|bridge| bridge - value > 0.1), some_of(&[wind.map(|wind| wind >= 3.0), Some(true)])]),
        // 2 May 2024 is a Thursday.
        3 => wind.map(|wind| wind < 6.0),
        _ => {
            let both = |is: fn(f64, f64) -> bool| wind.zip(bridge).map(|(wind, bridge)| is(wind, bridge));
            let higher = bridge.map(|bridge| bridge >= 2.5);
            #[expect(clippy::float_cmp, reason = "as the guard has it")]
            some_of(&[both(|wind, bridge| wind > bridge), both(|wind, bridge| wind == bridge), higher])
        }
    }
}

const WIND: Series = Series { id: 3, feed: "weather", beat: Span::min(12), feed_beat: Span::min(9) };

const STEPS: [(bool, Span, Severity); 2] =
    [(true, Span::min(12), Severity::Severe), (false, Span::min(3), Severity::Minor)];

fn context() -> Context {
    let texts: Vec<(String, String)> = (0..)
        .zip(GUARDS)
        .map(|(number, guard)| {
            let text = format!(
                "kind = \"threshold\"\nwhat = \"L\"\ndatastream = 1\nstatistic = \"last\"\n[open]\nabove = 2.5\n\
                 for = \"4 min\"\n[close]\nbelow = 2.4\nfor = \"2 min\"\n[guard]\nwhen = \"{guard}\"\n\
                 inputs = {{ wind = 3, bridge = 2 }}\n[[severity_after]]\nheld = \"12 min\"\nseverity = \"severe\"\n\
                 [[severity_after]]\ncalm = \"3 min\"\nseverity = \"minor\"\n"
            );
            (format!("guard-{number}"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut parts = Parts { rules: load(&files).expect("the rules load"), ..parts() };
    for stream in parts.datastreams.iter_mut().filter(|stream| stream.id.0 == WIND.id) {
        stream.beat = WIND.beat;
    }
    for contract in parts.contracts.iter_mut().filter(|contract| contract.feed.as_str() == WIND.feed) {
        contract.beat = WIND.feed_beat;
    }
    Context::new(parts)
}

/// The newest reading of a series, by its time (of two for one time the one that came last), unless it is silent.
fn newest(series: Series, entries: &[Entry], now: Time) -> Option<f64> {
    let told = series.told(entries);
    let newest = told.iter().max_by_key(|(at, _)| *at).map(|(_, value)| *value);
    newest.filter(|_| !series.is_blind(entries, now))
}

struct Guards;

impl Evaluator for Guards {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        let now = step.now;
        let lines =
            Lines { open_for: Span::min(4), close_for: Span::min(2), severity_after: &STEPS, ..Lines::default() };
        for guard in 0..GUARDS.len() {
            let look = |told: &[(Time, f64)]| {
                let (at, value) = *told.last()?;
                if is_late(told) {
                    return None;
                }
                let hour = now.since(midnight()).as_s() / 3600 % 24;
                let (wind, bridge) = (newest(WIND, entries, now), newest(gauge(2), entries, now));
                let open = every(&[Some(value > 2.5), holds(guard, value, hour, wind, bridge)]);
                Some(Look { broken: ends_hole(told, Span::min(30)), ..Look::new(at, open, Some(value < 2.4)) })
            };
            gauge(1).judge((&format!("guard-{guard}"), &lines), entries, step, book, look);
        }
    }
}

/// Four hours of two gauges and the wind, in fractions that no sum rounds; some come late, some feeds fall silent.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = midnight() + Span::s(5);
    let mut entries = Vec::new();
    for (number, (wait, which, change)) in steps.iter().enumerate() {
        // Half of them on the minute, so that "for" is over to the second.
        let pause = if *wait < 128 { 60 } else { i64::from(*wait) / 2 + 1 };
        now = now + Span::s(pause) + if *wait > 251 { Span::min(21) } else { Span::default() };
        let late = if which % 32 == 31 { Span::min(i64::from(*change % 20)) } else { Span::default() };
        let swell = if number / 14 % 2 == 0 { 0.5 } else { 0.0 };
        let level = 2.125 + swell + f64::from(*change) / 1024.0;
        entries.push(match which % 8 {
            0..=3 => readings("water", now, &[(1, now - late, level)]),
            4 => readings("water", now, &[(2, now - late, level + 0.125)]),
            5 if number / 20 % 3 > 0 => readings("weather", now, &[(3, now - late, f64::from(*change) / 32.0)]),
            6 if number / 20 % 3 > 0 => beat("weather", now, change % 2 == 0),
            _ => beat("water", now, true),
        });
    }
    entries
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(midnight(), |entry| entry.received) + Span::min(35);
    compare(&context(), &entries, until, restart, &Guards)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn guards_hold_as_all_of_history_says(steps in plain::small(220), restart in 1_usize..600) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_guards() {
    let counts = in_some(220, |steps| checked(steps, 50));
    assert!(counts.opened > 20 && counts.resolved > 20 && counts.blinded > 3 && counts.graver > 10, "{counts:?}");
}

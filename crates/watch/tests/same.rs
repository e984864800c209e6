//! The same journal gives the same changes, byte for byte: however it is cut, restarted or ticked; and a threshold
//! says what an evaluator says that reads all of history again at every reading.
#![allow(clippy::expect_used, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{AlertChange, Span, Time};
use proptest::prelude::*;
use town::{at, beat, context, midnight, reading};
use watch::{Context, Event, State, TICK, run, step};

const RULES: [(&str, &str); 4] = [
    (
        "mean",
        "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"1 h\"\n\
         [open]\nabove = 2.5\nfor = \"20 min\"\n[close]\nbelow = 2.4\nfor = \"30 min\"\n",
    ),
    (
        "rise",
        "kind = \"rise\"\nwhat = \"The lake\"\ndatastreams = [1, 2]\ntrend_window = \"6 h\"\n[open]\nlevel = 3.0\n\
         within = \"12 h\"\nsway = 0.1\n[close]\ndrop = 0.2\nfor = \"1 h\"\n",
    ),
    ("silent", "kind = \"absence\"\nfeed = \"water\"\n"),
    ("gauges", "kind = \"absence\"\nthings = [1, 2]\nafter = \"25 min\"\n[close]\nfor = \"5 min\"\n"),
];

/// Two gauges over some hours with holes, jumps and failed polls, from a list of small numbers.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = midnight();
    let mut level = 2.2;
    let mut entries = Vec::new();
    for (wait, which, change) in steps {
        now = now + Span::s(i64::from(*wait) * 7 + 1);
        if *wait > 250 {
            now = now + Span::min(40);
        }
        level += (f64::from(*change) - 126.0) / 1000.0;
        entries.push(match which % 4 {
            0 | 1 => reading(1, now, level),
            2 => reading(2, now, level + 0.2),
            _ => beat("water", now, change % 2 == 0),
        });
    }
    entries
}

fn bytes(changes: &[AlertChange]) -> String {
    serde_json::to_string(changes).expect("JSON")
}

/// Every tick of the grid by `step`, none jumped over.
fn ticked(context: &Context, entries: &[Entry], until: Time) -> (State, Vec<AlertChange>) {
    let mut state = State::default();
    let mut out = Vec::new();
    let mut next: Option<Time> = None;
    for entry in entries {
        next = next.map(|next| tick_up_to(&mut state, context, next, entry.received, &mut out));
        out.extend(step(&mut state, context, &Event::Entry(entry)));
        next = next.or(Some(entry.received.floor(TICK) + TICK));
    }
    if let Some(next) = next {
        tick_up_to(&mut state, context, next, until, &mut out);
    }
    (state, out)
}

fn tick_up_to(state: &mut State, context: &Context, mut next: Time, until: Time, out: &mut Vec<AlertChange>) -> Time {
    while next <= until {
        out.extend(step(state, context, &Event::Tick(next)));
        next = next + TICK;
    }
    next
}

/// What the rule `mean` should do, from all readings so far, again at every reading.
/// Readings come in order here and each is known at its own time.
fn naive(readings: &[(Time, f64)]) -> Vec<(Time, AlertChangeKind)> {
    let (window, beat) = (Span::h(1), Span::min(30));
    let mean_at = |now: usize| -> Option<f64> {
        let newest = readings[now].0;
        let inside: Vec<(Time, f64)> =
            readings[..=now].iter().copied().filter(|(when, _)| newest.since(*when) < window).collect();
        let mut covered = 0;
        let mut before = newest - window;
        for (when, _) in &inside {
            covered += when.since(before).as_ms().min(beat.as_ms());
            before = *when;
        }
        let whole = covered as f64 / window.as_ms() as f64 >= 0.75;
        whole.then(|| inside.iter().map(|(_, level)| level).sum::<f64>() / inside.len() as f64)
    };
    // Since when, up to reading `now`, something has been so without a hole in the readings.
    let held = |now: usize, holds: &dyn Fn(f64) -> bool, not_before: usize| -> Option<Span> {
        let mut first = None;
        for k in (not_before..=now).rev() {
            if !mean_at(k).is_some_and(holds) {
                break;
            }
            first = Some(k);
            if k > 0 && readings[k].0.since(readings[k - 1].0) > beat {
                break;
            }
        }
        first.map(|first| readings[now].0.since(readings[first].0))
    };
    let mut out = Vec::new();
    let (mut open, mut changed) = (false, 0);
    for (now, (when, _)) in readings.iter().enumerate() {
        let (long_enough, kind) = if open {
            (held(now, &|mean| mean < 2.4, changed).is_some_and(|h| h >= Span::min(30)), AlertChangeKind::Resolved)
        } else {
            (held(now, &|mean| mean > 2.5, changed).is_some_and(|h| h >= Span::min(20)), AlertChangeKind::Opened)
        };
        if long_enough {
            out.push((*when, kind));
            open = !open;
            changed = now + 1;
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_restart_anywhere_changes_nothing(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 1..200),
        cut in any::<prop::sample::Index>(),
    ) {
        let context = context(&RULES);
        let entries = journal(&steps);
        let until = entries.last().map(|entry| entry.received + Span::h(2));
        let straight = run(&mut State::default(), &context, &entries, until);
        let again = run(&mut State::default(), &context, &entries, until);
        prop_assert_eq!(bytes(&straight), bytes(&again));

        let (before, after) = entries.split_at(cut.index(entries.len()));
        let mut state = State::default();
        let mut changes = run(&mut state, &context, before, None);
        let snapshot = postcard::to_stdvec(&state).expect("a snapshot");
        let mut state: State = postcard::from_bytes(&snapshot).expect("the snapshot reads");
        changes.extend(run(&mut state, &context, after, until));
        prop_assert_eq!(bytes(&straight), bytes(&changes));
    }

    #[test]
    fn jumping_over_ticks_changes_nothing(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 1..60),
    ) {
        let context = context(&RULES);
        let entries = journal(&steps);
        let until = entries.last().map_or(midnight(), |entry| entry.received) + Span::h(3);
        let mut state = State::default();
        let jumped = run(&mut state, &context, &entries, Some(until));
        let (ticked_state, ticked) = ticked(&context, &entries, until);
        prop_assert_eq!(bytes(&jumped), bytes(&ticked));
        prop_assert_eq!(state, ticked_state);
    }

    #[test]
    fn a_threshold_says_what_all_of_history_says(
        steps in prop::collection::vec((1_u8..=9, 0_u8..=60), 1..300),
        hole in any::<prop::sample::Index>(),
    ) {
        let context = context(&RULES[..1]);
        let mut now = midnight();
        let hole = hole.index(steps.len());
        let mut readings = Vec::new();
        for (k, (wait, level)) in steps.iter().enumerate() {
            now = now + Span::min(i64::from(*wait) * 3 + if k == hole { 50 } else { 0 });
            // Whole stretches above and below, so that the mean crosses both lines now and then.
            let base = if (k / 25) % 2 == 0 { 2.125 } else { 2.5625 };
            readings.push((now, base + f64::from(*level) / 256.0)); // binary fractions: no sum is rounded
        }
        let entries: Vec<Entry> = readings.iter().map(|(when, level)| reading(1, *when, *level)).collect();
        let changes = run(&mut State::default(), &context, &entries, None);
        let told: Vec<(Time, AlertChangeKind)> = changes
            .iter()
            .filter(|change| matches!(change.kind, AlertChangeKind::Opened | AlertChangeKind::Resolved))
            .map(|change| (change.at, change.kind))
            .collect();
        prop_assert_eq!(told, naive(&readings));
    }
}

#[test]
fn readings_out_of_order_end_in_the_same_window() {
    let context = context(&RULES[..1]);
    let minutes = [0, 10, 20, 30, 40, 50, 60, 70, 80];
    let level = |minute: i64| 2.4 + minute as f64 / 200.0;
    let mut shuffled: Vec<Entry> = [0, 20, 10, 30, 50, 40, 60, 70, 80].map(|m| reading(1, at(m), level(m))).to_vec();
    for (place, entry) in shuffled.iter_mut().enumerate() {
        entry.received = at(minutes[place]);
    }
    let ordered: Vec<Entry> = minutes.map(|m| reading(1, at(m), level(m))).to_vec();
    let opened = |entries: &[Entry]| {
        let changes = run(&mut State::default(), &context, entries, None);
        changes.first().map(|change| (change.at, change.alert.title.clone()))
    };
    assert!(opened(&ordered).is_some());
    assert_eq!(opened(&shuffled), opened(&ordered));
}

/// The property above would hold of two evaluators that never say anything; this pair does not.
#[test]
fn the_naive_evaluator_and_the_engine_both_open_and_close() {
    let level = |minute: i64| if (120..300).contains(&minute) { 2.7 } else { 2.2 };
    let readings: Vec<(Time, f64)> = (0..60).map(|k| (at(k * 10), level(k * 10))).collect();
    let kinds: Vec<AlertChangeKind> = naive(&readings).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [AlertChangeKind::Opened, AlertChangeKind::Resolved]);
    let entries: Vec<Entry> = readings.iter().map(|(when, level)| reading(1, *when, *level)).collect();
    let changes = run(&mut State::default(), &context(&RULES[..1]), &entries, None);
    assert!(changes.iter().any(|change| change.kind == AlertChangeKind::Opened));
}

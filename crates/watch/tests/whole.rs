//! All kinds of rules at once over one journal: the same changes byte for byte however it is restarted, ticked, cut or
//! spread over threads.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use std::collections::BTreeSet;

use city::record::Entry;
use city::{AlertChange, DatastreamId, Observation, Record, Span, Time};
use proptest::prelude::*;
use town::{at, beat, context, context_with, midnight, position_at, request, timetable, update};
use watch::{Context, Event, State, TICK, run, step};

/// Rules that only their own series moves: for them a batch is as good as its readings.
const FIGURES: [(&str, &str); 6] = [
    (
        "last",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastreams = [1, 2]\nstatistic = \"last\"\n[open]\nabove = 2.5\n\
         [close]\nbelow = 2.4\n[[severity_after]]\nheld = \"20 min\"\nseverity = \"severe\"\n",
    ),
    (
        "mean",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastreams = [1, 2]\nstatistic = \"mean\"\nwindow = \"1 h\"\n[open]\n\
         above = 2.4\nfor = \"10 min\"\n[close]\nbelow = 2.3\nfor = \"5 min\"\n",
    ),
    (
        "least",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastream = 1\nstatistic = \"min\"\nwindow = \"30 min\"\n[open]\n\
         above = 2.3\n[close]\nbelow = 2.2\n",
    ),
    (
        "trend",
        "kind = \"trend\"\nwhat = \"L\"\ndatastreams = [1, 2]\nwindow = \"1 h\"\n[open]\nabove = 0.1\n[close]\n\
         below = 0.05\n",
    ),
    (
        "rise",
        "kind = \"rise\"\nwhat = \"L\"\ndatastreams = [1, 2]\ntrend_window = \"6 h\"\n[open]\nlevel = 2.6\n\
         within = \"12 h\"\nsway = 0.1\n[close]\ndrop = 0.2\n",
    ),
    (
        "forecast",
        "kind = \"deviation\"\nwhat = \"L\"\ndatastream = 1\nforecast = 2\nin_spreads = true\n[open]\noff = 2\n\
         [close]\nwithin = 1\n",
    ),
];

/// Rules that look at more than one thing, at the clock, or at runs.
const OTHERS: [(&str, &str); 10] = [
    (
        "guarded",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastream = 1\nstatistic = \"last\"\n[open]\nabove = 2.4\n[close]\n\
         below = 2.3\n[guard]\nwhen = \"bridge > 2.5\"\ninputs = { bridge = 2 }\n",
    ),
    (
        "hours",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastreams = [1, 2]\nstatistic = \"max\"\nwindow = \"15 min\"\n\
         tumbling = true\n[open]\nabove = 2.5\n[close]\nbelow = 2.4\n",
    ),
    ("silent", "kind = \"absence\"\nfeed = \"water\"\n"),
    ("gauges", "kind = \"absence\"\nthings = [1, 2]\nafter = \"25 min\"\n[close]\nfor = \"5 min\"\n"),
    (
        "together",
        "kind = \"combined\"\nwhat = \"T\"\n[condition.high]\nkind = \"threshold\"\ndatastream = 1\n\
         statistic = \"last\"\nabove = 2.4\nfor = \"5 min\"\nremembered = \"10 min\"\n[condition.bridge]\n\
         alert_of = \"last\"\n[condition.bunch]\nkind = \"headway\"\ntimetable = \"timetable\"\nfeed = \"updates\"\n\
         [condition.bunch.open]\nbunched_below = 0.5\npairs = 1\n[open]\n\
         when = { at_least = 2, of = [\"high\", \"bridge\", \"bunch\"] }\nfor = \"2 min\"\n[unseen]\nafter = \"10 min\"\n\
         severity = \"minor\"\n",
    ),
    (
        "zone",
        "kind = \"zone\"\nzone = \"centre\"\ntimetable = \"timetable\"\nfeed = \"positions\"\nwhere = \"inside\"\n\
         stay = \"2 min\"\n[open]\nvehicles = 2\n[close]\nvehicles_below = 1\nfor = \"2 min\"\n",
    ),
    (
        "headway",
        "kind = \"headway\"\ntimetable = \"timetable\"\nfeeds = [\"positions\", \"updates\"]\n[open]\n\
         bunched_below = 0.5\ngap_above = 1.5\npairs = 1\n",
    ),
    (
        "asked",
        "kind = \"requests\"\nwhat = \"R\"\nfeed = \"requests\"\nservices = [\"a\", \"b\"]\nwindow = \"1 h\"\n\
         each = \"cell\"\n[open]\nrequests = 4\nfor = \"3 min\"\n[close]\nrequests_below = 2\nfor = \"1 min\"\n\
         [[severity_after]]\nheld = \"10 min\"\nseverity = \"severe\"\n",
    ),
    (
        "asked-there",
        "kind = \"combined\"\nwhat = \"T\"\n[condition.high]\nkind = \"threshold\"\ndatastream = 1\n\
         statistic = \"last\"\nabove = 2.3\nremembered = \"30 min\"\n[condition.asked]\nkind = \"requests\"\nwhat = \"R\"\n\
         feed = \"requests\"\nservice = \"b\"\nwindow = \"2 h\"\nzone = \"centre\"\n[condition.asked.open]\nrequests = 3\n\
         [open]\nwhen = { all = [\"high\", \"asked\"] }\n",
    ),
    (
        "late",
        "kind = \"trip\"\ntimetable = \"timetable\"\nfeed = \"updates\"\n[open]\nlate_by = \"5 min\"\ntrips = 1\n\
         [close]\ntrips_below = 1\n",
    ),
];

fn all_rules() -> Vec<(&'static str, &'static str)> {
    FIGURES.iter().chain(&OTHERS).copied().collect()
}

/// The morning from 06:00, when the town's buses run: readings, failed polls, positions and delays from small numbers.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = at(360);
    let mut level = 2.3;
    let mut entries = Vec::new();
    for (k, (wait, which, change)) in steps.iter().enumerate() {
        now = now + Span::s(i64::from(*wait) / 2 + 1) + if *wait > 252 { Span::min(40) } else { Span::default() };
        level += (f64::from(*change) - 127.0) / 1500.0;
        let run = u32::from(*change) % 4;
        let seconds = i64::from(*change) * 10;
        entries.push(match which % 12 {
            0..=2 => readings(now, &[(1, now, level)]),
            3 => readings(now, &[(2, now, level + 0.2)]),
            4 => readings(now, &[(1, now - Span::s(seconds), level - 0.1), (2, now, level), (1, now, level)]),
            5 => beat("water", now, change % 2 == 0),
            6 | 7 => position_at(run, now, f64::from(*which) / 12_000.0, 0.0),
            10 | 11 => {
                // Few tickets, so that some are told again, closed, or moved to another hour or code.
                let (id, code) = (u32::from(*change) % 97, if which % 3 == 0 { "a" } else { "b" });
                let east = f64::from(*change % 3) / 100.0 - 0.01;
                request(id, code, now, Span::min(i64::from(*wait % 120)), east, 0.0)
            }
            8 => update(run, now, i32::from(*change) * 5 - 200),
            _ => beat(if k % 2 == 0 { "positions" } else { "updates" }, now, true),
        });
    }
    entries
}

fn readings(received: Time, rows: &[(u32, Time, f64)]) -> Entry {
    let row = |(id, when, result): &(u32, Time, f64)| Observation {
        datastream: DatastreamId(*id),
        phenomenon_time: *when,
        result: *result,
    };
    Entry { feed: "water".into(), received, record: Record::Observations(rows.iter().map(row).collect()) }
}

fn bytes(changes: &[AlertChange]) -> String {
    serde_json::to_string(changes).expect("JSON")
}

fn until(entries: &[Entry]) -> Time {
    entries.last().map_or(midnight(), |entry| entry.received) + Span::h(2)
}

/// Every tick of the grid by `step`, none jumped over.
fn ticked(context: &Context, entries: &[Entry], until: Time) -> (State, Vec<AlertChange>) {
    let mut state = State::default();
    let mut out = Vec::new();
    let Some(first) = entries.first() else { return (state, out) };
    let mut next = first.received.floor(TICK) + TICK;
    let mut tick_up_to = |state: &mut State, out: &mut Vec<AlertChange>, until: Time| {
        while next <= until {
            out.extend(step(state, context, &Event::Tick(next)));
            next = next + TICK;
        }
    };
    for entry in entries {
        tick_up_to(&mut state, &mut out, entry.received);
        out.extend(step(&mut state, context, &Event::Entry(entry)));
    }
    tick_up_to(&mut state, &mut out, until);
    (state, out)
}

fn steps(most: usize) -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec(any::<(u8, u8, u8)>(), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_restart_anywhere_changes_nothing_for_any_kind(steps in steps(300), cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let context = context(&all_rules());
        let entries = journal(&steps);
        let until = until(&entries);
        let mut whole = State::default();
        let straight = run(&mut whole, &context, &entries, Some(until));
        let cuts: BTreeSet<usize> = cuts.iter().map(|cut| cut.index(entries.len())).collect();
        let mut state = State::default();
        let mut changes = Vec::new();
        let mut from = 0;
        for cut in cuts {
            changes.extend(run(&mut state, &context, &entries[from..cut], None));
            let snapshot = postcard::to_stdvec(&state).expect("a snapshot");
            state = postcard::from_bytes(&snapshot).expect("the snapshot reads");
            from = cut;
        }
        changes.extend(run(&mut state, &context, &entries[from..], Some(until)));
        prop_assert_eq!(bytes(&straight), bytes(&changes));
        prop_assert_eq!(whole, state);
    }

    #[test]
    fn every_tick_by_step_is_as_good_as_jumping(steps in steps(120)) {
        let context = context(&all_rules());
        let entries = journal(&steps);
        let mut state = State::default();
        let jumped = run(&mut state, &context, &entries, Some(until(&entries)));
        let (ticked_state, ticked) = ticked(&context, &entries, until(&entries));
        prop_assert_eq!(bytes(&jumped), bytes(&ticked));
        prop_assert_eq!(state, ticked_state);
    }

    #[test]
    fn a_batch_is_as_good_as_its_readings(steps in steps(150), size in 2_usize..40) {
        let context = context(&FIGURES);
        let mut now = at(0);
        let mut level = 2.3;
        let rows: Vec<(u32, Time, f64)> = steps.iter().map(|(wait, which, change)| {
            now = now + Span::s(i64::from(*wait) + 1) + if *wait > 252 { Span::min(40) } else { Span::default() };
            level += (f64::from(*change) - 127.0) / 300.0;
            level = level.clamp(2.0, 2.8);
            (1 + u32::from(*which % 2), now - Span::s(if *which > 240 { 600 } else { 0 }), level)
        }).collect();
        let by_batch = |at_once: bool| {
            let entries: Vec<Entry> = rows.chunks(size).flat_map(|chunk| {
                let received = chunk.iter().map(|(_, when, _)| *when).max().unwrap_or(now);
                let each = if at_once { chunk.len() } else { 1 };
                chunk.chunks(each).map(move |part| readings(received, part)).collect::<Vec<_>>()
            }).collect();
            run(&mut State::default(), &context, &entries, Some(now + Span::h(1)))
        };
        prop_assert_eq!(bytes(&by_batch(true)), bytes(&by_batch(false)));
    }
}

#[test]
fn one_thread_and_four_say_the_same_of_large_batches() {
    let row = |k: i64| {
        let level = 2.3 + 0.4 * (k as f64 / 900.0).sin() + 0.05 * (k as f64 / 7.0).sin();
        (if k % 2 == 0 { 1 } else { 2 }, at(0) + Span::s(k), level)
    };
    let entries: Vec<Entry> = (0..4_i64)
        .map(|batch| {
            let rows: Vec<(u32, Time, f64)> = (batch * 10_000..(batch + 1) * 10_000).map(row).collect();
            readings(at(0) + Span::s((batch + 1) * 10_000), &rows)
        })
        .collect();
    let with = |workers: usize| {
        let mut state = State::default();
        let context = context_with(&all_rules(), timetable(), workers);
        let changes = run(&mut state, &context, &entries, Some(at(800)));
        (bytes(&changes), state)
    };
    let (one, four) = (with(1), with(4));
    assert!(one.0.len() > 10_000, "there is something to say");
    assert!(one == four);
}

/// The properties above would hold of rules that never ring; each of these does, somewhere.
#[test]
fn every_kind_rings_somewhere_in_such_a_journal() {
    let context = context(&all_rules());
    let mut rang = BTreeSet::new();
    for seed in 0..12_u32 {
        let small = |k: u32, by: u32| u8::try_from((k * by + seed * 101 + k * k / 7) % 256).unwrap_or_default();
        let steps: Vec<(u8, u8, u8)> = (0..400).map(|k| (small(k, 73), small(k, 151), small(k, 199))).collect();
        let entries = journal(&steps);
        let changes = run(&mut State::default(), &context, &entries, Some(until(&entries)));
        rang.extend(changes.iter().map(|change| change.alert.key.rule.to_string()));
    }
    let silent: Vec<&str> = all_rules().iter().map(|(name, _)| *name).filter(|name| !rang.contains(*name)).collect();
    assert!(silent.is_empty(), "these never rang: {silent:?}");
}

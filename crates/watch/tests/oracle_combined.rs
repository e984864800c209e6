//! Combined rules beside an evaluator that works out every condition from all of history, writes the formulas out in
//! three-valued logic, and looks where docs/rules.md says that a combined rule is looked at: "with every change of a
//! condition, and every minute". All that comes here comes on the grid of ticks, as silence is noticed by ticks.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::Entry;
use city::{Severity, Span, Time};
use plain::series::{Series, ends_hole, gauge, is_late};
use plain::{Book, Counts, Evaluator, Lines, Look, Maybe, Step, compare, every, in_some, is_silent, not, readings};
use plain::{some_of, words_of};
use proptest::prelude::*;
use town::{beat, load, midnight, parts};
use watch::{Context, Parts};

const RULES: [(&str, &str); 5] = [
    (
        "bridge",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastream = 2\nstatistic = \"last\"\n[open]\nabove = 2.6\n[close]\n\
         below = 2.5\n",
    ),
    (
        "all",
        "kind = \"combined\"\nwhat = \"A\"\n[condition.lake]\nkind = \"threshold\"\ndatastreams = [1, 2]\n\
         statistic = \"last\"\nabove = 2.5\nfor = \"3 min\"\n[condition.rain]\nkind = \"threshold\"\ndatastream = 3\n\
         statistic = \"last\"\nabove = 4.0\nremembered = \"8 min\"\n[open]\nwhen = { all = [\"lake\", \"rain\"] }\n\
         for = \"5 min\"\n[close]\nfor = \"2 min\"\n",
    ),
    (
        "count",
        "kind = \"combined\"\nwhat = \"C\"\n[condition.bridge]\nalert_of = \"bridge\"\n[condition.low]\n\
         kind = \"threshold\"\ndatastream = 1\nstatistic = \"last\"\nbelow = 2.5\n[condition.quiet]\nkind = \"absence\"\n\
         feed = \"weather\"\n[condition.rain]\nkind = \"threshold\"\ndatastream = 3\nstatistic = \"last\"\nabove = 4.0\n\
         [open]\nwhen = { at_least = 2, of = [\"bridge\", \"quiet\", \"rain\", { not = \"low\" }] }\n[close]\n\
         when = { all = [\"low\", { not = \"bridge\" }] }\nfor = \"1 min\"\n[unseen]\nafter = \"4 min\"\n\
         severity = \"minor\"\n[[severity_after]]\nheld = \"6 min\"\nseverity = \"severe\"\n[[severity_after]]\n\
         calm = \"2 min\"\nseverity = \"info\"\n",
    ),
    (
        "guarded",
        "kind = \"combined\"\nwhat = \"G\"\n[condition.lake]\nkind = \"threshold\"\ndatastream = 1\n\
         statistic = \"last\"\nabove = 2.5\n[condition.bridge]\nalert_of = \"bridge\"\nremembered = \"5 min\"\n[open]\n\
         when = { any = [\"lake\", \"bridge\"] }\n[guard]\nwhen = \"rain < 6.0 || hour >= 2\"\ninputs = { rain = 3 }\n",
    ),
    (
        "on-others",
        "kind = \"combined\"\nwhat = \"O\"\ndamped = false\n[condition.all]\nalert_of = \"all\"\n[condition.count]\n\
         alert_of = \"count\"\n[condition.guarded]\nalert_of = \"guarded\"\n[open]\n\
         when = { any = [\"all\", { all = [\"count\", { not = \"guarded\" }] }] }\nfor = \"90 s\"\n",
    ),
];

const RAIN: Series = Series { id: 3, feed: "weather", beat: Span::min(8), feed_beat: Span::min(6) };
const COUNT_STEPS: [(bool, Span, Severity); 2] =
    [(true, Span::min(6), Severity::Severe), (false, Span::min(2), Severity::Info)];

fn context() -> Context {
    let mut parts = Parts { rules: load(&RULES).expect("the rules load"), ..parts() };
    for stream in parts.datastreams.iter_mut().filter(|stream| stream.id.0 == RAIN.id) {
        stream.beat = RAIN.beat;
    }
    for contract in parts.contracts.iter_mut().filter(|contract| contract.feed.as_str() == RAIN.feed) {
        contract.beat = RAIN.feed_beat;
    }
    Context::new(parts)
}

/// The readings of a series in the order of their time; one for a time before another that has come counts nothing.
fn in_order(series: Series, entries: &[Entry]) -> Vec<(Time, f64)> {
    let told = series.told(entries);
    (1..=told.len()).filter(|known| !is_late(&told[..*known])).map(|known| told[known - 1]).collect()
}

/// Whether the newest reading is on that side, and has been for so long without a hole; whatever is silent.
fn on_side(series: Series, entries: &[Entry], holds: &dyn Fn(f64) -> bool, long: Span) -> Maybe {
    let told = in_order(series, entries);
    let (newest, _) = told.last()?;
    let mut since = None;
    for (place, (at, value)) in told.iter().enumerate().rev() {
        if !holds(*value) {
            break;
        }
        since = Some(*at);
        if place > 0 && at.since(told[place - 1].0) > series.beat {
            break;
        }
    }
    Some(since.is_some_and(|since| newest.since(since) >= long))
}

/// A condition on series: true on any of them; what is silent is unknown.
fn on_any(of: &[Series], entries: &[Entry], now: Time, holds: &dyn Fn(f64) -> bool, long: Span) -> Maybe {
    let seen = |series: &Series| on_side(*series, entries, holds, long).filter(|_| !series.is_blind(entries, now));
    some_of(&of.iter().map(seen).collect::<Vec<_>>())
}

/// The conditions of a rule, its guard last.
fn conditions(rule: &str, entries: &[Entry], now: Time, book: &Book) -> Vec<Maybe> {
    let none = Span::default();
    let above = |of: &[Series], line: f64, long| on_any(of, entries, now, &|value| value > line, long);
    match rule {
        "all" => vec![above(&[gauge(1), gauge(2)], 2.5, Span::min(3)), above(&[RAIN], 4.0, none)],
        "count" => {
            let silent = is_silent(words_of(entries, "weather"), entries, RAIN.feed_beat, now);
            let ever = words_of(entries, "weather").next().is_some();
            let low = on_any(&[gauge(1)], entries, now, &|value| value < 2.5, none);
            let quiet = Some(silent).filter(|silent| *silent || ever);
            vec![Some(book.stands("bridge")), low, quiet, above(&[RAIN], 4.0, none)]
        }
        "guarded" => {
            let hour = now.since(midnight()).as_s() / 3600 % 24;
            let rain = in_order(RAIN, entries).last().map(|(_, value)| *value);
            let rain = rain.filter(|_| !RAIN.is_blind(entries, now));
            let guard = some_of(&[rain.map(|rain| rain < 6.0), Some(hour >= 2)]);
            vec![Some(book.stands("bridge")), above(&[gauge(1)], 2.5, none), guard]
        }
        _ => ["all", "count", "guarded"].map(|rule| Some(book.stands(rule))).to_vec(),
    }
}

/// What each series says for each condition of a rule, whatever is silent; and how many readings its guard has had.
fn said(rule: &str, entries: &[Entry]) -> (Vec<Maybe>, usize) {
    let none = Span::default();
    let above = |series: Series, line: f64, long| on_side(series, entries, &|value| value > line, long);
    let rain = above(RAIN, 4.0, none);
    match rule {
        "all" => (vec![above(gauge(1), 2.5, Span::min(3)), above(gauge(2), 2.5, Span::min(3)), rain], 0),
        "count" => (vec![on_side(gauge(1), entries, &|value| value < 2.5, none), rain], 0),
        "guarded" => (vec![above(gauge(1), 2.5, none)], in_order(RAIN, entries).len()),
        _ => (Vec::new(), 0),
    }
}

/// For how long each condition of a rule counts after it last was.
fn remembered(rule: &str) -> Vec<Span> {
    let none = Span::default();
    match rule {
        "all" => vec![none, Span::min(8)],
        "guarded" => vec![Span::min(5), none, none],
        _ => vec![none; 4],
    }
}

/// When it opens, and when it closes.
fn formulas(rule: &str, of: &[Maybe]) -> (Maybe, Maybe) {
    match rule {
        "all" => (every(of), not(every(of))),
        "count" => {
            let four = [of[0], of[2], of[3], not(of[1])];
            let (yes, maybe) = (
                four.iter().filter(|one| **one == Some(true)).count(),
                four.iter().filter(|one| **one != Some(false)).count(),
            );
            let two = if yes >= 2 {
                Some(true)
            } else if maybe < 2 {
                Some(false)
            } else {
                None
            };
            (two, every(&[of[1], not(of[0])]))
        }
        // The guard stands before the opening alone.
        "guarded" => (every(&[some_of(&of[..2]), of[2]]), not(some_of(&of[..2]))),
        _ => {
            let open = some_of(&[of[0], every(&[of[1], not(of[2])])]);
            (open, not(open))
        }
    }
}

fn lines(rule: &str) -> Lines {
    let none = Lines::default();
    match rule {
        "all" => Lines { open_for: Span::min(5), close_for: Span::min(2), ..none },
        "count" => Lines { close_for: Span::min(1), severity_after: &COUNT_STEPS, ..none },
        "on-others" => Lines { open_for: Span::s(90), rings_each_time: true, ..none },
        _ => none,
    }
}

struct Joined;

impl Evaluator for Joined {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        let now = step.now;
        let rings = |book: &Book| RULES.map(|(rule, _)| book.stands(rule));
        let before = rings(book);
        gauge(2).judge(("bridge", &Lines::default()), entries, step, book, |told| {
            let (at, level) = *told.last()?;
            let broken = ends_hole(told, gauge(2).beat);
            (!is_late(told)).then(|| Look { broken, ..Look::new(at, Some(level > 2.6), Some(level < 2.5)) })
        });
        // A reading turns what its series says for a condition, or the guard asks for it; and every minute. What a feed's
        // return means is looked at by the next tick.
        let earlier = &entries[..entries.len() - 1];
        for (rule, _) in &RULES[1..] {
            let own = !step.is_tick() && said(rule, entries) != said(rule, earlier);
            if own || step.is_minute() || (step.is_tick() && turned(rule, entries, now, book)) {
                look(rule, entries, now, book);
            }
        }
        // An alert that opens or ends is looked at by those that it changes something for.
        if rings(book) != before {
            for (rule, _) in &RULES[1..] {
                if turned(rule, entries, now, book) {
                    look(rule, entries, now, book);
                }
            }
        }
    }
}

/// Whether a condition is not what it was at the last look.
fn turned(rule: &str, entries: &[Entry], now: Time, book: &Book) -> bool {
    let truths = conditions(rule, entries, now, book);
    book.notes(rule).last().is_none_or(|(_, last)| *last != truths)
}

fn look(rule: &str, entries: &[Entry], now: Time, book: &mut Book) {
    let truths = conditions(rule, entries, now, book);
    book.note(rule, now, truths.clone());
    let told = book.notes(rule);
    let counts = |(place, long): (usize, Span)| {
        // It was true until the look that first found it so no more.
        let ended = |pair: &&[(Time, Vec<Maybe>)]| pair[0].1[place] == Some(true) && pair[1].1[place] != Some(true);
        let lasts = told.windows(2).rev().find(ended).is_some_and(|pair| now.since(pair[1].0) <= long);
        if long > Span::default() && lasts { Some(true) } else { truths[place] }
    };
    let counted: Vec<Maybe> = remembered(rule).into_iter().take(truths.len()).enumerate().map(counts).collect();
    let (open, close) = formulas(rule, &counted);
    book.look(rule, "city", &lines(rule), now, Look::new(now, open, close));
    if rule == "count" {
        let unseen = Look { severity: Severity::Minor, ..Look::new(now, Some(open.is_none()), Some(open.is_some())) };
        book.look(rule, "unseen:city", &Lines { open_for: Span::min(4), ..Lines::default() }, now, unseen);
    }
}

/// Two gauges and rain, on the grid of ticks; some late, some silent for a while.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = midnight() + Span::s(10);
    let mut entries = Vec::new();
    for (number, (wait, which, change)) in steps.iter().enumerate() {
        now = now + Span::s(i64::from(*wait) / 24 * 10) + if *wait > 252 { Span::min(21) } else { Span::default() };
        let late = if which % 32 == 31 { Span::min(i64::from(*change % 20)) } else { Span::default() };
        let swell = if number / 16 % 2 == 0 { 0.375 } else { 0.0 };
        let level = 2.25 + swell + f64::from(*change) / 1024.0;
        entries.push(match which % 8 {
            0..=2 => readings("water", now, &[(1, now - late, level)]),
            3 => readings("water", now, &[(2, now - late, level + 0.125)]),
            4 => readings("water", now, &[(2, now, level), (1, now, level)]),
            5 if number / 25 % 4 > 0 => readings("weather", now, &[(3, now - late, f64::from(*change) / 32.0)]),
            6 if number / 25 % 4 > 0 => beat("weather", now, change % 3 > 0),
            _ => beat("water", now, true),
        });
    }
    entries
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(midnight(), |entry| entry.received) + Span::min(35);
    compare(&context(), &entries, until, restart, &Joined)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn joined_conditions_are_what_all_of_history_says(steps in plain::small(150), restart in 1_usize..600) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_joined_conditions() {
    let counts = in_some(150, |steps| checked(steps, 50));
    assert!(counts.opened > 40 && counts.resolved > 40 && counts.graver > 5 && counts.flapped > 0, "{counts:?}");
}

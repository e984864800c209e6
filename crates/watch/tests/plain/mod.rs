//! What the plain evaluators share. An evaluator says at every step what its rules see of each subject, worked out anew
//! from all entries so far; from all that was seen so far this module says, in the words of docs/rules.md, which alerts
//! there are. The engine is moved over the same steps, none jumped over, and after each the alerts must be the same.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::expect_used, reason = "a helper that fails has failed the test")]

pub mod morning;
pub mod series;

use std::collections::BTreeMap;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{Alert, AlertId, AlertState, DatastreamId, Observation, Record, Severity, Span, Time};
use proptest::prelude::*;
use watch::{Context, Event, State, TICK, step};

/// "An alert that opens three times within an hour flaps: it is held open until it has been calm for half an hour."
const FLAP_WINDOW: Span = Span::h(1);
const FLAP_CALM: Span = Span::min(30);

/// True, false, or not known.
pub type Maybe = Option<bool>;

pub fn not(a: Maybe) -> Maybe {
    a.map(|a| !a)
}

pub fn every(of: &[Maybe]) -> Maybe {
    if of.contains(&Some(false)) {
        Some(false)
    } else if of.contains(&None) {
        None
    } else {
        Some(true)
    }
}

pub fn some_of(of: &[Maybe]) -> Maybe {
    if of.contains(&Some(true)) {
        Some(true)
    } else if of.contains(&None) {
        None
    } else {
        Some(false)
    }
}

/// One step of the watch: an entry that comes, or a tick of the clock.
#[derive(Clone, Copy, Debug)]
pub struct Step<'e> {
    pub now: Time,
    pub entry: Option<&'e Entry>,
}

impl Step<'_> {
    pub fn is_tick(&self) -> bool {
        self.entry.is_none()
    }

    pub fn is_minute(&self) -> bool {
        self.is_tick() && self.now == self.now.floor(Span::min(1))
    }
}

/// What a rule sees of a subject at one step.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// In what its timers count: the time of the reading, or of the step.
    pub at: Time,
    /// Whether its conditions hold.
    pub open: Maybe,
    pub close: Maybe,
    /// A hole came before it, through which nothing has held.
    pub broken: bool,
    /// Whether what it rests on is silent.
    pub blind: bool,
    /// How bad, before time makes it worse or better.
    pub severity: Severity,
    /// False: nobody asks for the conditions, only whether it is blind.
    pub judged: bool,
}

impl Look {
    pub fn new(at: Time, open: Maybe, close: Maybe) -> Self {
        Self { at, open, close, broken: false, blind: false, severity: Severity::Moderate, judged: true }
    }

    pub fn sight(at: Time, blind: bool) -> Self {
        Self { blind, judged: false, ..Self::new(at, None, None) }
    }
}

/// The lines of a rule that are the same for every kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    pub open_for: Span,
    pub close_for: Span,
    pub rings_each_time: bool,
    /// `[[severity_after]]`: held (true) or calm, for how long, how bad then.
    pub severity_after: &'static [(bool, Span, Severity)],
}

/// An alert, as far as it follows from history.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub struct Shown {
    pub rule: String,
    pub subject: String,
    pub opened: Time,
    pub resolved: Option<Time>,
    pub severity: Severity,
    pub blind: bool,
    pub flapping: bool,
}

/// An alert, with the places of the looks that opened and closed it.
type Episode = (Shown, usize, usize);

/// All that the evaluator has seen and said so far.
#[derive(Debug, Default)]
pub struct Book {
    looks: BTreeMap<(String, String), Vec<Look>>,
    /// By rule and subject, in the order of opening.
    alerts: BTreeMap<(String, String), Vec<Episode>>,
    /// What the conditions of a rule were at each look.
    notes: BTreeMap<String, Vec<(Time, Vec<Maybe>)>>,
    changed: bool,
}

/// For how long something has been so at the newest look, going back as long as it was and no hole came.
fn lasted(looks: &[Look], holds: impl Fn(&Look) -> bool) -> Option<Span> {
    let mut first = None;
    for look in looks.iter().rev().filter(|look| look.judged) {
        if !holds(look) {
            break;
        }
        first = Some(look.at);
        if look.broken {
            break;
        }
    }
    Some(looks.last()?.at.since(first?))
}

impl Book {
    /// Whether an alert of the rule stands.
    pub fn stands(&self, rule: &str) -> bool {
        let mut alerts = self.alerts.iter().filter(|((of, _), _)| of == rule).flat_map(|(_, alerts)| alerts);
        alerts.any(|(shown, ..)| shown.resolved.is_none())
    }

    /// Notes what the conditions of a rule are.
    pub fn note(&mut self, rule: &str, now: Time, conditions: Vec<Maybe>) {
        self.notes.entry(rule.to_owned()).or_default().push((now, conditions));
    }

    /// What they were at each look so far.
    pub fn notes(&self, rule: &str) -> &[(Time, Vec<Maybe>)] {
        self.notes.get(rule).map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes the newest look of a rule at a subject, and says what it means, from all looks so far.
    pub fn look(&mut self, rule: &str, subject: &str, lines: &Lines, now: Time, look: Look) {
        let key = (rule.to_owned(), subject.to_owned());
        let looks = self.looks.entry(key.clone()).or_default();
        looks.push(look);
        let alerts = self.alerts.entry(key).or_default();
        let Some((shown, opened_at, _)) = alerts.last().filter(|(shown, ..)| shown.resolved.is_none()).cloned() else {
            let since_resolved = alerts.last().map_or(0, |(.., closed_at)| closed_at + 1);
            let held = lasted(&looks[since_resolved..], |look| look.open == Some(true));
            let Some(held) = held.filter(|held| look.judged && *held >= lines.open_for) else { return };
            let third_last = alerts.len().checked_sub(2).map(|place| looks[alerts[place].1].at);
            let shown = Shown {
                rule: rule.to_owned(),
                subject: subject.to_owned(),
                opened: now,
                resolved: None,
                severity: severity(lines, Some(held), None, look.severity),
                blind: look.blind,
                flapping: !lines.rings_each_time && third_last.is_some_and(|third| look.at.since(third) <= FLAP_WINDOW),
            };
            alerts.push((shown, looks.len() - 1, usize::MAX));
            self.changed = true;
            return;
        };
        let before = shown.clone();
        let mut shown = shown;
        let since_resolved = alerts.len().checked_sub(2).map_or(0, |place| alerts[place].2 + 1);
        let close_for = if shown.flapping { lines.close_for.max(FLAP_CALM) } else { lines.close_for };
        let closed = lasted(&looks[opened_at + 1..], |look| look.close == Some(true));
        let mut closed_at = usize::MAX;
        if look.judged && closed.is_some_and(|closed| closed >= close_for) {
            (shown.resolved, shown.blind, closed_at) = (Some(now), false, looks.len() - 1);
        } else {
            shown.blind = look.blind;
            if look.judged && !look.blind && look.open.is_some() {
                let held = lasted(&looks[since_resolved..], |look| look.open == Some(true));
                let calm = lasted(&looks[opened_at + 1..], |look| look.open == Some(false));
                shown.severity = severity(lines, held, calm, look.severity);
            }
        }
        self.changed |= shown != before;
        if let Some(last) = alerts.last_mut() {
            *last = (shown, opened_at, closed_at);
        }
    }

    fn shown(&self) -> Vec<Shown> {
        let mut all: Vec<Shown> = self.alerts.values().flatten().map(|(shown, ..)| shown.clone()).collect();
        all.sort_by(|a, b| a.partial_cmp(b).expect("times and words have an order"));
        all
    }
}

/// The last step of `[[severity_after]]` that fits.
fn severity(lines: &Lines, held: Option<Span>, calm: Option<Span>, otherwise: Severity) -> Severity {
    let lasted = |by_held: bool| if by_held { held } else { calm };
    let fits = lines.severity_after.iter().rev().find(|(by_held, after, _)| lasted(*by_held) >= Some(*after));
    fits.map_or(otherwise, |(.., severity)| *severity)
}

/// Says what its rules see at each step.
pub trait Evaluator {
    /// From all entries up to the step (its own included), and what was said so far. It remembers nothing.
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book);
}

/// How much was there to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub opened: usize,
    pub resolved: usize,
    pub blinded: usize,
    pub flapped: usize,
    pub graver: usize,
}

/// Moves the engine over the entries with every tick between them and up to `until`, and holds its alerts beside
/// those of the evaluator after every step. Every `restart`th step the engine's state is written out and read back.
pub fn compare(
    context: &Context,
    entries: &[Entry],
    until: Time,
    restart: usize,
    evaluator: &impl Evaluator,
) -> Result<Counts, TestCaseError> {
    let (mut state, mut book, mut counts) = (State::default(), Book::default(), Counts::default());
    let mut alerts: BTreeMap<AlertId, Shown> = BTreeMap::new();
    for (place, (known, at)) in steps(entries, until).into_iter().enumerate() {
        let event = at.entry.map_or(Event::Tick(at.now), Event::Entry);
        let changes = step(&mut state, context, &event);
        for change in &changes {
            use AlertChangeKind::{Blinded, Flapping, Opened, Resolved};
            let before = alerts.insert(change.alert.id.clone(), of(&change.alert));
            let count = match change.kind {
                Opened => &mut counts.opened,
                Resolved => &mut counts.resolved,
                Blinded => &mut counts.blinded,
                Flapping => &mut counts.flapped,
                _ if before.is_some_and(|before| before.severity != change.alert.severity) => &mut counts.graver,
                _ => continue,
            };
            *count += 1;
        }
        book.changed = false;
        evaluator.judge(&entries[..known], &at, &mut book);
        if !changes.is_empty() || book.changed {
            let mut told: Vec<Shown> = alerts.values().cloned().collect();
            told.sort_by(|a, b| a.partial_cmp(b).expect("times and words have an order"));
            let wanted = book.shown();
            let (only, missing): (Vec<_>, Vec<_>) = (
                told.iter().filter(|shown| !wanted.contains(shown)).collect(),
                wanted.iter().filter(|shown| !told.contains(shown)).collect(),
            );
            let differs = format!("at {} (step {place}) the engine has {only:#?}, history says {missing:#?}", at.now);
            prop_assert!(told == wanted, "{}", differs);
            let mut open: Vec<Shown> = told.into_iter().filter(|shown| shown.resolved.is_none()).collect();
            let mut standing: Vec<Shown> = state.alerts().map(of).collect();
            standing.sort_by(|a, b| a.partial_cmp(b).expect("times and words have an order"));
            open.sort_by(|a, b| a.partial_cmp(b).expect("times and words have an order"));
            prop_assert_eq!(open, standing, "what was told and what stands at {}", at.now);
        }
        if place % restart == restart - 1 {
            let snapshot = postcard::to_stdvec(&state).expect("a snapshot");
            state = postcard::from_bytes(&snapshot).expect("the snapshot reads");
        }
    }
    Ok(counts)
}

fn of(alert: &Alert) -> Shown {
    Shown {
        rule: alert.key.rule.to_string(),
        subject: alert.key.subject.clone(),
        opened: alert.opened,
        resolved: alert.resolved.filter(|_| alert.state == AlertState::Resolved),
        severity: alert.severity,
        blind: alert.blind.is_some(),
        flapping: alert.flapping,
    }
}

/// Every step, with how many entries are known by then.
fn steps(entries: &[Entry], until: Time) -> Vec<(usize, Step<'_>)> {
    let mut out = Vec::new();
    let Some(first) = entries.first() else { return out };
    let mut tick = first.received.floor(TICK) + TICK;
    for (place, entry) in entries.iter().enumerate() {
        while tick <= entry.received {
            out.push((place, Step { now: tick, entry: None }));
            tick = tick + TICK;
        }
        out.push((place + 1, Step { now: entry.received, entry: Some(entry) }));
    }
    while tick <= until {
        out.push((entries.len(), Step { now: tick, entry: None }));
        tick = tick + TICK;
    }
    out
}

/// Readings that come together: series, time and value of each.
pub fn readings(feed: &str, received: Time, rows: &[(u32, Time, f64)]) -> Entry {
    let row = |(id, when, result): &(u32, Time, f64)| Observation {
        datastream: DatastreamId(*id),
        phenomenon_time: *when,
        result: *result,
    };
    Entry { feed: feed.into(), received, record: Record::Observations(rows.iter().map(row).collect()) }
}

/// When a feed spoke: all that came by it, but for answers that failed.
pub fn words_of<'e>(entries: &'e [Entry], feed: &'e str) -> impl DoubleEndedIterator<Item = Time> + 'e {
    let good = |entry: &&Entry| !matches!(&entry.record, Record::FeedBeat(beat) if !beat.good);
    entries.iter().filter(move |entry| entry.feed.as_str() == feed).filter(good).map(|entry| entry.received)
}

/// When a series spoke.
pub fn words_of_series(entries: &[Entry], id: u32) -> impl DoubleEndedIterator<Item = Time> + '_ {
    let of = move |entry: &&Entry| matches!(&entry.record, Record::Observations(rows) if rows.iter().any(|row| row.datastream.0 == id));
    entries.iter().filter(of).map(|entry| entry.received)
}

/// Whether nothing was heard for longer than so long; what was never heard is silent from the beginning.
pub fn is_silent(words: impl DoubleEndedIterator<Item = Time>, entries: &[Entry], beat: Span, now: Time) -> bool {
    let Some(first) = entries.first() else { return false };
    let last = words.last().unwrap_or(first.received);
    now.since(last) > beat
}

/// Small numbers from which a history is made.
pub fn small(most: usize) -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec(any::<(u8, u8, u8)>(), 1..most)
}

/// How much there is to compare in some histories that are always the same: a property would hold of evaluators that
/// never say anything.
pub fn in_some(count: u32, compared: impl Fn(&[(u8, u8, u8)]) -> Result<Counts, TestCaseError>) -> Counts {
    let mut sum = Counts::default();
    for seed in 0..8 {
        let small = |k: u32, by: u32| u8::try_from((k * by + seed * 101 + k * k / 7) % 256).unwrap_or_default();
        let steps: Vec<(u8, u8, u8)> = (0..count).map(|k| (small(k, 73), small(k, 151), small(k, 199))).collect();
        let counts = compared(&steps).expect("they agree");
        sum.opened += counts.opened;
        sum.resolved += counts.resolved;
        sum.blinded += counts.blinded;
        sum.flapped += counts.flapped;
        sum.graver += counts.graver;
    }
    sum
}

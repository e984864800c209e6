//! The engine: entries of the journal and ticks of the clock in, changes of alerts out.
//!
//! Ticks stand on a grid of [`TICK`] in received time. Before an entry received at r, all ticks up to r run; so the
//! changes are a function of the journal (and of the rules) alone, whoever drives it and however fast.

use std::collections::BTreeSet;
use std::sync::Arc;

use city::record::Entry;
use city::{Alert, AlertChange, Blindness, DatastreamId, FeedId, Record, Span, Time};

use crate::calls::{self, Done};
use crate::context::Context;
use crate::jobs::{Job, just_past, next_minute};
use crate::life::Bearings;
use crate::plan::SeriesSlot;
use crate::rule::{Kind, Voice};
use crate::state::State;
use crate::{absence, action, fence, intake, joint, life, notify, requests, runs, trip, warning, words};

/// The grid of ticks. Nothing that a city watches needs an answer within less.
pub const TICK: Span = Span::s(10);

/// What moves the engine.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The next entry of the journal.
    Entry(&'a Entry),
    /// An instant of the grid.
    Tick(Time),
}

/// One step. Give it every entry in the order of the journal, and before each all ticks up to its `received`
/// ([`run`] does both). Gives what happened to alerts; who is told of it is in [`run_with_calls`].
pub fn step(state: &mut State, context: &Context, event: &Event<'_>) -> Vec<AlertChange> {
    let mut done = Done::default();
    match event {
        Event::Entry(entry) => entry_with_calls(state, context, entry, &mut done),
        Event::Tick(now) => tick_with_calls(state, context, *now, &mut done),
    }
    done.changes
}

/// Runs entries with the ticks between them, and then the ticks up to `until`. Ticks at which nothing is due are
/// jumped over: [`step`] would return from them at once, having changed nothing but the time of the last tick.
pub fn run<'a>(
    state: &mut State,
    context: &Context,
    entries: impl IntoIterator<Item = &'a Entry>,
    until: Option<Time>,
) -> Vec<AlertChange> {
    run_with_calls(state, context, entries, until).changes
}

/// The same, with who is to be told.
pub fn run_with_calls<'a>(
    state: &mut State,
    context: &Context,
    entries: impl IntoIterator<Item = &'a Entry>,
    until: Option<Time>,
) -> Done {
    let mut done = Done::default();
    for entry in entries {
        run_ticks(state, context, entry.received, &mut done);
        entry_with_calls(state, context, entry, &mut done);
    }
    if let Some(until) = until {
        run_ticks(state, context, until, &mut done);
    }
    done
}

fn entry_with_calls(state: &mut State, context: &Context, entry: &Entry, done: &mut Done) {
    let from = done.changes.len();
    on_entry(state, context, entry, &mut done.changes);
    let event = match &entry.record {
        Record::DeskAction(action) => Some(notify::Event::Action(action)),
        Record::Unreached(call) => Some(notify::Event::Unreached(call)),
        _ => None,
    };
    if done.changes.len() > from || event.is_some() {
        calls::follow(state, context, from, event.as_ref(), entry.received, done);
    }
}

fn tick_with_calls(state: &mut State, context: &Context, now: Time, done: &mut Done) {
    let from = done.changes.len();
    let calls = on_tick(state, context, now, &mut done.changes);
    if done.changes.len() > from || calls {
        calls::follow(state, context, from, None, now, done);
    }
}

/// All ticks up to `until` (inclusive) that have not run yet. Before the first entry there is nothing to tick for.
fn run_ticks(state: &mut State, context: &Context, until: Time, done: &mut Done) {
    let Some(before) = state.last_tick.or(state.started.map(|started| started.floor(TICK))) else { return };
    let last = until.floor(TICK);
    let mut tick = before + TICK;
    while tick <= last {
        // Other rules have to be taken over by the very next tick.
        let other = state.layout.fingerprint != context.plan.layout.fingerprint;
        let due = if other { Some(tick) } else { state.jobs.first() };
        let due = due.map_or(last, |first| ceil(first).min(last));
        tick = tick.max(due);
        tick_with_calls(state, context, tick, done);
        tick = tick + TICK;
    }
}

/// The first instant of the grid at or after `at`.
fn ceil(at: Time) -> Time {
    let floor = at.floor(TICK);
    if floor == at { at } else { floor + TICK }
}

fn on_entry(state: &mut State, context: &Context, entry: &Entry, out: &mut Vec<AlertChange>) {
    let now = entry.received;
    state.begin(context, now);
    if !matches!(&entry.record, Record::FeedBeat(beat) if !beat.good) && state.hear_feed(context, &entry.feed, now) {
        feed_returned(state, context, &entry.feed, now);
    }
    match &entry.record {
        Record::Observations(rows) => intake::take(state, context, &entry.feed, rows, now, out),
        Record::VehiclePosition(position) => runs::position(state, context, &entry.feed, position, now),
        Record::TripUpdate(update) => runs::update(state, context, &entry.feed, update, now),
        Record::Warning(message) => {
            if warning::receive(state, context, &entry.feed, message) {
                judge_warnings(state, context, now, out);
            }
        }
        Record::Entities(changes) => fence::take(state, context, changes, now, out),
        Record::ServiceRequest(request) => requests::take(state, context, &entry.feed, request, now, out),
        Record::RequestsCut(cut) => requests::cut(state, context, &entry.feed, cut.hour, now, out),
        Record::Acknowledgement(_) => out.extend(state.acknowledge(&entry.record, now)),
        Record::DeskAction(action) => out.extend(action::take(state, action, now)),
        Record::Timetable(_)
        | Record::ServiceAlert(_)
        | Record::FeedBeat(_)
        | Record::Erasure(_)
        | Record::Unreached(_) => {}
    }
    follow(state, context, now, out);
}

/// What alerts that opened or resolved mean for combined rules that look at them.
fn follow(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    if std::mem::take(&mut state.moved).is_empty() || context.combined.is_empty() {
        return;
    }
    // Each stands after those that it looks at, so once through is enough.
    joint::judge_all(state, context, false, now, out);
    state.moved.clear();
}

/// A feed speaks again: what it left blind is looked at by the next tick.
fn feed_returned(state: &mut State, context: &Context, feed: &FeedId, now: Time) {
    if let Some(place) = context.contracts.keys().position(|known| known == feed) {
        state.jobs.add(now, Job::Feed(u32::try_from(place).unwrap_or(u32::MAX)));
    }
    for voice in context.voices_of_feed.get(feed).into_iter().flatten() {
        state.jobs.add(now, Job::Voice(*voice));
    }
    state.jobs.add(now, Job::Look);
    if context.by_warning_feed.contains_key(feed) {
        state.jobs.add(now, Job::Warnings);
    }
    if requests::asks(context, feed) {
        state.jobs.add(now, Job::Requests);
    }
}

/// True when calls are due.
fn on_tick(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) -> bool {
    state.begin(context, now);
    state.last_tick = Some(now);
    let due = state.jobs.due(now);
    if due.is_empty() {
        return false;
    }
    let mut look = false;
    let (mut warnings, mut counts) = (false, false);
    let mut voices: BTreeSet<u32> = BTreeSet::new();
    for job in &due.jobs {
        match job {
            Job::Feed(place) => {
                let silent = feed_silent(state, context, *place, now, &mut voices);
                look |= silent;
                let feed = context.contracts.keys().nth(*place as usize).filter(|_| silent);
                counts |= feed.is_some_and(|feed| requests::asks(context, feed));
            }
            Job::Look => look = true,
            Job::Warnings => warnings = true,
            Job::Requests => counts = true,
            Job::Orphans => {
                retire_orphans(state, context, now, out);
                life::follow_rules(state, context, now, out);
            }
            Job::Voice(voice) => _ = voices.insert(*voice),
            Job::Minute | Job::Calls => {}
        }
    }
    for slot in due.series {
        look |= series_silent(state, context, slot, now);
    }
    if look {
        look_again(state, context, now, out);
    }
    for voice in voices {
        absence::judge(state, context, voice, now, out);
    }
    if warnings || look {
        judge_warnings(state, context, now, out);
    }
    if counts {
        requests::judge_all(state, context, now, out);
    }
    if due.jobs.contains(&Job::Minute) {
        by_minute(state, context, now, out);
    } else if look {
        joint::judge_all(state, context, false, now, out);
    }
    follow(state, context, now, out);
    due.jobs.contains(&Job::Calls)
}

/// Whether a feed has fallen silent; what depends on it is looked at when it has.
fn feed_silent(state: &mut State, context: &Context, place: u32, now: Time, voices: &mut BTreeSet<u32>) -> bool {
    let Some((feed, contract)) = context.contracts.iter().nth(place as usize) else { return false };
    let Some(heard) = state.feeds.get(feed).map(|heard| heard.received).or(state.started) else { return false };
    if now.since(heard) <= contract.beat {
        state.jobs.add(just_past(heard, contract.beat), Job::Feed(place));
        return false;
    }
    voices.extend(context.voices_of_feed.get(feed).into_iter().flatten());
    true
}

/// The same for a series.
fn series_silent(state: &mut State, context: &Context, slot: SeriesSlot, now: Time) -> bool {
    let (Some(plan), started) = (context.plan.series(slot), state.started.unwrap_or(now)) else { return false };
    let Some(heard) =
        state.shards.get_mut(usize::from(slot.shard)).and_then(|shard| shard.series.get_mut(slot.series as usize))
    else {
        return false;
    };
    let last = heard.received.unwrap_or(started);
    let silent = now.since(last) > plan.beat;
    heard.silent = silent;
    if !silent {
        state.jobs.add_series(just_past(last, plan.beat), slot);
    }
    silent
}

/// Which open alerts on series are blind, and which are not any more.
fn look_again(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    let on_series = state.alerts.values().filter_map(|alert| {
        let rule = context.rule(&alert.key.rule)?;
        let sees = matches!(rule.kind, Kind::Figure(_) | Kind::Rise(_)) && !alert.key.subject.starts_with("unseen:");
        Some((alert.id.clone(), alert.datastream.filter(|_| sees)?))
    });
    let on_series: Vec<_> = on_series.collect();
    for (id, datastream) in on_series {
        let blind = series_blindness(state, context, datastream, now);
        if let Some(alert) = state.alerts.get_mut(&id) {
            life::see(alert, blind.as_ref(), now, out);
        }
    }
}

fn judge_warnings(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    for rule in &context.rules {
        if let Kind::Warning(kind) = &rule.kind {
            for judgement in warning::judgements(state, context, rule, kind, now) {
                life::advance(state, rule, judgement, now, out);
            }
        }
    }
    warning::forget(state, context, now, out);
    if let Some(turn) = warning::next_turn(state, context, now) {
        state.jobs.add(turn, Job::Warnings);
    }
    if !context.combined.is_empty() {
        joint::judge_all(state, context, false, now, out);
    }
}

fn by_minute(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    state.jobs.add(next_minute(now), Job::Minute);
    // Ticks stand on the full minute, but for the first after a change of the rules.
    if now == now.floor(trip::EVERY) {
        for rule in &context.rules {
            for judgement in runs::judgements(state, context, rule, &rule.kind, now) {
                life::advance(state, rule, judgement, now, out);
            }
        }
        joint::judge_all(state, context, true, now, out);
    }
    runs::forget(state, now);
}

/// The subject of an alert on a series.
pub(crate) fn series_subject(datastream: DatastreamId) -> String {
    Voice::Datastream(datastream).subject()
}

/// Why a series cannot be seen: its feed is silent, or it is.
pub(crate) fn series_blindness(
    state: &State,
    context: &Context,
    datastream: DatastreamId,
    now: Time,
) -> Option<Blindness> {
    let stream = context.datastreams.get(&datastream)?;
    if let Some(blind) = feed_blindness(state, context, &stream.feed, now) {
        return Some(blind);
    }
    let since = state.series_silent_since(context, datastream, now)?;
    let clock = words::clock_and_day(since, &context.timezone);
    Some(Blindness { since, why: format!("{} has been silent since {clock}.", stream.name) })
}

/// Why what a feed would say cannot be seen.
pub(crate) fn feed_blindness(state: &State, context: &Context, feed: &FeedId, now: Time) -> Option<Blindness> {
    let since = state.feed_silent_since(context, feed, now)?;
    let clock = words::clock_and_day(since, &context.timezone);
    Some(Blindness { since, why: format!("{} has been silent since {clock}.", context.feed_name(feed)) })
}

/// What an alert on a series rests on.
pub(crate) fn series_bearings(context: &Context, datastream: DatastreamId) -> Bearings {
    let stream = context.datastreams.get(&datastream);
    Bearings {
        datastream: Some(datastream),
        feed: stream.map(|stream| stream.feed.clone()),
        place: None,
        position: stream.and_then(|stream| context.things.get(&stream.thing)).map(|thing| thing.position),
    }
}

/// Alerts whose rule is gone, or no longer looks at their subject: nobody would ever close them.
fn retire_orphans(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    let looked_at =
        |alert: &&Arc<Alert>| context.rule(&alert.key.rule).is_some_and(|rule| rule.looks_at(&alert.key.subject));
    let orphans: Vec<_> = state.alerts.values().filter(|alert| !looked_at(alert)).cloned().collect();
    for alert in orphans {
        state.alerts.remove(&alert.id);
        out.push(life::close(state, alert, "The rule that opened this alert no longer looks at this.", now));
    }
    state.progress.retain(|(rule, _), _| context.rule(rule).is_some());
    state.conditions.retain(|(rule, _), _| context.rule(rule).is_some());
}

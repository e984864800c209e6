//! Observations into the cells, and what they note into alerts.
//!
//! The shards take their readings side by side when a batch is large; what they note is then carried out in the order
//! of the readings. So the number of threads changes how long it takes, and nothing else.

use std::num::NonZero;
use std::sync::Arc;

use city::{AlertChange, AlertId, FeedId, Observations, Primitive, Time};

use crate::context::Context;
use crate::engine::{series_bearings, series_blindness, series_subject};
use crate::jobs::{Job, just_past};
use crate::life::{self, Judgement, Said};
use crate::plan::{Part, SHARDS, SeriesSlot, ShardPlan, Wish};
use crate::rule::{Kind, Rule};
use crate::shard::{Evidence, Note, Noted, Row, Shard};
use crate::state::State;
use crate::timers::{Timers, Turn};
use crate::truth::Truth;
use crate::{joint, rise, said};

/// Rows from which a batch is spread over threads: below, starting them costs more than they save.
const SPREAD_ROWS_MIN: usize = 8_192;

/// Takes the observations of one entry.
pub(crate) fn take(
    state: &mut State,
    context: &Context,
    feed: &FeedId,
    rows: &Observations,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let by_shard = sort_out(context, rows);
    let feed_time = state.feeds.get_mut(feed).map(|heard| {
        let before = heard.newest;
        heard.newest = before.max(rows.newest().map(|newest| newest.min(now)));
        (before, heard.newest)
    });
    let mut notes = spread(state, context, &by_shard, rows.len(), now);
    if let Some((before, Some(until))) = feed_time {
        let shards = context.plan.shards.iter().zip(&mut state.shards).zip(&by_shard);
        for (shard, ((plan, cells), rows)) in (0..).zip(shards) {
            let mut more = Vec::new();
            cells.over(plan, feed, (before, until), rows, now, &mut more);
            notes.extend(more.into_iter().map(|note| (shard, note)));
        }
    }
    notes.sort_by_key(|(shard, note)| (note.row, *shard, note.of));
    let mut joints = std::collections::BTreeSet::new();
    for (shard, note) in notes {
        carry_out(state, context, shard, note, now, &mut joints, out);
    }
    for place in joints {
        joint::judge(state, context, place, joint::Why::Own, now, out);
    }
}

/// The rows of each shard, in order. A row that is a text has no figure.
fn sort_out(context: &Context, rows: &Observations) -> Vec<Vec<Row>> {
    // A large batch mostly has as much for each shard, and a little more for some.
    let room = if rows.len() < SPREAD_ROWS_MIN { 0 } else { rows.len() / SHARDS * 5 / 4 };
    let mut by_shard: Vec<Vec<Row>> = (0..SHARDS).map(|_| Vec::with_capacity(room)).collect();
    let mut last: Option<(city::DatastreamId, Option<SeriesSlot>)> = None;
    let has_details = !rows.details().is_empty();
    for (row, observation) in (0_u32..).zip(rows.iter()) {
        let slot = match last {
            Some((id, slot)) if id == observation.datastream => slot,
            // Made through the API after the rules were read: no rule can name it.
            _ => context.plan.slot(observation.datastream),
        };
        last = Some((observation.datastream, slot));
        let Some(slot) = slot else { continue };
        if has_details && is_text(rows, row) {
            continue;
        }
        if let Some(shard) = by_shard.get_mut(usize::from(slot.shard)) {
            let (at, value) = (observation.phenomenon_time, observation.result);
            shard.push(Row { place: row, series: slot.series, at, value });
        }
    }
    by_shard
}

fn is_text(rows: &Observations, row: u32) -> bool {
    let detail = rows.detail(row as usize);
    detail.is_some_and(|detail| matches!(detail.result, Some(Primitive::Text(_))))
}

/// A shard with its number, its plan and its rows.
type Work<'w> = (u8, &'w ShardPlan, &'w mut Shard, &'w Vec<Row>);

fn work_off(part: &mut [Work<'_>], now: Time) -> Vec<(u8, Note)> {
    let mut notes = Vec::new();
    for (shard, plan, cells, rows) in part {
        let mut own = Vec::new();
        cells.take(plan, rows, now, &mut own);
        notes.extend(own.into_iter().map(|note| (*shard, note)));
    }
    notes
}

/// Lets the shards take their rows, on this thread or on several.
fn spread(state: &mut State, context: &Context, rows: &[Vec<Row>], count: usize, now: Time) -> Vec<(u8, Note)> {
    let mut work: Vec<Work<'_>> = (0..)
        .zip(context.plan.shards.iter().zip(&mut state.shards).zip(rows))
        .filter(|(_, (_, rows))| !rows.is_empty())
        .map(|(shard, ((plan, cells), rows))| (shard, plan, cells, rows))
        .collect();
    let workers = NonZero::new(context.workers.min(work.len())).map_or(1, NonZero::get);
    if workers == 1 || count < SPREAD_ROWS_MIN {
        return work_off(&mut work, now);
    }
    let share = work.len().div_ceil(workers);
    std::thread::scope(|scope| {
        let running: Vec<_> = work.chunks_mut(share).map(|part| scope.spawn(move || work_off(part, now))).collect();
        // invariant: a shard does not panic; if it did, going on without its readings would be worse.
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
    })
}

fn carry_out(
    state: &mut State,
    context: &Context,
    shard: u8,
    note: Note,
    now: Time,
    joints: &mut std::collections::BTreeSet<usize>,
    out: &mut Vec<AlertChange>,
) {
    let Some(plan) = context.plan.shards.get(usize::from(shard)) else { return };
    if matches!(note.what, Noted::Returned | Noted::Spoke) {
        let slot = SeriesSlot { shard, series: note.of };
        call_voices(state, context, slot, now);
        if matches!(note.what, Noted::Returned) {
            returned(state, context, slot, now);
        }
        return;
    }
    let Some((wish, cell)) = plan.cell(note.of) else { return };
    let Some(rule) = context.rules.get(wish.rule as usize) else { return };
    let Some(series) = plan.series.get(cell.series as usize) else { return };
    match (note.what, wish.part) {
        (Noted::Turned(turn, seen, timers), _) => {
            turned(state, context, shard, note.of, wish, turn, &timers, &seen, series.id, rule, now, out);
        }
        (Noted::Sighted(episode), _) => {
            let id = AlertId::new(&rule.id, &series_subject(series.id), episode);
            sighted(state, context, &id, series.id, now, out);
        }
        (Noted::Seen(seen), Part::Guarded) => {
            guarded(state, context, shard, note.of, wish, &seen, series.id, rule, now, out);
        }
        (Noted::Seen(_), Part::Condition(_)) => _ = joints.insert(wish.rule as usize),
        (Noted::Seen(seen), Part::Input) => {
            state.inputs.insert(series.id, seen.figure);
            if matches!(rule.kind, Kind::Combined(_)) {
                joints.insert(wish.rule as usize);
            }
        }
        (Noted::Late(at, episode), _) => late(state, rule, series.id, episode, at, now, out),
        (Noted::Returned | Noted::Spoke | Noted::Seen(_), _) => {}
    }
}

/// Whoever waited for the voice of a series is called by the next tick.
fn call_voices(state: &mut State, context: &Context, slot: SeriesSlot, now: Time) {
    let Some(plan) = context.plan.series(slot) else { return };
    for voice in context.voices_of_series.get(&plan.id).into_iter().flatten() {
        state.jobs.add(now, Job::Voice(*voice));
    }
}

/// A series speaks again: its alerts can be seen.
fn returned(state: &mut State, context: &Context, slot: SeriesSlot, now: Time) {
    let Some(plan) = context.plan.series(slot) else { return };
    state.jobs.add_series(just_past(now, plan.beat), slot);
    if !context.combined.is_empty() {
        state.jobs.add(now, Job::Look);
    }
}

/// An alert on a series that spoke again.
fn sighted(
    state: &mut State,
    context: &Context,
    id: &AlertId,
    series: city::DatastreamId,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let blind = series_blindness(state, context, series, now);
    if let Some(alert) = state.alerts.get_mut(id) {
        life::see(alert, blind.as_ref(), now, out);
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one thing, and a bundle of them would have no name")]
fn turned(
    state: &mut State,
    context: &Context,
    shard: u8,
    place: u32,
    wish: &Wish,
    turn: Turn,
    timers: &Timers,
    seen: &Evidence,
    datastream: city::DatastreamId,
    rule: &Rule,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let cell = state.shards.get(usize::from(shard)).and_then(|shard| shard.cells.get(place as usize));
    let Some(mut told) = cell.map(|cell| cell.told) else { return };
    let judgement = judgement(context, rule, wish, datastream, seen);
    life::carry_out(state, rule, turn, timers, &mut told, judgement, now, out);
    let cell = state.shards.get_mut(usize::from(shard)).and_then(|shard| shard.cells.get_mut(place as usize));
    if let Some(cell) = cell {
        cell.told = told;
    }
}

/// A rule with a guard: the shard has only looked; the timers move here, where the guard can be asked.
#[expect(clippy::too_many_arguments, reason = "each is one thing, and a bundle of them would have no name")]
fn guarded(
    state: &mut State,
    context: &Context,
    shard: u8,
    place: u32,
    wish: &Wish,
    seen: &Evidence,
    datastream: city::DatastreamId,
    rule: &Rule,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let Some(guard) = &rule.guard else { return };
    let holds = if seen.open == Truth::False {
        Truth::False
    } else {
        guard.holds(Some(seen.figure), now, &context.timezone, |id| joint::input(state, context, id, now))
    };
    let seen = Evidence { open: seen.open.and(holds), ..*seen };
    let cell = state.shards.get_mut(usize::from(shard)).and_then(|shard| shard.cells.get_mut(place as usize));
    let Some(cell) = cell else { return };
    if seen.broken {
        cell.timers.broken();
    }
    let turn = cell.timers.advance(wish.holding(&seen));
    let timers = cell.timers;
    if turn != Turn::Quiet {
        turned(state, context, shard, place, wish, turn, &timers, &seen, datastream, rule, now, out);
    }
}

fn judgement(
    context: &Context,
    rule: &Rule,
    wish: &Wish,
    datastream: city::DatastreamId,
    seen: &Evidence,
) -> Judgement {
    let said = match &rule.kind {
        Kind::Figure(on) => said::figure(context, on, datastream, seen),
        Kind::Rise(kind) => rise::words(context, kind, datastream, seen),
        _ => Said::default(),
    };
    Judgement {
        subject: series_subject(datastream),
        holding: wish.holding(seen),
        blind: None,
        severity: rule.severity,
        said,
        bearings: series_bearings(context, datastream),
    }
}

/// A reading for a time at which an alert stood that has resolved since: the alert says so, and nobody is called.
fn late(
    state: &mut State,
    rule: &Rule,
    datastream: city::DatastreamId,
    episode: Time,
    at: Time,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let id = AlertId::new(&rule.id, &series_subject(datastream), episode);
    let Some(alert) = state.resolved.iter_mut().rev().find(|alert| alert.id == id) else { return };
    Arc::make_mut(alert).late += 1;
    let mut change = AlertChange::of(city::alert::AlertChangeKind::Amended, Arc::clone(alert), now);
    change.words = Some(format!("A reading for {} came late.", at.timestamp()));
    out.push(change);
}

//! What is remembered of the runs of trips, and the kinds of rules that count them by the minute.

use std::collections::BTreeMap;

use city::{FeedId, ScheduleRelationship, Span, Time, TripKey, TripUpdate, VehiclePosition};

use crate::context::Context;
use crate::life::Judgement;
use crate::rule::{Kind, Rule};
use crate::state::{RUNS_MAX, RunHeard, State};
use crate::{fence, headway, trip, zone};

/// A run is forgotten so long after it was last heard: longer than `missing` counts, and than most layovers.
const RUN_KEPT: Span = Span::h(3);

/// A run was seen somewhere. What is kept is what rules ask: whether it was in their zones, and how late it was; the
/// place itself is not.
pub(crate) fn position(state: &mut State, context: &Context, feed: &FeedId, seen: &VehiclePosition, now: Time) {
    let Some(timetable) = context.timetable_of.get(feed) else { return };
    let Some(run) = heard(state, timetable, &seen.trip, now) else { return };
    if run.position.is_some_and(|(before, _)| seen.time < before) {
        return;
    }
    if context.spaced.contains(timetable)
        && let Some(table) = context.timetables.get(timetable)
    {
        let before_s = run.placed.map_or(0, |(delay_s, _)| delay_s);
        let delay_s = headway::delay_where_it_stands(table, seen, before_s);
        run.placed = delay_s.map(|delay_s| (delay_s, now)).or(run.placed);
    }
    if let Some(zones) = context.zones.get(timetable) {
        zone::place(run, zones, seen.position, now);
    }
    run.position = Some((seen.time, now));
}

/// How late a run is.
pub(crate) fn update(state: &mut State, context: &Context, feed: &FeedId, update: &TripUpdate, now: Time) {
    let Some(timetable) = context.timetable_of.get(feed) else { return };
    let Some(run) = heard(state, timetable, &update.trip, now) else { return };
    // Two feeds of one timetable, or one that repeats itself, may tell what was known before.
    if run.updated.is_some_and(|before| update.time < before) {
        return;
    }
    run.updated = Some(update.time);
    run.delay = update.delay_s.map(|delay_s| (delay_s, now)).or(run.delay);
    run.canceled = update.relationship == ScheduleRelationship::Canceled;
}

fn heard<'s>(state: &'s mut State, timetable: &FeedId, run: &TripKey, now: Time) -> Option<&'s mut RunHeard> {
    if !state.runs.contains_key(timetable) {
        state.runs.insert(timetable.clone(), BTreeMap::new());
    }
    let runs = state.runs.get_mut(timetable)?;
    if !runs.contains_key(run) {
        if runs.len() >= RUNS_MAX {
            runs.pop_first(); // the oldest service date
        }
        let new = RunHeard {
            received: now,
            updated: None,
            delay: None,
            placed: None,
            canceled: false,
            position: None,
            zones: Vec::new(),
        };
        runs.insert(run.clone(), new);
    }
    let known = runs.get_mut(run)?;
    known.received = now;
    Some(known)
}

/// What a rule that counts runs, or things, has to say; called on the full minute. Nothing, for rules of other kinds.
pub(crate) fn judgements(state: &State, context: &Context, rule: &Rule, kind: &Kind, now: Time) -> Vec<Judgement> {
    match kind {
        Kind::Trip(kind) => trip::judgements(state, context, rule, kind, now),
        Kind::Zone(kind) => zone::judgements(state, context, rule, kind, now),
        Kind::Headway(kind) => headway::judgements(state, context, rule, kind, now),
        Kind::Fence(kind) => fence::judgements(state, context, rule, kind, now),
        _ => Vec::new(),
    }
}

/// Drops the runs that nobody has heard of for [`RUN_KEPT`]; once an hour is enough.
pub(crate) fn forget(state: &mut State, now: Time) {
    if now != now.floor(Span::h(1)) {
        return;
    }
    for runs in state.runs.values_mut() {
        runs.retain(|_, heard| now.since(heard.received) <= RUN_KEPT);
    }
}

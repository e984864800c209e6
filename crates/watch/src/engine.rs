//! The engine: entries of the journal and ticks of the clock in, changes of alerts out.
//!
//! Ticks stand on a grid of [`TICK`] in received time. Before an entry received at r, all ticks up to r run; so the
//! changes are a function of the journal (and of the rules) alone, whoever drives it and however fast.

use city::record::Entry;
use city::{
    Alert, AlertChange, Blindness, DatastreamId, FeedId, Observation, Record, RuleId, Span, Time,
    alert::AlertChangeKind,
};

use crate::context::Context;
use crate::life::Bearings;
use crate::rule::{Kind, Rule, Voice};
use crate::state::State;
use crate::{absence, life, rise, threshold, trip, warning, words};

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
/// ([`run`] does both).
pub fn step(state: &mut State, context: &Context, event: &Event<'_>) -> Vec<AlertChange> {
    let mut out = Vec::new();
    match event {
        Event::Entry(entry) => on_entry(state, context, entry, &mut out),
        Event::Tick(now) => on_tick(state, context, *now, &mut out),
    }
    out
}

/// Runs entries with the ticks between them, and then the ticks up to `until`. Ticks before `State::wake` are jumped
/// over: [`step`] would return from them at once, having changed nothing but the time of the last tick.
pub fn run<'a>(
    state: &mut State,
    context: &Context,
    entries: impl IntoIterator<Item = &'a Entry>,
    until: Option<Time>,
) -> Vec<AlertChange> {
    let mut out = Vec::new();
    for entry in entries {
        run_ticks(state, context, entry.received, &mut out);
        on_entry(state, context, entry, &mut out);
    }
    if let Some(until) = until {
        run_ticks(state, context, until, &mut out);
    }
    out
}

/// All ticks up to `until` (inclusive) that have not run yet. Before the first entry there is nothing to tick for.
fn run_ticks(state: &mut State, context: &Context, until: Time, out: &mut Vec<AlertChange>) {
    let Some(before) = state.last_tick.or(state.started.map(|started| started.floor(TICK))) else { return };
    let last = until.floor(TICK);
    let mut tick = before + TICK;
    while tick <= last {
        let due = state.wake.map_or(tick, |wake| ceil(wake).min(last));
        tick = tick.max(due);
        on_tick(state, context, tick, out);
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
    state.begin(now);
    if !matches!(&entry.record, Record::FeedBeat(beat) if !beat.good) {
        state.hear_feed(context, &entry.feed, now);
    }
    match &entry.record {
        Record::Observations(rows) => rows.iter().for_each(|row| on_observation(state, context, &row, now, out)),
        Record::VehiclePosition(position) => trip::heard(state, context, &entry.feed, &position.trip, None, now),
        Record::TripUpdate(update) => {
            trip::heard(state, context, &entry.feed, &update.trip, update.delay_s, now);
        }
        Record::Warning(message) => warning::receive(state, context, &entry.feed, message, now, out),
        Record::Acknowledgement(_) => {
            if let Some(alert) = state.acknowledge(&entry.record, now) {
                out.push(AlertChange::of(AlertChangeKind::Acknowledged, alert, now));
            }
        }
        Record::Timetable(_) => state.wake_at(now),
        Record::ServiceAlert(_)
        | Record::DeskAction(_)
        | Record::FeedBeat(_)
        | Record::Entities(_)
        | Record::Erasure(_) => {}
    }
}

fn on_observation(
    state: &mut State,
    context: &Context,
    observation: &Observation,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    if !context.datastreams.contains_key(&observation.datastream) {
        // Made through the API after the rules were read: no rule can name it.
        return;
    }
    state.hear_series(context, observation.datastream, now);
    let rules = context.by_datastream.get(&observation.datastream);
    for rule in rules.into_iter().flatten().filter_map(|at| context.rules.get(*at)) {
        match &rule.kind {
            Kind::Threshold(kind) => threshold::observe(state, context, rule, kind, observation, now, out),
            Kind::Rise(kind) => rise::observe(state, context, rule, kind, observation, now, out),
            Kind::Absence(_) | Kind::Warning(_) | Kind::Trip(_) => {}
        }
    }
}

fn on_tick(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    state.begin(now);
    state.last_tick = Some(now);
    if state.wake.is_some_and(|wake| now < wake) {
        return;
    }
    retire_orphans(state, context, now, out);
    for rule in &context.rules {
        match &rule.kind {
            Kind::Threshold(kind) => look(state, context, rule, &kind.datastreams, now, out),
            Kind::Rise(kind) => look(state, context, rule, &kind.datastreams, now, out),
            Kind::Absence(kind) => absence::judge(state, context, rule, kind, now, out),
            Kind::Warning(kind) => warning::judge(state, context, rule, kind, now, out),
            Kind::Trip(kind) => trip::judge(state, context, rule, kind, now, out),
        }
    }
    warning::forget(state, context, now, out);
    trip::forget(state, now);
    state.wake = Some(next_wake(state, context, now));
}

/// Whether an open alert on a series is blind: nothing new was heard, so only that is judged here.
fn look(
    state: &mut State,
    context: &Context,
    rule: &Rule,
    datastreams: &[DatastreamId],
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    for datastream in datastreams {
        let key = (rule.id.clone(), series_subject(*datastream));
        let Some(id) = state.progress.get(&key).and_then(|progress| progress.alert.clone()) else { continue };
        let blind = series_blindness(state, context, *datastream, now);
        if let Some(alert) = state.alerts.get_mut(&id) {
            life::see(alert, blind.as_ref(), now, out);
        }
    }
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
    let known = |rule: &RuleId| context.rules.binary_search_by(|known| known.id.cmp(rule)).is_ok();
    let looked_at = |alert: &&Alert| {
        let at = context.rules.binary_search_by(|rule| rule.id.cmp(&alert.key.rule)).ok();
        at.and_then(|at| context.rules.get(at)).is_some_and(|rule| rule.kind.looks_at(&alert.key.subject))
    };
    let orphans: Vec<_> = state.alerts.values().filter(|alert| !looked_at(alert)).cloned().collect();
    for alert in orphans {
        state.alerts.remove(&alert.id);
        state.progress.remove(&State::progress_key(&alert.key));
        out.push(life::close(alert, "The rule that opened this alert no longer looks at this.", now));
    }
    state.windows.retain(|(rule, _), _| known(rule));
    state.progress.retain(|(rule, _), _| known(rule));
}

/// The first instant at which a tick may have something to say, given that no entry comes before.
fn next_wake(state: &State, context: &Context, now: Time) -> Time {
    let just_past = Span::ms(1);
    let started = state.started.unwrap_or(now);
    let feeds = context.contracts.iter().map(|(id, contract)| {
        let heard = state.feeds.get(id).map_or(started, |heard| heard.received);
        heard + contract.beat + just_past
    });
    let series = context.datastreams.iter().map(|(id, stream)| {
        let heard = state.series.get(id).map_or(started, |heard| heard.received);
        heard + stream.beat + just_past
    });
    let rules = context.rules.iter().filter_map(|rule| match &rule.kind {
        Kind::Absence(kind) => absence::next_wake(state, context, kind, now),
        Kind::Warning(kind) => warning::next_wake(state, kind, now),
        Kind::Trip(_) => Some(now.floor(trip::EVERY) + trip::EVERY),
        Kind::Threshold(_) | Kind::Rise(_) => None,
    });
    let timers = state.progress.iter().filter_map(|((id, _), progress)| {
        let at = context.rules.binary_search_by(|rule| rule.id.cmp(id)).ok()?;
        let (open_for, close_for) = tick_timers(&context.rules.get(at)?.kind)?;
        let open = progress.open_since.map(|since| since + open_for);
        open.or(progress.close_since.map(|since| since + close_for))
    });
    feeds.chain(series).chain(rules).chain(timers).filter(|at| *at > now).min().unwrap_or(city::time::TIME_MAX)
}

/// The timers of the kinds that ticks move on.
fn tick_timers(kind: &Kind) -> Option<(Span, Span)> {
    match kind {
        Kind::Absence(absence) => Some((Span::default(), absence.close_for)),
        Kind::Trip(trip) => Some((trip.open_for, trip.close_for)),
        Kind::Warning(_) | Kind::Threshold(_) | Kind::Rise(_) => None,
    }
}

//! Silence of a feed, a thing or a datastream.

use city::{AlertChange, Blindness, Span, ThingId, Time};

use crate::context::Context;
use crate::engine::{feed_blindness, series_bearings};
use crate::life::{self, Bearings, Judgement};
use crate::rule::{Absence, Rule, Voice};
use crate::state::State;
use crate::truth::Truth;
use crate::words;

/// What is known of a voice now.
struct Hearing {
    /// When it was last heard, or when the engine began to listen.
    last: Time,
    /// Whether it was ever heard.
    ever: bool,
    /// After how long it counts as silent.
    after: Span,
    /// Why nothing can be said about it.
    blind: Option<Blindness>,
}

/// Judges every voice of the rule; called by ticks.
pub(crate) fn judge(
    state: &mut State,
    context: &Context,
    rule: &Rule,
    kind: &Absence,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    for voice in &kind.of {
        let Some(hearing) = listen(state, context, kind, voice, now) else { continue };
        let silent = now.since(hearing.last) > hearing.after;
        let known = hearing.blind.is_none() && (silent || hearing.ever);
        let truth = Truth::from(silent).when_seen(known);
        let (subject, name, bearings) = introduce(context, voice);
        let clock = words::clock_and_day(hearing.last, &context.timezone);
        let title = if silent { format!("{name} is silent") } else { format!("{name} reports again") };
        let detail = match (silent, hearing.ever) {
            (true, true) => format!("Last heard at {clock}; {} is normal.", words::span(hearing.after)),
            (true, false) => format!("Never heard since {clock}; {} is normal.", words::span(hearing.after)),
            (false, _) => format!("Heard at {clock}."),
        };
        let judgement = Judgement {
            subject,
            at: now,
            open: truth,
            open_for: Span::default(),
            close: truth.not(),
            close_for: kind.close_for,
            blind: hearing.blind,
            severity: rule.severity,
            title,
            detail,
            expected: None,
            bearings,
        };
        life::advance(state, rule, judgement, now, out);
    }
}

/// When the first of its voices will count as silent, if nobody speaks before.
pub(crate) fn next_wake(state: &State, context: &Context, kind: &Absence, now: Time) -> Option<Time> {
    let deadlines = kind.of.iter().filter_map(|voice| {
        let hearing = listen(state, context, kind, voice, now)?;
        Some(hearing.last + hearing.after + Span::ms(1))
    });
    deadlines.filter(|at| *at > now).min()
}

/// A voice that the city does not have is skipped: `townbell check` has refused the rule before.
fn listen(state: &State, context: &Context, kind: &Absence, voice: &Voice, now: Time) -> Option<Hearing> {
    let started = state.started.unwrap_or(now);
    match voice {
        Voice::Feed(feed) => {
            let heard = state.feeds.get(feed).map(|heard| heard.received);
            let after = kind.after.or(context.feed_beat(feed))?;
            Some(Hearing { last: heard.unwrap_or(started), ever: heard.is_some(), after, blind: None })
        }
        Voice::Datastream(id) => {
            let stream = context.datastreams.get(id)?;
            let heard = state.series.get(id).map(|heard| heard.received);
            let after = kind.after.unwrap_or(stream.beat);
            let blind = feed_blindness(state, context, &stream.feed, now);
            Some(Hearing { last: heard.unwrap_or(started), ever: heard.is_some(), after, blind })
        }
        Voice::Thing(thing) => listen_to_thing(state, context, kind, *thing, now),
    }
}

/// A thing speaks by any of its datastreams; it cannot be judged while all feeds that carry it are silent.
fn listen_to_thing(state: &State, context: &Context, kind: &Absence, thing: ThingId, now: Time) -> Option<Hearing> {
    let streams: Vec<_> = context.datastreams.values().filter(|stream| stream.thing == thing).collect();
    let heard = streams.iter().filter_map(|stream| state.series.get(&stream.id)).map(|heard| heard.received).max();
    let after = kind.after.or(streams.iter().map(|stream| stream.beat).max())?;
    let blinds: Vec<_> =
        streams.iter().filter_map(|stream| feed_blindness(state, context, &stream.feed, now)).collect();
    let blind = if blinds.len() == streams.len() { blinds.into_iter().next() } else { None };
    let last = heard.or(state.started).unwrap_or(now);
    Some(Hearing { last, ever: heard.is_some(), after, blind })
}

fn introduce(context: &Context, voice: &Voice) -> (String, String, Bearings) {
    match voice {
        Voice::Feed(feed) => {
            let bearings = Bearings { feed: Some(feed.clone()), ..Bearings::default() };
            (voice.subject(), context.feed_name(feed).to_owned(), bearings)
        }
        Voice::Datastream(id) => {
            let name = context.datastreams.get(id).map_or_else(String::new, |stream| stream.name.clone());
            (voice.subject(), name, series_bearings(context, *id))
        }
        Voice::Thing(id) => {
            let thing = context.things.get(id);
            let feed = context.datastreams.values().find(|stream| stream.thing == *id).map(|s| s.feed.clone());
            let bearings = Bearings { feed, position: thing.map(|thing| thing.position), ..Bearings::default() };
            (voice.subject(), thing.map_or_else(String::new, |thing| thing.name.clone()), bearings)
        }
    }
}

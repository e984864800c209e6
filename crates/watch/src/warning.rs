//! An official warning (CAP 1.2) that touches a place.

use std::collections::VecDeque;

use city::{AlertChange, FeedId, Place, PlaceId, Severity, Span, Time, Warning};
use serde::{Deserialize, Serialize};

use crate::combined::Looks;
use crate::context::Context;
use crate::engine::feed_blindness;
use crate::life::{self, Bearings, Judgement, Said};
use crate::rule::{Kind, OnWarning, Rule};
use crate::state::{Standing, State, THREAD_MAX, WARNINGS_MAX};
use crate::timers::Holding;
use crate::truth::Truth;
use crate::words;

/// How long a warning without CAP `expires` stands after it was sent; CAP 1.2 (3.2.2) leaves it to the recipient.
pub const STANDS_WITHOUT_EXPIRY: Span = Span::h(72);
/// How long an expired warning is still remembered when its feed is silent and may not have said that it goes on.
pub const REMEMBERED_AFTER_EXPIRY: Span = Span::h(24);

/// What the watch needs of the newest message of a thread. Where it is has been found out when it came, and its outlines
/// can be large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InForce {
    sent: Time,
    onset: Time,
    expires: Option<Time>,
    cancels: bool,
    severity: Severity,
    event: String,
    headline: String,
    sender_name: String,
}

impl InForce {
    fn of(warning: &Warning) -> Self {
        Self {
            sent: warning.sent,
            onset: warning.onset,
            expires: warning.expires,
            cancels: warning.cancels,
            severity: warning.severity,
            event: warning.event.clone(),
            headline: warning.headline.clone(),
            sender_name: warning.sender_name.clone(),
        }
    }
}

/// Takes a message into its thread; whether some rule looks at its feed.
pub(crate) fn receive(state: &mut State, context: &Context, feed: &FeedId, message: &Warning) -> bool {
    let looked_at = context.by_warning_feed.contains_key(feed);
    if looked_at {
        take(state, context, feed, message);
    }
    looked_at
}

/// An update keeps the thread, and with it the alert: nobody is rung again for the same storm. Messages come in any
/// order (an index lists the newest first, and one that could not be fetched comes later), so a thread is known by what
/// its messages refer to as well as by what they are called, and a cancellation waits for what it cancels.
fn take(state: &mut State, context: &Context, feed: &FeedId, message: &Warning) {
    let names = |name: &String| *name == message.identifier || message.references.contains(name);
    let same =
        |((of, _), standing): &(&(FeedId, String), &Standing)| of == feed && standing.identifiers.iter().any(names);
    let threads: Vec<(FeedId, String)> = state.warnings.iter().filter(same).map(|(key, _)| key.clone()).collect();
    let rings = |(_, root): &&(FeedId, String)| state.alerts.values().any(|alert| is_of(&alert.key.subject, root));
    let key = threads.iter().find(rings).or(threads.first()).cloned();
    let key = key.unwrap_or_else(|| (feed.clone(), message.identifier.clone()));
    let known: Vec<Standing> = threads.iter().filter_map(|thread| state.warnings.remove(thread)).collect();
    let mut identifiers: VecDeque<String> = known.iter().flat_map(|known| &known.identifiers).cloned().collect();
    identifiers.retain(|name| !names(name));
    identifiers.extend(message.references.iter().chain([&message.identifier]).cloned());
    identifiers.drain(..identifiers.len().saturating_sub(THREAD_MAX));
    let newest = known.into_iter().max_by_key(|known| known.warning.sent);
    let standing = match newest.filter(|known| known.warning.sent > message.sent) {
        Some(newest) => Standing { identifiers, ..newest },
        None => Standing { warning: InForce::of(message), identifiers, touches: touched(context, message) },
    };
    state.warnings.insert(key, standing);
    if state.warnings.len() > WARNINGS_MAX {
        let first_over =
            state.warnings.iter().min_by_key(|(_, standing)| (!standing.warning.cancels, end(&standing.warning)));
        if let Some(key) = first_over.map(|(key, _)| key.clone()) {
            state.warnings.remove(&key);
        }
    }
}

/// The places that a message touches: all of them, as a rule of tomorrow may name another one.
fn touched(context: &Context, message: &Warning) -> Vec<PlaceId> {
    context.places.values().filter(|place| touches(message, place)).map(|place| place.id.clone()).collect()
}

/// What a rule looks at in warnings: itself, or some of its conditions.
pub(crate) fn kinds_of(kind: &Kind) -> Vec<&OnWarning> {
    match kind {
        Kind::Warning(kind) => vec![kind],
        Kind::Combined(combined) => combined
            .conditions
            .iter()
            .filter_map(|condition| match &condition.looks {
                Looks::At(kind) => Some(kinds_of(kind)),
                Looks::Alert(_) => None,
            })
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a warning names the place: by a code, or by an outline that meets its own.
pub fn touches(warning: &Warning, place: &Place) -> bool {
    warning.areas.iter().any(|area| {
        area.geocodes.iter().any(|code| place.geocodes.contains(code))
            || area.polygons.iter().any(|polygon| match &place.outline {
                Some(outline) => polygon.touches(outline),
                None => polygon.contains(place.position),
            })
    })
}

/// When a warning ends.
fn end(warning: &InForce) -> Time {
    warning.expires.unwrap_or(warning.sent + STANDS_WITHOUT_EXPIRY)
}

/// Judges every standing warning for every place of the rule.
pub(crate) fn judgements(state: &State, context: &Context, rule: &Rule, kind: &OnWarning, now: Time) -> Vec<Judgement> {
    let blind = feed_blindness(state, context, &kind.feed, now);
    let mut judgements = Vec::new();
    for ((feed, root), standing) in &state.warnings {
        if *feed != kind.feed {
            continue;
        }
        for place in kind.places.iter().filter_map(|id| context.places.get(id)) {
            let subject = subject(root, &place.id);
            let warning = &standing.warning;
            let concerns = !warning.cancels
                && warning.severity >= kind.at_least
                && standing.touches.contains(&place.id)
                && warning.onset - kind.before <= now;
            let over = now >= end(warning);
            // A silent feed may have prolonged it; until it speaks again nobody knows whether it is over.
            let in_force = if over && blind.is_some() { Truth::Unknown } else { Truth::from(!over) };
            let open = Truth::from(concerns).and(in_force);
            if open == Truth::False && !state.is_open(rule, &subject) {
                continue;
            }
            let mut judgement = judged(context, rule, warning, place, subject, now);
            judgement.holding.open = open;
            judgement.holding.close = open.not();
            judgement.blind.clone_from(&blind);
            judgements.push(judgement);
        }
    }
    judgements
}

fn subject(root: &str, place: &PlaceId) -> String {
    format!("warning:{root}@{place}")
}

/// Whether a subject is about the thread that began with `root`.
fn is_of(subject: &str, root: &str) -> bool {
    let rest = subject.strip_prefix("warning:").and_then(|rest| rest.strip_prefix(root));
    rest.is_some_and(|rest| rest.starts_with('@'))
}

fn judged(context: &Context, rule: &Rule, warning: &InForce, place: &Place, subject: String, now: Time) -> Judgement {
    let until = words::clock_and_day(end(warning), &context.timezone);
    let kind = if warning.headline.is_empty() { &warning.event } else { &warning.headline };
    let stops = warning.cancels || now >= end(warning);
    let title = if stops {
        format!("{} for {} is over", warning.event, place.name)
    } else {
        format!("{} for {} until {until}", warning.event, place.name)
    };
    Judgement {
        subject,
        holding: Holding {
            at: now,
            open: Truth::Unknown,
            open_for: Span::default(),
            close: Truth::Unknown,
            close_for: Span::default(),
            damped: rule.damped,
        },
        blind: None,
        severity: rule.severity.max(warning.severity),
        said: Said {
            title,
            detail: format!("{}: {kind}", warning.sender_name),
            expected: Some(warning.onset).filter(|onset| *onset > now),
        },
        bearings: Bearings {
            feed: None,
            place: Some(place.id.clone()),
            position: Some(place.position),
            datastream: None,
        },
    }
}

/// The next onset or end of a warning that some rule looks at, or turn of an alert about one.
pub(crate) fn next_turn(state: &State, context: &Context, now: Time) -> Option<Time> {
    let turns = state.warnings.iter().flat_map(|((feed, _), standing)| {
        let rules = context.by_warning_feed.get(feed).into_iter().flatten().filter_map(|at| context.rules.get(*at));
        let kinds = rules.flat_map(|rule| kinds_of(&rule.kind)).filter(move |kind| kind.feed == *feed);
        let warning = &standing.warning;
        let onsets = kinds.map(|kind| warning.onset - kind.before);
        onsets.chain([end(warning), end(warning) + REMEMBERED_AFTER_EXPIRY])
    });
    let rules = context.rules.iter().filter(|rule| matches!(rule.kind, Kind::Warning(_)));
    let timers = rules.flat_map(|rule| {
        let of_rule =
            state.progress.range((rule.id.clone(), String::new())..).take_while(|((of, _), _)| *of == rule.id);
        let none = Span::default();
        of_rule.filter_map(move |(_, progress)| life::next_due(rule, &progress.timers, none, none, now))
    });
    turns.filter(|at| *at > now).chain(timers).min()
}

/// Drops what is over and was judged so; what was cancelled is known until it would have been over, for messages that
/// come late. An alert whose warning is gone has been resolved by then, or is resolved by the last judgement a day after
/// the end, when the feed stays silent or the alert flaps.
pub(crate) fn forget(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    let silent: Vec<FeedId> = context
        .by_warning_feed
        .keys()
        .filter(|feed| state.feed_silent_since(context, feed, now).is_some())
        .cloned()
        .collect();
    let stands = |root: &String| state.alerts.values().any(|alert| is_of(&alert.key.subject, root));
    state.warnings.retain(|(feed, root), standing| {
        let end = end(&standing.warning);
        now < end || (now < end + REMEMBERED_AFTER_EXPIRY && (silent.contains(feed) || stands(root)))
    });
    let rooted = |state: &State, subject: &str| state.warnings.keys().any(|(_, root)| is_of(subject, root));
    let lost: Vec<_> = state
        .alerts
        .values()
        .filter(|alert| alert.key.subject.starts_with("warning:") && !rooted(state, &alert.key.subject))
        .cloned()
        .collect();
    for alert in lost {
        state.alerts.remove(&alert.id);
        out.push(life::close(state, alert, "The warning has ended; no further word of it came.", now));
    }
}

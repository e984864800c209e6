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

/// An update keeps the thread, and with it the alert: nobody is rung again for the same storm.
fn take(state: &mut State, context: &Context, feed: &FeedId, message: &Warning) {
    let same = |(of, _): &&(FeedId, String), standing: &Standing| {
        of == feed
            && standing
                .identifiers
                .iter()
                .any(|known| *known == message.identifier || message.references.iter().any(|r| r == known))
    };
    let thread = state.warnings.iter().find(|(key, standing)| same(key, standing)).map(|(key, _)| key.clone());
    if thread.is_none() && message.cancels {
        return;
    }
    let key = thread.unwrap_or_else(|| (feed.clone(), message.identifier.clone()));
    let known = state.warnings.get(&key);
    if known.is_some_and(|standing| standing.warning.sent > message.sent) {
        return;
    }
    let mut identifiers = known.map_or_else(VecDeque::new, |standing| standing.identifiers.clone());
    identifiers.retain(|known| *known != message.identifier);
    identifiers.push_back(message.identifier.clone());
    if identifiers.len() > THREAD_MAX {
        identifiers.pop_front();
    }
    // All places, as a rule of tomorrow may name another one.
    let touched = context.places.values().filter(|place| touches(message, place)).map(|place| place.id.clone());
    let standing = Standing { warning: InForce::of(message), identifiers, touches: touched.collect() };
    state.warnings.insert(key, standing);
    if state.warnings.len() > WARNINGS_MAX {
        let first_over = state.warnings.iter().min_by_key(|(_, standing)| end(&standing.warning));
        if let Some(key) = first_over.map(|(key, _)| key.clone()) {
            state.warnings.remove(&key);
        }
    }
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

/// The next onset or end of a warning that some rule looks at.
pub(crate) fn next_turn(state: &State, context: &Context, now: Time) -> Option<Time> {
    let turns = state.warnings.iter().flat_map(|((feed, _), standing)| {
        let rules = context.by_warning_feed.get(feed).into_iter().flatten().filter_map(|at| context.rules.get(*at));
        let kinds = rules.flat_map(|rule| kinds_of(&rule.kind)).filter(move |kind| kind.feed == *feed);
        let warning = &standing.warning;
        let onsets = kinds.map(|kind| warning.onset - kind.before);
        onsets.chain([end(warning), end(warning) + REMEMBERED_AFTER_EXPIRY])
    });
    turns.filter(|at| *at > now).min()
}

/// Drops what is over and was judged so. An alert whose warning is gone has been resolved by then, or is resolved
/// by the last judgement a day after the end, when the feed stays silent.
pub(crate) fn forget(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    let silent: Vec<FeedId> = context
        .by_warning_feed
        .keys()
        .filter(|feed| state.feed_silent_since(context, feed, now).is_some())
        .cloned()
        .collect();
    state.warnings.retain(|(feed, _), standing| {
        let over = standing.warning.cancels || now >= end(&standing.warning);
        let waits = silent.contains(feed) && now < end(&standing.warning) + REMEMBERED_AFTER_EXPIRY;
        !over || waits
    });
    let rooted = |state: &State, subject: &str| {
        state.warnings.iter().any(|((_, root), s)| s.touches.iter().any(|place| subject == self::subject(root, place)))
    };
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

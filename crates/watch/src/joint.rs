//! Rules that look at more than one thing: combined rules, and rules with a guard. They are judged one after the
//! other, by the time of receipt: streams of unlike kinds have no clock in common but ours.

use city::{AlertChange, Span, Time};

use crate::absence;
use crate::combined::{Combined, Condition, Looks, SUBJECT};
use crate::context::Context;
use crate::life::{self, Bearings, Judgement, Said};
use crate::plan::{Part, Wish};
use crate::rule::{Kind, Rule};
use crate::state::{ConditionSeen, State};
use crate::timers::Holding;
use crate::truth::Truth;
use crate::warning;
use crate::{fence, requests, runs};

/// Judges every combined rule, each after those whose alerts it looks at.
pub(crate) fn judge_all(state: &mut State, context: &Context, by_minute: bool, now: Time, out: &mut Vec<AlertChange>) {
    let why = if by_minute { Why::Minute } else { Why::Elsewhere };
    for place in &context.combined {
        judge(state, context, *place, why, now, out);
    }
}

/// Why a combined rule is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Something of its own was seen.
    Own,
    /// The minute is over: timers run out, and what is dear to look at is looked at anew.
    Minute,
    /// Something happened that may concern it. Unless a condition of it turned, nothing moves: what a rule says must
    /// not depend on what else the city watches.
    Elsewhere,
}

/// The place of the guard beside the conditions.
pub(crate) const GUARD: u16 = u16::MAX;

/// Judges one combined rule.
pub(crate) fn judge(
    state: &mut State,
    context: &Context,
    place: usize,
    why: Why,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let Some(rule) = context.rules.get(place) else { return };
    let Kind::Combined(combined) = &rule.kind else { return };
    let mut turned = false;
    let mut truths: Vec<Truth> = Vec::with_capacity(combined.conditions.len());
    for (at, condition) in (0..).zip(&combined.conditions) {
        let truth = look(state, context, rule, place, at, condition, why, now);
        let seen = remember(state, rule, at, truth, now, &mut turned);
        let lasts = condition.remembered > Span::default()
            && seen.last_true.is_some_and(|last| now.since(last) <= condition.remembered);
        truths.push(if lasts { Truth::True } else { truth });
    }
    let of = |at: usize| truths.get(at).copied().unwrap_or_default();
    let guard = rule
        .guard
        .as_ref()
        .map_or(Truth::True, |guard| guard.holds(None, now, &context.timezone, |id| input(state, context, id, now)));
    if rule.guard.is_some() {
        remember(state, rule, GUARD, guard, now, &mut turned);
    }
    if why == Why::Elsewhere && !turned {
        return;
    }
    let open = combined.open.truth(&of).and(guard);
    let close = combined.close.truth(&of);
    let holding = Holding {
        at: now,
        open,
        open_for: combined.open_for,
        close,
        close_for: combined.close_for,
        damped: rule.damped,
    };
    let judgement = judgement(rule, combined, &truths, holding);
    life::advance(state, rule, judgement, now, out);
    if let Some(unseen) = rule.unseen {
        let unknown = open == Truth::Unknown;
        let judgement = unseen_judgement(rule, combined, &truths, unknown, unseen.severity, unseen.after, now);
        life::advance(state, rule, judgement, now, out);
    }
}

/// The newest reading that a guard asks for, where it can be seen.
pub(crate) fn input(state: &State, context: &Context, id: city::DatastreamId, now: Time) -> Option<f64> {
    let stream = context.datastreams.get(&id)?;
    let silent = state.series_silent_since(context, id, now).is_some()
        || state.feed_silent_since(context, &stream.feed, now).is_some();
    if silent { None } else { state.inputs.get(&id).copied() }
}

#[expect(clippy::too_many_arguments, reason = "each is one thing, and a bundle of them would have no name")]
fn look(
    state: &State,
    context: &Context,
    rule: &Rule,
    place: usize,
    at: u16,
    condition: &Condition,
    why: Why,
    now: Time,
) -> Truth {
    match &condition.looks {
        Looks::Alert(rule) => Truth::from(state.standing.contains_key(rule)),
        Looks::At(kind) => match kind.as_ref() {
            Kind::Figure(_) | Kind::Rise(_) => on_series(state, context, place, at, kind, now),
            Kind::Absence(kind) => absence::truth(state, context, kind, now),
            Kind::Warning(kind) => any(&warning::judgements(state, context, rule, kind, now), || {
                state.feed_silent_since(context, &kind.feed, now).is_some()
            }),
            // Counting runs is dear, and they leave by the minute.
            Kind::Trip(_) | Kind::Zone(_) | Kind::Headway(_) if why != Why::Minute => {
                state.conditions.get(&(rule.id.clone(), at)).map(|seen| seen.truth).unwrap_or_default()
            }
            kind @ (Kind::Trip(_) | Kind::Zone(_) | Kind::Headway(_)) => {
                any(&runs::judgements(state, context, rule, kind, now), || {
                    let feeds = kind.runs().map(|(_, feeds)| feeds).unwrap_or_default();
                    feeds.iter().any(|feed| state.feed_silent_since(context, feed, now).is_some())
                })
            }
            Kind::Fence(kind) => any(&fence::judgements(state, context, rule, kind, now), || {
                state.feed_silent_since(context, &kind.feed, now).is_some()
            }),
            Kind::Requests(_) => requests::truth(state, context, place, at, now),
            Kind::Combined(_) => Truth::Unknown,
        },
    }
}

/// Keeps what a condition is, and when it was last true: while it is, that is not over.
fn remember(state: &mut State, rule: &Rule, at: u16, truth: Truth, now: Time, turned: &mut bool) -> ConditionSeen {
    let seen = state.conditions.entry((rule.id.clone(), at)).or_default();
    if seen.truth != truth {
        *turned = true;
        if seen.truth == Truth::True {
            seen.last_true = Some(now);
        }
        seen.truth = truth;
    }
    *seen
}

/// True when any of them is; unknown when none is and there is something that cannot be seen.
fn any(judgements: &[Judgement], unseen: impl Fn() -> bool) -> Truth {
    let truth = judgements.iter().fold(Truth::False, |truth, judgement| truth.or(judgement.holding.open));
    if truth == Truth::False && unseen() { Truth::Unknown } else { truth }
}

/// Whether a condition holds on any of its series; what is silent is unknown.
fn on_series(state: &State, context: &Context, place: usize, at: u16, kind: &Kind, now: Time) -> Truth {
    kind.datastreams().iter().fold(Truth::False, |truth, id| {
        let cell = || {
            let slot = context.plan.slot(*id)?;
            let series = context.plan.series(slot)?;
            let shard = context.plan.shards.get(usize::from(slot.shard))?;
            let wanted = |(_, wish): &(u32, &Wish)| wish.rule as usize == place && wish.part == Part::Condition(at);
            let (cell, _) = shard.cells_of(series).find(wanted)?;
            let silent = state.series_silent_since(context, *id, now).is_some()
                || state.feed_silent_since(context, &series.feed, now).is_some();
            let cell = state.shards.get(usize::from(slot.shard))?.cells.get(cell as usize)?;
            Some(cell.truth.when_seen(!silent))
        };
        truth.or(cell().unwrap_or_default())
    })
}

fn judgement(rule: &Rule, combined: &Combined, truths: &[Truth], holding: Holding) -> Judgement {
    let names = |wanted: Truth| -> Vec<String> {
        let named = combined.conditions.iter().zip(truths).filter(|(_, truth)| **truth == wanted);
        named.map(|(condition, _)| condition.name.replace('_', " ")).collect()
    };
    let mut parts = Vec::new();
    for (truth, words) in [(Truth::True, "holds"), (Truth::False, "does not hold"), (Truth::Unknown, "cannot be seen")]
    {
        let names = names(truth);
        if !names.is_empty() {
            let words =
                if names.len() > 1 { words.replace("holds", "hold").replace("does", "do") } else { words.to_owned() };
            parts.push(format!("{} {words}", crate::words::list(&names, "and")));
        }
    }
    let title = if holding.open == Truth::False && holding.close == Truth::True {
        format!("{}: over", combined.what)
    } else {
        combined.what.clone()
    };
    Judgement {
        subject: SUBJECT.to_owned(),
        holding,
        blind: None,
        severity: rule.severity,
        said: Said { title, detail: format!("{}.", parts.join("; ")), expected: None },
        bearings: Bearings::default(),
    }
}

fn unseen_judgement(
    rule: &Rule,
    combined: &Combined,
    truths: &[Truth],
    unknown: bool,
    severity: city::Severity,
    after: Span,
    now: Time,
) -> Judgement {
    let holding = Holding {
        at: now,
        open: Truth::from(unknown),
        open_for: after,
        close: Truth::from(!unknown),
        close_for: Span::default(),
        damped: rule.damped,
    };
    let mut judgement = judgement(rule, combined, truths, holding);
    judgement.subject = format!("unseen:{SUBJECT}");
    judgement.severity = severity;
    judgement.said.title = if unknown {
        format!("Nobody can see whether this is so: {}", combined.what)
    } else {
        format!("It can be seen again whether this is so: {}", combined.what)
    };
    judgement
}

//! The life of an alert: one for each (rule, subject, episode), opened and resolved by conditions that held long
//! enough, blind while what it rests on cannot be seen. The same for every kind of rule.

use std::sync::Arc;

use city::{
    Alert, AlertChange, AlertId, AlertKey, AlertState, Blindness, DatastreamId, FeedId, PlaceId, Position, Severity,
    Span, Time, alert::AlertChangeKind,
};

use crate::context::Context;
use crate::rule::{Kind, Rule};
use crate::state::State;
use crate::timers::{Holding, Timers, Turn};
use crate::truth::Truth;

/// The least time between two [`AlertChangeKind::Updated`] of one alert when its title changes.
pub const UPDATE_EVERY: Span = Span::min(15);
/// The same when only the figures behind the title change.
pub const REFRESH_EVERY: Span = Span::h(1);

/// What there is to say about a subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// The words.
    pub(crate) title: String,
    /// The figures.
    pub(crate) detail: String,
    /// When it is expected to come true.
    pub(crate) expected: Option<Time>,
}

/// What a kind of rule has to say about one subject now.
pub(crate) struct Judgement {
    /// What it is about.
    pub(crate) subject: String,
    /// Whether its conditions hold, at the instant that timers count in.
    pub(crate) holding: Holding,
    /// Why it cannot be seen, and since when.
    pub(crate) blind: Option<Blindness>,
    /// How bad now.
    pub(crate) severity: Severity,
    pub(crate) said: Said,
    /// What it rests on.
    pub(crate) bearings: Bearings,
}

/// What an alert rests on and where it stands.
#[derive(Clone, Default)]
pub(crate) struct Bearings {
    pub(crate) datastream: Option<DatastreamId>,
    pub(crate) feed: Option<FeedId>,
    pub(crate) place: Option<PlaceId>,
    pub(crate) position: Option<Position>,
}

/// Moves the timers of a subject that has no cell on, and its alert with them. Gives the next instant at which they
/// run out, or its severity changes, by themselves.
pub(crate) fn advance(
    state: &mut State,
    rule: &Rule,
    judgement: Judgement,
    now: Time,
    out: &mut Vec<AlertChange>,
) -> Option<Time> {
    let key = (rule.id.clone(), judgement.subject.clone());
    let mut progress = state.progress.remove(&key).unwrap_or_default();
    let holding = judgement.holding;
    let turn = progress.timers.advance(holding);
    carry_out(state, rule, turn, &progress.timers, &mut progress.told, judgement, now, out);
    let due = next_due(rule, &progress.timers, holding.open_for, holding.close_for, now);
    if !progress.timers.is_idle(holding.at) {
        state.progress.insert(key, progress);
    }
    due
}

/// The next instant after `now` at which timers run out, or a severity changes, with nothing else happening.
pub(crate) fn next_due(rule: &Rule, timers: &Timers, open_for: Span, close_for: Span, now: Time) -> Option<Time> {
    let turns = [timers.runs_out(open_for, close_for), rule.next_step(*timers, now)];
    turns.into_iter().flatten().filter(|at| *at > now).min()
}

/// What a turn of the timers means for the alert.
#[expect(clippy::too_many_arguments, reason = "each is one thing, and a bundle of them would have no name")]
pub(crate) fn carry_out(
    state: &mut State,
    rule: &Rule,
    turn: Turn,
    timers: &Timers,
    told: &mut Option<Time>,
    judgement: Judgement,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let Some(episode) = timers.episode else { return };
    match turn {
        Turn::Quiet => {}
        Turn::Opens => {
            *told = Some(now);
            let alert = Arc::new(Alert { flapping: timers.flaps, ..open(rule, judgement, episode, now) });
            state.opened(&alert);
            out.push(AlertChange::of(AlertChangeKind::Opened, Arc::clone(&alert), now));
            if alert.flapping {
                out.push(AlertChange::of(AlertChangeKind::Flapping, Arc::clone(&alert), now));
            }
            state.alerts.insert(alert.id.clone(), alert);
        }
        Turn::Stands => {
            let id = AlertId::new(&rule.id, &judgement.subject, episode);
            let Some(alert) = state.alerts.get_mut(&id) else { return };
            see(alert, judgement.blind.as_ref(), now, out);
            let (held, calm) = timers.lasted(judgement.holding.at);
            // Nobody knows that it got better or worse.
            let unknown = judgement.holding.open == Truth::Unknown;
            let severity = if unknown { alert.severity } else { severity(rule, &judgement, held, calm) };
            tell(alert, &judgement, severity, told, now, out);
        }
        Turn::Resolves => {
            let id = AlertId::new(&rule.id, &judgement.subject, episode);
            let Some(mut alert) = state.alerts.remove(&id) else { return };
            let last = Arc::make_mut(&mut alert);
            last.title = judgement.said.title;
            last.detail = judgement.said.detail;
            out.push(end(state, alert, now));
        }
    }
}

/// How bad, by how long it has held or been calm. That nobody can see it is as bad as its rule says, however long.
fn severity(rule: &Rule, judgement: &Judgement, held: Option<Span>, calm: Option<Span>) -> Severity {
    if judgement.subject.starts_with("unseen:") {
        return judgement.severity;
    }
    rule.severity_after(held, calm, judgement.severity)
}

fn open(rule: &Rule, judgement: Judgement, episode: Time, now: Time) -> Alert {
    let severity = severity(rule, &judgement, Some(judgement.holding.at.since(episode)), None);
    let key = AlertKey { rule: rule.id.clone(), subject: judgement.subject, episode };
    let Bearings { datastream, feed, place, position } = judgement.bearings;
    Alert {
        id: key.id(),
        key,
        rule_version: rule.version.clone(),
        state: AlertState::Open,
        severity,
        title: judgement.said.title,
        detail: judgement.said.detail,
        consequence: rule.consequence.clone(),
        first_action: rule.first_action.clone(),
        owner: rule.owner.clone(),
        opened: now,
        respond_by: now + rule.respond_within,
        acknowledged: None,
        acknowledged_by: None,
        note: None,
        assigned_to: None,
        snoozed_until: None,
        flapping: false,
        cause: None,
        hides: 0,
        silenced_by: None,
        late: 0,
        resolved: None,
        expected: judgement.said.expected,
        blind: judgement.blind,
        datastream,
        feed,
        place,
        position,
    }
}

/// What open alerts have of their rules, after those may have changed: whose they are, so what, do what, by when, and
/// how bad, where that is the rule's alone to say. Their words follow with the next reading.
pub(crate) fn follow_rules(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    for alert in state.alerts.values_mut() {
        let Some(rule) = context.rule(&alert.key.rule) else { continue };
        let of_rule = !matches!(rule.kind, Kind::Warning(_) | Kind::Absence(_)) && rule.severity_steps.is_empty();
        let own = of_rule && !alert.key.subject.starts_with("unseen:");
        let severity = if own { rule.severity } else { alert.severity };
        let respond_by = alert.opened + rule.respond_within;
        let before = (&alert.owner, &alert.consequence, &alert.first_action, alert.respond_by, alert.severity);
        if before == (&rule.owner, &rule.consequence, &rule.first_action, respond_by, severity) {
            continue;
        }
        let body = Arc::make_mut(alert);
        body.owner = Arc::clone(&rule.owner);
        body.consequence = Arc::clone(&rule.consequence);
        body.first_action = Arc::clone(&rule.first_action);
        (body.respond_by, body.severity) = (respond_by, severity);
        out.push(AlertChange::of(AlertChangeKind::Updated, Arc::clone(alert), now));
    }
}

/// The end of an alert that was taken out of the state, in the words that it has.
pub(crate) fn end(state: &mut State, alert: Arc<Alert>, now: Time) -> AlertChange {
    let change = resolved(alert, now);
    state.resolved(&change.alert);
    change
}

/// The end of an alert that the state does not have.
pub(crate) fn ended(mut alert: Alert, why: &str, now: Time) -> AlertChange {
    why.clone_into(&mut alert.detail);
    resolved(alert.into(), now)
}

fn resolved(mut alert: Arc<Alert>, now: Time) -> AlertChange {
    let last = Arc::make_mut(&mut alert);
    last.state = AlertState::Resolved;
    last.resolved = Some(now);
    last.blind = None;
    last.expected = None;
    last.snoozed_until = None;
    last.cause = None;
    last.hides = 0;
    last.silenced_by = None;
    AlertChange::of(AlertChangeKind::Resolved, alert, now)
}

/// Resolves an alert whose rule or warning is gone, in its last words.
pub(crate) fn close(state: &mut State, mut alert: Arc<Alert>, why: &str, now: Time) -> AlertChange {
    why.clone_into(&mut Arc::make_mut(&mut alert).detail);
    state.progress.remove(&State::progress_key(&alert.key));
    end(state, alert, now)
}

/// Blinded and sighted.
pub(crate) fn see(alert: &mut Arc<Alert>, blind: Option<&Blindness>, now: Time, out: &mut Vec<AlertChange>) {
    let kind = match (&alert.blind, blind) {
        (None, Some(_)) => AlertChangeKind::Blinded,
        (Some(_), None) => AlertChangeKind::Sighted,
        _ => return,
    };
    Arc::make_mut(alert).blind = blind.cloned();
    out.push(AlertChange::of(kind, Arc::clone(alert), now));
}

/// New words, where they differ enough and the last ones are old enough. A worse (or better) severity never waits.
fn tell(
    alert: &mut Arc<Alert>,
    judgement: &Judgement,
    severity: Severity,
    told: &mut Option<Time>,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    if judgement.blind.is_some() {
        return;
    }
    let quiet_for = told.map_or(REFRESH_EVERY, |told| now.since(told));
    let graver = alert.severity != severity;
    let said_anew = alert.title != judgement.said.title && quiet_for >= UPDATE_EVERY;
    let refreshed = alert.detail != judgement.said.detail && quiet_for >= REFRESH_EVERY;
    if !(graver || said_anew || refreshed) {
        return;
    }
    let body = Arc::make_mut(alert);
    body.severity = severity;
    body.title.clone_from(&judgement.said.title);
    body.detail.clone_from(&judgement.said.detail);
    body.expected = judgement.said.expected;
    *told = Some(now);
    out.push(AlertChange::of(AlertChangeKind::Updated, Arc::clone(alert), now));
}

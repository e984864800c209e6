//! The life of an alert: one for each (rule, subject, episode), opened and resolved by conditions that held long
//! enough, blind while what it rests on cannot be seen. The same for every kind of rule.

use city::{
    Alert, AlertChange, AlertKey, AlertState, Blindness, DatastreamId, FeedId, PlaceId, Position, Severity, Span, Time,
    alert::AlertChangeKind,
};

use crate::rule::Rule;
use crate::state::State;
use crate::truth::Truth;

/// The least time between two [`AlertChangeKind::Updated`] of one alert when its title changes.
pub const UPDATE_EVERY: Span = Span::min(15);
/// The same when only the figures behind the title change.
pub const REFRESH_EVERY: Span = Span::h(1);

/// What a kind of rule has to say about one subject now.
pub(crate) struct Judgement {
    /// What it is about.
    pub(crate) subject: String,
    /// The instant that the evidence is for: what timers count in.
    pub(crate) at: Time,
    /// Whether the open condition holds.
    pub(crate) open: Truth,
    /// How long it must hold.
    pub(crate) open_for: Span,
    /// Whether the close condition holds.
    pub(crate) close: Truth,
    /// How long it must hold.
    pub(crate) close_for: Span,
    /// Why it cannot be seen, and since when.
    pub(crate) blind: Option<Blindness>,
    /// How bad now.
    pub(crate) severity: Severity,
    /// The words.
    pub(crate) title: String,
    /// The figures.
    pub(crate) detail: String,
    /// When it is expected to come true.
    pub(crate) expected: Option<Time>,
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

/// Moves the timers of one subject on, and its alert with them.
pub(crate) fn advance(state: &mut State, rule: &Rule, judgement: Judgement, now: Time, out: &mut Vec<AlertChange>) {
    let key = (rule.id.clone(), judgement.subject.clone());
    let mut progress = state.progress.remove(&key).unwrap_or_default();
    if let Some(mut alert) = progress.alert.as_ref().and_then(|id| state.alerts.remove(id)) {
        if matured(&mut progress.close_since, judgement.close, judgement.at, judgement.close_for) {
            resolve(alert, &judgement, now, out);
            return;
        }
        see(&mut alert, judgement.blind.as_ref(), now, out);
        tell(&mut alert, &judgement, &mut progress.told, now, out);
        state.alerts.insert(alert.id.clone(), alert);
        state.progress.insert(key, progress);
        return;
    }
    progress.alert = None;
    let ripe = matured(&mut progress.open_since, judgement.open, judgement.at, judgement.open_for);
    if let Some(episode) = progress.open_since.filter(|_| ripe) {
        let alert = open(rule, judgement, episode, now);
        out.push(AlertChange::of(AlertChangeKind::Opened, alert.clone(), now));
        progress.open_since = None;
        progress.alert = Some(alert.id.clone());
        progress.told = Some(now);
        state.alerts.insert(alert.id.clone(), alert);
    }
    if progress.open_since.is_some() || progress.alert.is_some() {
        state.progress.insert(key, progress);
    }
}

/// Whether a condition has held long enough. What cannot be seen has not held.
fn matured(since: &mut Option<Time>, truth: Truth, at: Time, long_enough: Span) -> bool {
    if truth != Truth::True {
        *since = None;
        return false;
    }
    let began = *since.get_or_insert(at);
    at.since(began) >= long_enough
}

fn open(rule: &Rule, judgement: Judgement, episode: Time, now: Time) -> Alert {
    let key = AlertKey { rule: rule.id.clone(), subject: judgement.subject, episode };
    Alert {
        id: key.id(),
        key,
        rule_version: rule.version.clone(),
        state: AlertState::Open,
        severity: judgement.severity,
        title: judgement.title,
        detail: judgement.detail,
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
        expected: judgement.expected,
        blind: judgement.blind,
        datastream: judgement.bearings.datastream,
        feed: judgement.bearings.feed,
        place: judgement.bearings.place,
        position: judgement.bearings.position,
    }
}

fn resolve(mut alert: Alert, judgement: &Judgement, now: Time, out: &mut Vec<AlertChange>) {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
    alert.blind = None;
    alert.expected = None;
    alert.title.clone_from(&judgement.title);
    alert.detail.clone_from(&judgement.detail);
    out.push(AlertChange::of(AlertChangeKind::Resolved, alert, now));
}

/// Resolves an alert whose rule or warning is gone, in its last words.
pub(crate) fn close(mut alert: Alert, why: &str, now: Time) -> AlertChange {
    alert.state = AlertState::Resolved;
    alert.resolved = Some(now);
    alert.blind = None;
    alert.expected = None;
    why.clone_into(&mut alert.detail);
    AlertChange::of(AlertChangeKind::Resolved, alert, now)
}

/// Blinded and sighted.
pub(crate) fn see(alert: &mut Alert, blind: Option<&Blindness>, now: Time, out: &mut Vec<AlertChange>) {
    let kind = match (&alert.blind, blind) {
        (None, Some(_)) => AlertChangeKind::Blinded,
        (Some(_), None) => AlertChangeKind::Sighted,
        _ => return,
    };
    alert.blind = blind.cloned();
    out.push(AlertChange::of(kind, alert.clone(), now));
}

/// New words, where they differ enough and the last ones are old enough. A worse (or better) severity never waits.
fn tell(alert: &mut Alert, judgement: &Judgement, told: &mut Option<Time>, now: Time, out: &mut Vec<AlertChange>) {
    if judgement.blind.is_some() {
        return;
    }
    let quiet_for = told.map_or(REFRESH_EVERY, |told| now.since(told));
    let graver = alert.severity != judgement.severity;
    let said_anew = alert.title != judgement.title && quiet_for >= UPDATE_EVERY;
    let refreshed = alert.detail != judgement.detail && quiet_for >= REFRESH_EVERY;
    if !(graver || said_anew || refreshed) {
        return;
    }
    alert.severity = judgement.severity;
    alert.title.clone_from(&judgement.title);
    alert.detail.clone_from(&judgement.detail);
    alert.expected = judgement.expected;
    *told = Some(now);
    out.push(AlertChange::of(AlertChangeKind::Updated, alert.clone(), now));
}

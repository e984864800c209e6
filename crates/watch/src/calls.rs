//! The watch and the calls in one step: what happens to alerts goes to those who are called, and what they say about
//! alerts (hidden, silenced, escalated) is written into the alerts.

use std::collections::BTreeMap;
use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::{AlertChange, AlertId, Notification, Time};

use crate::context::Context;
use crate::jobs::Job;
use crate::notify::{self, Event, MarkKind};
use crate::state::State;

/// What a step, or a run of them, brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// What happened to alerts, in order.
    pub changes: Vec<AlertChange>,
    /// Who is to be told, in order.
    pub notifications: Vec<Notification>,
}

/// Tells the calls what happened since `from`, and what a role did or a channel did not do.
pub(crate) fn follow(
    state: &mut State,
    context: &Context,
    from: usize,
    event: Option<&Event<'_>>,
    now: Time,
    done: &mut Done,
) {
    let surroundings = context.calls();
    let mut marks = Vec::new();
    let mut take = |state: &mut State, event: &Event<'_>, done: &mut Vec<Notification>| {
        let effects = notify::step(&mut state.notify, &surroundings, event, now);
        marks.extend(effects.marks);
        done.extend(effects.notifications);
    };
    if let Some(event) = event {
        take(state, event, &mut done.notifications);
    }
    for change in done.changes.get(from..).unwrap_or_default() {
        take(state, &Event::Change(change), &mut done.notifications);
    }
    take(state, &Event::Tick, &mut done.notifications);
    // Of how many alerts one hides, only the last count of a step is worth telling.
    let last: BTreeMap<AlertId, usize> = (0..)
        .zip(&marks)
        .filter(|(_, mark)| matches!(mark.what, MarkKind::Hides(_)))
        .map(|(at, mark)| (mark.alert.clone(), at))
        .collect();
    for (at, mark) in marks.into_iter().enumerate() {
        if last.get(&mark.alert).is_some_and(|last| *last != at) && matches!(mark.what, MarkKind::Hides(_)) {
            continue;
        }
        done.changes.extend(write(state, &mark.alert, mark.what, now));
    }
    if let Some(at) = notify::next_wake(&state.notify, &surroundings, now) {
        state.jobs.add(at, Job::Calls);
    }
}

/// Writes a mark into the alert.
fn write(state: &mut State, id: &AlertId, what: MarkKind, now: Time) -> Option<AlertChange> {
    let shared = state.alerts.get_mut(id)?;
    let alert = Arc::make_mut(shared);
    let mut words = None;
    let kind = match what {
        MarkKind::Hidden { cause } => {
            alert.cause = Some(cause);
            AlertChangeKind::Hidden
        }
        MarkKind::Surfaced => {
            alert.cause = None;
            AlertChangeKind::Surfaced
        }
        MarkKind::Hides(count) => {
            alert.hides = count;
            AlertChangeKind::Regrouped
        }
        MarkKind::Silenced { by } => {
            alert.silenced_by = Some(by);
            AlertChangeKind::Silenced
        }
        MarkKind::Unsilenced => {
            alert.silenced_by = None;
            AlertChangeKind::Unsilenced
        }
        MarkKind::Escalated { to } => {
            words = Some(to.join(", "));
            AlertChangeKind::Escalated
        }
        MarkKind::Unreached { role, channel, refused, tries } => {
            words = Some(match (refused, tries) {
                (true, _) => format!("{role} by {channel}: refused"),
                (false, 1) => format!("{role} by {channel}: no answer in 1 try"),
                (false, tries) => format!("{role} by {channel}: no answer in {tries} tries"),
            });
            AlertChangeKind::Unreached
        }
        MarkKind::Woken => {
            alert.snoozed_until = None;
            AlertChangeKind::Woken
        }
    };
    Some(AlertChange { words, ..AlertChange::of(kind, Arc::clone(shared), now) })
}

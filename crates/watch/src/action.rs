//! What roles do with alerts: give them away, put them off, write about them.

use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::{Alert, AlertChange, AlertId, AlertState, DeskAction, DeskActionKind, Time};

use crate::state::State;

/// Takes note of an action; `None` when it is about no alert that is known, or about none at all.
pub(crate) fn take(state: &mut State, action: &DeskAction, now: Time) -> Option<AlertChange> {
    let role = &action.role;
    match &action.what {
        DeskActionKind::Assign { alert, to, note } => {
            let alert = state.alerts.get_mut(alert)?;
            let body = Arc::make_mut(alert);
            body.assigned_to = Some(to.clone());
            if body.acknowledged_by.as_ref().is_some_and(|by| by != to) && to != role {
                // Who had it gave it away, and who has it now has not said so yet.
                (body.state, body.acknowledged, body.acknowledged_by, body.note) = (AlertState::Open, None, None, None);
            }
            let words = if note.is_empty() { to.clone() } else { format!("{to}: {note}") };
            Some(change(AlertChangeKind::Assigned, alert, role, Some(words), now))
        }
        DeskActionKind::Snooze { alert, until, note } => {
            let alert = state.alerts.get_mut(alert)?;
            Arc::make_mut(alert).snoozed_until = Some(*until);
            Some(change(AlertChangeKind::Snoozed, alert, role, Some(note.clone()), now))
        }
        DeskActionKind::Wake { alert } => {
            let alert = state.alerts.get_mut(alert)?;
            alert.snoozed_until?;
            Arc::make_mut(alert).snoozed_until = None;
            Some(change(AlertChangeKind::Woken, alert, role, None, now))
        }
        DeskActionKind::Comment { alert, text } => {
            let alert = known(state, alert)?;
            Some(commented(alert, role, text, now))
        }
        DeskActionKind::Silence(_)
        | DeskActionKind::EndSilence { .. }
        | DeskActionKind::Cover(_)
        | DeskActionKind::EndCover { .. }
        | DeskActionKind::SaveRule { .. }
        | DeskActionKind::RemoveRule { .. } => None,
    }
}

/// The alert that a role writes about, where the state does not remember it any more: it has been over for long, and
/// whoever keeps all alerts has to say what it was.
pub fn on_one_long_over<'a>(state: &State, action: &'a DeskAction) -> Option<(&'a AlertId, &'a str)> {
    match &action.what {
        DeskActionKind::Comment { alert, text } if known(state, alert).is_none() => Some((alert, text)),
        _ => None,
    }
}

/// What a role wrote about an alert.
pub fn commented(alert: &Arc<Alert>, role: &str, text: &str, now: Time) -> AlertChange {
    change(AlertChangeKind::Commented, alert, role, Some(text.to_owned()), now)
}

/// An alert that is open, or resolved lately.
fn known<'s>(state: &'s State, id: &AlertId) -> Option<&'s Arc<Alert>> {
    state.alerts.get(id).or_else(|| state.resolved.iter().rev().find(|alert| alert.id == *id))
}

fn change(kind: AlertChangeKind, alert: &Arc<Alert>, role: &str, words: Option<String>, now: Time) -> AlertChange {
    let words = words.filter(|words| !words.is_empty());
    AlertChange { at: now, kind, alert: Arc::clone(alert), by: Some(role.to_owned()), words }
}

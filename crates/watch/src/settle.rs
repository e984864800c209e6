//! After another version of the program went over the whole journal: what people were told stands, and what the state
//! has, made one again.

use std::collections::BTreeMap;

use city::alert::AlertChangeKind;
use city::{Alert, AlertChange, AlertId, Time};

use crate::life;
use crate::state::State;

/// What an alert says that this version of the program does not see.
const GONE: &str = "Seen anew after the program was changed, this does not stand any more.";
/// What is said with an alert that this version found.
const FOUND: &str = "Seen anew after the program was changed.";

/// `told`: the alerts that stand as far as people know. Those that the state does not have are resolved, and those that
/// it has and nobody knows are opened.
pub fn settle(state: &State, told: Vec<Alert>, now: Time) -> Vec<AlertChange> {
    let mut told: BTreeMap<AlertId, Alert> = told.into_iter().map(|alert| (alert.id.clone(), alert)).collect();
    let mut changes = Vec::new();
    for (id, alert) in &state.alerts {
        if told.remove(id).is_none() {
            let mut change = AlertChange::of(AlertChangeKind::Opened, alert.clone(), now);
            change.words = Some(FOUND.to_owned());
            changes.push(change);
        }
    }
    // It never opened in this state, so it leaves nothing there either.
    changes.extend(told.into_values().map(|alert| life::ended(alert, GONE, now)));
    changes
}

//! What is remembered of calls between two steps. All of it goes into the snapshot of the watch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use city::{Alert, AlertId, Cover, CoverId, NotificationReason, RuleId, Severity, Silence, SilenceId, Time};
use serde::{Deserialize, Serialize};

use crate::notify::graph::Spot;

/// Open alerts that are followed one by one. What is more is told as a number ("and 312 more").
pub const CALLS_MAX: usize = 100_000;
/// The same for Extreme, which goes on when the others are full.
pub const EXTREME_CALLS_MAX: usize = 150_000;
/// Silences that are kept, with those that ended lately.
pub const SILENCES_MAX: usize = 1000;
/// Lines of what would have rung that one silence keeps; what is more is counted.
pub const MISSED_MAX: usize = 500;

/// Everything that is remembered. Bounded: see each field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename = "CallsState")]
pub struct State {
    /// The number of the next call, so that the order of the journal is the order of calls.
    pub(crate) next: u64,
    /// One for each open alert; at most [`EXTREME_CALLS_MAX`].
    pub(crate) calls: BTreeMap<u64, Call>,
    /// The call of an alert.
    pub(crate) numbers: BTreeMap<AlertId, u64>,
    /// Where open alerts stand among the links.
    pub(crate) at: BTreeMap<Spot, BTreeSet<u64>>,
    /// What is to be done when; a few for each call, gate, silence and cover.
    pub(crate) agenda: BTreeSet<(Time, Due)>,
    /// One for each rule, role and reason that was called for in the last window.
    pub(crate) gates: BTreeMap<GateKey, Gate>,
    /// At most [`SILENCES_MAX`].
    pub(crate) silences: BTreeMap<SilenceId, Quieting>,
    /// Those that keep quiet now.
    pub(crate) active: BTreeSet<SilenceId>,
    /// At most [`crate::notify::roster::COVERS_MAX`].
    pub(crate) covers: BTreeMap<CoverId, Cover>,
}

/// Something to be done at an instant. Those of one instant are done in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Due {
    /// A cover ends.
    Cover(CoverId),
    /// A silence begins or stops keeping quiet, its owner is reminded, or it is forgotten.
    Silence(SilenceId),
    /// A snooze ends.
    Wake(u64),
    /// What explained an alert has been over for long enough.
    Surface(u64),
    /// Somebody is to be called.
    Call(u64),
    /// The next call to a role for what was held back.
    Gate(GateKey),
}

/// Whether an alert calls for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "CallStanding")]
pub(crate) enum Standing {
    /// It does.
    Own,
    /// Another explains it.
    Under(u64),
    /// What explained it is over; it calls for itself at this time, if it is still open then.
    Orphaned(Time),
}

/// One open alert, as far as calls go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// As it stood after its last change.
    pub(crate) alert: Arc<Alert>,
    /// Where it stands among the links.
    pub(crate) spots: Vec<Spot>,
    pub(crate) standing: Standing,
    /// The calls that this one explains.
    pub(crate) children: BTreeSet<u64>,
    /// The silence that keeps it quiet.
    pub(crate) silenced: Option<SilenceId>,
    /// It would have rung in its silence.
    pub(crate) missed: bool,
    /// Until when it is snoozed.
    pub(crate) snoozed: Option<Time>,
    /// When somebody is called next.
    pub(crate) due: Option<Time>,
    /// Why the chain begins anew at the next call; `None`: it goes on.
    pub(crate) reason: Option<NotificationReason>,
    /// It waited for the morning.
    pub(crate) by_night: bool,
    /// When its chain began.
    pub(crate) rung: Time,
    /// The next step of the chain.
    pub(crate) step: u32,
    /// When somebody was called last.
    pub(crate) last: Time,
    /// Notifications that were about it, for their keys.
    pub(crate) sent: u32,
    /// The roles that were told, and at which severity.
    pub(crate) told: BTreeMap<String, Severity>,
    /// The gates in which it waits.
    pub(crate) held: BTreeSet<GateKey>,
    /// The roles that this step called, each with the channels by which it may still be reached.
    pub(crate) asked: BTreeMap<String, Asked>,
}

/// How a role was called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The key of the notification, without its channel.
    pub(crate) by: String,
    /// Those that did not fail.
    pub(crate) channels: BTreeSet<String>,
}

/// What is called for together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum GateKey {
    /// Alerts of one rule, to one role, for one reason.
    Rule(RuleId, String, NotificationReason),
    /// Extreme alerts to one role, when there are too many to name each.
    Extreme(String),
    /// What waited for the morning, to one role.
    Night(String),
}

/// A role was called; until the window is over, the others wait here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gate {
    /// When the next call goes out.
    pub(crate) until: Time,
    /// Those that passed one by one in this window.
    pub(crate) passed: u32,
    /// Open alerts that wait, each with why and at which step.
    pub(crate) waiting: BTreeMap<u64, (NotificationReason, u32)>,
    /// Alerts that are over, for those who were told of them.
    pub(crate) over: Option<Crowd>,
    /// Alerts that are not followed one by one.
    pub(crate) beyond: Option<Crowd>,
}

/// The first of several, and how many they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crowd {
    pub(crate) lead: Lead,
    /// Without the first.
    pub(crate) more: u32,
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lead {
    pub(crate) alert: AlertId,
    pub(crate) severity: Severity,
    pub(crate) title: String,
    pub(crate) text: String,
    /// The number of the notification about this alert.
    pub(crate) sent: u32,
}

/// A silence and what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quieting {
    /// As it was asked for; its end moves when it is ended early.
    pub silence: Silence,
    /// The role that owns it.
    pub owner: String,
    /// Until when it keeps quiet without a break, while it does.
    pub quiet_until: Option<Time>,
    /// Its owner was reminded that it ends.
    pub reminded: bool,
    /// When it ended.
    pub ended: Option<Time>,
    /// What would have rung: the newest [`MISSED_MAX`], oldest first.
    pub missed: VecDeque<Missed>,
    /// How many would have rung in all.
    pub missed_count: u64,
    /// When it is looked at next.
    pub(crate) due: Option<Time>,
}

/// An alert that would have rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The alert.
    pub alert: AlertId,
    /// When somebody would have been called.
    pub at: Time,
    /// How bad it was then.
    pub severity: Severity,
    /// What it said.
    pub title: String,
}

impl State {
    /// Silences that are in force or to come, and those that ended lately, by id.
    pub fn silences(&self) -> impl Iterator<Item = &Quieting> {
        self.silences.values()
    }

    /// Covers that are in force or to come, by id.
    pub fn covers(&self) -> impl Iterator<Item = &Cover> {
        self.covers.values()
    }

    /// The roles that were told of an open alert, and at which severity.
    pub fn told(&self, alert: &AlertId) -> impl Iterator<Item = (&str, Severity)> {
        let call = self.numbers.get(alert).and_then(|number| self.calls.get(number));
        call.into_iter().flat_map(|call| call.told.iter().map(|(role, severity)| (role.as_str(), *severity)))
    }

    /// The open alert that explains another now. One that is hidden and has none waits to surface: its cause is over.
    pub fn explained_by(&self, alert: &AlertId) -> Option<&AlertId> {
        let call = self.numbers.get(alert).and_then(|number| self.calls.get(number))?;
        let Standing::Under(parent) = call.standing else { return None };
        self.calls.get(&parent).map(|parent| &parent.alert.id)
    }

    /// When somebody is called next for an open alert, if nothing happens before.
    pub fn next_call(&self, alert: &AlertId) -> Option<Time> {
        self.numbers.get(alert).and_then(|number| self.calls.get(number))?.due
    }

    /// Open alerts that are followed.
    pub fn open_count(&self) -> usize {
        self.calls.len()
    }

    /// Moves the next call for an alert.
    pub(crate) fn set_due(&mut self, number: u64, due: Option<Time>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if let Some(before) = std::mem::replace(&mut call.due, due) {
            self.agenda.remove(&(before, Due::Call(number)));
        }
        if let Some(due) = due {
            self.agenda.insert((due, Due::Call(number)));
        }
    }

    /// Moves where an alert stands, with its entry in the agenda. Its place among the children of another is the
    /// caller's to move.
    pub(crate) fn set_standing(&mut self, number: u64, standing: Standing) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if let Standing::Orphaned(before) = std::mem::replace(&mut call.standing, standing) {
            self.agenda.remove(&(before, Due::Surface(number)));
        }
        if let Standing::Orphaned(at) = standing {
            self.agenda.insert((at, Due::Surface(number)));
        }
    }

    pub(crate) fn set_snoozed(&mut self, number: u64, until: Option<Time>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if let Some(before) = std::mem::replace(&mut call.snoozed, until) {
            self.agenda.remove(&(before, Due::Wake(number)));
        }
        if let Some(until) = until {
            self.agenda.insert((until, Due::Wake(number)));
        }
    }

    /// Takes an alert out of every gate in which it waits; whether it waited in any.
    pub(crate) fn leave_gates(&mut self, number: u64) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return false };
        let held = std::mem::take(&mut call.held);
        for key in &held {
            if let Some(gate) = self.gates.get_mut(key) {
                gate.waiting.remove(&number);
            }
        }
        !held.is_empty()
    }

    /// Forgets an alert that is over.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Call> {
        self.leave_gates(number);
        self.set_due(number, None);
        self.set_snoozed(number, None);
        self.set_standing(number, Standing::Own);
        let call = self.calls.remove(&number)?;
        self.numbers.remove(&call.alert.id);
        for spot in &call.spots {
            if let Some(there) = self.at.get_mut(spot) {
                there.remove(&number);
                if there.is_empty() {
                    self.at.remove(spot);
                }
            }
        }
        Some(call)
    }
}

/// Shows the choices inside [`State`] to the census, each by itself.
pub(crate) fn persisted<C: crate::kept::Census>(census: &mut C) -> Result<(), C::Error> {
    census.add::<Due>()?;
    census.add::<Standing>()?;
    census.add::<GateKey>()?;
    census.add::<Spot>()?;
    census.add::<city::link::Node>()
}

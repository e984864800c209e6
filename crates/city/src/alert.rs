//! One live condition of one rule on one subject.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::geometry::Position;
use crate::id::{AlertId, DatastreamId, FeedId, PlaceId, RuleId, SilenceId};
use crate::severity::Severity;
use crate::time::Time;

/// What makes an alert the same one: a restart, a replay or two nodes never ring twice for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertKey {
    /// The rule.
    pub rule: RuleId,
    /// What it is about: `datastream:1`, `feed:water`, `trip:20240502/T1-2@1#1202`, `warning:ID@PLACE`.
    pub subject: String,
    /// The episode: when its condition first held. A new episode is a new alert.
    pub episode: Time,
}

impl AlertKey {
    /// The key in a URL.
    pub fn id(&self) -> AlertId {
        AlertId::new(&self.rule, &self.subject, self.episode)
    }
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AlertState {
    /// Rings until somebody takes it.
    Open,
    /// A role has it.
    Acknowledged,
    /// Its close condition held.
    Resolved,
}

/// Why the watcher cannot see what it would need to judge an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blindness {
    /// Since when.
    pub since: Time,
    /// In words: "water has been silent for 47 min".
    pub why: String,
}

/// An alert as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// [`AlertKey::id`].
    pub id: AlertId,
    /// What makes it this one.
    pub key: AlertKey,
    /// The version of the rule that opened it (hash of its text, hexadecimal, 12 digits).
    pub rule_version: Arc<str>,
    /// Where it is in its life.
    pub state: AlertState,
    /// How bad now.
    pub severity: Severity,
    /// What, as a sentence: "Lake Guaíba will pass 3.0 m about 13:00".
    pub title: String,
    /// The figures behind it, as a sentence: "2.41 m, rising 5 cm an hour."
    pub detail: String,
    /// So what: the consequence, from the rule.
    pub consequence: Arc<str>,
    /// Do what: the first action, from the rule.
    pub first_action: Arc<str>,
    /// The role that answers for it.
    pub owner: Arc<str>,
    /// When it opened.
    pub opened: Time,
    /// By when somebody should have acted.
    pub respond_by: Time,
    /// When somebody took it.
    pub acknowledged: Option<Time>,
    /// Who took it: a role.
    pub acknowledged_by: Option<String>,
    /// With what note.
    pub note: Option<String>,
    /// The role that works on it, where that is not its owner.
    pub assigned_to: Option<String>,
    /// Until when nobody is reminded of it.
    pub snoozed_until: Option<Time>,
    /// It opened and resolved again and again; it is held open until it has been calm for longer.
    pub flapping: bool,
    /// The open alert that explains this one by the links of the city: nobody is called for this one.
    pub cause: Option<AlertId>,
    /// How many open alerts this one explains.
    pub hides: u32,
    /// The silence that keeps it quiet now.
    pub silenced_by: Option<SilenceId>,
    /// Readings that came late, for a time at which this alert was open, after it had resolved.
    pub late: u32,
    /// When its close condition held.
    pub resolved: Option<Time>,
    /// When the condition is expected to come true (a forecast), where the rule can tell.
    pub expected: Option<Time>,
    /// Set while what it rests on cannot be seen.
    pub blind: Option<Blindness>,
    /// The series it rests on.
    pub datastream: Option<DatastreamId>,
    /// The feed it rests on.
    pub feed: Option<FeedId>,
    /// The place it touches.
    pub place: Option<PlaceId>,
    /// Where its symbol stands.
    pub position: Option<Position>,
}

/// One step in the life of an alert, in the order of the journal. The alert is as it stands after the step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChange {
    /// When.
    pub at: Time,
    /// What happened, in a word.
    pub kind: AlertChangeKind,
    /// The alert after it: one copy for all who have to do with this step.
    pub alert: Arc<Alert>,
    /// The role that did it; `None`: the watch itself.
    pub by: Option<String>,
    /// What was said with it: a note, a comment, to whom it goes.
    pub words: Option<String>,
}

impl AlertChange {
    /// A change that the watch itself made, without words.
    pub fn of(kind: AlertChangeKind, alert: impl Into<Arc<Alert>>, at: Time) -> Self {
        Self { at, kind, alert: alert.into(), by: None, words: None }
    }
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AlertChangeKind {
    /// It opened.
    Opened,
    /// A role took it.
    Acknowledged,
    /// Its words, figures or severity changed.
    Updated,
    /// What it rests on can no longer be seen.
    Blinded,
    /// It can be seen again.
    Sighted,
    /// Its close condition held.
    Resolved,
    /// A role gave it to a role.
    Assigned,
    /// A role asked not to be reminded of it until a time.
    Snoozed,
    /// Its snooze ended, by time or by a role.
    Woken,
    /// A role wrote a line about it.
    Commented,
    /// Another open alert explains it: nobody is called for it.
    Hidden,
    /// What explained it is over, and it is not: it calls for itself now.
    Surfaced,
    /// It explains more, or fewer, open alerts than before.
    Regrouped,
    /// A silence keeps it quiet.
    Silenced,
    /// No silence keeps it quiet any more.
    Unsilenced,
    /// Nobody took it in time: the next role is called.
    Escalated,
    /// It opens and resolves again and again, and is held open.
    Flapping,
    /// A reading came late for a time at which it was open; it had resolved already.
    Amended,
    /// A role could not be told of it by a channel.
    Unreached,
}

impl AlertChangeKind {
    /// Every kind with its name, as in the store and in JSON.
    pub const NAMES: [(Self, &'static str); 19] = [
        (Self::Opened, "opened"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Updated, "updated"),
        (Self::Blinded, "blinded"),
        (Self::Sighted, "sighted"),
        (Self::Resolved, "resolved"),
        (Self::Assigned, "assigned"),
        (Self::Snoozed, "snoozed"),
        (Self::Woken, "woken"),
        (Self::Commented, "commented"),
        (Self::Hidden, "hidden"),
        (Self::Surfaced, "surfaced"),
        (Self::Regrouped, "regrouped"),
        (Self::Silenced, "silenced"),
        (Self::Unsilenced, "unsilenced"),
        (Self::Escalated, "escalated"),
        (Self::Flapping, "flapping"),
        (Self::Amended, "amended"),
        (Self::Unreached, "unreached"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| *name)
    }
}

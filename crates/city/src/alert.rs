//! One live condition of one rule on one subject.

use serde::{Deserialize, Serialize};

use crate::geometry::Position;
use crate::id::{AlertId, DatastreamId, FeedId, PlaceId, RuleId};
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
    pub rule_version: String,
    /// Where it is in its life.
    pub state: AlertState,
    /// How bad now.
    pub severity: Severity,
    /// What, as a sentence: "Lake Guaíba will pass 3.0 m about 13:00".
    pub title: String,
    /// The figures behind it, as a sentence: "2.41 m, rising 5 cm an hour."
    pub detail: String,
    /// So what: the consequence, from the rule.
    pub consequence: String,
    /// Do what: the first action, from the rule.
    pub first_action: String,
    /// The role that answers for it.
    pub owner: String,
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
    /// The alert after it.
    pub alert: Alert,
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
}

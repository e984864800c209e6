//! What is sent to a role, and what became of it.

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::id::AlertId;
use crate::severity::Severity;
use crate::time::Time;

/// Why a role is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NotificationReason {
    /// An alert opened, and nothing explains or silences it.
    Opened,
    /// Nobody has taken it yet: once more to the same role.
    Reminded,
    /// Nobody took it in time: the next role of the chain.
    Escalated,
    /// It became worse.
    Worsened,
    /// What explained it, or kept it quiet, is over, and it is not.
    Surfaced,
    /// It was given to this role.
    Assigned,
    /// Its snooze is over.
    Woken,
    /// It is over; only those who were told that it opened are told.
    Resolved,
    /// A silence of this role ends soon.
    SilenceEnding,
    /// Nothing of the watch's own has moved: the centre is blind.
    Blind,
}

/// One message to one role through one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// What makes it this one: the same journal gives the same key, so that it is sent once. It goes with the message
    /// (`Idempotency-Key`, `Message-ID`), so that a receiver can tell a second delivery from a second message.
    pub key: String,
    /// The alert; `None` for what is about a silence or the centre itself.
    pub alert: Option<AlertId>,
    /// Why.
    pub reason: NotificationReason,
    /// The role that is called.
    pub role: String,
    /// The channel, as `oncall.toml` names it.
    pub channel: String,
    /// When it was due.
    pub at: Time,
    /// Which step of the escalation, from 0.
    pub step: u32,
    /// How bad.
    pub severity: Severity,
    /// One line: what.
    pub title: String,
    /// So what, do what, by when.
    pub text: String,
}

impl Notification {
    /// The text for an alert: the figures, so what, do what.
    pub fn text_of(alert: &Alert) -> String {
        format!("{}\n{}\n{}", alert.detail, alert.consequence, alert.first_action)
    }
}

/// A call that did not reach its role by one channel, as far as the next role cannot wait for it. The outbox may go on
/// trying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// The key of the notification.
    pub key: String,
    /// The role that was called.
    pub role: String,
    /// The channel, as `oncall.toml` names it.
    pub channel: String,
    /// The other side refused it; else it did not take it, or was not there.
    pub refused: bool,
    /// How often it was tried.
    pub tries: u32,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Delivery {
    /// To be sent, or to be tried again.
    Waiting,
    /// The other side took it.
    Delivered,
    /// Given up after every try.
    Failed,
}

impl Delivery {
    /// Its name, as in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

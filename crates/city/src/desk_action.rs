//! What roles in the control room do about alerts, besides taking them. Roles, never names.

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::id::{AlertId, CoverId, FeedId, RuleId, SilenceId};
use crate::severity::Severity;
use crate::time::{Span, Time};

/// What a role did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskAction {
    /// Who: one of the city's roles.
    pub role: String,
    /// What.
    pub what: DeskActionKind,
}

/// What can be done. Texts are a line of the role's own, scanned by the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeskActionKind {
    /// Gives an alert to a role.
    Assign {
        /// The alert.
        alert: AlertId,
        /// The role that shall work on it.
        to: String,
        /// Why.
        note: String,
    },
    /// Asks not to be reminded of an alert until a time.
    Snooze {
        /// The alert.
        alert: AlertId,
        /// Until when.
        until: Time,
        /// Why.
        note: String,
    },
    /// Ends a snooze.
    Wake {
        /// The alert.
        alert: AlertId,
    },
    /// Writes a line about an alert.
    Comment {
        /// The alert.
        alert: AlertId,
        /// The line.
        text: String,
    },
    /// Keeps alerts quiet for a time. The role that does it owns the silence.
    Silence(Silence),
    /// Ends a silence early.
    EndSilence {
        /// The silence.
        silence: SilenceId,
    },
    /// Takes a shift of another role, or gives it away.
    Cover(Cover),
    /// Ends a cover early.
    EndCover {
        /// The cover.
        cover: CoverId,
    },
    /// Writes a rule of the city, a new one or one in the place of another.
    SaveRule {
        /// The rule.
        rule: RuleId,
        /// Which text: the version that alerts of the rule name.
        version: String,
    },
    /// Takes a rule away.
    RemoveRule {
        /// The rule.
        rule: RuleId,
    },
}

/// Alerts that nobody shall be called for. They are watched, shown and resolved as ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Silence {
    /// Its id.
    pub id: SilenceId,
    /// Why.
    pub reason: String,
    /// Which alerts.
    pub scope: SilenceScope,
    /// From when.
    pub from: Time,
    /// Until when: no silence is without an end.
    pub until: Time,
    /// Only in windows that recur between the two.
    pub repeat: Option<Repeat>,
}

/// Which alerts: those that fit every part that is given. At least one of the lists is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SilenceScope {
    /// Of one of these rules; empty is any.
    pub rules: Vec<RuleId>,
    /// About one of these subjects ([`crate::AlertKey::subject`]); empty is any.
    pub subjects: Vec<String>,
    /// Resting on one of these feeds; empty is any.
    pub feeds: Vec<FeedId>,
    /// No worse than this: what is worse rings all the same.
    pub severity_at_most: Severity,
}

/// Why a silence cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceFault {
    /// It ends before it begins, or has ended.
    Ends,
    /// It is longer than [`Silence::LASTS_MAX`], and recurs.
    TooLong,
    /// It keeps quiet without a break for longer than [`Silence::AT_A_TIME_MAX`].
    TooLongAtATime,
    /// It holds what is extreme, and ends later than [`Silence::EXTREME_MAX`] from now.
    Extreme,
    /// It does not say why.
    NoReason,
    /// It names nothing: everything quiet at once is a centre switched off.
    NoScope,
    /// Its windows begin on no day, or last for nothing or longer than [`Repeat::LASTS_MIN_MAX`].
    Windows,
}

impl SilenceFault {
    /// What would be right.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ends => "it should end after it begins, and after now",
            Self::TooLong => "it should end within a year",
            Self::TooLongAtATime => "it should end within 90 days; what recurs may for a year",
            Self::Extreme => {
                "it should end within 24 h from now, as it keeps extreme alerts quiet; with a lower severity at most it \
                 may last longer"
            }
            Self::NoReason => "it should say why",
            Self::NoScope => "it should name rules, subjects or feeds; all at once is no silence but blindness",
            Self::Windows => "its windows should begin on a day of the week, and last from a minute to a week",
        }
    }
}

impl Silence {
    /// The longest that recurs: a year of works. What is wanted for longer is a change of the rule.
    pub const LASTS_MAX: Span = Span::h(24 * 366);
    /// The longest without a break: a season's works. Who made it has forgotten it by then, and whoever comes after
    /// never knew.
    pub const AT_A_TIME_MAX: Span = Span::h(24 * 90);
    /// How far ahead a silence may end that holds what is extreme: every shift of a day decides anew that nobody is
    /// called when lives are at risk.
    pub const EXTREME_MAX: Span = Span::h(24);

    /// Why it cannot be, now; `None` when it can.
    pub fn fault(&self, now: Time) -> Option<SilenceFault> {
        let SilenceScope { rules, subjects, feeds, severity_at_most } = &self.scope;
        let ahead = self.until.since(now);
        if self.until <= self.from || self.until <= now {
            Some(SilenceFault::Ends)
        } else if *severity_at_most >= Severity::Extreme && ahead > Self::EXTREME_MAX {
            Some(SilenceFault::Extreme)
        } else if ahead > Self::LASTS_MAX {
            Some(SilenceFault::TooLong)
        } else if self.repeat.is_none() && self.until.since(self.from) > Self::AT_A_TIME_MAX {
            Some(SilenceFault::TooLongAtATime)
        } else if self.reason.trim().is_empty() {
            Some(SilenceFault::NoReason)
        } else if rules.is_empty() && subjects.is_empty() && feeds.is_empty() {
            Some(SilenceFault::NoScope)
        } else if self.repeat.is_some_and(|repeat| !repeat.is_whole()) {
            Some(SilenceFault::Windows)
        } else {
            None
        }
    }
}

impl Repeat {
    /// The longest window, in minutes: a week. Longer ones would run into themselves.
    pub const LASTS_MIN_MAX: u16 = 7 * 24 * 60;

    fn is_whole(self) -> bool {
        (1..128).contains(&self.weekdays)
            && self.begins_min < 24 * 60
            && (1..=Self::LASTS_MIN_MAX).contains(&self.lasts_min)
    }
}

impl SilenceScope {
    /// Whether an alert is in it.
    pub fn holds(&self, alert: &Alert) -> bool {
        let feed = |feeds: &[FeedId]| alert.feed.as_ref().is_some_and(|feed| feeds.contains(feed));
        (self.rules.is_empty() || self.rules.contains(&alert.key.rule))
            && (self.subjects.is_empty() || self.subjects.contains(&alert.key.subject))
            && (self.feeds.is_empty() || feed(&self.feeds))
            && alert.severity <= self.severity_at_most
    }
}

/// A window that recurs by the calendar of the city: "Tuesdays and Thursdays from 22:00 for 4 h".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Repeat {
    /// On which days it begins; Monday is bit 0.
    pub weekdays: u8,
    /// When it begins on the clocks of the city, in minutes after midnight. On the night when the clocks skip that
    /// minute, it begins when they have skipped; when the minute comes twice, at the first.
    pub begins_min: u16,
    /// How long it lasts, in minutes that pass; at most a week.
    pub lasts_min: u16,
}

/// One role stands in for another on call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cover {
    /// Its id.
    pub id: CoverId,
    /// The role whose calls are taken.
    pub of: String,
    /// The role that takes them.
    pub by: String,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// Why.
    pub note: String,
}

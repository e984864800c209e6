//! How long conditions have held, and whether an alert stands: the same for every kind of rule, and all that the
//! watch needs of a subject while nothing changes.

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use crate::truth::Truth;

/// Opening three times within so long is flapping: nobody can act on what comes and goes.
pub const FLAP_WINDOW: Span = Span::h(1);
/// How long the close condition must hold before an alert that flaps resolves, where its rule asks for less.
pub const FLAP_CALM: Span = Span::min(30);

/// The timers of one subject of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timers {
    /// Since when the open condition has held.
    pub(crate) open_since: Option<Time>,
    /// Since when the close condition has held.
    pub(crate) close_since: Option<Time>,
    /// Since when the open condition has not held, while an alert stands.
    pub(crate) calm_since: Option<Time>,
    /// The episode of the alert that stands, or that stood last.
    pub(crate) episode: Option<Time>,
    /// When that resolved.
    pub(crate) closed: Option<Time>,
    /// When it opened.
    pub(crate) opened: Option<Time>,
    /// When the one before that opened.
    pub(crate) opened_before: Option<Time>,
    /// The alert that stands is the third within [`FLAP_WINDOW`].
    pub(crate) flaps: bool,
    /// An alert stands.
    pub(crate) stands: bool,
}

/// What a condition has to say about one subject, at an instant that timers count in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Holding {
    pub(crate) at: Time,
    pub(crate) open: Truth,
    pub(crate) open_for: Span,
    pub(crate) close: Truth,
    pub(crate) close_for: Span,
    /// Whether what flaps is held open.
    pub(crate) damped: bool,
}

/// What became of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// No alert stands, and none opens.
    Quiet,
    /// An alert opens.
    Opens,
    /// An alert stands.
    Stands,
    /// An alert resolves.
    Resolves,
}

impl Timers {
    /// Moves the timers on.
    pub(crate) fn advance(&mut self, holding: Holding) -> Turn {
        let Holding { at, open, open_for, close, close_for, damped } = holding;
        let held = held(&mut self.open_since, open, at);
        if !self.stands {
            if held.is_none_or(|held| held < open_for) {
                return Turn::Quiet;
            }
            self.open(at, damped);
            return Turn::Opens;
        }
        match open {
            Truth::False => _ = self.calm_since.get_or_insert(at),
            Truth::True | Truth::Unknown => self.calm_since = None,
        }
        let calm = self::held(&mut self.close_since, close, at);
        let close_for = if self.flaps { close_for.max(FLAP_CALM) } else { close_for };
        if calm.is_none_or(|calm| calm < close_for) {
            return Turn::Stands;
        }
        self.stands = false;
        self.closed = Some(at);
        self.close_since = None;
        self.calm_since = None;
        self.open_since = None;
        Turn::Resolves
    }

    fn open(&mut self, at: Time, damped: bool) {
        self.flaps = damped && self.opened_before.is_some_and(|before| at.since(before) <= FLAP_WINDOW);
        self.stands = true;
        self.opened_before = self.opened;
        self.opened = Some(at);
        self.episode = self.open_since;
        self.closed = None;
        self.close_since = None;
        self.calm_since = None;
    }

    /// For a condition, which has no alert: true once it has held for long enough, false before.
    pub(crate) fn holds(&mut self, truth: Truth, long_enough: Span, at: Time) -> Truth {
        held(&mut self.open_since, truth, at).map_or(truth, |held| Truth::from(held >= long_enough))
    }

    /// What happened in a hole between readings is not known, so nothing has "held" through it.
    pub(crate) fn broken(&mut self) {
        self.open_since = None;
        self.close_since = None;
        self.calm_since = None;
    }

    /// Whether nothing is remembered that matters: no alert stands, none is on its way, none was lately.
    pub(crate) fn is_idle(&self, at: Time) -> bool {
        !self.stands && self.open_since.is_none() && self.opened.is_none_or(|opened| at.since(opened) > FLAP_WINDOW)
    }

    /// How long the open condition has held, and how long it has not, while an alert stands.
    pub(crate) fn lasted(&self, at: Time) -> (Option<Span>, Option<Span>) {
        (self.open_since.map(|since| at.since(since)), self.calm_since.map(|since| at.since(since)))
    }

    /// The next instant at which a timer runs out, if nothing changes: for kinds that the clock moves on.
    pub(crate) fn runs_out(&self, open_for: Span, close_for: Span) -> Option<Time> {
        if self.stands {
            let close_for = if self.flaps { close_for.max(FLAP_CALM) } else { close_for };
            return self.close_since.map(|since| since + close_for);
        }
        self.open_since.map(|since| since + open_for)
    }
}

/// For how long a condition has held; `None` when it does not, or cannot be seen: what cannot be seen has not held.
fn held(since: &mut Option<Time>, truth: Truth, at: Time) -> Option<Span> {
    if truth != Truth::True {
        *since = None;
        return None;
    }
    Some(at.since(*since.get_or_insert(at)))
}

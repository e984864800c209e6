//! What `oncall.toml` says, after it was read and judged ([`crate::notify::parse`]): who is reached how, who takes
//! whose calls when, and who is next when nobody answers.

use city::{Severity, Span};
use jiff::civil::Date;

use crate::notify::channel::{Channel, ChannelKind, Secret, Url};

/// Roles that a city may have; each has its table of ways to be reached.
pub const ROLES_MAX: usize = 200;
/// Entries that one list of `oncall.toml` may have: channels, shifts, chains. A city's whole roster fits many times.
pub const ENTRIES_MAX: usize = 1000;
/// Steps that one chain may have.
pub const STEPS_MAX: usize = 12;

/// Everything that `oncall.toml` says. Only [`crate::notify::parse`] makes one, so every chain has a first step at
/// once, every role of the city has a channel at every severity, and no shift goes round in a circle.
#[derive(Clone, Debug, PartialEq)]
pub struct OnCall {
    /// The roles of the city, as they were given to `parse`.
    pub(crate) roles: Vec<String>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) reach: Vec<Reach>,
    pub(crate) shifts: Vec<Shift>,
    pub(crate) escalations: Vec<Escalation>,
    pub(crate) quiet: Option<Quiet>,
    pub(crate) calls: Calls,
    pub(crate) heartbeat: Option<Heartbeat>,
}

impl OnCall {
    /// For a city without `oncall.toml`: every alert calls its owner on the pages, and nothing leaves the house.
    pub fn on_screens(roles: Vec<String>) -> Self {
        let name = "screen".to_owned();
        let reach =
            |role: &String| Reach { role: role.clone(), at_least: Severity::Unknown, channels: vec![name.clone()] };
        Self {
            reach: roles.iter().map(reach).collect(),
            roles,
            channels: vec![Channel { name: name.clone(), kind: ChannelKind::Screen }],
            shifts: Vec::new(),
            escalations: vec![Escalation {
                owners: Vec::new(),
                at_least: Severity::Unknown,
                steps: vec![Step { after: Span::default(), roles: Vec::new() }],
                remind_every: None,
            }],
            quiet: None,
            calls: Calls::default(),
            heartbeat: None,
        }
    }

    /// The ways to reach desks, in the order of the file.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The channel of a name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// Through which channels a role is reached at a severity: those of its entry with the highest `at_least` that
    /// the severity comes to. Empty only for what is no role of this city.
    pub fn channels_of(&self, role: &str, severity: Severity) -> &[String] {
        let severity = known(severity);
        let fits = self.reach.iter().filter(|reach| reach.role == role && reach.at_least <= severity);
        fits.max_by_key(|reach| reach.at_least).map_or(&[], |reach| &reach.channels)
    }

    /// Whose calls are taken when.
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// The chains, in the order of the file.
    pub fn escalations(&self) -> &[Escalation] {
        &self.escalations
    }

    /// The chain of an owner at a severity: the first that fits; for an owner that is no role of the city, the last.
    pub fn escalation(&self, owner: &str, severity: Severity) -> Option<&Escalation> {
        let severity = known(severity);
        let fits = |chain: &&Escalation| {
            severity >= chain.at_least && (chain.owners.is_empty() || chain.owners.iter().any(|role| role == owner))
        };
        self.escalations.iter().find(fits).or(self.escalations.last())
    }

    /// Whether a role holds the desk of an owner: some chain for its alerts calls it.
    pub fn holds_desk(&self, role: &str, owner: &str) -> bool {
        let of_owner = |chain: &&Escalation| chain.owners.is_empty() || chain.owners.iter().any(|of| of == owner);
        let mut steps = self.escalations.iter().filter(of_owner).flat_map(|chain| &chain.steps);
        steps.any(|step| step.roles.iter().any(|called| called == role))
    }

    /// The hours of the night.
    pub fn quiet(&self) -> Option<&Quiet> {
        self.quiet.as_ref()
    }

    /// How calls are put together.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Who watches the watcher.
    pub fn heartbeat(&self) -> Option<&Heartbeat> {
        self.heartbeat.as_ref()
    }

    /// The roles of the city.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }
}

/// For who is called and when, a severity that is not known counts as moderate: it must never turn into "fine".
pub(crate) fn known(severity: Severity) -> Severity {
    if severity == Severity::Unknown { Severity::Moderate } else { severity }
}

/// `[[reach]]`: through which channels a role is reached, from a severity on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The role.
    pub role: String,
    /// From this severity on.
    pub at_least: Severity,
    /// Names of channels; at least one.
    pub channels: Vec<String>,
}

/// Hours that recur by the calendar and the clocks of the city. Where `to_min` is not after `from_min` they end on
/// the next day; the same minute twice is a whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// On which days they begin; Monday is bit 0.
    pub weekdays: u8,
    /// When they begin, in minutes after midnight.
    pub from_min: u16,
    /// When they end, in minutes after midnight.
    pub to_min: u16,
}

/// `[[shift]]`: hours in which a role takes the calls of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Whose calls.
    pub role: String,
    /// Who takes them.
    pub by: String,
    /// When.
    pub hours: Hours,
    /// The first day on which they begin.
    pub first: Option<Date>,
    /// The last day on which they begin.
    pub last: Option<Date>,
}

/// `[[escalation]]`: who is called for alerts of some owners from a severity on, and who is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// The roles that own the alerts; empty is any.
    pub owners: Vec<String>,
    /// From this severity on.
    pub at_least: Severity,
    /// The steps, by time; the first is at once.
    pub steps: Vec<Step>,
    /// How often those who were called last are reminded until somebody takes the alert; `None`: never.
    pub remind_every: Option<Span>,
}

/// One step of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How long after the alert began to ring.
    pub after: Span,
    /// Who; empty is the role that owns the alert, or to which it was given.
    pub roles: Vec<String>,
}

/// `[quiet]`: the night, in which what is not urgent waits for the morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Every day.
    pub hours: Hours,
    /// What is no worse than this waits: info, minor or moderate.
    pub at_most: Severity,
}

/// `[calls]`: how calls are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// How long an alert waits for what would explain it before it calls. Extreme never waits.
    pub group_wait: Span,
    /// One call in this time to a role for alerts of one rule; the others are counted in the next.
    pub group_every: Span,
    /// How long after its cause is over an alert that is still open calls for itself.
    pub surface_after: Span,
    /// How long before a silence ends its owner is reminded.
    pub silence_reminder: Span,
    /// Whether those who were told of an alert are told that it is over.
    pub tell_resolved: bool,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            group_wait: Span::s(60),
            group_every: Span::s(60),
            surface_after: Span::min(5),
            silence_reminder: Span::min(30),
            tell_resolved: true,
        }
    }
}

/// `[heartbeat]`: an outside checker that rings when it no longer hears us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Asked while the watch moves.
    pub url: Url,
    /// Asked when the watch knows that it stands still.
    pub fail: Option<Url>,
    /// How often.
    pub every: Span,
    /// A bearer token, where the checker wants one.
    pub secret: Option<Secret>,
}

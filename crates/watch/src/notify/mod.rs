//! Who is called, when, and about what.
//!
//! Pure: changes of alerts, actions of roles and ticks in, marks and notifications out ([`step`]). The same journal
//! gives the same notifications with the same keys, whoever drives it. What suppresses, suppresses calls alone:
//! alerts go on being watched, and who was told of one is told that it is over.
//!
//! - A call walks the chain of the role that has the alert (`ring`), through the channels that `oncall.toml` gives.
//! - What an alert further up explains is hidden under it (`causes`); what is worse than its cause, and what is
//!   extreme, never is.
//! - Silences keep quiet what is in their scope, and list what would have rung (`silences`). A silenced alert hides
//!   nothing: what is not in the scope rings.
//! - Where no channel of a step reached anybody, the next step is called at once (`reach`).
//! - One call to a role for alerts of one rule in a window, the others as a number (`gates`).

pub mod calendar;
mod causes;
pub mod channel;
pub mod config;
mod gates;
mod grammar;
mod grammar_channel;
pub mod graph;
mod lint;
mod reach;
mod ring;
pub mod roster;
pub mod scope;
pub mod silences;
pub mod state;
mod work;

use city::{AlertChange, AlertId, DeskAction, Notification, SilenceId, Time, Unreached};
use jiff::tz::TimeZone;

pub use channel::{Channel, ChannelKind, Secret, Url};
pub use config::OnCall;
pub use gates::{DIGEST_LINES_MAX, EXTREME_EACH_MAX};
pub use grammar::parse;
pub use graph::Graph;
pub use state::State;

/// What does not change while the program runs.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// `oncall.toml`.
    pub on_call: &'a OnCall,
    /// The links of the city.
    pub graph: &'a Graph,
    /// The clocks of the city.
    pub timezone: &'a TimeZone,
}

/// What moves calls.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something happened to an alert. Changes that come of [`Mark`]s need not be given back; they do nothing.
    Change(&'a AlertChange),
    /// A role did something. Silences and covers are taken; what is done to an alert comes as its change.
    Action(&'a DeskAction),
    /// A role could not be reached by a channel. The same one a second time does nothing.
    Unreached(&'a Unreached),
    /// Time passed.
    Tick,
}

/// What the engine writes into an alert: it alone owns its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The alert; it is open.
    pub alert: AlertId,
    /// What.
    pub what: MarkKind,
}

/// See [`Mark`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Another open alert explains it: `Alert::cause`.
    Hidden {
        /// The other.
        cause: AlertId,
    },
    /// Nothing explains it any more.
    Surfaced,
    /// How many open alerts it explains: `Alert::hides`.
    Hides(u32),
    /// A silence keeps it quiet: `Alert::silenced_by`.
    Silenced {
        /// The silence.
        by: SilenceId,
    },
    /// None does any more.
    Unsilenced,
    /// Nobody took it in time: these roles are called.
    Escalated {
        /// The roles as the chain names them.
        to: Vec<String>,
    },
    /// Its snooze is over: `Alert::snoozed_until`.
    Woken,
    /// A role could not be told of it by a channel.
    Unreached {
        /// The role.
        role: String,
        /// The channel.
        channel: String,
        /// The other side refused it.
        refused: bool,
        /// How often it was tried.
        tries: u32,
    },
}

/// What a step brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// For the engine, in order.
    pub marks: Vec<Mark>,
    /// For the outbox, in order.
    pub notifications: Vec<Notification>,
}

/// One step. `now` never goes back. The event counts first: who takes an alert in the second in which the next would
/// be called spares him the call. Then what is due is done, each thing at its own time.
pub fn step(state: &mut State, context: &Context<'_>, event: &Event<'_>, now: Time) -> Effects {
    let mut work = work::Work::new(state, context, now);
    match event {
        Event::Change(change) => work.change(change),
        Event::Action(action) => work.action(action),
        Event::Unreached(call) => work.unreached(call),
        Event::Tick => {}
    }
    work.catch_up();
    work.finish()
}

/// The first instant at which a tick has something to do, if nothing happens before.
pub fn next_wake(state: &State, _context: &Context<'_>, now: Time) -> Option<Time> {
    state.agenda.first().map(|(at, _)| (*at).max(now))
}

/// Who takes the calls of a role at an instant.
pub fn called<'a>(state: &'a State, context: &Context<'a>, role: &'a str, at: Time) -> &'a str {
    roster::called(context.on_call, &state.covers, role, at, context.timezone)
}

//! Telling roles: the outbox of the store is emptied through the channels of `oncall.toml`, and the watch itself is
//! watched.
//!
//! What is promised: a notification that is in the outbox is sent at least once, or shown as not delivered; it always
//! goes with the same key, so that a receiver can tell a second delivery from a second message. Only a crash between
//! the other side's answer and its commit makes a second delivery.

mod counters;
mod deliver;
mod heartbeat;
mod mail;
mod ntfy;
pub mod push;
mod secret;
mod sender;
mod sms;
mod watchman;
mod web;
mod webhook;

pub use counters::{Count, Counters};
pub use deliver::{Delivering, deliver};
pub use heartbeat::beat;
pub use sender::Senders;
pub use watchman::{Blindness, Watchman, paged};

/// What anything that sends out of the house asks for. It can be made of a live source alone, so that a replay, a demo
/// or a sandbox cannot even build a sender.
#[derive(Clone, Copy, Debug)]
pub struct Earnest(());

impl Earnest {
    /// The token, where the city is run in earnest: on its live feeds, and no sandbox.
    pub fn of(source: crate::wire::Source, city: &crate::config::City) -> Option<Self> {
        (matches!(source, crate::wire::Source::Live) && !city.sandbox && city.demo.is_none()).then_some(Self(()))
    }

    #[cfg(test)]
    fn of_a_test() -> Self {
        Self(())
    }
}

/// Why an attempt did not deliver. The words are ours and short; what the other side said is cleaned and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// In words, without an address and without a secret.
    pub why: String,
    /// The other side refused it and will again, until somebody changes something: it is not hurried.
    pub refused: bool,
    /// How long the other side asked us to wait.
    pub wait: Option<city::Span>,
}

impl Undelivered {
    /// It may go better the next time.
    fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), refused: false, wait: None }
    }

    /// Somebody has to look at it.
    fn refused(why: impl Into<String>) -> Self {
        Self { why: why.into(), refused: true, wait: None }
    }
}

/// Characters of what another side said that are kept as a receipt.
const RECEIPT_CHARS_MAX: usize = 160;

/// What another side said, as one short line without control characters.
fn receipt(said: &str) -> String {
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(RECEIPT_CHARS_MAX).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The severity as the first word of a line that a tired person reads.
fn word(severity: city::Severity) -> &'static str {
    match severity {
        city::Severity::Unknown => "UNKNOWN",
        city::Severity::Info => "INFO",
        city::Severity::Minor => "MINOR",
        city::Severity::Moderate => "MODERATE",
        city::Severity::Severe => "SEVERE",
        city::Severity::Extreme => "EXTREME",
    }
}

/// Why a role is told, as it stands before the title.
fn why(reason: city::NotificationReason) -> &'static str {
    use city::NotificationReason as R;
    match reason {
        R::Opened | R::Blind | R::SilenceEnding => "",
        R::Reminded => "Still open: ",
        R::Escalated => "Nobody took it: ",
        R::Worsened => "Worse: ",
        R::Surfaced => "Not explained any more: ",
        R::Assigned => "Yours: ",
        R::Woken => "Snooze over: ",
        R::Resolved => "Over: ",
    }
}

/// The first line of a notification: `SEVERE Still open: Lake Guaíba will pass 3.0 m`.
fn headline(notification: &city::Notification) -> String {
    format!("{} {}{}", word(notification.severity), why(notification.reason), notification.title)
}

/// A short stable name of a notification, in characters that every protocol takes: 32 hexadecimal digits of the
/// SHA-256 of its key.
fn short_key(key: &str) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(key.as_bytes()).into();
    format!("{:032x}", digest.first_chunk().map_or(0, |half| u128::from_be_bytes(*half)))
}

/// What a sender reads besides the notification.
#[derive(Clone, Copy, Debug)]
struct Letter<'a> {
    notification: &'a city::Notification,
    /// Where its alert is on our pages, where others can reach them.
    link: Option<&'a str>,
}

impl Letter<'_> {
    /// Everything that a long message says.
    fn body(&self) -> String {
        let city::Notification { text, role, at, .. } = self.notification;
        let link = self.link.map(|link| format!("\n{link}")).unwrap_or_default();
        format!("{text}\n\nTo: {role}. Due: {at}.{link}\n")
    }
}

#[cfg(test)]
mod tests;

//! What became of calls since the program runs, by channel, for metrics and health. Nothing of an address is in it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use city::{Delivery, Time};
use store::KeptNotification;
use watch::notify::{Channel, ChannelKind};

/// The counts of every channel, by its name.
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<String, Count>>);

/// The counts of one channel. Every attempt is one of `delivered`, `tried_again` and `given_up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Its kind, as `oncall.toml` names it.
    pub kind: &'static str,
    /// Whether a failure means that something is broken: a screen that nobody looks at is none.
    pub is_way_out: bool,
    /// Taken by the other side.
    pub delivered: u64,
    /// Failed, to be tried again.
    pub tried_again: u64,
    /// Calls that did not get through soon enough for the next role to wait.
    pub unreached: u64,
    /// Failed for the last time.
    pub given_up: u64,
    /// When the newest call was due of which it is known what became of it, and whether it got through.
    newest: Option<(Time, bool)>,
}

impl Count {
    /// Whether its newest call did not get through.
    pub fn is_cut_off(&self) -> bool {
        self.newest.is_some_and(|(_, through)| !through)
    }

    fn is_told(&mut self, due: Time, through: bool) {
        if self.newest.is_none_or(|(newest, _)| newest <= due) {
            self.newest = Some((due, through));
        }
    }
}

impl Counters {
    /// Begins to count, knowing what became of the newest calls before the start.
    pub fn begin(&self, channels: &[Channel], newest: &[KeptNotification]) {
        let mut all = self.all();
        for channel in channels {
            let mut count = Count {
                kind: channel.kind.name(),
                is_way_out: !matches!(channel.kind, ChannelKind::Screen),
                delivered: 0,
                tried_again: 0,
                unreached: 0,
                given_up: 0,
                newest: None,
            };
            for kept in newest.iter().filter(|kept| kept.notification.channel == channel.name) {
                match kept.state {
                    Delivery::Delivered => count.is_told(kept.notification.at, true),
                    Delivery::Waiting if kept.attempts == 0 => {}
                    Delivery::Waiting | Delivery::Failed => count.is_told(kept.notification.at, false),
                }
            }
            all.insert(channel.name.clone(), count);
        }
    }

    /// An attempt at a call that was due then.
    pub(super) fn attempt(&self, channel: &str, due: Time, state: Delivery) {
        let mut all = self.all();
        let Some(count) = all.get_mut(channel) else { return };
        match state {
            Delivery::Delivered => {
                count.delivered += 1;
                count.is_told(due, true);
            }
            Delivery::Waiting => count.tried_again += 1,
            Delivery::Failed => {
                count.given_up += 1;
                count.is_told(due, false);
            }
        }
    }

    /// A call that was due then did not get through soon enough.
    pub(super) fn unreached(&self, channel: &str, due: Time) {
        if let Some(count) = self.all().get_mut(channel) {
            count.unreached += 1;
            count.is_told(due, false);
        }
    }

    /// Each channel's counts, by name.
    pub fn counts(&self) -> Vec<Count> {
        self.all().values().cloned().collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Whether the desk moves: who watches the watcher looks here, and needs nothing from the desk for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use city::Time;

use crate::clock::Stopwatch;

/// The centre cannot see: since when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// When this was found.
    pub since: Time,
    /// In words.
    pub why: String,
}

/// The desk's last tick, and what the watchman made of it.
#[derive(Debug)]
pub struct Pulse {
    running: Stopwatch,
    /// Milliseconds on the stopwatch at the last tick, plus one; 0 before the first.
    ticked: AtomicU64,
    blind: RwLock<Option<Arc<Standstill>>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { running: Stopwatch::start(), ticked: AtomicU64::new(0), blind: RwLock::new(None) }
    }
}

impl Pulse {
    /// The desk has seen a tick through.
    pub(super) fn beat(&self) {
        self.ticked.store(self.now_ms() + 1, Ordering::Release);
    }

    /// How long ago that was; `None` before the first tick of this run.
    pub fn since_beat(&self) -> Option<Duration> {
        let ticked = self.ticked.load(Ordering::Acquire);
        (ticked > 0).then(|| Duration::from_millis((self.now_ms() + 1).saturating_sub(ticked)))
    }

    /// What stands in the way of seeing, if anything.
    pub fn blind(&self) -> Option<Arc<Standstill>> {
        self.blind.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The watchman's finding.
    pub fn find(&self, blind: Option<Standstill>) {
        *self.blind.write().unwrap_or_else(PoisonError::into_inner) = blind.map(Arc::new);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.running.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

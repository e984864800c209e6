//! The live hub: events to every browser, with a memory, so that one that comes back misses nothing.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::limits::{LIVE_LAG_MAX, LIVE_RING_BYTES_MAX, LIVE_RING_MAX};

/// One server-sent event.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// Place in this run's order.
    pub number: u64,
    /// Kind: `clock`, `vehicles`, `observations`, `things`, `feed`, `warning`, `alert`, `alerts` (many), `call` (to a role, on a screen),
    /// `notification` (what became of one), `rules`, `blind`.
    pub kind: &'static str,
    /// JSON.
    pub data: String,
}

/// The hub. Ids are `RUN-NUMBER`: an id of another run cannot be resumed and gets a snapshot.
#[derive(Debug)]
pub struct Live {
    run: u64,
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Arc<LiveEvent>>,
    /// Browsers listening now.
    pub listeners: AtomicUsize,
}

/// The events of the last minutes.
#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<LiveEvent>>,
    /// The number of the newest.
    newest: u64,
    bytes: usize,
}

impl Ring {
    fn add(&mut self, event: Arc<LiveEvent>) {
        self.newest = event.number;
        self.bytes += event.data.len();
        self.events.push_back(event);
        while self.events.len() > LIVE_RING_MAX || (self.bytes > LIVE_RING_BYTES_MAX && self.events.len() > 1) {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.data.len();
        }
    }
}

/// What a browser gets first.
#[derive(Debug)]
pub enum Resume {
    /// It missed just these.
    Missed(Vec<Arc<LiveEvent>>),
    /// It must start from a snapshot; events up to this number are in it.
    Snapshot(u64),
}

impl Live {
    /// A hub for one run of the program; `run` tells runs apart.
    pub fn new(run: u64) -> Self {
        let (sender, _) = broadcast::channel(LIVE_LAG_MAX);
        Self { run, ring: Mutex::default(), sender, listeners: AtomicUsize::new(0) }
    }

    /// Sends an event to everybody.
    pub fn publish(&self, kind: &'static str, data: &impl Serialize) {
        let Ok(data) = serde_json::to_string(data) else { return };
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let number = ring.newest + 1;
        let event = Arc::new(LiveEvent { number, kind, data });
        ring.add(Arc::clone(&event));
        // Sent under the lock, so that `listen` cannot miss what falls between its snapshot and its first event.
        let _nobody_listens = self.sender.send(event).is_err();
    }

    /// Starts listening. The receiver may repeat events that are in `Resume`; skip numbers already seen.
    pub fn listen(&self, last_event_id: Option<&str>) -> (Resume, broadcast::Receiver<Arc<LiveEvent>>) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let newest = ring.newest;
        let seen = last_event_id.and_then(|id| self.number(id));
        let resumable =
            |seen: &u64| *seen <= newest && ring.events.front().is_none_or(|first| first.number <= seen + 1);
        let resume = match seen.filter(resumable) {
            Some(seen) => Resume::Missed(ring.events.iter().filter(|event| event.number > seen).cloned().collect()),
            None => Resume::Snapshot(newest),
        };
        (resume, receiver)
    }

    /// The id of an event on the wire.
    pub fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.run)
    }

    fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        (run.parse::<u64>().ok()? == self.run).then(|| number.parse().ok())?
    }

    /// Events sent so far.
    pub fn newest(&self) -> u64 {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).newest
    }

    /// How many listen now.
    pub fn listening(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_comes_back_gets_what_it_missed_or_a_snapshot() {
        let live = Live::new(7);
        for n in 0..10 {
            live.publish("clock", &n);
        }
        let (resume, _) = live.listen(Some("7-8"));
        assert!(matches!(resume, Resume::Missed(events) if events.iter().map(|e| e.number).eq([9, 10])));
        assert!(matches!(live.listen(Some("6-8")).0, Resume::Snapshot(10)), "another run");
        assert!(matches!(live.listen(Some("7-99")).0, Resume::Snapshot(10)), "from the future");
        assert!(matches!(live.listen(Some("rubbish")).0, Resume::Snapshot(10)));
        for n in 0..LIVE_RING_MAX {
            live.publish("clock", &n);
        }
        assert!(matches!(live.listen(Some("7-8")).0, Resume::Snapshot(_)), "too long ago");
    }
}

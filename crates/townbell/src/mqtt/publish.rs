//! What is told to readers: canonical entities, when they are durable.
//!
//! A client of a broker does not see who subscribed to what, so every change is told on a closed set of topics, all under
//! `{publish_prefix}v1.1/` and none retained:
//!
//! | what happened | topics | message |
//! |---|---|---|
//! | an entity was created or changed | each entity set that holds it: `Observations`, `Datastreams(1)/Observations`, `FeaturesOfInterest(2)/Observations` | the entity, as GET gives it |
//! | an entity was changed | itself: `Things(1)` | the entity |
//! | | each property that changed: `Things(1)/name` | `{"name": ...}` |
//!
//! Topics with `$select` and long paths (`Things(1)/Datastreams(2)/Observations`) are too many to be told all. They are
//! listed in the configuration, or learned from the broker's own log of subscriptions, which Mosquitto publishes when its
//! operator lets it; plain `mosquitto_sub` then needs nothing more than its `-t`. Asking readers to announce themselves
//! would need clients that nobody has.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use sensorthings::topics::{self, VERSION};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::status::{Count, Counters};

/// Updates that wait for the broker: about a second of a fast import, and the last hour of a small city while the broker
/// is away. When it is full the oldest is dropped and counted; it is in the store.
pub const UPDATES_WAITING_MAX: usize = 65_536;
/// Topics besides the closed set that are served.
pub const TOPICS_MAX: usize = 1_024;
/// Such topics for one place in the model: each costs a message at every change there.
pub const TOPICS_PER_PATH_MAX: usize = 16;

/// One entity, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Paths of the entity sets that hold it, as in `Observations` and `Datastreams(1)/Observations`.
    pub sets: Vec<String>,
    /// Where it is, as in `Things(1)`, and the properties that changed; `None` when it was created.
    pub changed: Option<(String, Vec<String>)>,
    /// The entity as GET gives it.
    pub entity: Map<String, Value>,
}

/// Updates on their way, rendered when their turn comes.
struct Batch {
    left: usize,
    updates: Box<dyn Iterator<Item = Update> + Send>,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    updates: usize,
}

/// The letter slot for updates. Never blocks whoever puts something in.
#[derive(Clone)]
pub struct Outbox {
    waiting: Arc<Mutex<Waiting>>,
    news: Arc<Notify>,
    counters: Arc<Counters>,
}

impl Outbox {
    /// An empty one.
    pub fn new(counters: Arc<Counters>) -> Self {
        Self { waiting: Arc::default(), news: Arc::default(), counters }
    }

    /// Takes `count` updates, which are made only when they are about to be sent. When too many wait, the oldest go.
    pub fn push(&self, count: usize, updates: impl Iterator<Item = Update> + Send + 'static) {
        if count == 0 {
            return;
        }
        let mut dropped = 0;
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            while waiting.updates + count > UPDATES_WAITING_MAX {
                let Some(oldest) = waiting.batches.pop_front() else { break };
                waiting.updates -= oldest.left;
                dropped += oldest.left;
            }
            waiting.updates += count;
            waiting.batches.push_back(Batch { left: count, updates: Box::new(updates) });
        }
        self.counters.add(Count::Dropped, dropped as u64);
        self.news.notify_one();
    }

    /// Counts updates that never came here.
    pub fn missed(&self, updates: u64) {
        self.counters.add(Count::Dropped, updates);
    }

    /// Waits until something was put in since the last time.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    fn take(&self) -> Option<Batch> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = waiting.batches.pop_front()?;
        waiting.updates -= batch.left;
        Some(batch)
    }
}

/// A message for the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) topic: String,
    pub(super) payload: Arc<[u8]>,
}

/// Turns updates into messages, one by one.
pub(super) struct Teller {
    prefix: String,
    outbox: Outbox,
    served: Served,
    batch: Option<Batch>,
    letters: VecDeque<Letter>,
}

impl Teller {
    pub(super) fn new(prefix: &str, outbox: Outbox, topics: &[String]) -> Self {
        let mut served = Served::default();
        for topic in topics {
            served.serve(topic);
        }
        Self { prefix: prefix.to_owned(), outbox, served, batch: None, letters: VecDeque::new() }
    }

    /// The next message.
    pub(super) fn next(&mut self) -> Option<Letter> {
        loop {
            if let Some(letter) = self.letters.pop_front() {
                return Some(letter);
            }
            match self.batch.as_mut().and_then(|batch| batch.updates.next()) {
                Some(update) => self.letters = self.served.letters(&self.prefix, update),
                None => self.batch = Some(self.outbox.take()?),
            }
        }
    }

    /// Learns a topic from a line of the broker's log of subscriptions, `CLIENT QOS TOPIC`. The client id, which may name a
    /// person, is skipped: nothing before the topic is looked at but to find where the topic begins.
    pub(super) fn learn(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        for quality in ["0", "1", "2"] {
            let mark = format!(" {quality} {}{VERSION}", self.prefix);
            if let Some(at) = line.find(&mark) {
                let topic = line.get(at + 3 + self.prefix.len()..).unwrap_or_default();
                return self.served.serve(topic);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn topics(&self) -> usize {
        self.served.count
    }
}

/// Topics besides the closed set, by the place in the model that they ask for.
#[derive(Default)]
struct Served {
    by_path: HashMap<String, Vec<(String, Vec<String>)>>,
    count: usize,
}

impl Served {
    fn serve(&mut self, topic: &str) {
        let Some(subscription) = topics::subscription(topic) else { return };
        let plain =
            subscription.select.is_empty() && subscription.topic.strip_prefix(VERSION) == Some(&subscription.path);
        if plain || self.count >= TOPICS_MAX {
            return;
        }
        let at = self.by_path.entry(subscription.path).or_default();
        if at.len() < TOPICS_PER_PATH_MAX && at.iter().all(|(known, _)| *known != subscription.topic) {
            at.push((subscription.topic, subscription.select));
            self.count += 1;
        }
    }

    fn letters(&self, prefix: &str, update: Update) -> VecDeque<Letter> {
        let mut letters = VecDeque::new();
        let Update { sets, changed, entity } = update;
        let value = Value::Object(entity);
        let whole: Arc<[u8]> = value.to_string().into_bytes().into();
        for set in &sets {
            self.tell(prefix, set, &value, &whole, &mut letters);
        }
        if let Some((itself, properties)) = changed {
            self.tell(prefix, &itself, &value, &whole, &mut letters);
            for name in properties {
                // One that was taken away is null.
                let one = json!({ &name: value.get(&name) });
                let bytes: Arc<[u8]> = one.to_string().into_bytes().into();
                self.tell(prefix, &format!("{itself}/{name}"), &one, &bytes, &mut letters);
            }
        }
        letters
    }

    /// The plain topic of a place, and every other that asks for the same place.
    fn tell(&self, prefix: &str, path: &str, value: &Value, whole: &Arc<[u8]>, letters: &mut VecDeque<Letter>) {
        letters.push_back(Letter { topic: format!("{prefix}{VERSION}{path}"), payload: Arc::clone(whole) });
        for (topic, select) in self.by_path.get(path).into_iter().flatten() {
            let payload = match select.as_slice() {
                [] => Arc::clone(whole),
                names => picked(value, names).to_string().into_bytes().into(),
            };
            letters.push_back(Letter { topic: format!("{prefix}{topic}"), payload });
        }
    }
}

/// The named members alone, as far as the entity has them.
fn picked(value: &Value, names: &[String]) -> Value {
    let member = |name: &String| Some((name.clone(), value.get(name)?.clone()));
    Value::Object(names.iter().filter_map(member).collect())
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;

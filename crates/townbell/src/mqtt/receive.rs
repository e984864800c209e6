//! Messages of devices: which are taken, when they are acknowledged, and what happens to them when the link breaks.
//!
//! One batch is on its way to the disk at a time, and what comes meanwhile waits for the next: so many messages share
//! one commit, and they keep the order in which they came. The broker is told to send at most [`RECEIVE_MAX`] messages
//! that are not acknowledged (MQTT 5 receive maximum). Mosquitto 2.0.11 sends more (eclipse-mosquitto/mosquitto#2301), so
//! the bound on memory and the back-pressure is that no more is read from the socket while so many wait.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use city::Reason;
use sensorthings::{topics, v1_1};
use serde_json::{Map, Value};
use tokio::time::{Sleep, sleep};

use super::packet::Publish;
use super::status::{Count, Counters};

/// Messages that may wait for the disk; as many again are on their way to it.
pub const RECEIVE_MAX: u16 = 1_024;
/// Bytes of them: a full wait of usual messages, of some 300 bytes, is a tenth of it.
pub const WAITING_BYTES_MAX: usize = 4 << 20;
/// The first and the longest wait before messages are offered again to a store that could not take them.
const OFFERED_AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// A message that shall become an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The resource path, without version and prefix: `Datastreams(1)/Observations`. It has the shape of a path of the
    /// model; whether its entities exist is not known here.
    pub path: String,
    /// The body, as a POST to that path would have it.
    pub payload: Vec<u8>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its observation is on the disk.
    Created,
    /// Its observation was on the disk already.
    Duplicate,
    /// It will never be taken.
    Refused(Reason),
    /// It could not be taken now: the disk is full, or the desk is stopping.
    Unavailable,
}

/// What takes messages: the same way in as a POST.
pub trait Inbox: Send + Sync + 'static {
    /// Takes messages in the order in which they came, and says for each, in the same order, what became of it, when
    /// that is certain: [`Outcome::Created`] only when it would survive a loss of power.
    fn create(&self, messages: &[Message]) -> impl Future<Output = Vec<Outcome>> + Send;
}

/// What a message is known by while the broker waits for its acknowledgement.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The packet identifier; `None` when nothing is to be acknowledged.
    id: Option<u16>,
    hash: u64,
}

struct Tried {
    marks: Vec<Mark>,
    messages: Vec<Message>,
    outcomes: Vec<Outcome>,
}

type Trying = Pin<Box<dyn Future<Output = Tried> + Send>>;

/// The state of receiving; it outlives connections.
pub(super) struct Receiver<I> {
    inbox: Arc<I>,
    counters: Arc<Counters>,
    prefix: String,
    /// Readers and devices share a prefix, so that our own messages could come back.
    plain: bool,
    waiting: VecDeque<(Mark, Message)>,
    waiting_bytes: usize,
    trying: Option<Trying>,
    /// Settled after their connection had gone, and never acknowledged: the broker sends them again under the same
    /// identifier (MQTT 5.0 clause 4.4), and they are not to be created twice.
    settled: HashMap<u16, u64>,
    hasher: RandomState,
    /// Until when nothing is offered to a store that could not take it.
    pause: Option<Pin<Box<Sleep>>>,
    pause_next: Duration,
}

impl<I: Inbox> Receiver<I> {
    pub(super) fn new(inbox: Arc<I>, counters: Arc<Counters>, prefix: &str, plain: bool) -> Self {
        Self {
            inbox,
            counters,
            prefix: prefix.to_owned(),
            plain,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            trying: None,
            settled: HashMap::new(),
            hasher: RandomState::new(),
            pause: None,
            pause_next: OFFERED_AGAIN.0,
        }
    }

    /// Topics to subscribe to. A wildcard of MQTT stands for a whole level, and `Datastreams(1)` is one.
    pub(super) fn filters(&self) -> Vec<String> {
        ["Observations", "+/Observations", "+/+/Observations"]
            .map(|path| format!("{}{}{path}", self.prefix, topics::VERSION))
            .to_vec()
    }

    /// Takes a message. Gives the identifier to acknowledge, when that can be done at once.
    pub(super) fn take(&mut self, publish: Publish) -> Option<u16> {
        let hash = self.hasher.hash_one((&publish.topic, &publish.payload));
        let mark = Mark { id: publish.id, hash };
        if let Some(id) = publish.id
            && self.settled.remove(&id) == Some(hash)
            && publish.again
        {
            return Some(id);
        }
        let topic = publish.topic.as_deref().and_then(|topic| topic.strip_prefix(&self.prefix));
        let Some(path) = topic.and_then(topics::creation) else {
            self.counters.refuse(Reason::NotAllowed);
            return mark.id;
        };
        if self.plain && is_entity(&publish.payload) {
            self.counters.add(Count::Echo, 1);
            return mark.id;
        }
        let message = Message { path: path.to_owned(), payload: publish.payload };
        self.waiting_bytes += bytes(&message);
        self.waiting.push_back((mark, message));
        None
    }

    /// Whether another message may be taken. While not, nothing is read.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < usize::from(RECEIVE_MAX) && self.waiting_bytes < WAITING_BYTES_MAX
    }

    /// Counts a message that was too large to be read, and gives the identifier to acknowledge.
    pub(super) fn too_large(&self, id: Option<u16>) -> Option<u16> {
        self.counters.refuse(Reason::TooLarge);
        id
    }

    /// Hands what waits to the inbox, when nothing else is on its way and the store is not pausing.
    pub(super) fn begin(&mut self) {
        if self.trying.is_some() || self.pause.is_some() || self.waiting.is_empty() {
            return;
        }
        let (marks, messages): (Vec<Mark>, Vec<Message>) = self.waiting.drain(..).unzip();
        self.waiting_bytes = 0;
        let inbox = Arc::clone(&self.inbox);
        self.trying = Some(Box::pin(async move {
            let outcomes = inbox.create(&messages).await;
            Tried { marks, messages, outcomes }
        }));
    }

    /// Waits for what [`Self::begin`] began, and gives the identifiers to acknowledge. Waits for ever when nothing is on
    /// its way. Nothing is lost when it is not waited for to the end.
    pub(super) async fn tried(&mut self) -> Vec<u16> {
        let tried = match &mut self.trying {
            Some(trying) => trying.await,
            None => std::future::pending().await,
        };
        self.trying = None;
        self.book(tried).into_iter().filter_map(|mark| mark.id).collect()
    }

    /// Whether something is on its way to the disk.
    pub(super) fn is_trying(&self) -> bool {
        self.trying.is_some()
    }

    /// Waits until the store may be asked again; for ever when it takes everything.
    pub(super) async fn rested(&mut self) {
        match &mut self.pause {
            Some(pause) => pause.await,
            None => std::future::pending().await,
        }
        self.pause = None;
    }

    /// After a connection broke: waits for what is on its way, and remembers what of it the broker does not know.
    pub(super) async fn settle(&mut self) {
        let Some(trying) = &mut self.trying else { return };
        let tried = trying.await;
        self.trying = None;
        let settled = self.book(tried);
        self.settled.extend(settled.into_iter().filter_map(|mark| Some((mark.id?, mark.hash))));
    }

    /// At a new connection. When the broker has our session it sends again what it has no acknowledgement for; when it has
    /// not, what we hold is all there is.
    pub(super) fn resume(&mut self, session_present: bool) {
        if session_present {
            self.waiting.retain(|(mark, _)| mark.id.is_none());
            self.waiting_bytes = self.waiting.iter().map(|(_, message)| bytes(message)).sum();
        } else {
            self.settled.clear();
            for (mark, _) in &mut self.waiting {
                mark.id = None;
            }
        }
    }

    /// Books outcomes, and gives the marks of what is settled. What could not be taken goes back to the front.
    fn book(&mut self, tried: Tried) -> Vec<Mark> {
        let Tried { marks, messages, outcomes } = tried;
        let mut settled = Vec::with_capacity(marks.len());
        let mut back = Vec::new();
        // An answer that is missing promises nothing.
        let outcomes = outcomes.into_iter().chain(std::iter::repeat(Outcome::Unavailable));
        for ((mark, message), outcome) in marks.into_iter().zip(messages).zip(outcomes) {
            match outcome {
                Outcome::Created => self.counters.add(Count::Created, 1),
                Outcome::Duplicate => self.counters.add(Count::Duplicate, 1),
                Outcome::Refused(reason) => self.counters.refuse(reason),
                Outcome::Unavailable => {
                    self.counters.add(Count::Postponed, 1);
                    back.push((mark, message));
                    continue;
                }
            }
            settled.push(mark);
        }
        if back.is_empty() {
            self.pause_next = OFFERED_AGAIN.0;
        } else {
            self.pause = Some(Box::pin(sleep(self.pause_next)));
            self.pause_next = (self.pause_next * 2).min(OFFERED_AGAIN.1);
        }
        for kept in back.into_iter().rev() {
            self.waiting_bytes += bytes(&kept.1);
            self.waiting.push_front(kept);
        }
        settled
    }
}

fn bytes(message: &Message) -> usize {
    message.path.len() + message.payload.len()
}

/// Whether a body is an entity as a server tells it, rather than one to be created: only a server knows its address.
fn is_entity(payload: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(payload).is_ok_and(|body| body.contains_key(v1_1::SELF_LINK))
}

#[cfg(test)]
#[path = "receive_tests.rs"]
mod tests;

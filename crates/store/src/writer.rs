//! The one thread that writes. Everything that changes the store goes through its bounded queue, so the order in the
//! journal is the order in the queue, and batches that wait together share one commit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use city::{AlertChange, Contract, Datastream, Time};

use crate::alerts::WatchStep;
use crate::batch::{Batch, Committed};
use crate::error::StoreError;
use crate::retention::Retired;
use crate::store::Store;

/// Messages that may wait. At 200 records a batch that is 50,000 records, about one second of work; a feed that
/// finds the queue full waits, and shows as late.
pub const QUEUE_MAX: usize = 256;
/// Batches that share one commit at most: more would make the first of them wait too long.
pub const GROUP_MAX: usize = 64;

/// Called on the writer's thread once the write is on the disk, or is refused. Must not block.
pub type Reply<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// What happened, in the order of the journal; handed to the one listener that [`spawn`] was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A batch is on the disk.
    Committed(Arc<Committed>),
    /// The clock passed this instant; nothing will be received before it any more.
    Tick(Time),
}

enum Message {
    Append { batch: Batch, reply: Reply<Arc<Committed>> },
    Tick(Time),
    SaveWatch { steps: Vec<WatchStep>, snapshot: Option<Vec<u8>>, reply: Reply<Vec<AlertChange>> },
    Seal { now: Time, reply: Reply<u64> },
    Retain { now: Time, contracts: Vec<Contract>, datastreams: Vec<Datastream>, reply: Reply<Retired> },
    Stop,
}

/// Sends to the writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WriterHandle {
    queue: SyncSender<Message>,
}

/// Starts the writer's thread. `listener` is called on it for every batch and tick, after the disk and before the
/// sender's reply; it may wait (that slows the feeds down, which is what should happen), but must not call back into
/// the writer and wait for that.
///
/// The thread ends with [`WriterHandle::stop`], or when every handle is gone, and gives the store back.
pub fn spawn(
    store: Store,
    listener: impl FnMut(Event) + Send + 'static,
) -> std::io::Result<(WriterHandle, JoinHandle<Store>)> {
    let (queue, messages) = sync_channel(QUEUE_MAX);
    let thread = std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || Writer { store, listener }.run(&messages))?;
    Ok((WriterHandle { queue }, thread))
}

impl WriterHandle {
    /// Queues a batch; waits while the queue is full. Blocks: not for async tasks.
    pub fn append(&self, batch: Batch, reply: Reply<Arc<Committed>>) -> Result<(), StoreError> {
        self.send(Message::Append { batch, reply })
    }

    /// Queues a batch, or says that the queue is full.
    pub fn try_append(&self, batch: Batch, reply: Reply<Arc<Committed>>) -> Result<(), StoreError> {
        self.queue.try_send(Message::Append { batch, reply }).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Stopped,
        })
    }

    /// Queues a batch and waits until it is on the disk. Blocks: not for async tasks.
    pub fn append_and_wait(&self, batch: Batch) -> Result<Arc<Committed>, StoreError> {
        let (answer, answers) = sync_channel(1);
        // A full answer channel cannot be: it has room for the one answer there is.
        self.append(batch, Box::new(move |result| drop(answer.send(result))))?;
        answers.recv().map_err(|_| StoreError::Stopped)?
    }

    /// The clock passed `now`.
    pub fn tick(&self, now: Time) -> Result<(), StoreError> {
        self.send(Message::Tick(now))
    }

    /// See [`Store::save_watch`].
    pub fn save_watch(
        &self,
        steps: Vec<WatchStep>,
        snapshot: Option<Vec<u8>>,
        reply: Reply<Vec<AlertChange>>,
    ) -> Result<(), StoreError> {
        self.send(Message::SaveWatch { steps, snapshot, reply })
    }

    /// See [`Store::seal`].
    pub fn seal(&self, now: Time, reply: Reply<u64>) -> Result<(), StoreError> {
        self.send(Message::Seal { now, reply })
    }

    /// See [`Store::apply_retention`].
    pub fn retain(
        &self,
        now: Time,
        contracts: Vec<Contract>,
        datastreams: Vec<Datastream>,
        reply: Reply<Retired>,
    ) -> Result<(), StoreError> {
        self.send(Message::Retain { now, contracts, datastreams, reply })
    }

    /// Ends the writer after everything that was queued before.
    pub fn stop(&self) -> Result<(), StoreError> {
        self.send(Message::Stop)
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        self.queue.send(message).map_err(|_| StoreError::Stopped)
    }
}

struct Writer<L> {
    store: Store,
    listener: L,
}

impl<L: FnMut(Event)> Writer<L> {
    fn run(mut self, messages: &Receiver<Message>) -> Store {
        let mut next = messages.recv().ok();
        while let Some(message) = next.take() {
            match message {
                Message::Append { batch, reply } => next = self.append(batch, reply, messages),
                Message::Tick(now) => {
                    self.store.tick(now);
                    (self.listener)(Event::Tick(now));
                }
                Message::SaveWatch { steps, snapshot, reply } => {
                    reply(self.store.save_watch(&steps, snapshot.as_deref()));
                }
                Message::Seal { now, reply } => reply(self.store.seal(now)),
                Message::Retain { now, contracts, datastreams, reply } => {
                    reply(self.store.apply_retention(now, &contracts, &datastreams));
                }
                Message::Stop => break,
            }
            next = next.or_else(|| messages.recv().ok());
        }
        self.store
    }

    /// Commits this batch with those that wait right behind it; gives back the first message that is no batch.
    fn append(&mut self, batch: Batch, reply: Reply<Arc<Committed>>, messages: &Receiver<Message>) -> Option<Message> {
        let (mut batches, mut replies) = (vec![batch], vec![reply]);
        let mut other = None;
        while batches.len() < GROUP_MAX && other.is_none() {
            match messages.try_recv() {
                Ok(Message::Append { batch, reply }) => {
                    batches.push(batch);
                    replies.push(reply);
                }
                Ok(message) => other = Some(message),
                Err(_) => break,
            }
        }
        match self.store.commit(batches) {
            Ok(all) => {
                for (committed, reply) in all.into_iter().zip(replies) {
                    let committed = Arc::new(committed);
                    (self.listener)(Event::Committed(Arc::clone(&committed)));
                    reply(Ok(committed));
                }
            }
            Err(error) => {
                tracing::error!(%error, "the store failed and takes nothing more");
                let mut first = Some(error);
                for reply in replies {
                    reply(Err(first.take().unwrap_or(StoreError::Failed)));
                }
            }
        }
        other
    }
}

//! The desk: the one thread that writes. It takes submissions in order, makes a group of them durable with one
//! commit, answers their senders, lets the watcher step over what was new, and draws the picture.

mod clerk;
mod log_keeper;
mod outbox;
mod pulse;
mod rebuild;
mod sealer;
mod watcher;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use ::watch::Rule;
use ::watch::standing::TruthNow;
use city::{FeedId, Observations, RuleId, Tally, Time, Timetable};
use gate::Admission;
use store::Store;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::City;
use crate::limits::DESK_QUEUE_MAX;
use crate::picture::Picture;
use crate::tell::live::Live;

use clerk::Clerk;
pub use pulse::{Pulse, Standstill};

/// The timetables in force, by feed. Written by the desk alone, when one is durable.
pub type Timetables = Arc<RwLock<HashMap<FeedId, Arc<Timetable>>>>;

/// Why the desk does not take something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeskError {
    /// It has stopped.
    #[error("the desk has stopped; nothing more is taken")]
    Stopped,
    /// The store refused.
    #[error("the store refused: {0}")]
    Store(Arc<str>),
    /// There is no room for telemetry; what matters more is still taken.
    #[error("the disk is full: no new telemetry is taken until there is room again")]
    Full,
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub struct Booked {
    /// When it was received.
    pub received: Time,
    /// Its account.
    pub tally: Tally,
    /// Those of its observations that say what was known already: nobody has to be told of them again.
    pub known: Observations,
}

/// The sender's half of a submission.
#[derive(Debug)]
pub struct Receipt {
    durable: oneshot::Receiver<Result<Booked, DeskError>>,
    watched: oneshot::Receiver<()>,
}

impl Receipt {
    /// Waits until the submission is on the disk.
    ///
    /// # Errors
    /// When it is not, and will not be.
    pub async fn durable(self) -> Result<Booked, DeskError> {
        self.durable.await.map_err(|_| DeskError::Stopped)?
    }

    /// Waits until the watcher has stepped over it, too.
    ///
    /// # Errors
    /// As [`Receipt::durable`].
    pub async fn watched(self) -> Result<Booked, DeskError> {
        let booked = self.durable.await.map_err(|_| DeskError::Stopped)??;
        self.watched.await.map_err(|_| DeskError::Stopped)?;
        Ok(booked)
    }
}

enum Message {
    Submit {
        feed: FeedId,
        admission: Box<Admission>,
        durable: oneshot::Sender<Result<Booked, DeskError>>,
        watched: oneshot::Sender<()>,
    },
    /// From those who send what the watch says.
    Post {
        post: outbox::Post,
        done: oneshot::Sender<()>,
    },
    /// What every rule makes of now.
    Truths {
        told: oneshot::Sender<Vec<(RuleId, TruthNow)>>,
    },
    /// Chunks that the sealer made, to be written.
    Sealed(Box<store::SealedSlice>),
    /// Other rules.
    Adopt {
        context: Box<::watch::Context>,
        done: oneshot::Sender<()>,
    },
    Tick {
        now: Time,
        done: oneshot::Sender<()>,
    },
    Stop {
        done: oneshot::Sender<()>,
    },
}

/// The desk's letter slot.
#[derive(Clone, Debug)]
pub struct Desk {
    sender: mpsc::Sender<Message>,
    failed: watch::Receiver<Option<Arc<str>>>,
    news: watch::Receiver<u64>,
    pulse: Arc<Pulse>,
}

impl Desk {
    /// Hands in a submission. Waits while the queue is full.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn submit(&self, feed: FeedId, admission: Admission) -> Result<Receipt, DeskError> {
        let (durable, durable_receipt) = oneshot::channel();
        let (watched, watched_receipt) = oneshot::channel();
        let message = Message::Submit { feed, admission: Box::new(admission), durable, watched };
        self.sender.send(message).await.map_err(|_| DeskError::Stopped)?;
        Ok(Receipt { durable: durable_receipt, watched: watched_receipt })
    }

    /// Says that time has come to `now`, and waits until the watcher has seen it.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn tick(&self, now: Time) -> Result<(), DeskError> {
        let (done, waiting) = oneshot::channel();
        self.sender.send(Message::Tick { now, done }).await.map_err(|_| DeskError::Stopped)?;
        waiting.await.map_err(|_| DeskError::Stopped)
    }

    /// Puts other rules in force, between two steps: the watch's state so far is kept first, so that a start after this
    /// finds what a start with the new rules would have found here. Waits until it is done.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn adopt(&self, context: ::watch::Context) -> Result<(), DeskError> {
        let (done, waiting) = oneshot::channel();
        self.sender.send(Message::Adopt { context: Box::new(context), done }).await.map_err(|_| DeskError::Stopped)?;
        waiting.await.map_err(|_| DeskError::Stopped)
    }

    /// What every rule makes of what it looks at now. It takes the desk's time: [`crate::rulebook::Rulebook::truths`]
    /// asks for all who want to know.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn truths(&self) -> Result<Vec<(RuleId, TruthNow)>, DeskError> {
        let (told, waiting) = oneshot::channel();
        self.sender.send(Message::Truths { told }).await.map_err(|_| DeskError::Stopped)?;
        waiting.await.map_err(|_| DeskError::Stopped)
    }

    /// Stops the desk in order: everything handed in is written, and the watcher's state with it.
    pub async fn stop(&self) {
        let (done, waiting) = oneshot::channel();
        if self.sender.send(Message::Stop { done }).await.is_ok() {
            // An error means that it has stopped already.
            let _stopped = waiting.await;
        }
    }

    /// Whether a write failed, so that nothing more is taken.
    pub fn failed(&self) -> bool {
        self.failed.borrow().is_some()
    }

    /// Waits until a write fails, or the thread ends without being told to, and gives why. Not for a desk that was
    /// stopped.
    pub async fn failure(&self) -> Arc<str> {
        let mut failed = self.failed.clone();
        match failed.wait_for(Option::is_some).await.map(|why| why.clone()) {
            Ok(Some(why)) => why,
            _ => Arc::from("the desk ended in disorder"),
        }
    }
}

/// The rules that were in force when the program last ran on this store; none where nobody can say.
pub fn rules_kept(store: &Store) -> Vec<::watch::kept::RuleText> {
    watcher::rules_kept(store)
}

/// What starting the desk gives.
pub struct Rebuilt {
    /// The letter slot.
    pub desk: Desk,
    /// The thread.
    pub thread: std::thread::JoinHandle<()>,
    /// The picture, rebuilt from the store.
    pub picture: Arc<RwLock<Picture>>,
    /// The timetables in force.
    pub timetables: Timetables,
}

impl Desk {
    /// Rebuilds the picture and the watcher's state from the store, and starts the thread.
    ///
    /// # Errors
    /// When the store cannot be read, or the watcher's state in it is not of this program.
    pub fn start(
        mut store: Store,
        city: &Arc<City>,
        rules: Vec<Rule>,
        live: &Arc<Live>,
        now: Time,
    ) -> anyhow::Result<Rebuilt> {
        let (sender, receiver) = mpsc::channel(DESK_QUEUE_MAX);
        let (failing, failed) = watch::channel(None);
        let (telling, news) = watch::channel(0);
        let pulse: Arc<Pulse> = Arc::default();
        let timetables: Timetables = Arc::default();
        let picture = Arc::new(RwLock::new(Picture::new(Arc::clone(city), now)));
        let live = Arc::clone(live);
        let beside = clerk::Beside {
            sealer: sealer::Sealer::start(&sender)?,
            log_keeper: log_keeper::LogKeeper::start(&mut store)?,
        };
        let shared = clerk::Shared {
            live,
            picture: Arc::clone(&picture),
            timetables: Arc::clone(&timetables),
            failed: failing,
            news: telling,
            pulse: Arc::clone(&pulse),
        };
        let mut clerk = Clerk::new(store, city, rules, shared, beside, now);
        clerk.rebuild(city, now)?;
        let thread = std::thread::Builder::new().name("desk".to_owned()).spawn(move || clerk.work(receiver))?;
        Ok(Rebuilt { desk: Self { sender, failed, news, pulse }, thread, picture, timetables })
    }
}

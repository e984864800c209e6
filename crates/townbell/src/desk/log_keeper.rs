//! The keeper of the log: a thread that brings the store's log into its file, off the way of those who wait for an
//! answer. What became of it the desk hears when it looks.

use std::sync::mpsc::{self, TryRecvError};
use std::thread::JoinHandle;

use store::{LogCarrier, Store, StoreError};

/// The desk's side of it.
#[derive(Debug)]
pub(super) struct LogKeeper {
    asked: Option<mpsc::Sender<()>>,
    done: mpsc::Receiver<Result<(), StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl LogKeeper {
    /// Starts the thread.
    pub(super) fn start(store: &mut Store) -> anyhow::Result<Self> {
        let carrier = store.log_carrier()?;
        let (asked, asking) = mpsc::channel();
        let (telling, done) = mpsc::channel();
        let work = move || work(&carrier, &asking, &telling);
        let thread = std::thread::Builder::new().name("log keeper".to_owned()).spawn(work)?;
        Ok(Self { asked: Some(asked), done, thread: Some(thread) })
    }

    /// Has the log brought in when it is long, and lets the store know when it was.
    ///
    /// # Errors
    /// When the disk failed.
    pub(super) fn look_after(&self, store: &mut Store) -> Result<(), StoreError> {
        match self.done.try_recv() {
            Ok(carried) => store.log_carried(carried),
            Err(TryRecvError::Empty) => {
                if store.log_wants_carrier() {
                    // The channel's other end ends with the thread.
                    let _gone = self.asked.as_ref().map(|asked| asked.send(()));
                }
                Ok(())
            }
            // It was stopped, or ended in disorder.
            Err(TryRecvError::Disconnected) => {
                store.without_log_carrier();
                Ok(())
            }
        }
    }

    /// Waits for what the thread is at, and ends it: the store alone has its file open then.
    ///
    /// # Errors
    /// When the disk failed.
    pub(super) fn stop(&mut self, store: &mut Store) -> Result<(), StoreError> {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
        self.look_after(store)
    }
}

fn work(carrier: &LogCarrier, asking: &mpsc::Receiver<()>, telling: &mpsc::Sender<Result<(), StoreError>>) {
    while asking.recv().is_ok() {
        if telling.send(carrier.carry()).is_err() {
            return;
        }
    }
}

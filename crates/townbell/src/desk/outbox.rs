//! What comes to the desk from those who send: what became of notifications, and who wants to be told where. The desk
//! alone writes, so that it all shares one connection and one order.

use std::sync::Arc;

use city::Notification;
use store::{Outcome, PushSubscription, StoreError, WatchStep};
use tokio::sync::{oneshot, watch};

use super::clerk::Clerk;
use super::pulse::Pulse;
use super::{Desk, DeskError, Message};

/// A letter from the outbox's side.
pub(super) enum Post {
    /// What became of attempts.
    Settled(Vec<Outcome>),
    /// Notifications that did not come from the watch, and what became of those of them that were sent already.
    Keep(Vec<Notification>, Vec<Outcome>),
    /// A browser wants to be told.
    Subscribe(Box<PushSubscription>),
    /// These browsers are no more, by their endpoints.
    Unsubscribe(Vec<String>),
    /// Somebody asks whether what is written comes to the disk.
    Prove,
}

impl Desk {
    /// Says what became of attempts to send, and waits until that is on the disk.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn settle(&self, outcomes: Vec<Outcome>) -> Result<(), DeskError> {
        self.post(Post::Settled(outcomes)).await
    }

    /// Puts notifications into the outbox from beside the watch, with what became of those that were sent already.
    /// Those that are there already stay as they are.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn keep(&self, notifications: Vec<Notification>, outcomes: Vec<Outcome>) -> Result<(), DeskError> {
        self.post(Post::Keep(notifications, outcomes)).await
    }

    /// Keeps or renews a browser's subscription.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn subscribe(&self, subscription: PushSubscription) -> Result<(), DeskError> {
        self.post(Post::Subscribe(Box::new(subscription))).await
    }

    /// Takes subscriptions away.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn unsubscribe(&self, endpoints: Vec<String>) -> Result<(), DeskError> {
        self.post(Post::Unsubscribe(endpoints)).await
    }

    /// Has the desk write something and waits until it is on the disk: the watch moves and the store commits.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn prove(&self) -> Result<(), DeskError> {
        self.post(Post::Prove).await
    }

    /// Changes when there are new notifications to send.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }

    /// Whether the desk moves.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    async fn post(&self, post: Post) -> Result<(), DeskError> {
        let (done, waiting) = oneshot::channel();
        self.sender.send(Message::Post { post, done }).await.map_err(|_| DeskError::Stopped)?;
        waiting.await.map_err(|_| DeskError::Stopped)
    }
}

impl Clerk {
    pub(super) fn take_post(&mut self, post: Post) -> Result<(), StoreError> {
        match post {
            Post::Settled(outcomes) => {
                self.store.save_outcomes(&outcomes)?;
                for Outcome { key, state, at, receipt, .. } in &outcomes {
                    let told = serde_json::json!({ "key": key, "state": state, "at": at, "receipt": receipt });
                    self.live.publish("notification", &told);
                }
            }
            Post::Keep(notifications, outcomes) => {
                self.store.save_notifications(&notifications, &outcomes)?;
                self.tell_news();
            }
            Post::Subscribe(subscription) => self.store.subscribe(&subscription)?,
            Post::Unsubscribe(endpoints) => self.store.unsubscribe(&endpoints)?,
            Post::Prove => {
                // How far the watch has come is the least that can be written, and true.
                let saved = self.save_watch(false)?;
                self.show(crate::picture::Changes::default(), &saved);
                if let Some(position) = self.watcher.position() {
                    let step = WatchStep { position, changes: Vec::new(), notifications: Vec::new() };
                    self.store.save_watch(&[step], None)?;
                }
            }
        }
        Ok(())
    }

    /// Wakes those who send, when there is something new.
    pub(super) fn tell_news(&self) {
        let written = self.store.notified();
        self.news.send_if_modified(|known| std::mem::replace(known, written) != written);
    }
}

//! Emptying the outbox: a task a channel, so that one that is slow holds up no other. Each reads what is due, the worst
//! first, sends a few at once, and has the desk write down what became of them before it looks again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use city::{Delivery, Notification, NotificationReason, Span, Time, Unreached};
use store::{DueNotification, Outcome, PushSubscription, Readers, StoreError};
use tokio::sync::{mpsc, oneshot, watch as signal};
use tokio::task::JoinSet;

use super::sender::{Sender, Senders};
use super::{Counters, Undelivered, receipt};
use crate::config::control_room_feed;
use crate::desk::{Desk, DeskError};
use crate::feeds::Door;

/// Notifications of one channel that are under way at once. Few: a receiver that falls over must not be pushed.
const AT_ONCE: usize = 4;
/// How often a channel looks for what has become due again. New ones are told of at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The first pause after a failure; each further one is twice as long.
const PAUSE_FIRST: Span = Span::s(2);
/// The longest pause: a receiver that comes back is found within it.
const PAUSE_MAX: Span = Span::min(5);
/// The shortest pause after a refusal, which stays until somebody changes something.
const PAUSE_REFUSED: Span = Span::min(1);
/// How long a notification is tried: after it, what it says is no help any more, and the pages show that it failed.
const GIVE_UP_AFTER: Span = Span::h(6);
/// How long a reminder is tried: the next one says the same.
const GIVE_UP_REMINDER_AFTER: Span = Span::min(30);
/// Failures after which the next role does not wait for this call: a quarter of a minute where the other side is gone,
/// a minute and a quarter where it hangs. It is tried on all the same.
const UNREACHED_AFTER: u32 = 4;
/// Outcomes that share one commit.
const OUTCOMES_MAX: usize = 256;

/// What the tasks share.
#[derive(Clone)]
struct Office {
    readers: Readers,
    door: Arc<Door>,
    counters: Arc<Counters>,
    outcomes: mpsc::Sender<(Outcome, oneshot::Sender<()>)>,
}

/// What delivering needs.
pub struct Delivering {
    /// The channels.
    pub senders: Arc<Senders>,
    /// The outbox.
    pub readers: Readers,
    /// The way to the desk and its journal.
    pub door: Arc<Door>,
    /// What is counted.
    pub counters: Arc<Counters>,
}

/// Delivers until told to stop. What is under way then is cut off, and sent again after the next start with its key.
pub async fn deliver(delivering: Delivering, mut stopped: signal::Receiver<bool>) {
    let Delivering { senders, readers, door, counters } = delivering;
    let (outcomes, written) = mpsc::channel(OUTCOMES_MAX);
    let desk = door.desk.clone();
    let office = Office { readers, door, counters, outcomes };
    let mut tasks = JoinSet::new();
    tasks.spawn(write_down(desk, written));
    for sender in senders.iter() {
        tasks.spawn(office.clone().empty(Arc::clone(sender)));
    }
    if let Err(error) = office.sweep(&senders).await {
        tracing::error!(%error, "the outbox cannot be read");
    }
    drop(office);
    // The desk gone, or a stop: dropping the tasks ends them.
    tokio::select! {
        _ = tasks.join_next() => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

/// Has the desk write down what became of attempts, as many as have gathered with one commit.
async fn write_down(desk: Desk, mut written: mpsc::Receiver<(Outcome, oneshot::Sender<()>)>) {
    let mut gathered = Vec::with_capacity(OUTCOMES_MAX);
    while written.recv_many(&mut gathered, OUTCOMES_MAX).await > 0 {
        let (outcomes, waiting): (Vec<Outcome>, Vec<oneshot::Sender<()>>) = gathered.drain(..).unzip();
        if desk.settle(outcomes).await.is_err() {
            return;
        }
        for sender in waiting {
            let _gone = sender.send(());
        }
    }
}

impl Office {
    /// The task of one channel.
    async fn empty(self, sender: Arc<Sender>) {
        let mut news = self.door.desk.news();
        let at_once = if sender.is_one_line() { 1 } else { AT_ONCE };
        let (mut under_way, mut keys) = (JoinSet::new(), HashSet::new());
        let mut failing = false;
        loop {
            if under_way.len() < at_once {
                // What is under way still waits in the store, and comes along.
                match self.due(sender.name(), at_once + under_way.len()).await {
                    Ok(due) => {
                        let new = due.into_iter().filter(|due| !keys.contains(&due.notification.key));
                        for due in new.take(at_once - under_way.len()).collect::<Vec<_>>() {
                            keys.insert(due.notification.key.clone());
                            under_way.spawn(self.clone().attempt(Arc::clone(&sender), due));
                        }
                    }
                    Err(error) => tracing::error!(%error, "the outbox cannot be read"),
                }
            }
            tokio::select! {
                Some(done) = under_way.join_next() => {
                    let Ok((key, why)) = done else { return };
                    keys.remove(&key);
                    // Once in the log when it begins and when it ends, not at every attempt.
                    if why.is_some() != failing {
                        failing = why.is_some();
                        let name = sender.name();
                        if let Some(why) = why {
                            tracing::warn!(channel = name, why, "a channel does not deliver");
                        } else {
                            tracing::warn!(channel = name, "a channel delivers again");
                        }
                    }
                }
                changed = news.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One attempt, written down. Gives the key, and why it was not delivered.
    async fn attempt(self, sender: Arc<Sender>, due: DueNotification) -> (String, Option<String>) {
        let DueNotification { notification, attempts } = due;
        let give_up = notification.at + patience(notification.reason);
        let began = self.door.clock.now();
        let result = if began > give_up {
            Err(Undelivered::refused(format!("too late to be sent: it was due at {}", notification.at)))
        } else {
            let browsers = self.browsers(&sender, &notification.role, began).await;
            let attempt = sender.send(&notification, browsers, began).await;
            if !attempt.gone.is_empty() {
                // Their service says so; where the desk has stopped, it is asked again another time.
                let _stopped = self.door.desk.unsubscribe(attempt.gone).await;
            }
            attempt.result
        };
        let why = result.as_ref().err().map(|undelivered| undelivered.why.clone());
        if let Err(undelivered) = &result
            && (undelivered.refused || attempts + 1 >= UNREACHED_AFTER)
            && sender.is_to_note(&notification.key)
        {
            self.counters.unreached(sender.name(), notification.at);
            // Before it is written down here: after a crash in between it is noted again, which says nothing new.
            if self.note_unreached([(&notification, attempts + 1, undelivered.refused)]).await.is_err() {
                return (notification.key, why);
            }
        }
        let (key, now) = (notification.key, self.door.clock.now());
        let outcome = outcome_of(key.clone(), result, attempts, now, give_up);
        self.counters.attempt(sender.name(), notification.at, outcome.state);
        if outcome.state != Delivery::Waiting {
            sender.forget(&key);
        }
        let (done, written) = oneshot::channel();
        // Where nobody writes any more the desk has stopped, and the next start sends it again with its key.
        if self.outcomes.send((outcome, done)).await.is_ok() {
            let _written = written.await;
        }
        (key, why)
    }

    /// Tells the watch, by way of the journal, that calls did not get through. Only of what has a next role to call.
    async fn note_unreached<'n>(
        &self,
        failed: impl IntoIterator<Item = (&'n Notification, u32, bool)>,
    ) -> Result<(), DeskError> {
        use NotificationReason::{Blind, Reminded, Resolved, SilenceEnding};
        let waits = |call: &Notification| {
            call.alert.is_some() && !matches!(call.reason, Blind | Reminded | Resolved | SilenceEnding)
        };
        let note = |(call, tries, refused): (&Notification, u32, bool)| Unreached {
            key: call.key.clone(),
            role: call.role.clone(),
            channel: call.channel.clone(),
            refused,
            tries,
        };
        let calls = failed.into_iter().filter(|(call, ..)| waits(call)).map(note).collect();
        let (feed, now) = (control_room_feed(), self.door.clock.now());
        // The control room's feed has its contract in every city.
        let Ok(admission) = self.door.gate.admit_unreached(&feed, calls, now) else { return Ok(()) };
        if admission.records.is_empty() {
            return Ok(());
        }
        self.door.desk.submit(feed, admission).await?.watched().await.map(|_| ())
    }

    async fn due(&self, channel: &str, limit: usize) -> Result<Vec<DueNotification>, StoreError> {
        let (readers, channel, now) = (self.readers.clone(), channel.to_owned(), self.door.clock.now());
        let read = move || readers.get()?.notifications_due(&channel, now, limit);
        // A read that was cut off comes again a second later.
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Ok(Vec::new()))
    }

    async fn browsers(&self, sender: &Sender, role: &str, now: Time) -> Vec<PushSubscription> {
        if !sender.tells_browsers() {
            return Vec::new();
        }
        let (readers, channel, role) = (self.readers.clone(), sender.name().to_owned(), role.to_owned());
        let read = move || readers.get()?.subscriptions(&channel, &role, now);
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(browsers)) => browsers,
            _ => Vec::new(),
        }
    }

    /// What waits for a channel that `oncall.toml` does not have any more will never be sent, and says so.
    async fn sweep(&self, senders: &Senders) -> Result<(), StoreError> {
        let readers = self.readers.clone();
        let waiting = tokio::task::spawn_blocking(move || readers.get()?.channels_waiting());
        for channel in waiting.await.unwrap_or_else(|_| Ok(Vec::new()))? {
            if senders.get(&channel).is_some() {
                continue;
            }
            loop {
                let due = self.due(&channel, OUTCOMES_MAX).await?;
                let now = self.door.clock.now();
                if self.note_unreached(due.iter().map(|due| (&due.notification, due.attempts, true))).await.is_err() {
                    break;
                }
                let why = receipt(&format!("oncall.toml has no channel {channel} any more"));
                let failed = |due: DueNotification| {
                    let key = due.notification.key;
                    Outcome { key, state: Delivery::Failed, at: now, next: now, receipt: why.clone() }
                };
                let outcomes: Vec<Outcome> = due.into_iter().map(failed).collect();
                if outcomes.is_empty() || self.door.desk.settle(outcomes).await.is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}

fn patience(reason: NotificationReason) -> Span {
    if reason == NotificationReason::Reminded { GIVE_UP_REMINDER_AFTER } else { GIVE_UP_AFTER }
}

/// What to write down of an attempt, after `attempts` that failed before it.
fn outcome_of(key: String, result: Result<String, Undelivered>, attempts: u32, now: Time, give_up: Time) -> Outcome {
    match result {
        Ok(receipt) => Outcome { key, state: Delivery::Delivered, at: now, next: now, receipt },
        Err(undelivered) => {
            let next = now + pause(&undelivered, attempts);
            let state = if next > give_up { Delivery::Failed } else { Delivery::Waiting };
            Outcome { key, state, at: now, next, receipt: undelivered.why }
        }
    }
}

/// How long to wait after a failure that followed `attempts` others. The same for all: no chance is needed, as each
/// channel sends few at once.
pub(super) fn pause(undelivered: &Undelivered, attempts: u32) -> Span {
    let doubled = Span::ms(PAUSE_FIRST.as_ms() << attempts.min(16));
    let least = if undelivered.refused { PAUSE_REFUSED } else { Span::ms(0) };
    doubled.max(least).max(undelivered.wait.unwrap_or(least)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_their_bound_and_a_notification_is_given_up_after_six_hours() {
        let (failed, refused) = (Undelivered::for_now("500"), Undelivered::refused("404"));
        let pauses = |undelivered: &Undelivered| (0..10).map(|n| pause(undelivered, n).as_s()).collect::<Vec<_>>();
        assert_eq!(pauses(&failed), [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(pauses(&refused), [60, 60, 60, 60, 60, 64, 128, 256, 300, 300]);
        let asked = Undelivered { wait: Some(Span::s(90)), ..failed.clone() };
        assert_eq!((pause(&asked, 0), pause(&asked, 60)), (Span::s(90), Span::min(5)));

        let due: Time = "2026-01-01T00:00:00Z".parse().expect("a time");
        let (mut now, mut attempts) = (due, 0);
        let last = loop {
            let outcome = outcome_of("k".to_owned(), Err(failed.clone()), attempts, now, due + GIVE_UP_AFTER);
            if outcome.state != Delivery::Waiting {
                break outcome;
            }
            (now, attempts) = (outcome.next, attempts + 1);
        };
        assert_eq!(last.state, Delivery::Failed);
        assert!(now > due + Span::h(5) && now <= due + GIVE_UP_AFTER, "{now}");
        assert!((75..85).contains(&attempts), "{attempts} attempts");
    }
}

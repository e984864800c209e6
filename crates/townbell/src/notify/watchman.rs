//! Who watches the watcher. When the desk stands still, or has ended because the disk failed, the centre is blind: that
//! is the loudest alert. It cannot come out of the outbox, as the desk cannot write; it goes from memory.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use city::{Delivery, Notification, NotificationReason, Severity, Time};
use serde::Serialize;
use store::{Outcome, Readers};
use tokio::sync::watch as signal;
use tokio::task::JoinSet;
use watch::notify::OnCall;

use super::deliver::pause;
use super::sender::{Sender, Senders};
use crate::clock::Clock;
use crate::desk::{Desk, Standstill};
use crate::tell::live::Live;

/// How long the desk may stand still. It is woken every second, and nothing that it does in one piece takes more than
/// some seconds even on a slow disk.
pub(super) const BLIND_AFTER: Duration = Duration::from_secs(30);
/// How often the watchman looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The centre is blind, for the pages.
#[derive(Clone, Debug, Serialize)]
pub struct Blindness {
    /// Since when.
    pub since: Time,
    /// Until when, once it is over.
    pub until: Option<Time>,
    /// Always the worst.
    pub severity: Severity,
    /// What.
    pub title: &'static str,
    /// Why, and what to do.
    pub text: String,
}

const TITLE: &str = "Townbell is blind";

impl Blindness {
    /// As it stands.
    pub fn of(standstill: &Standstill, until: Option<Time>) -> Self {
        let text = format!(
            "{}\nNothing that happens in the city rings here until this is over.\nWatch by other means; see whether the \
             program and its disk are well.",
            standstill.why
        );
        Self { since: standstill.since, until, severity: Severity::Extreme, title: TITLE, text }
    }
}

/// Whom to page, and how.
pub struct Watchman {
    /// The desk that is watched.
    pub desk: Desk,
    /// The city's time.
    pub clock: Arc<dyn Clock>,
    /// The pages.
    pub live: Arc<Live>,
    /// Browsers that subscribed; reading needs no desk.
    pub readers: Readers,
    /// The channels; none where nothing is sent out of the house.
    pub senders: Option<Arc<Senders>>,
    /// Who is paged through which.
    pub pages: Vec<(String, String)>,
}

/// Who is paged when the centre is blind: every role of the chain for what nobody owns, at the worst severity, through
/// all the channels that it has for it. Nobody knows then who is there, and the desk cannot note who answered.
pub fn paged(oncall: &OnCall) -> Vec<(String, String)> {
    let steps = oncall.escalation("", Severity::Extreme).map_or(&[][..], |chain| &chain.steps);
    let mut roles: BTreeSet<&String> = steps.iter().flat_map(|step| &step.roles).collect();
    if roles.is_empty() {
        roles = oncall.roles().iter().collect();
    }
    let ways = |role: &String| {
        let channels = oncall.channels_of(role, Severity::Extreme).iter().cloned();
        channels.map(|channel| (role.clone(), channel)).collect::<Vec<_>>()
    };
    roles.into_iter().flat_map(ways).collect()
}

impl Watchman {
    /// Watches until told to stop. `last` becomes true when the desk has ended for good and everybody was paged.
    pub async fn watch(self, last: signal::Sender<bool>, mut stopped: signal::Receiver<bool>) {
        loop {
            let why = tokio::select! {
                why = self.desk.failure() => Some(why),
                () = tokio::time::sleep(LOOK_EVERY) => None,
                _ = stopped.wait_for(|stop| *stop) => return,
            };
            if let Some(why) = why {
                let standstill = Standstill { since: self.clock.now(), why: format!("The desk has ended: {why}.") };
                self.page(&standstill, std::future::pending()).await;
                last.send_replace(true);
                return;
            }
            if let Some(still) = self.desk.pulse().since_beat().filter(|still| *still > BLIND_AFTER) {
                let why = format!("The watch has stood still for {} s.", still.as_secs());
                let standstill = Standstill { since: self.clock.now(), why };
                let ended = tokio::select! {
                    outcomes = self.page(&standstill, self.sees_again()) => Ok(outcomes),
                    why = self.desk.failure() => Err(why),
                    _ = stopped.wait_for(|stop| *stop) => return,
                };
                match ended {
                    Ok(outcomes) => self.tell_over(&standstill, outcomes).await,
                    Err(why) => {
                        // It did not come back: the page that is out says what matters already.
                        tracing::error!(%why, "the desk ended while it stood still");
                        last.send_replace(true);
                        return;
                    }
                }
            }
        }
    }

    /// Says it on the pages at once, and sends it until every channel took it and the centre sees again (`over`), or,
    /// where that never comes, until every channel took it or had its time. Gives what was sent with what became of it.
    async fn page(&self, standstill: &Standstill, over: impl Future<Output = ()>) -> Vec<(Notification, Outcome)> {
        tracing::error!(why = standstill.why, "the centre is blind");
        self.desk.pulse().find(Some(standstill.clone()));
        let blindness = Blindness::of(standstill, None);
        self.live.publish("blind", &blindness);
        let mut sending = JoinSet::new();
        for (role, channel) in &self.pages {
            let Some(sender) = self.senders.as_ref().and_then(|senders| senders.get(channel)) else { continue };
            let notification = notification(&blindness, NotificationReason::Blind, role, channel);
            sending.spawn(until_taken(Arc::clone(sender), notification, self.readers.clone(), Arc::clone(&self.clock)));
        }
        let mut outcomes = Vec::new();
        let all = async {
            while let Some(sent) = sending.join_next().await {
                outcomes.extend(sent.ok());
            }
        };
        tokio::pin!(over);
        tokio::select! {
            () = &mut over => return outcomes,
            () = all => {}
        }
        // All have it. A desk that has ended for good never sees again, and its caller does not wait for that.
        if self.desk.failed() {
            return outcomes;
        }
        over.await;
        outcomes
    }

    async fn sees_again(&self) {
        while self.desk.pulse().since_beat().is_none_or(|still| still > BLIND_AFTER) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// It sees again: the pages are told, and the outbox keeps what was sent, with a word to the same that it is over.
    async fn tell_over(&self, standstill: &Standstill, outcomes: Vec<(Notification, Outcome)>) {
        let now = self.clock.now();
        tracing::warn!("the centre sees again");
        self.desk.pulse().find(None);
        let blindness = Blindness::of(standstill, Some(now));
        self.live.publish("blind", &blindness);
        let (sent, outcomes): (Vec<Notification>, Vec<Outcome>) = outcomes.into_iter().unzip();
        let over =
            sent.iter().map(|sent| notification(&blindness, NotificationReason::Resolved, &sent.role, &sent.channel));
        let all: Vec<Notification> = sent.iter().cloned().chain(over).collect();
        // Where the desk has stopped in the meantime, nothing can be kept; the page is out all the same.
        let _stopped = self.desk.keep(all, outcomes).await;
    }
}

fn notification(blindness: &Blindness, reason: NotificationReason, role: &str, channel: &str) -> Notification {
    let over = reason == NotificationReason::Resolved;
    let since = blindness.since;
    Notification {
        key: format!("blind~{}~{role}~{channel}{}", since.ms(), if over { "~over" } else { "" }),
        alert: None,
        reason,
        role: role.to_owned(),
        channel: channel.to_owned(),
        at: blindness.until.filter(|_| over).unwrap_or(since),
        step: 0,
        severity: blindness.severity,
        title: blindness.title.to_owned(),
        text: if over { format!("It sees again. It was blind since {since}.") } else { blindness.text.clone() },
    }
}

/// Sends it again and again until it is taken.
async fn until_taken(
    sender: Arc<Sender>,
    notification: Notification,
    readers: Readers,
    clock: Arc<dyn Clock>,
) -> (Notification, Outcome) {
    let mut attempts = 0;
    loop {
        let now = clock.now();
        let browsers = if sender.tells_browsers() {
            let (readers, channel, role) = (readers.clone(), notification.channel.clone(), notification.role.clone());
            let read = move || readers.get()?.subscriptions(&channel, &role, now);
            tokio::task::spawn_blocking(read).await.ok().and_then(Result::ok).unwrap_or_default()
        } else {
            Vec::new()
        };
        match sender.send(&notification, browsers, now).await.result {
            Ok(receipt) => {
                let (key, at) = (notification.key.clone(), clock.now());
                return (notification, Outcome { key, state: Delivery::Delivered, at, next: at, receipt });
            }
            Err(undelivered) => {
                let wait = pause(&undelivered, attempts).as_ms().unsigned_abs();
                tracing::error!(
                    channel = sender.name(),
                    why = undelivered.why,
                    "nobody could be told of the blindness"
                );
                tokio::time::sleep(Duration::from_millis(wait)).await;
                attempts += 1;
            }
        }
    }
}

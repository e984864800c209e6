//! A channel that sends: its settings, and what it remembers between attempts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use city::{Notification, Time};
use store::PushSubscription;
use watch::notify::{Channel, ChannelKind};

use super::web::Web;
use super::{Earnest, Letter, Undelivered, mail, ntfy, push, sms, webhook};
use crate::config::City;
use crate::tell::live::Live;

/// Every channel of a city, ready to send.
pub struct Senders(Vec<Arc<Sender>>);

/// One channel.
pub struct Sender {
    channel: Channel,
    web: Web,
    folder: PathBuf,
    /// Where our pages are for those who get a message elsewhere.
    public_url: Option<String>,
    live: Arc<Live>,
    /// Numbers and browsers of one channel that have a notification that others of it have not: those are not told
    /// twice because of these. Only in memory; a crash forgets it.
    had: Mutex<HashMap<String, BTreeSet<String>>>,
    pin_refused: Arc<AtomicBool>,
    /// Calls that are in the journal as not having got through. Only in memory; noted twice, it is the same.
    noted: Mutex<HashSet<String>>,
}

/// What became of one attempt.
#[derive(Debug)]
pub struct Attempt {
    /// The other side's answer.
    pub result: Result<String, Undelivered>,
    /// Browsers that are no more.
    pub gone: Vec<String>,
}

impl Senders {
    /// Makes them. Only a city that runs in earnest can.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(earnest: Earnest, channels: &[Channel], city: &City, live: &Arc<Live>) -> Result<Self, reqwest::Error> {
        let web = Web::new(earnest)?;
        let one = |channel: &Channel| {
            Arc::new(Sender {
                channel: channel.clone(),
                web: web.clone(),
                folder: city.folder.clone(),
                public_url: city.public_url.clone(),
                live: Arc::clone(live),
                had: Mutex::default(),
                pin_refused: Arc::default(),
                noted: Mutex::default(),
            })
        };
        Ok(Self(channels.iter().map(one).collect()))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Sender>> {
        self.0.iter()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Sender>> {
        self.0.iter().find(|sender| sender.name() == name)
    }
}

impl Sender {
    /// Its name in `oncall.toml`.
    pub fn name(&self) -> &str {
        &self.channel.name
    }

    /// Whether it tells browsers, whose subscriptions it has to be given.
    pub fn tells_browsers(&self) -> bool {
        matches!(self.channel.kind, ChannelKind::WebPush(_))
    }

    /// Whether it can send but one at a time.
    pub fn is_one_line(&self) -> bool {
        matches!(self.channel.kind, ChannelKind::SmsSerial(_))
    }

    /// One attempt.
    pub async fn send(&self, notification: &Notification, browsers: Vec<PushSubscription>, now: Time) -> Attempt {
        let link = self.link(notification);
        let letter = Letter { notification, link: link.as_deref() };
        let (web, folder) = (&self.web, self.folder.as_path());
        let mut had = self.had().remove(&notification.key).unwrap_or_default();
        let mut gone = Vec::new();
        let result = match &self.channel.kind {
            ChannelKind::Screen => self.show(notification),
            ChannelKind::Smtp(smtp) => mail::send(smtp, folder, letter).await,
            ChannelKind::Webhook(webhook) => webhook::send(webhook, web, folder, letter, now).await,
            ChannelKind::Ntfy(ntfy) => ntfy::send(ntfy, web, folder, letter).await,
            ChannelKind::WebPush(push) => {
                let pushed = push::send(push, web, folder, letter, browsers, &had, now).await;
                had.extend(pushed.have_it);
                gone = pushed.gone;
                pushed.result
            }
            ChannelKind::SmsHttp(gateway) => sms::send_by_gateway(gateway, web, folder, letter, &mut had).await,
            ChannelKind::SmsSerial(modem) => {
                sms::send_by_modem(modem, folder, letter, &mut had, &self.pin_refused).await
            }
        };
        if result.is_err() && !had.is_empty() {
            self.had().insert(notification.key.clone(), had);
        }
        Attempt { result, gone }
    }

    /// It will not be tried again.
    pub fn forget(&self, key: &str) {
        self.had().remove(key);
        self.noted().remove(key);
    }

    /// Whether nobody noted before that this call did not get through.
    pub fn is_to_note(&self, key: &str) -> bool {
        self.noted().insert(key.to_owned())
    }

    fn noted(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn had(&self) -> std::sync::MutexGuard<'_, HashMap<String, BTreeSet<String>>> {
        self.had.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pages that are open get it at once; where none is, it waits for one.
    fn show(&self, notification: &Notification) -> Result<String, Undelivered> {
        match self.live.listening() {
            0 => Err(Undelivered::for_now("no page of the control room is open")),
            open => {
                self.live.publish("call", notification);
                Ok(format!("shown on {open} open pages"))
            }
        }
    }

    fn link(&self, notification: &Notification) -> Option<String> {
        let base = self.public_url.as_deref()?.trim_end_matches('/');
        Some(match &notification.alert {
            Some(alert) => format!("{base}/?alert={alert}"),
            None => format!("{base}/"),
        })
    }
}

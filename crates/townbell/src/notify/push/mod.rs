//! Web Push (RFC 8030): each browser that the role has subscribed is told through its push service, encrypted for it
//! (RFC 8291). The key goes as `Topic`, so that a service keeps one of two that wait, and in the message, so that the
//! browser shows one of two.

mod encrypt;
mod vapid;

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use city::{Notification, Severity, Time};
use reqwest::StatusCode;
use serde::Serialize;
use store::PushSubscription;
use watch::notify::channel::WebPush;

use self::encrypt::{PLAIN_BYTES_MAX, encrypt};
use self::vapid::Identity;
use super::web::{self, Web};
use super::{Letter, Undelivered, headline, receipt, secret, short_key};

/// How long a push service keeps what a browser has not fetched yet, in seconds: as long as we would try.
const KEPT_S: i64 = 6 * 3_600;
/// Bytes of the text; the rest of a message is short.
const TEXT_BYTES_MAX: usize = 2_000;
/// Push services of browsers. A subscription comes from outside, and whatever it names is asked by us, so that only
/// these are. A name that begins with a dot stands for all below it.
const SERVICES: [&str; 5] = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    ".push.apple.com",
    ".notify.windows.com",
];

/// What a browser gets.
#[derive(Serialize)]
struct Message<'a> {
    key: &'a str,
    title: String,
    text: &'a str,
    severity: Severity,
    alert: Option<&'a city::AlertId>,
    link: Option<&'a str>,
}

/// What became of it at the browsers of a role.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) result: Result<String, Undelivered>,
    /// Browsers that have it.
    pub(super) have_it: Vec<String>,
    /// Those whose service says that they are gone.
    pub(super) gone: Vec<String>,
}

/// Whether this is an address at a push service that we may ask.
///
/// # Errors
/// Why not, in words.
pub fn judge_endpoint(endpoint: &str) -> Result<(), &'static str> {
    judge_at(endpoint, &SERVICES)
}

fn judge_at(endpoint: &str, services: &[&str]) -> Result<(), &'static str> {
    let url = reqwest::Url::parse(endpoint).map_err(|_| "endpoint: expected an address")?;
    let host = url.host_str().unwrap_or_default();
    let plain =
        url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    let listed = |service: &&str| if service.starts_with('.') { host.ends_with(*service) } else { host == *service };
    if plain && services.iter().any(listed) {
        Ok(())
    } else {
        Err("endpoint: expected an https address at the push service of a browser (Google, Mozilla, Apple, Microsoft)")
    }
}

/// The public key for browsers that subscribe, in base64url.
///
/// # Errors
/// When the channel's secret cannot be used; in words.
pub fn public_key(push: &WebPush, folder: &Path) -> Result<String, String> {
    let identity = secret::read(&push.secret, folder).and_then(|secret| Identity::read(&secret));
    identity.map(|identity| identity.public_key()).map_err(|undelivered| undelivered.why)
}

/// Tells each of these browsers but those that have it already. Delivered: one has it, and no other may have it yet.
pub(super) async fn send(
    push: &WebPush,
    web: &Web,
    folder: &Path,
    letter: Letter<'_>,
    to: Vec<PushSubscription>,
    had: &BTreeSet<String>,
    now: Time,
) -> Pushed {
    let mut pushed = Pushed { result: Ok(String::new()), have_it: Vec::new(), gone: Vec::new() };
    let identity = match secret::read(&push.secret, folder).and_then(|secret| Identity::read(&secret)) {
        Ok(identity) => identity,
        Err(undelivered) => return Pushed { result: Err(undelivered), ..pushed },
    };
    let (mut later, mut refused) = (None, None);
    for browser in to.iter().filter(|browser| !had.contains(&browser.endpoint)) {
        match push_one(&identity, push, web, letter, browser, now).await {
            Ok(true) => pushed.have_it.push(browser.endpoint.clone()),
            Ok(false) => pushed.gone.push(browser.endpoint.clone()),
            Err(undelivered) if undelivered.refused => refused = Some(undelivered),
            Err(undelivered) => later = Some(undelivered),
        }
    }
    let have_it = pushed.have_it.len() + to.iter().filter(|browser| had.contains(&browser.endpoint)).count();
    let words = receipt(&format!("{have_it} of {} browsers", to.len() - pushed.gone.len()));
    pushed.result = match (later, refused) {
        (Some(undelivered), _) => Err(Undelivered { why: format!("{words}; {}", undelivered.why), ..undelivered }),
        (None, Some(undelivered)) if have_it == 0 => Err(undelivered),
        _ if have_it > 0 => Ok(words),
        _ => Err(Undelivered::refused(format!("no browser of {} is subscribed", letter.notification.role))),
    };
    pushed
}

/// True: its service has it. False: it is gone for good (RFC 8030, 7.3).
async fn push_one(
    identity: &Identity,
    push: &WebPush,
    web: &Web,
    letter: Letter<'_>,
    browser: &PushSubscription,
    now: Time,
) -> Result<bool, Undelivered> {
    let url = reqwest::Url::parse(&browser.endpoint).map_err(|_| Undelivered::refused("its endpoint is no address"))?;
    let authorization = identity.authorization(&url.origin().ascii_serialization(), &push.contact, now)?;
    let plain = message(letter)?;
    let body = encrypt(&browser.public_key, &browser.secret, &plain)
        .map_err(|_| Undelivered::refused("the browser's key is no key"))?;
    let request = web
        .client()
        .post(url)
        .header("authorization", authorization)
        .header("content-encoding", "aes128gcm")
        .header("content-type", "application/octet-stream")
        .header("ttl", KEPT_S)
        .header("urgency", urgency(letter.notification.severity))
        .header("topic", short_key(&letter.notification.key))
        .body(body);
    let said = web::ask(request).await?;
    if matches!(said.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
        return Ok(false);
    }
    web::judge(said).map(|_| true)
}

fn message(letter: Letter<'_>) -> Result<Vec<u8>, Undelivered> {
    let Notification { key, text, severity, alert, .. } = letter.notification;
    let text = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    let title = headline(letter.notification);
    let message = Message { key, title, text, severity: *severity, alert: alert.as_ref(), link: letter.link };
    let failed = || Undelivered::refused("the message does not fit into a push");
    let bytes = serde_json::to_vec(&message).map_err(|_| failed())?;
    if bytes.len() > PLAIN_BYTES_MAX { Err(failed()) } else { Ok(bytes) }
}

/// Whether a phone that saves its battery is woken (RFC 8030, 5.3).
fn urgency(severity: Severity) -> &'static str {
    if severity == Severity::Info { "normal" } else { "high" }
}

/// The keys of a browser as it gives them (`p256dh` and `auth`, base64url).
///
/// # Errors
/// Which of them is none, in words.
pub fn keys(p256dh: &str, auth: &str) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    let decode = |text: &str| BASE64.decode(text.trim_end_matches('=')).unwrap_or_default();
    let (public_key, secret) = (decode(p256dh), decode(auth));
    // A key that is none is found here, not when somebody has to be told.
    if encrypt(&public_key, &secret, b"").is_err() || public_key.len() != 65 {
        return Err("keys.p256dh: expected a P-256 public key, uncompressed, in base64url");
    }
    if secret.len() != 16 {
        return Err("keys.auth: expected 16 bytes in base64url");
    }
    Ok((public_key, secret))
}

#[cfg(test)]
mod tests;

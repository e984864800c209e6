//! A webhook: the notification as JSON, signed as Standard Webhooks 1.0.0 says, with its key as `webhook-id` and as
//! `Idempotency-Key`: the same at every attempt, so that a receiver takes it once.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use city::{Notification, Time};
use serde::Serialize;
use watch::notify::channel::Webhook;

use super::secret::Plain;
use super::web::{self, Web};
use super::{Letter, Undelivered, headline, secret};

/// What is sent: Standard Webhooks wants `type`, `timestamp` and `data`.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(flatten)]
    notification: &'a Notification,
}

/// Sends it; gives the receiver's status and the beginning of its answer.
pub(super) async fn send(
    webhook: &Webhook,
    web: &Web,
    folder: &Path,
    letter: Letter<'_>,
    now: Time,
) -> Result<String, Undelivered> {
    let url = web::check(&webhook.url).await?;
    let key = signing_key(&secret::read(&webhook.secret, folder)?)?;
    let notification = letter.notification;
    let data = Data { headline: headline(notification), link: letter.link, notification };
    let body = Body { kind: "townbell.notification", timestamp: notification.at, data };
    let body = serde_json::to_string(&body).map_err(|_| Undelivered::refused("the body could not be written"))?;
    let sent_s = now.ms().div_euclid(1_000);
    let signature = sign(&key, &notification.key, sent_s, &body);
    let request = web
        .client()
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", &notification.key)
        .header("webhook-timestamp", sent_s)
        .header("webhook-signature", signature)
        .header("idempotency-key", &notification.key)
        .body(body);
    web::deliver(request).await
}

/// `whsec_` and base64; anything else is no key of Standard Webhooks, and is not guessed at.
fn signing_key(secret: &Plain) -> Result<Vec<u8>, Undelivered> {
    let mistaken = || Undelivered::refused("its secret is not whsec_ with base64 of 24 to 64 bytes behind it");
    let encoded = secret.reveal().strip_prefix("whsec_").ok_or_else(mistaken)?;
    let key = BASE64_STANDARD.decode(encoded).map_err(|_| mistaken())?;
    if (24..=64).contains(&key.len()) { Ok(key) } else { Err(mistaken()) }
}

fn sign(key: &[u8], id: &str, sent_s: i64, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    let tag = ring::hmac::sign(&key, format!("{id}.{sent_s}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's own libraries (standard-webhooks/standard-webhooks, libraries, tests).
    #[test]
    fn it_signs_as_the_published_vector() {
        let key = signing_key(&Plain::of_a_test("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).expect("a key");
        let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(signing_key(&Plain::of_a_test("hunter2")).is_err());
        assert!(signing_key(&Plain::of_a_test("whsec_aGk=")).is_err(), "too short to be a secret");
    }
}

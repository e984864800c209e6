//! A push through an ntfy server (https://docs.ntfy.sh/publish). ntfy has no key by which it would drop a second delivery:
//! a crash at the wrong moment rings twice there.

use std::path::Path;

use city::Severity;
use serde::Serialize;
use watch::notify::Url;
use watch::notify::channel::Ntfy;

use super::web::{self, Web};
use super::{Letter, Undelivered, headline, secret};

/// A message as JSON (ntfy, "Publish as JSON"): header fields would not carry "Guaíba".
#[derive(Serialize)]
struct Body<'a> {
    topic: &'a str,
    title: String,
    message: String,
    priority: u8,
    tags: [&'static str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<&'a str>,
}

/// Sends it; gives the server's answer, which holds its message id.
pub(super) async fn send(ntfy: &Ntfy, web: &Web, folder: &Path, letter: Letter<'_>) -> Result<String, Undelivered> {
    // As JSON a message goes to the root of the server.
    let server = Url { text: format!("{}/", ntfy.url.text.trim_end_matches('/')), private: ntfy.url.private };
    let url = web::check(&server).await?;
    let notification = letter.notification;
    let body = Body {
        topic: &ntfy.topic,
        title: headline(notification),
        message: notification.text.clone(),
        priority: priority(notification.severity),
        tags: [tag(notification.severity), "townbell"],
        click: letter.link,
    };
    let body = serde_json::to_string(&body).map_err(|_| Undelivered::refused("the body could not be written"))?;
    let mut request = web.client().post(url).header("content-type", "application/json").body(body);
    if let Some(token) = &ntfy.secret {
        request = request.bearer_auth(secret::read(token, folder)?.reveal());
    }
    web::deliver(request).await
}

/// 1 (min) to 5 (max).
fn priority(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 2,
        Severity::Minor => 3,
        // What is not known must never turn into "fine".
        Severity::Unknown | Severity::Moderate | Severity::Severe => 4,
        Severity::Extreme => 5,
    }
}

/// Names of symbols that ntfy shows before the title.
fn tag(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "information_source",
        Severity::Minor => "small_orange_diamond",
        Severity::Unknown | Severity::Moderate => "warning",
        Severity::Severe => "bell",
        Severity::Extreme => "rotating_light",
    }
}

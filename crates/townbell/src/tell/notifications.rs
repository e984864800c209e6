//! `/api/notifications` and `/api/push`: what was sent to whom and what became of it, and browsers that want to be told.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use city::{AlertId, Delivery, Notification, Span, Time};
use serde::{Deserialize, Serialize};
use store::{ChannelCount, KeptNotification, NotificationFilter, PushSubscription};
use utoipa::{IntoParams, ToSchema};
use watch::notify::{Channel, ChannelKind};

use super::App;
use super::api::{Answer, read, stopped};
use super::asked::Asked;
use super::problem::{Refusal, Refused};
use crate::limits::{NOTIFICATIONS_PER_PAGE, NOTIFICATIONS_PER_PAGE_MAX};
use crate::notify::push;

/// How long a browser's subscription is kept after it was last renewed; a page renews it when it is opened.
const SUBSCRIPTION_KEPT: Span = Span::h(24 * 60);
/// Characters of a subscription's address; the longest in use have about 400.
const ENDPOINT_CHARS_MAX: usize = 1_000;
/// Over which time deliveries are counted.
const COUNTED: Span = Span::h(24);

/// Which notifications.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Those about one alert.
    pub alert: Option<String>,
    /// Those that stand so.
    #[param(inline)]
    pub state: Option<Delivery>,
    /// At most so many, newest first; 1 to 1000, or 100.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<usize>,
}

/// A notification with what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotificationView {
    /// What was to be sent.
    #[serde(flatten)]
    pub notification: Notification,
    /// How it stands.
    pub state: Delivery,
    /// How often it was tried. With some, and still waiting, it has not been delivered.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next: Option<Time>,
    /// When it was delivered, or given up.
    pub settled: Option<Time>,
    /// What the other side said to the last attempt, or why that failed.
    pub receipt: Option<String>,
}

/// How it stands with a channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelView {
    /// Its name in `oncall.toml`.
    pub name: String,
    /// Its kind; `None` where `oncall.toml` does not have it any more.
    pub kind: Option<String>,
    /// To be sent, or tried again.
    pub waiting: u64,
    /// When the oldest of those was due.
    pub waiting_since: Option<Time>,
    /// Delivered, of those due in the last 24 hours.
    pub delivered_24h: u64,
    /// Given up, of those.
    pub failed_24h: u64,
}

/// Notifications, and how it stands with the channels.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotificationPage {
    /// Why nothing is sent out of the house here; `None` where it is.
    pub not_sent: Option<String>,
    /// Newest first.
    pub items: Vec<NotificationView>,
    /// In the order of `oncall.toml`, then those that it does not have any more.
    pub channels: Vec<ChannelView>,
}

/// `GET /api/notifications`
#[utoipa::path(get, path = "/api/notifications", params(NotificationQuery), responses((status = 200, body = NotificationPage), Refused<400>))]
pub async fn notifications(State(app): State<App>, mut asked: Asked) -> Answer<NotificationPage> {
    let state = asked.take("state")?.map(|text| state_of(&text)).transpose()?;
    let alert = asked.take("alert")?.map(|alert| AlertId(alert.into()));
    let limit = asked.whole("limit", 1..=NOTIFICATIONS_PER_PAGE_MAX)?.unwrap_or(NOTIFICATIONS_PER_PAGE);
    asked.done()?;
    let since = app.clock.now() - COUNTED;
    let (kept, counts) = read(&app, move |reader| {
        let filter = NotificationFilter { alert, state };
        Ok((reader.notifications(&filter, limit as usize)?, reader.channel_counts(since)?))
    })
    .await?;
    let configured = app.city.oncall.as_ref().map_or(&[][..], |oncall| oncall.channels());
    let items = kept.into_iter().map(NotificationView::from).collect();
    Ok(Json(NotificationPage { not_sent: not_sent(&app), items, channels: channels(configured, counts) }))
}

fn state_of(text: &str) -> Result<Delivery, Refusal> {
    let known = [Delivery::Waiting, Delivery::Delivered, Delivery::Failed];
    let found = known.into_iter().find(|state| state.name() == text);
    found.ok_or_else(|| Refusal::malformed("state: expected waiting, delivered or failed"))
}

impl From<KeptNotification> for NotificationView {
    fn from(kept: KeptNotification) -> Self {
        let KeptNotification { notification, state, attempts, next, settled, receipt } = kept;
        Self { notification, state, attempts, next, settled, receipt }
    }
}

fn channels(configured: &[Channel], mut counts: Vec<ChannelCount>) -> Vec<ChannelView> {
    let view = |name: &str, kind: Option<&ChannelKind>, count: Option<ChannelCount>| ChannelView {
        name: name.to_owned(),
        kind: kind.map(|kind| kind.name().to_owned()),
        waiting: count.as_ref().map_or(0, |count| count.waiting),
        waiting_since: count.as_ref().and_then(|count| count.waiting_since),
        delivered_24h: count.as_ref().map_or(0, |count| count.delivered),
        failed_24h: count.as_ref().map_or(0, |count| count.failed),
    };
    let mut views = Vec::new();
    for channel in configured {
        let at = counts.iter().position(|count| count.channel == channel.name);
        views.push(view(&channel.name, Some(&channel.kind), at.map(|at| counts.remove(at))));
    }
    views.extend(counts.into_iter().map(|count| view(&count.channel.clone(), None, Some(count))));
    views
}

/// In words, for the pages.
fn not_sent(app: &App) -> Option<String> {
    let why = if app.replay.is_some() {
        "Not sent: this is a replay."
    } else if app.city.sandbox {
        "Not sent: this is a sandbox."
    } else if app.city.oncall.is_none() && !app.city.not_loaded.on_call.is_empty() {
        "Not sent: oncall.toml does not load."
    } else if app.city.oncall.is_none() {
        "Not sent: this city has no oncall.toml."
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// What a browser needs to subscribe.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushKeys {
    /// One a channel of kind `web_push`.
    pub items: Vec<PushKey>,
}

/// The key of one channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushKey {
    /// The channel.
    pub channel: String,
    /// `applicationServerKey` (W3C Push API): P-256, uncompressed, in base64url.
    pub public_key: String,
}

/// `GET /api/push/keys`
#[utoipa::path(get, path = "/api/push/keys", responses((status = 200, body = PushKeys), Refused<409>, Refused<503>))]
pub async fn push_keys(State(app): State<App>) -> Answer<PushKeys> {
    if let Some(why) = not_sent(&app) {
        return Err(Refusal::conflict(why));
    }
    let key = |channel: &Channel| match &channel.kind {
        ChannelKind::WebPush(settings) => {
            let key = push::public_key(settings, &app.city.folder);
            Some(key.map(|public_key| PushKey { channel: channel.name.clone(), public_key }))
        }
        _ => None,
    };
    let configured = app.city.oncall.as_ref().map_or(&[][..], |oncall| oncall.channels());
    let items = configured.iter().filter_map(key).collect::<Result<_, _>>();
    Ok(Json(PushKeys { items: items.map_err(Refusal::unavailable)? }))
}

/// A browser wants to be told what a role is told.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeRequest {
    /// The channel, of kind `web_push`.
    pub channel: String,
    /// The role.
    pub role: String,
    /// The browser's subscription, as it gives it.
    pub subscription: BrowserSubscription,
}

/// `PushSubscription` of the W3C Push API, as JSON.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BrowserSubscription {
    /// The address at the browser's push service.
    pub endpoint: String,
    /// When the push service ends it, in ms since 1970, where it does.
    pub expiration_time: Option<f64>,
    /// The browser's keys.
    pub keys: BrowserKeys,
}

/// Keys of a browser.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrowserKeys {
    /// Its public key, in base64url.
    pub p256dh: String,
    /// The secret that it shares with us, in base64url.
    pub auth: String,
}

/// Until when a subscription is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Subscribed {
    /// It ends then, unless it is sent again before.
    pub until: Time,
}

/// `POST /api/push/subscriptions`
#[utoipa::path(post, path = "/api/push/subscriptions", request_body = SubscribeRequest,
    responses((status = 201, body = Subscribed), Refused<400>, Refused<409>, Refused<422>))]
pub async fn subscribe(
    State(app): State<App>,
    body: Result<Json<SubscribeRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Subscribed>), Refusal> {
    let Json(request) = body.map_err(|error| Refusal::malformed(error.body_text()))?;
    if let Some(why) = not_sent(&app) {
        return Err(Refusal::conflict(why));
    }
    let channel = app.city.oncall.as_ref().and_then(|oncall| oncall.channel(&request.channel));
    if !channel.is_some_and(|channel| matches!(channel.kind, ChannelKind::WebPush(_))) {
        return Err(Refusal::not_admitted("channel: expected one of kind web_push; GET /api/push/keys lists them"));
    }
    if !app.city.roles.contains(&request.role) {
        return Err(Refusal::not_admitted("role: expected one of this city's roles; GET /api/city lists them"));
    }
    let BrowserSubscription { endpoint, keys, .. } = request.subscription;
    if endpoint.chars().count() > ENDPOINT_CHARS_MAX {
        return Err(Refusal::not_admitted(format!("endpoint: expected at most {ENDPOINT_CHARS_MAX} characters")));
    }
    push::judge_endpoint(&endpoint).map_err(Refusal::not_admitted)?;
    let (public_key, secret) = push::keys(&keys.p256dh, &keys.auth).map_err(Refusal::not_admitted)?;
    let until = app.clock.now() + SUBSCRIPTION_KEPT;
    let subscription =
        PushSubscription { endpoint, channel: request.channel, role: request.role, public_key, secret, until };
    app.desk().subscribe(subscription).await.map_err(|error| stopped(&error))?;
    Ok((StatusCode::CREATED, Json(Subscribed { until })))
}

/// A browser does not want to be told any more.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribeRequest {
    /// Its address, as it gave it.
    pub endpoint: String,
}

/// `DELETE /api/push/subscriptions`
#[utoipa::path(delete, path = "/api/push/subscriptions", request_body = UnsubscribeRequest,
    responses((status = 204, description = "it is not kept any more"), Refused<400>))]
pub async fn unsubscribe(
    State(app): State<App>,
    body: Result<Json<UnsubscribeRequest>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let Json(request) = body.map_err(|error| Refusal::malformed(error.body_text()))?;
    app.desk().unsubscribe(vec![request.endpoint]).await.map_err(|error| stopped(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

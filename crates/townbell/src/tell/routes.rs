//! The table of routes. There is no other way to add one: each line names the action and the class of data, and the
//! authoriser stands before each handler. A test walks the table.

use std::net::SocketAddr;

use account::{Action, Caller, DataClass, Decision, authorise};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};
use sha2::{Digest, Sha256};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::problem::Refusal;
use super::{
    App, actions, alerts, api, calls, health, metrics, notifications, openapi, pages, rule_files, rules, sensorthings,
    series, stream,
};
use crate::limits::{BODY_SILENCE_MAX, REQUEST_BYTES_MAX};

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path, with `{parameters}`.
    pub path: &'static str,
    /// What it does.
    pub action: Action,
    /// To what.
    pub class: DataClass,
}

/// Nothing may be loaded from elsewhere, and nothing inline may run. MapLibre sets styles through the DOM, which CSP
/// does not govern, and starts its worker from our own origin.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; \
    connect-src 'self'; img-src 'self' data: blob:; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

struct Table {
    routes: Vec<Route>,
    router: Router<App>,
    app: App,
}

impl Table {
    fn add<H, T>(mut self, method: Method, path: &'static str, action: Action, class: DataClass, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let route = Route { method: method.clone(), path, action, class };
        let guard = Guard { app: self.app.clone(), action, class };
        // invariant: the table below uses only methods that axum knows.
        let filter = axum::routing::MethodFilter::try_from(method).unwrap_or(axum::routing::MethodFilter::GET);
        let handler: MethodRouter<App> = on(filter, handler)
            .layer::<_, std::convert::Infallible>(middleware::from_fn_with_state(guard, stand_before));
        self.router = self.router.route(path, handler);
        self.routes.push(route);
        self
    }
}

#[derive(Clone)]
struct Guard {
    app: App,
    action: Action,
    class: DataClass,
}

/// Builds the router, and the table that it was built from.
pub fn build(app: &App) -> (Router, Vec<Route>) {
    use Action::{Acknowledge, Arrange, Observe, Read};
    use DataClass::{Alerts, Centre, Operations, Public};
    let (get, post) = (Method::GET, Method::POST);
    let table = Table { routes: Vec::new(), router: Router::new(), app: app.clone() }
        .add(get.clone(), "/health", Read, Public, api::health)
        .add(get.clone(), "/metrics", Read, Centre, metrics::metrics)
        .add(get.clone(), "/api/openapi.json", Read, Public, openapi::document)
        .add(get.clone(), "/api/city", Read, Operations, api::city)
        .add(get.clone(), "/api/state", Read, Operations, api::state)
        .add(get.clone(), "/api/live", Read, Operations, stream::live)
        .add(get.clone(), "/api/alerts", Read, Alerts, alerts::alerts)
        .add(get.clone(), "/api/alerts/{id}", Read, Alerts, api::alert)
        .add(post.clone(), "/api/alerts/{id}/acknowledge", Acknowledge, Alerts, api::acknowledge)
        .add(get.clone(), "/api/notifications", Read, Alerts, notifications::notifications)
        .add(get.clone(), "/api/push/keys", Read, Alerts, notifications::push_keys)
        .add(post.clone(), "/api/push/subscriptions", Acknowledge, Alerts, notifications::subscribe)
        .add(Method::DELETE, "/api/push/subscriptions", Acknowledge, Alerts, notifications::unsubscribe)
        .add(post.clone(), "/api/alerts/{id}/assign", Acknowledge, Alerts, actions::assign)
        .add(post.clone(), "/api/alerts/{id}/snooze", Acknowledge, Alerts, actions::snooze)
        .add(post.clone(), "/api/alerts/{id}/wake", Acknowledge, Alerts, actions::wake)
        .add(post.clone(), "/api/alerts/{id}/comment", Acknowledge, Alerts, actions::comment)
        .add(get.clone(), "/api/silences", Read, Alerts, calls::silences)
        .add(post.clone(), "/api/silences", Acknowledge, Alerts, actions::silence)
        .add(post.clone(), "/api/silences/{id}/end", Acknowledge, Alerts, actions::end_silence)
        .add(get.clone(), "/api/alarm-health", Read, Alerts, health::alarm_health)
        .add(get.clone(), "/api/on-call", Read, Alerts, calls::on_call)
        .add(post.clone(), "/api/covers", Acknowledge, Alerts, actions::cover)
        .add(post.clone(), "/api/covers/{id}/end", Acknowledge, Alerts, actions::end_cover)
        .add(get.clone(), "/api/feeds", Read, Centre, api::feeds)
        .add(get.clone(), "/api/rules", Read, Public, rule_files::rules)
        .add(get.clone(), "/api/rules/{name}", Read, Operations, rule_files::rule)
        .add(Method::PUT, "/api/rules/{name}", Arrange, Operations, rule_files::save)
        .add(Method::DELETE, "/api/rules/{name}", Arrange, Operations, rule_files::remove)
        .add(post.clone(), "/api/backtest", Read, Operations, rules::backtest)
        .add(get.clone(), "/api/moves", Read, Operations, rules::moved)
        .add(get.clone(), "/api/series/latest", Read, Operations, series::latest)
        .add(get.clone(), "/api/series/count", Read, Operations, series::count)
        .add(get.clone(), "/api/series/{datastream}", Read, Operations, series::series)
        .add(get.clone(), "/api/series/{datastream}/values", Read, Operations, series::values)
        .add(get.clone(), "/api/series/{datastream}/buckets", Read, Operations, series::buckets)
        .add(get.clone(), "/api/things", Read, Operations, series::things)
        .add(get.clone(), "/api/forecast/{datastream}", Read, Operations, api::forecast)
        .add(get.clone(), "/v1.1", Read, Operations, sensorthings::root)
        .add(get.clone(), "/v1.1/", Read, Operations, sensorthings::root_slash)
        .add(get.clone(), "/v1.1/{*path}", Read, Operations, sensorthings::read)
        .add(post, "/v1.1/{*path}", Observe, Operations, sensorthings::create)
        .add(Method::PATCH, "/v1.1/{*path}", Observe, Operations, sensorthings::update)
        .add(Method::PUT, "/v1.1/{*path}", Observe, Operations, sensorthings::replace)
        .add(Method::DELETE, "/v1.1/{*path}", Observe, Operations, sensorthings::delete)
        .add(get.clone(), "/tiles/{z}/{x}/{y}", Read, Public, pages::tile)
        .add(get.clone(), "/", Read, Public, pages::page)
        .add(get, "/{*path}", Read, Public, pages::page);
    let text = NotForContentType::new("text/event-stream").and(SizeAbove::new(1_024));
    let router = table
        .router
        .method_not_allowed_fallback(async || Refusal::method())
        .layer(RequestBodyLimitLayer::new(REQUEST_BYTES_MAX))
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE_MAX))
        .layer(CompressionLayer::new().compress_when(text))
        .layer(middleware::from_fn_with_state(app.clone(), with_headers))
        .with_state(app.clone());
    (router, table.routes)
}

async fn stand_before(State(guard): State<Guard>, mut request: Request<Body>, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let loopback = peer.is_some_and(|peer| peer.0.ip().is_loopback()) && names_loopback(request.headers());
    let caller = Caller { loopback, token_sha256: bearer(request.headers()) };
    if guard.action != Action::Read && !own_origin(request.headers()) {
        return Refusal::denied("a page of another origin may not act here").into_response();
    }
    let asker = Asker(caller);
    match asker.may(&guard.app, guard.action, guard.class) {
        Ok(()) => {
            request.extensions_mut().insert(asker);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Who asks, for handlers that find out on the way what is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asker(Caller);

impl Asker {
    /// Whether this caller may do it.
    ///
    /// # Errors
    /// 401 or 403 when not.
    pub fn may(&self, app: &App, action: Action, class: DataClass) -> Result<(), Refusal> {
        match authorise(&app.access, self.0, action, class) {
            Decision::Allow => Ok(()),
            Decision::NeedsToken => Err(Refusal::needs_token()),
            Decision::Deny => Err(Refusal::denied("this address answers callers on the same machine, or with a token")),
        }
    }
}

/// Whether the request was addressed to this machine by a loopback name: a page elsewhere that resolves its own name
/// to 127.0.0.1 (DNS rebinding) does not get in as "the same machine".
fn names_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Whether a browser says that the request comes from our own page, or no browser is involved.
fn own_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, name)| name == host),
        (Some(_), None) => false,
    }
}

fn bearer(headers: &HeaderMap) -> Option<[u8; 32]> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = value.strip_prefix("Bearer ")?.trim();
    Some(Sha256::digest(token.as_bytes()).into())
}

/// Said by every answer of a sandbox.
const SANDBOX_HEADER: HeaderName = HeaderName::from_static("townbell-sandbox");

async fn with_headers(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if (status.is_client_error() || status.is_server_error()) && (kind.is_empty() || kind.starts_with("text/plain")) {
        // What the framework refuses before a handler sees it (a path that is no text, a body over the limit).
        response = Refusal::of(status).into_response();
    }
    let headers = response.headers_mut();
    if app.city.sandbox {
        headers.insert(SANDBOX_HEADER, HeaderValue::from_static("true"));
    }
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

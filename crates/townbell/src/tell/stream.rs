//! Live events over server-sent events, with resume by `Last-Event-ID` (WHATWG HTML, 9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::App;
use super::live::{Live, LiveEvent, Resume};
use super::problem::{Refusal, Refused};
use crate::limits::{LIVE_HEARTBEAT, LIVE_LISTENERS_MAX};
use crate::notify::Blindness;

/// `GET /api/live`
#[utoipa::path(get, path = "/api/live", responses(
    (status = 200, description = "server-sent events: snapshot, clock, vehicles, observation, things, feed, warning, alert, call, notification, rules, blind", content_type = "text/event-stream"), Refused<503>))]
pub async fn live(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    if app.live.listening() >= LIVE_LISTENERS_MAX {
        return Err(Refusal::unavailable(format!("{LIVE_LISTENERS_MAX} listeners are connected already")));
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    // A queue of its own, one deep: the broadcast channel is the buffer, and lag is noticed there.
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(1);
    tokio::spawn(serve(app, last, sender));
    let mut response =
        Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(LIVE_HEARTBEAT)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

async fn serve(app: App, last: Option<String>, sender: mpsc::Sender<Result<Event, Infallible>>) {
    app.live.listeners.fetch_add(1, Ordering::Relaxed);
    let mut last = last;
    // Each turn of the loop is one (re)start: at first, and again when this browser fell too far behind.
    while listen(&app, last.take(), &sender).await == Ended::Behind {}
    app.live.listeners.fetch_sub(1, Ordering::Relaxed);
}

#[derive(PartialEq)]
enum Ended {
    Gone,
    Behind,
}

async fn listen(app: &App, last: Option<String>, sender: &mpsc::Sender<Result<Event, Infallible>>) -> Ended {
    let (resume, mut receiver) = app.live.listen(last.as_deref());
    let mut seen = match resume {
        Resume::Missed(events) => {
            let mut newest = 0;
            for event in events {
                newest = event.number;
                if sender.send(Ok(wire(&app.live, &event))).await.is_err() {
                    return Ended::Gone;
                }
            }
            newest
        }
        Resume::Snapshot(number) => {
            let Ok(data) = serde_json::to_string(&app.picture().state()) else { return Ended::Gone };
            let event = Arc::new(LiveEvent { number, kind: "snapshot", data });
            if sender.send(Ok(wire(&app.live, &event))).await.is_err() {
                return Ended::Gone;
            }
            if let Some(blind) = app.desk().pulse().blind() {
                let Ok(data) = serde_json::to_string(&Blindness::of(&blind, None)) else { return Ended::Gone };
                let event = Arc::new(LiveEvent { number, kind: "blind", data });
                if sender.send(Ok(wire(&app.live, &event))).await.is_err() {
                    return Ended::Gone;
                }
            }
            number
        }
    };
    loop {
        let event = tokio::select! {
            () = sender.closed() => return Ended::Gone,
            event = receiver.recv() => event,
        };
        match event {
            Ok(event) if event.number <= seen => {}
            Ok(event) => {
                seen = event.number;
                if sender.send(Ok(wire(&app.live, &event))).await.is_err() {
                    return Ended::Gone;
                }
            }
            Err(RecvError::Lagged(_)) => return Ended::Behind,
            Err(RecvError::Closed) => return Ended::Gone,
        }
    }
}

fn wire(live: &Live, event: &LiveEvent) -> Event {
    Event::default().id(live.id(event.number)).event(event.kind).data(&event.data)
}

//! `/api`: our own interface, described by the OpenAPI document.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use city::{Acknowledgement, AlertId, AlertState, Span, Time};
use gate::Candidate;

use super::problem::{Refusal, Refused};
use super::views::{AcknowledgeRequest, AlertHistory, CityView, FeedPage, ForecastView, Health, Mode, StateView};
use super::{App, actions, quiet};

pub(super) type Answer<T> = Result<Json<T>, Refusal>;

/// Runs a read of the store away from the threads that serve.
pub(super) async fn read<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&store::Reader) -> Result<T, store::StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let readers = app.readers.clone();
    let answer = tokio::task::spawn_blocking(move || question(&*readers.get()?)).await;
    Ok(answer.map_err(|_| Refusal::unavailable("the read was cut off"))??)
}

/// `GET /health`
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health), Refused<503>))]
pub async fn health(State(app): State<App>) -> Answer<Health> {
    if app.desk().failed() {
        return Err(Refusal::unavailable("the desk has stopped: the disk refused a write; the program's log says why"));
    }
    // Before the picture is looked at: a desk that stands still may hold it.
    if let Some(blind) = app.desk().pulse().blind() {
        return Err(Refusal::unavailable(format!("the centre is blind since {}: {}", blind.since, blind.why)));
    }
    let degraded = degraded(&app);
    let picture = app.picture();
    let (now, journal_seq) = (app.clock.now(), picture.journal_seq());
    let status = if degraded.is_empty() { "ok" } else { "degraded" }.to_owned();
    Ok(Json(Health { status, degraded, now, journal_seq, version: env!("CARGO_PKG_VERSION").to_owned() }))
}

/// What is to be mended, without what only the control room may read.
fn degraded(app: &App) -> Vec<String> {
    let mistakes = |count: usize| if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
    let rules = app.rulebook.mistakes().len();
    let rules = (rules > 0).then(|| {
        format!("{} in the rules' folder, so it is not in force as it is; GET /api/rules lists them", mistakes(rules))
    });
    let on_call = app.city.not_loaded.on_call.len();
    let on_call = (on_call > 0).then(|| {
        format!(
            "{} in oncall.toml, so calls do not go by it; GET /api/on-call lists them. Mend it and start again",
            mistakes(on_call)
        )
    });
    let cut_off = app.called.counts().into_iter().filter(|count| count.is_way_out && count.is_cut_off());
    let cut_off = cut_off.map(|count| {
        format!("the newest call by {} did not get through; GET /api/notifications tells why", count.kind)
    });
    rules.into_iter().chain(on_call).chain(cut_off).collect()
}

/// `GET /api/city`
#[utoipa::path(get, path = "/api/city", responses((status = 200, body = CityView)))]
pub async fn city(State(app): State<App>) -> Json<CityView> {
    let city = &app.city;
    Json(CityView {
        name: city.name.clone(),
        timezone: city.timezone.clone(),
        bbox: city.bbox,
        centre: city.centre,
        attribution: city.attribution.clone(),
        mode: match (&app.replay, city.sandbox) {
            (Some(_), _) => Mode::Replay,
            (None, true) => Mode::Sandbox,
            (None, false) => Mode::Live,
        },
        replay: app.replay.clone(),
        notice: city.notice.clone(),
        places: city.places.clone(),
        roles: city.roles.clone(),
    })
}

/// `GET /api/state`
#[utoipa::path(get, path = "/api/state", responses((status = 200, body = StateView)))]
pub async fn state(State(app): State<App>) -> Json<StateView> {
    Json(app.picture().state())
}

/// `GET /api/alerts/{id}`
#[utoipa::path(get, path = "/api/alerts/{id}", params(("id" = String, Path)), responses((status = 200, body = AlertHistory), Refused<404>))]
pub async fn alert(State(app): State<App>, Path(id): Path<String>) -> Answer<AlertHistory> {
    let id = AlertId(id.into());
    let (alert, history) = read(&app, move |reader| Ok((reader.alert(&id)?, reader.alert_history(&id)?))).await?;
    let alert = alert.ok_or_else(no_alert)?;
    Ok(Json(AlertHistory { alert, history }))
}

pub(super) fn no_alert() -> Refusal {
    Refusal::not_found("there is no alert with this id; GET /api/alerts lists them")
}

/// `POST /api/alerts/{id}/acknowledge`
#[utoipa::path(post, path = "/api/alerts/{id}/acknowledge", params(("id" = String, Path)), request_body = AcknowledgeRequest,
    responses((status = 200, body = city::Alert), Refused<400>, Refused<404>, Refused<409>, Refused<422>))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Result<Json<AcknowledgeRequest>, JsonRejection>,
) -> Answer<city::Alert> {
    // In words of our own: what the JSON reader says repeats keys and values of a note that may hold anything.
    let expected = "body: expected JSON with a role and a note, both text, and nothing else";
    let Json(body) = body.map_err(|_| Refusal::malformed(expected))?;
    let id = AlertId(id.into());
    let current = actions::known(&app, &id).await?;
    if current.state == AlertState::Resolved {
        return Err(Refusal::conflict("this alert has resolved already; there is nothing left to take"));
    }
    quiet::may_act(&app, &body.role, &current)?;
    let acknowledgement = Acknowledgement { alert: id.clone(), role: body.role, note: body.note };
    if let Err((reason, hits)) = app.door.gate.judge_acknowledgement(&acknowledgement) {
        return Err(refused_note(reason, &hits));
    }
    actions::hand_in(&app, Candidate::Acknowledgement(acknowledgement)).await?;
    let alert = app.picture().alert(&id).cloned().ok_or_else(no_alert)?;
    Ok(Json(alert))
}

fn refused_note(reason: city::Reason, hits: &[gate::scan::HitKind]) -> Refusal {
    let found: Vec<&str> = hits.iter().map(|hit| hit.words()).collect();
    Refusal::not_admitted(match reason {
        city::Reason::PersonalText => {
            format!("note: holds what looks like {}; say it without, for example by role or place", found.join(", "))
        }
        city::Reason::NotAllowed => "role: expected one of this city's roles; GET /api/city lists them".to_owned(),
        city::Reason::TooLarge => format!("note: expected at most {} characters", gate::NOTE_CHARS_MAX),
        other => format!("the gate refuses this: {}", other.name()),
    })
}

/// The desk does not take any more.
pub fn stopped(error: &crate::desk::DeskError) -> Refusal {
    Refusal::unavailable(error.to_string())
}

/// `GET /api/feeds`
#[utoipa::path(get, path = "/api/feeds", responses((status = 200, body = FeedPage)))]
pub async fn feeds(State(app): State<App>) -> Json<FeedPage> {
    Json(FeedPage { items: app.picture().feed_states(), broker: app.broker_status() })
}

/// How much of the past a forecast and its skill are made from: ten days of skill and a day to start from.
const FORECAST_PAST: Span = Span::h(24 * 11);

/// `GET /api/forecast/{datastream}`
#[utoipa::path(get, path = "/api/forecast/{datastream}", params(("datastream" = u32, Path)),
    responses((status = 200, body = ForecastView), Refused<404>))]
pub async fn forecast(State(app): State<App>, Path(datastream): Path<String>) -> Answer<ForecastView> {
    let id = super::series::datastream_of(&app, &datastream)?;
    let now = app.clock.now();
    let forecast = read(&app, move |reader| {
        let points = reader.range(id, now - FORECAST_PAST, now + Span::ms(1))?;
        let observations: Vec<(Time, f64)> = points.iter().map(|point| (point.time, point.result)).collect();
        Ok(foresee::forecast(&observations, now))
    })
    .await?;
    let forecast = forecast.ok_or_else(|| Refusal::not_found("too few values yet for a forecast of this series"))?;
    let points: Vec<_> = forecast.points.iter().map(|p| (p.time.ms(), p.value, p.low, p.high)).collect();
    let horizon_h = forecast.points.last().map_or(0.0, |point| point.time.since(forecast.issued).as_h());
    Ok(Json(ForecastView {
        datastream: id.0,
        issued: forecast.issued,
        horizon_h,
        method: forecast.method,
        points,
        skill: forecast.skill_6h,
        words: forecast.words,
        level: app.rulebook.rules().iter().find_map(|rule| match &rule.kind {
            watch::Kind::Rise(rise) if rise.datastreams.contains(&id) => Some(rise.level),
            _ => None,
        }),
    }))
}

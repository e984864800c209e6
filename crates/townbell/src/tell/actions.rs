//! What roles do about alerts: give them away, put them off, write about them, keep them quiet, take shifts.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use city::{
    Alert, AlertId, Cover, CoverId, DeskAction, DeskActionKind, Reason, Repeat, Silence, SilenceId, SilenceScope,
    Tally, Time,
};
use gate::Candidate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::api::{Answer, read, stopped};
use super::problem::{Refusal, Refused};
use super::{App, quiet, scope_said};
use crate::config::control_room_feed;

/// Giving an alert to a role.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRequest {
    /// The role that gives it away.
    pub role: String,
    /// The role that shall work on it.
    pub to: String,
    /// A line with it.
    #[serde(default)]
    pub note: String,
}

/// Putting an alert off.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeRequest {
    /// The role that puts it off.
    pub role: String,
    /// Until when; at most a day ahead.
    pub until: Time,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// Ending a snooze, a silence or a cover.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRequest {
    /// The role that does it.
    pub role: String,
}

/// Writing about an alert.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentRequest {
    /// The role that writes.
    pub role: String,
    /// The line.
    pub text: String,
}

/// Keeping alerts quiet.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceRequest {
    /// The role that owns the silence.
    pub role: String,
    /// Why.
    pub reason: String,
    /// Which alerts.
    pub scope: SilenceScope,
    /// From when; now when missing.
    pub from: Option<Time>,
    /// Until when.
    pub until: Time,
    /// Only in windows that recur.
    pub repeat: Option<Repeat>,
}

/// Taking calls for another role.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverRequest {
    /// The role that asks.
    pub role: String,
    /// Whose calls.
    pub of: String,
    /// Who takes them.
    pub by: String,
    /// From when; now when missing.
    pub from: Option<Time>,
    /// Until when.
    pub until: Time,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// What was asked for, as it was taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Taken {
    /// Its id, by which it can be ended.
    pub id: String,
}

type Body<T, E = JsonRejection> = Result<Json<T>, E>;

/// In words of our own: what the JSON reader says repeats keys and values of a note that may hold anything.
fn body<T, E>(body: Body<T, E>, expected: &str) -> Result<T, Refusal> {
    body.map(|Json(body)| body)
        .map_err(|_| Refusal::malformed(format!("body: expected JSON with {expected}, and nothing else")))
}

/// `POST /api/alerts/{id}/assign`
#[utoipa::path(post, path = "/api/alerts/{id}/assign", params(("id" = String, Path)), request_body = AssignRequest,
    responses((status = 200, body = Alert), Refused<400>, Refused<404>, Refused<409>, Refused<422>))]
pub async fn assign(State(app): State<App>, Path(id): Path<String>, asked: Body<AssignRequest>) -> Answer<Alert> {
    let asked = body(asked, "a role, the role that it goes to, and a note")?;
    let AssignRequest { role, to, note } = asked;
    on_alert(&app, id, role, |alert| DeskActionKind::Assign { alert, to, note }).await
}

/// `POST /api/alerts/{id}/snooze`
#[utoipa::path(post, path = "/api/alerts/{id}/snooze", params(("id" = String, Path)), request_body = SnoozeRequest,
    responses((status = 200, body = Alert), Refused<400>, Refused<404>, Refused<409>, Refused<422>))]
pub async fn snooze(State(app): State<App>, Path(id): Path<String>, asked: Body<SnoozeRequest>) -> Answer<Alert> {
    let SnoozeRequest { role, until, note } = body(asked, "a role, until when (RFC 3339), and a note")?;
    on_alert(&app, id, role, |alert| DeskActionKind::Snooze { alert, until, note }).await
}

/// `POST /api/alerts/{id}/wake`
#[utoipa::path(post, path = "/api/alerts/{id}/wake", params(("id" = String, Path)), request_body = RoleRequest,
    responses((status = 200, body = Alert), Refused<400>, Refused<404>, Refused<409>, Refused<422>))]
pub async fn wake(State(app): State<App>, Path(id): Path<String>, asked: Body<RoleRequest>) -> Answer<Alert> {
    let RoleRequest { role } = body(asked, "a role")?;
    on_alert(&app, id, role, |alert| DeskActionKind::Wake { alert }).await
}

/// `POST /api/alerts/{id}/comment`
#[utoipa::path(post, path = "/api/alerts/{id}/comment", params(("id" = String, Path)), request_body = CommentRequest,
    responses((status = 200, body = Alert), Refused<400>, Refused<404>, Refused<409>, Refused<422>))]
pub async fn comment(State(app): State<App>, Path(id): Path<String>, asked: Body<CommentRequest>) -> Answer<Alert> {
    let CommentRequest { role, text } = body(asked, "a role and a text")?;
    on_alert(&app, id, role, |alert| DeskActionKind::Comment { alert, text }).await
}

/// `POST /api/silences`
#[utoipa::path(post, path = "/api/silences", request_body = SilenceRequest,
    responses((status = 201, body = Taken), Refused<400>, Refused<422>))]
pub async fn silence(
    State(app): State<App>,
    asked: Body<Value>,
) -> Result<(axum::http::StatusCode, Json<Taken>), Refusal> {
    let expected = "role, reason, scope, from, until and repeat";
    let asked = body(asked, expected)?;
    if let Some(fault) = scope_said::fault(asked.get("scope")) {
        return Err(Refusal::not_admitted(fault));
    }
    let asked = body(serde_json::from_value(asked).map(Json), expected)?;
    let now = app.clock.now();
    let id = SilenceId::new(&fresh("silence", now));
    let SilenceRequest { role, reason, scope, from, until, repeat } = asked;
    quiet::is_scope(&app, &scope)?;
    quiet::may_silence(&app, &role, &scope)?;
    let silence = Silence { id: id.clone(), reason, scope, from: from.unwrap_or(now), until, repeat };
    if let Some(fault) = silence.fault(now) {
        return Err(Refusal::not_admitted(format!("silence: {}", fault.words())));
    }
    act(&app, role, DeskActionKind::Silence(silence)).await?;
    Ok((axum::http::StatusCode::CREATED, Json(Taken { id: id.to_string() })))
}

/// `POST /api/silences/{id}/end`
#[utoipa::path(post, path = "/api/silences/{id}/end", params(("id" = String, Path)), request_body = RoleRequest,
    responses((status = 200, body = Taken), Refused<400>, Refused<404>, Refused<422>))]
pub async fn end_silence(State(app): State<App>, Path(id): Path<String>, asked: Body<RoleRequest>) -> Answer<Taken> {
    let RoleRequest { role } = body(asked, "a role")?;
    let known = app.picture().calls().silences.iter().find(|known| known.silence.id.as_str() == id).cloned();
    let missing = || Refusal::not_found("there is no silence with this id; GET /api/silences lists them");
    quiet::may_end(&app, &role, &known.ok_or_else(missing)?)?;
    act(&app, role, DeskActionKind::EndSilence { silence: SilenceId::new(&id) }).await?;
    Ok(Json(Taken { id }))
}

/// `POST /api/covers`
#[utoipa::path(post, path = "/api/covers", request_body = CoverRequest,
    responses((status = 201, body = Taken), Refused<400>, Refused<422>))]
pub async fn cover(
    State(app): State<App>,
    asked: Body<CoverRequest>,
) -> Result<(axum::http::StatusCode, Json<Taken>), Refusal> {
    let CoverRequest { role, of, by, from, until, note } = body(asked, "role, of, by, from, until and note")?;
    let now = app.clock.now();
    let id = CoverId::new(&fresh("cover", now));
    for (field, named) in [("role", &role), ("of", &of), ("by", &by)] {
        quiet::is_role(&app, field, named)?;
    }
    quiet::may_cover(&app, &role, &of)?;
    let cover = Cover { id: id.clone(), of, by, from: from.unwrap_or(now), until, note };
    quiet::is_no_loop(&cover, &app.picture().calls().covers)?;
    act(&app, role, DeskActionKind::Cover(cover)).await?;
    Ok((axum::http::StatusCode::CREATED, Json(Taken { id: id.to_string() })))
}

/// `POST /api/covers/{id}/end`
#[utoipa::path(post, path = "/api/covers/{id}/end", params(("id" = String, Path)), request_body = RoleRequest,
    responses((status = 200, body = Taken), Refused<400>, Refused<404>, Refused<422>))]
pub async fn end_cover(State(app): State<App>, Path(id): Path<String>, asked: Body<RoleRequest>) -> Answer<Taken> {
    let RoleRequest { role } = body(asked, "a role")?;
    let known = app.picture().calls().covers.iter().find(|known| known.id.as_str() == id).cloned();
    let cover =
        known.ok_or_else(|| Refusal::not_found("there is no cover with this id; GET /api/on-call lists them"))?;
    if role != cover.by {
        quiet::may_cover(&app, &role, &cover.of)?;
    }
    act(&app, role, DeskActionKind::EndCover { cover: CoverId::new(&id) }).await?;
    Ok(Json(Taken { id }))
}

/// An id that nobody has yet: the instant, and a number for those of one instant.
fn fresh(kind: &str, now: Time) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{kind}-{}-{}", now.ms(), NEXT.fetch_add(1, Ordering::Relaxed) % 1000)
}

/// Does something about one alert, and gives it as it stands then.
async fn on_alert(app: &App, id: String, role: String, what: impl FnOnce(AlertId) -> DeskActionKind) -> Answer<Alert> {
    let id = AlertId(id.into());
    let what = what(id.clone());
    let comment = matches!(what, DeskActionKind::Comment { .. });
    let known = known(app, &id).await?;
    if known.state == city::AlertState::Resolved && !comment {
        return Err(Refusal::conflict(
            "this alert has resolved already; there is nothing left to do but to comment on it",
        ));
    }
    match what {
        DeskActionKind::Snooze { .. } | DeskActionKind::Wake { .. } => quiet::may_quiet(app, &role, &known)?,
        _ => quiet::may_act(app, &role, &known)?,
    }
    act(app, role, what).await?;
    let alert = app.picture().alert(&id).cloned().unwrap_or(known);
    Ok(Json(alert))
}

/// An alert on the pages, or one that is over, has left them, and is still kept.
pub(super) async fn known(app: &App, id: &AlertId) -> Result<Alert, Refusal> {
    let shown = app.picture().alert(id).cloned();
    if let Some(alert) = shown {
        return Ok(alert);
    }
    let id = id.clone();
    read(app, move |reader| reader.alert(&id)).await?.ok_or_else(super::api::no_alert)
}

async fn act(app: &App, role: String, what: DeskActionKind) -> Result<(), Refusal> {
    let action = DeskAction { role, what };
    if let Err((reason, hits)) = app.door.gate.judge_action(&action, app.clock.now()) {
        return Err(refused(reason, &hits));
    }
    hand_in(app, Candidate::DeskAction(action)).await
}

/// Hands in what a role did, and waits until the watch has seen it.
pub(super) async fn hand_in(app: &App, deed: Candidate) -> Result<(), Refusal> {
    let feed = control_room_feed();
    let admission =
        app.door.judge(&feed, vec![deed], &Tally::default()).map_err(|e| Refusal::not_admitted(e.to_string()))?;
    let receipt = app.desk().submit(feed, admission).await.map_err(|error| stopped(&error))?;
    receipt.watched().await.map_err(|error| stopped(&error))?;
    Ok(())
}

pub(super) fn refused(reason: Reason, hits: &[gate::scan::HitKind]) -> Refusal {
    let found: Vec<&str> = hits.iter().map(|hit| hit.words()).collect();
    Refusal::not_admitted(match reason {
        Reason::PersonalText => {
            format!("text: holds what looks like {}; say it without, for example by role or place", found.join(", "))
        }
        Reason::NotAllowed => "role: expected one of this city's roles; GET /api/city lists them".to_owned(),
        Reason::TooLarge => {
            format!("text: expected at most {} characters, and no list that long", gate::NOTE_CHARS_MAX)
        }
        Reason::BadTime => "time: expected an end that lies ahead, after its beginning, and not further than makes \
                            sense (a snooze a day, a silence 90 days or a year where it recurs, a cover two months)"
            .to_owned(),
        Reason::BadId => {
            "id: expected one that this centre gave, and names of rules and feeds as the city has them".to_owned()
        }
        Reason::Malformed => "text: expected a line that says something".to_owned(),
        other => format!("the gate refuses this: {}", other.name()),
    })
}

//! `GET /api/alerts`: every alert that is kept, searched.

use axum::Json;
use axum::extract::State;
use city::{AlertId, AlertState, Severity, Time};
use serde::Deserialize;
use store::AlertSearch;
use utoipa::IntoParams;

use super::App;
use super::api::{Answer, read};
use super::asked::Asked;
use super::problem::{Refusal, Refused};
use super::views::AlertPage;
use crate::limits::ALERTS_PER_PAGE_MAX;

/// How many, when nobody says.
const ALERTS_PER_PAGE: u32 = 200;
/// Longest text to look for, in characters: a line of a title.
const TEXT_CHARS_MAX: usize = 100;

/// Which alerts. Every part that is given must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlertQuery {
    /// `open`, `acknowledged`, `resolved`, or `all`.
    #[param(inline)]
    pub state: Option<AlertStates>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Owned by this role.
    pub owner: Option<String>,
    /// At least so bad.
    pub severity: Option<Severity>,
    /// Opened at this time or later.
    pub from: Option<Time>,
    /// Opened before this time.
    pub to: Option<Time>,
    /// With these words in the title or the subject.
    pub text: Option<String>,
    /// Go on after this alert, the last of the page before.
    pub after: Option<String>,
    /// At most so many, newest first; 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<usize>,
}

/// A choice of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertStates {
    /// Rings.
    Open,
    /// Somebody has it.
    Acknowledged,
    /// Over.
    Resolved,
    /// All of them.
    #[default]
    All,
}

/// `GET /api/alerts`
#[utoipa::path(get, path = "/api/alerts", params(AlertQuery), responses((status = 200, body = AlertPage), Refused<400>, Refused<404>))]
pub async fn alerts(State(app): State<App>, mut asked: Asked) -> Answer<AlertPage> {
    let state = match asked.take("state")?.as_deref() {
        None | Some("all") => None,
        Some("open") => Some(AlertState::Open),
        Some("acknowledged") => Some(AlertState::Acknowledged),
        Some("resolved") => Some(AlertState::Resolved),
        Some(_) => return Err(Refusal::malformed("state: expected open, acknowledged, resolved or all")),
    };
    let severity = asked.take("severity")?.map(|text| severity_of(&text)).transpose()?;
    let text = asked.take("text")?.filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
        return Err(Refusal::malformed(format!("text: expected at most {TEXT_CHARS_MAX} characters")));
    }
    let (rule, owner) = (asked.take("rule")?, asked.take("owner")?);
    let (from, to) = (asked.time("from")?, asked.time("to")?);
    let after = asked.take("after")?.map(|id| AlertId(id.into()));
    let most = u32::try_from(ALERTS_PER_PAGE_MAX).unwrap_or(u32::MAX);
    let limit = asked.whole("limit", 1..=most)?.unwrap_or(ALERTS_PER_PAGE);
    asked.done()?;
    let items = read(&app, move |reader| {
        let after = match after {
            Some(id) => match reader.alert(&id)? {
                Some(alert) => Some((alert.opened, id)),
                None => return Ok(None),
            },
            None => None,
        };
        let search = AlertSearch { state, rule, owner, severity, from, to, text, after };
        reader.search_alerts(&search, limit as usize).map(Some)
    })
    .await?;
    let items = items.ok_or_else(super::api::no_alert)?;
    Ok(Json(AlertPage { items }))
}

fn severity_of(text: &str) -> Result<Severity, Refusal> {
    let found = Severity::ALL.into_iter().find(|severity| severity.name() == text);
    found.ok_or_else(|| Refusal::malformed("severity: expected info, minor, moderate, severe or extreme"))
}

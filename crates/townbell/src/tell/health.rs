//! `/api/alarm-health`: whether people can answer what rings, and which rules to mend first.

use axum::Json;
use axum::extract::State;
use city::alert::AlertChangeKind;
use city::{Alert, AlertChange, Span, Time};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use watch::health::{self, Figure, Health, Position, RuleHealth};

use super::App;
use super::api::{Answer, read};
use super::asked::Asked;
use super::problem::{Refusal, Refused};
use crate::limits::ALERTS_PER_PAGE_MAX;

/// The longest span in one answer: every change of a month is read for it.
const SPAN_MAX: Span = Span::h(24 * 31);
/// The span, when nobody says.
const SPAN: Span = Span::h(24 * 7);

/// Over which time.
#[derive(Debug, Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HealthQuery {
    /// From when; seven days before `to` when missing.
    pub from: Option<Time>,
    /// Until when; now when missing. At most 31 days after `from`.
    pub to: Option<Time>,
}

/// Alarm health of a span.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// From when.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// One for each role that owned an alert, by name.
    pub positions: Vec<PositionView>,
    /// The rules that rang most, worst first; at most ten.
    pub worst: Vec<RuleHealthView>,
}

/// The load of one operator position.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PositionView {
    /// The role.
    pub role: String,
    /// Alerts that opened.
    pub opened: u64,
    /// Alerts an hour, over the whole span.
    pub hourly: FigureView,
    /// Alerts in the worst clock hour of UTC.
    pub hourly_max: FigureView,
    /// Milliseconds since the epoch at which a clock hour of UTC began, and the alerts that opened in it; hours
    /// without one are left out.
    pub by_hour: Vec<(i64, u64)>,
    /// Floods: times at which more than ten had opened within 10 min.
    pub floods: u64,
    /// The share of the time that was flood, 0 to 1.
    pub flood_share: FigureView,
    /// Rule and subject that opened three times or more within a minute.
    pub chattering: FigureView,
    /// Alerts that stood for more than 24 h.
    pub stale: FigureView,
    /// Alerts that resolved and that nobody had acknowledged.
    pub never_acted_on: u64,
    /// Alerts that resolved.
    pub resolved: u64,
    /// The shares of low (moderate and below), high (severe) and emergency (extreme) alerts, 0 to 1 each.
    pub mix: [f64; 3],
    /// What the mix should be.
    pub mix_bar: [f64; 3],
}

/// A figure with its bar.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct FigureView {
    /// What was counted.
    pub value: f64,
    /// At most this is right.
    pub bar: f64,
    /// Whether it is.
    pub right: bool,
}

/// How one rule did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleHealthView {
    /// The rule.
    pub rule: String,
    /// Alerts that it opened.
    pub opened: u64,
    /// Its share of all, 0 to 1.
    pub share: f64,
    /// Of those that resolved, how many nobody had acknowledged.
    pub never_acted_on: u64,
    /// Its subjects that chattered.
    pub chattering: u64,
    /// Its alerts that stood for more than 24 h.
    pub stale: u64,
}

impl From<Figure> for FigureView {
    fn from(figure: Figure) -> Self {
        Self { value: figure.value, bar: figure.bar, right: figure.is_right() }
    }
}

impl From<Position> for PositionView {
    fn from(position: Position) -> Self {
        Self {
            role: position.role,
            opened: position.opened,
            hourly: position.hourly.into(),
            hourly_max: position.hourly_max.into(),
            by_hour: position.by_hour.into_iter().map(|(hour, count)| (hour.ms(), count)).collect(),
            floods: position.floods,
            flood_share: position.flood_share.into(),
            chattering: position.chattering.into(),
            stale: position.stale.into(),
            never_acted_on: position.never_acted_on,
            resolved: position.resolved,
            mix: position.mix,
            mix_bar: health::MIX,
        }
    }
}

impl From<RuleHealth> for RuleHealthView {
    fn from(rule: RuleHealth) -> Self {
        let RuleHealth { rule, opened, share, never_acted_on, chattering, stale } = rule;
        Self { rule: rule.to_string(), opened, share, never_acted_on, chattering, stale }
    }
}

impl From<Health> for HealthView {
    fn from(health: Health) -> Self {
        Self {
            from: health.from,
            to: health.until,
            positions: health.positions.into_iter().map(PositionView::from).collect(),
            worst: health.worst.into_iter().map(RuleHealthView::from).collect(),
        }
    }
}

/// `GET /api/alarm-health`
#[utoipa::path(get, path = "/api/alarm-health", params(HealthQuery), responses((status = 200, body = HealthView), Refused<400>))]
pub async fn alarm_health(State(app): State<App>, mut asked: Asked) -> Answer<HealthView> {
    let (from, to) = (asked.time("from")?, asked.time("to")?);
    asked.done()?;
    let to = to.unwrap_or(app.clock.now());
    let from = from.unwrap_or(to - SPAN);
    if from >= to || to.since(from) > SPAN_MAX {
        return Err(Refusal::malformed("from: expected a time before `to`, and at most 31 days before it"));
    }
    let health = read(&app, move |reader| {
        // What opened before and still stood has perhaps not changed since.
        let standing = reader.standing_alerts(from, ALERTS_PER_PAGE_MAX)?;
        let opened = |alert: Alert| AlertChange::of(AlertChangeKind::Opened, alert.clone(), alert.opened);
        let before = standing.into_iter().filter(|alert| alert.opened < from).map(opened);
        let mut changes: Vec<AlertChange> = before.collect();
        changes.extend(reader.alert_changes(from, to)?);
        Ok(health::health(&changes, from, to))
    })
    .await?;
    Ok(Json(health.into()))
}

//! `/api/silences`, `/api/on-call` and `/api/alarm-health`: what is kept quiet, who is called, and whether the calls
//! still mean something.

use axum::Json;
use axum::extract::State;
use city::{Cover, Severity, Silence, Span, Time};
use serde::Serialize;
use utoipa::ToSchema;
use watch::notify::state::Quieting;

use super::App;
use super::views::MistakeView;

/// What the pages show of calls; drawn anew by the desk.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// Silences in force, to come, and ended lately.
    pub silences: Vec<SilenceView>,
    /// Covers in force or to come.
    pub covers: Vec<Cover>,
    /// Who takes the calls of each role now.
    pub called: Vec<(String, String)>,
}

impl Calls {
    /// From what the watch remembers.
    pub fn of(state: &watch::notify::State, context: &watch::notify::Context<'_>, roles: &[String], now: Time) -> Self {
        let called = |role: &String| (role.clone(), watch::notify::called(state, context, role, now).to_owned());
        Self {
            silences: state.silences().map(SilenceView::from).collect(),
            covers: state.covers().cloned().collect(),
            called: roles.iter().map(called).collect(),
        }
    }
}

/// A silence and what it kept quiet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SilenceView {
    /// As it was asked for.
    #[serde(flatten)]
    pub silence: Silence,
    /// The role that owns it.
    pub owner: String,
    /// Until when it keeps quiet without a break; null while it does not.
    pub quiet_until: Option<Time>,
    /// When it ended; null while it is in force or to come.
    pub ended: Option<Time>,
    /// How many alerts would have rung.
    pub would_have_rung: u64,
    /// The newest of them, oldest first.
    pub missed: Vec<MissedView>,
}

/// An alert that would have rung.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MissedView {
    /// The alert.
    pub alert: city::AlertId,
    /// When somebody would have been called.
    pub at: Time,
    /// How bad it was then.
    pub severity: Severity,
    /// What it said.
    pub title: String,
}

impl From<&Quieting> for SilenceView {
    fn from(quieting: &Quieting) -> Self {
        let missed = quieting.missed.iter().map(|missed| MissedView {
            alert: missed.alert.clone(),
            at: missed.at,
            severity: missed.severity,
            title: missed.title.clone(),
        });
        Self {
            silence: quieting.silence.clone(),
            owner: quieting.owner.clone(),
            quiet_until: quieting.quiet_until,
            ended: quieting.ended,
            would_have_rung: quieting.missed_count,
            missed: missed.collect(),
        }
    }
}

/// All silences.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SilencePage {
    /// By id.
    pub items: Vec<SilenceView>,
}

/// `GET /api/silences`
#[utoipa::path(get, path = "/api/silences", responses((status = 200, body = SilencePage)))]
pub async fn silences(State(app): State<App>) -> Json<SilencePage> {
    Json(SilencePage { items: app.picture().calls().silences.clone() })
}

/// Who is called.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OnCallView {
    /// One for each role of the city.
    pub roles: Vec<RoleOnCall>,
    /// Covers in force or to come.
    pub covers: Vec<Cover>,
    /// Who is next when nobody answers, in the order in which they are looked for.
    pub chains: Vec<ChainView>,
    /// What keeps `oncall.toml` from loading since the start; meanwhile calls go by the one that last loaded, or to the
    /// pages alone where none ever did.
    pub mistakes: Vec<MistakeView>,
}

/// One role.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoleOnCall {
    /// The role.
    pub role: String,
    /// Who takes its calls now: itself, or the role of a shift or a cover.
    pub called: String,
    /// Through which channels, for an alert of severity severe.
    pub channels: Vec<String>,
}

/// One chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChainView {
    /// For alerts of these owners; empty is any.
    pub owners: Vec<String>,
    /// From this severity on.
    pub at_least: Severity,
    /// The steps.
    pub steps: Vec<StepView>,
    /// Seconds between reminders until somebody takes the alert; null: never.
    pub remind_every_s: Option<i64>,
}

/// One step of a chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepView {
    /// Seconds after the alert began to ring.
    pub after_s: i64,
    /// Who; empty is the owner.
    pub roles: Vec<String>,
}

/// `GET /api/on-call`
#[utoipa::path(get, path = "/api/on-call", responses((status = 200, body = OnCallView)))]
pub async fn on_call(State(app): State<App>) -> Json<OnCallView> {
    let Calls { covers, called, .. } = app.picture().calls().clone();
    let on_call = app.city.on_call();
    let roles = called.into_iter().map(|(role, called)| RoleOnCall {
        channels: on_call.channels_of(&role, Severity::Severe).to_vec(),
        role,
        called,
    });
    let chains = on_call.escalations().iter().map(|chain| ChainView {
        owners: chain.owners.clone(),
        at_least: chain.at_least,
        steps: chain
            .steps
            .iter()
            .map(|step| StepView { after_s: step.after.as_s(), roles: step.roles.clone() })
            .collect(),
        remind_every_s: chain.remind_every.map(Span::as_s),
    });
    let (roles, chains) = (roles.collect(), chains.collect());
    let mistakes = app.city.not_loaded.on_call.iter().map(MistakeView::from).collect();
    Json(OnCallView { roles, covers, chains, mistakes })
}

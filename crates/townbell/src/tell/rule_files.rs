//! `/api/rules`: the rules in force, what keeps the folder from loading, and each rule's text, to be changed.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use city::DeskAction;
use gate::Candidate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use watch::Rule;
use watch::standing::TruthNow;

use super::api::stopped;
use super::asked::Asked;
use super::problem::{Refusal, Refused};
use super::rules::{NAME_EXPECTED, RULE_TEXT_MAX};
use super::truths::TruthView;
use super::views::{MistakeView, RulePage, RuleView};
use super::{App, actions};
use crate::config::{Mistake, personal_in};
use crate::rulebook::{self, Draft, RuleText, Rulebook};

/// `GET /api/rules`
#[utoipa::path(get, path = "/api/rules", responses((status = 200, body = RulePage)))]
pub async fn rules(State(app): State<App>) -> Json<RulePage> {
    // A desk that has stopped knows nothing of now; the rules are what they are.
    let truths = app.rulebook.truths().await.unwrap_or_default();
    let rules = app.rulebook.rules();
    let items = rules.iter().map(|rule| view(&app, rule, truths.get(&rule.id))).collect();
    let mistakes = app.rulebook.mistakes().iter().map(MistakeView::from).collect();
    Json(RulePage { items, mistakes })
}

fn view(app: &App, rule: &Rule, truth: Option<&TruthNow>) -> RuleView {
    RuleView {
        id: rule.id.to_string(),
        kind: rule.kind.name().to_owned(),
        sentence: app.city.explain(rule, &app.rulebook.rules()),
        owner: rule.owner.to_string(),
        severity: rule.severity,
        consequence: rule.consequence.to_string(),
        first_action: rule.first_action.to_string(),
        respond_within_s: rule.respond_within.as_s(),
        purpose: app.city.purpose_words(rule),
        version: rule.version.to_string(),
        file: std::path::Path::new(&rule.file).file_name().unwrap_or_default().to_string_lossy().into_owned(),
        truth: truth.map(TruthView::from),
    }
}

impl From<&Mistake> for MistakeView {
    fn from(mistake: &Mistake) -> Self {
        let (file, message) = (mistake.name(), mistake.message.clone());
        Self { file, line: mistake.line, column: mistake.column, message }
    }
}

/// A rule as it lies in the city's folder.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleTextView {
    /// The rule: its file's name without `.toml`.
    pub name: String,
    /// The text; null when something in it could be of a person.
    pub text: Option<String>,
    /// Its version: a hash of the text. A change of the rule says from which it was made.
    pub version: String,
    /// Whether this text is in force; not while the folder does not load.
    pub in_force: bool,
    /// The tests beside it, as text; null when there are none, or when something in them could be of a person.
    pub tests: Option<String>,
    /// What is not shown of the two: where, and what kind of thing. Who may mend the file finds it by its place.
    pub withheld: Vec<MistakeView>,
}

/// A rule to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleRequest {
    /// The role that writes it; one that the rule's purpose covers.
    pub role: String,
    /// The text, as its file shall hold it; at most 32 KiB.
    pub text: String,
}

/// Who takes a rule away.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RemovalQuery {
    /// The role that does it; one that the rule's purpose covers.
    pub role: String,
}

/// `GET /api/rules/{name}`
#[utoipa::path(get, path = "/api/rules/{name}", params(("name" = String, Path)),
    responses((status = 200, body = RuleTextView), Refused<400>, Refused<404>, Refused<422>, Refused<503>))]
pub async fn rule(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let name = checked(&app, name)?;
    let found = app.rulebook.text(&name).await.map_err(|refused| refusal(&app, refused))?;
    let found = found.ok_or_else(missing)?;
    let RuleText { text, version, tests } = found;
    let in_text = personal_in(&format!("{name}.toml"), &text);
    let in_tests = tests.as_ref().map(|tests| personal_in(&format!("{name}.test.toml"), tests)).unwrap_or_default();
    let withheld = in_text.iter().chain(&in_tests).map(MistakeView::from).collect();
    let (text, tests) = (in_text.is_empty().then_some(text), tests.filter(|_| in_tests.is_empty()));
    let in_force = app.rulebook.rules().iter().any(|rule| rule.id.as_str() == name && *rule.version == *version);
    let tag = tag_of(&version);
    Ok((tag, Json(RuleTextView { name, text, version, in_force, tests, withheld })).into_response())
}

/// `PUT /api/rules/{name}`: writes a rule, and puts it in force.
#[utoipa::path(put, path = "/api/rules/{name}", request_body = RuleRequest,
    params(("name" = String, Path),
        ("If-Match" = Option<String>, Header, description = "the ETag of the text that this one was made from"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: there is no rule of this name yet")),
    responses((status = 200, body = RuleView), (status = 201, body = RuleView),
        Refused<400>, Refused<409>, Refused<412>, Refused<413>, Refused<422>, Refused<428>, Refused<503>, Refused<507>))]
pub async fn save(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Json<RuleRequest>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(RuleRequest { role, text }) = body
        .map_err(|_| Refusal::malformed("body: expected JSON with a role and the text of a rule, and nothing else"))?;
    let name = checked(&app, name)?;
    if text.len() > RULE_TEXT_MAX {
        return Err(Refusal::too_large(format!("text: a rule has at most {RULE_TEXT_MAX} bytes")));
    }
    let known = known(&headers)?;
    let status = if known.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    change(&app, Draft { name: name.clone(), text: Some(text), role, known }).await?;
    let rules = app.rulebook.rules();
    let rule = rules.iter().find(|rule| rule.id.as_str() == name);
    let rule = rule.ok_or_else(|| Refusal::conflict("the rule was saved, and somebody has taken it away since"))?;
    Ok((status, tag_of(&rule.version), Json(view(&app, rule, None))).into_response())
}

/// `DELETE /api/rules/{name}`: takes a rule away, with its tests. Its alerts are resolved.
#[utoipa::path(delete, path = "/api/rules/{name}",
    params(("name" = String, Path), RemovalQuery,
        ("If-Match" = Option<String>, Header, description = "the ETag of the text that is taken away")),
    responses((status = 204, description = "it is no rule any more"),
        Refused<400>, Refused<404>, Refused<412>, Refused<422>, Refused<428>, Refused<503>, Refused<507>))]
pub async fn remove(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    mut asked: Asked,
) -> Result<StatusCode, Refusal> {
    let role = asked.take("role")?.ok_or_else(|| Refusal::malformed("role: say which role does it"))?;
    asked.done()?;
    let name = checked(&app, name)?;
    let known = known(&headers)?;
    if known.is_none() {
        return Err(Refusal::malformed("If-None-Match: what is not there cannot be taken away; send If-Match"));
    }
    change(&app, Draft { name, text: None, role, known }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A name that may be one of a rule.
fn checked(app: &App, name: String) -> Result<String, Refusal> {
    if app.city.sandbox {
        return Err(Refusal::not_admitted("a sandbox has no rules"));
    }
    if Rulebook::is_name(&name) { Ok(name) } else { Err(Refusal::malformed(NAME_EXPECTED)) }
}

/// Carries a change out, and notes who did it. Goes on to its end when nobody waits for the answer any more: a deed
/// that is noted is done.
async fn change(app: &App, draft: Draft) -> Result<(), Refusal> {
    let app_there = app.clone();
    let changed = tokio::spawn(async move {
        let app = app_there;
        let role = draft.role.clone();
        let prepared = app.rulebook.prepare(draft).await.map_err(|refused| refusal(&app, refused))?;
        let action = DeskAction { role, what: prepared.deed() };
        if let Err((reason, hits)) = app.door.gate.judge_action(&action, app.clock.now()) {
            return Err(actions::refused(reason, &hits));
        }
        actions::hand_in(&app, Candidate::DeskAction(action)).await?;
        prepared.carry_out().await.map_err(|refused| refusal(&app, refused))
    });
    changed.await.map_err(|_| Refusal::unavailable("the change was cut off; ask for the rule to see what it is"))?
}

/// The version that a change was made from; `None`: there shall be no such rule yet.
fn known(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let one = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_owned());
    match (one(&header::IF_MATCH), one(&header::IF_NONE_MATCH)) {
        (Some(tag), None) => {
            let version = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let version = version.ok_or_else(|| {
                Refusal::malformed("If-Match: expected the one ETag that GET gave, in its quotation marks")
            })?;
            Ok(Some(version.to_owned()))
        }
        (None, Some(any)) if any == "*" => Ok(None),
        (None, None) => Err(Refusal::unconditional(
            "send If-Match with the ETag of the text that was read, or If-None-Match: * for a new rule",
        )),
        _ => Err(Refusal::malformed("expected either If-Match with an ETag, or If-None-Match: *")),
    }
}

fn not_loading(words: String) -> Refusal {
    Refusal::about(StatusCode::UNPROCESSABLE_ENTITY, "The rule does not load", words, None)
}

fn missing() -> Refusal {
    Refusal::not_found("there is no rule of this name; GET /api/rules lists them")
}

fn tag_of(version: &str) -> [(HeaderName, HeaderValue); 2] {
    // invariant: a version is of hexadecimal digits.
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    [(header::ETAG, tag), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))]
}

/// Why not, in an answer.
fn refusal(app: &App, refused: rulebook::Refused) -> Refusal {
    use rulebook::Refused;
    match refused {
        Refused::Missing => missing(),
        Refused::Differs(Some(found)) => Refusal::changed(format!(
            "the rule is of version {found} now, and no other one is written over it unread: read it anew"
        )),
        Refused::Differs(None) => Refusal::changed("there is no such rule any more: save it as a new one"),
        Refused::Mistakes(mistakes) => {
            not_loading(mistakes.iter().map(Mistake::by_name).collect::<Vec<_>>().join("\n"))
        }
        Refused::Role(purpose) => {
            let declared = app.city.purposes.iter().find(|declared| declared.id == purpose);
            let roles = declared.map_or_else(String::new, |purpose| purpose.roles.join(", "));
            Refusal::not_admitted(format!("role: expected one that the purpose {purpose} covers: {roles}"))
        }
        Refused::Disk(error) => {
            tracing::error!(%error, "the rules' folder cannot be written");
            if error.kind() == std::io::ErrorKind::StorageFull {
                Refusal::full("no room for the rule's file; nothing was changed")
            } else {
                Refusal::unavailable("the rules' folder cannot be read or written; the program's log says why")
            }
        }
        Refused::Stopped(error) => stopped(&error),
    }
}

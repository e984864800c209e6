//! Writing: create, change, replace, take away. Answered when it is durable.

use account::{Action, DataClass};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sensorthings::catalogue::Catalogue;
use sensorthings::read::{entity_address, entity_json, observation_address, observation_json};
use sensorthings::series::Series;
use sensorthings::write::{self, Rules, Target};

use super::{base, batch, observe, refuse, resource};
use crate::sensing::Trouble;
use crate::tell::App;
use crate::tell::problem::{Refusal, Refused};
use crate::tell::routes::Asker;

/// One change of what is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Create,
    Alter(write::Change),
    Delete,
}

impl Change {
    /// Does it, and says what it was about when it is durable.
    pub(super) async fn carry_out(self, app: &App, path: &str, body: &[u8]) -> Result<Option<Target>, Trouble> {
        let plan = |catalogue: &Catalogue, series: &dyn Series, rules: &Rules<'_>| {
            let plan = match self {
                Self::Create => write::post(catalogue, rules, path, body),
                Self::Alter(how) => write::update(catalogue, series, rules, path, body, how),
                Self::Delete => write::delete(catalogue, series, rules, path),
            }?;
            Ok((plan, ()))
        };
        let (carried, ()) = app.sensing.write(&app.door, &app.readers, plan).await?;
        Ok(carried.target.clone())
    }
}

/// A request to write.
pub struct Asked {
    asker: Asker,
    uri: Uri,
    headers: HeaderMap,
    /// How a PATCH is meant.
    patch: write::Change,
    body: Bytes,
}

impl FromRequest<App> for Asked {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let asker = Extension::from_request_parts(&mut parts, app).await.map_err(IntoResponse::into_response)?;
        let (uri, headers, Extension(asker)) = (parts.uri.clone(), parts.headers.clone(), asker);
        let patch = kind_of(&parts.method, &headers).map_err(|problem| Refusal::from(problem).into_response())?;
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        Ok(Self { asker, uri, headers, patch, body: body.map_err(|no| broken(&no))? })
    }
}

/// By its headers, how a body is meant; 415 for one that is not read.
fn kind_of(method: &Method, headers: &HeaderMap) -> Result<write::Change, sensorthings::problem::Problem> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(sensorthings::problem::Problem::media_type("expected a body without Content-Encoding"));
    }
    let kind = write::Change::of_content_type(text(header::CONTENT_TYPE).unwrap_or_default());
    match *method {
        Method::DELETE => Ok(write::Change::Merge),
        Method::PATCH => kind,
        _ if kind.as_ref().is_ok_and(|kind| *kind != write::Change::Merge) => {
            Err(sensorthings::problem::Problem::media_type("expected application/json; patches are for PATCH"))
        }
        _ => kind,
    }
}

/// Why there is no body: too large, silent for too long, or cut off.
fn broken(rejection: &BytesRejection) -> Response {
    let status = rejection.status();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(rejection);
    while let Some(error) = cause {
        if error.is::<tower_http::timeout::TimeoutError>() {
            return Refusal::silent().into_response();
        }
        cause = error.source();
    }
    match status {
        StatusCode::BAD_REQUEST => Refusal::malformed("the body ended before it was whole").into_response(),
        status => Refusal::of(status).into_response(),
    }
}

impl Asked {
    /// Does a change at the address of the request, and answers it.
    async fn change(&self, app: &App, change: Change) -> Response {
        let path = resource(&self.uri);
        self.changed(app, change, path).await.unwrap_or_else(|refusal| refuse(refusal, path))
    }

    async fn changed(&self, app: &App, change: Change, path: &str) -> Result<Response, Refusal> {
        if !path.ends_with("Observations") {
            self.asker.may(app, Action::Arrange, DataClass::Operations)?;
        }
        let target = change.carry_out(app, path, &self.body).await?;
        let told = target.map(|target| shown(app, &base(app, &self.headers), &target)).transpose()?;
        Ok(match (change, told) {
            (Change::Create, Some((link, entity))) if path.ends_with("$ref") => {
                (StatusCode::OK, located(&link), axum::Json(entity)).into_response()
            }
            (Change::Create, Some((link, entity))) => {
                (StatusCode::CREATED, located(&link), axum::Json(entity)).into_response()
            }
            (Change::Alter(_), Some((_, entity))) => axum::Json(entity).into_response(),
            (_, None) | (Change::Delete, _) => StatusCode::OK.into_response(),
        })
    }
}

/// `POST /v1.1/{path}`: an entity with all that is inside it, a link, `CreateObservations`, `$batch`.
#[utoipa::path(post, path = "/v1.1/{path}",
    params(("path" = String, Path, description = "an entity set, as Things or Datastreams(1)/Observations; CreateObservations; $batch")),
    responses((status = 200, content_type = "application/json"), (status = 201, content_type = "application/json"),
        Refused<400>, Refused<401>, Refused<403>, Refused<404>, Refused<405>, Refused<408>, Refused<409>,
        Refused<413>, Refused<415>, Refused<422>, Refused<501>, Refused<503>, Refused<507>))]
pub async fn create(State(app): State<App>, asked: Asked) -> Response {
    let base = base(&app, &asked.headers);
    let done = match resource(&asked.uri) {
        "CreateObservations" => observe::create_observations(&app, &base, &asked.headers, &asked.body).await,
        "$batch" | "%24batch" => batch::run(&app, &asked.asker, &base, &asked.body).await,
        _ => return asked.change(&app, Change::Create).await,
    };
    done.unwrap_or_else(|refusal| refuse(refusal, resource(&asked.uri)))
}

/// `PATCH /v1.1/{path}`: some properties of an entity, as JSON or as a JSON Patch (RFC 6902).
#[utoipa::path(patch, path = "/v1.1/{path}", params(("path" = String, Path, description = "an entity, as Things(1)")),
    responses((status = 200, content_type = "application/json"),
        Refused<400>, Refused<401>, Refused<403>, Refused<404>, Refused<405>, Refused<408>, Refused<409>,
        Refused<413>, Refused<415>, Refused<422>, Refused<501>, Refused<503>, Refused<507>))]
pub async fn update(State(app): State<App>, asked: Asked) -> Response {
    asked.change(&app, Change::Alter(asked.patch)).await
}

/// `PUT /v1.1/{path}`: all properties of an entity.
#[utoipa::path(put, path = "/v1.1/{path}", params(("path" = String, Path, description = "an entity, as Things(1)")),
    responses((status = 200, content_type = "application/json"),
        Refused<400>, Refused<401>, Refused<403>, Refused<404>, Refused<405>, Refused<408>, Refused<409>,
        Refused<413>, Refused<415>, Refused<422>, Refused<501>, Refused<503>, Refused<507>))]
pub async fn replace(State(app): State<App>, asked: Asked) -> Response {
    asked.change(&app, Change::Alter(write::Change::Replace)).await
}

/// `DELETE /v1.1/{path}`: an entity with what hangs on it (18-088, table 25), or a link.
#[utoipa::path(delete, path = "/v1.1/{path}", params(("path" = String, Path, description = "an entity, as Things(1)")),
    responses((status = 200),
        Refused<400>, Refused<401>, Refused<403>, Refused<404>, Refused<405>, Refused<408>, Refused<409>,
        Refused<413>, Refused<422>, Refused<501>, Refused<503>, Refused<507>))]
pub async fn delete(State(app): State<App>, asked: Asked) -> Response {
    asked.change(&app, Change::Delete).await
}

/// The header that says where an entity is.
fn located(link: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(link) = HeaderValue::from_str(link) {
        headers.insert(header::LOCATION, link);
    }
    headers
}

/// The address of what a change was about, and how it is now.
pub(super) fn shown(app: &App, base: &str, target: &Target) -> Result<(String, serde_json::Value), Refusal> {
    let reader = app.readers.get()?;
    app.sensing.with(&reader, base, app.clock.now(), |catalogue, series, context| match target {
        Target::Entity(kind, id) => {
            let entity = entity_json(catalogue, series, context, *kind, id, &[]).unwrap_or_default();
            Ok((entity_address(base, *kind, id), entity))
        }
        Target::Observation(key) => {
            let row = series.row(key, None).map_err(|error| sensorthings::problem::Problem::internal(error.0))?;
            let told = row.and_then(|row| observation_json(catalogue, series, context, &row, &[])).unwrap_or_default();
            Ok((observation_address(base, key), told))
        }
    })
}

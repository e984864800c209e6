//! Reading.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::{base, export, refuse, resource};
use crate::tell::App;
use crate::tell::problem::{Refusal, Refused};

/// `GET /v1.1`
#[utoipa::path(get, path = "/v1.1", responses((status = 200, description = "service root of SensorThings 1.1, with the requirement classes that are served", content_type = "application/json"), Refused<400>, Refused<501>))]
pub async fn root(state: State<App>, uri: Uri, headers: HeaderMap) -> Response {
    read(state, uri, headers).await
}

/// `GET /v1.1/`
#[utoipa::path(get, path = "/v1.1/", responses((status = 200, description = "the same as without the slash", content_type = "application/json"), Refused<400>, Refused<501>))]
pub async fn root_slash(state: State<App>, uri: Uri, headers: HeaderMap) -> Response {
    read(state, uri, headers).await
}

/// `GET /v1.1/{path}`
#[utoipa::path(get, path = "/v1.1/{path}",
    params(
        ("path" = String, Path, description = "resource path of 18-088, clause 9.2, as Things(1)/Datastreams"),
        ("$filter" = Option<String>, Query, description = "18-088, clause 9.3.3.5"),
        ("$expand" = Option<String>, Query, description = "18-088, clause 9.3.2.1, with nested options"),
        ("$select" = Option<String>, Query, description = "18-088, clause 9.3.2.2"),
        ("$orderby" = Option<String>, Query, description = "18-088, clause 9.3.3.1"),
        ("$top" = Option<u32>, Query), ("$skip" = Option<u32>, Query), ("$count" = Option<bool>, Query),
        ("$resultFormat" = Option<String>, Query, description = "dataArray or parquet, for Observations; csv, for every collection"),
        ("asOf" = Option<String>, Query, description = "observations, and the times of datastreams, as they were known at this instant (RFC 3339)")),
    responses((status = 200, content_type = "application/json"), (status = 204, description = "the property is null"),
        Refused<400>, Refused<404>, Refused<405>, Refused<422>, Refused<501>))]
pub async fn read(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let base = base(&app, &headers);
    let path = resource(&uri).to_owned();
    answer(&app, base, uri).await.unwrap_or_else(|refusal| refuse(refusal, &path))
}

async fn answer(app: &App, base: String, uri: Uri) -> Result<Response, Refusal> {
    let now = app.clock.now();
    if let Some(format) = export::asked(&uri) {
        return export::stream(app, &base, &uri, format);
    }
    let (sensing, readers) = (app.sensing.clone(), app.readers.clone());
    let work = move || -> Result<Response, Refusal> {
        let reader = readers.get()?;
        let answer = sensing.read(&reader, &base, now, resource(&uri), uri.query().unwrap_or_default())?;
        Ok(match answer.body {
            body if body.is_empty() => StatusCode::NO_CONTENT.into_response(),
            body => ([(header::CONTENT_TYPE, answer.content_type)], body).into_response(),
        })
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::unavailable("the read was cut off"))?
}

//! `/v1.1`: OGC SensorThings API 1.1 (18-088) over HTTP. What the standard says is in the crate `sensorthings`; here
//! are the requests, the answers and what they wait for.

mod batch;
pub mod bodies;
mod export;
mod observe;
mod read;
mod write;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sensorthings::problem::Problem;
use sensorthings::{Part, Resource, Step};

use super::App;
use super::problem::Refusal;
use crate::desk::DeskError;
use crate::sensing::Trouble;

pub use read::{__path_read, __path_root, __path_root_slash, read, root, root_slash};
pub use write::{__path_create, __path_delete, __path_replace, __path_update, create, delete, replace, update};

/// Where the interface begins.
const BASE: &str = "/v1.1";
/// Characters of a `Host` header that links are made from; a longer one is nobody's name.
const HOST_CHARS_MAX: usize = 255;

/// The absolute address of `/v1.1` as the caller knows it: clients follow links as they stand.
fn base(app: &App, headers: &HeaderMap) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.filter(|host| !host.is_empty() && host.len() <= HOST_CHARS_MAX && host.chars().all(safe));
    match (&app.city.public_url, host) {
        (Some(url), _) => format!("{}{BASE}", url.trim_end_matches('/')),
        (None, Some(host)) => format!("http://{host}{BASE}"),
        (None, None) => BASE.to_owned(),
    }
}

/// The resource path as it was sent, still percent-encoded: what follows `/v1.1/`.
fn resource(uri: &Uri) -> &str {
    uri.path().strip_prefix(BASE).unwrap_or_default().trim_start_matches('/')
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::about(status, problem.title, problem.detail, problem.field)
    }
}

impl From<DeskError> for Refusal {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Full => Self::full(error.to_string()),
            DeskError::Stopped | DeskError::Store(_) => Self::unavailable(error.to_string()),
        }
    }
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Problem(problem) => problem.into(),
            Trouble::Desk(error) => error.into(),
            Trouble::Gate(error) => Self::not_admitted(error.to_string()),
            Trouble::Store(error) => error.into(),
        }
    }
}

/// What a resource allows, for the `Allow` header of a 405 (RFC 9110, section 15.5.6): `Things` is read and added to,
/// `Things(1)` read, changed and taken away, a property is read.
fn allowed(path: &str) -> &'static str {
    match Resource::parse(path) {
        Ok(Resource::Batch | Resource::CreateObservations) => "POST",
        Ok(Resource::Entities(path)) => match (&path.part, path.is_collection()) {
            (Part::Whole, true) => "GET, HEAD, POST",
            (Part::Whole, false) => "GET, HEAD, PATCH, PUT, DELETE",
            (Part::References, _) => of_link(path.steps.last()),
            (Part::Property { .. }, _) => "GET, HEAD",
        },
        Ok(Resource::Root) | Err(_) => "GET, HEAD",
    }
}

/// What `$ref` allows behind a relation: one of many is unlinked, another one is linked.
fn of_link(relation: Option<&Step>) -> &'static str {
    match relation {
        None => "GET, HEAD",
        Some(Step { id: Some(_), .. }) => "GET, HEAD, DELETE",
        Some(Step { id: None, .. }) => "GET, HEAD, POST, PUT",
    }
}

/// An answer that is no, with what would be allowed where that is the matter.
fn refuse(refusal: Refusal, path: &str) -> Response {
    let mut response = refusal.into_response();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed(path)));
    }
    response
}

//! Errors as RFC 9457 problem documents. One way to say no, everywhere.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::{self, Content, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema as _};

use sensorthings::problem::TOO_WIDE;

use super::views::Problem;
use crate::limits::{BODY_SILENCE_MAX, REQUEST_BYTES_MAX};

/// The media type of a problem document (RFC 9457, section 6.1).
const PROBLEM_JSON: &str = "application/problem+json";

/// An answer that is no.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    field: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, title, detail: detail.into(), field: None }
    }

    /// What a standard's own part of the program refuses, about a field of the body where it names one.
    pub fn about(status: StatusCode, title: &'static str, detail: String, field: Option<String>) -> Self {
        let kind = match status {
            StatusCode::BAD_REQUEST => "malformed",
            StatusCode::NOT_FOUND => "not-found",
            StatusCode::METHOD_NOT_ALLOWED => "method",
            StatusCode::CONFLICT => "conflict",
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            StatusCode::UNPROCESSABLE_ENTITY if title == TOO_WIDE => "too-wide",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media-type",
            StatusCode::UNPROCESSABLE_ENTITY => "not-admitted",
            StatusCode::FAILED_DEPENDENCY => "failed-dependency",
            StatusCode::NOT_IMPLEMENTED => "not-implemented",
            _ => "failed",
        };
        Self { field, ..Self::new(status, kind, title, detail) }
    }

    /// Any other status, in its own general words.
    pub fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::too_large(format!("at most {REQUEST_BYTES_MAX} bytes are read at once; send it in smaller parts"))
            }
            StatusCode::NOT_FOUND => Self::not_found("nothing is at this address"),
            StatusCode::METHOD_NOT_ALLOWED => Self::method(),
            status if status.is_server_error() => {
                Self::new(status, "failed", "It failed", "the program's log says why")
            }
            status => Self::new(
                status,
                "malformed",
                "The request cannot be read",
                "see /api/openapi.json for what is expected",
            ),
        }
    }

    /// 400: the request cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }
    /// 401.
    pub fn needs_token() -> Self {
        let detail = "send the header Authorization: Bearer TOKEN; the city's administrator has the token";
        Self::new(StatusCode::UNAUTHORIZED, "needs-token", "A token is needed", detail)
    }
    /// 403.
    pub fn denied(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "denied", "Not for this caller", detail)
    }
    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }
    /// 405.
    pub fn method() -> Self {
        let detail = "this address exists, but not for this method; the Allow header says which";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Not with this method", detail)
    }
    /// 408: a body that stopped half-way.
    pub fn silent() -> Self {
        let silence_s = BODY_SILENCE_MAX.as_secs();
        let detail =
            format!("nothing more of the body came within {silence_s} s; nothing of it was kept, send it again");
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "The body stopped half-way", detail)
    }
    /// 409.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "It is no longer so", detail)
    }
    /// 412: it was changed by somebody else.
    pub fn changed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "changed", "Somebody has changed it", detail)
    }
    /// 428 (RFC 6585, section 3): it does not say from what it was made.
    pub fn unconditional(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_REQUIRED, "unconditional", "Changed from what?", detail)
    }
    /// 413.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "More than is read at once", detail)
    }
    /// 422: it can be read, but may not enter.
    pub fn not_admitted(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-admitted", "The gate does not admit this", detail)
    }
    /// 422: it names something that is not there.
    pub fn unknown(field: &str, detail: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-name", "There is no such name", detail);
        Self { field: Some(field.to_owned()), ..refusal }
    }
    /// 422: a series whose results are no numbers is asked for what is reckoned from numbers.
    pub fn no_numbers(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no-numbers", "It has no numbers", detail)
    }
    /// 501: the standard has it, Townbell does not yet.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "not-implemented", "Not done yet", detail)
    }
    /// 507: no room on the disk for what can wait.
    pub fn full(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "full", "The disk is full", detail)
    }
    /// 503: the program cannot do it now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now", detail)
    }
}

impl Refusal {
    /// The problem document, wherever it stands.
    pub fn document(self) -> Problem {
        Problem {
            kind: format!("urn:townbell:problem:{}", self.kind),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            field: self.field,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self.document())).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// In the OpenAPI document: an operation may be refused with this status.
pub enum Refused<const STATUS: u16> {}

impl<const STATUS: u16> IntoResponses for Refused<STATUS> {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
        BTreeMap::from([(STATUS.to_string(), ResponseBuilder::new().content(PROBLEM_JSON, problem).into())])
    }
}

impl From<store::StoreError> for Refusal {
    fn from(error: store::StoreError) -> Self {
        tracing::error!(%error, "the store cannot be read");
        Self::unavailable("the store cannot be read; the program's log says why")
    }
}

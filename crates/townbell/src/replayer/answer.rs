//! Conditional answers (RFC 9110, clause 13): a poller that has it already gets 304 and no body.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use city::Time;
use sha2::{Digest, Sha256};

/// Bytes of the hash that make an entity tag: 64 bits tell any two versions of one feed apart.
const TAG_BYTES: usize = 8;

/// One document as it stands at an instant.
#[derive(Clone, Debug)]
pub(super) struct Document {
    kind: &'static str,
    body: Bytes,
    tag: String,
    modified: Time,
}

impl Document {
    /// A document of a media type that was last changed at `modified`.
    pub(super) fn new(kind: &'static str, body: impl Into<Bytes>, modified: Time) -> Self {
        let body = body.into();
        let hash = Sha256::digest(&body);
        let first = hash.first_chunk::<TAG_BYTES>().copied().unwrap_or_default();
        Self { kind, body, tag: format!("\"{:016x}\"", u64::from_be_bytes(first)), modified }
    }

    /// 304 when the asker has it: by its tag, or, where it sent none, by the exact time of the last change.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response {
        let modified = http_date(self.modified);
        let known = match asked.get(header::IF_NONE_MATCH) {
            Some(tags) => tags.to_str().is_ok_and(|tags| matches(tags, &self.tag)),
            None => asked.get(header::IF_MODIFIED_SINCE).is_some_and(|since| since.as_bytes() == modified.as_bytes()),
        };
        let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { self.body.into_response() };
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::ETAG, &self.tag);
        set(header::LAST_MODIFIED, &modified);
        if !known {
            set(header::CONTENT_TYPE, self.kind);
        }
        response
    }
}

/// `If-None-Match`: a list of tags, weak ones compared without their mark, or `*`.
fn matches(tags: &str, own: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own)
}

/// IMF-fixdate (RFC 9110, clause 5.6.7): `Tue, 30 Apr 2024 03:00:00 GMT`.
fn http_date(time: Time) -> String {
    time.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

//! Why a request is not done, in words for who sent it.

use std::fmt;

/// Characters of a refused field's name that an answer repeats: enough for `Datastreams[0].unitOfMeasurement.name`.
const FIELD_CHARS_MAX: usize = 64;

/// The title of [`Problem::too_wide`].
pub const TOO_WIDE: &str = "Too much to look through";

/// A refusal (18-088 clause 9.3.4 and 10; RFC 9457 has the form on the wire). It never quotes what was sent, except
/// the *name* of the refused field, cut and cleaned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {title}: {detail}")]
pub struct Problem {
    /// HTTP status: 400, 404, 405, 409, 413, 415, 422, 500, 501.
    pub status: u16,
    /// The kind of refusal in a few words.
    pub title: &'static str,
    /// What was expected, and what to do.
    pub detail: String,
    /// The field of the body that it is about: `Datastreams[0].unitOfMeasurement.name`.
    pub field: Option<String>,
}

impl Problem {
    /// A refusal that is about no field.
    pub fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), field: None }
    }

    /// 400: cannot be read as what it has to be.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(400, "Cannot be read", detail)
    }

    /// 404: no such entity.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "Not found", detail)
    }

    /// 405: the resource is there, this method is not for it.
    pub fn method(detail: impl Into<String>) -> Self {
        Self::new(405, "Method not allowed", detail)
    }

    /// 409: against what is there.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, "Conflict", detail)
    }

    /// 413: more than a request may bring.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(413, "Too large", detail)
    }

    /// 422: the query is right, and more work than one request may be.
    pub fn too_wide(detail: impl Into<String>) -> Self {
        Self::new(422, TOO_WIDE, detail)
    }

    /// 415: of a kind that is not read here.
    pub fn media_type(detail: impl Into<String>) -> Self {
        Self::new(415, "Unsupported media type", detail)
    }

    /// 422: can be read and may not enter.
    pub fn refused(detail: impl Into<String>) -> Self {
        Self::new(422, "Refused", detail)
    }

    /// 500: the house's own mistake.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(500, "Internal error", detail)
    }

    /// 501: the standard has it, Townbell does not.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(501, "Not implemented", detail)
    }

    /// The same, about a field; about the body itself where the field has no name.
    #[must_use]
    pub fn about(mut self, field: impl fmt::Display) -> Self {
        self.field = Some(clean(&field.to_string())).filter(|field| !field.is_empty());
        self
    }
}

/// The name of a field as an answer may repeat it: short, and without anything that a screen or a log could take for
/// more than a name.
pub fn clean(name: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || "_-.@$[]/ ".contains(c) { c } else { '?' };
    name.chars().take(FIELD_CHARS_MAX).map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_field_is_cut_and_cleaned() {
        let problem = Problem::refused("x").about(format!("a<script>{}", "b".repeat(100)));
        assert_eq!(problem.field, Some(format!("a?script?{}", "b".repeat(55))));
    }
}

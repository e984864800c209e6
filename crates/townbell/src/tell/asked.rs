//! The parameters of a query string, taken out one by one and judged in plain words.

use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use city::Time;
use sensorthings::problem::clean;

use super::problem::Refusal;

/// What an as-of reading is called; the first is the one that is documented.
pub const AS_OF: [&str; 2] = ["asOf", "as_of"];

/// What a query string asks.
#[derive(Debug)]
pub struct Asked(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let pairs = Query::try_from_uri(&parts.uri);
        pairs.map(|Query(pairs)| Self(pairs)).map_err(|_| Refusal::malformed("the query string is not NAME=VALUE&.."))
    }
}

impl Asked {
    /// Takes a parameter out.
    ///
    /// # Errors
    /// It is there twice.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let mut found = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Refusal::malformed(format!("{name}: it is given twice"))),
            (one, None) => Ok(one),
        }
    }

    /// Takes an instant out.
    pub fn time(&mut self, name: &str) -> Result<Option<Time>, Refusal> {
        let expected = "expected an instant with its zone between 2000 and 2100, as 2024-04-30T12:00:00Z";
        let read = |text: String| text.parse().map_err(|_| Refusal::malformed(format!("{name}: {expected}")));
        self.take(name)?.map(read).transpose()
    }

    /// Takes the instant out as of which something is asked, under any of its names.
    pub fn as_of(&mut self) -> Result<Option<Time>, Refusal> {
        let [documented, other] = AS_OF;
        match (self.time(documented)?, self.time(other)?) {
            (Some(_), Some(_)) => Err(Refusal::malformed(format!("{documented}: it is given twice"))),
            (one, two) => Ok(one.or(two)),
        }
    }

    /// Takes a whole number out.
    pub fn whole(&mut self, name: &str, within: RangeInclusive<u32>) -> Result<Option<u32>, Refusal> {
        let read = |text: String| {
            let expected = format!("{name}: expected a whole number from {} to {}", within.start(), within.end());
            text.parse().ok().filter(|number| within.contains(number)).ok_or_else(|| Refusal::malformed(expected))
        };
        self.take(name)?.map(read).transpose()
    }

    /// Err when anything is left: what is not understood is not passed over.
    pub fn done(self) -> Result<(), Refusal> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if AS_OF.contains(&name.as_str()) => Err(Refusal::malformed(format!(
                "{name}: this is told as it is now; /api/series/ID/values and /v1.1 tell what was known at an instant"
            ))),
            Some((name, _)) => Err(Refusal::malformed(format!(
                "{}: there is no such parameter here; /api/openapi.json lists them",
                clean(name)
            ))),
        }
    }
}

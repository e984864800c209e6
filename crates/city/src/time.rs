//! Instants and spans. Time is a value that is passed in; nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in UTC, whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Not [`jiff::Timestamp`] itself, because the journal holds tens of millions of these and eight bytes that
/// delta-compress beat twelve that do not. Text form (JSON, TOML, CLI) is RFC 3339; binary form is the integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// The first instant that any feed may claim: 2000-01-01. Older is a broken clock.
pub const TIME_MIN: Time = Time(946_684_800_000);
/// The last instant that any feed may claim: 2100-01-01. Later is a broken clock (or milliseconds sent as seconds).
pub const TIME_MAX: Time = Time(4_102_444_800_000);

/// A signed length of time in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(i64);

/// An instant that cannot be: not RFC 3339 with a zone, or outside 2000..2100.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an RFC 3339 time with a zone between 2000 and 2100, found {found:?}")]
pub struct TimeError {
    /// What was found, cut to 40 characters.
    pub found: String,
}

impl Time {
    /// From milliseconds since the epoch; `None` outside 2000..2100.
    pub fn from_ms(ms: i64) -> Option<Self> {
        (TIME_MIN.0..=TIME_MAX.0).contains(&ms).then_some(Self(ms))
    }

    /// From whole seconds since the epoch (POSIX time, as GTFS-Realtime has it); `None` outside 2000..2100.
    pub fn from_s(s: u64) -> Option<Self> {
        i64::try_from(s).ok()?.checked_mul(1000).and_then(Self::from_ms)
    }

    /// Milliseconds since the epoch.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same instant for calendar arithmetic.
    pub fn timestamp(self) -> jiff::Timestamp {
        // invariant: every i64 of milliseconds that `from_ms` lets through is inside jiff's range.
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default()
    }

    /// The last multiple of `step` at or before this instant (counted from the epoch).
    #[must_use]
    pub fn floor(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0.max(1)) * step.0.max(1))
    }

    /// How long ago `earlier` was; negative when it lies ahead.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Span {
    /// From milliseconds.
    pub const fn ms(ms: i64) -> Self {
        Self(ms)
    }
    /// From seconds.
    pub const fn s(s: i64) -> Self {
        Self(s * 1000)
    }
    /// From minutes.
    pub const fn min(min: i64) -> Self {
        Self(min * 60_000)
    }
    /// From hours.
    pub const fn h(h: i64) -> Self {
        Self(h * 3_600_000)
    }
    /// In milliseconds.
    pub const fn as_ms(self) -> i64 {
        self.0
    }
    /// In whole seconds, rounded towards zero.
    pub const fn as_s(self) -> i64 {
        self.0 / 1000
    }
    /// In hours, with the fraction.
    pub fn as_h(self) -> f64 {
        self.0 as f64 / 3_600_000.0
    }
}

impl std::ops::Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Time {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl FromStr for Time {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .and_then(|timestamp| Self::from_ms(timestamp.as_millisecond()))
            .ok_or_else(|| TimeError { found: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_binary_forms_round_trip() {
        let time: Time = "2024-05-02T13:00:00-03:00".parse().expect("a valid time");
        assert_eq!(time.to_string(), "2024-05-02T16:00:00Z");
        assert_eq!(serde_json::to_string(&time).expect("json"), "\"2024-05-02T16:00:00Z\"");
        let bytes = postcard::to_stdvec(&time).expect("binary");
        assert_eq!(postcard::from_bytes::<Time>(&bytes).expect("binary"), time);
    }

    #[test]
    fn broken_clocks_are_refused() {
        assert_eq!(Time::from_s(0), None);
        assert_eq!(Time::from_s(1 << 63), None);
        assert!("2024-05-02T13:00:00".parse::<Time>().is_err(), "no zone");
        assert!("1970-01-01T00:00:00Z".parse::<Time>().is_err(), "before 2000");
    }
}

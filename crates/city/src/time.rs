//! Instants and spans. Time is a value that is passed in; nothing here reads a clock.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in UTC, whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Not [`jiff::Timestamp`] itself, because the journal holds tens of millions of these and eight bytes that
/// delta-compress beat twelve that do not. Text form (JSON, TOML, CLI) is RFC 3339; binary form is the integer.
///
/// In memory the sign bit is turned over: the order stays, and the one value that is never used leaves room for `None`,
/// so that an `Option<Time>` takes eight bytes too. What the watch remembers of a subject is mostly those.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(NonZeroU64);

/// The sign bit of a count of milliseconds.
const SIGN: u64 = 1 << 63;

/// The first instant that any feed may claim: 2000-01-01. Older is a broken clock.
pub const TIME_MIN: Time = Time::of(946_684_800_000);
/// The last instant that any feed may claim: 2100-01-01. Later is a broken clock (or milliseconds sent as seconds).
pub const TIME_MAX: Time = Time::of(4_102_444_800_000);

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
    /// Any count of milliseconds; the least of all becomes the next one.
    const fn of(ms: i64) -> Self {
        match NonZeroU64::new(ms.cast_unsigned() ^ SIGN) {
            Some(turned) => Self(turned),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// From milliseconds since the epoch; `None` outside 2000..2100.
    pub fn from_ms(ms: i64) -> Option<Self> {
        (TIME_MIN.ms()..=TIME_MAX.ms()).contains(&ms).then(|| Self::of(ms))
    }

    /// From whole seconds since the epoch (POSIX time, as GTFS-Realtime has it); `None` outside 2000..2100.
    pub fn from_s(s: u64) -> Option<Self> {
        i64::try_from(s).ok()?.checked_mul(1000).and_then(Self::from_ms)
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn s(self) -> i64 {
        self.ms().div_euclid(1000)
    }

    /// The same instant for calendar arithmetic.
    pub fn timestamp(self) -> jiff::Timestamp {
        // invariant: every i64 of milliseconds that `from_ms` lets through is inside jiff's range.
        jiff::Timestamp::from_millisecond(self.ms()).unwrap_or_default()
    }

    /// The last multiple of `step` at or before this instant (counted from the epoch).
    #[must_use]
    pub fn floor(self, step: Span) -> Self {
        Self::of(self.ms().div_euclid(step.0.max(1)) * step.0.max(1))
    }

    /// How long ago `earlier` was; negative when it lies ahead.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.ms() - earlier.ms())
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
        Self::of(self.ms().saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Time {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self::of(self.ms().saturating_sub(span.0))
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::of(timestamp.as_millisecond())
    }
}

impl Default for Time {
    /// 1970-01-01T00:00:00Z.
    fn default() -> Self {
        Self::of(0)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.ms()).finish()
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
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.ms()) }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self::of)
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
    fn order_is_that_of_the_milliseconds_and_none_takes_no_room() {
        assert_eq!(size_of::<Option<Time>>(), 8);
        let all = [i64::MIN, i64::MIN + 1, -1, 0, 1, TIME_MIN.ms(), TIME_MAX.ms(), i64::MAX].map(Time::of);
        assert!(all.is_sorted());
        assert_eq!(
            all.map(Time::ms),
            [i64::MIN + 1, i64::MIN + 1, -1, 0, 1, 946_684_800_000, 4_102_444_800_000, i64::MAX]
        );
        assert_eq!(Time::default().to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(TIME_MIN - Span::ms(i64::MAX), Time::of(946_684_800_000 - i64::MAX));
    }

    #[test]
    fn broken_clocks_are_refused() {
        assert_eq!(Time::from_s(0), None);
        assert_eq!(Time::from_s(1 << 63), None);
        assert!("2024-05-02T13:00:00".parse::<Time>().is_err(), "no zone");
        assert!("1970-01-01T00:00:00Z".parse::<Time>().is_err(), "before 2000");
    }
}

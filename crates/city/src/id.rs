//! Identifiers. Each is a type of its own, so that a stop cannot be passed for a route.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Time;

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(clippy::derived_hash_with_manual_eq, reason = "equal ones have equal texts")]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub struct $name(Arc<str>);

        impl PartialEq for $name {
            /// Clones of one id need no look at the text: a batch asks it for every row.
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
            }
        }

        impl $name {
            /// Takes the text as it is; whether it may enter is the gate's to say.
            pub fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    )*};
}

text_id! {
    /// A feed, as `city.toml` names it: `water`, `bus-positions`.
    FeedId,
    /// A place, as `city.toml` names it.
    PlaceId,
    /// A rule: the name of its file without `.toml`.
    RuleId,
    /// An observed property of the allow-list: `water_level`, `precipitation`.
    ObservedPropertyId,
    /// GTFS `route_id`.
    RouteId,
    /// GTFS `stop_id`.
    StopId,
    /// GTFS `trip_id`.
    TripId,
    /// A silence: `silence-` and the millisecond at which it was asked for.
    SilenceId,
    /// A shift that one role takes for another: `cover-` and the millisecond at which it was asked for.
    CoverId,
    /// The ticket of a resident's request: a keyed digest of the Open311 `service_request_id`.
    ServiceRequestId,
    /// Open311 `service_code`: what a request is about.
    ServiceCode,
}

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident($inner:ty)),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

number_id! {
    /// SensorThings `Thing` id (`@iot.id`).
    ThingId(u32),
    /// SensorThings `Datastream` id (`@iot.id`).
    DatastreamId(u32),
    /// Place of an entry in the journal, counted from 1, without holes.
    Seq(u64),
}

/// A GTFS service date in the agency's calendar, as `YYYYMMDD` in one number: 20240502.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceDate(pub u32);

impl ServiceDate {
    /// The civil date; `None` when the digits are no date.
    pub fn date(self) -> Option<jiff::civil::Date> {
        let year = i16::try_from(self.0 / 10_000).ok()?;
        let month = i8::try_from(self.0 / 100 % 100).ok()?;
        let day = i8::try_from(self.0 % 100).ok()?;
        jiff::civil::Date::new(year, month, day).ok()
    }

    /// From a civil date.
    pub fn from_date(date: jiff::civil::Date) -> Self {
        let year = u32::try_from(date.year()).unwrap_or_default();
        Self(year * 10_000 + u32::from(date.month().unsigned_abs()) * 100 + u32::from(date.day().unsigned_abs()))
    }
}

impl fmt::Display for ServiceDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

/// One run of one trip: the only key that the journal has for a position. Never the vehicle (DESIGN 6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TripKey {
    /// The trip in the timetable of the same agency.
    pub trip: TripId,
    /// The day of service that the run belongs to.
    pub service_date: ServiceDate,
}

impl fmt::Display for TripKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service_date, self.trip)
    }
}

/// An alert in a URL: `RULE~SUBJECT~EPISODE_MS`, each part percent-free (see [`crate::AlertKey::id`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct AlertId(pub Arc<str>);

impl AlertId {
    /// From the parts of the key.
    pub fn new(rule: &RuleId, subject: &str, episode: Time) -> Self {
        let safe: String =
            subject.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        Self(Arc::from(format!("{rule}~{safe}~{}", episode.ms())))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Spreads ids that are numbers over a map. They come from the city's own list, counted up, so nobody can choose them
/// to collide, and one multiplication is enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }
    #[inline]
    fn write_u32(&mut self, id: u32) {
        // Fibonacci hashing: the odd number nearest to 2^64 divided by the golden ratio (Knuth, volume 3, 6.4); the
        // high bits are folded down because the table takes the low ones.
        let mixed = (self.0 ^ u64::from(id)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

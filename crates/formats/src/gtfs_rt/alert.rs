//! GTFS-RT `Alert`.

use city::{Reason, RouteId, StopId, Time, TripId};

use super::proto;
use super::wire::{self, Part};
use crate::language;
use crate::limits::{GTFS_RT_PERIODS, GTFS_RT_SELECTORS};

/// `FeedEntity.alert`; periods, entities, cause, effect, header and description are read.
const PART: Part = Part { number: 5, kept: &[1, 5, 6, 7, 10, 11] };

/// One `active_period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivePeriod {
    /// In force from; `None`: always was.
    pub from: Option<Time>,
    /// In force until; `None`: no end known.
    pub until: Option<Time>,
}

/// What an agency tells its riders. The texts are as they came: they go through the gate's scan.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRow {
    /// `FeedEntity.id`; never empty.
    pub id: String,
    /// `active_period`s, in order. Empty: in force as long as it is shown.
    pub periods: Vec<ActivePeriod>,
    /// `informed_entity.route_id`s, each once.
    pub routes: Vec<RouteId>,
    /// `informed_entity.stop_id`s, each once.
    pub stops: Vec<StopId>,
    /// `informed_entity.trip.trip_id`s, each once.
    pub trips: Vec<TripId>,
    /// `cause`.
    pub cause: Cause,
    /// `effect`.
    pub effect: Effect,
    /// `header_text` in the first of the asked languages that it has; never empty.
    pub header: String,
    /// `description_text`, likewise; may be empty.
    pub description: String,
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $text:literal),* $(,)? } else $other:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }
        impl $name {
            /// The official name in lower case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            fn of(value: Option<i32>) -> Self {
                match value { $(Some($number) => Self::$variant,)* _ => Self::$other }
            }
        }
    )*};
}

named! {
    /// GTFS-RT `Alert.Cause`. DEMONSTRATION (5) and POLICE_ACTIVITY (11) are not here: what people gather for and
    /// what the police do is no business of this house, so both become [`Cause::OtherCause`] (DESIGN 6).
    Cause {
        /// UNKNOWN_CAUSE, and every value that came after this was written.
        UnknownCause = 1 "unknown_cause",
        /// OTHER_CAUSE, and the two that are not told apart.
        OtherCause = 2 "other_cause",
        /// TECHNICAL_PROBLEM.
        TechnicalProblem = 3 "technical_problem",
        /// STRIKE.
        Strike = 4 "strike",
        /// ACCIDENT.
        Accident = 6 "accident",
        /// HOLIDAY.
        Holiday = 7 "holiday",
        /// WEATHER.
        Weather = 8 "weather",
        /// MAINTENANCE.
        Maintenance = 9 "maintenance",
        /// CONSTRUCTION.
        Construction = 10 "construction",
        /// MEDICAL_EMERGENCY.
        MedicalEmergency = 12 "medical_emergency",
        /// SPECIAL_EVENT.
        SpecialEvent = 13 "special_event",
    } else UnknownCause

    /// GTFS-RT `Alert.Effect`.
    Effect {
        /// NO_SERVICE.
        NoService = 1 "no_service",
        /// REDUCED_SERVICE.
        ReducedService = 2 "reduced_service",
        /// SIGNIFICANT_DELAYS.
        SignificantDelays = 3 "significant_delays",
        /// DETOUR.
        Detour = 4 "detour",
        /// ADDITIONAL_SERVICE.
        AdditionalService = 5 "additional_service",
        /// MODIFIED_SERVICE.
        ModifiedService = 6 "modified_service",
        /// OTHER_EFFECT.
        OtherEffect = 7 "other_effect",
        /// UNKNOWN_EFFECT, and every value that came after this was written.
        UnknownEffect = 8 "unknown_effect",
        /// STOP_MOVED.
        StopMoved = 9 "stop_moved",
        /// NO_EFFECT.
        NoEffect = 10 "no_effect",
        /// ACCESSIBILITY_ISSUE.
        AccessibilityIssue = 11 "accessibility_issue",
    } else UnknownEffect
}

/// Values of `Cause` that are not told apart.
const DEMONSTRATION: i32 = 5;
const POLICE_ACTIVITY: i32 = 11;

/// Reads a message of service alerts in the best of `languages` (BCP 47 tags, the best first). Refused by entity:
/// without an id or a header text (`MissingField`), a period that cannot be (`BadTime`), more selectors or periods
/// than the limits (`TooLarge`), other entities (`Unsupported`).
pub fn decode_alerts(bytes: &[u8], languages: &[&str]) -> super::Decoded<AlertRow> {
    wire::decode(bytes, &PART, |entity, _| {
        let alert = entity.alert.ok_or(Reason::Unsupported)?;
        let id = entity.id.filter(|id| !id.is_empty()).ok_or(Reason::MissingField)?;
        if alert.informed_entity.len() > GTFS_RT_SELECTORS || alert.active_period.len() > GTFS_RT_PERIODS {
            return Err(Reason::TooLarge);
        }
        let header = text(alert.header_text, languages).ok_or(Reason::MissingField)?;
        let selectors = &alert.informed_entity;
        let trip_id = |selector: &proto::EntitySelector| selector.trip.as_ref().and_then(|trip| trip.trip_id.clone());
        // A trip may name its route inside itself; the alert is then about the trip, not the whole line.
        Ok(AlertRow {
            id,
            periods: alert.active_period.iter().map(period).collect::<Result<_, _>>()?,
            routes: each_once(selectors.iter().filter_map(|s| s.route_id.clone()))
                .map(|id| RouteId::new(&id))
                .collect(),
            stops: each_once(selectors.iter().filter_map(|s| s.stop_id.clone())).map(|id| StopId::new(&id)).collect(),
            trips: each_once(selectors.iter().filter_map(trip_id)).map(|id| TripId::new(&id)).collect(),
            cause: cause(alert.cause),
            effect: Effect::of(alert.effect),
            header,
            description: text(alert.description_text, languages).unwrap_or_default(),
        })
    })
}

fn cause(value: Option<i32>) -> Cause {
    match value {
        Some(DEMONSTRATION | POLICE_ACTIVITY) => Cause::OtherCause,
        _ => Cause::of(value),
    }
}

/// 0 is how producers write "open" besides leaving the field out.
fn period(range: &proto::TimeRange) -> Result<ActivePeriod, Reason> {
    let read = |seconds: Option<u64>| match seconds {
        None | Some(0) => Ok(None),
        Some(seconds) => Time::from_s(seconds).map(Some).ok_or(Reason::BadTime),
    };
    let period = ActivePeriod { from: read(range.start)?, until: read_end(range.end)? };
    let turned = period.from.zip(period.until).is_some_and(|(from, until)| until < from);
    if turned { Err(Reason::BadTime) } else { Ok(period) }
}

/// An end past 2100 ("until further notice" as 2^31 or 2^63) is no end.
fn read_end(seconds: Option<u64>) -> Result<Option<Time>, Reason> {
    match seconds {
        None | Some(0) => Ok(None),
        Some(seconds) if seconds > city::time::TIME_MAX.s().unsigned_abs() => Ok(None),
        Some(seconds) => Time::from_s(seconds).map(Some).ok_or(Reason::BadTime),
    }
}

fn each_once(ids: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut seen = std::collections::HashSet::new();
    ids.filter(move |id| !id.is_empty() && seen.insert(id.clone()))
}

fn text(texts: Option<proto::TranslatedString>, languages: &[&str]) -> Option<String> {
    let mut texts = texts?.translation;
    texts.retain(|text| text.text.as_deref().is_some_and(|text| !text.trim().is_empty()));
    let best = language::choose(&texts.iter().map(|text| text.language.as_deref()), languages)?;
    texts.into_iter().nth(best)?.text.map(|text| text.trim().to_owned())
}

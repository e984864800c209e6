//! What a rule is. One file of TOML each; the typed kinds are a closed list.

use city::{DatastreamId, FeedId, PlaceId, RouteId, RuleId, Severity, Span, ThingId};

/// A rule that loaded: it has an owner, a consequence, a first action and a time to respond, or it would not be here.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The name of its file without `.toml`.
    pub id: RuleId,
    /// First 12 hexadecimal digits of the SHA-256 of its text.
    pub version: String,
    /// The file, as it was given.
    pub file: String,
    /// The role that answers for it.
    pub owner: String,
    /// So what, in plain words.
    pub consequence: String,
    /// Do what first, in plain words.
    pub first_action: String,
    /// How long the owner has to act.
    pub respond_within: Span,
    /// How bad; for a [`Kind::Warning`] the least that an alert of it gets.
    pub severity: Severity,
    /// Why the city asks.
    pub purpose: String,
    /// What it looks at.
    pub kind: Kind,
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A figure over a window above or below a line.
    Threshold(Threshold),
    /// A slow rise that will reach a level.
    Rise(Rise),
    /// Silence of a feed, a thing or a datastream.
    Absence(Absence),
    /// An official warning that touches a place.
    Warning(OnWarning),
    /// Late or missing trips of a route.
    Trip(OnTrip),
}

impl Kind {
    /// The name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Threshold(_) => "threshold",
            Self::Rise(_) => "rise",
            Self::Absence(_) => "absence",
            Self::Warning(_) => "warning",
            Self::Trip(_) => "trip",
        }
    }

    /// Whether the rule still looks at a subject: an edit may have taken it away while an alert on it was open.
    pub(crate) fn looks_at(&self, subject: &str) -> bool {
        let series = |ids: &[DatastreamId]| ids.iter().any(|id| Voice::Datastream(*id).subject() == subject);
        match self {
            Self::Threshold(kind) => series(&kind.datastreams),
            Self::Rise(kind) => series(&kind.datastreams),
            Self::Absence(kind) => kind.of.iter().any(|voice| voice.subject() == subject),
            Self::Warning(kind) => kind.places.iter().any(|place| subject.ends_with(&format!("@{place}"))),
            Self::Trip(kind) => {
                kind.routes.is_empty() || kind.routes.iter().any(|route| subject == format!("route:{route}"))
            }
        }
    }
}

/// One figure out of the readings of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Newest.
    Last,
    /// Sum.
    Sum,
}

impl Statistic {
    /// The names in the file.
    pub const NAMES: [(&'static str, Self); 5] =
        [("mean", Self::Mean), ("min", Self::Min), ("max", Self::Max), ("last", Self::Last), ("sum", Self::Sum)];
}

/// Which side of a line, in the unit of the series. Both are strict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    /// Greater than.
    Above(f64),
    /// Less than.
    Below(f64),
}

impl Side {
    /// Whether the figure is on that side.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::Above(line) => figure > line,
            Self::Below(line) => figure < line,
        }
    }
    /// The line.
    pub fn line(self) -> f64 {
        match self {
            Self::Above(line) | Self::Below(line) => line,
        }
    }
}

/// A figure over a window above or below a line.
/// State: at most [`crate::state::SAMPLES_MAX`] readings of 16 bytes for each series.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// What is measured, in words: "Lake Guaíba".
    pub what: String,
    /// The series; each is a subject of its own.
    pub datastreams: Vec<DatastreamId>,
    /// Which figure.
    pub statistic: Statistic,
    /// How far back from the newest reading; not used by `last`.
    pub window: Span,
    /// When it opens.
    pub open: Side,
    /// How long, in the time of the readings, it must hold before it opens.
    pub open_for: Span,
    /// When it closes.
    pub close: Side,
    /// How long it must hold before it closes.
    pub close_for: Span,
}

/// A slow rise that will reach a level: the straight line through the hourly means of a long window, long enough
/// that what the wind piles up and lets go again does not count as rise.
/// State: one sum and one count for each hour of `trend_window`, and the readings of the last hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Rise {
    /// What rises, in words: "Lake Guaíba".
    pub what: String,
    /// The series; each is a subject of its own.
    pub datastreams: Vec<DatastreamId>,
    /// Through how much of the past the line goes.
    pub trend_window: Span,
    /// The level that matters, in the unit of the series.
    pub level: f64,
    /// How far ahead the line is followed.
    pub within: Span,
    /// What the wind alone may add at any hour, in the unit of the series: that close to the level counts as there.
    pub sway: f64,
    /// How long, in the time of the readings, it must hold before it opens.
    pub open_for: Span,
    /// How far below the level the alert may close, once the level no longer heads there; in the unit of the series.
    pub drop: f64,
    /// How long the close condition must hold.
    pub close_for: Span,
}

/// What may fall silent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Voice {
    /// A feed: no good answer.
    Feed(FeedId),
    /// A thing: no reading of any of its datastreams.
    Thing(ThingId),
    /// A datastream: no reading.
    Datastream(DatastreamId),
}

impl Voice {
    /// The subject of an alert about it.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Feed(feed) => format!("feed:{feed}"),
            Self::Thing(thing) => format!("thing:{thing}"),
            Self::Datastream(id) => format!("datastream:{id}"),
        }
    }
}

/// Silence of a feed, a thing or a datastream. Silence of a thing behind a silent feed is unknown, not true:
/// the feed's own alert says what is wrong. State: none of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Absence {
    /// Whose; each is a subject of its own.
    pub of: Vec<Voice>,
    /// After how long; without it the beat of the contract or of the datastream.
    pub after: Option<Span>,
    /// How long it must speak again before the alert closes.
    pub close_for: Span,
}

/// An official warning that touches a place. State: the warnings in force, at most
/// [`crate::state::WARNINGS_MAX`].
#[derive(Clone, Debug, PartialEq)]
pub struct OnWarning {
    /// The feed that warns.
    pub feed: FeedId,
    /// From which severity.
    pub at_least: Severity,
    /// The places; each that is touched is a subject of its own.
    pub places: Vec<PlaceId>,
    /// How long before its onset it opens.
    pub before: Span,
}

/// What is wrong with a run of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its newest delay is at least this long.
    Late(Span),
    /// No position and no update this long after its scheduled departure.
    Missing(Span),
}

/// Late or missing trips, counted by route so that a night desk gets one alert a line.
/// State: one entry for each run seen in the last hours, at most [`crate::state::RUNS_MAX`].
#[derive(Clone, Debug, PartialEq)]
pub struct OnTrip {
    /// The feed with the timetable.
    pub timetable: FeedId,
    /// The feeds with positions and updates of its trips.
    pub feeds: Vec<FeedId>,
    /// Only these routes; empty is all.
    pub routes: Vec<RouteId>,
    /// Late or missing.
    pub trouble: Trouble,
    /// How many trips of a route at once.
    pub trips: u32,
    /// How long it must hold before it opens.
    pub open_for: Span,
    /// Fewer than so many trips close it.
    pub close_below: u32,
    /// How long the close condition must hold.
    pub close_for: Span,
}

//! What a rule is. One file of TOML each; the typed kinds are a closed list.

use std::sync::Arc;

use city::{DatastreamId, FeedId, PlaceId, RouteId, RuleId, ServiceCode, Severity, Span, ThingId, Time};

use crate::combined::{Combined, Looks};
use crate::fence::OnFence;
use crate::figure::Figure;
use crate::guard::Guard;
use crate::requests::Counted;
use crate::timers::Timers;

/// A rule that loaded: it has an owner, a consequence, a first action and a time to respond, or it would not be here.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The name of its file without `.toml`.
    pub id: RuleId,
    /// First 12 hexadecimal digits of the SHA-256 of its text.
    pub version: Arc<str>,
    /// The file, as it was given.
    pub file: String,
    /// What it was read from.
    pub text: String,
    /// The role that answers for it.
    pub owner: Arc<str>,
    /// So what, in plain words.
    pub consequence: Arc<str>,
    /// Do what first, in plain words.
    pub first_action: Arc<str>,
    /// How long the owner has to act.
    pub respond_within: Span,
    /// How bad; for a [`Kind::Warning`] the least that an alert of it gets.
    pub severity: Severity,
    /// Why the city asks.
    pub purpose: String,
    /// What it looks at.
    pub kind: Kind,
    /// A condition in CEL that must hold as well before it opens.
    pub guard: Option<Guard>,
    /// How the severity rises and falls with time, in the order of the file.
    pub severity_steps: Vec<SeverityStep>,
    /// What to ring when the condition cannot be seen.
    pub unseen: Option<Unseen>,
    /// Whether an alert that comes and goes is held open until it has been calm for a while.
    pub damped: bool,
}

impl Rule {
    /// Whether the rule still looks at a subject: an edit may have taken it away while an alert on it was open.
    pub(crate) fn looks_at(&self, subject: &str) -> bool {
        match subject.strip_prefix("unseen:") {
            Some(unseen) => {
                let of_feed = |feed: FeedId| Voice::Feed(feed).subject() == unseen;
                self.unseen.is_some()
                    && (self.kind.looks_at(unseen) || self.kind.feeds_needed().into_iter().any(of_feed))
            }
            None => self.kind.looks_at(subject),
        }
    }

    /// How bad an alert of it is, when its open condition has held for so long, or has not held for so long. The last
    /// step that fits counts; without one it is `otherwise`.
    pub(crate) fn severity_after(&self, held: Option<Span>, calm: Option<Span>, otherwise: Severity) -> Severity {
        let fits = |step: &&SeverityStep| {
            let lasted = if step.calm { calm } else { held };
            lasted.is_some_and(|lasted| lasted >= step.after)
        };
        self.severity_steps.iter().rev().find(fits).map_or(otherwise, |step| step.severity)
    }

    /// When the severity of an alert that stands changes next, if nothing else happens.
    pub(crate) fn next_step(&self, timers: Timers, now: Time) -> Option<Time> {
        let turns = self.severity_steps.iter().filter_map(|step| {
            let since = if step.calm { timers.calm_since } else { timers.open_since };
            since.map(|since| since + step.after)
        });
        turns.filter(|at| timers.stands && *at > now).min()
    }
}

/// One step of a severity that changes with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeverityStep {
    /// False: since the open condition has held. True: since it has not.
    pub calm: bool,
    /// After how long.
    pub after: Span,
    /// How bad then.
    pub severity: Severity,
}

/// An alert of its own when the condition of a rule can be seen no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// After how long.
    pub after: Span,
    /// How bad.
    pub severity: Severity,
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A figure of a series above or below a line.
    Figure(OnFigure),
    /// A slow rise that will reach a level.
    Rise(Rise),
    /// Silence of a feed, a thing or a datastream.
    Absence(Absence),
    /// An official warning that touches a place.
    Warning(OnWarning),
    /// Late or missing trips of a route.
    Trip(OnTrip),
    /// Public vehicles in a zone, or out of it.
    Zone(OnZone),
    /// Things of the city in a zone, or out of it.
    Fence(OnFence),
    /// Bunches and gaps on a route.
    Headway(OnHeadway),
    /// Residents' requests, counted.
    Requests(OnRequests),
    /// Conditions of any kind, joined.
    Combined(Combined),
}

impl Kind {
    /// The name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Figure(on) => on.figure.name(),
            Self::Rise(_) => "rise",
            Self::Absence(_) => "absence",
            Self::Warning(_) => "warning",
            Self::Trip(_) => "trip",
            Self::Zone(_) => "zone",
            Self::Fence(_) => "geofence",
            Self::Headway(_) => "headway",
            Self::Requests(_) => "requests",
            Self::Combined(_) => "combined",
        }
    }

    /// The series whose readings it takes, each a subject of its own.
    pub fn datastreams(&self) -> &[DatastreamId] {
        match self {
            Self::Figure(on) => &on.datastreams,
            Self::Rise(on) => &on.datastreams,
            _ => &[],
        }
    }

    /// The rules whose alerts it looks at.
    pub fn rules_asked(&self) -> impl Iterator<Item = &RuleId> {
        let conditions = if let Self::Combined(combined) = self { combined.conditions.as_slice() } else { &[] };
        conditions.iter().filter_map(|condition| match &condition.looks {
            Looks::Alert(rule) => Some(rule),
            Looks::At(_) => None,
        })
    }

    /// The feed with the timetable and the feeds with its runs, for kinds that count runs: they are judged by the
    /// minute, and nothing is known of them while one of those feeds is silent.
    pub(crate) fn runs(&self) -> Option<(&FeedId, &[FeedId])> {
        match self {
            Self::Trip(on) => Some((&on.timetable, &on.feeds)),
            Self::Zone(on) => Some((&on.timetable, &on.feeds)),
            Self::Headway(on) => Some((&on.timetable, &on.feeds)),
            _ => None,
        }
    }

    /// The feeds without which it is unknown, for kinds that look at no series and at no silence: `[unseen]` is told of
    /// each.
    pub(crate) fn feeds_needed(&self) -> Vec<FeedId> {
        match self {
            Self::Warning(on) => vec![on.feed.clone()],
            Self::Fence(on) => vec![on.feed.clone()],
            Self::Requests(on) => vec![on.feed.clone()],
            Self::Trip(_) | Self::Zone(_) | Self::Headway(_) => {
                self.runs().map_or_else(Vec::new, |(_, live)| live.to_vec())
            }
            Self::Figure(_) | Self::Rise(_) | Self::Absence(_) | Self::Combined(_) => Vec::new(),
        }
    }

    /// Whether the rule still looks at a subject: an edit may have taken it away while an alert on it was open.
    pub(crate) fn looks_at(&self, subject: &str) -> bool {
        let on_route = |routes: &[RouteId]| {
            let line = subject.strip_prefix("route:");
            line.is_some_and(|line| routes.is_empty() || routes.iter().any(|route| route.as_str() == line))
        };
        match self {
            Self::Figure(_) | Self::Rise(_) => {
                self.datastreams().iter().any(|id| Voice::Datastream(*id).subject() == subject)
            }
            Self::Absence(kind) => kind.of.iter().any(|voice| voice.subject() == subject),
            Self::Warning(kind) => kind.places.iter().any(|place| subject.ends_with(&format!("@{place}"))),
            Self::Trip(kind) => on_route(&kind.routes),
            Self::Headway(kind) => on_route(&kind.routes),
            Self::Zone(kind) => kind.subjects().any(|(_, _, known)| known == subject),
            Self::Fence(kind) => kind.zones.iter().any(|zone| subject == format!("place:{zone}")),
            Self::Requests(kind) => match Counted::from_subject(subject) {
                Some(Counted::Cell(_)) => kind.by_cell,
                Some(Counted::Place(place)) => !kind.by_cell && kind.zones.contains(&place),
                Some(Counted::Everywhere) => !kind.by_cell && kind.zones.is_empty(),
                None => false,
            },
            Self::Combined(_) => subject == crate::combined::SUBJECT,
        }
    }
}

/// Which side of a line, in the unit of the figure. Both are strict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    /// Greater than.
    Above(f64),
    /// Less than.
    Below(f64),
    /// Further from nought than, on either side.
    Off(f64),
    /// Nearer to nought than.
    Within(f64),
}

impl Side {
    /// Whether the figure is on that side.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::Above(line) => figure > line,
            Self::Below(line) => figure < line,
            Self::Off(line) => figure.abs() > line,
            Self::Within(line) => figure.abs() < line,
        }
    }
    /// The line.
    pub fn line(self) -> f64 {
        match self {
            Self::Above(line) | Self::Below(line) | Self::Off(line) | Self::Within(line) => line,
        }
    }
}

/// A figure of a series above or below a line.
#[derive(Clone, Debug, PartialEq)]
pub struct OnFigure {
    /// What is measured, in words: "Lake Guaíba".
    pub what: String,
    /// The series; each is a subject of its own.
    pub datastreams: Vec<DatastreamId>,
    /// Which figure. It says how much state a series may take.
    pub figure: Figure,
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

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many or more.
    AtLeast(u32),
    /// Fewer than so many.
    Below(u32),
}

impl Count {
    /// Whether it is that many.
    pub fn holds(self, count: u32) -> bool {
        match self {
            Self::AtLeast(least) => count >= least,
            Self::Below(most) => count < most,
        }
    }

    /// What holds when this does not.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::AtLeast(least) => Self::Below(least),
            Self::Below(most) => Self::AtLeast(most),
        }
    }
}

/// How many public vehicles are in a zone, or out of it. Its subject is the zone, and where lines are named the zone
/// and the line; never a vehicle. State: for each run heard lately, one instant for each zone.
#[derive(Clone, Debug, PartialEq)]
pub struct OnZone {
    /// Places with an outline; each is a subject of its own.
    pub zones: Vec<PlaceId>,
    /// The feed with the timetable.
    pub timetable: FeedId,
    /// The feeds with positions of its runs.
    pub feeds: Vec<FeedId>,
    /// These lines, each by itself; empty is all together.
    pub routes: Vec<RouteId>,
    /// Counts those inside; otherwise those outside.
    pub inside: bool,
    /// Only those that have been so for so long.
    pub stay: Span,
    /// When it opens.
    pub open: Count,
    /// How long it must hold before it opens.
    pub open_for: Span,
    /// When it closes.
    pub close: Count,
    /// How long the close condition must hold.
    pub close_for: Span,
}

impl OnZone {
    /// Its subjects: each with its zone, and its line where lines are named.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = (&PlaceId, Option<&RouteId>, String)> {
        self.zones.iter().flat_map(|zone| {
            let whole = self.routes.is_empty().then(|| (zone, None, format!("place:{zone}")));
            let by_line = self.routes.iter().map(move |r| (zone, Some(r), format!("place:{zone}@route:{r}")));
            whole.into_iter().chain(by_line)
        })
    }
}

/// Pairs of runs that follow one another on a route, in one direction, too close or too far apart: so many at once
/// ring once for the route. A run that is not on the road at all is the business of [`OnTrip`].
/// State: the newest delay of each run heard lately, at most [`crate::state::RUNS_MAX`].
#[derive(Clone, Debug, PartialEq)]
pub struct OnHeadway {
    /// The feed with the timetable.
    pub timetable: FeedId,
    /// The feeds with positions and updates of its trips.
    pub feeds: Vec<FeedId>,
    /// Only these routes; empty is all.
    pub routes: Vec<RouteId>,
    /// A pair is bunched when its headway is less than this share of the scheduled one.
    pub bunched_below: Option<f64>,
    /// There is a gap when it is more than this share.
    pub gap_above: Option<f64>,
    /// How many pairs of a route at once.
    pub pairs: u32,
    /// How long it must hold before it opens.
    pub open_for: Span,
    /// Fewer than so many pairs close it.
    pub close_below: u32,
    /// How long the close condition must hold.
    pub close_for: Span,
}

/// Residents' requests of some services, counted by ticket over the last hours.
/// State: the tickets of its feed, at most [`crate::requests::REQUESTS_MAX`], and a count for each hour and subject.
#[derive(Clone, Debug, PartialEq)]
pub struct OnRequests {
    /// What is asked for, in words: "Flooded streets".
    pub what: String,
    /// The feed that tells of requests.
    pub feed: FeedId,
    /// Codes of services, in the city's own words. One that nobody uses counts nothing.
    pub services: Vec<ServiceCode>,
    /// Over how long; whole hours.
    pub window: Span,
    /// Each square kilometre is a subject of its own; otherwise each zone is, or all together.
    pub by_cell: bool,
    /// Only within these places with an outline; empty is wherever the feed tells of.
    pub zones: Vec<PlaceId>,
    /// How many.
    pub requests: u32,
    /// How long it must hold before it opens.
    pub open_for: Span,
    /// Fewer than so many close it.
    pub close_below: u32,
    /// How long the close condition must hold.
    pub close_for: Span,
}

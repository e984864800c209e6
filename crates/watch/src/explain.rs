//! A rule as one plain sentence; what the public sees of it.

mod joined;

use city::{
    Contract, Datastream, DatastreamId, EntityId, FeedId, ObservedProperty, Place, PlaceId, RouteId, Span, Thing,
    ThingId,
};

use crate::fence::OnFence;
use crate::figure::{Against, Figure, Statistic};
use crate::rule::{
    Absence, Count, Kind, OnFigure, OnHeadway, OnRequests, OnTrip, OnWarning, OnZone, Rise, Rule, Side, Trouble, Voice,
};
use crate::words;

/// The names that sentences need.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Things.
    pub things: &'a [Thing],
    /// Datastreams.
    pub datastreams: &'a [Datastream],
    /// Observed properties, for units.
    pub properties: &'a [ObservedProperty],
    /// Contracts, for the names of feeds.
    pub contracts: &'a [Contract],
    /// Places.
    pub places: &'a [Place],
}

impl Names<'_> {
    fn feed<'a>(&'a self, id: &'a FeedId) -> &'a str {
        self.contracts.iter().find(|contract| contract.feed == *id).map_or(id.as_str(), |c| c.name.as_str())
    }

    fn datastream(&self, id: DatastreamId) -> String {
        let found = self.datastreams.iter().find(|stream| stream.id == id);
        found.map_or_else(|| format!("datastream {id}"), |stream| stream.name.clone())
    }

    fn thing(&self, id: ThingId) -> String {
        let found = self.things.iter().find(|thing| thing.id == id);
        found.map_or_else(|| format!("thing {id}"), |thing| thing.name.clone())
    }

    fn entity(&self, id: &EntityId) -> String {
        let number = if let EntityId::Number(number) = id { u32::try_from(*number).ok() } else { None };
        number.map_or_else(|| format!("thing {id}"), |number| self.thing(ThingId(number)))
    }

    fn place(&self, id: &PlaceId) -> String {
        let found = self.places.iter().find(|place| place.id == *id);
        found.map_or_else(|| id.to_string(), |place| place.name.clone())
    }

    fn unit(&self, id: Option<&DatastreamId>) -> &str {
        let stream = self.datastreams.iter().find(|stream| Some(&stream.id) == id);
        let property = stream.and_then(|s| self.properties.iter().find(|p| p.id == s.observed_property));
        property.map_or("", |property| property.unit_symbol.as_str())
    }
}

/// What a kind looks for, and when it stops.
fn sentence(kind: &Kind, names: &Names<'_>, others: &[Rule]) -> String {
    match kind {
        Kind::Figure(on) => figure(on, names),
        Kind::Rise(kind) => rise(kind, names),
        Kind::Absence(kind) => absence(kind, names),
        Kind::Warning(kind) => warning(kind, names),
        Kind::Trip(kind) => trip(kind, names),
        Kind::Zone(kind) => zone(kind, names),
        Kind::Fence(kind) => fence(kind, names),
        Kind::Headway(kind) => headway(kind, names),
        Kind::Requests(kind) => requests(kind, names),
        Kind::Combined(kind) => joined::combined(kind, names, others),
    }
}

/// One sentence: when it rings, when it stops, who answers and how soon.
pub fn explain(rule: &Rule, names: &Names<'_>) -> String {
    explain_among(rule, names, &[])
}

/// The same, where rules whose alerts it looks at are told by what they look for, and not by the names of their files.
pub fn explain_among(rule: &Rule, names: &Names<'_>, others: &[Rule]) -> String {
    let mut when = sentence(&rule.kind, names, others);
    if let Some(guard) = &rule.guard {
        let inputs: Vec<String> =
            guard.inputs.iter().map(|(name, id)| format!("{name} is the newest {}", names.datastream(*id))).collect();
        let inputs = if inputs.is_empty() { String::new() } else { format!(", where {}", words::list(&inputs, "and")) };
        when = format!("{when}; it rings only while {}{inputs}", guard.text);
    }
    for step in &rule.severity_steps {
        let (severity, after) = (severity(step.severity), words::span(step.after));
        let since = if step.calm { "when it has not been so for" } else { "when it has been so for" };
        when = format!("{when}; it counts as {severity} {since} {after}");
    }
    if let Some(unseen) = &rule.unseen {
        let after = words::span(unseen.after);
        let bad = severity(unseen.severity);
        when = format!("{when}; it rings too ({bad}) when for {after} nobody can see whether it is so");
    }
    let owner = rule.owner.replace('_', " ");
    format!("{when}; the {owner} acts within {}.", words::span(rule.respond_within))
}

fn severity(severity: city::Severity) -> String {
    format!("{severity:?}").to_lowercase()
}

fn held(span: Span) -> String {
    if span == Span::default() { String::new() } else { format!(" for {}", words::span(span)) }
}

fn side(side: Side, unit: &str) -> String {
    let line = words::line(side.line(), unit);
    match side {
        Side::Above(_) => format!("above {line}"),
        Side::Below(_) => format!("below {line}"),
        Side::Off(_) => format!("off by more than {line}"),
        Side::Within(_) => format!("off by less than {line}"),
    }
}

fn streams(ids: &[DatastreamId], names: &Names<'_>) -> String {
    words::list(&ids.iter().map(|id| names.datastream(*id)).collect::<Vec<_>>(), "or")
}

/// The figure in words, and the unit of its lines.
fn figure_of(on: &OnFigure, names: &Names<'_>) -> (String, String) {
    let unit = names.unit(on.datastreams.first());
    let of = streams(&on.datastreams, names);
    match on.figure {
        Figure::Last => (format!("the newest reading of {of}"), unit.to_owned()),
        Figure::Window { statistic, window } => {
            (format!("{} of {} of {of}", statistic_words(statistic), words::span(window)), unit.to_owned())
        }
        Figure::Tumbling { statistic, window } => {
            let window = words::span(window);
            (format!("{} of each {window} by the clock of {of}", statistic_words(statistic)), unit.to_owned())
        }
        Figure::Trend { window } => {
            (format!("the rise in an hour over {} of {of}", words::span(window)), unit.to_owned())
        }
        Figure::Deviation { against, spreads } => {
            let from = match against {
                Against::Weeks(weeks) => format!("the median of the same hour of the last {weeks} weeks"),
                Against::Forecast(id) => format!("its forecast ({})", names.datastream(id)),
            };
            let unit = if spreads { "spreads" } else { unit };
            (format!("the distance of {of} from {from}"), unit.to_owned())
        }
        Figure::Anomaly(_) => (format!("the number of unusual stretches of {of} now"), String::new()),
    }
}

fn anomaly(on: &OnFigure, parameters: &crate::anomaly::Parameters, names: &Names<'_>) -> String {
    let season = match parameters.season {
        crate::anomaly::Season::Day => "the hours of the day",
        crate::anomaly::Season::Week => "the hours of the week",
    };
    format!(
        "Rings when {} is unusual, seen from five sides (value, shape, level, spread, {season}) and going by its own \
         past of up to {} after the first {} readings (score above {}), and stops after {} usual readings{}",
        streams(&on.datastreams, names),
        words::span(parameters.memory),
        parameters.learning,
        parameters.threshold,
        parameters.rest,
        held(on.close_for),
    )
}

fn statistic_words(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Last => "the newest",
        Statistic::Mean => "the mean",
        Statistic::Min => "the least",
        Statistic::Max => "the most",
        Statistic::Sum => "the sum",
    }
}

fn figure(on: &OnFigure, names: &Names<'_>) -> String {
    if let Figure::Anomaly(parameters) = &on.figure {
        return anomaly(on, parameters, names);
    }
    let (figure, unit) = figure_of(on, names);
    format!(
        "Rings when {figure} is {}{}, and stops when it is {}{}",
        side(on.open, &unit),
        held(on.open_for),
        side(on.close, &unit),
        held(on.close_for),
    )
}

fn rise(kind: &Rise, names: &Names<'_>) -> String {
    let unit = names.unit(kind.datastreams.first());
    let line = words::line(kind.level, unit);
    format!(
        "Rings when {} is above {line}, or rises so that the line through its last {} comes within {} of {line} in \
         the next {}{}, and stops when it no longer rises so and is more than {} below {line}{}",
        streams(&kind.datastreams, names),
        words::span(kind.trend_window),
        words::line(kind.sway, unit),
        words::span(kind.within),
        held(kind.open_for),
        words::line(kind.drop, unit),
        held(kind.close_for),
    )
}

fn absence(kind: &Absence, names: &Names<'_>) -> String {
    let of: Vec<String> = kind
        .of
        .iter()
        .map(|voice| match voice {
            Voice::Feed(feed) => names.feed(feed).to_owned(),
            Voice::Thing(thing) => names.thing(*thing),
            Voice::Datastream(id) => names.datastream(*id),
        })
        .collect();
    let after = kind.after.map_or("longer than is normal for it".to_owned(), words::span);
    let again = match kind.close_for {
        span if span == Span::default() => "as soon as it reports again".to_owned(),
        span => format!("when it has reported again for {}", words::span(span)),
    };
    let for_ = if kind.after.is_some() { "for " } else { "" };
    format!("Rings when {} is silent {for_}{after}, and stops {again}", words::list(&of, "or"))
}

fn warning(kind: &OnWarning, names: &Names<'_>) -> String {
    let places: Vec<String> = kind.places.iter().map(|id| names.place(id)).collect();
    let severity = format!("{:?}", kind.at_least).to_lowercase();
    let before = match kind.before {
        span if span == Span::default() => "when it comes into force".to_owned(),
        span => format!("from {} before its onset", words::span(span)),
    };
    format!(
        "Rings for a warning of {} of severity {severity} or worse that touches {}, {before}, and stops when it has \
         ended or is cancelled",
        names.feed(&kind.feed),
        words::list(&places, "or"),
    )
}

fn trip(kind: &OnTrip, names: &Names<'_>) -> String {
    let what = match kind.trouble {
        Trouble::Late(by) => format!("run {} late or more", words::span(by)),
        Trouble::Missing(after) => format!("show no vehicle {} after their departure", words::span(after)),
    };
    let of = line_of(&kind.routes);
    let few = if kind.close_below == 1 {
        "none is left".to_owned()
    } else {
        format!("fewer than {} are left", kind.close_below)
    };
    format!(
        "Rings when {} trips or more of {of} {what}{} (by {}), and stops when {few}{}",
        kind.trips,
        held(kind.open_for),
        feeds(&kind.feeds, names),
        held(kind.close_for),
    )
}

fn feeds(of: &[FeedId], names: &Names<'_>) -> String {
    words::list(&of.iter().map(|feed| names.feed(feed).to_owned()).collect::<Vec<_>>(), "and")
}

fn line_of(routes: &[RouteId]) -> String {
    let routes: Vec<String> = routes.iter().map(ToString::to_string).collect();
    if routes.is_empty() { "a line".to_owned() } else { format!("line {}", words::list(&routes, "or")) }
}

fn zone(kind: &OnZone, names: &Names<'_>) -> String {
    let count = |count: Count, of: &str| match count {
        Count::AtLeast(1) => format!("a vehicle{of} is"),
        Count::AtLeast(least) => format!("{least} vehicles or more{of} are"),
        Count::Below(1) => format!("no vehicle{of} is"),
        Count::Below(below) => format!("fewer than {below} vehicles{of} are"),
    };
    let places: Vec<String> = kind.zones.iter().map(|id| names.place(id)).collect();
    let side = if kind.inside { "inside" } else { "outside" };
    let stay = match kind.stay {
        span if span == Span::default() => String::new(),
        span => format!(" (counting those that have been so for {})", words::span(span)),
    };
    let of = if kind.routes.is_empty() { String::new() } else { format!(" of {}", line_of(&kind.routes)) };
    format!(
        "Rings when {} {side} {}{stay}{} (by {}), and stops when {} so{}",
        count(kind.open, &of),
        words::list(&places, "or"),
        held(kind.open_for),
        feeds(&kind.feeds, names),
        count(kind.close, ""),
        held(kind.close_for),
    )
}

fn fence(kind: &OnFence, names: &Names<'_>) -> String {
    let things: Vec<String> = kind.things.iter().map(|id| names.entity(id)).collect();
    let places: Vec<String> = kind.zones.iter().map(|id| names.place(id)).collect();
    let which = words::list(&things, "and");
    let count = |count: Count| match (count, things.len()) {
        (Count::AtLeast(1), 1) => format!("{which} is"),
        (Count::Below(1), 1) => format!("{which} is not"),
        (Count::AtLeast(1), _) => format!("one of {which} is"),
        (Count::AtLeast(least), _) => format!("{least} or more of {which} are"),
        (Count::Below(1), _) => format!("none of {which} is"),
        (Count::Below(below), _) => format!("fewer than {below} of {which} are"),
    };
    let few = match kind.close {
        Count::AtLeast(least) => format!("{least} or more are"),
        Count::Below(1) => "none is".to_owned(),
        Count::Below(below) => format!("fewer than {below} are"),
    };
    format!(
        "Rings when {} {} {}{} (by {}), and stops when {few} so{}",
        count(kind.open),
        if kind.inside { "inside" } else { "outside" },
        words::list(&places, "or"),
        held(kind.open_for),
        names.feed(&kind.feed),
        held(kind.close_for),
    )
}

fn headway(kind: &OnHeadway, names: &Names<'_>) -> String {
    let bunched = kind.bunched_below.map(|below| format!("closer than {below} of the planned headway"));
    let gap = kind.gap_above.map(|above| format!("further apart than {above} times the planned headway"));
    let wrong: Vec<String> = [bunched, gap].into_iter().flatten().collect();
    let pairs = |count: u32| if count == 1 { "1 pair".to_owned() } else { format!("{count} pairs") };
    let few = match kind.close_below {
        1 => "none is left".to_owned(),
        below => format!("fewer than {below} are left"),
    };
    format!(
        "Rings when {} or more of runs that follow one another on {} are {}{} (by {}), and stops when {few}{}",
        pairs(kind.pairs),
        line_of(&kind.routes),
        words::list(&wrong, "or"),
        held(kind.open_for),
        feeds(&kind.feeds, names),
        held(kind.close_for),
    )
}

fn requests(kind: &OnRequests, names: &Names<'_>) -> String {
    let services: Vec<String> = kind.services.iter().map(|code| format!("\"{code}\"")).collect();
    let zones: Vec<String> = kind.zones.iter().map(|id| names.place(id)).collect();
    let from = match (kind.by_cell, zones.is_empty()) {
        (true, true) => " from one square kilometre".to_owned(),
        (true, false) => format!(" from one square kilometre of {}", words::list(&zones, "or")),
        (false, true) => String::new(),
        (false, false) => format!(" from {}", words::list(&zones, "or")),
    };
    format!(
        "Rings when the requests of residents for the service {} made{from} within {} (by {}, in full hours) are {} or \
         more{}, and stops when they are fewer than {}{}",
        words::list(&services, "or"),
        words::span(kind.window),
        names.feed(&kind.feed),
        kind.requests,
        held(kind.open_for),
        kind.close_below,
        held(kind.close_for),
    )
}

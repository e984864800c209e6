//! A rule as one plain sentence; what the public sees of it.

use city::{Contract, Datastream, DatastreamId, FeedId, ObservedProperty, Place, PlaceId, Span, Thing, ThingId};

use crate::rule::{Absence, Kind, OnTrip, OnWarning, Rise, Rule, Side, Statistic, Threshold, Trouble, Voice};
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

/// One sentence: when it rings, when it stops, who answers and how soon.
pub fn explain(rule: &Rule, names: &Names<'_>) -> String {
    let when = match &rule.kind {
        Kind::Threshold(kind) => threshold(kind, names),
        Kind::Rise(kind) => rise(kind, names),
        Kind::Absence(kind) => absence(kind, names),
        Kind::Warning(kind) => warning(kind, names),
        Kind::Trip(kind) => trip(kind, names),
    };
    let owner = rule.owner.replace('_', " ");
    format!("{when}; the {owner} acts within {}.", words::span(rule.respond_within))
}

fn held(span: Span) -> String {
    if span == Span::default() { String::new() } else { format!(" for {}", words::span(span)) }
}

fn side(side: Side, unit: &str) -> String {
    match side {
        Side::Above(line) => format!("above {}", words::line(line, unit)),
        Side::Below(line) => format!("below {}", words::line(line, unit)),
    }
}

fn streams(ids: &[DatastreamId], names: &Names<'_>) -> String {
    words::list(&ids.iter().map(|id| names.datastream(*id)).collect::<Vec<_>>(), "or")
}

fn threshold(kind: &Threshold, names: &Names<'_>) -> String {
    let unit = names.unit(kind.datastreams.first());
    let window = words::span(kind.window);
    let figure = match kind.statistic {
        Statistic::Last => "the newest reading".to_owned(),
        Statistic::Mean => format!("the mean of {window}"),
        Statistic::Min => format!("the least of {window}"),
        Statistic::Max => format!("the most of {window}"),
        Statistic::Sum => format!("the sum of {window}"),
    };
    format!(
        "Rings when {figure} of {} is {}{}, and stops when it is {}{}",
        streams(&kind.datastreams, names),
        side(kind.open, unit),
        held(kind.open_for),
        side(kind.close, unit),
        held(kind.close_for),
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
    let routes: Vec<String> = kind.routes.iter().map(ToString::to_string).collect();
    let of = if routes.is_empty() { "a line".to_owned() } else { format!("line {}", words::list(&routes, "or")) };
    let feeds: Vec<String> = kind.feeds.iter().map(|feed| names.feed(feed).to_owned()).collect();
    let few = if kind.close_below == 1 {
        "none is left".to_owned()
    } else {
        format!("fewer than {} are left", kind.close_below)
    };
    format!(
        "Rings when {} trips or more of {of} {what}{} (by {}), and stops when {few}{}",
        kind.trips,
        held(kind.open_for),
        words::list(&feeds, "and"),
        held(kind.close_for),
    )
}

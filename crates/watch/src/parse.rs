//! Rules from text: one TOML file each, every mistake of all files with file, line, column and what would be right.

use std::collections::BTreeSet;

use city::{Contract, Datastream, FeedId, FeedKind, Place, PlaceId, RuleId, Severity, Span, Thing};
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use crate::reader::{At, Fields, Mistakes};
use crate::rule::{Absence, Kind, OnTrip, OnWarning, Rise, Rule, Side, Statistic, Threshold, Trouble, Voice};
use crate::state::SAMPLES_MAX;

/// A rule file: its path as people know it, and its text.
#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    /// `rules/lake-will-pass-3m.toml`; the rule's id is its last part without `.toml`.
    pub path: &'a str,
    /// The TOML.
    pub text: &'a str,
}

/// What the city has, so that a rule cannot look at what is not there.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Things.
    pub things: &'a [Thing],
    /// Datastreams.
    pub datastreams: &'a [Datastream],
    /// Contracts of the feeds.
    pub contracts: &'a [Contract],
    /// Places.
    pub places: &'a [Place],
    /// Roles that may own a rule.
    pub roles: &'a [String],
}

/// A mistake in a rule file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct RuleError {
    /// The file, as it was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// The longest trend window: its hours are kept.
const TREND_WINDOW_MAX: Span = Span::h(14 * 24);
/// The shortest trend window: below it there are too few hourly means for a line.
const TREND_WINDOW_MIN: Span = Span::h(4);

const SEVERITIES: [(&str, Severity); 5] = [
    ("info", Severity::Info),
    ("minor", Severity::Minor),
    ("moderate", Severity::Moderate),
    ("severe", Severity::Severe),
    ("extreme", Severity::Extreme),
];

#[derive(Clone, Copy)]
enum KindName {
    Threshold,
    Rise,
    Absence,
    Warning,
    Trip,
}

const KINDS: [(&str, KindName); 5] = [
    ("threshold", KindName::Threshold),
    ("rise", KindName::Rise),
    ("absence", KindName::Absence),
    ("warning", KindName::Warning),
    ("trip", KindName::Trip),
];

/// Reads all rule files. With a single mistake in any of them no rule is returned, and all mistakes are.
pub fn parse(files: &[RuleFile<'_>], known: &Known<'_>) -> Result<Vec<Rule>, Vec<RuleError>> {
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    let mut ids = BTreeSet::new();
    for file in files {
        let mut mistakes = Mistakes::new(file.path, file.text);
        let rule = parse_file(file, known, &mut mistakes);
        if let Some(rule) = &rule
            && !ids.insert(rule.id.clone())
        {
            mistakes.at(0, format!("another file already has the rule `{}`; rename one of them", rule.id));
        }
        mistakes.found.sort();
        match rule.filter(|_| mistakes.found.is_empty()) {
            Some(rule) => rules.push(rule),
            None => errors.append(&mut mistakes.found),
        }
    }
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

fn parse_file(file: &RuleFile<'_>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) -> Option<Rule> {
    let (table, errors) = DeTable::parse_recoverable(file.text);
    for error in &errors {
        mistakes.at(error.span().map_or(0, |span| span.start), format!("not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut fields = Fields::new(table.get_ref(), 0..0, "");
    let fields = &mut fields;
    let owner = fields.text("owner", "the role that answers for it, as \"water_desk\"", mistakes);
    check_owner(owner.as_ref(), known, mistakes);
    let consequence = fields.text("consequence", "what happens if nobody acts, in plain words", mistakes);
    let first_action = fields.text("first_action", "what to do first, in plain words", mistakes);
    let respond_within = fields.span("respond_within", mistakes);
    if let Some(at) = respond_within.as_ref().filter(|at| at.value == Span::default()) {
        mistakes.at(at.byte, "`respond_within` is no time at all; give the owner a time to act, as \"15 min\"");
    }
    let severity = fields.choice("severity", &SEVERITIES, mistakes);
    let purpose = fields.text("purpose", "why the city asks, in plain words", mistakes);
    let kind_name = fields.choice("kind", &KINDS, mistakes)?.value;
    let kind = parse_kind(kind_name, fields, known, mistakes);
    let rest = std::mem::replace(fields, Fields::new(table.get_ref(), 0..0, ""));
    rest.finish(mistakes);
    Some(Rule {
        id: RuleId::new(stem(file.path)),
        version: version(file.text),
        file: file.path.to_owned(),
        owner: owner?.value,
        consequence: consequence?.value,
        first_action: first_action?.value,
        respond_within: respond_within?.value,
        severity: severity?.value,
        purpose: purpose?.value,
        kind: kind?,
    })
}

fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}

fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn check_owner(owner: Option<&At<String>>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) {
    if let Some(owner) = owner.filter(|owner| !known.roles.contains(&owner.value)) {
        let roles = known.roles.join(", ");
        mistakes.at(owner.byte, format!("`owner` is no role of this city; the roles are {roles}"));
    }
}

fn parse_kind(
    name: KindName,
    fields: &mut Fields<'_, '_>,
    known: &Known<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Kind> {
    match name {
        KindName::Threshold => threshold(fields, known, mistakes).map(Kind::Threshold),
        KindName::Rise => rise(fields, known, mistakes).map(Kind::Rise),
        KindName::Absence => Some(Kind::Absence(absence(fields, known, mistakes))),
        KindName::Warning => on_warning(fields, known, mistakes).map(Kind::Warning),
        KindName::Trip => on_trip(fields, known, mistakes).map(Kind::Trip),
    }
}

fn datastreams<'k>(fields: &mut Fields<'_, '_>, known: &Known<'k>, mistakes: &mut Mistakes<'_>) -> Vec<&'k Datastream> {
    let ids = fields.ids("datastream", "datastreams", mistakes);
    if ids.is_empty() && !fields.has("datastream") && !fields.has("datastreams") {
        mistakes.at(fields.start(), "`datastream` is missing: it should be the id of a datastream of this city");
    }
    let mut streams = Vec::new();
    for id in ids {
        if let Some(stream) = known.datastreams.iter().find(|stream| stream.id.0 == id.value) {
            streams.push(stream);
        } else {
            let all: Vec<String> = known.datastreams.iter().map(|s| format!("{} ({})", s.id, s.name)).collect();
            mistakes.at(id.byte, format!("datastream {} is not there; there are {}", id.value, all.join(", ")));
        }
    }
    streams
}

fn threshold(fields: &mut Fields<'_, '_>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) -> Option<Threshold> {
    let what = fields.text("what", "what is measured, in words, as \"Lake Guaíba\"", mistakes);
    let streams = datastreams(fields, known, mistakes);
    let statistic = fields.choice("statistic", &Statistic::NAMES, mistakes);
    let last = statistic.as_ref().is_some_and(|at| at.value == Statistic::Last);
    let window = if last { fields.span_if("window", mistakes) } else { fields.span("window", mistakes) };
    if let Some(at) = window.as_ref() {
        check_window(at, last, &streams, mistakes);
    }
    let open = condition(fields, "open", mistakes);
    let close = condition(fields, "close", mistakes);
    let (open, close) = (open?, close?);
    check_sides(&open, &close, mistakes);
    Some(Threshold {
        what: what?.value,
        datastreams: streams.iter().map(|stream| stream.id).collect(),
        statistic: statistic?.value,
        window: window.map_or(Span::default(), |at| at.value),
        open: open.side.value,
        open_for: open.held_for,
        close: close.side.value,
        close_for: close.held_for,
    })
}

/// A window must be there, must not outgrow its bound, and must be longer than the series' own beat.
fn check_window(window: &At<Span>, last: bool, streams: &[&Datastream], mistakes: &mut Mistakes<'_>) {
    if last {
        mistakes.at(window.byte, "`window` has no meaning with `statistic = \"last\"`; leave it out");
        return;
    }
    if window.value == Span::default() {
        mistakes.at(window.byte, "`window` is no time at all; as \"24 h\"");
    }
    for stream in streams {
        let longest = i64::try_from(SAMPLES_MAX).unwrap_or(i64::MAX).saturating_mul(stream.beat.as_ms());
        if window.value.as_ms() > longest {
            let longest = crate::words::span(Span::ms(longest));
            let message =
                format!("`window` would hold more than {SAMPLES_MAX} readings of {}; at most {longest}", stream.name);
            mistakes.at(window.byte, message);
        }
    }
}

struct Condition {
    side: At<Side>,
    held_for: Span,
}

/// `[open]` or `[close]` of a threshold: `above` or `below`, and how long.
fn condition(fields: &mut Fields<'_, '_>, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<Condition> {
    let mut table = fields.table(key, mistakes)?;
    let above = table.number_if("above", mistakes).map(|at| At { value: Side::Above(at.value), byte: at.byte });
    let below = table.number_if("below", mistakes).map(|at| At { value: Side::Below(at.value), byte: at.byte });
    let held_for = table.span_or("for", Span::default(), mistakes);
    let start = table.start();
    let written = table.has("above") || table.has("below");
    table.finish(mistakes);
    match (above, below) {
        (Some(side), None) | (None, Some(side)) => Some(Condition { side, held_for }),
        (Some(_), Some(second)) => {
            mistakes.at(second.byte, format!("[{key}] has both `above` and `below`; it takes one of them"));
            None
        }
        (None, None) => {
            if !written {
                mistakes.at(start, format!("[{key}] needs `above` or `below` with a number in the unit of the series"));
            }
            None
        }
    }
}

/// A close condition on the same side as the open one, or one that overlaps it, would flap for ever.
fn check_sides(open: &Condition, close: &Condition, mistakes: &mut Mistakes<'_>) {
    let message = match (open.side.value, close.side.value) {
        (Side::Above(up), Side::Below(down)) if down > up => Some(format!("at most {up}, the level that opens it")),
        (Side::Below(down), Side::Above(up)) if up < down => Some(format!("at least {down}, the level that opens it")),
        (Side::Above(_), Side::Above(_)) => Some("`below`, as [open] has `above`".to_owned()),
        (Side::Below(_), Side::Below(_)) => Some("`above`, as [open] has `below`".to_owned()),
        _ => None,
    };
    if let Some(would_be) = message {
        mistakes.at(close.side.byte, format!("[close] should be {would_be}; the alert would close as it opens"));
    }
}

fn rise(fields: &mut Fields<'_, '_>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) -> Option<Rise> {
    let what = fields.text("what", "what rises, in words, as \"Lake Guaíba\"", mistakes);
    let streams = datastreams(fields, known, mistakes);
    let trend_window = fields.span("trend_window", mistakes);
    let allowed = TREND_WINDOW_MIN..=TREND_WINDOW_MAX;
    if let Some(at) = trend_window.as_ref().filter(|at| !allowed.contains(&at.value)) {
        mistakes.at(at.byte, "`trend_window` should be from \"4 h\" to \"14 days\"");
    }
    let mut open = fields.table("open", mistakes)?;
    let level = open.number("level", mistakes);
    let within = open.span("within", mistakes);
    let sway = open.number("sway", mistakes);
    let open_for = open.span_or("for", Span::default(), mistakes);
    open.finish(mistakes);
    let mut close = fields.table("close", mistakes)?;
    let drop = close.number("drop", mistakes);
    let close_for = close.span_or("for", Span::default(), mistakes);
    close.finish(mistakes);
    for (name, at) in [("sway", &sway), ("drop", &drop)] {
        if let Some(at) = at.as_ref().filter(|at| at.value < 0.0) {
            mistakes.at(at.byte, format!("`{name}` is how far below the level; it cannot be negative"));
        }
    }
    Some(Rise {
        what: what?.value,
        datastreams: streams.iter().map(|stream| stream.id).collect(),
        trend_window: trend_window?.value,
        level: level?.value,
        within: within?.value,
        sway: sway?.value,
        open_for,
        drop: drop?.value,
        close_for,
    })
}

fn absence(fields: &mut Fields<'_, '_>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) -> Absence {
    let mut of = Vec::new();
    for feed in fields.texts("feed", "feeds", mistakes) {
        of.extend(known_feed(&feed, None, known, mistakes).map(Voice::Feed));
    }
    for thing in fields.ids("thing", "things", mistakes) {
        if let Some(found) = known.things.iter().find(|known| known.id.0 == thing.value) {
            of.push(Voice::Thing(found.id));
        } else {
            let all: Vec<String> = known.things.iter().map(|t| format!("{} ({})", t.id, t.name)).collect();
            mistakes.at(thing.byte, format!("thing {} is not there; there are {}", thing.value, all.join(", ")));
        }
    }
    if fields.has("datastream") || fields.has("datastreams") {
        of.extend(datastreams(fields, known, mistakes).iter().map(|stream| Voice::Datastream(stream.id)));
    }
    let named = ["feed", "feeds", "thing", "things", "datastream", "datastreams"].iter().any(|key| fields.has(key));
    if !named {
        mistakes
            .at(fields.start(), "whose silence? `feed`, `thing` or `datastream` (or a list: `feeds`, ..) is missing");
    }
    let after = fields.span_if("after", mistakes).map(|at| at.value);
    let close_for = match fields.table_if("close", mistakes) {
        Some(mut close) => {
            let held_for = close.span_or("for", Span::default(), mistakes);
            close.finish(mistakes);
            held_for
        }
        None => Span::default(),
    };
    Absence { of, after, close_for }
}

fn known_feed(
    feed: &At<String>,
    kinds: Option<&[FeedKind]>,
    known: &Known<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<FeedId> {
    let fits = |contract: &&Contract| kinds.is_none_or(|kinds| kinds.contains(&contract.kind));
    let found = known.contracts.iter().filter(fits).find(|contract| contract.feed.as_str() == feed.value);
    if found.is_none() {
        let all: Vec<&str> = known.contracts.iter().filter(fits).map(|contract| contract.feed.as_str()).collect();
        mistakes.at(feed.byte, format!("\"{}\" is no feed that fits here; there are {}", feed.value, all.join(", ")));
    }
    found.map(|contract| contract.feed.clone())
}

fn on_warning(fields: &mut Fields<'_, '_>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) -> Option<OnWarning> {
    let feed = fields.text("feed", "the feed that warns", mistakes);
    let feed = feed.and_then(|at| known_feed(&at, Some(&[FeedKind::CapAtom, FeedKind::CapFiles]), known, mistakes));
    let at_least = fields.choice("at_least", &SEVERITIES, mistakes);
    let named = fields.texts("place", "places", mistakes);
    if !fields.has("place") && !fields.has("places") {
        mistakes.at(fields.start(), "`place` is missing: it should be the id of a place of this city");
    }
    let mut places = Vec::new();
    for place in named {
        if known.places.iter().any(|known| known.id.as_str() == place.value) {
            places.push(PlaceId::new(&place.value));
        } else {
            let all: Vec<&str> = known.places.iter().map(|place| place.id.as_str()).collect();
            mistakes.at(place.byte, format!("\"{}\" is no place; there are {}", place.value, all.join(", ")));
        }
    }
    let before = fields.span_or("before", Span::default(), mistakes);
    Some(OnWarning { feed: feed?, at_least: at_least?.value, places, before })
}

fn on_trip(fields: &mut Fields<'_, '_>, known: &Known<'_>, mistakes: &mut Mistakes<'_>) -> Option<OnTrip> {
    let timetable = fields.text("timetable", "the feed with the timetable", mistakes);
    let timetable = timetable.and_then(|at| known_feed(&at, Some(&[FeedKind::Gtfs]), known, mistakes));
    let live = [FeedKind::GtfsRtVehiclePositions, FeedKind::GtfsRtTripUpdates];
    let named = fields.texts("feed", "feeds", mistakes);
    if !fields.has("feed") && !fields.has("feeds") {
        mistakes
            .at(fields.start(), "`feeds` is missing: it should be the feeds with positions or updates of the trips");
    }
    let feeds = named.iter().filter_map(|at| known_feed(at, Some(&live), known, mistakes)).collect();
    let routes = fields.texts("route", "routes", mistakes).iter().map(|at| at.value.as_str().into()).collect();
    let mut open = fields.table("open", mistakes)?;
    let late = open.span_if("late_by", mistakes).map(|at| Trouble::Late(at.value));
    let missing = open.span_if("missing_after", mistakes).map(|at| Trouble::Missing(at.value));
    if late.is_some() == missing.is_some() {
        mistakes.at(open.start(), "[open] needs one of `late_by` and `missing_after`, as \"15 min\"");
    }
    let trips = open.count("trips", mistakes);
    let open_for = open.span_or("for", Span::default(), mistakes);
    open.finish(mistakes);
    let mut close = fields.table("close", mistakes)?;
    let close_below = close.count("trips_below", mistakes);
    let close_for = close.span_or("for", Span::default(), mistakes);
    close.finish(mistakes);
    if let (Some(trips), Some(below)) = (&trips, &close_below)
        && below.value > trips.value
    {
        let message = format!("`trips_below` should be at most {}; the alert would close as it opens", trips.value);
        mistakes.at(below.byte, message);
    }
    Some(OnTrip {
        timetable: timetable?,
        feeds,
        routes,
        trouble: late.or(missing)?,
        trips: trips?.value,
        open_for,
        close_below: close_below?.value,
        close_for,
    })
}

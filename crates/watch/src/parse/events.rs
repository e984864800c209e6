//! Kinds of rules that look at feeds, warnings and trips.

use city::{Contract, FeedId, FeedKind, PlaceId, RouteId, Span};

use super::{SEVERITIES, Town, datastreams};
use crate::reader::{At, Fields, Mistakes};
use crate::rule::{Absence, OnTrip, OnWarning, Trouble, Voice};

pub(super) fn absence(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Absence {
    let mut of = Vec::new();
    for feed in fields.texts("feed", "feeds", mistakes) {
        of.extend(known_feed(&feed, None, town, mistakes).map(Voice::Feed));
    }
    for thing in fields.ids("thing", "things", mistakes) {
        if let Some(found) = town.things.iter().find(|known| known.id.0 == thing.value) {
            of.push(Voice::Thing(found.id));
        } else {
            let all: Vec<String> = town.things.iter().map(|t| format!("{} ({})", t.id, t.name)).collect();
            mistakes.at(thing.byte, format!("thing {} is not there; there are {}", thing.value, all.join(", ")));
        }
    }
    if fields.has("datastream") || fields.has("datastreams") {
        of.extend(datastreams(fields, town, mistakes).iter().map(|stream| Voice::Datastream(stream.id)));
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

pub(super) fn known_feed(
    feed: &At<String>,
    kinds: Option<&[FeedKind]>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<FeedId> {
    let fits = |contract: &&Contract| kinds.is_none_or(|kinds| kinds.contains(&contract.kind));
    let found = town.contracts.iter().filter(fits).find(|contract| contract.feed.as_str() == feed.value);
    if found.is_none() {
        let all: Vec<&str> = town.contracts.iter().filter(fits).map(|contract| contract.feed.as_str()).collect();
        mistakes.at(feed.byte, format!("\"{}\" is no feed that fits here; there are {}", feed.value, all.join(", ")));
    }
    found.map(|contract| contract.feed.clone())
}

pub(super) fn on_warning(
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<OnWarning> {
    let feed = fields.text("feed", "the feed that warns", mistakes);
    let feed = feed.and_then(|at| known_feed(&at, Some(&[FeedKind::CapAtom, FeedKind::CapFiles]), town, mistakes));
    let at_least = fields.choice("at_least", &SEVERITIES, mistakes);
    let named = fields.texts("place", "places", mistakes);
    if !fields.has("place") && !fields.has("places") {
        mistakes.at(fields.start(), "`place` is missing: it should be the id of a place of this city");
    }
    let mut places = Vec::new();
    for place in named {
        if town.places.iter().any(|known| known.id.as_str() == place.value) {
            places.push(PlaceId::new(&place.value));
        } else {
            let all: Vec<&str> = town.places.iter().map(|place| place.id.as_str()).collect();
            mistakes.at(place.byte, format!("\"{}\" is no place; there are {}", place.value, all.join(", ")));
        }
    }
    let before = fields.span_or("before", Span::default(), mistakes);
    Some(OnWarning { feed: feed?, at_least: at_least?.value, places, before })
}

/// Whose runs: the feed with the timetable, the feeds with what is heard of them, and the routes.
pub(super) fn runs(
    fields: &mut Fields<'_, '_>,
    live: &[FeedKind],
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> (Option<FeedId>, Vec<FeedId>, Vec<RouteId>) {
    let timetable = fields.text("timetable", "the feed with the timetable", mistakes);
    let timetable = timetable.and_then(|at| known_feed(&at, Some(&[FeedKind::Gtfs]), town, mistakes));
    let named = fields.texts("feed", "feeds", mistakes);
    if !fields.has("feed") && !fields.has("feeds") {
        let updates = if live.contains(&FeedKind::GtfsRtTripUpdates) { " or updates" } else { "" };
        let message = format!("`feeds` is missing: it should be the feeds with positions{updates} of the trips");
        mistakes.at(fields.start(), message);
    }
    let feeds = named.iter().filter_map(|at| known_feed(at, Some(live), town, mistakes)).collect();
    let routes = fields.texts("route", "routes", mistakes).iter().map(|at| at.value.as_str().into()).collect();
    (timetable, feeds, routes)
}

pub(super) fn on_trip(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<OnTrip> {
    let live = [FeedKind::GtfsRtVehiclePositions, FeedKind::GtfsRtTripUpdates];
    let (timetable, feeds, routes) = runs(fields, &live, town, mistakes);
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

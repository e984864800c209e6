//! Kinds of rules that look at where public vehicles are.

use city::{FeedKind, PlaceId, Span};

use super::events::runs;
use super::{Town, some};
use crate::reader::{Fields, Mistakes};
use crate::rule::{Count, OnHeadway, OnZone};

/// `kind = "zone"`.
pub(super) fn on_zone(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<OnZone> {
    let zones = needed_zones(fields, town, mistakes);
    let (timetable, feeds, routes) = runs(fields, &[FeedKind::GtfsRtVehiclePositions], town, mistakes);
    let inside = fields.choice("where", &[("inside", true), ("outside", false)], mistakes);
    let stay = fields.span_or("stay", Span::default(), mistakes);
    let limits = limits(fields, ["vehicles", "vehicles_below"], mistakes)?;
    Some(OnZone {
        zones,
        timetable: timetable?,
        feeds,
        routes,
        inside: inside?.value,
        stay,
        open: limits.open,
        open_for: limits.open_for,
        close: limits.close,
        close_for: limits.close_for,
    })
}

/// How many open, and how many close.
pub(super) struct Limits {
    pub(super) open: Count,
    pub(super) open_for: Span,
    pub(super) close: Count,
    pub(super) close_for: Span,
}

/// `[open]` and `[close]` of a rule that counts; the names are of "so many or more" and of "fewer than so many".
pub(super) fn limits(
    fields: &mut Fields<'_, '_>,
    names: [&'static str; 2],
    mistakes: &mut Mistakes<'_>,
) -> Option<Limits> {
    let mut table = fields.table("open", mistakes)?;
    let open = count(&mut table, "open", names, mistakes);
    let open_for = table.span_or("for", Span::default(), mistakes);
    table.finish(mistakes);
    let (mut close, mut close_for) = (open.map(Count::opposite), Span::default());
    if let Some(mut table) = fields.table_if("close", mistakes) {
        let start = table.start();
        close = count(&mut table, "close", names, mistakes);
        close_for = table.span_or("for", Span::default(), mistakes);
        table.finish(mistakes);
        if let (Some(open), Some(close)) = (open, close)
            && let Some(would_be) = overlap(open, close, names)
        {
            mistakes.at(start, format!("[close] should be {would_be}; the alert would close as it opens"));
        }
    }
    Some(Limits { open: open?, open_for, close: close?, close_for })
}

/// Places with an outline, where a rule makes no sense without one.
pub(super) fn needed_zones(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Vec<PlaceId> {
    if !fields.has("zone") && !fields.has("zones") {
        mistakes.at(fields.start(), "`zones` is missing: it should be a list of places of this city with an outline");
    }
    zones(fields, town, mistakes)
}

/// Places with an outline.
pub(super) fn zones(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Vec<PlaceId> {
    let named = fields.texts("zone", "zones", mistakes);
    let with_outline = || some(town.places.iter().filter(|p| p.outline.is_some()).map(|place| &place.id));
    let known = named.into_iter().filter_map(|zone| {
        match town.places.iter().find(|place| place.id.as_str() == zone.value) {
            Some(place) if place.outline.is_some() => return Some(place.id.clone()),
            Some(_) => {
                let message =
                    format!("the place \"{}\" has no outline; these have one: {}", zone.value, with_outline());
                mistakes.at(zone.byte, message);
            }
            None => {
                let message = format!("\"{}\" is no place; with an outline there are {}", zone.value, with_outline());
                mistakes.at(zone.byte, message);
            }
        }
        None
    });
    known.collect()
}

fn count(
    table: &mut Fields<'_, '_>,
    name: &str,
    [least, below]: [&'static str; 2],
    mistakes: &mut Mistakes<'_>,
) -> Option<Count> {
    let written = table.has(least) || table.has(below);
    let at_least = table.count_if(least, mistakes).map(|at| Count::AtLeast(at.value));
    let fewer = table.count_if(below, mistakes).map(|at| Count::Below(at.value));
    match (at_least, fewer) {
        (Some(count), None) | (None, Some(count)) => Some(count),
        (None, None) if written => None,
        _ => {
            let message =
                format!("[{name}] needs one of `{least}` (so many or more) and `{below}`, as a whole number from 1");
            mistakes.at(table.start(), message);
            None
        }
    }
}

/// What a close condition should be that is on the side of the open one, or overlaps it.
fn overlap(open: Count, close: Count, [at_least, fewer]: [&str; 2]) -> Option<String> {
    match (open, close) {
        (Count::AtLeast(least), Count::Below(below)) => {
            (below > least).then(|| format!("`{fewer}` of at most {least}"))
        }
        (Count::Below(below), Count::AtLeast(least)) => {
            (least < below).then(|| format!("`{at_least}` of at least {below}"))
        }
        (Count::AtLeast(_), Count::AtLeast(_)) => Some(format!("`{fewer}`, as [open] has `{at_least}`")),
        (Count::Below(_), Count::Below(_)) => Some(format!("`{at_least}`, as [open] has `{fewer}`")),
    }
}

/// `kind = "headway"`.
pub(super) fn on_headway(
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<OnHeadway> {
    let live = [FeedKind::GtfsRtVehiclePositions, FeedKind::GtfsRtTripUpdates];
    let (timetable, feeds, routes) = runs(fields, &live, town, mistakes);
    let mut open = fields.table("open", mistakes)?;
    let bunched = open.number_if("bunched_below", mistakes);
    let gap = open.number_if("gap_above", mistakes);
    if !open.has("bunched_below") && !open.has("gap_above") {
        let message =
            "[open] needs `bunched_below` (as 0.25) or `gap_above` (as 2.0), as a share of the planned headway";
        mistakes.at(open.start(), message);
    }
    if let Some(at) = bunched.as_ref().filter(|at| !(at.value > 0.0 && at.value < 1.0)) {
        mistakes.at(at.byte, "`bunched_below` is a share of the planned headway; it should be between 0 and 1");
    }
    if let Some(at) = gap.as_ref().filter(|at| at.value <= 1.0) {
        mistakes.at(at.byte, "`gap_above` is a share of the planned headway; it should be more than 1");
    }
    let pairs = open.count("pairs", mistakes);
    let open_for = open.span_or("for", Span::default(), mistakes);
    open.finish(mistakes);
    let (mut close_below, mut close_for) = (pairs.as_ref().map(|at| at.value), Span::default());
    if let Some(mut close) = fields.table_if("close", mistakes) {
        if let Some(at) = close.count_if("pairs_below", mistakes) {
            if let Some(pairs) = pairs.as_ref().filter(|pairs| at.value > pairs.value) {
                let message =
                    format!("`pairs_below` should be at most {}; the alert would close as it opens", pairs.value);
                mistakes.at(at.byte, message);
            }
            close_below = Some(at.value);
        }
        close_for = close.span_or("for", Span::default(), mistakes);
        close.finish(mistakes);
    }
    Some(OnHeadway {
        timetable: timetable?,
        feeds,
        routes,
        bunched_below: bunched.map(|at| at.value),
        gap_above: gap.map(|at| at.value),
        pairs: pairs?.value,
        open_for,
        close_below: close_below?,
        close_for,
    })
}

//! Public vehicles in a zone, or out of it.

use std::collections::{BTreeMap, BTreeSet};

use city::{Place, PlaceId, Position, RouteId, Span, Time, Timetable, geometry};

use crate::context::Context;
use crate::engine::feed_blindness;
use crate::life::{Bearings, Judgement, Said};
use crate::rule::{OnZone, Rule};
use crate::state::{RunHeard, State, ZoneSeen};
use crate::timers::Holding;
use crate::trip;
use crate::truth::Truth;
use crate::words;

/// A position that nobody has confirmed for so long counts no more, and nothing has "stayed" through such a hole:
/// feeds of positions speak every 90 s at most (GTFS Realtime best practices), so three words were missed.
pub const POSITION_FRESH: Span = Span::min(5);
/// Lines named in the words of an alert.
const NAMED_MAX: usize = 6;

/// A place with an outline, ready to be asked often.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) id: PlaceId,
    outline: geometry::Polygon,
    bounds: geometry::BoundingBox,
}

impl Zone {
    /// `None` for a place without an outline.
    pub(crate) fn of(place: &Place) -> Option<Self> {
        let outline = place.outline.clone()?;
        Some(Self { id: place.id.clone(), bounds: outline.bounding_box(), outline })
    }

    pub(crate) fn contains(&self, position: Position) -> bool {
        self.bounds.contains(position) && self.outline.contains(position)
    }
}

/// A run was seen at a position: in which zones it is, and since when.
pub(crate) fn place(run: &mut RunHeard, zones: &BTreeMap<PlaceId, Zone>, position: Position, now: Time) {
    let unbroken = run.position.is_some_and(|(_, received)| now.since(received) <= POSITION_FRESH);
    let before = std::mem::take(&mut run.zones);
    let seen = zones.values().map(|zone| {
        let inside = zone.contains(position);
        let same = before.iter().find(|before| unbroken && before.zone == zone.id && before.inside == inside);
        ZoneSeen { zone: zone.id.clone(), inside, since: same.map_or(now, |same| same.since) }
    });
    run.zones = seen.collect();
}

/// Counts the vehicles of every zone; called on the full minute.
pub(crate) fn judgements(state: &State, context: &Context, rule: &Rule, kind: &OnZone, now: Time) -> Vec<Judgement> {
    let blind = kind.feeds.iter().find_map(|feed| feed_blindness(state, context, feed, now));
    let nothing = Timetable::default();
    let timetable = context.timetables.get(&kind.timetable).map_or(&nothing, |table| table);
    let counted = count(state, timetable, kind, now);
    let judged = kind.subjects().filter_map(|(zone, line, subject)| {
        let place = context.places.get(zone)?;
        let there = counted.get(&(zone.clone(), line.cloned())).cloned().unwrap_or_default();
        let seen = |holds: bool| Truth::from(holds).when_seen(blind.is_none());
        Some(Judgement {
            subject,
            holding: Holding {
                at: now,
                open: seen(kind.open.holds(there.count)),
                open_for: kind.open_for,
                close: seen(kind.close.holds(there.count)),
                close_for: kind.close_for,
                damped: rule.damped,
            },
            blind: blind.clone(),
            severity: rule.severity,
            said: words(timetable, kind, place, line, &there),
            bearings: Bearings {
                feed: kind.feeds.first().cloned(),
                place: Some(zone.clone()),
                position: Some(place.position),
                datastream: None,
            },
        })
    });
    judged.collect()
}

/// What is there.
#[derive(Clone, Default)]
struct There {
    count: u32,
    lines: BTreeSet<RouteId>,
}

fn count(
    state: &State,
    timetable: &Timetable,
    kind: &OnZone,
    now: Time,
) -> BTreeMap<(PlaceId, Option<RouteId>), There> {
    let mut counted: BTreeMap<_, There> = BTreeMap::new();
    for (run, heard) in state.runs.get(&kind.timetable).into_iter().flatten() {
        if heard.position.is_none_or(|(_, received)| now.since(received) > POSITION_FRESH) {
            continue;
        }
        let line = timetable.trip(&run.trip).and_then(|trip| trip::route_of(timetable, &kind.routes, trip));
        if line.is_none() && !kind.routes.is_empty() {
            continue;
        }
        for seen in &heard.zones {
            if seen.inside != kind.inside || now.since(seen.since) < kind.stay || !kind.zones.contains(&seen.zone) {
                continue;
            }
            let by_line = line.filter(|_| !kind.routes.is_empty()).cloned();
            let there = counted.entry((seen.zone.clone(), by_line)).or_default();
            there.count += 1;
            there.lines.extend(line.cloned());
        }
    }
    counted
}

fn words(timetable: &Timetable, kind: &OnZone, place: &Place, line: Option<&RouteId>, there: &There) -> Said {
    let of = line.map_or(String::new(), |line| format!(" of line {}", trip::name_of(timetable, line)));
    let (vehicles, are) = match there.count {
        0 => ("No vehicle".to_owned(), "is"),
        1 => ("1 vehicle".to_owned(), "is"),
        count => (format!("{count} vehicles"), "are"),
    };
    let side = if kind.inside { "inside" } else { "outside" };
    let mut lines: Vec<String> =
        there.lines.iter().map(|line| trip::name_of(timetable, line).to_owned()).take(NAMED_MAX).collect();
    if there.lines.len() > NAMED_MAX {
        lines.push("others".to_owned());
    }
    let which = if lines.is_empty() { String::new() } else { format!("Of {}.", words::list(&lines, "and")) };
    let stay = if kind.stay == Span::default() {
        String::new()
    } else {
        format!("Counted are those that have been so for {}.", words::span(kind.stay))
    };
    let detail = [which, stay].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Said { title: format!("{vehicles}{of} {are} {side} {}", place.name), detail, expected: None }
}

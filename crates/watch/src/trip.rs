//! Late or missing trips, counted by route.

use std::collections::BTreeMap;

use city::{RouteId, ServiceDate, Span, Time, Timetable, TripKey, timetable::Trip};

use crate::context::Context;
use crate::engine::feed_blindness;
use crate::life::{Bearings, Judgement, Said};
use crate::rule::{OnTrip, Rule, Trouble};
use crate::state::State;
use crate::timers::Holding;
use crate::truth::Truth;
use crate::words;

/// How often trips are counted: they leave by the minute.
pub const EVERY: Span = Span::min(1);
/// A delay that nobody has confirmed for so long counts no more.
pub const DELAY_FRESH: Span = Span::min(15);
/// A trip that never showed up is counted for so long after it was due.
pub const MISSING_COUNTED: Span = Span::h(1);
/// Departures named in the words of an alert.
const NAMED_MAX: usize = 3;

/// The trips of a timetable by their departure, so that those of the last hour are found without reading all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departures(Vec<(u32, u32)>);

impl Departures {
    pub(crate) fn of(timetable: &Timetable) -> Self {
        let first = |trip: &Trip| timetable.calls(trip).first().map(|call| call.departure_s);
        let mut all: Vec<(u32, u32)> =
            (0..).zip(&timetable.trips).filter_map(|(at, trip)| Some((first(trip)?, at))).collect();
        all.sort_unstable();
        Self(all)
    }

    /// Indexes of the trips that depart after `from_s` and up to `to_s`.
    fn between(&self, from_s: i64, to_s: i64) -> impl Iterator<Item = (u32, u32)> {
        let place = |second: i64| self.0.partition_point(|(departure, _)| i64::from(*departure) <= second);
        let (from, to) = (place(from_s), place(to_s));
        self.0.get(from..to.max(from)).unwrap_or_default().iter().copied()
    }
}

/// What is wrong on one route.
#[derive(Default)]
struct OnRoute {
    count: u32,
    worst_s: i64,
    departures: Vec<Time>,
}

/// Counts the trips of every route; called on the full minute.
pub(crate) fn judgements(state: &State, context: &Context, rule: &Rule, kind: &OnTrip, now: Time) -> Vec<Judgement> {
    let Some(timetable) = context.timetables.get(&kind.timetable) else { return Vec::new() };
    let blind = kind.feeds.iter().find_map(|feed| feed_blindness(state, context, feed, now));
    let mut by_route = match kind.trouble {
        Trouble::Late(by) => late(state, timetable, kind, by, now),
        Trouble::Missing(after) => missing(state, context, timetable, kind, after, now),
    };
    for (_, subject) in state.progress.keys().filter(|(id, _)| *id == rule.id) {
        if let Some(route) = subject.strip_prefix("route:") {
            by_route.entry(RouteId::new(route)).or_default();
        }
    }
    let judged = by_route.into_iter().map(|(route, trouble)| {
        let (title, detail) = words(context, timetable, kind, &route, &trouble);
        Judgement {
            subject: format!("route:{route}"),
            holding: Holding {
                at: now,
                open: Truth::from(trouble.count >= kind.trips).when_seen(blind.is_none()),
                open_for: kind.open_for,
                close: Truth::from(trouble.count < kind.close_below).when_seen(blind.is_none()),
                close_for: kind.close_for,
                damped: rule.damped,
            },
            blind: blind.clone(),
            severity: rule.severity,
            said: Said { title, detail, expected: None },
            bearings: Bearings { feed: kind.feeds.first().cloned(), ..Bearings::default() },
        }
    });
    judged.collect()
}

/// The route of a trip, where it is one of `wanted`, or all are.
pub(crate) fn route_of<'a>(timetable: &'a Timetable, wanted: &[RouteId], trip: &Trip) -> Option<&'a RouteId> {
    let route = &timetable.routes.get(trip.route as usize)?.id;
    (wanted.is_empty() || wanted.contains(route)).then_some(route)
}

/// What riders call a route.
pub(crate) fn name_of<'a>(timetable: &'a Timetable, route: &'a RouteId) -> &'a str {
    timetable.routes.iter().find(|known| known.id == *route).map_or(route.as_str(), |known| &known.short_name)
}

fn late(state: &State, timetable: &Timetable, kind: &OnTrip, by: Span, now: Time) -> BTreeMap<RouteId, OnRoute> {
    let mut by_route: BTreeMap<RouteId, OnRoute> = BTreeMap::new();
    // What the agency has taken off the road is late no more.
    for (run, heard) in state.runs.get(&kind.timetable).into_iter().flatten().filter(|(_, heard)| !heard.canceled) {
        let Some((delay_s, told)) = heard.delay else { continue };
        if i64::from(delay_s) < by.as_s() || now.since(told) > DELAY_FRESH {
            continue;
        }
        let Some(route) = timetable.trip(&run.trip).and_then(|trip| route_of(timetable, &kind.routes, trip)) else {
            continue;
        };
        let trouble = by_route.entry(route.clone()).or_default();
        trouble.count += 1;
        trouble.worst_s = trouble.worst_s.max(i64::from(delay_s));
    }
    by_route
}

/// Trips of running services that were due and of which nothing was heard. Only those that were due while all feeds
/// were speaking: of the others nobody can say that they were missing.
fn missing(
    state: &State,
    context: &Context,
    timetable: &Timetable,
    kind: &OnTrip,
    after: Span,
    now: Time,
) -> BTreeMap<RouteId, OnRoute> {
    let mut by_route: BTreeMap<RouteId, OnRoute> = BTreeMap::new();
    let Some(departures) = context.departures.get(&kind.timetable) else { return by_route };
    let since = kind
        .feeds
        .iter()
        .map(|feed| state.feeds.get(feed).map(|heard| heard.since))
        .try_fold(now - after - MISSING_COUNTED, |latest, since| since.map(|since| latest.max(since)));
    let Some(since) = since else { return by_route };
    let nothing = BTreeMap::new();
    let runs = state.runs.get(&kind.timetable).unwrap_or(&nothing);
    for (day, zero) in service_days(timetable, now) {
        let running: Vec<bool> = timetable.services.iter().map(|service| service.runs_on(day)).collect();
        for (departure_s, at) in departures.between(since.since(zero).as_s(), (now - after).since(zero).as_s()) {
            let Some(trip) = timetable.trips.get(at as usize) else { continue };
            if !running.get(trip.service as usize).copied().unwrap_or_default() {
                continue;
            }
            let Some(route) = route_of(timetable, &kind.routes, trip) else { continue };
            if runs.contains_key(&TripKey { trip: trip.id.clone(), service_date: day }) {
                continue;
            }
            let trouble = by_route.entry(route.clone()).or_default();
            trouble.count += 1;
            trouble.departures.push(zero + Span::s(i64::from(departure_s)));
        }
    }
    by_route
}

/// The service days whose trips may be on the road now (trips pass midnight), with their zero.
fn service_days(timetable: &Timetable, now: Time) -> Vec<(ServiceDate, Time)> {
    let Ok(zone) = jiff::tz::TimeZone::get(&timetable.timezone) else { return Vec::new() };
    let today = now.timestamp().to_zoned(zone).date();
    let days = [today.yesterday().ok(), Some(today)];
    let dated = days.into_iter().flatten().map(ServiceDate::from_date);
    dated.filter_map(|day| Some((day, timetable.zero(day)?))).collect()
}

fn words(
    context: &Context,
    timetable: &Timetable,
    kind: &OnTrip,
    route: &RouteId,
    trouble: &OnRoute,
) -> (String, String) {
    let name = name_of(timetable, route);
    let count = trouble.count;
    let (trips, have) = if count == 1 { ("trip", "has") } else { ("trips", "have") };
    match kind.trouble {
        Trouble::Late(by) => {
            let by = words::span(by);
            let title = if count == 0 {
                format!("No trip of line {name} is {by} late any more")
            } else {
                format!("{count} {trips} of line {name} {} {by} late or more", if count == 1 { "is" } else { "are" })
            };
            (title, format!("The latest is {} min behind.", trouble.worst_s / 60))
        }
        Trouble::Missing(after) => {
            let after = words::span(after);
            let title = if count == 0 {
                format!("No trip of line {name} is missing any more")
            } else {
                format!("{count} {trips} of line {name} {have} not started")
            };
            let newest = trouble.departures.iter().rev().take(NAMED_MAX).rev();
            let clocks: Vec<String> = newest.map(|at| words::clock(*at, &context.timezone)).collect();
            let detail = if clocks.is_empty() {
                "Every departure of the last hour has shown a vehicle, or is too long ago to count.".to_owned()
            } else {
                format!("No vehicle {after} after the departures at {}.", words::list(&clocks, "and"))
            };
            (title, detail)
        }
    }
}

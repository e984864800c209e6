//! Bunches and gaps: how far runs that follow one another are apart, beside what is planned.
//!
//! The headway of two runs is the difference of the times at which they pass one stop: the next one of the run
//! behind. A time is the timetable's and the newest delay; where only positions are there, the delay is what the place
//! on the way comes to.

use std::collections::{BTreeMap, HashMap};

use city::timetable::{Mode, StopTime, Trip};
use city::{Position, RouteId, ServiceDate, Span, Time, Timetable, VehiclePosition, geometry};

use crate::context::Context;
use crate::engine::feed_blindness;
use crate::figure::COVERED_MIN;
use crate::life::{Bearings, Judgement, Said};
use crate::rule::{OnHeadway, Rule};
use crate::state::{RunHeard, State};
use crate::timers::Holding;
use crate::trip::{self, DELAY_FRESH};
use crate::truth::Truth;

/// Runs that are planned closer than this are no headway: times are told by the minute.
pub const PLANNED_MIN: Span = Span::min(2);
/// Where runs are planned further apart than this, riders go by the timetable: a late run is the business of `trip`.
pub const PLANNED_MAX: Span = Span::h(1);
/// A vehicle further than this from the straight way between two stops is not placed on it: a block of houses and the
/// error of its receiver.
pub const OFF_WAY_MAX_M: f64 = 250.0;
/// Pairs named in the words of an alert.
const NAMED_MAX: usize = 3;

/// Which trips of a timetable call at the same stops in the same order: one number for each such pattern, by the
/// place of the trip.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns(Vec<u32>);

impl Patterns {
    pub(crate) fn of(timetable: &Timetable) -> Self {
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let number = |trip: &Trip| {
            let stops: Vec<u32> = timetable.calls(trip).iter().map(|call| call.stop).collect();
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(stops).or_insert(next)
        };
        Self(timetable.trips.iter().map(number).collect())
    }
}

/// How many seconds late a vehicle is that stands there. Of several places on its way (a line may cross itself) the
/// one that changes its delay least. `None` off its way, and at its end, where it waits and is not late.
pub(crate) fn delay_where_it_stands(timetable: &Timetable, seen: &VehiclePosition, before_s: i32) -> Option<i32> {
    let calls = timetable.calls(timetable.trip(&seen.trip.trip)?);
    let now_s = seen.time.since(timetable.zero(seen.trip.service_date)?).as_s() as f64;
    let stop = |call: &StopTime| timetable.stops.get(call.stop as usize).map(|stop| stop.position);
    let final_leg = calls.len().checked_sub(2)?;
    let delays = calls.windows(2).enumerate().filter_map(|(leg, ends)| {
        let [from, to] = ends else { return None };
        let (share, off_m) = along(stop(from)?, stop(to)?, seen.position);
        if off_m > OFF_WAY_MAX_M || (leg == final_leg && share >= 1.0) {
            return None;
        }
        let planned_s = f64::from(from.departure_s) + share * f64::from(to.arrival_s.saturating_sub(from.departure_s));
        let late_s = now_s - planned_s;
        // Who waits for the departure is not early.
        Some(if leg == 0 && share <= 0.0 { late_s.max(0.0) } else { late_s })
    });
    let change = |late_s: &f64| (late_s - f64::from(before_s)).abs();
    let nearest_s = delays.min_by(|a, b| change(a).total_cmp(&change(b)))?;
    #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest whole number that fits")]
    Some(nearest_s.round() as i32)
}

/// How far along the straight way from `from` to `to` the nearest point to `position` is (0 to 1), and how far off it
/// is in metres, on the plane that touches the Earth there: right within a city.
fn along(from: Position, to: Position, position: Position) -> (f64, f64) {
    let east = from.latitude.to_radians().cos();
    let flat = |point: Position| {
        let (x, y) = (point.longitude - from.longitude, point.latitude - from.latitude);
        (x.to_radians() * east * geometry::EARTH_RADIUS_M, y.to_radians() * geometry::EARTH_RADIUS_M)
    };
    let ((to_x, to_y), (x, y)) = (flat(to), flat(position));
    let length2 = to_x * to_x + to_y * to_y;
    let share = if length2 > 0.0 { ((x * to_x + y * to_y) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (share, (x - share * to_x).hypot(y - share * to_y))
}

/// A run on the road whose delay is known.
struct OnRoad<'t> {
    trip: &'t Trip,
    calls: &'t [StopTime],
    zero: Time,
    delay: Span,
}

impl OnRoad<'_> {
    fn planned(&self, call: usize) -> Option<Time> {
        self.calls.get(call).map(|call| self.zero + Span::s(i64::from(call.departure_s)))
    }

    fn passes(&self, call: usize) -> Option<Time> {
        self.planned(call).map(|planned| planned + self.delay)
    }

    /// Whether it has left, and not arrived.
    fn is_on_its_way(&self, now: Time) -> bool {
        let (left, arrives) = (self.passes(0), self.passes(self.calls.len().saturating_sub(1)));
        left.is_some_and(|left| left <= now) && arrives.is_some_and(|arrives| now <= arrives)
    }
}

/// Two runs that follow one another too closely, or at too great a distance.
struct Pair {
    apart: Span,
    planned: Span,
    stop: u32,
    headsign: String,
}

impl Pair {
    fn share(&self) -> f64 {
        self.apart.as_ms() as f64 / self.planned.as_ms().max(1) as f64
    }

    fn is_gap(&self) -> bool {
        self.share() > 1.0
    }

    /// How wrong it is, either way: a quarter of the planned headway is as wrong as four times it.
    fn wrong(&self) -> f64 {
        self.share().max(f64::MIN_POSITIVE).ln().abs()
    }
}

/// What is wrong on one route.
#[derive(Default)]
struct OnRoute {
    pairs: Vec<Pair>,
    on_road: u32,
    seen: u32,
}

impl OnRoute {
    /// Whether the count is the whole: of a route of which much cannot be seen, a low count proves no calm.
    fn is_whole(&self) -> bool {
        f64::from(self.seen) >= COVERED_MIN * f64::from(self.on_road)
    }
}

/// Counts the pairs of every route; called on the full minute.
pub(crate) fn judgements(state: &State, context: &Context, rule: &Rule, kind: &OnHeadway, now: Time) -> Vec<Judgement> {
    let Some(timetable) = context.timetables.get(&kind.timetable) else { return Vec::new() };
    let blind = kind.feeds.iter().find_map(|feed| feed_blindness(state, context, feed, now));
    let mut by_route = look(state, context, timetable, kind, now);
    for (_, subject) in state.progress.keys().filter(|(id, _)| *id == rule.id) {
        if let Some(route) = subject.strip_prefix("route:") {
            by_route.entry(RouteId::new(route)).or_default();
        }
    }
    let judged = by_route.into_iter().map(|(route, found)| {
        let count = u32::try_from(found.pairs.len()).unwrap_or(u32::MAX);
        let (opens, closes) = (count >= kind.pairs, count < kind.close_below);
        Judgement {
            subject: format!("route:{route}"),
            holding: Holding {
                at: now,
                open: Truth::from(opens).when_seen(blind.is_none() && (opens || found.is_whole())),
                open_for: kind.open_for,
                close: Truth::from(closes).when_seen(blind.is_none() && (!closes || found.is_whole())),
                close_for: kind.close_for,
                damped: rule.damped,
            },
            blind: blind.clone(),
            severity: rule.severity,
            said: words(timetable, &route, &found),
            bearings: Bearings { feed: kind.feeds.first().cloned(), ..Bearings::default() },
        }
    });
    judged.collect()
}

fn look(
    state: &State,
    context: &Context,
    timetable: &Timetable,
    kind: &OnHeadway,
    now: Time,
) -> BTreeMap<RouteId, OnRoute> {
    let mut by_route: BTreeMap<RouteId, OnRoute> = BTreeMap::new();
    let mut lines: BTreeMap<(&RouteId, u32), Vec<OnRoad<'_>>> = BTreeMap::new();
    let mut zeros: BTreeMap<ServiceDate, Option<Time>> = BTreeMap::new();
    let Some(patterns) = context.patterns.get(&kind.timetable) else { return by_route };
    for (run, heard) in state.runs.get(&kind.timetable).into_iter().flatten().filter(|(_, heard)| !heard.canceled) {
        let Some(place) = timetable.trip_by_id.get(&run.trip).map(|place| *place as usize) else { continue };
        let (Some(trip), Some(pattern)) = (timetable.trips.get(place), patterns.0.get(place)) else { continue };
        let Some(route) = trip::route_of(timetable, &kind.routes, trip) else { continue };
        let zero = *zeros.entry(run.service_date).or_insert_with(|| timetable.zero(run.service_date));
        let Some(zero) = zero else { continue };
        let (delay, is_fresh) = newest_delay(heard, now);
        let on_road = OnRoad { trip, calls: timetable.calls(trip), zero, delay };
        if !on_road.is_on_its_way(now) {
            continue;
        }
        let found = by_route.entry(route.clone()).or_default();
        found.on_road += 1;
        if is_fresh {
            found.seen += 1;
            lines.entry((route, *pattern)).or_default().push(on_road);
        }
    }
    for ((route, _), mut runs) in lines {
        runs.sort_by_key(|run| (run.planned(0), &run.trip.id));
        let pairs = runs.windows(2).filter_map(|pair| look_at(pair.first()?, pair.last()?, now));
        let wrong = pairs.filter(|pair| {
            kind.bunched_below.is_some_and(|below| pair.share() < below)
                || kind.gap_above.is_some_and(|above| pair.share() > above)
        });
        by_route.entry(route.clone()).or_default().pairs.extend(wrong);
    }
    for found in by_route.values_mut() {
        found.pairs.sort_by(|a, b| b.wrong().total_cmp(&a.wrong()));
    }
    by_route
}

/// How late a run is, and whether that still counts: what an update told, or else where it stands.
fn newest_delay(heard: &RunHeard, now: Time) -> (Span, bool) {
    let fresh = |delay: &&(i32, Time)| now.since(delay.1) <= DELAY_FRESH;
    let told = heard.delay.as_ref().filter(fresh).or(heard.placed.as_ref().filter(fresh));
    let last = told.or(heard.delay.as_ref()).or(heard.placed.as_ref());
    (Span::s(last.map_or(0, |(delay_s, _)| i64::from(*delay_s))), told.is_some())
}

/// Two runs that follow one another, at the next stop of the one behind.
fn look_at(ahead: &OnRoad<'_>, behind: &OnRoad<'_>, now: Time) -> Option<Pair> {
    let next = (0..behind.calls.len()).find(|call| behind.passes(*call).is_some_and(|passes| passes >= now))?;
    let planned = behind.planned(next)?.since(ahead.planned(next)?);
    let apart = behind.passes(next)?.since(ahead.passes(next)?);
    let stop = behind.calls.get(next)?.stop;
    let apart = Span::ms(apart.as_ms().abs()); // One may have overtaken the other.
    let counts = (PLANNED_MIN..=PLANNED_MAX).contains(&planned);
    counts.then(|| Pair { apart, planned, stop, headsign: behind.trip.headsign.clone() })
}

fn words(timetable: &Timetable, route: &RouteId, found: &OnRoute) -> Said {
    let name = trip::name_of(timetable, route);
    let mode = timetable.routes.iter().find(|known| known.id == *route).map(|route| route.mode);
    let vehicles = match mode {
        Some(Mode::Bus) | None => "buses",
        Some(Mode::Tram) => "trams",
        Some(Mode::Metro | Mode::Rail) => "trains",
        Some(Mode::Ferry) => "ferries",
    };
    let stop = |pair: &Pair| timetable.stops.get(pair.stop as usize).map_or("", |stop| stop.name.as_str());
    let minutes = |span: Span| (span.as_s() + 30) / 60;
    let Some(worst) = found.pairs.first() else {
        let detail = format!("{} of {} on the road can be seen.", found.seen, found.on_road);
        return Said { title: format!("Line {name}: the {vehicles} keep their distance"), detail, expected: None };
    };
    let (apart, planned, at) = (minutes(worst.apart), minutes(worst.planned), stop(worst));
    let title = if worst.is_gap() {
        format!("Line {name}: {apart} min between {vehicles} where {planned} are planned, at {at}")
    } else {
        format!("Line {name}: 2 {vehicles} {apart} min apart where {planned} are planned, at {at}")
    };
    let all = found.pairs.iter().take(NAMED_MAX).map(|pair| {
        let to = if pair.headsign.is_empty() { String::new() } else { format!(" to {}", pair.headsign) };
        format!("{} min at {}{to}, {} planned", minutes(pair.apart), stop(pair), minutes(pair.planned))
    });
    let detail = format!("{}; {} in all.", all.collect::<Vec<_>>().join("; "), found.pairs.len());
    Said { title, detail, expected: None }
}

//! Residents' requests (Open311), counted: so many tickets of some services within a window, in one square kilometre,
//! in a zone, or altogether.
//!
//! A request tells the hour in which it was made and no more. So a window of "2 h" counts the hour that runs and the
//! two before it: all of the last two hours, and up to an hour more; never less. Counts change when a request comes,
//! and at the full hour.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use city::service_request::{REQUEST_HOUR, REQUEST_ID_CHARS_MAX, SERVICE_CODE_CHARS_MAX};
use city::{AlertChange, FeedId, GridCell, Place, PlaceId, ServiceCode, ServiceRequest, ServiceRequestId, Span, Time};
use serde::{Deserialize, Serialize};

use crate::combined::Looks;
use crate::context::Context;
use crate::engine::feed_blindness;
use crate::jobs::Job;
use crate::life::{self, Bearings, Judgement};
use crate::rule::{Kind, OnRequests, Rule};
use crate::state::State;
use crate::timers::Holding;
use crate::truth::Truth;
use crate::zone::Zone;
use crate::{joint, requests_said};

/// Tickets of one feed that are told apart at once, and so the most cells that can have a count. The stormiest day
/// of New York brought some 14,000 requests of all services together; a rule asks for a few services of a week at
/// most. What comes beyond is not counted: until its hour has left the window, counts are "at least", so that an
/// alert may open and none closes.
pub const REQUESTS_MAX: usize = 20_000;
/// The longest window: what is older is no surge.
pub const REQUEST_WINDOW_MAX: Span = Span::h(24 * 7);
/// The most that the tickets of one feed come to hold, in bytes: a text and a place in a tree each.
pub(crate) const TICKETS_BYTES_MAX: usize =
    REQUESTS_MAX * (2 * size_of::<(ServiceRequestId, Made)>() + REQUEST_ID_CHARS_MAX + 4 * SERVICE_CODE_CHARS_MAX);
/// The most that the counts of one rule come to hold, in bytes: one for each ticket, in a cell of its own.
pub(crate) const COUNTS_BYTES_MAX: usize =
    REQUESTS_MAX * (2 * size_of::<(Counted, BTreeMap<Time, u32>)>() + size_of::<(Time, u32)>() * TREE_LEAF);
/// Places in a leaf of a tree of the standard library, which is made whole.
const TREE_LEAF: usize = 11;

/// What is remembered of requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Requests {
    /// Tickets within the longest window of the rules on their feed, where some rule asks for their service. At most
    /// [`REQUESTS_MAX`] of a feed.
    made: BTreeMap<FeedId, BTreeMap<ServiceRequestId, Made>>,
    /// The newest hour of a ticket for which there was no room, or that may not have been read.
    not_counted: BTreeMap<FeedId, Time>,
    /// By place in [`Context::requests`]: how many in each hour, where there are any.
    counts: BTreeMap<u32, BTreeMap<Counted, BTreeMap<Time, u32>>>,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    code: ServiceCode,
    cell: GridCell,
    hour: Time,
}

/// Where is counted: the subject of an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Counted {
    /// One square kilometre.
    Cell(GridCell),
    /// A place with an outline.
    Place(PlaceId),
    /// Wherever the feed tells of.
    Everywhere,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(cell) => write!(f, "cell:{cell}"),
            Self::Place(place) => write!(f, "place:{place}"),
            Self::Everywhere => f.write_str("everywhere"),
        }
    }
}

impl Counted {
    /// From the subject of an alert.
    pub(crate) fn from_subject(subject: &str) -> Option<Self> {
        match subject.split_once(':') {
            Some(("cell", id)) => GridCell::from_id(id).map(Self::Cell),
            Some(("place", id)) => Some(Self::Place(PlaceId::new(id))),
            _ => (subject == "everywhere").then_some(Self::Everywhere),
        }
    }
}

/// A rule, or a condition of one, that counts requests.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// Place in the rules.
    pub(crate) rule: usize,
    /// Place among the conditions, for a condition.
    condition: Option<u16>,
    kind: OnRequests,
    zones: Vec<Zone>,
}

/// All who count requests, in the order of their rules.
pub(crate) fn askers(rules: &[Rule], places: &BTreeMap<PlaceId, Place>) -> Vec<Asker> {
    let mut all = Vec::new();
    let mut ask = |rule: usize, condition: Option<u16>, kind: &Kind| {
        let Kind::Requests(kind) = kind else { return };
        let zones = kind.zones.iter().filter_map(|id| Zone::of(places.get(id)?)).collect();
        all.push(Asker { rule, condition, kind: kind.clone(), zones });
    };
    for (at, rule) in rules.iter().enumerate() {
        ask(at, None, &rule.kind);
        if let Kind::Combined(combined) = &rule.kind {
            for (place, condition) in (0..).zip(&combined.conditions) {
                if let Looks::At(kind) = &condition.looks {
                    ask(at, Some(place), kind);
                }
            }
        }
    }
    all
}

impl Asker {
    /// Where a ticket counts.
    fn counted(&self, made: &Made) -> Vec<Counted> {
        let centre = made.cell.centre();
        let around = self.zones.iter().filter(|zone| zone.contains(centre));
        match (self.kind.by_cell, self.kind.zones.is_empty()) {
            (false, true) => vec![Counted::Everywhere],
            (false, false) => around.map(|zone| Counted::Place(zone.id.clone())).collect(),
            (true, all) => {
                if all || around.count() > 0 {
                    vec![Counted::Cell(made.cell)]
                } else {
                    Vec::new()
                }
            }
        }
    }

    fn asks_for(&self, made: &Made, now: Time) -> bool {
        made.hour >= window_start(self.kind.window, now) && self.kind.services.contains(&made.code)
    }
}

/// The first hour that counts.
fn window_start(window: Span, now: Time) -> Time {
    now.floor(REQUEST_HOUR) - window
}

/// Those who count the requests of a feed, with their places.
fn askers_of<'c>(context: &'c Context, feed: &FeedId) -> impl Iterator<Item = (u32, &'c Asker)> {
    (0..).zip(&context.requests).filter(move |(_, asker)| asker.kind.feed == *feed)
}

/// Whether some rule counts the requests of a feed.
pub(crate) fn asks(context: &Context, feed: &FeedId) -> bool {
    context.requests.iter().any(|asker| asker.kind.feed == *feed)
}

impl Requests {
    /// Takes a ticket, new or told anew, and gives where counts moved.
    fn put(&mut self, context: &Context, feed: &FeedId, request: &ServiceRequest, now: Time) -> Vec<(u32, Counted)> {
        let made = Made { code: request.code.clone(), cell: request.cell, hour: request.hour };
        let tickets = self.made.entry(feed.clone()).or_default();
        let known = tickets.get(&request.id);
        if known == Some(&made) {
            return Vec::new();
        }
        let mut moved = Vec::new();
        let asked = askers_of(context, feed).any(|(_, asker)| asker.asks_for(&made, now));
        if known.is_none() && asked && tickets.len() >= REQUESTS_MAX {
            let newest = self.not_counted.entry(feed.clone()).or_insert(made.hour);
            *newest = made.hour.max(*newest);
            // Every count of the feed is "at least" from now on.
            return self.everything(context, feed);
        }
        if let Some(before) = tickets.remove(&request.id) {
            self.count(context, feed, &before, now, false, &mut moved);
        }
        if asked {
            self.count(context, feed, &made, now, true, &mut moved);
            self.made.entry(feed.clone()).or_default().insert(request.id.clone(), made);
        }
        moved.sort();
        moved.dedup();
        moved
    }

    /// Adds a ticket to the counts, or takes it away.
    fn count(
        &mut self,
        context: &Context,
        feed: &FeedId,
        made: &Made,
        now: Time,
        adds: bool,
        moved: &mut Vec<(u32, Counted)>,
    ) {
        for (place, asker) in askers_of(context, feed).filter(|(_, asker)| asker.asks_for(made, now)) {
            for counted in asker.counted(made) {
                let subjects = self.counts.entry(place).or_default();
                let hours = subjects.entry(counted.clone()).or_default();
                let count = hours.entry(made.hour).or_default();
                *count = if adds { count.saturating_add(1) } else { count.saturating_sub(1) };
                hours.retain(|_, count| *count > 0);
                if hours.is_empty() {
                    subjects.remove(&counted);
                }
                moved.push((place, counted));
            }
        }
    }

    fn everything(&self, context: &Context, feed: &FeedId) -> Vec<(u32, Counted)> {
        let of = |place: u32| self.counts.get(&place).into_iter().flat_map(BTreeMap::keys);
        let all =
            askers_of(context, feed).flat_map(|(place, _)| of(place).map(move |counted| (place, counted.clone())));
        all.collect()
    }

    /// Forgets what has left the windows.
    fn slide(&mut self, context: &Context, now: Time) {
        for (place, asker) in (0..).zip(&context.requests) {
            let Some(subjects) = self.counts.get_mut(&place) else { continue };
            let start = window_start(asker.kind.window, now);
            subjects.retain(|_, hours| {
                hours.retain(|hour, _| *hour >= start);
                !hours.is_empty()
            });
        }
        self.counts.retain(|_, subjects| !subjects.is_empty());
        self.made.retain(|feed, tickets| {
            let start = longest(context, feed).map(|window| window_start(window, now));
            tickets.retain(|_, made| start.is_some_and(|start| made.hour >= start));
            !tickets.is_empty()
        });
        self.not_counted
            .retain(|feed, hour| longest(context, feed).is_some_and(|window| *hour >= window_start(window, now)));
    }

    /// Counts all tickets again, for other rules.
    pub(crate) fn recount(&mut self, context: &Context, now: Time) {
        self.counts.clear();
        self.slide(context, now);
        let all = std::mem::take(&mut self.made);
        for (feed, tickets) in &all {
            for made in tickets.values() {
                self.count(context, feed, made, now, true, &mut Vec::new());
            }
        }
        self.made = all;
    }

    /// How many in each hour of the window.
    fn hours(&self, place: u32, counted: &Counted) -> Option<&BTreeMap<Time, u32>> {
        self.counts.get(&place)?.get(counted)
    }

    /// Whether all tickets of the window were counted.
    fn is_whole(&self, kind: &OnRequests, now: Time) -> bool {
        self.not_counted.get(&kind.feed).is_none_or(|hour| *hour < window_start(kind.window, now))
    }
}

fn longest(context: &Context, feed: &FeedId) -> Option<Span> {
    askers_of(context, feed).map(|(_, asker)| asker.kind.window).max()
}

/// Takes a request, and judges what it moved.
pub(crate) fn take(
    state: &mut State,
    context: &Context,
    feed: &FeedId,
    request: &ServiceRequest,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    if !asks(context, feed) {
        return;
    }
    let moved = state.requests.put(context, feed, request, now);
    let mut conditions = false;
    for (place, counted) in &moved {
        let Some(asker) = context.requests.get(*place as usize) else { continue };
        match asker.condition {
            None => judge(state, context, *place, asker, counted, now, out),
            Some(_) => conditions = true,
        }
    }
    if conditions {
        joint::judge_all(state, context, false, now, out);
    }
}

/// More had been made by the end of an hour than were read: until it has left the windows, counts are "at least".
pub(crate) fn cut(
    state: &mut State,
    context: &Context,
    feed: &FeedId,
    hour: Time,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    if asks(context, feed) {
        let newest = state.requests.not_counted.entry(feed.clone()).or_insert(hour);
        *newest = hour.max(*newest);
        judge_all(state, context, now, out);
    }
}

/// Judges everything that is counted, or that an alert stands on: at the full hour, when a timer runs out, and when
/// a feed falls silent or speaks again.
pub(crate) fn judge_all(state: &mut State, context: &Context, now: Time, out: &mut Vec<AlertChange>) {
    if context.requests.is_empty() {
        return;
    }
    state.requests.slide(context, now);
    for (place, asker) in (0..).zip(&context.requests).filter(|(_, asker)| asker.condition.is_none()) {
        let Some(rule) = context.rules.get(asker.rule) else { continue };
        let mut subjects: BTreeSet<Counted> =
            state.requests.counts.get(&place).into_iter().flat_map(BTreeMap::keys).cloned().collect();
        let from = (rule.id.clone(), String::new());
        let known = state.progress.range(from..).take_while(|((id, _), _)| *id == rule.id);
        subjects.extend(known.filter_map(|((_, subject), _)| Counted::from_subject(subject)));
        for counted in &subjects {
            judge(state, context, place, asker, counted, now, out);
        }
    }
    state.jobs.add(now.floor(REQUEST_HOUR) + REQUEST_HOUR, Job::Requests);
    if !context.combined.is_empty() {
        joint::judge_all(state, context, false, now, out);
    }
}

/// Judges one subject, and asks to be called when its timers run out.
fn judge(
    state: &mut State,
    context: &Context,
    place: u32,
    asker: &Asker,
    counted: &Counted,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let Some(rule) = context.rules.get(asker.rule) else { return };
    let judgement = judgement(state, context, rule, (place, asker), counted, now);
    if let Some(due) = life::advance(state, rule, judgement, now, out) {
        state.jobs.add(due, Job::Requests);
    }
}

/// What a rule makes of everything that it counts now.
pub(crate) fn judgements(state: &State, context: &Context, rule: usize, of: &Rule, now: Time) -> Vec<Judgement> {
    let own = |asker: &Asker| asker.rule == rule && asker.condition.is_none();
    let Some((place, asker)) = (0..).zip(&context.requests).find(|(_, asker)| own(asker)) else { return Vec::new() };
    let counts = state.requests.counts.get(&place).into_iter().flat_map(BTreeMap::keys);
    counts.map(|counted| judgement(state, context, of, (place, asker), counted, now)).collect()
}

fn judgement(
    state: &State,
    context: &Context,
    rule: &Rule,
    (place, asker): (u32, &Asker),
    counted: &Counted,
    now: Time,
) -> Judgement {
    let kind = &asker.kind;
    let blind = feed_blindness(state, context, &kind.feed, now);
    let requests = &state.requests;
    let is_whole = requests.is_whole(kind, now);
    let nothing = BTreeMap::new();
    let hours = requests.hours(place, counted).unwrap_or(&nothing);
    let start = window_start(kind.window, now);
    let count = hours.range(start..).fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
    let (opens, closes) = (count >= kind.requests, count < kind.close_below);
    let position = match counted {
        Counted::Cell(cell) => Some(cell.centre()),
        Counted::Place(place) => context.places.get(place).map(|place| place.position),
        Counted::Everywhere => None,
    };
    let within = match counted {
        Counted::Cell(cell) => requests_said::around(context, *cell).map(|place| place.id.clone()),
        Counted::Place(place) => Some(place.clone()),
        Counted::Everywhere => None,
    };
    Judgement {
        subject: counted.to_string(),
        holding: Holding {
            at: now,
            open: Truth::from(opens).when_seen(blind.is_none() && (opens || is_whole)),
            open_for: kind.open_for,
            close: Truth::from(closes).when_seen(blind.is_none() && (!closes || is_whole)),
            close_for: kind.close_for,
            damped: rule.damped,
        },
        blind,
        severity: rule.severity,
        said: requests_said::words(context, kind, counted, (count, is_whole), hours.range(start..)),
        bearings: Bearings { datastream: None, feed: Some(kind.feed.clone()), place: within, position },
    }
}

/// Whether a condition of a combined rule holds anywhere.
pub(crate) fn truth(state: &State, context: &Context, rule: usize, condition: u16, now: Time) -> Truth {
    let wanted = |asker: &&Asker| asker.rule == rule && asker.condition == Some(condition);
    let Some((place, asker)) = (0..).zip(&context.requests).find(|(_, asker)| wanted(asker)) else {
        return Truth::Unknown;
    };
    let start = window_start(asker.kind.window, now);
    let count = |hours: &BTreeMap<Time, u32>| hours.range(start..).fold(0_u32, |sum, (_, n)| sum.saturating_add(*n));
    let opens = state
        .requests
        .counts
        .get(&place)
        .is_some_and(|subjects| subjects.values().any(|hours| count(hours) >= asker.kind.requests));
    let seen = state.feed_silent_since(context, &asker.kind.feed, now).is_none();
    Truth::from(opens).when_seen(seen && (opens || state.requests.is_whole(&asker.kind, now)))
}

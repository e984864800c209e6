//! Things of the city inside a place, or outside of it: a pump that is not in its yard, a generator that stands at the
//! hospital. Their places change once a day at most, as the gate takes no tracks.

use std::collections::BTreeMap;

use city::{
    AlertChange, EntityBody, EntityChange, EntityId, EntityKind, FeedId, Place, PlaceId, Position, Shape, Span, Time,
};
use serde::{Deserialize, Serialize};

use crate::combined::Looks;
use crate::context::Context;
use crate::engine::feed_blindness;
use crate::life::{self, Bearings, Judgement, Said};
use crate::rule::{Count, Kind, Rule};
use crate::state::State;
use crate::timers::Holding;
use crate::truth::Truth;
use crate::words;

/// Locations whose points are remembered, and things: more than any city seen has set up. Of what comes beyond nobody
/// knows where it is, and rules on it say so.
pub const LOCATIONS_MAX: usize = 200_000;
/// Things named in the words of an alert.
const NAMED_MAX: usize = 6;

/// How many of some things are in a zone, or out of it. Its subject is the zone. State: where things are, once for all
/// rules, at most [`LOCATIONS_MAX`].
#[derive(Clone, Debug, PartialEq)]
pub struct OnFence {
    /// Places with an outline; each is a subject of its own.
    pub zones: Vec<PlaceId>,
    /// The things, by their ids in SensorThings.
    pub things: Vec<EntityId>,
    /// The feed that says where they are.
    pub feed: FeedId,
    /// Counts those inside; otherwise those outside.
    pub inside: bool,
    /// When it opens.
    pub open: Count,
    /// How long it must hold before it opens.
    pub open_for: Span,
    /// When it closes.
    pub close: Count,
    /// How long the close condition must hold.
    pub close_for: Span,
}

/// Where things are, as was told through SensorThings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Whereabouts {
    /// The point of each location that is one. At most [`LOCATIONS_MAX`].
    points: BTreeMap<EntityId, Position>,
    /// Names and locations of things. At most [`LOCATIONS_MAX`].
    things: BTreeMap<EntityId, Located>,
}

/// A thing and its locations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Located {
    name: String,
    locations: Vec<EntityId>,
}

impl Whereabouts {
    /// Takes one step in the life of an entity; whether a thing may be elsewhere now.
    fn take(&mut self, change: &EntityChange) -> bool {
        match change {
            EntityChange::Put(entity) => match &entity.body {
                EntityBody::Location { location: Shape::Point(position), .. } => {
                    let room = self.points.len() < LOCATIONS_MAX || self.points.contains_key(&entity.id);
                    room && self.points.insert(entity.id.clone(), *position) != Some(*position)
                }
                EntityBody::Location { .. } => self.points.remove(&entity.id).is_some(),
                EntityBody::Thing { locations, .. } => {
                    let located = Located { name: entity.name.clone(), locations: locations.clone() };
                    let room = self.things.len() < LOCATIONS_MAX || self.things.contains_key(&entity.id);
                    if room {
                        self.things.insert(entity.id.clone(), located);
                    }
                    room
                }
                _ => false,
            },
            EntityChange::Delete(EntityKind::Location, id) => self.points.remove(id).is_some(),
            EntityChange::Delete(EntityKind::Thing, id) => self.things.remove(id).is_some(),
            EntityChange::Delete(..) => false,
        }
    }
}

/// Whether a rule hangs on where things are.
pub(crate) fn asks(kind: &Kind) -> bool {
    match kind {
        Kind::Fence(_) => true,
        Kind::Combined(combined) => {
            combined.conditions.iter().any(|condition| matches!(&condition.looks, Looks::At(kind) if asks(kind)))
        }
        _ => false,
    }
}

/// Takes note of what happened to entities, and of nothing that it means.
pub(crate) fn remember(state: &mut State, changes: &[EntityChange]) {
    for change in changes {
        state.whereabouts.take(change);
    }
}

/// Takes what happened to entities, and judges the rules on things when one of them may be elsewhere.
pub(crate) fn take(
    state: &mut State,
    context: &Context,
    changes: &[EntityChange],
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let moved = changes.iter().filter(|change| state.whereabouts.take(change)).count();
    if moved == 0 {
        return;
    }
    for rule in &context.rules {
        if let Kind::Fence(kind) = &rule.kind {
            for judgement in judgements(state, context, rule, kind, now) {
                life::advance(state, rule, judgement, now, out);
            }
        }
    }
}

/// Where a thing is, and what it is called. Things of `city.toml` stand where that says.
fn find<'a>(state: &'a State, context: &'a Context, id: &EntityId) -> (Option<Position>, Option<&'a str>) {
    if let Some(located) = state.whereabouts.things.get(id) {
        let point = located.locations.iter().find_map(|location| state.whereabouts.points.get(location));
        return (point.copied(), Some(&located.name));
    }
    let number = if let EntityId::Number(number) = id { u32::try_from(*number).ok() } else { None };
    let thing = number.and_then(|number| context.things.get(&city::ThingId(number)));
    (thing.map(|thing| thing.position), thing.map(|thing| thing.name.as_str()))
}

/// What a rule on things has to say of each of its zones.
pub(crate) fn judgements(state: &State, context: &Context, rule: &Rule, kind: &OnFence, now: Time) -> Vec<Judgement> {
    let blind = feed_blindness(state, context, &kind.feed, now);
    let found: Vec<_> = kind.things.iter().map(|id| (id, find(state, context, id))).collect();
    let judged = kind.zones.iter().filter_map(|id| {
        let place = context.places.get(id)?;
        let outline = place.outline.as_ref()?;
        let counts = |position: Position| outline.contains(position) == kind.inside;
        let there: Vec<String> = found
            .iter()
            .filter(|(_, (position, _))| position.is_some_and(counts))
            .map(|(id, (_, name))| name.map_or_else(|| format!("thing {id}"), str::to_owned))
            .collect();
        // A thing that nobody knows the place of may be there or not.
        let unknown = found.iter().filter(|(_, (position, _))| position.is_none()).count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (least, most) = (count(there.len()), count(there.len() + unknown));
        let seen = |wanted: Count| {
            let sure = wanted.holds(least) == wanted.holds(most);
            Truth::from(wanted.holds(least)).when_seen(sure && blind.is_none())
        };
        Some(Judgement {
            subject: format!("place:{id}"),
            holding: Holding {
                at: now,
                open: seen(kind.open),
                open_for: kind.open_for,
                close: seen(kind.close),
                close_for: kind.close_for,
                damped: rule.damped,
            },
            blind: blind.clone(),
            severity: rule.severity,
            said: said(kind, place, &there, unknown),
            bearings: Bearings {
                feed: Some(kind.feed.clone()),
                place: Some(id.clone()),
                position: Some(place.position),
                datastream: None,
            },
        })
    });
    judged.collect()
}

fn said(kind: &OnFence, place: &Place, there: &[String], unknown: usize) -> Said {
    let side = if kind.inside { "inside" } else { "outside" };
    let title = match there {
        [] if unknown > 0 => {
            let are = if unknown == 1 { "is" } else { "are" };
            let all = kind.things.len();
            format!("Nobody knows where {unknown} of {all} things {are}, and none is {side} {}", place.name)
        }
        [] => format!("None of {} things is {side} {}", kind.things.len(), place.name),
        [one] => format!("{one} is {side} {}", place.name),
        many => format!("{} things are {side} {}", many.len(), place.name),
    };
    let mut named: Vec<String> = there.iter().take(NAMED_MAX).cloned().collect();
    if there.len() > NAMED_MAX {
        named.push("others".to_owned());
    }
    let which = if named.len() > 1 { format!("{}.", words::list(&named, "and")) } else { String::new() };
    let rest = match unknown {
        0 => String::new(),
        _ if there.is_empty() => String::new(),
        1 => "Of 1 more nobody knows where it is.".to_owned(),
        count => format!("Of {count} more nobody knows where they are."),
    };
    let detail = [which, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Said { title, detail, expected: None }
}

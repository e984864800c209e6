//! What explains what: the links of the city, made ready for two questions of every alert: what lies above it, and
//! what lies below.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use city::{Alert, Datastream, DatastreamId, FeedId, Link, Node, PlaceId, RouteId, RuleId, ThingId};
use serde::{Deserialize, Serialize};

/// Spots that one question looks at: the whole of a city's power grid. What lies beyond is not explained, and calls
/// for itself.
pub const SPREAD_MAX: usize = 20_000;

/// Where an alert stands among the links.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Spot {
    /// On something that links name.
    On(Node),
    /// It says that something which speaks through this feed is silent: a silent feed explains that, and only that.
    UnheardThrough(FeedId),
}

/// The links, ready to be asked. Built once from the configuration.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    above: BTreeMap<Spot, Vec<Spot>>,
    below: BTreeMap<Spot, Vec<Spot>>,
    things: BTreeMap<DatastreamId, (ThingId, FeedId)>,
    /// The feed of a thing that speaks through one alone.
    feed_of: BTreeMap<ThingId, Option<FeedId>>,
    about_silence: BTreeSet<RuleId>,
}

impl Graph {
    /// From the links of the city, its datastreams (which say on what thing a series stands, and through which feed
    /// it speaks), and the rules whose alerts say that something is silent.
    pub fn new(links: &[Link], datastreams: &[Datastream], about_silence: impl IntoIterator<Item = RuleId>) -> Self {
        let mut graph = Self { about_silence: about_silence.into_iter().collect(), ..Self::default() };
        for link in links {
            graph.join(Spot::On(link.from.clone()), Spot::On(link.to.clone()));
        }
        for stream in datastreams {
            graph.things.insert(stream.id, (stream.thing, stream.feed.clone()));
            let through = graph.feed_of.entry(stream.thing).or_insert_with(|| Some(stream.feed.clone()));
            if through.as_ref() != Some(&stream.feed) {
                *through = None;
            }
        }
        let feeds: BTreeSet<FeedId> = datastreams.iter().map(|stream| stream.feed.clone()).collect();
        for feed in feeds {
            graph.join(Spot::On(Node::Feed(feed.clone())), Spot::UnheardThrough(feed));
        }
        for next in graph.above.values_mut().chain(graph.below.values_mut()) {
            next.sort();
            next.dedup();
        }
        graph
    }

    fn join(&mut self, from: Spot, to: Spot) {
        self.below.entry(from.clone()).or_default().push(to.clone());
        self.above.entry(to).or_default().push(from);
    }

    /// Where an alert stands: by its subject, its series and its place. Only spots that have a link.
    pub(crate) fn spots(&self, alert: &Alert) -> Vec<Spot> {
        let mut spots = Vec::new();
        let (kind, name) = alert.key.subject.split_once(':').unwrap_or_default();
        let number = name.parse::<u32>().ok();
        let named = match kind {
            "thing" => number.map(|id| Node::Thing(ThingId(id))),
            "feed" => Some(Node::Feed(FeedId::new(name))),
            "route" => Some(Node::Route(RouteId::new(name))),
            "place" => Some(Node::Place(PlaceId::new(name))),
            _ => None,
        };
        let series = alert.datastream.or(number.filter(|_| kind == "datastream").map(DatastreamId));
        let on = series.and_then(|id| self.things.get(&id));
        spots.extend(on.map(|(thing, _)| Spot::On(Node::Thing(*thing))));
        spots.extend(alert.place.clone().map(|place| Spot::On(Node::Place(place))));
        if self.about_silence.contains(&alert.key.rule) && kind != "feed" {
            let of_thing = named.as_ref().and_then(|node| match node {
                Node::Thing(thing) => self.feed_of.get(thing).cloned().flatten(),
                _ => None,
            });
            spots.extend(on.map(|(_, feed)| feed.clone()).or(of_thing).map(Spot::UnheardThrough));
        }
        spots.extend(named.map(Spot::On));
        spots.retain(|spot| self.above.contains_key(spot) || self.below.contains_key(spot));
        spots.sort();
        spots.dedup();
        spots
    }

    /// Everything above some spots, nearest first, without them.
    pub(crate) fn above(&self, spots: &[Spot]) -> Vec<Spot> {
        spread(&self.above, spots)
    }

    /// Everything below some spots, nearest first, without them.
    pub(crate) fn below(&self, spots: &[Spot]) -> Vec<Spot> {
        spread(&self.below, spots)
    }
}

fn spread(next: &BTreeMap<Spot, Vec<Spot>>, from: &[Spot]) -> Vec<Spot> {
    let mut seen: BTreeSet<&Spot> = from.iter().collect();
    let mut to_see: VecDeque<&Spot> = from.iter().collect();
    let mut found = Vec::new();
    while let Some(spot) = to_see.pop_front() {
        for spot in next.get(spot).into_iter().flatten() {
            if found.len() < SPREAD_MAX && seen.insert(spot) {
                to_see.push_back(spot);
                found.push(spot.clone());
            }
        }
    }
    found
}

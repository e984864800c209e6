//! What the engine knows besides the journal: the rules and the city, with the indexes that make an entry cheap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use city::{
    Contract, Datastream, DatastreamId, FeedId, Link, ObservedProperty, ObservedPropertyId, Place, PlaceId, RuleId,
    Span, Thing, ThingId, Timetable,
};
use jiff::tz::TimeZone;

use crate::absence::{self, VoicePlan};
use crate::combined::Looks;
use crate::headway::Patterns;
use crate::notify::{Graph, OnCall};
use crate::plan::Plan;
use crate::requests::{self, Asker};
use crate::rule::{Kind, Rule, Voice};
use crate::trip::Departures;
use crate::zone::Zone;

/// The parts of a context, in the words of the city's configuration.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The rules that loaded.
    pub rules: Vec<Rule>,
    /// The things that observe.
    pub things: Vec<Thing>,
    /// Their datastreams.
    pub datastreams: Vec<Datastream>,
    /// The allow-list of observed properties, for units.
    pub properties: Vec<ObservedProperty>,
    /// The contracts of the feeds.
    pub contracts: Vec<Contract>,
    /// The places that rules can name.
    pub places: Vec<Place>,
    /// The timetables in force, by the feed that brings them.
    pub timetables: BTreeMap<FeedId, Arc<Timetable>>,
    /// The city's zone, for the times in titles.
    pub timezone: TimeZone,
    /// What depends on what.
    pub links: Vec<Link>,
    /// Who is called; `None`: everybody sees it on the pages.
    pub on_call: Option<OnCall>,
    /// Threads that a large batch may be spread over. It changes how long a step takes, and nothing else.
    pub workers: usize,
}

/// The rules and the city. Immutable while the engine runs, but for a timetable that comes into force.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) rules: Vec<Rule>,
    pub(crate) plan: Plan,
    pub(crate) things: BTreeMap<ThingId, Thing>,
    pub(crate) datastreams: BTreeMap<DatastreamId, Datastream>,
    pub(crate) properties: BTreeMap<ObservedPropertyId, ObservedProperty>,
    pub(crate) contracts: BTreeMap<FeedId, Contract>,
    pub(crate) places: BTreeMap<PlaceId, Place>,
    pub(crate) timetables: BTreeMap<FeedId, Arc<Timetable>>,
    pub(crate) departures: BTreeMap<FeedId, Departures>,
    pub(crate) timezone: TimeZone,
    pub(crate) workers: usize,
    on_call: OnCall,
    graph: Graph,
    /// What may fall silent, by rule.
    pub(crate) voices: Vec<VoicePlan>,
    streams_of_thing: BTreeMap<ThingId, Vec<DatastreamId>>,
    /// Voices that a word of a feed, or of a datastream, may end the silence of.
    pub(crate) voices_of_feed: BTreeMap<FeedId, Vec<u32>>,
    pub(crate) voices_of_series: BTreeMap<DatastreamId, Vec<u32>>,
    /// Combined rules, each after those whose alerts it looks at.
    pub(crate) combined: Vec<usize>,
    /// Rules that look at the warnings of a feed, as indexes into `rules`.
    pub(crate) by_warning_feed: BTreeMap<FeedId, Vec<usize>>,
    /// The timetable whose runs a feed of positions or updates reports, where some rule asks.
    pub(crate) timetable_of: BTreeMap<FeedId, FeedId>,
    /// The zones in which the runs of a timetable are looked for, where some rule asks.
    pub(crate) zones: BTreeMap<FeedId, BTreeMap<PlaceId, Zone>>,
    /// The timetables whose runs are looked at for their distance from one another.
    pub(crate) spaced: BTreeSet<FeedId>,
    /// Which trips call at the same stops, by timetable.
    pub(crate) patterns: BTreeMap<FeedId, Patterns>,
    /// Rules and conditions that count residents' requests.
    pub(crate) requests: Vec<Asker>,
    /// The shortest silence of a feed that anybody may notice: its beat, or an earlier `after` of a rule.
    pub(crate) feed_gaps: BTreeMap<FeedId, Span>,
    /// Whether some rule has to be looked at every minute.
    pub(crate) by_minute: bool,
}

impl Context {
    /// Builds the indexes. Rules are put in the order of their ids, so that the order of files cannot matter.
    pub fn new(parts: Parts) -> Self {
        let mut rules = parts.rules;
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let silences = rules.iter().filter(|rule| matches!(rule.kind, Kind::Absence(_)));
        let graph = Graph::new(&parts.links, &parts.datastreams, silences.map(|rule| rule.id.clone()));
        let owners: BTreeSet<&str> = rules.iter().map(|rule| &*rule.owner).collect();
        let on_call =
            parts.on_call.unwrap_or_else(|| OnCall::on_screens(owners.into_iter().map(str::to_owned).collect()));
        let datastreams = parts.datastreams.into_iter().map(|stream| (stream.id, stream)).collect();
        let mut context = Self {
            plan: Plan::new(&rules, &datastreams),
            voices: Vec::new(),
            streams_of_thing: BTreeMap::new(),
            voices_of_feed: BTreeMap::new(),
            voices_of_series: BTreeMap::new(),
            combined: in_order(&rules),
            by_warning_feed: BTreeMap::new(),
            timetable_of: BTreeMap::new(),
            zones: BTreeMap::new(),
            spaced: BTreeSet::new(),
            patterns: BTreeMap::new(),
            by_minute: false,
            requests: Vec::new(),
            feed_gaps: parts.contracts.iter().map(|contract| (contract.feed.clone(), contract.beat)).collect(),
            departures: BTreeMap::new(),
            things: parts.things.into_iter().map(|thing| (thing.id, thing)).collect(),
            datastreams,
            properties: parts.properties.into_iter().map(|property| (property.id.clone(), property)).collect(),
            contracts: parts.contracts.into_iter().map(|contract| (contract.feed.clone(), contract)).collect(),
            places: parts.places.into_iter().map(|place| (place.id.clone(), place)).collect(),
            timetables: parts.timetables,
            timezone: parts.timezone,
            workers: parts.workers,
            on_call,
            graph,
            rules,
        };
        context.index();
        for (feed, timetable) in context.timetables.clone() {
            context.set_timetable(feed, timetable);
        }
        context
    }

    fn index(&mut self) {
        let rules = std::mem::take(&mut self.rules);
        for (at, rule) in rules.iter().enumerate() {
            self.index_kind(at, &rule.kind);
            if let Kind::Combined(combined) = &rule.kind {
                self.by_minute = true;
                for condition in &combined.conditions {
                    if let Looks::At(kind) = &condition.looks {
                        self.index_kind(at, kind);
                    }
                }
            }
            self.voices.extend(absence::voices(u32::try_from(at).unwrap_or(u32::MAX), rule));
        }
        self.requests = requests::askers(&rules, &self.places);
        self.rules = rules;
        for stream in self.datastreams.values() {
            self.streams_of_thing.entry(stream.thing).or_default().push(stream.id);
        }
        for (place, voice) in (0..).zip(&self.voices) {
            let of_thing = match &voice.voice {
                Voice::Thing(thing) => self.streams_of_thing.get(thing).map(Vec::as_slice).unwrap_or_default(),
                Voice::Datastream(id) => std::slice::from_ref(id),
                Voice::Feed(_) => &[],
            };
            for feed in absence::feeds_of(&self.datastreams, of_thing, &voice.voice) {
                self.voices_of_feed.entry(feed).or_default().push(place);
            }
            for id in of_thing {
                self.voices_of_series.entry(*id).or_default().push(place);
            }
            if let (Voice::Feed(feed), Some(after), None) = (&voice.voice, voice.after, voice.unseen)
                && let Some(gap) = self.feed_gaps.get_mut(feed)
            {
                *gap = after.min(*gap);
            }
        }
    }

    fn index_kind(&mut self, at: usize, kind: &Kind) {
        match kind {
            Kind::Warning(warning) => self.by_warning_feed.entry(warning.feed.clone()).or_default().push(at),
            Kind::Zone(zone) => {
                let placed = zone.zones.iter().filter_map(|id| Zone::of(self.places.get(id)?));
                self.zones.entry(zone.timetable.clone()).or_default().extend(placed.map(|z| (z.id.clone(), z)));
            }
            Kind::Headway(headway) => _ = self.spaced.insert(headway.timetable.clone()),
            Kind::Fence(_) => self.by_minute = true,
            Kind::Trip(_)
            | Kind::Figure(_)
            | Kind::Rise(_)
            | Kind::Absence(_)
            | Kind::Requests(_)
            | Kind::Combined(_) => {}
        }
        if let Some((timetable, feeds)) = kind.runs() {
            self.by_minute = true;
            self.timetable_of.extend(feeds.iter().map(|feed| (feed.clone(), timetable.clone())));
        }
    }

    /// A timetable came into force. The caller does this at the journal's [`city::TimetableVersion`] entry, before
    /// it gives that entry to [`crate::step`].
    pub fn set_timetable(&mut self, feed: FeedId, timetable: Arc<Timetable>) {
        self.departures.insert(feed.clone(), Departures::of(&timetable));
        if self.spaced.contains(&feed) {
            self.patterns.insert(feed.clone(), Patterns::of(&timetable));
        }
        self.timetables.insert(feed, timetable);
    }

    /// Takes over the timetables in force from a context with other rules.
    pub fn take_timetables(&mut self, from: &Self) {
        for (feed, timetable) in &from.timetables {
            self.set_timetable(feed.clone(), Arc::clone(timetable));
        }
    }

    /// Who is called, and what depends on what.
    pub fn calls(&self) -> crate::notify::Context<'_> {
        crate::notify::Context { on_call: &self.on_call, graph: &self.graph, timezone: &self.timezone }
    }

    /// The rules, in the order of their ids.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its id.
    pub(crate) fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.binary_search_by(|rule| rule.id.cmp(id)).ok().and_then(|at| self.rules.get(at))
    }

    /// The datastreams of a thing.
    pub(crate) fn streams_of(&self, thing: ThingId) -> impl Iterator<Item = &Datastream> {
        let ids = self.streams_of_thing.get(&thing).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.datastreams.get(id))
    }

    /// The symbol of the unit of a series, as people write it: "m", "mm".
    pub(crate) fn unit(&self, datastream: DatastreamId) -> &str {
        let property = self.datastreams.get(&datastream).and_then(|d| self.properties.get(&d.observed_property));
        property.map_or("", |property| property.unit_symbol.as_str())
    }

    /// The beat of a feed; a feed without a contract is never read, so it cannot be late.
    pub(crate) fn feed_beat(&self, feed: &FeedId) -> Option<Span> {
        self.contracts.get(feed).map(|contract| contract.beat)
    }

    /// The name of a feed in words.
    pub(crate) fn feed_name<'a>(&'a self, feed: &'a FeedId) -> &'a str {
        self.contracts.get(feed).map_or(feed.as_str(), |contract| contract.name.as_str())
    }
}

/// Combined rules, each after those whose alerts it looks at. `parse` refuses circles; of a circle that came another
/// way, the rest stands at the end.
fn in_order(rules: &[Rule]) -> Vec<usize> {
    let looks = |rule: &Rule| -> BTreeSet<RuleId> { rule.kind.rules_asked().cloned().collect() };
    let mut waiting: Vec<usize> =
        (0..rules.len()).filter(|at| rules.get(*at).is_some_and(|r| matches!(r.kind, Kind::Combined(_)))).collect();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let open: BTreeSet<&RuleId> = waiting.iter().filter_map(|at| rules.get(*at)).map(|rule| &rule.id).collect();
        let free = |at: &usize| rules.get(*at).is_some_and(|rule| looks(rule).iter().all(|id| !open.contains(id)));
        let (ready, rest): (Vec<usize>, Vec<usize>) = waiting.iter().partition(|at| free(at));
        if ready.is_empty() {
            order.extend(rest);
            break;
        }
        order.extend(ready);
        waiting = rest;
    }
    order
}

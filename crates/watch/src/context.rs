//! What the engine knows besides the journal: the rules and the city, with the indexes that make an entry cheap.

use std::collections::BTreeMap;
use std::sync::Arc;

use city::{
    Contract, Datastream, DatastreamId, FeedId, ObservedProperty, ObservedPropertyId, Place, PlaceId, Span, Thing,
    ThingId, Timetable,
};
use jiff::tz::TimeZone;

use crate::rule::{Kind, OnTrip, Rule, Voice};
use crate::trip::Departures;

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
}

/// The rules and the city. Immutable while the engine runs, but for a timetable that comes into force.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) rules: Vec<Rule>,
    pub(crate) things: BTreeMap<ThingId, Thing>,
    pub(crate) datastreams: BTreeMap<DatastreamId, Datastream>,
    pub(crate) properties: BTreeMap<ObservedPropertyId, ObservedProperty>,
    pub(crate) contracts: BTreeMap<FeedId, Contract>,
    pub(crate) places: BTreeMap<PlaceId, Place>,
    pub(crate) timetables: BTreeMap<FeedId, Arc<Timetable>>,
    pub(crate) departures: BTreeMap<FeedId, Departures>,
    pub(crate) timezone: TimeZone,
    /// Rules that look at a series, as indexes into `rules`.
    pub(crate) by_datastream: BTreeMap<DatastreamId, Vec<usize>>,
    /// Rules that look at the warnings of a feed.
    pub(crate) by_warning_feed: BTreeMap<FeedId, Vec<usize>>,
    /// The timetable whose runs a feed of positions or updates reports, where some rule asks.
    pub(crate) timetable_of: BTreeMap<FeedId, FeedId>,
    /// The shortest silence of a feed that anybody may notice: its beat, or an earlier `after` of a rule.
    pub(crate) feed_gaps: BTreeMap<FeedId, Span>,
    /// The same for a series, rules on its thing included.
    pub(crate) series_gaps: BTreeMap<DatastreamId, Span>,
}

/// A rule that notices a silence earlier than the beat does shortens the gap.
fn shorten(
    feeds: &mut BTreeMap<FeedId, Span>,
    series: &mut BTreeMap<DatastreamId, Span>,
    datastreams: &BTreeMap<DatastreamId, Datastream>,
    voice: &Voice,
    after: Span,
) {
    if let Voice::Feed(feed) = voice
        && let Some(gap) = feeds.get_mut(feed)
    {
        *gap = after.min(*gap);
    }
    for stream in datastreams.values() {
        let of_it = *voice == Voice::Thing(stream.thing) || *voice == Voice::Datastream(stream.id);
        if of_it && let Some(gap) = series.get_mut(&stream.id) {
            *gap = after.min(*gap);
        }
    }
}

impl Context {
    /// Builds the indexes. Rules are put in the order of their ids, so that the order of files cannot matter.
    pub fn new(parts: Parts) -> Self {
        let mut rules = parts.rules;
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let mut context = Self {
            by_datastream: BTreeMap::new(),
            by_warning_feed: BTreeMap::new(),
            timetable_of: BTreeMap::new(),
            feed_gaps: parts.contracts.iter().map(|contract| (contract.feed.clone(), contract.beat)).collect(),
            series_gaps: parts.datastreams.iter().map(|stream| (stream.id, stream.beat)).collect(),
            departures: parts.timetables.iter().map(|(feed, table)| (feed.clone(), Departures::of(table))).collect(),
            things: parts.things.into_iter().map(|thing| (thing.id, thing)).collect(),
            datastreams: parts.datastreams.into_iter().map(|stream| (stream.id, stream)).collect(),
            properties: parts.properties.into_iter().map(|property| (property.id.clone(), property)).collect(),
            contracts: parts.contracts.into_iter().map(|contract| (contract.feed.clone(), contract)).collect(),
            places: parts.places.into_iter().map(|place| (place.id.clone(), place)).collect(),
            timetables: parts.timetables,
            timezone: parts.timezone,
            rules,
        };
        context.index();
        context
    }

    fn index(&mut self) {
        for (at, rule) in self.rules.iter().enumerate() {
            match &rule.kind {
                Kind::Threshold(threshold) => {
                    threshold.datastreams.iter().for_each(|id| self.by_datastream.entry(*id).or_default().push(at));
                }
                Kind::Rise(rise) => {
                    rise.datastreams.iter().for_each(|id| self.by_datastream.entry(*id).or_default().push(at));
                }
                Kind::Warning(warning) => {
                    self.by_warning_feed.entry(warning.feed.clone()).or_default().push(at);
                }
                Kind::Trip(OnTrip { timetable, feeds, .. }) => {
                    for feed in feeds {
                        self.timetable_of.insert(feed.clone(), timetable.clone());
                    }
                }
                Kind::Absence(absence) => {
                    let Some(after) = absence.after else { continue };
                    for voice in &absence.of {
                        shorten(&mut self.feed_gaps, &mut self.series_gaps, &self.datastreams, voice, after);
                    }
                }
            }
        }
    }

    /// A timetable came into force. The caller does this at the journal's [`city::TimetableVersion`] entry, before
    /// it gives that entry to [`crate::step`].
    pub fn set_timetable(&mut self, feed: FeedId, timetable: Arc<Timetable>) {
        self.departures.insert(feed.clone(), Departures::of(&timetable));
        self.timetables.insert(feed, timetable);
    }

    /// The rules, in the order of their ids.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
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

//! Townbell's engine for the watch job: the crate `watch` as the desk drives it, without the desk.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{
    Contract, Datastream, DatastreamId, FeedKind, Observation, Observations, ObservedProperty, Position, Purpose, Record, Span,
    Thing, ThingId, Time,
};
use jiff::tz::TimeZone;
use watch::{Context, Known, Parts, RuleFile, State};

use crate::rule;

/// Second 0 of the stream: 1 January 2024, 00:00 UTC.
const BEGIN_S: u64 = 1_704_067_200;
/// The feed, the property and the thing of all series.
const FEED: &str = "grid";
const PROPERTY: &str = "reading";
const THING: ThingId = ThingId(1);

/// The rules and what they remember.
pub(crate) struct Engine {
    context: Context,
    state: State,
}

/// When a second of the stream is.
pub(crate) fn time(second: u64) -> anyhow::Result<Time> {
    Time::from_s(BEGIN_S + second).context("the stream ends after the year 2100")
}

/// The observation of a key.
pub(crate) fn observation(key: u32, at: Time, result: f64) -> Observation {
    Observation { datastream: DatastreamId(key + 1), phenomenon_time: at, result }
}

impl Engine {
    /// One rule over so many series; goes on from a snapshot where there is one.
    pub(crate) fn new(keys: u32, snapshot: Option<&[u8]>) -> anyhow::Result<Self> {
        let things = vec![Thing {
            id: THING,
            name: "thing".into(),
            description: String::new(),
            position: Position { longitude: -51.2, latitude: -30.0 },
        }];
        let datastreams: Vec<Datastream> = (1..=keys).map(datastream).collect();
        let contracts = vec![contract()];
        let properties = vec![property()];
        let text = rule::text("Series", 1..=keys);
        let known = Known {
            things: &things,
            datastreams: &datastreams,
            properties: &properties,
            contracts: &contracts,
            services: &BTreeMap::new(),
            places: &[],
            roles: &[rule::OWNER.to_owned()],
            purposes: &[Purpose {
                id: "measure".to_owned(),
                words: "To measure how the watch grows.".to_owned(),
                roles: vec![rule::OWNER.to_owned()],
                feeds: vec![FEED.into()],
            }],
        };
        let rules = match watch::parse(&[RuleFile { path: "rules/job.toml", text: &text }], &known) {
            Ok(rules) => rules,
            Err(errors) => bail!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        };
        let context = Context::new(Parts {
            rules,
            things,
            datastreams,
            properties,
            contracts,
            places: Vec::new(),
            timetables: BTreeMap::new(),
            timezone: TimeZone::UTC,
            links: Vec::new(),
            on_call: None,
            workers: 1,
        });
        let state = snapshot.map_or(Ok(State::default()), postcard::from_bytes).context("the snapshot is damaged")?;
        Ok(Self { context, state })
    }

    /// Takes observations as they were received together; gives how many alerts opened.
    pub(crate) fn take(&mut self, observations: Observations, received: Time) -> u64 {
        let entry = Entry { feed: FEED.into(), received, record: Record::Observations(observations) };
        let changes = watch::run(&mut self.state, &self.context, [&entry], None);
        changes.iter().filter(|change| change.kind == AlertChangeKind::Opened).count() as u64
    }

    /// All that it remembers.
    pub(crate) fn snapshot(&self) -> anyhow::Result<Vec<u8>> {
        Ok(postcard::to_stdvec(&self.state)?)
    }
}

fn datastream(id: u32) -> Datastream {
    Datastream {
        id: DatastreamId(id),
        name: format!("series {id}"),
        thing: THING,
        observed_property: PROPERTY.into(),
        feed: FEED.into(),
        beat: Span::min(1),
    }
}

fn property() -> ObservedProperty {
    ObservedProperty {
        id: PROPERTY.into(),
        name: "Reading".into(),
        definition: String::new(),
        description: String::new(),
        unit_name: "unit".into(),
        unit_symbol: "1".into(),
        min: -1_000.0,
        max: 100_000.0,
        categories: Vec::new(),
        declares: Vec::new(),
        keeps: None,
    }
}

fn contract() -> Contract {
    Contract {
        feed: FEED.into(),
        name: "Grid of the benchmark".into(),
        kind: FeedKind::SensorThings,
        owner: "Townbell bench".into(),
        licence: "CC BY 4.0".into(),
        purpose: "to measure the watch".into(),
        beat: Span::h(1),
        retention: Span::h(24),
        caveat: None,
    }
}

//! A city in memory for the tests: a catalogue, and a series that counts what is read of it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use city::{
    DatastreamBody, DatastreamId, Detail, Entity, EntityBody, EntityId, FeedId, Observation, ObservationKey,
    ObservationType, Position, Primitive, Properties, Shape, Time, UnitOfMeasurement,
};
use sensorthings::catalogue::Catalogue;
use sensorthings::problem::Problem;
use sensorthings::read::{Answer, Context, Settings, read};
use sensorthings::series::{Row, Rows, Series, SeriesError, Wanted};
use serde_json::Value;

/// Versions of each observation with the time at which each came, oldest first.
#[derive(Default)]
pub(crate) struct Memory {
    rows: BTreeMap<ObservationKey, Vec<Row>>,
    pub(crate) reads: Cell<u64>,
    pub(crate) is_broken: Cell<bool>,
}

pub(crate) fn time(ms: i64) -> Time {
    Time::from_ms(ms).expect("a time between 2000 and 2100")
}

pub(crate) fn at(text: &str) -> Time {
    text.parse().expect("a time")
}

/// Before all others of its time.
fn first(datastream: DatastreamId, phenomenon_time: Time) -> ObservationKey {
    ObservationKey { datastream, phenomenon_time, result_time: None, phenomenon_end: None }
}

impl Memory {
    pub(crate) fn put(&mut self, datastream: u32, at: Time, result: f64, detail: Option<Detail>, received: Time) {
        let observation = Observation { datastream: DatastreamId(datastream), phenomenon_time: at, result };
        let row = Row { observation, detail: detail.map(Arc::new), received: Some(received) };
        self.rows.entry(row.key()).or_default().push(row);
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = ObservationKey> {
        self.rows.keys().copied()
    }

    fn known(versions: &[Row], as_of: Option<Time>) -> Option<&Row> {
        versions.iter().rev().find(|row| as_of.is_none_or(|as_of| row.received.is_some_and(|at| at <= as_of)))
    }

    fn all(&self, datastream: DatastreamId) -> impl DoubleEndedIterator<Item = (&ObservationKey, &Vec<Row>)> {
        let from = first(datastream, city::time::TIME_MIN);
        let to = ObservationKey { datastream: DatastreamId(datastream.0 + 1), ..from };
        self.rows.range(from..to)
    }

    fn check(&self) -> Result<(), SeriesError> {
        if self.is_broken.get() { Err(SeriesError("the disk is gone".to_owned())) } else { Ok(()) }
    }
}

impl Series for Memory {
    fn rows<'a>(
        &'a self,
        datastream: DatastreamId,
        from: Time,
        to: Time,
        descending: bool,
        as_of: Option<Time>,
    ) -> Result<Rows<'a>, SeriesError> {
        self.check()?;
        let range = self.rows.range(first(datastream, from)..first(datastream, to));
        let take = move |(_, versions): (&ObservationKey, &'a Vec<Row>)| {
            self.reads.set(self.reads.get() + 1);
            Self::known(versions, as_of).cloned().map(Ok)
        };
        if descending { Ok(Box::new(range.rev().filter_map(take))) } else { Ok(Box::new(range.filter_map(take))) }
    }

    /// Leaves out every number that is not wanted, so that too narrow a wish shows as a wrong answer.
    fn rows_of(
        &self,
        datastream: DatastreamId,
        (from, to): (Time, Time),
        descending: bool,
        as_of: Option<Time>,
        wanted: &Wanted,
    ) -> Result<Rows<'_>, SeriesError> {
        let wanted = wanted.clone();
        let is_number = |row: &Row| row.detail().is_none_or(|detail| detail.result.is_none());
        let is_wanted =
            move |row: &Row| !is_number(row) || wanted.meets(row.observation.result, row.observation.result);
        let rows = self.rows(datastream, from, to, descending, as_of)?;
        Ok(Box::new(rows.filter(move |row| row.as_ref().map_or(true, &is_wanted))))
    }

    fn row(&self, key: &ObservationKey, as_of: Option<Time>) -> Result<Option<Row>, SeriesError> {
        self.check()?;
        self.reads.set(self.reads.get() + 1);
        Ok(self.rows.get(key).and_then(|versions| Self::known(versions, as_of)).cloned())
    }

    fn count(&self, datastream: DatastreamId) -> Result<u64, SeriesError> {
        self.check()?;
        Ok(self.all(datastream).count() as u64)
    }

    fn span(&self, datastream: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError> {
        self.check()?;
        let mut keys = self.all(datastream).map(|(key, _)| key.phenomenon_time);
        let first = keys.next();
        Ok(first.map(|first| (first, keys.next_back().unwrap_or(first))))
    }

    fn latest(&self, datastream: DatastreamId) -> Result<Option<Row>, SeriesError> {
        Ok(self.all(datastream).next_back().and_then(|(_, versions)| versions.last()).cloned())
    }
}

pub(crate) fn entity(id: impl Into<EntityId>, name: &str, body: EntityBody) -> Entity {
    let description = format!("{name}, described");
    Entity { id: id.into(), name: name.to_owned(), description, properties: Properties::default(), body }
}

pub(crate) fn stream(id: i64, name: &str, thing: i64, property: &str, observation_type: ObservationType) -> Entity {
    let unit_of_measurement = UnitOfMeasurement {
        name: Some("degree Celsius".to_owned()),
        symbol: Some("°C".to_owned()),
        definition: Some("http://unitsofmeasure.org/ucum.html#para-30".to_owned()),
    };
    let body = DatastreamBody {
        observation_type,
        unit_of_measurement,
        thing: thing.into(),
        sensor: 1.into(),
        observed_property: property.into(),
        feed: FeedId::new("air"),
        feature_of_interest: Some(1.into()),
        other_features: Vec::new(),
    };
    entity(id, name, EntityBody::Datastream(Box::new(body)))
}

pub(crate) fn point(longitude: f64, latitude: f64) -> Shape {
    Shape::Point(Position { longitude, latitude })
}

/// One thing with two datastreams, as the standard's examples have it, and a second one without any.
pub(crate) fn entities() -> Vec<Entity> {
    let geojson = || "application/geo+json".to_owned();
    let mut oven = entity(1, "Oven", EntityBody::Thing { locations: vec![1.into()], feature_of_interest: None });
    oven.properties.set("owner", Primitive::Text("Ward 3".into()));
    oven.properties.set("height_m", Primitive::Number(2.5));
    let mut all = vec![
        oven,
        entity(2, "Shed", EntityBody::Thing { locations: vec![2.into()], feature_of_interest: None }),
        entity(1, "CCIT", EntityBody::Location { encoding_type: geojson(), location: point(-114.133, 51.08) }),
        entity(2, "Yard", EntityBody::Location { encoding_type: geojson(), location: point(-51.2, -30.0) }),
        entity(
            1,
            "TMP36",
            EntityBody::Sensor {
                encoding_type: "application/pdf".to_owned(),
                metadata: "http://example.org/a.pdf".to_owned(),
            },
        ),
        entity(
            "temperature",
            "Temperature",
            EntityBody::ObservedProperty {
                definition: "http://mmisw.org/ont/ioos/parameter/air_temperature".to_owned(),
            },
        ),
        entity("it's", "Odd id", EntityBody::ObservedProperty { definition: "http://example.org/odd".to_owned() }),
        entity(
            1,
            "CCIT feature",
            EntityBody::FeatureOfInterest { encoding_type: geojson(), feature: point(-114.133, 51.08) },
        ),
        stream(1, "Oven temperature", 1, "temperature", ObservationType::Measurement),
        stream(2, "Door openings", 1, "it's", ObservationType::Count),
        stream(3, "Door is open", 1, "it's", ObservationType::Truth),
    ];
    let mut passage = entity(
        1,
        "",
        EntityBody::HistoricalLocation { time: at("2024-05-01T00:00:00Z"), thing: 1.into(), locations: vec![1.into()] },
    );
    passage.description.clear();
    all.push(passage);
    all
}

/// A city and what is asked of it.
pub(crate) struct City {
    pub(crate) catalogue: Catalogue,
    pub(crate) series: Memory,
    pub(crate) settings: Settings,
    pub(crate) page_max: usize,
    pub(crate) expand_page_max: usize,
}

pub(crate) const BASE: &str = "http://example.org/v1.1";

impl City {
    pub(crate) fn new(entities: Vec<Entity>, series: Memory) -> Self {
        let catalogue = Catalogue::new(entities);
        Self { catalogue, series, settings: Settings::default(), page_max: 100, expand_page_max: 100 }
    }

    /// The small city with `rows` observations a minute apart in datastream 1, one in 2 and one in 3.
    pub(crate) fn small(rows: i64) -> Self {
        let mut series = Memory::default();
        let start = at("2024-05-02T03:00:00Z");
        for row in 0..rows {
            let at = time(start.ms() + row * 60_000);
            series.put(1, at, 20.0 + row as f64 / 4.0, None, at);
        }
        series.put(2, start, 7.0, None, start);
        series.put(3, start, 1.0, None, start);
        Self::new(entities(), series)
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            base: BASE,
            now: at("2024-06-01T00:00:00Z"),
            page_max: self.page_max,
            expand_page_max: self.expand_page_max,
            settings: &self.settings,
        }
    }

    /// What a GET of `address` (path and query, behind the version) gives.
    pub(crate) fn get(&self, address: &str) -> Result<Answer, Problem> {
        let address = address.strip_prefix(BASE).unwrap_or(address);
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        read(&self.catalogue, &self.series, &self.context(), path, query)
    }

    pub(crate) fn json(&self, address: &str) -> Value {
        let answer = self.get(address).unwrap_or_else(|problem| panic!("{address}: {problem}"));
        assert_eq!(answer.content_type, "application/json", "{address}");
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    pub(crate) fn status(&self, address: &str) -> u16 {
        self.get(address).map_or_else(|problem| problem.status, |answer| answer.status)
    }

    /// All entities of a collection, page after page.
    pub(crate) fn pages(&self, address: &str) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), Some(address.to_owned()));
        let mut pages = 0;
        while let Some(address) = next {
            let mut page = self.json(&address);
            all.append(page["value"].as_array_mut().expect("a list"));
            next = page["@iot.nextLink"].as_str().map(str::to_owned);
            pages += 1;
            assert!(pages < 100_000, "{address} never ends");
        }
        all
    }
}

pub(crate) fn ids(values: &[Value]) -> Vec<&Value> {
    values.iter().map(|value| &value["@iot.id"]).collect()
}

//! A catalogue and its observations in memory, and requests on them.

use std::cell::Cell;
use std::collections::BTreeMap;

use city::{
    DatastreamId, DeclaredKey, DeclaredKind, Detail, Entity, EntityBody, EntityId, EntityKind, FeedId, Observation,
    ObservationKey, ObservedProperty, Position, Properties, Shape, Span, Time,
};
use sensorthings::catalogue::Catalogue;
use sensorthings::model::{EntityType, Navigation};
use sensorthings::problem::Problem;
use sensorthings::series::{Row, Rows, Series, SeriesError};
use sensorthings::write::{self, Change, Declared, Plan, Rules, Target};
use serde_json::{Value, json};

/// Observations by their keys.
#[derive(Debug, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<ObservationKey, (Observation, Detail)>);

impl Series for Memory {
    fn rows(
        &self,
        datastream: DatastreamId,
        from: Time,
        to: Time,
        descending: bool,
        _: Option<Time>,
    ) -> Result<Rows<'_>, SeriesError> {
        let inside = move |key: &ObservationKey| {
            key.datastream == datastream && from <= key.phenomenon_time && key.phenomenon_time < to
        };
        let rows = self.0.iter().filter(move |(key, _)| inside(key)).map(|(_, row)| Ok(told(row)));
        Ok(if descending { Box::new(rows.rev()) } else { Box::new(rows) })
    }

    fn row(&self, key: &ObservationKey, _: Option<Time>) -> Result<Option<Row>, SeriesError> {
        Ok(self.0.get(key).map(told))
    }

    fn count(&self, datastream: DatastreamId) -> Result<u64, SeriesError> {
        Ok(self.0.keys().filter(|key| key.datastream == datastream).count() as u64)
    }

    fn span(&self, datastream: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError> {
        let mut times = self.0.keys().filter(|key| key.datastream == datastream).map(|key| key.phenomenon_time);
        let first = times.next();
        Ok(first.map(|first| (first, times.next_back().unwrap_or(first))))
    }

    fn latest(&self, datastream: DatastreamId) -> Result<Option<Row>, SeriesError> {
        Ok(self.0.iter().rfind(|(key, _)| key.datastream == datastream).map(|(_, row)| told(row)))
    }
}

fn told((observation, detail): &(Observation, Detail)) -> Row {
    let detail = (*detail != Detail::default()).then(|| detail.clone().into());
    Row { observation: *observation, detail, received: None }
}

/// A city, or the sandbox.
pub(crate) struct World {
    pub(crate) catalogue: Catalogue,
    pub(crate) series: Memory,
    pub(crate) declared: Declared,
    pub(crate) sandbox: bool,
    pub(crate) now: Time,
    /// How many times were given to observations without one.
    given: Cell<i64>,
}

/// Times that are given to observations without one, at most.
pub(crate) const GIVEN_MAX: i64 = 5;

pub(crate) fn at(text: &str) -> Time {
    text.parse().expect("a time")
}

pub(crate) fn property(id: &str, unit: &str, categories: &[&str]) -> ObservedProperty {
    ObservedProperty {
        id: id.into(),
        name: id.replace('_', " "),
        definition: format!("http://example.org/{id}"),
        description: "For tests".to_owned(),
        unit_name: unit.to_owned(),
        unit_symbol: unit.to_owned(),
        min: -10.0,
        max: 100.0,
        categories: categories.iter().map(|&category| category.to_owned()).collect(),
        declares: vec![
            DeclaredKey { key: "height_m".to_owned(), kind: DeclaredKind::Number },
            DeclaredKey { key: "model".to_owned(), kind: DeclaredKind::Text },
        ],
        keeps: None,
    }
}

impl World {
    pub(crate) fn sandbox() -> Self {
        let catalogue = Catalogue::default();
        let series = Memory::default();
        let (declared, now) = (Declared::default(), at("2024-05-02T13:00:00Z"));
        Self { catalogue, series, declared, sandbox: true, now, given: Cell::default() }
    }

    /// A city with one gauge at thing 1, location 1, and a pack of two observed properties.
    pub(crate) fn city() -> Self {
        let pack = [property("water_level", "m", &[]), property("sky", "", &["clear", "overcast"])];
        let entity = |id: EntityId, name: &str, body| Entity {
            id,
            name: name.to_owned(),
            description: "For tests".to_owned(),
            properties: Properties::default(),
            body,
        };
        let properties = pack.iter().map(|property| {
            let body = EntityBody::ObservedProperty { definition: property.definition.clone() };
            entity(property.id.as_str().into(), &property.name, body)
        });
        let location = Shape::Point(Position { longitude: -51.23, latitude: -30.03 });
        let gauge = [
            entity(
                EntityId::Number(1),
                "Quay",
                EntityBody::Location { encoding_type: "application/geo+json".to_owned(), location },
            ),
            entity(
                EntityId::Number(1),
                "Gauge",
                EntityBody::Thing { locations: vec![EntityId::Number(1)], feature_of_interest: None },
            ),
            entity(
                "water".into(),
                "Feed",
                EntityBody::Sensor { encoding_type: "text/html".to_owned(), metadata: "x".to_owned() },
            ),
        ];
        let mut world = Self { declared: Declared::new(&pack), sandbox: false, ..Self::sandbox() };
        world.catalogue.configure(properties.chain(gauge));
        world
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&Rules<'_>) -> T) -> T {
        // The real scan is the gate's; here one word stands for all that it finds.
        let scan = |text: &str| if text.contains("CANARY") { vec!["a telephone number"] } else { Vec::new() };
        let feed = FeedId::new("api");
        let (now, given) = (self.now, &self.given);
        let give = |_| (given.get() < GIVEN_MAX).then(|| now + Span::ms(given.replace(given.get() + 1)));
        work(&Rules { sandbox: self.sandbox, declared: &self.declared, feed, now, give: &give, scan: &scan })
    }

    pub(crate) fn plan_post(&self, path: &str, body: &Value) -> Result<Plan, Problem> {
        self.with(|rules| write::post(&self.catalogue, rules, path, body.to_string().as_bytes()))
    }

    pub(crate) fn take(&mut self, plan: Plan) -> Option<Target> {
        for erasure in plan.erasures {
            match erasure.keys {
                None => self.series.0.retain(|key, _| key.datastream != erasure.datastream),
                Some(keys) => self.series.0.retain(|key, _| {
                    key.datastream != erasure.datastream
                        || !keys.contains(&(key.phenomenon_time, key.result_time, key.phenomenon_end))
                }),
            }
        }
        plan.changes.iter().for_each(|change| self.catalogue.apply(change));
        for (row, observation) in plan.observations.iter().enumerate() {
            let key = plan.observations.key(row).expect("a row");
            let detail = plan.observations.detail(row).cloned().unwrap_or_default();
            self.series.0.insert(key, (observation, detail));
        }
        self.sound();
        plan.target
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Result<EntityId, Problem> {
        let plan = self.plan_post(path, body)?;
        match self.take(plan).expect("a target") {
            Target::Entity(_, id) => Ok(id),
            Target::Observation(key) => Ok(observation_id(&key)),
        }
    }

    /// A post that works.
    pub(crate) fn made(&mut self, path: &str, body: &Value) -> EntityId {
        self.post(path, body).unwrap_or_else(|problem| panic!("{path} {body}: {problem:?}"))
    }

    /// Status and field of a post that does not.
    pub(crate) fn refused(&mut self, path: &str, body: &Value) -> (u16, String) {
        match self.plan_post(path, body) {
            Ok(plan) => panic!("{path} {body}: {plan:?}"),
            Err(problem) => told_of(problem),
        }
    }

    pub(crate) fn update(&mut self, path: &str, body: &Value, change: Change) -> Result<(), Problem> {
        let bytes = body.to_string();
        let plan =
            self.with(|rules| write::update(&self.catalogue, &self.series, rules, path, bytes.as_bytes(), change))?;
        self.take(plan);
        Ok(())
    }

    pub(crate) fn patch(&mut self, path: &str, body: &Value) -> Result<(), (u16, String)> {
        self.update(path, body, Change::Merge).map_err(told_of)
    }

    pub(crate) fn delete(&mut self, path: &str) -> Result<(), (u16, String)> {
        let plan = self.with(|rules| write::delete(&self.catalogue, &self.series, rules, path)).map_err(told_of)?;
        self.take(plan);
        Ok(())
    }

    pub(crate) fn entity(&self, kind: EntityKind, id: impl Into<EntityId>) -> &Entity {
        let id = id.into();
        self.catalogue.get(kind, &id).unwrap_or_else(|| panic!("{kind:?} {id}"))
    }

    pub(crate) fn count(&self, kind: EntityKind) -> usize {
        self.catalogue.len(kind)
    }

    pub(crate) fn related(&self, kind: EntityKind, id: i64, navigation: Navigation) -> Vec<EntityId> {
        self.catalogue.related(kind, &EntityId::Number(id), navigation).cloned().collect()
    }

    /// No link leads nowhere, and every observation has a datastream and a feature of interest.
    fn sound(&self) {
        for kind in sensorthings::catalogue::KINDS {
            for id in self.catalogue.ids(kind) {
                for row in EntityType::from(kind).row().navigations {
                    let Some(target) = row.navigation.target().kept() else { continue };
                    let others: Vec<&EntityId> = self.catalogue.related(kind, id, row.navigation).collect();
                    assert!(!row.mandatory || !others.is_empty(), "{kind:?} {id} lacks {:?}", row.navigation);
                    for other in others {
                        assert!(
                            self.catalogue.get(target, other).is_some(),
                            "{kind:?} {id} {:?} {other}",
                            row.navigation
                        );
                    }
                }
            }
        }
        for (key, (_, detail)) in &self.series.0 {
            let body = self.catalogue.datastream(key.datastream).expect("a datastream of each observation");
            let feature = detail.feature_of_interest.as_ref().or_else(|| self.catalogue.feature_of(body));
            let feature = feature.expect("a feature of interest of each observation");
            assert!(self.catalogue.get(EntityKind::FeatureOfInterest, feature).is_some(), "{key:?} {feature}");
            let listed = self
                .catalogue
                .datastreams_of_feature(feature)
                .any(|id| *id == EntityId::Number(i64::from(key.datastream.0)));
            assert!(listed, "{feature} does not know of {key:?}");
        }
    }

    pub(crate) fn later(&mut self, span: Span) {
        self.now = self.now + span;
    }
}

pub(crate) fn told_of(problem: Problem) -> (u16, String) {
    assert!(!problem.detail.contains("CANARY"), "{problem:?}");
    (problem.status, problem.field.unwrap_or_default())
}

pub(crate) fn no<T>(status: u16, field: &str) -> Result<T, (u16, String)> {
    Err((status, field.to_owned()))
}

pub(crate) fn observation_id(key: &ObservationKey) -> EntityId {
    let result = key.result_time.map(|time| format!("-{}", time.ms())).unwrap_or_default();
    let end = key.phenomenon_end.map(|time| format!("_{}", time.ms())).unwrap_or_default();
    EntityId::from(format!("{}-{}{end}{result}", key.datastream, key.phenomenon_time.ms()).as_str())
}

pub(crate) fn point(longitude: f64, latitude: f64) -> Value {
    json!({ "type": "Point", "coordinates": [longitude, latitude] })
}

pub(crate) fn location(longitude: f64) -> Value {
    json!({
        "name": "Roof", "description": "A roof", "encodingType": "application/geo+json",
        "location": point(longitude, 1.0)
    })
}

/// A datastream with everything but its thing.
pub(crate) fn datastream(kind: &str) -> Value {
    json!({
        "name": "Level", "description": "A level",
        "observationType": format!("http://www.opengis.net/def/observationType/OGC-OM/2.0/{kind}"),
        "unitOfMeasurement": { "name": "metre", "symbol": "m", "definition": "ucum:m" },
        "Sensor": { "name": "S", "description": "A sensor", "encodingType": "application/pdf", "metadata": "m" },
        "ObservedProperty": { "name": "Level", "definition": "http://example.org/water_level", "description": "Level" }
    })
}

/// A thing with a place and one datastream.
pub(crate) fn station(kind: &str) -> Value {
    json!({
        "name": "Station", "description": "A station",
        "Locations": [location(1.0)], "Datastreams": [datastream(kind)]
    })
}

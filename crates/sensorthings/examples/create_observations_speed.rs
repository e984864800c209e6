//! How fast a data array is read and judged against the catalogue of a whole city: rows a second on one core, and what
//! a change of the catalogue costs. `cargo run --release -p sensorthings --example create_observations_speed`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and prints what it measured")]

mod loggers;

use std::time::Instant;

use city::{
    DatastreamBody, Entity, EntityBody, EntityChange, EntityId, FeedId, ObservationType, Position, Properties, Shape,
    Time, UnitOfMeasurement,
};
use sensorthings::catalogue::Catalogue;
use sensorthings::write::{Declared, Rules, create_observations};

/// Datastreams, each with a thing and a place of its own.
const DATASTREAMS: i64 = 50_000;

fn main() {
    let start = Instant::now();
    let mut catalogue = Catalogue::new((1..=DATASTREAMS).flat_map(station));
    println!("{} entities: {:.0} ms to take in", DATASTREAMS * 4, start.elapsed().as_secs_f64() * 1e3);
    let declared = Declared::default();
    let now = Time::from_ms(1_714_654_800_000).unwrap_or_default();
    let scan = |_: &str| Vec::new();
    let give = |_| Some(now);
    let rules = Rules { sandbox: true, declared: &declared, feed: FeedId::new("api"), now, give: &give, scan: &scan };
    for (rows_a_group, groups) in [(1, 5_000), (1, 50_000), (5_000, 1)] {
        let (rows, body) = (rows_a_group * groups, loggers::body(groups, rows_a_group));
        let median_s = loggers::median_s(rows, || {
            let created = create_observations(&catalogue, &rules, body.as_bytes());
            created.map_or(0, |created| created.plan.observations.len())
        });
        println!("{groups:6} groups of {rows_a_group:5}: {:6.2} M rows/s judged", rows as f64 / median_s / 1e6);
    }
    let changes: Vec<EntityChange> = (1..=DATASTREAMS).step_by(5).flat_map(station).map(EntityChange::Put).collect();
    let start = Instant::now();
    for change in &changes {
        catalogue.apply(change);
    }
    println!("{:.2} us a change", start.elapsed().as_secs_f64() * 1e6 / changes.len() as f64);
}

fn station(number: i64) -> [Entity; 4] {
    let id = EntityId::Number(number);
    let place = number as f64 / DATASTREAMS as f64;
    let shape = || Shape::Point(Position { longitude: -51.0 + place, latitude: -30.0 + place });
    let encoding_type = || "application/geo+json".to_owned();
    let entity = |body| Entity {
        id: id.clone(),
        name: format!("Station {number}"),
        description: "A station".to_owned(),
        properties: Properties::default(),
        body,
    };
    [
        entity(EntityBody::Location { encoding_type: encoding_type(), location: shape() }),
        entity(EntityBody::FeatureOfInterest { encoding_type: encoding_type(), feature: shape() }),
        entity(EntityBody::Thing { locations: vec![id.clone()], feature_of_interest: None }),
        entity(EntityBody::Datastream(Box::new(DatastreamBody {
            observation_type: ObservationType::Measurement,
            unit_of_measurement: UnitOfMeasurement::default(),
            thing: id.clone(),
            sensor: EntityId::from("water"),
            observed_property: EntityId::from("water_level"),
            feed: FeedId::new("water"),
            feature_of_interest: Some(id.clone()),
            other_features: Vec::new(),
        }))),
    ]
}

//! Things, datastreams and observations at the gate: what the pack declares enters, and nothing else.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::sync::Arc;

use city::{
    BoundingBox, Contract, DatastreamBody, DatastreamId, DeclaredKey, DeclaredKind, Detail, Entity, EntityBody,
    EntityChange, EntityId, EntityKind, Erasure, FeedId, FeedKind, Observation, ObservationType, Observations,
    ObservedProperty, Primitive, Properties, Reason, Span, Time, UnitOfMeasurement,
};
use gate::{Gate, Policy};

fn now() -> Time {
    Time::from_s(1_714_446_000).unwrap()
}

fn contract(feed: &str) -> Contract {
    Contract {
        feed: feed.into(),
        name: feed.to_owned(),
        kind: FeedKind::SensorThings,
        owner: "Town".to_owned(),
        licence: String::new(),
        purpose: "tests".to_owned(),
        beat: Span::h(1),
        retention: Span::h(24 * 365),
        caveat: None,
    }
}

fn gate(sandbox: bool) -> Gate {
    let key = |key: &str, kind| DeclaredKey { key: key.to_owned(), kind };
    let level = ObservedProperty {
        id: "water_level".into(),
        name: "Water level".to_owned(),
        definition: "http://example.org/level".to_owned(),
        description: "Height of the water".to_owned(),
        unit_name: "metre".to_owned(),
        unit_symbol: "m".to_owned(),
        min: -5.0,
        max: 30.0,
        categories: vec!["rising".to_owned()],
        declares: vec![key("serial_number", DeclaredKind::Text), key("quality", DeclaredKind::Integer)],
        keeps: None,
    };
    let policy = Policy {
        contracts: vec![contract("water"), contract("air")],
        observed_properties: vec![level],
        datastreams: Vec::new(),
        bounds: BoundingBox { west: -60.0, south: -35.0, east: -45.0, north: -25.0 },
        depots: Vec::new(),
        roles: vec!["duty_officer".to_owned()],
        timetable_of: BTreeMap::new(),
        services: BTreeMap::new(),
        timezone: "America/Sao_Paulo".to_owned(),
        sandbox,
        desks: Vec::new(),
    };
    Gate::new(policy).unwrap()
}

fn water() -> FeedId {
    "water".into()
}

fn body(property: &str, feed: &str) -> DatastreamBody {
    DatastreamBody {
        observation_type: ObservationType::Measurement,
        unit_of_measurement: UnitOfMeasurement::default(),
        thing: EntityId::Number(1),
        sensor: EntityId::Number(1),
        observed_property: property.into(),
        feed: feed.into(),
        feature_of_interest: None,
        other_features: Vec::new(),
    }
}

fn entity(body: EntityBody, name: &str, properties: &[(&str, Primitive)]) -> EntityChange {
    let mut kept = Properties::default();
    for (key, value) in properties {
        kept.set(key, value.clone());
    }
    EntityChange::Put(Entity {
        id: EntityId::Number(7),
        name: name.to_owned(),
        description: "A gauge".to_owned(),
        properties: kept,
        body,
    })
}

fn thing() -> EntityBody {
    EntityBody::Thing { locations: Vec::new(), feature_of_interest: None }
}

fn refused(gate: &Gate, change: EntityChange) -> Option<Reason> {
    let admission = gate.admit_entities(&water(), vec![change], now()).unwrap();
    assert_eq!(admission.records.is_empty(), !admission.refusals.is_empty());
    admission.refusals.first().map(|refusal| refusal.reason)
}

#[test]
fn entities_hold_what_a_pack_declares_and_nothing_of_a_person() {
    let city = gate(false);
    let text = |text: &str| Primitive::Text(Arc::from(text));
    let serial = ("serial_number", text("AX-12"));
    assert_eq!(refused(&city, entity(thing(), "Gauge 7", &[serial])), None);
    assert_eq!(refused(&city, entity(thing(), "Gauge 7", &[("owner", text("x"))])), Some(Reason::NotAllowed));
    let kind = ("serial_number", Primitive::Integer(12));
    assert_eq!(refused(&city, entity(thing(), "Gauge 7", &[kind])), Some(Reason::NotAllowed), "of another kind");
    let call = "call 555-123-4567 or maria.silva@example.com";
    assert_eq!(refused(&city, entity(thing(), call, &[])), Some(Reason::PersonalText));
    assert_eq!(
        refused(&city, entity(thing(), "Gauge 7", &[("serial_number", text(call))])),
        Some(Reason::PersonalText)
    );
    assert_eq!(refused(&city, entity(thing(), "Gauge \u{202E}7", &[])), Some(Reason::Malformed));
    let property = EntityBody::ObservedProperty { definition: "http://example.org/mood".to_owned() };
    assert_eq!(refused(&city, entity(property.clone(), "Mood", &[])), Some(Reason::NotAllowed));
    let stream = |property, feed| EntityBody::Datastream(Box::new(body(property, feed)));
    assert_eq!(refused(&city, entity(stream("water_level", "water"), "Level", &[])), None);
    assert_eq!(refused(&city, entity(stream("mood", "water"), "Mood", &[])), Some(Reason::NotAllowed));
    assert_eq!(refused(&city, entity(stream("water_level", "air"), "Level", &[])), Some(Reason::NotAllowed));

    let sandbox = gate(true);
    assert_eq!(refused(&sandbox, entity(property, "Mood", &[("anything", Primitive::Bool(true))])), None);
    assert_eq!(refused(&sandbox, entity(thing(), call, &[])), Some(Reason::PersonalText), "the line holds here, too");
}

#[test]
fn one_refused_entity_refuses_all_of_a_deep_insert() {
    let list = vec![entity(thing(), "Gauge 7", &[]), entity(thing(), "Gauge 8", &[("x", Primitive::Bool(true))])];
    let admission = gate(false).admit_entities(&water(), list, now()).unwrap();
    assert!(admission.records.is_empty());
    assert_eq!(admission.refusals.first().map(|refusal| refusal.index), Some(1));
}

fn row(datastream: u32, result: f64) -> Observation {
    Observation { datastream: DatastreamId(datastream), phenomenon_time: now() - Span::min(1), result }
}

#[test]
fn a_series_made_through_the_api_is_known_until_it_is_taken_away() {
    let city = gate(false);
    let reasons = |rows: Vec<Observation>| -> Vec<(usize, Reason)> {
        city.admit_sent(&"air".into(), rows.into_iter().collect(), now()).unwrap().refused
    };
    assert_eq!(reasons(vec![row(7, 1.0)]), [(0, Reason::UnknownReference)]);
    city.register(&EntityId::Number(7), &body("water_level", "water"));
    assert_eq!(
        reasons(vec![row(7, 1.0), row(7, 99.0), row(8, 1.0)]),
        [(1, Reason::OutOfRange), (2, Reason::UnknownReference)]
    );
    let gone = Erasure { datastream: DatastreamId(7), keys: None };
    assert_eq!(city.admit_erasures(&water(), vec![gone.clone()], now()).unwrap().records.len(), 1);
    assert!(city.admit_erasures(&"air".into(), vec![gone], now()).unwrap().records.is_empty(), "not its own");
    city.unregister(&EntityId::Number(7));
    assert_eq!(reasons(vec![row(7, 1.0)]), [(0, Reason::UnknownReference)]);
    city.register(&EntityId::Number(9), &body("mood", "water"));
    assert_eq!(reasons(vec![row(9, 1.0)]), [(0, Reason::UnknownReference)], "what nobody lists stays unknown");
}

#[test]
fn observations_of_several_feeds_are_counted_under_their_own() {
    let city = gate(false);
    city.register(&EntityId::Number(1), &body("water_level", "water"));
    city.register(&EntityId::Number(2), &body("water_level", "air"));
    let rows: Observations = [row(2, 1.0), row(1, 1.0), row(2, 99.0), row(3, 1.0), row(1, 2.0)].into_iter().collect();
    let sent = city.admit_sent(&water(), rows.clone(), now()).unwrap();
    assert_eq!(sent.refused, [(2, Reason::OutOfRange), (3, Reason::UnknownReference)]);
    let counts: Vec<(&str, u64, u64)> = sent
        .admissions
        .iter()
        .map(|(feed, admission)| (feed.as_str(), admission.tally.received, admission.tally.rejected_total()))
        .collect();
    assert_eq!(counts, [("air", 2, 1), ("water", 3, 1)]);
}

#[test]
fn what_comes_with_an_observation_is_declared_or_refused() {
    let city = gate(false);
    city.register(&EntityId::Number(1), &body("water_level", "water"));
    let reason = |detail: Detail| {
        let mut rows = Observations::default();
        rows.push_detailed(row(1, 1.0), detail);
        city.admit_sent(&water(), rows.clone(), now()).unwrap().refused.first().map(|(_, reason)| *reason)
    };
    let with = |key: &str, value: Primitive| {
        let mut parameters = Properties::default();
        parameters.set(key, value);
        Detail { parameters, ..Detail::default() }
    };
    assert_eq!(reason(with("quality", Primitive::Integer(3))), None);
    assert_eq!(reason(with("caller", Primitive::Integer(3))), Some(Reason::NotAllowed));
    let result = |text: &str| Detail { result: Some(Primitive::Text(Arc::from(text))), ..Detail::default() };
    assert_eq!(reason(result("rising")), None);
    assert_eq!(reason(result("angry")), Some(Reason::NotAllowed));
    let quality = |value: Primitive| Detail { result_quality: Some(value), ..Detail::default() };
    assert_eq!(reason(quality(Primitive::Integer(3))), None);
    let words = || quality(Primitive::Text(Arc::from("good")));
    assert_eq!(reason(words()), Some(Reason::NotAllowed), "free text that no pack declares");
    let sandbox = gate(true);
    sandbox.register(&EntityId::Number(1), &body("water_level", "water"));
    let there = |detail: Detail| {
        let mut rows = Observations::default();
        rows.push_detailed(row(1, 1.0), detail);
        sandbox.admit_sent(&water(), rows, now()).unwrap().refused.first().map(|(_, reason)| *reason)
    };
    assert_eq!(there(words()), None);
    let telephone = quality(Primitive::Text(Arc::from("ask +1 555 123 4567")));
    assert_eq!(there(telephone), Some(Reason::PersonalText));
    assert_eq!(
        refused(&city, EntityChange::Delete(EntityKind::ObservedProperty, "water_level".into())),
        Some(Reason::NotAllowed)
    );
}

//! The catalogue against a naive scan: whatever was applied, every relation is right from both ends.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use city::{
    BoundingBox, DatastreamBody, DatastreamId, Entity, EntityBody, EntityChange, EntityId, EntityKind, FeedId,
    ObservationType, Position, Properties, Shape, Time, UnitOfMeasurement,
};
use proptest::prelude::*;
use sensorthings::catalogue::{Catalogue, KINDS};
use sensorthings::model::{EntityType, Navigation};

type Naive = BTreeMap<(EntityKind, EntityId), Entity>;

fn id() -> impl Strategy<Value = EntityId> {
    prop_oneof![9 => (1_i64..7).prop_map(EntityId::Number), 1 => "[a-c]".prop_map(|text| EntityId::from(text.as_str()))]
}

/// An id far ahead of those that are given one after the other.
const FAR: u32 = 3_000_000_000;

/// Ids of series are whole numbers.
fn number() -> impl Strategy<Value = EntityId> {
    prop_oneof![8 => 1_i64..9, 1 => Just(i64::from(FAR))].prop_map(EntityId::Number)
}

fn shape() -> impl Strategy<Value = Shape> {
    let position = (0_i32..6, 0_i32..6)
        .prop_map(|(x, y)| Position { longitude: f64::from(x) * 0.049 - 0.1, latitude: f64::from(y) * 0.05 - 0.1 });
    prop_oneof![
        5 => position.clone().prop_map(Shape::Point),
        1 => prop::collection::vec(position, 2..4).prop_map(Shape::LineString),
    ]
}

fn ids() -> impl Strategy<Value = Vec<EntityId>> {
    prop::collection::btree_set(id(), 0..3).prop_map(|ids| ids.into_iter().collect())
}

fn entity() -> impl Strategy<Value = Entity> {
    let kind_of_result = prop_oneof![Just(ObservationType::Measurement), Just(ObservationType::Count)];
    let plain = prop_oneof![
        (ids(), prop::option::of(id()))
            .prop_map(|(locations, feature_of_interest)| EntityBody::Thing { locations, feature_of_interest }),
        shape().prop_map(|location| EntityBody::Location { encoding_type: String::new(), location }),
        (id(), ids(), 0_i64..9).prop_map(|(thing, locations, hour)| EntityBody::HistoricalLocation {
            time: Time::from_ms(1_700_000_000_000 + hour * 3_600_000).expect("a time"),
            thing,
            locations,
        }),
        Just(EntityBody::Sensor { encoding_type: String::new(), metadata: String::new() }),
        Just(EntityBody::ObservedProperty { definition: String::new() }),
        shape().prop_map(|feature| EntityBody::FeatureOfInterest { encoding_type: String::new(), feature }),
    ];
    let datastream = (id(), id(), id(), kind_of_result, prop::option::of(id()), ids()).prop_map(
        |(thing, sensor, observed_property, observation_type, feature_of_interest, other_features)| {
            EntityBody::Datastream(Box::new(DatastreamBody {
                observation_type,
                unit_of_measurement: UnitOfMeasurement::default(),
                thing,
                sensor,
                observed_property,
                feed: FeedId::new("api"),
                feature_of_interest,
                other_features,
            }))
        },
    );
    let named = |id: EntityId, body| Entity {
        id,
        name: String::new(),
        description: String::new(),
        properties: Properties::default(),
        body,
    };
    prop_oneof![
        3 => (id(), plain).prop_map(move |(id, body)| named(id, body)),
        2 => (number(), datastream).prop_map(move |(id, body)| named(id, body)),
    ]
}

fn change() -> impl Strategy<Value = EntityChange> {
    let kind = prop::sample::select(&KINDS[..]);
    prop_oneof![
        4 => entity().prop_map(EntityChange::Put),
        1 => (kind, id()).prop_map(|(kind, id)| EntityChange::Delete(kind, id)),
    ]
}

/// The links that an entity itself has.
fn links(entity: &Entity, navigation: Navigation) -> Vec<EntityId> {
    match (&entity.body, navigation) {
        (
            EntityBody::Thing { locations, .. } | EntityBody::HistoricalLocation { locations, .. },
            Navigation::Locations,
        ) => locations.clone(),
        (EntityBody::HistoricalLocation { thing, .. }, Navigation::Thing) => vec![thing.clone()],
        (EntityBody::Datastream(body), Navigation::Thing) => vec![body.thing.clone()],
        (EntityBody::Datastream(body), Navigation::Sensor) => vec![body.sensor.clone()],
        (EntityBody::Datastream(body), Navigation::ObservedProperty) => vec![body.observed_property.clone()],
        _ => Vec::new(),
    }
}

/// Everything at the other end of a relation, by looking at everything.
fn related(naive: &Naive, kind: EntityKind, id: &EntityId, navigation: Navigation) -> Vec<EntityId> {
    let target = navigation.target().kept().expect("not observations");
    let back = EntityType::from(kind).inverse(navigation).expect("a way back");
    let own = naive.get(&(kind, id.clone())).map(|entity| links(entity, navigation)).unwrap_or_default();
    let others = naive.iter().filter(|((of, _), entity)| *of == target && links(entity, back).contains(id));
    let mut all: Vec<EntityId> = own.into_iter().chain(others.map(|((_, id), _)| id.clone())).collect();
    all.sort();
    all.dedup();
    all
}

fn place<'a>(naive: &'a Naive, thing: &EntityId) -> Option<&'a Shape> {
    let EntityBody::Thing { locations, .. } = &naive.get(&(EntityKind::Thing, thing.clone()))?.body else {
        return None;
    };
    match &naive.get(&(EntityKind::Location, locations.first()?.clone()))?.body {
        EntityBody::Location { location, .. } => Some(location),
        _ => None,
    }
}

/// Its own feature of interest, or that of its thing.
fn feature_of(naive: &Naive, body: &DatastreamBody) -> Option<EntityId> {
    body.feature_of_interest.clone().or_else(|| match &naive.get(&(EntityKind::Thing, body.thing.clone()))?.body {
        EntityBody::Thing { feature_of_interest, .. } => feature_of_interest.clone(),
        _ => None,
    })
}

fn datastreams_of_feature(naive: &Naive, feature: &EntityId) -> Vec<EntityId> {
    let has = |entity: &Entity| match &entity.body {
        EntityBody::Datastream(body) => {
            feature_of(naive, body).as_ref() == Some(feature) || body.other_features.contains(feature)
        }
        _ => false,
    };
    naive.values().filter(|entity| has(entity)).map(|entity| entity.id.clone()).collect()
}

fn settled(naive: &Naive, body: &DatastreamBody) -> bool {
    match feature_of(naive, body)
        .and_then(|id| naive.get(&(EntityKind::FeatureOfInterest, id)))
        .map(|entity| &entity.body)
    {
        Some(EntityBody::FeatureOfInterest { feature, .. }) => {
            place(naive, &body.thing).is_none_or(|place| place == feature)
        }
        _ => false,
    }
}

fn things_in(naive: &Naive, area: &BoundingBox) -> Vec<EntityId> {
    let inside = |id: &EntityId| {
        let location = naive.get(&(EntityKind::Location, id.clone())).map(|location| &location.body);
        matches!(location, Some(EntityBody::Location { location: Shape::Point(at), .. }) if area.contains(*at))
    };
    let things = naive
        .values()
        .filter(|entity| matches!(&entity.body, EntityBody::Thing { locations, .. } if locations.iter().any(inside)));
    things.map(|thing| thing.id.clone()).collect()
}

fn compare(catalogue: &Catalogue, naive: &Naive, area: &BoundingBox) {
    let everyone: Vec<EntityId> = (1..9).map(EntityId::Number).chain(["a", "b", "c"].map(EntityId::from)).collect();
    for kind in KINDS {
        let ids: Vec<&EntityId> = naive.keys().filter(|(of, _)| *of == kind).map(|(_, id)| id).collect();
        assert_eq!(catalogue.ids(kind).collect::<Vec<_>>(), ids);
        assert_eq!(catalogue.len(kind), ids.len());
        for id in &everyone {
            assert_eq!(catalogue.get(kind, id).map(|entity| &**entity), naive.get(&(kind, id.clone())));
            let behind: Vec<&EntityId> = ids.iter().copied().filter(|other| *other > id).collect();
            assert_eq!(catalogue.ids_from(kind, id).collect::<Vec<_>>(), behind);
            for row in EntityType::from(kind).row().navigations {
                if row.navigation == Navigation::Observations {
                    continue;
                }
                let wanted = related(naive, kind, id, row.navigation);
                let found: Vec<EntityId> = catalogue.related(kind, id, row.navigation).cloned().collect();
                // The other end of an entity that is gone may still be named: writers never leave it so.
                if naive.contains_key(&(kind, id.clone())) {
                    assert_eq!(found, wanted, "{kind:?} {id} {:?}", row.navigation);
                    let backwards: Vec<EntityId> = catalogue.related(kind, id, row.navigation).rev().cloned().collect();
                    assert!(backwards.iter().rev().eq(found.iter()));
                    let after = EntityId::Number(3);
                    let rest: Vec<EntityId> =
                        catalogue.related_from(kind, id, row.navigation, Some(&after)).cloned().collect();
                    assert!(rest.iter().eq(found.iter().filter(|id| **id > after)));
                }
            }
        }
    }
    for feature in &everyone {
        let found: Vec<EntityId> = catalogue.datastreams_of_feature(feature).cloned().collect();
        assert_eq!(found, datastreams_of_feature(naive, feature), "datastreams of the feature {feature}");
    }
    assert_eq!(catalogue.things_in(area), things_in(naive, area));
    for id in (1..9_u32).chain([FAR]) {
        let entity = naive.get(&(EntityKind::Datastream, EntityId::Number(i64::from(id))));
        let wanted = entity.and_then(|entity| match &entity.body {
            EntityBody::Datastream(body) => Some((body.observation_type, settled(naive, body))),
            _ => None,
        });
        let stream = catalogue.stream(DatastreamId(id));
        assert_eq!(stream.map(|stream| (stream.observation_type, stream.settled)), wanted, "datastream {id}");
    }
}

proptest! {
    #[test]
    fn every_relation_is_what_a_scan_finds(
        changes in prop::collection::vec(change(), 1..60),
        west in -0.2_f64..0.2, south in -0.2_f64..0.2, width in 0.0_f64..0.3, height in 0.0_f64..0.3,
    ) {
        let area = BoundingBox { west, south, east: west + width, north: south + height };
        let (mut catalogue, mut naive) = (Catalogue::default(), Naive::new());
        for change in &changes {
            catalogue.apply(change);
            match change {
                EntityChange::Put(entity) => naive.insert((entity.kind(), entity.id.clone()), entity.clone()),
                EntityChange::Delete(kind, id) => naive.remove(&(*kind, id.clone())),
            };
        }
        compare(&catalogue, &naive, &area);
        // The same entities in another order are the same catalogue.
        let again = Catalogue::new(naive.values().rev().cloned());
        compare(&again, &naive, &area);
    }
}

#[test]
fn what_is_configured_wins_and_keeps_the_features_that_were_found() {
    let stored: Vec<Entity> = vec![datastream("old", Some(EntityId::Number(4)))];
    let mut catalogue = Catalogue::new(stored);
    catalogue.configure([datastream("new", None)]);
    let id = EntityId::Number(1);
    let entity = catalogue.get(EntityKind::Datastream, &id).expect("the datastream");
    assert_eq!(entity.name, "new");
    let body = catalogue.datastream(DatastreamId(1)).expect("its body");
    assert_eq!(body.feature_of_interest, Some(EntityId::Number(4)));
    assert!(catalogue.is_configured(EntityKind::Datastream, &id));
    assert!(!catalogue.is_configured(EntityKind::Thing, &id));
}

fn datastream(name: &str, feature: Option<EntityId>) -> Entity {
    Entity {
        id: EntityId::Number(1),
        name: name.to_owned(),
        description: String::new(),
        properties: Properties::default(),
        body: EntityBody::Datastream(Box::new(DatastreamBody {
            observation_type: ObservationType::Measurement,
            unit_of_measurement: UnitOfMeasurement::default(),
            thing: EntityId::Number(1),
            sensor: EntityId::from("water"),
            observed_property: EntityId::from("water_level"),
            feed: FeedId::new("water"),
            feature_of_interest: feature,
            other_features: Vec::new(),
        })),
    }
}

//! Where a change is told (18-088 clause 14.2): the paths at which somebody may be listening for it.

use city::{DatastreamBody, DatastreamId, Entity, EntityBody, EntityId, EntityKind, Shape, Time};

use crate::catalogue::Catalogue;
use crate::model::{EntityType, Navigation, Property};
use crate::series::Row;
use crate::v1_1;

/// Sets in which one change is told. Only a Location can be in more: that of each historical location that it is in.
pub const SETS_MAX: usize = 64;

/// The path of an entity, as in `Things(1)`.
pub fn path(kind: EntityKind, id: &EntityId) -> String {
    let mut path = Vec::new();
    v1_1::entity::link(&mut path, "", EntityType::from(kind), id);
    String::from_utf8_lossy(&path).trim_start_matches('/').to_owned()
}

/// The paths of the entity sets that hold an entity: `Datastreams`, `Things(1)/Datastreams`, `Sensors(1)/Datastreams`.
pub fn sets(catalogue: &Catalogue, kind: EntityKind, id: &EntityId) -> Vec<String> {
    let entity = EntityType::from(kind);
    let mut sets = vec![entity.set().to_owned()];
    for navigation in entity.row().navigations.iter().map(|row| row.navigation) {
        let back = entity.inverse(navigation).filter(|back| back.is_many());
        let (Some(back), Some(holder)) = (back, navigation.target().kept()) else { continue };
        let holders = catalogue.related(kind, id, navigation);
        sets.extend(holders.map(|id| format!("{}/{}", path(holder, id), back.name())));
    }
    sets.truncate(SETS_MAX);
    sets
}

/// The paths of the entity sets that hold an observation: all, those of its datastream, those of its feature of interest.
pub fn observation_sets(catalogue: &Catalogue, row: &Row) -> Vec<String> {
    let observations = Navigation::Observations.name();
    let of = |kind: EntityKind, id: &EntityId| format!("{}/{observations}", path(kind, id));
    let datastream = row.observation.datastream;
    let mut sets = vec![observations.to_owned(), of(EntityKind::Datastream, &series_id(datastream))];
    sets.extend(catalogue.feature_of_row(row).map(|feature| of(EntityKind::FeatureOfInterest, feature)));
    sets
}

fn series_id(datastream: DatastreamId) -> EntityId {
    EntityId::Number(i64::from(datastream.0))
}

/// The properties that differ, by their names. Those that follow from observations (`phenomenonTime` of a datastream) are
/// not looked at.
pub fn changed(before: &Entity, after: &Entity) -> Vec<&'static str> {
    let value = |entity: &Entity, property| {
        let mut value = Vec::new();
        v1_1::entity::property(&mut value, entity, property, &Nothing).then_some(value)
    };
    let properties = EntityType::from(after.kind()).row().properties.iter().map(|row| row.property);
    properties.filter(|property| value(before, *property) != value(after, *property)).map(Property::name).collect()
}

/// Whether nobody outside can see that it changed: the house itself noted which features of interest it has.
pub fn is_inward(before: &Entity, after: &Entity) -> bool {
    let outside = |entity: &Entity| {
        let mut entity = entity.clone();
        match &mut entity.body {
            EntityBody::Thing { feature_of_interest, .. } => *feature_of_interest = None,
            EntityBody::Datastream(body) => {
                body.feature_of_interest = None;
                body.other_features.clear();
            }
            _ => {}
        }
        entity
    };
    outside(before) == outside(after)
}

/// No facts: only what the entity itself says is compared.
struct Nothing;

impl v1_1::entity::Facts for Nothing {
    fn phenomenon_time(&self, _: &EntityId) -> Option<(Time, Time)> {
        None
    }
    fn result_time(&self, _: &EntityId) -> Option<(Time, Time)> {
        None
    }
    fn observed_area(&self, _: &DatastreamBody) -> Option<&Shape> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use city::{Detail, FeedId, Observation, ObservationType, Properties, UnitOfMeasurement};

    use super::*;

    fn entity(id: i64, name: &str, body: EntityBody) -> Entity {
        let description = "made for a test".to_owned();
        Entity { id: id.into(), name: name.to_owned(), description, properties: Properties::default(), body }
    }

    fn catalogue() -> Catalogue {
        let datastream = DatastreamBody {
            observation_type: ObservationType::Measurement,
            unit_of_measurement: UnitOfMeasurement::default(),
            thing: 1.into(),
            sensor: 2.into(),
            observed_property: "water_level".into(),
            feed: FeedId::new("gauges"),
            feature_of_interest: None,
            other_features: Vec::new(),
        };
        let shape = || Shape::MultiPoint(Vec::new());
        Catalogue::new([
            entity(1, "Weir", EntityBody::Thing { locations: vec![3.into()], feature_of_interest: Some(9.into()) }),
            entity(3, "Bank", EntityBody::Location { encoding_type: String::new(), location: shape() }),
            entity(2, "Gauge", EntityBody::Sensor { encoding_type: "text/plain".into(), metadata: "a gauge".into() }),
            entity(5, "Level", EntityBody::Datastream(Box::new(datastream))),
        ])
    }

    #[test]
    fn an_entity_is_told_in_every_set_that_holds_it() {
        let catalogue = catalogue();
        let sets = |kind, id: i64| sets(&catalogue, kind, &id.into());
        assert_eq!(sets(EntityKind::Thing, 1), ["Things", "Locations(3)/Things"]);
        assert_eq!(sets(EntityKind::Location, 3), ["Locations", "Things(1)/Locations"]);
        assert_eq!(sets(EntityKind::Sensor, 2), ["Sensors"]);
        assert_eq!(
            sets(EntityKind::Datastream, 5),
            [
                "Datastreams",
                "Things(1)/Datastreams",
                "Sensors(2)/Datastreams",
                "ObservedProperties('water_level')/Datastreams"
            ]
        );
    }

    #[test]
    fn an_observation_is_told_where_its_datastream_and_its_feature_are() {
        let catalogue = catalogue();
        let observation = Observation {
            datastream: DatastreamId(5),
            phenomenon_time: Time::from_ms(1_700_000_000_000).expect("a time"),
            result: 1.0,
        };
        let mut row = Row { observation, detail: None, received: None };
        assert_eq!(
            observation_sets(&catalogue, &row),
            ["Observations", "Datastreams(5)/Observations", "FeaturesOfInterest(9)/Observations"]
        );
        row.detail = Some(Arc::new(Detail { feature_of_interest: Some(11.into()), ..Detail::default() }));
        assert_eq!(observation_sets(&catalogue, &row)[2], "FeaturesOfInterest(11)/Observations");
    }

    #[test]
    fn only_properties_that_differ_have_changed() {
        let before = entity(1, "Weir", EntityBody::Thing { locations: vec![3.into()], feature_of_interest: None });
        let mut after = before.clone();
        after.body = EntityBody::Thing { locations: vec![3.into()], feature_of_interest: Some(9.into()) };
        assert!(is_inward(&before, &after));
        assert!(changed(&before, &after).is_empty());
        after.body = EntityBody::Thing { locations: vec![], feature_of_interest: None };
        assert!(changed(&before, &after).is_empty(), "a link is no property");
        assert!(!is_inward(&before, &after), "but it can be seen");
        after.name = "Lock".to_owned();
        after.properties.set("depth_m", city::Primitive::Number(2.0));
        assert_eq!(changed(&before, &after), ["name", "properties"]);
    }
}

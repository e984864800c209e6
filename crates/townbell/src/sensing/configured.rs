//! What `city.toml` configures, as SensorThings entities. They are there to be read and observed; who wants to change
//! them edits the file.

use city::{
    Datastream, DatastreamBody, Entity, EntityBody, EntityId, ObservationType, ObservedProperty, Properties, Shape,
    Thing, UnitOfMeasurement,
};

use crate::config::{City, Feed};

/// `encodingType` of a place (18-088, table 7).
const GEOJSON: &str = "application/geo+json";
/// `encodingType` of the sensor that stands for a feed: its metadata is plain words.
const PLAIN: &str = "text/plain";

/// All of them: things with their places and features of interest, a sensor a feed, the packs' observed properties,
/// and the datastreams.
pub(super) fn entities(city: &City) -> Vec<Entity> {
    let mut all: Vec<Entity> = Vec::with_capacity(city.things.len() * 3 + city.datastreams.len());
    for thing in &city.things {
        all.extend([location(thing), feature(thing), of_thing(thing)]);
    }
    let is_ours = |feed: &&Feed| feed.contract.kind == city::FeedKind::SensorThings;
    all.extend(city.feeds.iter().filter(is_ours).map(sensor));
    all.extend(city.observed_properties.iter().map(property));
    for stream in &city.datastreams {
        let observed = city.observed_properties.iter().find(|property| property.id == stream.observed_property);
        all.extend(observed.map(|observed| datastream(stream, observed)));
    }
    all
}

fn number(id: u32) -> EntityId {
    EntityId::Number(i64::from(id))
}

fn location(thing: &Thing) -> Entity {
    Entity {
        id: number(thing.id.0),
        name: thing.name.clone(),
        description: format!("Where {} stands", thing.name),
        properties: Properties::default(),
        body: EntityBody::Location { encoding_type: GEOJSON.to_owned(), location: Shape::Point(thing.position) },
    }
}

fn feature(thing: &Thing) -> Entity {
    Entity {
        body: EntityBody::FeatureOfInterest {
            encoding_type: GEOJSON.to_owned(),
            feature: Shape::Point(thing.position),
        },
        ..location(thing)
    }
}

fn of_thing(thing: &Thing) -> Entity {
    Entity {
        id: number(thing.id.0),
        name: thing.name.clone(),
        description: thing.description.clone(),
        properties: Properties::default(),
        body: EntityBody::Thing { locations: vec![number(thing.id.0)], feature_of_interest: Some(number(thing.id.0)) },
    }
}

/// What observes is known by its feed: whose it is, and under what terms.
fn sensor(feed: &Feed) -> Entity {
    let contract = &feed.contract;
    Entity {
        id: EntityId::from(contract.feed.as_str()),
        name: contract.name.clone(),
        description: format!("Run by {}", contract.owner),
        properties: Properties::default(),
        body: EntityBody::Sensor { encoding_type: PLAIN.to_owned(), metadata: contract.licence.clone() },
    }
}

fn property(property: &ObservedProperty) -> Entity {
    Entity {
        id: EntityId::from(property.id.as_str()),
        name: property.name.clone(),
        description: property.description.clone(),
        properties: Properties::default(),
        body: EntityBody::ObservedProperty { definition: property.definition.clone() },
    }
}

fn datastream(stream: &Datastream, property: &ObservedProperty) -> Entity {
    let categories = !property.categories.is_empty();
    let body = DatastreamBody {
        observation_type: if categories { ObservationType::Category } else { ObservationType::Measurement },
        unit_of_measurement: UnitOfMeasurement {
            name: Some(property.unit_name.clone()),
            symbol: Some(property.unit_symbol.clone()),
            definition: Some(format!("http://unitsofmeasure.org/ucum#{}", property.unit_symbol)),
        },
        thing: number(stream.thing.0),
        sensor: EntityId::from(stream.feed.as_str()),
        observed_property: EntityId::from(property.id.as_str()),
        feed: stream.feed.clone(),
        feature_of_interest: None,
        other_features: Vec::new(),
    };
    Entity {
        id: number(stream.id.0),
        name: stream.name.clone(),
        description: property.description.clone(),
        properties: Properties::default(),
        body: EntityBody::Datastream(Box::new(body)),
    }
}

//! The entities of `/v1.1` as JSON. All names that version 1.1 has and 2.0 changes (`@iot.id`, `@iot.selfLink`,
//! navigation links) are in this file, so that `/v2.0` can stand beside it.
//!
//! Only the links that the house serves are written: Thing, Location, Datastream, ObservedProperty, Observation.

use city::{Datastream, DatastreamId, Observation, ObservedProperty, Position, Thing, Time};
use serde::Serialize;

/// `observationType` of every datastream here: a number (18-088, table 12).
const OM_MEASUREMENT: &str = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement";
/// `encodingType` of a Location (18-088, table 7).
const GEOJSON: &str = "application/geo+json";

/// One page of entities (18-088, clause 9.3.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Collection<T> {
    /// All that match, when `$count=true` asked for it.
    #[serde(rename = "@iot.count", skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Where the next page is.
    #[serde(rename = "@iot.nextLink", skip_serializing_if = "Option::is_none")]
    pub next_link: Option<String>,
    /// This page.
    pub value: Vec<T>,
}

/// `GET /v1.1` (18-088, clause 9.2.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceRoot {
    /// The entity sets.
    pub value: Vec<EntitySet>,
    /// What is implemented.
    #[serde(rename = "serverSettings")]
    pub server_settings: ServerSettings,
}

/// One entity set of the service root.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntitySet {
    /// Its name.
    pub name: &'static str,
    /// Its address.
    pub url: String,
}

/// `serverSettings` of the service root.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServerSettings {
    /// URIs of the requirement classes that are served.
    pub conformance: Vec<String>,
}

impl ServiceRoot {
    /// `base` is the address of `/v1.1` without a slash at its end; `classes` are requirement classes without their
    /// common beginning: `datamodel`, `request-data`.
    pub fn new(base: &str, classes: &[&str]) -> Self {
        let sets = ["Things", "Locations", "Datastreams", "ObservedProperties", "Observations"];
        let uri = |class: &&str| format!("http://www.opengis.net/spec/iot_sensing/1.1/req/{class}");
        Self {
            value: sets.into_iter().map(|name| EntitySet { name, url: format!("{base}/{name}") }).collect(),
            server_settings: ServerSettings { conformance: classes.iter().map(uri).collect() },
        }
    }
}

/// A Thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2.1")]
pub struct ThingEntity {
    #[serde(rename = "@iot.id")]
    pub id: u32,
    #[serde(rename = "@iot.selfLink")]
    pub self_link: String,
    pub name: String,
    pub description: String,
    #[serde(rename = "Locations@iot.navigationLink")]
    pub locations_link: String,
    #[serde(rename = "Datastreams@iot.navigationLink")]
    pub datastreams_link: String,
    /// Written out when `$expand=Locations` asked for it.
    #[serde(rename = "Locations", skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<LocationEntity>>,
    /// Written out when `$expand=Datastreams` asked for it.
    #[serde(rename = "Datastreams", skip_serializing_if = "Option::is_none")]
    pub datastreams: Option<Vec<DatastreamEntity>>,
}

impl ThingEntity {
    /// `base` is the address of `/v1.1` without a slash at its end.
    pub fn new(base: &str, thing: &Thing) -> Self {
        let self_link = format!("{base}/Things({})", thing.id);
        Self {
            id: thing.id.0,
            name: thing.name.clone(),
            description: thing.description.clone(),
            locations_link: format!("{self_link}/Locations"),
            datastreams_link: format!("{self_link}/Datastreams"),
            locations: None,
            datastreams: None,
            self_link,
        }
    }
}

/// Where a Thing stands; its id is that of the Thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2.2")]
pub struct LocationEntity {
    #[serde(rename = "@iot.id")]
    pub id: u32,
    #[serde(rename = "@iot.selfLink")]
    pub self_link: String,
    pub name: String,
    pub description: String,
    #[serde(rename = "encodingType")]
    pub encoding_type: &'static str,
    pub location: GeoJsonPoint,
    #[serde(rename = "Things@iot.navigationLink")]
    pub things_link: String,
}

impl LocationEntity {
    /// `base` is the address of `/v1.1` without a slash at its end.
    pub fn new(base: &str, thing: &Thing) -> Self {
        let self_link = format!("{base}/Locations({})", thing.id);
        Self {
            id: thing.id.0,
            name: thing.name.clone(),
            description: format!("Where {} stands", thing.name),
            encoding_type: GEOJSON,
            location: GeoJsonPoint::new(thing.position),
            things_link: format!("{self_link}/Things"),
            self_link,
        }
    }
}

/// A GeoJSON point (RFC 7946).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GeoJsonPoint {
    #[serde(rename = "type")]
    kind: &'static str,
    coordinates: [f64; 2],
}

impl GeoJsonPoint {
    /// Longitude first, as GeoJSON has it.
    pub fn new(position: Position) -> Self {
        Self { kind: "Point", coordinates: [position.longitude, position.latitude] }
    }
}

/// A Datastream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2.4")]
pub struct DatastreamEntity {
    #[serde(rename = "@iot.id")]
    pub id: u32,
    #[serde(rename = "@iot.selfLink")]
    pub self_link: String,
    pub name: String,
    pub description: String,
    #[serde(rename = "observationType")]
    pub observation_type: &'static str,
    #[serde(rename = "unitOfMeasurement")]
    pub unit_of_measurement: UnitOfMeasurement,
    /// From the first phenomenon time to the last, where there is one.
    #[serde(rename = "phenomenonTime", skip_serializing_if = "Option::is_none")]
    pub phenomenon_time: Option<String>,
    #[serde(rename = "Thing@iot.navigationLink")]
    pub thing_link: String,
    #[serde(rename = "ObservedProperty@iot.navigationLink")]
    pub observed_property_link: String,
    #[serde(rename = "Observations@iot.navigationLink")]
    pub observations_link: String,
    /// Written out when `$expand=Thing` asked for it.
    #[serde(rename = "Thing", skip_serializing_if = "Option::is_none")]
    pub thing: Option<Box<ThingEntity>>,
    /// Written out when `$expand=ObservedProperty` asked for it.
    #[serde(rename = "ObservedProperty", skip_serializing_if = "Option::is_none")]
    pub observed_property: Option<ObservedPropertyEntity>,
    /// Written out when `$expand=Observations` asked for it.
    #[serde(rename = "Observations", skip_serializing_if = "Option::is_none")]
    pub observations: Option<Vec<ObservationEntity>>,
}

/// `unitOfMeasurement` of a Datastream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2.4")]
pub struct UnitOfMeasurement {
    pub name: String,
    pub symbol: String,
    pub definition: String,
}

impl DatastreamEntity {
    /// `base` is the address of `/v1.1` without a slash at its end; `span` the first and last phenomenon time.
    pub fn new(base: &str, datastream: &Datastream, property: &ObservedProperty, span: Option<(Time, Time)>) -> Self {
        let self_link = format!("{base}/Datastreams({})", datastream.id);
        Self {
            id: datastream.id.0,
            name: datastream.name.clone(),
            description: property.description.clone(),
            observation_type: OM_MEASUREMENT,
            unit_of_measurement: UnitOfMeasurement {
                name: property.unit_name.clone(),
                symbol: property.unit_symbol.clone(),
                definition: format!("http://unitsofmeasure.org/ucum#{}", property.unit_symbol),
            },
            phenomenon_time: span.map(|(from, to)| format!("{from}/{to}")),
            thing_link: format!("{self_link}/Thing"),
            observed_property_link: format!("{self_link}/ObservedProperty"),
            observations_link: format!("{self_link}/Observations"),
            thing: None,
            observed_property: None,
            observations: None,
            self_link,
        }
    }
}

/// An ObservedProperty; its id is the text of the pack's allow-list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2.6")]
pub struct ObservedPropertyEntity {
    #[serde(rename = "@iot.id")]
    pub id: String,
    #[serde(rename = "@iot.selfLink")]
    pub self_link: String,
    pub name: String,
    pub definition: String,
    pub description: String,
    #[serde(rename = "Datastreams@iot.navigationLink")]
    pub datastreams_link: String,
}

impl ObservedPropertyEntity {
    /// `base` is the address of `/v1.1` without a slash at its end.
    pub fn new(base: &str, property: &ObservedProperty) -> Self {
        let self_link = format!("{base}/ObservedProperties('{}')", property.id);
        Self {
            id: property.id.as_str().to_owned(),
            name: property.name.clone(),
            definition: property.definition.clone(),
            description: property.description.clone(),
            datastreams_link: format!("{self_link}/Datastreams"),
            self_link,
        }
    }
}

/// Id of an Observation: datastream and milliseconds, `1-1714532400000`, because an Observation here is what one
/// datastream had at one instant, and nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationId {
    /// The series.
    pub datastream: DatastreamId,
    /// When it was so.
    pub phenomenon_time: Time,
}

impl std::fmt::Display for ObservationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.datastream, self.phenomenon_time.ms())
    }
}

impl ObservationId {
    /// Reads what [`std::fmt::Display`] writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (datastream, ms) = text.split_once('-')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(datastream) || !digits(ms) {
            return None;
        }
        let phenomenon_time = Time::from_ms(ms.parse().ok()?)?;
        Some(Self { datastream: DatastreamId(datastream.parse().ok()?), phenomenon_time })
    }
}

/// An Observation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names are those of 18-088, clause 8.2.7")]
pub struct ObservationEntity {
    #[serde(rename = "@iot.id")]
    pub id: String,
    #[serde(rename = "@iot.selfLink")]
    pub self_link: String,
    #[serde(rename = "phenomenonTime")]
    pub phenomenon_time: Time,
    /// Always null: the house does not keep when a result was worked out.
    #[serde(rename = "resultTime")]
    pub result_time: Option<Time>,
    pub result: f64,
    #[serde(rename = "Datastream@iot.navigationLink")]
    pub datastream_link: String,
}

impl ObservationEntity {
    /// `base` is the address of `/v1.1` without a slash at its end.
    pub fn new(base: &str, observation: &Observation) -> Self {
        let id = ObservationId { datastream: observation.datastream, phenomenon_time: observation.phenomenon_time };
        let self_link = format!("{base}/Observations('{id}')");
        Self {
            id: id.to_string(),
            phenomenon_time: observation.phenomenon_time,
            result_time: None,
            result: observation.result,
            datastream_link: format!("{self_link}/Datastream"),
            self_link,
        }
    }
}

//! OGC SensorThings API 1.1 (18-088): observations that come in ([`decode_observation`],
//! [`decode_create_observations`]) and the entities that `/v1.1` shows ([`entity`]).
//!
//! Of an Observation only `phenomenonTime`, `result` and its Datastream are taken. `resultTime`, `validTime`,
//! `resultQuality`, `parameters` and `FeatureOfInterest` are open bags or free text: they are dropped and counted.
//! A result is a number; text, media and objects are refused.

mod decode;
pub mod entity;

pub use decode::{ObservationRow, Rows, decode_create_observations, decode_observation};
pub use entity::{
    Collection, DatastreamEntity, LocationEntity, ObservationEntity, ObservationId, ObservedPropertyEntity,
    ServiceRoot, ThingEntity,
};

//! SensorThings API 1.1, Part 1: Sensing (OGC 18-088), without a socket, a clock or a store: what a path and a query
//! mean, and whether a row is one that is asked for.

pub mod batch;
pub mod catalogue;
pub mod data_array;
pub mod digits;
pub mod evaluate;
pub mod json;
pub mod model;
pub mod path;
mod percent;
pub mod problem;
pub mod query;
pub mod read;
pub mod series;
pub mod topics;
pub mod updates;
pub mod v1_1;
pub mod value;
pub mod write;

pub use evaluate::geometry::Geometry;
pub use evaluate::{Bounds, Budget, Exhausted, Order, OrderKey, Prepared};
pub use model::{EntityType, Navigation, Property};
pub use path::{EntityPath, Part, PathError, Resource, Step};
pub use query::{Expand, Filter, Options, OrderBy, QueryError, ResultFormat, Selection};
pub use value::{Row, Value};

//! Requests that change something (18-088 clause 10): from a path and a body to a [`Plan`] of all that would change.
//! Nothing is changed here, so that a request that fails half way has done nothing.

mod address;
mod body;
mod create;
mod delete;
mod document;
mod draft;
mod entity;
pub(crate) mod field;
mod json_patch;
pub mod limits;
mod link;
mod merge_patch;
mod observation;
mod plan;
mod request;
pub(crate) mod result;
mod rows;
mod rules;
mod shape;
pub(crate) mod strict;
pub(crate) mod time;
mod update;

pub(crate) use body::json;
pub(crate) use document::id_json;
pub use draft::Draft;
pub use link::STANDS_STILL;
pub use plan::{Plan, Target};
pub use request::{delete, post, update};
pub use rows::{Created, create_observations, observation_from_members};
pub use rules::{Declared, Give, Rules, Scan};
pub use update::Change;

//! Foreign bytes <-> typed values, one module a standard.
//!
//! Every decoder is pure and total: `bytes -> Result<(values, Tally), FormatError>`. It reads no clock, does no I/O,
//! never panics, and its memory is bounded by [`limits`]. An `Err` means that nothing of the document could be read
//! (the caller keeps its last good one); an entity that is broken by itself is counted in the tally under a named
//! [`city::Reason`] and never takes its neighbours along.
//!
//! # What the tally says here
//! `received = decoded + rejected`: each decoded value is returned to the caller, who adds `stored` or `duplicate`
//! (or a later refusal) for it. Both are always 0 in a tally that comes out of this crate, so
//! [`city::Tally::balances`] holds only after the gate and the store have had their turn.
//! `fields_dropped` counts fields that the standard has, that came in, and that have no place in the types here.
//!
//! # The line
//! The types have no field for a person, a plate, a phone, a contact or a media attachment; see the header of each
//! module for what its standard carries and is left at the door.

pub mod archive;
pub mod atom;
pub mod cap;
pub mod error;
pub mod gtfs;
pub mod gtfs_rt;
mod language;
pub mod limits;
pub mod mvt;
pub mod open311;
pub mod parquet;
mod xml;

pub use error::{FormatError, Place, Refusal, Standard};

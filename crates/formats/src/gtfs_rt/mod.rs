//! GTFS-Realtime 2.0: protocol buffers -> rows ready for the gate, and back (for the replayer).
//!
//! One file a message: [`position`], [`trip_update`], [`alert`]. The messages in [`proto`] are closed to what
//! survives; what the official schema has besides is skipped by the decoder before it can become a value.
//! Entities are decoded one by one from their raw bytes, so that a broken one never takes its neighbours along, and a
//! message that ends too soon keeps the entities before the cut.

use city::{Tally, Time};

use crate::error::FormatError;

pub mod alert;
pub mod position;
pub mod proto;
mod trip;
pub mod trip_update;
mod wire;

pub use alert::{ActivePeriod, AlertRow, Cause, Effect, decode_alerts};
pub use position::{VehicleRow, decode_vehicle_positions, encode_vehicle_positions};
pub use trip_update::{TripUpdateRow, decode_trip_updates, encode_trip_updates};

/// What one message said.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<T> {
    /// `FeedHeader.timestamp`; `None` when the header has none, or one that cannot be.
    pub header_time: Option<Time>,
    /// One row for each entity that could be read, in the order of the message.
    pub rows: Vec<T>,
}

/// Rows and their account.
pub type Decoded<T> = Result<(Message<T>, Tally), FormatError>;

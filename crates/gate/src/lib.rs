//! What may enter. Deny by default: a feed without a contract is not read, a field that is on no list is not kept,
//! and only what this crate let through can be stored, because it alone makes an [`Admitted`] value.
//!
//! No I/O and no clock: the time is passed in, and so is the timetable. What is refused is counted under a
//! [`city::Reason`]; none of its bytes is kept anywhere (DESIGN 6, CHARTER).

mod admission;
mod admitted;
mod candidate;
mod check;
mod gate;
mod policy;
mod sensing;
mod series;
mod service_day;
mod shape;
mod text;

pub mod census;
pub mod scan;

pub use admission::{Admission, REFUSALS_MAX, Refusal};
pub use admitted::Admitted;
pub use candidate::{Candidate, PositionCandidate, TripCandidate, UpdateCandidate};
pub use gate::Gate;
pub use policy::{GateError, Policy};
pub use sensing::Sent;
pub use service_day::{ServiceDay, resolve_service_date};
pub use text::{HEADLINE_CHARS_MAX, NAME_CHARS_MAX, NOTE_CHARS_MAX, TEXT_CHARS_MAX};

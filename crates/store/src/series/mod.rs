//! Series: the newest part in memory, the rest in compressed chunks, both read as one.
//!
//! An observation is durable as part of a row of the journal. After the commit it is in the heads, from which most
//! reads answer; later a seal makes chunks of what the heads hold, and the bodies of those rows are emptied: the
//! chunks know which row brought each version, so any row can be put together again.

mod bytes;
mod chunk;
mod decimal;
mod ends;
mod erase;
mod heads;
mod hours;
mod index;
mod intake;
mod ints;
mod layout;
mod load;
mod read;
mod rebuild;
mod rows;
mod sample;
mod seal;
mod segments;
mod trim;
mod upkeep;

pub(crate) mod body;

pub use chunk::CHUNK_POINTS_MAX;
pub use read::{Bucket, Latest, Point};
pub use rows::{Row, RowQuery, Rows, Version};
pub use seal::{HEAD_POINTS_MAX, SealPlan, SealedSlice};

pub(crate) use bytes::{Broken, Bytes, put};
pub(crate) use ends::tell_ends_apart;
pub(crate) use erase::{Erasing, forget, recount};
pub(crate) use heads::Heads;
pub(crate) use intake::{Before, Intake};
pub(crate) use ints::{put_ints, take_ints};
pub(crate) use load::{Loaded, load};
pub(crate) use rebuild::rebuild;
pub(crate) use sample::time;
pub(crate) use seal::Sealing;
pub(crate) use segments::Segments;
pub(crate) use trim::{expire, expire_hours};

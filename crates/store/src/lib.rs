//! What is kept, in one SQLite file: the journal, the account of each feed, the series as compressed chunks, the
//! compiled timetables, the alerts and how far the watch has come.
//!
//! One connection writes ([`Store`], owned by one thread of the program), any number read (see [`Reader`]). A batch is acknowledged after it is on
//! the disk; batches that wait together share one transaction. A failed write is never tried again: the store
//! refuses everything from then on and the program has to start anew from what is on the disk.

mod account;
mod alerts;
mod batch;
mod blocks;
mod codec;
mod commit;
mod entities;
mod error;
mod journal;
mod log;
mod notifications;
mod reader;
mod recent;
mod retention;
mod retiring;
mod room;
mod seen;
mod series;
mod store;
mod subscriptions;
mod timetables;

#[cfg(debug_assertions)]
mod unsynced;

pub mod schema;

pub use account::FeedAccount;
pub use alerts::{AlertSearch, WatchPosition, WatchState, WatchStep};
pub use batch::{Batch, Committed, CommittedGroup};
pub use error::StoreError;
pub use journal::JournalRow;
pub use log::LogCarrier;
pub use notifications::{ChannelCount, DueNotification, KeptNotification, NotificationFilter, Outcome};
pub use reader::{Reader, ReaderGuard, Readers};
pub use recent::RECENT_SPAN;
pub use retention::{ALERTS_KEPT, Retired, SeriesRetention};
pub use room::RESERVE_BYTES;
pub use series::{
    Bucket, CHUNK_POINTS_MAX, HEAD_POINTS_MAX, Latest, Point, Row, RowQuery, Rows, SealPlan, SealedSlice, Version,
};
pub use store::Store;
pub use subscriptions::{PushSubscription, SUBSCRIPTIONS_PER_ROLE_MAX};
pub use timetables::StoredTimetable;

//! Every bound on one read, with the reason for the number.

/// Rows that one request may look at, those of related entities that its filter walks through included. A million rows
/// take well below a second; whoever needs more narrows `phenomenonTime`, or exports.
pub const ROWS_VISITED_MAX: u64 = 2_000_000;
/// Rows that an order other than that of the store may keep in memory: `$skip` and `$top` together. At some 200 bytes
/// each that is 20 MB for the length of one request.
pub const ROWS_ORDERED_MAX: u64 = 100_000;
/// Entities that one answer tells, those expanded included. When a page has reached it, the page ends there and its
/// next link goes on: some 20 MB of JSON.
pub const ENTITIES_TOLD_MAX: u64 = 50_000;
/// Entities that one answer tells at most when a single entity of its page has so many expanded ones behind it that
/// the page cannot end any more.
pub const ENTITIES_TOLD_HARD_MAX: u64 = 200_000;
/// Rows of CSV that are handed over at once: some 300 KB, and as many as a chunk of the store has, so that few are read
/// twice.
pub const CHUNK_ROWS: usize = 4_096;
/// Rows of one batch of columns: a row group of a Parquet file, so that readers can skip most of a large one.
pub const BATCH_ROWS: usize = 65_536;

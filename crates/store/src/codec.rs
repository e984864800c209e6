//! Bytes of bodies, and integers as SQLite has them.

use city::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

pub(crate) fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(|error| StoreError::Unwritable { what, why: error.to_string() })
}

pub(crate) fn decode<T: DeserializeOwned>(what: impl Fn() -> String, bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| StoreError::Damaged { what: what(), why: error.to_string() })
}

pub(crate) fn time(what: impl Fn() -> String, ms: i64) -> Result<Time, StoreError> {
    Time::from_ms(ms).ok_or_else(|| StoreError::Damaged { what: what(), why: format!("{ms} ms is outside 2000..2100") })
}

/// Counts are kept as SQLite's signed integers; both directions stop at the ends of their ranges, 2^63 entities away.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// FNV-1a, 64 bits: stable from build to build, unlike the standard library's hasher. It only has to tell one
/// agency's text from its own earlier text, so no cryptographic hash is needed.
pub(crate) fn fnv1a(bytes: &[u8]) -> i64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    hash.cast_signed()
}

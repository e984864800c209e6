//! The columns that a file can have.

use super::Encoding;

/// Physical types (parquet.thrift, `Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Double = 5,
    Bytes = 6,
}

/// What the values mean (parquet.thrift, `LogicalType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Unsigned,
    UtcMilliseconds,
    /// What the physical type says.
    Itself,
    Text,
}

/// One column of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// The property of an Observation, or what it is related to, that it tells (18-088 table 12).
    pub(super) of: &'static str,
    pub(super) physical: Physical,
    pub(super) meaning: Meaning,
    pub(super) encoding: Encoding,
    pub(super) may_be_null: bool,
}

const fn column(name: &'static str, of: &'static str, physical: Physical) -> Column {
    let (meaning, encoding) = match physical {
        Physical::Int32 => (Meaning::Unsigned, Encoding::Delta),
        Physical::Int64 => (Meaning::UtcMilliseconds, Encoding::Delta),
        Physical::Bytes => (Meaning::Text, Encoding::Plain),
        Physical::Boolean | Physical::Double => (Meaning::Itself, Encoding::Plain),
    };
    Column { name, of, physical, meaning, encoding, may_be_null: true }
}

/// A column that every row has a value of.
const fn full(name: &'static str, of: &'static str, physical: Physical) -> Column {
    Column { may_be_null: false, ..column(name, of, physical) }
}

/// All columns, in their order.
pub(super) const COLUMNS: [Column; 12] = [
    Column { encoding: Encoding::Prefixed, ..full("id", "id", Physical::Bytes) },
    full("datastream", "Datastream", Physical::Int32),
    full("phenomenon_time", "phenomenonTime", Physical::Int64),
    column("phenomenon_end", "phenomenonTime", Physical::Int64),
    column("result", "result", Physical::Double),
    column("result_text", "result", Physical::Bytes),
    column("result_truth", "result", Physical::Boolean),
    column("result_time", "resultTime", Physical::Int64),
    column("result_quality", "resultQuality", Physical::Bytes),
    column("valid_from", "validTime", Physical::Int64),
    column("valid_to", "validTime", Physical::Int64),
    column("parameters", "parameters", Physical::Bytes),
];

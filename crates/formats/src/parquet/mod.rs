//! Observations as an Apache Parquet file (format 2.10): a row group for each batch, so that a file of any length is
//! written in the memory of one batch, and readers skip the groups outside the times that they ask for.
//!
//! Columns: `datastream`, `phenomenon_time`, `result` (null where the result is a text), `result_text`, `result_time`.
//! Whole numbers and times are delta-encoded, which takes a regular series to a few bits a row; numbers are plain.

mod delta;
mod footer;
mod thrift;

use city::{Detail, Observations, Primitive};

use footer::{Chunk, Group, Statistics};
use thrift::Struct;

/// What the file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

/// Physical types (parquet.thrift, `Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Physical {
    Int32 = 1,
    Int64 = 2,
    Double = 5,
    Bytes = 6,
}

/// How values are laid out (parquet.thrift, `Encoding`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain = 0,
    Rle = 3,
    Delta = 5,
}

/// What the values mean (parquet.thrift, `LogicalType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Unsigned,
    UtcMilliseconds,
    Number,
    Text,
}

/// One column of the file.
#[derive(Clone, Copy, Debug)]
struct Column {
    name: &'static str,
    physical: Physical,
    meaning: Meaning,
    encoding: Encoding,
    may_be_null: bool,
}

const COLUMNS: [Column; 5] = [
    Column {
        name: "datastream",
        physical: Physical::Int32,
        meaning: Meaning::Unsigned,
        encoding: Encoding::Delta,
        may_be_null: false,
    },
    Column {
        name: "phenomenon_time",
        physical: Physical::Int64,
        meaning: Meaning::UtcMilliseconds,
        encoding: Encoding::Delta,
        may_be_null: false,
    },
    Column {
        name: "result",
        physical: Physical::Double,
        meaning: Meaning::Number,
        encoding: Encoding::Plain,
        may_be_null: true,
    },
    Column {
        name: "result_text",
        physical: Physical::Bytes,
        meaning: Meaning::Text,
        encoding: Encoding::Plain,
        may_be_null: true,
    },
    Column {
        name: "result_time",
        physical: Physical::Int64,
        meaning: Meaning::UtcMilliseconds,
        encoding: Encoding::Delta,
        may_be_null: true,
    },
];

/// Writes a file, piece by piece: [`Writer::start`], [`Writer::rows`] for each batch, [`Writer::finish`]; the pieces one
/// behind the other are the file.
#[derive(Debug, Default)]
pub struct Writer {
    offset: u64,
    groups: Vec<Group>,
}

impl Writer {
    /// The beginning of the file.
    pub fn start(&mut self) -> Vec<u8> {
        self.offset = MAGIC.len() as u64;
        MAGIC.to_vec()
    }

    /// A batch of rows, as one row group; empty for no rows. A batch has at most 2^31 - 1 rows and some 65,536 for good
    /// readers.
    pub fn rows(&mut self, rows: &Observations) -> Vec<u8> {
        let mut out = Vec::new();
        if rows.is_empty() {
            return out;
        }
        let chunks = COLUMNS.map(|column| {
            let values = Values::of(&column, rows);
            let offset = self.offset + out.len() as u64;
            let start = out.len();
            page(&mut out, &column, &values, rows.len());
            Chunk { offset, bytes: (out.len() - start) as u64, statistics: values.statistics }
        });
        self.offset += out.len() as u64;
        self.groups.push(Group { rows: rows.len() as u64, chunks });
        out
    }

    /// The end of the file: what is in it and where.
    pub fn finish(self) -> Vec<u8> {
        let mut out = footer::metadata(&self.groups);
        let length = u32::try_from(out.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(MAGIC);
        out
    }
}

/// The values of one column chunk.
struct Values {
    /// Encoded; those that are null left out.
    bytes: Vec<u8>,
    /// Which rows have a value; empty where all must.
    present: Vec<bool>,
    statistics: Statistics,
}

impl Values {
    fn of(column: &Column, rows: &Observations) -> Self {
        match column.name {
            "datastream" => {
                // The bits of an unsigned number, as the format keeps it.
                let ids = rows.datastreams().iter().map(|series| i64::from(series.0.cast_signed()));
                let range = minimum_and_maximum(rows.datastreams().iter().map(|series| series.0));
                let range = range.map(|(least, most)| (least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()));
                Self::whole(delta::encode(&ids.collect::<Vec<_>>(), delta::Width::Int32), range)
            }
            "phenomenon_time" => {
                let times: Vec<i64> = rows.phenomenon_times().iter().map(|at| at.ms()).collect();
                Self::whole(delta::encode(&times, delta::Width::Int64), instants(&times))
            }
            "result" => Self::results(rows),
            "result_text" => Self::texts(rows),
            _ => {
                let time = |row: usize| rows.detail(row).and_then(|detail| detail.result_time).map(city::Time::ms);
                let times: Vec<Option<i64>> = (0..rows.len()).map(time).collect();
                let known: Vec<i64> = times.iter().flatten().copied().collect();
                let present = times.iter().map(Option::is_some).collect();
                Self::some(delta::encode(&known, delta::Width::Int64), present, instants(&known))
            }
        }
    }

    fn whole(bytes: Vec<u8>, range: Option<(Vec<u8>, Vec<u8>)>) -> Self {
        Self { bytes, present: Vec::new(), statistics: Statistics { nulls: 0, range } }
    }

    fn some(bytes: Vec<u8>, present: Vec<bool>, range: Option<(Vec<u8>, Vec<u8>)>) -> Self {
        let nulls = present.iter().filter(|present| !**present).count() as u64;
        Self { bytes, present, statistics: Statistics { nulls, range } }
    }

    fn results(rows: &Observations) -> Self {
        let present: Vec<bool> = (0..rows.len()).map(|row| text(rows.detail(row)).is_none()).collect();
        let known = rows.results().iter().zip(&present).filter(|(_, present)| **present).map(|(result, _)| *result);
        let known: Vec<f64> = known.collect();
        let bytes = known.iter().flat_map(|result| result.to_le_bytes()).collect();
        let range = known.iter().copied().fold(None, |range: Option<(f64, f64)>, result| {
            Some(range.map_or((result, result), |(least, most)| (least.min(result), most.max(result))))
        });
        // A zero bound has the sign that leaves both zeroes inside (parquet.thrift, `ColumnOrder`).
        let bound =
            |(least, most): (f64, f64)| (if least == 0.0 { -0.0 } else { least }, if most == 0.0 { 0.0 } else { most });
        let range = range.map(bound).map(|(least, most)| (least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()));
        Self::some(bytes, present, range)
    }

    fn texts(rows: &Observations) -> Self {
        let mut bytes = Vec::new();
        let mut present = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let words = text(rows.detail(row));
            present.push(words.is_some());
            if let Some(words) = words {
                bytes.extend_from_slice(&u32::try_from(words.len()).unwrap_or(u32::MAX).to_le_bytes());
                bytes.extend_from_slice(words.as_bytes());
            }
        }
        Self::some(bytes, present, None)
    }
}

/// The result of a row, where it is a text.
fn text(detail: Option<&Detail>) -> Option<&str> {
    match detail?.result.as_ref()? {
        Primitive::Text(words) => Some(words),
        _ => None,
    }
}

fn instants(times: &[i64]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (least, most) = minimum_and_maximum(times.iter().copied())?;
    Some((least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()))
}

fn minimum_and_maximum<T: Ord + Copy>(values: impl Iterator<Item = T> + Clone) -> Option<(T, T)> {
    Some((values.clone().min()?, values.max()?))
}

/// A page with its header (data page version 1).
fn page(out: &mut Vec<u8>, column: &Column, values: &Values, rows: usize) {
    let mut body = Vec::new();
    if column.may_be_null {
        let levels = levels(&values.present);
        body.extend_from_slice(&u32::try_from(levels.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend_from_slice(&levels);
    }
    body.extend_from_slice(&values.bytes);
    let size = i32::try_from(body.len()).unwrap_or(i32::MAX);
    let mut header = Struct::open(out);
    header.i32(1, 0);
    header.i32(2, size);
    header.i32(3, size);
    header.nested(5, |page| {
        page.i32(1, i32::try_from(rows).unwrap_or(i32::MAX));
        page.i32(2, column.encoding as i32);
        page.i32(3, Encoding::Rle as i32);
        page.i32(4, Encoding::Rle as i32);
    });
    header.close();
    out.extend_from_slice(&body);
}

/// Definition levels (0 null, 1 there) in the hybrid of runs and packed bits: one run where all are the same, packed
/// bits otherwise.
fn levels(present: &[bool]) -> Vec<u8> {
    let mut out = Vec::new();
    let first = present.first().copied().unwrap_or_default();
    if present.iter().all(|level| *level == first) {
        thrift::unsigned(&mut out, (present.len() as u64) << 1);
        out.push(u8::from(first));
        return out;
    }
    thrift::unsigned(&mut out, (present.len().div_ceil(8) as u64) << 1 | 1);
    out.extend(present.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))));
    out
}

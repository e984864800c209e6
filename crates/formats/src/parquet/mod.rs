//! Observations as an Apache Parquet file (format 2.10): a row group for each batch, so that a file of any length is
//! written in the memory of one batch, and readers skip the groups outside the times that they ask for.
//!
//! Columns: `id`, `datastream`, `phenomenon_time` and, where it is an interval, `phenomenon_end`; `result`, `result_text`
//! or `result_truth`, as the result is; `result_time`, `result_quality` (as text), `valid_from`, `valid_to`, and
//! `parameters` as JSON. Whole numbers and times are delta-encoded, which takes a regular series to a few bits a row.

mod columns;
mod delta;
mod footer;
mod thrift;
mod values;

use city::{ObservationKey, Observations};

use columns::{COLUMNS, Column};
use footer::{Chunk, Group};
use thrift::Struct;
use values::Values;

/// What the file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

/// How values are laid out (parquet.thrift, `Encoding`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain = 0,
    Rle = 3,
    Delta = 5,
    /// `DELTA_BYTE_ARRAY`: of each text only what the one before it does not begin with.
    Prefixed = 7,
}

/// Writes a file, piece by piece: [`Writer::start`], [`Writer::rows`] for each batch, [`Writer::finish`]; the pieces one
/// behind the other are the file.
#[derive(Debug)]
pub struct Writer {
    offset: u64,
    columns: Vec<Column>,
    id: fn(&ObservationKey) -> String,
    groups: Vec<Group>,
}

impl Writer {
    /// A file with all columns, or, where `of` names some, with those that tell these properties of an Observation and
    /// `Datastream`. `id` says how an id is written.
    pub fn new(of: &[&str], id: fn(&ObservationKey) -> String) -> Self {
        let columns = COLUMNS.into_iter().filter(|column| of.is_empty() || of.contains(&column.of)).collect();
        Self { offset: 0, columns, id, groups: Vec::new() }
    }

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
        let chunk = |column: &Column| {
            let values = Values::of(column, rows, self.id);
            let offset = self.offset + out.len() as u64;
            let start = out.len();
            page(&mut out, column, &values, rows.len());
            Chunk { offset, bytes: (out.len() - start) as u64, statistics: values.statistics }
        };
        let chunks = self.columns.iter().map(chunk).collect();
        self.offset += out.len() as u64;
        self.groups.push(Group { rows: rows.len() as u64, chunks });
        out
    }

    /// The end of the file: what is in it and where.
    pub fn finish(self) -> Vec<u8> {
        let mut out = footer::metadata(&self.columns, &self.groups);
        let length = u32::try_from(out.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(MAGIC);
        out
    }
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
    out.extend(values::bits(present));
    out
}

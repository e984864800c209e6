//! The end of the file (parquet.thrift, `FileMetaData`): schema, row groups, and the least and greatest of each column
//! in each of them.

use super::Encoding;
use super::columns::{Column, Meaning};
use super::thrift::Struct;

/// One row group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: u64,
    pub(super) chunks: Vec<Chunk>,
}

/// One column of a row group.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Bytes from the start of the file.
    pub(super) offset: u64,
    /// Bytes, its page header included.
    pub(super) bytes: u64,
    pub(super) statistics: Statistics,
}

/// What is known of the values of a chunk.
#[derive(Debug)]
pub(super) struct Statistics {
    pub(super) nulls: u64,
    /// The least and the greatest, plainly encoded.
    pub(super) range: Option<(Vec<u8>, Vec<u8>)>,
}

/// Not compressed (parquet.thrift, `CompressionCodec`).
const UNCOMPRESSED: i32 = 0;
/// `FieldRepetitionType`.
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;
/// `ConvertedType`, for readers older than logical types.
const UTF8: i32 = 0;
const TIMESTAMP_MILLIS: i32 = 9;
const UINT_32: i32 = 13;

/// The metadata of a file of these columns and row groups.
pub(super) fn metadata(columns: &[Column], groups: &[Group]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut file = Struct::open(&mut out);
    file.i32(1, 2);
    let elements = std::iter::once(None).chain(columns.iter().map(Some)).collect::<Vec<_>>();
    file.structs(2, elements.into_iter(), |out, column| element(out, column, columns.len()));
    file.i64(3, groups.iter().map(|group| group.rows).sum());
    file.structs(4, groups.iter(), |out, group| {
        out.structs(1, columns.iter().zip(&group.chunks), |out, (column, chunk)| {
            out.i64(2, chunk.offset);
            out.nested(3, |out| column_metadata(out, column, chunk, group.rows));
        });
        out.i64(2, group.chunks.iter().map(|chunk| chunk.bytes).sum());
        out.i64(3, group.rows);
    });
    file.binary(6, b"Townbell");
    // The order in which least and greatest are meant: that of the type.
    file.structs(7, columns.iter(), |out, _| out.nested(1, |_| {}));
    file.close();
    out
}

/// One element of the schema; `None` is the root.
fn element(out: &mut Struct<'_>, column: Option<&Column>, columns: usize) {
    let Some(column) = column else {
        out.binary(4, b"observations");
        out.i32(5, i32::try_from(columns).unwrap_or(i32::MAX));
        return;
    };
    out.i32(1, column.physical as i32);
    out.i32(3, if column.may_be_null { OPTIONAL } else { REQUIRED });
    out.binary(4, column.name.as_bytes());
    match column.meaning {
        Meaning::Itself => {}
        Meaning::Unsigned => {
            out.i32(6, UINT_32);
            out.nested(10, |logical| {
                logical.nested(10, |integer| {
                    integer.byte(1, 32);
                    integer.bool(2, false);
                });
            });
        }
        Meaning::UtcMilliseconds => {
            out.i32(6, TIMESTAMP_MILLIS);
            out.nested(10, |logical| {
                logical.nested(8, |timestamp| {
                    timestamp.bool(1, true);
                    timestamp.nested(2, |unit| unit.nested(1, |_| {}));
                });
            });
        }
        Meaning::Text => {
            out.i32(6, UTF8);
            out.nested(10, |logical| logical.nested(1, |_| {}));
        }
    }
}

fn column_metadata(out: &mut Struct<'_>, column: &Column, chunk: &Chunk, rows: u64) {
    out.i32(1, column.physical as i32);
    out.i32s(2, &[column.encoding as i32, Encoding::Rle as i32]);
    out.texts(3, &[column.name]);
    out.i32(4, UNCOMPRESSED);
    out.i64(5, rows);
    out.i64(6, chunk.bytes);
    out.i64(7, chunk.bytes);
    out.i64(9, chunk.offset);
    out.nested(12, |statistics| {
        statistics.i64(3, chunk.statistics.nulls);
        if let Some((least, most)) = &chunk.statistics.range {
            statistics.binary(5, most);
            statistics.binary(6, least);
        }
    });
}

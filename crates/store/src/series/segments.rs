//! Many chunks in one blob: written whole, read by range, overwritten with zeros where a chunk is gone.

use std::collections::BTreeMap;

use rusqlite::{Connection, MAIN_DB, params};

use super::chunk::Figures;
use super::index::{self, Indexed, Place};
use crate::error::StoreError;

/// Bytes of a segment: 32 pages, so that the end of the last one wastes 1.5 % at most.
pub(crate) const SEGMENT_BYTES: usize = 128 << 10;

/// A segment is sparse with fewer than three of four bytes live.
const SPARSE_LIVE: usize = 3;
const SPARSE_OF: usize = 4;

/// A chunk that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewChunk {
    pub(crate) datastream: u32,
    pub(crate) figures: Figures,
    pub(crate) bytes: Vec<u8>,
}

/// How much of each segment is still some chunk's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segments {
    /// Bytes of chunks, and of the whole.
    bytes: BTreeMap<i64, (usize, usize)>,
}

impl Segments {
    /// The segments of the file; their chunks follow with [`Segments::note`].
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare("SELECT id, length(body) FROM segment")?;
        let mut rows = statement.query([])?;
        let mut segments = Self::default();
        while let Some(row) = rows.next()? {
            let length: i64 = row.get(1)?;
            segments.bytes.insert(row.get(0)?, (0, usize::try_from(length).unwrap_or_default()));
        }
        Ok(segments)
    }

    /// The segments of the file with their chunks.
    pub(crate) fn load_whole(connection: &Connection) -> Result<Self, StoreError> {
        let mut segments = Self::load(connection)?;
        index::each(connection, |chunk| {
            segments.note(chunk.place);
            Ok(())
        })?;
        Ok(segments)
    }

    /// A chunk of the index has its bytes there.
    pub(crate) fn note(&mut self, place: Place) {
        self.bytes.entry(place.segment).or_default().0 += place.length;
    }

    /// Segments of which so much is gone that what is left should move together.
    pub(crate) fn sparse(&self) -> Vec<i64> {
        let sparse = |(live, whole): &(usize, usize)| live * SPARSE_OF < whole * SPARSE_LIVE;
        self.bytes.iter().filter(|(_, bytes)| sparse(bytes)).map(|(id, _)| *id).collect()
    }

    /// Bytes of all segments that are no chunk's any more.
    pub(crate) fn dead_bytes(&self) -> usize {
        self.bytes.values().map(|(live, whole)| whole.saturating_sub(*live)).sum()
    }

    /// Writes chunks, and their rows of the index.
    pub(crate) fn write(&mut self, connection: &Connection, chunks: &[NewChunk]) -> Result<(), StoreError> {
        let mut rest = chunks;
        while !rest.is_empty() {
            let mut body = Vec::with_capacity(SEGMENT_BYTES);
            let mut fit = 0;
            for chunk in rest {
                if fit > 0 && body.len() + chunk.bytes.len() > SEGMENT_BYTES {
                    break;
                }
                body.extend_from_slice(&chunk.bytes);
                fit += 1;
            }
            let (here, later) = rest.split_at(fit);
            rest = later;
            connection.prepare_cached("INSERT INTO segment (body) VALUES (?1)")?.execute([&body])?;
            let segment = connection.last_insert_rowid();
            self.bytes.insert(segment, (0, body.len()));
            let mut offset = 0;
            for chunk in here {
                let length = chunk.bytes.len();
                let place = Place { segment, offset, length, checksum: crc32fast::hash(&chunk.bytes) };
                let (datastream, figures) = (chunk.datastream, chunk.figures.clone());
                index::insert(connection, &Indexed { datastream, figures, place })?;
                self.note(place);
                offset += length;
            }
        }
        Ok(())
    }

    /// Takes chunks away: their rows of the index, and every byte of them.
    pub(crate) fn discard(&mut self, connection: &Connection, gone: &[Indexed]) -> Result<(), StoreError> {
        let mut places: Vec<Place> = gone.iter().map(|chunk| chunk.place).collect();
        places.sort_by_key(|place| (place.segment, place.offset));
        for chunk in gone {
            index::delete(connection, chunk)?;
        }
        for of_one in places.chunk_by(|one, two| one.segment == two.segment) {
            let Some(segment) = of_one.first().map(|place| place.segment) else { continue };
            let gone: usize = of_one.iter().map(|place| place.length).sum();
            let (live, _) = self.bytes.entry(segment).or_default();
            *live = live.saturating_sub(gone);
            if *live == 0 {
                self.bytes.remove(&segment);
                connection.prepare_cached("DELETE FROM segment WHERE id = ?1")?.execute(params![segment])?;
                continue;
            }
            let mut blob = connection.blob_open(MAIN_DB, c"segment", c"body", segment, false)?;
            // Chunks that were written together mostly go together: one write for those that lie side by side.
            for side_by_side in of_one.chunk_by(|one, two| one.offset + one.length == two.offset) {
                let length = side_by_side.iter().map(|place| place.length).sum();
                let from = side_by_side.first().map_or(0, |place| place.offset);
                blob.write_all_at(&vec![0; length], from)?;
            }
        }
        Ok(())
    }
}

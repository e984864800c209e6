//! Where the chunks are: the index, and the segments that hold their bytes.

use rusqlite::{Connection, MAIN_DB, Row, params};

use super::bytes::{Broken, Bytes, put, put_signed};
use super::chunk::{self, Chunk, Figures};
use super::decimal::{Scale, scale_of};
use crate::codec::signed;
use crate::error::StoreError;

/// Where the bytes of a chunk are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: i64,
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) checksum: u32,
}

/// A row of the index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Indexed {
    pub(crate) datastream: u32,
    pub(crate) figures: Figures,
    pub(crate) place: Place,
}

const COLUMNS: &str = "SELECT datastream, from_ms, figures FROM series_chunk";

fn indexed(row: &Row<'_>) -> Result<Indexed, StoreError> {
    let (datastream, from_ms): (u32, i64) = (row.get(0)?, row.get(1)?);
    let damaged = |why: &str| {
        let what = format!("index of chunk {from_ms} of series {datastream}");
        StoreError::Damaged { what, why: why.to_owned() }
    };
    let bytes = row.get_ref(2)?.as_blob().map_err(|_| damaged("it is no blob"))?;
    let (figures, place) = unpack(from_ms, bytes).map_err(|broken| damaged(broken.0))?;
    Ok(Indexed { datastream, figures, place })
}

/// What the index has of a chunk beside its series and its first time: some 35 bytes.
fn pack(figures: &Figures, place: Place) -> Vec<u8> {
    let mut out = Vec::with_capacity(48);
    put_signed(&mut out, figures.to_ms - figures.from_ms);
    put(&mut out, figures.count);
    put(&mut out, figures.count - figures.current);
    put(&mut out, figures.count - figures.numbers);
    put(&mut out, figures.seq_min);
    put(&mut out, figures.seq_max - figures.seq_min);
    put(&mut out, figures.seq_max - figures.last_seq);
    put(&mut out, place.segment.cast_unsigned());
    put(&mut out, place.offset as u64);
    put(&mut out, place.length as u64);
    out.extend(place.checksum.to_le_bytes());
    let last = figures.last_result;
    let numbers = [figures.low, figures.high, figures.total, last.unwrap_or_default()];
    let scale = scale_of(&numbers).filter(|scale| numbers.iter().all(|number| scale.whole(*number).is_some()));
    // The form of the numbers, and whether there is a last one.
    out.push(scale.map_or(RAW, Scale::decimals) | if last.is_some() { LAST } else { 0 });
    for number in numbers.iter().take(3 + usize::from(last.is_some())) {
        match scale.and_then(|scale| scale.whole(*number)) {
            Some(whole) => put_signed(&mut out, whole),
            None => out.extend(number.to_le_bytes()),
        }
    }
    out
}

const RAW: u8 = 0x0f;
const LAST: u8 = 0x10;

fn unpack(from_ms: i64, bytes: &[u8]) -> Result<(Figures, Place), Broken> {
    let mut bytes = Bytes(bytes);
    let past = Broken("a figure is out of range");
    let to_ms = from_ms.checked_add(bytes.signed()?).ok_or(past)?;
    let count = bytes.unsigned()?;
    let current = count.checked_sub(bytes.unsigned()?).ok_or(past)?;
    let numbers = count.checked_sub(bytes.unsigned()?).ok_or(past)?;
    let seq_min = bytes.unsigned()?;
    let seq_max = seq_min.checked_add(bytes.unsigned()?).ok_or(past)?;
    let last_seq = seq_max.checked_sub(bytes.unsigned()?).ok_or(past)?;
    let segment = bytes.unsigned()?.cast_signed();
    let offset = usize::try_from(bytes.unsigned()?).map_err(|_| past)?;
    let length = usize::try_from(bytes.unsigned()?).map_err(|_| past)?;
    let mut checksum = [0; 4];
    checksum.copy_from_slice(bytes.take(4)?);
    let form = bytes.byte()?;
    let mut number = || match Scale::new(form & RAW) {
        Some(scale) => bytes.signed().map(|whole| scale.value(whole)),
        None => bytes.float(),
    };
    let (low, high, total) = (number()?, number()?, number()?);
    let last_result = if form & LAST == 0 { None } else { Some(number()?) };
    let figures =
        Figures { from_ms, to_ms, count, current, numbers, low, high, total, seq_min, seq_max, last_result, last_seq };
    Ok((figures, Place { segment, offset, length, checksum: u32::from_le_bytes(checksum) }))
}

impl Indexed {
    fn damaged(&self, why: &str) -> StoreError {
        let what = format!("chunk {} of series {}", self.figures.from_ms, self.datastream);
        StoreError::Damaged { what, why: why.to_owned() }
    }

    /// Its bytes.
    pub(crate) fn bytes(&self, connection: &Connection) -> Result<Vec<u8>, StoreError> {
        let Place { segment, offset, length, checksum } = self.place;
        let blob = connection.blob_open(MAIN_DB, c"segment", c"body", segment, true)?;
        let end = offset.checked_add(length).filter(|end| *end <= blob.len());
        if end.is_none() {
            return Err(self.damaged("its segment is too short"));
        }
        let mut bytes = vec![0; length];
        blob.read_at_exact(&mut bytes, offset)?;
        if crc32fast::hash(&bytes) != checksum {
            return Err(self.damaged("its checksum is another"));
        }
        Ok(bytes)
    }

    /// Its versions.
    pub(crate) fn read(&self, connection: &Connection) -> Result<Chunk, StoreError> {
        let chunk = chunk::decode(&self.bytes(connection)?).map_err(|broken| self.damaged(broken.0))?;
        self.complete(&chunk.times_ms)?;
        Ok(chunk)
    }

    /// Times and results of its versions.
    pub(crate) fn read_numbers(&self, connection: &Connection) -> Result<(Vec<i64>, Vec<f64>), StoreError> {
        let read = chunk::decode_numbers(&self.bytes(connection)?).map_err(|broken| self.damaged(broken.0))?;
        self.complete(&read.0)?;
        Ok(read)
    }

    fn complete(&self, times_ms: &[i64]) -> Result<(), StoreError> {
        if times_ms.len() as u64 == self.figures.count {
            Ok(())
        } else {
            Err(self.damaged("it has another number of versions"))
        }
    }
}

fn one(connection: &Connection, clause: &str, datastream: u32, time_ms: i64) -> Result<Option<Indexed>, StoreError> {
    let text = format!("{COLUMNS} WHERE {clause} LIMIT 1");
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![datastream, time_ms])?;
    rows.next()?.map(indexed).transpose()
}

/// The last chunk that begins at `time_ms` or before.
pub(crate) fn at_or_before(
    connection: &Connection,
    datastream: u32,
    time_ms: i64,
) -> Result<Option<Indexed>, StoreError> {
    one(connection, "datastream = ?1 AND from_ms <= ?2 ORDER BY from_ms DESC", datastream, time_ms)
}

/// The first chunk that begins after `time_ms`.
pub(crate) fn after(connection: &Connection, datastream: u32, time_ms: i64) -> Result<Option<Indexed>, StoreError> {
    one(connection, "datastream = ?1 AND from_ms > ?2 ORDER BY from_ms", datastream, time_ms)
}

/// The first chunk with a time at `time_ms` or later.
pub(crate) fn ending_at_or_after(
    connection: &Connection,
    datastream: u32,
    time_ms: i64,
) -> Result<Option<Indexed>, StoreError> {
    match at_or_before(connection, datastream, time_ms)? {
        Some(found) if found.figures.to_ms >= time_ms => Ok(Some(found)),
        _ => after(connection, datastream, time_ms),
    }
}

/// Every chunk that shares a point of time with `from_ms..=to_ms`, in order.
pub(crate) fn between(
    connection: &Connection,
    datastream: u32,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<Indexed>, StoreError> {
    // Backwards, so that the one that began before `from_ms` is met without a statement of its own.
    let text = format!("{COLUMNS} WHERE datastream = ?1 AND from_ms <= ?2 ORDER BY from_ms DESC");
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![datastream, to_ms])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let chunk = indexed(row)?;
        let (begins_ms, ends_ms) = (chunk.figures.from_ms, chunk.figures.to_ms);
        if ends_ms >= from_ms {
            found.push(chunk);
        }
        if begins_ms <= from_ms {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// At most `limit` chunks that begin at `time_ms` or before, back to the last that is `enough`, in order.
pub(crate) fn up_to(
    connection: &Connection,
    datastream: u32,
    time_ms: i64,
    limit: usize,
    enough: impl Fn(&Indexed) -> bool,
) -> Result<Vec<Indexed>, StoreError> {
    let text = format!("{COLUMNS} WHERE datastream = ?1 AND from_ms <= ?2 ORDER BY from_ms DESC LIMIT ?3");
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![datastream, time_ms, signed(limit as u64)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(indexed(row)?);
        if found.last().is_some_and(&enough) {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// Every chunk that begins after `from_ms` up to `to_ms`, and at most `more` behind them, in order.
pub(crate) fn from(
    connection: &Connection,
    datastream: u32,
    from_ms: i64,
    to_ms: i64,
    more: usize,
) -> Result<Vec<Indexed>, StoreError> {
    let text = format!("{COLUMNS} WHERE datastream = ?1 AND from_ms > ?2 ORDER BY from_ms");
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![datastream, from_ms])?;
    let (mut found, mut behind) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let chunk = indexed(row)?;
        behind += usize::from(chunk.figures.from_ms > to_ms);
        if behind > more {
            break;
        }
        found.push(chunk);
    }
    Ok(found)
}

/// Every chunk of every series, in order.
pub(crate) fn each(
    connection: &Connection,
    mut each: impl FnMut(Indexed) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let text = format!("{COLUMNS} ORDER BY datastream, from_ms");
    let mut statement = connection.prepare(&text)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(indexed(row)?)?;
    }
    Ok(())
}

/// Every chunk with a version that these rows of the journal brought, in order.
pub(crate) fn of_rows(connection: &Connection, from: u64, to: u64) -> Result<Vec<Indexed>, StoreError> {
    let mut found = Vec::new();
    each(connection, |chunk| {
        if chunk.figures.seq_min <= to && chunk.figures.seq_max >= from {
            found.push(chunk);
        }
        Ok(())
    })?;
    Ok(found)
}

pub(crate) fn insert(connection: &Connection, chunk: &Indexed) -> Result<(), StoreError> {
    let Indexed { datastream, figures, place } = chunk;
    let text = "INSERT INTO series_chunk (datastream, from_ms, figures) VALUES (?1, ?2, ?3)";
    let values = params![datastream, figures.from_ms, pack(figures, *place)];
    connection.prepare_cached(text)?.execute(values)?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, chunk: &Indexed) -> Result<(), StoreError> {
    let text = "DELETE FROM series_chunk WHERE datastream = ?1 AND from_ms = ?2";
    connection.prepare_cached(text)?.execute(params![chunk.datastream, chunk.figures.from_ms])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_back_and_are_short() {
        let place = Place { segment: 1900, offset: 100_000, length: 4400, checksum: 0xdead_beef };
        let figures = Figures {
            from_ms: 1_714_446_000_000,
            to_ms: 1_714_446_000_000 + 4000 * 60_000,
            count: 4000,
            current: 3999,
            numbers: 3990,
            low: -1.5,
            high: 301.25,
            total: 45_321.75,
            seq_min: 1_000_000,
            seq_max: 1_004_000,
            last_result: Some(17.0),
            last_seq: 1_003_999,
        };
        let packed = pack(&figures, place);
        assert!(packed.len() <= 40, "{}", packed.len());
        assert_eq!(unpack(figures.from_ms, &packed), Ok((figures.clone(), place)));
        let odd = Figures { low: 1.0 / 3.0, high: f64::MAX, total: -0.0, last_result: None, ..figures };
        let packed = pack(&odd, place);
        let (back, _) = unpack(odd.from_ms, &packed).expect("figures");
        assert_eq!((back.total.to_bits(), back), (odd.total.to_bits(), odd));
        for end in 0..packed.len() {
            assert!(unpack(0, &packed[..end]).is_err());
        }
    }
}

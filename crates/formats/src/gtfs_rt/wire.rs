//! The outermost layer of a protobuf message, walked by hand: prost would decode a `FeedMessage` whole or not at all,
//! and one broken entity must not cost the others.

use city::{Reason, Tally, Time};
use prost::Message as _;

use super::proto::{FeedEntity, FeedHeader};
use super::{Decoded, Message};
use crate::error::{FormatError, Place, Standard};
use crate::limits::{GTFS_RT_BYTES, GTFS_RT_ENTITIES, GTFS_RT_ENTITY_BYTES};

/// Field numbers of `FeedMessage`.
const HEADER: u32 = 1;
const ENTITY: u32 = 2;
/// `FeedHeader.incrementality` DIFFERENTIAL: "unsupported and behavior is unspecified" (reference).
const DIFFERENTIAL: i32 = 1;

/// One field of a message: its number, and its bytes when it is length-delimited.
struct Field<'a> {
    number: u32,
    bytes: Option<&'a [u8]>,
}

/// Walks the fields of one message; ends with an `Err` (the byte where it broke) on the first that cannot be read.
struct Fields<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn of(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.all.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let bytes = self.all.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0)?;
        let bytes = match key & 7 {
            0 => self.varint().map(|_| None)?,
            1 => self.take(8).map(|_| None)?,
            2 => {
                let count = usize::try_from(self.varint()?).ok()?;
                Some(self.take(count)?)
            }
            5 => self.take(4).map(|_| None)?,
            // Groups (3, 4) are proto1's and no field of GTFS-Realtime is one; 6 and 7 do not exist.
            _ => return None,
        };
        Some(Field { number, bytes })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, usize>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.all.len() {
            return None;
        }
        let start = self.at;
        Some(self.field().ok_or_else(|| {
            self.at = self.all.len();
            start
        }))
    }
}

/// Which part of an entity a feed is read for, and which of its fields have a place in the rows.
pub(super) struct Part {
    /// Field number in `FeedEntity`.
    pub(super) number: u32,
    /// Field numbers of the part that are read; the others are counted as dropped.
    pub(super) kept: &'static [u32],
}

/// Decodes a message entity by entity. `row` makes a row of one entity that has the part, with the time of the header
/// for those without their own, or says why not. Entities without the part count as `Unsupported`.
pub(super) fn decode<T>(
    bytes: &[u8],
    part: &Part,
    mut row: impl FnMut(FeedEntity, Option<Time>) -> Result<T, Reason>,
) -> Decoded<T> {
    let (header, entities, cut) = open(bytes)?;
    let header_time = header.timestamp.and_then(Time::from_s);
    let mut tally = Tally::default();
    let mut rows = Vec::with_capacity(entities.len());
    for entity in entities {
        match decode_entity(entity, part, &mut tally).and_then(|decoded| row(decoded, header_time)) {
            Ok(row) => {
                tally.received += 1;
                rows.push(row);
            }
            Err(reason) => tally.reject(reason),
        }
    }
    if cut {
        tally.reject(Reason::Malformed);
    }
    Ok((Message { header_time, rows }, tally))
}

fn decode_entity(bytes: &[u8], part: &Part, tally: &mut Tally) -> Result<FeedEntity, Reason> {
    if bytes.len() > GTFS_RT_ENTITY_BYTES {
        return Err(Reason::TooLarge);
    }
    let found = Fields::of(bytes).filter_map(Result::ok).filter(|field| field.number == part.number);
    let fields: Vec<_> = found.filter_map(|field| field.bytes).collect();
    if fields.is_empty() {
        // Still `Malformed` when the bytes are no entity at all, and not one of another kind.
        return FeedEntity::decode(bytes).map_or(Err(Reason::Malformed), |_| Err(Reason::Unsupported));
    }
    let entity = FeedEntity::decode(bytes).map_err(|_| Reason::Malformed)?;
    if entity.is_deleted == Some(true) {
        return Err(Reason::Unsupported);
    }
    let dropped =
        |bytes: &&[u8]| Fields::of(bytes).filter_map(Result::ok).filter(|f| !part.kept.contains(&f.number)).count();
    tally.fields_dropped += fields.iter().map(dropped).sum::<usize>() as u64;
    Ok(entity)
}

/// Header, raw entities, and whether the message ended before its end.
fn open(bytes: &[u8]) -> Result<(FeedHeader, Vec<&[u8]>, bool), FormatError> {
    let standard = Standard::GtfsRealtime;
    let too_large = |unit, most, found| Err(FormatError::TooLarge { standard, at: Place::Document, unit, most, found });
    if bytes.len() as u64 > GTFS_RT_BYTES {
        return too_large("bytes", GTFS_RT_BYTES, bytes.len() as u64);
    }
    let (mut header, mut entities, mut cut) = (None, Vec::new(), None);
    for field in Fields::of(bytes) {
        match field {
            Ok(Field { number: HEADER, bytes: Some(bytes) }) => header = Some(bytes),
            Ok(Field { number: ENTITY, bytes: Some(bytes) }) => entities.push(bytes),
            Ok(_) => {}
            Err(at) => cut = Some(at),
        }
        if entities.len() as u64 > GTFS_RT_ENTITIES {
            return too_large("entities", GTFS_RT_ENTITIES, entities.len() as u64);
        }
    }
    let malformed = |at, expected, found| FormatError::Malformed { standard, at: Place::Byte(at), expected, found };
    let header = match (header, cut) {
        (Some(header), _) => {
            FeedHeader::decode(header).map_err(|_| malformed(0, "a FeedHeader", "bytes that are none"))?
        }
        (None, Some(at)) => return Err(malformed(at as u64, "a protobuf field", "bytes that are none")),
        (None, None) => return Err(FormatError::Missing { standard, what: "FeedMessage.header" }),
    };
    if header.gtfs_realtime_version.as_deref().is_none_or(str::is_empty) {
        return Err(FormatError::Missing { standard, what: "FeedHeader.gtfs_realtime_version" });
    }
    if header.incrementality == Some(DIFFERENTIAL) {
        let at = Place::Path("header/incrementality");
        return Err(FormatError::Unsupported { standard, at, what: "an incremental dataset" });
    }
    Ok((header, entities, cut.is_some()))
}

/// The time of an entity: its own, or that of the header where it has none.
pub(super) fn entity_time(own: Option<u64>, header: Option<Time>) -> Result<Time, Reason> {
    match own {
        Some(seconds) => Time::from_s(seconds),
        None => header,
    }
    .ok_or(Reason::BadTime)
}

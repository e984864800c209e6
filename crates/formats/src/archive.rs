//! Zip archives, read without trusting them. Nothing is ever written to a disk: only members that the caller names
//! are unpacked, as a stream that stops at the limits.

use std::io::{self, Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{FormatError, Place, Standard};
use crate::limits::{ZIP_BYTES, ZIP_ENTRIES, ZIP_RATIO, ZIP_RATIO_FROM_BYTES, ZIP_UNPACKED_BYTES};

/// Signature of an entry in the central directory (APPNOTE 4.3.12).
const CENTRAL_ENTRY: [u8; 4] = *b"PK\x01\x02";

/// An archive whose directory passed the checks.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    packed_bytes: u64,
    /// Unpacked so far, all members together.
    unpacked: u64,
}

impl<'a> Archive<'a> {
    /// Reads the directory. Refused as a whole: too many bytes or entries, a name that leads out of the archive
    /// (`../`, absolute, a drive, a backslash), an encrypted entry, two entries of one name.
    pub fn open(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let packed_bytes = bytes.len() as u64;
        at_most("bytes", ZIP_BYTES, packed_bytes, Place::Document)?;
        // Counted before the directory is parsed, because parsing takes memory for each entry.
        let entries = bytes.windows(CENTRAL_ENTRY.len()).filter(|window| *window == CENTRAL_ENTRY).count() as u64;
        at_most("entries", ZIP_ENTRIES, entries, Place::Document)?;
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error, Place::Document))?;
        if zip.has_duplicate_names() {
            return Err(malformed(Place::Document, "names that occur once", "one that occurs twice"));
        }
        for entry in 0..zip.len() {
            let at = Place::Entry(entry as u64);
            let data = zip.by_index_data(entry).map_err(|error| unreadable(&error, at))?;
            if !harmless(data.name_raw()) {
                return Err(FormatError::Unsupported { standard: Standard::Zip, at, what: "a name that leads out" });
            }
            if data.encrypted() {
                return Err(FormatError::Unsupported { standard: Standard::Zip, at, what: "encryption" });
            }
        }
        Ok(Self { zip, packed_bytes, unpacked: 0 })
    }

    /// A member as a stream; `None` when there is none of that name. Its errors carry a [`FormatError`], see
    /// [`stream_error`].
    pub fn stream(&mut self, name: &str) -> Result<Option<Member<'_, 'a>>, FormatError> {
        let Some(index) = self.zip.index_for_name(name) else { return Ok(None) };
        let at = Place::Entry(index as u64);
        let file = self.zip.by_index(index).map_err(|error| unreadable(&error, at))?;
        let packed = file.compressed_size().min(self.packed_bytes);
        let member = Member { file, at, packed, own: 0, total: &mut self.unpacked };
        // What the directory declares is checked first; what really comes is counted while it comes.
        member.check(member.file.size())?;
        Ok(Some(member))
    }
}

/// One member while it is unpacked.
pub struct Member<'z, 'a> {
    file: zip::read::ZipFile<'z, Cursor<&'a [u8]>>,
    at: Place,
    packed: u64,
    own: u64,
    total: &'z mut u64,
}

impl Member<'_, '_> {
    /// Whether `own` unpacked bytes of this member are within the limits.
    fn check(&self, own: u64) -> Result<(), FormatError> {
        let total = (*self.total - self.own).saturating_add(own);
        at_most("unpacked bytes", ZIP_UNPACKED_BYTES, total, self.at)?;
        if own > ZIP_RATIO_FROM_BYTES {
            at_most("unpacked bytes for each packed one", ZIP_RATIO, own / self.packed.max(1), self.at)?;
        }
        Ok(())
    }
}

impl Read for Member<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = || malformed(self.at, "a member that unpacks to what its checksum says", "something else");
        let count = self.file.read(buffer).map_err(|_| io::Error::other(broken()))?;
        self.own += count as u64;
        *self.total += count as u64;
        self.check(self.own).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// What went wrong in a stream of [`Archive::stream`].
pub fn stream_error(error: io::Error) -> FormatError {
    let other = |_| malformed(Place::Document, "a member that can be unpacked", "something else");
    error.downcast::<FormatError>().unwrap_or_else(other)
}

/// A relative name that stays inside: no `..`, no root, no drive, no backslash, no NUL.
fn harmless(name: &[u8]) -> bool {
    let outward = name.split(|byte| *byte == b'/').any(|part| part == b"..");
    let absolute = name.first() == Some(&b'/') || name.get(1) == Some(&b':');
    !outward && !absolute && !name.contains(&b'\\') && !name.contains(&0)
}

fn at_most(unit: &'static str, most: u64, found: u64, at: Place) -> Result<(), FormatError> {
    if found <= most { Ok(()) } else { Err(FormatError::TooLarge { standard: Standard::Zip, at, unit, most, found }) }
}

fn malformed(at: Place, expected: &'static str, found: &'static str) -> FormatError {
    FormatError::Malformed { standard: Standard::Zip, at, expected, found }
}

/// The text of the error is not passed on: it may quote a name.
fn unreadable(error: &ZipError, at: Place) -> FormatError {
    match error {
        ZipError::UnsupportedArchive(_) => {
            FormatError::Unsupported { standard: Standard::Zip, at, what: "a packing method other than deflate" }
        }
        _ => malformed(at, "a zip archive", "something else"),
    }
}

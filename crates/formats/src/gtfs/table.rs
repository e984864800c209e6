//! One file of the zip, row by row.
//!
//! Lines are cut before the quotes are read ("field values must not contain tabs, carriage returns or new lines",
//! reference, "File requirements"), so an open quote ends with its line and cannot swallow the rows after it.

use std::io::{BufRead, BufReader};

use city::{Reason, Tally};
use csv_core::ReadRecordResult;

use crate::archive::{Archive, Member, stream_error};
use crate::error::{FormatError, Place, Standard};
use crate::limits::{GTFS_ROW_BYTES, GTFS_ROWS};

/// Columns of one row at most; the widest file of the standard has 21, producers add some.
const COLUMNS: usize = 256;
/// Bytes unpacked at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// A column to be read.
pub(super) struct Column {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// What the error says when a required one is missing.
    pub(super) required: Option<&'static str>,
}

/// A column that may be missing.
pub(super) const fn optional(name: &'static str) -> Column {
    Column { name, required: None }
}

/// A column without which the file means nothing.
pub(super) const fn required(name: &'static str, what: &'static str) -> Column {
    Column { name, required: Some(what) }
}

/// A file while it is read.
pub(super) struct Table<'z, 'a> {
    source: BufReader<Member<'z, 'a>>,
    file: &'static str,
    line_number: u64,
    rows: u64,
    line: Vec<u8>,
    parser: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// For each wanted column, which one of the file it is.
    columns: Vec<Option<usize>>,
}

/// The fields of one row.
pub(super) struct Row<'t> {
    fields: &'t [u8],
    ends: &'t [usize],
    columns: &'t [Option<usize>],
}

impl<'z, 'a> Table<'z, 'a> {
    /// Opens a file of the archive; `None` when it is not there.
    pub(super) fn open(
        archive: &'z mut Archive<'a>,
        file: &'static str,
        wanted: &[Column],
    ) -> Result<Option<Self>, FormatError> {
        let Some(member) = archive.stream(file)? else { return Ok(None) };
        let mut table = Self {
            source: BufReader::with_capacity(BUFFER_BYTES, member),
            file,
            line_number: 0,
            rows: 0,
            line: Vec::new(),
            parser: csv_core::Reader::new(),
            fields: Vec::new(),
            ends: vec![0; COLUMNS],
            columns: Vec::new(),
        };
        table.header(wanted)?;
        Ok(Some(table))
    }

    /// Like [`Table::open`] for a file that the standard requires.
    pub(super) fn open_required(
        archive: &'z mut Archive<'a>,
        file: &'static str,
        wanted: &[Column],
    ) -> Result<Self, FormatError> {
        Self::open(archive, file, wanted)?.ok_or(FormatError::Missing { standard: Standard::Gtfs, what: file })
    }

    fn header(&mut self, wanted: &[Column]) -> Result<(), FormatError> {
        let standard = Standard::Gtfs;
        let malformed = |found| FormatError::Malformed {
            standard,
            at: Place::FileLine(self.file, 1),
            expected: "a header row",
            found,
        };
        let broken = malformed("something else");
        let nothing = malformed("nothing");
        if !self.read_line()? {
            return Err(nothing);
        }
        if self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        let count = self.split().map_err(|_| broken)?;
        let names: Vec<_> = (0..count).map(|at| field(&self.fields, &self.ends, at)).collect();
        let find = |column: &Column| match names.iter().position(|name| *name == column.name.as_bytes()) {
            None => column.required.map_or(Ok(None), |what| Err(FormatError::Missing { standard, what })),
            at => Ok(at),
        };
        self.columns = wanted.iter().map(find).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Hands each row to `take`, and counts it as received or refused. Empty lines are no rows.
    pub(super) fn each(
        mut self,
        tally: &mut Tally,
        mut take: impl FnMut(&Row<'_>) -> Result<(), Reason>,
    ) -> Result<(), FormatError> {
        while self.read_line()? {
            if self.line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            self.rows += 1;
            if self.rows > GTFS_ROWS {
                let at = Place::FileLine(self.file, self.line_number);
                let (standard, unit) = (Standard::Gtfs, "rows");
                return Err(FormatError::TooLarge { standard, at, unit, most: GTFS_ROWS, found: self.rows });
            }
            let taken = self.split().and_then(|count| {
                let ends = self.ends.get(..count).unwrap_or_default();
                take(&Row { fields: &self.fields, ends, columns: &self.columns })
            });
            match taken {
                Ok(()) => tally.received += 1,
                Err(reason) => tally.reject(reason),
            }
        }
        Ok(())
    }

    /// The next line, without more of it in memory than the limit and one byte; false at the end.
    fn read_line(&mut self) -> Result<bool, FormatError> {
        self.line.clear();
        let mut any = false;
        loop {
            let buffer = self.source.fill_buf().map_err(stream_error)?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let newline = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..newline.unwrap_or(buffer.len())).unwrap_or_default();
            let room = (GTFS_ROW_BYTES + 1).saturating_sub(self.line.len());
            self.line.extend(part.iter().take(room));
            let used = newline.map_or(buffer.len(), |at| at + 1);
            self.source.consume(used);
            if newline.is_some() {
                break;
            }
        }
        self.line_number += u64::from(any);
        Ok(any)
    }

    /// Cuts the line into fields; how many there are.
    fn split(&mut self) -> Result<usize, Reason> {
        if self.line.len() > GTFS_ROW_BYTES {
            return Err(Reason::TooLarge);
        }
        self.line.push(b'\n');
        self.parser.reset();
        self.fields.resize(self.line.len(), 0);
        let (result, _, _, count) = self.parser.read_record(&self.line, &mut self.fields, &mut self.ends);
        // An open quote has eaten the line end, so the record is not finished.
        if result == ReadRecordResult::Record { Ok(count) } else { Err(Reason::Malformed) }
    }
}

/// One field without the white space around it; empty past the end.
fn field<'f>(fields: &'f [u8], ends: &[usize], at: usize) -> &'f [u8] {
    let start = at.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied());
    let range = start.zip(ends.get(at).copied());
    range.and_then(|(start, end)| fields.get(start..end)).unwrap_or_default().trim_ascii()
}

impl<'t> Row<'t> {
    /// The bytes of a wanted column; empty when the row or the file does not have it.
    pub(super) fn bytes(&self, column: usize) -> &'t [u8] {
        let at = self.columns.get(column).copied().flatten();
        at.map_or(&[], |at| field(self.fields, self.ends, at))
    }

    /// The bytes of a column that must not be empty.
    pub(super) fn id(&self, column: usize) -> Result<&'t [u8], Reason> {
        let bytes = self.bytes(column);
        if bytes.is_empty() { Err(Reason::MissingField) } else { Ok(bytes) }
    }

    /// Text; may be empty.
    pub(super) fn text(&self, column: usize) -> Result<&'t str, Reason> {
        std::str::from_utf8(self.bytes(column)).map_err(|_| Reason::Malformed)
    }

    /// Text that must not be empty.
    pub(super) fn name(&self, column: usize) -> Result<&'t str, Reason> {
        self.id(column).and_then(|bytes| std::str::from_utf8(bytes).map_err(|_| Reason::Malformed))
    }

    /// A number; `None` when empty, `OutOfRange` when it is none.
    pub(super) fn number<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>, Reason> {
        match self.bytes(column) {
            [] => Ok(None),
            bytes => {
                std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).map(Some).ok_or(Reason::OutOfRange)
            }
        }
    }
}

//! What a document gets that cannot be read, and what an entity gets that is refused.
//!
//! Neither carries a byte of the document: places are numbers or the standard's own names, and what was found is
//! a class ("a DOCTYPE", "a number above the limit"), never text. Error texts end up in logs and on screens.

use std::fmt;

use city::Reason;

/// The standard that a document should have been in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standard {
    /// A zip archive.
    Zip,
    /// GTFS Schedule.
    Gtfs,
    /// GTFS-Realtime 2.0.
    GtfsRealtime,
    /// CAP 1.1 or 1.2.
    Cap,
    /// Atom (RFC 4287).
    Atom,
    /// Open311 GeoReport v2.
    Open311,
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zip => "zip",
            Self::Gtfs => "GTFS",
            Self::GtfsRealtime => "GTFS-Realtime",
            Self::Cap => "CAP",
            Self::Atom => "Atom",
            Self::Open311 => "Open311",
        })
    }
}

/// Where in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The document as a whole.
    Document,
    /// Bytes from its start.
    Byte(u64),
    /// Line and column, both from 1.
    Line(u64, u64),
    /// A file of the archive that the standard names, and a line in it, from 1.
    FileLine(&'static str, u64),
    /// An entry of the archive, counted from 0 (its name is foreign text, and may be hostile).
    Entry(u64),
    /// The standard's own name of the field: `alert/info/sent`.
    Path(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => f.write_str("the document"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
            Self::Line(line, column) => write!(f, "line {line}, column {column}"),
            Self::FileLine(file, line) => write!(f, "{file}, line {line}"),
            Self::Entry(entry) => write!(f, "archive entry {entry}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// A document of which nothing was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes are not in the standard.
    #[error("{standard}: at {at}: expected {expected}, found {found}")]
    Malformed {
        /// Of which standard.
        standard: Standard,
        /// Where.
        at: Place,
        /// What should have been there.
        expected: &'static str,
        /// The class of what was there.
        found: &'static str,
    },
    /// It passes a limit of [`crate::limits`].
    #[error("{standard}: at {at}: expected at most {most} {unit}, found {found}")]
    TooLarge {
        /// Of which standard.
        standard: Standard,
        /// Where.
        at: Place,
        /// What is counted: "bytes", "elements".
        unit: &'static str,
        /// The limit.
        most: u64,
        /// How many were there, or at least this many when counting stopped.
        found: u64,
    },
    /// Something without which the document means nothing is not there.
    #[error("{standard}: expected {what}, found none")]
    Missing {
        /// Of which standard.
        standard: Standard,
        /// The standard's name for it.
        what: &'static str,
    },
    /// The standard, or a sibling of it, has this; Townbell refuses it.
    #[error("{standard}: at {at}: {what} is refused")]
    Unsupported {
        /// Of which standard.
        standard: Standard,
        /// Where.
        at: Place,
        /// What.
        what: &'static str,
    },
}

impl FormatError {
    /// The reason under which the account of the feed counts the document.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Malformed { .. } => Reason::Malformed,
            Self::TooLarge { .. } => Reason::TooLarge,
            Self::Missing { .. } => Reason::MissingField,
            Self::Unsupported { .. } => Reason::Unsupported,
        }
    }

    /// Which standard the document should have been in.
    pub fn standard(&self) -> Standard {
        match self {
            Self::Malformed { standard, .. }
            | Self::TooLarge { standard, .. }
            | Self::Missing { standard, .. }
            | Self::Unsupported { standard, .. } => *standard,
        }
    }
}

/// Why one entity of a readable document was refused, with the field, for senders that get an answer of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected} ({})", .reason.name())]
pub struct Refusal {
    /// As the account counts it.
    pub reason: Reason,
    /// The field, by the standard's own name.
    pub path: &'static str,
    /// What should have been there.
    pub expected: &'static str,
}

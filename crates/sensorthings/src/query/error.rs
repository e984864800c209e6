//! What is wrong with a query. Of the caller's own bytes only names are said back, cut and cleaned: a text in quotes can
//! hold anything.

use std::borrow::Cow;

use crate::problem::clean;

/// Why a query is refused; every one is a 400 (18-088 clause 9.3.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The text of an option cannot be read.
    #[error("{option}: at byte {at} expected {expected}, found {found}")]
    Syntax {
        /// Which option.
        option: &'static str,
        /// Bytes from the start of the option's (decoded) value.
        at: usize,
        /// What could stand there.
        expected: &'static str,
        /// What stands there: its kind, and a word itself, cut and cleaned.
        found: Cow<'static, str>,
    },
    /// A `$`-option that the standard does not have (or that is written without its `$`).
    #[error(
        "unknown query option {name}; there are $select, $expand, $filter, $orderby, $top, $skip, $count, $resultFormat and asOf"
    )]
    UnknownOption {
        /// Its name, if that is at most 32 letters.
        name: String,
    },
    /// The same option twice.
    #[error("{option} is given twice")]
    Twice {
        /// Which option.
        option: &'static str,
    },
    /// More than we are ready to work on.
    #[error("{option}: {what} are limited to {max}")]
    TooMuch {
        /// Which option.
        option: &'static str,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// A `%` without two hexadecimal digits behind it, or bytes that are not UTF-8.
    #[error("the query string is not percent-encoded UTF-8 (at byte {at})")]
    Encoding {
        /// Bytes from the start of the query string.
        at: usize,
    },
}

/// A word as a message may repeat it.
pub(super) fn word(word: &str) -> Cow<'static, str> {
    Cow::Owned(format!("the word {}", clean(word)))
}

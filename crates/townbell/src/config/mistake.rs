//! A mistake in a text file of the city, with its place.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One mistake: where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Mistake {
    /// At a span of bytes in a text; at its start when there is no span.
    pub fn at(file: &Path, text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { file: file.to_path_buf(), line, column, message: message.into() }
    }

    /// A mistake that is about the file itself: missing, unreadable.
    pub fn file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), line: 1, column: 1, message: message.into() }
    }
}

impl Mistake {
    /// In words, with the name of the file and not where it lies: for whoever asks over the network.
    pub fn by_name(&self) -> String {
        format!("{}:{}:{}: {}", self.name(), self.line, self.column, self.message)
    }

    /// The name of the file.
    pub fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl From<watch::RuleError> for Mistake {
    fn from(error: watch::RuleError) -> Self {
        let watch::RuleError { file, line, column, message } = error;
        Self { file: PathBuf::from(file), line, column, message }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

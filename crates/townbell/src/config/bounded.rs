//! Texts of a city's folder, read to a bound: whatever lies there, the program does not take it whole into memory, and
//! does not wait for it.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Bytes of a rule's file: one that names a hundred thousand series by their numbers.
pub const RULE_BYTES_MAX: usize = 1 << 20;
/// Bytes of a file of tests or episodes beside a rule: a hundred thousand readings, one a row.
pub const BESIDE_BYTES_MAX: usize = 4 << 20;
/// Characters of a rule's name, which stands in alerts and addresses. The same over HTTP.
pub const RULE_NAME_CHARS_MAX: usize = 100;

/// The text of a file of at most so many bytes.
///
/// # Errors
/// When it cannot be read, is no text, has more bytes, or is no file at all (a pipe would never end).
pub fn read_text(path: &Path, bytes_max: usize) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no file"));
    }
    let mut text = String::new();
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    // One more tells that there is more.
    let read = File::open(path)?.take(most.saturating_add(1)).read_to_string(&mut text);
    if text.len() > bytes_max || read.is_err() && std::fs::metadata(path)?.len() > most {
        let message = format!("it has more than {} KiB; make it shorter, or several", bytes_max >> 10);
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    read.map(|_| text)
}

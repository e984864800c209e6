//! What is kept on the disk: how far the stream has come, and what the engine remembers there.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, ensure};

/// The file begins with it, and so does each later form of it with another.
const MARK: &[u8; 8] = b"watch-1\n";
/// Mark, events, keys, position, alerts, length of the snapshot.
const HEAD_BYTES: usize = 48;

/// A place in the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// Events and keys of the stream that it belongs to.
    pub(crate) shape: (u64, u64),
    /// Events that the engine has taken.
    pub(crate) position: u64,
    /// Alerts that opened until then.
    pub(crate) alerts: u64,
    /// What the engine remembers.
    pub(crate) snapshot: Vec<u8>,
}

impl Saved {
    /// Nothing taken yet.
    pub(crate) fn begin(shape: (u64, u64)) -> Self {
        Self { shape, position: 0, alerts: 0, snapshot: Vec::new() }
    }

    /// What is there; `None` without a file.
    ///
    /// # Errors
    /// When it is not whole: it is put in place by a rename, so only somebody else can have cut it.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Option<Self>> {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        let number = |at: usize| -> anyhow::Result<u64> {
            Ok(u64::from_le_bytes(bytes.get(at..at + 8).context("it is cut off")?.try_into()?))
        };
        ensure!(bytes.starts_with(MARK), "{} is no state of this program", file.display());
        let saved = Self {
            shape: (number(8)?, number(16)?),
            position: number(24)?,
            alerts: number(32)?,
            snapshot: bytes.get(HEAD_BYTES..).unwrap_or_default().to_vec(),
        };
        ensure!(number(40)? == saved.snapshot.len() as u64, "{} is cut off", file.display());
        Ok(Some(saved))
    }

    /// Puts it in the place of what is there. On the disk when this returns: the file before its name, the name after.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let length = self.snapshot.len() as u64;
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.snapshot.len());
        bytes.extend(MARK);
        for number in [self.shape.0, self.shape.1, self.position, self.alerts, length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&self.snapshot);
        let new = file.with_extension("new");
        let mut open = File::create(&new)?;
        open.write_all(&bytes)?;
        open.sync_all()?;
        fs::rename(&new, file)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(File::open(folder)?.sync_all()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_is_refused() {
        let folder = std::env::temp_dir().join(format!("watch-job-saved-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("state");
        assert_eq!(Saved::read(&file).unwrap(), None);
        let saved = Saved { shape: (30, 10), position: 20, alerts: 4, snapshot: vec![1, 2, 3] };
        saved.write(&file).unwrap();
        assert_eq!(Saved::read(&file).unwrap(), Some(saved));
        let bytes = fs::read(&file).unwrap();
        for end in 0..bytes.len() {
            fs::write(&file, &bytes[..end]).unwrap();
            assert!(Saved::read(&file).is_err(), "{end} bytes of it");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

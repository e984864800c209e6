//! A data folder that goes with the command.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Only who runs the program looks into it.
const MODE: u32 = 0o700;

/// A folder below the system's temporary one; removed when dropped.
pub struct ThrowAway(PathBuf);

impl ThrowAway {
    /// A new folder of this process for `what`. Those of processes that were killed go first.
    ///
    /// # Errors
    /// When it cannot be made: the temporary folder is missing, or somebody else has one of this name.
    pub fn new(what: &str) -> anyhow::Result<Self> {
        Self::below(&std::env::temp_dir(), what)
    }

    fn below(temporary: &Path, what: &str) -> anyhow::Result<Self> {
        let prefix = format!("townbell-{what}-");
        sweep(temporary, &prefix);
        let path = temporary.join(format!("{prefix}{}", std::process::id()));
        let made = DirBuilder::new().mode(MODE).create(&path);
        made.with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // Nothing is lost when it cannot be removed; the next start tries again.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of processes that are gone: a running one holds its lock.
fn sweep(temporary: &Path, prefix: &str) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.strip_prefix(prefix)?.parse::<u32>().ok());
        // A link to elsewhere is no folder of ours.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let lock = File::open(entry.path().join("lock"));
        if pid.is_some() && is_folder && lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // Somebody else's stays: it cannot be removed.
            let _removed = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test says what it expected")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder(temporary: &Path, name: &str) -> File {
        let path = temporary.join(name);
        std::fs::create_dir(&path).expect("a folder");
        std::fs::write(path.join("townbell.sqlite"), "x").expect("written");
        File::create(path.join("lock")).expect("a lock")
    }

    #[test]
    fn only_its_owner_looks_into_it_and_those_of_the_dead_go() {
        let temporary = tempfile::tempdir().expect("a folder");
        let running = folder(temporary.path(), "townbell-sandbox-11");
        running.try_lock().expect("locked");
        drop(folder(temporary.path(), "townbell-sandbox-12"));
        drop(folder(temporary.path(), "townbell-sandbox-mine"));
        drop(folder(temporary.path(), "townbell-replay-13"));
        let made = ThrowAway::below(temporary.path(), "sandbox").expect("made");
        let rights = made.path().metadata().expect("there").permissions().mode();
        assert_eq!(rights & 0o777, 0o700);
        let there = |name: &str| temporary.path().join(name).exists();
        assert!(there("townbell-sandbox-11"), "its process runs");
        assert!(!there("townbell-sandbox-12"), "its process is gone");
        assert!(there("townbell-sandbox-mine") && there("townbell-replay-13"), "not of this kind");
        assert!(ThrowAway::below(temporary.path(), "sandbox").is_err(), "one a process");
        let path = made.path().to_path_buf();
        drop(made);
        assert!(!path.exists());
        assert!(ThrowAway::below(&path, "sandbox").is_err(), "a temporary folder that is missing is not made");
        assert!(!path.exists());
    }
}

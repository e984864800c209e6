//! A data folder that goes with the command.

use std::path::{Path, PathBuf};

/// A folder below the system's temporary one; removed when dropped.
pub struct ThrowAway(PathBuf);

impl ThrowAway {
    /// The folder of this process for `what`; made by whoever writes into it.
    pub fn new(what: &str) -> Self {
        Self(std::env::temp_dir().join(format!("townbell-{what}-{}", std::process::id())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // Nothing is lost when it cannot be removed; the system clears its temporary folder.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

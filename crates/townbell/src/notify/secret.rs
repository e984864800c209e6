//! Secrets of channels. They are read when they are used, so that a new one needs no restart, and they are in no log,
//! no answer and no error.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use watch::notify::Secret;

use super::Undelivered;

/// The largest file of a secret that is read: a key in PEM is a few hundred bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// The text of a secret. It has no way to be printed.
pub(super) struct Plain(String);

impl Plain {
    #[cfg(test)]
    pub(super) fn of_a_test(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a secret")
    }
}

/// Reads a secret; a file's path is relative to the city's folder.
pub(super) fn read(secret: &Secret, folder: &Path) -> Result<Plain, Undelivered> {
    let text = match secret {
        Secret::Env(name) => std::env::var(name)
            .map_err(|_| Undelivered::refused(format!("the variable {name} of its secret is not set")))?,
        Secret::File(path) => from_file(&folder.join(path)).map_err(|why| {
            let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
            Undelivered::refused(format!("the file {name} of its secret cannot be used: {why}"))
        })?,
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Undelivered::refused("its secret is empty"));
    }
    Ok(Plain(text.to_owned()))
}

fn from_file(path: &Path) -> Result<String, &'static str> {
    let metadata = std::fs::metadata(path).map_err(|_| "it is not there, or may not be read")?;
    if metadata.permissions().mode() & 0o007 != 0 {
        return Err("everybody on this machine can read it; take that away with chmod 600");
    }
    if metadata.len() > SECRET_BYTES_MAX {
        return Err("it is larger than 4096 bytes");
    }
    std::fs::read_to_string(path).map_err(|_| "it may not be read, or is not UTF-8")
}

//! `townbell gate census`

use std::process::ExitCode;

/// Prints every persisted field, its class, purpose and retention: the text that `privacy.lock` is a copy of.
///
/// # Errors
/// When a field is kept that nobody has classified; then the program must not be released.
pub fn run() -> anyhow::Result<ExitCode> {
    anyhow::bail!("the census is not wired yet")
}

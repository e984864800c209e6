//! `townbell openapi`

use std::process::ExitCode;

/// Prints the document.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn run() -> anyhow::Result<ExitCode> {
    print!("{}", crate::tell::openapi::text()?);
    Ok(ExitCode::SUCCESS)
}

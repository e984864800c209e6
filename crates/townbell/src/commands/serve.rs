//! `townbell serve CITY`

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use account::Access;
use anyhow::Context;
use sha2::{Digest, Sha256};

use super::check;
use crate::config::City;
use crate::wire::{self, Source};

/// Environment variable that holds the API token. Without it, only callers on this machine get more than public data.
const TOKEN: &str = "TOWNBELL_TOKEN";

/// Runs a city on its live feeds until it is told to stop.
///
/// # Errors
/// When the data folder, the address or the basemap cannot be used.
pub fn run(folder: &Path, listen: SocketAddr, data: &Path) -> anyhow::Result<ExitCode> {
    super::start_logging();
    let Ok(city) = City::read_to_run(folder) else { return check::run(folder) };
    if city.demo.is_some() {
        anyhow::bail!(
            "{} has a [demo] section: its feeds are recordings; run: townbell demo --city {}",
            folder.display(),
            folder.display()
        );
    }
    let access = match std::env::var(TOKEN) {
        Ok(token) if token.len() >= 32 => Access::Token { sha256: Sha256::digest(token.as_bytes()).into() },
        Ok(_) => anyhow::bail!("{TOKEN} is shorter than 32 characters; make one with: openssl rand -hex 32"),
        Err(_) => Access::LoopbackOnly,
    };
    let runtime = wire::runtime()?;
    runtime.block_on(async {
        let running =
            wire::start(wire::Options { city, data: data.to_path_buf(), listen, access, source: Source::Live })
                .await
                .context("the city could not be started")?;
        println!("{} at http://{}", running.app.city.name, running.address);
        println!("Stop it with Ctrl+C.");
        wire::until_stopped(running).await
    })?;
    Ok(ExitCode::SUCCESS)
}

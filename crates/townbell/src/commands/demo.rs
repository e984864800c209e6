//! `townbell demo`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use account::Access;
use anyhow::{Context, bail};
use city::Time;
use rust_embed::RustEmbed;

use super::check;
use crate::conductor::Speed;
use crate::config::City;
use crate::wire::{self, Source};

/// What the command line says.
pub struct Options {
    /// Address.
    pub listen: SocketAddr,
    /// Data folder.
    pub data: PathBuf,
    /// Demo city; the one inside the binary when missing.
    pub city: Option<PathBuf>,
    /// City seconds per second.
    pub speed: Option<Speed>,
    /// First instant.
    pub from: Option<Time>,
    /// Last instant.
    pub to: Option<Time>,
}

#[derive(RustEmbed)]
#[folder = "../../demo"]
struct Demo;

/// Starts the demo city until it is told to stop.
///
/// # Errors
/// When the data folder, the address or the demo city cannot be used.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    super::start_logging();
    if !options.listen.ip().is_loopback() {
        bail!(
            "the demo has no passwords, so it listens on this machine only: use --listen 127.0.0.1:{}",
            options.listen.port()
        );
    }
    let folder = match options.city {
        Some(folder) => folder,
        None => unpack(&options.data.join("city"))?,
    };
    let Ok(city) = City::read_to_run(&folder) else { return check::run(&folder) };
    let Some(demo) = city.demo.clone() else {
        bail!(
            "{} has no [demo] section, so there is nothing to replay; run: townbell serve {}",
            folder.display(),
            folder.display()
        )
    };
    let from = options.from.unwrap_or(demo.replay_from);
    let to = options.to.unwrap_or(demo.replay_to);
    let speed = options.speed.unwrap_or(Speed(demo.speed));
    super::in_order(from, to)?;
    let zone = city.zone.clone();
    let runtime = wire::runtime()?;
    runtime.block_on(async {
        let source = Source::Replay { origin: demo.replay_from, from, to, speed };
        let running = wire::start(wire::Options {
            city,
            data: options.data,
            listen: options.listen,
            access: Access::DemoOnLoopback,
            source,
        })
        .await
        .context("the demo could not be started")?;
        let local = |time: Time| time.timestamp().to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M").to_string();
        println!();
        println!("  {} at  http://{}", running.app.city.name, running.address);
        println!(
            "  Replaying {} to {} at {} times real time; now {}.",
            local(from),
            local(to),
            speed.0,
            local(running.app.clock.now())
        );
        if let Some(notice) = &running.app.city.notice {
            println!("  {notice}");
        }
        println!("  Stop it with Ctrl+C; the next start goes on where it stood.");
        println!();
        wire::until_stopped(running).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the demo city that is inside this binary into a folder, over whatever an older binary left there.
fn unpack(folder: &Path) -> anyhow::Result<PathBuf> {
    for name in Demo::iter().filter(|name| !name.ends_with(".py")) {
        let file = Demo::get(&name).with_context(|| format!("{name} is not in the binary"))?;
        let path = folder.join(name.as_ref());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        }
        if std::fs::read(&path).ok().as_deref() != Some(&*file.data) {
            std::fs::write(&path, &file.data).with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(folder.to_path_buf())
}

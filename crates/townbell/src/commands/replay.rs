//! `townbell replay CITY`: recorded days through the real doors, without pages, and what rang.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use account::Access;
use anyhow::{Context, bail};
use city::alert::AlertChangeKind;
use city::{AlertChange, Time};

use super::check;
use super::throw_away::ThrowAway;
use crate::clock::Stopwatch;
use crate::conductor::Speed;
use crate::config::City;
use crate::wire::{self, Source};

/// What the command line says.
pub struct Options {
    /// Demo city.
    pub city: PathBuf,
    /// First instant.
    pub from: Option<Time>,
    /// Last instant.
    pub to: Option<Time>,
    /// City seconds per second.
    pub speed: Speed,
    /// Data folder; a throw-away one when missing.
    pub data: Option<PathBuf>,
    /// File for every step of every alert.
    pub alerts: Option<PathBuf>,
}

/// Replays, then prints what rang.
///
/// # Errors
/// When the city has no recordings, or a folder cannot be used.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    super::start_logging();
    let Ok(city) = City::read(&options.city) else { return check::run(&options.city) };
    let Some(demo) = city.demo.clone() else {
        bail!("{} has no [demo] section with recordings to replay", options.city.display())
    };
    let (from, to) = (options.from.unwrap_or(demo.replay_from), options.to.unwrap_or(demo.replay_to));
    super::in_order(from, to)?;
    let throw_away = options.data.is_none().then(|| ThrowAway::new("replay")).transpose()?;
    let chosen = throw_away.as_ref().map(|folder| folder.path().to_path_buf()).or_else(|| options.data.clone());
    let data = chosen.unwrap_or_default();
    let zone = city.zone.clone();
    let took = Stopwatch::start();
    let (changes, entries) = wire::runtime()?.block_on(async {
        let source = Source::Replay { origin: demo.replay_from, from, to, speed: options.speed };
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let running = wire::start(wire::Options { city, data, listen, access: Access::DemoOnLoopback, source }).await?;
        let app = running.app.clone();
        wire::until_replayed(running).await?;
        let reader = app.readers.get()?;
        anyhow::Ok((reader.alert_changes(from, to + city::Span::h(1))?, app.picture().journal_seq()))
    })?;
    if let Some(path) = &options.alerts {
        write_changes(path, &changes)?;
    }
    let spent = took.elapsed().as_secs_f64();
    for change in changes.iter().filter(|change| change.kind != AlertChangeKind::Updated) {
        println!("{}", line(change, &zone));
    }
    let replayed = to.since(from).as_ms() as f64 / 1_000.0;
    println!(
        "{entries} journal entries, {} steps of alerts; {:.1} s for {:.1} h: {:.0} times real time.",
        changes.len(),
        spent,
        replayed / 3_600.0,
        replayed / spent
    );
    Ok(ExitCode::SUCCESS)
}

/// Writes every step of every alert, a JSON line each.
pub(super) fn write_changes(path: &Path, changes: &[AlertChange]) -> anyhow::Result<()> {
    let file = std::fs::File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut file = std::io::BufWriter::new(file);
    for change in changes {
        serde_json::to_writer(&mut file, change)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(())
}

fn line(change: &AlertChange, zone: &jiff::tz::TimeZone) -> String {
    let at = change.at.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
    let kind = match change.kind {
        AlertChangeKind::Opened => "rings",
        AlertChangeKind::Acknowledged => "taken",
        AlertChangeKind::Updated => "changed",
        AlertChangeKind::Blinded => "blind",
        AlertChangeKind::Sighted => "seen again",
        other => other.name(),
    };
    format!("{at}  {kind:10}  {:24}  {} {}", change.alert.key.rule, change.alert.title, change.alert.detail)
}

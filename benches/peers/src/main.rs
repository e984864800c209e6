//! Townbell beside what a city could use instead of it: the same observations, the same questions, one machine, one
//! run. `sh benches/peers/install.sh` installs the others from Debian; `make bench-ingest`, `make bench-query`,
//! `make bench-scale` and `make bench-watch` run this. Everything listens on 127.0.0.1 and keeps its data in a throw-away folder.
//!
//! Two rows of the ingest bench are no peers but ceilings: the HTTP library of Townbell by itself, and with a synced log
//! (`peers ceiling`, see `ceiling.rs`). They say how much of a small request is HTTP and the disk.
//!
//! Quote ratios of one run on one machine, never single figures; where the machine is shared, the CPU columns.

mod ask;
mod ceiling;
mod connection;
mod data;
mod encode;
mod ingest;
mod load;
mod peer;
mod query;
mod report;
mod scale;
mod server;
mod townbell;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use peer::{Peer, Places};

const USAGE: &str = "usage: peers ingest|query|scale [--OPTION VALUE]...
  --rounds 3                          rounds, the servers interleaved
  --only townbell,victoria-metrics    some of: townbell, victoria-metrics, influxdb, postgresql, redis-server,
                                      ceiling, ceiling-log (ingest only)
  --workloads big,one                 ingest: some of big, long, small, steady, one
  --share 1.0                         part of each workload: 0.05 to try it out
  --shapes 50000x40,500x4000,50000x4000   scale: series x observations of each
  --data ../shared/data/beijing-air   folder of .csv.gz; a random walk when it is missing
  --townbell target/release/townbell  the binary (or TOWNBELL_BIN)
  --work /tmp/townbell-bench          throw-away folder, on the disk that is to be measured
  --table FILE                        where the Markdown goes, besides the terminal
       peers ceiling --listen 127.0.0.1:PORT [--log FILE]
  what the ingest bench starts for its ceilings: answers, keeps nothing; with --log it syncs each body first
       peers watch [--OPTION VALUE]...
  the rule engine beside others; has options of its own, which it tells when asked for one that it has not";

/// What was asked for.
#[derive(Debug)]
struct Options {
    rounds: usize,
    peers: Vec<Peer>,
    /// Names of workloads; empty for all of them.
    workloads: Vec<String>,
    share: f64,
    shapes: Vec<(u32, u32)>,
    data: PathBuf,
    places: Places,
    table: Option<PathBuf>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let binary = std::env::var_os("TOWNBELL_BIN").unwrap_or("target/release/townbell".into());
        let mut out = Self {
            rounds: 3,
            peers: peer::ALL.to_vec(),
            workloads: Vec::new(),
            share: 1.0,
            shapes: vec![(50_000, 40), (500, 4_000), (50_000, 4_000)],
            data: "../shared/data/beijing-air".into(),
            places: Places { townbell: binary.into(), work: "/tmp/townbell-bench".into() },
            table: None,
        };
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value\n{USAGE}"))?;
            match word.as_str() {
                "--rounds" => out.rounds = value.parse()?,
                "--only" => out.peers = value.split(',').map(named).collect::<anyhow::Result<_>>()?,
                "--workloads" => out.workloads = ingest::workloads(value.split(','))?,
                "--share" => out.share = value.parse()?,
                "--shapes" => out.shapes = value.split(',').map(shape).collect::<anyhow::Result<_>>()?,
                "--data" => out.data = value.into(),
                "--townbell" => out.places.townbell = value.into(),
                "--work" => out.places.work = value.into(),
                "--table" => out.table = Some(value.into()),
                _ => bail!("{word}?\n{USAGE}"),
            }
        }
        Ok(out)
    }
}

fn named(name: &str) -> anyhow::Result<Peer> {
    peer::ALL.into_iter().find(|peer| peer.name() == name).with_context(|| format!("{name:?}?\n{USAGE}"))
}

fn shape(text: &str) -> anyhow::Result<(u32, u32)> {
    let (series, minutes) = text.split_once('x').with_context(|| format!("{text:?}: expected 500x4000"))?;
    Ok((series.parse()?, minutes.parse()?))
}

fn run() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    match command.as_str() {
        "ceiling" => return ceiling::serve(words),
        "watch" => return watch::serve(words),
        "watch-loop" => return watch::plain::serve(words),
        _ => {}
    }
    let options = Options::read(words)?;
    std::fs::create_dir_all(&options.places.work)?;
    let text = match command.as_str() {
        "ingest" => ingest::section(&options)?,
        "query" => query::section(&options)?,
        "scale" => scale::section(&options)?,
        _ => bail!("{USAGE}"),
    };
    println!("{text}");
    if let Some(file) = &options.table {
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! The watch job in Townbell's own engine, as a program of its own: `peers watch` runs it beside the same job in other
//! engines. It keeps what the engine remembers in a file, with the place in the stream that it belongs to; killed and
//! started again on that file, it goes on from there.

mod engine;
#[allow(dead_code, reason = "what only `peers watch` asks of the rules")]
#[path = "../watch/rule.rs"]
mod rule;
mod saved;
#[allow(dead_code, reason = "what only the plain loop needs of the stream")]
#[path = "../watch/stream.rs"]
mod stream;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use city::Observations;

use engine::{Engine, observation, time};
use saved::Saved;

const USAGE: &str = "usage: watch-job EVENTS KEYS STATE-FILE [EVENTS-BETWEEN-SNAPSHOTS]";
/// Events that reach the engine together: as many as a busy desk commits together.
const BATCH: u64 = 10_000;
/// Events between two snapshots. At most so many are taken again after a kill.
const SNAPSHOT_EVERY: u64 = 1_000_000;

fn run(words: &[String]) -> anyhow::Result<()> {
    let [events, keys, file, rest @ ..] = words else { anyhow::bail!("{USAGE}") };
    let (events, keys, file): (u64, u32, &Path) = (events.parse()?, keys.parse()?, Path::new(file));
    let every = rest.first().map_or(Ok(SNAPSHOT_EVERY), |word| word.parse())?;
    ensure!(keys > 0 && every >= BATCH && every.is_multiple_of(BATCH), "{USAGE}; snapshots stand between batches");
    let shape = (events, u64::from(keys));
    let mut saved = Saved::read(file)?.unwrap_or_else(|| Saved::begin(shape));
    ensure!(saved.shape == shape, "{} is of another stream", file.display());
    let snapshot = (saved.position > 0).then_some(saved.snapshot.as_slice());
    let mut engine = Engine::new(keys, snapshot)?;
    let first = saved.position;
    while saved.position < events {
        let until = (saved.position + BATCH).min(events);
        let last = time((until - 1) / shape.1)?;
        saved.alerts += engine.take(batch(saved.position, until, shape.1)?, last);
        saved.position = until;
        if until.is_multiple_of(every) || until == events {
            saved.snapshot = engine.snapshot()?;
            saved.write(file)?;
        }
        if until == (events / 2).next_multiple_of(BATCH) {
            println!("half");
        }
    }
    // What follows the stream closes its last windows; it is not kept, so that a second start counts the same.
    let alerts = saved.alerts + closing(&mut engine, shape)?;
    println!("result alerts={alerts} first={first} snapshot_bytes={}", saved.snapshot.len());
    Ok(())
}

/// The events with these numbers.
fn batch(from: u64, until: u64, keys: u64) -> anyhow::Result<Observations> {
    let mut out = Observations::with_capacity((until - from) as usize);
    let (mut key, mut second) = (from % keys, from / keys);
    let mut at = time(second)?;
    for number in from..until {
        out.push(observation(key as u32, at, stream::value(number, keys)));
        key += 1;
        if key == keys {
            (key, second) = (0, second + 1);
            at = time(second)?;
        }
    }
    Ok(out)
}

/// One quiet reading of each key in the window after the last.
fn closing(engine: &mut Engine, (events, keys): (u64, u64)) -> anyhow::Result<u64> {
    let next = (events.saturating_sub(1) / keys / stream::WINDOW_S + 1) * stream::WINDOW_S;
    let at = time(next)?;
    let mut out = Observations::with_capacity(keys as usize);
    (0..keys).for_each(|key| out.push(observation(key as u32, at, stream::noise(key))));
    Ok(engine.take(out, at))
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words).context("watch-job") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

//! `peers watch`: one job in Townbell's engine and in others, what a kill leaves of each, and Townbell whole with more and
//! more rules.

mod ears;
mod engine;
mod grown;
mod kill;
mod lanes;
mod node_red;
pub(crate) mod plain;
mod process;
mod rule;
mod stream;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use crate::peer::{Peer, Places};
use crate::report::{Goal, goals, machine, median, spread, table};
use engine::{Engine, Installed, KEYS, START_EVENTS};
use process::{Finished, run};

const USAGE: &str = "usage: peers watch [--OPTION VALUE]...
  --rounds 3                          rounds, the engines interleaved
  --only townbell,flink               some of: townbell, flink, flink-checkpoints, bytewax, pathway, node-red, loop
  --parts jobs,kill,rules             some of them
  --share 1.0                         part of the events: 0.05 to try it out
  --rules 0,1000,10000,100000         how many rules
  --peers target/watch-peers          what install-watch.sh filled
  --townbell target/release/townbell  the binary (or TOWNBELL_BIN)
  --work /tmp/townbell-bench          throw-away folder, on the disk that is to be measured
  --table FILE                        where the Markdown goes, besides the terminal";

/// What the last line of the head says of the data.
const DATA: &str =
    "one of each of 10,000 keys every second of the stream, noise of 20 to 40 and, four minutes of every ten, 30 more";

struct Options {
    rounds: usize,
    only: Vec<Engine>,
    parts: Vec<String>,
    share: f64,
    rules: Vec<u64>,
    installed: Installed,
    places: Places,
    table: Option<PathBuf>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let binary = std::env::var_os("TOWNBELL_BIN").unwrap_or("target/release/townbell".into());
        let mut out = Self {
            rounds: 3,
            only: engine::ALL.to_vec(),
            parts: ["jobs", "kill", "rules"].map(str::to_owned).to_vec(),
            share: 1.0,
            rules: vec![0, 1_000, 10_000, 100_000],
            installed: Installed {
                peers: "target/watch-peers".into(),
                work: PathBuf::new(),
                watch_job: std::env::current_exe()?.with_file_name("watch-job"),
            },
            places: Places { townbell: binary.into(), work: "/tmp/townbell-bench".into() },
            table: None,
        };
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value\n{USAGE}"))?;
            match word.as_str() {
                "--rounds" => out.rounds = value.parse()?,
                "--only" => out.only = value.split(',').map(named).collect::<anyhow::Result<_>>()?,
                "--parts" => out.parts = value.split(',').map(str::to_owned).collect(),
                "--share" => out.share = value.parse()?,
                "--rules" => out.rules = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--peers" => out.installed.peers = value.into(),
                "--townbell" => out.places.townbell = value.into(),
                "--work" => out.places.work = value.into(),
                "--table" => out.table = Some(value.into()),
                _ => bail!("{word}?\n{USAGE}"),
            }
        }
        out.installed.work.clone_from(&out.places.work);
        Ok(out)
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.iter().any(|wanted| wanted == part)
    }
}

fn named(name: &str) -> anyhow::Result<Engine> {
    engine::ALL.into_iter().find(|engine| engine.name() == name).with_context(|| format!("{name:?}?\n{USAGE}"))
}

/// Measures, prints, and writes the section of Markdown.
pub(crate) fn serve(words: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let options = Options::read(words)?;
    std::fs::create_dir_all(&options.places.work)?;
    let mut text = format!("## The watch, side by side\n{}", machine(&options.places, DATA));
    if options.wants("jobs") {
        text += &jobs(&options)?;
    }
    if options.wants("kill") {
        text += &kill::section(&options.only, options.share, &options.installed)?;
    }
    if options.wants("rules") {
        text += &rules(&options)?;
    }
    println!("{text}");
    if let Some(file) = &options.table {
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// One engine in one round: a start with next to no events, and the whole job.
#[derive(Clone, Copy, Debug)]
struct Round {
    start: Finished,
    whole: Finished,
}

type Rounds = BTreeMap<Engine, Vec<Round>>;

fn jobs(options: &Options) -> anyhow::Result<String> {
    let here: Vec<Engine> =
        options.only.iter().copied().filter(|engine| engine.version(&options.installed).is_some()).collect();
    let mut rounds = Rounds::new();
    for round in 1..=options.rounds {
        for engine in &here {
            let found = one_round(*engine, options).with_context(|| engine.name())?;
            eprintln!("round {round} {}: {found:.2?}", engine.name());
            rounds.entry(*engine).or_default().push(found);
        }
    }
    for (engine, found) in rounds.iter().filter(|(engine, _)| **engine != Engine::Townbell || rule::IS_THE_JOB) {
        let (events, alerts) = (engine.events(options.share), found.iter().map(|round| round.whole.alerts));
        let right = plain::count(events, KEYS);
        ensure!(alerts.clone().all(|found| found == right), "{}: {right} alerts expected", engine.name());
    }
    let rows: Vec<Vec<String>> = options.only.iter().map(|engine| job_row(*engine, &rounds, options)).collect();
    let head = [
        "engine",
        "version",
        "its state",
        "events",
        "alerts",
        "start-up, CPU s",
        "whole, CPU s",
        "CPU, us an event, net of start-up",
        "events/s, net of start-up",
    ];
    Ok(format!(
        "\n### The job: for each key the mean of each minute, an alert when three running are above 50\nMedians of {} rounds \
         [least..most], each job a process of its own with its source inside (Node-RED gets JSON over HTTP). Start-up is the same \
         program with {START_EVENTS} events in the same round, and is taken off. Every count of alerts was checked against a \
         plain loop{}.\n\n{}\n{}",
        options.rounds,
        if rule::IS_THE_JOB { "" } else { ", but Townbell's, whose row is not the job yet" },
        table(&head, &rows),
        job_goals(&rounds, options.share),
    ))
}

fn one_round(engine: Engine, options: &Options) -> anyhow::Result<Round> {
    let (events, installed) = (engine.events(options.share), &options.installed);
    if engine == Engine::NodeRed {
        let (start, whole) = node_red::run(events, installed)?;
        return Ok(Round { start, whole });
    }
    let job = |events: u64| -> anyhow::Result<Finished> {
        let scratch = engine.scratch(installed)?;
        run(&mut engine.command(events, installed, &scratch)?, &scratch.join("log"))
    };
    Ok(Round { start: job(START_EVENTS)?, whole: job(events)? })
}

fn job_row(engine: Engine, rounds: &Rounds, options: &Options) -> Vec<String> {
    let (title, version) = (engine.title().to_owned(), engine.version(&options.installed));
    let Some(found) = rounds.get(&engine) else {
        let mut row = vec![title, "not installed here".into()];
        row.resize(9, String::new());
        return row;
    };
    let events = engine.events(options.share) as f64;
    let of = |value: &dyn Fn(&Round) -> f64| spread(&found.iter().map(value).collect::<Vec<_>>());
    vec![
        title,
        version.unwrap_or_default(),
        engine.state().into(),
        format!("{:.1} M", events / 1e6),
        found.first().map_or_else(String::new, |round| round.whole.alerts.to_string()),
        of(&|round| round.start.cpu_s),
        of(&|round| round.whole.cpu_s),
        of(&|round| net_us(round, events)),
        of(&|round| events / (round.whole.wall_s - round.start.wall_s)),
    ]
}

fn net_us(round: &Round, events: f64) -> f64 {
    (round.whole.cpu_s - round.start.cpu_s) * 1e6 / events
}

fn job_goals(rounds: &Rounds, share: f64) -> String {
    if !rule::IS_THE_JOB {
        return String::new();
    }
    let net = |engine: Engine| {
        let found = rounds.get(&engine).map_or(&[][..], Vec::as_slice);
        median(&found.iter().map(|round| net_us(round, engine.events(share) as f64)).collect::<Vec<_>>())
    };
    let beside = |engine: Engine, bar: f64| Goal {
        what: format!("CPU of an event, times that of {}", engine.title()),
        found: net(Engine::Townbell) / net(engine),
        bar,
        more: false,
    };
    goals(&[beside(Engine::Flink, 0.1), beside(Engine::FlinkCheckpoints, 0.1), beside(Engine::Bytewax, 1.0 / 80.0)])
}

fn rules(options: &Options) -> anyhow::Result<String> {
    let mut rounds = Vec::new();
    for round in 1..=options.rounds {
        let mut all = Vec::new();
        for count in &options.rules {
            all.push(grown::grow(*count, options.share, &options.places).with_context(|| format!("{count} rules"))?);
            eprintln!("round {round} {count} rules: {:.0}", all.last().map_or(f64::NAN, grown::Grown::rate));
        }
        rounds.push(all);
    }
    Ok(format!(
        "\n### More and more rules, over HTTP\n{} with {KEYS} datastreams; each rule looks at one of them. The stream comes as \
         `CreateObservations`, 5,000 observations a request, two connections, each request on the disk before its answer. First \
         noise that nothing rings at, as fast as it goes, without listeners and then with a browser on the live events and one who \
         asks for the open alerts every other millisecond; then half of that load, in which {} series cross the line one after the \
         other, and both see their alerts; then the stream of the jobs above, as fast as it goes and without listeners. Memory is what is resident; of a rule, what there is more than without \
         rules.{}\n\n{}",
        Peer::Townbell.version(&options.places),
        grown::CROSSING,
        if rule::IS_THE_JOB { "" } else { " The rule is a mean that slides and NOT the job above." },
        grown::grown_table(&options.rules, &rounds)?
    ))
}

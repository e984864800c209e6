//! The anomaly detector of `crates/watch` on the whole Numenta Anomaly Benchmark v1.1, scored as published.
//!
//! `make bench-anomaly` runs it. One set of parameters, the defaults of the detector, for all 58 series; each series is
//! read once from its head, and a reading is scored before the next is looked at.

mod corpus;
mod gaussian;
mod published;
mod report;
mod run;
mod score;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use corpus::Corpus;
use run::Run;

const USAGE: &str = "usage: anomaly [--OPTION VALUE]...
  --data ../shared/data/nab   folder with data/ and labels/ of the Numenta Anomaly Benchmark v1.1
  --table FILE                Markdown file whose part between the marks of bench-anomaly is written anew
  --scores DIR                writes our alarms as result files of the benchmark, for its own scorer
  --results DIR               scores the result files that the benchmark ships (its results/ folder), to check this scorer";

/// Where the table of a Markdown file begins and ends.
const MARKS: [&str; 2] = ["<!-- bench-anomaly: written by make bench-anomaly -->\n", "<!-- bench-anomaly ends -->\n"];

/// What was asked for.
#[derive(Debug)]
struct Options {
    data: PathBuf,
    table: Option<PathBuf>,
    scores: Option<PathBuf>,
    results: Option<PathBuf>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut out = Self { data: "../shared/data/nab".into(), table: None, scores: None, results: None };
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} wants a value\n{USAGE}"))?.into();
            match word.as_str() {
                "--data" => out.data = value,
                "--table" => out.table = Some(value),
                "--scores" => out.scores = Some(value),
                "--results" => out.results = Some(value),
                _ => bail!("{word} is not known\n{USAGE}"),
            }
        }
        Ok(out)
    }
}

fn bench() -> anyhow::Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let corpus = Corpus::read(&options.data)?;
    let run = Run::of(&corpus)?;
    let text = report::text(&corpus, &run);
    println!("{text}");
    if let Some(folder) = &options.results {
        println!("{}", published::text(&corpus, folder)?);
    }
    if let Some(folder) = &options.scores {
        published::write(&corpus, &run.alarms_as_shipped(), folder)?;
    }
    if let Some(file) = &options.table {
        put(file, &text)?;
    }
    Ok(())
}

/// Writes the text between the marks of a file.
fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let missing =
        || format!("{} has no line {:?} with {:?} after it", file.display(), MARKS[0].trim(), MARKS[1].trim());
    let (before, rest) = old.split_once(MARKS[0]).with_context(missing)?;
    let (_, after) = rest.split_once(MARKS[1]).with_context(missing)?;
    fs::write(file, format!("{before}{}{text}{}{after}", MARKS[0], MARKS[1]))?;
    Ok(())
}

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("anomaly: {error:#}");
            ExitCode::FAILURE
        }
    }
}

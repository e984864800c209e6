//! The Numenta Anomaly Benchmark v1.1 as it is published: 58 series in 7 folders, and the windows of their anomalies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use city::Time;

/// Readings at the head of a series that are not scored: this share of it...
const PROBATION_SHARE: f64 = 0.15;
/// ...of so many readings at most.
const PROBATION_OF: f64 = 5_000.0;

/// What the published corpus has; another count is another corpus, and its scores could not be compared.
const SERIES: usize = 58;
/// The same, of readings.
const READINGS: usize = 365_558;
/// The same, of windows.
const WINDOWS: usize = 116;

/// One file.
#[derive(Debug)]
pub(crate) struct Series {
    /// `folder/file.csv`.
    pub(crate) name: String,
    /// Place of its folder in [`Corpus::folders`].
    pub(crate) folder: usize,
    /// When each reading was, as the file has it; it names no zone, so UTC is as good as any.
    pub(crate) times: Vec<Time>,
    /// The readings.
    pub(crate) values: Vec<f64>,
    /// First and last place of each window, both inside.
    pub(crate) windows: Vec<(usize, usize)>,
}

impl Series {
    /// Places before this are not scored.
    pub(crate) fn probation(&self) -> usize {
        (PROBATION_SHARE * self.values.len() as f64).floor().min(PROBATION_SHARE * PROBATION_OF) as usize
    }
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) folders: Vec<String>,
    pub(crate) series: Vec<Series>,
}

impl Corpus {
    /// Reads `data/` and `labels/combined_windows.json` below a folder.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let labels = root.join("labels/combined_windows.json");
        let text = fs::read_to_string(&labels).with_context(|| {
            format!("{} is missing: the Numenta Anomaly Benchmark v1.1 (github.com/numenta/NAB) is not here; name its folder with --data", labels.display())
        })?;
        let windows: BTreeMap<String, Vec<[String; 2]>> =
            serde_json::from_str(&text).context("combined_windows.json")?;
        let mut corpus = Self { folders: Vec::new(), series: Vec::new() };
        for (name, windows) in &windows {
            let series = corpus.series(root, name, windows).with_context(|| name.clone())?;
            corpus.series.push(series);
        }
        let found = (corpus.series.len(), corpus.readings(), corpus.windows());
        ensure!(
            found == (SERIES, READINGS, WINDOWS),
            "this is not the whole of NAB v1.1: {found:?} series, readings, windows"
        );
        Ok(corpus)
    }

    pub(crate) fn readings(&self) -> usize {
        self.series.iter().map(|series| series.values.len()).sum()
    }

    pub(crate) fn windows(&self) -> usize {
        self.series.iter().map(|series| series.windows.len()).sum()
    }

    fn series(&mut self, root: &Path, name: &str, windows: &[[String; 2]]) -> anyhow::Result<Series> {
        let folder = name.split_once('/').context("no folder in the name")?.0;
        let known = self.folders.iter().position(|known| known == folder);
        let folder = known.unwrap_or_else(|| {
            self.folders.push(folder.into());
            self.folders.len() - 1
        });
        let text = fs::read_to_string(root.join("data").join(name))?;
        let (mut times, mut values) = (Vec::new(), Vec::new());
        for line in text.lines().skip(1) {
            let (at, value) = line.split_once(',').with_context(|| format!("no comma in {line:?}"))?;
            times.push(time(at)?);
            values.push(value.trim().parse()?);
        }
        let place = |at: &String| -> anyhow::Result<usize> {
            let at = time(at)?;
            times.iter().position(|time| *time == at).with_context(|| format!("no reading at {at}"))
        };
        let windows = windows.iter().map(|[first, last]| Ok((place(first)?, place(last)?)));
        let windows = windows.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Series { name: name.into(), folder, times, values, windows })
    }
}

/// `2014-04-01 00:00:00` or with a fraction of a second.
fn time(text: &str) -> anyhow::Result<Time> {
    let Some((day, hour)) = text.trim().split_once(' ') else { bail!("no time in {text:?}") };
    Ok(format!("{day}T{hour}Z").parse()?)
}

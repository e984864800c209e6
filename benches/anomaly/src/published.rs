//! Other detectors: their published scores, and the result files that the benchmark ships.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::corpus::Corpus;
use crate::run::as_published;
use crate::score::Alarm;

/// Published scores: name, standard, low false alarms, low misses (numenta/NAB, README and results/final_results.json).
pub(crate) const SCORES: [(&str, f64, f64, f64); 11] = [
    ("ARTime", 74.9, 65.2, 80.4),
    ("Numenta HTM", 70.1, 63.1, 74.3),
    ("CAD OSE", 69.9, 67.0, 73.2),
    ("earthgecko Skyline", 58.2, 46.2, 63.9),
    ("kNN-CAD", 58.0, 43.4, 64.8),
    ("Relative Entropy", 54.6, 47.6, 58.8),
    ("Random Cut Forest (AWS)", 51.7, 38.4, 59.7),
    ("Twitter ADVec", 47.1, 33.6, 53.5),
    ("windowed Gaussian", 39.6, 20.9, 47.4),
    ("Etsy Skyline", 35.7, 27.1, 44.5),
    ("random", 11.0, 1.2, 19.5),
];

/// Folders of `results/` that are scored, with the standard score that the benchmark prints for them.
const RESULTS: [(&str, f64); 6] = [
    ("windowedGaussian", 39.65),
    ("randomCutForest", 51.72),
    ("contextOSE", 69.90),
    ("numenta", 70.10),
    ("ARTime", 74.85),
    ("null", 0.0),
];

/// Our scores of the result files that the benchmark ships, beside what it prints for them.
pub(crate) fn text(corpus: &Corpus, folder: &Path) -> anyhow::Result<String> {
    let mut out =
        "| shipped results of | standard | low FP | low FN | its own standard |\n|---|---|---|---|---|\n".to_owned();
    for (name, own) in RESULTS {
        let alarms =
            corpus.series.iter().map(|series| read(folder, name, &series.name)).collect::<anyhow::Result<Vec<_>>>()?;
        let [standard, false_alarms, misses] = as_published(corpus, &alarms);
        writeln!(out, "| {name} | {standard:.2} | {false_alarms:.2} | {misses:.2} | {own:.2} |")?;
    }
    Ok(out)
}

fn read(folder: &Path, detector: &str, series: &str) -> anyhow::Result<Vec<Alarm>> {
    let (group, file) = series.split_once('/').context("no folder in the name")?;
    let path = folder.join(detector).join(group).join(format!("{detector}_{file}"));
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    let column = head.split(',').position(|name| name == "anomaly_score").context("no anomaly_score")?;
    let score = |line: &str| line.split(',').nth(column).and_then(|score| score.parse::<f64>().ok());
    let scores = lines.enumerate().map(|(at, line)| Some((at, score(line)?)));
    let scores = scores.collect::<Option<Vec<_>>>().with_context(|| path.display().to_string())?;
    Ok(scores.into_iter().filter(|(_, score)| *score > 0.0).collect())
}

/// Writes alarms as result files of a detector called `townbell`: `timestamp,value,anomaly_score`.
pub(crate) fn write(corpus: &Corpus, alarms: &[Vec<Alarm>], folder: &Path) -> anyhow::Result<()> {
    for (series, alarms) in corpus.series.iter().zip(alarms) {
        let (group, file) = series.name.split_once('/').context("no folder in the name")?;
        let place = folder.join("townbell").join(group);
        fs::create_dir_all(&place)?;
        let mut text = "timestamp,value,anomaly_score\n".to_owned();
        let mut next = alarms.iter().peekable();
        for (at, (time, value)) in series.times.iter().zip(&series.values).enumerate() {
            let score = next.next_if(|alarm| alarm.0 == at).map_or(0.0, |alarm| alarm.1);
            let time = time.to_string();
            writeln!(text, "{},{value},{score}", time.trim_end_matches('Z').replace('T', " "))?;
        }
        fs::write(place.join(format!("townbell_{file}")), text)?;
    }
    Ok(())
}

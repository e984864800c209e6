//! The table for docs/performance.md.

use std::fmt::Write as _;

use watch::anomaly::{Parameters, STATE_BYTES_MAX};

use crate::corpus::Corpus;
use crate::gaussian;
use crate::published::SCORES;
use crate::run::{Run, as_published, by_folder, on_the_others};
use crate::score::{PROFILES, scaled, tally};

/// A row of the main table.
struct Row {
    name: String,
    scores: [f64; 3],
    digits: usize,
    from: &'static str,
}

/// Everything that is printed.
pub(crate) fn text(corpus: &Corpus, run: &Run) -> String {
    let sums = run.sums(corpus);
    let chosen: Vec<_> = (0..PROFILES.len()).map(|profile| on_the_others(&sums, profile)).collect();
    let others = std::array::from_fn(|at| scaled(chosen[at].sums.iter().sum(), corpus.windows(), PROFILES[at]));
    let shipped = Parameters::default().threshold;
    let mut rows: Vec<Row> = SCORES
        .iter()
        .map(|(name, a, b, c)| Row { name: (*name).into(), scores: [*a, *b, *c], digits: 1, from: "published" })
        .collect();
    let ours = |name: &str, scores| Row { name: format!("**Townbell**, {name}"), scores, digits: 2, from: "here" };
    rows.push(ours(
        "the threshold chosen on the corpus, as for all published",
        as_published(corpus, &run.alarms_as_shipped()),
    ));
    rows.push(ours("the threshold chosen on the other six folders", others));
    rows.push(ours(&format!("the threshold as it ships ({shipped}), none chosen"), run.as_shipped(corpus)));
    rows.push(Row {
        name: "windowed Gaussian".into(),
        scores: windowed_gaussian(corpus),
        digits: 2,
        from: "here, to check the scorer",
    });
    rows.sort_by(|one, other| other.scores[0].total_cmp(&one.scores[0]));
    let mut out = "| detector | standard | low false alarms | low misses | from |\n|---|---|---|---|---|\n".to_owned();
    for Row { name, scores: [a, b, c], digits, from } in rows {
        let _ = writeln!(out, "| {name} | {a:.digits$} | {b:.digits$} | {c:.digits$} | {from} |");
    }
    out += &folders(corpus, run, &chosen[0].thresholds, &chosen[0].sums);
    let most = run.bytes.iter().max().copied().unwrap_or_default();
    let mean = run.bytes.iter().sum::<usize>() / run.bytes.len().max(1);
    let _ = writeln!(
        out,
        "\n{} readings of {} series, {} windows; {:.1} us a reading; state {mean} bytes a series in the mean, {most} at most (bar {STATE_BYTES_MAX}).",
        corpus.readings(),
        corpus.series.len(),
        corpus.windows(),
        run.us
    );
    out
}

/// What each folder has: windows found and false alarms as shipped, and the score within it.
fn folders(corpus: &Corpus, run: &Run, thresholds: &[f64], sums: &[f64]) -> String {
    let alarms = run.alarms_as_shipped();
    let [standard, ..] = by_folder(corpus, &alarms);
    let mut out = "\n| folder | windows found, as it ships | false alarms | readings for each | standard | threshold of the other folders | standard with it |\n|---|---|---|---|---|---|---|\n".to_owned();
    for (at, folder) in corpus.folders.iter().enumerate() {
        let series: Vec<_> = corpus.series.iter().filter(|series| series.folder == at).collect();
        let windows: usize = series.iter().map(|series| series.windows.len()).sum();
        let readings: usize = series.iter().map(|series| series.values.len() - series.probation()).sum();
        let (found, wrong) = tally(corpus, &alarms, at);
        let each = readings.checked_div(wrong).map_or("none".into(), |each| each.to_string());
        let within =
            |sum| if windows == 0 { "no windows".into() } else { format!("{:.1}", scaled(sum, windows, PROFILES[0])) };
        let _ = writeln!(
            out,
            "| {folder} | {found} of {windows} | {wrong} | {each} | {} | {:.3} | {} |",
            within(standard[at]),
            thresholds[at],
            within(sums[at])
        );
    }
    out
}

/// The peer that can be computed here.
fn windowed_gaussian(corpus: &Corpus) -> [f64; 3] {
    let alarms: Vec<_> =
        corpus.series.iter().map(|series| gaussian::scores(&series.values).into_iter().enumerate().collect()).collect();
    as_published(corpus, &alarms)
}

//! Our detector over the corpus, and the ways to choose its threshold.

use std::time::Instant;

use anyhow::ensure;
use watch::anomaly::{Detector, Episode, Parameters};

use crate::corpus::Corpus;
use crate::score::{Alarm, PROFILES, Profile, best, curve, scaled};

/// Thresholds that are tried: chances from 10^-0.5 to 10^-5 in steps of a twentieth of a decade.
const CHANCES: std::ops::RangeInclusive<i32> = 10..=100;
/// Passes over the corpus.
const PASSES: usize = 3;
/// Steps of a decade.
const STEPS: f64 = 20.0;

/// What the detector said.
#[derive(Debug)]
pub(crate) struct Run {
    /// Scores of each series, as many as readings.
    pub(crate) scores: Vec<Vec<f64>>,
    /// Microseconds a reading, all in all, in the quickest pass: the machine may be shared.
    pub(crate) us: f64,
    /// Bytes of the state of each series at its end.
    pub(crate) bytes: Vec<usize>,
}

/// A threshold for each folder and what it comes to, in one profile.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) thresholds: Vec<f64>,
    /// Sum before scaling of each folder.
    pub(crate) sums: Vec<f64>,
}

impl Run {
    /// Reads each series once a pass; the passes must agree in every bit.
    pub(crate) fn of(corpus: &Corpus) -> anyhow::Result<Self> {
        let mut best = Self::pass(corpus);
        for _ in 1..PASSES {
            let again = Self::pass(corpus);
            ensure!(again.scores == best.scores, "two passes over the same readings differ");
            best.us = best.us.min(again.us);
        }
        Ok(best)
    }

    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
    fn pass(corpus: &Corpus) -> Self {
        let parameters = Parameters::default();
        let (mut scores, mut bytes) = (Vec::new(), Vec::new());
        let began = Instant::now();
        for series in &corpus.series {
            let mut detector = Detector::default();
            let readings = series.times.iter().zip(&series.values);
            scores.push(readings.map(|(at, value)| detector.take(&parameters, *at, *value).value).collect());
            bytes.push(detector.bytes());
        }
        let us = began.elapsed().as_secs_f64() * 1e6 / corpus.readings() as f64;
        Self { scores, us, bytes }
    }

    /// The alarms at a threshold: the episodes over the scores, as the detector itself makes them.
    pub(crate) fn alarms(&self, threshold: f64) -> Vec<Vec<Alarm>> {
        let parameters = Parameters { threshold, ..Parameters::default() };
        let rung = |scores: &Vec<f64>| {
            let mut episode = Episode::default();
            let alarms = scores.iter().enumerate().filter(|(_, score)| episode.take(&parameters, **score));
            alarms.map(|(at, score)| (at, *score)).collect()
        };
        self.scores.iter().map(rung).collect()
    }

    pub(crate) fn alarms_as_shipped(&self) -> Vec<Vec<Alarm>> {
        self.alarms(Parameters::default().threshold)
    }

    /// Sums of each folder at each threshold that is tried, by profile.
    pub(crate) fn sums(&self, corpus: &Corpus) -> Vec<(f64, [Vec<f64>; 3])> {
        let thresholds = CHANCES.map(|step| 1.0 - 10_f64.powf(-f64::from(step) / STEPS));
        thresholds.map(|threshold| (threshold, by_folder(corpus, &self.alarms(threshold)))).collect()
    }

    /// The score in each profile at the threshold as shipped, nothing chosen.
    pub(crate) fn as_shipped(&self, corpus: &Corpus) -> [f64; 3] {
        let sums = by_folder(corpus, &self.alarms_as_shipped());
        std::array::from_fn(|at| scaled(sums[at].iter().sum(), corpus.windows(), PROFILES[at]))
    }
}

/// The sum of all alarms of each folder, by profile.
pub(crate) fn by_folder(corpus: &Corpus, alarms: &[Vec<Alarm>]) -> [Vec<f64>; 3] {
    let all = |profile: Profile, folder| curve(corpus, alarms, profile, Some(folder)).last().map_or(0.0, |last| last.1);
    PROFILES.map(|profile| (0..corpus.folders.len()).map(|folder| all(profile, folder)).collect())
}

/// The score in each profile as the benchmark takes it: the threshold over all alarms that is best on the corpus.
pub(crate) fn as_published(corpus: &Corpus, alarms: &[Vec<Alarm>]) -> [f64; 3] {
    PROFILES.map(|profile| scaled(best(&curve(corpus, alarms, profile, None)).1, corpus.windows(), profile))
}

/// For each folder the threshold that is best on all others.
pub(crate) fn on_the_others(sums: &[(f64, [Vec<f64>; 3])], profile: usize) -> Chosen {
    let folders = sums.first().map_or(0, |(_, sums)| sums[profile].len());
    let others = |sums: &[f64], folder: usize| sums.iter().sum::<f64>() - sums[folder];
    let chosen = (0..folders).filter_map(|folder| {
        let best = sums
            .iter()
            .max_by(|one, other| others(&one.1[profile], folder).total_cmp(&others(&other.1[profile], folder)))?;
        Some((best.0, best.1[profile][folder]))
    });
    let (thresholds, sums) = chosen.unzip();
    Chosen { thresholds, sums }
}

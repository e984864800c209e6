//! The observations that every server gets: real air-quality columns, replayed once a minute as many series.
//!
//! Each observation is a function of (series, minute), so that what a server answers can be checked against the truth
//! without keeping the truth in memory.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// First minute: 1 January 2024, 00:00 UTC. On an hour, and in the past for any reader.
pub(crate) const START_MS: i64 = 1_704_067_200_000;
/// Milliseconds from one observation of a series to its next, before jitter.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// A column of the data folder that is shorter is not used.
const COLUMN_MIN: usize = 500;
/// Columns that are no measurement.
const NO_SENSOR: [&str; 7] = ["No", "year", "month", "day", "hour", "wd", "station"];
/// The random walk that stands in for missing data: so many columns of so many values.
const WALK: (u64, u64) = (88, 35_000);

/// One observation of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Observation {
    /// Number of the series, from 0.
    pub(crate) series: u32,
    /// Milliseconds since 1970, always whole seconds.
    pub(crate) time_ms: i64,
    /// The reading.
    pub(crate) value: f64,
}

/// Where the readings come from.
#[derive(Debug)]
pub(crate) struct Source {
    columns: Vec<Vec<f64>>,
    /// In words, for the table.
    pub(crate) words: String,
}

impl Source {
    /// Reads every `*.csv.gz` of a folder; a random walk when there is no such folder.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            let words = format!(
                "SYNTHETIC random walk with one decimal, because {} is missing; bytes per observation say little",
                folder.display()
            );
            eprintln!("peers: ATTENTION: the data is a {words}");
            return Ok(Self { columns: walk(), words });
        }
        let mut files: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let mut columns = Vec::new();
        for file in files.iter().filter(|file| file.to_string_lossy().ends_with(".csv.gz")) {
            let mut text = String::new();
            let read = flate2::read::GzDecoder::new(std::fs::File::open(file)?).read_to_string(&mut text);
            read.with_context(|| format!("{} is not gzipped text", file.display()))?;
            columns.extend(numbers(&text));
        }
        if columns.is_empty() {
            bail!("{} holds no .csv.gz with numbers", folder.display());
        }
        let words = format!(
            "Beijing multi-site air quality (UCI 501, CC BY 4.0), {} hourly columns, replayed once a minute with a \
             jitter of 0 to 2 s in whole seconds",
            columns.len()
        );
        Ok(Self { columns, words })
    }

    /// The observation of a series in a minute.
    pub(crate) fn at(&self, series: u32, minute: u32) -> Observation {
        let column = &self.columns[series as usize % self.columns.len()];
        let begin = mixed(u64::from(series)) % column.len() as u64;
        let value = column[(begin as usize + minute as usize) % column.len()];
        let jitter_ms = (mixed(u64::from(series) << 32 | u64::from(minute)) % 3) as i64 * 1_000;
        Observation { series, time_ms: START_MS + i64::from(minute) * MINUTE_MS + jitter_ms, value }
    }
}

/// Splitmix64: the same noise at every run.
pub(crate) fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The measured columns of one file; gaps are left out.
fn numbers(text: &str) -> Vec<Vec<f64>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').map(|name| name.trim_matches('"')).collect();
    let mut columns = vec![Vec::new(); head.len()];
    for line in lines {
        for (column, cell) in columns.iter_mut().zip(line.split(',')) {
            column.extend(cell.parse::<f64>().ok());
        }
    }
    let named = head.iter().zip(columns);
    named.filter(|(name, column)| column.len() >= COLUMN_MIN && !NO_SENSOR.contains(name)).map(|(_, c)| c).collect()
}

fn walk() -> Vec<Vec<f64>> {
    let column = |number: u64| {
        let mut tenths = 200 + (mixed(number) % 600) as i64;
        let step = |n: u64| {
            tenths = (tenths + (mixed(number << 32 | n) % 41) as i64 - 20).clamp(0, 5_000);
            tenths as f64 / 10.0
        };
        (0..WALK.1).map(step).collect()
    };
    (0..WALK.0).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_columns_that_are_no_sensor_are_left_out() {
        let cell = |n: u32| if n.is_multiple_of(10) { "NA".to_owned() } else { format!("{n}.5") };
        let lines: Vec<String> = (0..600).map(|n| format!("{n},{},\"N\"", cell(n))).collect();
        let text = format!("\"No\",\"PM2.5\",\"wd\"\n{}", lines.join("\n"));
        let columns = numbers(&text);
        assert_eq!((columns.len(), columns[0].len(), columns[0][0]), (1, 540, 1.5));
    }

    #[test]
    fn the_same_minute_is_the_same_observation_and_times_grow() {
        let source = Source { columns: walk(), words: String::new() };
        assert_eq!(source.at(7, 30), source.at(7, 30));
        assert!((0..500).all(|minute| source.at(7, minute).time_ms < source.at(7, minute + 1).time_ms));
        assert_eq!(source.at(7, 30).time_ms % 1_000, 0);
    }
}

//! Recorded observations, each told when it fell due: its phenomenon time plus the lag with which it was published.

use std::path::Path;

use city::{DatastreamId, FeedId, Time};

use super::{DemoSource, ReplayError, SeriesSource};
use crate::config::City;

/// One observation that a data logger sends at `due`.
#[derive(Clone, Debug, PartialEq)]
pub struct DueObservation {
    /// The feed that it is sent under.
    pub feed: FeedId,
    /// Its datastream.
    pub datastream: DatastreamId,
    /// When it was so.
    pub phenomenon_time: Time,
    /// How much, in the unit of the datastream.
    pub result: f64,
    /// When it was published.
    pub due: Time,
}

/// All recorded observations, in the order in which they fall due.
#[derive(Clone, Debug, Default)]
pub struct Senders {
    observations: Vec<DueObservation>,
}

impl Senders {
    /// Reads the recordings that the city's `[demo]` names.
    ///
    /// # Errors
    /// When the city has no `[demo]`, or a recording cannot be read.
    pub fn read(city: &City) -> Result<Self, ReplayError> {
        Self::of(&DemoSource::of(city)?.series)
    }

    /// Reads series. At the same instant, the order is that of `series`, then that of the file.
    ///
    /// # Errors
    /// When a file is missing, a column is not there, or a time or value cannot be read.
    pub fn of(series: &[SeriesSource]) -> Result<Self, ReplayError> {
        let mut observations = Vec::new();
        for one in series {
            observations.extend(read_series(one)?);
        }
        observations.sort_by_key(|observation| observation.due);
        Ok(Self { observations })
    }

    /// When the next one after `after` falls due; `None` when none does.
    pub fn next_due(&self, after: Time) -> Option<Time> {
        self.observations.get(self.until(after)).map(|observation| observation.due)
    }

    /// What falls due after `from` and not after `to`, in order.
    pub fn due(&self, from: Time, to: Time) -> Vec<DueObservation> {
        let window = self.until(from)..self.until(to);
        self.observations.get(window).map(<[_]>::to_vec).unwrap_or_default()
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.observations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }

    /// The number of observations due at or before `time`.
    fn until(&self, time: Time) -> usize {
        self.observations.partition_point(|observation| observation.due <= time)
    }
}

fn read_series(series: &SeriesSource) -> Result<Vec<DueObservation>, ReplayError> {
    let path = &series.file;
    let text = std::fs::read_to_string(path).map_err(|error| ReplayError::Unreadable { path: path.clone(), error })?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let time_at = column(path, &header, &series.time)?;
    let result_at = column(path, &header, &series.result)?;
    let mut observations = Vec::new();
    for (at, line) in (2..).zip(lines) {
        // The recordings are plain columns of times and numbers (data/ATTRIBUTION.md): nothing in them needs quotes.
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |column: usize| cells.get(column).copied().unwrap_or_default();
        if cell(result_at).is_empty() {
            continue; // Missing in the recording: the instrument gave nothing.
        }
        let wrong = |expected: &str| malformed(path, at, expected.to_owned());
        let phenomenon_time: Time =
            cell(time_at).parse().map_err(|error: city::time::TimeError| wrong(&error.to_string()))?;
        let result: f64 = cell(result_at).parse().map_err(|_| wrong("a number"))?;
        observations.push(DueObservation {
            feed: series.feed.clone(),
            datastream: series.datastream,
            phenomenon_time,
            result,
            due: phenomenon_time + series.lag,
        });
    }
    Ok(observations)
}

fn column(path: &Path, header: &[&str], name: &str) -> Result<usize, ReplayError> {
    let found = header.iter().position(|column| *column == name);
    found.ok_or_else(|| malformed(path, 1, format!("a column {name:?}")))
}

fn malformed(path: &Path, line: usize, expected: String) -> ReplayError {
    ReplayError::Malformed { path: path.to_path_buf(), line, expected }
}

//! `[demo]`: recordings that stand in for feeds, in a demo city. Each is served in its feed's own protocol.

use std::path::{Path, PathBuf};

use city::{FeedKind, Time};
use serde::Deserialize;

use super::{Duration, Feed};

/// `[demo]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoText {
    /// First instant of the default replay.
    pub replay_from: Time,
    /// Last instant.
    pub replay_to: Time,
    /// City seconds per second.
    pub speed: f64,
    /// What stands in for each feed.
    #[serde(rename = "feed")]
    pub feeds: Vec<DemoFeed>,
}

/// `[[demo.feed]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoFeed {
    /// The feed that it stands in for.
    pub feed: String,
    /// A GTFS zip, served as it is.
    pub file: Option<PathBuf>,
    /// CAP files, served behind an Atom index.
    pub folder: Option<PathBuf>,
    /// GTFS-Realtime computed from the feed's timetable.
    #[serde(default)]
    pub simulated: bool,
    /// Recorded observations, sent as they fell due.
    #[serde(default)]
    pub recording: Vec<Recording>,
}

/// One recorded series: a CSV file with a column of times and a column of values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The datastream that it belongs to.
    pub datastream: u32,
    /// The file.
    pub file: PathBuf,
    /// Name of the column of times (RFC 3339).
    pub time: String,
    /// Name of the column of values, in the unit of the datastream.
    pub result: String,
    /// How long after the phenomenon time it was published.
    pub lag: Duration,
}

impl DemoText {
    /// Whether the feed's data is computed, not recorded.
    pub fn simulates(&self, feed: &str) -> bool {
        self.feeds.iter().any(|demo| demo.feed == feed && demo.simulated)
    }

    pub(super) fn mistakes(&self, folder: &Path, feeds: &[Feed]) -> Vec<String> {
        let mut out = Vec::new();
        if self.replay_from >= self.replay_to {
            out.push("replay_from: expected a time before replay_to".to_owned());
        }
        if !(self.speed.is_finite() && self.speed >= 0.0) {
            out.push("speed: expected city seconds per second, 0 for as fast as it goes".to_owned());
        }
        for demo in &self.feeds {
            let Some(feed) = feeds.iter().find(|feed| feed.contract.feed.as_str() == demo.feed) else {
                out.push(format!("demo.feed: there is no [[feed]] with id {:?}", demo.feed));
                continue;
            };
            let right = match feed.contract.kind {
                FeedKind::Gtfs => demo.file.is_some(),
                FeedKind::GtfsRtVehiclePositions | FeedKind::GtfsRtTripUpdates => {
                    demo.simulated && feed.timetable.is_some()
                }
                FeedKind::SensorThings => !demo.recording.is_empty(),
                FeedKind::CapAtom => demo.folder.is_some(),
                FeedKind::GtfsRtAlerts | FeedKind::CapFiles | FeedKind::ControlRoom | FeedKind::Open311 => false,
            };
            if !right {
                out.push(format!("demo.feed {:?}: a feed of this kind needs file (gtfs), simulated and a timetable (positions, updates), recording (sensor_things) or folder (cap_atom)", demo.feed));
            }
            let files = demo.file.iter().chain(demo.recording.iter().map(|recording| &recording.file));
            out.extend(
                files
                    .filter(|file| !folder.join(file).is_file())
                    .map(|file| format!("expected a file at {}", folder.join(file).display())),
            );
        }
        out
    }
}

//! What is replayed: the files that `[demo]` in `city.toml` names.

use std::path::PathBuf;

use city::{DatastreamId, FeedId, Span};

use super::ReplayError;
use crate::config::City;

/// A timetable, and the GTFS-Realtime feeds that are simulated from it.
#[derive(Clone, Debug)]
pub struct TimetableSource {
    /// The GTFS feed.
    pub feed: FeedId,
    /// Its zip.
    pub zip: PathBuf,
    /// Days that its calendar is moved by before anything is simulated; the zip is served unmoved.
    pub calendar_shift_days: i32,
    /// GTFS-Realtime feeds that belong to it.
    pub simulated: Vec<FeedId>,
}

/// A recorded series.
#[derive(Clone, Debug)]
pub struct SeriesSource {
    /// The feed that it is sent under.
    pub feed: FeedId,
    /// Its datastream.
    pub datastream: DatastreamId,
    /// The CSV file.
    pub file: PathBuf,
    /// Column of times.
    pub time: String,
    /// Column of values.
    pub result: String,
    /// How long after the phenomenon time a value was published, in milliseconds.
    pub lag: Span,
}

/// Everything that is replayed.
#[derive(Clone, Debug, Default)]
pub struct DemoSource {
    /// Timetables.
    pub timetables: Vec<TimetableSource>,
    /// Folders of CAP files.
    pub warnings: Vec<PathBuf>,
    /// Recorded series.
    pub series: Vec<SeriesSource>,
}

impl DemoSource {
    /// What a city's `[demo]` names, with paths made whole.
    ///
    /// # Errors
    /// [`ReplayError::NoDemo`].
    pub fn of(city: &City) -> Result<Self, ReplayError> {
        let demo = city.demo.as_ref().ok_or(ReplayError::NoDemo)?;
        let mut source = Self::default();
        for stand_in in &demo.feeds {
            let feed = FeedId::new(&stand_in.feed);
            if let Some(zip) = &stand_in.file {
                let shift = city.feed(&feed).map_or(0, |found| found.calendar_shift_days);
                let served = demo.feeds.iter().filter(|other| other.simulated).map(|other| FeedId::new(&other.feed));
                let ours = |id: &FeedId| city.feed(id).is_some_and(|found| found.timetable.as_ref() == Some(&feed));
                source.timetables.push(TimetableSource {
                    zip: city.folder.join(zip),
                    calendar_shift_days: shift,
                    simulated: served.filter(ours).collect(),
                    feed: feed.clone(),
                });
            }
            source.warnings.extend(stand_in.folder.iter().map(|folder| city.folder.join(folder)));
            source.series.extend(stand_in.recording.iter().map(|recording| SeriesSource {
                feed: feed.clone(),
                datastream: DatastreamId(recording.datastream),
                file: city.folder.join(&recording.file),
                time: recording.time.clone(),
                result: recording.result.clone(),
                lag: recording.lag.0,
            }));
        }
        Ok(source)
    }
}

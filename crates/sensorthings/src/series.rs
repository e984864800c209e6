//! What this room asks of whoever keeps the observations. The program answers it from its store; the tests from memory.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use city::{DatastreamId, Detail, Observation, ObservationKey, Time};

/// One observation with what it has besides.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Series, phenomenon time and result.
    pub observation: Observation,
    /// What few have.
    pub detail: Option<Arc<Detail>>,
    /// When it was received, where that is known.
    pub received: Option<Time>,
}

/// Rows of one series in canonical order or against it, read as they are asked for.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Row, SeriesError>> + 'a>;

/// The observations of all datastreams.
pub trait Series {
    /// The observations of one datastream with `from <= phenomenonTime < to`, ordered by [`ObservationKey`] (an absent
    /// result time before all others), or the other way round. With `as_of`: as they were known then.
    fn rows(
        &self,
        datastream: DatastreamId,
        from: Time,
        to: Time,
        descending: bool,
        as_of: Option<Time>,
    ) -> Result<Rows<'_>, SeriesError>;

    /// The same with `range.0 <= phenomenonTime < range.1`, where rows may be left out whose results are known not to be
    /// wanted.
    fn rows_of(
        &self,
        datastream: DatastreamId,
        range: (Time, Time),
        descending: bool,
        as_of: Option<Time>,
        _wanted: &Wanted,
    ) -> Result<Rows<'_>, SeriesError> {
        self.rows(datastream, range.0, range.1, descending, as_of)
    }

    /// One observation.
    fn row(&self, key: &ObservationKey, as_of: Option<Time>) -> Result<Option<Row>, SeriesError>;

    /// How many observations a datastream has; maintained, not counted.
    fn count(&self, datastream: DatastreamId) -> Result<u64, SeriesError>;

    /// How many observations all datastreams of the catalogue have, where that is maintained as one sum.
    fn count_all(&self) -> Result<Option<u64>, SeriesError> {
        Ok(None)
    }

    /// The first and last phenomenon time of a datastream; maintained.
    fn span(&self, datastream: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError>;

    /// The first and last result time of a datastream, where that is maintained.
    fn result_span(&self, _datastream: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError> {
        Ok(None)
    }

    /// The newest observation of a datastream.
    fn latest(&self, datastream: DatastreamId) -> Result<Option<Row>, SeriesError>;
}

/// Which numbers are wanted of the results, the bounds included; it may become narrower while rows are read. Truths and
/// texts are wanted always.
#[derive(Clone, Debug)]
pub struct Wanted(Rc<Cell<(f64, f64)>>);

impl Default for Wanted {
    /// All.
    fn default() -> Self {
        Self(Rc::new(Cell::new((f64::NEG_INFINITY, f64::INFINITY))))
    }
}

impl Wanted {
    /// Wants only what lies in these bounds too.
    pub fn narrow(&self, (low, high): (f64, f64)) {
        let known = self.0.get();
        self.0.set((known.0.max(low), known.1.min(high)));
    }

    /// Whether any number from `low` to `high` is wanted.
    pub fn meets(&self, low: f64, high: f64) -> bool {
        let (from, to) = self.0.get();
        low <= to && high >= from
    }
}

/// The observations cannot be read. Whoever keeps them logs why; a client is told that it is so, and never the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the observations cannot be read: {0}")]
pub struct SeriesError(pub String);

impl Row {
    /// What makes it the same observation.
    pub fn key(&self) -> ObservationKey {
        self.observation.key(self.detail())
    }

    /// What it has besides.
    pub fn detail(&self) -> Option<&Detail> {
        self.detail.as_deref()
    }
}

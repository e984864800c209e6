//! The store's series as the SensorThings service wants to read them.

use std::sync::{Mutex, PoisonError};

use city::{DatastreamId, ObservationKey, Seq, Time};
use sensorthings::catalogue::Catalogue;
use sensorthings::series::{Row, Rows, Series, SeriesError, Wanted};
use store::{Reader, RowQuery, StoreError};

/// A reader of the store.
pub(super) struct StoredSeries<'a> {
    pub(super) reader: &'a Reader,
    pub(super) catalogue: &'a Catalogue,
    pub(super) strays: &'a Mutex<Strays>,
}

/// Series whose observations are kept though the city has no such datastream any more: a count of all leaves them out.
#[derive(Debug, Default)]
pub(super) struct Strays {
    /// Of how many series they were picked out; none: they have to be looked up.
    of: Option<usize>,
    ids: Vec<DatastreamId>,
}

impl Strays {
    /// The datastreams are others now.
    pub(super) fn forget(&mut self) {
        self.of = None;
    }

    fn of(&mut self, reader: &Reader, catalogue: &Catalogue) -> &[DatastreamId] {
        let of = Some(reader.series_count());
        if self.of != of {
            self.ids = reader.series();
            self.ids.retain(|id| catalogue.datastream(*id).is_none());
            self.of = of;
        }
        &self.ids
    }
}

#[allow(clippy::needless_pass_by_value, reason = "shaped for map_err")]
fn error(error: StoreError) -> SeriesError {
    SeriesError(error.to_string())
}

impl StoredSeries<'_> {
    /// The newest entry of the journal that was there at `as_of`.
    fn seq(&self, as_of: Option<Time>) -> Result<Option<Seq>, SeriesError> {
        as_of.map(|at| self.reader.seq_at(at).map_err(error)).transpose()
    }
}

fn row(row: store::Row) -> Row {
    Row { observation: row.observation, detail: row.detail, received: None }
}

impl Series for StoredSeries<'_> {
    fn rows(
        &self,
        datastream: DatastreamId,
        from: Time,
        to: Time,
        descending: bool,
        as_of: Option<Time>,
    ) -> Result<Rows<'_>, SeriesError> {
        self.rows_of(datastream, (from, to), descending, as_of, &Wanted::default())
    }

    fn rows_of(
        &self,
        datastream: DatastreamId,
        (from, to): (Time, Time),
        descending: bool,
        as_of: Option<Time>,
        wanted: &Wanted,
    ) -> Result<Rows<'_>, SeriesError> {
        let query = RowQuery { from: Some(from), to: Some(to), descending, as_of: self.seq(as_of)? };
        let wanted = wanted.clone();
        let rows = self.reader.rows(datastream, query).passing_over(move |low, high| !wanted.meets(low, high));
        Ok(Box::new(rows.map(|found| found.map(row).map_err(error))))
    }

    fn row(&self, key: &ObservationKey, as_of: Option<Time>) -> Result<Option<Row>, SeriesError> {
        Ok(self.reader.row(key, self.seq(as_of)?).map_err(error)?.map(row))
    }

    fn count(&self, datastream: DatastreamId) -> Result<u64, SeriesError> {
        Ok(self.reader.count(datastream))
    }

    fn count_all(&self) -> Result<Option<u64>, SeriesError> {
        let mut strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        let stray = strays.of(self.reader, self.catalogue).iter().map(|id| self.reader.count(*id)).sum();
        Ok(Some(self.reader.count_all().saturating_sub(stray)))
    }

    fn span(&self, datastream: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError> {
        Ok(self.reader.span(datastream))
    }

    fn latest(&self, datastream: DatastreamId) -> Result<Option<Row>, SeriesError> {
        let newest = RowQuery { from: None, to: None, descending: true, as_of: None };
        self.reader.rows(datastream, newest).next().transpose().map_err(error).map(|found| found.map(row))
    }
}

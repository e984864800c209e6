//! The store's series as the SensorThings service wants to read them.

use city::{DatastreamId, ObservationKey, Seq, Time};
use sensorthings::series::{Row, Rows, Series, SeriesError};
use store::{Reader, RowQuery, StoreError};

/// A reader of the store.
pub(super) struct StoredSeries<'a>(pub(super) &'a Reader);

#[allow(clippy::needless_pass_by_value, reason = "shaped for map_err")]
fn error(error: StoreError) -> SeriesError {
    SeriesError(error.to_string())
}

impl StoredSeries<'_> {
    /// The newest entry of the journal that was there at `as_of`.
    fn seq(&self, as_of: Option<Time>) -> Result<Option<Seq>, SeriesError> {
        as_of.map(|at| self.0.seq_at(at).map_err(error)).transpose()
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
        let query = RowQuery { from: Some(from), to: Some(to), descending, as_of: self.seq(as_of)? };
        Ok(Box::new(self.0.rows(datastream, query).map(|found| found.map(row).map_err(error))))
    }

    fn row(&self, key: &ObservationKey, as_of: Option<Time>) -> Result<Option<Row>, SeriesError> {
        Ok(self.0.row(key, self.seq(as_of)?).map_err(error)?.map(row))
    }

    fn count(&self, datastream: DatastreamId) -> Result<u64, SeriesError> {
        Ok(self.0.count(datastream))
    }

    fn span(&self, datastream: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError> {
        Ok(self.0.span(datastream))
    }

    fn latest(&self, datastream: DatastreamId) -> Result<Option<Row>, SeriesError> {
        let newest = RowQuery { from: None, to: None, descending: true, as_of: None };
        self.0.rows(datastream, newest).next().transpose().map_err(error).map(|found| found.map(row))
    }
}

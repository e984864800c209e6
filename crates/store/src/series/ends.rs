//! Version 2 of the file: the end of an interval is part of what makes an observation the same one. Before, intervals
//! that began together were versions of one observation, in the order in which they came.

use city::{DatastreamId, EntityChange, Erasure, Observations, Record, Time};
use rusqlite::{Connection, params};
use serde::Deserialize;

use super::index;
use super::layout::split;
use super::sample::Sample;
use super::segments::Segments;
use crate::codec::{decode, encode};
use crate::error::StoreError;

/// Brings a file of version 1 to version 2: chunks with such intervals into their new order, and erasures to keys with
/// an end. What is damaged stays as it is, so that it keeps no store shut.
pub(crate) fn tell_ends_apart(connection: &Connection) -> Result<(), StoreError> {
    let mut segments = Segments::load_whole(connection)?;
    let mut corrected = Vec::new();
    index::each(connection, |chunk| {
        // Where every version is an observation, none stood in the place of another.
        corrected.extend((chunk.figures.current < chunk.figures.count).then_some(chunk));
        Ok(())
    })?;
    for chunk in corrected {
        let Ok(read) = chunk.read(connection) else { continue };
        if read.details.iter().all(|(_, detail)| detail.phenomenon_end.is_none()) {
            continue;
        }
        let mut samples = read.samples(0..read.times_ms.len());
        samples.sort_by_key(Sample::order);
        let mut chunks = Vec::new();
        split(chunk.datastream, &samples, &mut chunks)?;
        segments.discard(connection, std::slice::from_ref(&chunk))?;
        segments.write(connection, &chunks)?;
    }
    erasures(connection)
}

/// The records of version 1 that came together with an erasure.
#[derive(Deserialize)]
enum Before {
    Observations(Observations),
    Entities(Vec<EntityChange>),
    Erasure { datastream: DatastreamId, keys: Option<Vec<(Time, Option<Time>)>> },
}

impl From<Before> for Record {
    fn from(before: Before) -> Self {
        match before {
            Before::Observations(rows) => Self::Observations(rows),
            Before::Entities(changes) => Self::Entities(changes),
            Before::Erasure { datastream, keys } => {
                let keys = keys.map(|keys| keys.into_iter().map(|(time, result)| (time, result, None)).collect());
                Self::Erasure(Erasure { datastream, keys })
            }
        }
    }
}

fn erasures(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT seq, body FROM journal WHERE kind LIKE '%erasure%'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (seq, body) in rows.collect::<Result<Vec<(i64, Vec<u8>)>, _>>()? {
        match decode::<Vec<Before>>(|| format!("journal entry {seq}"), &body) {
            Ok(records) => {
                let records: Vec<Record> = records.into_iter().map(Record::from).collect();
                let body = encode("journal entry", &records)?;
                connection.execute("UPDATE journal SET body = ?2 WHERE seq = ?1", params![seq, body])?;
            }
            Err(error) => tracing::error!(%error, "what was erased then is unknown"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use city::{Detail, Observation};
    use serde::Serialize;

    use super::super::chunk::{encode as chunk_of, figures};
    use super::super::segments::NewChunk;
    use super::*;
    use crate::{RowQuery, Store};

    const START_MS: i64 = 1_714_446_000_000;

    fn sample(hours: Option<i64>, seq: u64, result: f64) -> Sample {
        let end = |hours: i64| Time::from_ms(START_MS + hours * 3_600_000);
        let detail = hours.map(|hours| Arc::new(Detail { phenomenon_end: end(hours), ..Detail::default() }));
        Sample { time_ms: START_MS, result, seq, detail }
    }

    /// As version 1 wrote it.
    #[derive(Serialize)]
    enum Old {
        _Observations,
        _Entities,
        Erasure(DatastreamId, Option<Vec<(Time, Option<Time>)>>),
    }

    #[test]
    fn a_file_of_version_1_tells_its_intervals_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("town.db");
        drop(Store::open(&path).expect("a store"));
        let file = Connection::open(&path).expect("the file");
        // An hour, a day in its place, the hour again, and an instant that never was an interval.
        let mut samples =
            vec![sample(Some(1), 1, 1.0), sample(Some(24), 2, 24.0), sample(Some(1), 3, 1.5), sample(None, 4, 7.0)];
        samples[3].time_ms += 1;
        let mut segments = Segments::load_whole(&file).expect("segments");
        let mut figures = figures(&samples);
        figures.current = 2;
        let bytes = chunk_of(&samples).expect("bytes");
        segments.write(&file, &[NewChunk { datastream: 1, figures, bytes }]).expect("a chunk");
        let at = Time::from_ms(START_MS).expect("a time");
        let erased = vec![Old::Erasure(DatastreamId(2), Some(vec![(at, None), (at, Some(at))]))];
        let text =
            "INSERT INTO journal (seq, received_ms, feed, kind, count, body) VALUES (9, ?1, 'water', 'erasure', 1, ?2)";
        file.execute(text, params![START_MS, encode("a test", &erased).expect("bytes")]).expect("a row");
        let ended = "INSERT INTO feed_account (feed, seq, received_ms) VALUES ('water', 9, ?1)";
        file.execute(ended, [START_MS]).expect("the end of the journal");
        let later = "DROP TABLE service_request_seen; DROP TABLE notification; DROP TABLE push_subscription; DROP INDEX alert_by_time; \
                     ALTER TABLE alert DROP COLUMN owner; ALTER TABLE alert DROP COLUMN title;";
        file.execute_batch(later).expect("what later versions added is not there");
        file.pragma_update(None, "user_version", 1).expect("the version");
        drop(file);

        let store = Store::open(&path).expect("the store");
        let reader = store.read();
        assert_eq!(reader.count(DatastreamId(1)), 3);
        let rows: Vec<f64> = reader
            .rows(DatastreamId(1), RowQuery::default())
            .map(|row| row.expect("a row").observation.result)
            .collect();
        assert_eq!(rows, [1.5, 24.0, 7.0]);
        let one = Observation { datastream: DatastreamId(1), phenomenon_time: at, result: 0.0 };
        let hour = sample(Some(1), 0, 0.0).detail;
        let versions = reader.superseded(&one.key(hour.as_deref())).expect("versions");
        assert_eq!(versions.iter().map(|version| version.row.observation.result).collect::<Vec<_>>(), [1.0, 1.5]);
        let journal = reader.journal_after(city::Seq(8), 1).expect("the journal");
        let keys = Some(vec![(at, None, None), (at, Some(at), None)]);
        assert_eq!(journal[0].records, [Record::Erasure(Erasure { datastream: DatastreamId(2), keys })]);
    }
}

//! The one way into the journal.

use std::collections::BTreeSet;

use city::{FeedId, Record, RecordKind, Seq, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::account::{self, Added};
use crate::batch::{Batch, Committed};
use crate::codec::{encode, signed};
use crate::error::StoreError;
use crate::recent::{Recent, Verdict};
use crate::seen;
use crate::series::Series;
use crate::store::Store;
use crate::timetables;

impl Store {
    /// Writes the batches in one transaction: what is new into the journal and the series, everything into the
    /// accounts. On `Ok` all of them are on the disk, on `Err` none is, and the store takes nothing more.
    ///
    /// Idempotence, by kind: an observation is a duplicate with the same value at the same time (another value is a
    /// correction: both are in the journal, the later one is read); a position when it is not newer than the last of
    /// its run; an update when it says the same for the same or an earlier time (an older one that says something
    /// else is refused as stale); a warning by sender, identifier and sent; a service alert by its content; a
    /// timetable by its hash. Beats and acknowledgements are always new.
    pub fn commit(&mut self, batches: Vec<Batch>) -> Result<Vec<Committed>, StoreError> {
        self.write(|store| {
            let Self { read, seq, floor_ms, recent, series, .. } = store;
            let transaction = read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut tip = Tip { seq: *seq, received_ms: *floor_ms };
            let mut committed = Vec::with_capacity(batches.len());
            for batch in batches {
                committed.push(append(&transaction, batch, &mut tip, recent, series)?);
            }
            transaction
                .prepare_cached("UPDATE journal_head SET seq = ?1, received_ms = ?2")?
                .execute(params![signed(tip.seq.0), tip.received_ms])?;
            transaction.commit()?;
            (*seq, *floor_ms) = (tip.seq, tip.received_ms);
            Ok(committed)
        })
    }
}

/// Where the journal stands within the transaction.
struct Tip {
    seq: Seq,
    received_ms: i64,
}

fn append(
    connection: &Connection,
    batch: Batch,
    tip: &mut Tip,
    recent: &mut Recent,
    series: &mut Series,
) -> Result<Committed, StoreError> {
    let Batch { feed, now, records, timetable, mut tally } = batch;
    tip.received_ms = tip.received_ms.max(now.ms());
    let received_ms = tip.received_ms;
    let mut known = Known { connection, recent, series, received_ms };
    let mut new = Vec::with_capacity(records.len());
    let mut good = false;
    for record in records {
        let record = record.into_inner();
        good |= !matches!(record, Record::FeedBeat(city::FeedBeat { good: false }));
        let entities = record.entities();
        if let Record::Observations(mut rows) = record {
            known.series.take_new(connection, &mut rows)?;
            tally.stored += rows.len() as u64;
            tally.duplicate += entities - rows.len() as u64;
            if !rows.is_empty() {
                new.push(Record::Observations(rows));
            }
            continue;
        }
        match known.verdict(&feed, &record)? {
            Verdict::New => {
                tally.stored += entities;
                new.push(record);
            }
            Verdict::Duplicate => tally.duplicate += 1,
            Verdict::Stale => *tally.rejected.entry(city::Reason::Stale).or_default() += 1,
        }
    }
    known.series.write_latest(connection, received_ms)?;
    if let (Some(tables), Some(sha256)) = (timetable, new.iter().find_map(sha256)) {
        timetables::save(connection, &feed, sha256, tables.as_ref(), received_ms)?;
    }
    let newest_ms = new.iter().filter_map(account::event_time).map(Time::ms).max();
    account::add(connection, &Added { feed: &feed, tally: &tally, received_ms, good, newest_ms })?;
    let seq = if new.is_empty() { None } else { Some(write_row(connection, &feed, &new, tip)?) };
    // invariant: received_ms is the gate's Time or one read from a Time, so it is in range.
    let received = Time::from_ms(received_ms).unwrap_or(now);
    Ok(Committed { seq, received, feed, records: new, tally })
}

fn sha256(record: &Record) -> Option<&str> {
    match record {
        Record::Timetable(version) => Some(&version.sha256),
        _ => None,
    }
}

/// What there is to compare a record with.
struct Known<'a> {
    connection: &'a Connection,
    recent: &'a mut Recent,
    series: &'a mut Series,
    received_ms: i64,
}

impl Known<'_> {
    /// Whether the record is new; if so, it is known from now on.
    fn verdict(&mut self, feed: &FeedId, record: &Record) -> Result<Verdict, StoreError> {
        let (connection, received_ms) = (self.connection, self.received_ms);
        match record {
            Record::VehiclePosition(position) => Ok(self.recent.position(feed, position, received_ms)),
            Record::TripUpdate(update) => Ok(self.recent.update(feed, update, received_ms)),
            Record::Warning(warning) => seen::warning(connection, feed, warning, received_ms),
            Record::ServiceAlert(alert) => seen::service_alert(connection, feed, alert, received_ms),
            Record::Timetable(version) => seen::timetable(connection, feed, version),
            Record::FeedBeat(_)
            | Record::Acknowledgement(_)
            | Record::Observations(_)
            | Record::Entities(_)
            | Record::Erasure(_) => Ok(Verdict::New),
        }
    }
}

fn write_row(connection: &Connection, feed: &FeedId, records: &Vec<Record>, tip: &mut Tip) -> Result<Seq, StoreError> {
    tip.seq = Seq(tip.seq.0 + 1);
    let kinds: BTreeSet<&str> = records.iter().map(|record| kind_name(record.kind())).collect();
    let kind = kinds.into_iter().collect::<Vec<_>>().join("+");
    let text = "INSERT INTO journal (seq, received_ms, feed, kind, count, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(text)?.execute(params![
        signed(tip.seq.0),
        tip.received_ms,
        feed.as_str(),
        kind,
        signed(records.iter().map(Record::entities).sum::<u64>().max(1)),
        encode("journal entry", records)?,
    ])?;
    Ok(tip.seq)
}

fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Observations => "observations",
        RecordKind::Entities => "entities",
        RecordKind::Erasure => "erasure",
        RecordKind::VehiclePosition => "vehicle_position",
        RecordKind::TripUpdate => "trip_update",
        RecordKind::ServiceAlert => "service_alert",
        RecordKind::Warning => "warning",
        RecordKind::Timetable => "timetable",
        RecordKind::FeedBeat => "feed_beat",
        RecordKind::Acknowledgement => "acknowledgement",
    }
}

//! The one way into the journal.

use std::collections::{BTreeMap, BTreeSet};

use city::{DatastreamId, Erasure, FeedId, Observations, Record, RecordKind, Seq, Tally, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::account::{self, Added};
use crate::batch::{Batch, Committed, CommittedGroup};
use crate::codec::{encode, signed};
use crate::entities;
use crate::error::StoreError;
use crate::journal::{JournalRow, OBSERVATIONS};
use crate::recent::{Recent, Verdict};
use crate::seen;
use crate::series::{Before, Erasing, Heads, Intake, body};
use crate::store::Store;
use crate::timetables;

impl Store {
    /// Writes the batches in one transaction: what is new into the journal, everything into the accounts; after it,
    /// what is new into the series in memory. On `Ok` all of them are on the disk (but those that say
    /// [`Committed::full`]), on `Err` none is, and the store takes nothing more.
    ///
    /// On a full disk telemetry is refused until there is room again, and what is vital goes on from a reserve;
    /// [`StoreError::Full`] when nothing of the group is vital, or the reserve is used up. The store goes on after it.
    ///
    /// Idempotence, by kind: an observation is a duplicate when it says what is known for its key (another value is
    /// a correction: both are kept, the later one is read); a position when it is not newer than the last of its run;
    /// an update when it says the same for the same or an earlier time (an older one that says something else is
    /// refused as stale); a warning by sender, identifier and sent; a service alert and a resident's request by their
    /// content; a timetable by its hash. The rest is always new.
    pub fn commit(&mut self, batches: Vec<Batch>) -> Result<CommittedGroup, StoreError> {
        let group = self.commit_with_room(batches)?;
        self.lay_log_out();
        self.checkpoint_if_long()?;
        Ok(group)
    }

    pub(crate) fn commit_all(&mut self, batches: Vec<Batch>) -> Result<CommittedGroup, StoreError> {
        self.write(|store| {
            let received_ms = batches.iter().map(|batch| batch.now.ms()).fold(store.floor_ms, i64::max);
            let Store { read, seq, recent, intake, segments, .. } = store;
            let heads = read.heads.clone();
            let transaction = read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let connection: &Connection = &transaction;
            let mut group = Group {
                connection,
                recent,
                intake,
                heads: &heads,
                seq: seq.0,
                received_ms,
                rows: Vec::new(),
                pending: Vec::new(),
                erasing: Erasing::new(segments, &heads),
                added: BTreeMap::new(),
                corrections: Vec::new(),
                written_bytes: 0,
            };
            let mut committed = Vec::with_capacity(batches.len());
            for batch in batches {
                committed.push(group.take(batch)?);
            }
            group.flush()?;
            for (feed, added) in &group.added {
                account::add(connection, feed, added, group.seq, received_ms)?;
            }
            let Group { rows, seq: last, corrections, written_bytes, .. } = group;
            let batches = answer(committed, &rows, received_ms);
            transaction.commit()?;
            (store.seq, store.floor_ms) = (Seq(last), received_ms);
            store.log.wrote(written_bytes, rows.len());
            store.publish(&rows, &corrections)?;
            Ok(CommittedGroup { batches, rows })
        })
    }
}

/// A batch on its way: the row that holds its records but the observations, and whether it brought such.
struct Taken {
    feed: FeedId,
    tally: Tally,
    others: Option<u64>,
    /// How many rows there were before its observations, which are in the next of its feed.
    observed_after: Option<usize>,
    /// Its observations that were known.
    known: Observations,
}

/// What is told of each batch once all rows are written.
fn answer(taken: Vec<Taken>, rows: &[JournalRow], received_ms: i64) -> Vec<Committed> {
    let received = crate::series::time(received_ms);
    let tell = |taken: Taken| {
        let observed = taken.observed_after.and_then(|from| {
            let later = rows.get(from..).unwrap_or_default();
            let of_feed = |row: &&JournalRow| row.feed == taken.feed && row.observations().is_some();
            later.iter().find(of_feed).map(|row| row.seq.0)
        });
        let seq = taken.others.max(observed).map(Seq);
        Committed { seq, received, feed: taken.feed, tally: taken.tally, known: taken.known, full: false }
    };
    taken.into_iter().map(tell).collect()
}

/// A group of batches within its transaction.
struct Group<'a> {
    connection: &'a Connection,
    recent: &'a mut Recent,
    intake: &'a mut Intake,
    heads: &'a Heads,
    seq: u64,
    received_ms: i64,
    rows: Vec<JournalRow>,
    /// Observations that are not in a row yet.
    pending: Vec<(FeedId, Observations)>,
    erasing: Erasing<'a>,
    added: BTreeMap<FeedId, Added>,
    /// The series of each version that corrects another.
    corrections: Vec<DatastreamId>,
    written_bytes: usize,
}

impl Group<'_> {
    fn take(&mut self, batch: Batch) -> Result<Taken, StoreError> {
        let Batch { feed, records, timetable, mut tally, .. } = batch;
        let mut others = Vec::new();
        let (mut observed_after, mut known) = (None, Observations::default());
        let (mut good, mut newest) = (false, None);
        for record in records {
            let record = record.into_inner();
            good |= !matches!(record, Record::FeedBeat(city::FeedBeat { good: false }));
            let entities = record.entities();
            match record {
                Record::Observations(rows) => {
                    let new = self.observe(&feed, rows, (&mut newest, &mut known))?;
                    if new > 0 {
                        observed_after = Some(self.rows.len());
                    }
                    tally.stored += new;
                    tally.duplicate += entities - new;
                }
                record => match self.verdict(&feed, &record)? {
                    Verdict::New => {
                        tally.stored += entities;
                        newest = newest.max(account::event_time(&record));
                        others.push(record);
                    }
                    Verdict::Duplicate => tally.duplicate += entities,
                    Verdict::Stale => *tally.rejected.entry(city::Reason::Stale).or_default() += 1,
                },
            }
        }
        if let (Some(tables), Some(sha256)) = (timetable, others.iter().find_map(sha256)) {
            timetables::save(self.connection, &feed, sha256, tables.as_ref(), self.received_ms)?;
        }
        let others = if others.is_empty() { None } else { Some(self.write_row(&feed, others)?) };
        let added = self.added.entry(feed.clone()).or_default();
        added.tally.add(&tally);
        added.good |= good;
        added.newest_ms = added.newest_ms.max(newest.map(Time::ms));
        Ok(Taken { feed, tally, others, observed_after, known })
    }

    /// Takes the observations that are new; gives how many.
    fn observe(
        &mut self,
        feed: &FeedId,
        mut rows: Observations,
        (newest, known): (&mut Option<Time>, &mut Observations),
    ) -> Result<u64, StoreError> {
        let (flushed, pending) = (&self.rows, &self.pending);
        let before = || {
            let flushed = flushed.iter().filter_map(JournalRow::observations);
            flushed.chain(pending.iter().map(|(_, rows)| rows)).collect()
        };
        let before = Before { rows: &before, erased: &self.erasing.done };
        let (corrected, known_rows) = self.intake.take_new(self.connection, self.heads, &before, &mut rows)?;
        known.append(known_rows);
        if rows.is_empty() {
            return Ok(0);
        }
        self.corrections.extend(corrected);
        *newest = (*newest).max(rows.newest());
        let new = rows.len() as u64;
        self.pending.push((feed.clone(), rows));
        Ok(new)
    }

    /// Writes the pending observations, one row a feed.
    fn flush(&mut self) -> Result<(), StoreError> {
        let mut by_feed: Vec<(FeedId, Observations, bool)> = Vec::new();
        for (feed, rows) in std::mem::take(&mut self.pending) {
            match by_feed.iter_mut().find(|(known, ..)| *known == feed) {
                Some((_, all, several)) => {
                    all.append(rows);
                    *several = true;
                }
                None => by_feed.push((feed, rows, false)),
            }
        }
        for (feed, mut rows, several) in by_feed {
            if several {
                rows.sort();
            }
            self.write_row(&feed, vec![Record::Observations(rows)])?;
        }
        Ok(())
    }

    /// Whether the record is new; if so, it is known from now on.
    fn verdict(&mut self, feed: &FeedId, record: &Record) -> Result<Verdict, StoreError> {
        let (connection, received_ms) = (self.connection, self.received_ms);
        match record {
            Record::VehiclePosition(position) => Ok(self.recent.position(feed, position, received_ms)),
            Record::TripUpdate(update) => Ok(self.recent.update(feed, update, received_ms)),
            Record::Warning(warning) => seen::warning(connection, feed, warning, received_ms),
            Record::ServiceAlert(alert) => seen::service_alert(connection, feed, alert, received_ms),
            Record::ServiceRequest(request) => seen::service_request(connection, feed, request, received_ms),
            Record::Timetable(version) => seen::timetable(connection, feed, version),
            Record::Entities(changes) => {
                self.flush()?;
                entities::save(connection, changes)?;
                Ok(Verdict::New)
            }
            Record::Erasure(erasure) => {
                self.flush()?;
                self.erase(erasure)?;
                Ok(Verdict::New)
            }
            Record::FeedBeat(_)
            | Record::RequestsCut(_)
            | Record::Unreached(_)
            | Record::Acknowledgement(_)
            | Record::DeskAction(_)
            | Record::Observations(_) => Ok(Verdict::New),
        }
    }

    fn erase(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        let written = self.rows.iter_mut().filter_map(|row| match row.records.as_mut_slice() {
            [Record::Observations(rows)] => Some((row.seq.0, rows)),
            _ => None,
        });
        self.erasing.erase(self.connection, erasure, written)
    }

    fn write_row(&mut self, feed: &FeedId, records: Vec<Record>) -> Result<u64, StoreError> {
        self.seq += 1;
        let kinds: BTreeSet<&str> = records.iter().map(|record| kind_name(record.kind())).collect();
        let kind = kinds.into_iter().collect::<Vec<_>>().join("+");
        let body = match records.as_slice() {
            [Record::Observations(rows)] => body::encode(rows)
                .map_err(|error| StoreError::Unwritable { what: "journal entry", why: error.to_string() })?,
            records => encode("journal entry", &records)?,
        };
        self.written_bytes += body.len();
        let text = "INSERT INTO journal (seq, received_ms, feed, kind, count, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.connection.prepare_cached(text)?.execute(params![
            signed(self.seq),
            self.received_ms,
            feed.as_str(),
            kind,
            signed(records.iter().map(Record::entities).sum::<u64>().max(1)),
            body,
        ])?;
        let received = crate::series::time(self.received_ms);
        self.rows.push(JournalRow { seq: Seq(self.seq), received, feed: feed.clone(), records });
        Ok(self.seq)
    }
}

fn sha256(record: &Record) -> Option<&str> {
    match record {
        Record::Timetable(version) => Some(&version.sha256),
        _ => None,
    }
}

fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Observations => OBSERVATIONS,
        RecordKind::Entities => "entities",
        RecordKind::Erasure => "erasure",
        RecordKind::VehiclePosition => "vehicle_position",
        RecordKind::TripUpdate => "trip_update",
        RecordKind::ServiceAlert => "service_alert",
        RecordKind::Warning => "warning",
        RecordKind::Timetable => "timetable",
        RecordKind::FeedBeat => "feed_beat",
        RecordKind::Acknowledgement => "acknowledgement",
        RecordKind::DeskAction => "desk_action",
        RecordKind::ServiceRequest => "service_request",
        RecordKind::RequestsCut => "requests_cut",
        RecordKind::Unreached => "unreached",
    }
}

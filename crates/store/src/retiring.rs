//! Taking away what expired, a short step at a time: each is one transaction, so that what is left in the middle of it is
//! whole, and goes at the next run.

use std::sync::Arc;

use city::{Contract, DatastreamId, FeedId, Span, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::blocks;
use crate::codec::{signed, unsigned};
use crate::error::StoreError;
use crate::journal;
use crate::notifications;
use crate::retention::{ALERTS_KEPT, Retired, SeriesRetention};
use crate::series;
use crate::store::Store;
use crate::subscriptions;

/// Rows of the journal that are looked at in one step, and bytes of bodies that are overwritten, more or less.
const ROWS: u64 = 4096;
const BYTES: u64 = 512 << 10;
/// Blocks that are looked at in one step: some milliseconds.
const BLOCKS: usize = 64;
/// Series that are looked at in one step, and chunks that go.
const SERIES: usize = 256;
const CHUNKS: usize = 64;
/// Plans of a seal that are waited for: after them, what could not be sealed stays so.
const SEALS: u8 = 2;

/// What is being taken away.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) now: Time,
    pub(crate) retired: Retired,
    /// What came up to this row has to be in chunks first.
    upto: u64,
    sealed_for: u8,
    feeds: Vec<(FeedId, Time)>,
    series: Vec<SeriesRetention>,
    part: Part,
}

/// What comes next; places in the lists above.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Rows of a feed, those up to `after` are done.
    Rows {
        feed: usize,
        after: u64,
    },
    /// What is left of its rows in blocks, those up to `after` are done.
    Blocks {
        feed: usize,
        after: u64,
    },
    /// What is known of its warnings, service alerts and timetables.
    Known {
        feed: usize,
    },
    Series {
        from: usize,
    },
    Alerts,
    Nothing,
}

impl Retiring {
    pub(crate) fn new(
        now: Time,
        upto: u64,
        contracts: &[Contract],
        series: &[SeriesRetention],
        retired: Retired,
    ) -> Self {
        let feeds = contracts.iter().map(|contract| (contract.feed.clone(), now - contract.retention)).collect();
        let part = Part::Rows { feed: 0, after: 0 };
        Self { now, retired, upto, sealed_for: 0, feeds, series: series.to_vec(), part }
    }

    /// Whether what came before it is still to be sealed.
    pub(crate) fn waits_for_seal(&self, sealed: u64) -> bool {
        sealed < self.upto && self.sealed_for < SEALS
    }

    /// A plan that seals everything was made.
    pub(crate) fn seals(&mut self) {
        self.sealed_for = self.sealed_for.saturating_add(1);
    }

    /// Takes the next step. False when that was the last.
    pub(crate) fn step(&mut self, store: &mut Store) -> Result<bool, StoreError> {
        let transaction = store.read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut step = Step { connection: &transaction, retired: self.retired.clone(), bytes: 0 };
        let mut cut = Vec::new();
        let next = match self.part {
            Part::Rows { feed, after } => match self.feeds.get(feed) {
                Some((name, cutoff)) => step
                    .rows(name, *cutoff, after)?
                    .map_or(Part::Blocks { feed, after: 0 }, |after| Part::Rows { feed, after }),
                None => Part::Series { from: 0 },
            },
            Part::Blocks { feed, after } => match self.feeds.get(feed) {
                Some((name, cutoff)) => step
                    .blocks(name, *cutoff, after)?
                    .map_or(Part::Known { feed }, |after| Part::Blocks { feed, after }),
                None => Part::Nothing,
            },
            Part::Known { feed } => {
                if let Some((name, cutoff)) = self.feeds.get(feed) {
                    step.known(name, *cutoff)?;
                }
                Part::Rows { feed: feed + 1, after: 0 }
            }
            Part::Series { from } => {
                let rest = self.series.get(from..).unwrap_or_default();
                let heads = Arc::clone(&store.read.heads);
                let done = step.series(&mut store.segments, &heads, self.now, rest, &mut cut)?;
                if done < rest.len() { Part::Series { from: from + done } } else { Part::Alerts }
            }
            Part::Alerts => {
                step.alerts(self.now, self.now - ALERTS_KEPT)?;
                Part::Nothing
            }
            Part::Nothing => Part::Nothing,
        };
        let Step { retired, bytes, .. } = step;
        transaction.commit()?;
        (self.retired, self.part) = (retired, next);
        store.log.wrote(bytes, cut.len() * 16);
        if !cut.is_empty() {
            store.after_cut(&cut)?;
        }
        Ok(!matches!(self.part, Part::Nothing))
    }
}

impl Store {
    /// Chunks of these series are gone: what is in memory of them follows.
    fn after_cut(&mut self, cut: &[DatastreamId]) -> Result<(), StoreError> {
        self.intake.forget_chunk();
        self.sealing.age += 1;
        self.read.heads.write().moves += 1;
        for datastream in cut {
            series::recount(&self.read.connection, &self.read.heads, *datastream)?;
        }
        Ok(())
    }
}

/// One step, in its transaction.
struct Step<'a> {
    connection: &'a Connection,
    retired: Retired,
    /// About what went through the log.
    bytes: usize,
}

impl Step<'_> {
    /// Deletes some rows of the feed after `after` that were received before `cutoff`. Gives how far it came; `None`
    /// when it was through.
    fn rows(&mut self, feed: &FeedId, cutoff: Time, after: u64) -> Result<Option<u64>, StoreError> {
        // Received times never fall, so what expired is before this row: no index is needed.
        let end = journal::first_received(self.connection, cutoff.ms())?;
        let text = "SELECT seq FROM journal WHERE seq > ?1 ORDER BY seq LIMIT 1";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query([signed(after)])?;
        let Some(first) = rows.next()?.map(|row| row.get(0)).transpose()?.map(unsigned) else { return Ok(None) };
        let (mut last, mut bytes) = (end.min(first + ROWS), 0);
        let text = "SELECT seq, length(body) FROM journal WHERE seq >= ?1 AND seq < ?2 AND feed = ?3 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query(params![signed(first), signed(last), feed.as_str()])?;
        while let Some(row) = rows.next()? {
            bytes += unsigned(row.get(1)?);
            if bytes >= BYTES {
                last = unsigned(row.get(0)?) + 1;
                break;
            }
        }
        let text = "DELETE FROM journal WHERE seq >= ?1 AND seq < ?2 AND feed = ?3";
        let gone =
            self.connection.prepare_cached(text)?.execute(params![signed(first), signed(last), feed.as_str()])?;
        self.retired.journal_rows += gone as u64;
        self.bytes += usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok((last < end).then_some(last - 1))
    }

    fn blocks(&mut self, feed: &FeedId, cutoff: Time, after: u64) -> Result<Option<u64>, StoreError> {
        let end = journal::first_received(self.connection, cutoff.ms())?;
        let (gone, next) = blocks::retire(self.connection, feed, after, end, BLOCKS)?;
        self.retired.journal_rows += gone;
        Ok(next)
    }

    fn known(&mut self, feed: &FeedId, cutoff: Time) -> Result<(), StoreError> {
        let run = |text: &str| -> Result<u64, StoreError> {
            Ok(self.connection.prepare_cached(text)?.execute(params![feed.as_str(), cutoff.ms()])? as u64)
        };
        let warnings = run("DELETE FROM warning_seen WHERE received_ms < ?2 AND feed = ?1")?;
        let alerts = run("DELETE FROM service_alert_seen WHERE received_ms < ?2 AND feed = ?1")?;
        let requests = run("DELETE FROM service_request_seen WHERE received_ms < ?2 AND feed = ?1")?;
        // The timetable in force stays, however old: the last good one is what the city runs by.
        let tables = run("DELETE FROM timetable WHERE feed = ?1 AND received_ms < ?2 AND rowid <> \
                          (SELECT rowid FROM timetable WHERE feed = ?1 ORDER BY received_ms DESC, rowid DESC LIMIT 1)")?;
        self.retired.other_rows += warnings + alerts + requests + tables;
        Ok(())
    }

    /// Cuts some of these series. Gives how many of them are done, and notes those of which something went.
    fn series(
        &mut self,
        segments: &mut series::Segments,
        heads: &series::Heads,
        now: Time,
        all: &[SeriesRetention],
        cut: &mut Vec<DatastreamId>,
    ) -> Result<usize, StoreError> {
        let mut room = CHUNKS;
        for (done, SeriesRetention { datastream, raw, hourly }) in all.iter().take(SERIES).enumerate() {
            // Whole hours only, so that none is left in halves.
            let cutoff = (now - *raw).floor(Span::h(i64::from(hourly.is_some())));
            let hourly_kept = hourly.is_some();
            let expired =
                series::expire(self.connection, segments, heads, *datastream, cutoff.ms(), hourly_kept, room)?;
            self.retired.points += expired.points;
            self.bytes += expired.bytes;
            cut.extend((expired.points > 0).then_some(*datastream));
            if expired.more {
                return Ok(done);
            }
            room = room.saturating_sub(expired.chunks);
            let hours = hourly.map_or(cutoff, |hourly| now - hourly);
            series::expire_hours(self.connection, *datastream, hours.ms())?;
            if room == 0 {
                return Ok(done + 1);
            }
        }
        Ok(all.len().min(SERIES))
    }

    fn alerts(&mut self, now: Time, cutoff: Time) -> Result<(), StoreError> {
        let text = "DELETE FROM alert WHERE state = 'resolved' AND resolved_ms < ?1";
        let alerts = self.connection.prepare_cached(text)?.execute([cutoff.ms()])? as u64;
        let notifications = notifications::expire(self.connection, cutoff)?;
        let subscriptions = subscriptions::expire(self.connection, now)?;
        self.retired.other_rows += alerts + notifications + subscriptions;
        Ok(())
    }
}

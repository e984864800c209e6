//! Reading the journal, in its own order.

use city::record::Entry;
use city::{FeedId, Observations, Record, Seq, Time};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params_from_iter};

use crate::account;
use crate::blocks::{self, Header, Headers};
use crate::codec::{decode, signed, time, unsigned};
use crate::error::StoreError;
use crate::reader::{Reader, snapshot};
use crate::series::{self, body};

/// The kind of a row that is one record of observations: it has a body of its own form.
pub(crate) const OBSERVATIONS: &str = "observations";
/// Rows that are read at a time, and observations among them that have to be put together from the chunks: that is one
/// pass over those.
const WINDOW_ROWS: usize = 4096;
const WINDOW_REBUILT: u64 = 2 << 20;

/// One row of the journal: a batch, or the observations of one feed that were committed together.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// Its place.
    pub seq: Seq,
    /// When it was received.
    pub received: Time,
    /// Who sent it.
    pub feed: FeedId,
    /// What was new in it, in the order in which it came; observations in canonical order. Empty when all of it was
    /// erased or expired.
    pub records: Vec<Record>,
}

impl JournalRow {
    /// Its records one by one, each with what the journal knows about it.
    pub fn entries(self) -> impl Iterator<Item = Entry> {
        let Self { received, feed, records, .. } = self;
        records.into_iter().map(move |record| Entry { feed: feed.clone(), received, record })
    }

    /// Its observations, if it is a row of such.
    pub(crate) fn observations(&self) -> Option<&Observations> {
        match self.records.as_slice() {
            [Record::Observations(rows)] => Some(rows),
            _ => None,
        }
    }
}

const COLUMNS: &str = "SELECT seq, received_ms, feed, kind, body FROM journal";

/// Which rows: from one to before another, of one feed or of all.
#[derive(Clone, Copy)]
struct Range<'a> {
    from: u64,
    end: u64,
    feed: Option<&'a FeedId>,
    limit: usize,
}

impl Reader {
    /// At most `limit` rows after `seq` (`Seq(0)`: from the beginning), in order.
    pub fn journal_after(&self, seq: Seq, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        let mut found = Vec::new();
        let range = Range { from: seq.0.saturating_add(1), end: u64::MAX, feed: None, limit };
        each(&self.connection, range, |row| {
            found.push(row);
            Ok::<_, StoreError>(())
        })?;
        Ok(found)
    }

    /// Every row received from `from` (included) to `to` (not included), in order, one at a time: a day does not
    /// have to fit into memory. Stops with the first error of `each`.
    pub fn journal_between<E: From<StoreError>>(
        &self,
        from: Time,
        to: Time,
        each_row: impl FnMut(JournalRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let (from, end) = self.rows_between(from, to)?;
        each(&self.connection, Range { from, end, feed: None, limit: usize::MAX }, each_row)
    }

    /// The same without rows of observations, which may be in chunks by the million: nothing of those is looked at.
    pub fn journal_besides_observations<E: From<StoreError>>(
        &self,
        from: Time,
        to: Time,
        each_row: impl FnMut(JournalRow) -> Result<(), E>,
    ) -> Result<(), E> {
        each_of_kinds(&self.connection, self.rows_between(from, to)?, "kind <> 'observations'", each_row)
    }

    /// The rows received from `from` (included) to `to` (not included): the first, and the first behind them.
    fn rows_between(&self, from: Time, to: Time) -> Result<(u64, u64), StoreError> {
        let first = |at: Time| first_received(&self.connection, at.ms());
        Ok((first(from)?, first(to)?))
    }

    /// Every row of one feed received at `from` or later, but bare beats, in order. For feeds with few batches: all of
    /// them are held at once.
    pub fn journal_of(&self, feed: &FeedId, from: Time) -> Result<Vec<JournalRow>, StoreError> {
        let from = first_received(&self.connection, from.ms())?;
        let mut found = Vec::new();
        let range = Range { from, end: u64::MAX, feed: Some(feed), limit: usize::MAX };
        each(&self.connection, range, |row| {
            if !matches!(row.records.as_slice(), [Record::FeedBeat(_), ..]) || !row.records.iter().all(is_beat) {
                found.push(row);
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(found)
    }

    /// The place and time of the last row ever written, retention or not; `None` before the first.
    pub fn last_received(&self) -> Result<Option<(Seq, Time)>, StoreError> {
        let (seq, received_ms) = account::journal_end(&self.connection)?;
        if seq == 0 {
            return Ok(None);
        }
        Ok(Some((Seq(seq), time(|| "the end of the journal".to_owned(), received_ms)?)))
    }
}

fn is_beat(record: &Record) -> bool {
    matches!(record, Record::FeedBeat(_))
}

/// Rows after `sealed` that bring or erase observations.
pub(crate) fn each_unsealed(
    connection: &Connection,
    sealed: u64,
    each_row: impl FnMut(JournalRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    each_of_kinds(connection, (sealed + 1, u64::MAX), "(kind = 'observations' OR instr(kind, 'erasure') > 0)", each_row)
}

/// Rows received at `from_ms` or later that tell of runs.
pub(crate) fn each_of_runs(
    connection: &Connection,
    from_ms: i64,
    each_row: impl FnMut(JournalRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let first = first_received(connection, from_ms)?;
    let kinds = "(instr(kind, 'vehicle_position') > 0 OR instr(kind, 'trip_update') > 0)";
    each_of_kinds(connection, (first, u64::MAX), kinds, each_row)
}

fn each_of_kinds<E: From<StoreError>>(
    connection: &Connection,
    (from, end): (u64, u64),
    kinds: &str,
    mut each_row: impl FnMut(JournalRow) -> Result<(), E>,
) -> Result<(), E> {
    let text = format!("{COLUMNS} WHERE seq >= ?1 AND seq < ?2 AND {kinds} ORDER BY seq");
    let mut statement = connection.prepare_cached(&text).map_err(StoreError::from)?;
    let mut rows = statement.query([signed(from), signed(end)]).map_err(StoreError::from)?;
    while let Some(row) = next_row(&mut rows)? {
        each_row(row)?;
    }
    Ok(())
}

/// The first row received at `at_ms` or later; one past the last row ever written when there is none. Received times
/// never fall, so it is found by halving.
pub(crate) fn first_received(connection: &Connection, at_ms: i64) -> Result<u64, StoreError> {
    let text = "SELECT min(coalesce((SELECT min(seq) FROM journal), 1), \
                           coalesce((SELECT min(first_seq) FROM journal_block), 9223372036854775807))";
    let low: i64 = connection.prepare_cached(text)?.query_row([], |row| row.get(0))?;
    let (end, _) = account::journal_end(connection)?;
    let (mut low, mut high) = (unsigned(low), end + 1);
    let mut statement =
        connection.prepare_cached("SELECT seq, received_ms FROM journal WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    while low < high {
        let middle = u64::midpoint(low, high);
        let row: Option<(i64, i64)> =
            statement.query_row([signed(middle)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let row = row.map(|(seq, received_ms)| (unsigned(seq), received_ms));
        let folded = blocks::first_from(connection, middle)?.map(|header| (header.seq, header.received_ms));
        let first = match (row, folded) {
            (Some(row), Some(folded)) => Some(row.min(folded)),
            (one, other) => one.or(other),
        };
        match first {
            Some((seq, received_ms)) if received_ms < at_ms => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// A row, or what is left of one whose observations have to be put together.
enum Half {
    Whole(JournalRow),
    Folded(Header),
}

/// Reads rows in windows, within one transaction: what is sealed meanwhile is not seen.
fn each<E: From<StoreError>>(
    connection: &Connection,
    range: Range<'_>,
    mut each_row: impl FnMut(JournalRow) -> Result<(), E>,
) -> Result<(), E> {
    let _snapshot = snapshot(connection)?;
    each_half(connection, range, &mut each_row)
}

fn each_half<E: From<StoreError>>(
    connection: &Connection,
    range: Range<'_>,
    each_row: &mut impl FnMut(JournalRow) -> Result<(), E>,
) -> Result<(), E> {
    let bounds = || params_from_iter([signed(range.from), signed(range.end)]);
    let text = format!("{COLUMNS} WHERE seq >= ?1 AND seq < ?2 ORDER BY seq");
    let mut statement = connection.prepare_cached(&text).map_err(StoreError::from)?;
    let mut rows = statement.query(bounds()).map_err(StoreError::from)?;
    let mut statement = connection.prepare_cached(blocks::IN_RANGE).map_err(StoreError::from)?;
    let mut block_rows = statement.query(bounds()).map_err(StoreError::from)?;
    let mut headers = Headers::new(range.from);
    let (mut row, mut header) = (next_row(&mut rows)?, headers.next(&mut block_rows)?);
    let (mut window, mut rebuilt, mut given) = (Vec::new(), 0, 0);
    while given < range.limit {
        // The earlier of the two.
        let folded_first = header.as_ref().is_some_and(|header| row.as_ref().is_none_or(|row| header.seq < row.seq.0));
        let half = if folded_first {
            let Some(found) = std::mem::replace(&mut header, headers.next(&mut block_rows)?) else { break };
            if found.seq >= range.end {
                header = None;
                continue;
            }
            Half::Folded(found)
        } else {
            let Some(found) = row.take() else { break };
            row = next_row(&mut rows)?;
            Half::Whole(found)
        };
        let feed = match &half {
            Half::Whole(row) => &row.feed,
            Half::Folded(header) => &header.feed,
        };
        if range.feed.is_some_and(|wanted| wanted != feed) {
            continue;
        }
        given += 1;
        match half {
            // Whole rows need not wait for others, so that they do not pile up in memory.
            Half::Whole(row) if window.is_empty() => each_row(row)?,
            Half::Whole(row) => window.push(Half::Whole(row)),
            Half::Folded(header) => {
                rebuilt += header.count;
                window.push(Half::Folded(header));
            }
        }
        if window.len() >= WINDOW_ROWS || rebuilt >= WINDOW_REBUILT {
            give(connection, std::mem::take(&mut window), each_row)?;
            rebuilt = 0;
        }
    }
    give(connection, window, each_row)
}

fn next_row(rows: &mut Rows<'_>) -> Result<Option<JournalRow>, StoreError> {
    rows.next()?.map(journal_row).transpose()
}

fn give<E: From<StoreError>>(
    connection: &Connection,
    window: Vec<Half>,
    each_row: &mut impl FnMut(JournalRow) -> Result<(), E>,
) -> Result<(), E> {
    let folded = |half: &Half| match half {
        Half::Folded(header) => Some(header.seq),
        Half::Whole(_) => None,
    };
    let seqs: Vec<u64> = window.iter().filter_map(folded).collect();
    let mut rebuilt = series::rebuild(connection, &seqs)?;
    for half in window {
        each_row(match half {
            Half::Whole(row) => row,
            Half::Folded(Header { seq, received_ms, feed, .. }) => {
                let received = time(|| format!("journal entry {seq}"), received_ms)?;
                let records = rebuilt.remove(&seq).map(observed).unwrap_or_default();
                JournalRow { seq: Seq(seq), received, feed, records }
            }
        })?;
    }
    Ok(())
}

fn observed(rows: Observations) -> Vec<Record> {
    if rows.is_empty() { Vec::new() } else { vec![Record::Observations(rows)] }
}

fn journal_row(row: &Row<'_>) -> Result<JournalRow, StoreError> {
    let seq = unsigned(row.get(0)?);
    let what = || format!("journal entry {seq}");
    let text = |at: usize| row.get_ref(at)?.as_str().map_err(|_| damaged(&what(), "it is no text"));
    let feed = FeedId::new(text(2)?);
    let body = row.get_ref(4)?.as_blob().map_err(|_| damaged(&what(), "its body is no blob"))?;
    let records = if text(3)? == OBSERVATIONS {
        observed(body::decode(body).map_err(|broken| damaged(&what(), broken.0))?)
    } else {
        decode(what, body)?
    };
    Ok(JournalRow { seq: Seq(seq), received: time(what, row.get(1)?)?, feed, records })
}

fn damaged(what: &str, why: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), why: why.to_owned() }
}

//! Taking observations away for good: out of memory, out of the chunks, and out of the bodies that brought them.

use std::collections::BTreeSet;

use city::{DatastreamId, Erasure, Observations};
use rusqlite::{Connection, OptionalExtension, params};

use super::body;
use super::heads::{Heads, Newest};
use super::hours;
use super::index::{self, Indexed};
use super::intake::covers;
use super::layout::split;
use super::load;
use super::sample::{Sample, keep_current, key_of};
use super::segments::Segments;
use crate::blocks::Received;
use crate::codec::signed;
use crate::error::StoreError;

/// Erasures of one group, within its transaction.
#[derive(Debug)]
pub(crate) struct Erasing<'a> {
    segments: &'a mut Segments,
    heads: &'a Heads,
    /// Each with the number of rows of observations that were written before it.
    pub(crate) done: Vec<(usize, Erasure)>,
}

impl<'a> Erasing<'a> {
    pub(crate) fn new(segments: &'a mut Segments, heads: &'a Heads) -> Self {
        Self { segments, heads, done: Vec::new() }
    }

    /// Erases from the chunks and the bodies; the heads follow when the transaction is through. `written` are the rows
    /// of observations of the same group that came before.
    pub(crate) fn erase<'b>(
        &mut self,
        connection: &Connection,
        erasure: &Erasure,
        written: impl Iterator<Item = (u64, &'b mut Observations)>,
    ) -> Result<(), StoreError> {
        let mut seqs = BTreeSet::new();
        if erasure.keys.is_none() {
            hours::delete(connection, erasure.datastream)?;
        }
        if let Some(head) = self.heads.read().get(erasure.datastream) {
            let gone = head.samples.iter().filter(|sample| covers(erasure, erasure.datastream, sample.key()));
            seqs.extend(gone.map(|sample| sample.seq));
        }
        for chunk in spanning(connection, erasure)? {
            self.erase_chunk(connection, erasure, &chunk, &mut seqs)?;
        }
        let mut rows_before = 0;
        for (seq, rows) in written {
            rows_before += 1;
            let before = rows.len();
            leave(erasure, rows);
            if rows.len() < before {
                seqs.insert(seq);
            }
        }
        redact(connection, erasure, &seqs)?;
        self.done.push((rows_before, erasure.clone()));
        Ok(())
    }

    fn erase_chunk(
        &mut self,
        connection: &Connection,
        erasure: &Erasure,
        chunk: &Indexed,
        seqs: &mut BTreeSet<u64>,
    ) -> Result<(), StoreError> {
        let read = match chunk.read(connection) {
            Ok(read) => read,
            // What cannot be read can still be taken away, when all of it has to go.
            Err(StoreError::Damaged { .. }) if erasure.keys.is_none() => {
                return self.segments.discard(connection, std::slice::from_ref(chunk));
            }
            Err(error) => return Err(error),
        };
        let samples = read.samples(0..read.times_ms.len());
        let (gone, left): (Vec<Sample>, Vec<Sample>) =
            samples.into_iter().partition(|sample| covers(erasure, erasure.datastream, sample.key()));
        if gone.is_empty() {
            return Ok(());
        }
        seqs.extend(gone.iter().map(|sample| sample.seq));
        self.segments.discard(connection, std::slice::from_ref(chunk))?;
        let mut chunks = Vec::new();
        split(chunk.datastream, &left, &mut chunks)?;
        self.segments.write(connection, &chunks)
    }
}

/// The chunks that may hold what is to go.
fn spanning(connection: &Connection, erasure: &Erasure) -> Result<Vec<Indexed>, StoreError> {
    let id = erasure.datastream.0;
    let Some(keys) = &erasure.keys else { return index::between(connection, id, i64::MIN, i64::MAX) };
    let times: BTreeSet<i64> = keys.iter().map(|(time, ..)| time.ms()).collect();
    let mut found: Vec<Indexed> = Vec::new();
    for time_ms in times {
        if found.last().is_some_and(|last| time_ms <= last.figures.to_ms) {
            continue;
        }
        let chunk = index::at_or_before(connection, id, time_ms)?;
        found.extend(chunk.filter(|chunk| chunk.figures.to_ms >= time_ms));
    }
    Ok(found)
}

fn leave(erasure: &Erasure, rows: &mut Observations) {
    let keys: Vec<bool> = (0..rows.len())
        .map(|row| rows.key(row).is_none_or(|key| !covers(erasure, key.datastream, key_of(&key))))
        .collect();
    rows.retain(|row| keys.get(row).copied().unwrap_or(true));
}

/// Rewrites the bodies of these rows of the journal without what is erased; what was there is overwritten.
fn redact(connection: &Connection, erasure: &Erasure, seqs: &BTreeSet<u64>) -> Result<(), StoreError> {
    for seq in seqs {
        let mut statement =
            connection.prepare_cached("SELECT body FROM journal WHERE seq = ?1 AND kind = 'observations'")?;
        let found: Option<Vec<u8>> = statement.query_row([signed(*seq)], |row| row.get(0)).optional()?;
        let Some(bytes) = found else { continue };
        let damaged = |broken: super::bytes::Broken| StoreError::Damaged {
            what: format!("journal entry {seq}"),
            why: broken.0.to_owned(),
        };
        let mut rows = body::decode(&bytes).map_err(damaged)?;
        leave(erasure, &mut rows);
        let bytes = body::encode(&rows)
            .map_err(|error| StoreError::Unwritable { what: "journal entry", why: error.to_string() })?;
        connection
            .prepare_cached("UPDATE journal SET body = ?2 WHERE seq = ?1")?
            .execute(params![signed(*seq), bytes])?;
    }
    Ok(())
}

/// Takes out of the heads what was erased, and counts the series anew.
pub(crate) fn forget(connection: &Connection, heads: &Heads, erasure: &Erasure) -> Result<(), StoreError> {
    {
        let mut all = heads.write();
        if all.get(erasure.datastream).is_none() {
            return Ok(());
        }
        let (mut gone, mut detailed) = (0, 0);
        all.entry(erasure.datastream).samples.retain(|sample| {
            let covered = covers(erasure, erasure.datastream, sample.key());
            gone += usize::from(covered);
            detailed += usize::from(covered && sample.detail.is_some());
            !covered
        });
        all.samples -= gone;
        all.detailed -= detailed;
        all.moves += 1;
    }
    recount(connection, heads, erasure.datastream)
}

/// Works out anew what is known of a whole series.
pub(crate) fn recount(connection: &Connection, heads: &Heads, id: DatastreamId) -> Result<(), StoreError> {
    let Some((mut fresh, known)) = heads.read().get(id).map(|head| (head.samples.clone(), head.newest.clone())) else {
        return Ok(());
    };
    let chunks = index::between(connection, id.0, i64::MIN, i64::MAX)?;
    let sealed = load::sealed(&chunks);
    keep_current(&mut fresh);
    let mut current: u64 = chunks.iter().map(|chunk| chunk.figures.current).sum();
    let mut open = None;
    for sample in &fresh {
        let spans = |chunk: &&Indexed| (chunk.figures.from_ms..=chunk.figures.to_ms).contains(&sample.time_ms);
        let Some(chunk) = chunks.iter().find(spans) else {
            current += 1;
            continue;
        };
        if open.as_ref().is_none_or(|(from_ms, _)| *from_ms != chunk.figures.from_ms) {
            open = Some((chunk.figures.from_ms, chunk.read(connection)?));
        }
        let versions = open.as_ref().map(|(_, read)| read.samples_between(sample.time_ms, sample.time_ms));
        current += u64::from(!versions.unwrap_or_default().iter().any(|version| version.key() == sample.key()));
    }
    let of_head = fresh.last().map(|last| -> Result<Newest, StoreError> {
        let received = load::received_ms(connection, last.seq)?;
        let same = known.filter(|known| known.time_ms == last.time_ms).map(|known| known.received_ms);
        let received_ms = received.or(same).unwrap_or(last.time_ms);
        Ok(Newest { time_ms: last.time_ms, result: last.result, received_ms, detail: last.detail.clone() })
    });
    let mut received = Received::default();
    let of_chunks = chunks.last().map(|last| load::newest(connection, &mut received, last)).transpose()?.flatten();
    let newest = match (of_head.transpose()?, of_chunks) {
        (Some(head), Some(chunk)) => Some(if head.key() >= chunk.key() { head } else { chunk }),
        (one, other) => one.or(other),
    };
    let first_ms = fresh.first().map_or(i64::MAX, |first| first.time_ms);
    let mut all = heads.write();
    let head = all.entry(id);
    let before = std::mem::replace(&mut head.current, current);
    head.first_ms = sealed.span_ms.map_or(first_ms, |(from, _)| from.min(first_ms));
    head.sealed = super::heads::Sealed { seq: sealed.seq.max(head.sealed.seq), ..sealed };
    head.newest = newest;
    all.current = all.current - before + current;
    Ok(())
}

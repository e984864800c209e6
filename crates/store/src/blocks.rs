//! Rows of the journal whose observations are all in chunks, many in one block: what is left of each (its place, when
//! and from whom it came, and how many observations it brought) takes a few bytes.

use std::collections::{BTreeMap, VecDeque};

use city::FeedId;
use pco::DeltaSpec;
use rusqlite::{Connection, OptionalExtension, Rows, params};

use crate::codec::{signed, unsigned};
use crate::error::StoreError;
use crate::series::{Broken, Bytes, put, put_ints, take_ints};

/// Rows in one block at most.
pub(crate) const BLOCK_ROWS: usize = 4096;
/// Feeds that a block names at most; a city has some dozens.
const FEEDS_MAX: usize = 4096;

/// What is left of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) seq: u64,
    pub(crate) received_ms: i64,
    pub(crate) feed: FeedId,
    pub(crate) count: u64,
}

fn encode(headers: &[Header]) -> Result<Vec<u8>, pco::errors::PcoError> {
    let mut feeds: Vec<&FeedId> = Vec::new();
    let mut places = Vec::with_capacity(headers.len());
    for header in headers {
        let place = feeds.iter().position(|feed| **feed == header.feed).unwrap_or_else(|| {
            feeds.push(&header.feed);
            feeds.len() - 1
        });
        places.push(signed(place as u64));
    }
    let mut out = Vec::new();
    put(&mut out, feeds.len() as u64);
    for feed in feeds {
        put(&mut out, feed.as_str().len() as u64);
        out.extend(feed.as_str().as_bytes());
    }
    put(&mut out, headers.len() as u64);
    let column = |of: fn(&Header) -> i64| headers.iter().map(of).collect::<Vec<i64>>();
    put_ints(&mut out, &column(|header| signed(header.seq)), DeltaSpec::TryConsecutive(1))?;
    put_ints(&mut out, &column(|header| header.received_ms), DeltaSpec::TryConsecutive(1))?;
    put_ints(&mut out, &places, DeltaSpec::NoOp)?;
    put_ints(&mut out, &column(|header| signed(header.count)), DeltaSpec::NoOp)?;
    Ok(out)
}

fn decode(bytes: &[u8]) -> Result<Vec<Header>, Broken> {
    let mut bytes = Bytes(bytes);
    let count = bytes.length()?;
    if count > FEEDS_MAX {
        return Err(Broken("more feeds than a block has"));
    }
    let mut feeds = Vec::with_capacity(count);
    for _ in 0..count {
        let length = bytes.length()?;
        let name = std::str::from_utf8(bytes.take(length)?).map_err(|_| Broken("a feed is no text"))?;
        feeds.push(FeedId::new(name));
    }
    let count = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
    if count > BLOCK_ROWS {
        return Err(Broken("more rows than a block has"));
    }
    let mut column = || take_ints(&mut bytes, count);
    let (seqs, received, places, counts) = (column()?, column()?, column()?, column()?);
    if !seqs.is_sorted_by(|one, two| one < two) {
        return Err(Broken("its rows are out of order"));
    }
    let mut headers = Vec::with_capacity(count);
    for ((seq, received_ms), (place, count)) in seqs.into_iter().zip(received).zip(places.into_iter().zip(counts)) {
        let feed = usize::try_from(place).ok().and_then(|place| feeds.get(place)).ok_or(Broken("a feed is unknown"))?;
        headers.push(Header { seq: unsigned(seq), received_ms, feed: feed.clone(), count: unsigned(count) });
    }
    Ok(headers)
}

fn read(first: i64, body: &[u8]) -> Result<Vec<Header>, StoreError> {
    let what = || format!("block {first} of the journal");
    decode(body).map_err(|broken| StoreError::Damaged { what: what(), why: broken.0.to_owned() })
}

fn save(connection: &Connection, headers: &[Header]) -> Result<(), StoreError> {
    for part in headers.chunks(BLOCK_ROWS) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let body = encode(part).map_err(|error| StoreError::Unwritable { what: "block", why: error.to_string() })?;
        let text = "INSERT INTO journal_block (first_seq, last_seq, body) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(text)?.execute(params![signed(first.seq), signed(last.seq), body])?;
    }
    Ok(())
}

/// The last of some rows after `after` that can be moved at once: so many rows, or so many bytes of bodies.
pub(crate) fn reach(connection: &Connection, after: u64, rows_max: u64, bytes_max: u64) -> Result<u64, StoreError> {
    let text =
        "SELECT seq, length(body) FROM journal WHERE seq > ?1 AND seq <= ?2 AND kind = 'observations' ORDER BY seq";
    let mut statement = connection.prepare_cached(text)?;
    let upto = after + rows_max;
    let mut rows = statement.query(params![signed(after), signed(upto)])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        bytes += unsigned(row.get(1)?);
        if bytes >= bytes_max {
            return Ok(unsigned(row.get(0)?));
        }
    }
    Ok(upto)
}

/// Moves the rows of observations from `from` to `to` (both included) out of the journal and into blocks; their
/// bodies go. What is in chunks of them stays. A last block that is small grows.
pub(crate) fn fold(connection: &Connection, from: u64, to: u64) -> Result<usize, StoreError> {
    let mut headers = Vec::new();
    {
        let text = "SELECT seq, received_ms, feed, count FROM journal \
                    WHERE seq BETWEEN ?1 AND ?2 AND kind = 'observations' ORDER BY seq";
        let mut statement = connection.prepare_cached(text)?;
        let mut rows = statement.query(params![signed(from), signed(to)])?;
        while let Some(row) = rows.next()? {
            let feed: String = row.get(2)?;
            let (seq, count) = (unsigned(row.get(0)?), unsigned(row.get(3)?));
            headers.push(Header { seq, received_ms: row.get(1)?, feed: FeedId::new(&feed), count });
        }
    }
    if headers.is_empty() {
        return Ok(0);
    }
    let text = "DELETE FROM journal WHERE seq BETWEEN ?1 AND ?2 AND kind = 'observations'";
    let gone = connection.prepare_cached(text)?.execute(params![signed(from), signed(to)])?;
    let text = "SELECT first_seq, body FROM journal_block ORDER BY first_seq DESC LIMIT 1";
    let last: Option<(i64, Vec<u8>)> =
        connection.prepare_cached(text)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((first, body)) = last {
        let mut known = read(first, &body)?;
        if known.len() + headers.len() <= BLOCK_ROWS && known.last().is_some_and(|last| last.seq < from) {
            connection.prepare_cached("DELETE FROM journal_block WHERE first_seq = ?1")?.execute([first])?;
            known.append(&mut headers);
            headers = known;
        }
    }
    save(connection, &headers)?;
    Ok(gone)
}

/// Takes away what is left of a feed's rows before `end`, in at most so many blocks that begin after `after`. Gives how
/// many rows there were, and where to go on; `None` when it was through.
pub(crate) fn retire(
    connection: &Connection,
    feed: &FeedId,
    after: u64,
    end: u64,
    blocks_max: usize,
) -> Result<(u64, Option<u64>), StoreError> {
    let (mut changed, mut next, mut looked_at) = (Vec::new(), None, 0);
    {
        let text =
            "SELECT first_seq, body FROM journal_block WHERE first_seq > ?1 AND first_seq < ?2 ORDER BY first_seq";
        let mut statement = connection.prepare_cached(text)?;
        let mut rows = statement.query([signed(after), signed(end)])?;
        while let Some(row) = rows.next()? {
            let (first, body): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let known = read(first, &body)?;
            let count = known.len();
            let left: Vec<Header> =
                known.into_iter().filter(|header| header.seq >= end || header.feed != *feed).collect();
            if left.len() < count {
                let gone = (count - left.len()) as u64;
                changed.push((first, left, gone));
            }
            looked_at += 1;
            if looked_at == blocks_max {
                next = Some(unsigned(first));
                break;
            }
        }
    }
    for (first, left, _) in &changed {
        connection.prepare_cached("DELETE FROM journal_block WHERE first_seq = ?1")?.execute([first])?;
        save(connection, left)?;
    }
    Ok((changed.iter().map(|(.., gone)| gone).sum(), next))
}

/// When rows were received, asked for many of them: blocks stay decoded.
#[derive(Default)]
pub(crate) struct Received {
    blocks: BTreeMap<u64, Vec<Header>>,
    known: BTreeMap<u64, Option<i64>>,
}

impl Received {
    /// When a row was received; `None` when retention took it, or what is left of it is damaged.
    pub(crate) fn of(&mut self, connection: &Connection, seq: u64) -> Result<Option<i64>, StoreError> {
        if let Some(known) = self.known.get(&seq) {
            return Ok(*known);
        }
        let mut statement = connection.prepare_cached("SELECT received_ms FROM journal WHERE seq = ?1")?;
        let found = match statement.query_row([signed(seq)], |row| row.get(0)).optional()? {
            Some(received_ms) => Some(received_ms),
            None => self.in_block(connection, seq)?,
        };
        self.known.insert(seq, found);
        Ok(found)
    }

    fn in_block(&mut self, connection: &Connection, seq: u64) -> Result<Option<i64>, StoreError> {
        let known = self.blocks.range(seq..).next().filter(|(_, rows)| rows.first().is_some_and(|row| row.seq <= seq));
        if known.is_none() {
            let mut statement = connection.prepare_cached(IN_RANGE)?;
            let mut rows = statement.query(params![signed(seq), signed(seq.saturating_add(1))])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            match read(row.get(0)?, row.get_ref(1)?.as_blob().unwrap_or_default()) {
                Ok(headers) => {
                    let last = headers.last().map_or(seq, |last| last.seq);
                    self.blocks.insert(last, headers);
                }
                Err(error) => tracing::error!(%error, "when observations were received is unknown"),
            }
        }
        let block = self.blocks.range(seq..).next().map(|(_, headers)| headers.as_slice()).unwrap_or_default();
        Ok(block.iter().find(|header| header.seq == seq).map(|header| header.received_ms))
    }
}

/// What is left of the first row from `seq` on that is in a block.
pub(crate) fn first_from(connection: &Connection, seq: u64) -> Result<Option<Header>, StoreError> {
    let mut headers = Headers::new(seq);
    let mut statement = connection.prepare_cached(IN_RANGE)?;
    let mut rows = statement.query(params![signed(seq), i64::MAX])?;
    headers.next(&mut rows)
}

/// Blocks that reach into a range of rows.
pub(crate) const IN_RANGE: &str =
    "SELECT first_seq, body FROM journal_block WHERE last_seq >= ?1 AND first_seq < ?2 ORDER BY first_seq";

/// What is left of rows, one by one, from the rows of [`IN_RANGE`].
pub(crate) struct Headers {
    from: u64,
    ready: VecDeque<Header>,
}

impl Headers {
    pub(crate) fn new(from: u64) -> Self {
        Self { from, ready: VecDeque::new() }
    }

    pub(crate) fn next(&mut self, blocks: &mut Rows<'_>) -> Result<Option<Header>, StoreError> {
        loop {
            while let Some(header) = self.ready.pop_front() {
                if header.seq >= self.from {
                    return Ok(Some(header));
                }
            }
            let Some(row) = blocks.next()? else { return Ok(None) };
            let body = row.get_ref(1)?.as_blob().unwrap_or_default();
            self.ready = read(row.get(0)?, body)?.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_in_few_bytes() {
        let headers: Vec<Header> = (0..2000_u64)
            .map(|n| Header {
                seq: 17 + n + n / 100,
                received_ms: 1_714_446_000_000 + n.cast_signed() * 250 + (n * n % 7).cast_signed(),
                feed: FeedId::new(if n % 3 == 0 { "air" } else { "water" }),
                count: 80 + n % 2,
            })
            .collect();
        let bytes = encode(&headers).expect("bytes");
        assert!(bytes.len() < 2000 * 2, "{}", bytes.len());
        assert_eq!(decode(&bytes), Ok(headers));
        for end in (0..bytes.len()).step_by(7) {
            assert!(decode(&bytes[..end]).is_err());
        }
    }
}

//! The newest part of each series, in memory: what is not sealed yet, and what is asked most often of the whole.
//! One thread writes, after each commit; readers hold the lock for as long as they copy.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use city::{DatastreamId, Detail, IdHasher, Observations};

use super::sample::{Sample, SampleKey, key_with};

/// Room that a series keeps after it was sealed, in versions.
const ROOM_KEPT: usize = 128;

/// A map by the id of a series.
pub(crate) type ById<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;

/// The newest observation of a series.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    pub(crate) time_ms: i64,
    pub(crate) result: f64,
    pub(crate) received_ms: i64,
    pub(crate) detail: Option<Arc<Detail>>,
}

impl Newest {
    pub(crate) fn key(&self) -> SampleKey {
        key_with(self.time_ms, self.detail.as_deref())
    }
}

/// What is in chunks of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// First and last phenomenon time.
    pub(crate) span_ms: Option<(i64, i64)>,
    /// Every version of this row of the journal and of those before it is in chunks.
    pub(crate) seq: u64,
}

/// One series.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) id: DatastreamId,
    pub(crate) newest: Option<Newest>,
    /// Observations, sealed or not; corrected ones once.
    pub(crate) current: u64,
    /// First phenomenon time, sealed or not.
    pub(crate) first_ms: i64,
    pub(crate) sealed: Sealed,
    /// What is not sealed, in order.
    pub(crate) samples: Vec<Sample>,
}

impl Head {
    fn new(id: DatastreamId) -> Self {
        let (newest, samples) = (None, Vec::new());
        Self { id, newest, current: 0, first_ms: i64::MAX, sealed: Sealed::default(), samples }
    }

    fn push(&mut self, sample: Sample, received_ms: i64) {
        let Sample { time_ms, result, .. } = sample;
        self.first_ms = self.first_ms.min(time_ms);
        self.current += 1;
        // Nearly every one is later than all before it; then nothing but the head itself is looked at.
        let latest = self.newest.as_ref().is_none_or(|newest| time_ms > newest.time_ms);
        if latest || self.newest.as_ref().is_some_and(|newest| sample.key() >= newest.key()) {
            self.newest = Some(Newest { time_ms, result, received_ms, detail: sample.detail.clone() });
        }
        if latest || self.samples.last().is_none_or(|last| last.time_ms < time_ms) {
            self.samples.push(sample);
        } else {
            let order = sample.order();
            let place = self.samples.partition_point(|known| known.order() <= order);
            self.samples.insert(place, sample);
        }
    }

    /// The versions from `from_ms` to `to_ms`, both included.
    pub(crate) fn between(&self, from_ms: i64, to_ms: i64) -> &[Sample] {
        let from = self.samples.partition_point(|sample| sample.time_ms < from_ms);
        let to = self.samples.partition_point(|sample| sample.time_ms <= to_ms);
        self.samples.get(from..to).unwrap_or_default()
    }

    /// The newest version of a key.
    pub(crate) fn newest_of(&self, key: SampleKey) -> Option<&Sample> {
        let end = self.samples.partition_point(|sample| sample.key() <= key);
        self.samples.get(end.checked_sub(1)?).filter(|sample| sample.key() == key)
    }
}

/// All series.
#[derive(Debug, Default)]
pub(crate) struct All {
    slots: ById<u32>,
    series: Vec<Head>,
    /// The last row of the journal that is in here.
    pub(crate) seq: u64,
    /// Counts whatever moved versions between here and the chunks, or took some away.
    pub(crate) moves: u64,
    /// Versions that are not sealed, and those of them with details.
    pub(crate) samples: usize,
    pub(crate) detailed: usize,
    /// Observations of all series.
    pub(crate) current: u64,
}

impl All {
    pub(crate) fn get(&self, id: DatastreamId) -> Option<&Head> {
        self.series.get(*self.slots.get(&id.0)? as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Head> {
        self.series.iter()
    }

    pub(crate) fn entry(&mut self, id: DatastreamId) -> &mut Head {
        let next = self.series.len();
        // Ids are 32 bits, so there are no more series than that.
        let slot = *self.slots.entry(id.0).or_insert_with(|| u32::try_from(next).unwrap_or(u32::MAX)) as usize;
        if slot == next {
            self.series.push(Head::new(id));
        }
        // invariant: each slot is the place of a series.
        &mut self.series[slot]
    }

    /// Takes a row of the journal.
    pub(crate) fn append(&mut self, rows: &Observations, seq: u64, received_ms: i64) {
        let mut details = rows.details().iter().peekable();
        let mut at = 0;
        let (datastreams, times, results) = (rows.datastreams(), rows.phenomenon_times(), rows.results());
        while let Some(id) = datastreams.get(at) {
            let head = self.entry(*id);
            while datastreams.get(at) == Some(id) {
                let (Some(time), Some(result)) = (times.get(at), results.get(at)) else { break };
                let detail =
                    details.next_if(|(row, _)| *row as usize == at).map(|(_, detail)| Arc::new(detail.clone()));
                head.push(Sample { time_ms: time.ms(), result: *result, seq, detail }, received_ms);
                at += 1;
            }
        }
        self.samples += rows.len();
        self.detailed += rows.details().len();
        self.current += rows.len() as u64;
        self.seq = seq;
    }

    /// These series have a version more, but no observation more.
    pub(crate) fn corrected(&mut self, corrections: &[DatastreamId]) {
        for id in corrections {
            let head = self.entry(*id);
            // A series that was erased in the same group has been counted without them.
            if head.current > 0 {
                head.current -= 1;
                self.current -= 1;
            }
        }
    }

    /// What came up to `seq` of a series is in chunks now.
    pub(crate) fn sealed(&mut self, id: DatastreamId, seq: u64, from_ms: i64, to_ms: i64) {
        let head = self.entry(id);
        let detailed = |head: &Head| head.samples.iter().filter(|sample| sample.detail.is_some()).count();
        let before = (head.samples.len(), detailed(head));
        if head.samples.iter().all(|sample| sample.seq <= seq) {
            head.samples.clear();
            if head.samples.capacity() > ROOM_KEPT {
                head.samples = Vec::new();
            }
        } else {
            head.samples.retain(|sample| sample.seq > seq);
        }
        let gone = (before.0 - head.samples.len(), before.1 - detailed(head));
        let (from, to) = head.sealed.span_ms.unwrap_or((from_ms, to_ms));
        head.sealed = Sealed { span_ms: Some((from.min(from_ms), to.max(to_ms))), seq: seq.max(head.sealed.seq) };
        self.samples -= gone.0;
        self.detailed -= gone.1;
    }
}

/// The newest part of all series, shared by the one that writes and all that read.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    all: RwLock<All>,
}

impl Heads {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, All> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, All> {
        self.all.write().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The store beside a naive one: whatever comes, in whatever order, with seals, restarts and erasures in between, every
//! read answers the same.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod town;

use std::collections::BTreeMap;

use city::{DatastreamId, Detail, Erasure, Observation, Observations, Record, Seq, Span, Time};
use proptest::prelude::*;
use store::{Batch, RowQuery, SealPlan, SealedSlice, Store};

const STEP_MS: i64 = 60_000;
const SLOTS: i64 = 300;

/// Result time, and the end of an interval.
type Which = (Option<i64>, Option<i64>);
/// Series, slot of the phenomenon time, which of that time, result in tenths.
type Said = (u32, i64, Which, i32);
type Key = (u32, i64, Which);

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Vec<Said>>),
    Seal,
    WorkOut,
    Write,
    Reopen,
    Erase(u32, Option<Vec<(i64, Which)>>),
}

fn said() -> impl Strategy<Value = Said> {
    (1_u32..4, 0..SLOTS, which(), -20_i32..100)
}

fn which() -> impl Strategy<Value = Which> {
    let end = (SLOTS..SLOTS + 3).prop_map(|slot| Some(slot * STEP_MS));
    (prop::option::weighted(0.2, 0_i64..3), prop_oneof![5 => Just(None), 1 => end])
}

fn step() -> impl Strategy<Value = Step> {
    // Runs in order, as sensors send them, and single points anywhere, late or corrected.
    let run = (1_u32..4, 0..SLOTS, 1_i64..40, -20_i32..100).prop_map(|(id, from, length, value)| {
        (0..length).map(|n| (id, from + n, (None, None), value + n as i32 % 5)).collect()
    });
    let batch = prop_oneof![2 => run, 2 => prop::collection::vec(said(), 1..12)];
    let erased = prop::option::weighted(0.8, prop::collection::vec((0..SLOTS, which()), 1..30));
    prop_oneof![
        12 => prop::collection::vec(batch, 1..4).prop_map(Step::Commit),
        3 => Just(Step::Seal),
        2 => Just(Step::WorkOut),
        2 => Just(Step::Write),
        1 => Just(Step::Reopen),
        1 => (1_u32..4, erased).prop_map(|(id, keys)| Step::Erase(id, keys)),
    ]
}

fn slot(slot: i64) -> Time {
    town::at(slot * STEP_MS)
}

fn detail((result, end): Which) -> Detail {
    Detail { result_time: result.map(town::at), phenomenon_end: end.map(town::at), ..Detail::default() }
}

fn which_of(detail: Option<&Detail>) -> Which {
    let ms = |time: Option<Time>| time.map(|time| time.since(town::at(0)).as_ms());
    detail.map_or((None, None), |detail| (ms(detail.result_time), ms(detail.phenomenon_end)))
}

/// All versions, the oldest first.
#[derive(Default)]
struct Naive {
    versions: BTreeMap<Key, Vec<(u64, f64)>>,
    seq: u64,
}

impl Naive {
    /// Takes a group; gives how many of each batch were new.
    fn commit(&mut self, batches: &[Vec<Said>]) -> Vec<u64> {
        let seq = self.seq + 1;
        let mut new = Vec::new();
        for batch in batches {
            let mut sorted = batch.clone();
            sorted.sort_by_key(|(id, slot, which, _)| (*id, *slot, *which));
            let mut of_batch = 0;
            for (id, slot, which, tenths) in sorted {
                let versions = self.versions.entry((id, slot, which)).or_default();
                let result = f64::from(tenths) / 10.0;
                if versions.last().is_none_or(|(_, known)| *known != result) {
                    versions.push((seq, result));
                    of_batch += 1;
                }
            }
            new.push(of_batch);
        }
        self.seq += u64::from(new.iter().any(|count| *count > 0));
        new
    }

    fn erase(&mut self, id: u32, keys: Option<&Vec<(i64, Which)>>) {
        self.seq += 1;
        self.versions
            .retain(|(of, slot, which), _| *of != id || keys.is_some_and(|keys| !keys.contains(&(*slot, *which))));
    }

    fn current(&self, id: u32, as_of: u64) -> Vec<(i64, Which, f64)> {
        let of = self.versions.range((id, i64::MIN, (None, None))..(id + 1, i64::MIN, (None, None)));
        of.filter_map(|((_, slot, which), versions)| {
            let newest = versions.iter().rev().find(|(seq, _)| *seq <= as_of)?;
            Some((*slot, *which, newest.1))
        })
        .collect()
    }

    fn numbers(&self, id: u32) -> BTreeMap<i64, f64> {
        self.current(id, u64::MAX).into_iter().map(|(slot, _, result)| (slot, result)).collect()
    }

    fn row(&self, seq: u64) -> Vec<(Key, f64)> {
        let versions = self.versions.iter();
        versions.flat_map(|(key, list)| list.iter().filter(|(of, _)| *of == seq).map(|(_, r)| (*key, *r))).collect()
    }
}

struct Pair {
    naive: Naive,
    store: Store,
    gate: gate::Gate,
    waiting: Option<(SealPlan, Vec<SealedSlice>)>,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("town.db")).unwrap();
        Self { naive: Naive::default(), store, gate: town::gate(), waiting: None, _folder: folder }
    }

    fn batch(&self, said: &[Said]) -> Batch {
        let mut rows = Observations::default();
        for (id, at, which, tenths) in said {
            let phenomenon_time = slot(*at);
            let result = f64::from(*tenths) / 10.0;
            let one = Observation { datastream: DatastreamId(*id), phenomenon_time, result };
            rows.push_detailed(one, detail(*which));
        }
        let admission = self.gate.admit_observations(&town::feed("water"), &rows, slot(2 * SLOTS)).unwrap();
        assert_eq!(admission.tally.rejected_total(), 0);
        Batch::new(town::feed("water"), admission).unwrap()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Commit(batches) => {
                let group = self.store.commit(batches.iter().map(|batch| self.batch(batch)).collect()).unwrap();
                let stored: Vec<u64> = group.batches.iter().map(|batch| batch.tally.stored).collect();
                assert_eq!(stored, self.naive.commit(batches));
                assert!(group.batches.iter().all(|batch| batch.tally.balances()));
            }
            Step::Seal => {
                self.waiting = None;
                self.store.seal(slot(2 * SLOTS)).unwrap();
            }
            Step::WorkOut => {
                if let Some(mut plan) = self.store.plan_seal(slot(2 * SLOTS) + Span::h(2)).unwrap() {
                    let slices = std::iter::from_fn(|| plan.next_slice().unwrap()).collect();
                    self.waiting = Some((plan, slices));
                }
            }
            Step::Write => {
                let Some((_plan, slices)) = self.waiting.take() else { return };
                for slice in slices {
                    self.store.write_sealed(slice).unwrap();
                }
            }
            Step::Reopen => {
                self.waiting = None;
                let path = self.store.path().to_owned();
                // The old one must be closed first.
                self.store = Store::open(&path.with_extension("other")).unwrap();
                self.store = Store::open(&path).unwrap();
            }
            Step::Erase(id, keys) => {
                let told = |(at, (result, end)): &(i64, Which)| (slot(*at), result.map(town::at), end.map(town::at));
                let told = keys.as_ref().map(|keys| keys.iter().map(told).collect());
                let erasure = Erasure { datastream: DatastreamId(*id), keys: told };
                let feed = town::feed("water");
                let admission = self.gate.admit_erasures(&feed, vec![erasure], slot(2 * SLOTS)).unwrap();
                self.store.commit(vec![Batch::new(feed, admission).unwrap()]).unwrap();
                self.naive.erase(*id, keys.as_ref());
            }
        }
    }

    fn check(&self, from: i64, to: i64, as_of: u64) {
        let reader = self.store.read();
        let mut all = 0;
        for id in 1..4 {
            let series = DatastreamId(id);
            let current = self.naive.current(id, u64::MAX);
            all += current.len() as u64;
            assert_eq!(reader.count(series), current.len() as u64, "count of {id}");
            assert_eq!(reader.span(series), current.first().zip(current.last()).map(|(a, b)| (slot(a.0), slot(b.0))));
            let latest = reader.latest_of(&[series]).unwrap().pop();
            let latest = latest.map(|l| (l.point.time, which_of(l.detail.as_deref()), l.point.result));
            assert_eq!(latest, current.last().map(|(at, w, v)| (slot(*at), *w, *v)), "latest of {id}");
            let told = |list: Vec<(i64, Which, f64)>| -> Vec<(Time, Which, f64)> {
                list.into_iter().map(|(at, w, v)| (slot(at), w, v)).collect()
            };
            for descending in [false, true] {
                for as_of in [None, Some(Seq(as_of))] {
                    let query = RowQuery { from: Some(slot(from)), to: Some(slot(to)), descending, as_of };
                    let rows = reader.rows(series, query).map(|row| {
                        let row = row.unwrap();
                        (row.observation.phenomenon_time, which_of(row.detail.as_deref()), row.observation.result)
                    });
                    let mut expected = self.naive.current(id, as_of.map_or(u64::MAX, |seq| seq.0));
                    expected.retain(|(at, ..)| (from..to).contains(at));
                    if descending {
                        expected.reverse();
                    }
                    let rows: Vec<_> = rows.collect();
                    assert_eq!(rows, told(expected), "rows of {id} {query:?}");
                    self.check_passing_over(series, query, &rows);
                }
            }
            let within = current.iter().filter(|(at, ..)| (from..to).contains(at)).count() as u64;
            assert_eq!(reader.count_between(series, slot(from), slot(to)).unwrap(), within);
            self.check_numbers(series, from, to);
        }
        assert_eq!(reader.count_all(), all);
    }

    /// Chunks may be left out whose numbers lie elsewhere, and nothing else; the test may become narrower on the way.
    fn check_passing_over(&self, series: DatastreamId, query: RowQuery, rows: &[(Time, Which, f64)]) {
        let low = std::cell::Cell::new(0.0);
        let reader = self.store.read();
        let found = reader.rows(series, query).passing_over(|_, high| high < low.get()).map(|row| {
            let row = row.unwrap();
            low.set(row.observation.result.max(low.get()));
            (row.observation.phenomenon_time, which_of(row.detail.as_deref()), row.observation.result)
        });
        let found: Vec<_> = found.collect();
        let mut rest = rows.iter();
        let in_order = found.iter().all(|one| rest.any(|row| row == one));
        assert!(in_order, "{found:?} has what {rows:?} has not");
        let mut low = 0.0_f64;
        for row in rows {
            assert!(row.2 < low || found.contains(row), "{row:?} is left out of {found:?}");
            low = low.max(row.2);
        }
    }

    fn check_numbers(&self, series: DatastreamId, from: i64, to: i64) {
        let reader = self.store.read();
        let mut numbers = self.naive.numbers(series.0);
        numbers.retain(|at, _| (from..to).contains(at));
        let range = reader.range(series, slot(from), slot(to)).unwrap();
        let range: Vec<(Time, f64)> = range.into_iter().map(|point| (point.time, point.result)).collect();
        assert_eq!(range, numbers.iter().map(|(at, result)| (slot(*at), *result)).collect::<Vec<_>>());
        let mut buckets: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (at, result) in &numbers {
            buckets.entry((at - from) / 7).or_default().push(*result);
        }
        let found = reader.downsample_every(series, slot(from), slot(to), Span::ms(7 * STEP_MS)).unwrap();
        assert_eq!(found.len(), buckets.len());
        for (bucket, (place, values)) in found.iter().zip(buckets) {
            assert_eq!((bucket.from, bucket.count as usize), (slot(from + place * 7), values.len()));
            assert_eq!(bucket.min, values.iter().copied().fold(f64::INFINITY, f64::min));
            assert_eq!(bucket.max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            assert!((bucket.mean - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-9);
        }
    }

    /// Every row of the journal, and every version of every observation.
    fn check_history(&self) {
        let rows = self.store.read().journal_after(Seq(0), usize::MAX).unwrap();
        assert_eq!(rows.len() as u64, self.naive.seq);
        for row in rows {
            let mut kept = Vec::new();
            for record in &row.records {
                let Record::Observations(observations) = record else { continue };
                let tick = |time: Time| time.since(town::at(0)).as_ms();
                for place in 0..observations.len() {
                    let key = observations.key(place).unwrap();
                    let slot = tick(key.phenomenon_time) / STEP_MS;
                    let which = which_of(observations.detail(place));
                    kept.push(((key.datastream.0, slot, which), observations.results()[place]));
                }
            }
            assert_eq!(kept, self.naive.row(row.seq.0), "row {}", row.seq);
        }
        for ((id, at, which), versions) in &self.naive.versions {
            let one = Observation { datastream: DatastreamId(*id), phenomenon_time: slot(*at), result: 0.0 };
            let key = one.key(Some(&detail(*which)));
            let found = self.store.read().superseded(&key).unwrap();
            let found: Vec<(u64, f64)> = found.iter().map(|v| (v.row.seq.0, v.row.observation.result)).collect();
            assert_eq!(&found, versions);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_read_answers_as_the_naive_store_does(
        steps in prop::collection::vec((step(), 0..SLOTS + 40, 0..SLOTS + 40, any::<prop::sample::Index>()), 1..40),
    ) {
        let mut pair = Pair::new();
        for (step, from, to, as_of) in &steps {
            pair.step(step);
            pair.check(*from.min(to), *from.max(to), as_of.index(pair.naive.seq as usize + 1) as u64);
        }
        pair.check_history();
        pair.step(&Step::Reopen);
        pair.check(0, SLOTS + 40, pair.naive.seq);
        pair.step(&Step::Seal);
        pair.check(0, SLOTS + 40, pair.naive.seq);
        pair.check_history();
    }
}

#[test]
fn what_was_known_at_three_twelve_is_told() {
    let mut pair = Pair::new();
    let at = |hour: i64, minute: i64| town::at((hour * 60 + minute) * STEP_MS);
    let gate = town::gate();
    let say = |pair: &mut Pair, result: f64, hour: i64, minute: i64| {
        let list = vec![town::level(1, 0, result)];
        let now_ms = (hour * 60 + minute) * STEP_MS;
        pair.store.commit(vec![town::batch(&gate, "water", list, now_ms)]).unwrap();
    };
    say(&mut pair, 1.0, 3, 0);
    say(&mut pair, 2.0, 3, 12);
    pair.store.seal(at(4, 0)).unwrap();
    say(&mut pair, 3.0, 3, 13);
    let reader = pair.store.read();
    let key = Observation { datastream: DatastreamId(1), phenomenon_time: town::at(0), result: 0.0 }.key(None);
    let told = |seq: Seq| reader.row(&key, Some(seq)).unwrap().map(|row| row.observation.result);
    assert_eq!(told(reader.seq_at(at(2, 59)).unwrap()), None);
    assert_eq!(told(reader.seq_at(at(3, 11)).unwrap()), Some(1.0));
    assert_eq!(told(reader.seq_at(at(3, 12)).unwrap()), Some(2.0));
    assert_eq!(told(reader.seq_at(at(9, 0)).unwrap()), Some(3.0));
    let received: Vec<_> = reader.superseded(&key).unwrap().into_iter().map(|version| version.received).collect();
    assert_eq!(received, [Some(at(3, 0)), Some(at(3, 12)), Some(at(3, 13))]);
}

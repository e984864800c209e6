//! Series: rows and chunks read as one, whatever order the points came in.
#![allow(missing_docs, clippy::unwrap_used, clippy::float_cmp, clippy::cast_sign_loss, reason = "tests")]

mod town;

use std::collections::BTreeMap;

use city::{DatastreamId, Span};
use proptest::prelude::*;
use store::{CHUNK_POINTS_MAX, Store};

const DAY_MS: i64 = 86_400_000;
/// Days long enough that everything in the tests is over.
const LATER_MS: i64 = 40 * DAY_MS;

fn read(store: &Store, from_ms: i64, to_ms: i64) -> Vec<(i64, f64)> {
    let points = store.read().range(DatastreamId(1), town::at(from_ms), town::at(to_ms)).unwrap();
    points.into_iter().map(|p| (p.time.ms() - town::START_MS, p.result)).collect()
}

fn say(store: &mut Store, points: &[(i64, f64)], now_ms: i64) {
    let gate = town::gate();
    for part in points.chunks(500) {
        let list = part.iter().map(|(ms, result)| town::level(1, *ms, *result)).collect();
        store.commit(vec![town::batch(&gate, "water", list, now_ms)]).unwrap();
    }
}

/// What the file has: (points in rows of the journal that are not folded away, chunks).
fn layout(path: &std::path::Path) -> (i64, i64) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let text = "SELECT (SELECT coalesce(sum(count), 0) FROM journal), \
                (SELECT count(*) FROM series_chunk)";
    connection.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn a_sealed_series_reads_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let mut store = Store::open(&path).unwrap();
    // Two and a half days of 10 s, 21,600 points: several chunks a day. Odd fractions, and the ends of f64's range
    // that the property allows.
    let value = |i: i64| match i % 7 {
        0 => 1.0 / 3.0 + i as f64 / 1000.0,
        1 => -5.0,
        2 => 100.0,
        3 => 5e-324,
        _ => (i % 1000) as f64 / 100.0,
    };
    let points: Vec<(i64, f64)> = (0..21_600).map(|i| (i * 10_000, value(i))).collect();
    say(&mut store, &points, 3 * DAY_MS);
    assert_eq!(layout(&path), (21_600, 0));
    assert_eq!(store.seal(town::at(LATER_MS)).unwrap(), 21_600);
    assert_eq!(layout(&path), (0, 5));
    let bits = |points: &[(i64, f64)]| points.iter().map(|(ms, v)| (*ms, v.to_bits())).collect::<Vec<_>>();
    assert_eq!(bits(&read(&store, 0, 4 * DAY_MS)), bits(&points));
    assert_eq!(bits(&read(&store, 100_000, 200_000)), bits(&points[10..20]));
    assert_eq!(read(&store, -DAY_MS, 0), []);
}

#[test]
fn a_series_with_a_whole_chunk_is_sealed_and_the_rest_after_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let mut store = Store::open(&path).unwrap();
    let gate = town::gate();
    store.commit(vec![town::batch(&gate, "water", vec![town::level(2, 0, 1.0)], 0)]).unwrap();
    say(&mut store, &(0..100).map(|i| (i * 10, 1.0)).collect::<Vec<_>>(), 200_000);
    assert!(store.plan_seal(town::at(200_000)).unwrap().is_none());
    let full = i64::try_from(CHUNK_POINTS_MAX).unwrap();
    say(&mut store, &(100..full + 5).map(|i| (i * 10, 1.0)).collect::<Vec<_>>(), 300_000);
    let mut plan = store.plan_seal(town::at(300_000)).unwrap().unwrap();
    assert!(store.plan_seal(town::at(300_000)).unwrap().is_none(), "one at a time");
    let mut sealed = 0;
    while let Some(slice) = plan.next_slice().unwrap() {
        sealed += store.write_sealed(slice).unwrap();
    }
    drop(plan);
    assert_eq!(sealed, CHUNK_POINTS_MAX as u64 + 5);
    assert_eq!(layout(&path), (full + 6, 1), "the other series still needs the bodies");
    assert!(store.plan_seal(town::at(300_000)).unwrap().is_none());
    let mut store = reopen(store);
    assert_eq!(store.read().count_all(), full as u64 + 6);
    let mut plan = store.plan_seal(town::at(3_600_000)).unwrap().unwrap();
    while let Some(slice) = plan.next_slice().unwrap() {
        store.write_sealed(slice).unwrap();
    }
    drop(plan);
    assert!(store.plan_seal(town::at(3_600_000)).unwrap().is_none());
    assert_eq!(layout(&path), (0, 2));
}

/// The desk hears of the last slice when its turn comes; the sealer is done with the plan before that.
#[test]
fn nothing_is_planned_again_while_a_slice_of_it_waits_to_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let points: Vec<(i64, f64)> = (0..5_000).map(|n| (n, 1.0)).collect();
    say(&mut store, &points, 5_000);
    let mut plan = store.plan_seal(town::at(5_000)).unwrap().unwrap();
    let slice = plan.next_slice().unwrap().unwrap();
    assert!(plan.next_slice().unwrap().is_none());
    drop(plan);
    assert!(store.plan_seal(town::at(5_000)).unwrap().is_none(), "these points are in the slice already");
    assert_eq!(store.write_sealed(slice).unwrap(), 5_000);
    let more: Vec<(i64, f64)> = (5_000..10_000).map(|n| (n, 1.0)).collect();
    say(&mut store, &more, 10_000);
    let mut plan = store.plan_seal(town::at(10_000)).unwrap().expect("the place is free again");
    while let Some(slice) = plan.next_slice().unwrap() {
        store.write_sealed(slice).unwrap();
    }
    assert_eq!(read(&store, 0, 10_000).len(), 10_000);
}

fn reopen(store: Store) -> Store {
    let path = store.path().to_owned();
    drop(store);
    Store::open(&path).unwrap()
}

#[test]
fn late_points_open_the_chunk_that_they_fall_into() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let mut store = Store::open(&path).unwrap();
    say(&mut store, &[(0, 1.0), (20, 3.0)], 0);
    store.seal(town::at(LATER_MS)).unwrap();
    say(&mut store, &[(10, 2.0), (20, 30.0)], 100);
    let all = [(0, 1.0), (10, 2.0), (20, 30.0)];
    assert_eq!(read(&store, 0, 100), all, "rows over the chunk");
    store.seal(town::at(LATER_MS)).unwrap();
    assert_eq!(layout(&path), (0, 1), "the corrected version is kept too");
    assert_eq!(read(&store, 0, 100), all, "merged");
    assert_eq!(store.read().count(DatastreamId(1)), 3);
    assert_eq!(store.read().latest().unwrap()[0].point.result, 30.0);
}

#[test]
fn buckets_hold_min_max_mean_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    say(&mut store, &[(0, 1.0), (100, 3.0), (500, 10.0), (999, 20.0)], 1000);
    let buckets = store.read().downsample(DatastreamId(1), town::at(0), town::at(1000), 4).unwrap();
    let told: Vec<_> = buckets.iter().map(|b| (b.from.ms() - town::START_MS, b.count, b.min, b.max, b.mean)).collect();
    assert_eq!(told, [(0, 2, 1.0, 3.0, 2.0), (500, 1, 10.0, 10.0, 10.0), (750, 1, 20.0, 20.0, 20.0)]);
    assert!(store.read().downsample(DatastreamId(1), town::at(0), town::at(0), 4).unwrap().is_empty());
    let one = store.read().downsample(DatastreamId(1), town::at(0), town::at(1001), 1).unwrap();
    assert_eq!(one[0].from, town::at(0));
    assert_eq!(one[0].count, 4);
    assert_eq!(Span::ms(1001), town::at(1001).since(town::at(0)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_with_any_seals_reads_as_the_last_value_of_each_time(
        parts in prop::collection::vec((prop::collection::vec((0_i64..400, -50_i32..1000), 1..60), any::<bool>()), 1..10),
        from in 0_i64..400, to in 0_i64..400,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("town.db");
        let mut store = Store::open(&path).unwrap();
        let mut expected = BTreeMap::new();
        for (points, seal) in parts {
            // Ten minutes apart, so that 400 of them span three days.
            let points: Vec<(i64, f64)> = points.into_iter().map(|(slot, v)| (slot * 600_000, f64::from(v) / 10.0)).collect();
            expected.extend(points.iter().copied());
            say(&mut store, &points, 5 * DAY_MS);
            if seal {
                store.seal(town::at(DAY_MS * 2)).unwrap();
            }
        }
        let (from, to) = (from * 600_000, to * 600_000);
        let expected: Vec<(i64, f64)> = expected.into_iter().filter(|(ms, _)| (from..to).contains(ms)).collect();
        prop_assert_eq!(read(&store, from, to), expected);
    }
}

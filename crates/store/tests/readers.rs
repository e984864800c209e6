//! Readers beside the one that writes, and files that cannot be read.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "tests")]

mod town;

use store::{Reader, Store, StoreError};

#[test]
fn readers_see_whole_batches_while_the_writer_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let mut store = Store::open(&path).unwrap();
    let readers = store.readers();
    let reading = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < 100 {
            let reader = readers.get().unwrap();
            let rows = reader.journal_after(city::Seq(0), 1000).unwrap();
            let whole = |row: &store::JournalRow| row.records.iter().map(city::Record::entities).sum::<u64>() == 10;
            assert!(rows.iter().all(whole));
            // Memory follows the file, by whole rows.
            assert_eq!(reader.count(city::DatastreamId(1)) % 10, 0);
            seen = rows.len();
        }
    });
    let gate = town::gate();
    for i in 0..100 {
        let list = (0..10).map(|n| town::level(1, i * 10 + n, 1.0)).collect();
        store.commit(vec![town::batch(&gate, "water", list, i)]).unwrap();
    }
    reading.join().unwrap();
}

#[test]
fn a_newer_file_is_refused_untouched_and_a_foreign_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    drop(Store::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::TooNew { found: 999, .. })));
    let foreign = folder.path().join("picture.png");
    std::fs::write(&foreign, [7_u8; 5000]).unwrap();
    assert!(matches!(Store::open(&foreign), Err(StoreError::Open { .. })));
    assert_eq!(std::fs::read(&foreign).unwrap(), [7_u8; 5000]);
    assert!(matches!(Reader::open(&folder.path().join("missing.db")), Err(StoreError::Open { .. })));
}

#[test]
fn a_damaged_body_is_told_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let mut store = Store::open(&path).unwrap();
    store.commit(vec![town::batch(&town::gate(), "water", vec![town::level(1, 0, 1.0)], 0)]).unwrap();
    store.seal(town::at(48 * 3_600_000)).unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE journal SET body = x'01ff'; UPDATE journal_block SET body = x'01ff'; UPDATE segment SET body = zeroblob(length(body))")
        .unwrap();
    let reader = Reader::open(&path).unwrap();
    assert!(matches!(reader.journal_after(city::Seq(0), 1), Err(StoreError::Damaged { .. })));
    let read = reader.range(city::DatastreamId(1), town::at(-1), town::at(1));
    assert!(matches!(read, Err(StoreError::Damaged { .. })));
}

/// What a reader sees of a series that grows by one point a second: the points from the first to some last one, each
/// once, and never fewer than before.
#[test]
fn a_seal_under_a_reader_hides_nothing_and_shows_nothing_twice() {
    const POINTS: i64 = 30_000;
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let series = city::DatastreamId(1);
    let (from, to) = (town::at(0), town::at(POINTS * 1000));
    let look = |readers: store::Readers, descending: bool| {
        std::thread::spawn(move || {
            let mut seen = 0;
            let query = store::RowQuery { descending, ..store::RowQuery::default() };
            while seen < POINTS {
                let reader = readers.get().unwrap();
                let points = reader.range(series, from, to).unwrap();
                let mut rows: Vec<i64> = reader
                    .rows(series, query)
                    .map(|row| row.unwrap().observation.phenomenon_time.since(from).as_s())
                    .collect();
                if descending {
                    rows.reverse();
                }
                let counted = reader.count_between(series, from, to).unwrap();
                let buckets = reader.downsample(series, from, to, 7).unwrap();
                let counts: u32 = buckets.iter().map(|bucket| bucket.count).sum();
                let seconds: Vec<i64> = points.iter().map(|point| point.time.since(from).as_s()).collect();
                for list in [&seconds, &rows] {
                    assert!(list.iter().copied().eq(0..list.len() as i64), "a point is missing or twice");
                }
                let lengths = [seen, seconds.len() as i64, rows.len() as i64, counted as i64, i64::from(counts)];
                assert!(lengths.is_sorted(), "{lengths:?}");
                seen = i64::from(counts);
            }
        })
    };
    let looking = [look(store.readers(), false), look(store.readers(), true)];
    let gate = town::gate();
    for part in 0..POINTS / 50 {
        let list = (part * 50..part * 50 + 50).map(|n| town::level(1, n * 1000, (n % 90) as f64)).collect();
        store.commit(vec![town::batch(&gate, "water", list, POINTS * 1000)]).unwrap();
        if part % 3 == 0 {
            store.seal(town::at(0)).unwrap();
        }
    }
    for thread in looking {
        thread.join().unwrap();
    }
}

#[test]
fn rows_that_are_being_read_go_on_over_a_seal_and_over_what_comes_after() {
    for descending in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("town.db")).unwrap();
        let gate = town::gate();
        let say = |store: &mut Store, seconds: &mut dyn Iterator<Item = i64>, value: f64| {
            let list = seconds.map(|n| town::level(1, n * 1000, value)).collect();
            store.commit(vec![town::batch(&gate, "water", list, 500_000)]).unwrap();
        };
        // Even seconds in a chunk, odd ones in memory and late.
        say(&mut store, &mut (0..400).step_by(2), 1.0);
        store.seal(town::at(0)).unwrap();
        say(&mut store, &mut (1..400).step_by(2), 1.0);
        let readers = store.readers();
        let reader = readers.get().unwrap();
        let query = store::RowQuery { descending, ..store::RowQuery::default() };
        let mut rows = reader.rows(city::DatastreamId(1), query).map(Result::unwrap);
        let mut seen: Vec<store::Row> = rows.by_ref().take(10).collect();
        store.seal(town::at(0)).unwrap();
        // Corrections of all of them are not of what was asked for.
        say(&mut store, &mut (0..400), 2.0);
        seen.extend(rows.by_ref().take(200));
        store.seal(town::at(0)).unwrap();
        seen.extend(rows);
        if descending {
            seen.reverse();
        }
        let seconds = seen.iter().map(|row| row.observation.phenomenon_time.since(town::at(0)).as_s());
        assert!(seconds.eq(0..400), "{}", seen.len());
        assert!(seen.iter().all(|row| row.observation.result < 1.5));
        let now = reader.rows(city::DatastreamId(1), query).map(Result::unwrap);
        assert!(now.map(|row| row.observation.result).eq(std::iter::repeat_n(2.0, 400)));
    }
}

#[test]
fn what_came_besides_observations_is_read_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let gate = town::gate();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    for turn in 0..20 {
        let now = turn * 60_000;
        let position = town::position(&format!("trip-{turn}"), now);
        store.commit(vec![town::batch(&gate, "bus-positions", vec![position], now)]).unwrap();
        store.commit(vec![town::batch(&gate, "water", vec![town::level(1, now, 2.5)], now)]).unwrap();
    }
    let (reader, from, to) = (store.read(), town::at(5 * 60_000), town::at(15 * 60_000));
    let mut all = Vec::new();
    let mut besides = Vec::new();
    reader
        .journal_between(from, to, |row| {
            all.push(row);
            Ok::<_, store::StoreError>(())
        })
        .unwrap();
    reader
        .journal_besides_observations(from, to, |row| {
            besides.push(row);
            Ok::<_, store::StoreError>(())
        })
        .unwrap();
    assert_eq!((all.len(), besides.len()), (20, 10));
    all.retain(|row| !matches!(row.records.as_slice(), [city::Record::Observations(_)]));
    assert_eq!(besides, all);
}

//! A store that is left alone gives back what it does not need, in one go and in short steps, and commits go on between
//! them.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, reason = "tests")]

mod town;

use std::path::{Path, PathBuf};

use city::{DatastreamId, Span, Time};
use store::Store;

const SERIES: u32 = 8;
const TURNS: i64 = 60;
const ROWS: i64 = 2_000;
/// Bytes of one step: pages that move, with those that say where they are. A commit that comes waits for so many.
const STEP_BYTES: u64 = 6 << 20;

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn log_of(path: &Path) -> u64 {
    length(&path.with_extension("db-wal"))
}

/// A store in a folder of its own, with levels of all series as a bulk load sends them, and when that was over.
fn loaded() -> (tempfile::TempDir, PathBuf, Store, Time) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let gate = town::gate();
    let mut store = Store::open(&path).unwrap();
    for turn in 0..TURNS {
        let each = ROWS / i64::from(SERIES);
        let list = (0..ROWS).map(|n| {
            let (series, minute) = (1 + u32::try_from(n / each).unwrap(), turn * each + n % each);
            town::level(series, (minute - TURNS * each) * 60_000, (minute % 700) as f64 / 10.0)
        });
        let group = store.commit(vec![town::batch(&gate, "water", list.collect(), turn * 10)]).unwrap();
        assert_eq!(group.batches[0].tally.stored, ROWS.unsigned_abs());
        store.plan_seal(town::at(turn * 10)).unwrap();
    }
    (folder, path, store, town::at(TURNS * 10))
}

/// One step of what the desk does when nobody waits.
fn step(store: &mut Store, now: Time) {
    if let Some(mut plan) = store.plan_seal(now).unwrap() {
        while let Some(slice) = plan.next_slice().unwrap() {
            store.write_sealed(slice).unwrap();
        }
    }
}

/// All that it does then; gives how many steps that took.
fn rest(store: &mut Store, now: Time) -> usize {
    let mut steps = 0;
    loop {
        step(store, now);
        steps += 1;
        assert!(steps < 10_000, "it never ends");
        if !store.is_behind() {
            return steps;
        }
    }
}

#[test]
fn a_store_that_is_left_alone_gives_everything_back_at_one_tick() {
    let (_folder, path, mut store, end) = loaded();
    rest(&mut store, end + Span::s(4));
    assert!(log_of(&path) > 0, "it was not busy");

    let steps = rest(&mut store, end + Span::s(5));
    assert!(steps > 3, "in short steps: {steps}");
    assert_eq!(log_of(&path), 0, "the log is cut");
    let free: i64 =
        rusqlite::Connection::open(&path).unwrap().query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    assert_eq!(free, 0, "no page is free");
    // Minutes apart and decimals: the values themselves take less than a byte each.
    let each = length(&path) as f64 / (TURNS * ROWS) as f64;
    assert!(each < 1.6, "{each} bytes an observation, the index and empty tables with it");
    assert_eq!(rest(&mut store, end + Span::s(6)), 1, "then there is nothing to do");

    let expected = u64::try_from(TURNS * ROWS).unwrap();
    assert_eq!(store.read().count_all(), expected);
    town::check_identity(store.read());
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.read().count_all(), expected);
    let all = store.read().range(DatastreamId(3), town::at(-i64::from(u32::MAX)), town::at(0)).unwrap();
    assert_eq!(all.len() as u64, expected / u64::from(SERIES));
}

#[test]
fn a_log_that_a_reader_holds_is_cut_when_it_has_gone() {
    let (_folder, path, mut store, end) = loaded();
    let readers = store.readers();
    let reader = readers.get().unwrap();
    let mut held = 0;
    reader
        .journal_between(town::at(-1), town::at(1), |_| {
            rest(&mut store, end + Span::s(3));
            rest(&mut store, end + Span::s(9));
            held = log_of(&path);
            Ok::<_, store::StoreError>(())
        })
        .unwrap();
    assert!(held > 0, "the reader was not in the way");
    rest(&mut store, end + Span::s(10));
    assert_eq!(log_of(&path), 0);
}

#[test]
fn a_commit_waits_for_one_short_step_at_most() {
    let (_folder, path, mut store, end) = loaded();
    let (gate, mut now, mut more) = (town::gate(), end, 0);
    store.plan_seal(now).unwrap();
    // What one step writes is in the log or in the file, which no step may change by more.
    for turn in 0..200 {
        now = now + Span::s(6);
        let before = log_of(&path) + length(&path);
        step(&mut store, now);
        let after = log_of(&path) + length(&path);
        assert!(after.abs_diff(before) <= STEP_BYTES, "{before} became {after}");
        if turn % 3 == 0 {
            let list = vec![town::level(1, i64::from(turn) - 1_000_000, 0.5)];
            let batch = town::batch(&gate, "water", list, now.since(town::at(0)).as_ms());
            more += store.commit(vec![batch]).unwrap().batches[0].tally.stored;
        }
    }
    rest(&mut store, now + Span::s(1));
    rest(&mut store, now + Span::s(7));
    assert_eq!(log_of(&path), 0, "it comes to rest between commits, too");
    assert_eq!(store.read().count_all(), u64::try_from(TURNS * ROWS).unwrap() + more);
    town::check_identity(store.read());
}

//! What a contract no longer allows is gone: from every table, and from every byte of every file.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod town;

use city::{Contract, DatastreamId, Span};
use store::{Reader, Store};

const H: i64 = 3_600_000;

/// Whether the bytes are in any file of the store's folder.
fn in_files(folder: &std::path::Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        if bytes.windows(needle.len()).any(|window| window == needle) {
            found.push(file.display().to_string());
        }
    }
    found
}

#[test]
fn expired_records_leave_no_byte_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (gate, policy) = (town::gate(), town::policy());
    let mut store = Store::open(&path).unwrap();
    let canary = "trip-canary-5f2c9e";
    let level = 41.726_151_8_f64;
    store.commit(vec![town::batch(&gate, "bus-positions", vec![town::position(canary, 0)], 0)]).unwrap();
    // Enough besides it that its page is shared and freed pages are reused.
    for i in 1..200 {
        let list = (0..20).map(|n| town::position(&format!("other-{i}-{n}"), i * 1000)).collect();
        store.commit(vec![town::batch(&gate, "bus-positions", list, i * 1000)]).unwrap();
    }
    store.commit(vec![town::batch(&gate, "water", vec![town::level(1, 0, level)], 0)]).unwrap();
    store.commit(vec![town::batch(&gate, "water", vec![town::level(2, H, 1.5)], H)]).unwrap();
    assert!(!in_files(folder.path(), canary.as_bytes()).is_empty(), "the canary was never written");
    assert!(!in_files(folder.path(), &level.to_le_bytes()).is_empty(), "the level was never written");

    // Positions are kept for 2 h, levels for 30 days.
    let (contracts, datastreams) = (&policy.contracts, &policy.datastreams);
    let gone = store.apply_retention(town::at(3 * H), contracts, datastreams).unwrap();
    assert_eq!((gone.journal_rows, gone.points, gone.wal_emptied), (200, 0, true));
    assert_eq!(in_files(folder.path(), canary.as_bytes()), Vec::<String>::new());
    assert_eq!(store.read().latest().unwrap().len(), 2);

    // Received times never fall, so the level counts as received with the last position, 199 s after the start.
    let later = town::at(24 * 30 * H + 200_000);
    let gone = store.apply_retention(later, contracts, datastreams).unwrap();
    assert_eq!((gone.journal_rows, gone.points), (1, 1));
    assert_eq!(in_files(folder.path(), &level.to_le_bytes()), Vec::<String>::new());
    assert_eq!(in_files(folder.path(), &level.to_be_bytes()), Vec::<String>::new());
    assert!(store.read().range(DatastreamId(1), town::at(-H), later).unwrap().is_empty());
    assert_eq!(store.read().range(DatastreamId(2), town::at(-H), later).unwrap().len(), 1);
    // The journal goes on where it was, and the account of what was once received stays.
    let next = town::batch(&gate, "water", vec![town::level(1, 40 * 24 * H, 1.0)], 40 * 24 * H);
    assert_eq!(store.commit(vec![next]).unwrap()[0].seq, Some(city::Seq(203)));
    assert_eq!(store.read().accounts().unwrap()[&town::feed("bus-positions")].tally.stored, 1 + 199 * 20);
}

#[test]
fn a_chunk_across_the_cutoff_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (gate, policy) = (town::gate(), town::policy());
    let mut store = Store::open(&path).unwrap();
    let list = (0..10).map(|i| town::level(1, i * H, 1.0 + i as f64)).collect();
    store.commit(vec![town::batch(&gate, "water", list, 10 * H)]).unwrap();
    store.seal(town::at(72 * H)).unwrap();
    let cutoff = 5 * H;
    let now = town::at(cutoff + 30 * 24 * H);
    assert_eq!(store.apply_retention(now, &policy.contracts, &policy.datastreams).unwrap().points, 5);
    let left = store.read().range(DatastreamId(1), town::at(0), town::at(100 * H)).unwrap();
    assert_eq!(left.iter().map(|p| p.result).collect::<Vec<_>>(), [6.0, 7.0, 8.0, 9.0, 10.0]);
}

#[test]
fn a_feed_without_a_contract_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    store.commit(vec![town::batch(&town::gate(), "water", vec![town::level(1, 0, 1.0)], 0)]).unwrap();
    let contracts: Vec<Contract> =
        town::policy().contracts.into_iter().filter(|c| c.feed.as_str() != "water").collect();
    let gone = store.apply_retention(town::at(0) + Span::h(24 * 365), &contracts, &[]).unwrap();
    assert_eq!((gone.orphans, gone.journal_rows), (vec![town::feed("water")], 0));
}

#[test]
fn a_reader_in_the_way_is_told_and_the_next_run_empties_the_wal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (gate, policy) = (town::gate(), town::policy());
    let mut store = Store::open(&path).unwrap();
    store.commit(vec![town::batch(&gate, "bus-positions", vec![town::position("a", 0)], 0)]).unwrap();
    let reader = Reader::open(&path).unwrap();
    let mut retired = None;
    reader
        .journal_between(town::at(-1), town::at(1), |_| {
            retired = Some(store.apply_retention(town::at(3 * H), &policy.contracts, &[]));
            Ok::<_, store::StoreError>(())
        })
        .unwrap();
    assert!(!retired.unwrap().unwrap().wal_emptied);
    assert!(store.apply_retention(town::at(3 * H), &policy.contracts, &[]).unwrap().wal_emptied);
}

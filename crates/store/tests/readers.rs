//! Readers beside the one that writes, and files that cannot be read.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

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

//! The writer's thread: order, group commit, and what happens when the disk says no.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod town;

use std::sync::mpsc;

use store::{Event, Reader, Store, StoreError, writer};

#[test]
fn events_come_in_the_order_of_the_journal_and_every_sender_gets_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (events, heard) = mpsc::channel();
    let store = Store::open(&path).unwrap();
    let (writer, thread) = writer::spawn(store, move |event| events.send(event).unwrap()).unwrap();
    let gate = town::gate();
    let (answers, answered) = mpsc::channel();
    for i in 0..300_i64 {
        let answers = answers.clone();
        let batch = town::batch(&gate, "water", vec![town::level(1, i, 1.0)], i * 10);
        writer.append(batch, Box::new(move |result| answers.send((i, result.unwrap().seq)).unwrap())).unwrap();
        if i % 50 == 49 {
            writer.tick(town::at(i * 10 + 5)).unwrap();
        }
    }
    writer.stop().unwrap();
    let store = thread.join().unwrap();
    drop(answers);
    let answers: Vec<_> = answered.into_iter().collect();
    assert_eq!(answers, (0..300).map(|i| (i, Some(city::Seq(u64::try_from(i).unwrap() + 1)))).collect::<Vec<_>>());
    let mut last = town::at(-1);
    let mut ticks = 0;
    for event in heard {
        let time = match event {
            Event::Committed(committed) => committed.received,
            Event::Tick(time) => {
                ticks += 1;
                time
            }
        };
        assert!(time >= last, "{time} after {last}");
        last = time;
    }
    assert_eq!(ticks, 6);
    town::check_identity(store.read());
    assert!(matches!(writer.tick(town::at(0)), Err(StoreError::Stopped)));
}

#[test]
fn readers_see_whole_batches_while_the_writer_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let store = Store::open(&path).unwrap();
    let readers = store::Readers::new(&path);
    let (writer, thread) = writer::spawn(store, |_| {}).unwrap();
    let reading = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < 100 {
            let reader = readers.get().unwrap();
            let rows = reader.journal_after(city::Seq(0), 1000).unwrap();
            assert!(rows.iter().all(|row| row.records.len() == 10));
            seen = rows.len();
        }
    });
    let gate = town::gate();
    for i in 0..100 {
        let list = (0..10).map(|n| town::level(1, i * 10 + n, 1.0)).collect();
        writer.append_and_wait(town::batch(&gate, "water", list, i)).unwrap();
    }
    reading.join().unwrap();
    drop(writer);
    thread.join().unwrap();
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
    connection.execute_batch("UPDATE journal SET body = x'01ff'; UPDATE series_chunk SET times = x'00112233'").unwrap();
    let reader = Reader::open(&path).unwrap();
    assert!(matches!(reader.journal_after(city::Seq(0), 1), Err(StoreError::Damaged { .. })));
    let read = reader.range(city::DatastreamId(1), town::at(-1), town::at(1));
    assert!(matches!(read, Err(StoreError::Damaged { .. })));
}

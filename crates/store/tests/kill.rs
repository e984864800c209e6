//! kill -9 at any moment: nothing acknowledged is lost, nothing is doubled, the account balances.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "tests")]

mod town;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use city::Record;
use store::Store;

const FOLDER: &str = "TOWNBELL_KILL_TEST_STORE";
const KILLS: u64 = 20;

/// Not a test of its own: the process that is killed. It commits two batches at a time, as the desk does, says each
/// group that was acknowledged, with its number, and seals now and then.
#[test]
fn child_that_is_killed() {
    let Some(path) = std::env::var_os(FOLDER) else { return };
    let gate = town::gate();
    let mut store = Store::open(Path::new(&path)).unwrap();
    let start = i64::try_from(store.last_seq().0).unwrap();
    for round in 0.. {
        let numbers = [(start + round) * 2, (start + round) * 2 + 1];
        let batch = |number: i64| {
            // Each batch has points of its own times, one repeat, and one refusal.
            let series = 1 + u32::try_from(number % 2).unwrap();
            let mut list: Vec<_> = (0..20).map(|i| town::level(series, (number * 20 + i) * 10, 1.5)).collect();
            list.push(list[0].clone());
            list.push(town::level(1, 0, f64::NAN));
            town::batch(&gate, "water", list, number * 200)
        };
        let committed = store.commit(numbers.map(batch).into()).unwrap();
        let mut out = std::io::stdout().lock();
        // Both batches are one row of the journal, and share its place.
        let seq = committed.rows[0].seq.0;
        assert!(committed.batches.iter().all(|batch| batch.seq == Some(city::Seq(seq))));
        let stored: u64 = committed.batches.iter().map(|batch| batch.tally.stored).sum();
        writeln!(out, "ACK {} {seq} {stored}", numbers[0]).unwrap();
        if round % 7 == 3 {
            store.seal(town::at(0)).unwrap();
        }
        out.flush().unwrap();
    }
}

#[test]
fn twenty_kills_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let mut acknowledged: Vec<(u64, u64)> = Vec::new();
    let mut moment = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..KILLS {
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            BufReader::new(said).lines().map_while(Result::ok).filter_map(|line| ack(&line)).collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(40 + moment % 160));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());

        let store = Store::open(&path).unwrap_or_else(|error| panic!("after kill {kill}: {error}"));
        town::check_identity(store.read());
        check_acknowledged(&store, &acknowledged);
    }
    assert!(acknowledged.len() > 100, "too little was written to prove anything: {}", acknowledged.len());
}

fn ack(line: &str) -> Option<(u64, u64)> {
    // The harness may have begun the line: "test child_that_is_killed ... ACK 1 1 20".
    let mut words = line.split("ACK ").nth(1)?.split(' ').skip(1);
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

fn check_acknowledged(store: &Store, acknowledged: &[(u64, u64)]) {
    let rows = store.read().journal_after(city::Seq(0), usize::MAX).unwrap();
    for (seq, stored) in acknowledged {
        let row = rows.get(usize::try_from(*seq).unwrap() - 1);
        let kept = row.map(|row| row.records.iter().map(Record::entities).sum());
        assert_eq!(kept, Some(*stored), "row {seq} was acknowledged");
    }
    let mut seen = std::collections::HashSet::new();
    let mut points = 0;
    for record in rows.iter().flat_map(|row| &row.records) {
        let Record::Observations(rows) = record else { panic!("only levels were sent") };
        for o in rows.iter() {
            assert!(seen.insert((o.datastream, o.phenomenon_time)), "a point is in the journal twice");
            points += 1;
        }
    }
    let kept: usize = [1, 2]
        .map(|id| store.read().range(city::DatastreamId(id), town::at(-1), town::at(1_000_000_000)).unwrap().len())
        .into_iter()
        .sum();
    assert_eq!(kept, points, "the series are not the journal");
}

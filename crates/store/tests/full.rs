//! A disk that is really full: a small file system in memory, where the machine lets a test make one. Where it does not,
//! this says so, and fails where `CI` is set; the store's own tests have the same with a limit on the file.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod town;

use std::path::Path;
use std::process::{Command, Stdio};

use city::{Acknowledgement, AlertId};
use gate::Candidate;
use store::{Batch, Store, StoreError};

const H: i64 = 3_600_000;

/// A file system of 32 MiB; gone again in the end.
struct Small(tempfile::TempDir);

impl Small {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=32m", "tmpfs"], folder.path());
        mounted.then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        run("umount", &["-l"], self.0.path());
    }
}

fn run(command: &str, words: &[&str], path: &Path) -> bool {
    let mut command = Command::new(command);
    command.args(words).arg(path).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn levels(gate: &gate::Gate, turn: i64) -> Batch {
    // Noise, so that no codec makes room.
    let value = |n: i64| ((turn * 2000 + n) as f64 * 12.9898).sin();
    let list =
        (0..2000).map(|n| town::level(1 + u32::try_from(n % 8).unwrap(), turn * 1000 + n / 8, value(n))).collect();
    town::batch(gate, "water", list, turn * 2000 + H)
}

fn note(gate: &gate::Gate, turn: i64) -> Batch {
    let alert = AlertId("water~datastream_1~1714446000000".into());
    let note = Acknowledgement { alert, role: "duty_officer".into(), note: "seen, on the way to the gauge".into() };
    town::batch(gate, "control-room", vec![Candidate::Acknowledgement(note)], turn * 2000 + H)
}

#[test]
fn on_a_full_disk_notes_go_on_and_telemetry_comes_back_with_the_room() {
    let Some(small) = Small::new() else {
        let why = "this machine lets no test mount a file system";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("SKIPPED: {why}; the limit on the file has to do");
        return;
    };
    let path = small.0.path().join("town.db");
    let filler = small.0.path().join("filler");
    std::fs::write(&filler, vec![1; 8 << 20]).unwrap();
    let gate = town::gate();
    let mut store = Store::open(&path).unwrap();
    let mut turn = 0;
    let mut stored = 0;
    loop {
        match store.commit(vec![levels(&gate, turn)]) {
            Ok(group) => stored += group.batches[0].tally.stored,
            Err(error) => {
                assert!(matches!(error, StoreError::Full), "{error}");
                break;
            }
        }
        turn += 1;
        assert!(turn < 10_000, "the disk never filled");
    }
    assert!(stored > 100_000, "{stored}");
    assert!(store.is_full() && !store.has_failed());
    // Hours of a busy night.
    for _ in 0..500 {
        turn += 1;
        let group = store.commit(vec![levels(&gate, turn), note(&gate, turn)]).unwrap();
        assert_eq!((group.batches[0].full, group.batches[1].full, group.rows.len()), (true, false, 1));
        store.plan_seal(town::at(turn * 2000)).unwrap();
    }
    assert_eq!(store.read().count_all(), stored);
    drop(store);
    let mut store = Store::open(&path).unwrap();
    assert_eq!(store.read().count_all(), stored);
    store.commit(vec![note(&gate, turn)]).unwrap();

    std::fs::remove_file(&filler).unwrap();
    turn += 1;
    let group = store.commit(vec![levels(&gate, turn)]).unwrap();
    assert_eq!(group.batches[0].tally.stored, 2000);
    assert!(!store.is_full());
    town::check_identity(store.read());
    assert_eq!(store.read().count_all(), stored + 2000);
}

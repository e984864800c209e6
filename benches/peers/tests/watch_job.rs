//! `watch-job` killed at any moment and started again counts what it would have counted.
#![allow(clippy::expect_used, reason = "a test that cannot run its program has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Twenty minutes of a hundred series, a snapshot every hundred seconds of them.
const WORDS: [&str; 2] = ["120000", "100"];
const EVERY: &str = "10000";
/// More than it should ever need: most of them kill it.
const STARTS_MAX: u64 = 1_000;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("watch-job-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn job(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watch-job"));
    command.args(WORDS).arg(state).arg(EVERY);
    command
}

/// Alerts and the event that it began at.
fn result(state: &Path) -> (u64, u64) {
    let output = job(state).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |name: &str| {
        let word = text.split_whitespace().find_map(|word| word.strip_prefix(name)).expect("a result");
        word.parse().expect("a number")
    };
    (number("alerts="), number("first="))
}

#[test]
fn killed_again_and_again_it_counts_the_same() {
    let folder = Folder::new("kill");
    let (whole, first) = result(&folder.0.join("whole"));
    assert!(whole > 0 && first == 0, "{whole} alerts from event {first} on");
    let state = folder.0.join("killed");
    let (mut kills, mut ended) = (0, false);
    for start in 0..STARTS_MAX {
        let mut child = job(&state).stdout(Stdio::null()).spawn().expect("the program starts");
        // From 1 to 61 ms, spread: some before the first snapshot of that start, some after many.
        std::thread::sleep(Duration::from_millis(1 + start * 37 % 61));
        child.kill().expect("it was not waited for yet");
        if child.wait().expect("it was started").success() {
            ended = true;
            break;
        }
        kills += 1;
    }
    let (alerts, first) = result(&state);
    assert!(kills > 0, "it was never killed");
    assert!(ended || first > 0, "{kills} kills, and nothing was kept");
    assert_eq!(alerts, whole, "after {kills} kills; the last start began at event {first}");
}

#[test]
fn a_state_of_another_stream_is_refused() {
    let folder = Folder::new("other");
    let state = folder.0.join("state");
    result(&state);
    let output = Command::new(env!("CARGO_BIN_EXE_watch-job")).args(["240000", "100"]).arg(&state).output();
    let output = output.expect("the program runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another stream"));
}

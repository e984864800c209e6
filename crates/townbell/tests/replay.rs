//! The same hours give the same alerts, byte for byte, at any speed.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;

use std::path::Path;
use std::process::Command;

/// Six hours in which the lake rises, warnings are in force and the buses of the sample timetable run.
const FROM: &str = "2024-04-30T12:00:00-03:00";
const TO: &str = "2024-04-30T18:00:00-03:00";

fn alerts_at(speed: &str, folder: &Path) -> Vec<u8> {
    let file = folder.join(format!("alerts-{speed}.jsonl"));
    let status = Command::new(env!("CARGO_BIN_EXE_townbell"))
        .arg("replay")
        .arg(house::demo())
        .args(["--from", FROM, "--to", TO, "--speed", speed])
        .arg("--data")
        .arg(folder.join(format!("data-{speed}-{}", rand_name())))
        .arg("--alerts")
        .arg(&file)
        .status()
        .expect("the binary runs");
    assert!(status.success());
    std::fs::read(&file).expect("the alerts")
}

/// A name that no other run in this process has.
fn rand_name() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[test]
fn twice_at_full_speed_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = alerts_at("0", folder.path());
    assert!(!first.is_empty(), "nothing rang, so nothing was compared");
    assert_eq!(first, alerts_at("0", folder.path()));
}

/// Takes six minutes by nature; it mostly sleeps.
#[test]
fn sixty_times_and_full_speed_are_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let fast = alerts_at("0", folder.path());
    assert!(!fast.is_empty(), "nothing rang, so nothing was compared");
    assert_eq!(fast, alerts_at("60", folder.path()));
}

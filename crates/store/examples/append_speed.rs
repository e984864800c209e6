//! How many records a second go through gate and store to the disk: `cargo run --release -p store --example append_speed`.
//! One writer, batches of 200, each batch its own acknowledgement; then the same with as many in one commit as wait.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench reads the clock and prints"
)]

#[path = "../tests/town/mod.rs"]
mod town;

use std::time::Instant;

use store::Store;

const BATCHES: i64 = 2_000;
const RECORDS: i64 = 200;

fn main() {
    let folder = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned())).unwrap();
    let gate = town::gate();
    for kind in ["water", "bus-positions"] {
        for group in [1_usize, 16] {
            let path = folder.path().join(format!("{kind}-{group}.db"));
            let mut store = Store::open(&path).unwrap();
            let mut waiting = Vec::new();
            let start = Instant::now();
            let (mut in_store, mut stored) = (std::time::Duration::ZERO, 0);
            for number in 0..BATCHES {
                let candidate = |i: i64| match kind {
                    "water" => town::level(1 + u32::try_from(i % 8).unwrap(), number * 1000 + i, i as f64 / 100.0),
                    _ => town::position(&format!("trip-{i}"), number * 1000),
                };
                let list = (0..RECORDS).map(candidate).collect();
                waiting.push(town::batch(&gate, kind, list, number * 1000));
                if waiting.len() == group {
                    let before = Instant::now();
                    let all = store.commit(std::mem::take(&mut waiting)).unwrap();
                    in_store += before.elapsed();
                    stored += all.iter().map(|c| c.records.len()).sum::<usize>();
                }
            }
            let rate = |seconds: f64| stored as f64 / seconds;
            let (whole, alone) = (start.elapsed().as_secs_f64(), in_store.as_secs_f64());
            println!(
                "{kind:14} {group:2} a commit: {stored} records, {:.0}/s in all, {:.0}/s in the store",
                rate(whole),
                rate(alone)
            );
            if group == 1 {
                let before = Instant::now();
                let sealed = store.seal(town::at(86_400_000 * 2)).unwrap();
                println!("{:14} sealed {sealed} points in {:.0} ms", "", before.elapsed().as_secs_f64() * 1e3);
            }
            drop(store);
            let before = Instant::now();
            drop(Store::open(&path).unwrap());
            println!("{:14} opened again in {:.0} ms", "", before.elapsed().as_secs_f64() * 1e3);
        }
    }
}

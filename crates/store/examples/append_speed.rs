//! What the store costs, in rows a second and microseconds of CPU a row:
//! `cargo run --release -p store --example append_speed -- FOLDER [big] [small] [one] [air CSV.GZ-FOLDER-AS-TEXT] [wide]`.
//! The CPU is that of the thread that commits; sealing is measured apart, as it runs beside.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a bench reads the clock and prints"
)]

#[path = "../tests/town/mod.rs"]
mod town;

use std::path::Path;
use std::time::Instant;

use city::{Datastream, DatastreamId, Observation, Observations};
use gate::Gate;
use store::{Batch, Reader, RowQuery, Store};

const MINUTE_MS: i64 = 60_000;

fn main() {
    let mut words = std::env::args().skip(1);
    let folder = tempfile::tempdir_in(words.next().unwrap_or_else(|| ".".to_owned())).unwrap();
    let words: Vec<String> = words.collect();
    let asked = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    if asked("big") {
        ingest(folder.path(), "big", 10_000, 100, 5_000, 1);
        ingest(folder.path(), "big, 4 together", 10_000, 100, 5_000, 4);
    }
    if asked("small") {
        ingest(folder.path(), "small, 8 together", 10_000, 8, 10, 8);
    }
    if asked("one") {
        ingest(folder.path(), "one", 100, 50, 1, 1);
    }
    if let Some(place) = words.iter().position(|word| word == "air") {
        air(folder.path(), Path::new(&words[place + 1]));
    }
    if words.iter().any(|word| word == "wide") {
        let minutes = words.last().and_then(|word| word.parse().ok()).unwrap_or(4_000);
        wide(folder.path(), 50_000, minutes);
    }
}

fn gate(series: u32) -> Gate {
    let mut policy = town::policy();
    let model = policy.datastreams[0].clone();
    policy.datastreams = (1..=series).map(|id| Datastream { id: DatastreamId(id), ..model.clone() }).collect();
    policy.observed_properties[0].max = 1e9;
    policy.observed_properties[0].min = -1e9;
    Gate::new(policy).unwrap()
}

fn batch(gate: &Gate, rows: &Observations, now_ms: i64) -> Batch {
    let feed = town::feed("water");
    let admission = gate.admit_observations(&feed, rows, town::at(now_ms)).unwrap();
    Batch::new(feed, admission).unwrap()
}

/// Nanoseconds that this thread was on a CPU.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

/// A slow wave with noise, to one decimal.
fn value(series: u32, minute: i64) -> f64 {
    let mixed = (u64::from(series) << 32 | minute as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
    let wave = ((minute as f64 / 240.0 + f64::from(series)).sin() * 200.0).round() as i64;
    (wave + mixed as i64) as f64 / 10.0
}

/// `minutes` of each series in batches of `rows`, `together` of them in one commit.
fn ingest(folder: &Path, name: &str, series: u32, minutes: i64, rows: usize, together: usize) {
    let path = folder.join(format!("{}.db", name.replace([' ', ','], "-")));
    let gate = gate(series);
    let mut store = Store::open(&path).unwrap();
    let (mut waiting, mut filling) = (Vec::new(), Observations::with_capacity(rows));
    let (mut wall, mut cpu, mut commits, mut times) = (0.0, 0, 0_u64, Vec::new());
    let mut commit = |store: &mut Store, waiting: &mut Vec<Batch>| {
        let (before, before_cpu) = (Instant::now(), cpu_ns());
        store.commit(std::mem::take(waiting)).unwrap();
        cpu += cpu_ns() - before_cpu;
        let took = before.elapsed().as_secs_f64();
        wall += took;
        times.push(took * 1e3);
        commits += 1;
    };
    for minute in 0..minutes {
        for id in 1..=series {
            let phenomenon_time = town::at(minute * MINUTE_MS);
            filling.push(Observation { datastream: DatastreamId(id), phenomenon_time, result: value(id, minute) });
            if filling.len() == rows {
                let rows = std::mem::replace(&mut filling, Observations::with_capacity(rows));
                waiting.push(batch(&gate, &rows, minute * MINUTE_MS));
                if waiting.len() == together {
                    commit(&mut store, &mut waiting);
                }
            }
        }
    }
    let stored = store.read().count_all() as f64;
    times.sort_by(f64::total_cmp);
    let quantile = |q: f64| times[((times.len() - 1) as f64 * q) as usize];
    println!(
        "{name}: {:.0} rows/s in the store, {:.3} us CPU a row, {commits} commits, p50 {:.2} ms, p99 {:.2} ms",
        stored / wall,
        cpu as f64 / stored / 1e3,
        quantile(0.5),
        quantile(0.99)
    );
    seal(&mut store, stored, &path);
    drop(store);
    let before = Instant::now();
    let store = Store::open(&path).unwrap();
    println!("  opened again in {:.0} ms", before.elapsed().as_secs_f64() * 1e3);
    reads(&store, series, minutes);
}

fn seal(store: &mut Store, stored: f64, path: &Path) {
    let (before, before_cpu) = (Instant::now(), cpu_ns());
    let sealed = store.seal(town::at(0)).unwrap();
    let cpu = cpu_ns() - before_cpu;
    println!(
        "  sealed {sealed} in {:.0} ms, {:.3} us CPU a row",
        before.elapsed().as_secs_f64() * 1e3,
        cpu as f64 / (sealed as f64).max(1.0) / 1e3
    );
    store.checkpoint().unwrap();
    let bytes = std::fs::metadata(path).unwrap().len() as f64;
    let figure = |text: &str| -> f64 {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.query_row(text, [], |row| row.get::<_, i64>(0)).unwrap() as f64
    };
    let connection = rusqlite::Connection::open(path).unwrap();
    let text = "SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 4";
    let mut statement = connection.prepare(text).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (name, bytes, unused): (String, f64, f64) = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        println!("    {name}: {:.3} bytes an observation, {:.0} % unused", bytes / stored, unused / bytes * 100.0);
    }
    let free = figure("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size");
    let chunks = figure("SELECT count(*) FROM series_chunk");
    let packed = figure("SELECT sum(length(body)) FROM segment");
    println!(
        "  file {:.3} bytes an observation, without free pages {:.3}, segments alone {:.3}, {chunks} chunks",
        bytes / stored,
        (bytes - free) / stored,
        packed / stored
    );
}

fn reads(store: &Store, series: u32, minutes: i64) {
    let reader: &Reader = store.read();
    let timed = |name: &str, mut read: Box<dyn FnMut(u32) -> usize + '_>| {
        let mut took: Vec<f64> = (0..200_u32)
            .map(|turn| {
                let before = Instant::now();
                assert!(read(1 + turn * 7919 % series) > 0, "{name}");
                before.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        took.sort_by(f64::total_cmp);
        println!("  {name}: p50 {:.0} us, p99 {:.0} us", took[100], took[198]);
    };
    let (from, to) = (town::at(0), town::at(minutes * MINUTE_MS));
    let day = town::at((minutes - 1_440).max(0) * MINUTE_MS);
    timed("latest of all", Box::new(|_| reader.latest().unwrap().len()));
    timed("range of a day", Box::new(|id| reader.range(DatastreamId(id), day, to).unwrap().len()));
    let hour = city::Span::h(1);
    timed("hourly means", Box::new(|id| reader.downsample_every(DatastreamId(id), from, to, hour).unwrap().len()));
    timed("count", Box::new(|id| reader.count(DatastreamId(id)) as usize));
    let newest = RowQuery { descending: true, ..RowQuery::default() };
    timed("newest row", Box::new(move |id| reader.rows(DatastreamId(id), newest).take(1).count()));
}

/// Hourly air quality of Beijing (the columns PM2.5 to O3 and TEMP to WSPM of the PRSA files, unpacked), laid out as
/// 1,000 series of 4,000 minutes.
fn air(folder: &Path, files: &Path) {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut names: Vec<_> = std::fs::read_dir(files).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for file in names.iter().filter(|name| name.extension().is_some_and(|ending| ending == "csv")) {
        let text = std::fs::read_to_string(file).unwrap();
        let mut of_file = vec![Vec::new(); 11];
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let wanted = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16];
            for (column, cell) in of_file.iter_mut().zip(wanted) {
                column.extend(cells[cell].parse::<f64>().ok());
            }
        }
        columns.extend(of_file);
    }
    let parts: Vec<&[f64]> = columns.iter().flat_map(|column| column.chunks_exact(4_000)).take(1_000).collect();
    let (series, path) = (parts.len() as u32, folder.join("air.db"));
    let gate = gate(series);
    let mut store = Store::open(&path).unwrap();
    let (mut cpu, mut beside, mut rows) = (0, 0, Observations::with_capacity(5_000));
    for minute in 0..4_000_i64 {
        for (id, part) in (1..).zip(&parts) {
            let phenomenon_time = town::at(minute * MINUTE_MS);
            rows.push(Observation { datastream: DatastreamId(id), phenomenon_time, result: part[minute as usize] });
            if rows.len() == 5_000 {
                let batch = batch(&gate, &std::mem::take(&mut rows), minute * MINUTE_MS);
                let before = cpu_ns();
                store.commit(vec![batch]).unwrap();
                cpu += cpu_ns() - before;
                let (at_desk, at_side) = seal_beside(&mut store, minute);
                cpu += at_desk;
                beside += at_side;
            }
        }
    }
    let stored = store.read().count_all() as f64;
    println!(
        "air: {series} series, {stored} rows, CPU a row: {:.3} us at the desk, {:.3} us beside it",
        cpu as f64 / stored / 1e3,
        beside as f64 / stored / 1e3
    );
    seal(&mut store, stored, &path);
    reads(&store, series, 4_000);
}

/// What the desk does after a commit; gives the CPU of the desk and of the work beside it.
fn seal_beside(store: &mut Store, minute: i64) -> (u64, u64) {
    let (mut desk, mut beside) = (0, 0);
    let before = cpu_ns();
    let plan = store.plan_seal(town::at(minute * MINUTE_MS)).unwrap();
    desk += cpu_ns() - before;
    let Some(mut plan) = plan else { return (desk, beside) };
    loop {
        let before = cpu_ns();
        let slice = plan.next_slice().unwrap();
        beside += cpu_ns() - before;
        let Some(slice) = slice else { return (desk, beside) };
        let before = cpu_ns();
        store.write_sealed(slice).unwrap();
        desk += cpu_ns() - before;
    }
}

/// Many series for long: memory, file, start and reads.
fn wide(folder: &Path, series: u32, minutes: i64) {
    let path = folder.join("wide.db");
    let gate = gate(series);
    let mut store = Store::open(&path).unwrap();
    let (mut desk, mut beside) = (0, 0);
    let start = Instant::now();
    for minute in 0..minutes {
        let mut rows = Observations::with_capacity(5_000);
        for id in 1..=series {
            let phenomenon_time = town::at(minute * MINUTE_MS);
            rows.push(Observation { datastream: DatastreamId(id), phenomenon_time, result: value(id, minute) });
            if rows.len() == 5_000 || id == series {
                let batch = batch(&gate, &std::mem::take(&mut rows), minute * MINUTE_MS);
                let before = cpu_ns();
                store.commit(vec![batch]).unwrap();
                desk += cpu_ns() - before;
            }
        }
        let (at_desk, at_side) = seal_beside(&mut store, minute);
        desk += at_desk;
        beside += at_side;
    }
    let stored = store.read().count_all() as f64;
    println!(
        "wide: {series} series, {stored} rows in {:.0} s; CPU a row: {:.3} us at the desk, {:.3} us beside it; {}",
        start.elapsed().as_secs_f64(),
        desk as f64 / stored / 1e3,
        beside as f64 / stored / 1e3,
        memory()
    );
    seal(&mut store, stored, &path);
    drop(store);
    let before = Instant::now();
    let store = Store::open(&path).unwrap();
    println!("  opened again in {:.0} ms; {}", before.elapsed().as_secs_f64() * 1e3, memory());
    reads(&store, series, minutes);
}

fn memory() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}

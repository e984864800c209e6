//! `peers scale`: Townbell alone, on a generated city that it keeps, so that a start on full data can be measured.

use std::fs;

use anyhow::{Context, ensure};

use crate::ask::{self, Ask, Shape};
use crate::connection::Connection;
use crate::data::Source;
use crate::encode::Dialect;
use crate::load::{Measured, Workload, stream};
use crate::peer::Peer;
use crate::query::{Pass, measure};
use crate::report::{figure, machine, table};
use crate::server::{Server, free_address};
use crate::{Options, townbell};

/// What was measured of one shape.
struct Grown {
    shape: Shape,
    load: Measured,
    /// Resident memory after the load at rest, and at most, in MiB.
    loaded_mib: (f64, f64),
    /// From the start of the process on full data until it was healthy.
    start_s: f64,
    /// Resident memory after that start and all questions, in MiB.
    restarted_mib: f64,
    disk_bytes: u64,
    reads: Vec<(Ask, Pass)>,
}

/// Measures and gives the section of Markdown.
pub(crate) fn section(options: &Options) -> anyhow::Result<String> {
    let source = Source::open(&options.data)?;
    let head = machine(&options.places, &source.words);
    let mut grown = Vec::new();
    for (series, minutes) in &options.shapes {
        let found = grow(*series, *minutes, options, &source).with_context(|| format!("{series} x {minutes}"))?;
        eprintln!("{series} x {minutes}: {:.0} obs/s, start {:.2} s", found.load.rate(), found.start_s);
        grown.push(found);
    }
    let version = Peer::Townbell.version(&options.places);
    Ok(format!(
        "## How it grows\n{head}\n{version} on a generated city: one thing and one datastream a series; {}. After the load the \
         server was left alone until its folder kept its size, then stopped and started again; the reads were asked after that start, \
         over one connection, and every answer was checked.\n\n{}",
        "5,000 observations a request over two connections, durable, encoded as they are sent",
        grown_table(&grown)
    ))
}

fn grow(series: u32, minutes: u32, options: &Options, source: &Source) -> anyhow::Result<Grown> {
    let folder = options.places.work.join("scale");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (city, data) = (folder.join("city"), folder.join("data"));
    fs::create_dir_all(&data)?;
    let ids = townbell::write_city(&city, series)?;
    let start = |log: &str| -> anyhow::Result<Server> {
        townbell::start_city(&options.places.townbell, &city, free_address()?, &data, &folder.join(log))
    };
    let server = start("log-load")?;
    let rows = series as usize * minutes as usize;
    let work =
        Workload { name: "scale", series, first_minute: 0, block_minutes: 10, rows, batch: 5_000, connections: 2 };
    ensure!(
        work.sent() == rows && minutes.is_multiple_of(work.block_minutes),
        "{series} x {minutes} is no whole number of requests"
    );
    let load = stream(&work, Peer::Townbell, &server, &Dialect::DataArray(ids.clone()), source)?;
    let disk_bytes = Peer::Townbell.settle(&server)?;
    let loaded_mib = server.memory_mib();
    // Stopped, then started on what it kept.
    drop(server);
    let server = start("log-start")?;
    let shape = Shape { series, minutes, ids };
    let mut connection = Connection::open(Peer::Townbell.speech(), &server.host)?;
    let mut reads = Vec::new();
    for (ask, times) in ask::ALL {
        let pass = measure(ask, times, Peer::Townbell, &server, &mut connection, &shape, source);
        reads.push((ask, pass.with_context(|| format!("{ask:?}"))?));
    }
    let (start_s, restarted_mib) = (server.start_s, server.memory_mib().0);
    Ok(Grown { shape, load, loaded_mib, start_s, restarted_mib, disk_bytes, reads })
}

fn grown_table(grown: &[Grown]) -> String {
    let mut head = vec!["what".to_owned()];
    head.extend(grown.iter().map(|one| format!("{} x {}", one.shape.series, one.shape.minutes)));
    if let [first, .., last] = grown {
        head.push(format!(
            "{0} x {1} / {2} x {3}",
            last.shape.series, last.shape.minutes, first.shape.series, first.shape.minutes
        ));
    }
    let mut rows = Vec::new();
    let mut row = |what: String, value: &dyn Fn(&Grown) -> f64| {
        let values: Vec<f64> = grown.iter().map(value).collect();
        let mut cells = vec![what];
        cells.extend(values.iter().map(|value| figure(*value)));
        if let [first, .., last] = values.as_slice() {
            cells.push(format!("{} times", figure(last / first)));
        }
        rows.push(cells);
    };
    row("observations".into(), &|one| one.load.rows);
    row("observations/s".into(), &|one| one.load.rate());
    row("server CPU, us each".into(), &|one| one.load.cpu_us());
    row("acknowledged in ms, p99".into(), &|one| one.load.p99_ms);
    row("memory after the load, MiB".into(), &|one| one.loaded_mib.0);
    row("highest memory, MiB".into(), &|one| one.loaded_mib.1);
    row("data folder, MiB".into(), &|one| one.disk_bytes as f64 / f64::from(1 << 20));
    row("bytes each on disk".into(), &|one| one.disk_bytes as f64 / one.load.rows);
    row("start until healthy, s".into(), &|one| one.start_s);
    row("memory after start and reads, MiB".into(), &|one| one.restarted_mib);
    for (n, (ask, _)) in ask::ALL.into_iter().enumerate() {
        let title = grown.last().map_or(String::new(), |one| ask.title(&one.shape));
        row(format!("{title}: p50 ms"), &|one| one.reads[n].1.p50_ms);
        row(format!("{title}: p99 ms"), &|one| one.reads[n].1.p99_ms);
    }
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    table(&head, &rows)
}

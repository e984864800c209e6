//! `peers ingest`: the same observations into every server, interleaved over rounds, a fresh server each time.
//!
//! The ceilings stand in the tables of the short workloads, for information: no goal is measured against them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};

use crate::data::Source;
use crate::load::{Measured, Workload, run};
use crate::peer::{Peer, Way};
use crate::report::{Goal, figure, goals, machine, median, peers, spread, table};
use crate::server::Server;
use crate::{Options, townbell};

/// Minutes from one workload to the next on the same server: further apart than any of them is long.
const APART_MINUTES: u32 = 100_000;
/// Minutes between two ways to send the same workload.
const WAYS_APART_MINUTES: u32 = 50_000;
/// Datastreams on one thing: a station has some.
const PER_THING: u32 = 100;

const BIG: Workload = Workload {
    name: "big",
    series: 10_000,
    first_minute: 0,
    block_minutes: 1,
    rows: 1_000_000,
    batch: 5_000,
    connections: 2,
};
/// Short: half of it is the first report of a series that day, which costs some servers more than the others do.
const SMALL: Workload =
    Workload { name: "small", first_minute: APART_MINUTES, rows: 20_000, batch: 10, connections: 8, ..BIG };
/// The same for longer.
const STEADY: Workload = Workload { name: "small and steady", first_minute: 2 * APART_MINUTES, rows: 100_000, ..SMALL };
const ONE: Workload =
    Workload { name: "one", first_minute: 3 * APART_MINUTES, rows: 20_000, batch: 1, connections: 64, ..BIG };
/// Of the long workload only the best way of each server is measured: its files are those of one load.
const LONG_WAYS: usize = 1;
/// Few series and long ones; ten minutes of 500 series in a request. Also what the queries are asked about.
pub(crate) const LONG: Workload = Workload {
    name: "long",
    series: 1_000,
    first_minute: 0,
    block_minutes: 10,
    rows: 4_000_000,
    batch: 5_000,
    connections: 2,
};

/// One server in one round.
#[derive(Clone, Copy, Debug)]
struct Row {
    measured: Measured,
    /// With bringing to rest, microseconds of server CPU an observation. Only of the long workload.
    settled_cpu_us: f64,
    /// Of one observation, at rest. Only of the long workload.
    disk_bytes: f64,
}

type Figures = BTreeMap<(&'static str, &'static str), Vec<Row>>;

/// Measures and gives the section of Markdown.
pub(crate) fn section(options: &Options) -> anyhow::Result<String> {
    let source = Source::open(&options.data)?;
    let head = machine(&options.places, &source.words);
    let mut figures = Figures::new();
    for round in 1..=options.rounds {
        for peer in &options.peers {
            let all = one_round(*peer, options, &source).with_context(|| peer.name())?;
            for (workload, way, row) in all {
                eprintln!("round {round} {way} {workload}: {row:.2?}");
                figures.entry((workload, way)).or_default().push(row);
            }
        }
    }
    let mut out = format!("## Ingest, side by side\n{head}\nMedians of {} rounds [least..most].\n\n", options.rounds);
    out += &peers(&options.peers, &options.places);
    for work in [BIG, LONG, SMALL, STEADY, ONE] {
        out += &workload_table(&shortened(&work, options), &figures, options);
    }
    out += "\n### Goals\n";
    out += &goals(&all_goals(&figures));
    Ok(out)
}

/// Workloads by name; "steady" will do for the longest.
pub(crate) fn workloads<'a>(names: impl Iterator<Item = &'a str>) -> anyhow::Result<Vec<String>> {
    let known = |name: &str| {
        [BIG, LONG, SMALL, STEADY, ONE]
            .iter()
            .map(|work| work.name)
            .find(|known| *known == name || name == "steady" && known.ends_with(name))
    };
    names.map(|name| known(name).map(str::to_owned).with_context(|| format!("no workload {name:?}"))).collect()
}

fn shortened(work: &Workload, options: &Options) -> Workload {
    Workload { rows: (work.rows as f64 * options.share) as usize, ..work.clone() }
}

fn one_round(peer: Peer, options: &Options, source: &Source) -> anyhow::Result<Vec<(&'static str, &'static str, Row)>> {
    let mut out = Vec::new();
    let mut sent = 0;
    let (server, ids) = ready(peer, options, &BIG)?;
    let wanted =
        |work: &Workload| options.workloads.is_empty() || options.workloads.iter().any(|name| name == work.name);
    for mut work in [BIG, SMALL, STEADY, ONE].map(|work| shortened(&work, options)) {
        if !wanted(&work) {
            continue;
        }
        for way in peer.ways(work.batch, &ids) {
            let measured = run(&work, peer, &server, &way.dialect, source).context(work.name)?;
            out.push((work.name, way.title, Row { measured, settled_cpu_us: f64::NAN, disk_bytes: f64::NAN }));
            sent += work.sent() as u64;
            work.first_minute += WAYS_APART_MINUTES;
        }
    }
    if peer.is_ceiling() {
        return Ok(out);
    }
    all_there(peer, &server, sent)?;
    drop(server);
    if !wanted(&LONG) {
        return Ok(out);
    }
    let (server, ids) = ready(peer, options, &LONG)?;
    let work = shortened(&LONG, options);
    for way in peer.ways(work.batch, &ids).into_iter().take(LONG_WAYS) {
        let (rows, before) = (work.sent() as f64, server.cpu_s());
        let measured = run(&work, peer, &server, &way.dialect, source).context(work.name)?;
        let disk_bytes = peer.settle(&server)? as f64 / rows;
        let settled_cpu_us = (server.cpu_s() - before) * 1e6 / rows;
        all_there(peer, &server, work.sent() as u64)?;
        out.push((work.name, way.title, Row { measured, settled_cpu_us, disk_bytes }));
    }
    Ok(out)
}

/// A fresh server that knows the series.
fn ready(peer: Peer, options: &Options, work: &Workload) -> anyhow::Result<(Server, Arc<Vec<i64>>)> {
    let server = peer.start(&options.places)?;
    let ids = match peer {
        Peer::Townbell => townbell::create_datastreams(&server, work.series, PER_THING)?,
        // The bodies that Townbell gets, which numbers from 1.
        Peer::Ceiling | Peer::CeilingLog => Arc::new((1..=i64::from(work.series)).collect()),
        _ => Arc::default(),
    };
    Ok((server, ids))
}

fn all_there(peer: Peer, server: &Server, sent: u64) -> anyhow::Result<()> {
    let found = peer.count(server)?;
    ensure!(found == sent, "{sent} observations were acknowledged, {found} are there");
    Ok(())
}

fn workload_table(work: &Workload, figures: &Figures, options: &Options) -> String {
    let long = work.name == LONG.name;
    let mut head = vec!["server", "observations/s", "server CPU, us each", "acknowledged in ms, p50", "p99"];
    if long {
        head.extend(["CPU with settling, us each", "bytes each on disk"]);
    }
    let row = |way: Way| {
        let of = |value: fn(&Row) -> f64| spread(&column(figures, work.name, way.title, value));
        let mut row = vec![way.title.to_owned(), of(|row| row.measured.rate()), of(|row| row.measured.cpu_us())];
        row.extend([of(|row| row.measured.p50_ms), of(|row| row.measured.p99_ms)]);
        if long {
            row.extend([of(|row| row.settled_cpu_us), of(|row| row.disk_bytes)]);
        }
        row
    };
    let shown = options.peers.iter().filter(|peer| !(long && peer.is_ceiling()));
    let most = if long { LONG_WAYS } else { usize::MAX };
    let ways = shown.flat_map(|peer| peer.ways(work.batch, &Arc::default()).into_iter().take(most));
    let rows: Vec<Vec<String>> = ways.map(row).collect();
    let table = table(&head, &rows);
    format!("\n### {}: {}\n{table}{}", work.name, work.words(), beside_the_ceiling(work, figures))
}

/// How near Townbell comes to the ceiling that syncs, where both were measured: for information, it is no goal.
fn beside_the_ceiling(work: &Workload, figures: &Figures) -> String {
    let ratio = |value: fn(&Row) -> f64| {
        let of = |peer| middle(figures, work, peer, 0, value);
        of(Peer::Townbell) / of(Peer::CeilingLog)
    };
    let (rate, cpu) = (ratio(|row| row.measured.rate()), ratio(|row| row.measured.cpu_us()));
    if rate.is_nan() {
        return String::new();
    }
    format!("\nTownbell / axum and a synced log: {} of its rate, {} of its CPU.\n", figure(rate), figure(cpu))
}

fn column(figures: &Figures, workload: &'static str, way: &'static str, value: fn(&Row) -> f64) -> Vec<f64> {
    figures.get(&(workload, way)).into_iter().flatten().map(value).collect()
}

/// The middle figure of the n-th way to send a workload to a server; NaN when it was not measured.
fn middle(figures: &Figures, work: &Workload, peer: Peer, way: usize, value: fn(&Row) -> f64) -> f64 {
    let title = peer.ways(work.batch, &Arc::default()).get(way).map_or("", |way| way.title);
    median(&column(figures, work.name, title, value))
}

/// The goals of `make bench-ingest`.
fn all_goals(figures: &Figures) -> Vec<Goal> {
    let rate = |work: &Workload, peer: Peer, way: usize, bar: f64| {
        let of = |peer, way| middle(figures, work, peer, way, |row| row.measured.rate());
        let title = peer.ways(work.batch, &Arc::default()).get(way).map_or("", |way| way.title);
        let what = format!("{}: rate, times that of {title}", work.name);
        Goal { what, found: of(Peer::Townbell, 0) / of(peer, way), bar, more: true }
    };
    let ours = |work: &Workload, what: &str, bar: f64, value: fn(&Row) -> f64| {
        let what = format!("{}: {what}", work.name);
        Goal { what, found: middle(figures, work, Peer::Townbell, 0, value), bar, more: false }
    };
    let disk = |peer: Peer, bar: f64| {
        let of = |peer| middle(figures, &LONG, peer, 0, |row| row.disk_bytes);
        let what = format!("long: bytes on disk, times those of {}", peer.name());
        Goal { what, found: of(Peer::Townbell) / of(peer), bar, more: false }
    };
    let mut out = vec![
        rate(&BIG, Peer::VictoriaMetrics, 0, 1.5),
        rate(&BIG, Peer::Postgres, 0, 2.5),
        rate(&BIG, Peer::InfluxDb, 0, 2.5),
        rate(&LONG, Peer::VictoriaMetrics, 0, 1.5),
        rate(&LONG, Peer::Postgres, 0, 2.5),
    ];
    for work in [SMALL, STEADY] {
        out.push(rate(&work, Peer::Redis, 0, 2.0));
        out.push(rate(&work, Peer::Postgres, 0, 2.5));
        out.push(rate(&work, Peer::Postgres, 1, 2.5));
        out.push(rate(&work, Peer::VictoriaMetrics, 0, 0.8));
    }
    out.extend([
        rate(&ONE, Peer::Redis, 0, 1.0),
        rate(&ONE, Peer::Postgres, 0, 3.5),
        rate(&ONE, Peer::Postgres, 1, 3.5),
        ours(&ONE, "acknowledged in ms, p99", 10.0, |row| row.measured.p99_ms),
        ours(&BIG, "server CPU, us each", 1.0, |row| row.measured.cpu_us()),
        ours(&LONG, "server CPU, us each", 1.0, |row| row.measured.cpu_us()),
        ours(&LONG, "server CPU with settling, us each", 1.0, |row| row.settled_cpu_us),
        ours(&LONG, "bytes each on disk", 1.15, |row| row.disk_bytes),
        disk(Peer::VictoriaMetrics, 1.0),
        disk(Peer::InfluxDb, 0.1),
        disk(Peer::Postgres, 1.0 / 70.0),
    ]);
    out
}

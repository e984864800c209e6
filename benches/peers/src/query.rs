//! `peers query`: the five reads, asked by one client over one connection; every answer is checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;

use crate::ask::{self, Ask, Rows, Shape, prepare};
use crate::connection::Connection;
use crate::data::Source;
use crate::ingest::LONG;
use crate::load::{Workload, run};
use crate::peer::Peer;
use crate::report::{Goal, goals, machine, median, peers, share, spread, table};
use crate::server::{Server, now};
use crate::{Options, townbell};

/// What one pass of one kind of question took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// The middle, in ms.
    pub(crate) p50_ms: f64,
    /// One in a hundred takes longer.
    pub(crate) p99_ms: f64,
    /// Server CPU of one answer, in ms.
    pub(crate) cpu_ms: f64,
    /// Bytes of one answer, without heads.
    pub(crate) answer_bytes: f64,
}

struct Loaded {
    peer: Peer,
    server: Server,
    shape: Shape,
}

/// Measures and gives the section of Markdown.
pub(crate) fn section(options: &Options) -> anyhow::Result<String> {
    let source = Source::open(&options.data)?;
    let head = machine(&options.places, &source.words);
    let asked: Vec<Peer> = options.peers.iter().copied().filter(|peer| Ask::Latest.fits(*peer)).collect();
    let work = Workload { rows: (LONG.rows as f64 * options.share) as usize, ..LONG };
    let mut loaded = Vec::new();
    for peer in &asked {
        loaded.push(load(*peer, &work, options, &source).with_context(|| peer.name())?);
    }
    let mut figures: BTreeMap<(usize, &str), Vec<Pass>> = BTreeMap::new();
    for round in 1..=options.rounds {
        for Loaded { peer, server, shape } in &loaded {
            let connection = &mut connect(*peer, server, shape)?;
            for (n, (ask, times)) in ask::ALL.into_iter().enumerate().filter(|(_, (ask, _))| ask.fits(*peer)) {
                let pass = measure(ask, times, *peer, server, connection, shape, &source);
                let pass = pass.with_context(|| format!("{}: {ask:?}", peer.name()))?;
                eprintln!("round {round} {} {ask:?}: {pass:.3?}", peer.name());
                figures.entry((n, peer.name())).or_default().push(pass);
            }
        }
    }
    let mut out = format!(
        "## Queries, side by side\n{head}\n{}, loaded through each server's own interface and brought to rest. One \
         client, one connection; medians of {} passes [least..most]. Every answer was checked against what was sent.\n\n",
        work.words(),
        options.rounds
    );
    out += &peers(&asked, &options.places);
    let shape = Shape { series: work.series, minutes: minutes(&work), ids: Arc::default() };
    let mut rows = Vec::new();
    for (n, (ask, _)) in ask::ALL.into_iter().enumerate() {
        for peer in &asked {
            let passes = figures.get(&(n, peer.name())).cloned().unwrap_or_default();
            let of = |value: fn(&Pass) -> f64| spread(&passes.iter().map(value).collect::<Vec<_>>());
            let cells = [of(|pass| pass.p50_ms), of(|pass| pass.p99_ms), of(|pass| pass.cpu_ms)];
            let bytes = spread(&passes.first().map(|pass| pass.answer_bytes).into_iter().collect::<Vec<_>>());
            if ask.fits(*peer) {
                rows.push([&[ask.title(&shape), peer.name().into()], &cells[..], &[bytes]].concat());
            }
        }
    }
    out += "\n";
    out += &table(&["read", "server", "p50 ms", "p99 ms", "server CPU ms", "bytes of an answer"], &rows);
    out += "\nVictoriaMetrics and InfluxDB know no places: the box cannot be asked of them.\n\n### Goals\n";
    let p50 = |ask: Ask, peer: Peer| {
        let n = ask::ALL.iter().position(|(kind, _)| *kind == ask).unwrap_or_default();
        let passes = figures.get(&(n, peer.name())).cloned().unwrap_or_default();
        median(&passes.iter().map(|pass| pass.p50_ms).collect::<Vec<_>>())
    };
    let ratio = |ask: Ask, peer: Peer, bar: f64| Goal {
        what: format!("{}: p50, times that of {}", ask.title(&shape), peer.name()),
        found: p50(ask, Peer::Townbell) / p50(ask, peer),
        bar,
        more: false,
    };
    out += &goals(&[
        ratio(Ask::Range, Peer::VictoriaMetrics, 1.0),
        ratio(Ask::Range, Peer::InfluxDb, 0.25),
        ratio(Ask::Latest, Peer::VictoriaMetrics, 0.1),
        ratio(Ask::Latest, Peer::Postgres, 0.2),
        ratio(Ask::Box, Peer::Postgres, 0.1),
    ]);
    Ok(out)
}

fn minutes(work: &Workload) -> u32 {
    (work.sent() / work.series as usize) as u32
}

fn load(peer: Peer, work: &Workload, options: &Options, source: &Source) -> anyhow::Result<Loaded> {
    let server = peer.start(&options.places)?;
    let ids = match peer {
        Peer::Townbell => townbell::create_datastreams(&server, work.series, 1)?,
        _ => Arc::default(),
    };
    for way in peer.ways(work.batch, &ids) {
        run(work, peer, &server, &way.dialect, source)?;
    }
    peer.settle(&server)?;
    let shape = Shape { series: work.series, minutes: minutes(work), ids };
    Ok(Loaded { peer, server, shape })
}

/// A connection for one pass: some servers close one that was silent while the others were asked.
fn connect(peer: Peer, server: &Server, shape: &Shape) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(peer.speech(), &server.host)?;
    if peer == Peer::Postgres {
        prepare(&mut connection, shape)?;
    }
    Ok(connection)
}

/// Asks so many questions of a kind, and checks every answer when the clock stands still.
pub(crate) fn measure(
    ask: Ask,
    times: u64,
    peer: Peer,
    server: &Server,
    connection: &mut Connection,
    shape: &Shape,
    source: &Source,
) -> anyhow::Result<Pass> {
    let (mut waits_ms, mut bytes, mut cpu_s) = (Vec::new(), 0, 0.0);
    let mut answers: Vec<(ask::Question, Vec<u8>)> = Vec::new();
    for n in 0..times {
        let question = ask.question(n, shape);
        let request = question.request(peer, &server.host, shape)?;
        answers.push((question, request));
    }
    let before = server.cpu_s();
    for (_, kept) in &mut answers {
        let began = now();
        connection.exchange(kept, 1)?;
        waits_ms.push(began.elapsed().as_secs_f64() * 1e3);
        bytes += connection.answer.len();
        kept.clone_from(&connection.answer);
    }
    cpu_s += server.cpu_s() - before;
    for (question, answer) in &answers {
        let found: Rows = question.rows(peer, answer, shape)?;
        question.check(&found, &question.truth(source, shape))?;
    }
    let each = times as f64;
    Ok(Pass {
        p50_ms: share(&mut waits_ms, 0.5),
        p99_ms: share(&mut waits_ms, 0.99),
        cpu_ms: cpu_s * 1e3 / each,
        answer_bytes: bytes as f64 / each,
    })
}

//! Sends observations over several connections and measures: rate, the server's CPU, how long an acknowledgement takes.

use std::sync::Barrier;

use anyhow::{Context, ensure};

use crate::connection::Connection;
use crate::data::{Observation, Source};
use crate::encode::{Dialect, Request, insert_statement, request};
use crate::peer::Peer;
use crate::report::share;
use crate::server::{Server, now};

/// What is sent, and how it is cut into requests.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// Series; each belongs to one connection.
    pub(crate) series: u32,
    /// First minute: a later workload never repeats an observation of an earlier one.
    pub(crate) first_minute: u32,
    /// Minutes of one series that stand together in a request: a gateway that sends every so often.
    pub(crate) block_minutes: u32,
    /// Observations in all; rounded down to whole requests on every connection.
    pub(crate) rows: usize,
    /// Observations in a request.
    pub(crate) batch: usize,
    /// Connections, each with one request under way.
    pub(crate) connections: u32,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    /// Observations that were acknowledged.
    pub(crate) rows: f64,
    /// From the first request to the last acknowledgement.
    pub(crate) wall_s: f64,
    /// User and system time of the server meanwhile.
    pub(crate) server_cpu_s: f64,
    /// From the first byte of a request to the last of its acknowledgement: the middle, in ms.
    pub(crate) p50_ms: f64,
    /// The same: one in a hundred takes longer.
    pub(crate) p99_ms: f64,
}

impl Measured {
    /// Observations a second.
    pub(crate) fn rate(&self) -> f64 {
        self.rows / self.wall_s
    }

    /// Server CPU of one observation, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.server_cpu_s * 1e6 / self.rows
    }
}

impl Workload {
    fn rows_of_one(&self) -> usize {
        self.rows / self.connections as usize / self.batch * self.batch
    }

    /// Observations that are sent.
    pub(crate) fn sent(&self) -> usize {
        self.rows_of_one() * self.connections as usize
    }

    /// Its part in words.
    pub(crate) fn words(&self) -> String {
        format!(
            "{} observations of {} series, {} a request, {} connections",
            self.sent(),
            self.series,
            self.batch,
            self.connections
        )
    }

    /// The observations of one connection in the order of their requests.
    pub(crate) fn observations<'a>(
        &'a self,
        source: &'a Source,
        connection: u32,
    ) -> impl Iterator<Item = Observation> + 'a {
        let block = self.block_minutes;
        let minutes = (self.first_minute..).step_by(block as usize);
        let own = move |first: u32| {
            let series = (connection..self.series).step_by(self.connections as usize);
            series.flat_map(move |series| (first..first + block).map(move |minute| source.at(series, minute)))
        };
        minutes.flat_map(own).take(self.rows_of_one())
    }
}

/// Sends a workload whose requests were all encoded before the clock started.
pub(crate) fn run(
    work: &Workload,
    peer: Peer,
    server: &Server,
    dialect: &Dialect,
    source: &Source,
) -> anyhow::Result<Measured> {
    let requests = |connection: u32| -> Vec<Request> {
        let mut observations = work.observations(source, connection);
        batches(&mut observations, work.batch, dialect, &server.host).collect()
    };
    let mut lanes = Vec::new();
    for connection in 0..work.connections {
        lanes.push((open(peer, server, dialect, work.batch)?, requests(connection).into_iter()));
    }
    send(lanes, server)
}

/// The same in bounded memory: each request is encoded when it is its turn.
pub(crate) fn stream(
    work: &Workload,
    peer: Peer,
    server: &Server,
    dialect: &Dialect,
    source: &Source,
) -> anyhow::Result<Measured> {
    let mut lanes = Vec::new();
    for connection in 0..work.connections {
        let observations = work.observations(source, connection);
        let requests = batches(observations, work.batch, dialect, &server.host);
        lanes.push((open(peer, server, dialect, work.batch)?, requests));
    }
    send(lanes, server)
}

fn batches<'a>(
    mut observations: impl Iterator<Item = Observation> + 'a,
    size: usize,
    dialect: &'a Dialect,
    host: &'a str,
) -> impl Iterator<Item = Request> + 'a {
    let next = move || {
        let batch: Vec<Observation> = observations.by_ref().take(size).collect();
        (!batch.is_empty()).then(|| request(dialect, host, &batch))
    };
    std::iter::from_fn(next)
}

fn open(peer: Peer, server: &Server, dialect: &Dialect, batch: usize) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(peer.speech(), &server.host)?;
    if matches!(dialect, Dialect::Insert) {
        connection.exchange(&insert_statement(batch), 1)?;
    }
    Ok(connection)
}

/// One thread for each connection; all begin together.
fn send<R: Iterator<Item = Request> + Send>(lanes: Vec<(Connection, R)>, server: &Server) -> anyhow::Result<Measured> {
    let gate = Barrier::new(lanes.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = lanes.into_iter().map(|lane| scope.spawn(|| send_all(lane, &gate))).collect();
        gate.wait();
        let (began, cpu_s) = (now(), server.cpu_s());
        let (mut rows, mut waits_ms) = (0, Vec::new());
        for thread in threads {
            let (sent, waits) = thread.join().ok().context("a sender broke")??;
            rows += sent;
            waits_ms.extend(waits);
        }
        let wall_s = began.elapsed().as_secs_f64();
        let server_cpu_s = server.cpu_s() - cpu_s;
        let (p50_ms, p99_ms) = (share(&mut waits_ms, 0.5), share(&mut waits_ms, 0.99));
        ensure!(rows > 0, "nothing was sent");
        Ok(Measured { rows: rows as f64, wall_s, server_cpu_s, p50_ms, p99_ms })
    })
}

fn send_all<R: Iterator<Item = Request>>(lane: (Connection, R), gate: &Barrier) -> anyhow::Result<(usize, Vec<f64>)> {
    let (mut connection, requests) = lane;
    let (mut rows, mut waits_ms) = (0, Vec::new());
    gate.wait();
    for request in requests {
        let began = now();
        connection.exchange(&request.bytes, request.rows)?;
        waits_ms.push(began.elapsed().as_secs_f64() * 1e3);
        rows += request.rows;
    }
    Ok((rows, waits_ms))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_observation_is_sent_once_and_a_series_stays_on_its_connection() {
        let source = Source::open(Path::new("no such folder")).unwrap();
        let work =
            Workload { name: "", series: 10, first_minute: 5, block_minutes: 2, rows: 80, batch: 5, connections: 2 };
        let all: Vec<Vec<Observation>> = (0..2).map(|c| work.observations(&source, c).collect()).collect();
        assert!(all[0].iter().all(|o| o.series % 2 == 0) && all[1].iter().all(|o| o.series % 2 == 1));
        let keys: BTreeSet<_> = all.iter().flatten().map(|o| (o.series, o.time_ms)).collect();
        assert_eq!((keys.len(), work.sent()), (80, 80));
        // Two minutes of one series stand together.
        assert_eq!(all[0][0].series, all[0][1].series);
    }
}

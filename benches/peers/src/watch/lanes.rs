//! The stream over HTTP: two connections, each with the even or the odd series, a second of theirs in a request.

use std::ops::Range;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::engine::KEYS;
use super::stream::{noise, value};
use crate::connection::{Connection, Speech};
use crate::data::Observation;
use crate::encode::{Dialect, request};
use crate::report::share;
use crate::server::{Server, now, pause};

/// Connections; a series stays on its own.
const LANES: u64 = 2;
/// What a raised series reads: so far above the line that one reading lifts the mean of a minute.
const RAISED: f64 = 10_000.0;

/// What the series read.
#[derive(Clone, Debug)]
pub(crate) enum Readings {
    /// Noise: nothing rings.
    Quiet,
    /// Noise, but series n reads far above the line from the n-th of these seconds of the stream on.
    Raised(Vec<u64>),
    /// As every other engine gets them.
    Stream,
}

impl Readings {
    fn at(&self, series: u64, second: u64) -> f64 {
        let number = second * KEYS + series;
        match self {
            Self::Stream => value(number, KEYS),
            Self::Raised(from) if from.get(series as usize).is_some_and(|from| second >= *from) => RAISED,
            Self::Quiet | Self::Raised(_) => noise(number),
        }
    }
}

/// A part of the stream.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Seconds of the stream.
    pub(crate) seconds: Range<u64>,
    /// What is read.
    pub(crate) readings: Readings,
    /// When second 0 was, in seconds since the epoch.
    pub(crate) begin_s: u64,
    /// A second of the stream takes so long; `None` for as fast as it goes.
    pub(crate) pace: Option<Duration>,
}

/// How a part went in.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Observations a second, acknowledged.
    pub(crate) rate: f64,
    /// Server CPU of an observation, in microseconds.
    pub(crate) cpu_us: f64,
    /// From a request to its acknowledgement, one in a hundred takes longer, in ms.
    pub(crate) p99_ms: f64,
    /// When each request was acknowledged, by lane and second.
    acknowledged: Vec<Vec<Instant>>,
    first_second: u64,
}

impl Sent {
    /// When the reading of a series in a second of the stream was acknowledged.
    pub(crate) fn acknowledged(&self, series: u64, second: u64) -> Option<Instant> {
        let lane = self.acknowledged.get((series % LANES) as usize)?;
        lane.get(second.checked_sub(self.first_second)? as usize).copied()
    }
}

/// Sends a part. As fast as it goes, its requests are encoded before the clock starts; at a pace, as they are due.
pub(crate) fn send(part: &Part, server: &Server, ids: &Arc<Vec<i64>>) -> anyhow::Result<Sent> {
    let gate = &Barrier::new(LANES as usize + 1);
    let seconds = part.seconds.end - part.seconds.start;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..LANES).map(|lane| scope.spawn(move || run_lane(part, lane, server, ids, gate))).collect();
        gate.wait();
        let (began, cpu_s) = (now(), server.cpu_s());
        let (mut waits_ms, mut acknowledged) = (Vec::new(), Vec::new());
        for thread in threads {
            for (sent, answered) in thread.join().ok().context("a sender broke")?? {
                waits_ms.push(answered.saturating_duration_since(sent).as_secs_f64() * 1e3);
                acknowledged.push(answered);
            }
        }
        let (rows, wall_s) = ((seconds * KEYS) as f64, began.elapsed().as_secs_f64());
        ensure!(acknowledged.len() as u64 == seconds * LANES, "not every request was sent");
        let acknowledged = acknowledged.chunks(seconds as usize).map(<[Instant]>::to_vec).collect();
        Ok(Sent {
            rate: rows / wall_s,
            cpu_us: (server.cpu_s() - cpu_s) * 1e6 / rows,
            p99_ms: share(&mut waits_ms, 0.99),
            acknowledged,
            first_second: part.seconds.start,
        })
    })
}

fn run_lane(
    part: &Part,
    lane: u64,
    server: &Server,
    ids: &Arc<Vec<i64>>,
    gate: &Barrier,
) -> anyhow::Result<Vec<(Instant, Instant)>> {
    let dialect = Dialect::DataArray(Arc::clone(ids));
    let encode = |second: u64| {
        let time_ms = ((part.begin_s + second) * 1_000) as i64;
        let series = (lane..KEYS).step_by(LANES as usize);
        let reading =
            |series: u64| Observation { series: series as u32, time_ms, value: part.readings.at(series, second) };
        request(&dialect, &server.host, &series.map(reading).collect::<Vec<_>>())
    };
    let opened = Connection::open(Speech::Http, &server.host);
    let ready: Vec<_> = if part.pace.is_none() { part.seconds.clone().map(encode).collect() } else { Vec::new() };
    // Before a failure is told: the others wait here too.
    gate.wait();
    let (mut connection, began) = (opened?, now());
    let mut out = Vec::with_capacity(ready.len());
    for (n, second) in part.seconds.clone().enumerate() {
        let made;
        let request = if let Some(request) = ready.get(n) {
            request
        } else {
            made = encode(second);
            let due = began + part.pace.unwrap_or_default() * n as u32;
            pause(due.saturating_duration_since(now()).as_millis() as u64);
            &made
        };
        let sent = now();
        connection.exchange(&request.bytes, request.rows)?;
        out.push((sent, now()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_raised_is_above_the_noise() {
        let raised = Readings::Raised(vec![5, 9]);
        let above = |series, second| raised.at(series, second) > 40.0;
        assert_eq!(
            [above(0, 4), above(0, 5), above(1, 8), above(1, 9), above(2, 9)],
            [false, true, false, true, false]
        );
        assert!(!(0..100).any(|second| Readings::Quiet.at(3, second) > 40.0));
        assert_eq!(Readings::Stream.at(7, 61).to_bits(), value(61 * KEYS + 7, KEYS).to_bits());
    }
}

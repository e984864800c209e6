//! Node-RED: a server that gets the events over HTTP, and whose one function node is the job.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, ensure};

use super::engine::{Engine, Installed, KEYS, source};
use super::process::Finished;
use super::stream::value;
use crate::connection::{Connection, Speech};
use crate::encode::post;
use crate::server::{Server, command, free_address, now, pause};

/// Events in a post.
const BATCH: usize = 500;
/// How long it may listen before its flow answers: tries, 50 ms apart.
const TRIES: u32 = 400;

/// A start until its flow answers, and what it took to be given the events after that. Of the second only the alerts
/// and the costs since the start are told.
pub(crate) fn run(events: u64, installed: &Installed) -> anyhow::Result<(Finished, Finished)> {
    let folder = Engine::NodeRed.scratch(installed)?;
    for file in ["flows.json", "settings.js"] {
        fs::copy(source("node-red").join(file), folder.join(file))?;
    }
    let host = free_address()?;
    let mut node = command("node");
    node.arg(installed.peers.join("node/node_modules/node-red/red.js")).arg("--userDir").arg(&folder);
    node.arg("--settings").arg(folder.join("settings.js"));
    node.env("BENCH_PORT", host.rsplit_once(':').context("an address has a port")?.1);
    let began = now();
    let server = Server::start(&mut node, host.clone(), &folder, &folder.join("log"))?;
    let mut connection = Connection::open(Speech::Http, &host)?;
    let nothing = body(&host, 0..0);
    let mut tries = 0;
    while connection.exchange(&nothing, 1).is_err() {
        tries += 1;
        ensure!(tries < TRIES, "Node-RED listens, but its flow does not answer");
        pause(50);
        connection = Connection::open(Speech::Http, &host)?;
    }
    let start = Finished { wall_s: began.elapsed().as_secs_f64(), cpu_s: server.cpu_s(), alerts: 0, first: 0 };
    let posts: Vec<Vec<u8>> =
        (0..events).step_by(BATCH).map(|from| body(&host, from..(from + BATCH as u64).min(events))).collect();
    let (began, cpu_s) = (now(), server.cpu_s());
    for post in &posts {
        connection.exchange(post, 1)?;
    }
    let (wall_s, cpu_s) = (began.elapsed().as_secs_f64(), server.cpu_s() - cpu_s);
    connection.exchange(&nothing, 1)?;
    let alerts = String::from_utf8_lossy(&connection.answer).parse().context("Node-RED answers with a count")?;
    let whole = Finished { wall_s: start.wall_s + wall_s, cpu_s: start.cpu_s + cpu_s, alerts, first: 0 };
    Ok((start, whole))
}

fn body(host: &str, events: std::ops::Range<u64>) -> Vec<u8> {
    let mut out = String::from("[");
    for number in events {
        let comma = if out.len() > 1 { "," } else { "" };
        let (key, second, value) = (number % KEYS, number / KEYS, value(number, KEYS));
        // invariant: writing to a String cannot fail.
        let _written = write!(out, r#"{comma}{{"k":{key},"t":{second},"v":{value}}}"#);
    }
    out.push(']');
    post(host, "/events", "application/json", &out)
}

//! Who waits for alerts: one as a browser does, on the live events, and one that asks for the open alerts again and again.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::connection::{Connection, Speech};
use crate::server::{now, pause};
use crate::townbell::{LIVE, open_alerts};

/// The newest alerts that are asked for each time; when all are new, it is asked for more.
const NEWEST: usize = 10;
/// The most that an answer holds.
const MOST: usize = 1_000;
/// Between two questions. A finer grain would cost the server more than it tells.
const EVERY_MS: u64 = 2;

/// When the alert of a rule was first seen.
pub(crate) type Seen = HashMap<String, Instant>;

/// Listens to the live events until told to stop.
#[derive(Debug)]
pub(crate) struct Browser {
    stream: TcpStream,
    thread: JoinHandle<anyhow::Result<(Seen, usize)>>,
}

impl Browser {
    /// Connects, and returns when the first event (a snapshot) has come.
    pub(crate) fn open(host: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(host)?;
        stream.write_all(
            format!("GET {LIVE} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n").as_bytes(),
        )?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(reader.read_line(&mut head)? > 0, "the live events end: {head}");
        }
        ensure!(head.starts_with("HTTP/1.1 200"), "no live events: {head}");
        let mut lines = BufReader::new(Chunked { inner: reader, left: 0 });
        let mut seen = Seen::new();
        let first = next_event(&mut lines)?.context("the live events end at once")?;
        note(&first, now(), &mut seen);
        let thread = spawn(move || {
            let mut behind = 0;
            while let Some(event) = next_event(&mut lines)? {
                let at = now();
                behind += usize::from(event.0 == "snapshot");
                note(&event, at, &mut seen);
            }
            Ok((seen, behind))
        });
        Ok(Self { stream, thread })
    }

    /// Stops listening. With what was seen, how often it had fallen behind and got a snapshot.
    pub(crate) fn stop(self) -> anyhow::Result<(Seen, usize)> {
        self.stream.shutdown(Shutdown::Both)?;
        self.thread.join().ok().context("the listener broke")?
    }
}

/// Kind and data of an event (WHATWG HTML, 9.2.6); `None` at the end.
fn next_event(lines: &mut impl BufRead) -> anyhow::Result<Option<(String, String)>> {
    let (mut kind, mut data, mut line) = (String::new(), String::new(), String::new());
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(0) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        };
        let field = line.trim_end_matches(['\r', '\n']);
        if field.is_empty() && !kind.is_empty() {
            return Ok(Some((kind, data)));
        }
        if let Some(value) = field.strip_prefix("event:") {
            value.trim_start().clone_into(&mut kind);
        } else if let Some(value) = field.strip_prefix("data:") {
            data.push_str(value.trim_start());
        }
    }
}

/// An `alert` is a change of one, `alerts` are many; a `snapshot` has all that stand, at its end: a browser that fell
/// behind gets one instead.
fn note((kind, data): &(String, String), at: Instant, seen: &mut Seen) {
    let name = match kind.as_str() {
        "alerts" => {
            let Ok(changes) = serde_json::from_str::<Vec<Value>>(data) else { return };
            for change in &changes {
                note_alert(&change["alert"], at, seen);
            }
            return;
        }
        "alert" => "\"alert\":",
        "snapshot" => "\"alerts\":",
        _ => return,
    };
    // Only that much of a snapshot is read as JSON: the rest is megabytes, and this shares the machine with the server.
    let Some((_, rest)) = data.split_once(name) else { return };
    let Some(Ok(alerts)) = serde_json::Deserializer::from_str(rest).into_iter::<Value>().next() else { return };
    for alert in alerts.as_array().map_or(std::slice::from_ref(&alerts), Vec::as_slice) {
        note_alert(alert, at, seen);
    }
}

/// True when it was not seen before.
fn note_alert(alert: &Value, at: Instant, seen: &mut Seen) -> bool {
    let rule = alert["key"]["rule"].as_str().filter(|_| alert["state"] != "resolved");
    let new = rule.is_some_and(|rule| !seen.contains_key(rule));
    if let Some(rule) = rule.filter(|_| new) {
        seen.insert(rule.to_owned(), at);
    }
    new
}

/// Asks for the open alerts until `stop`: an alert is there when an answer has it, so its row is committed.
pub(crate) fn ask(host: &str, stop: &AtomicBool) -> anyhow::Result<Seen> {
    let mut connection = Connection::open(Speech::Http, host)?;
    let mut seen = Seen::new();
    while !stop.load(Ordering::Relaxed) {
        let mut limit = NEWEST;
        loop {
            let answer: Value = serde_json::from_slice(connection.get(&open_alerts(limit))?)?;
            let at = now();
            let items = answer["items"].as_array().context("no alerts in the answer")?;
            let new = items.iter().filter(|alert| note_alert(alert, at, &mut seen)).count();
            if new < limit || limit == MOST {
                break;
            }
            limit = MOST;
        }
        pause(EVERY_MS);
    }
    Ok(seen)
}

/// The body of an answer in chunks (RFC 9112, 7.1), as one stream.
struct Chunked<R> {
    inner: R,
    left: usize,
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.left == 0 {
            let mut line = String::new();
            if self.inner.read_line(&mut line)? == 0 {
                return Ok(0);
            }
            let size = line.trim();
            // An empty line ends the chunk before.
            if !size.is_empty() {
                self.left = usize::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
                if self.left == 0 {
                    return Ok(0);
                }
            }
        }
        let wanted = out.len().min(self.left);
        let read = self.inner.read(&mut out[..wanted])?;
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_across_chunks_and_an_alert_counts_from_its_first() {
        let wire = "id: 1\nevent: clock\ndata: 3\n\nid: 2\nevent: alert\ndata: {\"kind\":\"opened\",\"alert\":{\"key\":{\"rule\":\"r7\"},\"state\":\"open\"}}\n\n: keep\n\n\
                    event: snapshot\ndata: {\"alerts\":[{\"key\":{\"rule\":\"r8\"},\"state\":\"resolved\"},{\"key\":{\"rule\":\"r9\"},\"state\":\"open\"}]}\n\n\
                    event: alerts\ndata: [{\"kind\":\"opened\",\"alert\":{\"key\":{\"rule\":\"r10\"},\"state\":\"open\"}}]\n\n";
        let pieces = wire
            .as_bytes()
            .chunks(11)
            .map(|piece| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
        let body = pieces.collect::<Vec<_>>().concat();
        let mut lines = BufReader::new(Chunked { inner: body.as_slice(), left: 0 });
        let mut seen = Seen::new();
        let (early, late) = (now(), now());
        let mut kinds = Vec::new();
        while let Some(event) = next_event(&mut lines).unwrap() {
            note(&event, if kinds.len() == 1 { early } else { late }, &mut seen);
            kinds.push(event.0);
        }
        assert_eq!(kinds, ["clock", "alert", "snapshot", "alerts"]);
        assert_eq!(seen.get("r7"), Some(&early));
        assert_eq!((seen.len(), seen.contains_key("r9"), seen.contains_key("r10")), (3, true, true));
    }
}

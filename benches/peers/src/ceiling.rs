//! `peers ceiling`: no peer, but what HTTP costs on this machine before a server for data does anything.
//!
//! The HTTP library of Townbell with the settings of Townbell (`townbell/src/wire.rs`) reads each body of
//! `CreateObservations`, does not look into it, and answers with the bytes that Townbell answers with. With `--log` it
//! first writes the body to a file and syncs that: one thread writes, and all who wait at that moment share one
//! fdatasync. Nothing is parsed, checked, indexed or ever read again.

use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::server;
use crate::townbell::CREATE_OBSERVATIONS;

/// Bytes of the log. It is laid out before the first request and then overwritten from its start again and again: a
/// sync has no new length and no new blocks to write down.
const LOG_BYTES: u64 = 64 << 20;
/// A group of requests closes when it has this many bytes: far below the log, with one more body of the 2 MB that axum
/// takes at most.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// The headers of Townbell's answer, so that the client reads as much from one as from the other.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
    (HeaderName::from_static("townbell-sandbox"), HeaderValue::from_static("true")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; \
             img-src 'self' data: blob:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The version of the library, as it is locked.
pub(crate) fn version() -> String {
    let locked = include_str!("../Cargo.lock").split_once("name = \"axum\"\nversion = \"");
    let version = locked.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("of unknown version");
    format!("axum {version}")
}

/// This program as a ceiling at `host`; with a log in a folder.
pub(crate) fn command(host: &str, log_in: Option<&Path>) -> anyhow::Result<Command> {
    let mut command = server::command(std::env::current_exe()?);
    command.args(["ceiling", "--listen", host]);
    if let Some(folder) = log_in {
        command.arg("--log").arg(folder.join("log"));
    }
    Ok(command)
}

/// Runs the server until it is killed; `words` are its options.
///
/// # Errors
/// When the address is taken or the log cannot be laid out.
pub(crate) fn serve(mut words: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let (mut address, mut log) = (None, None);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} needs a value\n{}", crate::USAGE))?;
        match word.as_str() {
            "--listen" => address = Some(value.parse::<SocketAddr>()?),
            "--log" => log = Some(PathBuf::from(value)),
            _ => bail!("{word}?\n{}", crate::USAGE),
        }
    }
    let address = address.with_context(|| format!("--listen is missing\n{}", crate::USAGE))?;
    let log = log.map(|path| Log::lay_out(&path, LOG_BYTES)).transpose()?;
    // As Townbell's, `townbell/src/wire.rs`.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async { Ok(axum::serve(TcpListener::bind(address).await?, router(log)).await?) })
}

fn router(log: Option<Log>) -> Router {
    let queue = log.map(|log| {
        let (queue, waiting) = mpsc::channel();
        std::thread::spawn(move || {
            // Without its writer every request is refused, which ends the benchmark.
            log.write_groups(&waiting).unwrap_or_else(|error| eprintln!("the log: {error}"));
        });
        queue
    });
    Router::new().route(CREATE_OBSERVATIONS, post(take)).with_state(queue)
}

/// A body, and whom to tell when it is durable.
type Waiting = (Bytes, oneshot::Sender<()>);

async fn take(State(queue): State<Option<Sender<Waiting>>>, body: Bytes) -> Response {
    if let Some(queue) = queue {
        let (done, durable) = oneshot::channel();
        if queue.send((body, done)).is_err() || durable.await.is_err() {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    }
    (StatusCode::CREATED, HEADERS, "[]").into_response()
}

/// A file of fixed length that is overwritten from its start when its end is reached.
struct Log {
    file: File,
    bytes: u64,
    at: u64,
}

impl Log {
    fn lay_out(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let zeros = vec![0; 1 << 20];
        let mut left = bytes;
        while left > 0 {
            let part = left.min(zeros.len() as u64);
            file.write_all(&zeros[..part as usize])?;
            left -= part;
        }
        file.sync_all()?;
        Ok(Self { file, bytes, at: 0 })
    }

    fn write_groups(mut self, waiting: &Receiver<Waiting>) -> io::Result<()> {
        let (mut group, mut told) = (Vec::new(), Vec::new());
        while let Ok(first) = waiting.recv() {
            for (body, done) in std::iter::once(first).chain(waiting.try_iter()) {
                group.extend_from_slice(&body);
                told.push(done);
                if group.len() >= GROUP_BYTES_MAX {
                    break;
                }
            }
            self.append(&group)?;
            group.clear();
            for done in told.drain(..) {
                // Who has hung up meanwhile is not told.
                let _gone = done.send(());
            }
        }
        Ok(())
    }

    fn append(&mut self, group: &[u8]) -> io::Result<()> {
        let length = group.len() as u64;
        if self.at + length > self.bytes {
            self.at = 0;
        }
        self.file.write_all_at(group, self.at)?;
        self.file.sync_data()?;
        self.at += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Connection, Speech};
    use crate::encode::post;
    use crate::townbell::MINIMAL;

    /// A file of the test's own in the folder for such files.
    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("peers-{}-{name}", std::process::id()))
    }

    /// Sends these bodies to a ceiling of this process and gives the last answer.
    fn answered(log: Option<Log>, bodies: &[&str]) -> String {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move { axum::serve(listener, router(log)).await });
        let mut connection = Connection::open(Speech::Http, &host).unwrap();
        for body in bodies {
            connection.exchange(&post(&host, CREATE_OBSERVATIONS, MINIMAL, body), 1).unwrap();
        }
        String::from_utf8(connection.answer).unwrap()
    }

    #[test]
    fn every_body_is_in_the_log_when_it_is_answered() {
        let path = scratch("answered");
        let log = Log::lay_out(&path, 16).unwrap();
        assert_eq!((answered(Some(log), &["abc", "defg"]).as_str(), answered(None, &["abc"]).as_str()), ("[]", "[]"));
        assert_eq!(std::fs::read(&path).unwrap(), b"abcdefg\0\0\0\0\0\0\0\0\0");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_full_log_is_overwritten_from_its_start_and_keeps_its_length() {
        let path = scratch("full");
        let mut log = Log::lay_out(&path, 10).unwrap();
        for group in ["aaaaaa", "bbb", "cc"] {
            log.append(group.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"ccaaaabbb\0");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_version_is_the_locked_one() {
        assert!(version().strip_prefix("axum 0.8.").is_some_and(|patch| patch.parse::<u32>().is_ok()), "{}", version());
    }
}

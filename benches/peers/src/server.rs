//! A server that this program started: its processes, their CPU and memory, its folder, its end.

use std::ffi::OsStr;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// How long a server may take until it listens: a city of 50,000 series reads its configuration first.
const START_MAX: Duration = Duration::from_mins(10);
/// How long a server may take to stop before it is killed.
const STOP_MAX: Duration = Duration::from_mins(2);
/// Lines of its log that are shown when it does not start.
const LOG_LINES: usize = 12;
/// Ticks a second of the times in /proc (USER_HZ, the same on every Linux of today's machines).
pub(crate) const TICKS_PER_S: f64 = 100.0;

/// The clock of the benchmark.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A running server and its throw-away folder.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) host: String,
    /// Where it keeps its data.
    pub(crate) data: PathBuf,
    /// From the start of the process until it listened.
    pub(crate) start_s: f64,
    log: PathBuf,
    signal: &'static str,
}

impl Server {
    /// Starts a program that will listen at `host`; its output goes to `log`.
    pub(crate) fn start(command: &mut Command, host: String, data: &Path, log: &Path) -> anyhow::Result<Self> {
        let output = fs::File::create(log)?;
        let began = now();
        let child = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn();
        let child = child.with_context(|| format!("{command:?} cannot be started"))?;
        let mut server =
            Self { child, host, data: data.to_path_buf(), start_s: 0.0, log: log.to_path_buf(), signal: "-TERM" };
        while TcpStream::connect(&server.host).is_err() {
            server.still_runs().with_context(|| format!("{command:?}"))?;
            ensure!(began.elapsed() < START_MAX, "{command:?} does not listen");
            pause(2);
        }
        server.start_s = began.elapsed().as_secs_f64();
        Ok(server)
    }

    /// # Errors
    /// When it has ended: with the first lines of what it said.
    pub(crate) fn still_runs(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let said = fs::read_to_string(&self.log)?;
        let first: Vec<&str> = said.lines().take(LOG_LINES).collect();
        bail!("ended with {status}:\n{}", first.join("\n"))
    }

    /// Stops with this signal instead of SIGTERM.
    #[must_use]
    pub(crate) fn stopped_by(mut self, signal: &'static str) -> Self {
        self.signal = signal;
        self
    }

    /// User and system seconds of all its processes so far, with those that have ended.
    pub(crate) fn cpu_s(&self) -> f64 {
        let ticks = |fields: &[String]| -> f64 {
            fields.get(11..15).unwrap_or_default().iter().filter_map(|field| field.parse::<f64>().ok()).sum()
        };
        self.processes().iter().map(|fields| ticks(fields)).sum::<f64>() / TICKS_PER_S
    }

    /// Resident memory of its first process, now and at most, in MiB.
    pub(crate) fn memory_mib(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().find_map(|word| word.parse::<f64>().ok()).unwrap_or_default() / 1024.0
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// `/proc/ID/stat` of the process and of its children, from the field after the name.
    fn processes(&self) -> Vec<Vec<String>> {
        let id = self.child.id().to_string();
        let all = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
            let text = fs::read_to_string(entry.path().join("stat")).ok()?;
            let fields: Vec<String> = text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect();
            (entry.file_name().to_string_lossy() == id || fields.get(1) == Some(&id)).then_some(fields)
        });
        all.collect()
    }

    /// Bytes of all its files, as long as they say they are.
    pub(crate) fn disk_bytes(&self) -> u64 {
        // Zeros that Townbell keeps for a full disk are no observations; the table says that they are left out.
        bytes_under(&self.data).saturating_sub(reserve_under(&self.data))
    }

    /// Waits until its files have not changed in size for `still`, and says how many seconds that took.
    pub(crate) fn wait_until_still(&self, least: Duration, still: Duration, most: Duration) -> f64 {
        let began = now();
        let (mut bytes, mut since) = (0, now());
        while began.elapsed() < most && (began.elapsed() < least || since.elapsed() < still) {
            let found = self.disk_bytes();
            if found != bytes {
                (bytes, since) = (found, now());
            }
            pause(200);
        }
        began.elapsed().as_secs_f64()
    }

    fn end(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let id = self.child.id().to_string();
        // The signal that lets a server close its files; std can only kill.
        let _sent = Command::new("kill").args([self.signal, &id]).status();
        let began = now();
        while began.elapsed() < STOP_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            pause(20);
        }
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A command that ends with this program, however that ends: nothing is left running.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// Sleeps for so many milliseconds.
pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Bytes of all files under a folder. Files that end meanwhile count as nothing.
fn bytes_under(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_under(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

/// Bytes of Townbell's reserve for a full disk.
fn reserve_under(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => reserve_under(&entry.path()),
        Ok(meta) if entry.file_name().to_string_lossy().ends_with("-reserve") => meta.len(),
        _ => 0,
    });
    bytes.sum()
}

/// An address of this machine where nobody listens now.
pub(crate) fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

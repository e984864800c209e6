//! `cargo xtask bench`: the figures of docs/performance.md, measured on this machine. Printed, never asserted.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the started demo listens.
const ADDRESS: &str = "127.0.0.1:18099";
/// How long a start may take before the bench gives up.
const START_MAX: Duration = Duration::from_mins(5);
/// Starts of each kind; the median and the spread are printed.
const STARTS: usize = 3;

/// Measures a day's replay and the time to a live map.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let binary = root.join("target/release/townbell");
    let (seconds, memory_mib) = replay(&binary, root)?;
    let times = 86_400.0 / seconds;
    let data = std::env::temp_dir().join(format!("townbell-bench-{}", std::process::id()));
    let mut cold = Vec::new();
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        // Nothing may be left of the start before.
        let _removed = std::fs::remove_dir_all(&data);
        cold.push(start(&binary, root, &data)?);
        warm.push(start(&binary, root, &data)?);
    }
    let _removed = std::fs::remove_dir_all(&data);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok([
        format!("machine: {cores} cores, {}", load()),
        format!("replay of 30 April 2024 (24 h) through HTTP, gate, journal and watch: {seconds:.1} s = {times:.0} times real time, peak memory {memory_mib:.0} MiB"),
        format!("cold start to a live map with vehicles: {}", spread(&mut cold)),
        format!("warm start to a live map with vehicles: {}", spread(&mut warm)),
    ]
    .join("\n"))
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load average {}", text.split(' ').next().unwrap_or("unknown"))
}

fn spread(seconds: &mut [f64]) -> String {
    seconds.sort_by(f64::total_cmp);
    let at = |n: usize| seconds.get(n).copied().unwrap_or_default();
    format!(
        "{:.1} s median of {} ({:.1} to {:.1} s)",
        at(seconds.len() / 2),
        seconds.len(),
        at(0),
        at(seconds.len().saturating_sub(1))
    )
}

fn replay(binary: &Path, root: &Path) -> Result<(f64, f64), String> {
    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
    let began = Instant::now();
    let mut child = Command::new(binary)
        .args(["replay", "demo", "--from", "2024-04-30T00:00:00-03:00", "--to", "2024-05-01T00:00:00-03:00"])
        .current_dir(root)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("{} cannot be run ({error}); build it first: make build", binary.display()))?;
    let mut peak = 0.0f64;
    loop {
        peak = peak.max(memory_mib(child.id()));
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok((began.elapsed().as_secs_f64(), peak)),
            Ok(Some(status)) => return Err(format!("the replay ended with {status}")),
            Ok(None) => std::thread::sleep(Duration::from_millis(100)),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Highest resident size so far, from the kernel's own account.
fn memory_mib(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
}

fn start(binary: &Path, root: &Path, data: &Path) -> Result<f64, String> {
    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
    let began = Instant::now();
    let mut child = Command::new(binary)
        .args(["demo", "--city", "demo", "--listen", ADDRESS, "--from", "2024-04-30T12:00:00-03:00", "--data"])
        .arg(data)
        .current_dir(root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let found = loop {
        if began.elapsed() > START_MAX {
            break Err("the demo did not come up".to_owned());
        }
        if get("/api/state").is_some_and(|body| body.contains("\"headsign\""))
            && get("/tiles/12/1465/2406.mvt").is_some()
        {
            break Ok(began.elapsed().as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    stop(&mut child);
    found
}

/// Asks it to stop, as Ctrl+C does, and waits.
fn stop(child: &mut Child) {
    // A process that has ended already needs no signal.
    let _sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    let _ended = child.wait();
}

fn get(path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(ADDRESS).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n").ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.starts_with("HTTP/1.1 200").then_some(text)
}

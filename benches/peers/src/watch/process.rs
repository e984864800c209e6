//! A job as a process of its own: how long it took, what CPU it used, what it counted.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::server::{TICKS_PER_S, now, pause};

/// Lines of what a job said that are shown when it fails.
const LOG_LINES: usize = 12;

/// A job that came to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    /// From its start to its end.
    pub(crate) wall_s: f64,
    /// User and system time, of its own children too.
    pub(crate) cpu_s: f64,
    /// Alerts that opened.
    pub(crate) alerts: u64,
    /// The first event that it took: not 0 where it went on from what it had kept.
    pub(crate) first: u64,
}

/// When a job is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// As soon as it says that half of the events are made.
    Half,
    /// So long after its start.
    After(Duration),
}

/// Runs a job to its end; what it says on the side goes to `log`.
pub(crate) fn run(command: &mut Command, log: &Path) -> anyhow::Result<Finished> {
    let (began, cpu_s) = (now(), ended_cpu_s());
    let (mut child, lines) = start(command, log)?;
    let last = lines.map_while(Result::ok).filter(|line| line.starts_with("result ")).last();
    let status = child.wait()?;
    let (wall_s, cpu_s) = (began.elapsed().as_secs_f64(), ended_cpu_s() - cpu_s);
    ensure!(status.success(), "{command:?} ended with {status}:\n{}", tail(log));
    let last = last.with_context(|| format!("{command:?} gave no result:\n{}", tail(log)))?;
    Ok(Finished { wall_s, cpu_s, alerts: field(&last, "alerts")?, first: field(&last, "first")? })
}

/// Runs a job and kills it (SIGKILL) at a moment. False: it had come to its end before.
pub(crate) fn run_killed(command: &mut Command, log: &Path, moment: Moment) -> anyhow::Result<bool> {
    let (mut child, mut lines) = start(command, log)?;
    match moment {
        Moment::Half => ensure!(
            lines.any(|line| line.is_ok_and(|line| line == "half")),
            "{command:?} never came to the half:\n{}",
            tail(log)
        ),
        Moment::After(wait) => pause(wait.as_millis() as u64),
    }
    child.kill()?;
    Ok(!child.wait()?.success())
}

fn start(command: &mut Command, log: &Path) -> anyhow::Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(log)?)
        .spawn()
        .with_context(|| format!("{command:?} cannot be started"))?;
    let said = child.stdout.take().context("a pipe was asked for")?;
    Ok((child, BufReader::new(said).lines()))
}

/// User and system seconds of all processes that this one started and that have ended, with theirs.
fn ended_cpu_s() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    // proc(5): cutime and cstime, counted from the state, which follows the name.
    fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_S
}

/// A number in `result alerts=12 first=0`.
fn field(line: &str, name: &str) -> anyhow::Result<u64> {
    let word = line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    word.with_context(|| format!("no {name} in {line:?}"))?.parse().with_context(|| line.to_owned())
}

fn tail(log: &Path) -> String {
    let said = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn cpu_and_counts_of_a_process_are_its_own() {
        let log = std::env::temp_dir().join(format!("watch-process-{}", std::process::id()));
        let work = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo result alerts=7 first=40";
        let busy = run(&mut shell(work), &log).unwrap();
        assert_eq!((busy.alerts, busy.first), (7, 40));
        assert!(busy.cpu_s > 0.02 && busy.cpu_s <= busy.wall_s + 0.1, "{busy:?}");
        assert!(run(&mut shell("echo why >&2; exit 3"), &log).unwrap_err().to_string().contains("why"));
        assert!(run_killed(&mut shell("echo half; sleep 60"), &log, Moment::Half).unwrap());
        assert!(run_killed(&mut shell("sleep 60"), &log, Moment::After(Duration::from_millis(5))).unwrap());
        assert!(run_killed(&mut shell("echo never"), &log, Moment::Half).is_err());
        fs::remove_file(log).unwrap();
    }
}

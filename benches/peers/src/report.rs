//! Markdown: the machine, medians with their spread, ratios against goals.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::peer::{Peer, Places};

/// The value that a share of all (0 to 1) does not exceed.
pub(crate) fn share(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * part) as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle of the rounds.
pub(crate) fn median(values: &[f64]) -> f64 {
    share(&mut values.to_vec(), 0.5)
}

/// `median [least..most]`, or only the value when there was one round.
pub(crate) fn spread(values: &[f64]) -> String {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let (least, middle, most) = (share(&mut values, 0.0), share(&mut values, 0.5), share(&mut values, 1.0));
    match values.len() {
        0 => "n/a".into(),
        1 => figure(middle),
        _ => format!("{} [{}..{}]", figure(middle), figure(least), figure(most)),
    }
}

/// Three digits that mean something.
pub(crate) fn figure(value: f64) -> String {
    if value == 0.0 {
        "0".into()
    } else if value >= 1e6 {
        format!("{:.2} M", value / 1e6)
    } else if value >= 1e4 {
        format!("{:.0}k", value / 1e3)
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else if value >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// A table of Markdown.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _written = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// Where and when this was measured, and on what.
pub(crate) fn machine(places: &Places, data: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let field = |text: &str, name: &str| -> String {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let memory: f64 = memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let load = read("/proc/loadavg");
    format!(
        "Measured {} on {cores} cores ({}), {:.0} GiB, Linux {}, {}, load average {} at the start. \
         Client and server share the machine.\n\nObservations: {data}.\n",
        now_text(),
        field(&read("/proc/cpuinfo"), "model name"),
        memory / f64::from(1 << 20),
        read("/proc/sys/kernel/osrelease").trim(),
        filesystem(&places.work),
        load.split(' ').next().unwrap_or("unknown"),
    )
}

#[expect(clippy::disallowed_methods, reason = "a bench says when it ran")]
fn now_text() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn filesystem(folder: &Path) -> String {
    let out = Command::new("findmnt").args(["--noheadings", "--output", "FSTYPE", "--target"]).arg(folder).output();
    let kind = out.map_or("unknown".into(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    if kind == "tmpfs" {
        eprintln!("peers: ATTENTION: {} is in memory, where an fsync costs nothing: use --work", folder.display());
    }
    kind
}

/// Who was measured, in which version, and what its acknowledgement means.
pub(crate) fn peers(peers: &[Peer], places: &Places) -> String {
    let row =
        |peer: &Peer| vec![peer.name().into(), peer.version(places), peer.durability().into(), peer.settling().into()];
    let rows: Vec<Vec<String>> = peers.iter().map(row).collect();
    table(&["server", "version", "acknowledges", "bytes on disk are taken"], &rows)
}

/// What was aimed at: a figure of ours, what it is measured against, and the bar.
#[derive(Debug)]
pub(crate) struct Goal {
    /// In words.
    pub(crate) what: String,
    /// Our figure in this run, or its ratio to a peer's.
    pub(crate) found: f64,
    /// The bar.
    pub(crate) bar: f64,
    /// Whether more is better.
    pub(crate) more: bool,
}

impl Goal {
    /// "1.62, goal at least 1.5: reached".
    fn row(&self) -> Vec<String> {
        let reached = if self.more { self.found >= self.bar } else { self.found <= self.bar };
        let bar = format!("{} {}", if self.more { "at least" } else { "at most" }, figure(self.bar));
        vec![self.what.clone(), figure(self.found), bar, if reached { "yes" } else { "**no**" }.into()]
    }
}

/// The goals that could be measured.
pub(crate) fn goals(goals: &[Goal]) -> String {
    let rows: Vec<Vec<String>> = goals.iter().filter(|goal| !goal.found.is_nan()).map(Goal::row).collect();
    if rows.is_empty() {
        String::new()
    } else {
        table(&["goal (medians of this run)", "found", "bar", "reached"], &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_says_median_least_and_most() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), "2.00 [1.00..3.00]");
        assert_eq!((spread(&[1_234_567.0]), spread(&[45_678.0])), ("1.23 M".to_owned(), "46k".to_owned()));
        assert_eq!((spread(&[f64::NAN]), spread(&[0.0])), ("n/a".to_owned(), "0".to_owned()));
    }

    #[test]
    fn a_goal_is_reached_on_the_right_side() {
        let goal = |found, more| Goal { what: String::new(), found, bar: 1.0, more }.row()[3].clone();
        assert_eq!((goal(2.0, true), goal(2.0, false)), ("yes".to_owned(), "**no**".to_owned()));
    }
}

//! Townbell whole, over HTTP, with more and more rules on the same series: what goes in, how soon an alert is seen.

use std::fs;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::ears::{Browser, Seen, ask};
use super::engine::KEYS;
use super::lanes::{Part, Readings, Sent, send};
use super::rule;
use crate::connection::{Connection, Speech};
use crate::peer::Places;
use crate::report::{share, spread, table};
use crate::server::{Server, free_address, now, pause};
use crate::townbell;

/// Seconds of the stream that are sent as fast as they go: 3 M observations, five minutes of ten thousand series.
const SECONDS: u64 = 300;
/// Seconds of the whole stream with what rings in it: each series crosses the line once.
const STREAM_SECONDS: u64 = 600;
/// Series that cross the line while half of that comes in; each does so once. With ten rules each, what opens at the end
/// of one minute still stands in one answer.
pub(crate) const CROSSING: u64 = 200;
/// Seconds of the stream that are sent first while both listen, to find what half of the load is then.
const HEARD_SECONDS: u64 = 60;
/// How long that half load should last.
const HALF_LOAD_S: f64 = 10.0;
/// The least and the most seconds of the stream in it: some minutes for the windows of a rule, and no more than fit
/// between the begin of the stream and now.
const HALF_SECONDS: Range<u64> = 500..6_000;
/// Seconds of the stream that are left after the last series was raised, so that its alert can open.
const LEFT_S: u64 = 250;
/// The stream begins so long ago: whole turns of its ten minutes, and longer than all of it, so that nothing is of the
/// future.
const AGO_S: u64 = 3 * 3_600;
/// How long the last alerts may take.
const LAST_MAX: Duration = Duration::from_secs(20);

/// What was measured with so many rules.
#[derive(Debug, Default)]
pub(crate) struct Grown {
    start_s: f64,
    idle_mib: f64,
    loaded_mib: f64,
    quiet: Sent,
    /// As fast as it goes, while a browser and one who asks are there.
    heard: Sent,
    half: Sent,
    /// From the acknowledgement to the answer that has the alert, in ms; empty without rules.
    row_ms: Vec<f64>,
    /// The same to the live event.
    browser_ms: Vec<f64>,
    /// How often the browser fell behind and got everything anew.
    behind: usize,
    /// Alerts that should have opened and were never seen by one of the two.
    missing: usize,
    stream: Sent,
    stream_alerts: u64,
}

impl Grown {
    /// Observations a second when nothing rings.
    pub(crate) fn rate(&self) -> f64 {
        self.quiet.rate
    }
}

/// A fresh city with so many rules, through all of it. A share below 1 is only to try it out.
pub(crate) fn grow(rules: u64, share: f64, places: &Places) -> anyhow::Result<Grown> {
    let folder = places.work.join("watch-rules");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (city, data) = (folder.join("city"), folder.join("data"));
    fs::create_dir_all(&data)?;
    let ids = townbell::write_city(&city, KEYS as u32)?;
    for number in 0..rules {
        let file = city.join("rules").join(format!("{}.toml", name(number)));
        let series = (number % KEYS) as usize;
        fs::write(file, rule::text(&format!("Series {series}"), ids.get(series).map(|id| *id as u32).into_iter()))?;
    }
    let server = townbell::start_city(&places.townbell, &city, free_address()?, &data, &folder.join("log"))?;
    let idle_mib = server.memory_mib().0;
    let begin_s = begin_s();
    let part = |seconds: Range<u64>, readings: Readings, pace| Part { seconds, readings, begin_s, pace };
    let of = |seconds: u64| (seconds as f64 * share).max(1.0) as u64;
    let quiet = send(&part(0..of(SECONDS), Readings::Quiet, None), &server, &ids)?;
    server.wait_until_still(Duration::from_secs(5), Duration::from_secs(3), Duration::from_mins(1));
    let loaded_mib = server.memory_mib().0;

    let heard = half_load(&part(SECONDS..SECONDS + of(HEARD_SECONDS), Readings::Quiet, None), rules, &server, &ids)?;
    let stream_from = (SECONDS + HEARD_SECONDS + HALF_SECONDS.end).next_multiple_of(STREAM_SECONDS);
    let before = alerts(&server)?;
    let stream_until = stream_from + of(STREAM_SECONDS);
    let stream = send(&part(stream_from..stream_until, Readings::Stream, None), &server, &ids)?;
    // The last request is answered before what it means is looked at.
    pause(500);
    let stream_alerts = alerts(&server)?.saturating_sub(before);
    Ok(Grown { start_s: server.start_s, idle_mib, loaded_mib, quiet, stream, stream_alerts, ..heard })
}

/// The second that each crossing series is raised at, spread over a part.
fn raised(seconds: &Range<u64>) -> Vec<u64> {
    let span = seconds.end - seconds.start - LEFT_S;
    (0..CROSSING).map(|series| seconds.start + 1 + series * (span - 1) / CROSSING).collect()
}

/// Half of the load that goes while somebody listens, with series that cross the line, and when their alerts are seen.
fn half_load(first: &Part, rules: u64, server: &Server, ids: &Arc<Vec<i64>>) -> anyhow::Result<Grown> {
    let (browser, stop) = (Browser::open(&server.host)?, AtomicBool::new(false));
    let (heard, half, raised, row) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&server.host, &stop));
        let sent = cross(first, rules, server, ids);
        stop.store(true, Ordering::Relaxed);
        let row = asking.join().ok().context("the one who asks broke")??;
        let (heard, half, raised) = sent?;
        anyhow::Ok((heard, half, raised, row))
    })?;
    let (seen, behind) = browser.stop()?;
    let waits = |seen: &Seen| -> Vec<f64> {
        let wait = |rule: u64| {
            let series = rule % KEYS;
            let opens = rule::opens_at_s(first.begin_s + raised.get(series as usize)?) - first.begin_s;
            let acknowledged = half.acknowledged(series, opens)?;
            Some(seen.get(&name(rule))?.saturating_duration_since(acknowledged).as_secs_f64() * 1e3)
        };
        crossing(rules).filter_map(wait).collect()
    };
    let (row_ms, browser_ms) = (waits(&row), waits(&seen));
    let missing = crossing(rules).count() - row_ms.len().min(browser_ms.len());
    Ok(Grown { heard, half, row_ms, browser_ms, behind, missing, ..Grown::default() })
}

/// Rules whose series cross the line.
fn crossing(rules: u64) -> impl Iterator<Item = u64> {
    (0..rules).filter(|rule| rule % KEYS < CROSSING)
}

/// Sends the first part, then as much at half of its pace, and waits for the last alert.
fn cross(first: &Part, rules: u64, server: &Server, ids: &Arc<Vec<i64>>) -> anyhow::Result<(Sent, Sent, Vec<u64>)> {
    let heard = send(first, server, ids)?;
    let pace = Duration::from_secs_f64(2.0 * KEYS as f64 / heard.rate);
    let wanted = (HALF_LOAD_S / pace.as_secs_f64()) as u64;
    let seconds = first.seconds.end..first.seconds.end + wanted.clamp(HALF_SECONDS.start, HALF_SECONDS.end);
    let raised = raised(&seconds);
    let readings = Readings::Raised(raised.clone());
    let half = send(&Part { seconds, readings, pace: Some(pace), ..first.clone() }, server, ids)?;
    let began = now();
    while alerts(server)? < crossing(rules).count() as u64 && began.elapsed() < LAST_MAX {
        pause(200);
    }
    // What is in the answer to that question is on its way to both.
    pause(500);
    Ok((heard, half, raised))
}

fn name(rule: u64) -> String {
    format!("rule-{rule:06}")
}

/// Alerts that the server shows: those that stand, and those of the last day.
fn alerts(server: &Server) -> anyhow::Result<u64> {
    let mut connection = Connection::open(Speech::Http, &server.host)?;
    let state: Value = serde_json::from_slice(connection.get(townbell::STATE)?)?;
    Ok(state["alerts"].as_array().context("the state has alerts")?.len() as u64)
}

#[expect(clippy::disallowed_methods, reason = "readings of the last hours are made, as a city has them")]
fn begin_s() -> u64 {
    (jiff::Timestamp::now().as_second() as u64 - AGO_S) / STREAM_SECONDS * STREAM_SECONDS
}

/// One count of rules in one round, beside none.
struct Cell<'a> {
    one: &'a Grown,
    none: &'a Grown,
    rules: u64,
}

impl Cell<'_> {
    /// What a rule adds to a memory in MiB, in bytes.
    fn bytes_each(&self, memory_mib: fn(&Grown) -> f64) -> f64 {
        let more_mib = memory_mib(self.one) - memory_mib(self.none);
        if self.rules == 0 { f64::NAN } else { more_mib * f64::from(1 << 20) / self.rules as f64 }
    }
}

/// What is shown of each, in words and as a figure.
type Shown = (&'static str, fn(&Cell<'_>) -> f64);

fn part(waits_ms: &[f64], part: f64) -> f64 {
    share(&mut waits_ms.to_vec(), part)
}

const SHOWN: [Shown; 17] = [
    ("start until healthy, s", |cell| cell.one.start_s),
    ("nothing rings: observations/s", |cell| cell.one.quiet.rate),
    ("server CPU, us each", |cell| cell.one.quiet.cpu_us),
    ("acknowledged in ms, p99", |cell| cell.one.quiet.p99_ms),
    ("the same while a browser listens and alerts are asked for: observations/s", |cell| cell.one.heard.rate),
    ("half of that load: observations/s", |cell| cell.one.half.rate),
    ("from the acknowledgement to the alert's row, p50 ms", |cell| part(&cell.one.row_ms, 0.5)),
    ("p99 ms", |cell| part(&cell.one.row_ms, 0.99)),
    ("from the acknowledgement to the browser, p50 ms", |cell| part(&cell.one.browser_ms, 0.5)),
    ("p99 ms", |cell| part(&cell.one.browser_ms, 0.99)),
    ("snapshots that the browser got, having fallen behind", |cell| cell.one.behind as f64),
    ("alerts expected there and not seen", |cell| cell.one.missing as f64),
    ("the stream with what rings in it: observations/s", |cell| cell.one.stream.rate),
    ("server CPU, us each", |cell| cell.one.stream.cpu_us),
    ("alerts that opened", |cell| cell.one.stream_alerts as f64),
    ("memory after the start, MiB", |cell| cell.one.idle_mib),
    ("memory after the load, MiB", |cell| cell.one.loaded_mib),
];
/// What only a table with a column of no rules can show.
const BESIDE_NONE: [Shown; 2] = [
    ("bytes a rule, after the start", |cell| cell.bytes_each(|one| one.idle_mib)),
    ("bytes a rule and series, after the load", |cell| cell.bytes_each(|one| one.loaded_mib)),
];

/// The table: a column for each count of rules, medians of the rounds.
pub(crate) fn grown_table(counts: &[u64], rounds: &[Vec<Grown>]) -> anyhow::Result<String> {
    ensure!(rounds.iter().all(|round| round.len() == counts.len()), "a round is not whole");
    let mut head = vec!["rules".to_owned()];
    head.extend(counts.iter().map(|count| if *count == 0 { "none".into() } else { count.to_string() }));
    let none = counts.iter().position(|count| *count == 0);
    let shown = SHOWN.iter().chain(if none.is_some() { &BESIDE_NONE[..] } else { &[] });
    let row = |(what, value): &Shown| {
        let cells = counts.iter().enumerate().map(|(column, rules)| {
            let cell = |round: &Vec<Grown>| {
                value(&Cell { one: &round[column], none: &round[none.unwrap_or_default()], rules: *rules })
            };
            spread(&rounds.iter().map(cell).collect::<Vec<_>>())
        });
        std::iter::once((*what).to_owned()).chain(cells).collect::<Vec<_>>()
    };
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    Ok(table(&head, &shown.map(row).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_raised_over_the_whole_part_and_in_time() {
        for part in [300..800, 300..6_300] {
            let raised = raised(&part);
            assert_eq!((raised.len() as u64, raised[0]), (CROSSING, part.start + 1));
            assert!(raised.is_sorted() && raised.iter().all(|second| second + LEFT_S <= part.end));
            assert!(raised[CROSSING as usize - 1] + LEFT_S + 60 > part.end);
        }
    }
}

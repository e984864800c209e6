//! Tests of a rule as text beside it (`RULE.test.toml`): observations in, alerts out, on a virtual clock.
//!
//! ```toml
//! [[test]]
//! name = "an hour above the line rings"
//!
//! [[test.readings]]
//! datastream = 1
//! every = "15 min"
//! values = [2.6, 2.6, 2.6, 2.6, 2.6, 2.6]
//!
//! [[test.expect]]
//! at = "1 h 15 min"
//! kind = "opened"
//! ```
//!
//! All times of a test count from its start. What is expected is all that happens: a change of an alert that the
//! test does not name is a failure. Only `updated` may be left out of all of a test, as new figures are no new alert.

mod read;
mod requests;
mod things;

use std::collections::BTreeMap;
use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{AlertChange, FeedId, RuleId, Severity, Span, Time, Timetable};

use crate::backtest::Trial;
use crate::context::Parts;
use crate::parse::RuleError;
use crate::reader::{At, Mistakes};

/// Entries that one test may make: a reading each minute of two months.
pub const ENTRIES_MAX: usize = 100_000;
/// Failures of one file that are told.
const TOLD_MAX: usize = 20;

/// One test of a rule, read.
#[derive(Debug)]
struct Test {
    name: At<String>,
    start: Time,
    until: Time,
    entries: Vec<Entry>,
    timetables: BTreeMap<FeedId, Timetable>,
    expected: Vec<Expected>,
}

/// A change that has to happen. What is not said may be anything.
#[derive(Debug)]
struct Expected {
    at: At<Span>,
    kind: AlertChangeKind,
    severity: Option<Severity>,
    subject: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

/// The rule that a file of tests is about: its name without `.test.toml`.
pub fn rule_of(path: &str) -> RuleId {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    RuleId::new(name.strip_suffix(".test.toml").unwrap_or(name))
}

/// Runs all tests of a file on the city of `parts`, with its rules; gives how many there were.
///
/// # Errors
/// Every mistake in the file, and everything that came out otherwise than expected, at its line and column.
pub fn run(path: &str, text: &str, parts: &Parts) -> Result<usize, Vec<RuleError>> {
    let mut mistakes = Mistakes::new(path, text);
    let rule = rule_of(path);
    if !parts.rules.iter().any(|known| known.id == rule) {
        mistakes.at(0, format!("there is no rule `{rule}` beside this file; name it as the rule, RULE.test.toml"));
        return Err(mistakes.found);
    }
    let tests = read::tests(text, parts, &mut mistakes);
    if mistakes.found.is_empty() {
        for test in &tests {
            let changes = try_out(test, &rule, parts);
            compare(test, &changes, &mut mistakes);
        }
    }
    mistakes.found.sort();
    mistakes.found.truncate(TOLD_MAX);
    if mistakes.found.is_empty() { Ok(tests.len()) } else { Err(mistakes.found) }
}

fn try_out(test: &Test, rule: &RuleId, parts: &Parts) -> Vec<AlertChange> {
    // Who is called when, and what explains what, is the city's and may change without the rule.
    let alone = Parts { on_call: None, links: Vec::new(), ..parts.clone() };
    let Some(mut trial) = Trial::new(alone, rule, None) else { return Vec::new() };
    for (feed, timetable) in &test.timetables {
        trial.set_timetable(feed.clone(), Arc::new(timetable.clone()));
    }
    for entry in &test.entries {
        trial.entry(entry);
    }
    trial.finish(Some(test.until)).changes
}

/// Each expectation takes the first change that fits it; what is left on either side is told, the nearest named.
fn compare(test: &Test, changes: &[AlertChange], mistakes: &mut Mistakes<'_>) {
    let updates = test.expected.iter().any(|expected| expected.kind == AlertChangeKind::Updated);
    let mut left: Vec<&AlertChange> =
        changes.iter().filter(|change| updates || change.kind != AlertChangeKind::Updated).collect();
    let mut unmet = Vec::new();
    for expected in &test.expected {
        match left.iter().position(|change| expected.fits(change, test.start)) {
            Some(place) => _ = left.remove(place),
            None => unmet.push(expected),
        }
    }
    for expected in unmet {
        let wanted = test.start + expected.at.value;
        let far = |change: &&&AlertChange| change.at.since(wanted).as_ms().abs();
        let same_kind = |change: &&&AlertChange| change.kind == expected.kind;
        let nearest = left.iter().filter(same_kind).min_by_key(far).or_else(|| left.iter().min_by_key(far)).copied();
        let came = nearest.map_or_else(
            || "nothing else happened that the test does not expect".to_owned(),
            |change| format!("it came as {}", told(change, test.start)),
        );
        left.retain(|change| !nearest.is_some_and(|nearest| std::ptr::eq(*change, nearest)));
        let name = &test.name.value;
        mistakes.at(expected.at.byte, format!("{name:?}: expected {}; {came}", expected.words()));
    }
    for change in left {
        let words = told(change, test.start);
        mistakes.at(test.name.byte, format!("{:?}: this was not expected: {words}", test.name.value));
    }
}

fn told(change: &AlertChange, start: Time) -> String {
    let alert = &change.alert;
    let severity = format!("{:?}", alert.severity).to_lowercase();
    format!(
        "{} at \"{}\", {severity}, {}: {:?}, {:?}",
        change.kind.name(),
        exact(change.at.since(start)),
        alert.key.subject,
        alert.title,
        alert.detail
    )
}

impl Expected {
    fn fits(&self, change: &AlertChange, start: Time) -> bool {
        let alert = &change.alert;
        let same = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        change.kind == self.kind
            && change.at == start + self.at.value
            && self.severity.is_none_or(|severity| severity == alert.severity)
            && same(&self.subject, &alert.key.subject)
            && same(&self.title, &alert.title)
            && same(&self.detail, &alert.detail)
    }

    fn words(&self) -> String {
        let mut words = vec![format!("{} at \"{}\"", self.kind.name(), exact(self.at.value))];
        words.extend(self.severity.map(|severity| format!("{severity:?}").to_lowercase()));
        words.extend([&self.subject, &self.title, &self.detail].into_iter().flatten().map(|text| format!("{text:?}")));
        words.join(", ")
    }
}

/// A span to the second, as a test writes it: "1 h 15 min", "2 h 10 s".
fn exact(span: Span) -> String {
    let seconds = span.as_s();
    let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "min"), (seconds % 60, "s")];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count != 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if said.is_empty() { "0 s".to_owned() } else { said.join(" ") }
}

//! A rule on the past of this city: its stored journal, or readings out of files, through the engine of the watch.

use std::collections::BTreeMap;
use std::sync::Arc;

use city::record::Entry;
use city::{DatastreamId, FeedKind, Observation, Record, RuleId, Seq, Span, Time};
use store::{Reader, StoreError};
use watch::backtest::warm_up;
use watch::{Backtest, Rule, Trial};

use crate::config::{City, control_room_feed};

/// Rows of the journal that are read at a time: between two reads the store may cut its log.
const ROWS: usize = 2_000;

/// Which part of the journal; what is missing is where it begins and ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch {
    /// The first instant that counts. The rule listens before it, so that its windows are full.
    pub from: Option<Time>,
    /// The last.
    pub to: Option<Time>,
}

/// These rules with one more, or with one in the place of that of the same name.
///
/// # Errors
/// Every mistake in its text.
pub fn with_rule(
    city: &City,
    rules: &[Rule],
    path: &str,
    text: &str,
) -> Result<(Vec<Rule>, RuleId), Vec<watch::RuleError>> {
    let rule = city.parse_beside(path, text, rules)?;
    let id = rule.id.clone();
    let mut rules: Vec<Rule> = rules.iter().filter(|other| other.id != id).cloned().collect();
    rules.push(rule);
    Ok((rules, id))
}

/// Goes over the journal with one rule. `go_on(done, all)` is asked again and again, in rows; when it says no, the
/// answer is `None`.
///
/// # Errors
/// When the store cannot be read.
pub fn on_journal(
    city: &City,
    rules: Vec<Rule>,
    rule: &RuleId,
    reader: &Reader,
    stretch: Stretch,
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Option<Backtest>, StoreError> {
    let Some(tried) = rules.iter().find(|known| known.id == *rule) else { return Ok(None) };
    let listens_from = stretch.from.map(|from| from - warm_up(tried));
    let Some(mut trial) = Trial::new(city.parts(rules), rule, stretch.from) else { return Ok(None) };
    let first = listens_from.map_or(Ok(Seq(0)), |from| reader.seq_at(from - Span::ms(1)))?;
    if let Some(from) = listens_from {
        for feed in city.feeds.iter().filter(|feed| feed.contract.kind == FeedKind::Gtfs) {
            if let Some(stored) = reader.timetable_at(&feed.contract.feed, from)? {
                trial.set_timetable(feed.contract.feed.clone(), Arc::new(stored.tables));
            }
        }
    }
    // Silences and covers that began before may still be in force.
    for row in reader.journal_of(&control_room_feed(), Time::default())?.into_iter().filter(|row| row.seq <= first) {
        for record in &row.records {
            if let Record::DeskAction(action) = record {
                trial.role_did(action, row.received);
            }
        }
    }
    if let Some(from) = listens_from.filter(|_| trial.asks_where_things_are()) {
        reader.journal_besides_observations(Time::default(), from, |row| {
            for record in &row.records {
                if let Record::Entities(changes) = record {
                    trial.things_were(changes);
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
    let Some((last, received)) = reader.last_received()? else { return Ok(Some(trial.finish(None))) };
    // The watch may have seen later ticks than the last row.
    let watched = reader.watch_state()?.map_or(received, |state| state.position.time.max(received));
    let until = stretch.to.map_or(watched, |to| to.min(watched));
    let mut seq = first;
    'journal: loop {
        if !go_on(seq.0.saturating_sub(first.0), last.0.saturating_sub(first.0)) {
            return Ok(None);
        }
        let rows = reader.journal_after(seq, ROWS)?;
        let Some(end) = rows.last() else { break };
        seq = end.seq;
        for row in rows {
            if row.received > until || row.seq > last {
                break 'journal;
            }
            for entry in row.entries() {
                if let Record::Timetable(version) = &entry.record
                    && let Some(stored) = reader.timetable_version(&entry.feed, &version.sha256)?
                {
                    trial.set_timetable(entry.feed.clone(), Arc::new(stored.tables));
                }
                trial.entry(&entry);
            }
        }
    }
    Ok(Some(trial.finish(Some(until))))
}

/// A series out of a file.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Whose readings they are.
    pub datastream: DatastreamId,
    /// How long after its time each was received.
    pub lag: Span,
    /// Times and results, in the order of time.
    pub readings: Vec<(Time, f64)>,
}

/// Goes over readings out of files with one rule: each is received `lag` after its time. Of readings of one time the
/// first counts, as in the store.
pub fn on_files(city: &City, rules: Vec<Rule>, rule: &RuleId, recorded: &[Recorded]) -> Option<Backtest> {
    let mut trial = Trial::new(city.parts(rules), rule, None)?;
    let feeds: BTreeMap<_, _> = city.datastreams.iter().map(|stream| (stream.id, &stream.feed)).collect();
    let mut entries = Vec::new();
    for Recorded { datastream, lag, readings } in recorded {
        let feed = feeds.get(datastream)?;
        let mut before = None;
        for (at, result) in readings {
            if before >= Some(*at) {
                continue;
            }
            before = Some(*at);
            let observation = Observation { datastream: *datastream, phenomenon_time: *at, result: *result };
            let record = Record::Observations([observation].into_iter().collect());
            entries.push(Entry { feed: (*feed).clone(), received: *at + *lag, record });
        }
    }
    entries.sort_by_key(|entry| entry.received);
    for entry in &entries {
        trial.entry(entry);
    }
    Some(trial.finish(None))
}

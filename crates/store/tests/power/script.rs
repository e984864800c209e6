//! What the program under test writes: group after group, each known from its number alone, so that whoever looks
//! afterwards knows what has to be there. Everything that touches the store's own words is here.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use city::{DatastreamId, Time};
use gate::Gate;
use store::{Batch, Store, StoreError};

use crate::town;

/// City time from group to group.
const STEP_MS: i64 = 3 * 3_600_000;
/// Senders whose batches share a commit; each has its own series.
const WRITERS: u32 = 4;
const POINTS: i64 = 12;

/// What identifies a point, and its value.
pub type Points = BTreeMap<(u32, i64), f64>;

fn start_ms(group: u64) -> i64 {
    i64::try_from(group).unwrap() * STEP_MS
}

/// Points that no other group has: from these it can be told whether the group is there.
pub fn own(group: u64) -> Points {
    let mut points = Points::new();
    for writer in 1..=WRITERS {
        for i in 0..POINTS {
            let value = f64::from(u32::try_from((group * 7 + u64::from(writer) * 3 + i.unsigned_abs()) % 97).unwrap());
            points.insert((writer, start_ms(group) + i * 60_000), value / 10.0);
        }
        if group % 4 == 2 && group >= 10 {
            // Late ones, into a day that may be sealed.
            let late = start_ms(group - 10) + 3_600_000;
            points.extend((0..3).map(|i| ((writer, late + i * 1_000), 50.0 + f64::from(writer))));
        }
    }
    points
}

/// All points that the group writes: its own, and another value for one point of an earlier group.
pub fn points(group: u64) -> Points {
    let mut points = own(group);
    if group % 3 == 2 && group >= 5 {
        points.insert((1, start_ms(group - 5)), 60.0 + f64::from(u32::try_from(group % 30).unwrap()));
    }
    points
}

/// One batch a writer, with a repeat and a refusal in each, and one of another feed between them.
pub fn group(gate: &Gate, group: u64) -> Vec<Batch> {
    let now_ms = start_ms(group) + STEP_MS;
    let all = points(group);
    let mut batches = Vec::new();
    for writer in 1..=WRITERS {
        let of_writer = all.iter().filter(|((series, _), _)| *series == writer);
        let mut list: Vec<_> = of_writer.map(|((series, ms), value)| town::level(*series, *ms, *value)).collect();
        list.push(town::level(writer, start_ms(group), own(group)[&(writer, start_ms(group))]));
        list.push(town::level(writer, start_ms(group), f64::NAN));
        batches.push(town::batch(gate, "water", list, now_ms));
    }
    let warning = town::warning(&format!("W{group}"), start_ms(group));
    batches.insert(1, town::batch(gate, "civil-defence", vec![warning], now_ms));
    batches
}

/// What may be asked of a store between two groups, and after how many groups it is.
const CARE: [(u64, Care); 4] = [
    (2, carry),
    (3, |store, now| store.seal(now).map(|_| ())),
    (4, rest),
    (5, |store, _| store.checkpoint().map(|_| ())),
];
type Care = fn(&mut Store, Time) -> Result<(), StoreError>;

/// What a carrier of the log does beside the desk.
fn carry(store: &mut Store, _: Time) -> Result<(), StoreError> {
    let carried = store.log_carrier()?.carry();
    store.log_carried(carried)
}

/// What the desk does while nothing comes, from the first look to rest.
fn rest(store: &mut Store, now: Time) -> Result<(), StoreError> {
    for now in [now, now + city::Span::s(10), now + city::Span::h(2)] {
        loop {
            if let Some(mut plan) = store.plan_seal(now)? {
                while let Some(slice) = plan.next_slice()? {
                    store.write_sealed(slice)?;
                }
            }
            if !store.is_behind() {
                break;
            }
        }
    }
    Ok(())
}

/// How the program is to behave.
pub struct Order {
    /// First group, and how many.
    pub groups: std::ops::Range<u64>,
    /// Without the sync of each commit: a store that breaks its promise, to see that the test can tell.
    pub unsynced: bool,
    /// Nothing but groups: the store has to look after its journal by itself.
    pub plain: bool,
    /// End without closing the store, as a program does that fell.
    pub fall: bool,
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{words}").unwrap();
    out.flush().unwrap();
}

/// Commits a group; one of which a part was refused for want of room counts as refused.
fn commit(store: &mut Store, batches: Vec<Batch>) -> Result<(), StoreError> {
    let done = store.commit(batches)?;
    if done.batches.iter().any(|batch| batch.full) { Err(StoreError::Full) } else { Ok(()) }
}

/// The program: says of each group that it tries it, and that it was acknowledged; of an error what it was, and what
/// the store says to everything after it.
pub fn run(path: &Path, order: &Order) {
    let mut store = match Store::open(path) {
        Ok(store) => store,
        Err(error) => return say(&format!("ERROR open: {error}")),
    };
    if order.unsynced {
        store.stop_syncing().unwrap();
    }
    let gate = town::gate();
    for number in order.groups.clone() {
        say(&format!("TRY {number}"));
        let mut result = commit(&mut store, group(&gate, number)).map(|()| say(&format!("ACK {number}")));
        for (every, care) in CARE {
            if result.is_ok() && !order.plain && number % every == every - 1 {
                result = care(&mut store, town::at(start_ms(number) + STEP_MS));
            }
        }
        let Err(error) = result else { continue };
        if matches!(error, StoreError::Full) {
            // One write found no room: what it was for is refused, and the store goes on.
            say(&format!("FULL {number}"));
            continue;
        }
        say(&format!("ERROR {error}"));
        let failed = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Failed));
        let refused = failed(commit(&mut store, group(&gate, number + 1)))
            && CARE.iter().all(|(_, care)| failed(care(&mut store, town::at(start_ms(number) + STEP_MS))));
        say(&format!("AFTER {}", if refused { "refused" } else { "taken" }));
        break;
    }
    if order.fall {
        std::mem::forget(store);
    }
    say("END");
}

/// Groups that are refused before there is room again, and entries of the log that are written meanwhile.
pub const FULL_GROUPS: usize = 5;
pub const LOG_ENTRIES: usize = 1_000;

/// The program on a disk that fills up: refused groups are not tried again, the log goes on, and after some refusals
/// whatever took the room is removed.
pub fn run_out_of_room(path: &Path, order: &Order) {
    let mut store = Store::open(path).unwrap();
    let gate = town::gate();
    let mut full = 0;
    for number in order.groups.clone() {
        say(&format!("TRY {number}"));
        let Err(error) = commit(&mut store, group(&gate, number)).map(|()| say(&format!("ACK {number}"))) else {
            continue;
        };
        if store.has_failed() {
            return say(&format!("ERROR {error}"));
        }
        say(&format!("FULL {number}"));
        full += 1;
        for entry in 0..LOG_ENTRIES / FULL_GROUPS {
            let kept =
                commit(&mut store, vec![log_entry(&gate, &format!("taken {entry}"), start_ms(number) + STEP_MS)]);
            say(if kept.is_ok() { "LOGGED" } else { "UNLOGGED" });
        }
        if full == FULL_GROUPS {
            std::fs::remove_file(std::env::var_os("CUT_ARMED").unwrap()).unwrap();
        }
    }
}

/// An acknowledgement, as the control room books them.
fn log_entry(gate: &Gate, note: &str, now_ms: i64) -> Batch {
    let alert = city::AlertId("water~datastream_1~1714446000000".into());
    let entry = city::Acknowledgement { alert, role: "duty_officer".into(), note: note.into() };
    town::batch(gate, "control-room", vec![gate::Candidate::Acknowledgement(entry)], now_ms)
}

/// What is known of the groups of one store, through all its lives.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Acknowledged once, or seen after a cut.
    pub durable: BTreeSet<u64>,
    /// Begun and not acknowledged: they are there wholly or not at all.
    pub open: BTreeSet<u64>,
}

/// What was found wrong.
pub enum Wrong {
    /// These acknowledged groups are gone.
    Lost(BTreeSet<u64>),
    /// Anything else.
    Broken(String),
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(groups) => write!(f, "acknowledged groups are gone: {groups:?}"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl Known {
    /// Takes in what one life said. A group that was acknowledged is not tried again.
    pub fn hear(&mut self, tried: &BTreeSet<u64>, acknowledged: &BTreeSet<u64>) -> Result<(), Wrong> {
        if !acknowledged.is_subset(tried) {
            return Err(Wrong::Broken("acknowledged and never tried".to_owned()));
        }
        self.open.extend(tried.difference(acknowledged));
        self.durable.extend(acknowledged);
        Ok(())
    }

    /// Opens what the disk holds and compares. What was open is decided by it.
    pub fn check(&mut self, path: &Path) -> Result<(), Wrong> {
        let broken = |why: String| Wrong::Broken(why);
        let mut store = Store::open(path).map_err(|error| broken(format!("does not open: {error}")))?;
        let connection = rusqlite::Connection::open(path).map_err(|error| broken(error.to_string()))?;
        let whole: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(|error| broken(error.to_string()))?;
        if whole != "ok" {
            return Err(broken(format!("integrity_check: {whole}")));
        }
        drop(connection);
        let found = stored(&store).map_err(|error| broken(format!("cannot be read: {error}")))?;
        let part = |group: u64| own(group).keys().filter(|key| found.contains_key(key)).count();
        let lost: BTreeSet<u64> = self.durable.iter().copied().filter(|group| part(*group) == 0).collect();
        if !lost.is_empty() {
            return Err(Wrong::Lost(lost));
        }
        for group in std::mem::take(&mut self.open) {
            if part(group) > 0 {
                self.durable.insert(group);
            }
        }
        let mut expected = Points::new();
        for group in &self.durable {
            expected.extend(points(*group));
        }
        if found != expected {
            let different = |key: &&(u32, i64)| found.get(key) != expected.get(key);
            let keys: BTreeSet<_> = found.keys().chain(expected.keys()).filter(different).collect();
            let only = |all: &Points, others: &Points| all.keys().filter(|key| !others.contains_key(key)).count();
            let (more, fewer) = (only(&found, &expected), only(&expected, &found));
            let first: Vec<_> = keys.iter().take(5).map(|key| (key, found.get(key), expected.get(key))).collect();
            return Err(broken(format!(
                "{} points are not as they were written ({more} too many, {fewer} gone), as {first:?}",
                keys.len()
            )));
        }
        town::check_identity(store.read());
        let next = self.durable.last().map_or(0, |last| last + 1_000);
        store.commit(group(&town::gate(), next)).map_err(|error| broken(format!("takes nothing more: {error}")))?;
        let found = stored(&store).map_err(|error| broken(format!("cannot be read: {error}")))?;
        if own(next).iter().any(|(key, value)| found.get(key) != Some(value)) {
            return Err(broken("a new group cannot be read".to_owned()));
        }
        Ok(())
    }
}

/// Every point of every series.
fn stored(store: &Store) -> Result<Points, StoreError> {
    let mut found = Points::new();
    let (from, to) = (town::at(-1), town::at(1_000_000_000_000));
    for series in 1..=WRITERS {
        for point in store.read().range(DatastreamId(series), from, to)? {
            found.insert((series, point.time.ms() - town::START_MS), point.result);
        }
    }
    Ok(found)
}

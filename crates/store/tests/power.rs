//! The power is cut at any operation: nothing acknowledged is lost, no group is there by half, and the store goes on.
//! Beside it the same with a store, and a disk, that do not sync: these must lose, or the test could not tell.
//!
//! A round that fails says its seed; `TOWNBELL_CUT_SEED=7 cargo test -p store --test power NAME` repeats it alone.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "tests"
)]

#[path = "power/script.rs"]
mod script;
#[path = "power/shim.rs"]
mod shim;
mod town;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use script::{Known, Order, Wrong};
use shim::{Counted, EIO, ENOSPC, Plan, STATUS_CUT, Shim, mixed};

const STORE: &str = "TOWNBELL_POWER_TEST_STORE";
const ORDER: &str = "TOWNBELL_POWER_TEST_ORDER";
const SEED: &str = "TOWNBELL_CUT_SEED";

/// Stores that lose their power, and how often each does: at least 1,000 cuts in all.
const STORES: u64 = 340;
const LIVES: u64 = 3;
const CUTS_MIN: usize = 1_000;
/// Groups in a life.
const GROUPS: u64 = 10;
/// Rounds of a control.
const CONTROL_ROUNDS: u64 = 20;
/// Groups after which the journal has been written into the file by itself more than once.
const MANY_GROUPS: u64 = 2_000;
/// Disks that fill up, and their size: some hundred groups.
const ROOM_ROUNDS: u64 = 8;
const ROOM_BYTES: u64 = (1 << 20) + store::RESERVE_BYTES as u64;
/// Groups while every operation fails once.
const SWEEP_GROUPS: u64 = 6;

/// Not a test of its own: the program whose power is cut.
#[test]
fn child_that_is_cut() {
    let (Some(path), Ok(order)) = (std::env::var_os(STORE), std::env::var(ORDER)) else { return };
    let word = |name: &str| order.split(' ').any(|word| word == name);
    let mut numbers = order.split(' ').filter_map(|word| word.parse::<u64>().ok());
    let groups = numbers.next().unwrap()..numbers.next().unwrap();
    let run = if word("room") { script::run_out_of_room } else { script::run };
    run(Path::new(&path), &Order { groups, unsynced: word("unsynced"), plain: word("plain"), fall: word("fall") });
}

/// What the child said before it ended, and how it ended.
struct Said {
    tried: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    error: Option<String>,
    after: Option<String>,
    /// Groups for which there was no room; entries of the log that were written after that, and that were refused.
    full: BTreeSet<u64>,
    logged: usize,
    unlogged: usize,
    status: Option<i32>,
    counted: Counted,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tried, acknowledged, error, after, counted, .. } = self;
        let (tried, acknowledged) = (tried.len(), acknowledged.len());
        write!(f, "of {tried} groups {acknowledged} acknowledged; error {error:?}, then {after:?}; {counted:?}")
    }
}

fn child(shim: &Shim, path: &Path, order: &str, plan: &Plan) -> Said {
    let report = path.with_extension("report");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child_that_is_cut", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .env(ORDER, order)
        .stdin(Stdio::null());
    // With its last slash: everything in the folder.
    shim.preload(
        &mut command,
        &path.parent().unwrap().join(""),
        &Plan { report: Some(report.clone()), ..plan.clone() },
    );
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let status = output.status.code();
    assert!(matches!(status, Some(0 | STATUS_CUT)), "the child ended in disorder ({status:?}) {plan:?}: {err}{out}");
    let numbers = |word: &str| out.lines().filter_map(|line| line.strip_prefix(word)?.parse().ok()).collect();
    let text = |word: &str| out.lines().find_map(|line| Some(line.strip_prefix(word)?.to_owned()));
    Said {
        tried: numbers("TRY "),
        acknowledged: numbers("ACK "),
        error: text("ERROR "),
        after: text("AFTER "),
        full: numbers("FULL "),
        logged: out.lines().filter(|line| *line == "LOGGED").count(),
        unlogged: out.lines().filter(|line| *line == "UNLOGGED").count(),
        status,
        counted: Counted::read(&report),
    }
}

/// Looks at a copy, so that the next life begins with what the cut left and not with what the look made of it.
fn look(folder: &Path, known: &mut Known) -> Result<(), Wrong> {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().flatten() {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    known.check(&copy.path().join("town.db"))
}

/// Everything that is to be done with one store until the power goes for the last time.
#[derive(Clone, Copy)]
struct Course {
    lives: u64,
    unsynced: bool,
    lie: bool,
    /// Operations of a first life that nothing cuts, and of a later one.
    operations: [u64; 2],
}

impl Course {
    fn new(shim: &Shim, lives: u64, unsynced: bool, lie: bool) -> Self {
        let mut course = Self { lives, unsynced, lie, operations: [0; 2] };
        let folder = tempfile::tempdir().unwrap();
        for life in 0..2 {
            let said = child(shim, &folder.path().join("town.db"), &course.order(0, life), &Plan::default());
            assert_eq!(said.acknowledged.len() as u64, GROUPS, "without a cut, everything is acknowledged: {said}");
            course.operations[usize::try_from(life).unwrap()] = said.counted.operations;
        }
        course
    }

    fn order(&self, seed: u64, life: u64) -> String {
        let first = seed % 5 + life * GROUPS;
        format!("{first} {} {}", first + GROUPS, if self.unsynced { "unsynced" } else { "" })
    }

    /// Lives one store through. Gives how often the power went in the middle of work, and what was wrong then.
    fn run(&self, shim: &Shim, seed: u64) -> (usize, Result<(), Wrong>) {
        let folder = tempfile::tempdir().unwrap();
        let mut known = Known::default();
        let mut cuts = 0;
        for life in 0..self.lives {
            let moment = mixed(seed * 16 + life) >> 1;
            let at = 1 + moment % self.operations[usize::from(life > 0)];
            let plan = Plan { seed: moment, at, at_end: true, lie: self.lie, ..Plan::default() };
            let said = child(shim, &folder.path().join("town.db"), &self.order(seed, life), &plan);
            cuts += usize::from(said.status == Some(STATUS_CUT));
            let found = known.hear(&said.tried, &said.acknowledged).and_then(|()| look(folder.path(), &mut known));
            if found.is_err() {
                return (cuts, found);
            }
        }
        (cuts, Ok(()))
    }
}

/// The seeds from 0, or the one that is to be repeated, on every core.
fn rounds<T: Send>(name: &str, count: u64, round: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let only: Option<u64> = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seeds = Mutex::new(only.map_or(0..count, |seed| seed..seed + 1));
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(seed) = seeds.lock().unwrap().next() else { break };
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| round(seed)));
            match caught {
                Ok(result) => done.lock().unwrap().push(result),
                Err(panic) => {
                    println!("repeat with: {SEED}={seed} cargo test -p store --test power {name}");
                    std::panic::resume_unwind(panic);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap()
}

#[test]
fn a_thousand_cuts_lose_nothing() {
    let shim = Shim::build();
    let course = Course::new(&shim, LIVES, false, false);
    let cuts: Vec<usize> = rounds("a_thousand_cuts_lose_nothing", STORES, |seed| {
        let (cuts, found) = course.run(&shim, seed);
        found.unwrap_or_else(|wrong| panic!("after cut {cuts} of seed {seed}: {wrong}"));
        cuts
    });
    let cuts: usize = cuts.into_iter().sum();
    println!("{cuts} cuts in {STORES} stores, of {:?} operations a life; nothing lost", course.operations);
    assert!(cuts >= CUTS_MIN || std::env::var_os(SEED).is_some(), "only {cuts} cuts");
}

/// Rounds that lost acknowledged groups, and rounds that were broken otherwise.
fn control(name: &str, unsynced: bool, lie: bool) -> [usize; 2] {
    let shim = Shim::build();
    // Most cuts of a first life fall into making the tables, before there is anything to lose.
    let course = Course::new(&shim, LIVES, unsynced, lie);
    let found = rounds(name, CONTROL_ROUNDS, |seed| course.run(&shim, seed).1);
    let lost = found.iter().filter(|found| matches!(found, Err(Wrong::Lost(_)))).count();
    let broken = found.iter().filter(|found| matches!(found, Err(Wrong::Broken(_)))).count();
    println!("{name}: of {CONTROL_ROUNDS} rounds {lost} lost acknowledged groups, {broken} were broken");
    [lost, broken]
}

#[test]
#[cfg(debug_assertions)]
fn a_store_that_does_not_sync_is_seen_to_lose() {
    let [lost, broken] = control("a_store_that_does_not_sync_is_seen_to_lose", true, false);
    assert!(lost > 0, "the test cannot tell a store that syncs from one that does not");
    assert_eq!(broken, 0, "without the sync of a commit SQLite loses, but breaks nothing");
}

#[test]
fn a_disk_that_lies_is_seen_to_lose() {
    let [lost, broken] = control("a_disk_that_lies_is_seen_to_lose", false, true);
    assert!(lost > 0, "the test cannot tell a disk that syncs from one that does not");
    assert!(lost + broken > 0);
}

/// A child on a new store, of which one operation fails, and whose power goes at the end. Gives what it said; what it
/// acknowledged is there.
fn failing(shim: &Shim, order: &str, plan: &Plan) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan { at_end: true, ..plan.clone() };
    let said = child(shim, &folder.path().join("town.db"), order, &plan);
    let mut known = Known::default();
    // A group that was refused for want of room is not there; a later correction of one of its points does not make it so.
    let tried = said.tried.difference(&said.full).copied().collect();
    let found = known.hear(&tried, &said.acknowledged).and_then(|()| look(folder.path(), &mut known));
    found.unwrap_or_else(|wrong| panic!("{plan:?}: {wrong}; {said}"));
    assert!(said.full.is_disjoint(&known.durable), "refused for want of room, and kept: {said}");
    said
}

/// Every sync of the files that end in `of` fails once. Gives how many of them stopped the store while it wrote groups.
fn fail_each_sync(name: &str, of: &'static str, order: &str) -> usize {
    let shim = Shim::build();
    let plan = Plan { sync_of: of, ..Plan::default() };
    // Programs that fall, so that what they sync after the failure can be counted.
    let falls = format!("{order} fall");
    let syncs = failing(&shim, &falls, &plan).counted.syncs;
    let stopped = rounds(name, syncs, |seed| {
        let said = failing(&shim, &falls, &Plan { seed, fail_sync: seed + 1, ..plan.clone() });
        // SQLite does not look at the answer for the folder; that nothing was lost was seen.
        assert!(said.error.is_some() || said.counted.folder_failed, "nobody heard of it: {said}");
        assert_ne!(said.after.as_deref(), Some("taken"), "something was taken after a sync that failed: {said}");
        let again = said.after.is_some() && said.counted.syncs_after_failure > 0;
        assert!(!again, "a sync was tried again: {said}");
        said.after.is_some()
    });
    // And programs that close their store, which may sync what was there before: nothing is lost by that.
    let closing = failing(&shim, order, &plan).counted.syncs;
    rounds(name, closing, |seed| failing(&shim, order, &Plan { seed, fail_sync: seed + 1, ..plan.clone() }));
    let stopped = stopped.into_iter().filter(|stopped| *stopped).count();
    println!(
        "{syncs} syncs of {of:?} failed one by one, {stopped} of them while groups were written; nothing was lost"
    );
    stopped
}

#[test]
fn a_sync_that_fails_is_never_acknowledged_and_never_repeated() {
    let name = "a_sync_that_fails_is_never_acknowledged_and_never_repeated";
    let stopped = fail_each_sync(name, "", &format!("0 {SWEEP_GROUPS}"));
    assert!(stopped as u64 >= SWEEP_GROUPS, "a sync a commit at least: {stopped}");
}

#[test]
fn a_sync_that_fails_while_the_store_looks_after_its_journal_is_heard() {
    let name = "a_sync_that_fails_while_the_store_looks_after_its_journal_is_heard";
    let stopped = fail_each_sync(name, "town.db", &format!("0 {MANY_GROUPS} plain"));
    assert!(stopped > 1, "the journal was not written into the file in {MANY_GROUPS} groups");
}

#[test]
fn every_write_fails_once_and_nothing_is_lost() {
    let shim = Shim::build();
    let order = format!("0 {SWEEP_GROUPS}");
    let writes = failing(&shim, &order, &Plan::default()).counted.writes;
    let heard = rounds("every_write_fails_once_and_nothing_is_lost", writes * 2, |seed| {
        let errno = if seed % 2 == 0 { EIO } else { ENOSPC };
        let said = failing(&shim, &order, &Plan { seed, fail_write: 1 + seed / 2, errno, ..Plan::default() });
        let all = said.acknowledged.len() as u64 == SWEEP_GROUPS;
        let told = said.error.is_some() || !said.full.is_empty();
        assert!(all || told, "a group is missing and no error was told: {said}");
        assert_ne!(said.after.as_deref(), Some("taken"), "something was taken after an error: {said}");
        u64::from(told)
    });
    let told: u64 = heard.into_iter().sum();
    println!(
        "{writes} writes failed one by one with EIO and with ENOSPC: {told} times told, else made good; none lost"
    );
    assert!(told > SWEEP_GROUPS || std::env::var_os(SEED).is_some(), "the sweep met too few commits: {told}");
}

/// A disk of 1 MiB that fills up, and has room again when the child removes what is in the way.
fn out_of_room(name: &str, check: impl Fn(&Said) + Sync) {
    let shim = Shim::build();
    rounds(name, ROOM_ROUNDS, |seed| {
        let folder = tempfile::tempdir().unwrap();
        let armed = folder.path().join("in-the-way");
        std::fs::write(&armed, "").unwrap();
        let plan = Plan { seed, room: ROOM_BYTES + seed * 7_919, armed: Some(armed), ..Plan::default() };
        check(&failing(&shim, &format!("0 {MANY_GROUPS} room"), &plan));
    });
}

#[test]
fn a_full_disk_loses_nothing() {
    out_of_room("a_full_disk_loses_nothing", |said| {
        assert!(said.error.is_some() || !said.full.is_empty(), "the disk did not fill: {said}");
    });
}

#[test]
fn a_full_disk_refuses_observations_keeps_the_log_and_recovers() {
    out_of_room("a_full_disk_refuses_observations_keeps_the_log_and_recovers", |said| {
        assert_eq!(said.error, None, "a full disk is no failure");
        assert_eq!(said.full.len(), script::FULL_GROUPS, "refused until there is room, and not again: {said}");
        assert_eq!((said.logged, said.unlogged), (script::LOG_ENTRIES, 0), "the log goes on from the reserve: {said}");
        let after = said.acknowledged.range(said.full.last().unwrap()..).count();
        assert!(after > 10, "it takes observations again by itself: {said}");
    });
}

//! Rules that change while the program runs: what comes of it is what a start with the new rules would have made, a
//! folder that does not load changes nothing, and what is left when the program is killed then goes on the same way.
//! And what the desk keeps that the watch has forgotten.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::{AlertChange, DatastreamId, DeskAction, DeskActionKind, FeedId, Observation, Span, Tally, Time};
use gate::{Candidate, Gate};
use house::{at, city_with};
use townbell::clock::ReplayClock;
use townbell::config::City;
use townbell::desk::{Desk, Rebuilt};
use townbell::feeds::Door;
use townbell::rulebook::Rulebook;
use townbell::tell::live::Live;
use townbell::wire;

const FROM: &str = "2024-04-30T12:00:00Z";
/// Readings in each half of the time, one every [`STEP`]. All of it is less than an hour: after that the desk keeps a
/// snapshot of its own accord, and a reload that kept none would not be noticed.
const HALF: i64 = 55;
/// From one reading to the next.
const STEP: Span = Span::s(30);

/// A desk with its rulebook, driven by hand.
struct Room {
    door: Door,
    clock: Arc<ReplayClock>,
    rulebook: Arc<Rulebook>,
    thread: std::thread::JoinHandle<()>,
}

impl Room {
    fn open(city: &Path, data: &Path, now: Time) -> Self {
        let mut city = City::read(city).expect("the city is right");
        let rules = std::mem::take(&mut city.rules);
        let in_force = Arc::new(rules.clone());
        let city = Arc::new(city);
        std::fs::create_dir_all(data).expect("a folder");
        let store = store::Store::open(&data.join(wire::DATABASE)).expect("a store");
        let live = Arc::new(Live::new(1));
        let gate = Gate::new(wire::policy(&city)).expect("a gate");
        let rebuilt = Desk::start(store, &city, rules, &live, now).expect("the desk starts");
        let Rebuilt { desk, thread, timetables, .. } = rebuilt;
        let clock = Arc::new(ReplayClock::new(now));
        let rulebook = Arc::new(Rulebook::new(city, in_force, desk.clone(), live));
        let door = Door::new(gate, desk, Arc::clone(&clock) as Arc<dyn townbell::clock::Clock>, timetables);
        Self { door, clock, rulebook, thread }
    }

    /// Readings of the lake, each with the ticks before it.
    async fn readings(&self, numbers: std::ops::Range<i64>) {
        for number in numbers {
            self.reading(number, level(number)).await;
        }
    }

    async fn reading(&self, number: i64, result: f64) {
        let now = instant(number);
        self.clock.advance_to(now);
        self.door.desk.tick(now).await.expect("a tick");
        let observation = Observation { datastream: DatastreamId(1), phenomenon_time: now, result };
        self.submit("water", Candidate::Observation(observation)).await;
    }

    async fn submit(&self, feed: &str, candidate: Candidate) {
        let feed = FeedId::new(feed);
        let admission = self.door.judge(&feed, vec![candidate], &Tally::default()).expect("a contract");
        let receipt = self.door.desk.submit(feed, admission).await.expect("handed in");
        receipt.watched().await.expect("seen");
    }

    /// Looks at the folder until what lies there was read: it is read when it looked the same twice.
    async fn look(&self) {
        for _ in 0..2 {
            self.rulebook.look().await.expect("the desk runs");
        }
    }

    async fn close(self) {
        self.door.desk.stop().await;
        tokio::task::spawn_blocking(move || self.thread.join()).await.expect("it runs").expect("in order");
    }
}

fn instant(number: i64) -> Time {
    at(FROM) + Span::ms(STEP.as_ms() * number)
}

/// Up through 2.5 m and 3 m in the first half, down again in the second.
fn level(number: i64) -> f64 {
    let far = (number - HALF).abs();
    // invariant: small whole numbers.
    3.4 - 0.03 * f64::from(i32::try_from(far).unwrap_or_default())
}

fn rule(above: f64, held: &str) -> String {
    let below = above - 0.3;
    format!(
        "kind = \"threshold\"\nwhat = \"Lake\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"3 min\"\n\
         owner = \"water_desk\"\nseverity = \"minor\"\nrespond_within = \"1 h\"\npurpose = \"flood_warning\"\n\
         consequence = \"Water.\"\nfirst_action = \"Look.\"\n[open]\nabove = {above:.1}\nfor = \"{held}\"\n[close]\n\
         below = {below:.1}\nfor = \"1 min\"\n"
    )
}

/// Looks at the alerts of another rule.
fn follows(other: &str) -> String {
    format!(
        "kind = \"combined\"\nwhat = \"The lake is high\"\nowner = \"duty_officer\"\nseverity = \"severe\"\n\
         respond_within = \"1 h\"\npurpose = \"run_together\"\nconsequence = \"Water.\"\nfirst_action = \"Look.\"\n\
         [condition.lake]\nalert_of = \"{other}\"\n[condition.level]\nkind = \"threshold\"\ndatastream = 1\n\
         statistic = \"mean\"\nwindow = \"3 min\"\nabove = 2.9\n[open]\nwhen = {{ all = [\"lake\", \"level\"] }}\n"
    )
}

/// A city whose rules are these.
fn city(folder: &Path) -> PathBuf {
    let city = city_with(folder, "");
    for file in std::fs::read_dir(city.join("rules")).expect("rules").flatten() {
        std::fs::remove_file(file.path()).expect("removed");
    }
    write(&city, "kept", &rule(2.6, "2 min"));
    write(&city, "changed", &rule(2.6, "2 min"));
    write(&city, "removed", &rule(2.5, "30 s"));
    write(&city, "follows", &follows("removed"));
    city
}

fn write(city: &Path, name: &str, text: &str) {
    std::fs::write(city.join("rules").join(format!("{name}.toml")), text).expect("written");
}

/// One rule other, one gone, one new, and one that looked at the gone one looks at the new one.
fn edit(city: &Path) {
    write(city, "changed", &rule(3.3, "2 min"));
    write(city, "new", &rule(3.0, "10 s"));
    write(city, "follows", &follows("new"));
    std::fs::remove_file(city.join("rules/removed.toml")).expect("removed");
}

fn changes(data: &Path) -> Vec<AlertChange> {
    let reader = store::Reader::open(&data.join(wire::DATABASE)).expect("the store");
    reader.alert_changes(at("2024-01-01T00:00:00Z"), at("2025-01-01T00:00:00Z")).expect("changes")
}

fn bytes(changes: &[AlertChange]) -> String {
    serde_json::to_string(changes).expect("JSON")
}

fn of<'c>(changes: &'c [AlertChange], rule: &str, kind: AlertChangeKind) -> Vec<&'c AlertChange> {
    changes.iter().filter(|change| change.alert.key.rule.as_str() == rule && change.kind == kind).collect()
}

/// The disk as a power failure would leave it: the files as they are while the program runs.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for ending in ["", "-wal"] {
        let name = format!("{}{ending}", wire::DATABASE);
        std::fs::copy(from.join(&name), to.join(&name)).expect("copied");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_is_a_restart_with_the_new_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let [reloaded, restarted, killed, edited] =
        ["reloaded", "restarted", "killed", "edited"].map(|name| folder.path().join(name));
    let now = at(FROM);

    let first = city(&folder.path().join("first"));
    let room = Room::open(&first, &reloaded, now);
    room.readings(0..HALF).await;
    let before = room.rulebook.rules();
    copied(&reloaded, &edited);
    edit(&first);
    room.look().await;
    assert!(!Arc::ptr_eq(&before, &room.rulebook.rules()), "other rules are in force");
    room.readings(HALF..HALF + 3).await;
    copied(&reloaded, &killed);
    room.readings(HALF + 3..2 * HALF).await;
    room.close().await;

    let second = city(&folder.path().join("second"));
    let room = Room::open(&second, &restarted, now);
    room.readings(0..HALF).await;
    room.close().await;
    edit(&second);
    let room = Room::open(&second, &restarted, instant(HALF - 1));
    room.readings(HALF..2 * HALF).await;
    room.close().await;

    let reloaded = changes(&reloaded);
    assert_eq!(bytes(&reloaded), bytes(&changes(&restarted)));

    // Killed after the reload: what is stepped again is stepped as it was.
    let room = Room::open(&first, &killed, instant(HALF + 2));
    room.readings(HALF + 3..2 * HALF).await;
    room.close().await;
    assert_eq!(bytes(&reloaded), bytes(&changes(&killed)));

    // Killed, and edited while it is down: what came before was seen by the rules of then, and is so again.
    let room = Room::open(&first, &edited, instant(HALF - 1));
    room.readings(HALF..2 * HALF).await;
    room.close().await;
    assert_eq!(bytes(&reloaded), bytes(&changes(&edited)));

    // And it is what the edit means.
    let half = instant(HALF);
    assert_eq!(of(&reloaded, "kept", AlertChangeKind::Opened).len(), 1, "what stayed the same rings once");
    let kept = of(&reloaded, "kept", AlertChangeKind::Resolved);
    assert!(kept.first().is_some_and(|change| change.at > half + Span::min(10)), "and closes by its own condition");
    let removed = of(&reloaded, "removed", AlertChangeKind::Resolved);
    let [removed] = removed.as_slice() else { panic!("one alert of the removed rule: {removed:?}") };
    assert!(removed.at <= half, "it is closed by the next tick: {}", removed.at);
    assert_eq!(removed.alert.detail, "The rule that opened this alert no longer looks at this.");
    let new = of(&reloaded, "new", AlertChangeKind::Opened);
    assert!(new.first().is_some_and(|change| change.at >= half), "the new rule rings from then on: {new:?}");
    let follows = of(&reloaded, "follows", AlertChangeKind::Opened);
    assert!(!follows.is_empty(), "what looks at other rules looks at those in force");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_another_version_of_the_program_people_know_what_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let city = city(&folder.path().join("city"));
    let room = Room::open(&city, &data, at(FROM));
    room.readings(0..HALF).await;
    room.close().await;
    let standing = || {
        let reader = store::Reader::open(&data.join(wire::DATABASE)).expect("the store");
        let alerts = reader.standing_alerts(city::time::TIME_MAX, 100).expect("alerts");
        let mut rules: Vec<String> = alerts.iter().map(|alert| alert.key.rule.to_string()).collect();
        rules.sort();
        rules
    };
    assert_eq!(standing(), ["changed", "follows", "kept", "removed"]);

    // What another version kept cannot be read, and this one sees some things otherwise: as if by other rules.
    let file = rusqlite::Connection::open(data.join(wire::DATABASE)).expect("the store");
    assert_eq!(file.execute("UPDATE watch_state SET snapshot = x'07'", []).expect("written"), 1);
    drop(file);
    write(&city, "changed", &rule(3.6, "2 min"));
    write(&city, "new", &rule(3.0, "10 s"));
    let before = changes(&data).len();
    let room = Room::open(&city, &data, instant(HALF - 1));
    assert_eq!(standing(), ["follows", "kept", "new", "removed"]);
    let settled = &changes(&data)[before..];
    let told: Vec<_> = settled.iter().map(|change| (change.alert.key.rule.as_str(), change.kind)).collect();
    assert_eq!(told, [("changed", AlertChangeKind::Resolved), ("new", AlertChangeKind::Opened)]);

    // And all of them go on.
    room.readings(HALF..2 * HALF).await;
    room.close().await;
    assert_eq!(standing(), Vec::<String>::new(), "the lake has fallen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_does_not_load_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plain, broken) = (folder.path().join("plain"), folder.path().join("broken"));

    let calm = city(&folder.path().join("calm"));
    let room = Room::open(&calm, &plain, at(FROM));
    room.readings(0..2 * HALF).await;
    room.close().await;

    let city = city(&folder.path().join("city"));
    let room = Room::open(&city, &broken, at(FROM));
    room.readings(0..HALF / 2).await;
    let before = room.rulebook.rules();
    let right = rule(2.6, "2 min");
    write(&city, "changed", &right.replace("severity = \"minor\"", "severity = \"loud\""));
    room.look().await;
    assert!(Arc::ptr_eq(&before, &room.rulebook.rules()), "the rules before stay");
    let mistakes = room.rulebook.mistakes();
    let [mistake] = mistakes.as_slice() else { panic!("one mistake: {mistakes:?}") };
    assert_eq!((mistake.name().as_str(), mistake.line, mistake.column), ("changed.toml", 7, 12), "{mistake}");
    assert!(mistake.message.contains("moderate"), "what would be right: {mistake}");
    room.readings(HALF / 2..HALF).await;

    // A folder that is gone is no city without rules.
    std::fs::rename(city.join("rules"), city.join("away")).expect("moved");
    room.look().await;
    assert!(Arc::ptr_eq(&before, &room.rulebook.rules()));
    assert_eq!(room.rulebook.mistakes().len(), 1);
    room.readings(HALF..HALF + 10).await;
    std::fs::rename(city.join("away"), city.join("rules")).expect("moved");

    write(&city, "changed", &right);
    room.look().await;
    assert!(room.rulebook.mistakes().is_empty(), "mended");
    assert!(Arc::ptr_eq(&before, &room.rulebook.rules()), "and the same as before");
    room.readings(HALF + 10..2 * HALF).await;
    room.close().await;
    assert_eq!(bytes(&changes(&plain)), bytes(&changes(&broken)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_about_an_alert_long_over_is_kept() {
    /// So many alerts open and resolve with each wave of the lake.
    const RULES: usize = 20;
    let folder = tempfile::tempdir().expect("a folder");
    let (city, data) = (city(&folder.path().join("city")), folder.path().join("data"));
    for number in 0..RULES {
        let at_once = rule(2.6, "0 s").replace("for = \"1 min\"\n", "").replace("3 min", "20 s");
        write(&city, &format!("wave-{number}"), &format!("damped = false\n{at_once}"));
    }
    let room = Room::open(&city, &data, at(FROM));
    let waves = i64::try_from(watch::state::RESOLVED_KEPT_MAX / RULES).expect("few") + 2;
    for number in 0..2 * waves {
        room.reading(number, if number % 2 == 0 { 3.4 } else { 1.0 }).await;
    }
    let before = changes(&data);
    let opened = of(&before, "wave-0", AlertChangeKind::Opened);
    assert_eq!(opened.len(), usize::try_from(waves).expect("few"), "one a wave");
    let (oldest, newest) = (&opened[0].alert, &opened[opened.len() - 1].alert);
    let comment = |alert: &city::Alert, text: &str| {
        let what = DeskActionKind::Comment { alert: alert.id.clone(), text: text.to_owned() };
        Candidate::DeskAction(DeskAction { role: "water_desk".to_owned(), what })
    };
    room.submit("control-room", comment(oldest, "The wave of the ferry.")).await;
    room.submit("control-room", comment(newest, "The same.")).await;
    room.close().await;

    let written = changes(&data);
    let written: Vec<_> = written[before.len()..]
        .iter()
        .map(|change| (change.kind, &change.alert.id, change.words.as_deref(), change.alert.state))
        .collect();
    let kept = |alert: &'_ city::Alert, text| {
        (AlertChangeKind::Commented, alert.id.clone(), Some(text), city::AlertState::Resolved)
    };
    let wanted = [kept(oldest, "The wave of the ferry."), kept(newest, "The same.")];
    assert_eq!(
        written.iter().map(|(kind, id, words, state)| (*kind, (*id).clone(), *words, *state)).collect::<Vec<_>>(),
        wanted
    );
}

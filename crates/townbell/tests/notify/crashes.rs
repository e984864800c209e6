//! The power goes five hundred times, each time at another operation of the disk, while alerts open and close and are
//! told. Afterwards the alerts are those of a plain look at what was sent, and to the bit those of one watch that went
//! over the journal without a crash; and each notification has come, once after dropping what has a key that came before.
//!
//! A round that fails says its seed; `TOWNBELL_CUT_SEED=7 cargo test -p townbell --test notify crashes` repeats that one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{AlertChange, Delivery, Notification, NotificationReason, Seq, Span, Time};
use reqwest::{Client, StatusCode};
use store::NotificationFilter;
use townbell::clock::{Clock as _, LiveClock};
use townbell::config::City;

use crate::house::{Program, client, free_address};
use crate::receiver::{Behaviour, Receiver};
use crate::shim::{Counted, Plan, STATUS_CUT, Shim, mixed};
use crate::town::{DATABASE, webhook, write};

/// How often each of the two towns, one for each core, loses its power.
const CRASHES: u64 = 250;
/// How often the town loses its power whose first role cannot be reached.
const CRASHES_UNREACHED: u64 = 100;
/// Gauges of a town, each with a rule of its own.
const GAUGES: u64 = 6;
/// Readings of the life that shows how many operations there are to choose from.
const READINGS_A_LIFE: usize = 14;
/// Above the line of the rules, and below the one where they close.
const HIGH_M: f64 = 4.0;
const LOW_M: f64 = 1.0;

/// A reading that was acknowledged.
struct Sent {
    gauge: u64,
    at: Time,
    level_m: f64,
}

/// A town whose power goes, and what was sent to it so far.
struct Town {
    city: std::path::PathBuf,
    data: std::path::PathBuf,
    address: SocketAddr,
    client: Client,
    sent: Vec<Sent>,
    /// The reading that is under way: sent again until it is acknowledged.
    next: Option<Sent>,
}

impl Town {
    async fn new(folder: &Path, receiver: &Receiver) -> Self {
        let calls = "[calls]\ngroup_wait = \"0 s\"\ngroup_every = \"0 s\"\ntell_resolved = true\n";
        let channels = webhook("hook", receiver.address, "/hook");
        let city = write(folder, &channels, &["hook"], calls).await;
        let text = std::fs::read_to_string(city.join("city.toml")).expect("the city");
        let gauge = |id: u64| {
            format!(
                "\n[[datastream]]\nid = {id}\nname = \"Gauge {id}\"\nthing = 1\nobserved_property = \"water_level\"\n\
                 feed = \"water\"\nbeat = \"15 min\"\n"
            )
        };
        let gauges: String = (2..=GAUGES).map(gauge).collect();
        std::fs::write(city.join("city.toml"), text + &gauges).expect("written");
        let rule = std::fs::read_to_string(city.join("rules/level.toml")).expect("the rule");
        std::fs::remove_file(city.join("rules/level.toml")).expect("the rule");
        for id in 1..=GAUGES {
            let rule = rule.replace("datastream = 1", &format!("datastream = {id}\ndamped = false"));
            std::fs::write(city.join(format!("rules/level-{id}.toml")), rule).expect("written");
        }
        let (data, address) = (folder.join("data"), free_address());
        Self { city, data, address, client: client(), sent: Vec::new(), next: None }
    }

    /// Starts it, under the library that plays the power cut.
    fn start(&self, shim: &Shim, plan: &Plan) -> Program {
        let mut command = Program::command(&["serve", "--listen", &self.address.to_string()]);
        command.arg(&self.city);
        shim.preload(&mut command, &self.data.join(DATABASE), plan);
        Program::start(command, &self.data)
    }

    /// Sends readings until the program is gone or so many were acknowledged. Each gauge goes high and low by turns.
    async fn send(&mut self, program: &mut Program, readings: usize) {
        let mut acknowledged = 0;
        while acknowledged < readings && program.ended().is_none() {
            let n = self.sent.len() as u64;
            let new = || {
                let level_m = if (n / GAUGES).is_multiple_of(2) { HIGH_M } else { LOW_M };
                Sent { gauge: 1 + n % GAUGES, at: LiveClock.now(), level_m }
            };
            let reading = self.next.get_or_insert_with(new);
            let url = format!("http://{}/v1.1/Datastreams({})/Observations", self.address, reading.gauge);
            let body = serde_json::json!({ "phenomenonTime": reading.at, "result": reading.level_m }).to_string();
            let request = self.client.post(url).header("content-type", "application/json").body(body);
            match request.send().await {
                Ok(answer) if answer.status() == StatusCode::CREATED => {
                    self.sent.extend(self.next.take());
                    acknowledged += 1;
                }
                Ok(answer) => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
                // It is not up yet, or gone.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Loses its power once for each seed, at another operation each time.
    async fn crash(&mut self, shim: &Shim, seeds: std::ops::Range<u64>) {
        let report = self.data.with_extension("report");
        let mut program = self.start(shim, &Plan { report: Some(report.clone()), ..Plan::default() });
        self.send(&mut program, READINGS_A_LIFE).await;
        program.stop();
        let operations = Counted::read(&report).operations;
        for seed in seeds {
            let moment = mixed(seed) >> 1;
            let plan = Plan { seed: moment, at: 1 + moment % operations, ..Plan::default() };
            let mut program = self.start(shim, &plan);
            self.send(&mut program, usize::MAX).await;
            let status = program.ended().and_then(|status| status.code());
            assert_eq!(status, Some(STATUS_CUT), "TOWNBELL_CUT_SEED={seed}: {}", program.log());
        }
    }

    /// Lives on in peace until everything has been told.
    async fn settle(&mut self, shim: &Shim) {
        let mut program = self.start(shim, &Plan::default());
        self.send(&mut program, READINGS_A_LIFE).await;
        for _ in 0..1_200 {
            program.alive();
            let reader = store::Reader::open(&self.data.join(DATABASE)).expect("the store");
            let waiting = NotificationFilter { state: Some(Delivery::Waiting), ..NotificationFilter::default() };
            if reader.notifications(&waiting, 1).expect("read").is_empty() {
                program.stop();
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("still waiting after two minutes: {}", program.log());
    }

    /// What opened and closed, by a plain look at what was sent.
    fn plain(&self) -> Vec<(String, AlertChangeKind)> {
        let mut open: BTreeMap<u64, Time> = BTreeMap::new();
        let id = |gauge: u64, since: Time| format!("level-{gauge}~datastream_{gauge}~{}", since.ms());
        let change = |reading: &Sent| match (open.get(&reading.gauge).copied(), reading.level_m) {
            (None, HIGH_M) => {
                open.insert(reading.gauge, reading.at);
                Some((id(reading.gauge, reading.at), AlertChangeKind::Opened))
            }
            (Some(since), LOW_M) => {
                open.remove(&reading.gauge);
                Some((id(reading.gauge, since), AlertChangeKind::Resolved))
            }
            _ => None,
        };
        self.sent.iter().filter_map(change).collect()
    }

    fn reader(&self) -> store::Reader {
        store::Reader::open(&self.data.join(DATABASE)).expect("the store")
    }

    /// What one watch says that goes over the whole journal and never crashes.
    fn whole(&self) -> (Vec<AlertChange>, BTreeMap<String, Notification>) {
        let reader = self.reader();
        let city = City::read(&self.city).expect("the city");
        let context = watch::Context::new(city.parts(city.rules.clone()));
        let (mut state, mut changes, mut notifications) = (watch::State::default(), Vec::new(), BTreeMap::new());
        let mut take = |done: watch::Done| {
            changes.extend(done.changes);
            notifications.extend(done.notifications.into_iter().map(|call| (call.key.clone(), call)));
        };
        let mut seq = Seq(0);
        loop {
            let rows = reader.journal_after(seq, 1_000).expect("the journal");
            let Some(last) = rows.last() else { break };
            seq = last.seq;
            for row in rows {
                let entry = |record| Entry { feed: row.feed.clone(), received: row.received, record };
                let entries: Vec<Entry> = row.records.into_iter().map(entry).collect();
                take(watch::run_with_calls(&mut state, &context, &entries, None));
            }
        }
        let until = reader.watch_state().expect("the watch").expect("it moved").position.time;
        take(watch::run_with_calls(&mut state, &context, [], Some(until)));
        (changes, notifications)
    }

    fn check(&self, crashes: u64, came: &[String]) {
        let reader = self.reader();
        let (from, to) = (LiveClock.now() - Span::h(24), LiveClock.now() + Span::h(24));
        let kept = reader.alert_changes(from, to).expect("alerts");
        let rang: Vec<&AlertChange> = kept
            .iter()
            .filter(|change| matches!(change.kind, AlertChangeKind::Opened | AlertChangeKind::Resolved))
            .filter(|change| change.alert.key.rule.to_string().starts_with("level-"))
            .collect();
        let plain = self.plain();
        let said: Vec<_> = rang.iter().map(|change| (change.alert.id.to_string(), change.kind)).collect();
        same("the changes are not those of a plain look", &said, &plain);
        let opened = plain.iter().filter(|(_, kind)| *kind == AlertChangeKind::Opened).count();
        assert!(opened as u64 > crashes / 2, "only {opened} alerts in {crashes} crashes");

        let (changes, notifications) = self.whole();
        same("the alerts are not those of a watch without a crash", &kept, &changes);

        let stored = reader.notifications(&NotificationFilter::default(), 100_000).expect("the outbox");
        let stored: BTreeMap<_, _> = stored.into_iter().map(|kept| (kept.notification.key.clone(), kept)).collect();
        let outbox: Vec<_> = stored.values().map(|kept| &kept.notification).collect();
        let meant: Vec<_> = notifications.values().collect();
        same("the outbox is not that of a watch without a crash", &outbox, &meant);
        for reason in [NotificationReason::Opened, NotificationReason::Resolved] {
            let told: BTreeSet<_> = notifications
                .values()
                .filter(|call| call.reason == reason)
                .filter_map(|call| call.alert.as_ref())
                .collect();
            let meant: BTreeSet<_> = rang
                .iter()
                .filter(|change| (change.kind == AlertChangeKind::Opened) == (reason == NotificationReason::Opened))
                .map(|change| &change.alert.id)
                .collect();
            assert_eq!(told, meant, "{reason:?}");
        }
        let failed: Vec<_> = stored.values().filter(|kept| kept.state != Delivery::Delivered).collect();
        assert!(failed.is_empty(), "not delivered: {failed:?}");
        let distinct: BTreeSet<&String> = came.iter().collect();
        assert_eq!(distinct, stored.keys().collect(), "what came is not what was to come");
        eprintln!(
            "{crashes} crashes, {} readings, {opened} alerts, {} notifications, {} came twice",
            self.sent.len(),
            stored.len(),
            came.len() - distinct.len()
        );
    }
}

/// Fails with the first that differs, and not with all of them.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &[T], meant: &[T]) {
    let differs = found.iter().zip(meant).find(|(found, meant)| found != meant);
    assert!(differs.is_none() && found.len() == meant.len(), "{what}: {} of {}, {differs:?}", found.len(), meant.len());
}

/// In a town whose first role is behind a channel that refuses, the next is called at once: once for each alert,
/// wherever between the refusal, the journal and the outbox the power went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_crashes_whoever_is_next_is_called_once() {
    let (shim, folder, receiver) = (Shim::build(), tempfile::tempdir().expect("a folder"), Receiver::start().await);
    receiver.behave("/refuses", Behaviour::Says(403));
    let mut town = Town::new(folder.path(), &receiver).await;
    let text = std::fs::read_to_string(town.city.join("city.toml")).expect("the city");
    let text = text.replace("[\"duty_officer\"]\n[city", "[\"duty_officer\", \"manager\"]\n[city");
    std::fs::write(town.city.join("city.toml"), text).expect("written");
    let oncall = format!(
        "[calls]\ngroup_wait = \"0 s\"\ngroup_every = \"0 s\"\n{}{}[[reach]]\nrole = \"duty_officer\"\n\
         at_least = \"info\"\nchannels = [\"refuses\"]\n[[reach]]\nrole = \"manager\"\nat_least = \"info\"\n\
         channels = [\"hook\"]\n[[escalation]]\nat_least = \"info\"\nstep = [{{ after = \"0 s\", \
         roles = [\"duty_officer\"] }}, {{ after = \"24 h\", roles = [\"manager\"] }}]\n",
        webhook("hook", receiver.address, "/hook"),
        webhook("refuses", receiver.address, "/refuses"),
    );
    std::fs::write(town.city.join("oncall.toml"), oncall).expect("written");
    town.crash(&shim, 0..CRASHES_UNREACHED).await;
    // The last alerts are left open, so that whoever is next has to be told of them.
    let mut program = town.start(&shim, &Plan::default());
    town.send(&mut program, READINGS_A_LIFE).await;
    while !(town.sent.len() as u64 / GAUGES).is_multiple_of(2) || !(town.sent.len() as u64).is_multiple_of(GAUGES) {
        town.send(&mut program, 1).await;
    }
    town.send(&mut program, usize::try_from(GAUGES).expect("few")).await;
    let standing = town.reader().standing_alerts(LiveClock.now() + Span::h(1), 100).expect("alerts");
    let open: BTreeSet<String> = standing
        .iter()
        .filter(|alert| alert.key.rule.as_str().starts_with("level-") && alert.resolved.is_none())
        .map(|alert| alert.id.to_string())
        .collect();
    assert_eq!(open.len() as u64, GAUGES);
    let called = || receiver.at("/hook").iter().map(|came| came.json()["data"]["alert"].clone()).collect::<Vec<_>>();
    for _ in 0..600 {
        let called = called();
        if open.iter().all(|id| called.iter().any(|alert| alert == id)) {
            break;
        }
        program.alive();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    program.stop();
    let called = called();
    assert!(open.iter().all(|id| called.iter().any(|alert| alert == id)), "{open:?} {called:?}");

    let reader = town.reader();
    let kept = reader.alert_changes(LiveClock.now() - Span::h(24), LiveClock.now() + Span::h(24)).expect("alerts");
    let (changes, notifications) = town.whole();
    same("the alerts are not those of a watch without a crash", &kept, &changes);
    let mut times: BTreeMap<(String, &str), u32> = BTreeMap::new();
    for change in &kept {
        *times.entry((change.alert.id.to_string(), change.kind.name())).or_default() += 1;
    }
    for kind in ["unreached", "escalated"] {
        assert!(times.iter().all(|((_, of), count)| *of != kind || *count == 1), "{kind} more than once: {times:?}");
        assert!(open.iter().all(|id| times.contains_key(&(id.clone(), kind))), "{kind} is missing");
    }
    let meant: BTreeSet<&String> =
        notifications.values().filter(|call| call.channel == "hook").map(|call| &call.key).collect();
    let came = receiver.at("/hook");
    let came: BTreeSet<String> = came.iter().map(|came| came.header("webhook-id").to_owned()).collect();
    assert!(came.iter().all(|key| meant.contains(key)), "something else was told");
    let escalated = times.keys().filter(|(_, kind)| *kind == "escalated").count();
    eprintln!("{CRASHES_UNREACHED} crashes, {escalated} alerts went on to the next role, each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_crashes_lose_and_double_nothing() {
    let shim = Shim::build();
    let only: Option<u64> = std::env::var("TOWNBELL_CUT_SEED").ok().and_then(|seed| seed.parse().ok());
    let town = async |number: u64| {
        let folder = tempfile::tempdir().expect("a folder");
        let receiver = Receiver::start().await;
        let mut town = Town::new(folder.path(), &receiver).await;
        let seeds = only.map_or(number * CRASHES..(number + 1) * CRASHES, |seed| seed..seed + 1);
        town.crash(&shim, seeds.clone()).await;
        town.settle(&shim).await;
        let came: Vec<String> = receiver.at("/hook").iter().map(|came| came.header("webhook-id").to_owned()).collect();
        town.check(seeds.end - seeds.start, &came);
    };
    tokio::join!(town(0), town(1));
}

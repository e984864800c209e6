//! Residents' requests through the running program: polled from an Open311 server, counted, and rung for; and what
//! people wrote, and where exactly they were, is in no file of the store.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::{FeedId, Record, Seq, Span, Tally, Time};
use gate::Gate;
use house::at;
use serde_json::{Value, json};
use server::{Answer, Foreign};
use townbell::clock::{Clock, ReplayClock};
use townbell::config::City;
use townbell::desk::{Desk, Rebuilt};
use townbell::feeds::Door;
use townbell::feeds::poll::Poller;
use townbell::tell::live::Live;
use townbell::wire;

const CITY: &str = r#"
[city]
name = "Far Town"
timezone = "America/Sao_Paulo"
roles = ["duty_officer"]
[city.bbox]
west = -51.3
south = -30.1
east = -51.1
north = -29.9
[[place]]
id = "centre"
name = "the centre"
kind = "city"
longitude = -51.2
latitude = -30.0
outline = [[-51.3, -30.1], [-51.1, -30.1], [-51.1, -29.9], [-51.3, -29.9]]
[[purpose]]
id = "flood_warning"
words = "To warn of floods"
roles = ["duty_officer"]
feeds = ["city-requests"]
[[feed]]
id = "city-requests"
name = "City requests"
kind = "open311"
owner = "Far Town"
licence = "none"
purpose = "to count"
beat = "1 h"
retention = "30 days"
poll_every = "15 min"
services = ["flood"]
"#;

const RULE: &str = r#"
kind = "requests"
what = "Flooded streets"
feed = "city-requests"
services = ["flood"]
window = "2 h"
each = "cell"
owner = "duty_officer"
severity = "severe"
consequence = "Cars are trapped."
first_action = "Close the underpass."
respond_within = "15 min"
purpose = "flood_warning"
[open]
requests = 10
[close]
requests_below = 4
"#;

/// No byte of this may be kept.
const WRITTEN: &str = "CNRYREQZ";
const LONGITUDE: f64 = -51.235_114_5;
const LATITUDE: f64 = -30.031_221_8;

fn request(id: u32, now: city::Time) -> Value {
    json!({
        "service_request_id": format!("24-{id:04}"),
        "service_code": ["flood"],
        "service_name": "Flooded street",
        "status": "open",
        "requested_datetime": (now - city::Span::min(i64::from(id))).to_string(),
        "lat": LATITUDE,
        "long": LONGITUDE.to_string(),
        "description": format!("{WRITTEN} stands in the water"),
        "address": format!("12 {WRITTEN} Street"),
        "address_string": WRITTEN,
        "media_url": format!("https://example.org/{WRITTEN}.jpg"),
        "first_name": WRITTEN,
        "last_name": WRITTEN,
        "email": format!("{WRITTEN}@example.org"),
        "phone": WRITTEN,
        "device_id": WRITTEN,
        "account_id": WRITTEN,
        "status_notes": WRITTEN,
    })
}

/// The way in of a city that is asked by hand, on the grid of its polls.
struct Room {
    city: Arc<City>,
    clock: Arc<ReplayClock>,
    door: Arc<Door>,
    poller: Poller,
    thread: std::thread::JoinHandle<()>,
}

impl Room {
    fn open(city: &Path, data: &Path, now: Time) -> Self {
        let mut city = City::read(city).expect("the city is right");
        let rules = std::mem::take(&mut city.rules);
        let city = Arc::new(city);
        std::fs::create_dir_all(data).expect("a folder");
        let store = store::Store::open(&data.join(wire::DATABASE)).expect("a store");
        let gate = Gate::new(wire::policy(&city)).expect("a gate");
        let rebuilt = Desk::start(store, &city, rules, &Arc::new(Live::new(1)), now).expect("the desk starts");
        let Rebuilt { desk, thread, timetables, .. } = rebuilt;
        let clock = Arc::new(ReplayClock::new(now));
        let door = Arc::new(Door::new(gate, desk, Arc::clone(&clock) as Arc<dyn Clock>, timetables));
        let poller = Poller::new(Arc::clone(&city), Arc::clone(&door), data).expect("a poller");
        Self { city, clock, door, poller, thread }
    }

    /// Asks at an instant; gives what was counted.
    async fn ask(&self, now: Time) -> Tally {
        self.clock.advance_to(now);
        self.door.desk.tick(now).await.expect("a tick");
        let feed = self.city.feed(&FeedId::new("city-requests")).expect("the feed");
        let admission = self.poller.ask(feed).await.expect("a contract");
        let receipt = self.door.desk.submit(feed.contract.feed.clone(), admission).await.expect("handed in");
        receipt.watched().await.expect("seen").tally
    }

    async fn close(self) {
        self.door.desk.stop().await;
        tokio::task::spawn_blocking(move || self.thread.join()).await.expect("it runs").expect("in order");
    }
}

fn city(folder: &Path, foreign: &Foreign) -> PathBuf {
    let city = folder.join("city");
    std::fs::create_dir_all(city.join("rules")).expect("a folder");
    let url = foreign.url("/requests.json?jurisdiction_id=far.town");
    std::fs::write(city.join("city.toml"), format!("{CITY}url = \"{url}\"\n")).expect("written");
    std::fs::write(city.join("rules/floods.toml"), RULE).expect("written");
    city
}

fn say(foreign: &Foreign, requests: &[Value]) {
    foreign.say("/requests.json", Answer::of(json!({ "service_requests": requests }).to_string().into_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_surge_rings_once_and_nothing_of_those_who_asked_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = Foreign::start().await;
    let (city, data) = (city(folder.path(), &foreign), folder.path().join("data"));
    let (first, second, third) = (at("2024-05-02T09:30:00Z"), at("2024-05-02T09:45:00Z"), at("2024-05-02T10:00:00Z"));
    let all: Vec<Value> = (1..=12).map(|id| request(id, first)).collect();
    let room = Room::open(&city, &data, first);
    say(&foreign, &all[..9]);
    assert_eq!(room.ask(first).await.stored, 9);
    say(&foreign, &all);
    let tally = room.ask(second).await;
    assert_eq!((tally.stored, tally.duplicate), (3, 9), "what is told again");
    assert!(tally.fields_dropped >= 12 * 12, "{tally:?}");
    assert_eq!(room.ask(third).await.stored, 0);
    room.close().await;
    let reader = store::Reader::open(&data.join(wire::DATABASE)).expect("the store");
    let changes = reader.alert_changes(first - Span::h(1), third + Span::h(1)).expect("changes");
    let opened: Vec<_> = changes.iter().filter(|change| change.kind == AlertChangeKind::Opened).collect();
    let [alert] = opened.as_slice() else { panic!("one alert: {changes:?}") };
    assert_eq!(alert.alert.title, "Flooded streets: 10 requests in 2 h, in one square kilometre of the centre");
    assert_eq!(alert.at, second, "it opens with the poll that is over the line");
    let rows = reader.journal_after(Seq(0), 100).expect("the journal");
    let cuts = rows.iter().flat_map(|row| &row.records).filter(|record| matches!(record, Record::RequestsCut(_)));
    assert_eq!(cuts.count(), 0);
    for change in &changes {
        let told = format!("{change:?}");
        assert!(!told.contains(WRITTEN) && !told.contains("30.03122"), "{told}");
    }
    drop(reader);
    for file in std::fs::read_dir(&data).expect("the store").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let holds = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
        let name = file.file_name();
        assert!(!holds(WRITTEN.as_bytes()), "{name:?} holds what somebody wrote");
        for exact in [LONGITUDE, LATITUDE] {
            assert!(!holds(&exact.to_le_bytes()) && !holds(&exact.to_be_bytes()), "{name:?} holds where somebody was");
            assert!(!holds(exact.to_string().as_bytes()), "{name:?} holds where somebody was");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_pages_that_is_as_long_as_one_may_be_is_not_all_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = Foreign::start().await;
    let (city, data) = (city(folder.path(), &foreign), folder.path().join("data"));
    let now = at("2024-05-02T09:30:00Z");
    let room = Room::open(&city, &data, now);
    let all: Vec<Value> = (1..=1_000).map(|id| request(id, now)).collect();
    say(&foreign, &all);
    assert_eq!(room.ask(now).await.stored, 1_000);
    room.close().await;
    let reader = store::Reader::open(&data.join(wire::DATABASE)).expect("the store");
    let rows = reader.journal_after(Seq(0), 100).expect("the journal");
    let first = rows.iter().flat_map(|row| &row.records).next();
    let Some(Record::RequestsCut(cut)) = first else { panic!("it is noted before them: {first:?}") };
    assert_eq!(cut.hour, at("2024-05-02T09:00:00Z"));
}

#[test]
fn it_is_asked_on_a_grid_of_the_clock_and_not_more_often_than_a_quarter_of_an_hour() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("rules")).expect("a folder");
    for (every, is_right) in [("15 min", true), ("1 h", true), ("5 min", false), ("1 s", false), ("35 min", false)] {
        let text = CITY.replace("poll_every = \"15 min\"", &format!("poll_every = \"{every}\""));
        std::fs::write(folder.path().join("city.toml"), format!("{text}url = \"http://127.0.0.1:9/\"\n"))
            .expect("written");
        match City::read(folder.path()) {
            Ok(_) => assert!(is_right, "{every}"),
            Err(mistakes) => {
                assert!(!is_right, "{every}: {mistakes:?}");
                assert!(mistakes.iter().all(|mistake| mistake.message.starts_with("poll_every: expected \"15 min\"")));
            }
        }
    }
}

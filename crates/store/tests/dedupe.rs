//! What is new, what was there already, what is stale: by kind.
#![allow(missing_docs, clippy::unwrap_used, clippy::float_cmp, reason = "tests")]

mod town;

use city::{AlertId, DatastreamId, Reason, Record, RouteId, ServiceAlert, Timetable};
use gate::{Candidate, Gate};
use store::{Batch, Committed, CommittedGroup, Store};

struct Town {
    gate: Gate,
    store: Store,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("town.db");
        Self { gate: town::gate(), store: Store::open(&path).unwrap(), path, _folder: folder }
    }

    fn say(&mut self, feed: &str, candidates: Vec<Candidate>, now_ms: i64) -> Committed {
        let batch = town::batch(&self.gate, feed, candidates, now_ms);
        self.store.commit(vec![batch]).unwrap().batches.remove(0)
    }

    /// (stored, duplicate, stale)
    fn counts(&mut self, feed: &str, candidates: Vec<Candidate>, now_ms: i64) -> (u64, u64, u64) {
        let tally = self.say(feed, candidates, now_ms).tally;
        assert!(tally.balances());
        (tally.stored, tally.duplicate, tally.rejected.get(&Reason::Stale).copied().unwrap_or_default())
    }

    fn reopen(mut self) -> Self {
        drop(self.store);
        self.store = Store::open(&self.path).unwrap();
        self
    }
}

#[test]
fn an_observation_is_known_by_series_and_time_and_a_correction_is_read() {
    let mut town = Town::new();
    let two = vec![town::level(1, 0, 2.0), town::level(2, 0, 2.0)];
    assert_eq!(town.counts("water", two.clone(), 0), (2, 0, 0));
    assert_eq!(town.counts("water", two, 1), (0, 2, 0));
    assert_eq!(town.counts("water", vec![town::level(1, 0, 2.5)], 2), (1, 0, 0));
    let points = town.store.read().range(DatastreamId(1), town::at(0), town::at(1)).unwrap();
    assert_eq!(points.iter().map(|p| p.result).collect::<Vec<_>>(), [2.5]);
    assert_eq!(town.store.read().latest().unwrap().first().unwrap().point.result, 2.5);
    assert_eq!(town.store.last_seq().0, 2, "a batch of duplicates is no entry");
    // Sealed, it is still known; and so is a correction of what is sealed.
    assert_eq!(town.store.seal(town::at(48 * 3_600_000)).unwrap(), 3, "the corrected version too");
    let mut town = town.reopen();
    assert_eq!(town.counts("water", vec![town::level(1, 0, 2.5), town::level(1, 0, 3.0)], 3), (1, 1, 0));
    let points = town.store.read().range(DatastreamId(1), town::at(0), town::at(1)).unwrap();
    assert_eq!(points.iter().map(|p| p.result).collect::<Vec<_>>(), [3.0]);
}

#[test]
fn a_position_counts_when_it_is_newer_also_after_a_restart() {
    let mut town = Town::new();
    assert_eq!(town.counts("bus-positions", vec![town::position("a", 10), town::position("b", 10)], 10), (2, 0, 0));
    assert_eq!(town.counts("bus-positions", vec![town::position("a", 10), town::position("b", 20)], 20), (1, 1, 0));
    let mut town = town.reopen();
    assert_eq!(town.counts("bus-positions", vec![town::position("a", 10), town::position("b", 19)], 30), (0, 2, 0));
    assert_eq!(town.counts("bus-positions", vec![town::position("a", 11)], 30), (1, 0, 0));
}

#[test]
fn an_update_counts_when_it_says_something_and_is_stale_when_it_is_old_news() {
    let mut town = Town::new();
    assert_eq!(town.counts("bus-updates", vec![town::update("a", 10, 60)], 10), (1, 0, 0));
    let said = vec![town::update("a", 10, 60), town::update("a", 5, 60), town::update("a", 5, 30)];
    assert_eq!(town.counts("bus-updates", said, 20), (0, 2, 1));
    assert_eq!(town.counts("bus-updates", vec![town::update("a", 10, 90)], 30), (1, 0, 0), "a correction");
    let mut town = town.reopen();
    assert_eq!(town.counts("bus-updates", vec![town::update("a", 10, 90)], 40), (0, 1, 0));
    assert_eq!(town.counts("bus-updates", vec![town::update("a", 11, 90)], 40), (1, 0, 0));
}

#[test]
fn a_run_is_forgotten_after_two_hours_with_or_without_a_restart() {
    let after = store::RECENT_SPAN.as_ms() + 1;
    for restart in [false, true] {
        let mut town = Town::new();
        assert_eq!(town.counts("bus-updates", vec![town::update("a", 10, 60)], 10), (1, 0, 0));
        assert_eq!(town.counts("bus-updates", vec![town::update("b", after, 60)], after + 10), (1, 0, 0));
        if restart {
            town = town.reopen();
        }
        assert_eq!(town.counts("bus-updates", vec![town::update("a", 10, 60)], after + 10), (1, 0, 0), "{restart}");
    }
}

#[test]
fn a_warning_is_known_by_sender_identifier_and_sent() {
    let mut town = Town::new();
    assert_eq!(town.counts("civil-defence", vec![town::warning("a", 0), town::warning("a", 0)], 0), (1, 1, 0));
    let mut town = town.reopen();
    assert_eq!(town.counts("civil-defence", vec![town::warning("a", 0), town::warning("a", 1)], 5), (1, 1, 0));
}

#[test]
fn a_request_is_known_until_something_of_it_changes() {
    let mut town = Town::new();
    let (open, closed) = (city::RequestStatus::Open, city::RequestStatus::Closed);
    let both = vec![town::request("1", 2, open), town::request("2", 1, open)];
    assert_eq!(town.counts("requests", both.clone(), 0), (2, 0, 0));
    assert_eq!(town.counts("requests", both, 10), (0, 2, 0), "polled again");
    let mut town = town.reopen();
    assert_eq!(
        town.counts("requests", vec![town::request("1", 2, closed), town::request("2", 1, open)], 20),
        (1, 1, 0)
    );
    assert_eq!(
        town.counts("requests", vec![town::request("1", 2, closed), town::request("2", 2, open)], 30),
        (1, 1, 0)
    );
    assert_eq!(town.counts("requests", vec![town::request("1", 2, open)], 40), (1, 0, 0), "opened again");
    town::check_identity(town.store.read());
}

fn alert(header: &str) -> Candidate {
    Candidate::ServiceAlert(ServiceAlert {
        id: "a1".into(),
        from: None,
        until: None,
        routes: vec![RouteId::new("T1")],
        stops: Vec::new(),
        trips: Vec::new(),
        cause: "weather".into(),
        effect: "detour".into(),
        header: header.to_owned(),
        description: String::new(),
    })
}

#[test]
fn a_service_alert_is_known_by_its_content() {
    let mut town = Town::new();
    assert_eq!(town.counts("bus-alerts", vec![alert("Detour")], 0), (1, 0, 0));
    let mut town = town.reopen();
    assert_eq!(town.counts("bus-alerts", vec![alert("Detour")], 1), (0, 1, 0));
    assert_eq!(town.counts("bus-alerts", vec![alert("Detour by the river")], 2), (1, 0, 0));
    assert_eq!(town.counts("bus-alerts", vec![alert("Detour")], 3), (1, 0, 0));
}

fn timetable(town: &Town, agency: &str, sha: char, now_ms: i64) -> Batch {
    let tables =
        Timetable { agency: agency.to_owned(), timezone: "America/Sao_Paulo".to_owned(), ..Timetable::default() };
    let sha256 = sha.to_string().repeat(64);
    let feed = town::feed("bus-timetable");
    Batch::new(feed.clone(), town.gate.admit_timetable(&feed, tables, &sha256, town::at(now_ms)).unwrap()).unwrap()
}

#[test]
fn a_timetable_is_known_by_its_hash_and_the_last_good_one_stays() {
    let mut town = Town::new();
    let feed = town::feed("bus-timetable");
    assert_eq!(town.store.read().timetable(&feed).unwrap(), None);
    for (agency, sha, new) in [("one", 'a', 1), ("one", 'a', 0), ("two", 'b', 1), ("one", 'a', 1)] {
        let batch = timetable(&town, agency, sha, 0);
        let tally = town.store.commit(vec![batch]).unwrap().batches.remove(0).tally;
        assert_eq!((tally.stored, tally.duplicate), (new, 1 - new), "{agency}");
        let kept = town.store.read().timetable(&feed).unwrap().unwrap();
        assert_eq!((kept.tables.agency.as_str(), kept.sha256), (agency, sha.to_string().repeat(64)));
    }
}

#[test]
fn beats_and_acknowledgements_are_always_new_and_beats_are_not_counted() {
    let mut town = Town::new();
    let note = |note: &str| {
        let alert = AlertId("water~datastream_1~1714446000000".into());
        Candidate::Acknowledgement(city::Acknowledgement { alert, role: "duty_officer".into(), note: note.into() })
    };
    assert_eq!(town.counts("control-room", vec![note("seen"), note("seen")], 0), (2, 0, 0));
    for (good, now_ms) in [(true, 10), (false, 20)] {
        let admission = town.gate.beat(&town::feed("water"), good, town::at(now_ms)).unwrap();
        let batch = Batch::new(town::feed("water"), admission).unwrap();
        let CommittedGroup { batches, rows } = town.store.commit(vec![batch]).unwrap();
        assert!(matches!(rows[0].records.as_slice(), [Record::FeedBeat(beat)] if beat.good == good));
        assert_eq!(batches[0].tally.received, 0);
    }
    let account = town.store.read().accounts().unwrap().remove(&town::feed("water")).unwrap();
    assert_eq!((account.last_asked, account.last_good), (Some(town::at(20)), Some(town::at(10))));
    town::check_identity(town.store.read());
}

#[test]
fn received_never_falls_and_never_lies_before_a_tick() {
    let mut town = Town::new();
    assert_eq!(town.say("water", vec![town::level(1, 0, 1.0)], 1000).received, town::at(1000));
    assert_eq!(town.say("water", vec![town::level(1, 1, 1.0)], 500).received, town::at(1000));
    town.store.tick(town::at(5000));
    assert_eq!(town.say("water", vec![town::level(1, 2, 1.0)], 4000).received, town::at(5000));
    let mut town = town.reopen();
    assert_eq!(town.say("water", vec![town::level(1, 3, 1.0)], 4000).received, town::at(5000));
    assert_eq!(town.store.read().last_received().unwrap(), Some((city::Seq(4), town::at(5000))));
}

#[test]
fn of_a_request_no_more_is_told_than_the_hour_in_which_it_came() {
    let mut town = Town::new();
    let hour = 3_600_000;
    let hour_of = |ms: i64| city::ServiceRequest::hour_of(town::at(ms));
    let request = |now_ms: i64| {
        Candidate::ServiceRequest(city::ServiceRequest {
            id: format!("{now_ms:032x}").as_str().into(),
            code: "flood".into(),
            cell: city::GridCell::of(city::Position { longitude: -51.2, latitude: -30.0 }),
            hour: hour_of(now_ms),
            status: city::RequestStatus::Open,
        })
    };
    for now_ms in [hour + 17 * 60_000 + 38_125, 2 * hour] {
        assert_eq!(town.counts("requests", vec![request(now_ms)], now_ms), (1, 0, 0));
    }
    let connection = rusqlite::Connection::open(&town.path).unwrap();
    let mut told = connection.prepare("SELECT received_ms FROM service_request_seen ORDER BY received_ms").unwrap();
    let told: Vec<i64> = told.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(told, [hour_of(hour + 17 * 60_000).ms(), hour_of(2 * hour).ms()]);
}

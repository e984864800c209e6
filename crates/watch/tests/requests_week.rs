//! A recorded week: requests of residents of St. Louis in the frost of January 2018, as their Open311 server would tell
//! them, through the decoder and the engine. Water mains burst from the second of January on.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind::{Opened, Resolved};
use city::record::{Entry, FeedBeat};
use city::{AlertChange, FeedId, GridCell, Place, Position, Record, ServiceRequest, Span, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use town::{load, parts};
use watch::{Context, Parts, State, run};

/// `data/ATTRIBUTION.md` says whose.
const WEEK: &str = include_str!("data/stlouis_requests_2018-01.csv");
/// Their clock in winter.
const ZONE: &str = "-06:00";

/// The answer of a server that holds all of the week, in its clock.
fn answer() -> Vec<u8> {
    let request = |line: &str| -> Value {
        let fields: Vec<&str> = line.split(',').collect();
        let [id, when, code, longitude, latitude] = fields[..] else { panic!("{line}") };
        json!({
            "service_request_id": id,
            "status": "open",
            "service_code": code,
            "description": "What somebody wrote, with a name in it.",
            "requested_datetime": format!("{}:00{ZONE}", when.replace(' ', "T")),
            "address": "At their door",
            "lat": latitude,
            "long": longitude,
        })
    };
    Value::Array(WEEK.lines().skip(1).map(request).collect()).to_string().into_bytes()
}

fn local(text: &str) -> Time {
    format!("{text}:00{ZONE}").parse().expect("a time")
}

/// Polled every half an hour: each ticket is told at half past the hour in which it was made.
fn journal() -> Vec<Entry> {
    let (requests, tally) = formats::open311::decode(&answer()).expect("a list of requests");
    assert_eq!((requests.len(), tally.rejected_total(), tally.fields_dropped), (218, 0, 2 * 218));
    let feed = || FeedId::new("requests");
    let told = |request: ServiceRequest| {
        let received = request.hour + Span::min(30);
        Entry { feed: feed(), received, record: Record::ServiceRequest(request) }
    };
    let mut entries: Vec<Entry> = requests.into_iter().map(told).collect();
    entries.extend((0..=8 * 48).map(|k| Entry {
        feed: feed(),
        received: local("2018-01-01T00:00") + Span::min(k * 30),
        record: Record::FeedBeat(FeedBeat { good: true }),
    }));
    entries.sort_by_key(|entry| entry.received);
    entries
}

fn rings(rule: &str) -> Vec<AlertChange> {
    let hall = Place {
        id: "hall".into(),
        name: "the city hall".to_owned(),
        kind: "city".to_owned(),
        position: Position { longitude: -90.2, latitude: 38.63 },
        outline: None,
        geocodes: Vec::new(),
    };
    let timezone = TimeZone::get("America/Chicago").expect("a zone");
    let rules = load(&[("burst", rule)]).expect("the rule loads");
    let context = Context::new(Parts { rules, places: vec![hall], timezone, ..parts() });
    run(&mut State::default(), &context, &journal(), Some(local("2018-01-09T00:00")))
}

fn turns(changes: &[AlertChange]) -> Vec<(String, bool)> {
    let zone = TimeZone::get("America/Chicago").expect("a zone");
    let turn = changes.iter().filter(|change| matches!(change.kind, Opened | Resolved));
    let when = |time: Time| time.timestamp().to_zoned(zone.clone()).strftime("%a %H:%M").to_string();
    turn.map(|change| (when(change.at), change.kind == Opened)).collect()
}

#[test]
fn burst_mains_ring_on_the_morning_of_the_first_frosty_working_day() {
    let changes = rings(
        "kind = \"requests\"\nwhat = \"Burst mains\"\nfeed = \"requests\"\nservices = [\"WTR-COMING-UP\", \"NOWATER\"]\n\
         window = \"3 h\"\n[open]\nrequests = 12\n[close]\nrequests_below = 4\n",
    );
    // The recording holds the ticket 1049335 twice: told apart by ids it is one, and the twelfth comes an hour later.
    assert_eq!(turns(&changes), [("Tue 11:30".to_owned(), true), ("Tue 17:00".to_owned(), false)]);
    assert_eq!(changes[0].alert.title, "Burst mains: 12 requests in 3 h, altogether");
}

#[test]
fn dark_blocks_ring_where_they_are_and_nobody_is_told_where_somebody_lives() {
    let changes = rings(
        "kind = \"requests\"\nwhat = \"Dark blocks\"\nfeed = \"requests\"\nservice = \"Whole Blk Lights Out\"\n\
         window = \"6 h\"\neach = \"cell\"\n[open]\nrequests = 3\n[close]\nrequests_below = 1\n",
    );
    let opened = || changes.iter().filter(|change| change.kind == Opened);
    let said: Vec<&str> = opened().map(|change| change.alert.title.as_str()).collect();
    assert_eq!(
        said,
        [
            "Dark blocks: 3 or more requests in 6 h, in the square kilometre 5 km south of the city hall",
            "Dark blocks: 3 or more requests in 6 h, in the square kilometre 9 km south-west of the city hall",
            "Dark blocks: 3 or more requests in 6 h, in the square kilometre 3 km west of the city hall",
            "Dark blocks: 3 or more requests in 6 h, in the square kilometre 9 km south-west of the city hall",
        ]
    );
    for alert in opened().map(|change| &change.alert) {
        let position = alert.position.expect("a place on the map");
        assert_eq!(position, GridCell::of(position).centre(), "the middle of a cell, and no door");
    }
    let all = serde_json::to_string(&changes).expect("JSON");
    assert!(!all.contains("somebody wrote") && !all.contains("At their door"));
}

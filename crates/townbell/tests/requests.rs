//! Residents' requests through the running program: polled from an Open311 server, counted, and rung for; and what
//! people wrote, and where exactly they were, is in no file of the store.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use house::json;
use serde_json::{Value, json};
use server::{Answer, Foreign, Town, assert_balanced, feed, stored};
use townbell::clock::{Clock as _, LiveClock};

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
beat = "1 min"
retention = "30 days"
poll_every = "1 s"
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_surge_rings_once_and_nothing_of_those_who_asked_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = Foreign::start().await;
    let (city, data) = (folder.path().join("city"), folder.path().join("data"));
    std::fs::create_dir_all(city.join("rules")).expect("a folder");
    let url = foreign.url("/requests.json?jurisdiction_id=far.town");
    std::fs::write(city.join("city.toml"), format!("{CITY}url = \"{url}\"\n")).expect("written");
    std::fs::write(city.join("rules/floods.toml"), RULE).expect("written");
    let now = LiveClock.now();
    let all: Vec<Value> = (1..=12).map(|id| request(id, now)).collect();
    let say = |requests: &[Value]| Answer::of(json!({ "service_requests": requests }).to_string().into_bytes());
    foreign.say("/requests.json", say(&all[..9]));
    let mut town = Town::start(&city, &data).await;
    town.until("nine are counted", async |address| stored(&feed(address, "city-requests").await) == 9).await;
    assert_eq!(json(town.address, "/api/alerts").await["items"].as_array().map(Vec::len), Some(0));
    foreign.say("/requests.json", say(&all));
    town.until("twelve are counted", async |address| stored(&feed(address, "city-requests").await) == 12).await;
    let rang =
        async |address| json(address, "/api/alerts").await["items"].as_array().is_some_and(|all| !all.is_empty());
    town.until("it rings", rang).await;
    let again = async |address| feed(address, "city-requests").await["tally"]["duplicate"].as_u64() > Some(24);
    town.until("all are told again and again", again).await;
    assert_balanced(town.address).await;
    let requests = feed(town.address, "city-requests").await;
    assert_eq!(stored(&requests), 12, "{requests}");
    assert!(requests["tally"]["fields_dropped"].as_u64() >= Some(12 * 12), "{requests}");
    let alerts = json(town.address, "/api/alerts").await;
    let [alert] = alerts["items"].as_array().expect("alerts").as_slice() else { panic!("one alert: {alerts}") };
    assert_eq!(alert["title"], "Flooded streets: 10 requests in 2 h, in one square kilometre of the centre");
    assert!(!alerts.to_string().contains(WRITTEN) && !alerts.to_string().contains("30.03122"), "{alerts}");
    town.program.alive();
    town.program.stop();
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

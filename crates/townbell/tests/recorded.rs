//! Recorded GTFS-Realtime of real cities through the running program: polled over HTTP, decoded, judged, journalled.
//! The recordings lie with the decoder (`crates/formats/tests/data`, with their licences).
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use std::path::Path;

use server::{Answer, Foreign, Town, assert_balanced, feed, rejected, stored};

const CITY: &str = r#"
[city]
name = "Two Far Cities"
timezone = "America/Toronto"
languages = ["en"]
roles = ["duty_officer"]
[city.bbox]
west = -80.0
south = 40.0
east = -73.0
north = 44.0
"#;

/// Feed, kind, recording.
const FEEDS: [(&str, &str, &str); 5] = [
    ("miway-positions", "gtfs_rt_vehicle_positions", "miway/VehiclePositions_1761519032.pb"),
    ("miway-updates", "gtfs_rt_trip_updates", "miway/TripUpdates_1761519032.pb"),
    ("miway-alerts", "gtfs_rt_alerts", "miway/Alerts_1761519032.pb"),
    ("subway-updates", "gtfs_rt_trip_updates", "nyct/1707397157.ace.pb"),
    ("subway-positions", "gtfs_rt_vehicle_positions", "nyct/1707397157.ace.pb"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_of_mississauga_and_new_york_come_in_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = Foreign::start().await;
    let city = folder.path().join("city");
    std::fs::create_dir_all(&city).expect("a folder");
    let mut text = CITY.to_owned();
    for (id, kind, recording) in FEEDS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/data").join(recording);
        foreign.say(&format!("/{id}"), Answer::of(std::fs::read(path).expect("the recording")).header("etag", "\"1\""));
        let table = format!(
            "[[feed]]\nid = \"{id}\"\nname = \"{id}\"\nkind = \"{kind}\"\nowner = \"its agency\"\nlicence = \"as recorded\"\n\
             purpose = \"to test\"\nbeat = \"1 min\"\nretention = \"3650 days\"\npoll_every = \"1 s\"\nurl = \"{}\"\n",
            foreign.url(&format!("/{id}"))
        );
        text.push_str(&table);
    }
    std::fs::write(city.join("city.toml"), text).expect("written");
    let mut town = Town::start(&city, &folder.path().join("data")).await;
    for (id, ..) in FEEDS {
        town.until(id, async |address| feed(address, id).await["last_good"].is_string()).await;
    }
    assert_balanced(town.address).await;
    let of = async |id: &str| feed(town.address, id).await;
    let (positions, updates, alerts) =
        (of("miway-positions").await, of("miway-updates").await, of("miway-alerts").await);
    assert!(stored(&positions) >= 100, "{positions}");
    assert_eq!(stored(&updates), 125, "{updates}");
    assert_eq!(stored(&alerts), 69, "{alerts}");
    let (subway, silent) = (of("subway-updates").await, of("subway-positions").await);
    assert!(stored(&subway) >= 140, "{subway}");
    // New York's positions name a stop and no place: none can be on a map, and all of them are counted.
    assert_eq!(stored(&silent), 0, "{silent}");
    assert!(rejected(&silent, "missing_field") >= 140, "{silent}");
    town.program.alive();
    town.program.stop();
}

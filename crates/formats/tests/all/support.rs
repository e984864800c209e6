//! What several tests need: recordings, zips made in memory, GTFS-Realtime from its JSON form.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use formats::gtfs_rt::proto;
use prost::Message as _;
use serde_json::Value;
use zip::write::SimpleFileOptions;

/// A recording that is kept beside the tests.
pub(crate) fn recording(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The full recordings, which are too large for the repository; `None` (and a loud line) where they are not there.
pub(crate) fn full_recordings(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: the full recordings {folder} are not beside the checkout; only the small copies were read");
    None
}

/// Files of a folder whose name ends so, in order.
pub(crate) fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(suffix));
    files.sort();
    files
}

/// A zip of these members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a member");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("an archive").into_inner()
}

/// A GTFS feed of two stops 1 km apart, one line and one trip; `changes` replace or add files (empty: take away).
pub(crate) fn feed(changes: &[(&str, &str)]) -> Vec<u8> {
    let base = [
        ("agency.txt", "agency_name,agency_url,agency_timezone\nTram Co,http://x,America/Sao_Paulo\n"),
        (
            "stops.txt",
            "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.00,-51.0\nB,Beta,-30.01,-51.0\nC,Gamma,-30.04,-51.0\n",
        ),
        ("routes.txt", "route_id,route_short_name,route_long_name,route_type\nR,7,Seven,3\n"),
        ("trips.txt", "route_id,service_id,trip_id\nR,WK,T\n"),
        (
            "stop_times.txt",
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT,08:00:00,08:00:00,A,1\nT,08:10:00,08:10:00,C,3\n",
        ),
        (
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nWK,1,1,1,1,1,0,0,20240101,20241231\n",
        ),
    ];
    let mut members: Vec<(&str, &str)> = base.to_vec();
    for (name, content) in changes {
        members.retain(|(known, _)| known != name);
        if !content.is_empty() {
            members.push((name, content));
        }
    }
    let members: Vec<_> = members.iter().map(|(name, content)| (*name, content.as_bytes())).collect();
    zip(&members)
}

/// GTFS-Realtime in the JSON form of protobuf -> the bytes that a feed would have sent.
pub(crate) fn protobuf_of_json(json: &[u8]) -> Vec<u8> {
    let root: Value = serde_json::from_slice(json).expect("JSON");
    let header = &root["header"];
    let header = proto::FeedHeader {
        gtfs_realtime_version: text(&header["gtfs_realtime_version"]),
        incrementality: Some(0),
        timestamp: header["timestamp"].as_u64(),
    };
    let entity = root["entity"].as_array().into_iter().flatten().map(entity).collect();
    proto::FeedMessage { header: Some(header), entity }.encode_to_vec()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn number(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|number| i32::try_from(number).ok())
}

#[allow(clippy::cast_possible_truncation, reason = "the schema has single precision")]
fn entity(value: &Value) -> proto::FeedEntity {
    let vehicle = value.get("vehicle").map(|vehicle| proto::VehiclePosition {
        trip: vehicle.get("trip").map(trip),
        position: vehicle.get("position").map(|position| proto::Position {
            latitude: position["latitude"].as_f64().map(|degrees| degrees as f32),
            longitude: position["longitude"].as_f64().map(|degrees| degrees as f32),
            bearing: None,
        }),
        timestamp: vehicle["timestamp"].as_u64(),
        ..proto::VehiclePosition::default()
    });
    let trip_update = value.get("trip_update").map(|update| proto::TripUpdate {
        trip: update.get("trip").map(trip),
        stop_time_update: update["stop_time_update"].as_array().into_iter().flatten().map(stop).collect(),
        timestamp: update["timestamp"].as_u64(),
        delay: number(&update["delay"]),
    });
    proto::FeedEntity { id: text(&value["id"]), trip_update, vehicle, ..proto::FeedEntity::default() }
}

fn trip(value: &Value) -> proto::TripDescriptor {
    let names = ["SCHEDULED", "ADDED", "UNSCHEDULED", "CANCELED", "", "REPLACEMENT", "DUPLICATED"];
    let relationship = value["schedule_relationship"].as_str();
    proto::TripDescriptor {
        trip_id: text(&value["trip_id"]),
        start_date: text(&value["start_date"]),
        schedule_relationship: relationship
            .and_then(|name| names.iter().position(|known| *known == name))
            .and_then(|number| i32::try_from(number).ok()),
        route_id: text(&value["route_id"]),
    }
}

fn stop(value: &Value) -> proto::StopTimeUpdate {
    let event = |value: &Value| proto::StopTimeEvent { delay: number(&value["delay"]), time: value["time"].as_i64() };
    proto::StopTimeUpdate {
        stop_sequence: number(&value["stop_sequence"]).and_then(|number| u32::try_from(number).ok()),
        arrival: value.get("arrival").map(event),
        departure: value.get("departure").map(event),
        stop_id: text(&value["stop_id"]),
        schedule_relationship: None,
    }
}

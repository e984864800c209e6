//! The replayer over HTTP, on the demo's own data.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use city::{Contract, DatastreamId, FeedId, FeedKind, ScheduleRelationship, Span, Time};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::clock::ReplayClock;

fn demo(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../demo/data", file].iter().collect()
}

fn at(text: &str) -> Time {
    text.parse().expect("a time")
}

fn source() -> DemoSource {
    let timetable = |kind: &str, zip| TimetableSource {
        feed: FeedId::new(&format!("{kind}-timetable")),
        zip: demo(zip),
        calendar_shift_days: 1827,
        simulated: vec![FeedId::new(&format!("{kind}-positions")), FeedId::new(&format!("{kind}-updates"))],
    };
    let series = |datastream, feed, file, time: &str, result: &str, lag| SeriesSource {
        feed: FeedId::new(feed),
        datastream: DatastreamId(datastream),
        file: demo(file),
        time: time.to_owned(),
        result: result.to_owned(),
        lag,
    };
    let weather = "weather/inmet_a801_hourly.csv";
    DemoSource {
        timetables: vec![
            timetable("bus", "gtfs/poa_eptc_bus.gtfs.zip"),
            timetable("rail", "gtfs/poa_trensurb_rail.gtfs.zip"),
        ],
        warnings: vec![demo("warnings")],
        series: vec![
            series(1, "water", "water/guaiba_cais_maua_15min.csv", "timestamp_local", "level_m", Span::min(2)),
            series(3, "weather", weather, "timestamp_utc", "precip_mm", Span::min(65)),
        ],
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A request by hand, so that the test sees what is on the wire.
async fn ask(replayer: &Replayer, path: &str, more: &str) -> Answer {
    let mut stream = TcpStream::connect(replayer.address()).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: replayer\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("answered");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head, body: bytes.split_off(end + 4) }
}

fn contract(feed: &str, kind: FeedKind) -> Contract {
    Contract {
        feed: FeedId::new(feed),
        name: String::new(),
        kind,
        owner: String::new(),
        licence: String::new(),
        purpose: String::new(),
        beat: Span::min(3),
        retention: Span::h(1),
        caveat: None,
    }
}

async fn start(now: &str) -> (Replayer, Arc<ReplayClock>) {
    let clock = Arc::new(ReplayClock::new(at(now)));
    let served = Replayer::serve(Arc::clone(&clock) as Arc<dyn Clock>, source()).await;
    (served.expect("the demo's data can be read"), clock)
}

#[tokio::test]
async fn real_time_feeds_come_as_their_decoders_want_them() {
    let (replayer, clock) = start("2024-04-30T14:00:00-03:00").await;
    let first = ask(&replayer, "/gtfs-rt/bus-positions/vehicle-positions.pb", "").await;
    assert_eq!((first.status, first.header("content-type")), (200, Some("application/x-protobuf")));
    assert_eq!(first.header("last-modified"), Some("Tue, 30 Apr 2024 17:00:00 GMT"));
    let (message, tally) = formats::gtfs_rt::decode_vehicle_positions(&first.body).expect("GTFS-Realtime");
    assert_eq!(message.header_time, Some(at("2024-04-30T14:00:00-03:00")));
    assert!(message.rows.len() > 100 && tally.rejected_total() == 0, "{} rows, {tally:?}", message.rows.len());

    let updates = ask(&replayer, "/gtfs-rt/bus-updates/trip-updates.pb", "").await;
    let (updates, tally) = formats::gtfs_rt::decode_trip_updates(&updates.body).expect("GTFS-Realtime");
    assert_eq!(tally.rejected_total(), 0);
    let told = updates.rows.iter().filter(|row| row.relationship == ScheduleRelationship::Scheduled);
    let told: HashSet<_> = told.map(|row| row.trip.clone()).collect();
    assert_eq!(told, message.rows.iter().map(|row| row.trip.clone()).collect(), "one update for every vehicle");

    clock.advance_to(at("2024-04-30T14:00:14-03:00"));
    let same = ask(&replayer, "/gtfs-rt/bus-positions/vehicle-positions.pb", "").await;
    assert!(same.body == first.body, "within one step nothing changes");
    clock.advance_to(at("2024-04-30T14:00:15-03:00"));
    let next = ask(&replayer, "/gtfs-rt/bus-positions/vehicle-positions.pb", "").await;
    assert!(next.body != first.body, "a step later vehicles have moved");
    let (again, _clock) = start("2024-04-30T14:00:00-03:00").await;
    let again = ask(&again, "/gtfs-rt/bus-positions/vehicle-positions.pb", "").await;
    assert!(again.body == first.body, "another replayer at the same instant gives the same bytes");
}

#[tokio::test]
async fn who_has_it_already_gets_304() {
    let (replayer, _clock) = start("2024-04-30T14:00:00-03:00").await;
    for path in ["/gtfs/bus-timetable.zip", "/gtfs-rt/rail-updates/trip-updates.pb", "/cap/atom.xml"] {
        let full = ask(&replayer, path, "").await;
        assert_eq!(full.status, 200, "{path}");
        let tag = full.header("etag").expect("a tag");
        let modified = full.header("last-modified").expect("a date");
        let known = ask(&replayer, path, &format!("If-None-Match: W/\"x\", {tag}\r\n")).await;
        assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(tag)), "{path}");
        let dated = ask(&replayer, path, &format!("If-Modified-Since: {modified}\r\n")).await;
        assert_eq!(dated.status, 304, "{path}");
        let other =
            ask(&replayer, path, &format!("If-None-Match: \"other\"\r\nIf-Modified-Since: {modified}\r\n")).await;
        assert_eq!((other.status, other.body == full.body), (200, true), "{path}: the tag goes before the date");
    }
    assert_eq!(ask(&replayer, "/gtfs/tram-timetable.zip", "").await.status, 404);
    assert_eq!(ask(&replayer, "/gtfs-rt/water/trip-updates.pb", "").await.status, 404);
}

#[tokio::test]
async fn the_timetable_is_served_as_the_file_is() {
    let (replayer, _clock) = start("2024-04-30T14:00:00-03:00").await;
    let url = replayer.url(&contract("rail-timetable", FeedKind::Gtfs)).expect("it is polled");
    let path = url.strip_prefix(&format!("http://{}", replayer.address())).expect("on loopback");
    let answer = ask(&replayer, path, "").await;
    assert!(answer.body == std::fs::read(demo("gtfs/poa_trensurb_rail.gtfs.zip")).expect("the file"));
    assert_eq!(replayer.url(&contract("water", FeedKind::SensorThings)), None);
}

#[tokio::test]
async fn warnings_appear_when_they_were_sent_and_go_a_day_after_they_expired() {
    // Sent 2024-04-30T21:00:13-03:00, expires 21:10.
    let severe = "/cap/dcrs-62imec-20240430T210013.xml";
    let (replayer, clock) = start("2024-04-30T21:00:12-03:00").await;
    let listed = |answer: &Answer| String::from_utf8_lossy(&answer.body).contains(severe);
    let before = ask(&replayer, "/cap/atom.xml", "").await;
    assert!(!listed(&before));
    assert_eq!(ask(&replayer, severe, "").await.status, 404);

    clock.advance_to(at("2024-04-30T21:00:13-03:00"));
    let index = ask(&replayer, "/cap/atom.xml", "").await;
    assert!(listed(&index));
    assert_eq!(index.header("last-modified"), Some("Wed, 01 May 2024 00:00:13 GMT"));
    let (entries, tally) = formats::atom::decode(&index.body).expect("Atom");
    assert_eq!(tally.rejected_total(), 0);
    let newest = entries.entries.first().expect("an entry");
    assert_eq!(
        (newest.id.as_str(), newest.updated),
        ("dcrs-62imec-20240430T210013", Some(at("2024-04-30T21:00:13-03:00")))
    );
    assert_eq!(newest.href, format!("http://{}{severe}", replayer.address()));
    let message = ask(&replayer, severe, "").await;
    assert_eq!(message.header("content-type"), Some("application/cap+xml"));
    let (alerts, _) = formats::cap::decode(&message.body, &["pt-BR"]).expect("CAP");
    assert_eq!(alerts[0].info.as_ref().map(|info| info.severity), Some(city::Severity::Extreme));

    clock.advance_to(at("2024-05-01T21:09:59-03:00"));
    assert!(listed(&ask(&replayer, "/cap/atom.xml", "").await));
    clock.advance_to(at("2024-05-01T21:10:00-03:00"));
    let after = ask(&replayer, "/cap/atom.xml", "").await;
    assert!(!listed(&after));
    assert_eq!(after.header("last-modified"), Some("Thu, 02 May 2024 00:10:00 GMT"), "going is a change too");
    assert_eq!(ask(&replayer, severe, "").await.status, 404);
}

#[test]
fn observations_fall_due_after_their_lag_in_order() {
    let senders = Senders::of(&source().series).expect("the demo's data can be read");
    let midnight = at("2024-04-30T00:00:00-03:00");
    assert_eq!(senders.next_due(midnight), Some(at("2024-04-30T00:02:00-03:00")));
    let due = senders.due(midnight, at("2024-04-30T01:05:00-03:00"));
    let told: Vec<(u32, Time, f64)> = due.iter().map(|o| (o.datastream.0, o.phenomenon_time, o.result)).collect();
    // Levels of 00:00 to 01:00, then the rain of the hour that began at midnight.
    assert_eq!(told.len(), 6, "{told:?}");
    assert_eq!(told[0], (1, midnight, 1.12));
    assert_eq!(told[5], (3, midnight, 1.8));
    assert_eq!(senders.due(midnight, at("2024-04-30T00:01:59-03:00")), []);
    let first_half = senders.due(midnight, at("2024-04-30T00:32:00-03:00"));
    let second_half = senders.due(at("2024-04-30T00:32:00-03:00"), at("2024-04-30T01:05:00-03:00"));
    assert_eq!([first_half, second_half].concat(), due, "windows join without gap or overlap");
    assert_eq!(senders.next_due(at("2024-06-01T00:00:00Z")), None);
}

#[test]
fn a_wrong_recording_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("level.csv");
    let series =
        |result: &str| SeriesSource { file: file.clone(), result: result.to_owned(), ..source().series[0].clone() };
    std::fs::write(&file, "timestamp_local,level_m\n2024-04-30T00:00:00-03:00,\n2024-04-30T00:15:00-03:00,high\n")
        .expect("written");
    let error = Senders::of(&[series("level_m")]).expect_err("a word is no level").to_string();
    assert!(error.ends_with("level.csv:3: expected a number"), "{error}");
    let error = Senders::of(&[series("flow")]).expect_err("no such column").to_string();
    assert!(error.ends_with("level.csv:1: expected a column \"flow\""), "{error}");
}

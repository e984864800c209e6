//! Any bytes at all: every decoder gives a value or a typed error.

use city::Tally;
use formats::gtfs_rt::{decode_alerts, decode_trip_updates, decode_vehicle_positions};
use formats::{FormatError, atom, cap, gtfs, open311};
use proptest::prelude::*;

use crate::support::{feed, recording};

/// What every decoder promises of its tally.
fn balanced(decoded: usize, tally: &Tally) {
    assert_eq!(decoded as u64 + tally.rejected_total(), tally.received, "{tally:?}");
    assert_eq!((tally.stored, tally.duplicate), (0, 0));
}

/// Errors end up in logs: they must not repeat what was sent.
fn silent(error: &FormatError) {
    assert!(!error.to_string().contains("CANARY"), "{error}");
}

fn check(bytes: &[u8]) {
    match decode_vehicle_positions(bytes) {
        Ok((message, tally)) => balanced(message.rows.len(), &tally),
        Err(error) => silent(&error),
    }
    match decode_trip_updates(bytes) {
        Ok((message, tally)) => balanced(message.rows.len(), &tally),
        Err(error) => silent(&error),
    }
    match decode_alerts(bytes, &["pt", "en"]) {
        Ok((message, tally)) => balanced(message.rows.len(), &tally),
        Err(error) => silent(&error),
    }
    match cap::decode(bytes, &["pt"]) {
        Ok((alerts, tally)) => balanced(alerts.len(), &tally),
        Err(error) => silent(&error),
    }
    match atom::decode(bytes) {
        Ok((feed, tally)) => balanced(feed.entries.len(), &tally),
        Err(error) => silent(&error),
    }
    match open311::decode(bytes) {
        Ok((requests, tally)) => balanced(requests.len(), &tally),
        Err(error) => silent(&error),
    }
    match gtfs::decode(bytes) {
        Ok((timetable, tally)) => assert!(!timetable.trips.is_empty() && tally.received >= tally.rejected_total()),
        Err(error) => silent(&error),
    }
}

/// Some bytes of a recording changed, cut out or put twice.
fn damaged(bytes: &[u8], damage: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, kind, value) in damage {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        match kind % 4 {
            0 => bytes[at] = *value,
            1 => drop(bytes.drain(at..(at + usize::from(*value)).min(bytes.len()))),
            2 => bytes.insert(at, *value),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        check(&bytes);
    }

    #[test]
    fn arbitrary_text_of_the_formats(words in prop::collection::vec(prop::sample::select(vec![
        "<", ">", "</", "/>", "alert", "info", "area", "polygon", "circle", " xmlns='urn:oasis:names:tc:emergency:cap:1.2'",
        "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>",
        "<link href='", "&amp;", "&#1;", "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<?xml version='1.0'?>", "<!DOCTYPE", "CANARY",
        "<service_requests>", "<request>", "<lat>", "\"lat\"", "\"requests\"", "\"status\"", "{", "}", "[", "]", ":", ",", "\"", "\"result\"", "\"dataArray\"", "\"@iot.id\"", "1e999", "-0", "NaN", "\\u0000", "\\ud800",
    ]), 0..60)) {
        check(words.concat().as_bytes());
    }

    #[test]
    fn damaged_realtime(damage in damage(), which in 0..3_usize) {
        let name = ["miway/VehiclePositions_1761519032.pb", "miway/Alerts_1761519032.pb", "nyct/1707401927.ace.pb"][which];
        check(&damaged(&recording(name), &damage));
    }

    #[test]
    fn damaged_cap(damage in damage(), which in 0..3_usize) {
        let name = ["cap/alerts/mexico.xml", "cap/alerts/canada_signed.cap", "cap/alerts/smhi.se.alerts.cap"][which];
        check(&damaged(&recording(name), &damage));
    }

    #[test]
    fn damaged_requests(damage in damage()) {
        check(&damaged(&recording("open311/requests.xml"), &damage));
    }

    #[test]
    fn damaged_timetables(damage in damage()) {
        check(&damaged(&recording("gtfs/poa_t1_cut.gtfs.zip"), &damage));
    }

    /// Any text in any file of a feed that unpacks well.
    #[test]
    fn arbitrary_rows(file in prop::sample::select(vec![
        "agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt", "calendar.txt", "calendar_dates.txt", "shapes.txt", "frequencies.txt",
    ]), rows in "([A-Z0-9:,.\"\r\n-]|,,|T,|A,|\n){0,300}") {
        let header = match file {
            "agency.txt" => "agency_name,agency_timezone",
            "stops.txt" => "stop_id,stop_lat,stop_lon,stop_name",
            "routes.txt" => "route_id,route_type,route_short_name",
            "trips.txt" => "trip_id,route_id,service_id,shape_id",
            "stop_times.txt" => "trip_id,stop_id,stop_sequence,arrival_time,departure_time,shape_dist_traveled",
            "calendar.txt" => "service_id,start_date,end_date,monday,tuesday,wednesday,thursday,friday,saturday,sunday",
            "calendar_dates.txt" => "service_id,date,exception_type",
            "shapes.txt" => "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence",
            _ => "trip_id,start_time,end_time,headway_secs",
        };
        check(&feed(&[(file, &format!("{header}\n{rows}"))]));
    }
}

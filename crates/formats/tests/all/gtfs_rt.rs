//! GTFS-Realtime: recordings of three agencies, and what feeds get wrong.

use city::{OccupancyClass, Reason, ScheduleRelationship, ServiceDate, Tally, Time};
use formats::gtfs_rt::{
    Cause, Effect, Message, TripUpdateRow, VehicleRow, decode_alerts, decode_trip_updates, decode_vehicle_positions,
    encode_trip_updates, encode_vehicle_positions, proto,
};
use formats::{FormatError, gtfs};
use prost::Message as _;

use crate::support::{feed, files, full_recordings, protobuf_of_json, recording};

const NOW: u64 = 1_714_500_000;

fn message(entities: Vec<proto::FeedEntity>) -> Vec<u8> {
    let header = proto::FeedHeader {
        gtfs_realtime_version: Some("2.0".to_owned()),
        incrementality: Some(0),
        timestamp: Some(NOW),
    };
    proto::FeedMessage { header: Some(header), entity: entities }.encode_to_vec()
}

fn trip() -> proto::TripDescriptor {
    proto::TripDescriptor {
        trip_id: Some("T".to_owned()),
        start_date: Some("20240430".to_owned()),
        route_id: Some("R".to_owned()),
        ..proto::TripDescriptor::default()
    }
}

fn vehicle(change: impl FnOnce(&mut proto::VehiclePosition)) -> proto::FeedEntity {
    let mut vehicle = proto::VehiclePosition {
        trip: Some(trip()),
        position: Some(proto::Position { latitude: Some(-30.0), longitude: Some(-51.0), bearing: Some(90.0) }),
        timestamp: Some(NOW - 5),
        ..proto::VehiclePosition::default()
    };
    change(&mut vehicle);
    proto::FeedEntity { id: Some("0".to_owned()), vehicle: Some(vehicle), ..proto::FeedEntity::default() }
}

fn update(change: impl FnOnce(&mut proto::TripUpdate)) -> proto::FeedEntity {
    let mut update = proto::TripUpdate { trip: Some(trip()), timestamp: Some(NOW), ..proto::TripUpdate::default() };
    change(&mut update);
    proto::FeedEntity { id: Some("0".to_owned()), trip_update: Some(update), ..proto::FeedEntity::default() }
}

fn positions(entities: Vec<proto::FeedEntity>) -> (Message<VehicleRow>, Tally) {
    decode_vehicle_positions(&message(entities)).expect("a message")
}

fn only_update(entity: proto::FeedEntity) -> TripUpdateRow {
    let (message, tally) = decode_trip_updates(&message(vec![entity])).expect("a message");
    assert_eq!(tally.rejected_total(), 0, "{tally:?}");
    message.rows.into_iter().next().expect("a row")
}

#[test]
fn miway_positions_updates_and_alerts() {
    let bytes = recording("miway/VehiclePositions_1761519032.pb");
    let (message, tally) = decode_vehicle_positions(&bytes).expect("a message");
    assert_eq!(message.header_time.map(Time::s), Some(1_761_519_032));
    assert_eq!(tally.received, 125);
    assert_eq!(message.rows.len() as u64 + tally.rejected_total(), 125, "{tally:?}");
    // Vehicles that are on no trip have no key here.
    assert!(message.rows.len() > 90, "{tally:?}");
    let here = |row: &VehicleRow| {
        (43.4..43.8).contains(&row.position.latitude) && (-80.0..-79.4).contains(&row.position.longitude)
    };
    assert!(message.rows.iter().all(here));
    // The number of the vehicle was in the message, and is counted as left behind.
    assert!(tally.fields_dropped >= message.rows.len() as u64, "{tally:?}");

    let (message, tally) = decode_trip_updates(&recording("miway/TripUpdates_1761519032.pb")).expect("a message");
    assert_eq!((tally.received, tally.rejected_total()), (125, 0), "{tally:?}");
    assert!(message.rows.iter().filter(|row| row.stop.is_some()).count() > 120);

    let (message, tally) = decode_alerts(&recording("miway/Alerts_1761519032.pb"), &["en"]).expect("a message");
    assert_eq!((tally.received, tally.rejected_total()), (69, 0), "{tally:?}");
    assert!(message.rows.iter().all(|row| !row.header.is_empty() && !row.id.is_empty()));
    assert!(message.rows.iter().any(|row| row.effect == Effect::Detour || row.cause == Cause::Construction));
}

#[test]
fn new_york_trips_without_coordinates_are_counted() {
    let bytes = recording("nyct/1707397157.ace.pb");
    let (message, tally) = decode_vehicle_positions(&bytes).expect("a message");
    // Half are trip updates; the positions say a stop, and no place on the map.
    assert_eq!(message.rows, []);
    assert_eq!(tally.received, tally.rejected_total());
    assert!(tally.rejected[&Reason::MissingField] > 100 && tally.rejected[&Reason::Unsupported] > 100, "{tally:?}");
    let (message, other) = decode_trip_updates(&bytes).expect("a message");
    assert_eq!(other.received, tally.received, "every entity is counted, whatever the feed is read for");
    assert!(message.rows.len() > 100, "{other:?}");
    // This agency tells times and no delays.
    assert!(message.rows.iter().all(|row| row.delay_s.is_none()));
    assert!(message.rows.iter().filter(|row| row.arrival.or(row.departure).is_some()).count() > 100);
}

#[test]
fn all_minutes_of_new_york_decode() {
    let Some(folder) = full_recordings("nyct-gtfs-rt/snapshots") else { return };
    let snapshots = files(&folder, ".pb");
    assert_eq!(snapshots.len(), 80);
    for path in snapshots {
        let bytes = std::fs::read(&path).expect("a file");
        let (message, tally) = decode_trip_updates(&bytes).expect("a message");
        assert_eq!(message.rows.len() as u64 + tally.rejected_total(), tally.received);
        assert!(!tally.rejected.contains_key(&Reason::Malformed), "{}: {tally:?}", path.display());
        assert!(message.rows.len() > 100, "{}: {tally:?}", path.display());
    }
}

#[test]
fn sound_transit_names_trips_of_its_timetable() {
    let row =
        decode_vehicle_positions(&protobuf_of_json(&recording("sound-transit/vehicle_position_1683746223_bad.json")));
    let (message, tally) = row.expect("a message");
    assert_eq!((message.rows.len(), tally.rejected_total()), (14, 0), "{tally:?}");
    assert!(message.rows.iter().all(|row| row.start_date == Some(ServiceDate(20_230_510))));

    let Some(folder) = full_recordings("sound-transit-gtfs-rt-json") else { return };
    let timetable = std::fs::read(folder.join("link_static.gtfs.zip")).expect("a file");
    let (timetable, _) = gtfs::decode(&timetable).expect("a timetable");
    let (mut rows, mut with_delay, mut compared) = (0, 0, 0);
    for path in files(&folder, ".json") {
        let bytes = protobuf_of_json(&std::fs::read(&path).expect("a file"));
        if path.to_string_lossy().contains("vehicle") {
            let (message, tally) = decode_vehicle_positions(&bytes).expect("a message");
            assert_eq!(tally.rejected_total(), 0, "{}: {tally:?}", path.display());
            assert!(message.rows.iter().all(|row| timetable.trip(&row.trip).is_some()), "{}", path.display());
        } else {
            let (message, tally) = decode_trip_updates(&bytes).expect("a message");
            assert_eq!(tally.rejected_total(), 0, "{}: {tally:?}", path.display());
            for row in &message.rows {
                assert!(timetable.trip(&row.trip).is_some(), "{}", row.trip);
                rows += 1;
                let day = row.start_date.expect("a start date");
                // Duplicated trips, and one that uses another platform than its timetable, have none.
                let by_times = TripUpdateRow { delay_s: None, ..row.clone() }.delay_s_by(&timetable, day);
                with_delay += usize::from(row.delay_s.or(by_times).is_some());
                // Where the agency says a delay and a time, they must be the same delay.
                if let (Some(told), Some(computed)) = (row.delay_s, by_times) {
                    assert!((told - computed).abs() <= 60, "{}: told {told} s, computed {computed} s", row.trip);
                    compared += 1;
                }
            }
        }
    }
    assert!(with_delay * 10 > rows * 9 && compared > 30, "{with_delay} of {rows}, {compared} compared");
}

#[test]
fn each_broken_position_is_refused_for_its_reason() {
    let position = |latitude: f32, longitude: f32| {
        vehicle(|v| {
            v.position = Some(proto::Position { latitude: Some(latitude), longitude: Some(longitude), bearing: None });
        })
    };
    let (message, tally) = positions(vec![
        vehicle(|_| ()),
        vehicle(|v| v.position = None),
        vehicle(|v| v.trip = None),
        vehicle(|v| v.trip.as_mut().expect("a trip").trip_id = None),
        vehicle(|v| v.trip.as_mut().expect("a trip").start_date = Some("20240231".to_owned())),
        position(f32::NAN, -51.0),
        position(-30.0, f32::INFINITY),
        position(91.0, -51.0),
        vehicle(|v| v.timestamp = Some(0)),
        vehicle(|v| v.timestamp = Some(1 << 63)),
        vehicle(|v| v.timestamp = None),
        update(|_| ()),
    ]);
    assert_eq!(message.rows.len(), 2);
    assert_eq!(message.rows[0].time.s().unsigned_abs(), NOW - 5);
    assert_eq!(message.rows[1].time.s().unsigned_abs(), NOW, "no time of its own: the header's");
    let expected = [(Reason::MissingField, 3), (Reason::OutOfRange, 3), (Reason::BadTime, 3), (Reason::Unsupported, 1)];
    assert_eq!(tally.rejected.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(tally.received, 12);
}

#[test]
fn occupancy_is_a_class_only() {
    let class = |status, percentage| {
        let (message, _) = positions(vec![vehicle(|v| {
            v.occupancy_status = status;
            v.occupancy_percentage = percentage;
        })]);
        message.rows[0].occupancy
    };
    assert_eq!(class(Some(0), None), Some(OccupancyClass::ManySeats));
    assert_eq!(class(Some(4), None), Some(OccupancyClass::StandingRoom));
    assert_eq!(class(Some(6), None), Some(OccupancyClass::Full));
    assert_eq!(class(Some(7), Some(99)), Some(OccupancyClass::Full));
    assert_eq!(class(None, Some(12)), Some(OccupancyClass::ManySeats));
    assert_eq!(class(Some(99), None), None, "a value of a later version");
}

/// Appends a length-delimited field.
fn field(into: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, into);
    prost::encoding::encode_varint(bytes.len() as u64, into);
    into.extend_from_slice(bytes);
}

#[test]
fn plate_and_number_of_the_vehicle_do_not_come_through() {
    const CANARY: &[u8] = b"CANARY-PLATE-7Q";
    let mut descriptor = Vec::new();
    for number in [1, 2, 3] {
        field(&mut descriptor, number, CANARY); // id, label, license_plate
    }
    let mut part = vehicle(|_| ()).vehicle.expect("a vehicle").encode_to_vec();
    field(&mut part, 8, &descriptor);
    field(&mut part, 7, CANARY); // stop_id
    field(&mut part, 1001, CANARY); // an extension
    let mut entity = Vec::new();
    field(&mut entity, 1, CANARY); // the entity's id
    field(&mut entity, 4, &part);
    let mut bytes = message(vec![]);
    field(&mut bytes, 2, &entity);
    field(&mut bytes, 77, CANARY);
    let (message, tally) = decode_vehicle_positions(&bytes).expect("a message");
    assert_eq!((message.rows.len(), tally.fields_dropped), (1, 3));
    assert!(!format!("{message:?}{tally:?}").contains("CANARY"));
}

#[test]
fn a_broken_entity_takes_no_neighbour_along() {
    let mut bytes = message(vec![vehicle(|_| ())]);
    field(&mut bytes, 2, b"\x0a\x01\xff"); // an id that is no UTF-8
    field(&mut bytes, 2, b"\x22\x7f\x0a"); // a vehicle that ends too soon
    bytes.extend(message(vec![vehicle(|_| ())]));
    let (decoded, tally) = decode_vehicle_positions(&bytes).expect("a message");
    assert_eq!(decoded.rows.len(), 2);
    assert_eq!((tally.received, tally.rejected[&Reason::Malformed]), (4, 2));
}

#[test]
fn a_message_without_a_header_or_of_changes_only_is_refused() {
    let headless = proto::FeedMessage { header: None, entity: vec![vehicle(|_| ())] }.encode_to_vec();
    assert!(matches!(decode_vehicle_positions(&headless), Err(FormatError::Missing { .. })));
    assert!(matches!(decode_vehicle_positions(b""), Err(FormatError::Missing { .. })));
    let header =
        proto::FeedHeader { incrementality: Some(1), gtfs_realtime_version: Some("2.0".into()), timestamp: None };
    let changes = proto::FeedMessage { header: Some(header), entity: vec![] }.encode_to_vec();
    let error = decode_vehicle_positions(&changes).expect_err("an incremental dataset");
    assert_eq!(error.reason(), Reason::Unsupported);
}

fn stop(id: &str, arrival: (Option<i32>, Option<i64>)) -> proto::StopTimeUpdate {
    let event = proto::StopTimeEvent { delay: arrival.0, time: arrival.1 };
    proto::StopTimeUpdate { stop_id: Some(id.to_owned()), arrival: Some(event), ..proto::StopTimeUpdate::default() }
}

#[test]
fn the_next_stop_is_the_first_that_is_not_behind() {
    let now = i64::try_from(NOW).expect("fits");
    let row = only_update(update(|u| {
        u.stop_time_update = vec![
            stop("A", (Some(60), Some(now - 100))),
            stop("B", (Some(90), Some(now + 50))),
            stop("C", (Some(120), Some(now + 500))),
        ];
    }));
    assert_eq!((row.stop.map(|id| id.to_string()), row.delay_s), (Some("B".to_owned()), Some(90)));
    let row =
        only_update(update(|u| u.stop_time_update = vec![stop("A", (Some(60), None)), stop("B", (Some(90), None))]));
    assert_eq!(row.stop.map(|id| id.to_string()), Some("A".to_owned()), "no times: the first");
    let row = only_update(update(|u| {
        u.stop_time_update = vec![stop("A", (None, Some(now - 9))), stop("B", (None, Some(now - 5)))];
    }));
    assert_eq!(row.stop.map(|id| id.to_string()), Some("B".to_owned()), "all behind: the last");
    let row = only_update(update(|u| {
        let skipped = proto::StopTimeUpdate { schedule_relationship: Some(1), ..stop("A", (Some(60), Some(now + 10))) };
        u.stop_time_update = vec![skipped, stop("B", (None, None))];
        u.delay = Some(33);
    }));
    assert_eq!(
        (row.stop.map(|id| id.to_string()), row.delay_s),
        (Some("B".to_owned()), Some(33)),
        "skipped; trip delay"
    );
}

#[test]
fn a_told_time_becomes_a_delay_by_the_timetable() {
    let (timetable, _) = gtfs::decode(&feed(&[])).expect("a timetable");
    let day = ServiceDate(20_240_430);
    let planned = timetable.zero(day).expect("a day").s() + 8 * 3600 + 600;
    let row = only_update(update(|u| u.stop_time_update = vec![stop("C", (None, Some(planned + 95)))]));
    assert_eq!((row.delay_s, row.delay_s_by(&timetable, day)), (None, Some(95)));
    assert_eq!(row.delay_s_by(&timetable, ServiceDate(20_240_415)), None, "two weeks off is no delay");
}

#[test]
fn relationships_and_impossible_delays() {
    let relationship = |value| {
        let entity = update(|u| u.trip.as_mut().expect("a trip").schedule_relationship = Some(value));
        only_update(entity).relationship
    };
    assert_eq!(relationship(0), ScheduleRelationship::Scheduled);
    assert_eq!(relationship(6), ScheduleRelationship::Added);
    assert_eq!(relationship(3), ScheduleRelationship::Canceled);
    assert_eq!(relationship(99), ScheduleRelationship::Scheduled, "a value of a later version");
    for delay in [i32::MIN, i32::MAX] {
        let (message, tally) =
            decode_trip_updates(&message(vec![update(|u| u.delay = Some(delay))])).expect("a message");
        assert_eq!((message.rows.len(), tally.rejected[&Reason::OutOfRange]), (0, 1));
    }
}

fn alert(cause: i32) -> proto::FeedEntity {
    let said = |text: &str, language: &str| proto::Translation {
        text: Some(text.to_owned()),
        language: Some(language.to_owned()),
    };
    let selector =
        proto::EntitySelector { route_id: Some("R".to_owned()), stop_id: Some("A".to_owned()), trip: Some(trip()) };
    let alert = proto::Alert {
        active_period: vec![proto::TimeRange { start: Some(NOW), end: Some(1 << 63) }],
        informed_entity: vec![selector.clone(), selector],
        cause: Some(cause),
        effect: Some(4),
        header_text: Some(proto::TranslatedString { translation: vec![said("Detour", "en"), said("Desvio", "pt-BR")] }),
        description_text: None,
    };
    proto::FeedEntity { id: Some("a1".to_owned()), alert: Some(alert), ..proto::FeedEntity::default() }
}

#[test]
fn alerts_come_in_the_language_of_the_city() {
    let (decoded, _) = decode_alerts(&message(vec![alert(8)]), &["pt", "en"]).expect("a message");
    let row = &decoded.rows[0];
    assert_eq!((row.header.as_str(), row.cause.name(), row.effect.name()), ("Desvio", "weather", "detour"));
    assert_eq!((row.routes.len(), row.stops.len(), row.trips.len()), (1, 1, 1), "each once");
    assert_eq!(row.periods[0].until, None, "an end past 2100 is none");
    assert_eq!(row.periods[0].from.map(Time::s).map(i64::unsigned_abs), Some(NOW));
}

#[test]
fn demonstrations_and_police_become_other_cause() {
    for cause in [5, 11] {
        let (decoded, _) = decode_alerts(&message(vec![alert(cause)]), &[]).expect("a message");
        assert_eq!(decoded.rows[0].cause, Cause::OtherCause);
        assert_eq!(decoded.rows[0].cause.name(), "other_cause");
    }
    let (decoded, _) = decode_alerts(&message(vec![alert(99)]), &[]).expect("a message");
    assert_eq!(decoded.rows[0].cause.name(), "unknown_cause");
}

#[test]
fn what_the_replayer_writes_reads_back() {
    let (first, tally) = positions(vec![vehicle(|v| v.occupancy_status = Some(2)), vehicle(|v| v.trip = Some(trip()))]);
    assert_eq!(tally.rejected_total(), 0);
    let time = first.header_time.expect("a time");
    let (second, _) = decode_vehicle_positions(&encode_vehicle_positions(time, &first.rows)).expect("a message");
    assert_eq!(second, first);
    let now = i64::try_from(NOW).expect("fits");
    let entities = vec![
        update(|u| u.stop_time_update = vec![stop("A", (Some(-60), Some(now + 10)))]),
        update(|u| u.stop_time_update = vec![stop("A", (Some(60), None))]),
        update(|u| u.stop_time_update = vec![stop("A", (None, Some(now + 10)))]),
        update(|u| u.delay = Some(7)),
        update(|u| u.trip.as_mut().expect("a trip").schedule_relationship = Some(3)),
    ];
    let (first, _) = decode_trip_updates(&message(entities)).expect("a message");
    let (second, tally) = decode_trip_updates(&encode_trip_updates(time, &first.rows)).expect("a message");
    assert_eq!(second, first);
    assert_eq!((tally.received, tally.rejected_total()), (5, 0));
}

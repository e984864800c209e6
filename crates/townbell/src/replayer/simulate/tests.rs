//! On the demo's own timetables, moved to 2024 as the demo does.
#![expect(clippy::unreadable_literal, reason = "a service date is YYYYMMDD, not a count")]

use std::collections::HashSet;

use city::{Position, ServiceDate, Time, TripId};

use super::chance::DELAY_MAX_S;
use super::*;

/// Exactly five calendar years.
const SHIFT_DAYS: i32 = 1827;

fn simulation(zip: &str) -> Simulation {
    let path: std::path::PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../demo/data/gtfs", zip].iter().collect();
    let zip = std::fs::read(path).expect("the demo's timetable");
    let (mut timetable, _) = formats::gtfs::decode(&zip).expect("GTFS");
    timetable.shift_days(SHIFT_DAYS);
    Simulation::new(timetable)
}

fn buses() -> Simulation {
    simulation("poa_eptc_bus.gtfs.zip")
}

fn at(text: &str) -> Time {
    text.parse().expect("a time")
}

/// Distance to a line of corners in metres, by dense sampling: nothing of the code under test.
fn off_m(point: Position, corners: &[Position]) -> f64 {
    let steps = |pair: &[Position]| -> Vec<Position> {
        (0..=50).map(|i| pair[0].towards(pair[1], f64::from(i) / 50.0)).collect()
    };
    corners.windows(2).flat_map(steps).map(|sample| sample.distance_m(point)).fold(f64::INFINITY, f64::min)
}

#[test]
fn vehicles_are_on_the_shapes_of_their_trips() {
    let simulation = buses();
    let rows = simulation.positions(at("2024-04-30T14:00:00-03:00"));
    let mut on_shape = 0;
    for row in &rows {
        let trip = simulation.timetable.trip(&row.trip).expect("a trip of the timetable");
        let shape = trip.shape.and_then(|shape| simulation.timetable.shapes.get(shape as usize)).expect("a shape");
        let longest_m = shape.windows(2).map(|pair| pair[0].distance_m(pair[1])).fold(0.0, f64::max);
        // A sample every fiftieth of an edge is at most a hundredth of it away.
        if off_m(row.position, shape) <= longest_m / 100.0 + 0.5 {
            on_shape += 1;
        }
    }
    assert_eq!(on_shape, rows.len());
    assert!(rows.iter().all(|row| row.bearing_deg.is_none_or(|bearing| (0.0..360.0).contains(&bearing))));
}

/// The same question, asked of the tables directly.
fn expected(table: &Timetable, day: ServiceDate, now_s: u32) -> HashSet<TripId> {
    let under_way = table.trips.iter().filter(|trip| {
        let calls = table.calls(trip);
        let fate = Fate::of(&trip.id, day);
        table.services[trip.service as usize].runs_on(day)
            && !fate.canceled
            && calls[0].departure_s <= now_s
            && now_s <= calls[calls.len() - 1].arrival_s + fate.delay_s
    });
    under_way.map(|trip| trip.id.clone()).collect()
}

/// Runs under way on a Tuesday. The bus timetable is a sample that has trips around midday only.
#[test]
fn who_is_under_way_on_a_tuesday() {
    let day = ServiceDate(20240430);
    let (buses, trains) = (buses(), simulation("poa_trensurb_rail.gtfs.zip"));
    for (simulation, hour, count) in [(&trains, 8, 20), (&buses, 8, 0), (&buses, 14, 540)] {
        let now = at(&format!("2024-04-30T{hour:02}:00:00-03:00"));
        let rows = simulation.positions(now);
        let trips: HashSet<TripId> = rows.iter().map(|row| row.trip.clone()).collect();
        assert_eq!(trips, expected(&simulation.timetable, day, hour * 3600));
        assert_eq!((rows.len(), trips.len()), (count, count), "at {hour} h, nobody twice");
        assert!(rows.iter().all(|row| row.start_date == Some(day) && row.time == now));
    }
}

#[test]
fn vehicles_move_no_faster_than_buses_do() {
    let simulation = buses();
    let start = at("2024-04-30T14:00:00-03:00");
    let (before, after) = (simulation.positions(start), simulation.positions(start + Span::s(15)));
    let mut moved = 0;
    for row in &before {
        if let Some(later) = after.iter().find(|later| later.trip == row.trip) {
            let metres = row.position.distance_m(later.position);
            assert!(metres < 15.0 * 40.0, "{} went {metres} m in 15 s", row.trip);
            moved += usize::from(metres > 5.0);
        }
    }
    assert!(moved * 10 > before.len() * 7, "{moved} of {} moved", before.len());
}

/// One trip on working days from 23:30 to 25:00, from stop to stop without a shape.
fn night_bus() -> Simulation {
    use city::timetable::{Mode, Route, Service, Stop, StopTime};
    let stop = |id: &str, longitude| Stop {
        id: id.into(),
        name: id.to_owned(),
        position: Position { longitude, latitude: -30.0 },
    };
    let call = |stop, s| StopTime { stop, arrival_s: s, departure_s: s };
    let (start, end) = (ServiceDate(20240101), ServiceDate(20241231));
    Simulation::new(Timetable {
        timezone: "America/Sao_Paulo".to_owned(),
        stops: vec![stop("a", -51.2), stop("b", -51.1)],
        routes: vec![Route { id: "n".into(), short_name: "N".to_owned(), long_name: String::new(), mode: Mode::Bus }],
        services: vec![Service { weekdays: 0b1_1111, start, end, ..Service::default() }],
        trips: vec![Trip {
            id: "n1".into(),
            route: 0,
            service: 0,
            shape: None,
            headsign: String::new(),
            stop_times_from: 0,
            stop_times_to: 2,
        }],
        stop_times: vec![call(0, 84_600), call(1, 90_000)],
        ..Timetable::default()
    })
}

#[test]
fn a_trip_past_midnight_belongs_to_the_service_day_before() {
    let simulation = night_bus();
    let fate = Fate::of(&TripId::new("n1"), ServiceDate(20240503));
    assert!(!fate.canceled);
    // Friday night, 00:30 on Saturday: two thirds of the way by the timetable, a little less with the delay.
    let rows = simulation.positions(at("2024-05-04T00:30:00-03:00"));
    let row = rows.first().expect("it is under way");
    assert_eq!((rows.len(), row.start_date), (1, Some(ServiceDate(20240503))));
    let behind_s = 5_400.0 * (-51.1 - 1.0 / 30.0 - row.position.longitude) / 0.1;
    assert!(behind_s > 0.0 && behind_s <= f64::from(fate.delay_s), "{behind_s} s behind, {fate:?}");
    assert_eq!(row.bearing_deg, Some(90.0));
    assert!(simulation.positions(at("2024-05-04T23:45:00-03:00")).is_empty(), "none on Saturday");
    assert!(simulation.positions(at("2024-05-04T01:15:00-03:00")).is_empty(), "it has arrived");
}

#[test]
fn about_one_run_of_a_hundred_does_not_take_place() {
    let day = ServiceDate(20240430);
    let fates: Vec<Fate> = (0..10_000).map(|n| Fate::of(&TripId::new(&format!("T1-2@1#{n}")), day)).collect();
    let canceled = fates.iter().filter(|fate| fate.canceled).count();
    assert!((70..=130).contains(&canceled), "{canceled}");
    let late = fates.iter().filter(|fate| fate.delay_s > 180).count();
    assert!((400..=600).contains(&late), "{late}");
    assert!(fates.iter().all(|fate| fate.delay_s <= DELAY_MAX_S));
    let other_day = Fate::of(&TripId::new("T1-2@1#1"), ServiceDate(20240501));
    assert_ne!(fates[1], other_day, "another day, another lot");
}

#[test]
fn canceled_runs_are_told_and_never_on_the_road() {
    let simulation = buses();
    let day = ServiceDate(20240430);
    let zero = simulation.timetable.zero(day).expect("a day");
    let (mut told, mut seen) = (HashSet::new(), HashSet::new());
    for half_hour in 0..48 {
        let now = zero + Span::min(30 * half_hour);
        let canceled =
            simulation.updates(now).into_iter().filter(|row| row.relationship == ScheduleRelationship::Canceled);
        told.extend(canceled.map(|row| row.trip));
        seen.extend(
            simulation.positions(now).into_iter().filter(|row| row.start_date == Some(day)).map(|row| row.trip),
        );
    }
    assert!(told.len() > 5, "{told:?}");
    assert!(told.is_disjoint(&seen));
}

#[test]
fn the_told_delay_is_the_one_that_the_vehicle_has() {
    let simulation = buses();
    let now = at("2024-04-30T14:00:00-03:00");
    let updates = simulation.updates(now);
    for row in updates.iter().filter(|row| row.relationship == ScheduleRelationship::Scheduled) {
        let told = row.arrival.or(row.departure).expect("a time");
        let delay_s = i64::from(row.delay_s.expect("a delay"));
        assert!((0..=i64::from(DELAY_MAX_S)).contains(&delay_s));
        // The next stop lies ahead (to the second), unless the vehicle stands at it.
        let planned = told - Span::s(delay_s);
        assert!(told + Span::s(1) >= now || planned <= now, "{}: {told} at {now}", row.trip);
    }
}

#[test]
fn plans_do_not_pile_up() {
    let simulation = buses();
    let start = at("2024-04-30T14:00:00-03:00");
    assert_eq!(simulation.plans(start).len(), simulation.days_back as usize + 1);
    // The plans of a replayed week do not pile up.
    for day in 0..7 {
        simulation.positions(start + Span::h(24 * day));
    }
    assert!(simulation.plans.lock().expect("not poisoned").len() <= PLANS_MAX);
}

//! A small town for the tests: two gauges, a rain gauge, a bus line, one place.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of the town")]
#![allow(clippy::expect_used, reason = "a town that cannot be built has failed the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use city::Observation;
use city::alert::AlertChangeKind;
use city::geometry::Polygon;
use city::id::DatastreamId;
use city::record::{Entry, FeedBeat, VehiclePosition};
use city::timetable::{Mode, Route, Service, Stop, StopTime, Timetable, Trip};
use city::{
    AlertChange, Contract, Datastream, FeedId, FeedKind, GridCell, ObservedProperty, Place, Position, Purpose, Record,
    RequestStatus, ScheduleRelationship, ServiceCode, ServiceDate, ServiceRequest, Span, Thing, ThingId, Time, TripKey,
    TripUpdate,
};
use jiff::tz::TimeZone;
use watch::{Context, Known, Names, Parts, Rule, RuleError, RuleFile, explain_among, parse};

pub const HEAD: &str = r#"
owner = "water_desk"
severity = "moderate"
consequence = "Something floods."
first_action = "Go and look."
respond_within = "15 min"
purpose = "to_test"
"#;

/// 2024-05-02T00:00 in the town.
pub fn midnight() -> Time {
    "2024-05-02T00:00:00-03:00".parse().expect("a time")
}

pub fn at(minutes: i64) -> Time {
    midnight() + Span::min(minutes)
}

pub fn roles() -> Vec<String> {
    vec!["water_desk".to_owned(), "transit_desk".to_owned()]
}

pub fn things() -> Vec<Thing> {
    let thing = |id, name: &str| Thing {
        id: ThingId(id),
        name: name.into(),
        description: String::new(),
        position: Position { longitude: -51.2, latitude: -30.0 },
    };
    vec![thing(1, "Quay gauge"), thing(2, "Bridge gauge"), thing(3, "Weather station")]
}

pub fn datastreams() -> Vec<Datastream> {
    let stream = |id, name: &str, thing, property: &str, feed: &str, beat| Datastream {
        id: DatastreamId(id),
        name: name.into(),
        thing: ThingId(thing),
        observed_property: property.into(),
        feed: feed.into(),
        beat: Span::min(beat),
    };
    vec![
        stream(1, "Lake at the quay", 1, "water_level", "water", 30),
        stream(2, "Lake at the bridge", 2, "water_level", "water", 30),
        stream(3, "Rain", 3, "precipitation", "weather", 90),
    ]
}

pub fn properties() -> Vec<ObservedProperty> {
    let property = |id: &str, unit: &str| ObservedProperty {
        id: id.into(),
        name: id.into(),
        definition: String::new(),
        description: String::new(),
        unit_name: String::new(),
        unit_symbol: unit.into(),
        min: -10.0,
        max: 500.0,
        categories: Vec::new(),
        declares: Vec::new(),
        keeps: None,
    };
    vec![property("water_level", "m"), property("precipitation", "mm")]
}

pub fn contracts() -> Vec<Contract> {
    let contract = |feed: &str, name: &str, kind, beat| Contract {
        feed: feed.into(),
        name: name.into(),
        kind,
        owner: "the town".into(),
        licence: String::new(),
        purpose: String::new(),
        beat: Span::min(beat),
        retention: Span::h(24),
        caveat: None,
    };
    vec![
        contract("water", "Level of the lake", FeedKind::SensorThings, 20),
        contract("weather", "Weather", FeedKind::SensorThings, 90),
        contract("warnings", "Official warnings", FeedKind::CapAtom, 20),
        contract("timetable", "Bus timetable", FeedKind::Gtfs, 2880),
        contract("positions", "Bus positions", FeedKind::GtfsRtVehiclePositions, 3),
        contract("updates", "Bus delays", FeedKind::GtfsRtTripUpdates, 3),
        contract("requests", "City requests", FeedKind::Open311, 60),
    ]
}

/// What the feed of requests counts.
pub fn services() -> BTreeMap<FeedId, Vec<ServiceCode>> {
    let codes = ["flood", "drain", "a", "b", "WTR-COMING-UP", "NOWATER", "Whole Blk Lights Out"];
    BTreeMap::from([("requests".into(), codes.map(ServiceCode::new).to_vec())])
}

pub fn places() -> Vec<Place> {
    let corner = |east: f64, north: f64| Position { longitude: -51.2 + east, latitude: -30.0 + north };
    let ring = [(-0.01, -0.01), (0.01, -0.01), (0.01, 0.01), (-0.01, 0.01), (-0.01, -0.01)];
    let place = |id: &str, name: &str, outline| Place {
        id: id.into(),
        name: name.into(),
        kind: "city".into(),
        position: corner(0.0, 0.0),
        outline,
        geocodes: vec!["4314902".into()],
    };
    let square = Polygon::new(ring.map(|(east, north)| corner(east, north)).to_vec());
    vec![place("town", "the town", None), place("centre", "the centre", square)]
}

pub fn purposes() -> Vec<Purpose> {
    vec![Purpose {
        id: "to_test".to_owned(),
        words: "To test".to_owned(),
        roles: roles(),
        feeds: contracts().into_iter().map(|contract| contract.feed).collect(),
    }]
}

/// One line, six trips: 06:00, 06:10 .. 06:50, each of 30 min, every day of May 2024.
pub fn timetable() -> Timetable {
    let stop =
        |id: &str| Stop { id: id.into(), name: id.into(), position: Position { longitude: -51.2, latitude: -30.0 } };
    let mut timetable = Timetable {
        timezone: "America/Sao_Paulo".into(),
        agency: "Town buses".into(),
        stops: vec![stop("a"), stop("b")],
        routes: vec![Route {
            id: "T1".into(),
            short_name: "T1".into(),
            long_name: "Quay to bridge".into(),
            mode: Mode::Bus,
        }],
        services: vec![Service {
            weekdays: 0b111_1111,
            start: ServiceDate(20_240_501),
            end: ServiceDate(20_240_531),
            ..Service::default()
        }],
        ..Timetable::default()
    };
    for number in 0..6_u32 {
        let departure_s = 6 * 3600 + number * 600;
        let call = |stop, second| StopTime { stop, arrival_s: second, departure_s: second };
        timetable.stop_times.extend([call(0, departure_s), call(1, departure_s + 1800)]);
        timetable.trips.push(Trip {
            id: format!("t{number}").as_str().into(),
            route: 0,
            service: 0,
            shape: None,
            headsign: "Bridge".into(),
            stop_times_from: number * 2,
            stop_times_to: number * 2 + 2,
        });
    }
    timetable.index();
    timetable
}

pub fn trip(number: u32) -> TripKey {
    TripKey { trip: format!("t{number}").as_str().into(), service_date: ServiceDate(20_240_502) }
}

/// Reads rules of the town: pairs of a file name and its text, to which [`HEAD`] is put in front.
pub fn load(files: &[(&str, &str)]) -> Result<Vec<Rule>, Vec<RuleError>> {
    let texts: Vec<(String, String)> =
        files.iter().map(|(name, text)| (format!("rules/{name}.toml"), format!("{HEAD}{text}"))).collect();
    load_bare(&texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
}

/// The same without anything put in front.
pub fn load_bare(files: &[(&str, &str)]) -> Result<Vec<Rule>, Vec<RuleError>> {
    let files: Vec<RuleFile<'_>> = files.iter().map(|(path, text)| RuleFile { path, text }).collect();
    let (things, datastreams, contracts, places, roles) = (things(), datastreams(), contracts(), places(), roles());
    let purposes = purposes();
    let known = Known {
        things: &things,
        datastreams: &datastreams,
        properties: &properties(),
        services: &services(),
        contracts: &contracts,
        places: &places,
        roles: &roles,
        purposes: &purposes,
    };
    parse(&files, &known)
}

pub fn context(files: &[(&str, &str)]) -> Context {
    context_with(files, timetable(), 2)
}

pub fn context_with(files: &[(&str, &str)], timetable: Timetable, workers: usize) -> Context {
    let rules = load(files).expect("the rules of the test load");
    let timetables = BTreeMap::from([("timetable".into(), Arc::new(timetable))]);
    Context::new(Parts { rules, timetables, workers, ..parts() })
}

/// The town without rules.
pub fn parts() -> Parts {
    Parts {
        rules: Vec::new(),
        things: things(),
        datastreams: datastreams(),
        properties: properties(),
        contracts: contracts(),
        places: places(),
        timetables: BTreeMap::from([("timetable".into(), Arc::new(timetable()))]),
        timezone: TimeZone::get("America/Sao_Paulo").expect("a zone"),
        workers: 2,
        links: Vec::new(),
        on_call: None,
    }
}

pub fn reading(datastream: u32, when: Time, result: f64) -> Entry {
    let feed = if datastream == 3 { "weather" } else { "water" };
    let row = Observation { datastream: DatastreamId(datastream), phenomenon_time: when, result };
    let record = Record::Observations([row].into_iter().collect());
    Entry { feed: feed.into(), received: when, record }
}

pub fn beat(feed: &str, when: Time, good: bool) -> Entry {
    Entry { feed: feed.into(), received: when, record: Record::FeedBeat(FeedBeat { good }) }
}

/// What happened, as (minutes after midnight, what, title).
pub fn told(changes: &[AlertChange]) -> Vec<(i64, AlertChangeKind, &str)> {
    changes
        .iter()
        .map(|change| (change.at.since(midnight()).as_s() / 60, change.kind, change.alert.title.as_str()))
        .collect()
}

/// Where a run is.
pub fn position_at(number: u32, when: Time, east: f64, north: f64) -> Entry {
    let record = Record::VehiclePosition(VehiclePosition {
        trip: trip(number),
        route: None,
        position: Position { longitude: -51.2 + east, latitude: -30.0 + north },
        bearing_deg: None,
        time: when,
        occupancy: None,
    });
    Entry { feed: "positions".into(), received: when, record }
}

/// How late a run is.
pub fn update(number: u32, when: Time, delay_s: i32) -> Entry {
    let record = Record::TripUpdate(TripUpdate {
        trip: trip(number),
        route: None,
        relationship: ScheduleRelationship::Scheduled,
        stop: None,
        delay_s: Some(delay_s),
        time: when,
    });
    Entry { feed: "updates".into(), received: when, record }
}

/// Both live feeds beat every minute from 05:00 to `until`; `silent` minutes excepted.
pub fn live(entries: Vec<Entry>, until: i64, silent: std::ops::Range<i64>) -> Vec<Entry> {
    let minutes = (300..=until).filter(|minute| !silent.contains(minute));
    let mut all: Vec<Entry> =
        minutes.flat_map(|minute| ["positions", "updates"].map(|feed| beat(feed, at(minute), true))).collect();
    all.extend(entries);
    all.sort_by_key(|entry| entry.received);
    all
}

/// Somebody asks for something at a place some hundredths of a degree from the middle of the town.
pub fn request(id: u32, code: &str, received: Time, before: Span, east: f64, north: f64) -> Entry {
    let record = Record::ServiceRequest(ServiceRequest {
        id: format!("{id}").as_str().into(),
        code: code.into(),
        cell: GridCell::of(Position { longitude: -51.2 + east, latitude: -30.0 + north }),
        hour: ServiceRequest::hour_of(received - before),
        status: RequestStatus::Open,
    });
    Entry { feed: "requests".into(), received, record }
}

/// A rule as its sentence, among others.
pub fn sentence(rule: &Rule, others: &[Rule]) -> String {
    let Parts { things, datastreams, properties, contracts, places, .. } = parts();
    let names = Names {
        things: &things,
        datastreams: &datastreams,
        properties: &properties,
        contracts: &contracts,
        places: &places,
    };
    explain_among(rule, &names, others)
}

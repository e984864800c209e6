//! The gate, kind by kind: what passes, what is refused and why, what is dropped from what passes.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::type_complexity, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use city::timetable::{Mode, Route, Service, Stop, StopTime, Trip};
use city::{
    Acknowledgement, AlertId, BoundingBox, Contract, Datastream, DatastreamId, FeedId, FeedKind, Observation,
    ObservedProperty, OccupancyClass, Polygon, Position, Reason, Record, RouteId, ScheduleRelationship, ServiceAlert,
    ServiceDate, Severity, Span, ThingId, Time, Timetable, TripId, Warning, WarningArea,
};
use gate::scan::HitKind;
use gate::{
    Admission, Candidate, Gate, GateError, Policy, PositionCandidate, REFUSALS_MAX, TripCandidate, UpdateCandidate,
};

/// Tuesday 30 April 2024, 12:00 in Porto Alegre.
const NOW: &str = "2024-04-30T12:00:00-03:00";

fn now() -> Time {
    NOW.parse().unwrap()
}

fn contract(feed: &str, kind: FeedKind) -> Contract {
    Contract {
        feed: feed.into(),
        name: feed.to_owned(),
        kind,
        owner: "Town".to_owned(),
        licence: "CC0".to_owned(),
        purpose: "tests".to_owned(),
        beat: Span::min(5),
        retention: Span::h(48),
        caveat: None,
    }
}

fn property(id: &str) -> ObservedProperty {
    ObservedProperty {
        id: id.into(),
        name: "Water level".to_owned(),
        definition: String::new(),
        description: String::new(),
        unit_name: "metre".to_owned(),
        unit_symbol: "m".to_owned(),
        min: -1.0,
        max: 10.0,
        categories: Vec::new(),
        declares: Vec::new(),
        keeps: None,
    }
}

fn datastream(id: u32, feed: &str) -> Datastream {
    Datastream {
        id: DatastreamId(id),
        name: String::new(),
        thing: ThingId(1),
        observed_property: "water_level".into(),
        feed: feed.into(),
        beat: Span::min(15),
    }
}

fn square(west: f64, south: f64, size: f64) -> Polygon {
    let corner = |x: f64, y: f64| Position { longitude: west + x * size, latitude: south + y * size };
    Polygon::new(vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0), corner(0.0, 0.0)])
        .unwrap()
}

fn policy() -> Policy {
    Policy {
        contracts: vec![
            contract("water", FeedKind::SensorThings),
            contract("air", FeedKind::SensorThings),
            contract("positions", FeedKind::GtfsRtVehiclePositions),
            contract("timetabled", FeedKind::GtfsRtVehiclePositions),
            contract("updates", FeedKind::GtfsRtTripUpdates),
            contract("alerts", FeedKind::GtfsRtAlerts),
            contract("cap", FeedKind::CapAtom),
            contract("gtfs", FeedKind::Gtfs),
            contract("control-room", FeedKind::ControlRoom),
        ],
        observed_properties: vec![property("water_level")],
        datastreams: vec![datastream(1, "water"), datastream(2, "air")],
        bounds: BoundingBox { west: -52.0, south: -31.0, east: -50.0, north: -29.0 },
        depots: vec![square(-51.3, -30.1, 0.01)],
        roles: vec!["duty_officer".to_owned()],
        timetable_of: BTreeMap::from([(FeedId::new("timetabled"), FeedId::new("gtfs"))]),
        services: BTreeMap::new(),
        timezone: "America/Sao_Paulo".to_owned(),
        sandbox: false,
        desks: vec!["defesacivil@town.gov.br".to_owned()],
    }
}

fn admit(feed: &str, candidate: Candidate) -> Admission {
    admit_with(feed, candidate, None)
}

fn admit_with(feed: &str, candidate: Candidate, timetable: Option<&Timetable>) -> Admission {
    let gate = Gate::new(policy()).unwrap();
    let admission = gate.admit(&feed.into(), vec![candidate], now(), timetable).unwrap();
    let tally = &admission.tally;
    assert_eq!(tally.received, admission.records.len() as u64 + tally.rejected_total());
    admission
}

fn refused(feed: &str, candidate: Candidate) -> Option<Reason> {
    admit(feed, candidate).tally.rejected.into_keys().next()
}

fn observation(datastream: u32, result: f64, age: Span) -> Candidate {
    Candidate::Observation(Observation { datastream: DatastreamId(datastream), phenomenon_time: now() - age, result })
}

#[test]
fn a_feed_without_a_contract_is_not_read() {
    let gate = Gate::new(policy()).unwrap();
    let stranger = FeedId::new("stranger");
    assert_eq!(gate.admit(&stranger, Vec::new(), now(), None), Err(GateError::NoContract(stranger.clone())));
    assert_eq!(gate.beat(&stranger, true, now()), Err(GateError::NoContract(stranger)));
}

#[test]
fn a_feed_brings_only_what_its_contract_is_for() {
    for feed in ["positions", "updates", "alerts", "cap", "gtfs", "control-room"] {
        assert_eq!(refused(feed, observation(1, 2.0, Span::s(0))), Some(Reason::NotAllowed), "{feed}");
    }
    assert_eq!(refused("water", position(|_| {})), Some(Reason::NotAllowed));
    let gate = Gate::new(policy()).unwrap();
    let wrong = gate.admit_timetable(&"water".into(), Timetable::default(), &"a".repeat(64), now());
    assert!(matches!(wrong, Err(GateError::WrongKind { .. })));
}

#[test]
fn observations_are_numbers_of_known_series_in_range_and_in_time() {
    let h48 = Span::h(48);
    let over = Span::ms(h48.as_ms() + 1);
    let cases = [
        (1, 2.0, Span::s(0), None),
        (1, -1.0, h48, None),
        (1, 10.0, Span::min(-5), None),
        (1, f64::NAN, Span::s(0), Some(Reason::OutOfRange)),
        (1, f64::INFINITY, Span::s(0), Some(Reason::OutOfRange)),
        (1, 10.1, Span::s(0), Some(Reason::OutOfRange)),
        (1, 2.0, over, Some(Reason::BadTime)),
        (1, 2.0, Span::s(-301), Some(Reason::BadTime)),
        (2, 2.0, Span::s(0), Some(Reason::NotAllowed)),
        (9, 2.0, Span::s(0), Some(Reason::UnknownReference)),
    ];
    for (datastream, result, age, reason) in cases {
        assert_eq!(refused("water", observation(datastream, result, age)), reason, "{datastream} {result} {age:?}");
    }
}

#[test]
fn one_broken_entity_takes_no_neighbour_along() {
    let gate = Gate::new(policy()).unwrap();
    let list = (0..100).map(|i| observation(if i % 2 == 0 { 1 } else { 9 }, 2.0, Span::s(i))).collect();
    let admission = gate.admit(&"water".into(), list, now(), None).unwrap();
    let taken = admission.records.iter().map(|record| record.entities()).sum::<u64>();
    assert_eq!((taken, admission.tally.received, admission.tally.rejected_total()), (50, 100, 50));
    assert_eq!(admission.refusals.len(), REFUSALS_MAX);
    assert_eq!(admission.refusals[1].index, 3);
}

fn trip(id: &str) -> TripCandidate {
    TripCandidate { trip: id.into(), service_date: None, relationship: ScheduleRelationship::Scheduled }
}

fn position(change: impl FnOnce(&mut PositionCandidate)) -> Candidate {
    let mut candidate = PositionCandidate {
        trip: Some(trip("t1")),
        route: Some("R".into()),
        longitude: -51.2,
        latitude: -30.0,
        bearing_deg: Some(12.0),
        time: now(),
        occupancy: Some(OccupancyClass::FewSeats),
    };
    change(&mut candidate);
    Candidate::VehiclePosition(candidate)
}

#[test]
fn positions_are_of_runs_in_service_inside_the_city() {
    let cases: [(&str, fn(&mut PositionCandidate), Option<Reason>); 11] = [
        ("as it is", |_| {}, None),
        ("no trip", |p| p.trip = None, Some(Reason::NotInService)),
        (
            "cancelled",
            |p| p.trip.as_mut().unwrap().relationship = ScheduleRelationship::Canceled,
            Some(Reason::NotInService),
        ),
        ("in the depot", |p| (p.longitude, p.latitude) = (-51.295, -30.095), Some(Reason::NotInService)),
        ("latitude 91", |p| p.latitude = 91.0, Some(Reason::OutOfRange)),
        ("no number", |p| p.longitude = f64::NAN, Some(Reason::OutOfRange)),
        ("0, 0", |p| (p.longitude, p.latitude) = (0.0, 0.0), Some(Reason::OutOfRange)),
        ("tomorrow", |p| p.time = now() + Span::h(24), Some(Reason::BadTime)),
        ("a phone for a trip", |p| p.trip = Some(trip("+55 51 99988-7766")), Some(Reason::BadId)),
        ("a mail for a trip", |p| p.trip = Some(trip("maria@example.org")), Some(Reason::BadId)),
        ("a letter for a trip", |p| p.trip = Some(trip(&"x".repeat(129))), Some(Reason::BadId)),
    ];
    for (name, change, reason) in cases {
        assert_eq!(refused("positions", position(change)), reason, "{name}");
    }
}

#[test]
fn a_bad_bearing_or_route_is_dropped_and_the_position_kept() {
    let admission = admit("positions", position(|p| (p.bearing_deg, p.route) = (Some(f32::NAN), Some("a\nb".into()))));
    let Record::VehiclePosition(kept) = admission.records[0].as_ref() else { panic!("a position") };
    assert_eq!((kept.bearing_deg, kept.route.clone(), admission.tally.fields_dropped), (None, None, 2));
    assert_eq!(kept.trip.service_date, ServiceDate(20_240_430), "the local date");
}

/// One trip every day from 08:00 to 09:00, one at night from 23:30 to 25:00 on weekdays.
fn timetable() -> Timetable {
    let service = |weekdays| Service {
        weekdays,
        start: ServiceDate(20_240_101),
        end: ServiceDate(20_241_231),
        added: Vec::new(),
        removed: vec![ServiceDate(20_240_501)],
    };
    let trip = |id: &str, service, from| Trip {
        id: id.into(),
        route: 0,
        service,
        shape: None,
        headsign: "Centro".to_owned(),
        stop_times_from: from,
        stop_times_to: from + 2,
    };
    let call = |s| StopTime { stop: 0, arrival_s: s, departure_s: s };
    let mut tables = Timetable {
        timezone: "America/Sao_Paulo".to_owned(),
        agency: "Town buses".to_owned(),
        stops: vec![Stop {
            id: "S1".into(),
            name: "Praça".to_owned(),
            position: Position { longitude: -51.2, latitude: -30.0 },
        }],
        routes: vec![Route {
            id: "T1".into(),
            short_name: "T1".to_owned(),
            long_name: "Centro".to_owned(),
            mode: Mode::Bus,
        }],
        services: vec![service(0b111_1111), service(0b001_1111)],
        trips: vec![trip("morning", 0, 0), trip("night", 1, 2)],
        stop_times: vec![call(8 * 3600), call(9 * 3600), call(23 * 3600 + 1800), call(25 * 3600)],
        ..Timetable::default()
    };
    tables.index();
    tables
}

#[test]
fn the_service_date_is_the_day_whose_run_is_nearest() {
    let tables = timetable();
    let day = |trip: &str, at: &str, declared: Option<u32>| {
        gate::resolve_service_date(&tables, &TripId::new(trip), at.parse().unwrap(), declared.map(ServiceDate))
            .map(|day| (day.date.0, day.distance.as_s()))
    };
    assert_eq!(day("morning", "2024-04-30T08:30:00-03:00", None), Some((20_240_430, 0)));
    assert_eq!(day("morning", "2024-04-30T09:10:00-03:00", None), Some((20_240_430, 600)));
    assert_eq!(day("morning", "2024-04-30T23:00:00-03:00", None), Some((20_240_430, 14 * 3600)), "1 May is removed");
    assert_eq!(day("night", "2024-04-30T00:30:00-03:00", None), Some((20_240_429, 0)), "after midnight, yesterday's");
    assert_eq!(day("night", "2024-04-30T23:45:00-03:00", None), Some((20_240_430, 0)));
    assert_eq!(day("night", "2024-04-29T00:30:00-03:00", None), Some((20_240_429, 23 * 3600)), "none on Sunday night");
    assert_eq!(day("night", "2024-04-30T00:30:00-03:00", Some(20_240_430)), Some((20_240_430, 23 * 3600)));
    assert_eq!(day("night", "2024-04-28T00:30:00-03:00", Some(20_240_428)), None, "does not run on Sunday");
    assert_eq!(day("unknown", "2024-04-30T00:30:00-03:00", None), None);
}

#[test]
fn a_timetabled_position_needs_its_trip_to_run_about_now() {
    let tables = timetable();
    let at = |trip_id: &str, time: &str| {
        let candidate = position(|p| (p.trip, p.time) = (Some(trip(trip_id)), time.parse().unwrap()));
        let admission = admit_with("timetabled", candidate, Some(&tables));
        admission.records.first().map(|record| record.as_ref().clone()).ok_or(admission.tally.rejected)
    };
    let Ok(Record::VehiclePosition(kept)) = at("morning", "2024-04-30T11:30:00-03:00") else { panic!("a position") };
    assert_eq!((kept.trip.to_string(), kept.route), ("20240430/morning".to_owned(), Some(RouteId::new("T1"))));
    let only = |reason| Err(BTreeMap::from([(reason, 1)]));
    assert_eq!(at("morning", "2024-04-30T12:01:00-03:00"), only(Reason::NotInService), "three hours and a minute late");
    assert_eq!(at("unknown", "2024-04-30T08:30:00-03:00"), only(Reason::UnknownReference));
    let waiting = admit_with("timetabled", position(|_| {}), None);
    assert_eq!(waiting.tally.rejected, BTreeMap::from([(Reason::UnknownReference, 1)]), "no timetable yet");
    let added = position(|p| p.trip.as_mut().unwrap().relationship = ScheduleRelationship::Added);
    assert_eq!(admit_with("timetabled", added, None).records.len(), 1, "an added trip is in no timetable");
}

#[test]
fn updates_have_believable_delays_and_known_stops() {
    let tables = timetable();
    let update = |delay_s, stop: &str| {
        let candidate = UpdateCandidate {
            trip: trip("morning"),
            route: None,
            stop: Some(stop.into()),
            delay_s,
            time: "2024-04-30T08:30:00-03:00".parse().unwrap(),
        };
        admit_with("updates", Candidate::TripUpdate(candidate), Some(&tables)).tally.rejected.into_keys().next()
    };
    assert_eq!(update(Some(600), "S1"), None);
    assert_eq!(update(None, "S1"), None);
    assert_eq!(update(Some(86_401), "S1"), Some(Reason::OutOfRange));
    assert_eq!(update(Some(i32::MIN), "S1"), Some(Reason::OutOfRange));
    assert_eq!(update(Some(600), "S9"), Some(Reason::UnknownReference));
}

fn warning(change: impl FnOnce(&mut Warning)) -> Candidate {
    let mut warning = Warning {
        identifier: "urn:oid:2.49.0.1.76.0.2024.4.30".to_owned(),
        sender: "defesacivil.rs.gov.br".to_owned(),
        sent: now(),
        cancels: false,
        references: Vec::new(),
        event: "Chuvas intensas".to_owned(),
        severity: Severity::Severe,
        urgency: "immediate".into(),
        certainty: "observed".into(),
        onset: now(),
        expires: Some(now() + Span::h(12)),
        sender_name: "Defesa Civil".to_owned(),
        headline: "Alerta".to_owned(),
        description: "Evite áreas de risco. Emergência ligue 190/193.".to_owned(),
        instruction: "Procure a Defesa Civil: defesacivil@town.gov.br ou 199.".to_owned(),
        areas: Vec::new(),
    };
    change(&mut warning);
    Candidate::Warning(warning)
}

fn kept_warning(change: impl FnOnce(&mut Warning)) -> (Warning, u64) {
    let admission = admit("cap", warning(change));
    let Some(Record::Warning(kept)) = admission.records.first().map(AsRef::as_ref) else {
        panic!("lost: {admission:?}")
    };
    (kept.clone(), admission.tally.fields_dropped)
}

#[test]
fn a_warning_is_kept_as_it_is_when_nothing_of_a_person_is_in_it() {
    let (kept, dropped) = kept_warning(|_| {});
    assert_eq!(Candidate::Warning(kept), warning(|_| {}));
    assert_eq!(dropped, 0);
}

#[test]
fn a_warning_is_never_lost_for_its_wording() {
    let phone = "ligue para João (51) 99988-7766";
    let (kept, dropped) = kept_warning(|w| {
        (w.headline, w.description, w.sender_name) = (phone.to_owned(), phone.to_owned(), phone.to_owned());
        w.areas = vec![WarningArea { description: phone.to_owned(), polygons: Vec::new(), geocodes: Vec::new() }];
    });
    assert_eq!(kept.headline, "Chuvas intensas", "the event stands in");
    assert_eq!(
        (kept.description.as_str(), kept.sender_name.as_str(), kept.areas[0].description.as_str()),
        ("", "", "")
    );
    assert_eq!(kept.instruction, "Procure a Defesa Civil: defesacivil@town.gov.br ou 199.", "a listed desk");
    assert_eq!(dropped, 4);
    let (kept, _) = kept_warning(|w| (w.event, w.headline) = (phone.to_owned(), phone.to_owned()));
    assert_eq!((kept.event.as_str(), kept.headline.as_str()), ("warning", "warning"));
    let (kept, dropped) = kept_warning(|w| w.description = "é".repeat(20_000));
    assert_eq!((kept.description.chars().count(), dropped), (gate::TEXT_CHARS_MAX, 1), "cut, not lost");
}

#[test]
fn the_front_of_a_senders_address_is_dropped() {
    let (kept, dropped) = kept_warning(|w| w.sender = "maria.silva@noaa.gov".to_owned());
    assert_eq!((kept.sender.as_str(), dropped), ("noaa.gov", 1));
    assert_eq!(refused("cap", warning(|w| w.sender = "a\u{0}b".to_owned())), Some(Reason::BadId));
    assert_eq!(refused("cap", warning(|w| w.identifier = "two words".to_owned())), Some(Reason::BadId));
    assert_eq!(refused("cap", warning(|w| w.sent = now() + Span::h(1))), Some(Reason::BadTime));
}

#[test]
fn codes_out_of_the_list_and_polygons_off_the_earth_are_dropped() {
    let bad = Polygon::new(vec![Position { longitude: 999.0, latitude: 0.0 }; 4]).unwrap();
    let (kept, dropped) = kept_warning(|w| {
        w.certainty = "very likely".into();
        w.urgency = "call 99988-7766".into();
        w.areas = vec![WarningArea {
            description: "Centro".to_owned(),
            polygons: vec![square(-51.0, -30.0, 1.0), bad],
            geocodes: vec!["4314902".to_owned(), "maria@example.org".to_owned()],
        }];
    });
    assert_eq!((kept.certainty.as_ref(), kept.urgency.as_ref()), ("likely", "unknown"));
    assert_eq!((kept.areas[0].polygons.len(), kept.areas[0].geocodes.len(), dropped), (1, 1, 4));
}

#[test]
fn police_and_demonstrations_are_other_causes() {
    for (cause, kept_cause, dropped) in
        [("weather", "weather", 0), ("police_activity", "other_cause", 1), ("demonstration", "other_cause", 1)]
    {
        let alert = ServiceAlert {
            id: "a1".into(),
            from: None,
            until: None,
            routes: vec!["T1".into(), "maria@example.org".into()],
            stops: Vec::new(),
            trips: Vec::new(),
            cause: cause.into(),
            effect: "detour".into(),
            header: "Maria, 99988-7766".to_owned(),
            description: String::new(),
        };
        let admission = admit("alerts", Candidate::ServiceAlert(alert));
        let Record::ServiceAlert(kept) = admission.records[0].as_ref() else { panic!("an alert") };
        assert_eq!((kept.cause.as_ref(), kept.header.as_str(), kept.routes.len()), (kept_cause, "detour", 1));
        assert_eq!(admission.tally.fields_dropped, 2 + dropped);
    }
}

#[test]
fn a_note_with_something_personal_is_refused_whole_and_told_why() {
    let note = |role: &str, note: &str| Acknowledgement {
        alert: AlertId(Arc::from("water~datastream_1~1714446000000")),
        role: role.to_owned(),
        note: note.to_owned(),
    };
    let gate = Gate::new(policy()).unwrap();
    assert_eq!(gate.judge_acknowledgement(&note("duty_officer", "Bombas 1 e 2 ligadas às 12:30")), Ok(()));
    let phone = note("duty_officer", "falar com o Zé, 99988-7766, placa ABC1D23");
    assert_eq!(gate.judge_acknowledgement(&phone), Err((Reason::PersonalText, vec![HitKind::Phone, HitKind::Plate])));
    let admission = admit("control-room", Candidate::Acknowledgement(phone));
    assert_eq!(admission.refusals[0].hits, [HitKind::Phone, HitKind::Plate]);
    assert_eq!(
        refused("control-room", Candidate::Acknowledgement(note("Maria Silva", "ok"))),
        Some(Reason::NotAllowed)
    );
    let long = note("duty_officer", &"a".repeat(501));
    assert_eq!(refused("control-room", Candidate::Acknowledgement(long)), Some(Reason::TooLarge));
    let hidden = note("duty_officer", "\u{202E}ok");
    assert_eq!(refused("control-room", Candidate::Acknowledgement(hidden)), Some(Reason::Malformed));
}

#[test]
fn a_timetable_is_cleaned_or_refused_whole() {
    let gate = Gate::new(policy()).unwrap();
    let sha = "a".repeat(64);
    let mut tables = timetable();
    tables.stops[0].name = "Casa da Maria (51) 99988-7766".to_owned();
    tables.trips[0].headsign = "maria@example.org".to_owned();
    tables.trips[1].headsign = "maria@example.org".to_owned();
    let admission = gate.admit_timetable(&"gtfs".into(), tables.clone(), &sha, now()).unwrap();
    let kept = admission.timetable.as_ref().unwrap();
    assert_eq!((kept.stops[0].name.as_str(), kept.trips[1].headsign.as_str()), ("S1", ""));
    assert!(matches!(admission.records[0].as_ref(), Record::Timetable(v) if v.trips == 2 && v.sha256 == sha));
    assert!(!format!("{kept:?}").contains("maria"));
    tables.trips[0].id = "maria@example.org".into();
    let admission = gate.admit_timetable(&"gtfs".into(), tables.clone(), &sha, now()).unwrap();
    assert_eq!((admission.tally.rejected.get(&Reason::BadId), admission.timetable), (Some(&1), None));
    let short = gate.admit_timetable(&"gtfs".into(), tables, "abc", now());
    assert_eq!(short, Err(GateError::BadHash("gtfs".into())));
}

#[test]
fn a_policy_that_cannot_be_enforced_is_refused() {
    let wrong = |change: fn(&mut Policy)| {
        let mut policy = policy();
        change(&mut policy);
        Gate::new(policy).unwrap_err()
    };
    assert!(matches!(wrong(|p| p.contracts.push(contract("water", FeedKind::Gtfs))), GateError::TwoContracts(_)));
    assert!(matches!(
        wrong(|p| p.contracts[0].retention = Span::ms(0)),
        GateError::EmptySpan { what: "retention", .. }
    ));
    assert!(matches!(wrong(|p| p.datastreams.push(datastream(1, "water"))), GateError::TwoDatastreams(_)));
    assert!(matches!(wrong(|p| p.datastreams[0].feed = "cap".into()), GateError::FeedNotForObservations { .. }));
    assert!(matches!(wrong(|p| p.observed_properties.clear()), GateError::PropertyNotAllowed { .. }));
    assert!(matches!(wrong(|p| p.observed_properties[0].min = f64::NAN), GateError::EmptyRange(_)));
    assert!(matches!(wrong(|p| p.bounds.north = 91.0), GateError::EmptyBounds));
    assert!(matches!(wrong(|p| p.timezone = "Porto_Alegre".to_owned()), GateError::UnknownTimezone(_)));
    for hostile in ["licence_plate", "face count", "imsi", "Placa lida", "bluetooth-mac", "patient"] {
        let mut policy = policy();
        policy.observed_properties.push(property(hostile));
        assert!(matches!(Gate::new(policy), Err(GateError::OverTheLine { .. })), "{hostile}");
    }
    let mut policy = policy();
    policy.observed_properties.push(property("surface_temperature"));
    assert!(Gate::new(policy).is_ok(), "a surface is no face");
}

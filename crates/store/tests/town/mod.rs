//! A small town for the tests: its contracts, its gate, and what its feeds say.
#![allow(dead_code, clippy::unwrap_used, clippy::missing_panics_doc, unreachable_pub, reason = "test helpers")]

use std::collections::{BTreeMap, BTreeSet};

use city::{
    BoundingBox, Contract, Datastream, DatastreamId, FeedId, FeedKind, GridCell, Observation, ObservedProperty,
    Position, RequestStatus, ServiceDate, ServiceRequest, Severity, Span, Tally, ThingId, Time, Warning,
};
use gate::{Admission, Candidate, Gate, Policy, PositionCandidate, TripCandidate, UpdateCandidate};
use store::{Batch, Reader};

/// 30 April 2024, 00:00 in Porto Alegre.
pub const START_MS: i64 = 1_714_446_000_000;

pub fn at(ms: i64) -> Time {
    Time::from_ms(START_MS + ms).unwrap()
}

pub fn feed(name: &str) -> FeedId {
    FeedId::new(name)
}

fn contract(name: &str, kind: FeedKind, retention: Span) -> Contract {
    Contract {
        feed: feed(name),
        name: format!("The {name}"),
        kind,
        owner: "Town".to_owned(),
        licence: "CC-BY-4.0".to_owned(),
        purpose: "tests".to_owned(),
        beat: Span::min(15),
        retention,
        caveat: None,
    }
}

pub fn policy() -> Policy {
    let datastream = |id: u32| Datastream {
        id: DatastreamId(id),
        name: format!("Level {id}"),
        thing: ThingId(1),
        observed_property: "water_level".into(),
        feed: feed("water"),
        beat: Span::min(15),
    };
    Policy {
        contracts: vec![
            contract("water", FeedKind::SensorThings, Span::h(24 * 30)),
            contract("bus-positions", FeedKind::GtfsRtVehiclePositions, Span::h(2)),
            contract("bus-updates", FeedKind::GtfsRtTripUpdates, Span::h(24)),
            contract("bus-alerts", FeedKind::GtfsRtAlerts, Span::h(24 * 30)),
            contract("requests", FeedKind::Open311, Span::h(24 * 30)),
            contract("civil-defence", FeedKind::CapAtom, Span::h(24 * 365)),
            contract("bus-timetable", FeedKind::Gtfs, Span::h(24 * 365)),
            contract("control-room", FeedKind::ControlRoom, Span::h(24 * 365)),
        ],
        observed_properties: vec![ObservedProperty {
            id: "water_level".into(),
            name: "Water level".to_owned(),
            definition: "https://example.org/water_level".to_owned(),
            description: "Height of the water".to_owned(),
            unit_name: "metre".to_owned(),
            unit_symbol: "m".to_owned(),
            min: -5.0,
            max: 100.0,
            categories: Vec::new(),
            declares: Vec::new(),
            keeps: None,
        }],
        datastreams: (1..=8).map(datastream).collect(),
        bounds: BoundingBox { west: -52.0, south: -31.0, east: -50.0, north: -29.0 },
        depots: Vec::new(),
        roles: vec!["duty_officer".to_owned()],
        timetable_of: BTreeMap::new(),
        services: BTreeMap::from([("requests".into(), BTreeSet::from(["flood".into()]))]),
        timezone: "America/Sao_Paulo".to_owned(),
        desks: Vec::new(),
        sandbox: false,
    }
}

pub fn series(policy: &Policy) -> Vec<store::SeriesRetention> {
    store::SeriesRetention::of(&policy.datastreams, &policy.contracts, &policy.observed_properties)
}

pub fn gate() -> Gate {
    Gate::new(policy()).unwrap()
}

pub fn level(datastream: u32, ms: i64, result: f64) -> Candidate {
    Candidate::Observation(Observation { datastream: DatastreamId(datastream), phenomenon_time: at(ms), result })
}

fn trip(name: &str) -> TripCandidate {
    TripCandidate {
        trip: name.into(),
        service_date: Some(ServiceDate(20_240_430)),
        relationship: city::ScheduleRelationship::Scheduled,
    }
}

pub fn position(name: &str, ms: i64) -> Candidate {
    Candidate::VehiclePosition(PositionCandidate {
        trip: Some(trip(name)),
        route: None,
        longitude: -51.2,
        latitude: -30.0,
        bearing_deg: Some(90.0),
        time: at(ms),
        occupancy: None,
    })
}

pub fn update(name: &str, ms: i64, delay_s: i32) -> Candidate {
    let (stop, delay_s) = (Some("S1".into()), Some(delay_s));
    Candidate::TripUpdate(UpdateCandidate { trip: trip(name), route: None, stop, delay_s, time: at(ms) })
}

pub fn warning(identifier: &str, sent_ms: i64) -> Candidate {
    Candidate::Warning(Warning {
        identifier: identifier.to_owned(),
        sender: "defesacivil.rs.gov.br".to_owned(),
        sent: at(sent_ms),
        cancels: false,
        references: Vec::new(),
        event: "Chuvas intensas".to_owned(),
        severity: Severity::Severe,
        urgency: "immediate".into(),
        certainty: "observed".into(),
        onset: at(sent_ms),
        expires: None,
        sender_name: "Defesa Civil".to_owned(),
        headline: "Alerta de chuva".to_owned(),
        description: String::new(),
        instruction: String::new(),
        areas: Vec::new(),
    })
}

pub fn request(id: &str, hours_ago: i64, status: RequestStatus) -> Candidate {
    Candidate::ServiceRequest(ServiceRequest {
        id: format!("{id:0>32}").as_str().into(),
        code: "flood".into(),
        cell: GridCell::of(Position { longitude: -51.2, latitude: -30.0 }),
        hour: at(-hours_ago * 3_600_000),
        status,
    })
}

pub fn admit(gate: &Gate, name: &str, candidates: Vec<Candidate>, now_ms: i64) -> Admission {
    gate.admit(&feed(name), candidates, at(now_ms), None).unwrap()
}

pub fn batch(gate: &Gate, name: &str, candidates: Vec<Candidate>, now_ms: i64) -> Batch {
    Batch::new(feed(name), admit(gate, name, candidates, now_ms)).unwrap()
}

/// Checks what must hold at any moment, after any crash: every account balances, what it calls stored is what the
/// journal holds, and the journal has no holes. Gives the entities stored by feed.
pub fn check_identity(reader: &Reader) -> BTreeMap<FeedId, u64> {
    let mut in_journal: BTreeMap<FeedId, u64> = BTreeMap::new();
    let mut seq = 0;
    let mut received = at(-1_000_000_000);
    loop {
        let rows = reader.journal_after(city::Seq(seq), 1000).unwrap();
        if rows.is_empty() {
            break;
        }
        for row in rows {
            seq += 1;
            assert_eq!(row.seq.0, seq, "the journal has a hole");
            assert!(row.received >= received, "received times fall");
            received = row.received;
            assert!(!row.records.is_empty(), "an empty row");
            let entities: u64 = row.records.iter().map(city::Record::entities).sum();
            *in_journal.entry(row.feed).or_default() += entities;
        }
    }
    assert_eq!(reader.last_received().unwrap().map_or(0, |(last, _)| last.0), seq, "the head is not the last row");
    for (feed, account) in reader.accounts().unwrap() {
        let Tally { received, stored, duplicate, .. } = account.tally;
        let rejected = account.tally.rejected_total();
        assert!(account.tally.balances(), "{feed}: {received} != {stored} + {duplicate} + {rejected}");
        assert_eq!(stored, in_journal.get(&feed).copied().unwrap_or_default(), "{feed}: stored is not the journal");
    }
    in_journal
}

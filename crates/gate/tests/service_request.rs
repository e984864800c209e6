//! Residents' requests at the gate: a ticket, a code, a square kilometre, an hour, and nothing that could hide in them.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use city::{
    BoundingBox, Contract, FeedKind, GridCell, Position, Reason, Record, RequestStatus, ServiceRequest, Span, Time,
};
use gate::{Candidate, Gate, Policy};

fn now() -> Time {
    "2024-05-02T06:37:38-03:00".parse().unwrap()
}

fn gate() -> Gate {
    let contract = |feed: &str, kind| Contract {
        feed: feed.into(),
        name: feed.to_owned(),
        kind,
        owner: "Town".to_owned(),
        licence: "CC0".to_owned(),
        purpose: "tests".to_owned(),
        beat: Span::min(5),
        retention: Span::h(48),
        caveat: None,
    };
    let policy = Policy {
        contracts: vec![contract("requests", FeedKind::Open311), contract("warnings", FeedKind::CapAtom)],
        observed_properties: Vec::new(),
        datastreams: Vec::new(),
        bounds: BoundingBox { west: -52.0, south: -31.0, east: -50.0, north: -29.0 },
        depots: Vec::new(),
        roles: Vec::new(),
        timetable_of: BTreeMap::new(),
        services: BTreeMap::from([("requests".into(), BTreeSet::from(["flood".into()]))]),
        timezone: "America/Sao_Paulo".to_owned(),
        desks: Vec::new(),
        sandbox: false,
    };
    Gate::new(policy).unwrap()
}

fn request() -> ServiceRequest {
    ServiceRequest {
        id: "00112233445566778899aabbccddeeff".into(),
        code: "flood".into(),
        cell: GridCell::of(Position { longitude: -51.23, latitude: -30.03 }),
        hour: ServiceRequest::hour_of(now()),
        status: RequestStatus::Open,
    }
}

fn refused(feed: &str, request: ServiceRequest) -> Option<Reason> {
    let admission = gate().admit(&feed.into(), vec![Candidate::ServiceRequest(request)], now(), None).unwrap();
    admission.tally.rejected.into_keys().next()
}

#[test]
fn a_request_is_taken_as_it_is_from_a_feed_of_requests() {
    let admission = gate().admit(&"requests".into(), vec![Candidate::ServiceRequest(request())], now(), None).unwrap();
    let [record] = &admission.records[..] else { unreachable!("one record") };
    assert_eq!(record.as_ref(), &Record::ServiceRequest(request()));
    assert_eq!(refused("warnings", request()), Some(Reason::NotAllowed));
}

#[test]
fn what_could_hide_somebody_or_cannot_be_is_refused_for_its_reason() {
    let changed = |change: &dyn Fn(&mut ServiceRequest)| {
        let mut request = request();
        change(&mut request);
        refused("requests", request)
    };
    for id in
        ["maria", "24-0017", "5551999887766", "52998224725", "-30.03122/-51.23511", "00112233445566778899AABBCCDDEEFF"]
    {
        assert_eq!(changed(&|r| r.id = id.into()), Some(Reason::BadId), "{id}");
    }
    for code in ["Maria Silva Souza", "-30.03122 -51.23511", "light", ""] {
        assert_eq!(changed(&|r| r.code = code.into()), Some(Reason::NotAllowed), "{code}");
    }
    let elsewhere = GridCell::of(Position { longitude: 0.0, latitude: 0.0 });
    assert_eq!(changed(&|r| r.cell = elsewhere), Some(Reason::OutOfRange));
    assert_eq!(changed(&|r| r.hour = now()), Some(Reason::BadTime), "to the second");
    assert_eq!(changed(&|r| r.hour = r.hour + Span::h(1)), Some(Reason::BadTime), "not yet");
    assert_eq!(changed(&|r| r.hour = r.hour - Span::h(48)), Some(Reason::BadTime), "kept for 48 h");
    assert_eq!(changed(&|r| r.hour = r.hour - Span::h(47)), None);
    assert_eq!(changed(&|r| r.status = RequestStatus::Closed), None);
}

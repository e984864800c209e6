//! Decoded rows -> what knocks at the gate. Mapping only; nothing is judged here.

use std::sync::Arc;

use city::{Reason, ServiceAlert, Tally, Time, Timetable, Warning, WarningArea};
use formats::cap::{CapAlert, MessageType};
use formats::gtfs_rt::{AlertRow, TripUpdateRow, VehicleRow};
use gate::{Candidate, PositionCandidate, TripCandidate, UpdateCandidate, resolve_service_date};

pub(super) fn position(row: VehicleRow) -> Candidate {
    let trip = TripCandidate {
        trip: row.trip,
        service_date: row.start_date,
        relationship: city::ScheduleRelationship::Scheduled,
    };
    Candidate::VehiclePosition(PositionCandidate {
        trip: Some(trip),
        route: row.route,
        longitude: row.position.longitude,
        latitude: row.position.latitude,
        bearing_deg: row.bearing_deg,
        time: row.time,
        occupancy: row.occupancy,
    })
}

pub(super) fn update(row: TripUpdateRow, timetable: Option<&Timetable>) -> Candidate {
    let told = |timetable| {
        let day = resolve_service_date(timetable, &row.trip, row.time, row.start_date)?;
        row.delay_s_by(timetable, day.date)
    };
    let delay_s = row.delay_s.or_else(|| timetable.and_then(told));
    let trip = TripCandidate { trip: row.trip, service_date: row.start_date, relationship: row.relationship };
    Candidate::TripUpdate(UpdateCandidate { trip, route: row.route, stop: row.stop, delay_s, time: row.time })
}

pub(super) fn service_alert(row: AlertRow, now: Time) -> Candidate {
    // Of several periods the one that holds now, else the next to come, else the last: flattening them into one long
    // period would claim what the agency did not say.
    let holds = |p: &&formats::gtfs_rt::ActivePeriod| {
        p.from.is_none_or(|from| from <= now) && p.until.is_none_or(|until| now < until)
    };
    let ahead = |p: &&formats::gtfs_rt::ActivePeriod| p.from.is_some_and(|from| from > now);
    let chosen = row.periods.iter().find(holds).or_else(|| row.periods.iter().filter(ahead).min_by_key(|p| p.from));
    let period = chosen.or(row.periods.last());
    Candidate::ServiceAlert(ServiceAlert {
        id: Arc::from(row.id),
        from: period.and_then(|p| p.from),
        until: period.and_then(|p| p.until),
        routes: row.routes,
        stops: row.stops,
        trips: row.trips,
        cause: Arc::from(row.cause.name()),
        effect: Arc::from(row.effect.name()),
        header: row.header,
        description: row.description,
    })
}

/// A CAP message. One without an `info` that cancels nothing says nothing, and is counted.
pub(super) fn warning(alert: CapAlert, tally: &mut Tally) -> Option<Candidate> {
    let cancels = alert.message == MessageType::Cancel;
    let references = alert.references.into_iter().map(|reference| reference.identifier).collect();
    let Some(info) = alert.info else {
        if !cancels {
            *tally.rejected.entry(Reason::MissingField).or_default() += 1;
            return None;
        }
        return Some(Candidate::Warning(Warning {
            identifier: alert.identifier,
            sender: alert.sender,
            sent: alert.sent,
            cancels,
            references,
            event: String::new(),
            severity: city::Severity::Unknown,
            urgency: Arc::from("unknown"),
            certainty: Arc::from("unknown"),
            onset: alert.sent,
            expires: None,
            sender_name: String::new(),
            headline: String::new(),
            description: String::new(),
            instruction: String::new(),
            areas: Vec::new(),
        }));
    };
    let area = |area: formats::cap::CapArea| WarningArea {
        description: area.description,
        polygons: area.polygons,
        geocodes: area.geocodes.into_iter().map(|geocode| geocode.value).collect(),
    };
    Some(Candidate::Warning(Warning {
        identifier: alert.identifier,
        sender: alert.sender,
        sent: alert.sent,
        cancels,
        references,
        // CAP 1.2, 3.2.2: `onset` is when the event begins, `effective` when the information holds; either may be
        // missing, and then `sent` stands in.
        onset: info.onset.or(info.effective).unwrap_or(alert.sent),
        event: info.event,
        severity: info.severity,
        urgency: Arc::from(info.urgency.name()),
        certainty: Arc::from(info.certainty.name()),
        expires: info.expires,
        sender_name: info.sender_name,
        headline: info.headline,
        description: info.description,
        instruction: info.instruction,
        areas: info.areas.into_iter().map(area).collect(),
    }))
}

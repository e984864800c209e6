//! Service alerts: codes from closed lists, ids that look like ids, texts through the scan.

use std::sync::Arc;

use city::{Reason, ServiceAlert};

use super::{Door, Refused};
use crate::shape;
use crate::text::{HEADLINE_CHARS_MAX, TEXT_CHARS_MAX};

/// Lines, stops or trips that one alert may name. New York's whole-network notices stay below 2,000.
const REFERENCES_MAX: usize = 10_000;

/// GTFS-Realtime `Cause` without DEMONSTRATION and POLICE_ACTIVITY (DESIGN 6).
const CAUSES: [&str; 10] = [
    "unknown_cause",
    "other_cause",
    "technical_problem",
    "strike",
    "accident",
    "holiday",
    "weather",
    "maintenance",
    "construction",
    "medical_emergency",
];
/// GTFS-Realtime `Effect`.
const EFFECTS: [&str; 11] = [
    "no_service",
    "reduced_service",
    "significant_delays",
    "detour",
    "additional_service",
    "modified_service",
    "other_effect",
    "unknown_effect",
    "stop_moved",
    "no_effect",
    "accessibility_issue",
];

pub(super) fn judge(door: &mut Door<'_>, alert: ServiceAlert) -> Result<ServiceAlert, Refused> {
    if !shape::is_gtfs_id(&alert.id) {
        return Err(Reason::BadId.into());
    }
    let named = [alert.routes.len(), alert.stops.len(), alert.trips.len()];
    if named.into_iter().any(|count| count > REFERENCES_MAX) {
        return Err(Reason::TooLarge.into());
    }
    let cause = coded(door, &alert.cause, &CAUSES, "other_cause");
    let effect = coded(door, &alert.effect, &EFFECTS, "unknown_effect");
    let mut header = door.clean(&alert.header, HEADLINE_CHARS_MAX);
    if header.is_empty() && !alert.header.is_empty() {
        // Its text is gone, its meaning is not: "detour".
        header = effect.replace('_', " ");
    }
    Ok(ServiceAlert {
        description: door.clean(&alert.description, TEXT_CHARS_MAX),
        routes: door.keep(alert.routes, |id| shape::is_gtfs_id(id.as_str())),
        stops: door.keep(alert.stops, |id| shape::is_gtfs_id(id.as_str())),
        trips: door.keep(alert.trips, |id| shape::is_gtfs_id(id.as_str())),
        id: alert.id,
        from: alert.from,
        until: alert.until,
        cause,
        effect,
        header,
    })
}

fn coded(door: &mut Door<'_>, code: &Arc<str>, list: &[&str], otherwise: &str) -> Arc<str> {
    if list.contains(&code.as_ref()) {
        return Arc::clone(code);
    }
    door.dropped += 1;
    Arc::from(otherwise)
}

//! Official warnings. The one rule above the others: a warning of an authority is not lost because of its wording.

use std::sync::Arc;

use city::{Polygon, Position, Reason, Warning, WarningArea};

use super::{Door, Refused};
use crate::shape;
use crate::text::{HEADLINE_CHARS_MAX, NAME_CHARS_MAX, TEXT_CHARS_MAX};

/// Areas in one warning. National outlooks name some hundreds of districts.
const AREAS_MAX: usize = 2_000;
/// Corners in all polygons of one warning together.
const VERTICES_MAX: usize = 200_000;
/// References to earlier messages in one warning.
const REFERENCES_MAX: usize = 1_000;
/// Stands in where even the event's name had to be dropped.
const EVENT_UNNAMED: &str = "warning";

/// CAP 1.2, clause 3.2.2 `urgency`.
const URGENCIES: [&str; 5] = ["immediate", "expected", "future", "past", "unknown"];
/// CAP 1.2, clause 3.2.2 `certainty`; "very likely" is the old name of likely.
const CERTAINTIES: [&str; 5] = ["observed", "likely", "possible", "unlikely", "unknown"];

pub(super) fn judge(door: &mut Door<'_>, warning: Warning) -> Result<Warning, Refused> {
    if !shape::is_cap_identifier(&warning.identifier) {
        return Err(Reason::BadId.into());
    }
    door.happened(warning.sent)?;
    let sender = sender(door, &warning.sender)?;
    let mut event = door.clean(&warning.event, NAME_CHARS_MAX);
    if event.is_empty() {
        event.push_str(EVENT_UNNAMED);
    }
    let mut headline = door.clean(&warning.headline, HEADLINE_CHARS_MAX);
    if headline.is_empty() {
        headline.clone_from(&event);
    }
    let mut references = door.keep(warning.references, |id| shape::is_cap_identifier(id));
    door.dropped += references.len().saturating_sub(REFERENCES_MAX) as u64;
    references.truncate(REFERENCES_MAX);
    Ok(Warning {
        urgency: coded(door, &warning.urgency, &URGENCIES),
        certainty: coded(door, &warning.certainty, &CERTAINTIES),
        sender_name: door.clean(&warning.sender_name, NAME_CHARS_MAX),
        description: door.clean(&warning.description, TEXT_CHARS_MAX),
        instruction: door.clean(&warning.instruction, TEXT_CHARS_MAX),
        areas: areas(door, warning.areas),
        identifier: warning.identifier,
        sent: warning.sent,
        cancels: warning.cancels,
        severity: warning.severity,
        onset: warning.onset,
        expires: warning.expires,
        sender,
        event,
        headline,
        references,
    })
}

/// CAP senders are often written as an address ("w-nws.webmaster@noaa.gov"). What stands before the `@` may be a
/// person's, so only the organisation's domain is kept.
fn sender(door: &mut Door<'_>, sender: &str) -> Result<String, Refused> {
    let organisation = match sender.rsplit_once('@') {
        Some((_, domain)) => {
            door.dropped += 1;
            domain
        }
        None => sender,
    };
    let organisation = organisation.trim();
    if shape::is_cap_sender(organisation) { Ok(organisation.to_owned()) } else { Err(Reason::BadId.into()) }
}

fn coded(door: &mut Door<'_>, code: &Arc<str>, list: &[&str]) -> Arc<str> {
    if list.contains(&code.as_ref()) {
        return Arc::clone(code);
    }
    door.dropped += 1;
    Arc::from(if code.as_ref() == "very likely" { "likely" } else { "unknown" })
}

fn areas(door: &mut Door<'_>, areas: Vec<WarningArea>) -> Vec<WarningArea> {
    door.dropped += areas.len().saturating_sub(AREAS_MAX) as u64;
    let mut vertices = 0;
    let mut kept = Vec::with_capacity(areas.len().min(AREAS_MAX));
    for area in areas.into_iter().take(AREAS_MAX) {
        let before = area.polygons.len();
        let mut polygons = Vec::with_capacity(before);
        for polygon in area.polygons {
            vertices += polygon.ring().len();
            if vertices <= VERTICES_MAX && is_on_earth(&polygon) {
                polygons.push(polygon);
            }
        }
        door.dropped += (before - polygons.len()) as u64;
        let description = door.clean(&area.description, TEXT_CHARS_MAX);
        let geocodes = door.keep(area.geocodes, |code| shape::is_geocode(code));
        kept.push(WarningArea { description, polygons, geocodes });
    }
    kept
}

fn is_on_earth(polygon: &Polygon) -> bool {
    polygon.ring().iter().all(|corner| Position::new(corner.longitude, corner.latitude).is_some())
}

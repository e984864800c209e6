//! A whole timetable: public names and ids, judged once when it comes into force.

use std::collections::HashMap;

use city::{Reason, Timetable};

use super::{Door, Refused};
use crate::policy::GateError;
use crate::shape;
use crate::text::NAME_CHARS_MAX;

/// Stops in one timetable. All of the Netherlands has 60,000.
const STOPS_MAX: usize = 500_000;
/// Trips in one timetable. London's buses have 200,000.
const TRIPS_MAX: usize = 3_000_000;

/// The tables with their names cleaned. A name with a hit becomes the id, so that a stop still has something to show.
/// A bad id, or a position that is none, refuses the whole: the tables point at each other by index.
pub(crate) fn timetable(door: &mut Door<'_>, mut tables: Timetable) -> Result<Result<Timetable, Refused>, GateError> {
    for (what, count, max) in [("stops", tables.stops.len(), STOPS_MAX), ("trips", tables.trips.len(), TRIPS_MAX)] {
        if count > max {
            return Err(GateError::TimetableTooLarge { feed: door.contract.feed.clone(), what, max });
        }
    }
    let ids_fit = tables.stops.iter().all(|stop| shape::is_gtfs_id(stop.id.as_str()))
        && tables.routes.iter().all(|route| shape::is_gtfs_id(route.id.as_str()))
        && tables.trips.iter().all(|trip| shape::is_gtfs_id(trip.id.as_str()));
    if !ids_fit {
        return Ok(Err(Reason::BadId.into()));
    }
    let on_earth = |p: &city::Position| city::Position::new(p.longitude, p.latitude).is_some();
    let positions_fit =
        tables.stops.iter().all(|stop| on_earth(&stop.position)) && tables.shapes.iter().flatten().all(on_earth);
    if !positions_fit {
        return Ok(Err(Reason::OutOfRange.into()));
    }
    tables.agency = door.clean(&tables.agency, NAME_CHARS_MAX);
    for stop in &mut tables.stops {
        stop.name = name_or(door, &stop.name, stop.id.as_str());
    }
    for route in &mut tables.routes {
        route.short_name = name_or(door, &route.short_name, route.id.as_str());
        route.long_name = door.clean(&route.long_name, NAME_CHARS_MAX);
    }
    // A city has a hundred thousand trips and a few hundred headsigns: each is scanned once.
    let mut seen: HashMap<String, String> = HashMap::new();
    for trip in &mut tables.trips {
        if let Some(clean) = seen.get(&trip.headsign) {
            trip.headsign.clone_from(clean);
        } else {
            let clean = door.clean(&trip.headsign, NAME_CHARS_MAX);
            let raw = std::mem::replace(&mut trip.headsign, clean.clone());
            seen.insert(raw, clean);
        }
    }
    tables.index();
    Ok(Ok(tables))
}

fn name_or(door: &mut Door<'_>, name: &str, id: &str) -> String {
    let clean = door.clean(name, NAME_CHARS_MAX);
    if clean.is_empty() && !name.is_empty() { id.to_owned() } else { clean }
}

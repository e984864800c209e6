//! GTFS Schedule: a zip -> [`city::Timetable`].
//!
//! Tolerant where feeds differ: byte-order mark, CRLF, quotes, more columns than needed, times past 24:00:00,
//! `calendar.txt` or `calendar_dates.txt` or both, calls without times in the middle of a trip (worked out by
//! distance), `frequencies.txt` (made into trips). Each row is read by itself: one that is broken, even by an open
//! quote, is refused under a [`city::Reason`] and takes no other along.
//!
//! Never read: phone, e-mail and addresses of agencies, colours, descriptions, `translations.txt`,
//! `attributions.txt`, fares, and everything else that a timetable on a map does not need. Stop and route names,
//! headsigns and ids are as they came: they go through the gate's scan.
//!
//! The tally counts rows of the files that are read. A row that was taken and then falls with its trip (fewer than
//! two calls left) is refused too.

mod calendar;
mod frequencies;
mod network;
mod stop_times;
mod table;
mod trips;

use city::{ServiceDate, Tally, Timetable};

use crate::archive::Archive;
use crate::error::{FormatError, Place, Standard};

/// Reads a GTFS zip into an indexed timetable.
///
/// An `Err` means that no timetable came out and the last good one must stay: no zip, a bomb, a required file or
/// column missing, an unknown time zone, or not one trip with two calls.
pub fn decode(bytes: &[u8]) -> Result<(Timetable, Tally), FormatError> {
    let mut archive = Archive::open(bytes)?;
    let mut tally = Tally::default();
    let (agency, timezone) = network::agency(&mut archive, &mut tally)?;
    let mut timetable = Timetable { agency, timezone, ..Timetable::default() };
    // A day inside every calendar: asked only to see whether the zone is known.
    if timetable.zero(ServiceDate(20_200_101)).is_none() {
        let at = Place::Path("agency.txt/agency_timezone");
        let (expected, found) = ("a zone of the IANA database", "another text");
        return Err(FormatError::Malformed { standard: Standard::Gtfs, at, expected, found });
    }
    let stops = network::stops(&mut archive, &mut timetable, &mut tally)?;
    let routes = network::routes(&mut archive, &mut timetable, &mut tally)?;
    let services = calendar::services(&mut archive, &mut timetable, &mut tally)?;
    let shapes = network::shapes(&mut archive, &mut timetable, &mut tally)?;
    let references = trips::References { routes, services, shapes };
    let trips = trips::trips(&mut archive, &references, &mut timetable, &mut tally)?;
    let calls = stop_times::calls(&mut archive, &trips, &stops, &mut tally)?;
    stop_times::assemble(&mut timetable, calls, &mut tally);
    timetable.index();
    frequencies::expand(&mut archive, &mut timetable, &mut tally)?;
    if timetable.trips.is_empty() {
        return Err(FormatError::Missing { standard: Standard::Gtfs, what: "a trip with two calls" });
    }
    timetable.index();
    Ok((timetable, tally))
}

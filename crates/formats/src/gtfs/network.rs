//! `agency.txt`, `stops.txt`, `routes.txt`, `shapes.txt`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use city::timetable::{Mode, Route, Stop};
use city::{Position, Reason, RouteId, StopId, Tally, Timetable};

use super::table::{Row, Table, optional, required};
use crate::archive::Archive;
use crate::error::{FormatError, Standard};

/// Place of a row in its table, by the id in the file.
pub(super) type Index = HashMap<Box<[u8]>, u32>;

/// Agencies whose names are shown as the source of one feed.
const AGENCIES_NAMED: usize = 5;

/// Adds an id; `BadId` when it is there already: the first row of an id is the one that counts.
pub(super) fn insert(index: &mut Index, id: &[u8], at: usize) -> Result<(), Reason> {
    let at = u32::try_from(at).map_err(|_| Reason::TooLarge)?;
    match index.entry(id.into()) {
        Entry::Occupied(_) => Err(Reason::BadId),
        Entry::Vacant(free) => {
            free.insert(at);
            Ok(())
        }
    }
}

/// Names of the agencies, and the time zone of all of them. Their phone, e-mail and address columns are not read.
pub(super) fn agency(archive: &mut Archive<'_>, tally: &mut Tally) -> Result<(String, String), FormatError> {
    let columns = [optional("agency_name"), required("agency_timezone", "agency.txt column agency_timezone")];
    let (mut names, mut timezone) = (Vec::new(), String::new());
    Table::open_required(archive, "agency.txt", &columns)?.each(tally, |row| {
        let (name, zone) = (row.text(0)?, row.name(1)?);
        // "All agencies of a dataset must have the same timezone" (reference, agency.txt).
        if timezone.is_empty() {
            zone.clone_into(&mut timezone);
        } else if timezone != zone {
            return Err(Reason::Unsupported);
        }
        if names.len() < AGENCIES_NAMED && !name.is_empty() {
            names.push(name.to_owned());
        }
        Ok(())
    })?;
    if timezone.is_empty() {
        return Err(FormatError::Missing { standard: Standard::Gtfs, what: "agency.txt agency_timezone" });
    }
    Ok((names.join("; "), timezone))
}

/// All rows with a position, whatever their `location_type`: calls and live feeds name any of them.
pub(super) fn stops(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    tally: &mut Tally,
) -> Result<Index, FormatError> {
    let columns = [
        required("stop_id", "stops.txt column stop_id"),
        optional("stop_name"),
        required("stop_lat", "stops.txt column stop_lat"),
        required("stop_lon", "stops.txt column stop_lon"),
    ];
    let mut index = Index::new();
    Table::open_required(archive, "stops.txt", &columns)?.each(tally, |row| {
        let (id, name) = (row.name(0)?, row.text(1)?);
        let position = position(row, 2, 3)?;
        insert(&mut index, id.as_bytes(), timetable.stops.len())?;
        let name = if name.is_empty() { id } else { name };
        timetable.stops.push(Stop { id: StopId::new(id), name: name.to_owned(), position });
        Ok(())
    })?;
    Ok(index)
}

fn position(row: &Row<'_>, latitude: usize, longitude: usize) -> Result<Position, Reason> {
    let latitude = row.number(latitude)?.ok_or(Reason::MissingField)?;
    let longitude = row.number(longitude)?.ok_or(Reason::MissingField)?;
    Position::new(longitude, latitude).ok_or(Reason::OutOfRange)
}

/// Routes; colours are not read, so a bad one cannot hurt.
pub(super) fn routes(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    tally: &mut Tally,
) -> Result<Index, FormatError> {
    let columns = [
        required("route_id", "routes.txt column route_id"),
        optional("route_short_name"),
        optional("route_long_name"),
        required("route_type", "routes.txt column route_type"),
    ];
    let mut index = Index::new();
    Table::open_required(archive, "routes.txt", &columns)?.each(tally, |row| {
        let (id, short, long) = (row.name(0)?, row.text(1)?, row.text(2)?);
        let mode = mode(row.number(3)?.ok_or(Reason::MissingField)?).ok_or(Reason::Unsupported)?;
        insert(&mut index, id.as_bytes(), timetable.routes.len())?;
        let short_name = [short, long, id].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let (short_name, long_name) = (short_name.to_owned(), long.to_owned());
        timetable.routes.push(Route { id: RouteId::new(id), short_name, long_name, mode });
        Ok(())
    })?;
    Ok(index)
}

/// `route_type`, with the extended types (hundreds) that feeds in Europe use. Air, taxi and others have no mode.
fn mode(route_type: u16) -> Option<Mode> {
    match route_type {
        0 | 5 | 900..=999 => Some(Mode::Tram),
        1 | 400..=499 | 500..=699 => Some(Mode::Metro),
        2 | 6 | 7 | 12 | 100..=199 | 300..=399 | 1300..=1399 | 1400..=1499 => Some(Mode::Rail),
        3 | 11 | 200..=299 | 700..=799 | 800..=899 => Some(Mode::Bus),
        4 | 1000..=1099 | 1200..=1299 => Some(Mode::Ferry),
        _ => None,
    }
}

/// Lines on the map. The rows of one shape may stand in any order; a shape of one point is refused.
pub(super) fn shapes(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    tally: &mut Tally,
) -> Result<Index, FormatError> {
    let columns = [
        required("shape_id", "shapes.txt column shape_id"),
        required("shape_pt_lat", "shapes.txt column shape_pt_lat"),
        required("shape_pt_lon", "shapes.txt column shape_pt_lon"),
        required("shape_pt_sequence", "shapes.txt column shape_pt_sequence"),
    ];
    let (mut found, mut lines) = (Index::new(), Vec::<Vec<(u32, Position)>>::new());
    if let Some(table) = Table::open(archive, "shapes.txt", &columns)? {
        table.each(tally, |row| {
            let id = row.id(0)?;
            let sequence = row.number(3)?.ok_or(Reason::MissingField)?;
            let position = position(row, 1, 2)?;
            let at = if let Some(at) = found.get(id) {
                *at as usize
            } else {
                insert(&mut found, id, lines.len())?;
                lines.push(Vec::new());
                lines.len() - 1
            };
            // invariant: `found` only holds places in `lines`.
            lines.get_mut(at).ok_or(Reason::Malformed)?.push((sequence, position));
            Ok(())
        })?;
    }
    let mut index = Index::new();
    for (id, at) in found {
        let mut line = lines.get_mut(at as usize).map(std::mem::take).unwrap_or_default();
        if line.len() < 2 {
            drop_taken(tally, Reason::MissingField, line.len() as u64);
            continue;
        }
        line.sort_by_key(|(sequence, _)| *sequence);
        // invariant: fewer shapes than rows, and those fit into 32 bits.
        let _ = insert(&mut index, &id, timetable.shapes.len());
        timetable.shapes.push(line.into_iter().map(|(_, position)| position).collect());
    }
    Ok(index)
}

/// Rows that were counted as taken are refused after all.
pub(super) fn drop_taken(tally: &mut Tally, reason: Reason, rows: u64) {
    if rows > 0 {
        *tally.rejected.entry(reason).or_default() += rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_type_of_the_reference_has_a_mode() {
        for (route_type, expected) in [
            (0, Mode::Tram),
            (1, Mode::Metro),
            (2, Mode::Rail),
            (3, Mode::Bus),
            (4, Mode::Ferry),
            (5, Mode::Tram),
            (6, Mode::Rail),
            (7, Mode::Rail),
            (11, Mode::Bus),
            (12, Mode::Rail),
            (109, Mode::Rail),
            (401, Mode::Metro),
            (704, Mode::Bus),
        ] {
            assert_eq!(mode(route_type), Some(expected), "route_type {route_type}");
        }
        assert_eq!(mode(1501), None, "taxis");
        assert_eq!(mode(8), None, "no such type");
    }
}

//! `trips.txt`.

use city::timetable::Trip;
use city::{Reason, Tally, Timetable, TripId};

use super::network::{Index, insert};
use super::table::{Table, optional, required};
use crate::archive::Archive;
use crate::error::FormatError;

/// What a trip refers to.
pub(super) struct References {
    pub(super) routes: Index,
    pub(super) services: Index,
    pub(super) shapes: Index,
}

/// Trips without their calls yet. A shape that is not there only costs the line on the map.
pub(super) fn trips(
    archive: &mut Archive<'_>,
    references: &References,
    timetable: &mut Timetable,
    tally: &mut Tally,
) -> Result<Index, FormatError> {
    let columns = [
        required("route_id", "trips.txt column route_id"),
        required("service_id", "trips.txt column service_id"),
        required("trip_id", "trips.txt column trip_id"),
        optional("trip_headsign"),
        optional("shape_id"),
    ];
    let mut index = Index::new();
    Table::open_required(archive, "trips.txt", &columns)?.each(tally, |row| {
        let (id, headsign) = (row.name(2)?, row.text(3)?);
        let route = *references.routes.get(row.id(0)?).ok_or(Reason::UnknownReference)?;
        let service = *references.services.get(row.id(1)?).ok_or(Reason::UnknownReference)?;
        insert(&mut index, id.as_bytes(), timetable.trips.len())?;
        timetable.trips.push(Trip {
            id: TripId::new(id),
            route,
            service,
            shape: references.shapes.get(row.bytes(4)).copied(),
            headsign: headsign.to_owned(),
            stop_times_from: 0,
            stop_times_to: 0,
        });
        Ok(())
    })?;
    Ok(index)
}

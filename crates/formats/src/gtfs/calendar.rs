//! `calendar.txt` and `calendar_dates.txt`: either, or both.

use city::timetable::Service;
use city::{Reason, ServiceDate, Tally, Timetable};

use super::network::{Index, insert};
use super::table::{Row, Table, optional, required};
use crate::archive::Archive;
use crate::error::{FormatError, Standard};

/// Services by `service_id`.
pub(super) fn services(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    tally: &mut Tally,
) -> Result<Index, FormatError> {
    let mut index = Index::new();
    let weekly = weekly(archive, timetable, &mut index, tally)?;
    let dated = dated(archive, timetable, &mut index, tally)?;
    if !weekly && !dated {
        let what = "calendar.txt or calendar_dates.txt";
        return Err(FormatError::Missing { standard: Standard::Gtfs, what });
    }
    for service in &mut timetable.services {
        for days in [&mut service.added, &mut service.removed] {
            days.sort_unstable();
            days.dedup();
        }
        // A service of single days: its span is theirs.
        if service.start == ServiceDate::default() {
            service.start = service.added.first().copied().unwrap_or_default();
            service.end = service.added.last().copied().unwrap_or_default();
        }
    }
    Ok(index)
}

fn weekly(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    index: &mut Index,
    tally: &mut Tally,
) -> Result<bool, FormatError> {
    let columns = [
        required("service_id", "calendar.txt column service_id"),
        required("start_date", "calendar.txt column start_date"),
        required("end_date", "calendar.txt column end_date"),
        required("monday", "calendar.txt column monday"),
        required("tuesday", "calendar.txt column tuesday"),
        required("wednesday", "calendar.txt column wednesday"),
        required("thursday", "calendar.txt column thursday"),
        required("friday", "calendar.txt column friday"),
        required("saturday", "calendar.txt column saturday"),
        required("sunday", "calendar.txt column sunday"),
    ];
    let Some(table) = Table::open(archive, "calendar.txt", &columns)? else { return Ok(false) };
    table.each(tally, |row| {
        let (start, end) = (day(row, 1)?, day(row, 2)?);
        if end < start {
            return Err(Reason::BadTime);
        }
        let mut weekdays = 0;
        for bit in 0..7 {
            match row.bytes(3 + bit) {
                b"1" => weekdays |= 1 << bit,
                b"0" => {}
                b"" => return Err(Reason::MissingField),
                _ => return Err(Reason::OutOfRange),
            }
        }
        insert(index, row.id(0)?, timetable.services.len())?;
        timetable.services.push(Service { weekdays, start, end, ..Service::default() });
        Ok(())
    })?;
    Ok(true)
}

fn dated(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    index: &mut Index,
    tally: &mut Tally,
) -> Result<bool, FormatError> {
    let columns = [
        required("service_id", "calendar_dates.txt column service_id"),
        required("date", "calendar_dates.txt column date"),
        optional("exception_type"),
    ];
    let Some(table) = Table::open(archive, "calendar_dates.txt", &columns)? else { return Ok(false) };
    table.each(tally, |row| {
        let (id, date) = (row.id(0)?, day(row, 1)?);
        let added = match row.bytes(2) {
            b"1" => true,
            b"2" => false,
            b"" => return Err(Reason::MissingField),
            _ => return Err(Reason::OutOfRange),
        };
        if !index.contains_key(id) {
            insert(index, id, timetable.services.len())?;
            timetable.services.push(Service::default());
        }
        let service = index.get(id).and_then(|at| timetable.services.get_mut(*at as usize));
        // invariant: `index` only holds places in `services`.
        let service = service.ok_or(Reason::UnknownReference)?;
        if added { &mut service.added } else { &mut service.removed }.push(date);
        Ok(())
    })?;
    Ok(true)
}

/// `YYYYMMDD`.
fn day(row: &Row<'_>, column: usize) -> Result<ServiceDate, Reason> {
    let bytes = row.id(column)?;
    let digits = bytes.len() == 8 && bytes.iter().all(u8::is_ascii_digit);
    let number: Option<u32> = row.number(column).ok().flatten().filter(|_| digits);
    number.map(ServiceDate).filter(|day| day.date().is_some()).ok_or(Reason::BadTime)
}

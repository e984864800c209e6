//! `frequencies.txt`: a trip that runs every so many minutes becomes one trip for each run.

use std::collections::{BTreeMap, BTreeSet};

use city::timetable::{StopTime, Trip};
use city::{Reason, Tally, Timetable, TripId};

use super::stop_times::parse_time;
use super::table::{Table, required};
use crate::archive::Archive;
use crate::error::FormatError;
use crate::limits::{GTFS_FREQUENCY_CALLS, GTFS_SECONDS};

/// Replaces each trip that the file names by its runs, with the ids `TRIP@HH:MM:SS` (the start of the run). The
/// trip as written is only a pattern ("the times in stop_times.txt are relative", reference) and goes.
///
/// Runs of `exact_times` 0 are treated alike: the headway is all that the timetable says. Refused are rows of an
/// unknown trip, with a headway of 0 or an end before the start, and those that would pass the limit of calls.
/// Expects an indexed timetable; the caller indexes again.
pub(super) fn expand(
    archive: &mut Archive<'_>,
    timetable: &mut Timetable,
    tally: &mut Tally,
) -> Result<(), FormatError> {
    let columns = [
        required("trip_id", "frequencies.txt column trip_id"),
        required("start_time", "frequencies.txt column start_time"),
        required("end_time", "frequencies.txt column end_time"),
        required("headway_secs", "frequencies.txt column headway_secs"),
    ];
    let Some(table) = Table::open(archive, "frequencies.txt", &columns)? else { return Ok(()) };
    // The starts of each pattern; a set of them, because bands may touch or overlap.
    let mut patterns = BTreeMap::<u32, BTreeSet<u32>>::new();
    let mut room = GTFS_FREQUENCY_CALLS;
    table.each(tally, |row| {
        let known = timetable.trip_by_id.get(&TripId::new(row.name(0)?)).copied();
        let at = known.ok_or(Reason::UnknownReference)?;
        let time = |column| parse_time(row.id(column)?).ok_or(Reason::BadTime);
        let (start, end) = (time(1)?, time(2)?);
        let headway: u32 = row.number(3)?.ok_or(Reason::MissingField)?;
        if headway == 0 || end <= start {
            return Err(Reason::OutOfRange);
        }
        let calls = timetable.trips.get(at as usize).map_or(0, |trip| timetable.calls(trip).len());
        let runs = u64::from((end - start).div_ceil(headway));
        room = room.checked_sub(runs * calls as u64).ok_or(Reason::TooLarge)?;
        let starts = (start..end).step_by(headway as usize);
        patterns.entry(at).or_default().extend(starts);
        Ok(())
    })?;
    for (at, starts) in &patterns {
        for start in starts {
            add_run(timetable, *at as usize, *start);
        }
    }
    let mut at = 0_u32..;
    timetable.trips.retain(|_| !at.next().is_some_and(|at| patterns.contains_key(&at)));
    Ok(())
}

fn add_run(timetable: &mut Timetable, pattern: usize, start: u32) {
    let Some(pattern) = timetable.trips.get(pattern) else { return };
    let calls = timetable.calls(pattern);
    let zero = calls.first().map_or(0, |call| call.departure_s);
    let moved = |s: u32| (s.saturating_sub(zero) + start).min(2 * GTFS_SECONDS);
    let moved: Vec<StopTime> = calls
        .iter()
        .map(|call| StopTime {
            stop: call.stop,
            arrival_s: moved(call.arrival_s),
            departure_s: moved(call.departure_s),
        })
        .collect();
    let clock = format!("{:02}:{:02}:{:02}", start / 3600, start / 60 % 60, start % 60);
    let id = TripId::new(&format!("{}@{clock}", pattern.id));
    let (from, to) = (timetable.stop_times.len(), timetable.stop_times.len() + moved.len());
    let (Ok(stop_times_from), Ok(stop_times_to)) = (u32::try_from(from), u32::try_from(to)) else { return };
    let run = Trip { id, stop_times_from, stop_times_to, ..pattern.clone() };
    timetable.stop_times.extend(moved);
    timetable.trips.push(run);
}

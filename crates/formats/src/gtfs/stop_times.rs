//! `stop_times.txt`: the calls, put in order, with times for those that the feed left without.

use city::timetable::StopTime;
use city::{Position, Reason, Tally, Timetable};

use super::network::{Index, drop_taken};
use super::table::{Row, Table, optional, required};
use crate::archive::Archive;
use crate::error::FormatError;
use crate::limits::GTFS_SECONDS;

/// One row, 28 bytes: there are millions.
#[derive(Clone, Copy)]
pub(super) struct Call {
    trip: u32,
    sequence: u32,
    stop: u32,
    /// Arrival and departure; `None` where the feed leaves both out.
    times: Option<(u32, u32)>,
    /// `shape_dist_traveled`, in whatever unit the feed has; not a number where it is left out.
    along: f32,
}

/// Reads the calls of known trips at known stops.
pub(super) fn calls(
    archive: &mut Archive<'_>,
    trips: &Index,
    stops: &Index,
    tally: &mut Tally,
) -> Result<Vec<Call>, FormatError> {
    let columns = [
        required("trip_id", "stop_times.txt column trip_id"),
        required("stop_id", "stop_times.txt column stop_id"),
        required("stop_sequence", "stop_times.txt column stop_sequence"),
        required("arrival_time", "stop_times.txt column arrival_time"),
        required("departure_time", "stop_times.txt column departure_time"),
        optional("shape_dist_traveled"),
    ];
    let mut calls = Vec::new();
    Table::open_required(archive, "stop_times.txt", &columns)?.each(tally, |row| {
        let trip = *trips.get(row.id(0)?).ok_or(Reason::UnknownReference)?;
        let stop = *stops.get(row.id(1)?).ok_or(Reason::UnknownReference)?;
        let sequence = row.number(2)?.ok_or(Reason::MissingField)?;
        let (arrival, departure) = (seconds(row, 3)?, seconds(row, 4)?);
        let times = match (arrival, departure) {
            (Some(arrival), Some(departure)) if departure < arrival => return Err(Reason::BadTime),
            (Some(arrival), Some(departure)) => Some((arrival, departure)),
            (Some(only), None) | (None, Some(only)) => Some((only, only)),
            (None, None) => None,
        };
        // A distance that is none costs only the distance.
        let along = row.number(5).ok().flatten().unwrap_or(f32::NAN);
        calls.push(Call { trip, sequence, stop, times, along });
        Ok(())
    })?;
    Ok(calls)
}

/// `H:MM:SS` or `HH:MM:SS`, past 24 h for the hours after midnight of the same service day.
fn seconds(row: &Row<'_>, column: usize) -> Result<Option<u32>, Reason> {
    let bytes = row.bytes(column);
    if bytes.is_empty() { Ok(None) } else { parse_time(bytes).map(Some).ok_or(Reason::BadTime) }
}

pub(super) fn parse_time(bytes: &[u8]) -> Option<u32> {
    let mut parts = bytes.split(|byte| *byte == b':').map(|part| {
        let digits = (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
        digits.then(|| part.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = parts.next().is_none() && minutes < 60 && seconds < 60;
    let total = hours * 3600 + minutes * 60 + seconds;
    (whole && total <= GTFS_SECONDS).then_some(total)
}

/// Gives each trip its calls. Refused are a second call of one `stop_sequence` (`BadId`), times that fall
/// (`BadTime`), calls without a time before the first or after the last that has one (`MissingField`), and trips
/// that have fewer than two calls left (`MissingField`, their calls `UnknownReference`).
pub(super) fn assemble(timetable: &mut Timetable, mut calls: Vec<Call>, tally: &mut Tally) {
    calls.sort_by_key(|call| (call.trip, call.sequence));
    timetable.stop_times.reserve_exact(calls.len());
    let trips = std::mem::take(&mut timetable.trips);
    let mut rest = calls.as_slice();
    let mut run = Vec::new();
    for (at, mut trip) in (0_u32..).zip(trips) {
        let count = rest.iter().take_while(|call| call.trip == at).count();
        let (own, after) = rest.split_at(count);
        rest = after;
        run.clear();
        in_order(own, &mut run, tally);
        if run.len() < 2 {
            drop_taken(tally, Reason::MissingField, 1);
            drop_taken(tally, Reason::UnknownReference, run.len() as u64);
            continue;
        }
        let Ok(from) = u32::try_from(timetable.stop_times.len()) else { continue };
        interpolate(&run, timetable);
        trip.stop_times_from = from;
        trip.stop_times_to = from + u32::try_from(run.len()).unwrap_or_default();
        if trip.headsign.is_empty() {
            let last = run.last().and_then(|call| timetable.stops.get(call.stop as usize));
            trip.headsign = last.map(|stop| stop.name.clone()).unwrap_or_default();
        }
        timetable.trips.push(trip);
    }
}

/// The calls of one trip that can stand: each sequence once, times never falling, timed at both ends.
fn in_order(own: &[Call], run: &mut Vec<Call>, tally: &mut Tally) {
    let mut latest = 0;
    let mut sequence = None;
    for call in own {
        if sequence == Some(call.sequence) {
            drop_taken(tally, Reason::BadId, 1);
            continue;
        }
        match call.times {
            Some((arrival, _)) if arrival < latest => {
                drop_taken(tally, Reason::BadTime, 1);
                continue;
            }
            Some((_, departure)) => latest = departure,
            None if run.is_empty() => {
                drop_taken(tally, Reason::MissingField, 1);
                continue;
            }
            None => {}
        }
        sequence = Some(call.sequence);
        run.push(*call);
    }
    let timed = run.iter().rposition(|call| call.times.is_some()).map_or(0, |last| last + 1);
    drop_taken(tally, Reason::MissingField, (run.len() - timed) as u64);
    run.truncate(timed);
}

/// Appends the calls of one trip; those without times get one by the share of the way between the timed calls around
/// them: by `shape_dist_traveled` where the feed has it all the way, else by the straight lines from stop to stop.
fn interpolate(run: &[Call], timetable: &mut Timetable) {
    let mut at = 0;
    while let Some(call) = run.get(at) {
        let Some((arrival_s, departure_s)) = call.times else {
            // invariant: `in_order` leaves a timed call at both ends, and each gap is filled from the call before it.
            at += 1;
            continue;
        };
        timetable.stop_times.push(StopTime { stop: call.stop, arrival_s, departure_s });
        let gap = run.iter().skip(at + 1).take_while(|call| call.times.is_none()).count();
        let stretch = run.get(at..at + gap + 2).unwrap_or_default();
        if let Some((arrival, _)) = stretch.last().filter(|_| gap > 0).and_then(|call| call.times) {
            let ways = ways(stretch, timetable);
            for (call, share) in stretch.iter().zip(ways).skip(1).take(gap) {
                let time = departure_s + share_of(arrival.saturating_sub(departure_s), share);
                timetable.stop_times.push(StopTime { stop: call.stop, arrival_s: time, departure_s: time });
            }
        }
        at += gap + 1;
    }
}

/// For each call of a stretch, which share (0 to 1) of the way it is along.
fn ways(stretch: &[Call], timetable: &Timetable) -> Vec<f64> {
    let told: Vec<f64> = stretch.iter().map(|call| f64::from(call.along)).collect();
    let rising = told.windows(2).all(|pair| matches!(pair, [a, b] if a <= b));
    let along = if rising { told } else { straight(stretch, timetable) };
    let (start, end) = (along.first().copied().unwrap_or_default(), along.last().copied().unwrap_or_default());
    let steps = stretch.len().saturating_sub(1).max(1) as f64;
    // Stops that all stand in one place (or a broken distance) are passed at even intervals.
    let even = end - start <= 0.0;
    let share =
        |(index, along): (usize, f64)| if even { index as f64 / steps } else { (along - start) / (end - start) };
    along.into_iter().enumerate().map(share).collect()
}

fn straight(stretch: &[Call], timetable: &Timetable) -> Vec<f64> {
    let place = |call: &Call| timetable.stops.get(call.stop as usize).map(|stop| stop.position);
    let mut before: Option<Position> = None;
    let mut total = 0.0;
    let add = |call: &Call| {
        let here = place(call);
        total += before.zip(here).map_or(0.0, |(before, here)| before.distance_m(here));
        before = here.or(before);
        total
    };
    stretch.iter().map(add).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32, cut to its range")]
fn share_of(seconds: u32, share: f64) -> u32 {
    (f64::from(seconds) * share.clamp(0.0, 1.0)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn times_pass_midnight_and_nonsense_does_not_pass() {
        assert_eq!(parse_time(b"00:00:00"), Some(0));
        assert_eq!(parse_time(b"7:05:09"), Some(7 * 3600 + 5 * 60 + 9));
        assert_eq!(parse_time(b"25:35:00"), Some(25 * 3600 + 35 * 60));
        for bad in ["", "12:00", "12:60:00", "12:00:60", "-1:00:00", "12:00:00:00", "999:00:00", "1e1:00:00", "a:b:c"] {
            assert_eq!(parse_time(bad.as_bytes()), None, "{bad}");
        }
    }
}

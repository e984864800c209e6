//! The runs of one service day, in the order in which they start.

use city::{ServiceDate, Time, Timetable};

use super::chance::{DELAY_MAX_S, Fate};

/// The share of its delay that a run has when it starts; the rest is lost evenly on the way.
const DELAY_AT_START: f64 = 0.25;

/// One run of one trip. Seconds are those of GTFS: after noon minus 12 h of the service day, by the timetable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// Index into [`Timetable::trips`].
    pub(super) trip: u32,
    /// Departure from the first stop.
    pub(super) start_s: u32,
    /// Arrival at the last stop.
    pub(super) end_s: u32,
    fate: Fate,
}

impl Run {
    /// How late it is where the timetable shows `planned_s`, in seconds.
    pub(super) fn delay_s(&self, planned_s: u32) -> i32 {
        let delay = self.lost_s(f64::from(planned_s)).round();
        #[expect(clippy::cast_possible_truncation, reason = "whole, and 0 to DELAY_MAX_S")]
        let delay = delay as i32;
        delay
    }

    fn lost_s(&self, planned_s: f64) -> f64 {
        let gone = (planned_s - f64::from(self.start_s)) / self.way_s();
        f64::from(self.fate.delay_s) * (DELAY_AT_START + (1.0 - DELAY_AT_START) * gone.clamp(0.0, 1.0))
    }

    /// Where in the timetable it is at a second of the clock: the inverse of `planned + lost(planned)`, a straight line.
    /// Not before its start (it waits at its first stop) and not after its end.
    pub(super) fn scheduled_s(&self, now_s: i64) -> f64 {
        let (start, delay) = (f64::from(self.start_s), f64::from(self.fate.delay_s));
        let stretch = 1.0 + delay * (1.0 - DELAY_AT_START) / self.way_s();
        let scheduled = start + (now_s as f64 - start - delay * DELAY_AT_START) / stretch;
        scheduled.clamp(start, f64::from(self.end_s))
    }

    /// Seconds from start to end by the timetable, at least 1.
    fn way_s(&self) -> f64 {
        f64::from(self.end_s.saturating_sub(self.start_s).max(1))
    }
}

/// A service day.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) day: ServiceDate,
    /// The instant of second 0.
    pub(super) zero: Time,
    /// Runs that take place, by start, then trip id.
    runs: Vec<Run>,
    /// Runs that do not, in the same order.
    pub(super) canceled: Vec<Run>,
    /// The longest time that a run is on the road, in seconds.
    longest_s: i64,
}

impl Plan {
    /// The plan of a day; `None` when the date or the zone of the timetable cannot be.
    pub(super) fn new(timetable: &Timetable, day: ServiceDate) -> Option<Self> {
        let zero = timetable.zero(day)?;
        let running: Vec<bool> = timetable.services.iter().map(|service| service.runs_on(day)).collect();
        let mut runs: Vec<(&str, Run)> = Vec::new();
        for (at, trip) in (0..).zip(&timetable.trips) {
            let runs_today = running.get(trip.service as usize).copied().unwrap_or_default();
            let calls = timetable.calls(trip);
            if let (true, Some(first), Some(last)) = (runs_today, calls.first(), calls.last()) {
                let fate = Fate::of(&trip.id, day);
                runs.push((
                    trip.id.as_str(),
                    Run { trip: at, start_s: first.departure_s, end_s: last.arrival_s, fate },
                ));
            }
        }
        runs.sort_by_key(|(id, run)| (run.start_s, *id));
        let (canceled, runs): (Vec<Run>, Vec<Run>) =
            runs.into_iter().map(|(_, run)| run).partition(|run| run.fate.canceled);
        let longest = runs.iter().map(|run| run.end_s.saturating_sub(run.start_s)).max().unwrap_or_default();
        Some(Self { day, zero, runs, canceled, longest_s: i64::from(longest) + i64::from(DELAY_MAX_S) })
    }

    /// The runs on the road at a second of the clock, from their planned start until they have reached their last stop.
    pub(super) fn under_way(&self, now_s: i64) -> impl Iterator<Item = &Run> {
        let from = self.runs.partition_point(|run| i64::from(run.start_s) < now_s - self.longest_s);
        let to = self.runs.partition_point(|run| i64::from(run.start_s) <= now_s);
        let started = self.runs.get(from..to).unwrap_or_default();
        started.iter().filter(move |run| now_s <= i64::from(run.end_s) + i64::from(run.fate.delay_s))
    }
}

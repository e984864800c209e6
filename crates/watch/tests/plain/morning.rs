//! A morning on two lines of buses, for the evaluators of rules that count runs.

use city::record::{Entry, VehiclePosition};
use city::timetable::{Mode, Route, Service, Stop, StopTime, Timetable, Trip};
use city::{Position, Record, ScheduleRelationship, ServiceDate, Span, Time, TripKey, TripUpdate};

use super::{is_silent, words_of};
use crate::town::{at, beat};

/// Both live feeds speak at least so often.
const BEAT: Span = Span::min(3);

/// A trip: line, departure in minutes after midnight, whether its service runs today.
pub const TRIPS: [(&str, i64, bool); 12] = [
    ("T1", 360, true),
    ("T1", 370, true),
    ("T1", 380, true),
    ("T1", 390, true),
    ("T1", 400, true),
    ("T1", 410, true),
    ("T2", 365, true),
    ("T2", 373, true),
    ("T2", 381, true),
    ("T2", 389, true),
    ("T2", 370, false),
    ("T2", 385, false),
];

/// Degrees to the east from one of the three stops of a line to the next, and how long a bus takes.
pub const LEG: f64 = 0.02;
pub const LEG_S: i64 = 900;

/// The three stops lie on a line to the east from the middle of the town.
pub fn timetable() -> Timetable {
    let stop = |id: &str, east: f64| Stop {
        id: id.into(),
        name: id.into(),
        position: Position { longitude: -51.2 + east, latitude: -30.0 },
    };
    let route = |id: &str| Route { id: id.into(), short_name: id.into(), long_name: String::new(), mode: Mode::Bus };
    let service = |start, end| Service {
        weekdays: 0b111_1111,
        start: ServiceDate(start),
        end: ServiceDate(end),
        ..Service::default()
    };
    let mut timetable = Timetable {
        timezone: "America/Sao_Paulo".into(),
        agency: "Town buses".into(),
        stops: vec![stop("a", 0.0), stop("b", LEG), stop("c", 2.0 * LEG)],
        routes: vec![route("T1"), route("T2")],
        services: vec![service(20_240_501, 20_240_531), service(20_240_401, 20_240_430)],
        ..Timetable::default()
    };
    for (number, (line, minute, today)) in (0_u32..).zip(TRIPS) {
        let calls = (0_u32..3).map(|stop| {
            let second = u32::try_from(minute * 60 + i64::from(stop) * LEG_S).expect("a second of the day");
            StopTime { stop, arrival_s: second, departure_s: second }
        });
        timetable.stop_times.extend(calls);
        timetable.trips.push(Trip {
            id: format!("t{number}").as_str().into(),
            route: u32::from(line == "T2"),
            service: u32::from(!today),
            shape: None,
            headsign: "East".into(),
            stop_times_from: number * 3,
            stop_times_to: number * 3 + 3,
        });
    }
    timetable.index();
    timetable
}

pub fn key(trip: usize) -> TripKey {
    TripKey { trip: format!("t{trip}").as_str().into(), service_date: ServiceDate(20_240_502) }
}

/// What came by a feed about the run of a trip.
pub enum Word<'e> {
    Position(&'e VehiclePosition),
    Update(&'e TripUpdate),
}

/// All that was heard of the run of a trip, in the order in which it came.
pub fn words<'e>(entries: &'e [Entry], trip: usize) -> Vec<(Time, Word<'e>)> {
    let of = move |entry: &'e Entry| match &entry.record {
        Record::VehiclePosition(position) if position.trip == key(trip) => {
            Some((entry.received, Word::Position(position)))
        }
        Record::TripUpdate(update) if update.trip == key(trip) => Some((entry.received, Word::Update(update))),
        _ => None,
    };
    entries.iter().filter_map(of).collect()
}

/// The newest delay that an update told (in seconds, with when), and whether the agency said last that it does not run.
pub fn told(words: &[(Time, Word<'_>)]) -> (Option<(i64, Time)>, bool) {
    let updates =
        words.iter().filter_map(|(when, word)| if let Word::Update(u) = word { Some((*when, *u)) } else { None });
    let updates: Vec<(Time, &TripUpdate)> = updates.collect();
    let delay = updates.iter().rev().find_map(|(when, update)| Some((i64::from(update.delay_s?), *when)));
    let canceled = updates.last().is_some_and(|(_, update)| update.relationship == ScheduleRelationship::Canceled);
    (delay, canceled)
}

/// The positions that count: one for a time before that of another that has come is old news.
pub fn positions<'e>(words: &[(Time, Word<'e>)]) -> Vec<(Time, &'e VehiclePosition)> {
    let mut counted: Vec<(Time, &VehiclePosition)> = Vec::new();
    for (when, word) in words {
        if let Word::Position(position) = word
            && counted.iter().all(|(_, earlier)| earlier.time <= position.time)
        {
            counted.push((*when, position));
        }
    }
    counted
}

/// Whether some of the feeds is silent.
pub fn is_blind(entries: &[Entry], feeds: &[&str], now: Time) -> bool {
    feeds.iter().any(|feed| is_silent(words_of(entries, feed), entries, BEAT, now))
}

/// Since when a feed has been speaking without a silence; `None` when it never spoke.
pub fn speaking_since(entries: &[Entry], feed: &str) -> Option<Time> {
    let words: Vec<Time> = words_of(entries, feed).collect();
    let last_silence = words.windows(2).rposition(|pair| pair[1].since(pair[0]) > BEAT);
    last_silence.map_or(words.first(), |place| words.get(place + 1)).copied()
}

/// From ten to six on: positions, some out of order, delays, cancellations, and silences of either feed.
pub fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = at(350);
    let mut entries = Vec::new();
    for (number, (wait, which, change)) in steps.iter().enumerate() {
        now = now + Span::s(i64::from(*wait) / 4 + 1);
        let trip = usize::from(*which / 8) * 3 % TRIPS.len() + usize::from(*change % 3);
        let trip = trip % TRIPS.len();
        let departure = at(TRIPS[trip].1);
        // Where a bus would be that is so late, in tenths of a leg; some stand elsewhere, or off the way.
        let late_s = i64::from(*change) * 4 - 200;
        let tenths = (now.since(departure).as_s() - late_s).div_euclid(LEG_S / 10).clamp(-1, 23);
        // Not at the end of the line, nor on the edge of the centre: what is exactly there rounding decides.
        let tenths = if matches!(tenths, 5 | 20) { tenths - 1 } else { tenths };
        let north = if change % 11 == 0 { 0.015 } else { 0.0 };
        let east = f64::from(i32::try_from(tenths).expect("tenths")) * LEG / 10.0;
        let told = if which % 8 == 2 { now - Span::s(i64::from(*change)) } else { now };
        let record = match which % 8 {
            0..=2 => Some(("positions", place(trip, told, east, north))),
            3..=5 => Some(("updates", delay(trip, now, (change % 9 > 0).then_some(late_s), change % 13 == 0))),
            _ => None,
        };
        // Silences of some minutes come now and then; otherwise both feeds are polled all the time.
        let (of, silent) = (number / 24, number % 24 < 9);
        for (k, feed) in ["positions", "updates"].into_iter().enumerate() {
            if !(silent && of % 5 == k + 1) {
                entries.push(beat(feed, now, change % 17 > 0));
            }
        }
        if let Some((feed, record)) = record
            && !(silent && of % 5 == usize::from(feed == "updates") + 1)
        {
            entries.push(Entry { feed: feed.into(), received: now, record });
        }
    }
    entries
}

fn place(trip: usize, time: Time, east: f64, north: f64) -> Record {
    Record::VehiclePosition(VehiclePosition {
        trip: key(trip),
        route: None,
        position: Position { longitude: -51.2 + east, latitude: -30.0 + north },
        bearing_deg: None,
        time,
        occupancy: None,
    })
}

fn delay(trip: usize, time: Time, delay_s: Option<i64>, canceled: bool) -> Record {
    let relationship = if canceled { ScheduleRelationship::Canceled } else { ScheduleRelationship::Scheduled };
    let delay_s = delay_s.and_then(|delay_s| i32::try_from(delay_s).ok());
    Record::TripUpdate(TripUpdate { trip: key(trip), route: None, relationship, stop: None, delay_s, time })
}

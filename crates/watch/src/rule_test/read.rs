//! Reads a file of tests into entries of a journal and what is expected of them.

use std::collections::BTreeMap;

use city::alert::AlertChangeKind;
use city::record::{Entry, FeedBeat, VehiclePosition, WarningArea};
use city::timetable::{Mode, Route, Service, Stop, StopTime, Timetable, Trip};
use city::{
    DatastreamId, FeedId, Observation, Position, Record, ScheduleRelationship, ServiceDate, Span, Time, TripKey,
    TripUpdate, Warning,
};
use toml::de::{DeTable, DeValue};

use super::{ENTRIES_MAX, Expected, Test, requests, things};
use crate::context::Parts;
use crate::episodes;
use crate::parse::SEVERITIES;
use crate::reader::{At, Fields, Mistakes, describe, number, parse_span};

/// When a test begins that does not say it: a Thursday, at midnight UTC.
const START: &str = "2024-05-02T00:00:00Z";

/// All tests of a file.
pub(super) fn tests(text: &str, parts: &Parts, mistakes: &mut Mistakes<'_>) -> Vec<Test> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        mistakes.at(error.span().map_or(0, |span| span.start), format!("not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut fields = Fields::new(table.get_ref(), 0..0, "");
    let list = fields.list("test", mistakes);
    if list.is_empty() {
        mistakes.at(0, "there is no test here: write [[test]] and its fields below");
    }
    let tests = list.into_iter().filter_map(|table| test(table, parts, mistakes)).collect();
    fields.finish(mistakes);
    tests
}

fn test(mut table: Fields<'_, '_>, parts: &Parts, mistakes: &mut Mistakes<'_>) -> Option<Test> {
    let begin = table.start();
    let name = table.text("name", "what the test shows, as a sentence", mistakes);
    let start = if table.has("start") { episodes::time(&mut table, "start", mistakes) } else { START.parse().ok() }?;
    let until = table.span_if("until", mistakes);
    let mut entries = Vec::new();
    for fields in table.list("readings", mistakes) {
        readings(fields, start, parts, &mut entries, mistakes);
    }
    for fields in table.list("beats", mistakes) {
        beats(fields, start, parts, &mut entries, mistakes);
    }
    for fields in table.list("warning", mistakes) {
        entries.extend(warning(fields, start, parts, mistakes));
    }
    for fields in table.list("requests", mistakes) {
        requests::made(fields, start, parts, &mut entries, mistakes);
    }
    for fields in table.list("things", mistakes) {
        entries.extend(things::moved(fields, start, parts, mistakes));
    }
    let mut timetables = BTreeMap::new();
    let day = ServiceDate::from_date(start.timestamp().to_zoned(parts.timezone.clone()).date());
    for fields in table.list("trip", mistakes) {
        trip(fields, day, parts, &mut timetables, mistakes);
    }
    timetables.values_mut().for_each(Timetable::index);
    for fields in table.list("run", mistakes) {
        heard(fields, start, day, parts, &mut entries, mistakes);
    }
    let expected = table.list("expect", mistakes).into_iter().filter_map(|fields| expected(fields, mistakes)).collect();
    table.finish(mistakes);
    if entries.len() > ENTRIES_MAX {
        mistakes.at(begin, format!("{} entries; a test may make {ENTRIES_MAX}", entries.len()));
    }
    entries.sort_by_key(|entry: &Entry| entry.received);
    let last = entries.last().map_or(start, |entry| entry.received);
    let until = until.map_or(last, |until| start + until.value);
    Some(Test { name: name?, start, until, entries, timetables, expected })
}

/// A feed of the city.
pub(super) fn feed(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    parts: &Parts,
    mistakes: &mut Mistakes<'_>,
) -> Option<FeedId> {
    let named = fields.text(key, "the id of a feed of this city", mistakes)?;
    let known = parts.contracts.iter().find(|contract| contract.feed.as_str() == named.value);
    if known.is_none() {
        let all: Vec<&str> = parts.contracts.iter().map(|contract| contract.feed.as_str()).collect();
        mistakes.at(named.byte, format!("there is no feed {:?}; there are {}", named.value, all.join(", ")));
    }
    known.map(|contract| contract.feed.clone())
}

/// `longitude` and `latitude`, or where a `place` of the city has its symbol.
pub(super) fn position(fields: &mut Fields<'_, '_>, parts: &Parts, mistakes: &mut Mistakes<'_>) -> Option<Position> {
    if !fields.has("place") {
        let (longitude, latitude) = (fields.number("longitude", mistakes), fields.number("latitude", mistakes));
        let (longitude, latitude) = (longitude?, latitude?);
        let position = Position::new(longitude.value, latitude.value);
        if position.is_none() {
            mistakes.at(longitude.byte, "no position: from -180 to 180 degrees east and -90 to 90 degrees north");
        }
        return position;
    }
    let named = fields.text("place", "the id of a place of this city", mistakes)?;
    let known = parts.places.iter().find(|place| place.id.as_str() == named.value);
    if known.is_none() {
        let all: Vec<&str> = parts.places.iter().map(|place| place.id.as_str()).collect();
        mistakes.at(named.byte, format!("{:?} is no place; there are {}", named.value, all.join(", ")));
    }
    known.map(|place| place.position)
}

/// `[[test.readings]]`: `values` from `from` on, one `every` so long; a `ramp` of two of them from `from` to `to`; or
/// `rows` with a time each.
fn readings(
    mut fields: Fields<'_, '_>,
    start: Time,
    parts: &Parts,
    entries: &mut Vec<Entry>,
    mistakes: &mut Mistakes<'_>,
) {
    let begin = fields.start();
    let id = fields.count("datastream", mistakes);
    let from = fields.span_or("from", Span::default(), mistakes);
    let to = fields.span_if("to", mistakes);
    let every = fields.span_if("every", mistakes);
    let lag = fields.span_or("lag", Span::default(), mistakes);
    let values = list(&mut fields, "values", "a number", mistakes, number);
    let ramp = list(&mut fields, "ramp", "a number", mistakes, number);
    let rows = list(&mut fields, "rows", "a pair, as [\"10 min\", 2.3]", mistakes, row);
    fields.finish(mistakes);
    let Some(id) = id else { return };
    let Some(stream) = parts.datastreams.iter().find(|stream| stream.id.0 == id.value) else {
        mistakes.at(id.byte, format!("datastream {} is not there", id.value));
        return;
    };
    let step = every.filter(|every| every.value > Span::default()).map(|every| every.value.as_ms());
    let mut points: Vec<(Span, f64)> = rows;
    match (values.as_slice(), ramp.as_slice(), step, to) {
        ([], [], ..) if !points.is_empty() => {}
        (values, [], Some(step), None) if !values.is_empty() => {
            points.extend((0..).zip(values).map(|(n, value)| (Span::ms(from.as_ms() + n * step), *value)));
        }
        ([], [first, last], Some(step), Some(to)) if to.value > from => {
            let length_ms = to.value.as_ms() - from.as_ms();
            // One more than may be is enough to be refused.
            let steps = (0..=length_ms / step).take(ENTRIES_MAX + 1);
            let share = |n: i64| (n * step) as f64 / length_ms as f64;
            points.extend(steps.map(|n| (Span::ms(from.as_ms() + n * step), first + (last - first) * share(n))));
        }
        _ => mistakes.at(
            begin,
            "readings are `rows`, or `values` with `every`, or a `ramp` of two values with `every` and a later `to`",
        ),
    }
    entries.extend(points.into_iter().map(|(after, result)| {
        let observation = Observation { datastream: DatastreamId(id.value), phenomenon_time: start + after, result };
        let record = Record::Observations([observation].into_iter().collect());
        Entry { feed: stream.feed.clone(), received: start + after + lag, record }
    }));
}

fn list<T>(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    would_be: &str,
    mistakes: &mut Mistakes<'_>,
    shape: impl Fn(&DeValue<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(found) = fields.value(key) else { return Vec::new() };
    let Some(items) = found.get_ref().as_array() else {
        let what = describe(found.get_ref());
        mistakes.at(found.span().start, format!("`{key}` is {what}; it should be a list in [ ], each {would_be}"));
        return Vec::new();
    };
    let mut all = Vec::new();
    for item in items {
        let value = shape(item.get_ref());
        if value.is_none() {
            let what = describe(item.get_ref());
            mistakes.at(item.span().start, format!("{what} in `{key}`; each should be {would_be}"));
        }
        all.extend(value);
    }
    all
}

fn row(value: &DeValue<'_>) -> Option<(Span, f64)> {
    match value.as_array()?.as_ref() {
        [after, result] => Some((parse_span(after.get_ref().as_str()?)?, number(result.get_ref())?)),
        _ => None,
    }
}

/// `[[test.beats]]`: a polled feed answers, or (`good = false`) does not.
fn beats(
    mut fields: Fields<'_, '_>,
    start: Time,
    parts: &Parts,
    entries: &mut Vec<Entry>,
    mistakes: &mut Mistakes<'_>,
) {
    let from = fields.span_or("from", Span::default(), mistakes);
    let (to, every) = (fields.span("to", mistakes), fields.span("every", mistakes));
    let good = if fields.has("good") { fields.flag("good", mistakes) } else { true };
    let feed = feed(&mut fields, "feed", parts, mistakes);
    fields.finish(mistakes);
    let (Some(to), Some(every), Some(feed)) = (to, every, feed) else { return };
    if every.value == Span::default() {
        mistakes.at(every.byte, "`every` is no time at all");
        return;
    }
    let times = (0..).map(|n| Span::ms(from.as_ms() + n * every.value.as_ms())).take(ENTRIES_MAX + 1);
    entries.extend(times.take_while(|after| *after <= to.value).map(|after| Entry {
        feed: feed.clone(),
        received: start + after,
        record: Record::FeedBeat(FeedBeat { good }),
    }));
}

/// `[[test.warning]]`.
fn warning(mut fields: Fields<'_, '_>, start: Time, parts: &Parts, mistakes: &mut Mistakes<'_>) -> Option<Entry> {
    let at = fields.span("at", mistakes);
    let feed = feed(&mut fields, "feed", parts, mistakes);
    let identifier = fields.text("identifier", "what tells it from others", mistakes);
    let severity = fields.choice("severity", &SEVERITIES, mistakes);
    let event = fields.text("event", "what it warns of, as \"Flood\"", mistakes);
    let onset = fields.span_if("onset", mistakes);
    let expires = fields.span_if("expires", mistakes);
    let cancels = fields.flag("cancels", mistakes);
    let texts = |all: Vec<At<String>>| all.into_iter().map(|at| at.value).collect::<Vec<String>>();
    let geocodes = texts(fields.texts("geocode", "geocodes", mistakes));
    let references = texts(fields.texts("reference", "references", mistakes));
    fields.finish(mistakes);
    let (at, event) = (at?.value, event?.value);
    let warning = Warning {
        identifier: identifier?.value,
        sender: "test".to_owned(),
        sent: start + at,
        cancels,
        references,
        headline: event.clone(),
        event,
        severity: severity?.value,
        urgency: "expected".into(),
        certainty: "likely".into(),
        onset: start + onset.map_or(at, |onset| onset.value),
        expires: expires.map(|expires| start + expires.value),
        sender_name: "test".to_owned(),
        description: String::new(),
        instruction: String::new(),
        areas: vec![WarningArea { description: String::new(), polygons: Vec::new(), geocodes }],
    };
    Some(Entry { feed: feed?, received: start + at, record: Record::Warning(warning) })
}

/// `[[test.trip]]`: a trip of the timetable, every day from the day of the test on.
fn trip(
    mut fields: Fields<'_, '_>,
    day: ServiceDate,
    parts: &Parts,
    timetables: &mut BTreeMap<FeedId, Timetable>,
    mistakes: &mut Mistakes<'_>,
) {
    let feed = feed(&mut fields, "timetable", parts, mistakes);
    let id = fields.text("id", "the id of the trip", mistakes);
    let route = fields.text("route", "the line, as \"T1\"", mistakes);
    let departs = fields.text("departs", "a time of the day, as \"06:10\"", mistakes);
    let takes = fields.span("takes", mistakes);
    fields.finish(mistakes);
    let (Some(feed), Some(id), Some(route), Some(departs), Some(takes)) = (feed, id, route, departs, takes) else {
        return;
    };
    let Some(departure_s) = day_s(&departs.value) else {
        mistakes.at(departs.byte, format!("`departs` is {:?}; it should be as \"06:10\"", departs.value));
        return;
    };
    let table = timetables.entry(feed).or_insert_with(|| empty(day, parts));
    let route_id = route.value.as_str().into();
    let place = table.routes.iter().position(|known| known.id == route_id).unwrap_or(table.routes.len());
    if place == table.routes.len() {
        let name = route.value.clone();
        table.routes.push(Route { id: route_id, short_name: name.clone(), long_name: name, mode: Mode::Bus });
    }
    let from = u32::try_from(table.stop_times.len()).unwrap_or(u32::MAX);
    let arrival_s = departure_s.saturating_add(u32::try_from(takes.value.as_s()).unwrap_or(u32::MAX));
    let call = |stop, second| StopTime { stop, arrival_s: second, departure_s: second };
    table.stop_times.extend([call(0, departure_s), call(1, arrival_s)]);
    table.trips.push(Trip {
        id: id.value.as_str().into(),
        route: u32::try_from(place).unwrap_or(u32::MAX),
        service: 0,
        shape: None,
        headsign: String::new(),
        stop_times_from: from,
        stop_times_to: from + 2,
    });
}

fn empty(day: ServiceDate, parts: &Parts) -> Timetable {
    let position = Position { longitude: 0.0, latitude: 0.0 };
    let stop = |id: &str| Stop { id: id.into(), name: id.to_owned(), position };
    Timetable {
        timezone: parts.timezone.iana_name().unwrap_or("UTC").to_owned(),
        stops: vec![stop("first"), stop("last")],
        services: vec![Service {
            weekdays: 0b111_1111,
            start: day,
            end: ServiceDate(99_991_231),
            ..Service::default()
        }],
        ..Timetable::default()
    }
}

fn day_s(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    // GTFS counts on past midnight.
    (hours < 48 && minutes < 60).then_some(hours * 3600 + minutes * 60)
}

/// `[[test.run]]`: a feed tells of a trip of the day of the test: how late it is, or only that it is there; or where it
/// is, from `at` until `to`, `every` so long.
fn heard(
    mut fields: Fields<'_, '_>,
    start: Time,
    day: ServiceDate,
    parts: &Parts,
    entries: &mut Vec<Entry>,
    mistakes: &mut Mistakes<'_>,
) {
    let at = fields.span("at", mistakes);
    let feed = feed(&mut fields, "feed", parts, mistakes);
    let trip = fields.text("trip", "the id of a [[test.trip]]", mistakes);
    let late = fields.span_if("late", mistakes);
    let placed = fields.has("place") || fields.has("longitude") || fields.has("latitude");
    let there = if placed { position(&mut fields, parts, mistakes) } else { None };
    let (to, every) = (fields.span_if("to", mistakes), fields.span_if("every", mistakes));
    fields.finish(mistakes);
    let (Some(at), Some(feed), Some(trip)) = (at, feed, trip) else { return };
    let step_ms = every.map_or(0, |every| every.value.as_ms());
    let last = to.filter(|_| step_ms > 0).map_or(at.value, |to| to.value);
    let times = (0..).map(|n| Span::ms(at.value.as_ms() + n * step_ms.max(1))).take(ENTRIES_MAX + 1);
    entries.extend(times.take_while(|after| *after <= last).map(|after| {
        let received = start + after;
        let trip = TripKey { trip: trip.value.as_str().into(), service_date: day };
        let record = match there {
            Some(position) => Record::VehiclePosition(VehiclePosition {
                trip,
                route: None,
                position,
                bearing_deg: None,
                time: received,
                occupancy: None,
            }),
            None => Record::TripUpdate(TripUpdate {
                trip,
                route: None,
                relationship: ScheduleRelationship::Scheduled,
                stop: None,
                delay_s: late.as_ref().and_then(|late| i32::try_from(late.value.as_s()).ok()),
                time: received,
            }),
        };
        Entry { feed: feed.clone(), received, record }
    }));
}

fn expected(mut fields: Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Expected> {
    let begin = fields.start();
    let at = fields.span("at", mistakes);
    let kinds = AlertChangeKind::NAMES.map(|(kind, name)| (name, kind));
    let kind = fields.choice("kind", &kinds, mistakes);
    let severity = if fields.has("severity") { fields.choice("severity", &SEVERITIES, mistakes) } else { None };
    let mut text = |key, would_be| {
        if fields.has(key) { fields.text(key, would_be, mistakes).map(|at| at.value) } else { None }
    };
    let subject = text("subject", "what the alert is about, as \"datastream:1\"");
    let title = text("title", "the words of the alert");
    let detail = text("detail", "the figures of the alert");
    fields.finish(mistakes);
    Some(Expected {
        at: At { value: at?.value, byte: begin },
        kind: kind?.value,
        severity: severity.map(|at| at.value),
        subject,
        title,
        detail,
    })
}

//! The rules of the demo city on the six recorded days of its flood, 30 April to 5 May 2024: they load against the
//! city as it is configured, and they ring when they should and not more. Figures are printed with `--nocapture`.

#![allow(clippy::expect_used, reason = "a demo city that cannot be read has failed the test")]
#![allow(clippy::print_stdout, reason = "the figures are what the test is read for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{
    AlertChange, Contract, Datastream, DatastreamId, FeedKind, Observation, ObservedProperty, Place, Position, Purpose,
    Record, Span, Thing, ThingId, Time,
};
use jiff::tz::TimeZone;
use toml::{Table, Value};
use watch::{Context, Known, Names, Parts, RuleFile, State, explain, parse, run};

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo")
}

fn text(table: &Table, key: &str) -> String {
    table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn id(table: &Table, key: &str) -> u32 {
    table.get(key).and_then(Value::as_integer).and_then(|id| u32::try_from(id).ok()).expect("an id")
}

fn span(table: &Table, key: &str) -> Span {
    let span: jiff::Span = text(table, key).parse().expect("a span");
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).expect("a span of days at most");
    Span::s(duration.as_secs())
}

fn outline(table: &Table) -> Option<city::geometry::Polygon> {
    let corners = table.get("outline")?.as_array()?.iter().map(|corner| {
        let of = |place: usize| corner.as_array()?.get(place)?.as_float();
        Some(city::Position { longitude: of(0)?, latitude: of(1)? })
    });
    city::geometry::Polygon::new(corners.collect::<Option<Vec<_>>>()?)
}

fn position(table: &Table) -> Position {
    let degrees = |key| table.get(key).and_then(Value::as_float).expect("degrees");
    Position { longitude: degrees("longitude"), latitude: degrees("latitude") }
}

fn tables<'t>(city: &'t Table, key: &str) -> impl Iterator<Item = &'t Table> {
    city.get(key).and_then(Value::as_array).expect(key).iter().filter_map(Value::as_table)
}

fn feed_kind(name: &str) -> FeedKind {
    match name {
        "gtfs" => FeedKind::Gtfs,
        "gtfs_rt_vehicle_positions" => FeedKind::GtfsRtVehiclePositions,
        "gtfs_rt_trip_updates" => FeedKind::GtfsRtTripUpdates,
        "cap_atom" => FeedKind::CapAtom,
        _ => FeedKind::SensorThings,
    }
}

/// What the rules need of `demo/city.toml`.
fn parts(city: &Table) -> Parts {
    let things = tables(city, "thing").map(|thing| Thing {
        id: ThingId(id(thing, "id")),
        name: text(thing, "name"),
        description: String::new(),
        position: position(thing),
    });
    let datastreams = tables(city, "datastream").map(|stream| Datastream {
        id: DatastreamId(id(stream, "id")),
        name: text(stream, "name"),
        thing: ThingId(id(stream, "thing")),
        observed_property: text(stream, "observed_property").as_str().into(),
        feed: text(stream, "feed").as_str().into(),
        beat: span(stream, "beat"),
    });
    let properties = tables(city, "observed_property").map(|property| ObservedProperty {
        id: text(property, "id").as_str().into(),
        name: text(property, "name"),
        definition: String::new(),
        description: String::new(),
        unit_name: String::new(),
        unit_symbol: text(property, "unit_symbol"),
        min: f64::MIN,
        max: f64::MAX,
        categories: Vec::new(),
        declares: Vec::new(),
        keeps: None,
    });
    let contracts = tables(city, "feed").map(|feed| Contract {
        feed: text(feed, "id").as_str().into(),
        name: text(feed, "name"),
        kind: feed_kind(&text(feed, "kind")),
        owner: text(feed, "owner"),
        licence: text(feed, "licence"),
        purpose: text(feed, "purpose"),
        beat: span(feed, "beat"),
        retention: span(feed, "retention"),
        caveat: None,
    });
    let places = tables(city, "place").map(|place| Place {
        id: text(place, "id").as_str().into(),
        name: text(place, "name"),
        kind: text(place, "kind"),
        position: position(place),
        outline: outline(place),
        geocodes: Vec::new(),
    });
    Parts {
        rules: Vec::new(),
        things: things.collect(),
        datastreams: datastreams.collect(),
        properties: properties.collect(),
        contracts: contracts.collect(),
        places: places.collect(),
        timetables: BTreeMap::new(),
        timezone: TimeZone::get("America/Sao_Paulo").expect("a zone"),
        workers: 2,
        links: Vec::new(),
        on_call: None,
    }
}

fn context() -> Context {
    let toml = std::fs::read_to_string(demo().join("city.toml")).expect("the demo's city.toml");
    let city: Table = toml.parse().expect("TOML");
    let mut parts = parts(&city);
    let listed = city.get("city").and_then(|city| city.get("roles")).and_then(Value::as_array).expect("roles");
    let roles: Vec<String> = listed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let files: Vec<(String, String)> = std::fs::read_dir(demo().join("rules"))
        .expect("the demo's rules")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| !path.display().to_string().ends_with(".test.toml"))
        .filter(|path| !path.display().to_string().ends_with(".episodes.toml"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a rule")))
        .collect();
    let files: Vec<RuleFile<'_>> = files.iter().map(|(path, text)| RuleFile { path, text }).collect();
    let list = |table: &Table, key: &str| -> Vec<String> {
        let items = table.get(key).and_then(Value::as_array).expect(key);
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let purposes: Vec<Purpose> = city
        .get("purpose")
        .and_then(Value::as_array)
        .expect("purposes")
        .iter()
        .filter_map(Value::as_table)
        .map(|table| Purpose {
            id: text(table, "id"),
            words: text(table, "words"),
            roles: list(table, "roles"),
            feeds: list(table, "feeds").iter().map(|feed| feed.as_str().into()).collect(),
        })
        .collect();
    let known = Known {
        things: &parts.things,
        datastreams: &parts.datastreams,
        properties: &parts.properties,
        services: &BTreeMap::new(),
        contracts: &parts.contracts,
        places: &parts.places,
        roles: &roles,
        purposes: &purposes,
    };
    let loaded = parse(&files, &known);
    for error in loaded.as_ref().err().into_iter().flatten() {
        println!("{error}");
    }
    let loaded = loaded.expect("the demo's rules load");
    let names = Names {
        things: &parts.things,
        datastreams: &parts.datastreams,
        properties: &parts.properties,
        contracts: &parts.contracts,
        places: &parts.places,
    };
    for rule in &loaded {
        println!("{}: {}", rule.id, explain(rule, &names));
    }
    parts.rules = loaded;
    Context::new(parts)
}

/// One column of a recording as journal entries, each received `lag` after its time.
fn recording(file: &str, feed: &str, datastream: u32, column: &str, lag: Span) -> Vec<Entry> {
    let text = std::fs::read_to_string(demo().join("data").join(file)).expect("a recording");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = header.iter().position(|name| *name == column).expect(column);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let phenomenon_time: Time = cells.first()?.parse().ok()?;
        let result = cells.get(at)?.parse().ok()?;
        let observation = Observation { datastream: DatastreamId(datastream), phenomenon_time, result };
        Some(Entry {
            feed: feed.into(),
            received: phenomenon_time + lag,
            record: Record::Observations([observation].into_iter().collect()),
        })
    };
    lines.filter_map(row).collect()
}

fn six_days() -> Vec<AlertChange> {
    let mut entries = recording("water/guaiba_cais_maua_15min.csv", "water", 1, "level_m", Span::min(2));
    entries.extend(recording("water/guaiba_sph4_gnssr_10min.csv", "water", 2, "level_m", Span::min(2)));
    for (datastream, column) in [(3, "precip_mm"), (6, "wind_gust_ms")] {
        entries.extend(recording("weather/inmet_a801_hourly.csv", "weather", datastream, column, Span::min(65)));
    }
    let (from, to): (Time, Time) =
        ("2024-04-30T00:00:00-03:00".parse().expect("a time"), "2024-05-06T00:00:00-03:00".parse().expect("a time"));
    entries.retain(|entry| (from..to).contains(&entry.received));
    entries.sort_by_key(|entry| entry.received);
    run(&mut State::default(), &context(), &entries, Some(to))
}

#[test]
fn the_six_days_ring_as_they_should_and_not_hundreds_of_times() {
    let changes = six_days();
    let zone = TimeZone::get("America/Sao_Paulo").expect("a zone");
    for change in changes.iter().filter(|change| change.kind != AlertChangeKind::Updated) {
        let at = change.at.timestamp().to_zoned(zone.clone()).strftime("%m-%d %H:%M:%S");
        println!("{at} {:?} {}: {} | {}", change.kind, change.alert.key.rule, change.alert.title, change.alert.detail);
    }
    let opened = |rule: &str| -> Vec<&AlertChange> {
        let of =
            |change: &&AlertChange| change.kind == AlertChangeKind::Opened && change.alert.key.rule.as_str() == rule;
        changes.iter().filter(of).collect()
    };
    let passed: Time = "2024-05-02T13:15:00-03:00".parse().expect("a time");
    let water = opened("lake-will-pass-3m");
    assert_eq!(water.len(), 1);
    assert!(passed.since(water[0].at) >= Span::h(12));
    assert_eq!(opened("lake-above-2-5m").len(), 1);
    assert!(!opened("gauge-silent").is_empty(), "the gauge was silent for 15.8 h from 2 May 23:15");
    for rule in ["heavy-rain", "strong-gusts", "gauge-silent", "water-feed-silent"] {
        assert!(opened(rule).len() <= 6, "{rule} rang {} times", opened(rule).len());
    }
    assert!(changes.len() < 300, "{} changes in six days", changes.len());
}

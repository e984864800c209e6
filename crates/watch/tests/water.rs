//! The water rule of the demo on every recording of Lake Guaíba there is: how early it rings before each crossing of
//! 3.0 m, and how often for nothing. Figures are printed with `--nocapture`.
//!
//! A crossing is the first reading above 3.0 m since the level was last at or below 2.7 m, or since the recording
//! began at or below 3.0 m ([`watch::score::crossings`]); a ring is early when the crossing follows within 72 h and
//! the alert is still open then, and false when no crossing follows within 72 h.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot read its data has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use city::{Contract, Datastream, FeedKind, ObservedProperty, Position, Purpose, Span, Thing, ThingId, Time};
use jiff::tz::TimeZone;
use watch::backtest::{Backtest, Series, backtest};
use watch::parse::{Known, RuleFile, parse};
use watch::rule::{Kind, Rise, Rule};
use watch::score::{REARM, Scored, Verdict, crossings, leads, score};

const LEVEL_M: f64 = 3.0;
const RULE: &str = include_str!("../../../demo/rules/lake-will-pass-3m.toml");

struct City {
    thing: Thing,
    datastream: Datastream,
    property: ObservedProperty,
    contract: Contract,
    timezone: TimeZone,
}

fn city() -> City {
    City {
        thing: Thing {
            id: ThingId(1),
            name: "Cais Mauá gauge".into(),
            description: String::new(),
            position: Position { longitude: -51.2316, latitude: -30.0270 },
        },
        datastream: Datastream {
            id: city::DatastreamId(1),
            name: "Lake Guaíba at Cais Mauá".into(),
            thing: ThingId(1),
            observed_property: "water_level".into(),
            feed: "water".into(),
            beat: Span::min(45),
        },
        property: ObservedProperty {
            id: "water_level".into(),
            name: "Water level".into(),
            definition: String::new(),
            description: String::new(),
            unit_name: "metre".into(),
            unit_symbol: "m".into(),
            min: -2.0,
            max: 15.0,
            categories: Vec::new(),
            declares: Vec::new(),
            keeps: None,
        },
        contract: Contract {
            feed: "water".into(),
            name: "Level of Lake Guaíba".into(),
            kind: FeedKind::SensorThings,
            owner: "ANA/SGB".into(),
            licence: String::new(),
            purpose: String::new(),
            beat: Span::min(45),
            retention: Span::h(24),
            caveat: None,
        },
        timezone: TimeZone::get("America/Sao_Paulo").expect("a zone"),
    }
}

fn water_rule(city: &City) -> Rule {
    let known = Known {
        things: std::slice::from_ref(&city.thing),
        datastreams: std::slice::from_ref(&city.datastream),
        properties: &[],
        contracts: std::slice::from_ref(&city.contract),
        services: &BTreeMap::new(),
        places: &[],
        roles: &["water_desk".to_owned()],
        purposes: &[Purpose {
            id: "flood_warning".to_owned(),
            words: String::new(),
            roles: vec!["water_desk".to_owned()],
            feeds: vec!["water".into()],
        }],
    };
    let file = RuleFile { path: "demo/rules/lake-will-pass-3m.toml", text: RULE };
    parse(&[file], &known).expect("the demo's rule loads").remove(0)
}

fn read(path: &Path) -> Vec<(Time, f64)> {
    let bytes = std::fs::read(path).expect("a recording");
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(bytes).expect("UTF-8");
    }
    let row = |line: &str| {
        let (time, level) = line.split_once(',')?;
        Some((time.parse().ok()?, level.parse().ok()?))
    };
    text.lines().skip(1).filter_map(row).collect()
}

fn carried(name: &str) -> Vec<(Time, f64)> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name))
}

type Leads = Vec<(Time, Option<Span>)>;

fn run(city: &City, rule: &Rule, readings: &[(Time, f64)]) -> (Backtest, Vec<Scored>, Leads) {
    let series = Series {
        datastream: &city.datastream,
        property: &city.property,
        thing: &city.thing,
        contract: &city.contract,
        timezone: &city.timezone,
    };
    let done = backtest(rule, &series, readings.iter().copied());
    let crossings = crossings(&done.readings, LEVEL_M, REARM);
    let scored = score(&done.rings, &done.readings, &crossings, LEVEL_M);
    let leads = leads(&scored, &crossings);
    (done, scored, leads)
}

fn report(name: &str, city: &City, scored: &[Scored], leads: &[(Time, Option<Span>)]) -> String {
    let local = |time: Time| time.timestamp().to_zoned(city.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let mut text = format!("{name}\n");
    for Scored { ring, verdict } in scored {
        let became = match verdict {
            Verdict::Early { crossing, lead } => format!("passed at {}, {:.1} h later", local(*crossing), lead.as_h()),
            Verdict::Above => "already above".to_owned(),
            Verdict::False { highest } => format!("FALSE: at most {highest:.2} m within 72 h"),
        };
        let until = ring.resolved.map_or("still open at the end".to_owned(), local);
        let _ = writeln!(text, "  rang {} until {until}: {became} [{}]", local(ring.opened), ring.title);
    }
    for (crossing, lead) in leads {
        let lead = lead.map_or("MISSED".to_owned(), |lead| format!("{:.1} h ahead", lead.as_h()));
        let _ = writeln!(text, "  crossing {}: {lead}", local(*crossing));
    }
    text
}

fn false_rings(scored: &[Scored]) -> usize {
    scored.iter().filter(|scored| matches!(scored.verdict, Verdict::False { .. })).count()
}

/// Every crossing at least 12 h ahead, and no more rings for nothing than the rule was seen to have: three in all.
fn assert_early(name: &str, scored: &[Scored], leads: &[(Time, Option<Span>)], crossings: usize, false_max: usize) {
    assert_eq!(leads.len(), crossings, "{name}: crossings");
    for (crossing, lead) in leads {
        assert!(lead.is_some_and(|lead| lead >= Span::h(12)), "{name}: crossing {crossing} had {lead:?}");
    }
    assert!(false_rings(scored) <= false_max, "{name}: {} false rings", false_rings(scored));
}

#[test]
fn every_crossing_is_rung_half_a_day_ahead() {
    let city = city();
    let rule = water_rule(&city);
    for (name, crossings, false_max) in [("cais_maua.csv.gz", 2, 1), ("sph4.csv.gz", 3, 2)] {
        let (_, scored, leads) = run(&city, &rule, &carried(name));
        println!("{}", report(name, &city, &scored, &leads));
        assert_early(name, &scored, &leads, crossings, false_max);
    }
}

#[test]
fn the_second_of_may_is_rung_half_a_day_ahead_and_the_alert_then_says_how_high() {
    let city = city();
    let (done, scored, leads) = run(&city, &water_rule(&city), &carried("cais_maua.csv.gz"));
    let passed: Time = "2024-05-02T13:15:00-03:00".parse().expect("a time");
    assert_eq!(leads.first().map(|(at, _)| *at), Some(passed));
    let first = &scored.first().expect("a ring").ring;
    assert!(passed.since(first.opened) >= Span::h(12), "{first:?}");
    assert!(first.title.starts_with("Lake Guaíba will pass 3.0 m about "), "{}", first.title);
    let peak = done.changes.iter().find(|change| change.alert.title == "Lake Guaíba stands at 5.3 m, above 3.0 m");
    assert!(peak.is_some(), "the title follows the flood");
    assert!(first.resolved.is_some_and(|resolved| resolved > passed), "and it closes when the flood is over");
}

#[test]
fn the_full_recordings_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/poa-water-level");
    if !folder.exists() {
        println!("SKIPPED: the full recordings are not on this machine ({})", folder.display());
        return;
    }
    let city = city();
    let rule = water_rule(&city);
    let files = [("guaiba_cais_maua_15min_2024.csv", 2, 1), ("guaiba_sph4_gnssr_10min_2023-09_2024-12.csv.gz", 3, 2)];
    for (name, crossings, false_max) in files {
        let (_, scored, leads) = run(&city, &rule, &read(&folder.join(name)));
        println!("{}", report(name, &city, &scored, &leads));
        assert_early(name, &scored, &leads, crossings, false_max);
    }
}

fn rise(rule: &Rule) -> &Rise {
    let Kind::Rise(rise) = &rule.kind else { panic!("the water rule is a rise") };
    rise
}

fn with(rule: &Rule, change: impl Fn(&mut Rise)) -> Rule {
    let mut rise = rise(rule).clone();
    change(&mut rise);
    Rule { kind: Kind::Rise(rise), ..rule.clone() }
}

/// Shortest lead of all crossings (0 when one was missed), and false rings, over both recordings.
fn figures(city: &City, rule: &Rule) -> (f64, usize) {
    let runs = ["cais_maua.csv.gz", "sph4.csv.gz"].map(|name| run(city, rule, &carried(name)));
    let leads = runs.iter().flat_map(|(_, _, leads)| leads.iter().map(|(_, lead)| lead.map_or(0.0, Span::as_h)));
    (leads.fold(f64::MAX, f64::min), runs.iter().map(|(_, scored, _)| false_rings(scored)).sum())
}

fn share(span: Span, share: f64) -> Span {
    #[expect(clippy::cast_possible_truncation, reason = "a few days of milliseconds")]
    let ms = (span.as_ms() as f64 * share) as i64;
    Span::ms(ms)
}

/// The rule is not balanced on a knife's edge: with any parameter a fifth larger or smaller every crossing is still
/// rung 12 h ahead, and it rings for nothing at most twice more.
#[test]
fn no_parameter_is_fitted() {
    let city = city();
    let rule = water_rule(&city);
    println!("as it is: {:?}", figures(&city, &rule));
    for by in [0.8, 1.2] {
        let turned = [
            ("trend_window", with(&rule, |rise| rise.trend_window = share(rise.trend_window, by))),
            ("within", with(&rule, |rise| rise.within = share(rise.within, by))),
            ("sway", with(&rule, |rise| rise.sway *= by)),
            ("open for", with(&rule, |rise| rise.open_for = share(rise.open_for, by))),
            ("drop", with(&rule, |rise| rise.drop *= by)),
            ("close for", with(&rule, |rise| rise.close_for = share(rise.close_for, by))),
        ];
        for (name, rule) in turned {
            let (lead_h, for_nothing) = figures(&city, &rule);
            println!("{name} x {by}: shortest lead {lead_h:.1} h, {for_nothing} false");
            assert!(lead_h >= 12.0, "{name} x {by}: {lead_h} h");
            assert!(for_nothing <= 5, "{name} x {by}: {for_nothing} false rings");
        }
    }
}

/// The bad baseline, by the same engine: a line through six hours, no sway allowed for, ringing at once.
#[test]
fn a_line_through_six_hours_rings_for_the_wind() {
    let city = city();
    let rule = water_rule(&city);
    for within in [12, 18, 20, 22, 24, 36] {
        let straight = with(&rule, |rise| {
            rise.trend_window = Span::h(6);
            rise.within = Span::h(within);
            rise.sway = 0.0;
            rise.open_for = Span::default();
            rise.close_for = Span::default();
        });
        let (lead_h, for_nothing) = figures(&city, &straight);
        println!("line through 6 h, {within} h ahead: shortest lead {lead_h:.1} h, {for_nothing} false");
        assert!(lead_h < 12.0 || for_nothing >= 19, "the baseline is no worse than the rule");
    }
}

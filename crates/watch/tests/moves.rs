//! What moves with what: on the lake and its weather, on a relation that was put there, and on series that have
//! nothing to do with each other. Figures are printed with `--nocapture`.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot read its data has failed; its figures are printed"
)]

mod town;

use std::io::Read as _;
use std::path::Path;

use city::{DatastreamId, Span, Time};
use watch::backtest::Trial;
use watch::moves::{Finding, Hours, Moves, OVERLAP_MIN_H, draft, moves};
use watch::{Parts, rule::Kind};

fn carried(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let mut text = String::new();
    let bytes = std::fs::read(path).expect("a recording");
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    text
}

fn column(text: &str, at: usize) -> Vec<(Time, f64)> {
    let row = |line: &str| {
        let mut cells = line.split(',');
        Some((cells.next()?.parse().ok()?, cells.nth(at - 1)?.parse().ok()?))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// Numbers between 0 and 1, always the same for a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }

    /// About normal, mean 0 and variance 1.
    fn step(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn hours(values: &[f64]) -> Hours {
    let from = town::midnight();
    let to = from + Span::h(i64::try_from(values.len()).expect("a length"));
    Hours::of((0..).zip(values).map(|(hour, value)| (from + Span::h(hour), *value)), from, to)
}

fn of(moves: &Moves, id: u32) -> Option<&Finding> {
    moves.findings.iter().find(|finding| finding.datastream == DatastreamId(id))
}

fn show(name: &str, moves: &Moves) {
    println!("{name}: {} compared, {} too short, {} tests", moves.compared, moves.too_short, moves.tests);
    for finding in &moves.findings {
        println!("  {finding:?}");
    }
}

#[test]
fn wind_and_rain_move_with_the_lake() {
    let (weather, lake) = (carried("weather_2024.csv.gz"), column(&carried("sph4.csv.gz"), 1));
    let (from, to): (Time, Time) =
        ("2024-01-01T00:00:00Z".parse().expect("a time"), "2024-12-31T00:00:00Z".parse().expect("a time"));
    let lake = Hours::of(lake, from, to);
    let others = (1..=5).map(|at| (DatastreamId(at), Hours::of(column(&weather, at as usize), from, to)));
    let found = moves(&lake, others);
    show("the lake in 2024", &found);
    let gust = of(&found, 2).expect("gusts");
    assert!((0..=6).contains(&gust.best.lead_h) && gust.best.rho > 0.2, "{gust:?}");
    assert!(of(&found, 1).is_some(), "rain");
}

/// A series that follows another by five hours is found, with those five hours; one that does not is not.
#[test]
fn a_relation_that_was_put_there_is_found_at_its_lag() {
    let mut dice = Dice(7);
    let mut before = 0.0;
    let mut drive = |dice: &mut Dice| {
        before = 0.7 * before + dice.step();
        before
    };
    let first: Vec<f64> = (0..800).map(|_| drive(&mut dice)).collect();
    let follows: Vec<f64> =
        (0..800_usize).map(|at| at.checked_sub(5).map_or(0.0, |at| -first[at]) + 1.5 * dice.step()).collect();
    let stranger: Vec<f64> = (0..800).map(|_| drive(&mut dice)).collect();
    let others = [(DatastreamId(1), hours(&first)), (DatastreamId(2), hours(&stranger))];
    let found = moves(&hours(&follows), others);
    show("put there", &found);
    let finding = of(&found, 1).expect("the one that drives it");
    assert_eq!(finding.best.lead_h, 5);
    assert!(finding.best.rho < -0.3 && finding.ahead == Some(finding.best));
    assert_eq!(of(&found, 2), None);
}

/// Random walks look alike by eye and by plain correlation. Of 200 searches over ten of them each, a month by the
/// hour, the share that finds anything at all (all findings are false here, so that is the false discovery rate) has
/// to stay below what is promised.
#[test]
fn random_walks_do_not_move_together() {
    let searches = 200;
    let walk = |dice: &mut Dice| {
        let mut at = 0.0;
        (0..720)
            .map(|_| {
                at += dice.step();
                at
            })
            .collect::<Vec<f64>>()
    };
    let mut cried = 0;
    let mut tests = 0;
    for seed in 0..searches {
        let mut dice = Dice(1_000 + seed);
        let chosen = hours(&walk(&mut dice));
        let found = moves(&chosen, (1..=10).map(|id| (DatastreamId(id), hours(&walk(&mut dice)))));
        tests += found.tests;
        cried += u32::from(!found.findings.is_empty());
    }
    println!("{cried} of {searches} searches over random walks found something, in {tests} tests");
    assert!(tests > 100_000, "they were compared: {tests}");
    assert!(f64::from(cried) <= 0.05 * f64::from(u32::try_from(searches).expect("few")), "{cried} of {searches}");
}

#[test]
fn a_week_is_the_least() {
    let mut dice = Dice(3);
    let values: Vec<f64> = (0..OVERLAP_MIN_H - 1).map(|_| dice.step()).collect();
    let found = moves(&hours(&values), [(DatastreamId(1), hours(&values))]);
    assert_eq!((found.compared, found.too_short, found.tests), (1, 1, 0));
}

/// Of rain that is ahead of the lake by three hours a rule is drafted; it loads, and it rings where the rain is high.
#[test]
fn a_draft_loads_and_rings() {
    let mut dice = Dice(11);
    let rain: Vec<f64> = (0..600).map(|_| dice.next() * 10.0).collect();
    let lake: Vec<f64> =
        (0..600_usize).map(|at| at.checked_sub(3).map_or(0.0, |at| rain[at] / 10.0) + 0.1 * dice.step()).collect();
    let found = moves(&hours(&lake), [(DatastreamId(3), hours(&rain))]);
    let ahead = found.findings.first().and_then(|finding| finding.ahead).expect("the rain is ahead");
    assert_eq!(ahead.lead_h, 3);
    let streams = town::datastreams();
    let text = draft::draft(&streams[0], &streams[2], &ahead, &hours(&rain), &town::purposes()).expect("a draft");
    println!("{text}");
    let rules = town::load_bare(&[("rules/draft.toml", &text)]).expect("the draft loads");
    assert!(matches!(rules[0].kind, Kind::Figure(_)));
    let id = rules[0].id.clone();
    let parts = Parts { rules, ..town::parts() };
    let mut trial = Trial::new(parts, &id, None).expect("the rule");
    for (hour, value) in (0..).zip(&rain) {
        trial.entry(&town::reading(3, town::midnight() + Span::h(hour), *value));
    }
    let done = trial.finish(None);
    println!("{} rings in {:.0} days", done.rings.len(), done.days());
    assert!(!done.rings.is_empty());
}

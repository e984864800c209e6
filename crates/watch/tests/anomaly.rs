//! Unusual readings: known shapes are found, quiet series are not, and nothing that comes breaks it.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use city::{Span, Time};
use proptest::prelude::*;
use watch::anomaly::{Aspect, Detector, Parameters, STATE_BYTES_MAX, Score, Season};

/// Readings of a day at one every five minutes.
const DAY: usize = 288;

fn at(reading: usize) -> Time {
    let s = 1_700_000_000 + 300 * u64::try_from(reading).expect("a count");
    Time::from_s(s).expect("a time")
}

/// Noise of -1 to 1, the same in every run (a linear congruential generator, Knuth's constants).
fn noise(reading: usize) -> f64 {
    let mut x = u64::try_from(reading).expect("a count").wrapping_add(12_345);
    for _ in 0..3 {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }
    f64::from(u32::try_from(x >> 32).expect("32 bits")) / f64::from(u32::MAX) * 2.0 - 1.0
}

/// Whole days apart, so that each start has other noise about the same cycle.
const STARTS: [usize; 6] = [0, 1_000 * DAY, 2_000 * DAY, 3_000 * DAY, 4_000 * DAY, 5_000 * DAY];

/// A day that goes up and down between 10 and 30, with noise of up to one.
fn daily(reading: usize) -> f64 {
    let day = u32::try_from(reading % DAY).expect("a count");
    20.0 + 10.0 * (f64::from(day) / 288.0 * std::f64::consts::TAU).sin() + noise(reading)
}

fn scores(values: &[f64]) -> Vec<Score> {
    let (mut detector, parameters) = (Detector::default(), Parameters::default());
    values.iter().enumerate().map(|(n, value)| detector.take(&parameters, at(n), *value)).collect()
}

/// Readings at which it rang.
fn rings(values: &[f64]) -> Vec<usize> {
    scores(values).iter().enumerate().filter(|(_, score)| score.rings).map(|(n, _)| n).collect()
}

fn days_from(start: usize, count: usize, change: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    (0..count * DAY).map(|n| change(n, daily(start + n))).collect()
}

fn days(count: usize, change: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    days_from(0, count, change)
}

/// When the change of the tests begins: after ten quiet days, at the top of the cycle.
const CHANGE: usize = 10 * DAY + DAY / 4;

#[test]
fn a_quiet_daily_cycle_rings_at_most_once_a_week_after_its_first_two_days() {
    for start in STARTS {
        let late: Vec<usize> =
            rings(&days_from(start, 16, |_, value| value)).into_iter().filter(|n| *n >= 2 * DAY).collect();
        assert!(late.len() <= 2, "{start}: {late:?}");
    }
}

#[test]
fn a_constant_series_never_rings_and_its_first_change_does() {
    let mut values = vec![0.1; 5 * DAY];
    assert_eq!(rings(&values), Vec::<usize>::new());
    values.push(0.4);
    assert_eq!(rings(&values), [5 * DAY]);
}

#[test]
fn a_spike_rings_at_once_and_once() {
    let values = days(12, |n, value| if (CHANGE..CHANGE + 3).contains(&n) { value + 25.0 } else { value });
    let rang: Vec<usize> = rings(&values).into_iter().filter(|n| *n >= CHANGE - DAY).collect();
    assert_eq!(rang.first(), Some(&CHANGE), "{rang:?}");
    assert!(rang.len() <= 2, "one episode: {rang:?}");
    let score = scores(&values)[CHANGE];
    assert!(score.once_in > 100.0 && score.because.is_some() && score.in_episode, "{score:?}");
    assert!(score.low <= score.expected && score.expected <= score.high && values[CHANGE] > score.high, "{score:?}");
    assert!((score.expected - 30.0).abs() < 2.0, "the top of the day: {score:?}");
}

#[test]
fn a_value_that_is_usual_at_another_hour_is_found_by_the_hour() {
    let night = CHANGE + DAY / 2;
    let values = days(12, |n, value| if (night..night + 6).contains(&n) { value + 15.0 } else { value });
    let found = rings(&values).into_iter().find(|n| (night..night + 6).contains(n)).expect("found within half an hour");
    let because = scores(&values)[found].because;
    assert!(matches!(because, Some(Aspect::Hour | Aspect::Shape | Aspect::Spread)), "{because:?}");
}

#[test]
fn a_level_that_shifts_is_found_within_two_hours_and_not_rung_for_ever() {
    for start in STARTS {
        let values = days_from(start, 16, |n, value| if n >= CHANGE { value + 15.0 } else { value });
        let rang: Vec<usize> = rings(&values).into_iter().filter(|n| *n >= CHANGE).collect();
        assert!(rang.first().is_some_and(|n| *n < CHANGE + 24), "{start}: {rang:?}");
        let after = rang.iter().filter(|n| **n >= CHANGE + 2 * DAY).count();
        assert!(rang.len() <= 5 && after <= 1, "known after two days, {start}: {rang:?}");
    }
}

/// Each of its readings is usual, so only that they stay, and what the hours bring, can tell.
#[test]
fn a_sensor_that_sticks_at_a_usual_value_is_found_within_half_a_day() {
    for start in STARTS {
        let values = days_from(start, 12, |n, value| if n >= CHANGE { 29.5 } else { value });
        let found = rings(&values).into_iter().find(|n| *n >= CHANGE);
        assert!(found.is_some_and(|n| n < CHANGE + DAY / 2), "{start}: {found:?}");
    }
}

#[test]
fn a_slow_drift_is_found_before_it_is_as_large_as_the_cycle() {
    // Two units a day; the cycle spans 20.
    let grown = |n: usize| f64::from(u32::try_from(n.saturating_sub(CHANGE)).expect("a count")) * 2.0 / 288.0;
    let values = days(22, |n, value| value + grown(n));
    let first = rings(&values).into_iter().find(|n| *n >= CHANGE).expect("found");
    assert!(grown(first) < 20.0, "found at a drift of {}", grown(first));
}

#[test]
fn a_hole_of_a_week_in_the_readings_is_no_alarm_by_itself() {
    let (mut detector, parameters) = (Detector::default(), Parameters::default());
    let mut late = 0;
    for n in (0..8 * DAY).chain(15 * DAY..18 * DAY) {
        let score = detector.take(&parameters, at(n), daily(n));
        late += usize::from(score.rings && n >= 2 * DAY);
    }
    assert!(late <= 2, "{late}");
}

#[test]
fn a_snapshot_in_the_middle_changes_no_bit() {
    let values = days(12, |n, value| if n % 700 == 0 { value * 3.0 } else { value });
    let parameters = Parameters { memory: Span::h(72), ..Parameters::default() };
    let mut whole = Detector::default();
    let mut cut = Detector::default();
    for (n, value) in values.iter().enumerate() {
        if n % 97 == 0 {
            let binary = postcard::to_stdvec(&cut).expect("binary");
            cut = postcard::from_bytes(&binary).expect("the same back");
        }
        assert_eq!(bits(&whole.take(&parameters, at(n), *value)), bits(&cut.take(&parameters, at(n), *value)), "{n}");
    }
    assert_eq!(whole, cut);
    let text = serde_json::to_string(&whole).expect("text");
    assert_eq!(serde_json::from_str::<Detector>(&text).expect("the same back"), whole);
}

fn bits(score: &Score) -> ([u64; 5], Option<Aspect>, bool, bool) {
    let figures = [score.value, score.once_in, score.expected, score.low, score.high].map(f64::to_bits);
    (figures, score.because, score.rings, score.in_episode)
}

#[test]
fn what_is_older_than_its_memory_is_news_again() {
    let values = days(12, |n, value| if n == 4 * DAY || n == 11 * DAY { value + 60.0 } else { value });
    let score_of = |memory| {
        let parameters = Parameters { memory, ..Parameters::default() };
        let mut detector = Detector::default();
        values
            .iter()
            .enumerate()
            .map(|(n, value)| detector.take(&parameters, at(n), *value))
            .nth(11 * DAY)
            .expect("there")
    };
    let (year, days) = (score_of(Span::h(366 * 24)), score_of(Span::h(48)));
    assert!(days.value > year.value, "{days:?} {year:?}");
}

/// What a broken sensor or a hostile sender may bring, the gate put aside.
fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => -50.0..50.0_f64,
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => Just(1e308),
        1 => Just(-1e308),
        1 => Just(f64::MIN_POSITIVE),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => any::<f64>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Nothing panics, every figure is one, and the state stays within its bound; times go where they want.
    #[test]
    fn nothing_that_comes_breaks_it(
        readings in prop::collection::vec((hostile(), 0_i64..3_000_000_000), 1..1_500),
        memory_h in 0_i64..2_000,
        learning in 0_u32..200,
        rest in 0_u32..200,
        threshold in -0.5..1.5_f64,
        week in any::<bool>(),
    ) {
        let season = if week { Season::Week } else { Season::Day };
        let parameters = Parameters { threshold, learning, rest, memory: Span::h(memory_h), season };
        let mut detector = Detector::default();
        for (value, s) in readings {
            let at = Time::from_s(1_000_000_000 + s.unsigned_abs()).expect("a time");
            let score = detector.take(&parameters, at, value);
            prop_assert!((0.0..=1.0).contains(&score.value), "{score:?}");
            prop_assert!(score.once_in >= 1.0 && score.once_in.is_finite(), "{score:?}");
            prop_assert!(score.low <= score.expected && score.expected <= score.high, "{score:?}");
            prop_assert!(score.low.is_finite() && score.high.is_finite(), "{score:?}");
            prop_assert!(!score.rings || (score.in_episode && score.value >= threshold), "{score:?}");
            prop_assert!(detector.bytes() <= STATE_BYTES_MAX, "{} bytes", detector.bytes());
        }
    }
}

/// What fills every book: readings that are all new, and a memory that ends just before the books must grow coarser.
#[test]
fn the_state_is_bounded_when_all_books_are_full_and_in_a_long_odd_series() {
    let full = Parameters { memory: Span::s(300 * 191), season: Season::Week, ..Parameters::default() };
    let long = Parameters { memory: Span::h(24 * 7), ..full };
    let mut most = 0;
    for (parameters, length) in [(full, 1_000), (long, 30_000)] {
        let mut detector = Detector::default();
        for n in 0..length {
            let big = 10_f64.powi(i32::try_from(n % 600).expect("small") - 300);
            detector.take(&parameters, at(n), if length < 10_000 || n % 2 == 0 { noise(n) * 1e6 } else { -big });
            most = most.max(detector.bytes());
        }
        let snapshot = postcard::to_stdvec(&detector).expect("binary").len();
        assert!(snapshot <= STATE_BYTES_MAX, "{snapshot} bytes in the snapshot");
    }
    assert!(most <= STATE_BYTES_MAX, "{most} bytes");
    assert!(most > STATE_BYTES_MAX - 2_048, "the bound says something: {most} bytes");
}

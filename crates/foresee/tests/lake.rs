//! What the forecast is worth on the recordings of Lake Guaíba: its mean error at six hours against persistence, where
//! it was given, and how often the truth lay within its band. Figures are printed with `--nocapture`.
#![allow(clippy::expect_used, reason = "a test that cannot read its data has failed")]

use std::io::Read as _;
use std::path::Path;

use city::{Span, Time};
use foresee::forecast;

fn read(name: &str) -> Vec<(Time, f64)> {
    // The test data of the water rule; its attribution lies beside it.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../watch/tests/data").join(name);
    let bytes = std::fs::read(path).expect("a recording");
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    let row = |line: &str| {
        let (time, level) = line.split_once(',')?;
        Some((time.parse().ok()?, level.parse().ok()?))
    };
    text.lines().skip(1).filter_map(row).collect()
}

struct Worth {
    asked: usize,
    given: usize,
    skill: f64,
    within_band: f64,
}

/// Asks for a forecast every 49 hours (so that all hours of the day come up) and compares it with what came.
fn worth(readings: &[(Time, f64)]) -> Worth {
    let (mut asked, mut given, mut inside) = (0, 0, 0);
    let (mut error, mut as_now) = (0.0, 0.0);
    let mut now = readings[0].0 + Span::h(72);
    let last = readings[readings.len() - 1].0;
    while now < last {
        now = now + Span::h(49);
        let from = readings.partition_point(|(time, _)| *time < now - Span::h(300));
        let to = readings.partition_point(|(time, _)| *time <= now);
        let Some(forecast) = forecast(&readings[from..to], now) else { continue };
        asked += 1;
        let Some(sixth) = forecast.points.get(5) else { continue };
        let hour_after = sixth.time + Span::h(1);
        let hour: Vec<f64> = readings[to..]
            .iter()
            .take_while(|(time, _)| *time < hour_after)
            .filter(|(time, _)| *time >= sixth.time)
            .map(|(_, level)| *level)
            .collect();
        if hour.is_empty() {
            continue;
        }
        let came = hour.iter().sum::<f64>() / hour.len() as f64;
        given += 1;
        error += (came - sixth.value).abs();
        as_now += (came - readings[to - 1].1).abs();
        inside += usize::from((sixth.low..=sixth.high).contains(&came));
    }
    let share = |part: usize| part as f64 / given.max(1) as f64;
    Worth { asked, given, skill: 1.0 - error / as_now, within_band: share(inside) }
}

#[test]
fn where_it_is_given_it_beats_persistence_and_its_band_holds() {
    for name in ["cais_maua.csv.gz", "sph4.csv.gz"] {
        let Worth { asked, given, skill, within_band } = worth(&read(name));
        println!("{name}: given {given} of {asked}; skill at 6 h {skill:.3}; within the band {within_band:.3}");
        assert!(given > 40, "{name}: {given}");
        assert!(skill > 0.0, "{name}: {skill}");
        assert!((0.8..=0.97).contains(&within_band), "{name}: {within_band}");
    }
}

//! A level some hours ahead: where it stands, and its trend dying away.
//!
//! Two trends are tried (a short one that dies away within hours, and a slow one that lasts for days) by replaying
//! the last ten days: for every hour of them, what would have been said, and what came. The better one is used, with
//! the interval in which nine of ten of its errors lay, and only as far ahead as it beat persistence ("as now").
//! Where it does not beat it at six hours, the forecast is withdrawn: a straight guess dressed up as knowledge is
//! worse than none.

use std::collections::BTreeMap;

use city::{Span, Time};
use serde::{Deserialize, Serialize};

/// The furthest that is ever forecast, in hours. Beyond it the rain upstream decides, which is not seen here.
pub const HORIZON_H: u8 = 24;
/// How far back the replay goes, in hours: ten days.
pub const REPLAYED_H: i64 = 240;
/// The fewest replayed forecasts from which a skill or an interval is told.
pub const REPLAYED_MIN: usize = 24;
/// The skill at six hours below which a forecast is withdrawn: less may be luck, with two trends to choose from.
pub const SKILL_MIN: f64 = 0.05;
/// The hour ahead at which the two trends are compared.
const JUDGED_AT_H: usize = 6;
/// Readings older than this before `now` are no longer "now", in hours.
const FRESH_H: i64 = 3;

/// A trend: the slope of the line through the last hours, and the share of it that is left after each hour.
struct Trend {
    hours: i64,
    kept: f64,
    words: &'static str,
}

/// Chosen on all recordings of Lake Guaíba from 2023 and 2024; see `tests/lake.rs` for what they are worth.
const TRENDS: [Trend; 2] = [
    Trend { hours: 3, kept: 0.8, words: "the trend of the last 3 h, dying away" },
    Trend { hours: 24, kept: 0.98, words: "the trend of the last day" },
];

/// One hour of a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When.
    pub time: Time,
    /// The likeliest value, in the unit of the series.
    pub value: f64,
    /// One error in twenty lay below this.
    pub low: f64,
    /// One error in twenty lay above this.
    pub high: f64,
}

/// A forecast, or the word that there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// From when: the hour of the newest reading.
    pub issued: Time,
    /// How it was made.
    pub method: String,
    /// Hour by hour; empty when it was withdrawn.
    pub points: Vec<Point>,
    /// How much smaller its mean error at six hours was than that of persistence, over the last ten days: 0.2 is a
    /// fifth smaller. `None` with fewer than [`REPLAYED_MIN`] replayed hours.
    pub skill_6h: Option<f64>,
    /// What to make of it, as a sentence.
    pub words: String,
}

/// Hourly means by the hour since the epoch.
type Hours = BTreeMap<i64, f64>;

const HOUR_MS: i64 = 3_600_000;

/// Forecasts a series from its readings up to `now`; later ones are not looked at. `None` when there is no reading of
/// the last [`FRESH_H`] hours to start from.
pub fn forecast(observations: &[(Time, f64)], now: Time) -> Option<Forecast> {
    let hours = hourly_means(observations, now);
    let (issued, level) = hours.last_key_value().map(|(hour, level)| (*hour, *level))?;
    if now.ms().div_euclid(HOUR_MS) - issued > FRESH_H {
        return None;
    }
    let persistence = replay(&hours, issued, None);
    let tried = TRENDS.iter().map(|trend| (trend, replay(&hours, issued, Some(trend))));
    let judged = tried.filter_map(|(trend, errors)| {
        let skill = skill(errors.get(JUDGED_AT_H - 1)?, persistence.get(JUDGED_AT_H - 1)?)?;
        Some((trend, errors, skill))
    });
    let issued_at = Time::from_ms(issued * HOUR_MS)?;
    let best = judged.max_by(|(_, _, a), (_, _, b)| a.total_cmp(b));
    let Some((trend, errors, skill_6h)) = best else {
        return Some(withdrawn(issued_at, None, "No forecast yet: there are too few readings to try one on."));
    };
    let slope = slope(&hours, issued, trend).filter(|_| skill_6h >= SKILL_MIN);
    let points = slope.map(|slope| {
        let ahead = (1..=HORIZON_H).zip(errors.iter().zip(&persistence));
        let useful = ahead.take_while(|(_, (errors, as_now))| skill(errors, as_now).is_some_and(|skill| skill > 0.0));
        useful.filter_map(|(h, (errors, _))| point(issued_at, level + slope * reach(trend, h), h, errors)).collect()
    });
    match points {
        Some(points) if skill_6h >= SKILL_MIN => Some(told(issued_at, trend, points, skill_6h)),
        _ => Some(withdrawn(
            issued_at,
            Some(skill_6h),
            "No skill: over the last ten days no trend was better than saying that the level stays as it is.",
        )),
    }
}

fn told(issued: Time, trend: &Trend, points: Vec<Point>, skill_6h: f64) -> Forecast {
    let words = format!(
        "Over the last ten days its errors at six hours were {:.0} % smaller than those of saying \"as now\"; \
         nine of ten lay within the band.",
        skill_6h * 100.0
    );
    Forecast { issued, method: trend.words.to_owned(), points, skill_6h: Some(skill_6h), words }
}

fn withdrawn(issued: Time, skill_6h: Option<f64>, words: &str) -> Forecast {
    Forecast { issued, method: "none".to_owned(), points: Vec::new(), skill_6h, words: words.to_owned() }
}

fn hourly_means(observations: &[(Time, f64)], now: Time) -> Hours {
    let first = now - Span::ms((REPLAYED_H + i64::from(HORIZON_H) * 2) * HOUR_MS);
    let mut sums: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for (time, value) in observations.iter().filter(|(time, value)| (first..=now).contains(time) && value.is_finite()) {
        let (sum, count) = sums.entry(time.ms().div_euclid(HOUR_MS)).or_default();
        *sum += value;
        *count += 1.0;
    }
    sums.into_iter().map(|(hour, (sum, count))| (hour, sum / count)).collect()
}

/// Slope in an hour of the least-squares line through the last hours of the trend; `None` when one is missing.
fn slope(hours: &Hours, at: i64, trend: &Trend) -> Option<f64> {
    let last = hours.range(at - trend.hours + 1..=at);
    let points: Vec<(f64, f64)> = last.map(|(hour, level)| ((hour - at) as f64, *level)).collect();
    if i64::try_from(points.len()).ok()? != trend.hours {
        return None;
    }
    let count = trend.hours as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let across = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    Some(across / points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>())
}

/// How many hours' worth of the slope is spent after `h` hours.
fn reach(trend: &Trend, h: u8) -> f64 {
    trend.kept * (1.0 - trend.kept.powi(i32::from(h))) / (1.0 - trend.kept)
}

/// For every hour ahead, the errors (what came less what was said) of the replayed forecasts whose truth was known
/// at `issued`. Without a trend: of persistence. Both are replayed from the same hours, those where every trend had
/// its readings.
fn replay(hours: &Hours, issued: i64, trend: Option<&Trend>) -> Vec<Vec<f64>> {
    let mut errors = vec![Vec::new(); usize::from(HORIZON_H)];
    for (at, level) in hours.range(issued - REPLAYED_H..issued) {
        if TRENDS.iter().any(|trend| slope(hours, *at, trend).is_none()) {
            continue;
        }
        let slope = trend.and_then(|trend| slope(hours, *at, trend)).unwrap_or_default();
        for (h, errors) in (1..=HORIZON_H).zip(&mut errors) {
            if let Some(came) = hours.get(&(at + i64::from(h))) {
                errors.push(came - level - slope * trend.map_or(0.0, |trend| reach(trend, h)));
            }
        }
    }
    errors
}

/// One less the ratio of the mean errors; `None` with too few of them, or when persistence made none.
fn skill(errors: &[f64], persistence: &[f64]) -> Option<f64> {
    let mean = |errors: &[f64]| errors.iter().map(|error| error.abs()).sum::<f64>() / errors.len() as f64;
    let as_now = mean(persistence);
    (errors.len() >= REPLAYED_MIN && as_now > 0.0).then(|| 1.0 - mean(errors) / as_now)
}

fn point(issued: Time, value: f64, h: u8, errors: &[f64]) -> Option<Point> {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = sorted.len() / 20;
    let low = sorted.get(tail)?.min(0.0);
    let high = sorted.get(sorted.len().checked_sub(tail + 1)?)?.max(0.0);
    Some(Point { time: issued + Span::h(i64::from(h)), value, low: value + low, high: value + high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hourly(hours: i64, level: impl Fn(f64) -> f64) -> (Vec<(Time, f64)>, Time) {
        let start: Time = "2024-05-01T00:00:00Z".parse().expect("a time");
        let readings: Vec<_> = (0..hours).map(|h| (start + Span::h(h), level(h as f64))).collect();
        (readings, start + Span::h(hours - 1))
    }

    #[test]
    fn a_steady_rise_is_followed() {
        let (readings, now) = hourly(200, |h| 1.0 + 0.02 * h);
        let forecast = forecast(&readings, now).expect("a forecast");
        assert_eq!(forecast.method, "the trend of the last day");
        assert_eq!(forecast.points.len(), usize::from(HORIZON_H));
        let sixth = forecast.points[5];
        let truth = 1.0 + 0.02 * 205.0;
        assert!((sixth.value - truth).abs() < 0.02 && sixth.low <= truth && truth <= sixth.high, "{sixth:?} {truth}");
        assert!(forecast.skill_6h.is_some_and(|skill| skill > 0.9));
    }

    #[test]
    fn where_no_trend_helps_the_forecast_is_withdrawn() {
        // Noise about one level: every trend is a false one.
        let (readings, now) = hourly(200, |h| 2.0 + (h * h * 7919.0 % 97.0) / 970.0);
        let forecast = forecast(&readings, now).expect("a word");
        assert!(forecast.points.is_empty(), "{forecast:?}");
        assert!(forecast.words.starts_with("No skill"));
        let (flat, now) = hourly(200, |_| 2.0);
        assert!(super::forecast(&flat, now).is_some_and(|flat| flat.points.is_empty()));
    }

    #[test]
    fn few_or_old_readings_give_none() {
        let (few, now) = hourly(20, |h| h);
        assert!(forecast(&few, now).is_some_and(|f| f.points.is_empty() && f.skill_6h.is_none()));
        assert_eq!(forecast(&few, now + Span::h(4)), None);
        assert_eq!(forecast(&[], now), None);
    }

    #[test]
    fn what_comes_after_now_is_not_looked_at() {
        let (mut readings, now) = hourly(200, |h| 1.0 + 0.02 * h);
        let before = forecast(&readings, now);
        readings.push((now + Span::h(1), 99.0));
        assert_eq!(forecast(&readings, now), before);
    }
}

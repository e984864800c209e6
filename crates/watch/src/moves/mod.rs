//! What moves with what: which series moved together with a chosen one over a chosen past, which of them first, and
//! how sure that is.
//!
//! Each series is taken by its hourly means, less its own mean of the day before ([`DEPARTS_FROM`]): so a flood of
//! four weeks and a summer of four months do not look alike only because both are long. Ranks of that are correlated
//! (Spearman) at every whole hour of lag up to [`LAG_MAX_H`]. An hour is like the one before it, so the number of
//! hours counts for less: [`chance::effective`]. Many series at many lags find something by chance alone: the
//! p-values of all of them are corrected together ([`chance::benjamini_yekutieli`]).

pub mod chance;
pub mod draft;

use city::{DatastreamId, Span, Time};

/// Lags to either side, in hours: what takes longer than two days is seen by other means.
pub const LAG_MAX_H: i32 = 48;
/// Each hour is taken less the mean of so many hours to it: what is more than in the day before.
pub const DEPARTS_FROM_H: usize = 24;
/// Hours that both must have at a lag: a week. Of fewer, the day and the night alone make most of it.
pub const OVERLAP_MIN_H: usize = 168;
/// Effective hours below which nothing is said: ranks of fewer prove nothing at any size of correlation that is real.
pub const EFFECTIVE_MIN: f64 = 12.0;
/// Findings whose corrected chance is above this are not told.
pub const Q_MAX: f64 = 0.05;
/// Hours of past: a little more than a year. With [`SERIES_MAX`] it bounds the work to about a minute of one core.
pub const HOURS_MAX: usize = 24 * 400;
/// Series that are looked at; of more, every n-th by number, and the answer says so.
pub const SERIES_MAX: usize = 5_000;
/// The step of time.
pub const STEP: Span = Span::h(1);

/// A series by the hour; not a number where nothing was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours(Vec<f64>);

/// How two series go together at a lag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Together {
    /// Hours by which the other series is ahead of the chosen one; negative: behind.
    pub lead_h: i32,
    /// Spearman's rank correlation, -1 to 1.
    pub rho: f64,
    /// Hours that both have.
    pub hours: usize,
    /// For how many independent hours they count.
    pub effective: f64,
    /// Chance of such a correlation between series that have nothing to do with each other, for this one test.
    pub p: f64,
    /// The same corrected for all series and lags that were tried.
    pub q: f64,
}

/// A series that moves with the chosen one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The series.
    pub datastream: DatastreamId,
    /// At the lag of the strongest correlation.
    pub best: Together,
    /// At the strongest lag at which it is ahead, or at the same hour; `None` when it only follows.
    pub ahead: Option<Together>,
}

/// What was found, and out of how much.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moves {
    /// The surest first.
    pub findings: Vec<Finding>,
    /// Series that were compared.
    pub compared: usize,
    /// Series that had too few hours in common, or too few that count.
    pub too_short: usize,
    /// Pairs of a series and a lag that were tried: the corrected chance is over all of them.
    pub tests: usize,
}

impl Hours {
    /// The hourly means of readings from `from` (included) to `to` (not included), at most [`HOURS_MAX`] of them.
    pub fn of(readings: impl IntoIterator<Item = (Time, f64)>, from: Time, to: Time) -> Self {
        let hours = usize::try_from(to.since(from).as_ms() / STEP.as_ms()).unwrap_or_default().min(HOURS_MAX);
        let mut sums = vec![(0.0, 0_u32); hours];
        for (at, value) in readings {
            let hour = usize::try_from(at.since(from).as_ms().div_euclid(STEP.as_ms())).ok();
            if let Some((sum, count)) = hour.and_then(|hour| sums.get_mut(hour)) {
                *sum += value;
                *count += 1;
            }
        }
        Self(sums.into_iter().map(|(sum, count)| if count == 0 { f64::NAN } else { sum / f64::from(count) }).collect())
    }

    /// The value below which a share of the hours lie, 0 to 1; `None` without any.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut known: Vec<f64> = self.0.iter().copied().filter(|value| !value.is_nan()).collect();
        known.sort_by(f64::total_cmp);
        let last = known.len().checked_sub(1)?;
        // The first of which at least so many lie at or before it.
        let wanted = share.clamp(0.0, 1.0) * last as f64;
        known.into_iter().zip(0_u32..).find(|(_, place)| f64::from(*place) >= wanted).map(|(value, _)| value)
    }

    /// Each hour less the mean of the [`DEPARTS_FROM_H`] hours to it, where half of those are there.
    fn departures(&self) -> Vec<f64> {
        let (mut sum, mut count) = (0.0, 0_usize);
        let mut out = Vec::with_capacity(self.0.len());
        for (at, value) in self.0.iter().enumerate() {
            if !value.is_nan() {
                sum += value;
                count += 1;
            }
            let gone = at.checked_sub(DEPARTS_FROM_H).and_then(|gone| self.0.get(gone));
            if let Some(gone) = gone.filter(|gone| !gone.is_nan()) {
                sum -= gone;
                count -= 1;
            }
            let enough = count * 2 >= DEPARTS_FROM_H;
            out.push(if enough { value - sum / count as f64 } else { f64::NAN });
        }
        out
    }
}

/// Ranks with their mean taken off and 0 where there is nothing, beside which hours there are.
struct Ranked {
    ranks: Vec<f64>,
    there: Vec<f64>,
    count: usize,
    correlogram: Vec<f64>,
}

impl Ranked {
    fn of(values: &[f64]) -> Self {
        let mut order: Vec<usize> =
            (0..values.len()).filter(|at| values.get(*at).is_some_and(|value| !value.is_nan())).collect();
        order.sort_by(|a, b| values.get(*a).partial_cmp(&values.get(*b)).unwrap_or(std::cmp::Ordering::Equal));
        let mut ranks = vec![0.0; values.len()];
        let mut there = vec![0.0; values.len()];
        let middle = (order.len() as f64 - 1.0) / 2.0;
        let mut first = 0;
        // Equal values share the mean of their ranks.
        for run in order.chunk_by(|a, b| values.get(*a) == values.get(*b)) {
            let rank = first as f64 + (run.len() as f64 - 1.0) / 2.0 - middle;
            for at in run {
                if let (Some(place), Some(is)) = (ranks.get_mut(*at), there.get_mut(*at)) {
                    (*place, *is) = (rank, 1.0);
                }
            }
            first += run.len();
        }
        let correlogram = chance::correlogram(&ranks, &there);
        Self { ranks, there, count: order.len(), correlogram }
    }

    /// Without its first hours.
    fn later_than(&self, hour: usize) -> (&[f64], &[f64]) {
        (self.ranks.get(hour..).unwrap_or_default(), self.there.get(hour..).unwrap_or_default())
    }
}

/// Compares the chosen series with each of the others. Series beyond [`SERIES_MAX`] are not looked at: give a sample.
pub fn moves(chosen: &Hours, others: impl IntoIterator<Item = (DatastreamId, Hours)>) -> Moves {
    let chosen = Ranked::of(&chosen.departures());
    let mut told = Moves::default();
    let mut tests: Vec<(DatastreamId, Together)> = Vec::new();
    for (id, hours) in others.into_iter().take(SERIES_MAX) {
        let other = Ranked::of(&hours.departures());
        let before = tests.len();
        let effective = chance::effective(chosen.count.min(other.count), &chosen.correlogram, &other.correlogram);
        if effective >= EFFECTIVE_MIN {
            tests.extend(
                (-LAG_MAX_H..=LAG_MAX_H).filter_map(|lead_h| Some((id, at_lag(&chosen, &other, lead_h, effective)?))),
            );
        }
        told.compared += 1;
        told.too_short += usize::from(tests.len() == before);
    }
    told.tests = tests.len();
    let chances: Vec<f64> = tests.iter().map(|(_, test)| test.p).collect();
    for ((_, test), q) in tests.iter_mut().zip(chance::benjamini_yekutieli(&chances)) {
        test.q = q;
    }
    for of_series in tests.chunk_by(|(a, _), (b, _)| a == b) {
        let sure = of_series.iter().filter(|(_, test)| test.q <= Q_MAX);
        let strongest =
            |a: &&(DatastreamId, Together), b: &&(DatastreamId, Together)| a.1.rho.abs().total_cmp(&b.1.rho.abs());
        let Some((datastream, best)) = sure.clone().max_by(strongest) else { continue };
        let ahead = sure.filter(|(_, test)| test.lead_h >= 0).max_by(strongest).map(|(_, test)| *test);
        told.findings.push(Finding { datastream: *datastream, best: *best, ahead });
    }
    told.findings.sort_by(|a, b| a.best.q.total_cmp(&b.best.q).then(a.datastream.cmp(&b.datastream)));
    told
}

fn at_lag(chosen: &Ranked, other: &Ranked, lead_h: i32, effective: f64) -> Option<Together> {
    let shift = lead_h.unsigned_abs() as usize;
    let (skip_chosen, skip_other) = if lead_h >= 0 { (shift, 0) } else { (0, shift) };
    let (y, there_y) = chosen.later_than(skip_chosen);
    let (x, there_x) = other.later_than(skip_other);
    let (mut hours, mut sx, mut sy, mut sxx, mut syy, mut sxy) = (0_usize, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (((y, ty), x), tx) in y.iter().zip(there_y).zip(x).zip(there_x) {
        let both = ty * tx;
        hours += usize::from(both > 0.0);
        sx += both * x;
        sy += both * y;
        sxx += both * x * x;
        syy += both * y * y;
        sxy += both * x * y;
    }
    let n = hours as f64;
    let (vx, vy) = (sxx - sx * sx / n, syy - sy * sy / n);
    if hours < OVERLAP_MIN_H || vx <= 0.0 || vy <= 0.0 {
        return None;
    }
    let rho = ((sxy - sx * sy / n) / (vx * vy).sqrt()).clamp(-1.0, 1.0);
    let effective = effective * n / chosen.count.min(other.count).max(1) as f64;
    let effective = effective.min(n);
    Some(Together { lead_h, rho, hours, effective, p: chance::of_correlation(rho, effective), q: 1.0 })
}

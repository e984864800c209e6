//! The published scoring of the benchmark (Lavin and Ahmad 2015, arXiv 1510.03336, and its code at v1.1).
//!
//! A window of an anomaly is worth what its first alarm earns: close to 1 at its head, close to 0 at its end, and minus
//! the weight of a miss when there is none. An alarm outside costs up to the weight of a false alarm, less when a window
//! has just ended. The sum is put on a scale where finding nothing is 0 and finding all at once without a false alarm 100.

use crate::corpus::{Corpus, Series};

/// Weights of one of the three published profiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) false_alarm: f64,
    pub(crate) miss: f64,
}

/// `config/profiles.json` of the benchmark: standard, reward_low_FP_rate, reward_low_FN_rate; a find weighs 1 in all.
pub(crate) const PROFILES: [Profile; 3] = [
    Profile { false_alarm: 0.11, miss: 1.0 },
    Profile { false_alarm: 0.22, miss: 1.0 },
    Profile { false_alarm: 0.11, miss: 2.0 },
];

/// An alarm: its place in the series and its score, of which a threshold may take only the higher.
pub(crate) type Alarm = (usize, f64);

/// The scaled sigmoid of the benchmark: 1 far before, 0 at the end of a window, -1 far behind.
fn sigmoid(position: f64) -> f64 {
    if position > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

/// What an alarm at each place of a series earns before weights, and in which of its windows it is.
struct Worth {
    earns: Vec<f64>,
    window: Vec<Option<usize>>,
}

impl Worth {
    fn of(series: &Series) -> Self {
        let readings = series.values.len();
        let (mut earns, mut window) = (vec![-1.0; readings], vec![None; readings]);
        for (at, (first, last)) in series.windows.iter().enumerate() {
            let width = last - first + 1;
            for place in *first..=*last {
                earns[place] = sigmoid(-((last - place + 1) as f64) / width as f64) / sigmoid(-1.0);
                window[place] = Some(at);
            }
            let next = series.windows.get(at + 1).map_or(readings, |(first, _)| *first);
            for (behind, earns) in earns[last + 1..next].iter_mut().enumerate() {
                *earns = sigmoid((behind + 1) as f64 / (width as f64 - 1.0).max(1e-9));
            }
        }
        Self { earns, window }
    }
}

/// What alarms at or above each of their scores sum up to: `(threshold, sum)`, falling thresholds, the first that of no
/// alarm at all.
pub(crate) type Curve = Vec<(f64, f64)>;

/// Scores alarms of the series of `folder` (of all, when `None`).
pub(crate) fn curve(corpus: &Corpus, alarms: &[Vec<Alarm>], profile: Profile, folder: Option<usize>) -> Curve {
    let mut all = Vec::new();
    let mut best = Vec::new();
    for (series, alarms) in corpus.series.iter().zip(alarms) {
        if folder.is_some_and(|folder| folder != series.folder) {
            continue;
        }
        let worth = Worth::of(series);
        let first_window = best.len();
        best.resize(first_window + series.windows.len(), -profile.miss);
        let scored = alarms.iter().filter(|(place, _)| *place >= series.probation());
        all.extend(scored.map(|(place, score)| {
            (*score, worth.earns[*place], worth.window[*place].map(|window| first_window + window))
        }));
    }
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut sum = best.iter().sum::<f64>();
    let mut out = vec![(f64::INFINITY, sum)];
    for (at, (score, earns, window)) in all.iter().enumerate() {
        match window {
            None => sum += profile.false_alarm * earns,
            Some(window) if *earns > best[*window] => {
                sum += earns - best[*window];
                best[*window] = *earns;
            }
            Some(_) => {}
        }
        if all.get(at + 1).is_none_or(|next| next.0 < *score) {
            out.push((*score, sum));
        }
    }
    out
}

/// The threshold with the highest sum, as the benchmark chooses it on the corpus itself.
pub(crate) fn best(curve: &Curve) -> (f64, f64) {
    curve.iter().fold((f64::INFINITY, f64::MIN), |best, point| if point.1 > best.1 { *point } else { best })
}

/// On the scale of 0 (finds nothing) to 100 (finds all at once, no false alarm); below 0 when worse than nothing.
pub(crate) fn scaled(sum: f64, windows: usize, profile: Profile) -> f64 {
    let (none, all) = (-profile.miss * windows as f64, windows as f64);
    100.0 * (sum - none) / (all - none)
}

/// How many windows have an alarm, and how many alarms are in none.
pub(crate) fn tally(corpus: &Corpus, alarms: &[Vec<Alarm>], folder: usize) -> (usize, usize) {
    let (mut found, mut wrong) = (0, 0);
    for (series, alarms) in corpus.series.iter().zip(alarms).filter(|(series, _)| series.folder == folder) {
        let scored: Vec<usize> = alarms.iter().map(|alarm| alarm.0).filter(|at| *at >= series.probation()).collect();
        let inside = |(first, last): &(usize, usize)| scored.iter().any(|at| (*first..=*last).contains(at));
        found += series.windows.iter().filter(|window| inside(window)).count();
        let outside = |at: &&usize| !series.windows.iter().any(|(first, last)| (*first..=*last).contains(*at));
        wrong += scored.iter().filter(outside).count();
    }
    (found, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One series of 1,000 readings with one window of 100.
    fn corpus() -> Corpus {
        let times = (0..1_000).map(|at| city::Time::from_s(1_400_000_000 + at * 300).expect("a time")).collect();
        let values = vec![0.0; 1_000];
        let series = Series { name: "a/b.csv".into(), folder: 0, times, values, windows: vec![(500, 599)] };
        Corpus { folders: vec!["a".into()], series: vec![series] }
    }

    fn score(alarms: Vec<Alarm>, profile: usize) -> f64 {
        let curve = curve(&corpus(), &[alarms], PROFILES[profile], None);
        scaled(curve.last().expect("a sum").1, 1, PROFILES[profile])
    }

    #[test]
    fn nothing_is_0_and_the_first_reading_of_each_window_is_100() {
        for profile in 0..3 {
            assert!(score(vec![], profile).abs() < 1e-12);
            assert!((score(vec![(500, 1.0)], profile) - 100.0).abs() < 1e-12);
        }
    }

    #[test]
    fn later_is_worth_less_only_the_first_counts_and_a_false_alarm_costs_by_its_distance() {
        let end = score(vec![(599, 1.0)], 0);
        assert!((end - 50.0 * (1.0 + sigmoid(-0.01) / sigmoid(-1.0))).abs() < 1e-9, "{end}");
        assert!((score(vec![(500, 1.0), (550, 1.0)], 0) - 100.0).abs() < 1e-12);
        assert!(
            (score(vec![(500, 1.0), (200, 1.0)], 0) - (100.0 - 50.0 * 0.11)).abs() < 1e-9,
            "before any window: all of it"
        );
        assert!((score(vec![(500, 1.0), (200, 1.0)], 1) - (100.0 - 50.0 * 0.22)).abs() < 1e-9);
        let soon = 100.0 - 50.0 * 0.11 * -sigmoid(1.0 / 99.0);
        assert!((score(vec![(500, 1.0), (600, 1.0)], 0) - soon).abs() < 1e-9, "one reading too late costs little");
        assert!((score(vec![(100, 1.0)], 0)).abs() < 1e-12, "in the probationary part nothing counts");
    }

    #[test]
    fn the_threshold_is_the_one_that_pays_best() {
        let alarms = vec![(500, 0.8), (200, 0.9), (300, 0.7), (310, 0.7)];
        let curve = curve(&corpus(), &[alarms], PROFILES[0], None);
        assert_eq!(curve.len(), 4, "one point each score, and that of none");
        assert!((best(&curve).0 - 0.8).abs() < 1e-12);
    }
}

//! One alarm an episode, whatever the score does in between.

use serde::{Deserialize, Serialize};

use super::Parameters;

/// Within an episode only a chance so many times smaller than that of the last alarm rings again.
const RARER: f64 = 10.0;

/// Whether an episode is open, and what rang last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// One less the score of the last alarm of the open episode; `None` when none is open.
    chance: Option<f64>,
    /// Readings below the threshold since the last at or above it.
    quiet: u32,
}

impl Episode {
    /// Takes the next score (0 to 1); true when it is an alarm. An episode is over after `rest` scores below the
    /// threshold one after the other.
    pub fn take(&mut self, parameters: &Parameters, score: f64) -> bool {
        if score < parameters.threshold {
            self.quiet = self.quiet.saturating_add(1);
            self.chance = self.chance.filter(|_| self.quiet < parameters.rest);
            return false;
        }
        self.quiet = 0;
        let rings = self.chance.is_none_or(|chance| (1.0 - score) * RARER < chance);
        if rings {
            self.chance = Some(1.0 - score);
        }
        rings
    }

    /// Whether an episode is open.
    pub fn is_open(&self) -> bool {
        self.chance.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_rings_once_again_when_ten_times_rarer_and_anew_after_its_rest() {
        let parameters = Parameters { threshold: 0.9, rest: 3, ..Parameters::default() };
        let mut episode = Episode::default();
        let scores = [0.1, 0.95, 0.96, 0.2, 0.2, 0.93, 0.996, 0.2, 0.2, 0.2, 0.9];
        let rang: Vec<bool> = scores.iter().map(|score| episode.take(&parameters, *score)).collect();
        let expected = [false, true, false, false, false, false, true, false, false, false, true];
        assert_eq!(rang, expected);
    }
}

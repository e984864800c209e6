//! The job as a plain loop over a hash map: no engine, but what any of them has above the work itself.

use std::collections::HashMap;

use super::stream::{LINE, RUNNING, WINDOW_S, value};

#[derive(Clone, Copy, Default)]
struct State {
    window: u64,
    sum: f64,
    count: u32,
    running: u32,
}

impl State {
    /// Closes the window under way: 1 when that rings.
    fn close(&mut self) -> u64 {
        let above = self.count > 0 && self.sum / f64::from(self.count) > LINE;
        self.running = if above { self.running + 1 } else { 0 };
        u64::from(self.running == RUNNING)
    }
}

/// Alerts of so many events of so many keys.
pub(crate) fn count(events: u64, keys: u64) -> u64 {
    let mut states: HashMap<u64, State> = HashMap::new();
    let mut alerts = 0;
    for number in 0..events {
        let window = number / keys / WINDOW_S;
        let state = states.entry(number % keys).or_default();
        if window != state.window {
            alerts += state.close();
            *state = State { window, running: state.running, ..State::default() };
        }
        state.sum += value(number, keys);
        state.count += 1;
    }
    alerts + states.values_mut().map(State::close).sum::<u64>()
}

/// `peers watch-loop EVENTS KEYS`: the same as a process of its own.
pub(crate) fn serve(mut words: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let mut number = || Ok::<u64, anyhow::Error>(words.next().unwrap_or_default().parse()?);
    println!("result alerts={} first=0", count(number()?, number()?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_three_minutes_running_and_no_more() {
        // Key k is above the line in the minutes m with (m + k) mod 10 below 4. Five minutes hold three such running for 0
        // and 1 of each ten keys from the first minute on, for 9 from the second, for 8 from the third.
        assert_eq!(count(10 * 300, 10), 4);
        assert_eq!((count(10 * 120, 10), count(10 * 180, 10)), (0, 2), "two minutes ring nobody");
        // Every key twice in twenty minutes, but 2: it begins with two minutes, and the twentieth is too early again.
        assert_eq!(count(10 * 1_200, 10), 19);
    }
}

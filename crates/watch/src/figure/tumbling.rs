//! Stretches of the clock, one after the other: each gives one figure, when it is over.

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use super::{Certainty, Seen, Statistic, Taken};

/// The stretch that is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tumbling {
    /// Which one, counted from 1970; 0 with a count of nought before the first.
    stretch: i64,
    /// Readings in it.
    count: u32,
    /// The one before had no readings.
    broken: bool,
    /// Their sum, or the smallest or largest of them.
    kept: Exact,
}

impl Tumbling {
    /// Takes a reading. One of a later stretch ends the running one; one of an earlier stretch is late.
    pub(crate) fn take(&mut self, statistic: Statistic, window: Span, at: Time, value: f64) -> Taken {
        let stretch = self.stretch_of(window, at);
        if stretch < self.stretch {
            return Taken::Late;
        }
        let over = if stretch > self.stretch { self.close(statistic, window, stretch) } else { Taken::Nothing };
        if self.count == 0 {
            self.kept = Exact::default();
            self.kept.add(value);
        } else {
            match statistic {
                Statistic::Mean | Statistic::Sum => self.kept.add(value),
                Statistic::Min if value < self.kept.value() => self.keep(value),
                Statistic::Max if value > self.kept.value() => self.keep(value),
                Statistic::Last => self.keep(value),
                Statistic::Min | Statistic::Max => {}
            }
        }
        self.count = self.count.saturating_add(1);
        over
    }

    /// The stretch of an instant: mostly the running one, which a product shows sooner than a division.
    fn stretch_of(&self, window: Span, at: Time) -> i64 {
        let window_ms = window.as_ms().max(1);
        let begin_ms = self.stretch.saturating_mul(window_ms);
        if (begin_ms..begin_ms.saturating_add(window_ms)).contains(&at.ms()) {
            return self.stretch;
        }
        at.ms().div_euclid(window_ms)
    }

    /// Ends the running stretch when it was over by `until`.
    pub(crate) fn over(&mut self, statistic: Statistic, window: Span, until: Time) -> Taken {
        let stretch = self.stretch_of(window, until);
        if stretch > self.stretch && self.count > 0 { self.close(statistic, window, stretch) } else { Taken::Nothing }
    }

    fn keep(&mut self, value: f64) {
        self.kept = Exact::default();
        self.kept.add(value);
    }

    /// The figure of the running stretch; the one numbered `next` runs from now on.
    fn close(&mut self, statistic: Statistic, window: Span, next: i64) -> Taken {
        let (count, broken, ended) = (self.count, self.broken, self.stretch);
        let figure = match statistic {
            Statistic::Mean => self.kept.value() / f64::from(count.max(1)),
            _ => self.kept.value(),
        };
        self.broken = count == 0 || next > ended + 1;
        self.stretch = next;
        self.count = 0;
        let end = Time::from_ms((ended + 1).saturating_mul(window.as_ms()));
        match end.filter(|_| count > 0) {
            Some(at) => Taken::Seen(Seen { at, figure, certainty: Certainty::Sure, broken, expected: None }),
            None => Taken::Nothing,
        }
    }
}

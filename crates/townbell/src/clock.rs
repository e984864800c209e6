//! The only place that reads the machine's clock. Everyone else is told the time.

use std::sync::atomic::{AtomicI64, Ordering};

use city::Time;

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The city's time.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct LiveClock;

impl Clock for LiveClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Time {
        Time::from(jiff::Timestamp::now())
    }
}

/// A clock that stands still until somebody moves it: replays and tests.
#[derive(Debug)]
pub struct ReplayClock(AtomicI64);

impl ReplayClock {
    /// A clock that shows `start`.
    pub fn new(start: Time) -> Self {
        Self(AtomicI64::new(start.ms()))
    }

    /// Moves it; never backwards.
    pub fn advance_to(&self, now: Time) {
        self.0.fetch_max(now.ms(), Ordering::AcqRel);
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Time {
        // invariant: only times that were valid are ever put in.
        Time::from_ms(self.0.load(Ordering::Acquire)).unwrap_or(city::time::TIME_MIN)
    }
}

/// A stopwatch on the machine's clock, for pacing and for metrics; never for anything that is stored.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since it was started.
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}

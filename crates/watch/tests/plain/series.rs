//! Rules on one series: looked at with each reading of it, and blind while it or its feed is silent.

use city::record::Entry;
use city::{Record, Span, Time};

use super::{Book, Lines, Look, Step, is_silent, words_of, words_of_series};

/// A series, its feed, and the longest normal gaps of both.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    pub id: u32,
    pub feed: &'static str,
    pub beat: Span,
    pub feed_beat: Span,
}

/// The gauges of the town.
pub const fn gauge(id: u32) -> Series {
    Series { id, feed: "water", beat: Span::min(30), feed_beat: Span::min(20) }
}

impl Series {
    /// All its readings, time and value, in the order in which they came.
    pub fn told(&self, entries: &[Entry]) -> Vec<(Time, f64)> {
        entries.iter().flat_map(|entry| self.told_in(entry)).collect()
    }

    fn told_in(&self, entry: &Entry) -> Vec<(Time, f64)> {
        let Record::Observations(rows) = &entry.record else { return Vec::new() };
        let own = rows.iter().filter(|row| row.datastream.0 == self.id);
        own.map(|row| (row.phenomenon_time, row.result)).collect()
    }

    /// Whether it, or its feed, has been silent for longer than its beat.
    pub fn is_blind(&self, entries: &[Entry], now: Time) -> bool {
        is_silent(words_of(entries, self.feed), entries, self.feed_beat, now)
            || is_silent(words_of_series(entries, self.id), entries, self.beat, now)
    }

    /// Lets a rule look: with each reading at all readings up to it (`None`: it sees nothing in it), and with each tick
    /// whether it is blind.
    pub fn judge(
        &self,
        (rule, lines): (&str, &Lines),
        entries: &[Entry],
        step: &Step<'_>,
        book: &mut Book,
        look: impl Fn(&[(Time, f64)]) -> Option<Look>,
    ) {
        let subject = format!("datastream:{}", self.id);
        let Some(entry) = step.entry else {
            if book.stands(rule) {
                book.look(rule, &subject, lines, step.now, Look::sight(step.now, self.is_blind(entries, step.now)));
            }
            return;
        };
        let all = self.told(entries);
        for known in all.len() - self.told_in(entry).len() + 1..=all.len() {
            match look(&all[..known]) {
                Some(seen) => book.look(rule, &subject, lines, step.now, seen),
                // It spoke all the same.
                None => book.look(rule, &subject, lines, step.now, Look::sight(step.now, false)),
            }
        }
    }
}

/// Whether the newest of some readings ends a hole.
pub fn ends_hole(readings: &[(Time, f64)], beat: Span) -> bool {
    let Some(((at, _), earlier)) = readings.split_last() else { return false };
    earlier.iter().map(|(when, _)| *when).max().is_some_and(|newest| at.since(newest) > beat)
}

/// Whether the newest of some readings is for a time before one that has come.
pub fn is_late(readings: &[(Time, f64)]) -> bool {
    let Some(((at, _), earlier)) = readings.split_last() else { return false };
    earlier.iter().any(|(when, _)| when > at)
}

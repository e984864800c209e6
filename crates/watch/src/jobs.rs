//! What ticks have to look at, and when. A tick costs as much as what is due, not as much as the city is large.

use std::collections::{BTreeMap, BTreeSet};

use city::{Span, Time};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::plan::SeriesSlot;
use crate::trip;

/// Something to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Job {
    /// Whether a feed is silent, by its place in the order of feeds.
    Feed(u32),
    /// Something fell silent or spoke again: which alerts are blind.
    Look,
    /// A voice of an absence rule, by its place.
    Voice(u32),
    /// Warnings that begin or end.
    Warnings,
    /// Trips, and combined rules: what leaves or holds by the minute.
    Minute,
    /// Alerts of rules that are gone.
    Orphans,
    /// Somebody is to be called, or a silence begins or ends.
    Calls,
    /// Counts of requests: the hour is over, or a timer of theirs.
    Requests,
}

/// Jobs in the order of their time. The same job may wait for several times; done twice, the second changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Jobs {
    jobs: BTreeSet<(Time, Job)>,
    /// Series whose silence is looked at: mostly each once. They are many, and a list by instant is quicker than a place
    /// of its own in the order for each.
    series: BTreeMap<Time, Vec<SeriesSlot>>,
}

/// What is due.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Due {
    /// Each once, in the order of their kind.
    pub(crate) jobs: BTreeSet<Job>,
    /// Series whose silence is to be looked at.
    pub(crate) series: Vec<SeriesSlot>,
}

impl Due {
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.series.is_empty()
    }
}

impl Jobs {
    /// Everything, as soon as possible.
    pub(crate) fn all(context: &Context, now: Time) -> Self {
        let mut jobs = Self::default();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (0..count(context.contracts.len())).for_each(|feed| jobs.add(now, Job::Feed(feed)));
        for (shard, plan) in (0..).zip(&context.plan.shards) {
            (0..count(plan.series.len())).for_each(|series| jobs.add_series(now, SeriesSlot { shard, series }));
        }
        (0..count(context.voices.len())).for_each(|voice| jobs.add(now, Job::Voice(voice)));
        jobs.add(now, Job::Look);
        jobs.add(now, Job::Warnings);
        jobs.add(now, Job::Orphans);
        jobs.add(now, Job::Calls);
        if !context.requests.is_empty() {
            jobs.add(now, Job::Requests);
        }
        if context.by_minute {
            jobs.add(next_minute(now), Job::Minute);
        }
        jobs
    }

    pub(crate) fn add(&mut self, at: Time, job: Job) {
        self.jobs.insert((at, job));
    }

    /// Whether the series is silent is looked at then.
    pub(crate) fn add_series(&mut self, at: Time, series: SeriesSlot) {
        self.series.entry(at).or_default().push(series);
    }

    /// When the first is due.
    pub(crate) fn first(&self) -> Option<Time> {
        let job = self.jobs.first().map(|(at, _)| *at);
        let series = self.series.first_key_value().map(|(at, _)| *at);
        job.into_iter().chain(series).min()
    }

    /// Takes what is due by `now`.
    pub(crate) fn due(&mut self, now: Time) -> Due {
        let mut due = Due::default();
        while self.jobs.first().is_some_and(|(at, _)| *at <= now) {
            due.jobs.extend(self.jobs.pop_first().map(|(_, job)| job));
        }
        while self.series.first_key_value().is_some_and(|(at, _)| *at <= now) {
            due.series.extend(self.series.pop_first().map(|(_, series)| series).unwrap_or_default());
        }
        // One that waits twice would wait twice for ever.
        due.series.sort_unstable();
        due.series.dedup();
        due
    }
}

/// The full minute after `now`.
pub(crate) fn next_minute(now: Time) -> Time {
    now.floor(trip::EVERY) + trip::EVERY
}

/// The first instant at which a silence is longer than `beat`.
pub(crate) fn just_past(heard: Time, beat: Span) -> Time {
    heard + beat + Span::ms(1)
}

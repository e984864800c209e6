//! For how long of a past nobody could have seen what a rule looks at: an input was silent for longer than its beat.

use std::collections::BTreeMap;

use city::record::Entry;
use city::{Contract, Datastream, DatastreamId, FeedId, Record, Span, Time};

use crate::combined::Looks;
use crate::rule::{Kind, Rule, Voice};

/// When an input was last heard, and its beat.
#[derive(Clone, Copy, Debug)]
struct Input {
    beat: Span,
    heard: Option<Time>,
}

/// The inputs of a rule, and the holes in them so far. A hole is longer than a beat, so there are few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    feeds: BTreeMap<FeedId, Input>,
    series: BTreeMap<DatastreamId, Input>,
    holes: Vec<(Time, Time)>,
    started: Option<Time>,
}

impl Sight {
    /// What a rule needs to see. A feed whose silence is what the rule looks for is no such input.
    pub(crate) fn of(rule: &Rule, datastreams: &[Datastream], contracts: &[Contract]) -> Self {
        let (mut series, mut feeds) = (Vec::new(), Vec::new());
        needs(&rule.kind, datastreams, &mut series, &mut feeds);
        series.extend(rule.guard.iter().flat_map(|guard| &guard.inputs).map(|(_, id)| *id));
        let streams: Vec<&Datastream> = datastreams.iter().filter(|stream| series.contains(&stream.id)).collect();
        feeds.extend(streams.iter().map(|stream| stream.feed.clone()));
        let input = |beat| Input { beat, heard: None };
        let known = contracts.iter().filter(|contract| feeds.contains(&contract.feed));
        Self {
            feeds: known.map(|contract| (contract.feed.clone(), input(contract.beat))).collect(),
            series: streams.iter().map(|stream| (stream.id, input(stream.beat))).collect(),
            holes: Vec::new(),
            started: None,
        }
    }

    /// Takes note of who speaks.
    pub(crate) fn hear(&mut self, entry: &Entry) {
        let now = entry.received;
        let started = *self.started.get_or_insert(now);
        if !matches!(&entry.record, Record::FeedBeat(beat) if !beat.good)
            && let Some(input) = self.feeds.get_mut(&entry.feed)
        {
            input.hear(now, started, &mut self.holes);
        }
        if let Record::Observations(rows) = &entry.record {
            for (id, input) in &mut self.series {
                if rows.datastreams().contains(id) {
                    input.hear(now, started, &mut self.holes);
                }
            }
        }
    }

    /// How long between the two some input was silent.
    pub(crate) fn blind(mut self, from: Time, to: Time) -> Span {
        let started = self.started.unwrap_or(from);
        for input in self.feeds.values_mut().chain(self.series.values_mut()) {
            input.hear(to, started, &mut self.holes);
        }
        self.holes.sort_unstable();
        let mut blind_ms = 0;
        let mut seen_to = from;
        for (start, end) in self.holes {
            let (start, end) = (start.max(seen_to), end.min(to));
            if end > start {
                blind_ms += end.since(start).as_ms();
                seen_to = end;
            }
        }
        Span::ms(blind_ms)
    }
}

impl Input {
    fn hear(&mut self, now: Time, started: Time, holes: &mut Vec<(Time, Time)>) {
        let silent_from = self.heard.unwrap_or(started) + self.beat;
        if now > silent_from {
            holes.push((silent_from, now));
        }
        self.heard = Some(now);
    }
}

/// The series and feeds that a kind needs to see.
pub(crate) fn needs(kind: &Kind, all: &[Datastream], series: &mut Vec<DatastreamId>, feeds: &mut Vec<FeedId>) {
    series.extend_from_slice(kind.datastreams());
    match kind {
        Kind::Figure(on) => series.extend(on.figure.forecast()),
        Kind::Rise(_) => {}
        // Silence is what it looks for; but nobody sees a thing behind a silent feed.
        Kind::Absence(absence) => {
            let behind = |stream: &&Datastream| {
                absence.of.iter().any(|voice| match voice {
                    Voice::Feed(_) => false,
                    Voice::Thing(thing) => stream.thing == *thing,
                    Voice::Datastream(id) => stream.id == *id,
                })
            };
            feeds.extend(all.iter().filter(behind).map(|stream| stream.feed.clone()));
        }
        Kind::Warning(warning) => feeds.push(warning.feed.clone()),
        Kind::Trip(trip) => feeds.extend(trip.feeds.iter().cloned()),
        Kind::Zone(zone) => feeds.extend(zone.feeds.iter().cloned()),
        Kind::Fence(fence) => feeds.push(fence.feed.clone()),
        Kind::Headway(headway) => feeds.extend(headway.feeds.iter().cloned()),
        Kind::Requests(requests) => feeds.push(requests.feed.clone()),
        Kind::Combined(combined) => {
            for condition in &combined.conditions {
                if let Looks::At(kind) = &condition.looks {
                    needs(kind, all, series, feeds);
                }
            }
        }
    }
}

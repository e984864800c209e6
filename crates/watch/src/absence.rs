//! Silence of a feed, a thing or a datastream; and the silence that leaves another rule unseen.

use std::collections::{BTreeMap, BTreeSet};

use city::{AlertChange, Blindness, Datastream, DatastreamId, FeedId, Severity, Span, ThingId, Time};

use crate::context::Context;
use crate::engine::{feed_blindness, series_bearings};
use crate::jobs::{Job, just_past};
use crate::life::{self, Bearings, Judgement, Said};
use crate::rule::{Absence, Kind, Rule, Voice};
use crate::standing;
use crate::state::State;
use crate::timers::Holding;
use crate::truth::Truth;
use crate::words;

/// One voice that one rule listens to.
#[derive(Clone, Debug)]
pub(crate) struct VoicePlan {
    /// Place in the rules.
    pub(crate) rule: u32,
    pub(crate) voice: Voice,
    /// After how long it counts as silent; without it, its beat. For a rule that is left unseen: how long after the
    /// beat.
    pub(crate) after: Option<Span>,
    pub(crate) close_for: Span,
    /// Set where the silence leaves a rule unseen: how bad that is.
    pub(crate) unseen: Option<Severity>,
}

/// The voices that a rule listens to.
pub(crate) fn voices(place: u32, rule: &Rule) -> Vec<VoicePlan> {
    if let Kind::Absence(kind) = &rule.kind {
        let plan = |voice: &Voice| VoicePlan {
            rule: place,
            voice: voice.clone(),
            after: kind.after,
            close_for: kind.close_for,
            unseen: None,
        };
        return kind.of.iter().map(plan).collect();
    }
    let Some(unseen) = rule.unseen else { return Vec::new() };
    let plan = |voice: Voice| VoicePlan {
        rule: place,
        voice,
        after: Some(unseen.after),
        close_for: Span::default(),
        unseen: Some(unseen.severity),
    };
    let series = rule.kind.datastreams().iter().map(|id| Voice::Datastream(*id));
    series.chain(rule.kind.feeds_needed().into_iter().map(Voice::Feed)).map(plan).collect()
}

/// The feeds whose silence or return says something about a voice.
pub(crate) fn feeds_of(
    streams: &BTreeMap<DatastreamId, Datastream>,
    of_thing: &[DatastreamId],
    voice: &Voice,
) -> BTreeSet<FeedId> {
    match voice {
        Voice::Feed(feed) => BTreeSet::from([feed.clone()]),
        Voice::Datastream(id) => streams.get(id).map(|stream| stream.feed.clone()).into_iter().collect(),
        Voice::Thing(_) => of_thing.iter().filter_map(|id| streams.get(id)).map(|stream| stream.feed.clone()).collect(),
    }
}

/// What is known of a voice now.
struct Hearing {
    /// When it was last heard, or when the engine began to listen.
    last: Time,
    /// Whether it was ever heard.
    ever: bool,
    /// After how long it counts as silent.
    after: Span,
    /// Why nothing can be said about it.
    blind: Option<Blindness>,
}

impl Hearing {
    fn silent(&self, now: Time) -> bool {
        now.since(self.last) > self.after
    }

    /// Whether it is silent. Of what was never heard, or stands behind a silent feed, nobody knows that it speaks.
    fn truth(&self, now: Time) -> Truth {
        let silent = self.silent(now);
        Truth::from(silent).when_seen(self.blind.is_none() && (silent || self.ever))
    }
}

/// Judges one voice, and asks to be called when it may have fallen silent.
pub(crate) fn judge(state: &mut State, context: &Context, place: u32, now: Time, out: &mut Vec<AlertChange>) {
    let Some(plan) = context.voices.get(place as usize) else { return };
    let Some(rule) = context.rules.get(plan.rule as usize) else { return };
    // A voice that the city does not have is skipped: `townbell check` has refused the rule before.
    let Some(hearing) = hear(state, context, plan, now) else { return };
    let truth = hearing.truth(now);
    let judgement = judgement(context, rule, plan, &hearing, truth, now);
    let due = life::advance(state, rule, judgement, now, out);
    let next = just_past(hearing.last, hearing.after);
    for at in [Some(next).filter(|next| *next > now), due].into_iter().flatten() {
        state.jobs.add(at, Job::Voice(place));
    }
}

/// Whether any voice of a condition is silent.
pub(crate) fn truth(state: &State, context: &Context, kind: &Absence, now: Time) -> Truth {
    kind.of.iter().fold(Truth::False, |truth, voice| {
        let hearing = listen(state, context, kind.after, voice, now);
        truth.or(hearing.map_or(Truth::Unknown, |hearing| hearing.truth(now)))
    })
}

/// What a rule on silence makes of each of its voices now: its name, and why it cannot be seen.
pub(crate) fn truths(
    state: &State,
    context: &Context,
    rule: usize,
    now: Time,
) -> Vec<(String, Truth, Option<Blindness>)> {
    let voices = context.voices.iter().filter(|plan| plan.rule as usize == rule && plan.unseen.is_none());
    let heard = voices.filter_map(|plan| Some((plan, hear(state, context, plan, now)?)));
    let told = heard.map(|(plan, hearing)| {
        let (_, name, bearings) = introduce(context, &plan.voice);
        let feed = bearings.feed.filter(|_| hearing.blind.is_some());
        let silent = feed.and_then(|feed| standing::feed_silence(state, context, &feed, now));
        let never = (!hearing.ever).then(|| Blindness { since: hearing.last, why: "it was never heard".to_owned() });
        (name, hearing.truth(now), silent.or(never))
    });
    told.collect()
}

fn judgement(
    context: &Context,
    rule: &Rule,
    plan: &VoicePlan,
    hearing: &Hearing,
    truth: Truth,
    now: Time,
) -> Judgement {
    let silent = hearing.silent(now);
    let (subject, name, bearings) = introduce(context, &plan.voice);
    let clock = words::clock_and_day(hearing.last, &context.timezone);
    let unseen = plan.unseen.is_some();
    let title = match (silent, unseen) {
        (true, false) => format!("{name} is silent"),
        (false, false) => format!("{name} reports again"),
        (true, true) => format!("{name} is silent, so nobody sees whether to ring: {}", rule.consequence),
        (false, true) => format!("{name} reports again, and is watched"),
    };
    let normal = if unseen { String::new() } else { format!("; {} is normal", words::span(hearing.after)) };
    let detail = match (silent, hearing.ever) {
        (true, true) => format!("Last heard at {clock}{normal}."),
        (true, false) => format!("Never heard since {clock}{normal}."),
        (false, _) => format!("Heard at {clock}."),
    };
    Judgement {
        subject: if unseen { format!("unseen:{subject}") } else { subject },
        holding: Holding {
            at: now,
            open: truth,
            open_for: Span::default(),
            close: truth.not(),
            close_for: plan.close_for,
            damped: rule.damped,
        },
        blind: hearing.blind.clone(),
        severity: plan.unseen.unwrap_or(rule.severity),
        said: Said { title, detail, expected: None },
        bearings,
    }
}

fn hear(state: &State, context: &Context, plan: &VoicePlan, now: Time) -> Option<Hearing> {
    if plan.unseen.is_none() {
        return listen(state, context, plan.after, &plan.voice, now);
    }
    // Unseen is unseen, whether the series or its whole feed is silent: the one that is over its beat first counts.
    let more = plan.after.unwrap_or_default();
    let own = listen(state, context, None, &plan.voice, now)?;
    let feed = match &plan.voice {
        Voice::Datastream(id) => Voice::Feed(context.datastreams.get(id)?.feed.clone()),
        feed => feed.clone(),
    };
    let feed = listen(state, context, None, &feed, now)?;
    let first = if just_past(feed.last, feed.after) < just_past(own.last, own.after) { feed } else { own };
    Some(Hearing { after: Span::ms(first.after.as_ms() + more.as_ms()), blind: None, ..first })
}

fn listen(state: &State, context: &Context, after: Option<Span>, voice: &Voice, now: Time) -> Option<Hearing> {
    let started = state.started.unwrap_or(now);
    match voice {
        Voice::Feed(feed) => {
            let heard = state.feeds.get(feed).map(|heard| heard.received);
            let after = after.or(context.feed_beat(feed))?;
            Some(Hearing { last: heard.unwrap_or(started), ever: heard.is_some(), after, blind: None })
        }
        Voice::Datastream(id) => {
            let stream = context.datastreams.get(id)?;
            let heard = state.series_heard(context.plan.slot(*id)?);
            let after = after.unwrap_or(stream.beat);
            let blind = feed_blindness(state, context, &stream.feed, now);
            Some(Hearing { last: heard.unwrap_or(started), ever: heard.is_some(), after, blind })
        }
        Voice::Thing(thing) => listen_to_thing(state, context, after, *thing, now),
    }
}

/// A thing speaks by any of its datastreams; it cannot be judged while all feeds that carry it are silent.
fn listen_to_thing(
    state: &State,
    context: &Context,
    after: Option<Span>,
    thing: ThingId,
    now: Time,
) -> Option<Hearing> {
    let streams: Vec<&Datastream> = context.streams_of(thing).collect();
    let heard = streams.iter().filter_map(|stream| state.series_heard(context.plan.slot(stream.id)?)).max();
    let after = after.or(streams.iter().map(|stream| stream.beat).max())?;
    let blinds: Vec<_> =
        streams.iter().filter_map(|stream| feed_blindness(state, context, &stream.feed, now)).collect();
    let blind = if blinds.len() == streams.len() { blinds.into_iter().next() } else { None };
    let last = heard.or(state.started).unwrap_or(now);
    Some(Hearing { last, ever: heard.is_some(), after, blind })
}

fn introduce(context: &Context, voice: &Voice) -> (String, String, Bearings) {
    match voice {
        Voice::Feed(feed) => {
            let bearings = Bearings { feed: Some(feed.clone()), ..Bearings::default() };
            (voice.subject(), context.feed_name(feed).to_owned(), bearings)
        }
        Voice::Datastream(id) => {
            let name = context.datastreams.get(id).map_or_else(String::new, |stream| stream.name.clone());
            (voice.subject(), name, series_bearings(context, *id))
        }
        Voice::Thing(id) => {
            let thing = context.things.get(id);
            let feed = context.streams_of(*id).next().map(|stream| stream.feed.clone());
            let bearings = Bearings { feed, position: thing.map(|thing| thing.position), ..Bearings::default() };
            (voice.subject(), thing.map_or_else(String::new, |thing| thing.name.clone()), bearings)
        }
    }
}

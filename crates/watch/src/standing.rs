//! What each rule makes of what it looks at now: where its condition holds, where not, and where nobody can see it.
//! Reads what the engine remembers, and changes nothing.

use city::{Blindness, DatastreamId, FeedId, RuleId, Time};

use crate::absence;
use crate::combined::{Combined, Looks};
use crate::context::Context;
use crate::fence;
use crate::joint;
use crate::life::Judgement;
use crate::plan::{Part, Wish};
use crate::requests;
use crate::rule::{Kind, Rule};
use crate::runs;
use crate::shard::Cell;
use crate::sight;
use crate::state::State;
use crate::truth::Truth;
use crate::warning;

/// Subjects that a rule names as unseen; of more, the number is enough.
pub const UNSEEN_TOLD_MAX: usize = 20;

/// Where a rule's condition for opening holds now, before its timers. A subject is what an alert of it would be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TruthNow {
    /// Subjects of which it holds.
    pub is_true: usize,
    /// Subjects of which it does not hold.
    pub is_false: usize,
    /// Subjects of which nobody can see it.
    pub unknown: usize,
    /// The longest unseen of these; at most 20.
    pub unseen: Vec<Unseen>,
}

/// A subject of which nobody can see whether the condition holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Since when; null when that is not known: its windows are not full yet.
    pub since: Option<Time>,
    /// What it is about, by its name.
    pub name: String,
    /// Why: "the feed Level of the lake is silent".
    pub why: String,
}

impl TruthNow {
    fn add(&mut self, truth: Truth, unseen: impl FnOnce() -> Unseen) {
        match truth {
            Truth::True => self.is_true += 1,
            Truth::False => self.is_false += 1,
            Truth::Unknown => {
                self.unknown += 1;
                self.unseen.push(unseen());
            }
        }
    }

    fn bounded(mut self) -> Self {
        // Those without a time last.
        self.unseen.sort_by_key(|unseen| (unseen.since.is_none(), unseen.since, unseen.name.clone()));
        self.unseen.truncate(UNSEEN_TOLD_MAX);
        self
    }
}

/// What every rule makes of now, in the order of the rules; nothing before the first step with these rules. Dear for
/// rules that count runs: for when somebody asks.
pub fn truths(state: &State, context: &Context) -> Vec<(RuleId, TruthNow)> {
    let stepped = state.layout.fingerprint == context.plan.layout.fingerprint;
    let Some(now) = state.now().filter(|_| stepped) else { return Vec::new() };
    let rules = (0..).zip(&context.rules);
    rules.map(|(place, rule)| (rule.id.clone(), of_rule(state, context, place, rule, now).bounded())).collect()
}

fn of_rule(state: &State, context: &Context, place: usize, rule: &Rule, now: Time) -> TruthNow {
    let mut told = TruthNow::default();
    match &rule.kind {
        Kind::Figure(_) | Kind::Rise(_) => {
            for id in rule.kind.datastreams() {
                let (truth, blind) = of_series(state, context, place, rule, *id, now);
                told.add(truth, || unseen(name_of(context, *id), blind));
            }
        }
        Kind::Absence(_) => {
            for (name, truth, blind) in absence::truths(state, context, place, now) {
                told.add(truth, || unseen(name, blind));
            }
        }
        Kind::Warning(kind) => {
            let found = warning::judgements(state, context, rule, kind, now);
            counted(&mut told, state, context, &found, [&kind.feed], now);
        }
        Kind::Trip(_) | Kind::Zone(_) | Kind::Headway(_) => {
            let found = runs::judgements(state, context, rule, &rule.kind, now);
            let feeds = rule.kind.runs().map(|(_, feeds)| feeds).unwrap_or_default();
            counted(&mut told, state, context, &found, feeds, now);
        }
        Kind::Fence(kind) => {
            let found = fence::judgements(state, context, rule, kind, now);
            counted(&mut told, state, context, &found, [&kind.feed], now);
        }
        Kind::Requests(kind) => {
            let found = requests::judgements(state, context, place, rule, now);
            counted(&mut told, state, context, &found, [&kind.feed], now);
        }
        Kind::Combined(combined) => {
            let (truth, blind) = of_combined(state, context, rule, combined, now);
            told.add(truth, || unseen(combined.what.clone(), blind));
        }
    }
    told
}

fn unseen(name: String, blind: Option<Blindness>) -> Unseen {
    match blind {
        Some(Blindness { since, why }) => Unseen { since: Some(since), name, why },
        None => Unseen { since: None, name, why: "too little of it has been read yet".to_owned() },
    }
}

fn name_of(context: &Context, id: DatastreamId) -> String {
    context.datastreams.get(&id).map_or_else(|| id.to_string(), |stream| stream.name.clone())
}

/// Subjects that come and go: those that there are; and while a feed is silent, one that nobody can see.
fn counted<'f>(
    told: &mut TruthNow,
    state: &State,
    context: &Context,
    found: &[Judgement],
    feeds: impl IntoIterator<Item = &'f FeedId>,
    now: Time,
) {
    let silent: Vec<(&FeedId, Blindness)> =
        feeds.into_iter().filter_map(|feed| Some((feed, feed_silence(state, context, feed, now)?))).collect();
    for judgement in found {
        // A silent feed is told once, and not for each of its subjects.
        if silent.is_empty() || judgement.holding.open != Truth::Unknown {
            told.add(judgement.holding.open, || unseen(judgement.said.title.clone(), judgement.blind.clone()));
        }
    }
    for (feed, blind) in silent {
        told.add(Truth::Unknown, || unseen(context.feed_name(feed).to_owned(), Some(blind)));
    }
}

/// Whether what a rule looks for is so on one series.
fn of_series(
    state: &State,
    context: &Context,
    place: usize,
    rule: &Rule,
    id: DatastreamId,
    now: Time,
) -> (Truth, Option<Blindness>) {
    if let Some(blind) = series_blindness(state, context, id, now) {
        return (Truth::Unknown, Some(blind));
    }
    let Some(cell) = cell_of(state, context, place, id) else { return (Truth::Unknown, None) };
    let holds = Truth::from(cell.timers.open_since.is_some());
    let Some(guard) = rule.guard.as_ref().filter(|_| cell.truth == Truth::True && holds == Truth::False) else {
        return (cell.truth, None);
    };
    // It was judged with the last reading, and did not hold; unless it could not be seen then, and cannot now.
    let input = |id| joint::input(state, context, id, now);
    let blind = guard.inputs.iter().find_map(|(_, id)| series_blindness(state, context, *id, now));
    let unknown = blind.is_some() && guard.holds(None, now, &context.timezone, input) == Truth::Unknown;
    (if unknown { Truth::Unknown } else { Truth::False }, blind)
}

fn cell_of<'s>(state: &'s State, context: &Context, place: usize, id: DatastreamId) -> Option<&'s Cell> {
    let slot = context.plan.slot(id)?;
    let shard = context.plan.shards.get(usize::from(slot.shard))?;
    let wanted =
        |(_, wish): &(u32, &Wish)| wish.rule as usize == place && matches!(wish.part, Part::Subject | Part::Guarded);
    let (cell, _) = shard.cells_of(context.plan.series(slot)?).find(wanted)?;
    state.shards.get(usize::from(slot.shard))?.cells.get(cell as usize)
}

/// Since when a feed is silent.
pub(crate) fn feed_silence(state: &State, context: &Context, feed: &FeedId, now: Time) -> Option<Blindness> {
    let since = state.feed_silent_since(context, feed, now)?;
    Some(Blindness { since, why: format!("the feed {} is silent", context.feed_name(feed)) })
}

/// Since when nobody can see a series, and why: its feed is silent, or it is.
fn series_blindness(state: &State, context: &Context, id: DatastreamId, now: Time) -> Option<Blindness> {
    let stream = context.datastreams.get(&id)?;
    let feed = feed_silence(state, context, &stream.feed, now);
    let own = || {
        let since = state.series_silent_since(context, id, now)?;
        Some(Blindness { since, why: "it is silent".to_owned() })
    };
    feed.or_else(own)
}

/// A combined rule has one subject. Of what its conditions were last, the rule's own logic makes its truth.
fn of_combined(
    state: &State,
    context: &Context,
    rule: &Rule,
    combined: &Combined,
    now: Time,
) -> (Truth, Option<Blindness>) {
    let seen = |at: u16| state.conditions.get(&(rule.id.clone(), at)).copied().unwrap_or_default();
    let of = |at: usize| {
        let Some(condition) = combined.conditions.get(at) else { return Truth::Unknown };
        let seen = seen(u16::try_from(at).unwrap_or(u16::MAX));
        let lasts = seen.last_true.is_some_and(|last| now.since(last) <= condition.remembered);
        if lasts && condition.remembered.as_ms() > 0 { Truth::True } else { seen.truth }
    };
    let guard = rule.guard.as_ref().map_or(Truth::True, |_| seen(joint::GUARD).truth);
    let truth = combined.open.truth(&of).and(guard);
    let blind = (truth == Truth::Unknown).then(|| {
        let unknown = combined.conditions.iter().enumerate().filter(|(at, _)| of(*at) == Truth::Unknown);
        let mut kinds = unknown.filter_map(|(_, condition)| match &condition.looks {
            Looks::At(kind) => Some(kind.as_ref()),
            Looks::Alert(_) => None,
        });
        let inputs = rule.guard.iter().flat_map(|guard| &guard.inputs).map(|(_, id)| *id);
        kinds
            .find_map(|kind| kind_blindness(state, context, kind, now))
            .or_else(|| inputs.into_iter().find_map(|id| series_blindness(state, context, id, now)))
    });
    (truth, blind.flatten())
}

fn kind_blindness(state: &State, context: &Context, kind: &Kind, now: Time) -> Option<Blindness> {
    let (mut series, mut feeds) = (Vec::new(), Vec::new());
    let all: Vec<_> = context.datastreams.values().cloned().collect();
    sight::needs(kind, &all, &mut series, &mut feeds);
    let of_feeds = feeds.iter().filter_map(|feed| feed_silence(state, context, feed, now));
    let of_series = series.iter().filter_map(|id| series_blindness(state, context, *id, now));
    of_feeds.chain(of_series).min_by_key(|blind| blind.since)
}

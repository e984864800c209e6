//! A rule on the past: entries of the journal, or readings out of a file, through the same [`crate::run`] as live.
//!
//! A [`Trial`] takes entries as [`crate::run`] does and knows the whole city, but only the rule under test and those
//! whose alerts it looks at. What it rings is, byte for byte, what the program rang on the same entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::service_request::REQUEST_HOUR;
use city::{
    AlertChange, AlertId, Contract, Datastream, DatastreamId, DeskAction, EntityChange, FeedId, Notification,
    Observation, ObservedProperty, Record, RuleId, Severity, Span, Thing, Time, Timetable,
};
use jiff::tz::TimeZone;

use crate::absence;
use crate::calls::Done;
use crate::combined::{Condition, Looks};
use crate::context::{Context, Parts};
use crate::engine::run_with_calls;
use crate::fence;
use crate::figure::{Against, Figure};
use crate::notify;
use crate::pages::{self, Nights, Page};
use crate::rule::{Kind, Rule, Voice};
use crate::sight::Sight;
use crate::state::State;

/// How long before its first day a backtest begins to listen, besides the windows of the rule: warnings stand for
/// days, and a feed has to be silent for its beat before anybody knows.
pub const LISTENS_BEFORE: Span = Span::h(72);
/// The step of the shape of a series that is kept for a plot: an hour is finer than a line of text or a small picture.
pub const SHAPE_STEP: Span = Span::h(1);

/// The series that a rule is tried on: it need not be the one that the rule names.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The series.
    pub datastream: &'a Datastream,
    /// Its unit.
    pub property: &'a ObservedProperty,
    /// Where it is measured.
    pub thing: &'a Thing,
    /// The contract of its feed.
    pub contract: &'a Contract,
    /// The city's zone, for the words.
    pub timezone: &'a TimeZone,
}

/// One alert of a backtest.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub subject: String,
    /// When it opened.
    pub opened: Time,
    /// How bad when it opened.
    pub severity: Severity,
    /// How bad at its worst.
    pub worst: Severity,
    /// The first words.
    pub title: String,
    /// What the open saw: the figures.
    pub saw: String,
    /// When it first said that the condition was expected to come true.
    pub expected: Option<Time>,
    /// When it was resolved.
    pub resolved: Option<Time>,
    /// What the close saw.
    pub closed_saw: Option<String>,
    /// It opened and resolved again and again.
    pub flapping: bool,
    /// Whom it would have called, in order.
    pub pages: Vec<Page>,
}

impl Ring {
    /// Whether it would have called somebody by night, by the city's clock.
    pub fn by_night(&self, zone: &TimeZone) -> bool {
        self.pages.iter().any(|page| page.in_any_case && pages::is_night(page.at, zone))
    }

    /// How long it stood, up to `end` when it was not resolved.
    pub fn stood(&self, end: Time) -> Span {
        self.resolved.unwrap_or(end).since(self.opened)
    }
}

/// What a rule did on the past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backtest {
    /// Every alert, in the order of opening.
    pub rings: Vec<Ring>,
    /// Every change of every alert.
    pub changes: Vec<AlertChange>,
    /// The readings of [`backtest`], each time once, in order; empty otherwise.
    pub readings: Vec<(Time, f64)>,
    /// The first instant that counts; `None` when nothing was heard.
    pub from: Option<Time>,
    /// The last.
    pub to: Option<Time>,
    /// How long some feed or series that the rule needs was silent for longer than its beat: nobody could see then.
    pub blind: Span,
    /// The lowest and the highest reading of each [`SHAPE_STEP`] of the rule's first series.
    pub shape: Vec<(Time, f64, f64)>,
    /// Entries that it went over.
    pub entries: u64,
}

impl Backtest {
    /// How many days of 24 h it went over; none where all that is stored was before the stretch.
    pub fn days(&self) -> f64 {
        self.from.zip(self.to).map_or(0.0, |(from, to)| to.since(from).as_h().max(0.0) / 24.0)
    }

    /// Alerts a day, over all of it.
    pub fn rings_a_day(&self) -> f64 {
        let days = self.days();
        if days > 0.0 { self.rings.len() as f64 / days } else { 0.0 }
    }

    /// Calls by night, by the city's clock.
    pub fn nights(&self, zone: &TimeZone) -> Nights {
        pages::nights(self.rings.iter().flat_map(|ring| &ring.pages), zone)
    }

    /// The share of the time that some input was silent, 0 to 1.
    pub fn blind_share(&self) -> f64 {
        let days = self.days();
        if days > 0.0 { self.blind.as_h() / 24.0 / days } else { 0.0 }
    }
}

/// A rule that is being tried.
#[derive(Debug)]
pub struct Trial {
    rule: RuleId,
    context: Context,
    state: State,
    sight: Sight,
    /// What is before it only warms up.
    from: Option<Time>,
    first: Option<Time>,
    last: Option<Time>,
    changes: Vec<AlertChange>,
    notifications: Vec<Notification>,
    shown: Option<DatastreamId>,
    shape: BTreeMap<Time, (f64, f64)>,
    entries: u64,
}

impl Trial {
    /// A trial of one rule among those of `parts`; changes before `from` do not count. `None` when it is not there.
    pub fn new(mut parts: Parts, rule: &RuleId, from: Option<Time>) -> Option<Self> {
        let gaps = feed_gaps(&parts.rules);
        parts.rules = with_those_asked(parts.rules, rule);
        let tried = parts.rules.iter().find(|known| known.id == *rule)?;
        let sight = Sight::of(tried, &parts.datastreams, &parts.contracts);
        let shown = first_series(&tried.kind);
        let mut context = Context::new(parts);
        for (feed, noticed) in gaps {
            if let Some(gap) = context.feed_gaps.get_mut(&feed) {
                *gap = noticed.min(*gap);
            }
        }
        Some(Self {
            rule: rule.clone(),
            context,
            state: State::default(),
            sight,
            from,
            first: None,
            last: None,
            changes: Vec::new(),
            notifications: Vec::new(),
            shown,
            shape: BTreeMap::new(),
            entries: 0,
        })
    }

    /// A timetable came into force: to be said before the entry that says so.
    pub fn set_timetable(&mut self, feed: FeedId, timetable: Arc<Timetable>) {
        self.context.set_timetable(feed, timetable);
    }

    /// The next entry of the journal.
    pub fn entry(&mut self, entry: &Entry) {
        let done = run_with_calls(&mut self.state, &self.context, [entry], None);
        self.keep(done);
        self.entries += 1;
        self.first.get_or_insert(entry.received);
        self.last = self.last.max(Some(entry.received));
        self.sight.hear(entry);
        if let (Record::Observations(rows), Some(shown)) = (&entry.record, self.shown) {
            for row in rows.iter().filter(|row| row.datastream == shown) {
                if self.from.is_none_or(|from| row.phenomenon_time >= from) {
                    let (low, high) =
                        self.shape.entry(row.phenomenon_time.floor(SHAPE_STEP)).or_insert((row.result, row.result));
                    (*low, *high) = (low.min(row.result), high.max(row.result));
                }
            }
        }
    }

    /// What a role did before the first entry: silences and covers that may still be in force.
    pub fn role_did(&mut self, action: &DeskAction, at: Time) {
        // Nobody is called then: there are no alerts yet.
        let _none = notify::step(&mut self.state.notify, &self.context.calls(), &notify::Event::Action(action), at);
    }

    /// Whether it hangs on where things are: then [`Self::things_were`] tells what was heard of that before.
    pub fn asks_where_things_are(&self) -> bool {
        self.context.rules.iter().any(|rule| fence::asks(&rule.kind))
    }

    /// What was told of things before the first entry, in its order.
    pub fn things_were(&mut self, changes: &[EntityChange]) {
        fence::remember(&mut self.state, changes);
    }

    fn keep(&mut self, done: Done) {
        self.changes.extend(done.changes.into_iter().filter(|change| change.alert.key.rule == self.rule));
        self.notifications.extend(done.notifications);
    }

    /// The ticks up to `until`, and what came of it all.
    pub fn finish(mut self, until: Option<Time>) -> Backtest {
        let done = run_with_calls(&mut self.state, &self.context, [], until);
        self.keep(done);
        let from = self.first.map(|first| self.from.map_or(first, |from| from.max(first)));
        let to = self.last.max(until.filter(|_| self.first.is_some()));
        let mut rings = rings(&self.changes);
        let mut pages = pages::by_alert(&self.notifications);
        for ring in &mut rings {
            ring.pages = pages.remove(&ring.alert).into_iter().flatten().collect();
        }
        if let Some(from) = from {
            rings.retain(|ring| ring.opened >= from);
            self.changes.retain(|change| change.at >= from);
        }
        let blind = from.zip(to).map_or(Span::default(), |(from, to)| self.sight.blind(from, to));
        let shape = self.shape.into_iter().map(|(at, (low, high))| (at, low, high)).collect();
        let Self { changes, entries, .. } = self;
        Backtest { rings, changes, readings: Vec::new(), from, to, blind, shape, entries }
    }
}

/// Silences of feeds that some rule of the city notices before their beat: since when a feed has been speaking is
/// counted from those, for all rules.
fn feed_gaps(rules: &[Rule]) -> Vec<(FeedId, Span)> {
    let noticed = rules.iter().flat_map(|rule| absence::voices(0, rule)).filter_map(|voice| match voice.voice {
        Voice::Feed(feed) => Some((feed, voice.after?)),
        Voice::Thing(_) | Voice::Datastream(_) => None,
    });
    noticed.collect()
}

/// The rule, and the rules whose alerts it looks at, and those that they look at.
fn with_those_asked(rules: Vec<Rule>, rule: &RuleId) -> Vec<Rule> {
    let mut wanted = BTreeSet::new();
    let mut waiting = vec![rule.clone()];
    while let Some(id) = waiting.pop() {
        if let Some(Kind::Combined(combined)) = rules.iter().find(|rule| rule.id == id).map(|rule| &rule.kind) {
            waiting.extend(combined.conditions.iter().filter_map(|condition| match &condition.looks {
                Looks::Alert(of) if !wanted.contains(of) => Some(of.clone()),
                _ => None,
            }));
        }
        wanted.insert(id);
    }
    rules.into_iter().filter(|rule| wanted.contains(&rule.id)).collect()
}

/// The series that a picture of the rule shows.
fn first_series(kind: &Kind) -> Option<DatastreamId> {
    let of_condition = |looks: &Looks| match looks {
        Looks::At(kind) => first_series(kind),
        Looks::Alert(_) => None,
    };
    match kind {
        Kind::Combined(combined) => combined.conditions.iter().find_map(|condition| of_condition(&condition.looks)),
        kind => kind.datastreams().first().copied(),
    }
}

/// How long a detector of the unusual listens before the days that count.
const ANOMALY_LEARNS: Span = Span::h(24 * 28);

/// How long before the first day that counts a rule has to listen, so that its windows are full by then.
pub fn warm_up(rule: &Rule) -> Span {
    Span::ms(LISTENS_BEFORE.as_ms() + memory_ms(&rule.kind))
}

fn memory_ms(kind: &Kind) -> i64 {
    let timers = |open: Span, close: Span| open.max(close).as_ms();
    match kind {
        Kind::Figure(on) => {
            let window = match on.figure {
                Figure::Window { window, .. } | Figure::Tumbling { window, .. } | Figure::Trend { window } => window,
                Figure::Deviation { against: Against::Weeks(weeks), .. } => Span::h(24 * 7 * i64::from(weeks)),
                // What is usual, a detector has learned by then; its whole memory is not wanted.
                Figure::Anomaly(_) => ANOMALY_LEARNS,
                Figure::Last | Figure::Deviation { against: Against::Forecast(_), .. } => Span::default(),
            };
            window.as_ms() + timers(on.open_for, on.close_for)
        }
        Kind::Rise(rise) => rise.trend_window.as_ms() + timers(rise.open_for, rise.close_for),
        Kind::Absence(absence) => absence.after.unwrap_or_default().as_ms() + absence.close_for.as_ms(),
        Kind::Warning(warning) => warning.before.as_ms(),
        Kind::Trip(trip) => timers(trip.open_for, trip.close_for),
        Kind::Zone(zone) => zone.stay.as_ms() + timers(zone.open_for, zone.close_for),
        Kind::Fence(fence) => timers(fence.open_for, fence.close_for),
        Kind::Headway(headway) => timers(headway.open_for, headway.close_for),
        // The hour in which the window begins counts whole.
        Kind::Requests(on) => on.window.as_ms() + REQUEST_HOUR.as_ms() + timers(on.open_for, on.close_for),
        Kind::Combined(combined) => {
            let of = |condition: &Condition| match &condition.looks {
                Looks::At(kind) => memory_ms(kind) + condition.remembered.as_ms(),
                Looks::Alert(_) => condition.remembered.as_ms(),
            };
            let longest = combined.conditions.iter().map(of).max().unwrap_or_default();
            longest + timers(combined.open_for, combined.close_for)
        }
    }
}

/// Runs a threshold or rise rule over recorded readings, each received at its own time. Readings out of order or of
/// a time that was there before are left out, as the store would. Rules of other kinds ring nothing.
pub fn backtest(rule: &Rule, series: &Series<'_>, readings: impl IntoIterator<Item = (Time, f64)>) -> Backtest {
    let Some(rule) = on_series(rule, series.datastream.id) else { return Backtest::default() };
    let id = rule.id.clone();
    let parts = Parts {
        rules: vec![rule],
        things: vec![series.thing.clone()],
        datastreams: vec![series.datastream.clone()],
        properties: vec![series.property.clone()],
        contracts: vec![series.contract.clone()],
        places: Vec::new(),
        timetables: BTreeMap::new(),
        timezone: series.timezone.clone(),
        workers: 1,
        links: Vec::new(),
        on_call: None,
    };
    let Some(mut trial) = Trial::new(parts, &id, None) else { return Backtest::default() };
    let mut taken: Vec<(Time, f64)> = Vec::new();
    for (at, result) in readings {
        if taken.last().is_some_and(|(before, _)| at <= *before) {
            continue;
        }
        taken.push((at, result));
        let observation = Observation { datastream: series.datastream.id, phenomenon_time: at, result };
        let record = Record::Observations([observation].into_iter().collect());
        trial.entry(&Entry { feed: series.contract.feed.clone(), received: at, record });
    }
    Backtest { readings: taken, ..trial.finish(None) }
}

/// The rule with this series in the place of its own; `None` for a kind that is not about one series.
pub fn on_series(rule: &Rule, datastream: DatastreamId) -> Option<Rule> {
    let mut rule = rule.clone();
    match &mut rule.kind {
        Kind::Figure(kind) => kind.datastreams = vec![datastream],
        Kind::Rise(kind) => kind.datastreams = vec![datastream],
        _ => return None,
    }
    Some(rule)
}

/// The alerts among the changes, in the order of opening.
pub fn rings(changes: &[AlertChange]) -> Vec<Ring> {
    let mut rings: Vec<Ring> = Vec::new();
    let mut places: BTreeMap<AlertId, usize> = BTreeMap::new();
    for change in changes {
        let alert = &change.alert;
        if change.kind == AlertChangeKind::Opened {
            places.insert(alert.id.clone(), rings.len());
            rings.push(Ring {
                alert: alert.id.clone(),
                subject: alert.key.subject.clone(),
                opened: change.at,
                severity: alert.severity,
                worst: alert.severity,
                title: alert.title.clone(),
                saw: alert.detail.clone(),
                expected: alert.expected,
                resolved: None,
                closed_saw: None,
                flapping: alert.flapping,
                pages: Vec::new(),
            });
            continue;
        }
        let Some(ring) = places.get(&alert.id).and_then(|place| rings.get_mut(*place)) else { continue };
        ring.expected = ring.expected.or(alert.expected);
        ring.worst = ring.worst.max(alert.severity);
        ring.resolved = alert.resolved;
        ring.flapping |= alert.flapping;
        if change.kind == AlertChangeKind::Resolved {
            ring.closed_saw = Some(format!("{}: {}", alert.title, alert.detail));
        }
    }
    rings
}

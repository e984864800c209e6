//! How healthy the alarms are: whether people can answer what rings, and which rules to mend first.
//!
//! The figures and their bars are those of ISA-18.2, IEC 62682 and EEMUA 191 as secondary sources give them: per
//! operator position about 6 alarms an hour are acceptable and 12 the most that can be managed; a flood is more than 10
//! in 10 min, and there shall be one for less than 1 % of the time; chattering (3 repeats in a minute) and stale (24 h
//! standing) alarms shall be none; of all alarms about 80 % low, 15 % high and 5 % emergency.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use city::alert::AlertChangeKind;
use city::{AlertChange, AlertId, RuleId, Severity, Span, Time};
use serde::{Deserialize, Serialize};

/// Alarms an hour that one position can answer well.
pub const HOURLY_ACCEPTABLE: f64 = 6.0;
/// Alarms an hour that one position can just manage.
pub const HOURLY_MANAGEABLE: f64 = 12.0;
/// More alarms than this within [`FLOOD_WINDOW`] are a flood.
pub const FLOOD_ABOVE: usize = 10;
/// See [`FLOOD_ABOVE`].
pub const FLOOD_WINDOW: Span = Span::min(10);
/// The share of time that may be flood.
pub const FLOOD_SHARE_MAX: f64 = 0.01;
/// So many openings of one rule on one subject within [`CHATTER_WINDOW`] are chatter.
pub const CHATTER_REPEATS: usize = 3;
/// See [`CHATTER_REPEATS`].
pub const CHATTER_WINDOW: Span = Span::min(1);
/// An alert that stands for longer is stale.
pub const STALE_AFTER: Span = Span::h(24);
/// The shares of low, high and emergency alarms that tell people what is urgent.
pub const MIX: [f64; 3] = [0.80, 0.15, 0.05];
/// How many of the worst rules are listed.
pub const WORST_MAX: usize = 10;

/// What is counted of a span of changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// From when, inclusive.
    pub from: Time,
    /// Until when, exclusive.
    pub until: Time,
    /// Per operator position: the role that owns the alerts. By name.
    pub positions: Vec<Position>,
    /// The rules that rang most, worst first; at most [`WORST_MAX`].
    pub worst: Vec<RuleHealth>,
}

/// The load of one operator position. Hidden and silenced alerts call nobody, and do not count as its load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The role.
    pub role: String,
    /// Alerts that opened.
    pub opened: u64,
    /// Alerts an hour, over the whole span.
    pub hourly: Figure,
    /// Alerts in the worst clock hour of UTC.
    pub hourly_max: Figure,
    /// Alerts in each clock hour of UTC, by its beginning; hours without one are left out.
    pub by_hour: Vec<(Time, u64)>,
    /// Floods: times at which more than ten had opened within 10 min.
    pub floods: u64,
    /// The share of the time that was flood, from 0 to 1.
    pub flood_share: Figure,
    /// Rule and subject that opened three times or more within a minute.
    pub chattering: Figure,
    /// Alerts that stood for more than 24 h.
    pub stale: Figure,
    /// Alerts that resolved and were never acknowledged.
    pub never_acted_on: u64,
    /// Alerts that resolved.
    pub resolved: u64,
    /// The shares of low (moderate and below), high (severe) and emergency (extreme), from 0 to 1 each.
    pub mix: [f64; 3],
}

/// A figure with its bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was counted.
    pub value: f64,
    /// At most this is right.
    pub bar: f64,
}

impl Figure {
    /// Whether it keeps its bar.
    pub fn is_right(self) -> bool {
        self.value <= self.bar
    }
}

/// How one rule did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleHealth {
    /// The rule.
    pub rule: RuleId,
    /// Alerts that it opened.
    pub opened: u64,
    /// Its share of all, from 0 to 1.
    pub share: f64,
    /// Of those that resolved, how many nobody had acknowledged.
    pub never_acted_on: u64,
    /// Its subjects that chattered.
    pub chattering: u64,
    /// Its alerts that stood for more than 24 h.
    pub stale: u64,
}

/// What is known of one alert.
struct Life<'a> {
    rule: &'a RuleId,
    subject: &'a str,
    owner: &'a str,
    severity: Severity,
    opened: Time,
    acknowledged: bool,
    /// It was hidden or silenced when it opened, or before anybody could be called.
    called_nobody: bool,
    resolved: Option<Time>,
}

/// Counts the changes of a span, oldest first. An alert that opened before `from` counts as standing, not as opened,
/// where a change of it is given: one from before `from` will do.
/// Memory grows with the alerts in `changes` and nothing else.
pub fn health<'a>(changes: impl IntoIterator<Item = &'a AlertChange>, from: Time, until: Time) -> Health {
    let lives = lives(changes, from, until);
    let chatter = chattering(&lives, from);
    let mut by_role: BTreeMap<&str, Vec<&Life<'a>>> = BTreeMap::new();
    for life in lives.values() {
        by_role.entry(life.owner).or_default().push(life);
    }
    let positions = by_role.into_iter().map(|(role, lives)| position(role, &lives, &chatter, from, until)).collect();
    Health { from, until, positions, worst: worst(&lives, &chatter, from, until) }
}

fn lives<'a>(
    changes: impl IntoIterator<Item = &'a AlertChange>,
    from: Time,
    until: Time,
) -> BTreeMap<&'a AlertId, Life<'a>> {
    let mut lives: BTreeMap<&AlertId, Life<'_>> = BTreeMap::new();
    for change in changes {
        if change.at >= until {
            continue;
        }
        let alert = &change.alert;
        let life = lives.entry(&alert.id).or_insert_with(|| Life {
            rule: &alert.key.rule,
            subject: &alert.key.subject,
            owner: &alert.owner,
            severity: alert.severity,
            opened: alert.opened,
            acknowledged: alert.acknowledged.is_some(),
            called_nobody: false,
            resolved: None,
        });
        life.severity = life.severity.max(alert.severity);
        let at_once = change.at.since(life.opened) <= FLOOD_WINDOW;
        match change.kind {
            AlertChangeKind::Acknowledged => life.acknowledged = true,
            AlertChangeKind::Resolved => life.resolved = Some(change.at),
            AlertChangeKind::Hidden | AlertChangeKind::Silenced if at_once => life.called_nobody = true,
            AlertChangeKind::Surfaced | AlertChangeKind::Unsilenced => life.called_nobody = false,
            _ => {}
        }
    }
    lives.retain(|_, life| life.resolved.is_none_or(|resolved| resolved >= from));
    lives
}

/// Rule and subject that opened again and again within a minute.
fn chattering<'a>(lives: &BTreeMap<&AlertId, Life<'a>>, from: Time) -> BTreeSet<(&'a RuleId, &'a str)> {
    let mut openings: BTreeMap<(&RuleId, &str), Vec<Time>> = BTreeMap::new();
    for life in lives.values().filter(|life| life.opened >= from) {
        openings.entry((life.rule, life.subject)).or_default().push(life.opened);
    }
    openings.retain(|_, times| {
        times.sort_unstable();
        times
            .windows(CHATTER_REPEATS)
            .any(|run| run.first().zip(run.last()).is_some_and(|(first, last)| last.since(*first) <= CHATTER_WINDOW))
    });
    openings.into_keys().collect()
}

fn position(role: &str, lives: &[&Life<'_>], chatter: &BTreeSet<(&RuleId, &str)>, from: Time, until: Time) -> Position {
    let calling = lives.iter().filter(|life| life.opened >= from && !life.called_nobody);
    let mut times: Vec<Time> = calling.clone().map(|life| life.opened).collect();
    times.sort_unstable();
    let hours = until.since(from).as_h();
    let (floods, in_flood) = floods(&times, until);
    let resolved = lives.iter().filter(|life| life.resolved.is_some());
    let chattering: BTreeSet<_> =
        lives.iter().map(|life| (life.rule, life.subject)).filter(|key| chatter.contains(key)).collect();
    let opened = times.len();
    let by_hour = by_hour(&times);
    let worst = by_hour.values().max().copied().unwrap_or_default();
    let share = |which: fn(Severity) -> bool| {
        let count = calling.clone().filter(|life| which(life.severity)).count();
        if opened == 0 { 0.0 } else { count as f64 / opened as f64 }
    };
    Position {
        role: role.to_owned(),
        opened: opened as u64,
        hourly: Figure { value: if hours > 0.0 { opened as f64 / hours } else { 0.0 }, bar: HOURLY_ACCEPTABLE },
        hourly_max: Figure { value: worst as f64, bar: HOURLY_MANAGEABLE },
        by_hour: by_hour.into_iter().collect(),
        floods,
        flood_share: Figure { value: if hours > 0.0 { in_flood.as_h() / hours } else { 0.0 }, bar: FLOOD_SHARE_MAX },
        chattering: Figure { value: chattering.len() as f64, bar: 0.0 },
        stale: Figure { value: lives.iter().filter(|life| is_stale(life, until)).count() as f64, bar: 0.0 },
        never_acted_on: resolved.clone().filter(|life| !life.acknowledged).count() as u64,
        resolved: resolved.count() as u64,
        mix: [
            share(|severity| severity <= Severity::Moderate),
            share(|severity| severity == Severity::Severe),
            share(|severity| severity == Severity::Extreme),
        ],
    }
}

fn is_stale(life: &Life<'_>, until: Time) -> bool {
    life.resolved.unwrap_or(until).since(life.opened) > STALE_AFTER
}

fn by_hour(times: &[Time]) -> BTreeMap<Time, u64> {
    let mut hours: BTreeMap<Time, u64> = BTreeMap::new();
    for time in times {
        *hours.entry(time.floor(Span::h(1))).or_default() += 1;
    }
    hours
}

/// How many floods there were, and how long they lasted together. At an instant it is flood when more than ten alerts
/// opened in the 10 min before it.
fn floods(times: &[Time], until: Time) -> (u64, Span) {
    let mut recent: VecDeque<Time> = VecDeque::new();
    let mut count = 0;
    let mut lasted_ms = 0;
    // Until when it is flood, as far as is known: until the oldest of the eleven newest is 10 min old.
    let mut flood_until: Option<Time> = None;
    for time in times {
        recent.push_back(*time);
        if recent.len() > FLOOD_ABOVE + 1 {
            recent.pop_front();
        }
        let Some(oldest) = recent.front().filter(|_| recent.len() > FLOOD_ABOVE) else { continue };
        let end = *oldest + FLOOD_WINDOW;
        if *time >= end {
            continue;
        }
        let end = end.min(until);
        match flood_until {
            Some(before) if *time <= before => lasted_ms += end.since(before).as_ms(),
            _ => {
                count += 1;
                lasted_ms += end.since(*time).as_ms();
            }
        }
        flood_until = Some(end);
    }
    (count, Span::ms(lasted_ms))
}

fn worst(
    lives: &BTreeMap<&AlertId, Life<'_>>,
    chatter: &BTreeSet<(&RuleId, &str)>,
    from: Time,
    until: Time,
) -> Vec<RuleHealth> {
    let mut rules: BTreeMap<&RuleId, RuleHealth> = BTreeMap::new();
    let mut all: u64 = 0;
    for life in lives.values() {
        let rule = rules.entry(life.rule).or_insert_with(|| RuleHealth {
            rule: life.rule.clone(),
            opened: 0,
            share: 0.0,
            never_acted_on: 0,
            chattering: 0,
            stale: 0,
        });
        if life.opened >= from {
            rule.opened += 1;
            all += 1;
        }
        rule.never_acted_on += u64::from(life.resolved.is_some() && !life.acknowledged);
        rule.stale += u64::from(is_stale(life, until));
    }
    for (rule, _) in chatter {
        if let Some(health) = rules.get_mut(rule) {
            health.chattering += 1;
        }
    }
    let mut worst: Vec<RuleHealth> = rules.into_values().collect();
    for rule in &mut worst {
        rule.share = if all == 0 { 0.0 } else { rule.opened as f64 / all as f64 };
    }
    worst.sort_by(|a, b| b.opened.cmp(&a.opened).then_with(|| b.stale.cmp(&a.stale)).then_with(|| a.rule.cmp(&b.rule)));
    worst.truncate(WORST_MAX);
    worst
}

//! A rule on the past: recorded readings through the same engine as live ones.

use std::collections::BTreeMap;

use city::alert::AlertChangeKind;
use city::record::Entry;
use city::{AlertChange, Contract, Datastream, Observation, ObservedProperty, Record, Thing, Time};
use jiff::tz::TimeZone;

use crate::context::{Context, Parts};
use crate::engine::run;
use crate::rule::{Kind, Rule};
use crate::state::State;

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
    /// When it opened.
    pub opened: Time,
    /// The first words.
    pub title: String,
    /// When it first said that the condition was expected to come true.
    pub expected: Option<Time>,
    /// When it was resolved.
    pub resolved: Option<Time>,
}

/// What a rule did on recorded readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backtest {
    /// Every alert, in the order of opening.
    pub rings: Vec<Ring>,
    /// Every change of every alert.
    pub changes: Vec<AlertChange>,
    /// The readings, each time once, in order.
    pub readings: Vec<(Time, f64)>,
}

/// Runs a threshold or rise rule over recorded readings, each received at its own time. Readings out of order or of
/// a time that was there before are left out, as the store would. Rules of other kinds ring nothing.
pub fn backtest(rule: &Rule, series: &Series<'_>, readings: impl IntoIterator<Item = (Time, f64)>) -> Backtest {
    let mut rule = rule.clone();
    match &mut rule.kind {
        Kind::Figure(kind) => kind.datastreams = vec![series.datastream.id],
        Kind::Rise(kind) => kind.datastreams = vec![series.datastream.id],
        _ => return Backtest::default(),
    }
    let context = Context::new(Parts {
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
    });
    let mut state = State::default();
    let mut done = Backtest::default();
    for (at, result) in readings {
        if done.readings.last().is_some_and(|(before, _)| at <= *before) {
            continue;
        }
        done.readings.push((at, result));
        let observation = Observation { datastream: series.datastream.id, phenomenon_time: at, result };
        let entry = Entry {
            feed: series.contract.feed.clone(),
            received: at,
            record: Record::Observations([observation].into_iter().collect()),
        };
        done.changes.append(&mut run(&mut state, &context, [&entry], None));
    }
    done.rings = rings(&done.changes);
    done
}

/// The alerts among the changes, in the order of opening.
pub fn rings(changes: &[AlertChange]) -> Vec<Ring> {
    let mut rings: Vec<(city::AlertId, Ring)> = Vec::new();
    for change in changes {
        let alert = &change.alert;
        if change.kind == AlertChangeKind::Opened {
            let title = alert.title.clone();
            rings.push((alert.id.clone(), Ring { opened: change.at, title, expected: alert.expected, resolved: None }));
            continue;
        }
        if let Some((_, ring)) = rings.iter_mut().rev().find(|(id, _)| *id == alert.id) {
            ring.expected = ring.expected.or(alert.expected);
            ring.resolved = alert.resolved;
        }
    }
    rings.into_iter().map(|(_, ring)| ring).collect()
}

//! What holds for every sequence of changes, actions and ticks.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use std::collections::{BTreeMap, BTreeSet};

use bell::{Desk, ON_CALL};
use city::alert::AlertChangeKind;
use city::{
    AlertId, AlertState, DeskActionKind, Link, Node, NotificationReason, Repeat, RuleId, Severity, Silence, SilenceId,
    SilenceScope, Span, ThingId, Time,
};
use proptest::prelude::*;
use watch::notify::{Event, Graph};

#[derive(Clone, Debug)]
enum Deed {
    Open {
        rule: u8,
        thing: u8,
        severity: Severity,
    },
    Resolve(u8),
    Acknowledge(u8),
    Severity(u8, Severity),
    Assign(u8, bool),
    Snooze(u8, u16),
    Wake(u8),
    Silence {
        rule: u8,
        at_most: Severity,
        lasts_min: u16,
        repeats: bool,
    },
    EndSilence(u8),
    /// Of the calls that went out lately, this one back, and whether it is told twice.
    Unreached(u8, bool),
    Pass(u16),
}

fn severity() -> impl Strategy<Value = Severity> {
    prop_oneof![
        Just(Severity::Unknown),
        Just(Severity::Minor),
        Just(Severity::Moderate),
        Just(Severity::Severe),
        Just(Severity::Extreme)
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..4_u8, 0..8_u8, severity()).prop_map(|(rule, thing, severity)| Deed::Open { rule, thing, severity }),
        3 => any::<u8>().prop_map(Deed::Resolve),
        1 => any::<u8>().prop_map(Deed::Acknowledge),
        3 => (any::<u8>(), severity()).prop_map(|(at, severity)| Deed::Severity(at, severity)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(at, own)| Deed::Assign(at, own)),
        1 => (any::<u8>(), 1..40_u16).prop_map(|(at, min)| Deed::Snooze(at, min)),
        1 => any::<u8>().prop_map(Deed::Wake),
        1 => (0..4_u8, severity(), 2..120_u16, any::<bool>())
            .prop_map(|(rule, at_most, lasts_min, repeats)| Deed::Silence { rule, at_most, lasts_min, repeats }),
        1 => (0..6_u8).prop_map(Deed::EndSilence),
        3 => (0..8_u8, any::<bool>()).prop_map(|(back, twice)| Deed::Unreached(back, twice)),
        5 => (1..900_u16).prop_map(Deed::Pass),
    ]
}

/// Thing 0 is above all; 1 and 2 above three each; 6 and 7 explain one another; 5 is below two.
fn graph() -> Graph {
    let pairs = [(0, 1), (0, 2), (1, 3), (1, 4), (1, 5), (2, 5), (6, 7), (7, 6)];
    let links = pairs.map(|(from, to)| Link {
        from: Node::Thing(ThingId(from)),
        to: Node::Thing(ThingId(to)),
        kind: "powers".to_owned(),
    });
    Graph::new(&links, &[], [])
}

/// Without quiet hours, so that "past its step" is plain to say.
fn desk() -> Desk {
    Desk::new(ON_CALL, graph(), "Europe/Berlin", "2026-03-28T22:00:00Z")
}

fn pick(desk: &Desk, at: u8) -> Option<AlertId> {
    let open = desk.alerts.len();
    desk.alerts.keys().nth(usize::from(at) % open.max(1)).cloned()
}

fn silence(desk: &Desk, count: usize, rule: u8, at_most: Severity, lasts_min: u16, repeats: bool) -> Silence {
    let scope = SilenceScope {
        rules: vec![RuleId::new(&format!("rule-{rule}"))],
        subjects: Vec::new(),
        feeds: Vec::new(),
        severity_at_most: at_most,
    };
    let lasts = Span::min(i64::from(lasts_min));
    Silence {
        id: SilenceId::new(&format!("silence-{count}")),
        reason: "Works".to_owned(),
        scope,
        from: desk.now,
        until: desk.now + if repeats { Span::h(48) } else { lasts },
        repeat: repeats.then_some(Repeat { weekdays: 127, begins_min: 1, lasts_min }),
    }
}

fn carry_out(desk: &mut Desk, deed: &Deed, silences: &mut usize) {
    match deed {
        Deed::Open { rule, thing, severity } => {
            let (rule, subject) = (format!("rule-{rule}"), format!("thing:{thing}"));
            let there =
                desk.alerts.values().any(|alert| alert.key.rule.as_str() == rule && alert.key.subject == subject);
            if !there {
                desk.open(&rule, &subject, *severity);
            }
        }
        Deed::Silence { rule, at_most, lasts_min, repeats } => {
            let silence = silence(desk, *silences, *rule, *at_most, *lasts_min, *repeats);
            *silences += 1;
            desk.act("water_desk", DeskActionKind::Silence(silence));
        }
        Deed::EndSilence(at) => desk.end_silence(&format!("silence-{at}")),
        Deed::Unreached(back, twice) => {
            let call = desk.sent.iter().nth_back(usize::from(*back)).cloned();
            for call in call.iter().cycle().take(if *twice { 2 } else { 1 }) {
                desk.unreached(call);
            }
        }
        Deed::Pass(s) => desk.pass(Span::s(i64::from(*s))),
        Deed::Resolve(at) => on(desk, *at, Desk::resolve),
        Deed::Acknowledge(at) => on(desk, *at, |desk, id| desk.acknowledge(id, "water_desk")),
        Deed::Severity(at, severity) => on(desk, *at, |desk, id| desk.severity(id, *severity)),
        Deed::Assign(at, own) => {
            let by = if *own { "transit_desk" } else { "water_desk" };
            on(desk, *at, |desk, id| desk.assign(id, "transit_desk", by));
        }
        Deed::Snooze(at, min) => on(desk, *at, |desk, id| desk.snooze(id, desk.now + Span::min(i64::from(*min)))),
        Deed::Wake(at) => on(desk, *at, |desk, id| {
            let mut alert = desk.body(id);
            if alert.snoozed_until.take().is_some() {
                desk.change(AlertChangeKind::Woken, alert, Some("water_desk"));
            }
        }),
    }
}

fn on(desk: &mut Desk, at: u8, what: impl Fn(&mut Desk, &AlertId)) {
    if let Some(id) = pick(desk, at) {
        what(desk, &id);
    }
}

/// Whether nothing keeps an alert from calling.
fn is_free(desk: &Desk, id: &AlertId) -> bool {
    desk.alerts.get(id).is_some_and(|alert| {
        alert.state == AlertState::Open
            && alert.cause.is_none()
            && alert.silenced_by.is_none()
            && alert.snoozed_until.is_none()
    })
}

/// After this, and a tick, what is hidden by what is over surfaces.
const ORPHANED_AT_MOST: Span = Span::s(5 * 60 + 20);

/// What the bodies say after every step: as many are hidden as their causes say, causes are open, extreme is never
/// hidden, and who is hidden by what is over surfaces.
fn bodies_hold(desk: &Desk, orphans: &mut BTreeMap<AlertId, Time>) {
    let mut hides: BTreeMap<&AlertId, u32> = BTreeMap::new();
    orphans.retain(|id, _| desk.alerts.contains_key(id));
    for alert in desk.alerts.values() {
        assert!(alert.cause.is_none() || alert.severity != Severity::Extreme, "{} is hidden", alert.id);
        let explained = desk.state.explained_by(&alert.id);
        if let Some(cause) = explained {
            assert_eq!(alert.cause.as_ref(), Some(cause), "{}", alert.id);
            assert!(desk.body(cause).cause.is_none() || desk.state.explained_by(cause).is_none(), "{cause}");
            *hides.entry(cause).or_default() += 1;
        }
        if alert.cause.is_none() || explained.is_some() {
            orphans.remove(&alert.id);
        } else {
            let since = *orphans.entry(alert.id.clone()).or_insert(desk.now);
            assert!(desk.now.since(since) <= ORPHANED_AT_MOST, "{} is hidden by what is over", alert.id);
        }
    }
    for alert in desk.alerts.values() {
        assert_eq!(alert.hides, hides.get(&alert.id).copied().unwrap_or_default(), "{}", alert.id);
    }
}

/// How much was sent and marked before a step, and whether the step was a tick.
#[derive(Clone, Copy)]
struct Before {
    sent: usize,
    marks: usize,
    is_tick: bool,
}

impl Before {
    fn of(desk: &Desk, is_tick: bool) -> Self {
        Self { sent: desk.sent.len(), marks: desk.marks.len(), is_tick }
    }
}

/// A single step's calls are for alerts that may call then.
fn calls_hold(desk: &Desk, before: Before) {
    // A tick does several things, each at its own time: what called may have been hidden or silenced a moment later.
    let later: BTreeSet<&AlertId> = desk.marks.iter().skip(before.marks).map(|mark| &mark.alert).collect();
    for sent in desk.sent.iter().skip(before.sent) {
        let Some(id) = &sent.alert else { continue };
        if sent.reason == NotificationReason::Resolved {
            assert!(desk.over.contains_key(id), "{} is told to be over", sent.key);
            continue;
        }
        let alert = desk.alerts.get(id).unwrap_or_else(|| panic!("{} is for what is over", sent.key));
        let may_be = before.is_tick && later.contains(id);
        assert!(alert.silenced_by.is_none() || may_be, "{} is silenced", sent.key);
        assert!(alert.cause.is_none() || may_be, "{} is hidden", sent.key);
        assert!(alert.snoozed_until.is_none_or(|until| until <= desk.now), "{} is snoozed", sent.key);
        if alert.state == AlertState::Acknowledged {
            let once = [NotificationReason::Worsened, NotificationReason::Assigned, NotificationReason::Woken];
            assert!(once.contains(&sent.reason), "{} is taken", sent.key);
        }
    }
}

/// No two things happen at one instant, and what is due before the next is done.
fn move_on(desk: &mut Desk) {
    desk.now = desk.now + Span::ms(1);
    desk.step(&Event::Tick);
}

/// Steps through the deeds and looks after every one (a pass of time is many steps, looked at every ten seconds).
fn run(deeds: &[Deed], forgetful: bool, mut look: impl FnMut(&mut Desk, Before)) -> Desk {
    let mut desk = desk();
    desk.forgetful = forgetful;
    let mut silences = 0;
    for deed in deeds {
        let steps = match deed {
            Deed::Pass(s) => std::iter::repeat_n(Deed::Pass(10), usize::from(s.div_ceil(10))).collect(),
            other => vec![other.clone()],
        };
        for deed in &steps {
            let before = Before::of(&desk, true);
            move_on(&mut desk);
            look(&mut desk, before);
            let before = Before::of(&desk, matches!(deed, Deed::Pass(_)));
            carry_out(&mut desk, deed, &mut silences);
            look(&mut desk, before);
        }
    }
    desk
}

/// From when it may call, an alert calls within this: the wait for its cause, the window, and a tick for each.
const CALLS_WITHIN: Span = Span::s(60 + 60 + 20);

proptest! {
    #[test]
    fn calls_are_for_what_may_call_and_nothing_is_lost(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut free_since: BTreeMap<AlertId, Time> = BTreeMap::new();
        let mut orphans = BTreeMap::new();
        let desk = run(&deeds, false, |desk, before| {
            calls_hold(desk, before);
            bodies_hold(desk, &mut orphans);
            free_since.retain(|id, _| is_free(desk, id));
            for id in desk.alerts.keys().filter(|id| is_free(desk, id)) {
                let since = *free_since.entry(id.clone()).or_insert(desk.now);
                let told = desk.state.told(id).next().is_some();
                assert!(told || desk.now.since(since) <= CALLS_WITHIN, "{id} is lost");
                // Nobody took it: somebody is called or reminded at least every half hour.
                let next = desk.state.next_call(id).map(|next| next.since(desk.now));
                assert!(next.is_some_and(|next| next <= Span::min(30)) || !told, "{id} is forgotten: {next:?}");
            }
        });
        let keys: BTreeSet<&str> = desk.sent.iter().map(|sent| sent.key.as_str()).collect();
        prop_assert_eq!(keys.len(), desk.sent.len(), "keys are unique");
    }

    #[test]
    fn a_snapshot_anywhere_changes_nothing(deeds in prop::collection::vec(deed(), 1..40)) {
        let plain = run(&deeds, false, |_, _| {});
        let forgetful = run(&deeds, true, |_, _| {});
        prop_assert_eq!(&plain.sent, &forgetful.sent);
        prop_assert_eq!(&plain.marks, &forgetful.marks);
        prop_assert_eq!(&plain.state, &forgetful.state);
    }

    #[test]
    fn ticks_that_wait_for_the_wake_bring_the_same(deeds in prop::collection::vec(deed(), 1..40)) {
        let ticked = run(&deeds, false, |_, _| {});
        let mut desk = desk();
        let mut silences = 0;
        for deed in &deeds {
            let Deed::Pass(s) = deed else {
                move_on(&mut desk);
                carry_out(&mut desk, deed, &mut silences);
                continue;
            };
            let end = (0..s.div_ceil(10)).fold(desk.now, |now, _| now + Span::ms(10_001));
            // The instant of the grid at or after the wake, as the engine does it.
            while let Some(wake) = desk.wake().filter(|wake| *wake <= end) {
                let floor = wake.floor(Span::s(10));
                let tick = if floor == wake { wake } else { floor + Span::s(10) };
                if tick > end {
                    break;
                }
                desk.now = tick.max(desk.now);
                desk.step(&Event::Tick);
            }
            desk.now = end;
        }
        prop_assert_eq!(&ticked.sent, &desk.sent);
        prop_assert_eq!(&ticked.marks, &desk.marks);
        prop_assert_eq!(&ticked.state, &desk.state);
    }

    #[test]
    fn when_all_is_over_nothing_is_left(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut desk = run(&deeds, false, |_, _| {});
        desk.step(&Event::Tick);
        let told: BTreeSet<AlertId> =
            desk.alerts.keys().filter(|id| desk.state.told(id).next().is_some()).cloned().collect();
        desk.sent.clear();
        let open: Vec<AlertId> = desk.alerts.keys().cloned().collect();
        for id in &open {
            desk.resolve(id);
        }
        desk.pass(Span::min(3));
        prop_assert_eq!(desk.state.open_count(), 0);
        let ends: u32 = desk
            .sent
            .iter()
            .filter(|sent| sent.reason == NotificationReason::Resolved)
            .map(|sent| 1 + sent.title.rsplit_once(", and ").map_or(0, |(_, more)| more.trim_end_matches(" more").parse::<u32>().expect("a number")))
            .sum();
        prop_assert!(u32::try_from(told.len()).expect("few") <= ends, "{} were told, {} ends", told.len(), ends);
        for sent in desk.sent.iter().filter(|sent| sent.reason == NotificationReason::Resolved) {
            let id = sent.alert.as_ref().expect("an alert");
            prop_assert!(told.contains(id) || !open.contains(id), "{} was never told of", id);
        }
    }
}

//! One step: what became due, and what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use city::{
    Alert, AlertChange, AlertState, Cover, CoverId, DeskAction, DeskActionKind, NotificationReason, Severity, Time,
    alert::AlertChangeKind,
};

use crate::notify::config::known;
use crate::notify::roster::{self, COVERS_MAX};
use crate::notify::state::{CALLS_MAX, Call, Due, EXTREME_CALLS_MAX, Standing, State};
use crate::notify::{Context, Effects, Mark, MarkKind};

pub(crate) struct Work<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) context: &'a Context<'a>,
    /// The instant of what is being done: of the event, or of what became due before it.
    pub(crate) now: Time,
    /// The instant of the step.
    pub(crate) until: Time,
    pub(crate) effects: Effects,
    /// Calls whose number of children moved.
    pub(crate) regrouped: BTreeSet<u64>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(state: &'a mut State, context: &'a Context<'a>, now: Time) -> Self {
        Self { state, context, now, until: now, effects: Effects::default(), regrouped: BTreeSet::new() }
    }

    /// Does what is due, each thing at its own time, until nothing is.
    pub(crate) fn catch_up(&mut self) {
        while let Some((at, due)) = self.state.agenda.first().filter(|(at, _)| *at <= self.until).cloned() {
            self.state.agenda.pop_first();
            self.now = at;
            match due {
                Due::Cover(id) => drop(self.state.covers.remove(&id)),
                Due::Silence(id) => self.turn_silence(&id, at),
                Due::Wake(number) => self.wake(number, at),
                Due::Surface(number) => self.surface(number, at),
                Due::Call(number) => self.ring(number, at),
                Due::Gate(key) => self.open_gate(&key, at),
            }
        }
    }

    /// The effects, with how many each alert hides now.
    pub(crate) fn finish(mut self) -> Effects {
        for number in std::mem::take(&mut self.regrouped) {
            if let Some(call) = self.state.calls.get(&number) {
                let hides = u32::try_from(call.children.len()).unwrap_or(u32::MAX);
                self.mark(number, MarkKind::Hides(hides));
            }
        }
        self.effects
    }

    pub(crate) fn mark(&mut self, number: u64, what: MarkKind) {
        if let Some(call) = self.state.calls.get(&number) {
            self.effects.marks.push(Mark { alert: call.alert.id.clone(), what });
        }
    }

    pub(crate) fn change(&mut self, change: &AlertChange) {
        use AlertChangeKind as Kind;
        let number = self.state.numbers.get(&change.alert.id).copied();
        match (change.kind, number) {
            // These come of our own marks.
            (
                Kind::Hidden
                | Kind::Surfaced
                | Kind::Regrouped
                | Kind::Silenced
                | Kind::Unsilenced
                | Kind::Escalated
                | Kind::Unreached,
                _,
            ) => {}
            (Kind::Woken, _) if change.by.is_none() => {}
            (Kind::Resolved, Some(number)) => self.resolve(number, &change.alert),
            (kind, None) if change.alert.state != AlertState::Resolved => {
                self.open(&change.alert, kind == Kind::Opened);
            }
            (_, None) => {}
            (kind, Some(number)) => {
                self.update(number, &change.alert);
                match kind {
                    Kind::Acknowledged => self.hush(number),
                    Kind::Assigned => self.assign(number, change),
                    Kind::Woken => self.begin(number, NotificationReason::Woken, self.now),
                    _ => {}
                }
            }
        }
    }

    /// An alert that is new; or one that was open before anything was remembered of it.
    fn open(&mut self, alert: &Arc<Alert>, is_new: bool) {
        let extreme = alert.severity == Severity::Extreme;
        if self.state.calls.len() >= if extreme { EXTREME_CALLS_MAX } else { CALLS_MAX } {
            if is_new {
                self.count_beyond(alert);
            }
            return;
        }
        let number = self.state.next;
        self.state.next += 1;
        let spots = self.context.graph.spots(alert);
        for spot in &spots {
            self.state.at.entry(spot.clone()).or_default().insert(number);
        }
        let call = Call {
            alert: Arc::clone(alert),
            spots,
            standing: Standing::Own,
            children: BTreeSet::new(),
            silenced: None,
            missed: false,
            snoozed: None,
            due: None,
            reason: None,
            by_night: false,
            rung: self.now,
            step: 0,
            last: self.now,
            sent: 0,
            told: BTreeMap::new(),
            held: BTreeSet::new(),
            asked: BTreeMap::new(),
        };
        self.state.calls.insert(number, call);
        self.state.numbers.insert(alert.id.clone(), number);
        self.state.set_snoozed(number, alert.snoozed_until.filter(|until| *until > self.now));
        if alert.state == AlertState::Open {
            let wait = self.context.on_call.calls().group_wait;
            self.begin(number, NotificationReason::Opened, if extreme { self.now } else { self.now + wait });
        }
        self.settle_silence(number, self.now);
        self.settle_cause(number);
    }

    /// The body of an alert moved.
    fn update(&mut self, number: u64, alert: &Arc<Alert>) {
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        let before = std::mem::replace(&mut call.alert, Arc::clone(alert));
        if alert.snoozed_until != before.snoozed_until {
            let snoozed = alert.snoozed_until.filter(|until| *until > self.now);
            self.state.set_snoozed(number, snoozed);
            if snoozed.is_some() {
                self.hush(number);
            }
        }
        if before.severity != alert.severity {
            let worse = known(alert.severity) > known(before.severity);
            if worse {
                self.worsen(number);
            }
            self.settle_silence(number, self.now);
            self.settle_cause(number);
            if worse {
                self.adopt(number);
            } else {
                self.release_lesser(number);
            }
        }
    }

    /// It is worse than before: whoever took it, or asked not to be reminded of it, did so when it was better.
    fn worsen(&mut self, number: u64) {
        let Some(call) = self.state.calls.get(&number) else { return };
        let extreme = call.alert.severity == Severity::Extreme;
        let untold = call.reason.is_some() && call.told.is_empty() && call.alert.state == AlertState::Open;
        let orphaned = matches!(call.standing, Standing::Orphaned(_));
        if call.snoozed.is_some() {
            self.state.set_snoozed(number, None);
            self.mark(number, MarkKind::Woken);
        }
        if orphaned {
            self.surface(number, self.now);
            return;
        }
        match self.state.calls.get(&number).and_then(|call| call.due).filter(|_| untold) {
            Some(due) => {
                let at = if extreme { self.now } else { due.min(self.now + self.context.on_call.calls().group_wait) };
                self.begin(number, NotificationReason::Opened, at);
            }
            None => self.begin(number, NotificationReason::Worsened, self.now),
        }
    }

    /// Somebody has it, or asked for quiet: no reminders, no further steps.
    pub(crate) fn hush(&mut self, number: u64) {
        self.state.leave_gates(number);
        self.state.set_due(number, None);
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.reason = None;
            call.missed = false;
            call.asked.clear();
        }
    }

    /// A role that takes it for itself is not called; any other is, and has to take it as every alert.
    fn assign(&mut self, number: u64, change: &AlertChange) {
        if change.by.is_none() || change.by != change.alert.assigned_to {
            self.begin(number, NotificationReason::Assigned, self.now);
            return;
        }
        self.hush(number);
        let now = self.now;
        if let Some(call) = self.state.calls.get_mut(&number) {
            (call.rung, call.last, call.step) = (now, now, 1);
            // It knows, so it hears of the end.
            call.told.extend(change.by.clone().map(|role| (role, known(change.alert.severity))));
        }
        self.schedule(number, now);
    }

    /// The chain begins anew at a time, for a reason.
    pub(crate) fn begin(&mut self, number: u64, reason: NotificationReason, at: Time) {
        self.state.leave_gates(number);
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.reason = Some(reason);
            call.by_night = false;
            call.asked.clear();
        }
        self.state.set_due(number, Some(at));
    }

    /// A snooze ends.
    fn wake(&mut self, number: u64, at: Time) {
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.snoozed = None;
            self.mark(number, MarkKind::Woken);
            self.begin(number, NotificationReason::Woken, at);
        }
    }

    fn resolve(&mut self, number: u64, last: &Alert) {
        self.leave_cause(number);
        let children = self.state.calls.get(&number).map(|call| call.children.clone()).unwrap_or_default();
        let Some(call) = self.state.remove(number) else { return };
        self.regrouped.remove(&number);
        self.orphan(&children);
        if self.context.on_call.calls().tell_resolved {
            self.tell_resolved(&call, last);
        }
    }

    pub(crate) fn action(&mut self, action: &DeskAction) {
        match &action.what {
            DeskActionKind::Silence(silence) => self.begin_silence(silence, &action.role),
            DeskActionKind::EndSilence { silence } => self.end_silence(silence),
            DeskActionKind::Cover(cover) => self.begin_cover(cover),
            DeskActionKind::EndCover { cover } => self.end_cover(cover),
            DeskActionKind::Assign { .. }
            | DeskActionKind::Snooze { .. }
            | DeskActionKind::Wake { .. }
            | DeskActionKind::Comment { .. }
            | DeskActionKind::SaveRule { .. }
            | DeskActionKind::RemoveRule { .. } => {}
        }
    }

    fn begin_cover(&mut self, cover: &Cover) {
        let covers = &mut self.state.covers;
        let refused = roster::refusal(cover, self.context.on_call, self.now).is_some();
        if refused || covers.len() >= COVERS_MAX || covers.contains_key(&cover.id) {
            return;
        }
        covers.insert(cover.id.clone(), cover.clone());
        self.state.agenda.insert((cover.until, Due::Cover(cover.id.clone())));
    }

    fn end_cover(&mut self, id: &CoverId) {
        if let Some(cover) = self.state.covers.remove(id) {
            self.state.agenda.remove(&(cover.until, Due::Cover(id.clone())));
        }
    }
}

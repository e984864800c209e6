//! One alert calls: the step of its chain that is due, to whoever takes the calls of its roles now.

use std::collections::BTreeSet;

use city::{AlertState, NotificationReason, Severity, Span, Time};

use crate::notify::config::{Escalation, known};
use crate::notify::reach::nobody_reached;
use crate::notify::state::{Call, Standing};
use crate::notify::work::Work;
use crate::notify::{MarkKind, calendar, roster};

/// Reasons that call a role even when somebody has taken the alert: once, without reminders.
const CALLS_ALL_THE_SAME: [NotificationReason; 3] =
    [NotificationReason::Worsened, NotificationReason::Assigned, NotificationReason::Woken];
/// Reasons that a role gave itself, and that therefore do not wait for the morning.
const ASKED_FOR: [NotificationReason; 2] = [NotificationReason::Assigned, NotificationReason::Woken];

/// The role that has an alert: the one to which it was given, or its owner.
fn holder(call: &Call) -> &str {
    call.alert.assigned_to.as_deref().unwrap_or(&call.alert.owner)
}

/// The roles of a step as the chain names them.
fn named(chain: &Escalation, step: u32, holder: &str) -> Vec<String> {
    let at = usize::try_from(step).unwrap_or(usize::MAX);
    let step = chain.steps.get(at).or(chain.steps.last());
    let roles = step.map_or(&[][..], |step| &step.roles);
    if roles.is_empty() { vec![holder.to_owned()] } else { roles.to_vec() }
}

impl<'a> Work<'a> {
    pub(crate) fn chain_of(&self, call: &Call) -> Option<&'a Escalation> {
        self.context.on_call.escalation(holder(call), call.alert.severity)
    }

    /// Whoever takes the calls of some roles at an instant, each once. What is no role any more is taken by the last
    /// of its chain.
    pub(crate) fn taken_by(&self, roles: &[String], chain: &Escalation, at: Time) -> BTreeSet<String> {
        let last = chain.steps.iter().rev().find_map(|step| step.roles.last());
        let there = |role: &String| self.context.on_call.roles().contains(role);
        let known = roles.iter().map(|role| if there(role) { role } else { last.unwrap_or(role) });
        known
            .map(|role| roster::called(self.context.on_call, &self.state.covers, role, at, self.context.timezone))
            .map(str::to_owned)
            .collect()
    }

    /// Somebody is to be called for an alert.
    pub(crate) fn ring(&mut self, number: u64, at: Time) {
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        call.due = None;
        let taken = call.alert.state == AlertState::Acknowledged;
        let all_the_same = call.reason.is_some_and(|reason| CALLS_ALL_THE_SAME.contains(&reason));
        if call.standing != Standing::Own || call.snoozed.is_some() || (taken && !all_the_same) {
            call.reason = None;
            return;
        }
        if call.silenced.is_some() {
            self.miss(number, at);
            return;
        }
        if self.wait_for_morning(number, at) {
            return;
        }
        self.call_out(number, at);
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.by_night = false;
        }
        if !taken {
            self.schedule(number, at);
        }
    }

    fn call_out(&mut self, number: u64, at: Time) {
        let Some(chain) = self.state.calls.get(&number).and_then(|call| self.chain_of(call)) else { return };
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        let next = step_due(chain, call);
        let ripe = next.is_some_and(|due| due <= at || nobody_reached(call));
        let (reason, step) = match call.reason.take() {
            Some(reason) => {
                (call.rung, call.step) = (at, 1);
                (reason, 0)
            }
            None if ripe => {
                call.step += 1;
                (NotificationReason::Escalated, call.step - 1)
            }
            None => (NotificationReason::Reminded, call.step.saturating_sub(1)),
        };
        call.last = at;
        if reason != NotificationReason::Reminded {
            call.asked.clear();
        }
        let named = named(chain, step, holder(call));
        let told: Vec<String> = call.told.keys().cloned().collect();
        let mut roles = self.taken_by(&named, chain, at);
        if reason == NotificationReason::Worsened {
            roles.extend(told);
        }
        if reason == NotificationReason::Escalated {
            self.mark(number, MarkKind::Escalated { to: named });
        }
        for role in roles {
            self.call_role(number, &role, reason, step, at);
        }
    }

    /// The next step or reminder of an alert that nobody has taken.
    pub(crate) fn schedule(&mut self, number: u64, at: Time) {
        let Some(call) = self.state.calls.get(&number).filter(|call| call.alert.state == AlertState::Open) else {
            return;
        };
        let Some(chain) = self.chain_of(call) else { return };
        let remind = chain.remind_every.map(|every| next_reminder(call.last.max(at), every, self.until));
        let due = step_due(chain, call).into_iter().chain(remind).min();
        self.state.set_due(number, due);
    }

    /// What is not urgent waits for the morning, and its chain with it. Nothing extreme does, and nothing that a role
    /// asked for.
    fn wait_for_morning(&mut self, number: u64, at: Time) -> bool {
        let Some(quiet) = self.context.on_call.quiet() else { return false };
        let Some(call) = self.state.calls.get_mut(&number) else { return false };
        let urgent = call.alert.severity == Severity::Extreme || known(call.alert.severity) > quiet.at_most;
        if urgent || call.reason.is_some_and(|reason| ASKED_FOR.contains(&reason)) {
            return false;
        }
        let Some(morning) = calendar::hours_until(quiet.hours, at, self.context.timezone, |_| true) else {
            return false;
        };
        call.by_night = true;
        let slept = morning.since(at);
        call.rung = call.rung + slept;
        call.last = call.last + slept;
        self.state.set_due(number, Some(morning));
        true
    }
}

pub(crate) fn step_due(chain: &Escalation, call: &Call) -> Option<Time> {
    let at = usize::try_from(call.step).ok()?;
    chain.steps.get(at).map(|step| call.rung + step.after)
}

/// After a long gap, one reminder and not one for each that was missed.
fn next_reminder(last: Time, every: Span, until: Time) -> Time {
    let passed = until.since(last).as_ms() / every.as_ms().max(1);
    last + Span::ms(every.as_ms() * (passed.max(0) + 1))
}

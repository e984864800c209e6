//! One call to a role for alerts of one rule in a window; the others wait, and come as a number. Extreme alerts pass
//! one by one as long as a role can read them. Every notification is made here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use city::{Alert, Notification, NotificationReason, Severity, Time};

use crate::notify::config::known;
use crate::notify::state::{Asked, Call, Crowd, Due, Gate, GateKey, Lead};
use crate::notify::work::Work;
use crate::notify::{Context, calendar};
use crate::words;

/// Extreme alerts that reach a role one by one in a window. What is more comes as one call that says how many: a
/// role that is called more often than every second hears nothing of any.
pub const EXTREME_EACH_MAX: u32 = 60;
/// Titles that a call for many alerts lists; the others are counted.
pub const DIGEST_LINES_MAX: usize = 10;

/// Where the numbers of notifications about an alert begin that was not followed: it may be later, from 0.
const BEYOND: u32 = 1_000_000;

/// The name of a reason, as in keys and in JSON.
pub(crate) fn plain(reason: NotificationReason) -> &'static str {
    match reason {
        NotificationReason::Opened => "opened",
        NotificationReason::Reminded => "reminded",
        NotificationReason::Escalated => "escalated",
        NotificationReason::Worsened => "worsened",
        NotificationReason::Surfaced => "surfaced",
        NotificationReason::Assigned => "assigned",
        NotificationReason::Woken => "woken",
        NotificationReason::Resolved => "resolved",
        NotificationReason::SilenceEnding => "silence_ending",
        NotificationReason::Blind => "blind",
    }
}

/// To whom, why, at which step, when.
#[derive(Clone, Copy)]
struct Address<'r> {
    role: &'r str,
    reason: NotificationReason,
    step: u32,
    at: Time,
}

impl Gate {
    fn new(until: Time) -> Self {
        Self { until, passed: 0, waiting: BTreeMap::new(), over: None, beyond: None }
    }
}

/// The key of a notification, without its channel.
fn key_of(lead: &Lead, to: Address<'_>) -> String {
    format!("{}/{}/{}.{}", lead.alert, plain(to.reason), to.step, lead.sent)
}

/// Adds one to a crowd, or begins it.
fn join(crowd: &mut Option<Crowd>, lead: impl FnOnce() -> Lead) {
    match crowd {
        Some(crowd) => crowd.more += 1,
        None => *crowd = Some(Crowd { lead: lead(), more: 0 }),
    }
}

impl Work<'_> {
    /// Calls a role for an alert: now, or with others when the window is over.
    pub(crate) fn call_role(&mut self, number: u64, role: &str, reason: NotificationReason, step: u32, at: Time) {
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        let extreme = call.alert.severity == Severity::Extreme;
        let (key, until) = if call.by_night {
            (GateKey::Night(role.to_owned()), at)
        } else if extreme {
            (GateKey::Extreme(role.to_owned()), at + self.context.on_call.calls().group_every)
        } else {
            let key = GateKey::Rule(call.alert.key.rule.clone(), role.to_owned(), reason);
            (key, at + self.context.on_call.calls().group_every)
        };
        let by_night = call.by_night;
        let each = if by_night {
            0
        } else if extreme {
            EXTREME_EACH_MAX
        } else {
            1
        };
        let gate = self.gate(&key, until);
        if gate.passed < each {
            gate.passed += 1;
            self.tell(number, Address { role, reason, step, at });
            return;
        }
        gate.waiting.insert(number, (reason, step));
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.held.insert(key);
        }
    }

    fn gate(&mut self, key: &GateKey, until: Time) -> &mut Gate {
        let agenda = &mut self.state.agenda;
        self.state.gates.entry(key.clone()).or_insert_with(|| {
            agenda.insert((until, Due::Gate(key.clone())));
            Gate::new(until)
        })
    }

    fn tell(&mut self, number: u64, to: Address<'_>) {
        let Some(lead) = self.lead_of(number) else { return };
        self.note_told(number, to.role);
        self.note_asked(number, to.reason, &lead, to);
        self.send(&lead, 0, "", to);
    }

    fn note_told(&mut self, number: u64, role: &str) {
        if let Some(call) = self.state.calls.get_mut(&number) {
            let severity = known(call.alert.severity);
            let told = call.told.entry(role.to_owned()).or_insert(severity);
            *told = severity.max(*told);
        }
    }

    /// By which channels a role may be reached now. A reminder goes to whom the call before it may have reached.
    fn note_asked(&mut self, number: u64, reason: NotificationReason, lead: &Lead, to: Address<'_>) {
        let channels = self.context.on_call.channels_of(to.role, lead.severity).iter().cloned().collect();
        if let Some(call) = self.state.calls.get_mut(&number).filter(|_| reason != NotificationReason::Reminded) {
            call.asked.insert(to.role.to_owned(), Asked { by: key_of(lead, to), channels });
        }
    }

    fn lead_of(&mut self, number: u64) -> Option<Lead> {
        let call = self.state.calls.get_mut(&number)?;
        call.sent += 1;
        Some(Self::lead(self.context, &call.alert, call.sent - 1))
    }

    fn lead(context: &Context<'_>, alert: &Alert, sent: u32) -> Lead {
        let by = words::clock_and_day(alert.respond_by, context.timezone);
        Lead {
            alert: alert.id.clone(),
            severity: alert.severity,
            title: alert.title.clone(),
            text: format!("{}\nRespond by {by}.", Notification::text_of(alert)),
            sent,
        }
    }

    /// An alert that is not followed one by one is counted in the next call for its rule.
    pub(crate) fn count_beyond(&mut self, alert: &Alert) {
        let Some(chain) = self.context.on_call.escalation(&alert.owner, alert.severity) else { return };
        let until = self.now + self.context.on_call.calls().group_every;
        for (at, role) in (BEYOND..).zip(self.taken_by(&[alert.owner.to_string()], chain, self.now)) {
            let key = if alert.severity == Severity::Extreme {
                GateKey::Extreme(role)
            } else {
                GateKey::Rule(alert.key.rule.clone(), role, NotificationReason::Opened)
            };
            let lead = Self::lead(self.context, alert, at);
            join(&mut self.gate(&key, until).beyond, || lead);
        }
    }

    /// Tells those who were told of an alert, and nobody else, that it is over.
    pub(crate) fn tell_resolved(&mut self, call: &Call, last: &Alert) {
        for (sent, (role, severity)) in (call.sent..).zip(&call.told) {
            let lead = Lead {
                alert: last.id.clone(),
                severity: *severity,
                title: last.title.clone(),
                text: last.detail.clone(),
                sent,
            };
            let quiet = self.context.on_call.quiet().filter(|quiet| *severity <= quiet.at_most);
            let morning =
                quiet.and_then(|quiet| calendar::hours_until(quiet.hours, self.now, self.context.timezone, |_| true));
            let (key, until) = match morning {
                Some(morning) => (GateKey::Night(role.clone()), morning),
                None => (
                    GateKey::Rule(last.key.rule.clone(), role.clone(), NotificationReason::Resolved),
                    self.now + self.context.on_call.calls().group_every,
                ),
            };
            let gate = self.gate(&key, until);
            if morning.is_none() && gate.passed == 0 {
                gate.passed = 1;
                let to = Address { role, reason: NotificationReason::Resolved, step: 0, at: self.now };
                self.send(&lead, 0, "", to);
            } else {
                join(&mut gate.over, || lead);
            }
        }
    }

    /// A window is over: what waited in it goes out as one call, and the next window begins.
    pub(crate) fn open_gate(&mut self, key: &GateKey, at: Time) {
        let Some(gate) = self.state.gates.remove(key) else { return };
        let (GateKey::Rule(_, role, _) | GateKey::Extreme(role) | GateKey::Night(role)) = key;
        let called = self.call_for_many(key, role, &gate, at);
        if let Some(over) = &gate.over {
            let to = Address { role, reason: NotificationReason::Resolved, step: 0, at };
            self.send(&over.lead, over.more, "", to);
        }
        let night = matches!(key, GateKey::Night(_));
        if (called || gate.over.is_some()) && !night {
            let until = at + self.context.on_call.calls().group_every;
            self.gate(key, until).passed = 1;
        }
    }

    fn call_for_many(&mut self, key: &GateKey, role: &str, gate: &Gate, at: Time) -> bool {
        let beyond = gate.beyond.as_ref().map_or(0, |crowd| crowd.more + 1);
        let severity = |number: &u64| self.state.calls.get(number).map(|call| known(call.alert.severity));
        let worst = gate.waiting.keys().max_by_key(|number| (severity(number), Reverse(**number))).copied();
        for number in gate.waiting.keys() {
            if let Some(call) = self.state.calls.get_mut(number) {
                call.held.remove(key);
            }
            self.note_told(*number, role);
        }
        let Some((lead, (reason, step))) = worst.and_then(|worst| {
            let waits = *gate.waiting.get(&worst)?;
            Some((self.lead_of(worst)?, waits))
        }) else {
            if let Some(crowd) = &gate.beyond {
                let to = Address { role, reason: NotificationReason::Opened, step: 0, at };
                self.send(&crowd.lead, crowd.more, "", to);
            }
            return gate.beyond.is_some();
        };
        let others = gate.waiting.keys().filter(|number| Some(**number) != worst);
        let titles = others.filter_map(|number| Some(self.state.calls.get(number)?.alert.title.as_str()));
        let lines: String =
            titles.take(DIGEST_LINES_MAX).fold(String::new(), |lines, title| lines + "\nAlso: " + title);
        let to = Address { role, reason, step, at };
        // All of them hang on the one call, which names the worst.
        for (number, (reason, _)) in &gate.waiting {
            self.note_asked(*number, *reason, &lead, to);
        }
        let more = u32::try_from(gate.waiting.len() - 1).unwrap_or(u32::MAX).saturating_add(beyond);
        self.send(&lead, more, &lines, to);
        true
    }

    fn send(&mut self, lead: &Lead, more: u32, lines: &str, to: Address<'_>) {
        let title = if more == 0 { lead.title.clone() } else { format!("{}, and {more} more", lead.title) };
        for channel in self.context.on_call.channels_of(to.role, lead.severity) {
            self.effects.notifications.push(Notification {
                key: format!("{}/{channel}", key_of(lead, to)),
                alert: Some(lead.alert.clone()),
                reason: to.reason,
                role: to.role.to_owned(),
                channel: channel.clone(),
                at: to.at,
                step: to.step,
                severity: lead.severity,
                title: title.clone(),
                text: format!("{}{lines}", lead.text),
            });
        }
    }
}

//! Silences: who asked for quiet, about what, until when, and what would have rung.

use city::{Alert, AlertState, Notification, NotificationReason, Severity, Silence, SilenceId, Span, Time};

use crate::notify::calendar::{next_edge, quiet_until};
use crate::notify::gates::plain;
use crate::notify::state::{Due, MISSED_MAX, Missed, Quieting, SILENCES_MAX, Standing};
use crate::notify::work::Work;
use crate::notify::{MarkKind, roster};
use crate::words;

/// How long a silence that ended can still be looked at.
pub const KEPT: Span = Span::h(30 * 24);

impl Work<'_> {
    pub(crate) fn begin_silence(&mut self, silence: &Silence, owner: &str) {
        if silence.fault(self.now).is_some() || self.state.silences.contains_key(&silence.id) {
            return;
        }
        if self.state.silences.len() >= SILENCES_MAX {
            let ended = self.state.silences.values().filter_map(|known| Some((known.ended?, known.silence.id.clone())));
            // With so many in force nobody knows what is quiet any more: this one is not taken, and all rings.
            let Some((_, oldest)) = ended.min() else { return };
            self.forget_silence(&oldest);
        }
        let due = silence.from.max(self.now);
        let quieting = Quieting {
            silence: silence.clone(),
            owner: owner.to_owned(),
            quiet_until: None,
            reminded: false,
            ended: None,
            missed: std::collections::VecDeque::new(),
            missed_count: 0,
            due: None,
        };
        self.state.silences.insert(silence.id.clone(), quieting);
        if due > self.now {
            self.set_silence_due(&silence.id, Some(due));
        } else {
            self.turn_silence(&silence.id, due);
        }
    }

    /// Ends now; what is open and was kept quiet rings.
    pub(crate) fn end_silence(&mut self, id: &SilenceId) {
        let now = self.now;
        let Some(quieting) = self.state.silences.get_mut(id).filter(|quieting| quieting.ended.is_none()) else {
            return;
        };
        quieting.silence.until = now;
        self.set_silence_due(id, None);
        self.turn_silence(id, now);
    }

    fn set_silence_due(&mut self, id: &SilenceId, due: Option<Time>) {
        let Some(quieting) = self.state.silences.get_mut(id) else { return };
        if let Some(before) = std::mem::replace(&mut quieting.due, due) {
            self.state.agenda.remove(&(before, Due::Silence(id.clone())));
        }
        if let Some(due) = due {
            self.state.agenda.insert((due, Due::Silence(id.clone())));
        }
    }

    fn forget_silence(&mut self, id: &SilenceId) {
        self.set_silence_due(id, None);
        self.state.silences.remove(id);
    }

    /// A silence begins or stops keeping quiet, is about to end, or is long over.
    pub(crate) fn turn_silence(&mut self, id: &SilenceId, at: Time) {
        let zone = self.context.timezone;
        let Some(quieting) = self.state.silences.get_mut(id) else { return };
        quieting.due = None;
        if quieting.ended.is_some() {
            self.forget_silence(id);
            return;
        }
        let was_quiet = quieting.quiet_until.is_some();
        quieting.quiet_until = quiet_until(&quieting.silence, at, zone);
        let is_quiet = quieting.quiet_until.is_some();
        let next = if let Some(edge) = next_edge(&quieting.silence, at, zone) {
            edge
        } else {
            quieting.ended = Some(at);
            at + KEPT
        };
        let remind_at = self.remind_at(id);
        self.set_silence_due(id, Some(remind_at.filter(|remind| *remind > at).map_or(next, |remind| remind.min(next))));
        if remind_at.is_some_and(|remind| remind <= at) {
            self.remind_owner(id, at);
        }
        if is_quiet && !was_quiet {
            self.state.active.insert(id.clone());
            let scope = self.state.silences.get(id).map(|quieting| quieting.silence.scope.clone());
            let holds = |alert: &Alert| scope.as_ref().is_some_and(|scope| scope.holds(alert));
            self.settle_silences(at, |call| call.silenced.is_none() && holds(&call.alert));
        } else if was_quiet && !is_quiet {
            self.state.active.remove(id);
            self.settle_silences(at, |call| call.silenced.as_ref() == Some(id));
        }
    }

    fn settle_silences(&mut self, at: Time, which: impl Fn(&crate::notify::state::Call) -> bool) {
        let calls = self.state.calls.iter().filter(|(_, call)| which(call));
        let numbers: Vec<u64> = calls.map(|(number, _)| *number).collect();
        for number in numbers {
            self.settle_silence(number, at);
        }
    }

    /// When the owner is to be reminded; not of what is over soon after it was asked for.
    fn remind_at(&self, id: &SilenceId) -> Option<Time> {
        let quieting = self.state.silences.get(id).filter(|quieting| !quieting.reminded && quieting.ended.is_none())?;
        let before = self.context.on_call.calls().silence_reminder;
        let silence = &quieting.silence;
        (silence.until.since(silence.from) > before).then_some(silence.until - before)
    }

    fn remind_owner(&mut self, id: &SilenceId, at: Time) {
        let Some(quieting) = self.state.silences.get_mut(id) else { return };
        quieting.reminded = true;
        let Quieting { silence, owner, missed_count, .. } = quieting;
        let until = words::clock_and_day(silence.until, self.context.timezone);
        let title = format!("A silence ends at {until}: {}", silence.reason);
        let rung = match missed_count {
            0 => "Nothing would have rung until now.".to_owned(),
            1 => "One alert would have rung until now.".to_owned(),
            many => format!("{many} alerts would have rung until now."),
        };
        let text = format!("{rung}\nWhat is open when it ends rings then.\nEnd it now, or ask for a new one.");
        let role = roster::called(self.context.on_call, &self.state.covers, owner, at, self.context.timezone);
        for channel in self.context.on_call.channels_of(role, Severity::Info) {
            self.effects.notifications.push(Notification {
                key: format!("{id}/{}/0.0/{channel}", plain(NotificationReason::SilenceEnding)),
                alert: None,
                reason: NotificationReason::SilenceEnding,
                role: role.to_owned(),
                channel: channel.clone(),
                at,
                step: 0,
                severity: Severity::Info,
                title: title.clone(),
                text: text.clone(),
            });
        }
    }

    /// Finds the silence that keeps an alert quiet, or that none does.
    pub(crate) fn settle_silence(&mut self, number: u64, at: Time) {
        let Some(call) = self.state.calls.get(&number) else { return };
        let holds = |id: &&SilenceId| {
            self.state.silences.get(*id).is_some_and(|quieting| quieting.silence.scope.holds(&call.alert))
        };
        let mut active = self.state.active.iter().filter(holds);
        let still = call.silenced.as_ref().filter(|id| self.state.active.contains(*id)).filter(holds);
        let wanted = still.or_else(|| active.next()).cloned();
        if wanted == call.silenced {
            return;
        }
        if let Some(call) = self.state.calls.get_mut(&number) {
            call.silenced.clone_from(&wanted);
        }
        match wanted {
            Some(by) => self.quiet(number, by, at),
            None => self.unquiet(number, at),
        }
    }

    fn quiet(&mut self, number: u64, by: SilenceId, at: Time) {
        self.mark(number, MarkKind::Silenced { by });
        if self.state.leave_gates(number) {
            self.miss(number, at);
        }
        self.release_all(number);
    }

    fn unquiet(&mut self, number: u64, at: Time) {
        self.mark(number, MarkKind::Unsilenced);
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        let missed = std::mem::take(&mut call.missed);
        let free = call.standing == Standing::Own && call.snoozed.is_none() && call.alert.state == AlertState::Open;
        if missed && free {
            self.begin(number, NotificationReason::Surfaced, at);
        }
        self.adopt(number);
    }

    /// It would have rung now.
    pub(crate) fn miss(&mut self, number: u64, at: Time) {
        let Some(call) = self.state.calls.get_mut(&number) else { return };
        call.missed = true;
        let Some(quieting) = call.silenced.as_ref().and_then(|id| self.state.silences.get_mut(id)) else { return };
        quieting.missed_count += 1;
        if quieting.missed.len() >= MISSED_MAX {
            quieting.missed.pop_front();
        }
        let Alert { id, severity, title, .. } = &*call.alert;
        quieting.missed.push_back(Missed { alert: id.clone(), at, severity: *severity, title: title.clone() });
    }
}

//! One root cause, one call. An open alert explains those below it by the links of the city that are no worse than
//! itself. Extreme is never explained away. A silenced alert explains nothing: nobody was told of it.

use std::collections::BTreeSet;

use city::{AlertState, NotificationReason, Severity, Time};

use crate::notify::MarkKind;
use crate::notify::config::known;
use crate::notify::state::{Call, Standing};
use crate::notify::work::Work;

/// Alerts on one spot that are asked whether they explain another. When the first so many are all explained
/// themselves, the other calls for itself, which is the safe mistake.
const ASKED_MAX: usize = 64;

fn explains(parent: &Call, child: &Call) -> bool {
    parent.silenced.is_none()
        && !matches!(parent.standing, Standing::Under(_))
        && child.alert.severity != Severity::Extreme
        && known(child.alert.severity) <= known(parent.alert.severity)
}

impl Work<'_> {
    /// Of the alerts above, the worst; of several, the one that opened first.
    fn cause_of(&self, number: u64) -> Option<u64> {
        let child = self.state.calls.get(&number)?;
        if child.spots.is_empty() || child.alert.severity == Severity::Extreme {
            return None;
        }
        let above = self.context.graph.above(&child.spots);
        let there = above.iter().filter_map(|spot| self.state.at.get(spot));
        let asked = there.flat_map(|numbers| numbers.iter().take(ASKED_MAX)).filter(|other| **other != number);
        let able = asked.filter_map(|other| {
            let parent = self.state.calls.get(other).filter(|parent| explains(parent, child))?;
            Some((std::cmp::Reverse(known(parent.alert.severity)), *other))
        });
        able.min().map(|(_, other)| other)
    }

    /// Finds what explains an alert, or that nothing does any more.
    pub(crate) fn settle_cause(&mut self, number: u64) {
        let Some(call) = self.state.calls.get(&number) else { return };
        match call.standing {
            Standing::Under(parent) => {
                let holds = self.state.calls.get(&parent).is_some_and(|parent| explains(parent, call));
                if !holds {
                    self.release(number);
                }
            }
            Standing::Own => match self.cause_of(number) {
                Some(parent) => self.hide(number, parent),
                None => self.adopt(number),
            },
            Standing::Orphaned(_) => {}
        }
    }

    /// Hides every alert below that this one explains.
    pub(crate) fn adopt(&mut self, parent: u64) {
        let Some(call) = self.state.calls.get(&parent) else { return };
        if call.spots.is_empty() || call.silenced.is_some() || matches!(call.standing, Standing::Under(_)) {
            return;
        }
        let below = self.context.graph.below(&call.spots);
        let there = below.iter().filter_map(|spot| self.state.at.get(spot)).flatten().copied();
        let all: BTreeSet<u64> = there.filter(|child| *child != parent).collect();
        for child in all {
            let fits =
                |parent: &Call, child: &Call| !matches!(child.standing, Standing::Under(_)) && explains(parent, child);
            let calls = &self.state.calls;
            let hidden = calls.get(&parent).zip(calls.get(&child)).is_some_and(|(parent, child)| fits(parent, child));
            if hidden {
                self.hide(child, parent);
            }
        }
    }

    fn hide(&mut self, child: u64, parent: u64) {
        self.leave_cause(child);
        self.state.leave_gates(child);
        self.state.set_due(child, None);
        self.state.set_standing(child, Standing::Under(parent));
        let Some(cause) = self.state.calls.get_mut(&parent).map(|parent| {
            parent.children.insert(child);
            parent.alert.id.clone()
        }) else {
            return;
        };
        self.regrouped.insert(parent);
        self.mark(child, MarkKind::Hidden { cause });
        self.release_all(child);
    }

    /// Takes an alert from under its cause.
    pub(crate) fn leave_cause(&mut self, child: u64) {
        let Some(Standing::Under(parent)) = self.state.calls.get(&child).map(|call| call.standing) else { return };
        if let Some(parent_call) = self.state.calls.get_mut(&parent) {
            parent_call.children.remove(&child);
            self.regrouped.insert(parent);
        }
        self.state.set_standing(child, Standing::Own);
    }

    /// Its cause does not hold any more: another may; else it calls for itself after a while. What is worse than what
    /// explained it does so at once.
    fn release(&mut self, child: u64) {
        let graver = self.state.calls.get(&child).is_some_and(|call| {
            let Standing::Under(parent) = call.standing else { return false };
            let parent = self.state.calls.get(&parent);
            parent.is_some_and(|parent| known(parent.alert.severity) < known(call.alert.severity))
                || call.alert.severity == Severity::Extreme
        });
        self.leave_cause(child);
        self.orphan(&BTreeSet::from([child]));
        let orphaned = self.state.calls.get(&child).is_some_and(|call| matches!(call.standing, Standing::Orphaned(_)));
        if graver && orphaned {
            self.surface(child, self.now);
        }
    }

    /// An alert that cannot explain any more lets all go that it explained.
    pub(crate) fn release_all(&mut self, parent: u64) {
        let Some(call) = self.state.calls.get(&parent) else { return };
        let children = call.children.clone();
        for child in &children {
            self.leave_cause(*child);
        }
        self.orphan(&children);
    }

    /// An alert that is better than before lets those go that are worse.
    pub(crate) fn release_lesser(&mut self, parent: u64) {
        let Some(call) = self.state.calls.get(&parent) else { return };
        let worse = |child: &u64| self.state.calls.get(child).is_some_and(|child| !explains(call, child));
        let children: Vec<u64> = call.children.iter().copied().filter(worse).collect();
        for child in children {
            self.release(child);
        }
    }

    /// Those whose cause is gone look for another, also among themselves; who finds none waits, and then surfaces.
    pub(crate) fn orphan(&mut self, children: &BTreeSet<u64>) {
        let at = self.now + self.context.on_call.calls().surface_after;
        for child in children {
            self.state.set_standing(*child, Standing::Orphaned(at));
        }
        for child in children {
            if let Some(parent) = self.cause_of(*child) {
                self.hide(*child, parent);
            }
        }
    }

    /// What explained it has been over for long enough, and it is not.
    pub(crate) fn surface(&mut self, number: u64, at: Time) {
        self.state.set_standing(number, Standing::Own);
        if let Some(parent) = self.cause_of(number) {
            self.hide(number, parent);
            return;
        }
        let Some(call) = self.state.calls.get(&number) else { return };
        let rings = call.alert.state == AlertState::Open && call.snoozed.is_none();
        self.mark(number, MarkKind::Surfaced);
        if rings {
            self.begin(number, NotificationReason::Surfaced, at);
        }
        self.adopt(number);
    }
}

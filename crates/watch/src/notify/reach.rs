//! Roles that cannot be reached: when no channel of a step got through to anybody, the next step does not wait for its
//! time.

use city::{AlertState, Unreached};

use crate::notify::MarkKind;
use crate::notify::state::{Call, Standing};
use crate::notify::work::Work;

/// Whether everybody whom this step calls was called, and nobody was reached.
pub(crate) fn nobody_reached(call: &Call) -> bool {
    !call.asked.is_empty() && call.held.is_empty() && call.asked.values().all(|asked| asked.channels.is_empty())
}

impl Work<'_> {
    /// A channel did not get through to a role. What came of the same call a second time finds nothing to do.
    pub(crate) fn unreached(&mut self, failed: &Unreached) {
        let Unreached { key, role, channel, refused, tries } = failed;
        let Some(by) = key.strip_suffix(channel.as_str()).and_then(|key| key.strip_suffix('/')) else { return };
        // One call may have been for many alerts.
        let hangs_on_it = |(number, call): (&u64, &mut Call)| {
            let asked = call.asked.get_mut(role).filter(|asked| asked.by == by)?;
            asked.channels.remove(channel).then_some(*number)
        };
        let numbers: Vec<u64> = self.state.calls.iter_mut().filter_map(hangs_on_it).collect();
        for number in numbers {
            let (role, channel) = (role.clone(), channel.clone());
            self.mark(number, MarkKind::Unreached { role, channel, refused: *refused, tries: *tries });
            self.call_next_at_once(number);
        }
    }

    fn call_next_at_once(&mut self, number: u64) {
        let Some(call) = self.state.calls.get(&number).filter(|call| nobody_reached(call)) else { return };
        let rings = call.alert.state == AlertState::Open
            && call.standing == Standing::Own
            && call.silenced.is_none()
            && call.snoozed.is_none();
        let has_next = self.chain_of(call).is_some_and(|chain| super::ring::step_due(chain, call).is_some());
        if rings && has_next {
            self.state.set_due(number, Some(self.now));
        }
    }
}

//! Official warnings and whether they hold now.

use std::collections::BTreeMap;

use city::{FeedId, Time, Warning};

use crate::config::City;
use crate::limits::WARNINGS_MAX;
use crate::tell::views::WarningState;

#[derive(Debug, Default)]
pub(super) struct Warnings(BTreeMap<String, WarningState>);

impl Warnings {
    pub(super) fn take(&mut self, city: &City, feed: &FeedId, warning: &Warning) {
        for reference in &warning.references {
            self.0.remove(reference);
        }
        if warning.cancels {
            return;
        }
        let touches =
            city.places.iter().filter(|place| watch::touches(warning, place)).map(|place| place.id.to_string());
        let state = WarningState {
            id: warning.identifier.clone(),
            event: warning.event.clone(),
            severity: warning.severity,
            headline: warning.headline.clone(),
            description: warning.description.clone(),
            instruction: warning.instruction.clone(),
            sender_name: warning.sender_name.clone(),
            sent: warning.sent,
            onset: warning.onset,
            expires: warning.expires,
            areas: warning.areas.iter().map(|area| area.description.clone()).collect(),
            touches: touches.collect(),
            in_force: false,
            feed: feed.to_string(),
            caveat: city.feed(feed).and_then(|f| f.contract.caveat.clone()),
        };
        self.0.insert(warning.identifier.clone(), state);
        if self.0.len() > WARNINGS_MAX
            && let Some(oldest) = self.0.values().min_by_key(|w| w.sent).map(|w| w.id.clone())
        {
            self.0.remove(&oldest);
        }
    }

    /// Newest first. (CAP: a message that disappears from its index is not cancelled by that; only `expires`, an
    /// update or a cancel ends it.)
    pub(super) fn states(&self, now: Time) -> Vec<WarningState> {
        let mut states: Vec<WarningState> = self.0.values().cloned().collect();
        for state in &mut states {
            state.in_force = state.onset <= now && state.expires.is_none_or(|expires| now < expires);
        }
        states.sort_by(|a, b| b.sent.cmp(&a.sent).then_with(|| a.id.cmp(&b.id)));
        states
    }
}

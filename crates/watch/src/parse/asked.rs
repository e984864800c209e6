//! What a rule learns from the alerts of another, it asks: its purpose has to cover what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use city::{FeedId, RuleId};

use super::{Ask, RuleError, RuleFile, Town, inputs, some};
use crate::reader::Mistakes;
use crate::rule::Rule;

/// Looks at every ask among rules of which none asks itself, by whatever way.
pub(super) fn check<'r>(
    files: &[RuleFile<'_>],
    asks: &[Ask],
    rules: impl IntoIterator<Item = &'r Rule>,
    town: &Town<'_>,
    errors: &mut Vec<RuleError>,
) {
    let rules: BTreeMap<&RuleId, &Rule> = rules.into_iter().map(|rule| (&rule.id, rule)).collect();
    for ask in asks {
        let (Some(file), Some(by)) = (files.get(ask.file), rules.get(&ask.by)) else { continue };
        let Some(purpose) = town.purposes.iter().find(|purpose| purpose.id == by.purpose) else { continue };
        let mut mistakes = Mistakes::new(file.path, file.text);
        for feed in rests_on(&ask.of, &rules, town).iter().filter(|feed| !purpose.feeds.contains(feed)) {
            let message = format!(
                "alerts of `{}` rest on the feed `{feed}`, which may not be asked for the purpose `{}`; these may: {}",
                ask.of,
                purpose.id,
                some(&purpose.feeds)
            );
            mistakes.at(ask.byte, message);
        }
        errors.append(&mut mistakes.found);
    }
}

/// The feeds that a rule asks, and those that the rules ask whose alerts it looks at.
fn rests_on(rule: &RuleId, rules: &BTreeMap<&RuleId, &Rule>, town: &Town<'_>) -> BTreeSet<FeedId> {
    let (mut feeds, mut seen, mut waiting) = (BTreeSet::new(), BTreeSet::new(), vec![rule]);
    while let Some(id) = waiting.pop() {
        let Some(rule) = rules.get(id).filter(|_| seen.insert(id)) else { continue };
        feeds.extend(inputs(&rule.kind, rule.guard.as_ref(), town));
        waiting.extend(rule.kind.rules_asked());
    }
    feeds
}

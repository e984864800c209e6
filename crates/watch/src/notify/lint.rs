//! What can only be judged when all of `oncall.toml` was read: that every name leads somewhere, that every role can
//! be reached, and that somebody is called for every alert.

use std::collections::{BTreeMap, BTreeSet};

use city::Severity;

use crate::notify::config::OnCall;
use crate::notify::grammar::Places;
use crate::reader::Mistakes;

pub(crate) fn judge(on_call: &OnCall, places: &Places, mistakes: &mut Mistakes<'_>) {
    channels(on_call, places, mistakes);
    reach(on_call, places, mistakes);
    chains(on_call, places, mistakes);
    shifts(on_call, places, mistakes);
}

fn channels(on_call: &OnCall, places: &Places, mistakes: &mut Mistakes<'_>) {
    let mut names = BTreeSet::new();
    for (channel, byte) in on_call.channels.iter().zip(&places.channels) {
        if !names.insert(channel.name.as_str()) {
            mistakes.at(*byte, format!("another channel is already named \"{}\"; rename one of them", channel.name));
        }
    }
    for (reach, byte) in on_call.reach.iter().zip(&places.reach) {
        for name in reach.channels.iter().filter(|name| !names.contains(name.as_str())) {
            let all = names.iter().copied().collect::<Vec<_>>().join(", ");
            mistakes.at(*byte, format!("\"{name}\" in `channels` is no [[channel]]; there are {all}"));
        }
    }
}

fn reach(on_call: &OnCall, places: &Places, mistakes: &mut Mistakes<'_>) {
    let mut seen = BTreeSet::new();
    for (reach, byte) in on_call.reach.iter().zip(&places.reach) {
        if !seen.insert((&reach.role, reach.at_least)) {
            mistakes.at(*byte, format!("{} already has a [[reach]] from this severity on; join them", reach.role));
        }
    }
    for role in on_call.roles.iter().filter(|role| !seen.contains(&(*role, Severity::Info))) {
        mistakes.at(0, format!("{role} could not be called for everything: add a [[reach]] with `role = \"{role}\"`, `at_least = \"info\"` and `channels`"));
    }
}

/// Whoever owns an alert, of whatever severity: a chain fits it.
fn chains(on_call: &OnCall, places: &Places, mistakes: &mut Mistakes<'_>) {
    for role in &on_call.roles {
        let fits = on_call
            .escalations
            .iter()
            .any(|chain| chain.at_least == Severity::Info && (chain.owners.is_empty() || chain.owners.contains(role)));
        if !fits {
            mistakes.at(0, format!("nobody would be called for some alerts of {role}: add an [[escalation]] with `at_least = \"info\"` that has it among its `owners`, or has none"));
        }
    }
    for (at, byte) in places.escalations.iter().enumerate() {
        let Some(chain) = on_call.escalations.get(at) else { continue };
        let covers = |before: &&crate::notify::config::Escalation| {
            let owners = before.owners.is_empty()
                || (!chain.owners.is_empty() && chain.owners.iter().all(|owner| before.owners.contains(owner)));
            owners && before.at_least <= chain.at_least
        };
        if on_call.escalations.iter().take(at).any(|before| covers(&before)) {
            mistakes.at(*byte, "an [[escalation]] above takes all of these alerts; put this one before it");
        }
    }
}

/// A shift that goes round in a circle would find nobody.
fn shifts(on_call: &OnCall, places: &Places, mistakes: &mut Mistakes<'_>) {
    let mut takers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (shift, byte) in on_call.shifts.iter().zip(&places.shifts) {
        let mut to_see = vec![shift.by.as_str()];
        let mut seen = BTreeSet::new();
        while let Some(role) = to_see.pop() {
            if seen.insert(role) {
                to_see.extend(takers.get(role).into_iter().flatten());
            }
        }
        if seen.contains(shift.role.as_str()) {
            let message = format!(
                "{} would take the calls of {} in a circle of shifts; let one role of the circle keep its own",
                shift.by, shift.role
            );
            mistakes.at(*byte, message);
        }
        takers.entry(&shift.role).or_default().insert(&shift.by);
    }
}

//! Who may act on an alert, and who may keep one quiet; and names in silences and covers that are not there.
//!
//! A role acts on an alert when it may ask for the purpose of its rule, or holds the desk that answers for it. It keeps
//! quiet what it answers for itself, and what a desk answers for that it holds: it takes the calls of that desk now, or a
//! chain of `oncall.toml` calls it for its alerts. Where a city has no `oncall.toml`, nobody said who holds which desk,
//! and the roles of the rule's purpose do.

use std::collections::BTreeSet;

use city::{Alert, Cover, SilenceScope};
use watch::Rule;
use watch::notify::scope;

use super::App;
use super::calls::SilenceView;
use super::nearest::nearest;
use super::problem::Refusal;

/// Whether a role may do something about an alert.
pub(super) fn may_act(app: &App, by: &str, alert: &Alert) -> Result<(), Refusal> {
    is_role(app, "role", by)?;
    let rules = app.rulebook.rules();
    // Of a rule that is gone nothing is known any more; what it opened is closed by the next tick.
    let Some(rule) = rules.iter().find(|rule| rule.id == alert.key.rule) else { return Ok(()) };
    let given = alert.assigned_to.as_deref() == Some(by);
    if given || covers(app, rule, by) || holds(app, by, rule) {
        return Ok(());
    }
    let purpose = app.city.purposes.iter().find(|purpose| purpose.id == rule.purpose);
    let covered = purpose.map_or_else(String::new, |purpose| purpose.roles.join(", "));
    Err(Refusal::not_admitted(format!(
        "role: expected one that the purpose {} covers ({covered}), or that is called for {}",
        rule.purpose, rule.owner
    )))
}

/// Whether a role may keep one alert quiet, or end that.
pub(super) fn may_quiet(app: &App, by: &str, alert: &Alert) -> Result<(), Refusal> {
    may_act(app, by, alert)?;
    let rules = app.rulebook.rules();
    let rule = rules.iter().find(|rule| rule.id == alert.key.rule);
    let given = alert.assigned_to.as_deref() == Some(by);
    match rule.filter(|rule| !given && !holds(app, by, rule)) {
        Some(rule) => Err(not_its_desk(app, by, rule)),
        None => Ok(()),
    }
}

/// Whether a role may keep quiet all that a silence could hold.
pub(super) fn may_silence(app: &App, by: &str, scope: &SilenceScope) -> Result<(), Refusal> {
    is_role(app, "role", by)?;
    let rules = app.rulebook.rules();
    let reached = rules.iter().filter(|rule| scope::reaches(scope, rule, &app.city.datastreams));
    match reached.into_iter().find(|rule| !holds(app, by, rule)) {
        Some(rule) => Err(not_its_desk(app, by, rule)),
        None => Ok(()),
    }
}

/// Whether a role may end a silence: its owner, who holds that desk, and whoever could have made it.
pub(super) fn may_end(app: &App, by: &str, silence: &SilenceView) -> Result<(), Refusal> {
    is_role(app, "role", by)?;
    if silence.owner == by || holds_desk(app, by, &silence.owner) {
        return Ok(());
    }
    may_silence(app, by, &silence.silence.scope)
}

fn covers(app: &App, rule: &Rule, by: &str) -> bool {
    app.city.purposes.iter().any(|purpose| purpose.id == rule.purpose && purpose.roles.iter().any(|of| of == by))
}

fn holds(app: &App, by: &str, rule: &Rule) -> bool {
    *rule.owner == *by || holds_desk(app, by, &rule.owner) || (app.city.oncall.is_none() && covers(app, rule, by))
}

fn holds_desk(app: &App, by: &str, owner: &str) -> bool {
    let takes_its_calls = app.picture().calls().called.iter().any(|(of, taker)| of == owner && taker == by);
    takes_its_calls || app.city.oncall.as_ref().is_some_and(|on_call| on_call.holds_desk(by, owner))
}

fn not_its_desk(app: &App, by: &str, rule: &Rule) -> Refusal {
    let expected = desk(app, &rule.owner, |other| holds(app, other, rule));
    let rule = &rule.id;
    Refusal::not_admitted(format!(
        "role: {by} does not answer for the rule {rule}, so it may not keep it quiet; expected {expected}"
    ))
}

/// A role and the others that hold its desk, in words.
fn desk(app: &App, of: &str, holds: impl Fn(&str) -> bool) -> String {
    let others = app.city.roles.iter().map(String::as_str).filter(|other| *other != of && holds(other));
    let others: Vec<&str> = others.collect();
    if others.is_empty() { of.to_owned() } else { format!("{of}, or who holds its desk: {}", others.join(", ")) }
}

/// Whether there is such a role. What was sent instead is not repeated: it may be somebody's name.
pub(super) fn is_role(app: &App, field: &str, by: &str) -> Result<(), Refusal> {
    let not_there = || format!("{field}: there is no such role; GET /api/city lists them");
    is_there(field, not_there, by, app.city.roles.iter().map(String::as_str))
}

/// Whether all that a scope names is there; what is not is told by its place, from 0.
pub(super) fn is_scope(app: &App, scope: &SilenceScope) -> Result<(), Refusal> {
    let rules = app.rulebook.rules();
    let place = |list: &str, at: usize, what: &str| format!("scope: {list}[{at}] is no {what} of this city");
    for (at, rule) in scope.rules.iter().enumerate() {
        is_there("scope", || place("rules", at, "rule"), rule.as_str(), rules.iter().map(|rule| rule.id.as_str()))?;
    }
    let feeds = || app.city.feeds.iter().map(|feed| feed.contract.feed.as_str());
    for (at, feed) in scope.feeds.iter().enumerate() {
        is_there("scope", || place("feeds", at, "feed"), feed.as_str(), feeds())?;
    }
    let open: BTreeSet<String> = app.picture().state().alerts.iter().map(|alert| alert.key.subject.clone()).collect();
    let not_there = |subject: &String| !open.contains(subject) && !scope::is_subject(subject, &rules);
    let Some(at) = scope.subjects.iter().position(not_there) else { return Ok(()) };
    let city = &app.city;
    let named = (city.datastreams.iter().map(|stream| format!("datastream:{}", stream.id)))
        .chain(city.places.iter().map(|place| format!("place:{}", place.id)))
        .chain(city.things.iter().map(|thing| format!("thing:{}", thing.id)))
        .chain(feeds().map(|feed| format!("feed:{feed}")));
    let watched: Vec<String> = named.filter(|subject| scope::is_subject(subject, &rules)).chain(open).collect();
    let subject = scope.subjects.get(at).map_or("", String::as_str);
    is_there("scope", || place("subjects", at, "subject of a rule"), subject, watched.iter().map(String::as_str))
}

fn is_there<'n>(
    field: &str,
    not_there: impl FnOnce() -> String,
    name: &str,
    all: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), Refusal> {
    if all.clone().any(|known| known == name) {
        return Ok(());
    }
    let meant = nearest(name, all).map_or_else(String::new, |near| format!("; the nearest is {near}"));
    Err(Refusal::unknown(field, not_there() + &meant))
}

/// Whether a role may say who stands in for another, or that nobody does any more: that role itself, and who holds its
/// desk. Else anybody could take the calls of a desk, and with them keep quiet what it answers for.
pub(super) fn may_cover(app: &App, by: &str, of: &str) -> Result<(), Refusal> {
    is_role(app, "role", by)?;
    if by == of || app.city.oncall.is_none() || holds_desk(app, by, of) {
        return Ok(());
    }
    let expected = desk(app, of, |other| holds_desk(app, other, of));
    Err(Refusal::not_admitted(format!("role: {by} may not say who stands in for {of}; expected {expected}")))
}

/// Whether a cover would send the calls of a role to one that is away, by way of covers that hold at the same time.
pub(super) fn is_no_loop(asked: &Cover, covers: &[Cover]) -> Result<(), Refusal> {
    let at_once = |cover: &&Cover| cover.from < asked.until && asked.from < cover.until;
    let mut way = vec![asked.of.as_str(), asked.by.as_str()];
    while let Some(next) = covers.iter().filter(at_once).find(|cover| Some(&cover.of.as_str()) == way.last()) {
        let back = next.by == asked.of;
        // A circle that this cover is not part of was let in by an older version.
        if !back && way.contains(&next.by.as_str()) {
            return Ok(());
        }
        way.push(&next.by);
        if back {
            return Err(Refusal::not_admitted(format!(
                "by: the calls would go round, {}; end {} first, or let another role take them",
                way.join(" to "),
                next.id
            )));
        }
    }
    Ok(())
}

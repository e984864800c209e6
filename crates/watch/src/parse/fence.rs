//! Rules on where things of the city are.

use city::{EntityId, FeedKind};

use super::Town;
use super::events::known_feed;
use super::runs::{limits, needed_zones};
use crate::fence::OnFence;
use crate::reader::{Fields, Mistakes};
use crate::rule::Count;

/// Things of one rule: a depot's worth.
const THINGS_MAX: usize = 1_000;

/// `kind = "geofence"`.
pub(super) fn on_fence(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<OnFence> {
    let zones = needed_zones(fields, town, mistakes);
    let feed = fields.text("feed", "the feed through which the things are moved", mistakes);
    let feed = feed.and_then(|at| known_feed(&at, Some(&[FeedKind::SensorThings]), town, mistakes));
    let things = fields.ids("thing", "things", mistakes);
    if things.is_empty() && !fields.has("thing") && !fields.has("things") {
        mistakes
            .at(fields.start(), "`things` is missing: it should be a list of ids of things, as /v1.1/Things has them");
    }
    for at in &things {
        let streams = town.known.datastreams.iter().filter(|stream| stream.thing.0 == at.value);
        let mut of: Vec<&str> = streams.map(|stream| stream.feed.as_str()).collect();
        of.dedup();
        if let Some(feed) = feed.as_ref().filter(|feed| !of.is_empty() && !of.contains(&feed.as_str())) {
            mistakes.at(at.byte, format!("thing {} is not of the feed {feed}, but of {}", at.value, of.join(", ")));
        }
    }
    if let Some(over) = things.get(THINGS_MAX) {
        mistakes.at(over.byte, format!("a rule looks at {THINGS_MAX} things at most; make it two rules"));
    }
    let inside = fields.choice("where", &[("inside", true), ("outside", false)], mistakes);
    let start = fields.start();
    let limits = limits(fields, ["things", "things_below"], mistakes)?;
    if let Count::AtLeast(least) = limits.open
        && usize::try_from(least).is_ok_and(|least| least > things.len())
    {
        mistakes.at(start, format!("[open] asks for {least} things of {}; it would never ring", things.len()));
    }
    Some(OnFence {
        zones,
        things: things.iter().map(|at| EntityId::Number(i64::from(at.value))).collect(),
        feed: feed?,
        inside: inside?.value,
        open: limits.open,
        open_for: limits.open_for,
        close: limits.close,
        close_for: limits.close_for,
    })
}

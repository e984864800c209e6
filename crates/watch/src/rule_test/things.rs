//! `[[test.things]]`: things are set up, carried elsewhere or taken away, as SensorThings tells.

use city::record::Entry;
use city::{Entity, EntityBody, EntityChange, EntityId, EntityKind, Properties, Record, Shape, Span, Time};

use super::read::{feed, position};
use crate::context::Parts;
use crate::reader::{Fields, Mistakes};

/// The thing `thing` is at `longitude` and `latitude`, or where a `place` of the city has its symbol, from `at` on; with
/// `gone = true` nobody knows any more. What the configuration has of it stands before.
pub(super) fn moved(
    mut fields: Fields<'_, '_>,
    start: Time,
    parts: &Parts,
    mistakes: &mut Mistakes<'_>,
) -> Option<Entry> {
    let thing = fields.count("thing", mistakes);
    let at = fields.span_or("at", Span::default(), mistakes);
    let name = if fields.has("name") { fields.text("name", "what it is called", mistakes) } else { None };
    let gone = fields.flag("gone", mistakes);
    let feed = feed(&mut fields, "feed", parts, mistakes);
    let position = if gone { None } else { position(&mut fields, parts, mistakes) };
    fields.finish(mistakes);
    let (thing, feed) = (thing?.value, feed?);
    let id = EntityId::Number(i64::from(thing));
    let changes = if gone {
        vec![EntityChange::Delete(EntityKind::Location, id)]
    } else {
        let known = parts.things.iter().find(|known| known.id.0 == thing).map(|known| known.name.clone());
        let name = name.map(|at| at.value).or(known).unwrap_or_else(|| format!("Thing {thing}"));
        let entity = |body| {
            let description = String::new();
            EntityChange::Put(Entity {
                id: id.clone(),
                name: name.clone(),
                description,
                properties: Properties::default(),
                body,
            })
        };
        let encoding_type = "application/geo+json".to_owned();
        let place = EntityBody::Location { encoding_type, location: Shape::Point(position?) };
        // The location of a test's thing has the number of the thing.
        let carried = EntityBody::Thing { locations: vec![id.clone()], feature_of_interest: None };
        vec![entity(place), entity(carried)]
    };
    Some(Entry { feed, received: start + at, record: Record::Entities(changes) })
}

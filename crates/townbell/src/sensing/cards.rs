//! What an answer about things says of each beside its values, as JSON: made when a thing, its place or a datastream
//! of it changes, so that an answer copies it and adds the values.

use std::collections::{BTreeSet, HashMap};

use city::{DatastreamId, EntityBody, EntityChange, EntityId, EntityKind, Shape};
use sensorthings::Navigation;
use sensorthings::catalogue::{self, Catalogue};
use sensorthings::digits::{number, whole};
use sensorthings::json::{Object, text};

/// A thing that stands somewhere.
#[derive(Debug, PartialEq)]
pub struct Card {
    /// From `{` on, with nothing where values belong.
    text: Box<[u8]>,
    /// Where in it the values of which series belong.
    places: Box<[(DatastreamId, u32)]>,
}

/// The cards of all things that stand somewhere.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Cards(HashMap<EntityId, Card>);

impl Card {
    fn new(catalogue: &Catalogue, id: &EntityId) -> Option<Self> {
        let thing = catalogue.get(EntityKind::Thing, id)?;
        let EntityBody::Thing { locations, .. } = &thing.body else { return None };
        let point = |location| match &catalogue.get(EntityKind::Location, location)?.body {
            EntityBody::Location { location: Shape::Point(position), .. } => Some(*position),
            _ => None,
        };
        let position = locations.iter().find_map(point)?;
        let (mut out, mut places) = (Vec::new(), Vec::new());
        let mut object = Object::open(&mut out);
        text(object.key(&["id"]), &id.to_string());
        text(object.key(&["name"]), &thing.name);
        let mut place = Object::open(object.key(&["position"]));
        number(place.key(&["longitude"]), position.longitude);
        number(place.key(&["latitude"]), position.latitude);
        place.close();
        let series = object.key(&["datastreams"]);
        series.push(b'[');
        for id in catalogue.related(EntityKind::Thing, id, Navigation::Datastreams) {
            let (Some(entity), Some(datastream)) = (catalogue.get(EntityKind::Datastream, id), catalogue::series(id))
            else {
                continue;
            };
            let EntityBody::Datastream(body) = &entity.body else { continue };
            if !places.is_empty() {
                series.push(b',');
            }
            let mut object = Object::open(series);
            whole(object.key(&["datastream"]), u64::from(datastream.0));
            text(object.key(&["name"]), &entity.name);
            text(object.key(&["observed_property"]), &body.observed_property.to_string());
            text(object.key(&["unit_symbol"]), body.unit_of_measurement.symbol.as_deref().unwrap_or_default());
            // A request that makes a thing has at most some MiB.
            places.push((datastream, u32::try_from(series.len()).unwrap_or(u32::MAX)));
            series.push(b'}');
        }
        series.push(b']');
        object.close();
        Some(Self { text: out.into(), places: places.into() })
    }

    /// Its series.
    pub fn series(&self) -> impl Iterator<Item = DatastreamId> + '_ {
        self.places.iter().map(|(id, _)| *id)
    }

    /// Writes it, with what `value` writes of each series, which begins with a comma.
    pub fn write(&self, out: &mut Vec<u8>, mut value: impl FnMut(&mut Vec<u8>, DatastreamId)) {
        let mut from = 0;
        for (datastream, place) in &self.places {
            let place = *place as usize;
            out.extend_from_slice(self.text.get(from..place).unwrap_or_default());
            value(out, *datastream);
            from = place;
        }
        out.extend_from_slice(self.text.get(from..).unwrap_or_default());
    }
}

impl Cards {
    /// Of all things.
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let mut cards = Self::default();
        cards.make(catalogue, catalogue.ids(EntityKind::Thing).cloned());
        cards
    }

    /// Makes the cards of these things anew.
    pub(super) fn make(&mut self, catalogue: &Catalogue, things: impl IntoIterator<Item = EntityId>) {
        for id in things {
            match Card::new(catalogue, &id) {
                Some(card) => drop(self.0.insert(id, card)),
                None => drop(self.0.remove(&id)),
            }
        }
    }

    /// The card of a thing, if it stands somewhere.
    pub(super) fn get(&self, thing: &EntityId) -> Option<&Card> {
        self.0.get(thing)
    }
}

/// The things whose cards show what is changed. What is so before a change and after it may differ: ask twice.
pub(super) fn shown_by(catalogue: &Catalogue, changes: &[EntityChange]) -> BTreeSet<EntityId> {
    let mut things = BTreeSet::new();
    for change in changes {
        let (kind, id) = match change {
            EntityChange::Put(entity) => (entity.kind(), &entity.id),
            EntityChange::Delete(kind, id) => (*kind, id),
        };
        match kind {
            EntityKind::Thing if says_the_same(catalogue, change) => {}
            EntityKind::Thing => drop(things.insert(id.clone())),
            EntityKind::Location => {
                things.extend(catalogue.related(kind, id, Navigation::Things).cloned());
            }
            EntityKind::Datastream => things.extend(catalogue.related(kind, id, Navigation::Thing).cloned()),
            _ => {}
        }
    }
    things
}

/// Whether a thing is put that has its name and stands where it stood: at the first observations of a station that is
/// so, and its card names every datastream.
fn says_the_same(catalogue: &Catalogue, change: &EntityChange) -> bool {
    let EntityChange::Put(new) = change else { return false };
    let Some(old) = catalogue.get(new.kind(), &new.id) else { return false };
    match (&new.body, &old.body) {
        (EntityBody::Thing { locations: new_places, .. }, EntityBody::Thing { locations: old_places, .. }) => {
            new.name == old.name && new_places == old_places
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]
    use city::{DatastreamBody, Entity, FeedId, ObservationType, Position, Properties, Time, UnitOfMeasurement};
    use proptest::prelude::*;

    use super::*;
    use crate::tell::numbers::ResultView;
    use crate::tell::views::{PlacedThing, PlacedValue};

    /// A few of each kind, so that they meet.
    fn id() -> impl Strategy<Value = EntityId> {
        (1_i64..4).prop_map(EntityId::Number)
    }

    fn body() -> impl Strategy<Value = EntityBody> {
        let thing = (prop::collection::vec(id(), 0..3), prop::option::of(id()));
        let thing = thing.prop_map(|(mut locations, feature_of_interest)| {
            locations.sort();
            locations.dedup();
            EntityBody::Thing { locations, feature_of_interest }
        });
        let location = (0_u8..3).prop_map(|degrees| {
            let at = |north| Position { longitude: -51.5, latitude: north };
            let shapes = [Shape::Point(at(-30.25)), Shape::Point(at(2.5)), Shape::LineString(vec![at(1.5), at(2.5)])];
            let location = shapes.get(usize::from(degrees)).expect("one of three").clone();
            EntityBody::Location { encoding_type: "application/geo+json".to_owned(), location }
        });
        let datastream = (id(), prop::option::of("[a-z\"]{1,3}")).prop_map(|(thing, symbol)| {
            EntityBody::Datastream(Box::new(DatastreamBody {
                observation_type: ObservationType::Measurement,
                unit_of_measurement: UnitOfMeasurement { name: None, symbol, definition: None },
                thing,
                sensor: EntityId::Number(1),
                observed_property: EntityId::from("water_level"),
                feed: FeedId::new("water"),
                feature_of_interest: None,
                other_features: Vec::new(),
            }))
        });
        prop_oneof![thing, location, datastream]
    }

    fn change() -> impl Strategy<Value = EntityChange> {
        let kinds = [EntityKind::Thing, EntityKind::Location, EntityKind::Datastream];
        let put = (id(), "[a-z\"\n]{0,4}", body()).prop_map(|(id, name, body)| {
            let (description, properties) = (String::new(), Properties::default());
            EntityChange::Put(Entity { id, name, description, properties, body })
        });
        let delete = (prop::sample::select(kinds.to_vec()), id()).prop_map(|(kind, id)| EntityChange::Delete(kind, id));
        prop_oneof![4 => put, 1 => delete]
    }

    /// The same from the catalogue alone, as the document of the interface has it.
    fn expected(catalogue: &Catalogue, id: &EntityId) -> Option<PlacedThing> {
        let thing = catalogue.get(EntityKind::Thing, id)?;
        let EntityBody::Thing { locations, .. } = &thing.body else { return None };
        let mut stands = locations.iter().filter_map(|id| match &catalogue.get(EntityKind::Location, id)?.body {
            EntityBody::Location { location: Shape::Point(position), .. } => Some(*position),
            _ => None,
        });
        let values = catalogue.ids(EntityKind::Datastream).filter_map(|number| {
            let entity = catalogue.get(EntityKind::Datastream, number)?;
            let EntityBody::Datastream(body) = &entity.body else { return None };
            let datastream = catalogue::series(number)?.0;
            (body.thing == *id).then(|| PlacedValue {
                datastream,
                name: entity.name.clone(),
                observed_property: body.observed_property.to_string(),
                unit_symbol: body.unit_of_measurement.symbol.clone().unwrap_or_default(),
                phenomenon_time: Time::from_ms(1_714_446_000_000),
                result: Some(ResultView::Number(f64::from(datastream))),
            })
        });
        let (id, name, datastreams) = (id.to_string(), thing.name.clone(), values.collect());
        Some(PlacedThing { id, name, position: stands.next()?, datastreams })
    }

    proptest! {
        #[test]
        fn cards_keep_up_with_the_catalogue(groups in prop::collection::vec(prop::collection::vec(change(), 1..4), 1..12)) {
            let mut catalogue = Catalogue::new([]);
            let mut cards = Cards::new(&catalogue);
            for changes in groups {
                let mut shown = shown_by(&catalogue, &changes);
                for change in &changes {
                    catalogue.apply(change);
                }
                shown.extend(shown_by(&catalogue, &changes));
                cards.make(&catalogue, shown);
                prop_assert_eq!(&cards, &Cards::new(&catalogue));
            }
            for number in 1..4 {
                let id = EntityId::Number(number);
                let written = cards.get(&id).map(|card| {
                    let mut out = Vec::new();
                    card.write(&mut out, |out, id| {
                        let value = format!(",\"phenomenon_time\":\"2024-04-30T03:00:00Z\",\"result\":{}.0", id.0);
                        out.extend_from_slice(value.as_bytes());
                    });
                    serde_json::from_slice::<serde_json::Value>(&out).expect("JSON")
                });
                let expected = expected(&catalogue, &id).map(|thing| serde_json::to_value(thing).expect("JSON"));
                prop_assert_eq!(written, expected);
            }
        }
    }
}

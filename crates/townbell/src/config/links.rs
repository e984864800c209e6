//! `[[link]]`: what depends on what.

use city::link::Node;
use city::{FeedId, Link, Place, PlaceId, RouteId, Thing, ThingId};

use super::file::{CityFile, Placed};
use super::{Checker, Feed};

impl Checker<'_> {
    /// The links; both ends are there, but for lines of public transport, which come with their timetable.
    pub(super) fn links(&mut self, tables: &CityFile, things: &[Thing], places: &[Place], feeds: &[Feed]) -> Vec<Link> {
        let mut links = Vec::new();
        for placed in &tables.links {
            let from = self.node(placed, &placed.value.from, things, places, feeds);
            let to = self.node(placed, &placed.value.to, things, places, feeds);
            if let (Some(from), Some(to)) = (from, to) {
                if from == to {
                    self.say(&placed.span, "link: expected two different ends");
                }
                links.push(Link { from, to, kind: placed.value.kind.clone() });
            }
        }
        links
    }

    fn node<T>(
        &mut self,
        written: &Placed<T>,
        text: &str,
        things: &[Thing],
        places: &[Place],
        feeds: &[Feed],
    ) -> Option<Node> {
        let (kind, id) = text.split_once(':').unwrap_or((text, ""));
        let node = match kind {
            "thing" => {
                let found = id.parse().ok().and_then(|id| things.iter().find(|thing| thing.id == ThingId(id)));
                found.map(|thing| Node::Thing(thing.id))
            }
            "place" => places.iter().find(|place| place.id.as_str() == id).map(|_| Node::Place(PlaceId::new(id))),
            "feed" => {
                let found = feeds.iter().find(|feed| feed.contract.feed.as_str() == id);
                found.map(|_| Node::Feed(FeedId::new(id)))
            }
            "route" => (!id.is_empty()).then(|| Node::Route(RouteId::new(id))),
            _ => None,
        };
        if node.is_none() {
            let expected = "thing:ID, place:ID, feed:ID or route:ID, of this city";
            self.say(&written.span, format!("link: expected {expected}, found {text:?}"));
        }
        node
    }
}

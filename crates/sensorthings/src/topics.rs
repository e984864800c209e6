//! Topics of the MQTT extension (18-088 clause 14). A topic is a resource path with the version before it; this module
//! reads it and says what it asks for. Topics come from devices and readers, so everything here is bounded, and nothing
//! of a topic that does not fit the template is kept.

use crate::model::EntityType;
use crate::v1_1;

/// What every topic begins with, after the prefix that a broker's listener may put before it.
pub const VERSION: &str = "v1.1/";
/// The longest topic that is looked at, in bytes: the longest path of the model with ids is a quarter of it.
pub const TOPIC_BYTES_MAX: usize = 1_024;
/// The most segments a path has; the model is nowhere deeper without going round in circles.
pub const SEGMENTS_MAX: usize = 8;
/// The longest identifier in a topic, in characters, quotes counted.
pub const ID_CHARS_MAX: usize = 64;
/// Properties that one `$select` names: more than any type has.
pub const SELECTED_MAX: usize = 24;

/// The resource path of the entity set in which a message creates an observation (clause 14.1): `Observations` itself, or
/// after entities that lead to it (`Datastreams(1)/Observations`, `Things(1)/Datastreams(2)/Observations`). `None` when
/// the topic is anything else.
pub fn creation(topic: &str) -> Option<&str> {
    let path = topic.strip_prefix(VERSION)?;
    let walked = walk(path)?;
    (walked.end == End::Set && walked.entity == EntityType::Observation).then_some(path)
}

/// A topic that a reader subscribed to (clauses 14.2.1 to 14.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The topic, as the reader wrote it: messages go to exactly this.
    pub topic: String,
    /// The same place on the shortest way: `Datastreams(2)/Observations` for `Things(1)/Datastreams(2)/Observations`.
    pub path: String,
    /// The members of the JSON that were asked for; empty for all of them.
    pub select: Vec<String>,
}

/// Reads a topic that somebody subscribed to. `None` for what is no path of the model, has a wildcard (the broker
/// serves these from the plain topics), asks for another option than `$select`, or goes through a relation to one
/// (`Datastreams(1)/Thing/Locations`: whose locations that is can change, and a topic cannot).
pub fn subscription(topic: &str) -> Option<Subscription> {
    let (path, query) = match topic.strip_prefix(VERSION)?.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (topic.strip_prefix(VERSION)?, None),
    };
    let walked = walk(path)?;
    let select = match query {
        // The standard has `$select` on entity sets only (clause 14.2.4).
        Some(query) if walked.end == End::Set => selected(walked.entity, query)?,
        Some(_) => return None,
        None => Vec::new(),
    };
    Some(Subscription { topic: topic.to_owned(), path: walked.shortest.to_owned(), select })
}

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// At an entity set.
    Set,
    /// At one entity.
    Entity,
    /// At one property of an entity.
    Property,
}

struct Walked<'a> {
    end: End,
    entity: EntityType,
    shortest: &'a str,
}

/// Walks a path from set to set. An id is unique in its type, so the shortest way to a place begins at the last entity
/// that is named.
fn walk(path: &str) -> Option<Walked<'_>> {
    if path.len() > TOPIC_BYTES_MAX || path.split('/').count() > SEGMENTS_MAX {
        return None;
    }
    let mut entity: Option<EntityType> = None;
    let mut end = End::Entity;
    let mut shortest = 0;
    let mut at = 0;
    for segment in path.split('/') {
        if end != End::Entity {
            return None;
        }
        let (name, id) = match segment.split_once('(') {
            Some((name, id)) => (name, Some(id.strip_suffix(')').filter(|id| is_id(id))?)),
            None => (segment, None),
        };
        let property = entity.is_some_and(|entity| id.is_none() && entity.property(name).is_some());
        if property {
            end = End::Property;
        } else {
            entity = Some(match entity {
                None => EntityType::of_set(name)?,
                Some(from) => from.navigation(name).filter(|to| to.is_many())?.target(),
            });
            end = if id.is_some() { End::Entity } else { End::Set };
            if id.is_some() {
                shortest = at;
            }
        }
        at += segment.len() + 1;
    }
    Some(Walked { end, entity: entity?, shortest: path.get(shortest..)? })
}

/// A whole number, or text in single quotes of letters, digits, `-`, `_`, `.` and `:`.
fn is_id(id: &str) -> bool {
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    if id.len() > ID_CHARS_MAX {
        return false;
    }
    if let Some(rest) = id.strip_prefix('\'') {
        return rest.strip_suffix('\'').is_some_and(|text| !text.is_empty() && word(text));
    }
    let digits = id.strip_prefix('-').unwrap_or(id);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The members that `$select=a,b` names, as the JSON calls them.
fn selected(entity: EntityType, query: &str) -> Option<Vec<String>> {
    let names = query.strip_prefix("$select=").or_else(|| query.strip_prefix("%24select="))?;
    if names.split(',').count() > SELECTED_MAX {
        return None;
    }
    names.split(',').map(|name| member(entity, name.trim())).collect()
}

fn member(entity: EntityType, name: &str) -> Option<String> {
    if v1_1::is_id(name) {
        Some(v1_1::ID.to_owned())
    } else if name == v1_1::SELF_LINK || entity.property(name).is_some() {
        Some(name.to_owned())
    } else {
        entity.navigation(name).map(|_| v1_1::navigation_link(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_are_created_at_every_path_that_ends_in_their_set() {
        for path in [
            "Observations",
            "Datastreams(1)/Observations",
            "FeaturesOfInterest(7)/Observations",
            "Things(1)/Datastreams(2)/Observations",
            "ObservedProperties('water_level')/Datastreams(2)/Observations",
        ] {
            assert_eq!(creation(&format!("v1.1/{path}")), Some(path));
        }
    }

    #[test]
    fn nothing_else_creates() {
        for topic in [
            "",
            "v1.1/",
            "v1.0/Observations",
            "V1.1/Observations",
            "v1.1//Observations",
            "v1.1/Observations/",
            "v1.1/Observations('1-2')",
            "v1.1/Things",
            "v1.1/Datastreams(1)",
            "v1.1/Things(1)/Observations",
            "v1.1/Datastreams/Observations",
            "v1.1/Datastreams(1)/Observations?$select=result",
            "v1.1/Datastreams(1) /Observations",
            "v1.1/Datastreams(')/Observations",
            "v1.1/Datastreams('')/Observations",
            "v1.1/Datastreams(1/../2)/Observations",
            "v1.1/../v1.1/Observations",
            "v1.1/+/Observations",
            "v1.1/#",
            "v1.1/Datastreams(\u{661})/Observations",
        ] {
            assert_eq!(creation(topic), None, "{topic}");
        }
        assert_eq!(creation(&format!("v1.1/{}", "a/".repeat(70_000))), None);
        assert_eq!(creation(&format!("v1.1/Datastreams({})/Observations", "1".repeat(65))), None);
        let rounds = "Datastreams(1)/Observations".to_owned();
        assert_eq!(creation(&format!("v1.1/Things(1)/{}", rounds.repeat(9))), None);
    }

    #[test]
    fn a_subscription_is_brought_to_its_shortest_path() {
        let of = |topic: &str| {
            let read = subscription(topic).expect("a subscription");
            assert_eq!(read.topic, topic);
            (read.path, read.select)
        };
        assert_eq!(of("v1.1/Things"), ("Things".to_owned(), vec![]));
        assert_eq!(
            of("v1.1/Things(1)/Datastreams(2)/Observations"),
            ("Datastreams(2)/Observations".to_owned(), vec![])
        );
        assert_eq!(of("v1.1/Things(1)/Datastreams(2)/name"), ("Datastreams(2)/name".to_owned(), vec![]));
        assert_eq!(of("v1.1/Things(1)/Datastreams(2)"), ("Datastreams(2)".to_owned(), vec![]));
        assert_eq!(
            of("v1.1/Datastreams(1)/Observations?$select=result, phenomenonTime"),
            ("Datastreams(1)/Observations".to_owned(), vec!["result".to_owned(), "phenomenonTime".to_owned()])
        );
        assert_eq!(
            of("v1.1/Observations?%24select=id,Datastream").1,
            ["@iot.id".to_owned(), "Datastream@iot.navigationLink".to_owned()]
        );
    }

    #[test]
    fn what_cannot_be_served_is_no_subscription() {
        for topic in [
            "v1.1/Datastreams(1)/Thing",
            "v1.1/Datastreams(1)/Thing/Locations",
            "v1.1/Things(1)/colour",
            "v1.1/Things(1)/name/first",
            "v1.1/Things(1)/name?$select=name",
            "v1.1/Things?$filter=id eq 1",
            "v1.1/Things?$select=",
            "v1.1/Things?$select=name,colour",
            "v1.1/Things?",
            "v1.1/+/Observations",
            "v1.1/#",
        ] {
            assert_eq!(subscription(topic), None, "{topic}");
        }
        assert_eq!(subscription(&format!("v1.1/Things?$select={}", "name,".repeat(500))), None);
    }
}

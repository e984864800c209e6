//! Resource paths (18-088 clause 9.2): `Things(1)/Datastreams(2)/Observations`, `Things('abc')/name/$value`,
//! `Datastreams(1)/Thing/Locations/$ref`.

use city::EntityId;

use crate::model::{EntityType, Navigation, Property};
use crate::percent;
use crate::v1_1;

/// Entities that one path may walk through. The standard asks for four (clause 9.2.7); ten walk the model from end to
/// end and back.
pub const STEPS_MAX: usize = 10;
/// Bytes of a path, as it comes. The longest sensible one has some 300.
pub const PATH_BYTES_MAX: usize = 4 * 1024;
/// Members within a property that a path may name.
pub const MEMBERS_MAX: usize = 8;

/// What a path names.
#[derive(Clone, Debug, PartialEq)]
pub enum Resource {
    /// The root: which sets there are.
    Root,
    /// `$batch` (clause 11).
    Batch,
    /// `CreateObservations` (clause 12.2).
    CreateObservations,
    /// Entities, or something of one.
    Entities(EntityPath),
}

/// A path to entities.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityPath {
    /// The set that it starts from.
    pub set: EntityType,
    /// Which of that set; `None` for all of them, and then no step follows.
    pub id: Option<EntityId>,
    /// The relations that it walks on.
    pub steps: Vec<Step>,
    /// What of that which it leads to.
    pub part: Part,
}

/// One relation of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which.
    pub navigation: Navigation,
    /// Which of many; always `None` for a relation to one, and for one to many only in the last step.
    pub id: Option<EntityId>,
}

/// What a path names of that which it leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// All of it.
    Whole,
    /// Its addresses only: `$ref` (clause 9.2.6).
    References,
    /// One property, or a member of it (clause 9.2.4).
    Property {
        /// Which.
        property: Property,
        /// The way into it.
        members: Vec<Box<str>>,
        /// `$value`: the bare value, without JSON around it (clause 9.2.5).
        is_bare: bool,
    },
}

/// Why a path names nothing; a 404. The bytes of the caller are not said back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at} of the path expected {expected}, found {found}")]
pub struct PathError {
    /// Bytes from the start of the path.
    pub at: usize,
    /// What could stand there.
    pub expected: &'static str,
    /// What stands there, by kind.
    pub found: &'static str,
}

impl EntityPath {
    /// The type of what it leads to.
    pub fn entity(&self) -> EntityType {
        self.steps.last().map_or(self.set, |step| step.navigation.target())
    }

    /// Whether it leads to a collection, and not to one entity.
    pub fn is_collection(&self) -> bool {
        match self.steps.last() {
            Some(step) => step.navigation.is_many() && step.id.is_none(),
            None => self.id.is_none(),
        }
    }
}

impl Resource {
    /// Reads a path as it stands in an address, still percent-encoded, from behind the version (`/v1.1`) on. Slashes at
    /// its start and end mean nothing.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path.len() > PATH_BYTES_MAX {
            return Err(PathError { at: PATH_BYTES_MAX, expected: "the end of the path", found: "more" });
        }
        let segments = segments(path)?;
        let mut segments = segments.into_iter();
        let Some(first) = segments.next() else { return Ok(Self::Root) };
        let single = match first.text.as_str() {
            "$batch" => Some(Self::Batch),
            "CreateObservations" => Some(Self::CreateObservations),
            _ => None,
        };
        if let Some(resource) = single {
            return segments.next().map_or(Ok(resource), |more| more.fail("the end of the path"));
        }
        let (name, id) = first.named()?;
        let Some(set) = EntityType::of_set(name) else { return first.fail("the name of a set of entities") };
        let start = EntityPath { set, id, steps: Vec::new(), part: Part::Whole };
        walk(start, segments).map(Self::Entities)
    }
}

fn walk(mut path: EntityPath, mut segments: impl Iterator<Item = Segment>) -> Result<EntityPath, PathError> {
    while let Some(segment) = segments.next() {
        if segment.text == "$ref" {
            path.part = Part::References;
            return segments.next().map_or(Ok(path), |more| more.fail("the end of the path"));
        }
        if path.is_collection() {
            return segment.fail("$ref or the end of the path behind a collection");
        }
        let (name, id) = segment.named()?;
        let entity = path.entity();
        if let Some(navigation) = entity.navigation(name) {
            if id.is_some() && !navigation.is_many() {
                return segment.fail("a relation to one entity without an identifier");
            }
            path.steps.push(Step { navigation, id });
            if path.steps.len() >= STEPS_MAX {
                return segment.fail("a path of fewer steps");
            }
            continue;
        }
        let property = property(entity, name).filter(|_| id.is_none());
        let Some((property, has_members)) = property else {
            return segment.fail("a property or relation that this entity type has");
        };
        path.part = part(property, has_members, segments)?;
        return Ok(path);
    }
    Ok(path)
}

fn property(entity: EntityType, name: &str) -> Option<(Property, bool)> {
    let control = match name {
        _ if v1_1::is_id(name) => Some(Property::Id),
        v1_1::SELF_LINK => Some(Property::SelfLink),
        _ => None,
    };
    match control {
        Some(property) => Some((property, false)),
        None => entity.property(name).map(|row| (row.property, row.kind.has_members())),
    }
}

/// What stands behind a property: members of it, and `$value`.
fn part(property: Property, has_members: bool, segments: impl Iterator<Item = Segment>) -> Result<Part, PathError> {
    let mut members = Vec::new();
    let mut is_bare = false;
    for segment in segments {
        if is_bare {
            return segment.fail("the end of the path");
        }
        if segment.text == "$value" {
            is_bare = true;
            continue;
        }
        if !has_members || members.len() >= MEMBERS_MAX {
            return segment.fail("$value or the end of the path");
        }
        members.push(segment.text.into_boxed_str());
    }
    Ok(Part::Property { property, members, is_bare })
}

/// What stands between two slashes, decoded.
struct Segment {
    text: String,
    /// Where it begins in the path as it came.
    at: usize,
}

impl Segment {
    fn fail<T>(&self, expected: &'static str) -> Result<T, PathError> {
        Err(PathError { at: self.at, expected, found: "something else" })
    }

    /// The name, and the identifier in parentheses behind it.
    fn named(&self) -> Result<(&str, Option<EntityId>), PathError> {
        let Some((name, rest)) = self.text.split_once('(') else { return Ok((&self.text, None)) };
        let id = rest.strip_suffix(')').and_then(id_of);
        match id {
            Some(id) => Ok((name, Some(id))),
            None if rest.strip_suffix(')').is_some_and(is_whole) => {
                self.fail("an identifier of at most 9223372036854775807")
            }
            None => self.fail("an identifier in parentheses, as (1) or ('abc')"),
        }
    }
}

/// An identifier as it stands in parentheses: a whole number, or text in quotes with the quotes inside doubled.
fn id_of(text: &str) -> Option<EntityId> {
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        let single = inner.replace("''", "");
        return (!single.contains('\'') && !inner.is_empty())
            .then(|| EntityId::from(inner.replace("''", "'").as_str()));
    }
    is_whole(text).then(|| text.parse().ok()).flatten().map(EntityId::Number)
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Cuts a path at its slashes, those within quotes left alone, and decodes what is between them.
fn segments(path: &str) -> Result<Vec<Segment>, PathError> {
    let raw = path.as_bytes();
    let (mut found, mut bytes, mut start) = (Vec::new(), Vec::new(), 0);
    let mut is_quoted = false;
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let (decoded, length) = match byte {
            b'%' => {
                let decoded = percent::byte_of(raw, at);
                (decoded.ok_or(PathError { at, expected: "two hexadecimal digits", found: "something else" })?, 3)
            }
            _ => (byte, 1),
        };
        is_quoted ^= decoded == b'\'';
        if byte == b'/' && !is_quoted {
            close(&mut found, &mut bytes, start)?;
            start = at + 1;
        } else {
            bytes.push(decoded);
        }
        at += length;
    }
    close(&mut found, &mut bytes, start)?;
    while found.last().is_some_and(|segment| segment.text.is_empty()) {
        found.pop();
    }
    let from = found.iter().position(|segment| !segment.text.is_empty()).unwrap_or(found.len());
    Ok(found.split_off(from))
}

fn close(found: &mut Vec<Segment>, bytes: &mut Vec<u8>, at: usize) -> Result<(), PathError> {
    let text = String::from_utf8(std::mem::take(bytes));
    let text = text.map_err(|_| PathError { at, expected: "UTF-8", found: "other bytes" })?;
    found.push(Segment { text, at });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entities(path: &str) -> EntityPath {
        match Resource::parse(path) {
            Ok(Resource::Entities(path)) => path,
            other => panic!("{path}: {other:?}"),
        }
    }

    fn step(navigation: Navigation, id: Option<i64>) -> Step {
        Step { navigation, id: id.map(EntityId::Number) }
    }

    #[test]
    fn the_examples_of_clause_9_2_are_read() {
        assert_eq!(Resource::parse("/"), Ok(Resource::Root));
        assert_eq!(Resource::parse("/$batch"), Ok(Resource::Batch));
        assert_eq!(Resource::parse("CreateObservations"), Ok(Resource::CreateObservations));
        let all = entities("/ObservedProperties");
        assert_eq!((all.entity(), all.is_collection()), (EntityType::ObservedProperty, true));
        let one = entities("/Things(1)");
        assert_eq!((one.id, one.steps.len()), (Some(EntityId::Number(1)), 0));
        let deep = entities("/Things(1)/Datastreams(2)/Observations(3)/FeatureOfInterest");
        let steps = [
            step(Navigation::Datastreams, Some(2)),
            step(Navigation::Observations, Some(3)),
            step(Navigation::FeatureOfInterest, None),
        ];
        assert_eq!(deep.steps, steps);
        assert!(!deep.is_collection());
        assert!(entities("/Datastreams(1)/Observations").is_collection());
        assert_eq!(entities("/Datastreams(1)/Observations/$ref").part, Part::References);
        assert_eq!(entities("Datastreams(1)/Thing/Locations/").entity(), EntityType::Location);
    }

    #[test]
    fn properties_are_reached() {
        let part = |property, members: &[&str], is_bare| Part::Property {
            property,
            members: members.iter().map(|member| Box::from(*member)).collect(),
            is_bare,
        };
        assert_eq!(entities("/Observations(1)/resultTime").part, part(Property::ResultTime, &[], false));
        assert_eq!(entities("/Observations(1)/resultTime/$value").part, part(Property::ResultTime, &[], true));
        assert_eq!(entities("/Things(1)/properties/a/b/$value").part, part(Property::Properties, &["a", "b"], true));
        assert_eq!(entities("/Things(1)/@iot.id").part, part(Property::Id, &[], false));
    }

    #[test]
    fn identifiers_are_numbers_or_quoted_text() {
        let id = |path: &str| entities(path).id.map(|id| id.to_string());
        assert_eq!(id("/Things('abc')").as_deref(), Some("abc"));
        assert_eq!(id("/Things('it''s')").as_deref(), Some("it's"));
        assert_eq!(id("/Things(%27a%2Fb%27)").as_deref(), Some("a/b"));
        assert_eq!(id("/Things('a/b')").as_deref(), Some("a/b"));
        assert_eq!(id("/Things('%C3%A9')").as_deref(), Some("é"));
        assert_eq!(id("/Things(-5)").as_deref(), Some("-5"));
    }

    #[test]
    fn what_names_nothing_is_told_apart() {
        let wrong = [
            "/Thing(1)",
            "/Things(1",
            "/Things()",
            "/Things('a)",
            "/Things('a'b')",
            "/Things(1.5)",
            "/Things(99999999999999999999)",
            "/Things/name",
            "/Things/Datastreams",
            "/Things(1)/Observations",
            "/Datastreams(1)/Thing(2)",
            "/Things(1)/name/first",
            "/Things(1)/name/$value/more",
            "/Things(1)/$value",
            "/Things(1)/$ref/name",
            "/Things(1)//name",
            "/$batch/Things",
            "/Things(%2)",
            "/Things('%FF')",
            "/Tasks",
        ];
        for path in wrong {
            assert!(Resource::parse(path).is_err(), "{path}");
        }
        let error = Resource::parse("/Things(1)/nothing").expect_err("no such property");
        assert_eq!(error.at, 11);
    }

    #[test]
    fn paths_have_an_end() {
        let round = "/Datastreams(1)/Thing";
        assert!(Resource::parse(&format!("/Things(1){}", round.repeat(4))).is_ok(), "nine entities");
        assert!(Resource::parse(&format!("/Things(1){}", round.repeat(5))).is_err(), "eleven");
        assert!(Resource::parse(&"/Things(1)".repeat(10_000)).is_err());
        assert!(Resource::parse(&"(".repeat(4_000)).is_err());
    }
}

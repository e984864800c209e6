//! What may be written, beyond what the standard says.

use std::collections::BTreeMap;

use city::{DatastreamId, DeclaredKind, EntityId, FeedId, ObservedProperty, Primitive, Properties, Time};
use serde_json::Value;

use super::field::Field;
use super::limits::{KEY_CHARS_MAX, KEYS_MAX, VALUE_CHARS_MAX};
use crate::problem::Problem;

/// The member, and the key that a pack declares for it.
const RESULT_QUALITY: &str = "resultQuality";

/// What the scan of a text finds, in words ("a telephone number"); empty when it may be kept.
pub type Scan<'a> = dyn Fn(&str) -> Vec<&'static str> + Sync + 'a;

/// The phenomenon time of an observation that was sent without one: about now, and never given to this datastream before.
/// `None`: more of them came than there are milliseconds, and the times would run away from the clock.
pub type Give<'a> = dyn Fn(DatastreamId) -> Option<Time> + 'a;

/// Who may write what, for one request.
#[derive(Clone)]
pub struct Rules<'a> {
    /// `serve --sandbox`: any observed property, any key with a primitive value.
    pub sandbox: bool,
    /// What the packs declare.
    pub declared: &'a Declared,
    /// Whose new datastreams are: the feed that may write them.
    pub feed: FeedId,
    /// The time of the request.
    pub now: Time,
    /// Gives times to observations that were sent without.
    pub give: &'a Give<'a>,
    /// The gate's scan, so that the answer can name the field. The gate scans again what it admits.
    pub scan: &'a Scan<'a>,
}

/// What the packs declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    properties: BTreeMap<String, ObservedProperty>,
    /// Every key of every pack, for things and whatever else is not of one observed property.
    keys: BTreeMap<String, Vec<DeclaredKind>>,
}

impl Declared {
    /// From the allow-list of the packs.
    pub fn new(properties: &[ObservedProperty]) -> Self {
        let mut declared = Self::default();
        for property in properties {
            for key in &property.declares {
                let kinds = declared.keys.entry(key.key.clone()).or_default();
                if !kinds.contains(&key.kind) {
                    kinds.push(key.kind);
                }
            }
            declared.properties.insert(property.id.as_str().to_owned(), property.clone());
        }
        declared
    }

    /// The observed property of an id, if it is of a pack.
    pub fn property(&self, id: &EntityId) -> Option<&ObservedProperty> {
        match id {
            EntityId::Text(text) => self.properties.get(&**text),
            EntityId::Number(_) => None,
        }
    }

    /// The observed property that a standard client means by a definition.
    pub(super) fn by_definition(&self, definition: &str) -> Option<&ObservedProperty> {
        self.properties.values().find(|property| !definition.is_empty() && property.definition == definition)
    }
}

/// Whose keys a bag may have.
#[derive(Clone, Copy)]
pub(super) enum Keys<'a> {
    /// Those of any pack: things, locations, sensors, features of interest are not of one observed property.
    AnyPack,
    /// Those of one observed property: its datastreams and their observations.
    Of(&'a EntityId),
}

impl Rules<'_> {
    /// The time of an observation that was sent without one.
    pub(super) fn given(&self, datastream: DatastreamId, field: &Field<'_>) -> Result<Time, Problem> {
        let detail = "more observations without a phenomenonTime come to this datastream than there are milliseconds; \
                      send each with its own";
        (self.give)(datastream).ok_or_else(|| Problem::refused(detail).about(field))
    }

    /// A text that may be kept: short enough, nothing hidden in it, nothing of a person.
    pub(super) fn text(&self, text: &str, chars_max: usize, field: &Field<'_>) -> Result<String, Problem> {
        if text.chars().take(chars_max + 1).count() > chars_max {
            return Err(Problem::refused(format!("expected at most {chars_max} characters")).about(field));
        }
        if text.chars().any(is_hidden) {
            return Err(Problem::refused("expected text without control characters").about(field));
        }
        let found = (self.scan)(text);
        if found.is_empty() {
            return Ok(text.to_owned());
        }
        let what = found.join(", ");
        Err(Problem::refused(format!("holds what looks like {what}; Townbell keeps nothing of persons")).about(field))
    }

    /// One value that is neither list nor object.
    pub(super) fn primitive(&self, value: &Value, field: &Field<'_>) -> Result<Primitive, Problem> {
        match value {
            Value::Bool(truth) => Ok(Primitive::Bool(*truth)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Ok(Primitive::Integer(whole)),
                (None, Some(number)) if number.is_finite() => Ok(Primitive::Number(number)),
                _ => Err(Problem::malformed("expected a finite number").about(field)),
            },
            Value::String(text) => Ok(Primitive::Text(self.text(text, VALUE_CHARS_MAX, field)?.into())),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Err(Problem::refused("expected a number, a text, true or false; no list, object or null").about(field))
            }
        }
    }

    /// `resultQuality`. In a city it is a number or a truth: a text could say anything, and is taken only where the pack
    /// of the observed property declares that key.
    pub(super) fn quality(&self, value: &Value, property: &EntityId, body: &Field<'_>) -> Result<Primitive, Problem> {
        let field = body.member(RESULT_QUALITY);
        if value.is_string() && !self.sandbox {
            self.key(RESULT_QUALITY, Keys::Of(property), value, &field)?;
        }
        self.primitive(value, &field)
    }

    /// `properties` or `parameters`: in a city only declared keys with values of their kind, in the sandbox any key
    /// with a primitive value. Null is the same as none.
    pub(super) fn bag(&self, value: &Value, keys: Keys<'_>, field: &Field<'_>) -> Result<Properties, Problem> {
        let map = match value {
            Value::Null => return Ok(Properties::default()),
            Value::Object(map) => map,
            _ => return Err(Problem::malformed("expected an object").about(field)),
        };
        if map.len() > KEYS_MAX {
            return Err(Problem::refused(format!("expected at most {KEYS_MAX} keys")).about(field));
        }
        let mut properties = Properties::default();
        for (key, value) in map {
            let at = field.member(key);
            self.key(key, keys, value, &at)?;
            properties.set(key, self.primitive(value, &at)?);
        }
        Ok(properties)
    }

    fn key(&self, key: &str, keys: Keys<'_>, value: &Value, at: &Field<'_>) -> Result<(), Problem> {
        if self.sandbox {
            self.text(key, KEY_CHARS_MAX, at)?;
            return Ok(());
        }
        let kinds: Vec<DeclaredKind> = match keys {
            Keys::AnyPack => self.declared.keys.get(key).cloned().unwrap_or_default(),
            Keys::Of(property) => {
                let declares = self.declared.property(property).map_or(&[][..], |property| &property.declares);
                declares.iter().filter(|declared| declared.key == key).map(|declared| declared.kind).collect()
            }
        };
        if kinds.is_empty() {
            return Err(Problem::refused("no pack declares this key; it is not kept").about(at));
        }
        if kinds.iter().any(|kind| takes(*kind, value)) {
            return Ok(());
        }
        let words: Vec<&str> = kinds.iter().map(|kind| words(*kind)).collect();
        Err(Problem::refused(format!("expected {}", words.join(" or "))).about(at))
    }
}

fn takes(kind: DeclaredKind, value: &Value) -> bool {
    match kind {
        DeclaredKind::Bool => value.is_boolean(),
        DeclaredKind::Integer => value.is_i64(),
        DeclaredKind::Number => value.is_number(),
        DeclaredKind::Text => value.is_string(),
    }
}

fn words(kind: DeclaredKind) -> &'static str {
    match kind {
        DeclaredKind::Bool => "true or false",
        DeclaredKind::Integer => "a whole number",
        DeclaredKind::Number => "a number",
        DeclaredKind::Text => "a text",
    }
}

/// Control characters but line ends and tabs, and the marks that turn text around on a screen.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !"\n\r\t".contains(c)) || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

//! `requests.json`: a list of objects, read as it passes by. What is not asked for is skipped over and never stored.

use std::fmt;

use city::Reason;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{FIELDS, Raw, errors, too_many};
use crate::error::{FormatError, Place, Standard};
use crate::limits::OPEN311_REQUESTS;

/// Names under which servers put the list into an object.
const WRAPPERS: [&str; 4] = ["service_requests", "requests", "service_request", "request"];

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Result<Raw, Reason>>, FormatError> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| FormatError::Malformed {
        standard: Standard::Open311,
        at: Place::Line(error.line() as u64, error.column() as u64),
        expected: "JSON: a list of requests",
        found: "something else",
    })?;
    match document {
        Document { found, .. } if found > OPEN311_REQUESTS => Err(too_many(found)),
        Document { errors: true, .. } => Err(errors()),
        Document { list: false, .. } => {
            Err(FormatError::Missing { standard: Standard::Open311, what: "a list of requests" })
        }
        Document { requests, .. } => Ok(requests),
    }
}

#[derive(Default)]
struct Document {
    requests: Vec<Result<Raw, Reason>>,
    /// How many there were, with those beyond the limit.
    found: usize,
    /// There was a list, or a single request.
    list: bool,
    /// It is a list of `code` and `description`.
    errors: bool,
}

impl Document {
    fn take(&mut self, item: Item) {
        self.found += 1;
        self.errors |= item.is_error;
        if self.requests.len() < OPEN311_REQUESTS {
            self.requests.push(item.raw);
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut document = Self::default();
        deserializer.deserialize_any(Whole(&mut document))?;
        Ok(document)
    }
}

/// The document, or the list inside of it.
struct Whole<'d>(&'d mut Document);

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.list = true;
        while self.0.found <= OPEN311_REQUESTS {
            let Some(item) = list.next_element::<Item>()? else { return Ok(()) };
            self.0.take(item);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.0.found += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut single = Item::default();
        let mut is_single = false;
        while let Some(key) = map.next_key::<Name>()? {
            match key.0 {
                Some(name) if WRAPPERS.contains(&name) => map.next_value_seed(Whole(self.0))?,
                Some(name) if FIELDS.contains(&name) => {
                    is_single = true;
                    single.take(Some(name), map.next_value::<Value>()?);
                }
                Some("errors") => {
                    self.0.errors = true;
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    single.drop_one();
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if is_single {
            self.0.list = true;
            self.0.take(single);
        }
        Ok(())
    }
}

/// An element of the list.
struct Item {
    raw: Result<Raw, Reason>,
    is_error: bool,
}

impl Default for Item {
    fn default() -> Self {
        Self { raw: Ok(Raw::default()), is_error: false }
    }
}

impl Item {
    fn take(&mut self, name: Option<&'static str>, value: Value) {
        let taken = match (&mut self.raw, value) {
            (Err(_), _) => return,
            (Ok(raw), Value::One(text)) => raw.take(name.unwrap_or_default(), text.as_deref()),
            (Ok(_), Value::Other) => Err(Reason::Malformed),
        };
        if let Err(reason) = taken {
            self.raw = Err(reason);
        }
    }

    fn drop_one(&mut self) {
        if let Ok(raw) = &mut self.raw {
            raw.dropped += 1;
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

/// What is in the place of a request and is none is counted, and takes no neighbour along.
macro_rules! none_of {
    ($($visit:ident($kind:ty)),* => $other:expr) => {$(
        fn $visit<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($other)
        }
    )*};
}

const NO_REQUEST: Item = Item { raw: Err(Reason::Malformed), is_error: false };

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut item = Item::default();
        let (mut code, mut description) = (false, false);
        while let Some(key) = map.next_key::<Name>()? {
            if key.0.is_some_and(|name| FIELDS.contains(&name)) {
                item.take(key.0, map.next_value::<Value>()?);
            } else {
                code |= key.0 == Some("code");
                description |= key.0 == Some("description");
                item.drop_one();
                map.next_value::<IgnoredAny>()?;
            }
        }
        let empty = item.raw.as_ref().is_ok_and(|raw| raw.values.iter().all(Option::is_none));
        item.is_error = code && description && empty;
        Ok(item)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(NO_REQUEST)
    }

    none_of!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str) => NO_REQUEST);

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(NO_REQUEST)
    }
}

/// A name that means something here, or any other.
struct Name(Option<&'static str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E>(self, found: &str) -> Result<Name, E> {
                let mut known = FIELDS.into_iter().chain(WRAPPERS).chain(["errors", "code", "description"]);
                Ok(Name(known.find(|name| *name == found)))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// A value: a text, a number as a text, a list of one of them, or nothing.
enum Value {
    One(Option<String>),
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::One(Some(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::One(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::One(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::One(Some(number.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::One(None))
    }

    none_of!(visit_bool(bool) => Value::Other);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let first = list.next_element::<Self::Value>()?.unwrap_or(Value::One(None));
        let mut alone = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            alone = false;
        }
        Ok(if alone { first } else { Value::Other })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}

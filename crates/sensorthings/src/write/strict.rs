//! Reading JSON (RFC 8259) as a sender means it: a key that stands twice in one object would be kept once, and nobody
//! knows which; so it is refused.

use std::cell::RefCell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What gzip begins with (RFC 1952, section 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b";

/// A body as JSON. What cannot be read is not quoted.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.starts_with(GZIP) {
        return Err(Problem::media_type("expected JSON as it is, not compressed"));
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Err(Problem::malformed("expected JSON without a byte-order mark in front of it"));
    }
    value(bytes)
}

/// A value with nothing behind it.
pub(crate) fn value(bytes: &[u8]) -> Result<Value, Problem> {
    let twice = RefCell::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { twice: &twice }.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    let twice = twice.into_inner();
    read.map_err(|error| {
        let at = format!("line {} column {}", error.line(), error.column());
        match twice {
            Some(key) => Problem::malformed(format!("expected each key once in an object, not so at {at}")).about(key),
            None => Problem::malformed(format!("expected JSON, {} at {at}", found(&error))),
        }
    })
}

/// What was found in its place. Only the beginnings of what the reader says are looked at: they are its own words.
fn found(error: &serde_json::Error) -> &'static str {
    let said = error.to_string();
    match said.as_str() {
        _ if said.starts_with("number out of range") => "found a number that is too large to keep",
        _ if said.starts_with("recursion limit") => "found more than 127 levels of nesting",
        _ if error.is_eof() => "found its end too early",
        _ => "found something else",
    }
}

/// Reads a value; the first key that stands twice is put aside.
#[derive(Clone, Copy)]
struct Strict<'t> {
    twice: &'t RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            if map.contains_key(&key) {
                self.twice.replace(Some(key));
                return Err(A::Error::custom("a key twice"));
            }
            let value = object.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test says what it expected")]

    use super::*;

    #[test]
    fn it_reads_what_serde_json_reads() {
        for text in [r#"{"a":[1,-2,3.5e2,true,null,"x\u00e9"],"b":{"a":{}}}"#, "18446744073709551615", "\"\"", " [ ] "]
        {
            let expected: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(json(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (text, status, words) in [
            (r#"{"a":1,"b":{"c":1,"c":2}}"#, 400, "each key once"),
            ("[1e999]", 400, "too large"),
            (deep.as_str(), 400, "levels of nesting"),
            ("\u{feff}{}", 400, "byte-order mark"),
            (r#"{"a":"#, 400, "end too early"),
            ("{} x", 400, "something else"),
        ] {
            let problem = json(text.as_bytes()).expect_err(text);
            assert!(problem.status == status && problem.detail.contains(words), "{text}: {problem:?}");
        }
        let twice = json(br#"[{"a":1,"c":{"d":1,"d":1}}]"#).expect_err("twice");
        assert_eq!(twice.field.as_deref(), Some("d"));
        assert_eq!(json(b"\x1f\x8b\x08\x00").expect_err("gzip").status, 415);
    }
}

//! Values as JSON, written straight into bytes: times, places, bags of properties, ids.

use std::io::Write as _;

use city::{DatastreamId, EntityId, ObservationKey, Position, Primitive, Properties, Shape, Time};

use crate::digits::{self, whole};
pub(crate) use crate::digits::{integer, number};
pub(crate) use crate::json::{Object, list, text};

/// An instant in quotes.
pub(crate) fn time(out: &mut Vec<u8>, time: Time) {
    out.push(b'"');
    digits::time(out, time);
    out.push(b'"');
}

/// `a/b` in quotes.
pub(crate) fn interval(out: &mut Vec<u8>, from: Time, to: Time) {
    out.push(b'"');
    digits::time(out, from);
    out.push(b'/');
    digits::time(out, to);
    out.push(b'"');
}

/// One value of a property.
pub(crate) fn primitive(out: &mut Vec<u8>, value: &Primitive) {
    match value {
        Primitive::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Primitive::Integer(whole) => integer(out, *whole),
        Primitive::Number(real) => number(out, *real),
        Primitive::Text(words) => text(out, words),
    }
}

/// A bag of properties.
pub(crate) fn properties(out: &mut Vec<u8>, properties: &Properties) {
    out.push(b'{');
    for (at, (key, value)) in properties.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        text(out, key);
        out.push(b':');
        primitive(out, value);
    }
    out.push(b'}');
}

/// A geometry as GeoJSON has it (RFC 7946 clause 3.1).
pub(crate) fn shape(out: &mut Vec<u8>, shape: &Shape) {
    let name = match shape {
        Shape::Point(_) => "Point",
        Shape::MultiPoint(_) => "MultiPoint",
        Shape::LineString(_) => "LineString",
        Shape::MultiLineString(_) => "MultiLineString",
        Shape::Polygon(_) => "Polygon",
        Shape::MultiPolygon(_) => "MultiPolygon",
    };
    let mut object = Object::open(out);
    text(object.key(&["type"]), name);
    let out = object.key(&["coordinates"]);
    match shape {
        Shape::Point(at) => position(out, *at),
        Shape::MultiPoint(line) | Shape::LineString(line) => positions(out, line),
        Shape::MultiLineString(lines) | Shape::Polygon(lines) => rings(out, lines),
        Shape::MultiPolygon(areas) => list(out, areas, |out, area| rings(out, area)),
    }
    object.close();
}

fn rings(out: &mut Vec<u8>, lines: &[Vec<Position>]) {
    list(out, lines, |out, line| positions(out, line));
}

fn positions(out: &mut Vec<u8>, line: &[Position]) {
    list(out, line, |out, at| position(out, *at));
}

fn position(out: &mut Vec<u8>, at: Position) {
    list(out, [at.longitude, at.latitude], number);
}

/// An entity's id as a JSON value.
pub(crate) fn id(out: &mut Vec<u8>, id: &EntityId) {
    match id {
        EntityId::Number(number) => integer(out, *number),
        EntityId::Text(words) => text(out, words),
    }
}

/// An entity's id as it stands in brackets in a resource path, percent-encoded (18-088 clause 9.2.3, RFC 3986).
pub(crate) fn path_id(out: &mut Vec<u8>, id: &EntityId) {
    match id {
        EntityId::Number(number) => integer(out, *number),
        EntityId::Text(words) => {
            out.push(b'\'');
            for byte in words.bytes() {
                match byte {
                    b'\'' => out.extend_from_slice(b"%27%27"),
                    b'-' | b'.' | b'_' | b'~' => out.push(byte),
                    _ if byte.is_ascii_alphanumeric() => out.push(byte),
                    _ => {
                        let _ = write!(out, "%{byte:02X}");
                    }
                }
            }
            out.push(b'\'');
        }
    }
}

/// An observation's id: `DATASTREAM-MS`, `DATASTREAM-MS_ENDMS` of an interval, each with `-RESULTTIMEMS` behind it where
/// it has a result time; it needs no escapes anywhere.
pub(crate) fn key(out: &mut Vec<u8>, key: &ObservationKey) {
    whole(out, u64::from(key.datastream.0));
    out.push(b'-');
    integer(out, key.phenomenon_time.ms());
    if let Some(end) = key.phenomenon_end {
        out.push(b'_');
        integer(out, end.ms());
    }
    if let Some(result_time) = key.result_time {
        out.push(b'-');
        integer(out, result_time.ms());
    }
}

/// The observation that an id names, if it can be one.
pub fn key_of(id: &str) -> Option<ObservationKey> {
    let mut parts = id.split('-');
    let datastream = DatastreamId(decimal(parts.next()?)?);
    let time = |ms: &str| Time::from_ms(decimal(ms)?);
    let phenomenon = parts.next()?;
    let (phenomenon_time, phenomenon_end) = match phenomenon.split_once('_') {
        None => (time(phenomenon)?, None),
        Some((from, to)) => (time(from)?, Some(time(to)?)),
    };
    let result_time = match parts.next() {
        None => None,
        Some(ms) => Some(time(ms)?),
    };
    let key = ObservationKey { datastream, phenomenon_time, result_time, phenomenon_end };
    parts.next().is_none().then_some(key)
}

/// A number written as we write it: so that one observation has one id.
fn decimal<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    canonical.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digits::tests::written;

    fn time_ms() -> std::ops::Range<i64> {
        946_684_800_000..4_102_444_800_000
    }

    proptest! {
        #[test]
        fn an_observation_has_one_id(datastream in any::<u32>(), ms in time_ms(), result in proptest::option::of(time_ms()), end in proptest::option::of(time_ms())) {
            let mine = ObservationKey {
                datastream: DatastreamId(datastream),
                phenomenon_time: Time::from_ms(ms).expect("a time"),
                result_time: result.and_then(Time::from_ms),
                phenomenon_end: end.and_then(Time::from_ms),
            };
            prop_assert_eq!(key_of(&written(|out| key(out, &mine))), Some(mine));
        }
    }

    #[test]
    fn what_is_no_observation_has_no_key() {
        for id in [
            "",
            "1",
            "1-",
            "-1-1714446000000",
            "01-1714446000000",
            "1-+1714446000000",
            "1-5",
            "1-1714446000000-1",
            "1-1714446000000_",
            "1-1714446000000_1714446000001_1714446000002",
            "1_1714446000000",
        ] {
            assert_eq!(key_of(id), None, "{id}");
        }
    }

    #[test]
    fn ids_in_paths_are_quoted_and_encoded() {
        assert_eq!(written(|out| path_id(out, &EntityId::Number(7))), "7");
        assert_eq!(written(|out| path_id(out, &EntityId::from("water_level"))), "'water_level'");
        assert_eq!(written(|out| path_id(out, &EntityId::from("a'b/ü"))), "'a%27%27b%2F%C3%BC'");
    }
}

//! JSON, written straight into bytes: texts, numbers, times, places, ids.

use std::io::Write as _;

use city::{DatastreamId, EntityId, ObservationKey, Position, Primitive, Properties, Shape, Time};

/// From here on up numbers are written with an exponent: `1e300` and not 301 digits.
const PLAIN_MAX: f64 = 1e17;
/// Below this numbers are written with an exponent.
const PLAIN_MIN: f64 = 1e-7;

/// A JSON object that is being written.
pub(crate) struct Object<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Opens it.
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a name, which needs no escapes, and leaves the value to the caller.
    pub(crate) fn key(&mut self, parts: &[&str]) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// Writes a member if `value` writes one: it says whether there is one.
    pub(crate) fn member(&mut self, parts: &[&str], value: impl FnOnce(&mut Vec<u8>) -> bool) {
        let (length, empty) = (self.out.len(), self.empty);
        if !value(self.key(parts)) {
            self.out.truncate(length);
            self.empty = empty;
        }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// A list, item by item.
pub(crate) fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, one) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        item(out, one);
    }
    out.push(b']');
}

/// A text in quotes.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    // Writing into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// A whole number.
pub(crate) fn integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    whole(out, number.unsigned_abs());
}

/// Digits, without going through the formatter of the language: observations have four numbers each, by the thousand.
fn whole(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut from = digits.len();
    loop {
        from -= 1;
        if let Some(digit) = digits.get_mut(from) {
            *digit = digit_of(number);
        }
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// The last digit of a number.
#[allow(clippy::cast_possible_truncation, reason = "a remainder of ten is below ten")]
fn digit_of(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

/// Fractions of so many parts are tried first: what instruments give has four decimals at most.
const PARTS: f64 = 10_000.0;
/// Up to here a decimal of four places has at most 15 digits, and then no other as short is the same number.
const PARTS_MAX: f64 = 1e14;

/// A number of at most four decimals; false, and nothing written, for any other.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole, not negative and below 10^14")]
fn short_decimal(out: &mut Vec<u8>, number: f64) -> bool {
    let parts = (number.abs() * PARTS).round();
    // The division is rounded correctly: when it gives the number back, reading the decimal does too.
    #[allow(clippy::float_cmp, reason = "the very same number is meant")]
    let is_same = parts < PARTS_MAX && parts / PARTS == number.abs();
    if !is_same || (number == 0.0 && number.is_sign_negative()) {
        return false;
    }
    if number < 0.0 {
        out.push(b'-');
    }
    let parts = parts as u64;
    whole(out, parts / 10_000);
    let fraction = parts % 10_000;
    if fraction > 0 {
        let digits = [1_000, 100, 10, 1].map(|place| digit_of(fraction / place));
        let length = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        out.push(b'.');
        out.extend_from_slice(digits.get(..length).unwrap_or_default());
    }
    true
}

/// A number, as short as it can be so that reading it gives the same; `null` when it is not finite.
pub(crate) fn number(out: &mut Vec<u8>, number: f64) {
    if short_decimal(out, number) {
        return;
    }
    let size = number.abs();
    let _ = if !number.is_finite() {
        out.write_all(b"null")
    } else if number == 0.0 || (PLAIN_MIN..PLAIN_MAX).contains(&size) {
        write!(out, "{number}")
    } else {
        write!(out, "{number:e}")
    };
}

/// `2024-05-02T03:12:00Z`, with three digits of a second where it is not whole; without quotes.
pub(crate) fn bare_time(out: &mut Vec<u8>, time: Time) {
    let seconds = time.ms().div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let ms = time.ms().rem_euclid(1000);
    let digit = |number: i64, place: i64| digit_of((number / place).unsigned_abs());
    let text = [
        digit(year, 1000),
        digit(year, 100),
        digit(year, 10),
        digit(year, 1),
        b'-',
        digit(month, 10),
        digit(month, 1),
        b'-',
        digit(day, 10),
        digit(day, 1),
        b'T',
        digit(second, 36_000),
        digit(second / 3600, 1),
        b':',
        digit(second / 60 % 60, 10),
        digit(second / 60, 1),
        b':',
        digit(second % 60, 10),
        digit(second, 1),
    ];
    out.extend_from_slice(&text);
    if ms != 0 {
        out.extend_from_slice(&[b'.', digit(ms, 100), digit(ms, 10), digit(ms, 1)]);
    }
    out.push(b'Z');
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`), for 0000 to 9999.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// An instant in quotes.
pub(crate) fn time(out: &mut Vec<u8>, time: Time) {
    out.push(b'"');
    bare_time(out, time);
    out.push(b'"');
}

/// `a/b` in quotes.
pub(crate) fn interval(out: &mut Vec<u8>, from: Time, to: Time) {
    out.push(b'"');
    bare_time(out, from);
    out.push(b'/');
    bare_time(out, to);
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

/// An observation's id: `DATASTREAM-MS`, or `DATASTREAM-MS-RESULTTIMEMS` where it has a result time; it needs no
/// escapes anywhere.
pub(crate) fn key(out: &mut Vec<u8>, key: &ObservationKey) {
    whole(out, u64::from(key.datastream.0));
    out.push(b'-');
    integer(out, key.phenomenon_time.ms());
    if let Some(result_time) = key.result_time {
        out.push(b'-');
        integer(out, result_time.ms());
    }
}

/// The observation that an id names, if it can be one.
pub fn key_of(id: &str) -> Option<ObservationKey> {
    let mut parts = id.split('-');
    let datastream = DatastreamId(decimal(parts.next()?)?);
    let phenomenon_time = Time::from_ms(decimal(parts.next()?)?)?;
    let result_time = match parts.next() {
        None => None,
        Some(ms) => Some(Time::from_ms(decimal(ms)?)?),
    };
    parts.next().is_none().then_some(ObservationKey { datastream, phenomenon_time, result_time })
}

/// A number written as we write it: so that one observation has one id.
fn decimal<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    canonical.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    proptest! {
        #[test]
        fn times_are_those_of_the_calendar(ms in 946_684_800_000_i64..=4_102_444_800_000) {
            let at = Time::from_ms(ms).expect("a time");
            let text = written(|out| bare_time(out, at));
            prop_assert_eq!(text.parse::<Time>().expect("a time"), at);
        }

        #[test]
        fn numbers_round_trip(bits in any::<u64>()) {
            let real = f64::from_bits(bits);
            let text = written(|out| number(out, real));
            if real.is_finite() {
                prop_assert!(text.len() <= 26, "{}", text);
                prop_assert_eq!(text.parse::<f64>().expect("a number").to_bits(), bits);
                prop_assert_eq!(serde_json::from_str::<f64>(&text).expect("JSON").to_bits(), bits);
            } else {
                prop_assert_eq!(text, "null");
            }
        }

        #[test]
        fn decimals_are_as_short_as_the_language_writes_them(parts in -2_000_000_000_000_i64..2_000_000_000_000, places in 0..7) {
            let real = parts as f64 / 10_f64.powi(places);
            prop_assert_eq!(written(|out| number(out, real)), real.to_string());
        }

        #[test]
        fn an_observation_has_one_id(datastream in any::<u32>(), ms in 946_684_800_000_i64..4_102_444_800_000, result in proptest::option::of(946_684_800_000_i64..4_102_444_800_000)) {
            let mine = ObservationKey {
                datastream: DatastreamId(datastream),
                phenomenon_time: Time::from_ms(ms).expect("a time"),
                result_time: result.and_then(Time::from_ms),
            };
            prop_assert_eq!(key_of(&written(|out| key(out, &mine))), Some(mine));
        }
    }

    #[test]
    fn what_is_no_observation_has_no_key() {
        for id in
            ["", "1", "1-", "-1-1714446000000", "01-1714446000000", "1-+1714446000000", "1-5", "1-1714446000000-1"]
        {
            assert_eq!(key_of(id), None, "{id}");
        }
    }

    #[test]
    fn ids_in_paths_are_quoted_and_encoded() {
        assert_eq!(written(|out| path_id(out, &EntityId::Number(7))), "7");
        assert_eq!(written(|out| path_id(out, &EntityId::from("water_level"))), "'water_level'");
        assert_eq!(written(|out| path_id(out, &EntityId::from("a'b/ü"))), "'a%27%27b%2F%C3%BC'");
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let cases = [(5.0, "5"), (-0.5, "-0.5"), (0.1, "0.1"), (1e300, "1e300"), (-0.0, "-0"), (2.5e-9, "2.5e-9")];
        for (real, text) in cases {
            assert_eq!(written(|out| number(out, real)), text);
        }
    }
}

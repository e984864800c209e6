//! Observations as JSON (18-088 clause 8.2.7): the one kind that is told by the ten thousand, so nothing is worked out
//! twice for a row.

use city::{ObservationType, Primitive};

use super::entity::quoted;
use super::fields::Fields;
use super::text::{self, Object};
use super::{ID, NAVIGATION_LINK, SELF_LINK};
use crate::model::{EntityType, Property};
use crate::series::Row;

/// Whole numbers beyond this have neighbours that are the same `f64`; they are written as they come.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The members of an observation, but for the related entities that are told in full.
pub(crate) fn members(object: &mut Object<'_>, base: &str, row: &Row, kind: ObservationType, fields: &Fields) {
    let start = object.out.len();
    let out = object.key(&[ID]);
    out.push(b'"');
    let from = out.len();
    text::key(out, &row.key());
    let to = out.len();
    out.push(b'"');
    debug_assert!(start < from, "a key stands before its value");
    let address = |out: &mut Vec<u8>, rest: &[&str]| {
        quoted(out, &[base.as_bytes(), b"/", EntityType::Observation.set().as_bytes(), b"('"]);
        out.pop();
        out.extend_from_within(from..to);
        out.extend_from_slice(b"')");
        for part in rest {
            out.extend_from_slice(part.as_bytes());
        }
        out.push(b'"');
    };
    if fields.self_link {
        address(object.key(&[SELF_LINK]), &[]);
    }
    for field in &fields.properties {
        object.member(&[field.property.name()], |out| {
            super::narrowed(out, &field.members, |out| {
                property(out, row, kind, field.property) || absent(out, field.property)
            })
        });
    }
    for link in &fields.links {
        address(object.key(&[link.name(), NAVIGATION_LINK]), &["/", link.name()]);
    }
}

/// `resultTime` is told even where nobody said it: its place is then `null` (18-088 table 14).
fn absent(out: &mut Vec<u8>, property: Property) -> bool {
    if property == Property::ResultTime {
        out.extend_from_slice(b"null");
    }
    property == Property::ResultTime
}

/// Writes the value of a property; false, and nothing written, where the observation has none.
pub(crate) fn property(out: &mut Vec<u8>, row: &Row, kind: ObservationType, property: Property) -> bool {
    let detail = row.detail();
    match property {
        Property::Id => {
            out.push(b'"');
            text::key(out, &row.key());
            out.push(b'"');
        }
        Property::PhenomenonTime => match detail.and_then(|detail| detail.phenomenon_end) {
            Some(end) => text::interval(out, row.observation.phenomenon_time, end),
            None => text::time(out, row.observation.phenomenon_time),
        },
        Property::Result => result(out, row, kind),
        _ => {
            let Some(detail) = detail else { return false };
            match property {
                Property::ResultTime => return detail.result_time.map(|at| text::time(out, at)).is_some(),
                Property::ValidTime => {
                    return detail.valid_time.map(|(from, to)| text::interval(out, from, to)).is_some();
                }
                Property::ResultQuality => {
                    return detail.result_quality.as_ref().map(|value| text::primitive(out, value)).is_some();
                }
                Property::Parameters if !detail.parameters.is_empty() => text::properties(out, &detail.parameters),
                _ => return false,
            }
        }
    }
    true
}

/// The result as its datastream has it: a count is whole, a truth is true or false.
pub(crate) fn result(out: &mut Vec<u8>, row: &Row, kind: ObservationType) {
    match result_value(row, kind) {
        Ok(value) => text::primitive(out, value),
        Err(Plain::Truth(truth)) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Err(Plain::Whole(whole)) => text::integer(out, whole),
        Err(Plain::Real(real)) => text::number(out, real),
    }
}

/// A result that is in the column of numbers.
pub(crate) enum Plain {
    /// Of a truth observation.
    Truth(bool),
    /// Of a count.
    Whole(i64),
    /// Of a measurement.
    Real(f64),
}

/// The result of a row: Ok where it stands in its detail, Err where it is the number.
pub(crate) fn result_value(row: &Row, kind: ObservationType) -> Result<&Primitive, Plain> {
    if let Some(value) = row.detail().and_then(|detail| detail.result.as_ref()) {
        return Ok(value);
    }
    let number = row.observation.result;
    Err(match kind {
        ObservationType::Truth => Plain::Truth(number != 0.0),
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
        ObservationType::Count if number.fract() == 0.0 && number.abs() < WHOLE_MAX => Plain::Whole(number as i64),
        _ => Plain::Real(number),
    })
}

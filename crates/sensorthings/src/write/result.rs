//! What a result may be (18-088 table 12), one rule for single observations and for data arrays.

use std::borrow::Cow;

use city::{EntityId, ObservationType, Primitive};

use super::field::Field;
use super::limits::VALUE_CHARS_MAX;
use super::rules::Rules;
use crate::problem::Problem;

/// A JSON value without what is in lists and objects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    /// A list or an object.
    Compound,
}

impl<'a> Scalar<'a> {
    pub(crate) fn of(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => number.as_f64().map_or(Self::Compound, Self::Number),
            serde_json::Value::String(text) => Self::Text(Cow::Borrowed(text)),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Self::Compound,
        }
    }
}

/// Why a result is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoResult {
    Missing,
    NotFinite,
    /// What was expected.
    Kind(&'static str),
    NotListed,
    /// A list or an object.
    Compound,
    /// A text that may not be kept.
    Text(Box<Problem>),
}

impl NoResult {
    pub(crate) fn about(self, field: &Field<'_>) -> Problem {
        match self {
            Self::Missing => Problem::malformed("this member is mandatory").about(field),
            Self::NotFinite => Problem::malformed("expected a finite number").about(field),
            Self::Kind(expected) => {
                Problem::refused(format!("expected {expected}, as the datastream's observationType says")).about(field)
            }
            Self::NotListed => Problem::refused("expected one of the categories that the pack lists").about(field),
            Self::Compound => {
                let detail = "expected a number, a text, true or false; lists and objects are not kept as a result";
                Problem::refused(detail).about(field)
            }
            Self::Text(problem) => *problem,
        }
    }
}

/// The number of a result, and the result itself where it is no number.
pub(crate) fn result(
    rules: &Rules<'_>,
    kind: ObservationType,
    property: &EntityId,
    value: &Scalar<'_>,
) -> Result<(f64, Option<Primitive>), NoResult> {
    use ObservationType as T;
    match (kind, value) {
        (_, Scalar::Null) => Err(NoResult::Missing),
        (_, Scalar::Number(number)) if !number.is_finite() => Err(NoResult::NotFinite),
        (T::Measurement | T::Any, Scalar::Number(number)) => Ok((*number, None)),
        (T::Count, Scalar::Number(number)) if number.fract() == 0.0 => Ok((*number, None)),
        (T::Truth | T::Any, Scalar::Bool(truth)) => Ok((f64::from(*truth), Some(Primitive::Bool(*truth)))),
        (T::Category | T::Any, Scalar::Text(text)) => Ok((0.0, Some(words(rules, property, text)?))),
        (T::Measurement, _) => Err(NoResult::Kind("a number")),
        (T::Count, _) => Err(NoResult::Kind("a whole number")),
        (T::Truth, _) => Err(NoResult::Kind("true or false")),
        (T::Category, _) => Err(NoResult::Kind("a category as text")),
        (T::Any, Scalar::Compound) => Err(NoResult::Compound),
    }
}

fn words(rules: &Rules<'_>, property: &EntityId, text: &str) -> Result<Primitive, NoResult> {
    if rules.sandbox {
        let kept = rules.text(text, VALUE_CHARS_MAX, &Field::Body.member("result"));
        return kept.map(|text| Primitive::Text(text.into())).map_err(|problem| NoResult::Text(Box::new(problem)));
    }
    let categories = rules.declared.property(property).map_or(&[][..], |property| &property.categories);
    let listed = categories.iter().find(|category| *category == text);
    listed.map(|category| Primitive::Text(category.as_str().into())).ok_or(NoResult::NotListed)
}

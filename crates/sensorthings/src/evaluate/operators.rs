//! Comparison and arithmetic of values.

use std::cmp::Ordering;

use crate::evaluate::time;
use crate::query::expression::{Arithmetic, Comparison};
use crate::value::Value;

/// Compares two values; see the head of [`crate::evaluate`] for nulls and values of different kinds.
pub(super) fn compare(operator: Comparison, left: &Value<'_>, right: &Value<'_>) -> bool {
    if let (Some(first), Some(second)) = (left.extent(), right.extent()) {
        return time::compare(operator, first, second);
    }
    let equality = |same: bool| match operator {
        Comparison::Eq => same,
        Comparison::Ne => !same,
        _ => false,
    };
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => ordered(operator, a.partial_cmp(b)),
        (Value::Text(a), Value::Text(b)) => ordered(operator, Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => ordered(operator, Some(a.cmp(b))),
        (Value::Duration(a), Value::Duration(b)) => ordered(operator, Some(a.cmp(b))),
        (Value::Date(a), Value::Date(b)) | (Value::TimeOfDay(a), Value::TimeOfDay(b)) => {
            ordered(operator, Some(a.cmp(b)))
        }
        (Value::Geometry(a), Value::Geometry(b)) => equality(a == b),
        (Value::Null, Value::Null) => equality(true),
        _ => equality(false),
    }
}

fn ordered(operator: Comparison, ordering: Option<Ordering>) -> bool {
    let Some(ordering) = ordering else { return operator == Comparison::Ne };
    match operator {
        Comparison::Eq => ordering.is_eq(),
        Comparison::Ne => ordering.is_ne(),
        Comparison::Gt => ordering.is_gt(),
        Comparison::Ge => ordering.is_ge(),
        Comparison::Lt => ordering.is_lt(),
        Comparison::Le => ordering.is_le(),
    }
}

/// Reckons with numbers, durations and times. Where an interval stands, durations move both its ends, and its start is
/// what a difference is taken from. Null when the kinds do not fit, when dividing by zero, and beyond what can be held.
pub(super) fn arithmetic(operator: Arithmetic, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => numbers(operator, *a, *b),
        (Value::Duration(a), Value::Duration(b)) => durations(operator, *a, *b),
        (Value::Duration(a), Value::Number(b)) if matches!(operator, Arithmetic::Mul | Arithmetic::Div) => {
            match numbers(operator, *a as f64, *b) {
                Value::Number(ms) => whole(ms).map_or(Value::Null, Value::Duration),
                _ => Value::Null,
            }
        }
        (Value::Number(a), Value::Duration(b)) if operator == Arithmetic::Mul => {
            whole(a * *b as f64).map_or(Value::Null, Value::Duration)
        }
        (Value::Duration(by), time) if operator == Arithmetic::Add => moved(time, *by),
        (time, Value::Duration(by)) => match operator {
            Arithmetic::Add => moved(time, *by),
            Arithmetic::Sub => by.checked_neg().map_or(Value::Null, |back| moved(time, back)),
            _ => Value::Null,
        },
        _ => match (operator, left.extent(), right.extent()) {
            (Arithmetic::Sub, Some((a, _)), Some((b, _))) => a.checked_sub(b).map_or(Value::Null, Value::Duration),
            _ => Value::Null,
        },
    }
}

fn numbers(operator: Arithmetic, a: f64, b: f64) -> Value<'static> {
    Value::number(match operator {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Div => a / b,
        Arithmetic::Mod => a % b,
    })
}

fn durations(operator: Arithmetic, a: i64, b: i64) -> Value<'static> {
    match operator {
        Arithmetic::Add => a.checked_add(b).map_or(Value::Null, Value::Duration),
        Arithmetic::Sub => a.checked_sub(b).map_or(Value::Null, Value::Duration),
        Arithmetic::Div => Value::number(a as f64 / b as f64),
        Arithmetic::Mul | Arithmetic::Mod => Value::Null,
    }
}

/// The nearest whole number, if it can be held exactly.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to lie within 2^53")]
    (number.abs() <= EXACT).then(|| number.round() as i64)
}

/// A time moved by a duration; null when it leaves the calendar.
fn moved(time: &Value<'_>, by: i64) -> Value<'static> {
    let (first, last) = time::ends();
    let shift = |ms: i64| ms.checked_add(by).filter(|ms| (first..=last).contains(ms));
    match time {
        Value::Instant(at) => shift(*at).map_or(Value::Null, Value::Instant),
        Value::Interval(from, to) => match (shift(*from), shift(*to)) {
            (Some(from), Some(to)) => Value::Interval(from, to),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

/// The number or duration with its sign turned.
pub(super) fn negate(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Number(number) => Value::Number(-number),
        Value::Duration(ms) => ms.checked_neg().map_or(Value::Null, Value::Duration),
        _ => Value::Null,
    }
}

//! The functions of 18-088 Table 25. Any argument that is null, or of a kind the function cannot use, makes it null.

use std::borrow::Cow;

use crate::evaluate::geometry::{Geometry, Relation};
use crate::evaluate::scope::{Scope, value};
use crate::evaluate::time;
use crate::query::expression::Expression;
use crate::query::function::Function;
use crate::value::Value;

/// Calls a function.
pub(super) fn call<'a>(function: Function, arguments: &'a [Expression], scope: &Scope<'a>) -> Value<'a> {
    let argument = |index: usize| arguments.get(index).map_or(Value::Null, |argument| value(argument, scope));
    let first = argument(0);
    match arguments.len() {
        0 => constant(function),
        1 => of_one(function, first),
        2 => of_two(function, &first, &argument(1)),
        _ => of_three(function, &first, &argument(1), &argument(2)),
    }
    .unwrap_or(Value::Null)
}

/// `now()` is not among them: it is known when a filter is made ready, and a constant from then on.
fn constant(function: Function) -> Option<Value<'static>> {
    match function {
        Function::MinDateTime => Some(Value::Instant(time::ends().0)),
        Function::MaxDateTime => Some(Value::Instant(time::ends().1)),
        _ => None,
    }
}

fn of_one(function: Function, argument: Value<'_>) -> Option<Value<'_>> {
    match (function, argument) {
        (Function::Length, Value::Text(text)) => Some(Value::Number(text.chars().count() as f64)),
        (Function::ToLower, Value::Text(text)) => Some(owned(text.to_lowercase())),
        (Function::ToUpper, Value::Text(text)) => Some(owned(text.to_uppercase())),
        (Function::Trim, Value::Text(Cow::Borrowed(text))) => Some(Value::text(text.trim())),
        (Function::Trim, Value::Text(Cow::Owned(text))) => Some(owned(text.trim().to_owned())),
        (Function::Round, Value::Number(number)) => Some(Value::Number(number.round())),
        (Function::Floor, Value::Number(number)) => Some(Value::Number(number.floor())),
        (Function::Ceiling, Value::Number(number)) => Some(Value::Number(number.ceil())),
        (Function::GeoLength, Value::Geometry(geometry)) => Some(Value::number(geometry.length())),
        (Function::Date, argument) => time::date(argument.extent()?.0).map(Value::Date),
        (Function::Time, argument) => Some(Value::TimeOfDay(time::time_of_day(argument.extent()?.0))),
        (Function::TotalOffsetMinutes, argument) => argument.extent().map(|_| Value::Number(0.0)),
        (Function::Year | Function::Month | Function::Day, argument) => calendar(function, &argument),
        (_, argument) => clock(function, &argument),
    }
}

fn owned(text: String) -> Value<'static> {
    Value::Text(Cow::Owned(text))
}

fn calendar(function: Function, argument: &Value<'_>) -> Option<Value<'static>> {
    let days = match argument {
        Value::Date(days) => *days,
        other => time::date(other.extent()?.0)?,
    };
    let (year, month, day) = time::calendar(days)?;
    Some(Value::Number(match function {
        Function::Year => f64::from(year),
        Function::Month => f64::from(month),
        _ => f64::from(day),
    }))
}

fn clock(function: Function, argument: &Value<'_>) -> Option<Value<'static>> {
    let ms = match argument {
        Value::TimeOfDay(ms) => *ms,
        other => time::time_of_day(other.extent()?.0),
    };
    match function {
        Function::Hour => Some(Value::Number(f64::from(ms / 3_600_000))),
        Function::Minute => Some(Value::Number(f64::from(ms / 60_000 % 60))),
        Function::Second => Some(Value::Number(f64::from(ms / 1000 % 60))),
        Function::FractionalSeconds => Some(Value::Number(f64::from(ms % 1000) / 1000.0)),
        _ => None,
    }
}

fn of_two<'a>(function: Function, first: &Value<'a>, second: &Value<'a>) -> Option<Value<'a>> {
    match (first, second) {
        (Value::Text(a), Value::Text(b)) => texts(function, a, b),
        (Value::Text(text), Value::Number(start)) if function == Function::Substring => {
            Some(owned(substring(text, *start, f64::INFINITY)))
        }
        (Value::Geometry(a), Value::Geometry(b)) => geometries(function, a, b),
        _ => time::relation(function, first.extent()?, second.extent()?).map(Value::Bool),
    }
}

fn texts(function: Function, a: &str, b: &str) -> Option<Value<'static>> {
    Some(match function {
        Function::SubstringOf => Value::Bool(b.contains(a)),
        Function::StartsWith => Value::Bool(a.starts_with(b)),
        Function::EndsWith => Value::Bool(a.ends_with(b)),
        Function::Concat => owned(format!("{a}{b}")),
        Function::IndexOf => {
            let characters = |at: usize| a[..at].chars().count() as f64;
            Value::Number(a.find(b).map_or(-1.0, characters))
        }
        _ => return None,
    })
}

/// Characters from `start` on, at most `length`. Fractions are cut off; what lies outside the text is empty.
fn substring(text: &str, start: f64, length: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "negative becomes 0, too large the most"
    )]
    let (start, length) = (start as usize, length as usize);
    text.chars().skip(start).take(length).collect()
}

fn geometries(function: Function, a: &Geometry, b: &Geometry) -> Option<Value<'static>> {
    let relation = match function {
        Function::GeoDistance => return Some(Value::number(a.distance(b))),
        Function::GeoIntersects | Function::StIntersects => return Some(Value::Bool(a.intersects(b))),
        Function::StDisjoint => return Some(Value::Bool(!a.intersects(b))),
        Function::StEquals => Relation::Equals,
        Function::StTouches => Relation::Touches,
        Function::StWithin => Relation::Within,
        Function::StOverlaps => Relation::Overlaps,
        Function::StCrosses => Relation::Crosses,
        Function::StContains => Relation::Contains,
        _ => return None,
    };
    Some(Value::Bool(a.is(relation, b)))
}

fn of_three<'a>(function: Function, first: &Value<'a>, second: &Value<'a>, third: &Value<'a>) -> Option<Value<'a>> {
    match (function, first, second, third) {
        (Function::Substring, Value::Text(text), Value::Number(start), Value::Number(length)) => {
            Some(owned(substring(text, *start, *length)))
        }
        (Function::StRelate, Value::Geometry(a), Value::Geometry(b), Value::Text(pattern)) => {
            a.relates(b, pattern).map(Value::Bool)
        }
        _ => None,
    }
}

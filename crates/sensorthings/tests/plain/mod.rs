//! The plainest evaluation of a query: over every entity as it is told whole, nothing left out, nothing clever.

use std::cmp::Ordering;

use serde_json::Value;

/// A condition, as text for the query and as plain code over JSON.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// Path of the row itself, operator, constant.
    Own(Vec<&'static str>, &'static str, Value),
    /// The same of a row at the other end of a relation.
    Behind(&'static str, Vec<&'static str>, &'static str, Value),
    /// Instants are compared as such.
    Time(&'static str, String),
    /// The text begins so.
    Begins(&'static str, String),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>),
}

fn constant(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("'{}'", text.replace('\'', "''")))
}

impl Test {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Own(path, operator, value) => format!("{} {operator} {}", path.join("/"), constant(value)),
            Self::Behind(relation, path, operator, value) => {
                format!("{relation}/{} {operator} {}", path.join("/"), constant(value))
            }
            Self::Time(operator, at) => format!("phenomenonTime {operator} {at}"),
            Self::Begins(name, start) => format!("startswith({name},{})", constant(&Value::from(start.as_str()))),
            Self::And(a, b) => format!("({} and {})", a.text(), b.text()),
            Self::Or(a, b) => format!("({} or {})", a.text(), b.text()),
            Self::Not(a) => format!("not ({})", a.text()),
        }
    }

    /// Whether it is true of a row; `behind` is the one row that the relation's path stands for.
    pub(crate) fn holds(&self, row: &Value, behind: &Value) -> bool {
        match self {
            Self::Own(path, operator, value) => compared(walk(row, path), operator, value),
            Self::Behind(_, path, operator, value) => compared(walk(behind, path), operator, value),
            Self::Time(operator, at) => timed(row["phenomenonTime"].as_str(), operator, at),
            Self::Begins(name, start) => row[*name].as_str().is_some_and(|text| text.starts_with(start.as_str())),
            Self::And(a, b) => a.holds(row, behind) && b.holds(row, behind),
            Self::Or(a, b) => a.holds(row, behind) || b.holds(row, behind),
            Self::Not(a) => !a.holds(row, behind),
        }
    }

    /// The relation that it walks, if it walks one.
    pub(crate) fn relation(&self) -> Option<&'static str> {
        match self {
            Self::Behind(relation, ..) => Some(relation),
            Self::And(a, b) | Self::Or(a, b) => a.relation().or_else(|| b.relation()),
            Self::Not(a) => a.relation(),
            _ => None,
        }
    }
}

fn walk<'v>(row: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(row, |at, member| &at[*member])
}

/// A value that is not there is not equal to one that is, and is neither more nor less.
fn compared(found: &Value, operator: &str, wanted: &Value) -> bool {
    let order = match (found, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) if ["eq", "ne"].contains(&operator) => Some(a.cmp(b)),
        _ => None,
    };
    match (operator, order) {
        ("ne", order) => order != Some(Ordering::Equal),
        ("eq", order) => order == Some(Ordering::Equal),
        ("gt", order) => order == Some(Ordering::Greater),
        ("lt", order) => order == Some(Ordering::Less),
        ("ge", order) => order.is_some_and(Ordering::is_ge),
        (_, order) => order.is_some_and(Ordering::is_le),
    }
}

fn ms(text: &str) -> i64 {
    text.parse::<city::Time>().expect("a time").ms()
}

/// From and to of an instant or an interval.
pub(crate) fn extent(text: &str) -> (i64, i64) {
    text.split_once('/').map_or_else(|| (ms(text), ms(text)), |(from, to)| (ms(from), ms(to)))
}

/// An interval lies before an instant when it ends before or as it comes, and after it when it starts after or as it
/// comes; `ge` and `le` let it start, or end, with it.
fn timed(found: Option<&str>, operator: &str, wanted: &str) -> bool {
    let Some((from, to)) = found.map(extent) else { return false };
    let at = ms(wanted);
    match operator {
        "lt" => to < at || (from < to && to == at),
        "ge" => from >= at,
        _ => unreachable!("only these two are asked"),
    }
}

/// A value as something that has an order: nothing, truths, numbers, texts, times.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(crate) enum Key {
    Nothing,
    Bool(bool),
    Number(f64),
    Text(String),
    Time(i64, i64),
}

pub(crate) fn key(value: &Value, is_time: bool) -> Key {
    match value {
        Value::Bool(truth) => Key::Bool(*truth),
        Value::Number(number) => Key::Number(number.as_f64().expect("a number")),
        Value::String(text) if is_time => {
            let (from, to) = extent(text);
            Key::Time(from, to)
        }
        Value::String(text) => Key::Text(text.clone()),
        _ => Key::Nothing,
    }
}

/// The place of an entity in the order of its collection.
pub(crate) fn natural(value: &Value) -> (i64, i64, i64, i64) {
    match &value["@iot.id"] {
        Value::Number(number) => (number.as_i64().expect("whole"), 0, 0, 0),
        Value::String(text) => {
            let number = |part: &str| part.parse::<i64>().expect("a number");
            let mut parts = text.split('-');
            let mut next = || parts.next().unwrap_or("-1");
            let (datastream, time, result) = (next(), next(), next());
            let (from, end) = time.split_once('_').unwrap_or((time, "-1"));
            (number(datastream), number(from), number(result), number(end))
        }
        other => panic!("no id: {other}"),
    }
}

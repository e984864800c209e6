//! What an expression of a query is about: values, and the rows that have them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::evaluate::Bounds;
use crate::evaluate::geometry::Geometry;
use crate::model::{Navigation, Property};

/// A value that an expression has for one row. Times are milliseconds since 1970-01-01T00:00:00Z.
///
/// There is one kind of number, as in JSON. Whole numbers beyond 2^53 are compared as the nearest such number.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing: absent, or not of a kind that the expression can use.
    Null,
    /// True or false.
    Bool(bool),
    /// A number; never NaN nor infinite.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// An instant in milliseconds.
    Instant(i64),
    /// From and to in milliseconds, from not after to.
    Interval(i64, i64),
    /// A signed length of time in milliseconds.
    Duration(i64),
    /// A day of the calendar (UTC), as days since 1970-01-01.
    Date(i32),
    /// A time of the day (UTC), in milliseconds since midnight.
    TimeOfDay(i32),
    /// A geometry in degrees.
    Geometry(Arc<Geometry>),
    /// A JSON object or array: it is there, and equal to nothing.
    Compound,
}

impl<'a> Value<'a> {
    /// Text that is lent, without a copy.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// An identifier.
    pub fn id(id: &'a city::EntityId) -> Self {
        match id {
            city::EntityId::Number(number) => Self::Number(*number as f64),
            city::EntityId::Text(text) => Self::text(text),
        }
    }

    /// A number; [`Value::Null`] when it is not finite.
    pub fn number(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Null }
    }

    /// The member of a JSON value that `members` lead to; [`Value::Null`] where they lead nowhere. A whole number among
    /// them is the index of an array.
    pub fn json(value: &'a serde_json::Value, members: &[Box<str>]) -> Self {
        let mut at = value;
        for member in members {
            let next = match at {
                serde_json::Value::Array(items) => member.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => at.get(&**member),
            };
            let Some(next) = next else { return Self::Null };
            at = next;
        }
        match at {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => number.as_f64().map_or(Self::Null, Self::number),
            serde_json::Value::String(text) => Self::text(text),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Self::Compound,
        }
    }

    /// From and to of an instant (both the same) or an interval, in milliseconds.
    pub(crate) fn extent(&self) -> Option<(i64, i64)> {
        match self {
            Self::Instant(at) => Some((*at, *at)),
            Self::Interval(from, to) => Some((*from, *to)),
            _ => None,
        }
    }
}

/// An entity as queries see it. Whoever keeps entities implements it; nothing is copied that the query does not name.
pub trait Row {
    /// The value of a property; `members` lead into a bag (`properties/model`), and are empty otherwise.
    fn property(&self, property: Property, members: &[Box<str>]) -> Value<'_>;

    /// The entity that a navigation property to one leads to.
    fn one(&self, navigation: Navigation) -> Option<Box<dyn Row + '_>>;

    /// The entities that a navigation property to many leads to. Those outside `bounds` may be left out: the query has no
    /// use for them.
    fn many(&self, navigation: Navigation, bounds: &Bounds) -> Box<dyn Iterator<Item = Box<dyn Row + '_>> + '_>;
}

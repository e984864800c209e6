//! `$orderby`: keys that have a total order, whatever they are.

use std::cmp::Ordering;

use city::Time;

use crate::evaluate::plan::for_each;
use crate::evaluate::scope::{Scope, value};
use crate::evaluate::{Bounds, Budget, Exhausted, fold};
use crate::model::Property;
use crate::query::OrderBy;
use crate::query::expression::{Expression, Reference, Variable};
use crate::value::{Row, Value};

/// One value as a key: nothing comes first, then truth values, numbers, texts by code point, times by their start and
/// then their end, durations, days, times of the day, and last what has no order.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the same kinds as those of Value")]
pub enum OrderKey {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    Time(i64, i64),
    Duration(i64),
    Date(i32),
    TimeOfDay(i32),
    Other,
}

/// Characters by which texts are put in order, those of the longest value that a bag has: a next link names the last key
/// of its page, and an address has an end.
const ORDERED_CHARS_MAX: usize = 500;

/// The keys of an `$orderby`, made ready for one request.
#[derive(Debug)]
pub struct Order {
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    expression: Expression,
    variables: Vec<Variable>,
    is_descending: bool,
}

impl Order {
    /// Makes it ready; `now` is what `now()` is.
    pub fn prepare(keys: &[OrderBy], now: Time) -> Self {
        let prepare = |by: &OrderBy| Key {
            expression: fold::constants(&by.key.expression, now.ms()),
            variables: by.key.variables.clone(),
            is_descending: by.is_descending,
        };
        Self { keys: keys.iter().map(prepare).collect() }
    }

    /// The keys of a row. Of a path to many it is the least, and for a descending key the greatest.
    pub fn keys(&self, row: &dyn Row, budget: &Budget) -> Result<Vec<OrderKey>, Exhausted> {
        let scope = Scope::of(row);
        self.keys
            .iter()
            .map(|key| {
                let mut best = None;
                key.visit(1, &scope, budget, &mut best)?;
                Ok(best.unwrap_or(OrderKey::Null))
            })
            .collect()
    }

    /// How many keys there are.
    #[allow(clippy::len_without_is_empty, reason = "an order without keys is that of the store")]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Which numbers a result can be whose row stands before one of these keys, or has the same first one.
    pub(crate) fn results_before(&self, keys: &[OrderKey]) -> (f64, f64) {
        self.results(keys, true)
    }

    /// Which numbers a result can be whose row stands behind one of these keys, or has the same first one.
    pub(crate) fn results_behind(&self, keys: &[OrderKey]) -> (f64, f64) {
        self.results(keys, false)
    }

    fn results(&self, keys: &[OrderKey], before: bool) -> (f64, f64) {
        const ALL: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
        const NONE: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);
        let (Some((Property::Result, descending)), Some(edge)) =
            (self.keys.first().and_then(Key::property), keys.first())
        else {
            return ALL;
        };
        // Whether what is wanted is smaller than the edge.
        let smaller = before != descending;
        match (edge, smaller) {
            (OrderKey::Number(number), true) => (f64::NEG_INFINITY, *number),
            (OrderKey::Number(number), false) => (*number, f64::INFINITY),
            (OrderKey::Null | OrderKey::Bool(_), smaller) => {
                if smaller {
                    NONE
                } else {
                    ALL
                }
            }
            (_, smaller) => {
                if smaller {
                    ALL
                } else {
                    NONE
                }
            }
        }
    }

    /// Compares the keys of two rows. Equal ones are for the caller to tell apart, by identifier.
    pub fn compare(&self, first: &[OrderKey], second: &[OrderKey]) -> Ordering {
        for (key, (a, b)) in self.keys.iter().zip(first.iter().zip(second)) {
            let ordering = if key.is_descending { b.cmp(a) } else { a.cmp(b) };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    }

    /// The properties of the row itself that it is in order of, each with whether descending; `None` when a key is
    /// anything else. A store that keeps that order need not sort.
    pub fn properties(&self) -> Option<Vec<(Property, bool)>> {
        self.keys.iter().map(Key::property).collect()
    }
}

impl Key {
    /// The property of the row itself that it is, and whether descending.
    fn property(&self) -> Option<(Property, bool)> {
        match &self.expression {
            Expression::Property(Reference { variable: 0, property, members }) if members.is_empty() => {
                Some((*property, self.is_descending))
            }
            _ => None,
        }
    }

    /// Binds the variables from `variable` on, one after the other, and keeps the best value.
    fn visit(
        &self,
        variable: usize,
        scope: &Scope<'_>,
        budget: &Budget,
        best: &mut Option<OrderKey>,
    ) -> Result<(), Exhausted> {
        if let Some(Variable { parent, navigation: Some(navigation), .. }) = self.variables.get(variable) {
            return for_each(scope, (variable, *parent, *navigation), &Bounds::ALL, budget, &mut |inner| {
                self.visit(variable + 1, inner, budget, best).map(|()| true)
            });
        }
        let key = OrderKey::of(&value(&self.expression, scope));
        let is_better = |old: &OrderKey| if self.is_descending { key > *old } else { key < *old };
        if best.as_ref().is_none_or(is_better) {
            *best = Some(key);
        }
        Ok(())
    }
}

impl OrderKey {
    /// The key of a value.
    pub fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => {
                let end = text.char_indices().nth(ORDERED_CHARS_MAX).map_or(text.len(), |(end, _)| end);
                Self::Text(Box::from(text.get(..end).unwrap_or_default()))
            }
            Value::Instant(at) => Self::Time(*at, *at),
            Value::Interval(from, to) => Self::Time(*from, *to),
            Value::Duration(ms) => Self::Duration(*ms),
            Value::Date(days) => Self::Date(*days),
            Value::TimeOfDay(ms) => Self::TimeOfDay(*ms),
            Value::Geometry(_) | Value::Compound => Self::Other,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
            Self::Time(..) => 4,
            Self::Duration(_) => 5,
            Self::Date(_) => 6,
            Self::TimeOfDay(_) => 7,
            Self::Other => 8,
        }
    }
}

impl Ord for OrderKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            // Adding zero makes -0 and 0 the same.
            (Self::Number(a), Self::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Time(a, b), Self::Time(c, d)) => (a, b).cmp(&(c, d)),
            (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) | (Self::TimeOfDay(a), Self::TimeOfDay(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for OrderKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OrderKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OrderKey {}

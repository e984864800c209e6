//! What the rows that a filter is true of have in common, so that a store reads only these.
//!
//! Always on the safe side: a row outside the bounds never matches, one inside may or may not.

use city::EntityId;

use crate::evaluate::scope::constant;
use crate::evaluate::time::Extent;
use crate::model::Property;
use crate::query::expression::{Comparison, Expression, Literal, Reference};
use crate::query::function::Function;

/// Ranges that a row lies in; both ends belong to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The start of the phenomenon time, in milliseconds.
    pub phenomenon_time: (i64, i64),
    /// The (start of the) result time, in milliseconds. A row without one lies outside every bound but the widest.
    pub result_time: (i64, i64),
    /// The result. A result that is no number lies outside every bound but the widest.
    pub result: (f64, f64),
    /// The identifiers, if only some are possible; empty when no row can match.
    pub ids: Option<Vec<EntityId>>,
}

/// Identifiers of a bound, at most: beyond, a set is no help over looking at every row.
const IDS_MAX: usize = 1_000;

const ALWAYS: Extent = (i64::MIN, i64::MAX);

impl Bounds {
    /// Every row.
    pub const ALL: Self =
        Self { phenomenon_time: ALWAYS, result_time: ALWAYS, result: (f64::NEG_INFINITY, f64::INFINITY), ids: None };

    /// No row.
    pub const NONE: Self = Self { ids: Some(Vec::new()), ..Self::ALL };

    /// Whether no row can match.
    pub fn is_none(&self) -> bool {
        let empty = |(from, to): Extent| from > to;
        empty(self.phenomenon_time)
            || empty(self.result_time)
            || self.result.0 > self.result.1
            || self.ids.as_ref().is_some_and(Vec::is_empty)
    }

    /// The bounds of one variable's rows.
    pub(super) fn of(expression: &Expression, variable: usize) -> Self {
        let of = |item: &Expression| Self::of(item, variable);
        match expression {
            Expression::And(items) => items.iter().map(of).fold(Self::ALL, Self::both),
            Expression::Or(items) => items.iter().map(of).fold(Self::NONE, Self::either),
            Expression::Literal(Literal::Bool(false) | Literal::Null) => Self::NONE,
            Expression::Compare(operator, left, right) => match (&**left, &**right) {
                (Expression::Property(property), Expression::Literal(literal)) => {
                    Self::compared(*operator, property, literal, variable)
                }
                (Expression::Literal(literal), Expression::Property(property)) => {
                    Self::compared(operator.mirrored(), property, literal, variable)
                }
                _ => Self::ALL,
            },
            Expression::Call(function, arguments) => Self::called(*function, arguments, variable),
            _ => Self::ALL,
        }
    }

    fn compared(operator: Comparison, reference: &Reference, literal: &Literal, variable: usize) -> Self {
        if reference.variable != variable || !reference.members.is_empty() {
            return Self::ALL;
        }
        match (reference.property, literal) {
            (Property::Result, Literal::Number(number)) => Self { result: numbers(operator, *number), ..Self::ALL },
            (Property::Id, literal) if operator == Comparison::Eq => Self { ids: ids(literal), ..Self::ALL },
            (property, literal) => match constant(literal).extent() {
                Some(extent) => Self::timed(property, starts(operator, extent)),
                None => Self::ALL,
            },
        }
    }

    fn called(function: Function, arguments: &[Expression], variable: usize) -> Self {
        let (reference, literal, range): (_, _, fn(Function, Extent) -> Extent) = match arguments {
            [Expression::Property(reference), Expression::Literal(literal)] => (reference, literal, first_starts),
            [Expression::Literal(literal), Expression::Property(reference)] => (reference, literal, second_starts),
            _ => return Self::ALL,
        };
        match constant(literal).extent() {
            Some(extent) if reference.variable == variable => Self::timed(reference.property, range(function, extent)),
            _ => Self::ALL,
        }
    }

    fn timed(property: Property, range: Extent) -> Self {
        match property {
            Property::PhenomenonTime => Self { phenomenon_time: range, ..Self::ALL },
            Property::ResultTime => Self { result_time: range, ..Self::ALL },
            _ => Self::ALL,
        }
    }

    /// What lies in both.
    fn both(self, other: Self) -> Self {
        let narrow = |a: Extent, b: Extent| (a.0.max(b.0), a.1.min(b.1));
        let ids = match (self.ids, other.ids) {
            (Some(a), Some(b)) => Some(a.into_iter().filter(|id| b.contains(id)).collect()),
            (a, b) => a.or(b),
        };
        Self {
            phenomenon_time: narrow(self.phenomenon_time, other.phenomenon_time),
            result_time: narrow(self.result_time, other.result_time),
            result: (self.result.0.max(other.result.0), self.result.1.min(other.result.1)),
            ids,
        }
    }

    /// What covers both.
    fn either(self, other: Self) -> Self {
        if self.is_none() {
            return other;
        }
        if other.is_none() {
            return self;
        }
        let widen = |a: Extent, b: Extent| (a.0.min(b.0), a.1.max(b.1));
        let ids = match (self.ids, other.ids) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                (a.len() <= IDS_MAX).then_some(a)
            }
            _ => None,
        };
        Self {
            phenomenon_time: widen(self.phenomenon_time, other.phenomenon_time),
            result_time: widen(self.result_time, other.result_time),
            result: (self.result.0.min(other.result.0), self.result.1.max(other.result.1)),
            ids,
        }
    }
}

fn numbers(operator: Comparison, number: f64) -> (f64, f64) {
    match operator {
        Comparison::Eq => (number, number),
        Comparison::Gt | Comparison::Ge => (number, f64::INFINITY),
        Comparison::Lt | Comparison::Le => (f64::NEG_INFINITY, number),
        Comparison::Ne => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

/// The identifiers that a constant can be equal to: `id eq '1'` and `id eq 1` are both true of either.
fn ids(literal: &Literal) -> Option<Vec<EntityId>> {
    match literal {
        Literal::Text(text) => {
            let number = text.parse::<i64>().ok().map(EntityId::Number);
            Some(std::iter::once(EntityId::from(&**text)).chain(number).collect())
        }
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within 2^53")]
        Literal::Number(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
            Some(vec![EntityId::Number(*number as i64), EntityId::from(number.to_string().as_str())])
        }
        _ => None,
    }
}

/// Where something starts that compares so with what goes from `from` to `to` (the rule is in `time.rs`).
fn starts(operator: Comparison, (from, to): Extent) -> Extent {
    match operator {
        Comparison::Eq => (from, from),
        Comparison::Ne => ALWAYS,
        Comparison::Gt => (to, i64::MAX),
        Comparison::Ge => (from, i64::MAX),
        Comparison::Lt | Comparison::Le => (i64::MIN, from),
    }
}

/// Where the first argument starts when the relation holds to a second one.
fn first_starts(function: Function, (from, to): Extent) -> Extent {
    match function {
        Function::Before => (i64::MIN, from),
        Function::After => (to, i64::MAX),
        Function::During => (from, to),
        Function::Starts => (from, from),
        Function::Overlaps | Function::Meets | Function::Finishes => (i64::MIN, to),
        _ => ALWAYS,
    }
}

/// Where the second argument starts when a first one has the relation to it.
fn second_starts(function: Function, (from, to): Extent) -> Extent {
    match function {
        Function::Before => (to, i64::MAX),
        Function::After | Function::During => (i64::MIN, from),
        Function::Starts => (from, from),
        Function::Overlaps | Function::Meets | Function::Finishes => (i64::MIN, to),
        _ => ALWAYS,
    }
}

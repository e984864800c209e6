//! The rows that the paths of an expression stand for, and values and truths among them.

use crate::evaluate::functions;
use crate::evaluate::operators::{arithmetic, compare, negate};
use crate::model::Property;
use crate::query::expression::{Comparison, Expression, Literal, Reference};
use crate::value::{Row, Value};

/// A row under its number, and those bound before it. It lives on the stack: nothing is allocated for a row.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    variable: usize,
    /// `None` where the path leads nowhere.
    row: Option<&'a dyn Row>,
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// The row that an expression is about.
    pub(super) fn of(row: &'a dyn Row) -> Self {
        Self { variable: 0, row: Some(row), outer: None }
    }

    /// One row more.
    pub(super) fn with(&'a self, variable: usize, row: Option<&'a dyn Row>) -> Self {
        Self { variable, row, outer: Some(self) }
    }

    /// The row that a variable stands for.
    pub(super) fn row(&self, variable: usize) -> Option<&'a dyn Row> {
        if self.variable == variable {
            return self.row;
        }
        self.outer.and_then(|outer| outer.row(variable))
    }
}

/// The value of an expression.
pub(super) fn value<'a>(expression: &'a Expression, scope: &Scope<'a>) -> Value<'a> {
    match expression {
        Expression::Literal(literal) => constant(literal),
        Expression::Property(reference) => match scope.row(reference.variable) {
            Some(row) => row.property(reference.property, &reference.members),
            None => Value::Null,
        },
        Expression::Arithmetic(operator, left, right) => {
            arithmetic(*operator, &value(left, scope), &value(right, scope))
        }
        Expression::Negate(inner) => negate(&value(inner, scope)),
        Expression::Call(function, arguments) => functions::call(*function, arguments, scope),
        _ => truth(expression, scope).map_or(Value::Null, Value::Bool),
    }
}

/// Whether an expression is true; `None` when it is null.
pub(super) fn truth(expression: &Expression, scope: &Scope<'_>) -> Option<bool> {
    match expression {
        Expression::And(items) => all(items, scope, true),
        Expression::Or(items) => all(items, scope, false),
        Expression::Not(inner) => truth(inner, scope).map(|truth| !truth),
        Expression::Compare(operator, left, right) => Some(compared(*operator, left, right, scope)),
        other => match value(other, scope) {
            Value::Bool(truth) => Some(truth),
            _ => None,
        },
    }
}

/// `and` where `unit` is true, `or` where it is false: the other value decides at once, null stays unless it does.
fn all(items: &[Expression], scope: &Scope<'_>, unit: bool) -> Option<bool> {
    let mut result = Some(unit);
    for item in items {
        match truth(item, scope) {
            Some(truth) if truth != unit => return Some(truth),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

fn compared(operator: Comparison, left: &Expression, right: &Expression, scope: &Scope<'_>) -> bool {
    let (first, second) = (value(left, scope), value(right, scope));
    // `Datastream/id eq '1'` of the standard's examples: an identifier is compared as it is written.
    if is_id(left) || is_id(right) {
        match (&first, &second) {
            (Value::Number(number), Value::Text(text)) | (Value::Text(text), Value::Number(number)) => {
                let same = number.to_string() == **text;
                return match operator {
                    Comparison::Eq => same,
                    Comparison::Ne => !same,
                    _ => false,
                };
            }
            _ => {}
        }
    }
    compare(operator, &first, &second)
}

fn is_id(expression: &Expression) -> bool {
    matches!(expression, Expression::Property(Reference { property: Property::Id, .. }))
}

/// A constant as a value.
pub(super) fn constant(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(truth) => Value::Bool(*truth),
        Literal::Number(number) => Value::Number(*number),
        Literal::Text(text) => Value::text(text),
        Literal::Instant(ms) => Value::Instant(*ms),
        Literal::Interval(from, to) => Value::Interval(*from, *to),
        Literal::Duration(ms) => Value::Duration(*ms),
        Literal::Date(days) => Value::Date(*days),
        Literal::TimeOfDay(ms) => Value::TimeOfDay(*ms),
        Literal::Geometry(geometry) => Value::Geometry(geometry.clone()),
    }
}

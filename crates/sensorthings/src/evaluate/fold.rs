//! Constants reckoned out before the first row: `now() sub duration'PT1H'` becomes one instant.

use crate::evaluate::scope::{Scope, value};
use crate::model::{Navigation, Property};
use crate::query::expression::{Expression, Literal};
use crate::query::function::Function;
use crate::value::{Row, Value};

/// The same expression with every part that no row can change made a constant; `now` in milliseconds.
pub(super) fn constants(expression: &Expression, now: i64) -> Expression {
    let fold = |inner: &Expression| constants(inner, now);
    let pair = |left: &Expression, right: &Expression| (Box::new(fold(left)), Box::new(fold(right)));
    let folded = match expression {
        Expression::Call(Function::Now, _) => return Expression::Literal(Literal::Instant(now)),
        Expression::Literal(_) | Expression::Property(_) => return expression.clone(),
        Expression::And(items) => Expression::And(items.iter().map(fold).collect()),
        Expression::Or(items) => Expression::Or(items.iter().map(fold).collect()),
        Expression::Call(function, items) => Expression::Call(*function, items.iter().map(fold).collect()),
        Expression::Not(inner) => Expression::Not(Box::new(fold(inner))),
        Expression::Negate(inner) => Expression::Negate(Box::new(fold(inner))),
        Expression::Compare(operator, left, right) => {
            let (left, right) = pair(left, right);
            Expression::Compare(*operator, left, right)
        }
        Expression::Arithmetic(operator, left, right) => {
            let (left, right) = pair(left, right);
            Expression::Arithmetic(*operator, left, right)
        }
    };
    // Its parts are folded already, so one look at them is enough.
    if parts(&folded) {
        literal(value(&folded, &Scope::of(&Nothing))).map_or(folded, Expression::Literal)
    } else {
        folded
    }
}

/// Whether all parts are constants.
fn parts(expression: &Expression) -> bool {
    let constant = |inner: &Expression| matches!(inner, Expression::Literal(_));
    match expression {
        Expression::Literal(_) | Expression::Property(_) => false,
        Expression::And(items) | Expression::Or(items) | Expression::Call(_, items) => items.iter().all(constant),
        Expression::Not(inner) | Expression::Negate(inner) => constant(inner),
        Expression::Compare(_, left, right) | Expression::Arithmetic(_, left, right) => {
            constant(left) && constant(right)
        }
    }
}

fn literal(value: Value<'_>) -> Option<Literal> {
    Some(match value {
        Value::Null => Literal::Null,
        Value::Bool(truth) => Literal::Bool(truth),
        Value::Number(number) => Literal::Number(number),
        Value::Text(text) => Literal::Text(text.into()),
        Value::Instant(ms) => Literal::Instant(ms),
        Value::Interval(from, to) => Literal::Interval(from, to),
        Value::Duration(ms) => Literal::Duration(ms),
        Value::Date(days) => Literal::Date(days),
        Value::TimeOfDay(ms) => Literal::TimeOfDay(ms),
        Value::Geometry(geometry) => Literal::Geometry(geometry),
        Value::Compound => return None,
    })
}

/// A row that constants are reckoned over: they ask it nothing.
struct Nothing;

impl Row for Nothing {
    fn property(&self, _: Property, _: &[Box<str>]) -> Value<'_> {
        Value::Null
    }

    fn one(&self, _: Navigation) -> Option<Box<dyn Row + '_>> {
        None
    }

    fn many(&self, _: Navigation, _: &super::Bounds) -> Box<dyn Iterator<Item = Box<dyn Row + '_>> + '_> {
        Box::new(std::iter::empty())
    }
}

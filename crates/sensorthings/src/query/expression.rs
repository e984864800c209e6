//! The expression of a `$filter` or an `$orderby`, read and checked: every name is resolved against the model.

use std::sync::Arc;

use crate::evaluate::geometry::Geometry;
use crate::model::{EntityType, Navigation, Property};
use crate::query::function::Function;

/// An expression over one row and the rows that it is related to.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A constant.
    Literal(Literal),
    /// A property, of the row itself or at the end of a path.
    Property(Reference),
    /// All are true; at least two, none of them again a [`Expression::And`].
    And(Vec<Expression>),
    /// At least one is true; at least two, none of them again an [`Expression::Or`].
    Or(Vec<Expression>),
    /// The contrary.
    Not(Box<Expression>),
    /// A comparison.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// Arithmetic on numbers and on times.
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    /// The number or duration with its sign turned.
    Negate(Box<Expression>),
    /// A function of Table 25 with its arguments, as many as it takes.
    Call(Function, Vec<Expression>),
}

/// A constant of the query.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `5`, `-2.5`, `1e-3`.
    Number(f64),
    /// `'text'`, a quote inside doubled.
    Text(Box<str>),
    /// `2010-06-01T00:00:00Z`, in milliseconds since 1970; finer fractions are cut off.
    Instant(i64),
    /// `2010-06-01T00:00:00Z/2010-07-01T00:00:00Z`.
    Interval(i64, i64),
    /// `duration'P1DT2H'`, in milliseconds.
    Duration(i64),
    /// `2010-06-01`, in days since 1970-01-01.
    Date(i32),
    /// `12:30:00`, in milliseconds since midnight.
    TimeOfDay(i32),
    /// `geography'POINT (30 10)'`.
    Geometry(Arc<Geometry>),
}

/// A property at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Which row: an index into the variables, 0 being the row that the expression is about.
    pub variable: usize,
    /// Its property.
    pub property: Property,
    /// The way into a bag.
    pub members: Vec<Box<str>>,
}

/// A row that an expression names by a path. All properties behind the same path are those of the same row: so
/// `Datastreams/name eq 'a' and Datastreams/description eq 'b'` asks for one Datastream that has both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// From which variable the last step of the path starts; 0 for variable 0 itself, which starts nowhere.
    pub parent: usize,
    /// The last step; `None` for variable 0 alone.
    pub navigation: Option<Navigation>,
    /// What type of entity it is.
    pub entity: EntityType,
}

/// Comparison operators of Table 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the name of the standard")]
pub enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Arithmetic operators of Table 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the name of the standard")]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

/// An expression with the rows that it speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The expression; for a `$filter` it is true, false or null.
    pub expression: Expression,
    /// Its rows; the first is the row that it is about, and each comes after its parent.
    pub variables: Vec<Variable>,
}

impl Filter {
    /// What type of entity it is about.
    pub fn entity(&self) -> EntityType {
        // invariant: the parser begins every list of variables with the row itself.
        self.variables.first().map_or(EntityType::Thing, |variable| variable.entity)
    }
}

impl Comparison {
    /// The name in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The same with its sides exchanged: `5 lt result` is `result gt 5`.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            same => same,
        }
    }
}

impl Arithmetic {
    /// The name in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Mod => "mod",
        }
    }
}

impl Expression {
    /// All are true; nested ones are laid flat.
    pub fn and(left: Self, right: Self) -> Self {
        Self::And(flat(left, right, |expression| match expression {
            Self::And(items) => Ok(items),
            other => Err(other),
        }))
    }

    /// At least one is true; nested ones are laid flat.
    pub fn or(left: Self, right: Self) -> Self {
        Self::Or(flat(left, right, |expression| match expression {
            Self::Or(items) => Ok(items),
            other => Err(other),
        }))
    }

    /// Calls `visit` for every property in it.
    pub fn references<'a>(&'a self, visit: &mut impl FnMut(&'a Reference)) {
        match self {
            Self::Literal(_) => {}
            Self::Property(reference) => visit(reference),
            Self::And(items) | Self::Or(items) | Self::Call(_, items) => {
                for item in items {
                    item.references(visit);
                }
            }
            Self::Not(inner) | Self::Negate(inner) => inner.references(visit),
            Self::Compare(_, left, right) | Self::Arithmetic(_, left, right) => {
                left.references(visit);
                right.references(visit);
            }
        }
    }
}

fn flat(
    left: Expression,
    right: Expression,
    open: fn(Expression) -> Result<Vec<Expression>, Expression>,
) -> Vec<Expression> {
    let mut items = open(left).unwrap_or_else(|single| vec![single]);
    match open(right) {
        Ok(more) => items.extend(more),
        Err(single) => items.push(single),
    }
    items
}

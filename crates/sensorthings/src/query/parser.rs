//! The grammar of expressions (18-088 clause 9.3.3.5, OData 4.0 ABNF): operators by their binding power, names resolved
//! and kinds checked on the way, so that what comes out can be evaluated as it is.

use crate::model::EntityType;
use crate::query::QueryError;
use crate::query::error;
use crate::query::expression::{Arithmetic, Comparison, Expression, Filter, Literal, Variable};
use crate::query::function::Function;
use crate::query::kind::Kind;
use crate::query::lexer::{Lexer, Token};
use crate::query::limits::{DEPTH_MAX, NODES_MAX};

/// An operator between two expressions.
#[derive(Clone, Copy)]
enum Operator {
    Or,
    And,
    Compare(Comparison),
    Arithmetic(Arithmetic),
}

/// How strongly `not` binds: weaker than a comparison (`not result gt 5`), stronger than `and`.
const NOT_POWER: u8 = 3;
/// How strongly a minus sign binds.
const MINUS_POWER: u8 = 8;

impl Operator {
    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "or" => Self::Or,
            "and" => Self::And,
            "eq" => Self::Compare(Comparison::Eq),
            "ne" => Self::Compare(Comparison::Ne),
            "gt" => Self::Compare(Comparison::Gt),
            "ge" => Self::Compare(Comparison::Ge),
            "lt" => Self::Compare(Comparison::Lt),
            "le" => Self::Compare(Comparison::Le),
            "add" => Self::Arithmetic(Arithmetic::Add),
            "sub" => Self::Arithmetic(Arithmetic::Sub),
            "mul" => Self::Arithmetic(Arithmetic::Mul),
            "div" => Self::Arithmetic(Arithmetic::Div),
            "mod" => Self::Arithmetic(Arithmetic::Mod),
            _ => return None,
        })
    }

    /// OData 4.0 Part 2, clause 5.1.1.9.
    fn power(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(Comparison::Eq | Comparison::Ne) => 4,
            Self::Compare(_) => 5,
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Sub) => 6,
            Self::Arithmetic(_) => 7,
        }
    }
}

/// An expression with what is known of it.
struct Checked {
    expression: Expression,
    kind: Kind,
    /// Levels of nesting in the tree, which is what the evaluator's stack has to bear.
    depth: usize,
    /// Where it begins, for messages.
    at: usize,
}

/// Reads expressions about one entity type.
pub(super) struct Parser<'l, 'a> {
    pub(super) lexer: &'l mut Lexer<'a>,
    pub(super) variables: Vec<Variable>,
    /// Levels of nesting that are open while reading.
    open: usize,
    nodes: usize,
}

impl<'l, 'a> Parser<'l, 'a> {
    fn new(lexer: &'l mut Lexer<'a>, entity: EntityType) -> Self {
        let itself = Variable { parent: 0, navigation: None, entity };
        Self { lexer, variables: vec![itself], open: 0, nodes: 0 }
    }

    /// Reads an expression that is true or false.
    pub(super) fn filter(lexer: &'l mut Lexer<'a>, entity: EntityType) -> Result<Filter, QueryError> {
        let mut parser = Self::new(lexer, entity);
        let read = parser.expression(0)?;
        parser.need(&read, Kind::Bool)?;
        Ok(Filter { expression: read.expression, variables: parser.variables })
    }

    /// Reads an expression of any kind that can be put in an order.
    pub(super) fn order_key(lexer: &'l mut Lexer<'a>, entity: EntityType) -> Result<Filter, QueryError> {
        let mut parser = Self::new(lexer, entity);
        let read = parser.expression(0)?;
        if matches!(read.kind, Kind::Geometry | Kind::Compound) {
            return Err(parser.lexer.syntax(read.at, "something that has an order", read.kind.found()));
        }
        Ok(Filter { expression: read.expression, variables: parser.variables })
    }

    fn expression(&mut self, power: u8) -> Result<Checked, QueryError> {
        self.open += 1;
        if self.open > DEPTH_MAX {
            return Err(self.too_deep());
        }
        let mut left = self.operand()?;
        while let Some(operator) = self.operator(power)? {
            self.lexer.take()?;
            let right = self.expression(operator.power())?;
            left = self.combine(operator, left, right)?;
        }
        self.open -= 1;
        Ok(left)
    }

    /// The operator that comes next, if it binds more strongly than `power`.
    fn operator(&mut self, power: u8) -> Result<Option<Operator>, QueryError> {
        let (Token::Word(word), _) = self.lexer.peek()? else { return Ok(None) };
        Ok(Operator::of_word(word).filter(|operator| operator.power() > power))
    }

    fn operand(&mut self) -> Result<Checked, QueryError> {
        self.count()?;
        let (token, at) = self.lexer.take()?;
        match token {
            Token::Literal(literal) => Ok(constant(literal, at)),
            Token::Open => {
                let inner = self.expression(0)?;
                self.lexer.expect(&Token::Close, "an operator or a closing parenthesis")?;
                Ok(Checked { at, ..inner })
            }
            Token::Minus => {
                let inner = self.expression(MINUS_POWER)?;
                if !inner.kind.serves(Kind::Number) && !inner.kind.serves(Kind::Duration) {
                    return Err(self.lexer.syntax(inner.at, "a number or a duration", inner.kind.found()));
                }
                let kind = inner.kind;
                self.nested(Expression::Negate(Box::new(inner.expression)), kind, inner.depth, at)
            }
            Token::Word("not") => {
                let inner = self.expression(NOT_POWER)?;
                self.need(&inner, Kind::Bool)?;
                self.nested(Expression::Not(Box::new(inner.expression)), Kind::Bool, inner.depth, at)
            }
            Token::Word(word) => self.word(word, at),
            other => Err(self.lexer.syntax(at, "a property, a value, a function or a parenthesis", other.found())),
        }
    }

    /// A word where an operand stands: a constant, a function, or a path.
    fn word(&mut self, word: &'a str, at: usize) -> Result<Checked, QueryError> {
        let literal = match word {
            "null" => Some(Literal::Null),
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => None,
        };
        if let Some(literal) = literal {
            return Ok(constant(literal, at));
        }
        if self.lexer.accept(&Token::Open)? {
            return self.call(word, at);
        }
        let (reference, kind) = self.reference(word, at)?;
        Ok(Checked { expression: Expression::Property(reference), kind, depth: 1, at })
    }

    fn call(&mut self, word: &str, at: usize) -> Result<Checked, QueryError> {
        let Some(function) = Function::of_name(word) else {
            return Err(self.lexer.syntax(at, "a function of the standard", error::word(word)));
        };
        let mut arguments = Vec::new();
        let mut depth = 0;
        if !self.lexer.accept(&Token::Close)? {
            loop {
                let argument = self.expression(0)?;
                let Some(asked) = function.arguments().get(arguments.len()) else {
                    return Err(self.lexer.syntax(argument.at, "no further argument of this function", "one more"));
                };
                self.need(&argument, *asked)?;
                depth = depth.max(argument.depth);
                arguments.push(argument.expression);
                if self.lexer.accept(&Token::Close)? {
                    break;
                }
                self.lexer.expect(&Token::Comma, "a comma, an operator or a closing parenthesis")?;
            }
        }
        if !function.takes(arguments.len()) {
            return Err(self.lexer.syntax(at, "a function with all its arguments", "one with too few"));
        }
        self.pattern(function, &arguments, at)?;
        self.nested(Expression::Call(function, arguments), function.result(), depth, at)
    }

    /// The pattern of `st_relate`, when it is a constant.
    fn pattern(&self, function: Function, arguments: &[Expression], at: usize) -> Result<(), QueryError> {
        if let (Function::StRelate, Some(Expression::Literal(Literal::Text(pattern)))) = (function, arguments.get(2))
            && !crate::evaluate::geometry::is_pattern(pattern)
        {
            return Err(self.lexer.syntax(at, "st_relate with nine of T F * 0 1 2 as its pattern", "other text"));
        }
        Ok(())
    }

    fn combine(&mut self, operator: Operator, left: Checked, right: Checked) -> Result<Checked, QueryError> {
        self.count()?;
        let (at, depth) = (left.at, left.depth.max(right.depth));
        match operator {
            Operator::And | Operator::Or => {
                self.need(&left, Kind::Bool)?;
                self.need(&right, Kind::Bool)?;
                let (join, is_and): (fn(Expression, Expression) -> Expression, _) = match operator {
                    Operator::And => (Expression::and, true),
                    _ => (Expression::or, false),
                };
                // A chain of the same is one level however long it is.
                let same = |side: &Checked| match side.expression {
                    Expression::And(_) => is_and,
                    Expression::Or(_) => !is_and,
                    _ => false,
                };
                let below = |side: &Checked| if same(side) { side.depth - 1 } else { side.depth };
                let depth = below(&left).max(below(&right));
                self.nested(join(left.expression, right.expression), Kind::Bool, depth, at)
            }
            Operator::Compare(comparison) => {
                self.comparable(comparison, &left, &right)?;
                let whole = Expression::Compare(comparison, Box::new(left.expression), Box::new(right.expression));
                self.nested(whole, Kind::Bool, depth, at)
            }
            Operator::Arithmetic(arithmetic) => {
                let Some(kind) = arithmetic_kind(arithmetic, left.kind, right.kind) else {
                    return Err(self.lexer.syntax(right.at, "what this operator can reckon with", right.kind.found()));
                };
                let whole = Expression::Arithmetic(arithmetic, Box::new(left.expression), Box::new(right.expression));
                self.nested(whole, kind, depth, at)
            }
        }
    }

    fn comparable(&self, comparison: Comparison, left: &Checked, right: &Checked) -> Result<(), QueryError> {
        if !left.kind.is_comparable(right.kind) {
            return Err(self.lexer.syntax(right.at, left.kind.expected(), right.kind.found()));
        }
        let has_order = |kind: Kind| !matches!(kind, Kind::Geometry | Kind::Compound);
        let equality = matches!(comparison, Comparison::Eq | Comparison::Ne);
        for side in [left, right] {
            if !equality && !has_order(side.kind) {
                return Err(self.lexer.syntax(side.at, "something that has an order", side.kind.found()));
            }
        }
        Ok(())
    }

    /// Checks that a value can be used as `asked`.
    fn need(&self, have: &Checked, asked: Kind) -> Result<(), QueryError> {
        if have.kind.serves(asked) {
            return Ok(());
        }
        Err(self.lexer.syntax(have.at, asked.expected(), have.kind.found()))
    }

    fn nested(&self, expression: Expression, kind: Kind, below: usize, at: usize) -> Result<Checked, QueryError> {
        let depth = below + 1;
        if depth > DEPTH_MAX { Err(self.too_deep()) } else { Ok(Checked { expression, kind, depth, at }) }
    }

    fn too_deep(&self) -> QueryError {
        QueryError::TooMuch { option: self.lexer.option(), what: "levels of nesting", max: DEPTH_MAX }
    }

    fn count(&mut self) -> Result<(), QueryError> {
        self.nodes += 1;
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        Err(QueryError::TooMuch { option: self.lexer.option(), what: "operators and operands", max: NODES_MAX })
    }
}

fn constant(literal: Literal, at: usize) -> Checked {
    let kind = Kind::of_literal(&literal);
    Checked { expression: Expression::Literal(literal), kind, depth: 1, at }
}

/// The kind of a sum, difference, product or quotient; `None` when there can be none.
fn arithmetic_kind(operator: Arithmetic, left: Kind, right: Kind) -> Option<Kind> {
    use Arithmetic::{Add, Div, Mul, Sub};
    let is = |kind: Kind, asked: Kind| kind.serves(asked) && !matches!(kind, Kind::Any | Kind::Null);
    let unknown = |kind: Kind| matches!(kind, Kind::Any | Kind::Null);
    let time = |kind: Kind| is(kind, Kind::Time);
    match operator {
        Add | Sub if time(left) && is(right, Kind::Duration) => Some(left),
        Add if is(left, Kind::Duration) && time(right) => Some(right),
        Sub if time(left) && time(right) => Some(Kind::Duration),
        Add | Sub if is(left, Kind::Duration) && is(right, Kind::Duration) => Some(Kind::Duration),
        Mul | Div if is(left, Kind::Duration) && is(right, Kind::Number) => Some(Kind::Duration),
        Mul if is(left, Kind::Number) && is(right, Kind::Duration) => Some(Kind::Duration),
        Div if is(left, Kind::Duration) && is(right, Kind::Duration) => Some(Kind::Number),
        // What a row decides: with another operand that can be reckoned with at all.
        _ if unknown(left) && unknown(right) => Some(Kind::Any),
        Add | Sub if unknown(left) || unknown(right) => {
            let known = if unknown(left) { right } else { left };
            (is(known, Kind::Number) || is(known, Kind::Duration) || time(known)).then_some(Kind::Any)
        }
        Mul | Div if unknown(left) || unknown(right) => {
            let known = if unknown(left) { right } else { left };
            (is(known, Kind::Number) || is(known, Kind::Duration)).then_some(Kind::Any)
        }
        _ if left.serves(Kind::Number) && right.serves(Kind::Number) => Some(Kind::Number),
        _ => None,
    }
}

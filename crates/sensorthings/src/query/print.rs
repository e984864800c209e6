//! Queries as text again, for the address of the next page. What is printed is read back as the same query.

use std::fmt::{self, Display, Formatter, Write};

use crate::model::Property;
use crate::percent;
use crate::query::DAY_MS;
use crate::query::expression::{Expression, Filter, Literal, Reference, Variable};
use crate::query::options::{Expand, Options, OrderBy, Selection};
use crate::v1_1;

impl Options {
    /// The query string, percent-encoded, without its `?`; empty when nothing is asked.
    pub fn query_string(&self) -> String {
        let mut out = String::new();
        for (name, value) in self.pairs() {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            percent::encode(&value, &mut out);
        }
        out
    }

    /// Every option that is given, by name.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        add("$select", list(&self.select, ToString::to_string));
        add("$expand", list(&self.expand, ToString::to_string));
        add("$filter", self.filter.as_ref().map(ToString::to_string));
        add("$orderby", list(&self.order, ToString::to_string));
        add("$top", self.top.map(|top| top.to_string()));
        add("$skip", self.skip.map(|skip| skip.to_string()));
        add("$count", self.count.map(|count| count.to_string()));
        add("$resultFormat", self.result_format.map(|format| format.name().to_owned()));
        add("asOf", self.as_of.map(|time| time.to_string()));
        pairs
    }
}

fn list<T>(items: &[T], print: impl Fn(&T) -> String) -> Option<String> {
    (!items.is_empty()).then(|| items.iter().map(print).collect::<Vec<_>>().join(","))
}

impl Display for Expand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.navigation.name())?;
        let pairs = self.options.pairs();
        for (index, (name, value)) in pairs.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '(' } else { ';' })?;
        }
        if pairs.is_empty() { Ok(()) } else { f.write_char(')') }
    }
}

impl Display for Selection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(property, members) => path(f, property_name(*property), members),
            Self::Navigation(navigation) => f.write_str(navigation.name()),
        }
    }
}

impl Display for OrderBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.key, if self.is_descending { " desc" } else { "" })
    }
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer { variables: &self.variables }.expression(f, &self.expression)
    }
}

/// The identifier is printed as the standard's examples write it.
fn property_name(property: Property) -> &'static str {
    if property == Property::Id { v1_1::SHORT_ID } else { property.name() }
}

fn path(f: &mut Formatter<'_>, name: &str, members: &[Box<str>]) -> fmt::Result {
    f.write_str(name)?;
    members.iter().try_for_each(|member| write!(f, "/{member}"))
}

struct Printer<'a> {
    variables: &'a [Variable],
}

impl Printer<'_> {
    fn expression(&self, f: &mut Formatter<'_>, expression: &Expression) -> fmt::Result {
        match expression {
            Expression::Literal(literal) => literal.fmt(f),
            Expression::Property(reference) => self.reference(f, reference),
            Expression::And(items) => self.chain(f, items, " and "),
            Expression::Or(items) => self.chain(f, items, " or "),
            Expression::Not(inner) => {
                f.write_str("not ")?;
                self.grouped(f, inner)
            }
            Expression::Negate(inner) => {
                f.write_str("-(")?;
                self.expression(f, inner)?;
                f.write_char(')')
            }
            Expression::Compare(operator, left, right) => self.pair(f, operator.name(), left, right),
            Expression::Arithmetic(operator, left, right) => self.pair(f, operator.name(), left, right),
            Expression::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (index, argument) in arguments.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    self.expression(f, argument)?;
                }
                f.write_char(')')
            }
        }
    }

    fn chain(&self, f: &mut Formatter<'_>, items: &[Expression], between: &str) -> fmt::Result {
        for (index, item) in items.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { between })?;
            self.grouped(f, item)?;
        }
        Ok(())
    }

    fn pair(&self, f: &mut Formatter<'_>, name: &str, left: &Expression, right: &Expression) -> fmt::Result {
        self.grouped(f, left)?;
        write!(f, " {name} ")?;
        self.grouped(f, right)
    }

    /// In parentheses, unless it is one word.
    fn grouped(&self, f: &mut Formatter<'_>, expression: &Expression) -> fmt::Result {
        if matches!(expression, Expression::Literal(_) | Expression::Property(_) | Expression::Call(..)) {
            return self.expression(f, expression);
        }
        f.write_char('(')?;
        self.expression(f, expression)?;
        f.write_char(')')
    }

    fn reference(&self, f: &mut Formatter<'_>, reference: &Reference) -> fmt::Result {
        let mut steps = Vec::new();
        let mut at = reference.variable;
        while let Some(Variable { parent, navigation: Some(navigation), .. }) = self.variables.get(at) {
            steps.push(navigation.name());
            at = *parent;
        }
        for step in steps.iter().rev() {
            write!(f, "{step}/")?;
        }
        path(f, property_name(reference.property), &reference.members)
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Instant(ms) => instant(f, *ms),
            Self::Interval(from, to) => {
                instant(f, *from)?;
                f.write_char('/')?;
                instant(f, *to)
            }
            Self::Duration(ms) => {
                let (sign, ms) = (if *ms < 0 { "-" } else { "" }, ms.unsigned_abs());
                let (days, rest) = (ms / DAY_MS.unsigned_abs(), ms % DAY_MS.unsigned_abs());
                write!(f, "duration'{sign}P{days}DT{}.{:03}S'", rest / 1000, rest % 1000)
            }
            Self::Date(days) => {
                let midnight = i64::from(*days) * DAY_MS;
                let date = jiff::Timestamp::from_millisecond(midnight).unwrap_or_default();
                write!(f, "{}", date.to_zoned(jiff::tz::TimeZone::UTC).date())
            }
            Self::TimeOfDay(ms) => {
                let s = ms / 1000;
                write!(f, "{:02}:{:02}:{:02}.{:03}", s / 3600, s / 60 % 60, s % 60, ms % 1000)
            }
            Self::Geometry(geometry) => write!(f, "geography'{geometry}'"),
        }
    }
}

fn instant(f: &mut Formatter<'_>, ms: i64) -> fmt::Result {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().fmt(f)
}

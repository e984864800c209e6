//! What is known of a value before any row is read, so that a query that cannot mean anything is a 400 and not an
//! empty answer.

use crate::model::PropertyKind;
use crate::query::expression::Literal;

/// The kind of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Known only when the row is there: a result, a member of a bag.
    Any,
    /// `null`.
    Null,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// Text.
    Text,
    /// An identifier: a number or text.
    Id,
    /// An instant.
    Instant,
    /// An interval.
    Interval,
    /// An instant or an interval.
    Time,
    /// A length of time.
    Duration,
    /// A day.
    Date,
    /// A time of the day.
    TimeOfDay,
    /// A geometry.
    Geometry,
    /// A bag as a whole.
    Compound,
    /// An instant, an interval or a day.
    TimeOrDate,
    /// An instant, an interval or a time of the day.
    TimeOrClock,
}

impl Kind {
    /// What has a calendar.
    pub const TIME_OR_DATE: Self = Self::TimeOrDate;
    /// What has a clock.
    pub const TIME_OR_CLOCK: Self = Self::TimeOrClock;

    /// The kind of a constant.
    pub fn of_literal(literal: &Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(_) => Self::Bool,
            Literal::Number(_) => Self::Number,
            Literal::Text(_) => Self::Text,
            Literal::Instant(_) => Self::Instant,
            Literal::Interval(..) => Self::Interval,
            Literal::Duration(_) => Self::Duration,
            Literal::Date(_) => Self::Date,
            Literal::TimeOfDay(_) => Self::TimeOfDay,
            Literal::Geometry(_) => Self::Geometry,
        }
    }

    /// The kind of a property, or of a member of it.
    pub fn of_property(kind: PropertyKind, is_member: bool) -> Self {
        match kind {
            _ if is_member => Self::Any,
            PropertyKind::Id => Self::Id,
            PropertyKind::Text => Self::Text,
            PropertyKind::Bag => Self::Compound,
            PropertyKind::Any => Self::Any,
            PropertyKind::Geometry => Self::Geometry,
            PropertyKind::Instant => Self::Instant,
            PropertyKind::Interval => Self::Interval,
            PropertyKind::Time => Self::Time,
        }
    }

    /// Whether a value of this kind can be used where `asked` is asked for. What is not known passes: a row decides.
    pub fn serves(self, asked: Self) -> bool {
        let is_time = |kind: Self| matches!(kind, Self::Instant | Self::Interval | Self::Time);
        let unknown = matches!(self, Self::Any | Self::Null) || asked == Self::Any;
        unknown
            || match asked {
                Self::Text | Self::Number => self == asked || self == Self::Id,
                Self::Instant | Self::Interval | Self::Time => is_time(self),
                Self::TimeOrDate => is_time(self) || self == Self::Date,
                Self::TimeOrClock => is_time(self) || self == Self::TimeOfDay,
                _ => self == asked,
            }
    }

    /// Whether the two can be compared at all. A time of the day beside an instant can, because the standard's own
    /// example does it (`time(resultTime) le validTime`); the answer is always no.
    pub fn is_comparable(self, other: Self) -> bool {
        let clock = |a: Self, b: Self| a == Self::TimeOfDay && b.serves(Self::Time);
        self.serves(other) || other.serves(self) || clock(self, other) || clock(other, self)
    }

    /// What to expect in its place, for a message.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Any | Self::Null => "a value",
            Self::Bool => "true or false, a comparison or a function of that kind",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Id => "an identifier",
            Self::Instant => "an instant with its zone, as 2010-06-01T00:00:00Z",
            Self::Interval | Self::Time => "an instant or an interval with its zone, as 2010-06-01T00:00:00Z",
            Self::Duration => "a duration, as duration'P1D'",
            Self::Date => "a day, as 2010-06-01",
            Self::TimeOfDay => "a time of the day, as 12:30:00",
            Self::Geometry => "a geometry, as geography'POINT (30 10)'",
            Self::Compound => "an object",
            Self::TimeOrDate => "an instant, an interval or a day",
            Self::TimeOrClock => "an instant, an interval or a time of the day",
        }
    }

    /// What it is, for a message.
    pub fn found(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Null => "null",
            Self::Bool => "a truth value",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Id => "an identifier",
            Self::Instant => "an instant",
            Self::Interval => "an interval",
            Self::Time | Self::TimeOrDate | Self::TimeOrClock => "a time",
            Self::Duration => "a duration",
            Self::Date => "a day without time and zone",
            Self::TimeOfDay => "a time of the day",
            Self::Geometry => "a geometry",
            Self::Compound => "an object",
        }
    }
}

//! Where in a body something stands: `Datastreams[0].unitOfMeasurement.name`.

use std::fmt;

/// A place in a body, from the outside in. It costs nothing until it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    /// The body itself.
    Body,
    /// A member of an object.
    Member(&'a Field<'a>, &'a str),
    /// An item of a list, from 0.
    Item(&'a Field<'a>, usize),
}

impl Field<'_> {
    pub(crate) fn member<'a>(&'a self, name: &'a str) -> Field<'a> {
        Field::Member(self, name)
    }

    pub(crate) fn item(&self, index: usize) -> Field<'_> {
        Field::Item(self, index)
    }
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => Ok(()),
            Self::Member(Field::Body, name) => f.write_str(name),
            Self::Member(outer, name) => write!(f, "{outer}.{name}"),
            Self::Item(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

//! Query options of 18-088 clause 9.3, from the bytes of a query string to what the service and the evaluator use.
//!
//! Everything is checked here, before the first row is read: a name that the entity type does not have, an argument of
//! the wrong kind, an unknown option are a 400, never an answer that breaks off.

mod error;
mod expand;
pub mod expression;
pub mod function;
mod kind;
mod lexer;
pub mod limits;
mod moment;
mod options;
mod parser;
mod print;
mod reference;
#[cfg(test)]
mod tests;

pub use error::QueryError;
pub use expression::Filter;
pub use options::{Expand, Options, OrderBy, ResultFormat, Selection};

pub(crate) use moment::DAY_MS;

use crate::model::EntityType;

impl Filter {
    /// Reads a `$filter` (already decoded) about entities of one type.
    pub fn parse(text: &str, entity: EntityType) -> Result<Self, QueryError> {
        let mut lexer = lexer::Lexer::new("$filter", text);
        if text.len() > limits::QUERY_BYTES_MAX {
            return Err(QueryError::TooMuch { option: "$filter", what: "bytes", max: limits::QUERY_BYTES_MAX });
        }
        let filter = parser::Parser::filter(&mut lexer, entity)?;
        lexer.expect(&lexer::Token::End, "an operator or the end")?;
        Ok(filter)
    }
}

//! Paths within a query: `Datastreams/Observations/result`, `properties/model`, `@iot.id`.

use crate::model::{EntityType, Property, PropertyKind};
use crate::query::QueryError;
use crate::query::error::word;
use crate::query::expression::{Reference, Variable};
use crate::query::kind::Kind;
use crate::query::limits::{MEMBERS_MAX, VARIABLES_MAX};
use crate::query::parser::Parser;
use crate::v1_1;

impl Parser<'_, '_> {
    /// Resolves a path that ends in a property.
    pub(super) fn reference(&mut self, path: &str, at: usize) -> Result<(Reference, Kind), QueryError> {
        let mut variable = 0;
        let mut segments = path.split('/');
        let mut offset = at;
        while let Some(segment) = segments.next() {
            let entity = self.variables[variable].entity;
            if let Some(navigation) = entity.navigation(segment) {
                variable = self.variable(Variable {
                    parent: variable,
                    navigation: Some(navigation),
                    entity: navigation.target(),
                })?;
                offset += segment.len() + 1;
                continue;
            }
            let Some((property, kind)) = property_of(entity, segment) else {
                return Err(self.lexer.syntax(offset, "a property that this entity type has", word(segment)));
            };
            let members: Vec<Box<str>> = segments.map(Box::from).collect();
            return self.members(Reference { variable, property, members }, kind, offset);
        }
        Err(self.lexer.syntax(at, "a path that ends in a property", "one that ends in an entity"))
    }

    fn members(&self, reference: Reference, kind: PropertyKind, at: usize) -> Result<(Reference, Kind), QueryError> {
        let members = &reference.members;
        if members.len() > MEMBERS_MAX {
            return Err(QueryError::TooMuch {
                option: self.lexer.option(),
                what: "steps within a property",
                max: MEMBERS_MAX,
            });
        }
        if !members.is_empty() && !kind.has_members() {
            return Err(self.lexer.syntax(at, "a property that has members", "one that has none"));
        }
        if members.iter().any(|member| member.is_empty()) {
            return Err(self.lexer.syntax(at, "a name behind every slash", "a slash without one"));
        }
        let kind = Kind::of_property(kind, !members.is_empty());
        Ok((reference, kind))
    }

    /// The variable for a step, the same for the same step.
    fn variable(&mut self, wanted: Variable) -> Result<usize, QueryError> {
        if let Some(at) = self.variables.iter().position(|variable| *variable == wanted) {
            return Ok(at);
        }
        if self.variables.len() > VARIABLES_MAX {
            return Err(QueryError::TooMuch {
                option: self.lexer.option(),
                what: "different paths",
                max: VARIABLES_MAX,
            });
        }
        self.variables.push(wanted);
        Ok(self.variables.len() - 1)
    }
}

/// The property of this name, the identifier included.
pub(super) fn property_of(entity: EntityType, name: &str) -> Option<(Property, PropertyKind)> {
    if v1_1::is_id(name) {
        return Some((Property::Id, PropertyKind::Id));
    }
    entity.property(name).map(|row| (row.property, row.kind))
}

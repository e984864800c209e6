//! `$expand` (18-088 clause 9.3.2.2): paths of related entities, each with options of its own, nested.

use crate::model::{EntityType, Navigation};
use crate::query::QueryError;
use crate::query::error::word;
use crate::query::lexer::{Lexer, Token};
use crate::query::limits::{EXPAND_DEPTH_MAX, EXPAND_ITEMS_MAX};
use crate::query::options::{Expand, Options, Seen, option_of};

const EXPECTED: &str = "a navigation property that this entity type has";

impl Options {
    /// Reads `A,B/C($top=1;$expand=D)`; `depth` is how many levels are open around it.
    pub(super) fn read_expand(
        &mut self,
        lexer: &mut Lexer<'_>,
        entity: EntityType,
        depth: usize,
    ) -> Result<(), QueryError> {
        loop {
            let (token, at) = lexer.take()?;
            let Token::Word(path) = token else { return Err(lexer.syntax(at, EXPECTED, token.found())) };
            let walk = walk(lexer, path, entity, at)?;
            let depth = depth + walk.len();
            if depth > EXPAND_DEPTH_MAX {
                return Err(QueryError::TooMuch { option: "$expand", what: "levels", max: EXPAND_DEPTH_MAX });
            }
            let target = walk.last().map_or(entity, |last| last.target());
            let own = if lexer.accept(&Token::Open)? { nested(lexer, target, depth)? } else { Options::default() };
            self.join(&walk, own)?;
            // Before more is read: a thousand levels of a thousand items are stopped at the first few.
            self.check_expand_breadth()?;
            if !lexer.accept(&Token::Comma)? {
                return Ok(());
            }
        }
    }

    /// Adds a path. `A,A/B` are one relation with another behind it; two different sets of options for `A` are not.
    fn join(&mut self, walk: &[Navigation], own: Options) -> Result<(), QueryError> {
        let Some((first, rest)) = walk.split_first() else { return self.merge(own) };
        let known = self.expand.iter().position(|expand| expand.navigation == *first);
        let at = known.unwrap_or(self.expand.len());
        if known.is_none() {
            self.expand.push(Expand { navigation: *first, options: Options::default() });
        }
        self.expand[at].options.join(rest, own)
    }

    fn merge(&mut self, mut other: Options) -> Result<(), QueryError> {
        for expand in std::mem::take(&mut other.expand) {
            self.join(&[expand.navigation], expand.options)?;
        }
        let mine = std::mem::take(&mut self.expand);
        match (*self == Self::default(), other == Self::default()) {
            (true, _) => *self = other,
            (false, true) => {}
            (false, false) => return Err(QueryError::Twice { option: "$expand of one relation" }),
        }
        self.expand = mine;
        Ok(())
    }

    /// Relations expanded, at all levels.
    fn expanded(&self) -> usize {
        self.expand.iter().map(|expand| 1 + expand.options.expanded()).sum()
    }

    pub(super) fn check_expand_breadth(&self) -> Result<(), QueryError> {
        if self.expanded() > EXPAND_ITEMS_MAX {
            return Err(QueryError::TooMuch { option: "$expand", what: "relations", max: EXPAND_ITEMS_MAX });
        }
        Ok(())
    }
}

/// The steps of `Datastreams/Observations`.
fn walk(lexer: &Lexer<'_>, path: &str, entity: EntityType, at: usize) -> Result<Vec<Navigation>, QueryError> {
    let mut steps = Vec::new();
    let mut from = entity;
    for segment in path.split('/') {
        let step = from.navigation(segment).ok_or_else(|| lexer.syntax(at, EXPECTED, word(segment)))?;
        steps.push(step);
        from = step.target();
        if steps.len() > EXPAND_DEPTH_MAX {
            return Err(QueryError::TooMuch { option: "$expand", what: "levels", max: EXPAND_DEPTH_MAX });
        }
    }
    Ok(steps)
}

/// Reads `$filter=..;$top=..)`: the opening parenthesis is read already.
fn nested(lexer: &mut Lexer<'_>, target: EntityType, depth: usize) -> Result<Options, QueryError> {
    const OPTION: &str = "an option of $expand, as $filter";
    let mut options = Options::default();
    let mut seen = Seen::default();
    if lexer.accept(&Token::Close)? {
        return Ok(options);
    }
    loop {
        let (token, at) = lexer.take()?;
        let Token::Word(name) = token else { return Err(lexer.syntax(at, OPTION, token.found())) };
        let Some(option) = option_of(name)?.filter(|option| !["$resultFormat", "asOf"].contains(option)) else {
            return Err(lexer.syntax(at, OPTION, word(name)));
        };
        seen.once(option)?;
        lexer.expect(&Token::Equals, "an equals sign behind the option")?;
        options.read(option, lexer, target, depth)?;
        if lexer.accept(&Token::Close)? {
            return Ok(options);
        }
        lexer.expect(&Token::Semicolon, "a semicolon or a closing parenthesis")?;
        // A semicolon at the end means no more than its absence.
        if lexer.accept(&Token::Close)? {
            return Ok(options);
        }
    }
}

//! The options of one query string.

use city::Time;

use crate::model::{EntityType, Navigation, Property};
use crate::percent;
use crate::problem::Problem;
use crate::query::QueryError;
use crate::query::error;
use crate::query::expression::{Filter, Literal};
use crate::query::lexer::{Lexer, Token};
use crate::query::limits::{ORDER_KEYS_MAX, QUERY_BYTES_MAX, SELECT_ITEMS_MAX};
use crate::query::parser::Parser;
use crate::query::reference::property_of;
use crate::v1_1;

/// The options of a query, or of one level of `$expand`. Absent ones are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// `$select`: what is told of each entity; empty for everything.
    pub select: Vec<Selection>,
    /// `$expand`: the related entities that are told with each, each relation once.
    pub expand: Vec<Expand>,
    /// `$filter`.
    pub filter: Option<Filter>,
    /// `$orderby`, the most important key first.
    pub order: Vec<OrderBy>,
    /// `$top`, as large as the client wrote it; the service clamps it to its page.
    pub top: Option<u64>,
    /// `$skip`.
    pub skip: Option<u64>,
    /// `$count`.
    pub count: Option<bool>,
    /// `$resultFormat`.
    pub result_format: Option<ResultFormat>,
    /// `asOf`, our own: the answer as it would have been given at this instant.
    pub as_of: Option<Time>,
}

/// One item of `$select`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A property, or a member of one.
    Property(Property, Vec<Box<str>>),
    /// The address of related entities.
    Navigation(Navigation),
}

/// Related entities that are told with an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Expand {
    /// Which.
    pub navigation: Navigation,
    /// What is asked of them.
    pub options: Options,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    /// What is compared.
    pub key: Filter,
    /// Whether the largest comes first.
    pub is_descending: bool,
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultFormat {
    /// `dataArray` (18-088 clause 12).
    DataArray,
    /// `CSV`, our own.
    Csv,
    /// `Parquet`, our own.
    Parquet,
}

/// The options in the order in which they are printed.
const NAMES: [&str; 9] =
    ["$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count", "$resultFormat", "asOf"];

impl Options {
    /// Reads a query string (what stands behind `?`, still percent-encoded) about entities of one type.
    ///
    /// Options that have no `$` and are not ours are left alone (OData 4.0 Part 1, clause 11.2.2), except those that
    /// lack it by mistake.
    pub fn parse(query: &str, entity: EntityType) -> Result<Self, QueryError> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooMuch { option: "the query string", what: "bytes", max: QUERY_BYTES_MAX });
        }
        let mut options = Self::default();
        let mut seen = Seen::default();
        let mut start = 0;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str, from: usize| {
                percent::decode(text, true).map_err(|at| QueryError::Encoding { at: start + from + at })
            };
            let name_text = decode(name, 0)?;
            if let Some(option) = option_of(name_text.trim())? {
                let value = decode(value, name.len() + 1)?;
                seen.once(option)?;
                let mut lexer = Lexer::new(option, &value);
                options.read(option, &mut lexer, entity, 0)?;
                lexer.expect(&Token::End, behind(option))?;
            }
            start += pair.len() + 1;
        }
        options.check_expand_breadth()?;
        Ok(options)
    }

    /// Refuses `asOf` where nothing that is told or asked depends on observations: entities are told as they are.
    pub(crate) fn check_as_of(&self, entity: EntityType) -> Result<(), Problem> {
        if self.as_of.is_none() || self.tells_observations(entity) {
            return Ok(());
        }
        let what =
            "asOf: is for Observations, and for Datastreams with their times; other entities are told as they are now";
        Err(Problem::malformed(what))
    }

    fn tells_observations(&self, entity: EntityType) -> bool {
        let has = |entity| matches!(entity, EntityType::Observation | EntityType::Datastream);
        let filters = self.filter.iter().chain(self.order.iter().map(|by| &by.key));
        has(entity)
            || filters.flat_map(|filter| &filter.variables).any(|variable| has(variable.entity))
            || self.expand.iter().any(|expand| expand.options.tells_observations(expand.navigation.target()))
    }

    /// Reads the value of one option.
    pub(super) fn read(
        &mut self,
        option: &'static str,
        lexer: &mut Lexer<'_>,
        entity: EntityType,
        depth: usize,
    ) -> Result<(), QueryError> {
        match option {
            "$select" => self.select = selection(lexer, entity)?,
            "$expand" => self.read_expand(lexer, entity, depth)?,
            "$filter" => self.filter = Some(Parser::filter(lexer, entity)?),
            "$orderby" => self.order = order(lexer, entity)?,
            "$top" => self.top = Some(lexer.whole_number()?),
            "$skip" => self.skip = Some(lexer.whole_number()?),
            "$count" => self.count = Some(truth(lexer)?),
            "$resultFormat" => self.result_format = Some(format(lexer)?),
            _ => self.as_of = Some(instant(lexer)?),
        }
        Ok(())
    }
}

/// The options that were given already.
#[derive(Default)]
pub(super) struct Seen(Vec<&'static str>);

impl Seen {
    /// Notes an option; Err when it was there before.
    pub(super) fn once(&mut self, option: &'static str) -> Result<(), QueryError> {
        if self.0.contains(&option) {
            return Err(QueryError::Twice { option });
        }
        self.0.push(option);
        Ok(())
    }
}

/// The option of this name; `None` for one that is none of our business.
pub(super) fn option_of(name: &str) -> Result<Option<&'static str>, QueryError> {
    // As `/api/series` writes it in its answers.
    let name = if name == "as_of" { "asOf" } else { name };
    if let Some(option) = NAMES.into_iter().find(|option| *option == name) {
        return Ok(Some(option));
    }
    let lacks_dollar = NAMES.into_iter().any(|option| option.strip_prefix('$') == Some(name));
    if !name.starts_with('$') && !lacks_dollar {
        return Ok(None);
    }
    let plain = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'$');
    let name = if plain { name.to_owned() } else { "(of other letters)".to_owned() };
    Err(QueryError::UnknownOption { name })
}

/// What could stand where an option goes on.
fn behind(option: &str) -> &'static str {
    match option {
        "$filter" => "an operator (and, or, eq, ne, gt, ge, lt, le, add, sub, mul, div, mod) or the end",
        "$orderby" => "asc, desc, an operator, a comma or the end",
        "$select" => "a comma or the end",
        "$expand" => "a parenthesis with options, a comma or the end",
        _ => "the end of this option",
    }
}

fn selection(lexer: &mut Lexer<'_>, entity: EntityType) -> Result<Vec<Selection>, QueryError> {
    const EXPECTED: &str = "a property or navigation property that this entity type has";
    let mut items = Vec::new();
    loop {
        let (token, at) = lexer.take()?;
        let Token::Word(word) = token else { return Err(lexer.syntax(at, EXPECTED, token.found())) };
        let item = selected(word, entity).ok_or_else(|| lexer.syntax(at, EXPECTED, error::word(word)))?;
        if !items.contains(&item) {
            items.push(item);
        }
        if items.len() > SELECT_ITEMS_MAX {
            return Err(QueryError::TooMuch { option: lexer.option(), what: "items", max: SELECT_ITEMS_MAX });
        }
        if !lexer.accept(&Token::Comma)? {
            return Ok(items);
        }
    }
}

fn selected(word: &str, entity: EntityType) -> Option<Selection> {
    if let Some(navigation) = entity.navigation(word) {
        return Some(Selection::Navigation(navigation));
    }
    if word == v1_1::SELF_LINK {
        return Some(Selection::Property(Property::SelfLink, Vec::new()));
    }
    let mut segments = word.split('/');
    let (property, kind) = property_of(entity, segments.next()?)?;
    let members: Vec<Box<str>> = segments.map(Box::from).collect();
    let sound = members.iter().all(|member| !member.is_empty()) && (members.is_empty() || kind.has_members());
    sound.then_some(Selection::Property(property, members))
}

fn order(lexer: &mut Lexer<'_>, entity: EntityType) -> Result<Vec<OrderBy>, QueryError> {
    let mut keys = Vec::new();
    loop {
        let key = Parser::order_key(lexer, entity)?;
        let is_descending = lexer.accept(&Token::Word("desc"))?;
        if !is_descending {
            lexer.accept(&Token::Word("asc"))?;
        }
        keys.push(OrderBy { key, is_descending });
        if keys.len() > ORDER_KEYS_MAX {
            return Err(QueryError::TooMuch { option: lexer.option(), what: "keys", max: ORDER_KEYS_MAX });
        }
        if !lexer.accept(&Token::Comma)? {
            return Ok(keys);
        }
    }
}

fn truth(lexer: &mut Lexer<'_>) -> Result<bool, QueryError> {
    if lexer.accept(&Token::Word("true"))? {
        return Ok(true);
    }
    lexer.expect(&Token::Word("false"), "true or false")?;
    Ok(false)
}

fn format(lexer: &mut Lexer<'_>) -> Result<ResultFormat, QueryError> {
    for known in [ResultFormat::DataArray, ResultFormat::Csv, ResultFormat::Parquet] {
        // As the standard writes dataArray, and as people write csv.
        for spelling in [known.name(), &known.name().to_ascii_lowercase()] {
            if lexer.accept(&Token::Word(spelling))? {
                return Ok(known);
            }
        }
    }
    lexer.unexpected("dataArray, CSV or Parquet")
}

fn instant(lexer: &mut Lexer<'_>) -> Result<Time, QueryError> {
    const EXPECTED: &str = "an instant with its zone between 2000 and 2100";
    let (token, at) = lexer.take()?;
    match token {
        Token::Literal(Literal::Instant(ms)) => {
            Time::from_ms(ms).ok_or_else(|| lexer.syntax(at, EXPECTED, "another instant"))
        }
        other => Err(lexer.syntax(at, EXPECTED, other.found())),
    }
}

impl ResultFormat {
    /// The name in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataArray => "dataArray",
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
        }
    }
}

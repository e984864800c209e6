//! Reading (18-088 clause 9): an address, and the answer to it. The whole address is checked before anything is read,
//! and the answer is whole before its first byte goes out.

mod csv;
mod data_array;
mod export;
mod level;
pub mod limits;
mod merge;
mod page;
mod resolve;
mod root;
mod scope;
mod source;
mod tell;
mod token;
mod view;

use city::{EntityId, EntityKind, Time};

pub use export::{Export, csv_chunks, row_batches};
pub use root::{CONFORMANCE, MQTT_CONFORMANCE, Settings};

use crate::catalogue::Catalogue;
use crate::model::EntityType;
use crate::path::{EntityPath, Part, Resource};
use crate::problem::Problem;
use crate::query::{Options, QueryError, ResultFormat, Selection};
use crate::series::{Row, Series};
use level::Level;
use page::Page;
use resolve::Found;
use scope::Scope;
use source::Node;
use tell::{Teller, Told};
use token::After;

/// What an answer depends on besides the city.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where the service is, without a slash at its end: `http://host/v1.1`.
    pub base: &'a str,
    /// The time of the request: what `now()` is.
    pub now: Time,
    /// Entities on a page, at most.
    pub page_max: usize,
    /// Entities on a page of an expanded relation, at most.
    pub expand_page_max: usize,
    /// What the root says beyond the standard.
    pub settings: &'a Settings,
}

/// An answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200, or 204 for a property that has no value.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The address of the next page; it stands in the body too, where the form has a place for it.
    pub next_link: Option<String>,
}

/// JSON (RFC 8259).
pub const JSON: &str = "application/json";
/// The bare value of a property.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// CSV (RFC 4180).
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

impl Answer {
    pub(crate) fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, content_type, body, next_link: None }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match &error {
            // 18-088 clause 9.3.1: a system query option that is not served SHALL be 501.
            QueryError::UnknownOption { name } if name.starts_with('$') => Self::not_implemented(error.to_string()),
            _ => Self::malformed(error.to_string()),
        }
    }
}

/// Answers a GET. `path` is what stands behind the version (`Things(1)/name`) and `query` what stands behind the
/// question mark, both still percent-encoded.
pub fn read(
    catalogue: &Catalogue,
    series: &dyn Series,
    context: &Context<'_>,
    path: &str,
    query: &str,
) -> Result<Answer, Problem> {
    let resource = Resource::parse(path).map_err(|error| Problem::not_found(error.to_string()))?;
    let path = match resource {
        Resource::Root => {
            // What is not served anywhere is a 501 here too.
            let options = Options::parse(query, EntityType::Thing)?;
            let none = options == Options::default();
            let refused = || Problem::malformed("the service root takes no options");
            return none.then(|| root::answer(context)).ok_or_else(refused);
        }
        Resource::Batch | Resource::CreateObservations => return Err(Problem::method("this resource is for POST")),
        Resource::Entities(path) => path,
    };
    let (query, token) = token::split(query)?;
    let options = Options::parse(&query, path.entity())?;
    options.check_as_of(path.entity())?;
    let mut scope = Scope::new(catalogue, series, context.base, context.now);
    scope.as_of = options.as_of;
    if token.is_some() && (!path.is_collection() || options.skip.is_some()) {
        return Err(Problem::malformed("$skiptoken: take the next link as it is"));
    }
    answer(&scope, context, &path, &options, token.as_deref())
}

fn answer(
    scope: &Scope<'_>,
    context: &Context<'_>,
    path: &EntityPath,
    options: &Options,
    token: Option<&str>,
) -> Result<Answer, Problem> {
    if let Part::Property { property, members, is_bare } = &path.part {
        let node = resolve::single(scope, path)?;
        return resolve::property(scope, &node, *property, members, *is_bare);
    }
    let references = path.part == Part::References;
    let options = &if references { of_references(options)? } else { options.clone() };
    if path.is_collection() {
        let level = Level::collection(path.entity(), options, scope, (context.page_max, context.expand_page_max))?;
        let after = token.map(|token| After::read(token, &level)).transpose()?;
        return many(scope, context, path, &level, after);
    }
    let level = Level::single(path.entity(), options, scope, context.expand_page_max)?;
    let node = resolve::single(scope, path)?;
    let mut body = Vec::new();
    if references {
        resolve::reference(&mut body, scope, &node);
        return Ok(Answer::new(JSON, body));
    }
    if options.result_format == Some(ResultFormat::Csv) {
        return csv::answer(scope, &level, &[node]);
    }
    Teller::new(scope, context.expand_page_max).node(&mut body, &node, &level)?;
    scope.check()?;
    Ok(Answer::new(JSON, body))
}

fn many(
    scope: &Scope<'_>,
    context: &Context<'_>,
    path: &EntityPath,
    level: &Level<'_>,
    after: Option<After>,
) -> Result<Answer, Problem> {
    let Found::Many(source) = resolve::resolve(scope, path)? else { return Err(resolve::missing()) };
    let address = resolve::address(scope, path);
    let references = path.part == Part::References;
    let format = level.options.result_format;
    if references || format.is_some() {
        data_array::check(level, format)?;
        let page = Page::read(scope, &source, level, after, context.page_max)?;
        let link = page.next(page.nodes.len());
        let next_link = link.map(|next| page::next_link(scope, &address, level.options, &next));
        let told = Told { next_link, count: page.count };
        let mut answer = match format {
            _ if references => resolve::references(scope, &page.nodes, &told),
            Some(ResultFormat::DataArray) => data_array::answer(scope, level, &page.nodes, &told),
            _ => csv::answer(scope, level, &page.nodes)?,
        };
        scope.check()?;
        answer.next_link = told.next_link;
        return Ok(answer);
    }
    let mut body = Vec::new();
    let teller = Teller::new(scope, context.expand_page_max);
    let told = teller.collection(&mut body, &source, level, (&address, after), context.page_max)?;
    Ok(Answer { next_link: told.next_link, ..Answer::new(JSON, body) })
}

/// `$ref` tells addresses and nothing else.
fn of_references(options: &Options) -> Result<Options, Problem> {
    if options.select.is_empty() && options.expand.is_empty() && options.result_format.is_none() {
        return Ok(options.clone());
    }
    Err(Problem::malformed("$select, $expand and $resultFormat have no meaning with $ref"))
}

/// An entity as JSON, as the answer to its creation or as a message about it; `None` when there is none of this id.
pub fn entity_json(
    catalogue: &Catalogue,
    series: &dyn Series,
    context: &Context<'_>,
    kind: EntityKind,
    id: &EntityId,
    select: &[Selection],
) -> Option<serde_json::Value> {
    let scope = Scope::new(catalogue, series, context.base, context.now);
    let entity_type = EntityType::from(kind);
    let node = Node::Entity(entity_type, scope.entity(kind, id)?);
    told(&scope, entity_type, &node, select)
}

/// An observation as JSON.
pub fn observation_json(
    catalogue: &Catalogue,
    series: &dyn Series,
    context: &Context<'_>,
    row: &Row,
    select: &[Selection],
) -> Option<serde_json::Value> {
    let scope = Scope::new(catalogue, series, context.base, context.now);
    told(&scope, EntityType::Observation, &Node::Observation(row.clone()), select)
}

fn told(scope: &Scope<'_>, entity: EntityType, node: &Node<'_>, select: &[Selection]) -> Option<serde_json::Value> {
    let options = Options { select: select.to_vec(), ..Options::default() };
    let level = Level::single(entity, &options, scope, 0).ok()?;
    let mut body = Vec::new();
    Teller::new(scope, 0).node(&mut body, node, &level).ok()?;
    scope.check().ok()?;
    serde_json::from_slice(&body).ok()
}

/// The address of an entity, as `Location` of a 201 has it.
pub fn entity_address(base: &str, kind: EntityKind, id: &EntityId) -> String {
    let mut out = Vec::new();
    crate::v1_1::entity::link(&mut out, base, EntityType::from(kind), id);
    String::from_utf8_lossy(&out).into_owned()
}

/// The address of an observation.
pub fn observation_address(base: &str, key: &city::ObservationKey) -> String {
    format!("{base}/{}('{}')", EntityType::Observation.set(), observation_id(key))
}

/// The id of an observation.
pub fn observation_id(key: &city::ObservationKey) -> String {
    let mut id = Vec::new();
    crate::v1_1::text::key(&mut id, key);
    String::from_utf8_lossy(&id).into_owned()
}

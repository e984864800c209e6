//! Several requests in one (18-088 clause 11, in the JSON form of OData 4.01 clause 19). What has to be done, in which
//! order and what together, is worked out here; the program does it, step by step:
//!
//! 1. [`parse`] the body into [`Step`]s.
//! 2. For a [`Step::One`], [`References::resolve`] the part, do it like any request of its own, and [`References::note`]
//!    what it made. For a [`Step::Group`], [`plan_group`] makes one plan of all of it.
//! 3. [`answer`] with one [`Response`] for each part.

mod group;
mod reference;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json as object};

use crate::problem::Problem;
use crate::write::Change;
use crate::write::json;

pub use group::{Outcome, plan_group};
pub use reference::References;

/// Parts of one batch. OData services take 100 to 1,000.
pub const PARTS_MAX: usize = 1_000;
/// Characters of a part's id.
const ID_CHARS_MAX: usize = 128;

/// The method of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Create.
    Post,
    /// Change.
    Patch,
    /// Replace.
    Put,
    /// Delete.
    Delete,
}

/// One request of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What the sender calls it; unique in its batch.
    pub id: String,
    /// What to do.
    pub method: Method,
    /// Path behind the service root, with the query: `Things(1)/Datastreams?$top=1`.
    pub url: String,
    /// The body; null when there is none.
    pub body: Value,
    /// How the body of a PATCH is meant.
    pub patch: Change,
    /// Parts (or groups) that have to have succeeded before.
    pub depends_on: Vec<String>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A request of its own.
    One(Part),
    /// A change set: all of it happens, or nothing.
    Group(String, Vec<Part>),
}

/// The answer to one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The part.
    pub id: String,
    /// HTTP status.
    pub status: u16,
    /// `Location` of what was made.
    pub location: Option<String>,
    /// The body; null when there is none.
    pub body: Value,
}

/// Reads a batch. `version` is the first step of the service root, `v1.1`.
pub fn parse(bytes: &[u8], version: &str) -> Result<Vec<Step>, Problem> {
    let body = json(bytes)?;
    let Some(requests) = body.get("requests").and_then(Value::as_array) else {
        return Err(Problem::malformed("expected a list of requests").about("requests"));
    };
    if requests.len() > PARTS_MAX {
        return Err(Problem::too_large(format!("expected at most {PARTS_MAX} requests in a batch")));
    }
    let (mut steps, mut known) = (Vec::new(), BTreeSet::new());
    for (index, request) in requests.iter().enumerate() {
        let (part, group) = part(request, version).map_err(|problem| within(problem, index))?;
        let fail = |detail: &str, field: &str| Err(within(Problem::malformed(detail).about(field), index));
        if !known.insert(part.id.clone()) {
            return fail("expected an id that no request or group before has", "id");
        }
        if part.depends_on.iter().any(|id| !known.contains(id) || *id == part.id) {
            return fail("expected ids of requests before this one", "dependsOn");
        }
        match (steps.last_mut(), group) {
            (_, None) => steps.push(Step::One(part)),
            (Some(Step::Group(last, parts)), Some(group)) if *last == group => parts.push(part),
            (_, Some(group)) => {
                if !known.insert(group.clone()) {
                    return fail("expected the requests of a group one behind the other", "atomicityGroup");
                }
                steps.push(Step::Group(group, vec![part]));
            }
        }
    }
    Ok(steps)
}

fn within(mut problem: Problem, index: usize) -> Problem {
    let inner = problem.field.take().unwrap_or_default();
    problem.about(format!("requests[{index}].{inner}").trim_end_matches('.'))
}

fn part(request: &Value, version: &str) -> Result<(Part, Option<String>), Problem> {
    let Value::Object(map) = request else { return Err(Problem::malformed("expected an object")) };
    let known = ["id", "method", "url", "body", "headers", "atomicityGroup", "dependsOn", "if"];
    if let Some(other) = map.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Problem::malformed("a request has no such member").about(other));
    }
    if map.contains_key("if") {
        return Err(Problem::not_implemented("conditions between requests are not served").about("if"));
    }
    let method = match text(map, "method")?.to_ascii_lowercase().as_str() {
        "get" => Method::Get,
        "post" => Method::Post,
        "patch" => Method::Patch,
        "put" => Method::Put,
        "delete" => Method::Delete,
        _ => return Err(Problem::malformed("expected get, post, patch, put or delete").about("method")),
    };
    let group = map.get("atomicityGroup").filter(|group| !group.is_null());
    let group = group.map(|_| name(map, "atomicityGroup")).transpose()?;
    if group.is_some() && method == Method::Get {
        return Err(Problem::malformed("a group holds changes only").about("method"));
    }
    let part = Part {
        id: name(map, "id")?,
        method,
        url: relative(text(map, "url")?, version)?,
        body: map.get("body").cloned().unwrap_or_default(),
        patch: patch(map)?,
        depends_on: depends_on(map)?,
    };
    Ok((part, group))
}

fn text<'m>(map: &'m Map<String, Value>, name: &str) -> Result<&'m str, Problem> {
    map.get(name).and_then(Value::as_str).ok_or_else(|| Problem::malformed("expected text").about(name))
}

/// A name that the sender gives; it comes back in the answer, so it has to be one.
fn name(map: &Map<String, Value>, member: &str) -> Result<String, Problem> {
    let name = match map.get(member) {
        Some(Value::String(text)) => text.clone(),
        // FROST and some clients number their requests.
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(Problem::malformed("expected text").about(member)),
    };
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.:~".contains(c);
    if name.is_empty() || name.len() > ID_CHARS_MAX || !name.chars().all(sound) {
        let detail = format!("expected 1 to {ID_CHARS_MAX} letters, digits and - _ . : ~");
        return Err(Problem::malformed(detail).about(member));
    }
    Ok(name)
}

fn depends_on(map: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let expected = || Problem::malformed("expected a list of ids").about("dependsOn");
    match map.get("dependsOn") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(ids)) => ids.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(expected)).collect(),
        Some(_) => Err(expected()),
    }
}

/// By the `Content-Type` of a part.
fn patch(map: &Map<String, Value>) -> Result<Change, Problem> {
    let headers = map.get("headers").and_then(Value::as_object).into_iter().flatten();
    let mut kinds = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let Some((_, kind)) = kinds.next() else { return Ok(Change::Merge) };
    Change::of_content_type(kind.as_str().unwrap_or_default()).map_err(|problem| problem.about("headers"))
}

/// The part of an address behind the service root: an address is absolute, from the host's root, or relative already.
fn relative(url: &str, version: &str) -> Result<String, Problem> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url.trim_start_matches('/'),
    };
    let rooted = url.contains("://") || url.starts_with('/');
    let behind =
        path.split_once(&format!("{version}/")).filter(|(before, _)| before.is_empty() || before.ends_with('/'));
    let path = match behind {
        Some((_, behind)) if rooted || path.starts_with(version) => behind,
        _ if rooted => return Err(Problem::malformed("expected an address of this service").about("url")),
        _ => path,
    };
    if path.starts_with("$batch") {
        return Err(Problem::malformed("a batch holds no batch").about("url"));
    }
    Ok(path.to_owned())
}

/// The body of the answer.
pub fn answer(responses: &[Response]) -> Value {
    let response = |response: &Response| {
        let mut map = Map::new();
        map.insert("id".to_owned(), object!(response.id));
        map.insert("status".to_owned(), object!(response.status));
        if let Some(location) = &response.location {
            map.insert("location".to_owned(), object!(location));
            map.insert("headers".to_owned(), object!({ "location": location }));
        }
        if !response.body.is_null() {
            map.insert("body".to_owned(), response.body.clone());
        }
        Value::Object(map)
    };
    object!({ "responses": responses.iter().map(response).collect::<Vec<_>>() })
}

//! From a path to the entities that it names, each step checked: `Things(1)/Datastreams(2)` is there only when the
//! datastream is one of that thing.

use super::scope::Scope;
use super::source::{Node, Source};
use super::tell::{Told, address_of};
use super::{Answer, JSON, TEXT};
use crate::model::Property;
use crate::path::EntityPath;
use crate::problem::Problem;
use crate::v1_1::text::{self, Object};
use crate::v1_1::{self, entity, observation};

/// What a path leads to.
pub(crate) enum Found<'a> {
    One(Node<'a>),
    Many(Source<'a>),
}

/// 404.
pub(crate) fn missing() -> Problem {
    Problem::not_found("no entity has this path; the root of the service lists where to begin")
}

/// Walks a path.
pub(crate) fn resolve<'a>(scope: &Scope<'a>, path: &EntityPath) -> Result<Found<'a>, Problem> {
    let mut found = Found::Many(Source::of_type(path.set));
    if let Some(id) = &path.id {
        found = pick(scope, &found, id)?;
    }
    for step in &path.steps {
        let Found::One(node) = found else { return Err(missing()) };
        found = if step.navigation.is_many() {
            Found::Many(node.many(step.navigation).ok_or_else(missing)?)
        } else {
            Found::One(node.one(scope, step.navigation).ok_or_else(missing)?)
        };
        if let Some(id) = &step.id {
            found = pick(scope, &found, id)?;
        }
    }
    scope.check()?;
    Ok(found)
}

fn pick<'a>(scope: &Scope<'a>, found: &Found<'a>, id: &city::EntityId) -> Result<Found<'a>, Problem> {
    let Found::Many(source) = found else { return Err(missing()) };
    let node = source.find(scope, id);
    scope.check()?;
    node.map(Found::One).ok_or_else(missing)
}

/// The one entity that a path leads to.
pub(crate) fn single<'a>(scope: &Scope<'a>, path: &EntityPath) -> Result<Node<'a>, Problem> {
    match resolve(scope, path)? {
        Found::One(node) => Ok(node),
        Found::Many(_) => Err(missing()),
    }
}

/// The absolute address that a path stands for, without its last `$ref`.
pub(crate) fn address(scope: &Scope<'_>, path: &EntityPath) -> Vec<u8> {
    let mut out = scope.base.as_bytes().to_vec();
    out.push(b'/');
    out.extend_from_slice(path.set.set().as_bytes());
    let id_of = |out: &mut Vec<u8>, id: &Option<city::EntityId>| {
        if let Some(id) = id {
            out.push(b'(');
            text::path_id(out, id);
            out.push(b')');
        }
    };
    id_of(&mut out, &path.id);
    for step in &path.steps {
        out.push(b'/');
        out.extend_from_slice(step.navigation.name().as_bytes());
        id_of(&mut out, &step.id);
    }
    if path.part == crate::path::Part::References {
        out.extend_from_slice(b"/$ref");
    }
    out
}

/// `{"name": ..}`, or the bare value (18-088 clauses 9.2.4 and 9.2.5). What has no value is a 204.
pub(crate) fn property(
    scope: &Scope<'_>,
    node: &Node<'_>,
    property: Property,
    members: &[Box<str>],
    is_bare: bool,
) -> Result<Answer, Problem> {
    let members = if members.is_empty() { Vec::new() } else { vec![members.to_vec()] };
    let mut value = Vec::new();
    let is_there = v1_1::narrowed(&mut value, &members, |out| match node {
        _ if property == Property::SelfLink => {
            let mut address = Vec::new();
            address_of(&mut address, scope.base, node);
            entity::quoted(out, &[&address]);
            true
        }
        Node::Entity(_, entity) => entity::property(out, entity, property, scope),
        Node::Observation(row) => {
            observation::property(out, row, scope.observation_type(row.observation.datastream), property)
        }
    });
    scope.check()?;
    if !is_there {
        return Ok(Answer { status: 204, ..Answer::new(JSON, Vec::new()) });
    }
    if !is_bare && members.is_empty() {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.key(&[property.name()]).extend_from_slice(&value);
        object.close();
        return Ok(Answer::new(JSON, body));
    }
    let mut json: serde_json::Value = serde_json::from_slice(&value).unwrap_or_default();
    if let Some(path) = members.first() {
        json = path.iter().fold(json, |at, member| at.get(&**member).cloned().unwrap_or_default());
        if let Some(addressed) = path.last().filter(|_| !is_bare) {
            // The addressed property is named, as in clause 9.2.5: `unitOfMeasurement/symbol` is `{"symbol":..}`.
            let named = serde_json::Map::from_iter([(addressed.to_string(), json)]);
            return Ok(Answer::new(JSON, serde_json::Value::Object(named).to_string().into_bytes()));
        }
    }
    Ok(match json {
        serde_json::Value::String(words) => Answer::new(TEXT, words.into_bytes()),
        serde_json::Value::Object(_) | serde_json::Value::Array(_) => Answer::new(JSON, json.to_string().into_bytes()),
        other => Answer::new(TEXT, other.to_string().into_bytes()),
    })
}

/// `{"@iot.selfLink": ..}`.
pub(crate) fn reference(out: &mut Vec<u8>, scope: &Scope<'_>, node: &Node<'_>) {
    let mut object = Object::open(out);
    let mut address = Vec::new();
    address_of(&mut address, scope.base, node);
    entity::quoted(object.key(&[v1_1::SELF_LINK]), &[&address]);
    object.close();
}

/// The addresses of the entities of a page (18-088 clause 9.2.6).
pub(crate) fn references(scope: &Scope<'_>, nodes: &[Node<'_>], told: &Told) -> Answer {
    let mut body = Vec::new();
    let mut object = Object::open(&mut body);
    text::list(object.key(&["value"]), nodes, |out, node| reference(out, scope, node));
    told.members(&mut object, "");
    object.close();
    Answer::new(JSON, body)
}

//! CSV (RFC 4180): a header, then a line for each entity. Texts that a spreadsheet would take for a formula get an
//! apostrophe in front.

use super::level::Level;
use super::scope::Scope;
use super::source::{Node, datastream_id};
use super::tell::address_of;
use super::{Answer, CSV};
use crate::model::{EntityType, Navigation, Property};
use crate::problem::Problem;
use crate::query::Selection;
use crate::v1_1::{self, entity, observation, text};

/// One column.
pub(crate) enum Column {
    Property(Property, Vec<Box<str>>),
    /// The id of the entity that a relation leads to.
    Related(Navigation),
}

/// The columns: what `$select` names in its order, or everything.
pub(crate) fn columns(level: &Level<'_>) -> Result<Vec<Column>, Problem> {
    if !level.expand.is_empty() {
        return Err(Problem::malformed("$expand has no place in CSV; $select=Datastream tells the related id"));
    }
    if level.options.select.is_empty() {
        let own = level.entity.row().properties.iter().map(|row| Column::Property(row.property, Vec::new()));
        let mut columns = vec![Column::Property(Property::Id, Vec::new())];
        if level.entity == EntityType::Observation {
            columns.push(Column::Related(Navigation::Datastream));
        }
        columns.extend(own);
        return Ok(columns);
    }
    let column = |item: &Selection| match item {
        Selection::Property(property, members) => Ok(Column::Property(*property, members.clone())),
        Selection::Navigation(navigation) if navigation.is_many() => {
            Err(Problem::malformed("$select: a column of CSV holds one related entity, not many"))
        }
        Selection::Navigation(navigation) => Ok(Column::Related(*navigation)),
    };
    level.options.select.iter().map(column).collect()
}

/// A page of CSV.
pub(crate) fn answer(scope: &Scope<'_>, level: &Level<'_>, nodes: &[Node<'_>]) -> Result<Answer, Problem> {
    let columns = columns(level)?;
    let mut body = Vec::new();
    header(&mut body, &columns);
    for node in nodes {
        line(&mut body, scope, &columns, node);
    }
    scope.check()?;
    Ok(Answer::new(CSV, body))
}

/// The first line.
pub(crate) fn header(out: &mut Vec<u8>, columns: &[Column]) {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let name = match column {
            Column::Property(Property::Id, _) => v1_1::SHORT_ID.to_owned(),
            Column::Property(property, members) => {
                let members = members.iter().map(|member| &**member);
                std::iter::once(property.name()).chain(members).collect::<Vec<_>>().join("/")
            }
            Column::Related(navigation) => format!("{}/{}", navigation.name(), v1_1::SHORT_ID),
        };
        words(out, &name);
    }
    out.extend_from_slice(b"\r\n");
}

/// The line of one entity.
pub(crate) fn line<'a>(out: &mut Vec<u8>, scope: &Scope<'a>, columns: &[Column], node: &Node<'a>) {
    let mut json = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json.clear();
        match column {
            Column::Related(Navigation::Datastream) if matches!(node, Node::Observation(_)) => {
                if let Node::Observation(row) = node {
                    text::id(&mut json, &datastream_id(row.observation.datastream));
                }
            }
            Column::Related(navigation) => {
                if let Some(Node::Entity(_, related)) = node.one(scope, *navigation) {
                    text::id(&mut json, &related.id);
                }
            }
            Column::Property(property, members) => property_of(&mut json, scope, node, *property, members),
        }
        cell(out, &json);
    }
    out.extend_from_slice(b"\r\n");
}

fn property_of(out: &mut Vec<u8>, scope: &Scope<'_>, node: &Node<'_>, property: Property, members: &[Box<str>]) {
    match node {
        _ if property == Property::SelfLink => {
            let mut address = Vec::new();
            address_of(&mut address, scope.base, node);
            entity::quoted(out, &[&address]);
        }
        Node::Entity(_, entity) => {
            entity::property(out, entity, property, scope);
        }
        Node::Observation(row) => {
            let kind = scope.observation_type(row.observation.datastream);
            observation::property(out, row, kind, property);
        }
    }
    if !members.is_empty() {
        let whole: serde_json::Value = serde_json::from_slice(out).unwrap_or_default();
        let found = members.iter().try_fold(&whole, |at, member| at.get(&**member));
        *out = found.map(|found| found.to_string().into_bytes()).unwrap_or_default();
    }
}

/// One value: numbers and truths as they are, texts without their quotes, anything else as its JSON.
fn cell(out: &mut Vec<u8>, json: &[u8]) {
    match json.first() {
        None => {}
        Some(b'"') => match json.get(1..json.len() - 1).and_then(|inner| std::str::from_utf8(inner).ok()) {
            Some(inner) if !inner.contains('\\') => words(out, inner),
            _ => words(out, &serde_json::from_slice::<String>(json).unwrap_or_default()),
        },
        Some(b'{' | b'[') => words(out, &String::from_utf8_lossy(json)),
        _ if json == b"null" => {}
        Some(_) => out.extend_from_slice(json),
    }
}

fn words(out: &mut Vec<u8>, words: &str) {
    let is_formula = words.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_quoted = words.contains(['"', ',', '\r', '\n']);
    if is_quoted {
        out.push(b'"');
    }
    if is_formula {
        out.push(b'\'');
    }
    if is_quoted {
        out.extend_from_slice(words.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(words.as_bytes());
    }
}

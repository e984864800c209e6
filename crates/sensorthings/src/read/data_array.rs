//! `$resultFormat=dataArray` (18-088 clause 12.1): observations as rows of values, a list for each datastream.

use city::DatastreamId;

use super::level::Level;
use super::scope::Scope;
use super::source::{Node, datastream_id};
use super::tell::Told;
use super::{Answer, JSON};
use crate::model::{EntityType, Navigation, Property};
use crate::problem::Problem;
use crate::query::{ResultFormat, Selection};
use crate::series::Row;
use crate::v1_1::text::{self, Object};
use crate::v1_1::{self, entity, observation};

/// What is told where `$select` does not say: as the standard's example has it.
const USUAL: [Property; 4] = [Property::Id, Property::PhenomenonTime, Property::ResultTime, Property::Result];
/// What is told besides where any row of the list has it.
const RARE: [Property; 3] = [Property::ResultQuality, Property::ValidTime, Property::Parameters];

/// Whether the form can hold what is asked for.
pub(crate) fn check(level: &Level<'_>, format: Option<ResultFormat>) -> Result<(), Problem> {
    let Some(format) = format else { return Ok(()) };
    if format == ResultFormat::DataArray && level.entity != EntityType::Observation {
        return Err(Problem::malformed("$resultFormat: dataArray is for Observations"));
    }
    if format == ResultFormat::Parquet {
        return Err(parquet_is_for(level.entity));
    }
    if !level.expand.is_empty() {
        return Err(Problem::malformed("$expand has no place in this $resultFormat; leave one of the two out"));
    }
    let navigates = |item: &Selection| matches!(item, Selection::Navigation(_));
    if format == ResultFormat::DataArray && level.options.select.iter().any(navigates) {
        return Err(Problem::malformed("$select: a data array has properties only"));
    }
    Ok(())
}

/// The refusal of Parquet where it has no place.
pub(crate) fn parquet_is_for(entity: EntityType) -> Problem {
    let detail = match entity {
        EntityType::Observation => "$resultFormat: Parquet is an export of Observations, and this is none",
        _ => "$resultFormat: Parquet is for Observations; CSV is for every kind of entity",
    };
    Problem::not_implemented(detail)
}

/// One list.
struct Group<'r> {
    datastream: DatastreamId,
    rows: Vec<&'r Row>,
}

/// The entities of a page as data arrays.
pub(crate) fn answer(scope: &Scope<'_>, level: &Level<'_>, nodes: &[Node<'_>], told: &Told) -> Answer {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for node in nodes {
        let Node::Observation(row) = node else { continue };
        let datastream = row.observation.datastream;
        match groups.iter_mut().rev().find(|group| group.datastream == datastream) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { datastream, rows: vec![row] }),
        }
    }
    let mut body = Vec::new();
    let mut object = Object::open(&mut body);
    text::list(object.key(&["value"]), &groups, |out, group| list(out, scope, level, group));
    told.members(&mut object, "");
    object.close();
    Answer::new(JSON, body)
}

fn list(out: &mut Vec<u8>, scope: &Scope<'_>, level: &Level<'_>, group: &Group<'_>) {
    let kind = scope.observation_type(group.datastream);
    let components = components(level, group);
    let mut object = Object::open(out);
    let mut address = Vec::new();
    entity::link(&mut address, scope.base, EntityType::Datastream, &datastream_id(group.datastream));
    entity::quoted(object.key(&[Navigation::Datastream.name(), v1_1::NAVIGATION_LINK]), &[&address]);
    text::list(object.key(&["components"]), &components, |out, (property, members)| {
        let name = if *property == Property::Id { v1_1::SHORT_ID } else { property.name() };
        text::text(
            out,
            &std::iter::once(name).chain(members.iter().map(|member| &**member)).collect::<Vec<_>>().join("/"),
        );
    });
    text::integer(object.key(&["dataArray", v1_1::COUNT]), i64::try_from(group.rows.len()).unwrap_or(i64::MAX));
    text::list(object.key(&["dataArray"]), &group.rows, |out, row| {
        text::list(out, &components, |out, (property, members)| {
            if !value(out, scope, row, kind, *property, members) {
                out.extend_from_slice(b"null");
            }
        });
    });
    object.close();
}

type Component = (Property, Vec<Box<str>>);

fn components(level: &Level<'_>, group: &Group<'_>) -> Vec<Component> {
    if level.options.select.is_empty() {
        let kind = city::ObservationType::Any;
        let has = |property: &Property| {
            group
                .rows
                .iter()
                .any(|row| row.detail.is_some() && observation::property(&mut Vec::new(), row, kind, *property))
        };
        let rare = RARE.into_iter().filter(has);
        return USUAL.into_iter().chain(rare).map(|property| (property, Vec::new())).collect();
    }
    let chosen = level.options.select.iter().filter_map(|item| match item {
        Selection::Property(property, members) => Some((*property, members.clone())),
        Selection::Navigation(_) => None,
    });
    chosen.collect()
}

fn value(
    out: &mut Vec<u8>,
    scope: &Scope<'_>,
    row: &Row,
    kind: city::ObservationType,
    property: Property,
    members: &[Box<str>],
) -> bool {
    if property == Property::SelfLink {
        let mut address = Vec::new();
        super::tell::address_of(&mut address, scope.base, &Node::Observation(row.clone()));
        entity::quoted(out, &[&address]);
        return true;
    }
    if members.is_empty() {
        return observation::property(out, row, kind, property);
    }
    let mut whole = Vec::new();
    if !observation::property(&mut whole, row, kind, property) {
        return false;
    }
    let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap_or_default();
    let found = members.iter().try_fold(&whole, |at, member| at.get(&**member));
    found.map(|found| out.extend_from_slice(found.to_string().as_bytes())).is_some()
}

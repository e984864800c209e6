//! `$id` in later requests of a batch: the entity that an earlier one made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Part;
use crate::model::EntityType;
use crate::problem::Problem;
use crate::v1_1;
use crate::write::Target;

/// What the parts so far have made. A part that failed is known too: who needs it fails with it.
#[derive(Clone, Debug, Default)]
pub struct References(BTreeMap<String, Made>);

#[derive(Clone, Debug)]
enum Made {
    /// Set and id as JSON: `Things`, 5.
    Entity(&'static str, Value),
    /// It succeeded and made nothing.
    Nothing,
    Failed,
}

impl References {
    /// A part (or a group) succeeded.
    pub fn note(&mut self, id: &str, target: Option<&Target>) {
        let made = match target {
            None => Made::Nothing,
            Some(Target::Entity(kind, id)) => Made::Entity(EntityType::from(*kind).set(), crate::write::id_json(id)),
            Some(Target::Observation(key)) => {
                let mut text = Vec::new();
                v1_1::text::key(&mut text, key);
                Made::Entity(EntityType::Observation.set(), json!(String::from_utf8_lossy(&text)))
            }
        };
        self.0.insert(id.to_owned(), made);
    }

    /// A part (or a group) failed.
    pub fn fail(&mut self, id: &str) {
        self.0.insert(id.to_owned(), Made::Failed);
    }

    /// The part with every `$id` replaced: at the start of its address (`$1/Datastreams`), in brackets in it
    /// (`Things($1)`), and in its body (`{"@iot.id": "$1"}`). A name that no part has is left as it is. 424: it needs a
    /// part that failed.
    pub fn resolve(&self, part: &Part) -> Result<Part, Problem> {
        if part.depends_on.iter().any(|id| matches!(self.0.get(id), Some(Made::Failed) | None)) {
            return Err(dependency());
        }
        let mut resolved = part.clone();
        resolved.url = self.url(&part.url)?;
        self.replace(&mut resolved.body)?;
        Ok(resolved)
    }

    fn url(&self, url: &str) -> Result<String, Problem> {
        if let Some(rest) = url.strip_prefix('$') {
            let (name, behind) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            return Ok(match self.made(name)? {
                Some((set, id)) => format!("{set}({}){behind}", bracketed(id)),
                None => url.to_owned(),
            });
        }
        let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let Some((before, (name, behind))) =
            path.split_once("($").and_then(|(before, rest)| Some((before, rest.split_once(')')?)))
        else {
            return Ok(url.to_owned());
        };
        Ok(match self.made(name)? {
            Some((_, id)) => format!("{before}({}){behind}{query}", bracketed(id)),
            None => url.to_owned(),
        })
    }

    fn replace(&self, value: &mut Value) -> Result<(), Problem> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.replace(item)),
            Value::Object(map) => map.iter_mut().try_for_each(|(name, value)| match value {
                Value::String(text) if name == v1_1::ID => {
                    let made = text.strip_prefix('$').map(|name| self.made(name)).transpose()?.flatten();
                    if let Some((_, id)) = made {
                        *value = id.clone();
                    }
                    Ok(())
                }
                _ => self.replace(value),
            }),
            _ => Ok(()),
        }
    }

    fn made(&self, name: &str) -> Result<Option<(&'static str, &Value)>, Problem> {
        match self.0.get(name) {
            Some(Made::Entity(set, id)) => Ok(Some((set, id))),
            Some(Made::Failed) => Err(dependency()),
            Some(Made::Nothing) | None => Ok(None),
        }
    }
}

fn dependency() -> Problem {
    Problem::new(424, "Failed dependency", "a request that this one needs did not succeed")
}

/// An id as it stands in the brackets of an address.
fn bracketed(id: &Value) -> String {
    match id {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

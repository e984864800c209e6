//! Changing entities: PATCH, PUT, JSON Patch (18-088 clause 10.3).

use std::slice;

use city::{Detail, Entity, EntityId, EntityKind, Erasure, Observation, ObservationKey};
use serde_json::{Map, Value, json};

use super::address::One;
use super::body::{Body, linked};
use super::document::{bag, document, primitive};
use super::draft::{Draft, unknown};
use super::entity::fill;
use super::field::Field;
use super::json_patch;
use super::merge_patch;
use super::plan::Target;
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;
use crate::series::{Row, Series, SeriesError};

/// How a body changes what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// PATCH: what the body has replaces what is there; the rest stays.
    Merge,
    /// PUT: the body is all that there is afterwards. Links that it does not name stay (clause 10.3.1).
    Replace,
    /// PATCH of `application/json-patch+json` (RFC 6902).
    Operations,
    /// PATCH of `application/merge-patch+json` (RFC 7396): as [`Change::Merge`], on every level.
    MergePatch,
}

impl Change {
    /// How a PATCH with this `Content-Type` is meant; parameters, as a charset, say nothing. `curl -d` names a form
    /// where it was told nothing, and that is taken for JSON too.
    ///
    /// # Errors
    /// 415 for any other.
    pub fn of_content_type(kind: &str) -> Result<Self, Problem> {
        match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "application/json" | "application/x-www-form-urlencoded" => Ok(Self::Merge),
            "application/json-patch+json" => Ok(Self::Operations),
            "application/merge-patch+json" => Ok(Self::MergePatch),
            kind if kind.starts_with("multipart/") => Err(Problem::media_type(
                "multipart bodies are not served; expected application/json, a batch in the JSON form of OData 4.01",
            )),
            _ => Err(Problem::media_type(
                "expected application/json; for PATCH application/json-patch+json and application/merge-patch+json too",
            )),
        }
    }
}

impl Draft<'_> {
    pub(super) fn update(
        &mut self,
        series: &dyn Series,
        one: One,
        value: &Value,
        change: Change,
    ) -> Result<Target, Problem> {
        match one {
            One::Observation(key) => self.update_observation(series, &key, value, change).map(Target::Observation),
            One::Entity(kind, id) => {
                self.update_entity(kind, &id, value, change)?;
                Ok(Target::Entity(kind, id))
            }
        }
    }

    fn update_entity(&mut self, kind: EntityKind, id: &EntityId, value: &Value, change: Change) -> Result<(), Problem> {
        let before = self.changeable(kind, id)?;
        let patched;
        let value = match change {
            Change::Merge | Change::Replace => value,
            Change::Operations => {
                patched = json_patch::apply(document(&before), value)?;
                &patched
            }
            Change::MergePatch => {
                patched = merge_patch::apply(document(&before), value);
                &patched
            }
        };
        let entity = EntityType::from(kind);
        let body = Body::of(value, entity, &Field::Body)?;
        let mut after = before.clone();
        self.relink_one(&body, &mut after)?;
        fill(self.rules, &body, &mut after, change == Change::Merge)?;
        self.stays(&before, &after, body.field)?;
        if after.body != before.body {
            self.registered(&after, body.field)?;
            self.settled.clear();
        }
        self.put(after)?;
        self.relink_many(kind, id, &body)
    }

    /// Links to one that the body names: they replace those before.
    fn relink_one(&self, body: &Body<'_>, after: &mut Entity) -> Result<(), Problem> {
        for row in EntityType::from(after.kind()).row().navigations {
            let navigation = row.navigation;
            let Some(value) = body.get(navigation.name()).filter(|_| !navigation.is_many()) else { continue };
            let field = body.field.member(navigation.name());
            let other = self.only_link(navigation.target(), value, &field)?;
            self.set_one(after, navigation, other, &field)?;
        }
        Ok(())
    }

    /// Links to many that the body names: they come beside those before; a thing's locations take the place of those
    /// before.
    fn relink_many(&mut self, kind: EntityKind, id: &EntityId, body: &Body<'_>) -> Result<(), Problem> {
        for row in EntityType::from(kind).row().navigations {
            let navigation = row.navigation;
            if !navigation.is_many() {
                continue;
            }
            let field = body.field.member(navigation.name());
            let mut others = Vec::new();
            for (index, item) in body.many(navigation)?.iter().enumerate() {
                others.push(self.only_link(navigation.target(), item, &field.item(index))?);
            }
            if (kind, navigation) == (EntityKind::Thing, Navigation::Locations) {
                self.stand(id, others, &field)?;
                continue;
            }
            for other in others {
                self.join(kind, id, navigation, &other, &field)?;
            }
        }
        Ok(())
    }

    /// An update links to what is there, and makes nothing (clause 10.3.1).
    fn only_link(&self, entity: EntityType, value: &Value, field: &Field<'_>) -> Result<EntityId, Problem> {
        let detail = "an update names other entities by their id and does not write them; expected a link";
        let id = linked(value, field)?.ok_or_else(|| Problem::malformed(detail).about(field))?;
        self.link(entity, id, field)
    }

    /// A new value for the same key is a correction; another key is another observation, and the old one goes.
    fn update_observation(
        &mut self,
        series: &dyn Series,
        key: &ObservationKey,
        value: &Value,
        change: Change,
    ) -> Result<ObservationKey, Problem> {
        let row = series.row(key, None).map_err(unreadable)?.ok_or_else(|| unknown(EntityType::Observation))?;
        let mut whole = observation_document(&row);
        match change {
            Change::Operations => whole = json_patch::apply(whole, value)?,
            Change::MergePatch => whole = merge_patch::apply(whole, value),
            Change::Merge | Change::Replace => {
                let body = Body::of(value, EntityType::Observation, &Field::Body)?;
                whole = merged(whole, body.map, change);
            }
        }
        let body = Body::of(&whole, EntityType::Observation, &Field::Body)?;
        let link = |navigation: Navigation| {
            let field = body.field.member(navigation.name());
            body.get(navigation.name()).map(|value| self.only_link(navigation.target(), value, &field)).transpose()
        };
        let (datastream, named) = (link(Navigation::Datastream)?, link(Navigation::FeatureOfInterest)?);
        let datastream = datastream.and_then(|id| self.series(&id)).unwrap_or(key.datastream);
        let before = row.detail.as_ref().and_then(|detail| detail.feature_of_interest.clone());
        let (observation, mut detail) = self.read_observation(&body, datastream)?;
        detail.feature_of_interest = match named.or(before) {
            // It had the datastream's own, and keeps it.
            None if datastream == key.datastream => None,
            feature => self.feature(datastream, feature, body.field)?,
        };
        let now = self.observe(observation, detail)?;
        if now != *key {
            self.erase(key);
        }
        Ok(now)
    }

    pub(super) fn erase(&mut self, key: &ObservationKey) {
        let gone = (key.phenomenon_time, key.result_time);
        self.erasures.push(Erasure { datastream: key.datastream, keys: Some(slice::from_ref(&gone).to_vec()) });
    }
}

/// The members of an observation that are known, those of a body over them.
fn merged(whole: Value, body: &Map<String, Value>, change: Change) -> Value {
    let Value::Object(mut map) = whole else { return whole };
    if change == Change::Replace {
        // When it was stays: it is the observation's identity, and no server can make it up anew.
        map.retain(|name, _| name == "phenomenonTime");
    }
    map.extend(body.iter().map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(map)
}

fn observation_document(row: &Row) -> Value {
    let Observation { phenomenon_time, result, .. } = row.observation;
    let none = Detail::default();
    let detail = row.detail.as_deref().unwrap_or(&none);
    let interval = |from: city::Time, to: city::Time| json!(format!("{from}/{to}"));
    json!({
        "phenomenonTime": detail.phenomenon_end.map_or(json!(phenomenon_time), |end| interval(phenomenon_time, end)),
        "resultTime": detail.result_time,
        "validTime": detail.valid_time.map(|(from, to)| interval(from, to)),
        "result": detail.result.as_ref().map_or(json!(result), primitive),
        "resultQuality": detail.result_quality.as_ref().map(primitive),
        "parameters": bag(&detail.parameters),
    })
}

/// 500, without the words of the store.
pub(super) fn unreadable(_: SeriesError) -> Problem {
    Problem::internal("the observations cannot be read now")
}

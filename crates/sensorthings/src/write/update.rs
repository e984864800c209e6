//! Changing entities: PATCH, PUT, JSON Patch (18-088 clause 10.3).

use city::{Detail, Entity, EntityBody, EntityId, EntityKind, Observation, ObservationKey};
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
use crate::model::{EntityType, Navigation, Property};
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
                self.update_entity(series, (kind, &id), value, change)?;
                Ok(Target::Entity(kind, id))
            }
        }
    }

    fn update_entity(
        &mut self,
        series: &dyn Series,
        (kind, id): (EntityKind, &EntityId),
        value: &Value,
        change: Change,
    ) -> Result<(), Problem> {
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
            self.means_the_same(series, &before, &after, body.field)?;
            self.registered(&after, body.field)?;
            self.settled.clear();
        }
        self.put(after)?;
        self.relink_many(kind, id, &body)
    }

    /// What the results of a datastream mean is not changed behind their back: 3 is no truth, and 9.5 no count.
    fn means_the_same(
        &self,
        series: &dyn Series,
        before: &Entity,
        after: &Entity,
        field: &Field<'_>,
    ) -> Result<(), Problem> {
        let (EntityBody::Datastream(before), EntityBody::Datastream(body)) = (&before.body, &after.body) else {
            return Ok(());
        };
        let Some(id) = self.series(&after.id).filter(|_| before.observation_type != body.observation_type) else {
            return Ok(());
        };
        if series.count(id).map_err(unreadable)? == 0 && !self.observations.datastreams().contains(&id) {
            return Ok(());
        }
        let detail = "the datastream has observations, and what they are stays; make another datastream";
        Err(Problem::conflict(detail).about(field.member(Property::ObservationType.name())))
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

    /// A new value is a correction. The key stays: its id is made of it, and who asks what was known then asks by it.
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
        if datastream.is_some_and(|id| self.series(&id) != Some(key.datastream)) {
            return Err(moved(&body.field.member(Navigation::Datastream.name())));
        }
        let time = body.field.member(Property::PhenomenonTime.name());
        // One that was taken away is not given anew.
        body.get(Property::PhenomenonTime.name()).ok_or_else(|| moved(&time))?;
        let (observation, mut detail) = self.read_observation(&body, key.datastream)?;
        let after = observation.key(Some(&detail));
        if (after.phenomenon_time, after.phenomenon_end) != (key.phenomenon_time, key.phenomenon_end) {
            return Err(moved(&time));
        }
        if after.result_time != key.result_time {
            return Err(moved(&body.field.member(Property::ResultTime.name())));
        }
        let before = row.detail.as_ref().and_then(|detail| detail.feature_of_interest.clone());
        detail.feature_of_interest = match named.or(before) {
            // It had the datastream's own, and keeps it.
            None => None,
            feature => self.feature(key.datastream, feature, body.field)?,
        };
        self.observe(observation, detail)
    }
}

/// 409: it would be another observation.
fn moved(field: &Field<'_>) -> Problem {
    let detail =
        "an observation stays the one that it is, or what was known then would be lost; delete it and send it anew";
    Problem::conflict(detail).about(field)
}

/// The members of an observation that are known, those of a body over them.
fn merged(whole: Value, body: &Map<String, Value>, change: Change) -> Value {
    let Value::Object(mut map) = whole else { return whole };
    if change == Change::Replace {
        // These make it the same observation, and no server can make them up anew.
        map.retain(|name, _| name == "phenomenonTime" || name == "resultTime");
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

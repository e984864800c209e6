//! Observations one by one (18-088 clauses 8.2.7 and 10.2), and their features of interest.

use city::{DatastreamId, Detail, EntityBody, EntityId, EntityKind, Observation, ObservationKey, Span, Time};
use serde_json::Value;

use super::body::Body;
use super::create::Given;
use super::draft::Draft;
use super::entity::blank;
use super::field::Field;
use super::limits::{FEATURES_MAX, OBSERVATIONS_MAX};
use super::result::{Scalar, result};
use super::rules::Keys;
use super::time::{instant, instant_or_interval};
use crate::model::Navigation;
use crate::problem::Problem;

impl Draft<'_> {
    pub(super) fn create_observation(&mut self, body: &Body<'_>, given: Given<'_>) -> Result<ObservationKey, Problem> {
        let datastream = self.one(body, Navigation::Datastream, given)?;
        let datastream = datastream.ok_or_else(|| body.missing("Datastream"))?;
        let series = self.series(&datastream).ok_or_else(|| body.missing("Datastream"))?;
        let named = self.one(body, Navigation::FeatureOfInterest, given)?;
        let (observation, mut detail) = self.read_observation(body, series)?;
        detail.feature_of_interest = self.feature(series, named, body.field)?;
        self.observe(observation, detail)
    }

    /// Adds an observation to the plan.
    pub(super) fn observe(&mut self, observation: Observation, detail: Detail) -> Result<ObservationKey, Problem> {
        if self.observations.len() >= OBSERVATIONS_MAX {
            let detail = format!("expected at most {OBSERVATIONS_MAX} observations; more go to CreateObservations");
            return Err(Problem::too_large(detail));
        }
        let key = observation.key(Some(&detail));
        self.observations.push_detailed(observation, detail);
        Ok(key)
    }

    /// All of an observation but its feature of interest.
    pub(super) fn read_observation(
        &self,
        body: &Body<'_>,
        series: DatastreamId,
    ) -> Result<(Observation, Detail), Problem> {
        let datastream = self.datastream(series).ok_or_else(|| body.missing("Datastream"))?;
        let property = &datastream.observed_property;
        let text = |name: &str| body.text(name);
        let time = body.field.member("phenomenonTime");
        let sent = text("phenomenonTime")?.map(|text| instant_or_interval(text).map_err(|no| no.about(&time)));
        let sent = sent.transpose()?;
        let result_time =
            text("resultTime")?.map(|text| instant(text).map_err(|no| no.about(&body.field.member("resultTime"))));
        let valid_time = text("validTime")?.map(|text| interval(text, &body.field.member("validTime")));
        let value = body.map.get("result").map_or(Scalar::Null, Scalar::of);
        let field = body.field.member("result");
        let (result, other) =
            result(self.rules, datastream.observation_type, property, &value).map_err(|no| no.about(&field))?;
        let quality = body.get("resultQuality").map(|value| self.rules.quality(value, property, body.field));
        let parameters = body.map.get("parameters").unwrap_or(&Value::Null);
        let detail = Detail {
            phenomenon_end: sent.and_then(|(_, end)| end),
            result_time: result_time.transpose()?,
            valid_time: valid_time.transpose()?,
            result: other,
            result_quality: quality.transpose()?,
            parameters: self.rules.bag(parameters, Keys::Of(property), &body.field.member("parameters"))?,
            feature_of_interest: None,
        };
        // A sender without a clock (18-088 table 15). Last, so that nothing that is refused is given one.
        let phenomenon_time = sent.map_or_else(|| self.rules.given(series, &time), |(from, _)| Ok(from))?;
        Ok((Observation { datastream: series, phenomenon_time, result }, detail))
    }

    /// The feature of interest to keep with an observation: none where it is the datastream's own. Where none is named,
    /// it is where the thing stands (18-088 clause 10.2, special case 1): at the first of them it becomes the thing's,
    /// so that a station with a hundred datastreams is changed once.
    pub(super) fn feature(
        &mut self,
        series: DatastreamId,
        named: Option<EntityId>,
        field: &Field<'_>,
    ) -> Result<Option<EntityId>, Problem> {
        if named.is_none() && self.is_settled(series) {
            return Ok(None);
        }
        let id = EntityId::Number(i64::from(series.0));
        let Some(entity) = self.get(EntityKind::Datastream, &id).cloned() else {
            return Err(Problem::internal("an observation of no datastream"));
        };
        let EntityBody::Datastream(body) = &entity.body else { return Ok(None) };
        let is_named = named.is_some();
        let feature = match named {
            Some(feature) => feature,
            None => match self.feature_of_place(&body.thing)? {
                Some(feature) => feature,
                None if self.feature_of(body).is_some() => return Ok(None),
                None => {
                    let detail = "the thing has no location to take it from; expected a feature of interest";
                    return Err(Problem::malformed(detail).about(field.member("FeatureOfInterest")));
                }
            },
        };
        if !is_named {
            self.settled.insert(series);
        }
        let own = self.feature_of(body);
        if own == Some(&feature) {
            return Ok(None);
        }
        if own.is_none() && !is_named {
            self.give_feature(&body.thing, feature)?;
            return Ok(None);
        }
        if !is_named {
            // The thing moved since: what came before keeps its feature, so each row from now on names the new one.
            self.settled.remove(&series);
        }
        if let Err(at) = body.other_features.binary_search(&feature) {
            if body.other_features.len() >= FEATURES_MAX {
                let detail = format!("expected at most {FEATURES_MAX} features of interest of one datastream");
                return Err(Problem::refused(detail).about(field.member("FeatureOfInterest")));
            }
            let mut changed = city::Entity::clone(&entity);
            if let EntityBody::Datastream(body) = &mut changed.body {
                body.other_features.insert(at, feature.clone());
            }
            self.put(changed)?;
        }
        Ok(Some(feature))
    }

    fn give_feature(&mut self, thing: &EntityId, feature: EntityId) -> Result<(), Problem> {
        let Some(entity) = self.get(EntityKind::Thing, thing) else { return Ok(()) };
        let mut entity = city::Entity::clone(entity);
        if let EntityBody::Thing { feature_of_interest, .. } = &mut entity.body {
            *feature_of_interest = Some(feature);
        }
        self.put(entity)
    }

    fn is_settled(&self, series: DatastreamId) -> bool {
        if self.is_untouched() {
            return self.catalogue.stream(series).is_some_and(|stream| stream.settled);
        }
        self.settled.contains(&series)
    }

    /// The feature of interest that is where a thing stands; made where there is none yet.
    fn feature_of_place(&mut self, thing: &EntityId) -> Result<Option<EntityId>, Problem> {
        let Some(EntityBody::Thing { locations, .. }) = self.get(EntityKind::Thing, thing).map(|thing| &thing.body)
        else {
            return Ok(None);
        };
        let Some(location) = locations.first().and_then(|id| self.get(EntityKind::Location, id)).cloned() else {
            return Ok(None);
        };
        let EntityBody::Location { encoding_type, location: shape } = &location.body else { return Ok(None) };
        if let Some(feature) = self.of_shape(EntityKind::FeatureOfInterest, shape) {
            return Ok(Some(feature));
        }
        let id = self.new_id(EntityKind::FeatureOfInterest)?;
        let body = EntityBody::FeatureOfInterest { encoding_type: encoding_type.clone(), feature: shape.clone() };
        let mut feature = blank(id.clone(), body);
        feature.name.clone_from(&location.name);
        feature.description.clone_from(&location.description);
        self.put(feature)?;
        Ok(Some(id))
    }
}

/// An interval; an instant is one without length.
pub(super) fn interval(text: &str, field: &Field<'_>) -> Result<(Time, Time), Problem> {
    let (from, to) = instant_or_interval(text).map_err(|no| no.about(field))?;
    Ok((from, to.unwrap_or(from)))
}

/// Behind every time that there can be.
pub(super) fn end_of_time() -> Time {
    city::time::TIME_MAX + Span::ms(1)
}

//! Observations: a number of a known series, within what an instrument can honestly give, and with it only what the
//! pack of its observed property declares.

use city::{DatastreamId, Detail, FeedKind, Observation, Primitive, Properties, Reason};

use super::{Door, Refused};
use crate::series::{Series, SeriesTable};

/// Judges a row. The table is passed in, so that a batch locks it once.
pub(crate) fn judge(
    door: &Door<'_>,
    table: &SeriesTable,
    observation: Observation,
    detail: Option<&Detail>,
) -> Result<Observation, Refused> {
    let series = series(door, table, observation.datastream)?;
    if !in_range(series, observation.result) {
        return Err(Reason::OutOfRange.into());
    }
    door.happened(observation.phenomenon_time)?;
    if let Some(detail) = detail {
        judge_detail(door, series.property, detail)?;
    }
    // Adding 0.0 turns -0.0 into 0.0, so that one value has one form.
    Ok(Observation { result: observation.result + 0.0, ..observation })
}

/// The series, if this feed may write it.
pub(crate) fn series<'t>(
    door: &Door<'_>,
    table: &'t SeriesTable,
    datastream: DatastreamId,
) -> Result<&'t Series, Refused> {
    if door.contract.kind != FeedKind::SensorThings {
        return Err(Reason::NotAllowed.into());
    }
    let series = table.get(&datastream).ok_or(Reason::UnknownReference)?;
    if series.feed != door.contract.feed {
        // A series has one feed that may write it; another one may not even overwrite by mistake.
        return Err(Reason::NotAllowed.into());
    }
    Ok(series)
}

/// Whether an instrument can honestly give this.
pub(crate) fn in_range(series: &Series, result: f64) -> bool {
    (series.min..=series.max).contains(&result)
}

fn judge_detail(door: &Door<'_>, property: Option<usize>, detail: &Detail) -> Result<(), Refused> {
    if !door.gate.declares(&detail.parameters, property) {
        return Err(Reason::NotAllowed.into());
    }
    if let Some(Primitive::Text(text)) = &detail.result {
        let categories = property.and_then(|place| door.gate.policy.observed_properties.get(place));
        let listed = categories.is_some_and(|pack| pack.categories.iter().any(|category| **category == **text));
        if !listed && !door.gate.policy.sandbox {
            return Err(Reason::NotAllowed.into());
        }
    }
    if let Some(quality @ Primitive::Text(_)) = &detail.result_quality {
        // A text could say anything: only where the pack declares it.
        let mut told = Properties::default();
        told.set("resultQuality", quality.clone());
        if !door.gate.declares(&told, property) {
            return Err(Reason::NotAllowed.into());
        }
    }
    texts(door, &detail.parameters)?;
    match detail.result_quality.iter().chain(&detail.result).find_map(text_of) {
        Some(text) => door.no_person(text),
        None => Ok(()),
    }
}

/// Texts among the values of properties.
pub(super) fn texts(door: &Door<'_>, properties: &Properties) -> Result<(), Refused> {
    for (key, value) in properties.iter() {
        door.no_person(key)?;
        if let Some(text) = text_of(value) {
            door.no_person(text)?;
        }
    }
    Ok(())
}

fn text_of(value: &Primitive) -> Option<&str> {
    match value {
        Primitive::Text(text) => Some(text),
        Primitive::Bool(_) | Primitive::Integer(_) | Primitive::Number(_) => None,
    }
}

//! Observations: a number of a known series, within what an instrument can honestly give.

use city::{FeedKind, Observation, Reason};

use super::{Door, Refused};

pub(crate) fn judge(door: &Door<'_>, observation: Observation) -> Result<Observation, Refused> {
    if door.contract.kind != FeedKind::SensorThings {
        return Err(Reason::NotAllowed.into());
    }
    let (datastream, property) = door.gate.series.get(&observation.datastream).ok_or(Reason::UnknownReference)?;
    if datastream.feed != door.contract.feed {
        // A series has one feed that may write it; another one may not even overwrite by mistake.
        return Err(Reason::NotAllowed.into());
    }
    if !(property.min..=property.max).contains(&observation.result) {
        return Err(Reason::OutOfRange.into());
    }
    door.happened(observation.phenomenon_time)?;
    // Adding 0.0 turns -0.0 into 0.0, so that one value has one form.
    Ok(Observation { result: observation.result + 0.0, ..observation })
}

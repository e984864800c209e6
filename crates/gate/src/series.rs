//! The series that the gate knows: those of the configuration, and those that were made through the API.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use city::{DatastreamBody, DatastreamId, EntityId, FeedId, IdHasher, ObservedProperty, Primitive, Properties};

use crate::gate::Gate;
use crate::policy::Policy;

/// What one series may hold.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// The one feed that may write it.
    pub(crate) feed: FeedId,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Place of its observed property in the policy; `None` in a sandbox, where anything is observed.
    pub(crate) property: Option<usize>,
}

pub(crate) type SeriesTable = HashMap<DatastreamId, Series, BuildHasherDefault<IdHasher>>;

/// The table, which grows while the program runs.
#[derive(Debug)]
pub(crate) struct KnownSeries(RwLock<SeriesTable>);

impl KnownSeries {
    pub(crate) fn of(policy: &Policy) -> Self {
        let known = policy.datastreams.iter().filter_map(|stream| {
            let property = policy.observed_properties.iter().position(|p| p.id == stream.observed_property)?;
            let ObservedProperty { min, max, .. } = policy.observed_properties.get(property)?;
            let series = Series { feed: same(policy, &stream.feed), min: *min, max: *max, property: Some(property) };
            Some((stream.id, series))
        });
        Self(RwLock::new(known.collect()))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, SeriesTable> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// Makes a datastream known that came through the API, or changed there. One whose observed property is on no
    /// list, or whose id is no number of a series, stays unknown.
    pub fn register(&self, id: &EntityId, body: &DatastreamBody) {
        let Some(id) = series_id(id) else { return };
        let series = if self.policy.sandbox {
            Some(Series { feed: same(&self.policy, &body.feed), min: f64::MIN, max: f64::MAX, property: None })
        } else {
            let named = |property: &ObservedProperty| body.observed_property == EntityId::from(property.id.as_str());
            self.policy.observed_properties.iter().position(named).and_then(|place| {
                let ObservedProperty { min, max, .. } = self.policy.observed_properties.get(place)?;
                Some(Series { feed: same(&self.policy, &body.feed), min: *min, max: *max, property: Some(place) })
            })
        };
        if let Some(series) = series {
            self.series.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, series);
        }
    }

    /// Forgets a datastream that was taken away.
    pub fn unregister(&self, id: &EntityId) {
        if let Some(id) = series_id(id) {
            self.series.0.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }

    /// Whether every key of `properties` is declared with its kind: by one observed property, or (`None`) by any. In a
    /// sandbox every key is.
    pub(crate) fn declares(&self, properties: &Properties, property: Option<usize>) -> bool {
        if self.policy.sandbox || properties.is_empty() {
            return true;
        }
        let all = &self.policy.observed_properties;
        let packs: Vec<&ObservedProperty> = match property {
            Some(place) => all.get(place).into_iter().collect(),
            None => all.iter().collect(),
        };
        properties.iter().all(|(key, value)| {
            let declared = packs.iter().flat_map(|pack| &pack.declares);
            declared.into_iter().any(|known| known.key == key && fits(known.kind, value))
        })
    }
}

/// The id of a feed as its contract has it, which is found equal at once.
fn same(policy: &Policy, feed: &FeedId) -> FeedId {
    let contract = policy.contracts.iter().find(|contract| contract.feed == *feed);
    contract.map_or(feed, |contract| &contract.feed).clone()
}

fn fits(kind: city::DeclaredKind, value: &Primitive) -> bool {
    use city::DeclaredKind::{Bool, Integer, Number, Text};
    matches!(
        (kind, value),
        (Bool, Primitive::Bool(_))
            | (Integer, Primitive::Integer(_))
            | (Number, Primitive::Integer(_) | Primitive::Number(_))
            | (Text, Primitive::Text(_))
    )
}

/// The series of a datastream's id.
pub(crate) fn series_id(id: &EntityId) -> Option<DatastreamId> {
    match id {
        EntityId::Number(number) => u32::try_from(*number).ok().map(DatastreamId),
        EntityId::Text(_) => None,
    }
}

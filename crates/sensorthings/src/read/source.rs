//! Collections of entities, read in their natural order as far as they are asked for: entities by id, observations by
//! datastream and phenomenon time.

use std::cmp::Ordering;

use city::{DatastreamId, Entity, EntityId, EntityKind, ObservationKey, ObservationType, Span, Time};

use super::merge::Merge;
use super::scope::Scope;
use crate::catalogue;
use crate::evaluate::Bounds;
use crate::model::{EntityType, Navigation};
use crate::series::{Row, Wanted};
use crate::v1_1;

/// One entity of a collection.
#[derive(Clone, Debug)]
pub(crate) enum Node<'a> {
    /// One of the catalogue, with its type.
    Entity(EntityType, &'a Entity),
    /// One of a series.
    Observation(Row),
}

/// A collection.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    /// All of a kind.
    All(EntityKind),
    /// Those that a relation of an entity leads to.
    Related(EntityKind, &'a EntityId, Navigation),
    /// All observations.
    Observations,
    /// Those of one datastream.
    OfDatastream(DatastreamId),
    /// Those of one feature of interest.
    OfFeature(&'a EntityId),
}

/// Which part of a collection is read. It may be more than is asked for, never less.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// First phenomenon time.
    pub(crate) from: Time,
    /// Phenomenon time behind the last.
    pub(crate) to: Time,
    /// Behind (or, in descending order, before) which entity it begins.
    pub(crate) after: Option<Mark>,
    /// The only entities that it can be.
    pub(crate) ids: Option<Vec<EntityId>>,
    /// The only datastreams that its observations can be of.
    pub(crate) datastreams: Option<Vec<EntityId>>,
    /// The only results that its observations can have; it may become narrower while it is read.
    pub(crate) results: Wanted,
}

/// An entity as a place in the order of its collection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    Entity(EntityId),
    Observation(ObservationKey),
}

/// In which order observations are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// By id: datastream, phenomenon time, result time, end of an interval.
    ById { descending: bool },
    /// By phenomenon time, then by id. For entities as [`Walk::ById`].
    ByTime { descending: bool },
}

/// Nodes, read as they are asked for. It ends early when something goes wrong: see [`Scope::check`].
pub(crate) type Nodes<'s, 'a> = Box<dyn Iterator<Item = Node<'a>> + 's>;

impl Part {
    /// What lies within the bounds of a filter.
    pub(crate) fn within(bounds: &Bounds) -> Self {
        use city::time::{TIME_MAX, TIME_MIN};
        let (from, to) = bounds.phenomenon_time;
        let time = |ms: i64, beyond: Time| Time::from_ms(ms).unwrap_or(beyond);
        let none = bounds.is_none() || from > TIME_MAX.ms() || to < TIME_MIN.ms();
        let ids = if none { Some(Vec::new()) } else { bounds.ids.clone() };
        let (from, to) = (time(from, TIME_MIN), time(to, TIME_MAX) + Span::ms(1));
        let results = Wanted::default();
        results.narrow(bounds.result);
        Self { from, to, after: None, ids, datastreams: None, results }
    }
}

impl Walk {
    /// The order of two entities of one collection.
    pub(crate) fn compare(self, first: &Mark, second: &Mark) -> Ordering {
        let order = match (first, second) {
            (Mark::Entity(first), Mark::Entity(second)) => first.cmp(second),
            (Mark::Observation(first), Mark::Observation(second)) => match self {
                Self::ById { .. } => first.cmp(second),
                Self::ByTime { .. } => first.phenomenon_time.cmp(&second.phenomenon_time).then(first.cmp(second)),
            },
            (Mark::Entity(_), Mark::Observation(_)) => Ordering::Less,
            (Mark::Observation(_), Mark::Entity(_)) => Ordering::Greater,
        };
        if self.is_descending() { order.reverse() } else { order }
    }

    pub(crate) fn is_descending(self) -> bool {
        match self {
            Self::ById { descending } | Self::ByTime { descending } => descending,
        }
    }
}

impl<'a> Node<'a> {
    /// Its place in the order of its collection.
    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Entity(_, entity) => Mark::Entity(entity.id.clone()),
            Self::Observation(row) => Mark::Observation(row.key()),
        }
    }

    /// The entity that a relation to one leads to.
    pub(crate) fn one(&self, scope: &Scope<'a>, navigation: Navigation) -> Option<Node<'a>> {
        let kind = navigation.target().kept()?;
        let found = match self {
            Self::Entity(entity_type, entity) => {
                let id = scope.catalogue.related(entity_type.kept()?, &entity.id, navigation).next()?;
                scope.entity(kind, id)?
            }
            Self::Observation(row) => match navigation {
                Navigation::Datastream => scope.entity(kind, &datastream_id(row.observation.datastream))?,
                Navigation::FeatureOfInterest => scope.entity(kind, scope.catalogue.feature_of_row(row)?)?,
                _ => return None,
            },
        };
        Some(Node::Entity(navigation.target(), found))
    }

    /// The collection that a relation to many leads to.
    pub(crate) fn many(&self, navigation: Navigation) -> Option<Source<'a>> {
        let Self::Entity(entity_type, entity) = self else { return None };
        match (entity_type, navigation) {
            (EntityType::Datastream, Navigation::Observations) => {
                catalogue::series(&entity.id).map(Source::OfDatastream)
            }
            (EntityType::FeatureOfInterest, Navigation::Observations) => Some(Source::OfFeature(&entity.id)),
            _ => Some(Source::Related(entity_type.kept()?, &entity.id, navigation)),
        }
    }
}

/// A datastream's id as entities have it.
pub(crate) fn datastream_id(datastream: DatastreamId) -> EntityId {
    EntityId::Number(i64::from(datastream.0))
}

impl<'a> Source<'a> {
    /// All entities of a type.
    pub(crate) fn of_type(entity_type: EntityType) -> Self {
        entity_type.kept().map_or(Self::Observations, Self::All)
    }

    /// Of which type its entities are.
    pub(crate) fn entity_type(&self) -> EntityType {
        match self {
            Self::All(kind) => EntityType::from(*kind),
            Self::Related(_, _, navigation) => navigation.target(),
            Self::Observations | Self::OfDatastream(_) | Self::OfFeature(_) => EntityType::Observation,
        }
    }

    /// How many there are, where that is maintained; `None`: they have to be counted.
    pub(crate) fn count(&self, scope: &Scope<'a>) -> Option<u64> {
        match self {
            Self::All(kind) => Some(scope.catalogue.len(*kind) as u64),
            Self::Related(kind, id, navigation) => Some(scope.catalogue.related(*kind, id, *navigation).count() as u64),
            _ if scope.as_of.is_some() => None,
            Self::Observations if let Some(count) = scope.took(scope.series.count_all()) => Some(count),
            Self::Observations => {
                let counts = scope.catalogue.datastream_ids().map(|series| scope.took(scope.series.count(series)));
                Some(counts.sum())
            }
            Self::OfDatastream(series) => Some(scope.took(scope.series.count(*series))),
            Self::OfFeature(_) => None,
        }
    }

    /// The entity of this id in the collection. A number may be written as text: some clients quote every id.
    pub(crate) fn find(&self, scope: &Scope<'a>, id: &EntityId) -> Option<Node<'a>> {
        match self {
            Self::All(_) | Self::Related(..) => {
                let entity_type = self.entity_type();
                let kind = entity_type.kept()?;
                let entity = scope.entity(kind, id).or_else(|| match id {
                    EntityId::Text(text) => scope.entity(kind, &EntityId::Number(text.parse().ok()?)),
                    EntityId::Number(_) => None,
                })?;
                self.has(scope, &entity.id).then_some(Node::Entity(entity_type, entity))
            }
            _ => {
                let EntityId::Text(text) = id else { return None };
                let row = scope.took(scope.series.row(&v1_1::key_of(text)?, scope.as_of))?;
                self.holds(scope, &row).then_some(Node::Observation(row))
            }
        }
    }

    fn has(&self, scope: &Scope<'a>, id: &EntityId) -> bool {
        let Self::Related(kind, of, navigation) = self else { return true };
        let before = match id {
            EntityId::Number(number) => number.checked_sub(1).map(EntityId::Number),
            EntityId::Text(_) => None,
        };
        let mut related = scope.catalogue.related_from(*kind, of, *navigation, before.as_ref());
        if before.is_some() { related.next() == Some(id) } else { related.any(|other| other == id) }
    }

    fn holds(&self, scope: &Scope<'a>, row: &Row) -> bool {
        let datastream = row.observation.datastream;
        scope.catalogue.datastream(datastream).is_some()
            && match self {
                Self::OfDatastream(series) => *series == datastream,
                Self::OfFeature(feature) => scope.catalogue.feature_of_row(row) == Some(*feature),
                _ => true,
            }
    }

    /// A part of it.
    pub(crate) fn nodes<'s>(&self, scope: &'s Scope<'a>, part: &Part, walk: Walk) -> Nodes<'s, 'a> {
        if let Some(ids) = &part.ids {
            return self.named(scope, ids, part.after.as_ref(), walk);
        }
        match self {
            Self::All(_) | Self::Related(..) => self.entities(scope, part.after.as_ref(), walk.is_descending()),
            Self::OfDatastream(_) => self.observations(scope, part, walk.is_descending()),
            _ => match walk {
                Walk::ById { descending } => self.observations(scope, part, descending),
                Walk::ByTime { descending } => {
                    let rows = Merge::new(scope, self.datastreams(scope, part, None, false), part, descending);
                    self.told(scope, rows)
                }
            },
        }
    }

    /// Those of a few ids.
    fn named<'s>(&self, scope: &'s Scope<'a>, ids: &[EntityId], after: Option<&Mark>, walk: Walk) -> Nodes<'s, 'a> {
        let found = ids.iter().take_while(|_| scope.visit()).filter_map(|id| self.find(scope, id));
        let mut found: Vec<(Mark, Node<'a>)> = found.map(|node| (node.mark(), node)).collect();
        found.sort_by(|(a, _), (b, _)| walk.compare(a, b));
        found.dedup_by(|(a, _), (b, _)| a == b);
        let after = after.cloned();
        let is_told = move |mark: &Mark| after.as_ref().is_some_and(|after| walk.compare(mark, after).is_le());
        Box::new(found.into_iter().filter(move |(mark, _)| !is_told(mark)).map(|(_, node)| node))
    }

    fn entities<'s>(&self, scope: &'s Scope<'a>, after: Option<&Mark>, descending: bool) -> Nodes<'s, 'a> {
        let entity_type = self.entity_type();
        let Some(kind) = entity_type.kept() else { return Box::new(std::iter::empty()) };
        let after = match after {
            Some(Mark::Entity(id)) => Some(id.clone()),
            _ => None,
        };
        let node = move |id: &EntityId| {
            let entity = scope.visit().then(|| scope.entity(kind, id))?;
            entity.map(|entity| Node::Entity(entity_type, entity))
        };
        let catalogue = scope.catalogue;
        match (self, descending) {
            (Self::Related(of, id, navigation), false) => {
                Box::new(catalogue.related_from(*of, id, *navigation, after.as_ref()).map_while(node))
            }
            (Self::Related(of, id, navigation), true) => {
                let ids = catalogue.related(*of, id, *navigation).rev();
                Box::new(ids.skip_while(move |id| after.as_ref().is_some_and(|after| *id >= after)).map_while(node))
            }
            (_, false) => match after {
                Some(after) => Box::new(behind(scope, kind, &after).map_while(node)),
                None => Box::new(catalogue.ids(kind).map_while(node)),
            },
            (_, true) => {
                let ids = catalogue.ids(kind).rev();
                Box::new(ids.skip_while(move |id| after.as_ref().is_some_and(|after| *id >= after)).map_while(node))
            }
        }
    }

    fn can_hold(&self, datastream: DatastreamId) -> bool {
        if let Self::OfDatastream(series) = self { *series == datastream } else { true }
    }

    /// Its datastreams from one on, by id.
    fn datastreams(
        &self,
        scope: &Scope<'a>,
        part: &Part,
        from: Option<DatastreamId>,
        descending: bool,
    ) -> Box<dyn Iterator<Item = DatastreamId> + 'a> {
        let catalogue = scope.catalogue;
        let within = move |series: &DatastreamId| {
            from.is_none_or(|from| if descending { *series <= from } else { *series >= from })
        };
        if let Some(only) = &part.datastreams {
            let known = only.iter().filter(|id| scope.entity(EntityKind::Datastream, id).is_some());
            let mut series: Vec<DatastreamId> = known.filter_map(catalogue::series).filter(within).collect();
            series.retain(|series| self.can_hold(*series));
            series.sort_unstable();
            series.dedup();
            if descending {
                series.reverse();
            }
            return Box::new(series.into_iter());
        }
        match self {
            Self::OfDatastream(series) => Box::new(Some(*series).filter(within).into_iter()),
            Self::OfFeature(feature) => {
                let ids = catalogue.datastreams_of_feature(feature).filter_map(catalogue::series).filter(within);
                let mut ids: Vec<DatastreamId> = ids.collect();
                if descending {
                    ids.reverse();
                }
                Box::new(ids.into_iter())
            }
            _ if descending => Box::new(catalogue.datastream_ids().rev().filter(within)),
            _ => match from.and_then(|from| from.0.checked_sub(1)) {
                Some(before) => {
                    let before = datastream_id(DatastreamId(before));
                    let ids = catalogue.ids_from(EntityKind::Datastream, &before).filter_map(catalogue::series);
                    Box::new(ids.collect::<Vec<_>>().into_iter())
                }
                None => Box::new(catalogue.datastream_ids()),
            },
        }
    }

    /// Observations by their ids.
    fn observations<'s>(&self, scope: &'s Scope<'a>, part: &Part, descending: bool) -> Nodes<'s, 'a> {
        let after = match &part.after {
            Some(Mark::Observation(key)) => Some(*key),
            _ => None,
        };
        let datastreams = self.datastreams(scope, part, after.map(|after| after.datastream), descending);
        let (from, to, results) = (part.from, part.to, part.results.clone());
        let rows = datastreams.take_while(|_| scope.visit()).flat_map(move |series| {
            let (mut from, mut to) = (from, to);
            let mark = after.filter(|after| after.datastream == series);
            if let Some(mark) = mark {
                // The rows of the mark's own instant are read again, those before it never.
                if descending {
                    to = to.min(mark.phenomenon_time + Span::ms(1));
                } else {
                    from = from.max(mark.phenomenon_time);
                }
            }
            let rows = scope.rows(series, (from, to), descending, &results);
            let is_told = move |row: &Row| {
                mark.is_some_and(|mark| if descending { row.key() >= mark } else { row.key() <= mark })
            };
            rows.skip_while(is_told)
        });
        self.told(scope, rows)
    }

    /// Leaves out what the series have and the collection does not.
    fn told<'s>(&self, scope: &'s Scope<'a>, rows: impl Iterator<Item = Row> + 's) -> Nodes<'s, 'a>
    where
        'a: 's,
    {
        match self {
            Self::OfFeature(feature) => {
                let feature: &'a EntityId = feature;
                let mine =
                    rows.filter(move |row| scope.catalogue.feature_of_row(row).is_some_and(|own| own == feature));
                Box::new(mine.map(Node::Observation))
            }
            _ => Box::new(rows.map(Node::Observation)),
        }
    }
}

/// Ids behind one. Read in bites, because the catalogue's iterator would hold on to the id.
fn behind<'a>(scope: &Scope<'a>, kind: EntityKind, after: &EntityId) -> impl Iterator<Item = &'a EntityId> + use<'a> {
    let catalogue = scope.catalogue;
    let first = catalogue.ids_from(kind, after).next();
    std::iter::successors(first, move |id| catalogue.ids_from(kind, id).next())
}

impl Scope<'_> {
    /// Rows of one series; it ends where a row cannot be read or no more may be looked at.
    pub(crate) fn rows(
        &self,
        series: DatastreamId,
        (from, to): (Time, Time),
        descending: bool,
        results: &Wanted,
    ) -> impl Iterator<Item = Row> + use<'_> {
        // A truth may be kept as the number 0 or 1, and has another place in an order than these.
        let all = Wanted::default();
        let results = if self.observation_type(series) == ObservationType::Truth { &all } else { results };
        let rows = (from < to).then(|| self.series.rows_of(series, (from, to), descending, self.as_of, results));
        let rows = rows.and_then(|rows| self.took(rows.map(Some)));
        rows.into_iter().flatten().map_while(|row| if self.visit() { self.took(row.map(Some)) } else { None })
    }
}

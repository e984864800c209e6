//! What one request reads from, and how much of it: every row that is looked at is counted here, so that no request is
//! endless, and what went wrong on the way is kept for the answer.

use std::cell::{Cell, RefCell};

use city::{
    DatastreamBody, DatastreamId, Entity, EntityBody, EntityId, EntityKind, ObservationType, Shape, Span, Time,
};

use super::limits::ROWS_VISITED_MAX;
use crate::catalogue::{self, Catalogue};
use crate::evaluate::Budget;
use crate::model::Navigation;
use crate::problem::Problem;
use crate::series::{Series, SeriesError, Wanted};
use crate::v1_1::entity::Facts;

/// One request's view of the city.
pub(crate) struct Scope<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) series: &'a dyn Series,
    pub(crate) base: &'a str,
    pub(crate) now: Time,
    pub(crate) as_of: Option<Time>,
    pub(crate) budget: Budget,
    left: Cell<u64>,
    /// The last datastream whose observation type was asked for: rows come by the thousand from one.
    known: Cell<Option<(DatastreamId, ObservationType)>>,
    problem: RefCell<Option<Problem>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue, series: &'a dyn Series, base: &'a str, now: Time) -> Self {
        let (left, problem) = (Cell::new(ROWS_VISITED_MAX), RefCell::new(None));
        Self {
            catalogue,
            series,
            base,
            now,
            as_of: None,
            budget: Budget::default(),
            left,
            known: Cell::new(None),
            problem,
        }
    }

    /// Lets it read without a bound on rows: an export, which is paced by whoever takes it.
    pub(crate) fn unbounded(&self) {
        self.left.set(u64::MAX);
    }

    /// Counts a row that is looked at; false when there may be no more, and then the answer is a refusal.
    pub(crate) fn visit(&self) -> bool {
        let left = self.left.get();
        if left == 0 {
            self.fail(Problem::too_wide(format!(
                "the query has to look at more than {ROWS_VISITED_MAX} rows; narrow it by phenomenonTime, by @iot.id or by the path, or take it whole with $resultFormat=CSV"
            )));
            return false;
        }
        self.left.set(left - 1);
        true
    }

    /// Notes what went wrong; the first mistake counts. Whoever read on gets no more rows.
    pub(crate) fn fail(&self, problem: Problem) {
        self.left.set(0);
        self.problem.borrow_mut().get_or_insert(problem);
    }

    /// What a reading gave, or nothing and the mistake noted.
    pub(crate) fn took<T: Default>(&self, read: Result<T, SeriesError>) -> T {
        read.unwrap_or_else(|_| {
            // What exactly is wrong is for the log, and whoever keeps the series has written it there.
            self.fail(Problem::internal("the observations cannot be read"));
            T::default()
        })
    }

    /// Err when something went wrong since the request began.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self.problem.borrow().as_ref() {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    }

    /// An entity.
    pub(crate) fn entity(&self, kind: EntityKind, id: &EntityId) -> Option<&'a Entity> {
        self.catalogue.get(kind, id).map(AsRef::as_ref)
    }

    /// What the results of a datastream are.
    pub(crate) fn observation_type(&self, datastream: DatastreamId) -> ObservationType {
        if let Some((known, observation_type)) = self.known.get()
            && known == datastream
        {
            return observation_type;
        }
        let body = self.catalogue.datastream(datastream);
        let observation_type = body.map_or(ObservationType::Measurement, |body| body.observation_type);
        self.known.set(Some((datastream, observation_type)));
        observation_type
    }
}

impl Facts for Scope<'_> {
    fn phenomenon_time(&self, datastream: &EntityId) -> Option<(Time, Time)> {
        let series = catalogue::series(datastream)?;
        let (first, last) = self.took(self.series.span(series))?;
        if self.as_of.is_none() {
            return Some((first, last));
        }
        let edge = |descending| {
            let mut rows = self.rows(series, (first, last + Span::ms(1)), descending, &Wanted::default());
            rows.next().map(|row| row.observation.phenomenon_time)
        };
        Some((edge(false)?, edge(true)?))
    }

    fn result_time(&self, datastream: &EntityId) -> Option<(Time, Time)> {
        if self.as_of.is_some() {
            // What is maintained is as it is now, and it may be left out (18-088 table 11).
            return None;
        }
        self.took(self.series.result_span(catalogue::series(datastream)?))
    }

    fn observed_area(&self, datastream: &DatastreamBody) -> Option<&Shape> {
        let mut locations = self.catalogue.related(EntityKind::Thing, &datastream.thing, Navigation::Locations);
        locations.find_map(|id| match &self.entity(EntityKind::Location, id)?.body {
            EntityBody::Location { location, .. } => Some(location),
            _ => None,
        })
    }
}

//! `CreateObservations` (18-088 clause 13.3): a data array, judged row by row.

use city::{DatastreamId, Detail, Observation, ObservationType, Observations};
use serde_json::{Map, Value};

use super::body::Body;
use super::draft::Draft;
use super::field::Field;
use super::plan::Plan;
use super::rules::Rules;
use crate::catalogue::{Catalogue, Stream};
use crate::data_array::DataArray;
use crate::model::EntityType;
use crate::problem::Problem;
use crate::v1_1;

/// What a data array would change, and the answer to each of its rows.
#[derive(Debug, Default, PartialEq)]
pub struct Created {
    /// What would change: the rows that can be taken, and features of interest that they need.
    pub plan: Plan,
    /// For each row of [`Plan::observations`] its number in the body, from 0.
    pub places: Vec<u32>,
    /// Number of each refused row in the body, ascending, and what is wrong with it.
    pub refused: Vec<(usize, Problem)>,
    /// Rows in the body.
    pub count: usize,
}

/// Judges a data array. A bad row harms no other; a body that cannot be read is refused whole.
pub fn create_observations(catalogue: &Catalogue, rules: &Rules<'_>, body: &[u8]) -> Result<Created, Problem> {
    let judge = Draft::new(catalogue, rules);
    let array = DataArray::parse(body, |rare| judge.members(rare.datastream, &rare.members))?;
    let DataArray { rows, mut refused, count } = array;
    if refused.is_empty() && all_plain(catalogue, &rows) {
        let plan = Plan { observations: rows, ..Plan::default() };
        return Ok(Created { plan, places: (0..=u32::MAX).take(count).collect(), refused, count });
    }
    let mut draft = Draft::new(catalogue, rules);
    let mut taken = Taken { rows: Observations::with_capacity(rows.len()), places: Vec::with_capacity(rows.len()) };
    let mut bad = Vec::new();
    let mut places = free_places(count, &refused);
    for (row, observation) in rows.iter().enumerate() {
        let place = places.next().unwrap_or_default();
        match draft.row(observation, rows.detail(row)) {
            Ok(None) => taken.push(place, observation, None),
            Ok(Some(detail)) => taken.push(place, observation, Some(detail)),
            Err(problem) => bad.push((place, problem)),
        }
    }
    drop(places);
    if !bad.is_empty() {
        refused.extend(bad);
        refused.sort_by_key(|(place, _)| *place);
    }
    let plan = Plan { observations: taken.rows, ..draft.finish(None) };
    Ok(Created { plan, places: taken.places, refused, count })
}

/// Whether each row is a time and a number that its datastream takes, of the feature of interest that the datastream
/// has already: then there is nothing to work out.
fn all_plain(catalogue: &Catalogue, rows: &Observations) -> bool {
    let mut results = rows.results();
    rows.details().is_empty()
        && rows.datastreams().chunk_by(|a, b| a == b).all(|run| {
            let (of_run, rest) = results.split_at(run.len());
            results = rest;
            let stream = run.first().and_then(|id| catalogue.stream(*id)).filter(|stream| stream.settled);
            stream.is_some_and(|stream| match stream.observation_type {
                ObservationType::Measurement | ObservationType::Any => true,
                _ => of_run.iter().all(|result| takes(stream, *result).is_ok()),
            })
        })
}

/// One row of a data array, or of a message of another form, by its members: as an observation of its own. Its feature
/// of interest has to be there; none is the datastream's.
pub fn observation_from_members(
    catalogue: &Catalogue,
    rules: &Rules<'_>,
    datastream: DatastreamId,
    members: &[(&str, Value)],
) -> Result<(Observation, Detail), Problem> {
    Draft::new(catalogue, rules).members(datastream, members)
}

struct Taken {
    rows: Observations,
    places: Vec<u32>,
}

impl Taken {
    #[inline]
    fn push(&mut self, place: usize, observation: Observation, detail: Option<Detail>) {
        // invariant: a body has far fewer than 2^32 rows.
        self.places.push(u32::try_from(place).unwrap_or(u32::MAX));
        match detail {
            None => self.rows.push(observation),
            Some(detail) => self.rows.push_detailed(observation, detail),
        }
    }
}

/// The numbers of the rows that were not refused.
fn free_places(count: usize, refused: &[(usize, Problem)]) -> impl Iterator<Item = usize> + '_ {
    let mut refused = refused.iter().map(|(place, _)| *place).peekable();
    (0..count).filter(move |place| refused.next_if_eq(place).is_none())
}

impl Draft<'_> {
    /// A row that was read: whether its datastream takes it, and with what detail.
    #[inline]
    fn row(&mut self, observation: Observation, detail: Option<&Detail>) -> Result<Option<Detail>, Problem> {
        let stream = self.catalogue.stream(observation.datastream).ok_or_else(no_datastream)?;
        let Some(detail) = detail else {
            takes(stream, observation.result)?;
            if stream.settled {
                return Ok(None);
            }
            let feature = self.feature(observation.datastream, None, &Field::Body)?;
            return Ok(feature.map(|feature| Detail { feature_of_interest: Some(feature), ..Detail::default() }));
        };
        let mut detail = detail.clone();
        detail.feature_of_interest = self.feature(observation.datastream, detail.feature_of_interest, &Field::Body)?;
        Ok(Some(detail))
    }

    /// A row by its members; `feature_of_interest` is the one that it names, whether the datastream's own or not.
    fn members(&self, datastream: DatastreamId, members: &[(&str, Value)]) -> Result<(Observation, Detail), Problem> {
        self.catalogue.stream(datastream).ok_or_else(no_datastream)?;
        let mut map = Map::new();
        let mut named = None;
        for (name, value) in members {
            match *name {
                v1_1::ID | v1_1::SHORT_ID => {}
                "FeatureOfInterest/id" | "FeatureOfInterest/@iot.id" if value.is_null() => {}
                "FeatureOfInterest/id" | "FeatureOfInterest/@iot.id" => {
                    let field = Field::Body.member("FeatureOfInterest");
                    named = Some(self.link(EntityType::FeatureOfInterest, value, &field)?);
                }
                "Datastream" | "FeatureOfInterest" => {
                    return Err(Problem::malformed("expected a component as FeatureOfInterest/id").about(name));
                }
                _ => {
                    map.insert((*name).to_owned(), value.clone());
                }
            }
        }
        let value = Value::Object(map);
        let body = Body::of(&value, EntityType::Observation, &Field::Body)?;
        let (observation, detail) = self.read_observation(&body, datastream)?;
        Ok((observation, Detail { feature_of_interest: named, ..detail }))
    }
}

fn no_datastream() -> Problem {
    Problem::malformed("there is no such Datastream").about("Datastream")
}

/// Whether a datastream takes a number.
#[inline]
fn takes(stream: Stream, result: f64) -> Result<(), Problem> {
    match stream.observation_type {
        ObservationType::Measurement | ObservationType::Any => Ok(()),
        ObservationType::Count if result.fract() == 0.0 => Ok(()),
        ObservationType::Count => Err(unfit("a whole number")),
        ObservationType::Truth => Err(unfit("true or false")),
        ObservationType::Category => Err(unfit("a category as text")),
    }
}

#[cold]
fn unfit(expected: &str) -> Problem {
    Problem::refused(format!("expected {expected}, as the datastream's observationType says")).about("result")
}

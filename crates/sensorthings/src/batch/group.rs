//! A change set of a batch: all of it in one plan.

use super::{Method, Part, References};
use crate::catalogue::Catalogue;
use crate::problem::Problem;
use crate::series::Series;
use crate::write::{Change, Draft, Plan, Rules, Target};

/// What a part of a group does.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The part.
    pub id: String,
    /// 201, 200 or 204.
    pub status: u16,
    /// What it made or changed.
    pub target: Option<Target>,
}

/// Plans all parts of a group together: later ones see, and may name, what earlier ones made. Observations that are
/// changed or deleted have to be there before the batch. The error says which part it was; nothing of the group happens
/// then, and `references` are as they were.
pub fn plan_group(
    catalogue: &Catalogue,
    series: &dyn Series,
    rules: &Rules<'_>,
    parts: &[Part],
    references: &mut References,
) -> Result<(Plan, Vec<Outcome>), (usize, Problem)> {
    let mut draft = Draft::new(catalogue, rules);
    let mut known = references.clone();
    let mut outcomes = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let outcome = known.resolve(part).and_then(|part| outcome(&mut draft, series, &part));
        let outcome = outcome.map_err(|problem| (index, problem))?;
        known.note(&part.id, outcome.target.as_ref());
        outcomes.push(outcome);
    }
    *references = known;
    Ok((draft.finish(None), outcomes))
}

fn outcome(draft: &mut Draft<'_>, series: &dyn Series, part: &Part) -> Result<Outcome, Problem> {
    let path = part.url.split('?').next().unwrap_or_default();
    let change = match part.method {
        Method::Post if path == "CreateObservations" => {
            let detail = "a data array takes each of its rows alone; expected it outside of a group";
            return Err(Problem::not_implemented(detail));
        }
        Method::Get => return Err(Problem::malformed("a group holds changes only")),
        Method::Post => {
            let target = Some(draft.post(path, &part.body)?);
            return Ok(Outcome { id: part.id.clone(), status: 201, target });
        }
        Method::Delete => {
            draft.delete_at(series, path)?;
            return Ok(Outcome { id: part.id.clone(), status: 204, target: None });
        }
        Method::Put => Change::Replace,
        Method::Patch => part.patch,
    };
    let target = Some(draft.change_at(series, path, &part.body, change)?);
    Ok(Outcome { id: part.id.clone(), status: 200, target })
}

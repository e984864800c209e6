//! `POST /v1.1/$batch`: several requests in one (JSON, OData 4.01).

use account::{Action, DataClass};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sensorthings::batch::{self, Method, Part, References, Step};
use sensorthings::problem::Problem;
use sensorthings::write;

use super::observe;
use super::write::{Change, shown};
use crate::sensing::Trouble;
use crate::tell::App;
use crate::tell::problem::Refusal;
use crate::tell::routes::Asker;

/// Runs the parts one after the other; a change set happens whole or not at all. The answer has one part each.
pub(super) async fn run(app: &App, asker: &Asker, base: &str, body: &[u8]) -> Result<Response, Refusal> {
    asker.may(app, Action::Arrange, DataClass::Operations)?;
    let mut references = References::default();
    let mut answers = Vec::new();
    for step in batch::parse(body, "v1.1")? {
        match step {
            Step::One(part) => answers.push(one(app, base, &part, &mut references).await?),
            Step::Group(id, parts) => group(app, base, &id, &parts, &mut references, &mut answers).await?,
        }
    }
    Ok((StatusCode::OK, axum::Json(batch::answer(&answers))).into_response())
}

/// One request of its own.
async fn one(app: &App, base: &str, part: &Part, references: &mut References) -> Result<batch::Response, Refusal> {
    let done = match references.resolve(part) {
        Ok(part) if part.method == Method::Get => read(app, base, &part).await,
        Ok(part) if part.method == Method::Post && part.url == "CreateObservations" => {
            create_observations(app, base, &part).await
        }
        Ok(part) => alter(app, base, &part).await,
        Err(problem) => Err(Trouble::Problem(problem)),
    };
    match done {
        Ok((answer, target)) => {
            references.note(&part.id, target.as_ref());
            Ok(answer)
        }
        Err(Trouble::Problem(problem)) => {
            references.fail(&part.id);
            Ok(refused(&part.id, problem))
        }
        Err(other) => Err(other.into()),
    }
}

type Done = Result<(batch::Response, Option<write::Target>), Trouble>;

async fn read(app: &App, base: &str, part: &Part) -> Done {
    let (path, query) = part.url.split_once('?').unwrap_or((&part.url, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let (sensing, readers, now, base) = (app.sensing.clone(), app.readers.clone(), app.clock.now(), base.to_owned());
    let work = move || -> Result<_, Trouble> { Ok(sensing.read(&*readers.get()?, &base, now, &path, &query)?) };
    let answer = tokio::task::spawn_blocking(work).await;
    let answer = answer.map_err(|_| Problem::internal("the read was cut off"))??;
    let body = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(&answer.body).into_owned()));
    Ok((batch::Response { id: part.id.clone(), status: answer.status, location: None, body }, None))
}

async fn alter(app: &App, base: &str, part: &Part) -> Done {
    let path = part.url.split('?').next().unwrap_or_default();
    let body = serde_json::to_vec(&part.body).unwrap_or_default();
    let (change, status) = match part.method {
        Method::Post => (Change::Create, 201),
        Method::Patch => (Change::Alter(part.patch), 200),
        Method::Put => (Change::Alter(write::Change::Replace), 200),
        Method::Delete | Method::Get => (Change::Delete, 204),
    };
    let target = change.carry_out(app, path, &body).await?;
    told(app, base, &part.id, status, target)
}

/// `CreateObservations` as a part: the same answer as alone, a link or `"error"` a row.
async fn create_observations(app: &App, base: &str, part: &Part) -> Done {
    let body = serde_json::to_vec(&part.body).unwrap_or_default();
    let array = app.sensing.create_observations(&app.door, &app.readers, &body, true).await?;
    let body = serde_json::from_slice(&observe::links(base, &array)).unwrap_or_default();
    Ok((batch::Response { id: part.id.clone(), status: 201, location: None, body }, None))
}

/// The answer to a part that was refused: the same document as alone.
fn refused(id: &str, problem: Problem) -> batch::Response {
    let status = problem.status;
    let body = serde_json::to_value(Refusal::from(problem).document()).unwrap_or_default();
    batch::Response { id: id.to_owned(), status, location: None, body }
}

/// The answer to a part that was done.
fn told(app: &App, base: &str, id: &str, status: u16, target: Option<write::Target>) -> Done {
    let (location, body) = match target.as_ref().map(|target| shown(app, base, target)).transpose() {
        Ok(Some((link, entity))) => (Some(link), entity),
        Ok(None) => (None, serde_json::Value::Null),
        Err(_) => return Err(Problem::internal("done, but it cannot be read now").into()),
    };
    let location = location.filter(|_| status == 201);
    Ok((batch::Response { id: id.to_owned(), status, location, body }, target))
}

/// A change set.
async fn group(
    app: &App,
    base: &str,
    id: &str,
    parts: &[Part],
    references: &mut References,
    answers: &mut Vec<batch::Response>,
) -> Result<(), Refusal> {
    let before = references.clone();
    let failed = std::sync::Mutex::new(0_usize);
    let done = app
        .sensing
        .write(&app.door, &app.readers, |catalogue, series, rules| {
            let mut known = before.clone();
            let (plan, outcomes) =
                batch::plan_group(catalogue, series, rules, parts, &mut known).map_err(|(index, problem)| {
                    *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = index;
                    problem
                })?;
            Ok((plan, (known, outcomes)))
        })
        .await;
    match done {
        Ok((_, (known, outcomes))) => {
            *references = known;
            references.note(id, None);
            for outcome in outcomes {
                let (answer, _) =
                    told(app, base, &outcome.id, outcome.status, outcome.target).map_err(Refusal::from)?;
                answers.push(answer);
            }
            Ok(())
        }
        Err(Trouble::Problem(problem)) => {
            references.fail(id);
            let mut problem = Some(problem);
            let guilty = *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (index, part) in parts.iter().enumerate() {
                references.fail(&part.id);
                let because = Problem::new(424, "Not done", "another request of its group was refused");
                let why = problem.take_if(|_| index == guilty).unwrap_or(because);
                answers.push(refused(&part.id, why));
            }
            Ok(())
        }
        Err(other) => Err(other.into()),
    }
}

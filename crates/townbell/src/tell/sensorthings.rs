//! `/v1.1`: OGC SensorThings API 1.1 (18-088), as far as it goes today: reading Things, Locations, Datastreams,
//! ObservedProperties and Observations with `$top $skip $count $orderby`, and creating Observations one by one or as a
//! data array. What is not done answers 501 before the first byte.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use city::{Datastream, DatastreamId, FeedId, FeedKind, Observation, Reason, Tally, Time};
use formats::sensorthings::{
    Collection, DatastreamEntity, LocationEntity, ObservationEntity, ObservationId, ObservedPropertyEntity, Rows,
    ServiceRoot, ThingEntity, decode_create_observations, decode_observation,
};
use gate::Candidate;
use serde::Serialize;

use super::App;
use super::api::stopped;
use super::problem::Refusal;
use crate::limits::STA_PAGE_MAX;

/// Where the entities' links begin. Relative to the host, so that they are right behind any proxy.
const BASE: &str = "/v1.1";
/// The requirement classes that are served in whole.
const CLASSES: [&str; 3] = ["datamodel/observation", "data-array", "request-data/pagination"];

/// `GET /v1.1`
#[utoipa::path(get, path = "/v1.1", responses((status = 200, description = "service root of SensorThings 1.1", content_type = "application/json")))]
pub async fn root() -> Json<ServiceRoot> {
    Json(ServiceRoot::new(BASE, &CLASSES))
}

/// One step of a resource path: `Things`, `Things(1)`.
struct Segment<'a> {
    name: &'a str,
    id: Option<&'a str>,
}

fn segments(path: &str) -> Result<Vec<Segment<'_>>, Refusal> {
    let parse = |part: &'_ str| -> Option<(usize, bool)> { part.find('(').map(|at| (at, part.ends_with(')'))) };
    let mut out = Vec::new();
    for part in path.trim_matches('/').split('/') {
        out.push(match parse(part) {
            None => Segment { name: part, id: None },
            Some((at, true)) => {
                let id = part.get(at + 1..part.len() - 1).unwrap_or_default();
                Segment { name: part.get(..at).unwrap_or_default(), id: Some(id.trim_matches('\'')) }
            }
            Some((_, false)) => return Err(Refusal::malformed("path: expected a closing bracket, as in Things(1)")),
        });
    }
    Ok(out)
}

#[derive(Debug, Default)]
struct Page {
    top: Option<usize>,
    skip: usize,
    count: bool,
    descending: bool,
}

fn page(query: Option<&str>) -> Result<Page, Refusal> {
    let mut page = Page::default();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = key.replace("%24", "$");
        let value = value.replace("%20", " ").replace('+', " ");
        let number =
            || value.parse::<usize>().map_err(|_| Refusal::malformed(format!("{key}: expected a whole number")));
        match key.as_str() {
            "$top" => page.top = Some(number()?),
            "$skip" => page.skip = number()?,
            "$count" => page.count = value == "true",
            "$orderby" => match value.as_str() {
                "phenomenonTime" | "phenomenonTime asc" => page.descending = false,
                "phenomenonTime desc" => page.descending = true,
                _ => return Err(Refusal::not_implemented("$orderby: only phenomenonTime asc or desc, so far")),
            },
            "$filter" | "$expand" | "$select" | "$resultFormat" => {
                return Err(Refusal::not_implemented(format!(
                    "{key} is not done yet; $top, $skip, $count and $orderby are"
                )));
            }
            _ => return Err(Refusal::malformed("query: expected $top, $skip, $count or $orderby")),
        }
    }
    Ok(page)
}

/// `GET /v1.1/{path}`
#[utoipa::path(get, path = "/v1.1/{path}", params(("path" = String, Path, description = "resource path of 18-088, as Things(1)/Datastreams")),
    responses((status = 200, content_type = "application/json"), (status = 400, body = super::views::Problem),
        (status = 404, body = super::views::Problem), (status = 501, body = super::views::Problem)))]
pub async fn read(
    State(app): State<App>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let page = page(query.as_deref())?;
    let path_of = path.clone();
    let segments = segments(&path_of)?;
    let city = &app.city;
    let shape: Vec<(&str, Option<&str>)> = segments.iter().map(|segment| (segment.name, segment.id)).collect();
    match shape.as_slice() {
        [("Things", None)] => Ok(list(city.things.iter().map(|thing| ThingEntity::new(BASE, thing)), &page, &path)),
        [("Things", Some(id))] => Ok(one(thing(&app, id)?)),
        [("Things", Some(id)), ("Datastreams", None)] => {
            let thing = thing(&app, id)?.id;
            Ok(list(datastreams(&app, |d| d.thing.0 == thing), &page, &path))
        }
        [("Locations", None)] => {
            Ok(list(city.things.iter().map(|thing| LocationEntity::new(BASE, thing)), &page, &path))
        }
        [("Locations", Some(id))] | [("Things", Some(id)), ("Locations", None)] => {
            let found = city.things.iter().filter(|thing| thing.id.to_string() == *id);
            let mut locations = found.map(|thing| LocationEntity::new(BASE, thing)).peekable();
            locations.peek().ok_or_else(missing)?;
            if shape.len() == 2 {
                Ok(list(locations, &page, &path))
            } else {
                Ok(one(locations.next().ok_or_else(missing)?))
            }
        }
        [("Datastreams", None)] => Ok(list(datastreams(&app, |_| true), &page, &path)),
        [("Datastreams", Some(id))] => {
            Ok(one(datastreams(&app, |d| d.id.to_string() == *id).next().ok_or_else(missing)?))
        }
        [("Datastreams", Some(id)), ("Thing", None)] => Ok(one(thing(&app, &datastream(&app, id)?.thing.to_string())?)),
        [("Datastreams", Some(id)), ("ObservedProperty", None)] => {
            Ok(one(property(&app, datastream(&app, id)?.observed_property.as_str())?))
        }
        [("Datastreams", Some(id)), ("Observations", None)] => {
            observations(&app, datastream(&app, id)?.id, &page, &path).await
        }
        [("ObservedProperties", None)] => {
            Ok(list(city.observed_properties.iter().map(|p| ObservedPropertyEntity::new(BASE, p)), &page, &path))
        }
        [("ObservedProperties", Some(id))] => Ok(one(property(&app, id)?)),
        [("ObservedProperties", Some(id)), ("Datastreams", None)] => {
            Ok(list(datastreams(&app, |d| d.observed_property.as_str() == *id), &page, &path))
        }
        [("Observations", Some(id))] => observation(&app, id).await,
        [("Observations", None)] => {
            Err(Refusal::not_implemented("ask for the Observations of one datastream: Datastreams(1)/Observations"))
        }
        _ => Err(missing()),
    }
}

fn missing() -> Refusal {
    Refusal::not_found("no entity has this path; GET /v1.1 lists where to begin")
}

fn one(entity: impl Serialize) -> Response {
    Json(entity).into_response()
}

fn thing(app: &App, id: &str) -> Result<ThingEntity, Refusal> {
    app.city.things.iter().find(|t| t.id.to_string() == id).map(|t| ThingEntity::new(BASE, t)).ok_or_else(missing)
}

fn property(app: &App, id: &str) -> Result<ObservedPropertyEntity, Refusal> {
    let found = app.city.observed_properties.iter().find(|p| p.id.as_str() == id);
    found.map(|p| ObservedPropertyEntity::new(BASE, p)).ok_or_else(missing)
}

fn datastream<'a>(app: &'a App, id: &str) -> Result<&'a Datastream, Refusal> {
    app.city.datastreams.iter().find(|d| d.id.to_string() == id).ok_or_else(missing)
}

fn datastreams<'a>(
    app: &'a App,
    wanted: impl Fn(&Datastream) -> bool + 'a,
) -> impl Iterator<Item = DatastreamEntity> + 'a {
    app.city.datastreams.iter().filter(move |d| wanted(d)).filter_map(|d| {
        let property = app.city.observed_properties.iter().find(|p| p.id == d.observed_property)?;
        Some(DatastreamEntity::new(BASE, d, property, None))
    })
}

fn list<T: Serialize>(all: impl Iterator<Item = T>, page: &Page, path: &str) -> Response {
    let all: Vec<T> = all.collect();
    let total = all.len();
    let top = page.top.unwrap_or(STA_PAGE_MAX).min(STA_PAGE_MAX);
    let value: Vec<T> = all.into_iter().skip(page.skip).take(top).collect();
    let end = page.skip + value.len();
    let next_link = (end < total && top > 0).then(|| next_link(path, page, top, end));
    Json(Collection { count: page.count.then_some(total as u64), next_link, value }).into_response()
}

fn next_link(path: &str, page: &Page, top: usize, skip: usize) -> String {
    let count = if page.count { "&$count=true" } else { "" };
    let order = if page.descending { "&$orderby=phenomenonTime%20desc" } else { "" };
    format!("{BASE}/{path}?$top={top}&$skip={skip}{count}{order}")
}

async fn points(app: &App, id: DatastreamId, from: Time, to: Time) -> Result<Vec<store::Point>, Refusal> {
    let readers = app.readers.clone();
    let found = tokio::task::spawn_blocking(move || readers.get()?.range(id, from, to)).await;
    Ok(found.map_err(|_| Refusal::unavailable("the read was cut off"))??)
}

async fn observations(app: &App, id: DatastreamId, page: &Page, path: &str) -> Result<Response, Refusal> {
    let mut found = points(app, id, city::time::TIME_MIN, city::time::TIME_MAX).await?;
    if page.descending {
        found.reverse();
    }
    let entity = |p: store::Point| {
        ObservationEntity::new(BASE, &Observation { datastream: id, phenomenon_time: p.time, result: p.result })
    };
    Ok(list(found.into_iter().map(entity), page, path))
}

async fn observation(app: &App, id: &str) -> Result<Response, Refusal> {
    let id = ObservationId::parse(id).ok_or_else(missing)?;
    let at = id.phenomenon_time;
    let found = points(app, id.datastream, at, at + city::Span::ms(1)).await?;
    let point = found.first().ok_or_else(missing)?;
    let observation = Observation { datastream: id.datastream, phenomenon_time: at, result: point.result };
    Ok(one(ObservationEntity::new(BASE, &observation)))
}

/// `POST /v1.1/{path}`: Observations, Datastreams(n)/Observations, CreateObservations. Answered when durable.
#[utoipa::path(post, path = "/v1.1/{path}", params(("path" = String, Path, description = "Observations, Datastreams(1)/Observations or CreateObservations")),
    request_body(content = String, content_type = "application/json"),
    responses((status = 201, content_type = "application/json"), (status = 400, body = super::views::Problem), (status = 404, body = super::views::Problem),
        (status = 413, body = super::views::Problem), (status = 422, body = super::views::Problem), (status = 501, body = super::views::Problem)))]
pub async fn create(State(app): State<App>, Path(path): Path<String>, body: Bytes) -> Result<Response, Refusal> {
    let segments = segments(&path)?;
    let shape: Vec<(&str, Option<&str>)> = segments.iter().map(|segment| (segment.name, segment.id)).collect();
    let (named, array) = match shape.as_slice() {
        [("Observations", None)] => (None, false),
        [("CreateObservations", None)] => (None, true),
        [("Datastreams", Some(id)), ("Observations", None)] => (Some(datastream(&app, id)?.id), false),
        [("Things" | "Locations" | "Datastreams" | "ObservedProperties" | "Sensors" | "FeaturesOfInterest", None)] => {
            return Err(Refusal::not_implemented(
                "things and datastreams are configured in the city's city.toml, so far",
            ));
        }
        _ => return Err(missing()),
    };
    let decoded = if array { decode_create_observations(&body) } else { decode_observation(&body, named) };
    let (rows, tally) = match decoded {
        Ok(decoded) => decoded,
        Err(error) => {
            let mut refused = Tally::default();
            refused.reject(error.reason());
            let feed = named.and_then(|id| feed_of(&app, id)).or_else(|| first_feed(&app));
            book(&app, feed, Vec::new(), &refused).await?;
            let detail = error.to_string();
            return Err(if error.reason() == Reason::TooLarge {
                Refusal::too_large(detail)
            } else {
                Refusal::malformed(detail)
            });
        }
    };
    let answers = enter(&app, rows, tally).await?;
    if array {
        let value: Vec<String> =
            answers.into_iter().map(|answer| answer.unwrap_or_else(|_| "error".to_owned())).collect();
        return Ok((StatusCode::CREATED, Json(value)).into_response());
    }
    let link = answers.into_iter().next().unwrap_or_else(|| Err("expected one Observation".to_owned()));
    let link = link.map_err(Refusal::not_admitted)?;
    let mut response = StatusCode::CREATED.into_response();
    if let Ok(location) = HeaderValue::from_str(&link) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn feed_of(app: &App, datastream: DatastreamId) -> Option<FeedId> {
    app.city.datastreams.iter().find(|d| d.id == datastream).map(|d| d.feed.clone())
}

fn first_feed(app: &App) -> Option<FeedId> {
    let sent = |feed: &&crate::config::Feed| feed.contract.kind == FeedKind::SensorThings;
    app.city.feeds.iter().find(sent).map(|feed| feed.contract.feed.clone())
}

/// Puts each row through the gate under its datastream's feed, and waits until all are durable. Rows that could not
/// be read name no feed; they are booked with the first feed that the body names, or the city's first.
async fn enter(app: &App, rows: Rows, decoded: Tally) -> Result<Vec<Result<String, String>>, Refusal> {
    let mut answers: Vec<Result<String, String>> = Vec::with_capacity(rows.len());
    let mut by_feed: Vec<(FeedId, Vec<usize>, Vec<Candidate>)> = Vec::new();
    let mut unknown = Tally::default();
    for (at, row) in rows.into_iter().enumerate() {
        let row = match row {
            Ok(row) => row,
            Err(refusal) => {
                answers.push(Err(refusal.to_string()));
                continue;
            }
        };
        let Some(feed) = feed_of(app, row.datastream) else {
            unknown.reject(Reason::UnknownReference);
            answers.push(Err(format!("Datastream: there is none with id {}", row.datastream)));
            continue;
        };
        let observation =
            Observation { datastream: row.datastream, phenomenon_time: row.phenomenon_time, result: row.result };
        answers.push(Ok(ObservationEntity::new(BASE, &observation).self_link));
        let candidate = Candidate::Observation(observation);
        match by_feed.iter_mut().find(|(known, ..)| *known == feed) {
            Some((_, places, candidates)) => {
                places.push(at);
                candidates.push(candidate);
            }
            None => by_feed.push((feed, vec![at], vec![candidate])),
        }
    }
    let mut refused = Tally { rejected: decoded.rejected, fields_dropped: decoded.fields_dropped, ..Tally::default() };
    refused.add(&unknown);
    if by_feed.is_empty() {
        book(app, first_feed(app), Vec::new(), &refused).await?;
    }
    for (feed, places, candidates) in by_feed {
        let counted = std::mem::take(&mut refused);
        for (index, reason) in book(app, Some(feed), candidates, &counted).await? {
            if let Some(answer) = places.get(index).and_then(|at| answers.get_mut(*at)) {
                *answer = Err(in_words(reason));
            }
        }
    }
    Ok(answers)
}

/// Gives the refusals, by place among the candidates.
async fn book(
    app: &App,
    feed: Option<FeedId>,
    candidates: Vec<Candidate>,
    decoded: &Tally,
) -> Result<Vec<(usize, Reason)>, Refusal> {
    let Some(feed) = feed else { return Ok(Vec::new()) };
    let admission = app.door.judge(&feed, candidates, decoded).map_err(|e| Refusal::not_admitted(e.to_string()))?;
    let refusals = admission.refusals.iter().map(|refusal| (refusal.index, refusal.reason)).collect();
    let receipt = app.desk().submit(feed, admission).await.map_err(|error| stopped(&error))?;
    receipt.durable().await.map_err(|error| stopped(&error))?;
    Ok(refusals)
}

fn in_words(reason: Reason) -> String {
    match reason {
        Reason::OutOfRange => "result: outside what this observed property can honestly be".to_owned(),
        Reason::BadTime => "phenomenonTime: ahead of the city's clock, or older than this feed keeps".to_owned(),
        Reason::UnknownReference => "Datastream: not known, or not of this feed".to_owned(),
        other => format!("refused: {}", other.name()),
    }
}

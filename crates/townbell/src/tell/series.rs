//! `/api/series` and `/api/things`: series as numbers, for charts and for programs. SensorThings tells the same, with
//! all that belongs to it.

use axum::Json;
use axum::extract::{Path, State};
use city::{BoundingBox, DatastreamId, ObservationType, Span, Time};
use sensorthings::json::{Object, list};
use utoipa::IntoParams;

use super::App;
use super::api::{Answer, read};
use super::asked::Asked;
use super::numbers::{ResultView, Written, instant, result};
use super::problem::{Refusal, Refused};
use super::views::{BucketsView, CountView, LatestView, SeriesView, ThingsView, ValuesView};
use crate::limits::{SERIES_BUCKETS_MAX, SERIES_POINTS_MAX, SERIES_VALUES_MAX, THINGS_IN_BOX_MAX};
use crate::sensing::Card;

/// Which part of a series.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// First instant (RFC 3339); 24 h before the last when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
    /// Last instant (RFC 3339), not included; now when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Time>,
    /// At most so many buckets; 1 to 5000.
    #[param(minimum = 1, maximum = 5000)]
    pub points: Option<u32>,
}

impl SeriesQuery {
    fn read(mut asked: Asked) -> Result<Self, Refusal> {
        let points = asked.whole("points", 1..=SERIES_POINTS_MAX)?;
        let query = Self { from: asked.time("from")?, to: asked.time("to")?, points };
        asked.done().map(|()| query)
    }
}

/// Between two instants; the last day when it says nothing.
fn between(app: &App, from: Option<Time>, to: Option<Time>) -> Result<(Time, Time), Refusal> {
    let to = to.unwrap_or_else(|| app.clock.now());
    let from = from.unwrap_or(to - Span::h(24));
    if from < to { Ok((from, to)) } else { Err(Refusal::malformed("from: expected a time before to")) }
}

/// `GET /api/series/{datastream}`
#[utoipa::path(get, path = "/api/series/{datastream}", params(("datastream" = u32, Path), SeriesQuery),
    responses((status = 200, body = SeriesView), Refused<400>, Refused<404>,
        Refused<422>))]
pub async fn series(State(app): State<App>, Path(datastream): Path<String>, asked: Asked) -> Answer<SeriesView> {
    let query = SeriesQuery::read(asked)?;
    let id = datastream_of(&app, &datastream)?;
    let unit_symbol = unit_of(&app, id);
    let (from, to) = between(&app, query.from, query.to)?;
    let buckets = query.points.unwrap_or(400);
    let found = read(&app, move |reader| reader.downsample(id, from, to, buckets)).await?;
    has_numbers(&app, id, found.is_empty()).await?;
    let points = found.iter().map(|bucket| (bucket.from.ms(), bucket.mean, bucket.min, bucket.max)).collect();
    Ok(Json(SeriesView { datastream: id.0, from, to, unit_symbol, points }))
}

/// Which values, as known when.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ValuesQuery {
    /// First instant (RFC 3339); 24 h before the last when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
    /// Last instant (RFC 3339), not included; now when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Time>,
    /// As they were known at this instant (RFC 3339): what came or was corrected later is left out.
    #[param(rename = "asOf", value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Time>,
}

impl ValuesQuery {
    fn read(mut asked: Asked) -> Result<Self, Refusal> {
        let query = Self { from: asked.time("from")?, to: asked.time("to")?, as_of: asked.as_of()? };
        asked.done().map(|()| query)
    }
}

/// `GET /api/series/{datastream}/values`: every value.
#[utoipa::path(get, path = "/api/series/{datastream}/values", params(("datastream" = u32, Path), ValuesQuery),
    responses((status = 200, body = ValuesView), Refused<400>, Refused<404>))]
pub async fn values(State(app): State<App>, Path(datastream): Path<String>, asked: Asked) -> Result<Written, Refusal> {
    let query = ValuesQuery::read(asked)?;
    let id = datastream_of(&app, &datastream)?;
    let unit_symbol = unit_of(&app, id);
    let (from, to) = between(&app, query.from, query.to)?;
    let as_of = query.as_of;
    let numbers = as_of.is_none() && kind_of(&app, id).is_some_and(is_of_numbers);
    read(&app, move |reader| {
        let mut values: Vec<(i64, ResultView)> = if numbers {
            let points = reader.range(id, from, to)?.into_iter();
            points.map(|point| (point.time.ms(), ResultView::Number(point.result))).collect()
        } else {
            one_a_time(reader, id, from, to, as_of)?
        };
        let more = values.len() > SERIES_VALUES_MAX;
        values.truncate(SERIES_VALUES_MAX);
        let next_from = if more { values.pop().and_then(|(ms, _)| Time::from_ms(ms)) } else { None };
        Ok(Written::from(&ValuesView { datastream: id.0, from, to, as_of, unit_symbol, values, next_from }))
    })
    .await
}

/// The values of any kind, as they are or as they were known at `as_of`: of each instant the one with the newest result
/// time.
fn one_a_time(
    reader: &store::Reader,
    id: DatastreamId,
    from: Time,
    to: Time,
    as_of: Option<Time>,
) -> Result<Vec<(i64, ResultView)>, store::StoreError> {
    let as_of = as_of.map(|at| reader.seq_at(at)).transpose()?;
    let query = store::RowQuery { from: Some(from), to: Some(to), descending: false, as_of };
    let mut values: Vec<(i64, ResultView)> = Vec::new();
    for row in reader.rows(id, query) {
        let row = row?;
        let at = row.observation.phenomenon_time.ms();
        let value = (at, ResultView::of(row.observation.result, row.detail.as_deref()));
        match values.last_mut() {
            // Rows of one instant come by their result time.
            Some(last) if last.0 == at => *last = value,
            _ => values.push(value),
        }
        if values.len() > SERIES_VALUES_MAX {
            break;
        }
    }
    Ok(values)
}

/// Refuses a series that has no numbers to reckon with: by its type, or, where that leaves it open, by its newest
/// value when nothing was found.
async fn has_numbers(app: &App, id: DatastreamId, is_empty: bool) -> Result<(), Refusal> {
    let without = match kind_of(app, id) {
        Some(ObservationType::Any) if is_empty => {
            let newest = read(app, move |reader| reader.latest_of(&[id])).await?;
            newest.first().is_some_and(|newest| newest.detail.as_ref().is_some_and(|detail| detail.result.is_some()))
        }
        kind => matches!(kind, Some(ObservationType::Truth | ObservationType::Category)),
    };
    let detail =
        "the results of this series are no numbers, so there is nothing to reckon; /api/series/ID/values tells them";
    if without { Err(Refusal::no_numbers(detail)) } else { Ok(()) }
}

fn kind_of(app: &App, id: DatastreamId) -> Option<ObservationType> {
    app.sensing.catalogue().datastream(id).map(|body| body.observation_type)
}

fn is_of_numbers(kind: ObservationType) -> bool {
    matches!(kind, ObservationType::Measurement | ObservationType::Count)
}

/// The longest bucket: a year, in seconds.
const STEP_S_MAX: u32 = 31_536_000;

/// Buckets of which length.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BucketsQuery {
    /// First instant (RFC 3339); 24 h before the last when missing. The first bucket begins here.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
    /// Last instant (RFC 3339), not included; now when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Time>,
    /// Length of a bucket in seconds; 1 to 31536000.
    #[param(minimum = 1, maximum = 31_536_000)]
    pub step_s: u32,
}

impl BucketsQuery {
    fn read(mut asked: Asked) -> Result<Self, Refusal> {
        let step_s = asked.whole("step_s", 1..=STEP_S_MAX)?;
        let missing = || Refusal::malformed(format!("step_s: say it, the seconds of a bucket from 1 to {STEP_S_MAX}"));
        let query = Self { from: asked.time("from")?, to: asked.time("to")?, step_s: step_s.ok_or_else(missing)? };
        asked.done().map(|()| query)
    }
}

/// `GET /api/series/{datastream}/buckets`: count, minimum, maximum and mean of each stretch of time that has a value.
#[utoipa::path(get, path = "/api/series/{datastream}/buckets", params(("datastream" = u32, Path), BucketsQuery),
    responses((status = 200, body = BucketsView), Refused<400>, Refused<404>,
        Refused<422>))]
pub async fn buckets(State(app): State<App>, Path(datastream): Path<String>, asked: Asked) -> Answer<BucketsView> {
    let query = BucketsQuery::read(asked)?;
    let id = datastream_of(&app, &datastream)?;
    let unit_symbol = unit_of(&app, id);
    let (from, to) = between(&app, query.from, query.to)?;
    let step = Span::s(i64::from(query.step_s));
    if to.since(from).as_ms() / step.as_ms() >= i64::from(SERIES_BUCKETS_MAX) {
        return Err(Refusal::malformed(format!(
            "step_s: there are more than {SERIES_BUCKETS_MAX} buckets of it between from and to; take a longer one"
        )));
    }
    let found = read(&app, move |reader| reader.downsample_every(id, from, to, step)).await?;
    has_numbers(&app, id, found.is_empty()).await?;
    let buckets = found.iter().map(|b| (b.from.ms(), b.min, b.max, b.mean, b.count)).collect();
    Ok(Json(BucketsView { datastream: id.0, from, to, step_s: query.step_s, unit_symbol, buckets }))
}

/// `GET /api/series/latest`: the newest value of every series; with a box, of the things in it: what a map that knows
/// its things asks for again and again.
#[utoipa::path(get, path = "/api/series/latest", params(BoxQuery),
    responses((status = 200, body = LatestView), Refused<400>))]
pub async fn latest(State(app): State<App>, asked: Asked) -> Result<Written, Refusal> {
    let area = BoxQuery::read(asked)?.area()?;
    let row = |latest: store::Latest| {
        let result = ResultView::of(latest.point.result, latest.detail.as_deref());
        (latest.datastream.0, latest.point.time.ms(), result)
    };
    let values = match area {
        None => app.readers.latest().into_iter().map(row).collect(),
        Some(area) => app.sensing.with_cards(&area, THINGS_IN_BOX_MAX, |cards| {
            app.readers
                .with_latest(|latest| cards.flat_map(Card::series).filter_map(|id| Some(row(latest(id)?))).collect())
        }),
    };
    Ok(Written::from(&LatestView { values }))
}

/// `GET /api/series/count`: how many values there are.
#[utoipa::path(get, path = "/api/series/count", responses((status = 200, body = CountView), Refused<400>))]
pub async fn count(State(app): State<App>, asked: Asked) -> Answer<CountView> {
    asked.done()?;
    Ok(Json(CountView { count: app.readers.count_all() }))
}

/// Which box.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BoxQuery {
    /// West, south, east, north in degrees: `-51.3,-30.1,-51.1,-29.9`. Everywhere when missing.
    pub bbox: Option<String>,
}

impl BoxQuery {
    fn read(mut asked: Asked) -> Result<Self, Refusal> {
        let query = Self { bbox: asked.take("bbox")? };
        asked.done().map(|()| query)
    }

    fn area(&self) -> Result<Option<BoundingBox>, Refusal> {
        let expected = "bbox: expected west,south,east,north in degrees, west < east and south < north";
        self.bbox.as_deref().map(|text| bbox(text).ok_or_else(|| Refusal::malformed(expected))).transpose()
    }
}

/// `GET /api/things`: all things within a box, with the newest value of each of their series.
#[utoipa::path(get, path = "/api/things", params(BoxQuery),
    responses((status = 200, body = ThingsView), Refused<400>))]
pub async fn things(State(app): State<App>, asked: Asked) -> Result<Written, Refusal> {
    let area = BoxQuery::read(asked)?.area()?;
    let everywhere = BoundingBox { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
    let out = app.sensing.with_cards(&area.unwrap_or(everywhere), THINGS_IN_BOX_MAX, |cards| {
        app.readers.with_latest(|latest| {
            let mut out = Vec::new();
            list(Object::open(&mut out).key(&["things"]), cards, |out, card| {
                card.write(out, |out, id| {
                    let newest = latest(id);
                    out.extend_from_slice(b",\"phenomenon_time\":");
                    instant(out, newest.as_ref().map(|newest| newest.point.time));
                    out.extend_from_slice(b",\"result\":");
                    match newest {
                        Some(newest) => result(out, newest.point.result, newest.detail.as_deref()),
                        None => out.extend_from_slice(b"null"),
                    }
                });
            });
            out.push(b'}');
            out
        })
    });
    Ok(Written(out))
}

fn bbox(text: &str) -> Option<BoundingBox> {
    let mut parts = text.split(',').map(|part| part.trim().parse::<f64>().ok().filter(|degrees| degrees.is_finite()));
    let mut next = || parts.next().flatten();
    let (west, south, east, north) = (next()?, next()?, next()?, next()?);
    let fits = parts.next().is_none() && west < east && south < north;
    fits.then_some(BoundingBox { west, south, east, north })
}

/// The datastream of a path.
///
/// # Errors
/// 404 when there is none.
pub fn datastream_of(app: &App, text: &str) -> Result<DatastreamId, Refusal> {
    let missing = || Refusal::not_found("there is no datastream with this id; GET /v1.1/Datastreams lists them");
    let id = DatastreamId(text.parse().map_err(|_| missing())?);
    app.sensing.catalogue().datastream(id).map(|_| id).ok_or_else(missing)
}

fn unit_of(app: &App, id: DatastreamId) -> String {
    let catalogue = app.sensing.catalogue();
    catalogue.datastream(id).and_then(|body| body.unit_of_measurement.symbol.clone()).unwrap_or_default()
}

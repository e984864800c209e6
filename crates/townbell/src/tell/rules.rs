//! `/api/backtest` and `/api/moves`: rules tried on the past before they are saved, and what could become one.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use city::{Datastream, DatastreamId, EntityId, EntityKind, RuleId, Severity, Span, Time};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::{IntoParams, ToSchema};
use watch::episodes::{Episodes, Verdict};
use watch::moves::{Finding, Hours, Moves, SERIES_MAX, STEP, Together, draft, moves};
use watch::{Backtest, Rule};

use super::App;
use super::api::Answer;
use super::asked::Asked;
use super::problem::{Refusal, Refused};
use crate::clock::Stopwatch;
use crate::config::{City, Mistake};
use crate::past::{self, Stretch};
use crate::rulebook::Rulebook;

/// How long one piece of long work may take: a browser's patience. More days are for the command line.
const WORK_MAX: Duration = Duration::from_mins(1);
/// Days that one question may go over.
const DAYS_MAX: u32 = 400;
/// Bytes of a text that is sent: what a page can show and a person can read. A longer rule is a file.
pub(super) const RULE_TEXT_MAX: usize = 32 << 10;
/// What a rule may be called.
pub(super) const NAME_EXPECTED: &str = "name: expected lower-case letters, digits and hyphens, at most 100";
/// Rings that an answer tells one by one; the counts are of all.
const RINGS_TOLD_MAX: usize = 1_000;

/// What a rule did on the past.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BacktestView {
    /// The rule.
    pub rule: String,
    /// The rule as one plain sentence.
    pub sentence: String,
    /// The most that it may come to hold, in bytes, with what it shares with other rules on the same feeds.
    pub state_bytes_max: usize,
    /// The first instant that counts; null when there is no history.
    pub from: Option<Time>,
    /// The last.
    pub to: Option<Time>,
    /// Days of 24 h between them.
    pub days: f64,
    /// Entries of the journal that it went over.
    pub entries: u64,
    /// How many alerts.
    pub rings_total: usize,
    /// Alerts a day.
    pub rings_a_day: f64,
    /// Calls to a role from 22:00 to 06:00 on the city's clock, as on-call, quiet hours and silences have it.
    pub pages_by_night: usize,
    /// The same with the reminders, the next steps of the chain and the word that it is over, which come when nobody
    /// takes an alert.
    pub pages_by_night_untaken: usize,
    /// The share of the time, 0 to 1, that some input was silent for longer than its beat.
    pub blind_share: f64,
    /// Every alert, in the order of opening; at most 1000.
    pub rings: Vec<RingView>,
    /// Against labelled episodes; null when there are none.
    pub against: Option<AgainstView>,
    /// Time (ms), lowest and highest reading of each hour of the rule's first series.
    pub shape: Vec<(i64, f64, f64)>,
}

/// One alert of a backtest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RingView {
    /// What it is about.
    pub subject: String,
    /// When it opened.
    pub opened: Time,
    /// How bad then.
    pub severity: Severity,
    /// How bad at its worst.
    pub worst: Severity,
    /// The first words.
    pub title: String,
    /// What the open saw.
    pub saw: String,
    /// When it was resolved; null: still open at the end.
    pub resolved: Option<Time>,
    /// What the close saw.
    pub closed_saw: Option<String>,
    /// How long it stood, in seconds.
    pub stood_s: i64,
    /// It would have called somebody by night.
    pub by_night: bool,
    /// It opened and resolved again and again.
    pub flapping: bool,
    /// It was in no labelled episode; null when there are none.
    pub for_nothing: Option<bool>,
}

/// What came of labelled episodes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgainstView {
    /// Episodes in which an alert stood.
    pub caught: usize,
    /// Episodes without one.
    pub missed: usize,
    /// Alerts in no episode.
    pub for_nothing: usize,
    /// Each episode.
    pub episodes: Vec<EpisodeView>,
}

/// A labelled episode.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EpisodeView {
    /// What people call it.
    pub name: String,
    /// When it began.
    pub from: Time,
    /// When it was over.
    pub until: Time,
    /// How long before its beginning the alert opened, in seconds; negative: after. Null: missed.
    pub lead_s: Option<i64>,
}

impl BacktestView {
    /// The view of a backtest of one of these rules.
    pub fn of(city: &City, rules: &[Rule], rule: &Rule, done: &Backtest, labelled: Option<&Episodes>) -> Self {
        let verdict = labelled.map(|labelled| labelled.judge(done));
        let (end, nights) = (done.to.unwrap_or_default(), done.nights(&city.zone));
        let ring = |(at, ring): (usize, &watch::Ring)| RingView {
            subject: ring.subject.clone(),
            opened: ring.opened,
            severity: ring.severity,
            worst: ring.worst,
            title: ring.title.clone(),
            saw: ring.saw.clone(),
            resolved: ring.resolved,
            closed_saw: ring.closed_saw.clone(),
            stood_s: ring.stood(end).as_s(),
            by_night: ring.by_night(&city.zone),
            flapping: ring.flapping,
            for_nothing: verdict.as_ref().map(|verdict| verdict.for_nothing.contains(&at)),
        };
        Self {
            rule: rule.id.to_string(),
            sentence: city.explain(rule, rules),
            state_bytes_max: rule.holds().bytes(),
            from: done.from,
            to: done.to,
            days: done.days(),
            entries: done.entries,
            rings_total: done.rings.len(),
            rings_a_day: done.rings_a_day(),
            pages_by_night: nights.pages,
            pages_by_night_untaken: nights.untaken,
            blind_share: done.blind_share(),
            rings: done.rings.iter().enumerate().take(RINGS_TOLD_MAX).map(ring).collect(),
            against: verdict.as_ref().map(AgainstView::of),
            shape: done.shape.iter().map(|(at, low, high)| (at.ms(), *low, *high)).collect(),
        }
    }
}

impl AgainstView {
    fn of(verdict: &Verdict) -> Self {
        let counts = verdict.counts();
        let episodes = verdict.judged.iter().map(|judged| EpisodeView {
            name: judged.episode.name.clone(),
            from: judged.episode.from,
            until: judged.episode.until,
            lead_s: judged.lead.map(Span::as_s),
        });
        Self {
            caught: counts.caught,
            missed: counts.missed,
            for_nothing: counts.for_nothing,
            episodes: episodes.collect(),
        }
    }
}

/// A rule to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// The text of the rule, as its file would hold it.
    pub text: String,
    /// The name of its file without `.toml`: it then stands in the place of the rule of that name.
    pub name: Option<String>,
    /// Days back from now; 1 to 400. With `from`, leave it out.
    pub days: Option<u32>,
    /// First instant (RFC 3339).
    pub from: Option<Time>,
    /// Last instant (RFC 3339); now when missing.
    pub to: Option<Time>,
}

/// One piece of long work at a time: it takes a core, and the desk needs the other.
///
/// # Errors
/// 503 while another is under way.
fn alone() -> Result<OwnedSemaphorePermit, Refusal> {
    static PLACE: std::sync::LazyLock<Arc<Semaphore>> = std::sync::LazyLock::new(|| Arc::new(Semaphore::new(1)));
    Arc::clone(&PLACE).try_acquire_owned().map_err(|_| {
        Refusal::unavailable("another backtest or search is under way; they run one at a time, ask again in a minute")
    })
}

/// Runs long work beside the threads that serve. The place is free again when the work has ended, even if nobody
/// waits for its answer any more.
async fn at_work<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    let place = alone()?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    done.await.map_err(|_| Refusal::unavailable("the work was cut off"))?
}

fn too_long() -> Refusal {
    Refusal::unavailable(format!("it takes longer than {} s; ask about fewer days", WORK_MAX.as_secs()))
}

/// `POST /api/backtest`: a rule that need not be saved, on the stored past.
#[utoipa::path(post, path = "/api/backtest", request_body = BacktestRequest,
    responses((status = 200, body = BacktestView), Refused<400>, Refused<422>, Refused<503>))]
pub async fn backtest(
    State(app): State<App>,
    body: Result<Json<BacktestRequest>, JsonRejection>,
) -> Answer<BacktestView> {
    let expected = "body: expected JSON with the text of a rule, and days or from and to; nothing else";
    let Json(asked) = body.map_err(|_| Refusal::malformed(expected))?;
    let stretch = stretch_of(&app, &asked)?;
    if asked.text.len() > RULE_TEXT_MAX {
        return Err(Refusal::too_large(format!("text: a rule has at most {RULE_TEXT_MAX} bytes")));
    }
    let name = asked.name.as_deref().unwrap_or("draft");
    if !Rulebook::is_name(name) {
        return Err(Refusal::malformed(NAME_EXPECTED));
    }
    let path = format!("{name}.toml");
    let app_there = app.clone();
    let view = at_work(move || {
        let app = app_there;
        let (rules, id) = past::with_rule(&app.city, &app.rulebook.rules(), &path, &asked.text).map_err(|errors| {
            let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Refusal::about(StatusCode::UNPROCESSABLE_ENTITY, "The rule does not load", words.join("\n"), None)
        })?;
        let rule = rules.iter().find(|rule| rule.id == id).cloned();
        let labelled = labelled(&app, &id)?;
        let took = Stopwatch::start();
        let reader = app.readers.get()?;
        let go_on = &mut |_, _| took.elapsed() < WORK_MAX;
        let done = past::on_journal(&app.city, rules, &id, &reader, stretch, go_on)?;
        let (rule, done) = rule.zip(done).ok_or_else(too_long)?;
        Ok(BacktestView::of(&app.city, &app.rulebook.rules(), &rule, &done, labelled.as_ref()))
    });
    Ok(Json(view.await?))
}

/// The labelled episodes of the rule of this name, as they lie in the city's folder.
fn labelled(app: &App, rule: &RuleId) -> Result<Option<Episodes>, Refusal> {
    app.city.episodes_of(&app.city.rules_folder().join(format!("{rule}.toml"))).map_err(|mistakes| {
        let words: Vec<String> = mistakes.iter().map(Mistake::by_name).collect();
        Refusal::about(StatusCode::UNPROCESSABLE_ENTITY, "The episodes do not load", words.join("\n"), None)
    })
}

fn stretch_of(app: &App, asked: &BacktestRequest) -> Result<Stretch, Refusal> {
    let to = asked.to.unwrap_or_else(|| app.clock.now());
    let from = match (asked.days, asked.from) {
        (Some(days), None) if (1..=DAYS_MAX).contains(&days) => to - Span::h(24 * i64::from(days)),
        (None, Some(from)) if from < to && to.since(from) <= Span::h(24 * i64::from(DAYS_MAX)) => from,
        _ => {
            return Err(Refusal::malformed(format!(
                "expected days from 1 to {DAYS_MAX}, or from before to and not more than {DAYS_MAX} days between"
            )));
        }
    };
    Ok(Stretch { from: Some(from), to: Some(to) })
}

/// What moves with which series, over which past.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MovesQuery {
    /// The chosen series.
    pub datastream: u32,
    /// First instant (RFC 3339); 30 days before the last when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Time>,
    /// Last instant (RFC 3339), not included; now when missing.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Time>,
}

/// How the answer was found, in words that stand beside it.
const METHOD: &str = "Hourly means, each less the mean of the day before it; Spearman's rank correlation at lags of \
    -48 to 48 h; hours count for less where they are like the ones before (Pyper and Peterman 1998); chances corrected \
    for all series and lags together (Benjamini and Yekutieli 2001), at most 5 of 100 findings false. Directions are \
    left out: they have no order.";

/// What moved together with a series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MovesView {
    /// The chosen series.
    pub datastream: u32,
    /// The first hour.
    pub from: Time,
    /// The last, not included.
    pub to: Time,
    /// How it was found.
    pub method: String,
    /// Series that there are besides the chosen one.
    pub series: usize,
    /// Those that were compared: every n-th by number when there are more than 5000.
    pub compared: usize,
    /// Those with too few hours in common, or too few that count.
    pub too_short: usize,
    /// Pairs of a series and a lag that were tried.
    pub tests: usize,
    /// The surest first.
    pub findings: Vec<MoveView>,
}

/// A series that moved together with the chosen one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MoveView {
    /// The series.
    pub datastream: u32,
    /// Its name.
    pub name: String,
    /// Where the correlation is strongest.
    pub best: TogetherView,
    /// Where it is strongest with the series ahead, or in the same hour; null when it only follows.
    pub ahead: Option<TogetherView>,
    /// The text of a rule on it, to be made better and tried; null when it is not ahead, or nobody may ask.
    pub draft: Option<String>,
}

/// How two series go together at a lag.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct TogetherView {
    /// Hours by which it is ahead of the chosen series; negative: behind.
    pub lead_h: i32,
    /// Rank correlation, -1 to 1.
    pub rho: f64,
    /// Hours that both have.
    pub hours: usize,
    /// For how many independent ones they count.
    pub effective: f64,
    /// The corrected chance, 0 to 1.
    pub q: f64,
}

impl From<Together> for TogetherView {
    fn from(together: Together) -> Self {
        let Together { lead_h, rho, hours, effective, q, .. } = together;
        Self { lead_h, rho, hours, effective, q }
    }
}

/// `GET /api/moves`: the series that moved together with a chosen one.
#[utoipa::path(get, path = "/api/moves", params(MovesQuery),
    responses((status = 200, body = MovesView), Refused<400>, Refused<404>, Refused<503>))]
pub async fn moved(State(app): State<App>, mut asked: Asked) -> Answer<MovesView> {
    let named = asked.take("datastream")?.unwrap_or_default();
    let (from, to) = (asked.time("from")?, asked.time("to")?);
    asked.done()?;
    let chosen = super::series::datastream_of(&app, &named)?;
    let to = to.unwrap_or_else(|| app.clock.now());
    let from = from.unwrap_or(to - Span::h(24 * 30)).floor(STEP);
    if from >= to || to.since(from) > Span::h(24 * i64::from(DAYS_MAX)) {
        return Err(Refusal::malformed(format!("from: expected a time before to, at most {DAYS_MAX} days")));
    }
    let view = at_work(move || {
        let reader = app.readers.get()?;
        let others = ordered(&app, &reader, chosen);
        let series = others.len();
        let every = series.div_ceil(SERIES_MAX).max(1);
        let took = Stopwatch::start();
        let hours = |id| -> Result<Hours, Refusal> {
            let buckets = reader.downsample_every(id, from, to, STEP)?;
            Ok(Hours::of(buckets.iter().map(|bucket| (bucket.from, bucket.mean)), from, to))
        };
        let target = hours(chosen)?;
        let mut stopped = None;
        let compared = others.iter().step_by(every).map_while(|id| {
            let read = if took.elapsed() < WORK_MAX { hours(*id) } else { Err(too_long()) };
            read.map_err(|refusal| stopped = Some(refusal)).ok().map(|hours| (*id, hours))
        });
        let found = moves(&target, compared);
        if let Some(refusal) = stopped {
            return Err(refusal);
        }
        let Moves { findings, compared, too_short, tests } = found;
        let view = |finding: &Finding| -> Result<MoveView, Refusal> {
            let history = hours(finding.datastream)?;
            Ok(view_of(&app, chosen, finding, &history))
        };
        let findings = findings.iter().map(view).collect::<Result<Vec<_>, _>>()?;
        let method = METHOD.to_owned();
        Ok(MovesView { datastream: chosen.0, from, to, method, series, compared, too_short, tests, findings })
    });
    Ok(Json(view.await?))
}

/// The series besides the chosen one whose numbers have an order, by their numbers.
fn ordered(app: &App, reader: &store::Reader, chosen: DatastreamId) -> Vec<DatastreamId> {
    let catalogue = app.sensing.catalogue();
    let is_direction = |id: &DatastreamId| {
        let unit = catalogue.datastream(*id).and_then(|body| body.unit_of_measurement.symbol.as_deref());
        matches!(unit, Some("deg" | "°"))
    };
    let mut all: Vec<DatastreamId> = reader.series();
    all.retain(|id| *id != chosen && !is_direction(id));
    all.sort_unstable();
    all
}

fn view_of(app: &App, chosen: DatastreamId, finding: &Finding, history: &Hours) -> MoveView {
    let known = |id: DatastreamId| app.city.datastreams.iter().find(|stream| stream.id == id);
    let write = |chosen: &Datastream, other: &Datastream| {
        finding.ahead.and_then(|ahead| draft::draft(chosen, other, &ahead, history, &app.city.purposes))
    };
    let number = EntityId::Number(i64::from(finding.datastream.0));
    let name = app.sensing.catalogue().get(EntityKind::Datastream, &number).map(|entity| entity.name.clone());
    MoveView {
        datastream: finding.datastream.0,
        name: name.unwrap_or_default(),
        best: finding.best.into(),
        ahead: finding.ahead.map(TogetherView::from),
        draft: known(chosen).zip(known(finding.datastream)).and_then(|(chosen, other)| write(chosen, other)),
    }
}

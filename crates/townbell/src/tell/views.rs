//! What the API answers with, as types: the OpenAPI document is generated from these.

use std::sync::Arc;

use city::{Alert, AlertChange, BoundingBox, Place, Position, Severity, Tally, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::numbers::ResultView;
use super::truths::TruthView;

/// The city and how it is being run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CityView {
    /// Its name.
    pub name: String,
    /// IANA zone.
    pub timezone: String,
    /// What the map shows.
    pub bbox: BoundingBox,
    /// Where the map opens.
    pub centre: Position,
    /// Whom to credit, on every page.
    pub attribution: Vec<String>,
    /// Live, or a replay of recorded days.
    pub mode: Mode,
    /// What is replayed; null when live.
    pub replay: Option<ReplayView>,
    /// What every page must say.
    pub notice: Option<String>,
    /// Places.
    pub places: Vec<Place>,
    /// Roles that may take an alert.
    pub roles: Vec<String>,
}

/// Live, replay or sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Real feeds, real time.
    Live,
    /// Recorded days through the same doors.
    Replay,
    /// A throw-away store that admits any observed property.
    Sandbox,
}

/// What is replayed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplayView {
    /// First instant.
    pub from: Time,
    /// Last instant.
    pub to: Time,
    /// City seconds per second; 0: as fast as it goes.
    pub speed: f64,
    /// In words.
    pub label: String,
}

/// Everything that a screen needs to start.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StateView {
    /// The city's time.
    pub now: Time,
    /// When this run of the program began, in the city's time.
    pub started: Time,
    /// Newest entry of the journal.
    pub journal_seq: u64,
    /// Feeds, in the order of the configuration.
    pub feeds: Vec<FeedState>,
    /// Things with their latest values.
    pub things: Vec<ThingState>,
    /// Public vehicles in service.
    pub vehicles: Vec<VehicleState>,
    /// Official warnings, newest first.
    pub warnings: Vec<WarningState>,
    /// Alerts that are open, acknowledged, or resolved within the last day.
    pub alerts: Vec<Arc<Alert>>,
}

/// How a feed does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedStatus {
    /// Within its beat.
    OnTime,
    /// Past half of its beat.
    Late,
    /// Past its beat: what rests on it is unknown.
    Silent,
    /// Nothing has come yet.
    Waiting,
}

/// A feed in the console.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FeedState {
    /// Id.
    pub id: String,
    /// Name in words.
    pub name: String,
    /// Standard.
    pub kind: city::FeedKind,
    /// Agency.
    pub owner: String,
    /// Terms.
    pub licence: String,
    /// Why the city reads it.
    pub purpose: String,
    /// Longest normal silence, seconds.
    pub beat_s: i64,
    /// How long it is kept, seconds.
    pub retention_s: i64,
    /// What must be said with it.
    pub caveat: Option<String>,
    /// How it does.
    pub status: FeedStatus,
    /// Last good answer or message.
    pub last_good: Option<Time>,
    /// Last time that it was asked, or sent something.
    pub last_asked: Option<Time>,
    /// Seconds between the newest thing that it told and our hearing of it.
    pub lag_s: Option<i64>,
    /// The account: received = stored + rejected + duplicate.
    pub tally: Tally,
    /// Rejected / received, 0 to 1.
    pub reject_share: f64,
}

/// A thing with its datastreams.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ThingState {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Where.
    pub position: Position,
    /// What it observes.
    pub datastreams: Vec<DatastreamState>,
}

/// A datastream with its latest value.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DatastreamState {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Observed property.
    pub observed_property: String,
    /// Its name in words.
    pub property_name: String,
    /// Unit (UCUM).
    pub unit_symbol: String,
    /// Longest normal gap, seconds.
    pub beat_s: i64,
    /// Feed.
    pub feed: String,
    /// Latest value.
    pub latest: Option<LatestValue>,
    /// Whether the latest value is older than the beat allows.
    pub stale: bool,
    /// Why it is stale, in words.
    pub why: Option<String>,
    /// Change per hour over the last three hours, in the unit; null without enough values.
    pub trend_per_h: Option<f64>,
}

/// A value and when it was so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct LatestValue {
    /// When it was so.
    pub phenomenon_time: Time,
    /// How much.
    pub result: f64,
}

/// A public vehicle that runs a trip. The trip is its key: there is no vehicle in it, and no driver.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VehicleState {
    /// `SERVICEDATE/TRIP`.
    pub trip: String,
    /// Feed.
    pub feed: String,
    /// Line.
    pub route: String,
    /// Line in words.
    pub route_name: String,
    /// `bus`, `rail`, `tram`, `metro`, `ferry`.
    pub mode: String,
    /// Where it goes.
    pub headsign: String,
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees clockwise from north.
    pub bearing_deg: Option<f32>,
    /// When it was there.
    pub time: Time,
    /// Seconds late; negative is early.
    pub delay_s: Option<i32>,
    /// True: computed from a timetable, not measured.
    pub simulated: bool,
}

/// An official warning.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WarningState {
    /// CAP identifier.
    pub id: String,
    /// CAP event.
    pub event: String,
    /// CAP severity.
    pub severity: Severity,
    /// CAP headline.
    pub headline: String,
    /// CAP description.
    pub description: String,
    /// CAP instruction.
    pub instruction: String,
    /// The organisation that sent it.
    pub sender_name: String,
    /// When.
    pub sent: Time,
    /// From when.
    pub onset: Time,
    /// Until when.
    pub expires: Option<Time>,
    /// Where, in words.
    pub areas: Vec<String>,
    /// Ids of our places that it touches.
    pub touches: Vec<String>,
    /// Whether it holds now.
    pub in_force: bool,
    /// Feed.
    pub feed: String,
    /// What must be said with it.
    pub caveat: Option<String>,
}

/// A page of alerts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertPage {
    /// Newest first.
    pub items: Vec<Alert>,
}

/// One alert with its life.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertHistory {
    /// As it stands.
    pub alert: Alert,
    /// What happened, oldest first.
    pub history: Vec<AlertChange>,
}

/// Taking an alert.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeRequest {
    /// The role that takes it, one of the city's.
    pub role: String,
    /// A line for the next shift. Refused when it holds a phone number, an e-mail address, a plate and the like.
    pub note: String,
}

/// All feeds, and the broker that some of them may come by.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// In the order of the configuration.
    pub items: Vec<FeedState>,
    /// The MQTT broker; null when the city has none, and in a replay, which talks to nobody.
    pub broker: Option<crate::mqtt::Status>,
}

/// A rule as the public may read it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleView {
    /// Id.
    pub id: String,
    /// Kind.
    pub kind: String,
    /// The whole rule as one plain sentence.
    pub sentence: String,
    /// Role that answers for it.
    pub owner: String,
    /// How bad it is when it rings.
    pub severity: Severity,
    /// What happens if nobody acts.
    pub consequence: String,
    /// What to do first.
    pub first_action: String,
    /// Seconds to act in.
    pub respond_within_s: i64,
    /// Why the city has it.
    pub purpose: String,
    /// Version: hash of its text.
    pub version: String,
    /// File.
    pub file: String,
    /// Where its condition holds now; null until it was looked at once.
    pub truth: Option<TruthView>,
}

/// All rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RulePage {
    /// Those in force, by id.
    pub items: Vec<RuleView>,
    /// What keeps the folder from being taken as it is now, failing tests included ("its tests fail: .."), and what is
    /// wrong beside the rules. The rules before stay in force.
    pub mistakes: Vec<MistakeView>,
}

/// A mistake in a file of the city.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MistakeView {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A series in buckets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesView {
    /// Datastream.
    pub datastream: u32,
    /// First instant.
    pub from: Time,
    /// Last instant.
    pub to: Time,
    /// Unit (UCUM).
    pub unit_symbol: String,
    /// Milliseconds since the epoch, mean, min, max.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub points: Vec<(i64, f64, f64, f64)>,
}

/// Every value of a stretch of a series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValuesView {
    /// Datastream.
    pub datastream: u32,
    /// First instant.
    pub from: Time,
    /// Last instant, not included.
    pub to: Time,
    /// As known at this instant; null: as known now.
    pub as_of: Option<Time>,
    /// Unit (UCUM).
    pub unit_symbol: String,
    /// Milliseconds since the epoch, and the value.
    #[schema(value_type = Vec<Vec<ResultView>>)]
    pub values: Vec<(i64, ResultView)>,
    /// Where the rest begins, when this is not all: ask again with it as `from`.
    pub next_from: Option<Time>,
}

/// A series in buckets of one length.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BucketsView {
    /// Datastream.
    pub datastream: u32,
    /// First instant.
    pub from: Time,
    /// Last instant, not included.
    pub to: Time,
    /// Length of a bucket, seconds.
    pub step_s: u32,
    /// Unit (UCUM).
    pub unit_symbol: String,
    /// Of each bucket with a value: milliseconds since the epoch of its beginning, min, max, mean, count.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub buckets: Vec<(i64, f64, f64, f64, u32)>,
}

/// The newest value of every series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LatestView {
    /// Datastream, milliseconds since the epoch of its phenomenon time, value.
    #[schema(value_type = Vec<Vec<ResultView>>)]
    pub values: Vec<(u32, i64, ResultView)>,
}

/// How many.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CountView {
    /// Observations, each counted once however often it was corrected.
    pub count: u64,
}

/// Things within a box.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThingsView {
    /// By id.
    pub things: Vec<PlacedThing>,
}

/// A thing with the newest values of its series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlacedThing {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub position: Position,
    /// Its series.
    pub datastreams: Vec<PlacedValue>,
}

/// A series with its newest value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlacedValue {
    /// Datastream.
    pub datastream: u32,
    /// Its name.
    pub name: String,
    /// What it observes.
    pub observed_property: String,
    /// Unit (UCUM).
    pub unit_symbol: String,
    /// When it was so; null: nothing has come yet.
    pub phenomenon_time: Option<Time>,
    /// How much, or what.
    pub result: Option<ResultView>,
}

/// A forecast with its skill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ForecastView {
    /// Datastream.
    pub datastream: u32,
    /// When it was made.
    pub issued: Time,
    /// How far it looks, hours.
    pub horizon_h: f64,
    /// How it is made, in words.
    pub method: String,
    /// Milliseconds since the epoch, value, low, high.
    #[schema(value_type = Vec<Vec<f64>>)]
    pub points: Vec<(i64, f64, f64, f64)>,
    /// Share of the error of persistence that it saves at 6 h; null when not known.
    pub skill: Option<f64>,
    /// The skill in words.
    pub words: String,
    /// The level that matters, in the unit of the series: that of the rule which looks ahead on it; null without one.
    pub level: Option<f64>,
}

/// How the program does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`; or `degraded`: it watches, and somebody has to mend something.
    pub status: String,
    /// What is to be mended; empty while all is well.
    pub degraded: Vec<String>,
    /// The city's time.
    pub now: Time,
    /// Newest entry of the journal.
    pub journal_seq: u64,
    /// Version of the program.
    pub version: String,
}

/// RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A name for the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// In words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What went wrong here, and what would be right.
    pub detail: String,
    /// The field of the body that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

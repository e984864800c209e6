//! The routes of the replayer, each speaking the protocol of a real feed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use city::{FeedId, Time};

use super::ReplayError;
use super::answer::Document;
use super::simulate::{STEP, Simulation};
use super::source::{DemoSource, TimetableSource};
use super::warnings::Messages;
use crate::clock::Clock;

const ZIP: &str = "application/zip";
const PROTOBUF: &str = "application/x-protobuf";
const ATOM: &str = "application/atom+xml";
const CAP: &str = "application/cap+xml";

/// Everything that is served.
pub(super) struct Stage {
    clock: Arc<dyn Clock>,
    address: SocketAddr,
    zips: HashMap<FeedId, Document>,
    simulations: HashMap<FeedId, Arc<Simulation>>,
    messages: Messages,
}

impl Stage {
    /// Reads the files. Takes as long as reading the timetables.
    pub(super) fn read(clock: Arc<dyn Clock>, source: &DemoSource, address: SocketAddr) -> Result<Self, ReplayError> {
        let mut stage =
            Self { clock, address, zips: HashMap::new(), simulations: HashMap::new(), messages: Messages::default() };
        for timetable in &source.timetables {
            stage.read_timetable(timetable)?;
        }
        for folder in &source.warnings {
            stage.messages.read(folder)?;
        }
        Ok(stage)
    }

    fn read_timetable(&mut self, source: &TimetableSource) -> Result<(), ReplayError> {
        let path = &source.zip;
        let unreadable = |error| ReplayError::Unreadable { path: path.clone(), error };
        let zip = std::fs::read(path).map_err(unreadable)?;
        if !source.simulated.is_empty() {
            let decoded = formats::gtfs::decode(&zip);
            let (mut timetable, _) = decoded.map_err(|error| ReplayError::Malformed {
                path: path.clone(),
                line: 1,
                expected: format!("a GTFS zip: {error}"),
            })?;
            timetable.shift_days(source.calendar_shift_days);
            let simulation = Arc::new(Simulation::new(timetable));
            let feeds = source.simulated.iter().cloned();
            self.simulations.extend(feeds.map(|feed| (feed, Arc::clone(&simulation))));
        }
        let modified = modified(path).map_err(unreadable)?;
        self.zips.insert(source.feed.clone(), Document::new(ZIP, zip, modified));
        Ok(())
    }
}

fn modified(path: &FilePath) -> std::io::Result<Time> {
    let modified = std::fs::metadata(path)?.modified()?;
    Ok(jiff::Timestamp::try_from(modified).map_or(city::time::TIME_MIN, Time::from))
}

/// All routes.
pub(super) fn router(stage: Arc<Stage>) -> Router {
    Router::new()
        .route("/gtfs/{file}", get(timetable))
        .route("/gtfs-rt/{feed}/vehicle-positions.pb", get(vehicle_positions))
        .route("/gtfs-rt/{feed}/trip-updates.pb", get(trip_updates))
        .route("/cap/{file}", get(warning))
        .with_state(stage)
}

/// `GET /gtfs/{feed}.zip`: GTFS Schedule, as the file is.
async fn timetable(State(stage): State<Arc<Stage>>, Path(file): Path<String>, asked: HeaderMap) -> Response {
    let document = file.strip_suffix(".zip").and_then(|feed| stage.zips.get(&FeedId::new(feed)));
    document.map_or_else(nothing, |document| document.clone().answer(&asked))
}

/// `GET /gtfs-rt/{feed}/vehicle-positions.pb`: GTFS-Realtime VehiclePositions of this instant.
async fn vehicle_positions(State(stage): State<Arc<Stage>>, Path(feed): Path<String>, asked: HeaderMap) -> Response {
    realtime(&stage, &feed, &asked, |simulation, at| {
        formats::gtfs_rt::encode_vehicle_positions(at, &simulation.positions(at))
    })
}

/// `GET /gtfs-rt/{feed}/trip-updates.pb`: GTFS-Realtime TripUpdates of this instant.
async fn trip_updates(State(stage): State<Arc<Stage>>, Path(feed): Path<String>, asked: HeaderMap) -> Response {
    realtime(&stage, &feed, &asked, |simulation, at| formats::gtfs_rt::encode_trip_updates(at, &simulation.updates(at)))
}

fn realtime(stage: &Stage, feed: &str, asked: &HeaderMap, encode: impl Fn(&Simulation, Time) -> Vec<u8>) -> Response {
    let Some(simulation) = stage.simulations.get(&FeedId::new(feed)) else { return nothing() };
    let at = stage.clock.now().floor(STEP);
    Document::new(PROTOBUF, encode(simulation, at), at).answer(asked)
}

/// `GET /cap/atom.xml`: the index. `GET /cap/{identifier}.xml`: one message, while it is in the index.
async fn warning(State(stage): State<Arc<Stage>>, Path(file): Path<String>, asked: HeaderMap) -> Response {
    let now = stage.clock.now();
    if file == "atom.xml" {
        let (index, updated) = stage.messages.index(now, stage.address);
        return Document::new(ATOM, index, updated).answer(&asked);
    }
    let id = file.strip_suffix(".xml").unwrap_or_default();
    let found = stage.messages.at(now).find(|message| message.id == id);
    found.map_or_else(nothing, |message| Document::new(CAP, message.xml.clone(), message.sent).answer(&asked))
}

fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

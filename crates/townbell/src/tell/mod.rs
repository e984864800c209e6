//! Interfaces out, one file each. Every route is registered in [`routes`] with its action and data class, and passes
//! one authoriser on its way to its handler.

pub mod actions;
pub mod alerts;
pub mod api;
pub mod asked;
pub mod calls;
pub mod health;
pub mod live;
pub mod metrics;
mod nearest;
pub mod notifications;
pub mod numbers;
pub mod openapi;
pub mod pages;
pub mod problem;
mod quiet;
pub mod routes;
pub mod rule_files;
pub mod rules;
mod scope_said;
pub mod sensorthings;
pub mod series;
pub mod stream;
pub mod truths;
pub mod views;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use account::Access;

use crate::basemap::Tiles;
use crate::clock::{Clock, Stopwatch};
use crate::config::City;
use crate::desk::Desk;
use crate::feeds::Door;
use crate::mqtt;
use crate::notify::Counters;
use crate::picture::Picture;
use crate::rulebook::Rulebook;
use crate::sensing::Sensing;
use live::Live;
use views::ReplayView;

/// What every handler may reach: one count goes up for a request, whatever is in it.
#[derive(Clone)]
pub struct App(Arc<Reach>);

/// What is in reach.
pub struct Reach {
    /// The city. Its rules are in the rulebook.
    pub city: Arc<City>,
    /// The rules in force.
    pub rulebook: Arc<Rulebook>,
    /// What is so now.
    pub picture: Arc<RwLock<Picture>>,
    /// Live events.
    pub live: Arc<Live>,
    /// The way in: gate and desk.
    pub door: Arc<Door>,
    /// Things and datastreams.
    pub sensing: Arc<Sensing>,
    /// What was counted at the city's broker; none without one.
    pub broker: Option<Arc<mqtt::Counters>>,
    /// History.
    pub readers: store::Readers,
    /// The city's time.
    pub clock: Arc<dyn Clock>,
    /// Who may ask.
    pub access: Access,
    /// The basemap.
    pub tiles: Option<Arc<Tiles>>,
    /// What is replayed.
    pub replay: Option<ReplayView>,
    /// What became of calls.
    pub called: Arc<Counters>,
    /// Since when this process runs.
    pub running: Stopwatch,
}

impl From<Reach> for App {
    fn from(reach: Reach) -> Self {
        Self(Arc::new(reach))
    }
}

impl std::ops::Deref for App {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.0
    }
}

impl Reach {
    /// The picture, for reading.
    pub fn picture(&self) -> RwLockReadGuard<'_, Picture> {
        self.picture.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The desk.
    pub fn desk(&self) -> &Desk {
        &self.door.desk
    }

    /// How it stands with the city's broker; `None` without one.
    pub fn broker_status(&self) -> Option<mqtt::Status> {
        self.broker.as_ref().map(|counters| counters.status())
    }
}

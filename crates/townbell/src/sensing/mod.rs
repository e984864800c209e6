//! SensorThings at work: the catalogue of entities beside the store's series, who may change it, and how a change is
//! carried out. What the standard says is in the crate `sensorthings`; here it meets the gate and the desk.

mod cards;
mod carry_out;
mod configured;
mod given;
mod messages;
mod series;

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use city::{BoundingBox, DatastreamId, EntityBody, EntityChange, EntityKind, FeedId, FeedKind, Time};
use sensorthings::catalogue::Catalogue;
use sensorthings::problem::Problem;
use sensorthings::read::{Answer, Context, Settings};
use sensorthings::series::Series;
use sensorthings::write::{Declared, Give, Rules, Scan};
use store::Reader;

use crate::config::City;
use crate::feeds::Door;
use crate::limits::{STA_EXPAND_PAGE_MAX, STA_PAGE_MAX};
use cards::Cards;
use given::Given;
use series::{StoredSeries, Strays};

pub use cards::Card;
pub use carry_out::{Array, Carried, Trouble};

/// What is known of things and datastreams, and the pen with which it is changed.
pub struct Sensing {
    catalogue: RwLock<Catalogue>,
    /// Changed with the catalogue, while that is held.
    cards: RwLock<Cards>,
    /// Looked up again when datastreams came or went.
    strays: Mutex<Strays>,
    /// To observations that were sent without a time.
    given: Given,
    declared: Declared,
    settings: Settings,
    sandbox: bool,
    /// The feed under which entities that come through the API are journalled; none in a city without such a feed.
    feed: Option<FeedId>,
    /// Held by who changes the catalogue, from reading it until the change is durable: one at a time.
    pen: tokio::sync::Mutex<()>,
    /// What was made or changed, for those who tell others (MQTT).
    told: tokio::sync::broadcast::Sender<Arc<Carried>>,
}

impl Sensing {
    /// The catalogue of a city: what its configuration says, and what was made through the API.
    ///
    /// # Errors
    /// When the store cannot be read, or `city.toml` names an id that the API has given away meanwhile.
    pub fn open(city: &City, reader: &Reader) -> anyhow::Result<Self> {
        let mut catalogue = Catalogue::new(reader.entities()?);
        let configured = configured::entities(city);
        for entity in &configured {
            if catalogue.get(entity.kind(), &entity.id).is_some() {
                anyhow::bail!(
                    "city.toml has a {:?} with id {}, but one with this id was made through the API: give it another id",
                    entity.kind(),
                    entity.id
                );
            }
        }
        catalogue.configure(configured);
        let observes = |feed: &&crate::config::Feed| feed.contract.kind == FeedKind::SensorThings;
        let (told, _) = tokio::sync::broadcast::channel(crate::limits::TOLD_MAX);
        Ok(Self {
            cards: RwLock::new(Cards::new(&catalogue)),
            strays: Mutex::default(),
            given: Given::default(),
            catalogue: RwLock::new(catalogue),
            declared: Declared::new(&city.observed_properties),
            settings: Settings {
                mqtt_endpoints: city.mqtt.iter().map(|mqtt| format!("mqtt://{}", mqtt.broker)).collect(),
            },
            sandbox: city.sandbox,
            feed: city.feeds.iter().find(observes).map(|feed| feed.contract.feed.clone()),
            pen: tokio::sync::Mutex::new(()),
            told,
        })
    }

    /// Makes the datastreams that came through the API known to the gate.
    pub fn tell_gate(&self, gate: &gate::Gate) {
        let catalogue = self.catalogue();
        for id in catalogue.ids(EntityKind::Datastream) {
            if catalogue.is_configured(EntityKind::Datastream, id) {
                continue;
            }
            if let Some(EntityBody::Datastream(body)) = catalogue.get(EntityKind::Datastream, id).map(|e| &e.body) {
                gate.register(id, body);
            }
        }
    }

    /// The catalogue, for reading.
    pub fn catalogue(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cards of things within a box, in id order, `most` of them at most.
    pub fn with_cards<T>(
        &self,
        area: &BoundingBox,
        most: usize,
        work: impl FnOnce(&mut dyn Iterator<Item = &Card>) -> T,
    ) -> T {
        let things = self.catalogue().things_in(area);
        let cards = self.cards.read().unwrap_or_else(PoisonError::into_inner);
        work(&mut things.iter().take(most).filter_map(|id| cards.get(id)))
    }

    fn catalogue_mut(&self) -> RwLockWriteGuard<'_, Catalogue> {
        self.catalogue.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is made or changed from now on.
    pub fn listen(&self) -> tokio::sync::broadcast::Receiver<Arc<Carried>> {
        self.told.subscribe()
    }

    /// The feed of what is made through the API.
    fn rules_feed(&self) -> Result<FeedId, Problem> {
        self.feed.clone().ok_or_else(|| {
            Problem::conflict("this city has no feed of kind sensor_things in its city.toml, so nothing can be sent")
        })
    }

    /// Tells whoever listens; when nobody does, nobody is told.
    fn tell(&self, carried: Carried) {
        let _told = self.told.send(Arc::new(carried));
    }

    /// What a request may write.
    fn rules<'a>(&'a self, now: Time, give: &'a Give<'a>, scan: &'a Scan<'a>) -> Result<Rules<'a>, Problem> {
        let feed = self.rules_feed()?;
        Ok(Rules { sandbox: self.sandbox, declared: &self.declared, feed, now, give, scan })
    }

    /// A time for an observation that was sent without one. By the clock and not by the time of the request: another
    /// request may have been given that meanwhile.
    fn give(&self, door: &Door, reader: &Reader, datastream: DatastreamId) -> Option<Time> {
        let free = |from, end| given::free(reader, datastream, from, end);
        self.given.next(datastream, door.clock.now(), free)
    }

    /// What answers depend on besides the city.
    fn context<'a>(&'a self, base: &'a str, now: Time) -> Context<'a> {
        Context { base, now, page_max: STA_PAGE_MAX, expand_page_max: STA_EXPAND_PAGE_MAX, settings: &self.settings }
    }

    /// Answers a GET.
    ///
    /// # Errors
    /// As the standard has it: 400, 404, 501.
    pub fn read(&self, reader: &Reader, base: &str, now: Time, path: &str, query: &str) -> Result<Answer, Problem> {
        let catalogue = self.catalogue();
        let series = StoredSeries { reader, catalogue: &catalogue, strays: &self.strays };
        sensorthings::read::read(&catalogue, &series, &self.context(base, now), path, query)
    }

    /// Works on the catalogue and the series together.
    pub fn with<T>(
        &self,
        reader: &Reader,
        base: &str,
        now: Time,
        work: impl FnOnce(&Catalogue, &dyn Series, &Context<'_>) -> T,
    ) -> T {
        let catalogue = self.catalogue();
        let series = StoredSeries { reader, catalogue: &catalogue, strays: &self.strays };
        work(&catalogue, &series, &self.context(base, now))
    }

    /// Takes changes that are durable.
    fn apply(&self, changes: &[EntityChange]) {
        let mut catalogue = self.catalogue_mut();
        let mut shown = cards::shown_by(&catalogue, changes);
        for change in changes {
            catalogue.apply(change);
        }
        shown.extend(cards::shown_by(&catalogue, changes));
        self.cards.write().unwrap_or_else(PoisonError::into_inner).make(&catalogue, shown);
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }
}

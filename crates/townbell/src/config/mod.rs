//! A city's configuration: `city.toml` and the rules beside it, read whole, with every mistake at its place.

mod begin;
pub mod bounded;
mod demo;
mod duration;
mod file;
mod links;
mod mistake;
mod mqtt;
mod oncall;
mod personal;
pub mod private_file;
mod purposes;
mod rules;
mod sandbox;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::ops::Range;
use std::path::{Path, PathBuf};

use city::{
    BoundingBox, Contract, Datastream, DatastreamId, DeclaredKey, FeedId, FeedKind, Keeps, Link, ObservedProperty,
    ObservedPropertyId, Place, PlaceId, Polygon, Position, Purpose, ServiceCode, Span, Thing, ThingId,
};

pub use begin::NotLoaded;
pub use demo::{DemoFeed, DemoText, Recording};
use duration::DURATION_DAYS_MAX;
pub use duration::Duration;
pub use mistake::Mistake;
pub use rules::{RulesListing, personal_in, rule_name};
pub use sandbox::SANDBOX;

use city::service_request::SERVICE_CODE_CHARS_MAX;

use crate::feeds::poll::open311::is_on_grid;
use crate::limits::REQUESTS_ASKED_BACK;
use crate::mqtt::MqttConfig;
use file::{CityFile, FeedText, Placed};

/// The feed under which the control room's own acts are journalled.
pub const CONTROL_ROOM: &str = "control-room";

/// The id of that feed.
pub fn control_room_feed() -> FeedId {
    FeedId::new(CONTROL_ROOM)
}

/// A feed: its contract, and how it is reached.
#[derive(Clone, Debug)]
pub struct Feed {
    /// What the city agreed to.
    pub contract: Contract,
    /// Where it is polled.
    pub url: Option<String>,
    /// Where its files lie.
    pub folder: Option<PathBuf>,
    /// How often it is asked; `None` for feeds that are sent to us.
    pub poll_every: Option<Span>,
    /// The timetable that it belongs to.
    pub timetable: Option<FeedId>,
    /// The service codes whose requests are counted; no other is kept.
    pub services: Vec<ServiceCode>,
    /// Days that its calendar is moved by.
    pub calendar_shift_days: i32,
}

/// Where the basemap is made from.
#[derive(Clone, Debug)]
pub struct Basemap {
    /// OSM extract (PBF).
    pub osm: PathBuf,
    /// Water (GeoJSON).
    pub lake: PathBuf,
}

/// A city, read and found right.
#[derive(Clone, Debug)]
pub struct City {
    /// The folder that `city.toml` lies in.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: jiff::tz::TimeZone,
    /// IANA name of its zone.
    pub timezone: String,
    /// What the map shows.
    pub bbox: BoundingBox,
    /// Where the map opens.
    pub centre: Position,
    /// Languages of warnings, best first.
    pub languages: Vec<String>,
    /// Roles that may take an alert.
    pub roles: Vec<String>,
    /// Why its roles may ask its feeds.
    pub purposes: Vec<Purpose>,
    /// What depends on what.
    pub links: Vec<Link>,
    /// Whom to credit.
    pub attribution: Vec<String>,
    /// What every page says.
    pub notice: Option<String>,
    /// The address under which others reach this program, for links in answers; the one they asked when missing.
    pub public_url: Option<String>,
    /// Places.
    pub places: Vec<Place>,
    /// The allow-list of observed properties.
    pub observed_properties: Vec<ObservedProperty>,
    /// Things.
    pub things: Vec<Thing>,
    /// Datastreams.
    pub datastreams: Vec<Datastream>,
    /// Feeds, in the order of the file; the control room is the last.
    pub feeds: Vec<Feed>,
    /// Depots.
    pub depots: Vec<Polygon>,
    /// The city's broker.
    pub mqtt: Option<MqttConfig>,
    /// The basemap's sources.
    pub basemap: Option<Basemap>,
    /// Recordings to replay, in a demo city.
    pub demo: Option<DemoText>,
    /// Its rules as they were read. While the program runs they may change: then they stand in the
    /// [`crate::rulebook`], and none here.
    pub rules: Vec<watch::Rule>,
    /// Who is called, and how.
    pub oncall: Option<watch::notify::OnCall>,
    /// What of its files is not in force, where it runs all the same.
    pub not_loaded: NotLoaded,
    /// No city at all: a throw-away store that admits any observed property.
    pub sandbox: bool,
}

impl City {
    /// A feed by its id.
    pub fn feed(&self, id: &FeedId) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.contract.feed == *id)
    }

    /// The contracts of all feeds.
    pub fn contracts(&self) -> Vec<Contract> {
        self.feeds.iter().map(|feed| feed.contract.clone()).collect()
    }
}

/// Looks across the tables: references, ranges, what a kind of feed needs.
struct Checker<'a> {
    file: &'a Path,
    text: &'a str,
    mistakes: &'a mut Vec<Mistake>,
}

impl Checker<'_> {
    fn say(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake::at(self.file, self.text, Some(span.clone()), message));
    }

    fn city(&mut self, folder: &Path, tables: CityFile) -> Option<City> {
        let observed_properties = self.observed_properties(&tables);
        let things = self.things(&tables);
        let feeds = self.feeds(folder, &tables);
        let datastreams = self.datastreams(&tables, &observed_properties, &things, &feeds);
        let places = self.places(&tables);
        let depots = tables.depots.iter().filter_map(|d| self.outline(&d.value.outline, &d.span)).collect();
        let purposes = self.purposes(&tables, &feeds);
        let links = self.links(&tables, &things, &places, &feeds);
        let Some(Placed { value: head, span }) = tables.city else {
            self.say(&(0..0), "expected a table [city] with name, timezone, bbox and roles");
            return None;
        };
        let zone = jiff::tz::TimeZone::get(&head.timezone).ok();
        if zone.is_none() {
            self.say(
                &span,
                format!("timezone: expected an IANA name like \"America/Sao_Paulo\", found {:?}", head.timezone),
            );
        }
        let bbox =
            BoundingBox { west: head.bbox.west, south: head.bbox.south, east: head.bbox.east, north: head.bbox.north };
        if bbox.west >= bbox.east || bbox.south >= bbox.north {
            self.say(&span, "bbox: expected west < east and south < north");
        }
        if head.roles.is_empty() {
            self.say(&span, "roles: expected at least one role that may take an alert, like \"duty_officer\"");
        }
        let centre = head.centre.and_then(|c| Position::new(c.longitude, c.latitude)).unwrap_or(bbox.centre());
        let basemap = tables.basemap.map(|placed| {
            let basemap = Basemap { osm: folder.join(&placed.value.osm), lake: folder.join(&placed.value.lake) };
            for path in [&basemap.osm, &basemap.lake] {
                if !path.is_file() {
                    self.say(&placed.span, format!("expected a file at {}", path.display()));
                }
            }
            basemap
        });
        let mqtt = tables.mqtt.as_ref().map(|placed| self.mqtt(folder, placed));
        let demo = tables.demo.map(|placed| {
            for message in placed.value.mistakes(folder, &feeds) {
                self.say(&placed.span, message);
            }
            placed.value
        });
        Some(City {
            folder: folder.to_path_buf(),
            name: head.name,
            // A wrong zone is a mistake already; the rest is read all the same, to say every other one.
            zone: zone.unwrap_or(jiff::tz::TimeZone::UTC),
            timezone: head.timezone,
            bbox,
            centre,
            languages: head.languages,
            roles: head.roles,
            purposes,
            links,
            attribution: head.attribution,
            notice: head.notice,
            public_url: head.public_url,
            places,
            observed_properties,
            things,
            datastreams,
            feeds,
            depots,
            mqtt,
            basemap,
            demo,
            rules: Vec::new(),
            oncall: None,
            not_loaded: NotLoaded::default(),
            sandbox: false,
        })
    }

    fn once<T, K: Eq + Hash + Clone + std::fmt::Debug>(
        &mut self,
        what: &str,
        rows: &[Placed<T>],
        key: impl Fn(&T) -> K,
    ) {
        let mut seen: HashMap<K, usize> = HashMap::new();
        for row in rows {
            let id = key(&row.value);
            if let Some(first) = seen.insert(id.clone(), row.span.start) {
                let line = self.text.get(..first).unwrap_or_default().matches('\n').count() + 1;
                self.say(&row.span, format!("{what} {id:?} is there already, in line {line}; ids must differ"));
            }
        }
    }

    fn position(&mut self, longitude: f64, latitude: f64, span: &Range<usize>) -> Position {
        Position::new(longitude, latitude).unwrap_or_else(|| {
            self.say(
                span,
                format!("expected longitude -180 to 180 and latitude -90 to 90, found {longitude}, {latitude}"),
            );
            Position { longitude: 0.0, latitude: 0.0 }
        })
    }

    fn outline(&mut self, ring: &[[f64; 2]], span: &Range<usize>) -> Option<Polygon> {
        let mut corners: Vec<Position> = ring.iter().map(|[x, y]| self.position(*x, *y, span)).collect();
        if corners.first() != corners.last() {
            corners.extend(corners.first().copied());
        }
        let polygon = Polygon::new(corners);
        if polygon.is_none() {
            self.say(span, "outline: expected a ring of at least three [longitude, latitude] corners");
        }
        polygon
    }

    fn observed_properties(&mut self, tables: &CityFile) -> Vec<ObservedProperty> {
        self.once("observed_property", &tables.observed_properties, |p| p.id.clone());
        let rows = tables.observed_properties.iter();
        rows.map(|Placed { value: p, span }| {
            if !(p.min.is_finite() && p.max.is_finite() && p.min < p.max) {
                self.say(span, format!("expected min < max, found {} and {}", p.min, p.max));
            }
            ObservedProperty {
                id: ObservedPropertyId::new(&p.id),
                name: p.name.clone(),
                definition: p.definition.clone(),
                description: p.description.clone(),
                unit_name: p.unit_name.clone(),
                unit_symbol: p.unit_symbol.clone(),
                min: p.min,
                max: p.max,
                categories: p.categories.clone(),
                declares: p.declares.iter().map(|d| DeclaredKey { key: d.key.clone(), kind: d.kind }).collect(),
                keeps: p.keeps.map(|keeps| Keeps { raw: keeps.raw.0, hourly: keeps.hourly.map(|hourly| hourly.0) }),
            }
        })
        .collect()
    }

    fn things(&mut self, tables: &CityFile) -> Vec<Thing> {
        self.once("thing", &tables.things, |t| t.id);
        let rows = tables.things.iter();
        rows.map(|Placed { value: t, span }| Thing {
            id: ThingId(t.id),
            name: t.name.clone(),
            description: t.description.clone(),
            position: self.position(t.longitude, t.latitude, span),
        })
        .collect()
    }

    fn datastreams(
        &mut self,
        tables: &CityFile,
        properties: &[ObservedProperty],
        things: &[Thing],
        feeds: &[Feed],
    ) -> Vec<Datastream> {
        self.once("datastream", &tables.datastreams, |d| d.id);
        let known: HashSet<u32> = things.iter().map(|thing| thing.id.0).collect();
        let mut out = Vec::new();
        for Placed { value: d, span } in &tables.datastreams {
            if !known.contains(&d.thing) {
                self.say(span, format!("thing: there is no [[thing]] with id {}", d.thing));
            }
            if !properties.iter().any(|p| p.id.as_str() == d.observed_property) {
                self.say(
                    span,
                    format!("observed_property: {:?} is not on this city's allow-list", d.observed_property),
                );
            }
            match feeds.iter().find(|f| f.contract.feed.as_str() == d.feed) {
                Some(feed) if feed.contract.kind == FeedKind::SensorThings => {}
                Some(_) => self.say(span, format!("feed: {:?} is not of kind sensor_things", d.feed)),
                None => self.say(span, format!("feed: there is no [[feed]] with id {:?}", d.feed)),
            }
            out.push(Datastream {
                id: DatastreamId(d.id),
                name: d.name.clone(),
                thing: ThingId(d.thing),
                observed_property: ObservedPropertyId::new(&d.observed_property),
                feed: FeedId::new(&d.feed),
                beat: d.beat.0,
            });
        }
        out
    }

    fn places(&mut self, tables: &CityFile) -> Vec<Place> {
        self.once("place", &tables.places, |p| p.id.clone());
        let rows = tables.places.iter();
        rows.map(|Placed { value: p, span }| Place {
            id: PlaceId::new(&p.id),
            name: p.name.clone(),
            kind: p.kind.clone(),
            position: self.position(p.longitude, p.latitude, span),
            outline: p.outline.as_ref().and_then(|ring| self.outline(ring, span)),
            geocodes: p.geocodes.clone(),
        })
        .collect()
    }

    fn feeds(&mut self, folder: &Path, tables: &CityFile) -> Vec<Feed> {
        self.once("feed", &tables.feeds, |f| f.id.clone());
        let demo = tables.demo.is_some();
        let mut feeds: Vec<Feed> =
            tables.feeds.iter().map(|row| self.feed(folder, &row.value, &row.span, demo)).collect();
        for (feed, row) in feeds.iter().zip(&tables.feeds) {
            if let Some(timetable) = &feed.timetable {
                let found = feeds.iter().find(|f| f.contract.feed == *timetable);
                if found.is_none_or(|f| f.contract.kind != FeedKind::Gtfs) {
                    self.say(
                        &row.span,
                        format!("timetable: there is no [[feed]] of kind gtfs with id {:?}", timetable.as_str()),
                    );
                }
            }
        }
        feeds.push(control_room());
        feeds
    }

    fn feed(&mut self, folder: &Path, text: &FeedText, span: &Range<usize>, demo: bool) -> Feed {
        let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.id.is_empty() || text.id == CONTROL_ROOM || !text.id.chars().all(safe) {
            self.say(
                span,
                format!(
                    "id: expected lower-case letters, digits and hyphens (not {CONTROL_ROOM:?}), found {:?}",
                    text.id
                ),
            );
        }
        let polled = !matches!(text.kind, FeedKind::SensorThings | FeedKind::CapFiles | FeedKind::ControlRoom);
        if polled && text.url.is_none() && !demo {
            self.say(span, "url: expected the address that this feed is polled at");
        }
        if text.kind == FeedKind::CapFiles && text.folder.is_none() {
            self.say(span, "folder: expected the folder that the CAP files are put into");
        }
        if text.kind == FeedKind::Open311 && text.retention.0.as_ms() < 2 * REQUESTS_ASKED_BACK.as_ms() {
            self.say(
                span,
                "retention: expected \"2 days\" at least: each time, the requests of the last day are asked for",
            );
        }
        let named = text.services.as_deref().unwrap_or_default();
        if (text.kind == FeedKind::Open311) == named.is_empty() {
            self.say(
                span,
                "services: expected the service codes that are counted, as [\"flood\", \"street-light\"], of an open311 feed \
                 and of no other; requests of any other code are not kept",
            );
        }
        if text.kind == FeedKind::Open311 && !text.poll_every.is_some_and(|every| is_on_grid(every.0)) {
            self.say(
                span,
                "poll_every: expected \"15 min\", \"30 min\", \"1 h\" or another part of a day, and no less than 15 min: when a \
                 resident's request came must not tell more of when it was made",
            );
        }
        let fits = |code: &String| code.trim() == code && (1..=SERVICE_CODE_CHARS_MAX).contains(&code.chars().count());
        if !named.iter().all(fits) {
            self.say(span, "services: a code has 1 to 64 characters, and no blank at its ends");
        }
        if text.kind == FeedKind::ControlRoom {
            self.say(span, "kind: control_room is built in and cannot be configured");
        }
        if text.kind != FeedKind::SensorThings && text.poll_every.is_none_or(|every| every.0 < Span::s(1)) {
            self.say(span, "poll_every: expected how often this feed is asked, at least \"1 s\"");
        }
        if text.beat.0 < text.poll_every.map_or(Span::s(1), |every| every.0) {
            self.say(span, "beat: expected at least poll_every, or the feed is dead before it is asked again");
        }
        Feed {
            contract: Contract {
                feed: FeedId::new(&text.id),
                name: text.name.clone(),
                kind: text.kind,
                owner: text.owner.clone(),
                licence: text.licence.clone(),
                purpose: text.purpose.clone(),
                beat: text.beat.0,
                retention: text.retention.0,
                caveat: text.caveat.clone(),
            },
            url: text.url.clone(),
            folder: text.folder.as_ref().map(|path| folder.join(path)),
            poll_every: text.poll_every.map(|every| every.0),
            timetable: text.timetable.as_deref().map(FeedId::new),
            services: text.services.iter().flatten().map(|code| ServiceCode::new(code)).collect(),
            calendar_shift_days: text.calendar_shift_days.unwrap_or_default(),
        }
    }
}

/// The control room itself: what its people do is journalled like everything else, by role.
fn control_room() -> Feed {
    let decade = Span::h(24 * 365 * 10);
    Feed {
        contract: Contract {
            feed: FeedId::new(CONTROL_ROOM),
            name: "Control room".to_owned(),
            kind: FeedKind::ControlRoom,
            owner: "the city".to_owned(),
            licence: "the city's own".to_owned(),
            purpose: "who took which alert, by role, so that nobody does it twice".to_owned(),
            beat: decade,
            retention: decade,
            caveat: None,
        },
        url: None,
        folder: None,
        poll_every: None,
        timetable: None,
        services: Vec::new(),
        calendar_shift_days: 0,
    }
}

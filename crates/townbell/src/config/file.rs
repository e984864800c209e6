//! `city.toml` as it is written. Unknown keys are mistakes; every table is read on its own, so that one mistake
//! does not hide the next.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{Duration, Mistake};
use city::{DeclaredKind, FeedKind};

/// A box, as written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoxText {
    /// Degrees east.
    pub west: f64,
    /// Degrees north.
    pub south: f64,
    /// Degrees east.
    pub east: f64,
    /// Degrees north.
    pub north: f64,
}

/// A point, as written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PointText {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

/// `[city]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CityText {
    /// Its name.
    pub name: String,
    /// IANA zone.
    pub timezone: String,
    /// What the map shows.
    pub bbox: BoxText,
    /// Where the map opens; the middle of the box when missing.
    pub centre: Option<PointText>,
    /// Languages of warnings, best first.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Roles that may take an alert.
    pub roles: Vec<String>,
    /// Whom to credit, on every page.
    #[serde(default)]
    pub attribution: Vec<String>,
    /// What every page must say (simulated, shifted).
    pub notice: Option<String>,
    /// Where others reach it: `https://townbell.example.org`.
    pub public_url: Option<String>,
}

/// `[[purpose]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposeText {
    /// Id.
    pub id: String,
    /// In words that a resident understands.
    pub words: String,
    /// Roles that may ask for it.
    pub roles: Vec<String>,
    /// Feeds that may be asked for it.
    pub feeds: Vec<String>,
}

/// `[[link]]`: when `from` fails, `to` suffers. Each end is written as `thing:4`, `place:hospital`, `feed:water` or
/// `route:T1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkText {
    /// The cause.
    pub from: String,
    /// What depends on it.
    pub to: String,
    /// How, in a word: `powers`, `drains`, `carries`.
    pub kind: String,
}

/// `[[place]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceText {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `city`, `district`, `hospital`, ...
    pub kind: String,
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
    /// Ring of [longitude, latitude].
    pub outline: Option<Vec<[f64; 2]>>,
    /// CAP geocodes.
    #[serde(default)]
    pub geocodes: Vec<String>,
}

/// `[[observed_property]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservedPropertyText {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// URI.
    pub definition: String,
    /// Sentence.
    pub description: String,
    /// "metre".
    pub unit_name: String,
    /// "m".
    pub unit_symbol: String,
    /// Smallest honest value.
    pub min: f64,
    /// Largest honest value.
    pub max: f64,
    /// The texts that a result may be.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Keys that `properties` and `parameters` may hold.
    #[serde(default)]
    pub declares: Vec<DeclaredText>,
    /// How long values are kept.
    pub keeps: Option<KeepsText>,
}

/// `declares = [{ key = "serial_number", kind = "text" }]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredText {
    /// The key.
    pub key: String,
    /// What its value is.
    pub kind: DeclaredKind,
}

/// `keeps = { raw = "90 days", hourly = "1825 days" }`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepsText {
    /// Every value.
    pub raw: Duration,
    /// Hourly figures.
    pub hourly: Option<Duration>,
}

/// `[[thing]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThingText {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Sentence.
    pub description: String,
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

/// `[[datastream]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatastreamText {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// Id of a thing.
    pub thing: u32,
    /// Id of an observed property.
    pub observed_property: String,
    /// Id of the feed that may write it.
    pub feed: String,
    /// Longest normal gap.
    pub beat: Duration,
}

/// `[[feed]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedText {
    /// Id.
    pub id: String,
    /// In words.
    pub name: String,
    /// Standard.
    pub kind: FeedKind,
    /// Agency.
    pub owner: String,
    /// Terms.
    pub licence: String,
    /// Why.
    pub purpose: String,
    /// Longest normal silence.
    pub beat: Duration,
    /// How long it is kept.
    pub retention: Duration,
    /// Where it is polled; a demo city's are filled in by its replayer.
    pub url: Option<String>,
    /// Folder of CAP files.
    pub folder: Option<PathBuf>,
    /// How often it is asked.
    pub poll_every: Option<Duration>,
    /// The timetable that a GTFS-Realtime feed belongs to.
    pub timetable: Option<String>,
    /// The service codes whose requests are counted, of an Open311 feed.
    pub services: Option<Vec<String>>,
    /// Days to move a timetable by, for replays of another year.
    pub calendar_shift_days: Option<i32>,
    /// What must be said with the data.
    pub caveat: Option<String>,
}

/// `[[depot]]`: positions inside are dropped (DESIGN 6).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DepotText {
    /// Name; for those who read the file.
    #[expect(dead_code, reason = "says in the file which depot it is; the gate needs only the outline")]
    pub name: String,
    /// Ring of [longitude, latitude].
    pub outline: Vec<[f64; 2]>,
}

/// `[basemap]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BasemapText {
    /// OSM extract.
    pub osm: PathBuf,
    /// GeoJSON of water.
    pub lake: PathBuf,
}

/// `[mqtt]`: the city's broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MqttText {
    /// `host:port`
    pub broker: String,
    /// What stands before the topics that devices publish to.
    #[serde(default)]
    pub receive_prefix: String,
    /// What stands before the topics that readers subscribe to.
    #[serde(default)]
    pub publish_prefix: String,
    /// Name of our session at the broker; `townbell` when missing.
    pub client_id: Option<String>,
    /// File with user and password, a line each.
    pub credentials_file: Option<PathBuf>,
    /// PEM of the authority that signed the broker's certificate; its being there asks for TLS.
    pub authority_file: Option<PathBuf>,
    /// Whether to use TLS with the system's authorities.
    #[serde(default)]
    pub tls: bool,
    /// Topics with `$select` and long paths that are served besides the closed set.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Whether to learn such topics from the broker's log of subscriptions.
    #[serde(default)]
    pub learn_topics: bool,
}

/// One table with the place where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    /// The table.
    pub value: T,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

/// The file, table by table.
#[derive(Debug, Default)]
pub(super) struct CityFile {
    /// `[city]`
    pub city: Option<Placed<CityText>>,
    /// `[[place]]`
    pub places: Vec<Placed<PlaceText>>,
    /// `[[purpose]]`
    pub purposes: Vec<Placed<PurposeText>>,
    /// `[[link]]`
    pub links: Vec<Placed<LinkText>>,
    /// `[[observed_property]]`
    pub observed_properties: Vec<Placed<ObservedPropertyText>>,
    /// `[[thing]]`
    pub things: Vec<Placed<ThingText>>,
    /// `[[datastream]]`
    pub datastreams: Vec<Placed<DatastreamText>>,
    /// `[[feed]]`
    pub feeds: Vec<Placed<FeedText>>,
    /// `[[depot]]`
    pub depots: Vec<Placed<DepotText>>,
    /// `[basemap]`
    pub basemap: Option<Placed<BasemapText>>,
    /// `[mqtt]`
    pub mqtt: Option<Placed<MqttText>>,
    /// `[demo]`
    pub demo: Option<Placed<super::demo::DemoText>>,
}

/// Reads the tables of `city.toml`, and every mistake on the way.
pub(super) fn read(file: &Path, text: &str) -> (CityFile, Vec<Mistake>) {
    let mut out = CityFile::default();
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<Mistake> = errors.iter().map(|e| Mistake::at(file, text, e.span(), e.message())).collect();
    let mut reader = Reader { file, text, mistakes: &mut mistakes };
    for (key, value) in table.into_inner() {
        match key.get_ref().as_ref() {
            "city" => out.city = reader.one(value),
            "place" => out.places = reader.many(value),
            "purpose" => out.purposes = reader.many(value),
            "link" => out.links = reader.many(value),
            "observed_property" => out.observed_properties = reader.many(value),
            "thing" => out.things = reader.many(value),
            "datastream" => out.datastreams = reader.many(value),
            "feed" => out.feeds = reader.many(value),
            "depot" => out.depots = reader.many(value),
            "basemap" => out.basemap = reader.one(value),
            "mqtt" => out.mqtt = reader.one(value),
            "demo" => out.demo = reader.one(value),
            other => {
                let known =
                    "city, purpose, place, observed_property, thing, datastream, feed, depot, basemap, mqtt, demo";
                reader.say(key.span(), format!("unknown table {other:?}, expected one of {known}"));
            }
        }
    }
    (out, mistakes)
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    mistakes: &'a mut Vec<Mistake>,
}

impl Reader<'_> {
    fn say(&mut self, span: Range<usize>, message: String) {
        self.mistakes.push(Mistake::at(self.file, self.text, Some(span), message));
    }

    fn one<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Option<Placed<T>> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(Placed { value, span }),
            Err(error) => {
                self.say(error.span().unwrap_or(span), error.message().to_owned());
                None
            }
        }
    }

    fn many<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Vec<Placed<T>> {
        let span = value.span();
        if let DeValue::Array(items) = value.into_inner() {
            return items.into_iter().filter_map(|item| self.one(item)).collect();
        }
        self.say(span, "expected an array of tables: write [[name]] with two brackets".to_owned());
        Vec::new()
    }
}

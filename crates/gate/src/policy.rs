//! What the city agreed to, checked once when the program starts.

use std::collections::{BTreeMap, BTreeSet};

use city::{
    BoundingBox, Contract, Datastream, DatastreamId, FeedId, ObservedProperty, ObservedPropertyId, Polygon, ServiceCode,
};

/// Everything that the gate judges by. All of it comes from the city's own text files.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// One contract a feed; a feed without one is not read.
    pub contracts: Vec<Contract>,
    /// The allow-list of the packs: what may be measured, in which unit, from what to what.
    pub observed_properties: Vec<ObservedProperty>,
    /// The series that the city knows, each with the feed that may write it.
    pub datastreams: Vec<Datastream>,
    /// Where a position may lie: the city and its wide surroundings.
    pub bounds: BoundingBox,
    /// Depots and layovers. A position inside one is a crew's break or way home, and is refused (DESIGN 6).
    pub depots: Vec<Polygon>,
    /// The roles of the control room: `duty_officer`. Never a name.
    pub roles: Vec<String>,
    /// For each feed of live trips, the feed of the timetable that its trips are in. A feed that is not here has
    /// no timetable, and its trips are taken as they come.
    pub timetable_of: BTreeMap<FeedId, FeedId>,
    /// For each feed of residents' requests, the service codes that the city counts. Every other code is refused: a
    /// foreign text is no code because a server calls it one.
    pub services: BTreeMap<FeedId, BTreeSet<ServiceCode>>,
    /// IANA zone of the city, for the service date of trips without a timetable.
    pub timezone: String,
    /// No city: a throw-away store that admits any observed property, any number and any key.
    pub sandbox: bool,
    /// E-mail addresses and phone numbers of public desks that texts may name, as they are written there.
    pub desks: Vec<String>,
}

/// Why a policy cannot be enforced, or a feed not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The feed has no contract: nothing of it is read.
    #[error("feed {0}: expected a contract, found none; nothing of it is read")]
    NoContract(FeedId),
    /// Two contracts name the same feed.
    #[error("feed {0}: expected one contract, found two")]
    TwoContracts(FeedId),
    /// The contract lacks a beat or a retention.
    #[error("feed {feed}: expected a {what} longer than nothing in its contract")]
    EmptySpan {
        /// The feed.
        feed: FeedId,
        /// `beat` or `retention`.
        what: &'static str,
    },
    /// The kind of the contract does not bring this kind of thing (a timetable from a SensorThings feed).
    #[error("feed {feed}: its contract is not for {what}")]
    WrongKind {
        /// The feed.
        feed: FeedId,
        /// What came.
        what: &'static str,
    },
    /// Two datastreams have one id.
    #[error("datastream {0}: expected its id once, found it twice")]
    TwoDatastreams(DatastreamId),
    /// A datastream names a property that is not on the allow-list.
    #[error("datastream {datastream}: observed property {property} is not on the allow-list")]
    PropertyNotAllowed {
        /// The series.
        datastream: DatastreamId,
        /// What it wants to observe.
        property: ObservedPropertyId,
    },
    /// A datastream names a feed without a contract, or one that does not carry observations.
    #[error("datastream {datastream}: feed {feed} has no contract for observations")]
    FeedNotForObservations {
        /// The series.
        datastream: DatastreamId,
        /// The feed that it names.
        feed: FeedId,
    },
    /// A range that no number is in.
    #[error("observed property {0}: expected min below max, both finite")]
    EmptyRange(ObservedPropertyId),
    /// The line: words of persons in a property or a contract.
    #[error("{subject}: {word:?} is over the line; Townbell watches the city, never its people")]
    OverTheLine {
        /// Which property or contract.
        subject: String,
        /// The word.
        word: String,
    },
    /// A box that no place is in.
    #[error("bounds: expected west below east and south below north, inside -180..180 and -90..90")]
    EmptyBounds,
    /// No such zone.
    #[error("timezone {0:?}: expected an IANA zone, such as America/Sao_Paulo")]
    UnknownTimezone(String),
    /// The zip's hash is not 64 hexadecimal digits.
    #[error("feed {0}: expected a SHA-256 of 64 lower-case hexadecimal digits")]
    BadHash(FeedId),
    /// The timetable is too big for one city.
    #[error("feed {feed}: more than {max} {what} in the timetable")]
    TimetableTooLarge {
        /// The feed.
        feed: FeedId,
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
    },
}

/// Words that name persons or their traits. The allow-list is the wall; this list only makes the answer clear when
/// somebody asks for it by name. Whole words, English and Portuguese, so that "surface" is not a "face".
const OVER_THE_LINE: [&str; 40] = [
    "plate",
    "plates",
    "alpr",
    "anpr",
    "placa",
    "placas",
    "face",
    "faces",
    "facial",
    "rosto",
    "voice",
    "voz",
    "gait",
    "camera",
    "cctv",
    "mugshot",
    "fingerprint",
    "biometric",
    "biometria",
    "imsi",
    "imei",
    "bluetooth",
    "wifi",
    "pedestrian_id",
    "passenger_id",
    "passageiro_id",
    "ethnicity",
    "etnia",
    "race",
    "raça",
    "religion",
    "religião",
    "political",
    "politics",
    "política",
    "suspect",
    "suspeito",
    "patient",
    "paciente",
    "loyalty",
];

impl Policy {
    /// Checks that the policy can be enforced at all. The first mistake is told.
    pub(crate) fn check(&self) -> Result<(), GateError> {
        self.check_contracts()?;
        self.check_properties()?;
        self.check_datastreams()?;
        let b = &self.bounds;
        let whole = (-180.0..=180.0).contains(&b.west) && b.east <= 180.0 && b.south >= -90.0 && b.north <= 90.0;
        if !(whole && b.west < b.east && b.south < b.north) {
            return Err(GateError::EmptyBounds);
        }
        jiff::tz::TimeZone::get(&self.timezone).map_err(|_| GateError::UnknownTimezone(self.timezone.clone()))?;
        Ok(())
    }

    fn check_contracts(&self) -> Result<(), GateError> {
        let mut seen = BTreeSet::new();
        for contract in &self.contracts {
            let feed = contract.feed.clone();
            if !seen.insert(&contract.feed) {
                return Err(GateError::TwoContracts(feed));
            }
            for (what, span) in [("beat", contract.beat), ("retention", contract.retention)] {
                if span.as_ms() <= 0 {
                    return Err(GateError::EmptySpan { feed, what });
                }
            }
            // The purpose may speak of people ("no plates are read"); what it is called may not.
            for text in [contract.feed.as_str(), contract.name.as_str()] {
                within_the_line(&format!("feed {feed}"), text)?;
            }
        }
        Ok(())
    }

    fn check_properties(&self) -> Result<(), GateError> {
        for property in &self.observed_properties {
            if !(property.min.is_finite() && property.max.is_finite() && property.min < property.max) {
                return Err(GateError::EmptyRange(property.id.clone()));
            }
            for text in [property.id.as_str(), property.name.as_str(), property.description.as_str()] {
                within_the_line(&format!("observed property {}", property.id), text)?;
            }
        }
        Ok(())
    }

    fn check_datastreams(&self) -> Result<(), GateError> {
        let mut seen = BTreeSet::new();
        for datastream in &self.datastreams {
            if !seen.insert(datastream.id) {
                return Err(GateError::TwoDatastreams(datastream.id));
            }
            if !self.observed_properties.iter().any(|property| property.id == datastream.observed_property) {
                let property = datastream.observed_property.clone();
                return Err(GateError::PropertyNotAllowed { datastream: datastream.id, property });
            }
            let observes = |c: &&Contract| c.feed == datastream.feed && c.kind == city::FeedKind::SensorThings;
            if !self.contracts.iter().any(|contract| observes(&contract)) {
                let feed = datastream.feed.clone();
                return Err(GateError::FeedNotForObservations { datastream: datastream.id, feed });
            }
        }
        Ok(())
    }
}

fn within_the_line(subject: &str, text: &str) -> Result<(), GateError> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
    let parts = lower.split(|c: char| !c.is_alphanumeric());
    match words.chain(parts).find(|word| OVER_THE_LINE.contains(word)) {
        Some(word) => Err(GateError::OverTheLine { subject: subject.to_owned(), word: word.to_owned() }),
        None => Ok(()),
    }
}

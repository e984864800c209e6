//! Asking a feed: conditional HTTP (RFC 9110, 13.1), bounded in time and size, decoded and judged.

pub mod open311;
mod tickets;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use city::{FeedId, FeedKind, Reason, Tally, Time};
use formats::FormatError;
use gate::{Admission, Candidate, GateError};
use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use sha2::{Digest, Sha256};

use tickets::Tickets;

use super::{Door, candidates};
use crate::config::{City, Feed};
use crate::limits::{CAP_FETCHES_MAX, POLL_BYTES_MAX, POLL_TIMEOUT};

/// Asks feeds, and remembers what it knows already.
pub struct Poller {
    city: Arc<City>,
    door: Arc<Door>,
    client: reqwest::Client,
    known: Mutex<HashMap<FeedId, Known>>,
    /// Where a feed of residents' requests is read.
    tickets: Option<Tickets>,
}

/// What a feed said last time.
#[derive(Clone, Debug, Default)]
struct Known {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
    /// CAP messages fetched already: Atom entry id and its `updated`.
    messages: HashSet<(String, Option<Time>)>,
    /// It has answered since it last did not: residents' requests of a day ago are known.
    asked: bool,
    /// The last answer was no good: said once in the log, not at every poll.
    failing: bool,
}

/// Why a feed gave nothing.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("no answer: {0}")]
    Unreachable(reqwest::Error),
    #[error("answered with status {0}")]
    Status(StatusCode),
    #[error("answered with more than {0} bytes")]
    TooLarge(usize),
    #[error("its address is none")]
    Address,
    #[error("its folder cannot be read: {0}")]
    Folder(#[from] std::io::Error),
    #[error("{0}")]
    Format(#[from] FormatError),
    #[error("{0}")]
    Gate(#[from] GateError),
}

impl From<reqwest::Error> for NoAnswer {
    /// Without its address: where an index points, or a server sends us, is foreign text, and errors go to the log.
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

impl NoAnswer {
    /// Under which reason the document is booked; `None` when no document came at all.
    fn reason(&self) -> Option<Reason> {
        match self {
            Self::Format(error) => Some(error.reason()),
            Self::TooLarge(_) | Self::Gate(GateError::TimetableTooLarge { .. }) => Some(Reason::TooLarge),
            Self::Unreachable(_) | Self::Status(_) | Self::Address | Self::Folder(_) | Self::Gate(_) => None,
        }
    }
}

enum Answer {
    Unchanged,
    Bytes { bytes: Vec<u8>, headers: HeaderMap },
}

impl Poller {
    /// A poller of a city's feeds.
    ///
    /// # Errors
    /// When no HTTP client can be made, or the key of tickets not be kept in the data folder.
    pub fn new(city: Arc<City>, door: Arc<Door>, data: &Path) -> anyhow::Result<Self> {
        // A second call finds the provider installed already, which is as good.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(POLL_TIMEOUT)
            .user_agent(concat!("townbell/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::limited(3))
            .build()?;
        let asked = city.feeds.iter().any(|feed| feed.contract.kind == FeedKind::Open311);
        let tickets = if asked { Some(Tickets::open(data)?) } else { None };
        Ok(Self { city, door, client, known: Mutex::new(HashMap::new()), tickets })
    }

    /// The HTTP client, for the replay's senders.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Asks one feed now, and gives what the desk shall book: its records, its account, and whether it answered.
    ///
    /// # Errors
    /// When the feed has no contract. Everything else is booked, not returned: a feed never dies.
    pub async fn ask(&self, feed: &Feed) -> Result<Admission, GateError> {
        let id = &feed.contract.feed;
        match self.try_ask(feed).await {
            Ok(admission) => {
                if self.known(id).failing {
                    tracing::warn!(feed = %id, "a feed answers again");
                    self.remember(id, |known| known.failing = false);
                }
                Ok(admission)
            }
            Err(NoAnswer::Gate(error)) if !matches!(error, GateError::TimetableTooLarge { .. }) => Err(error),
            Err(why) => {
                if !self.known(id).failing {
                    tracing::warn!(feed = %id, %why, "a feed gave nothing");
                }
                self.forget(id);
                match why.reason() {
                    Some(reason) => self.door.unreadable(id, reason, self.door.clock.now()),
                    None => self.door.gate.beat(id, false, self.door.clock.now()),
                }
            }
        }
    }

    async fn try_ask(&self, feed: &Feed) -> Result<Admission, NoAnswer> {
        let id = &feed.contract.feed;
        if let (FeedKind::CapFiles, Some(folder)) = (feed.contract.kind, &feed.folder) {
            return self.cap_files(id, folder).await;
        }
        let known = self.known(id);
        let url = feed.url.as_deref().unwrap_or_default();
        if feed.contract.kind == FeedKind::Open311 {
            return self.requests(feed).await;
        }
        let answer = self.get(url, &known, bytes_max(feed.contract.kind)).await?;
        let Answer::Bytes { bytes, headers } = answer else {
            return Ok(self.door.gate.beat(id, true, self.door.clock.now())?);
        };
        let admission = match feed.contract.kind {
            FeedKind::Gtfs => self.timetable(feed, bytes).await?,
            FeedKind::CapAtom => self.cap_atom(id, url, &bytes).await?,
            kind => self.realtime(id, kind, &bytes)?,
        };
        if feed.timetable.is_some() && self.door.timetable_of(id).is_none() {
            // Its trips were judged without their timetable: an "unchanged" next time would leave it at that.
            return Ok(admission);
        }
        self.remember(id, |known| {
            known.etag = headers.get(ETAG).cloned();
            known.last_modified = headers.get(LAST_MODIFIED).cloned();
        });
        Ok(admission)
    }

    /// Asks for at most `most` bytes.
    async fn get(&self, url: &str, known: &Known, most: usize) -> Result<Answer, NoAnswer> {
        let mut request = self.client.get(url);
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        } else if let Some(date) = &known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        let mut response = request.send().await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Answer::Unchanged);
        }
        if !response.status().is_success() {
            return Err(NoAnswer::Status(response.status()));
        }
        let headers = response.headers().clone();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > most {
                return Err(NoAnswer::TooLarge(most));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer::Bytes { bytes, headers })
    }

    async fn timetable(&self, feed: &Feed, bytes: Vec<u8>) -> Result<Admission, NoAnswer> {
        let shift = feed.calendar_shift_days;
        let read = tokio::task::spawn_blocking(move || {
            let sha256 = hexadecimal(&Sha256::digest(&bytes));
            formats::gtfs::decode(&bytes).map(|(timetable, tally)| (timetable, tally, sha256))
        });
        // A panic in the decoder would be a defect; it is booked as an unreadable file rather than ending the centre.
        let broken = || FormatError::Missing { standard: formats::Standard::Gtfs, what: "an answer of the decoder" };
        let (mut timetable, rows, sha256) = read.await.map_err(|_| broken())??;
        if shift != 0 {
            timetable.shift_days(shift);
        }
        let now = self.door.clock.now();
        let admission = self.door.gate.admit_timetable(&feed.contract.feed, timetable, &sha256, now)?;
        tracing::info!(feed = %feed.contract.feed, rows = rows.received, rejected = rows.rejected_total(), "timetable read");
        // The account of a timetable feed counts files, not rows, so that one broken stop does not drown the rest;
        // rejected rows are counted under their reasons.
        let rejected = Tally { received: rows.rejected_total(), rejected: rows.rejected, ..Tally::default() };
        Ok(admission.counting(&rejected).with_beat(true))
    }

    fn realtime(&self, id: &FeedId, kind: FeedKind, bytes: &[u8]) -> Result<Admission, NoAnswer> {
        let now = self.door.clock.now();
        let (knocking, tally): (Vec<Candidate>, Tally) = match kind {
            FeedKind::GtfsRtVehiclePositions => {
                let (message, tally) = formats::gtfs_rt::decode_vehicle_positions(bytes)?;
                (message.rows.into_iter().map(candidates::position).collect(), tally)
            }
            FeedKind::GtfsRtTripUpdates => {
                let timetable = self.door.timetable_of(id);
                let (message, tally) = formats::gtfs_rt::decode_trip_updates(bytes)?;
                let update = |row| candidates::update(row, timetable.as_deref());
                (message.rows.into_iter().map(update).collect(), tally)
            }
            _ => {
                let (message, tally) = formats::gtfs_rt::decode_alerts(bytes, &self.languages())?;
                (message.rows.into_iter().map(|row| candidates::service_alert(row, now)).collect(), tally)
            }
        };
        Ok(self.door.judge(id, knocking, &tally)?.with_beat(true))
    }

    /// CAP behind an Atom index: each message is fetched once. One that cannot be fetched is tried again next time,
    /// and does not hold back the others.
    async fn cap_atom(&self, id: &FeedId, url: &str, index: &[u8]) -> Result<Admission, NoAnswer> {
        let (index, entries) = formats::atom::decode(index)?;
        let seen = self.known(id).messages;
        let mut tally = Tally { rejected: entries.rejected, ..Tally::default() };
        let mut warnings = Vec::new();
        let mut fetched = Vec::new();
        let fresh = index.entries.into_iter().filter(|entry| !seen.contains(&(entry.id.clone(), entry.updated)));
        for entry in fresh.take(CAP_FETCHES_MAX) {
            let Some(address) = reqwest::Url::parse(url).ok().and_then(|base| base.join(&entry.href).ok()) else {
                *tally.rejected.entry(Reason::BadId).or_default() += 1;
                continue;
            };
            match self.get(address.as_str(), &Known::default(), bytes_max(FeedKind::CapAtom)).await {
                Ok(Answer::Bytes { bytes, .. }) => self.cap(&bytes, &mut warnings, &mut tally),
                Ok(Answer::Unchanged) => {}
                Err(why) => {
                    tracing::warn!(feed = %id, %why, "a warning could not be fetched");
                    // What came and was too much is counted, and not read again; what did not come is asked for again.
                    let Some(reason) = why.reason() else { continue };
                    *tally.rejected.entry(reason).or_default() += 1;
                }
            }
            fetched.push((entry.id, entry.updated));
        }
        self.remember(id, |known| known.messages.extend(fetched));
        Ok(self.door.judge(id, warnings, &tally)?.with_beat(true))
    }

    async fn cap_files(&self, id: &FeedId, folder: &std::path::Path) -> Result<Admission, NoAnswer> {
        let seen = self.known(id).messages;
        let mut tally = Tally::default();
        let mut warnings = Vec::new();
        let mut read = Vec::new();
        let mut listing = tokio::fs::read_dir(folder).await?;
        let mut files = Vec::new();
        while let Some(entry) = listing.next_entry().await? {
            let metadata = entry.metadata().await?;
            let changed = metadata.modified().ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
            files.push((entry.path(), changed.map(Time::from), metadata.len()));
        }
        files.sort();
        for (path, changed, size) in files {
            let key = (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), changed);
            let cap = path.extension().is_some_and(|extension| extension == "cap" || extension == "xml");
            if cap && !seen.contains(&key) && read.len() < CAP_FETCHES_MAX {
                if size > formats::limits::XML_BYTES {
                    *tally.rejected.entry(Reason::TooLarge).or_default() += 1;
                } else {
                    self.cap(&tokio::fs::read(&path).await?, &mut warnings, &mut tally);
                }
                read.push(key);
            }
        }
        self.remember(id, |known| known.messages.extend(read));
        Ok(self.door.judge(id, warnings, &tally)?.with_beat(true))
    }

    fn cap(&self, bytes: &[u8], warnings: &mut Vec<Candidate>, tally: &mut Tally) {
        match formats::cap::decode(bytes, &self.languages()) {
            Ok((alerts, refused)) => {
                for (reason, count) in refused.rejected {
                    *tally.rejected.entry(reason).or_default() += count;
                }
                tally.fields_dropped += refused.fields_dropped;
                warnings.extend(alerts.into_iter().filter_map(|alert| candidates::warning(alert, tally)));
            }
            Err(error) => {
                tracing::warn!(%error, "a warning could not be read");
                *tally.rejected.entry(error.reason()).or_default() += 1;
            }
        }
    }

    fn languages(&self) -> Vec<&str> {
        self.city.languages.iter().map(String::as_str).collect()
    }

    fn known(&self, id: &FeedId) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default()
    }

    fn remember(&self, id: &FeedId, change: impl FnOnce(&mut Known)) {
        change(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default());
    }

    /// After a bad answer the next one is read whole: what was remembered may be of the bad one.
    fn forget(&self, id: &FeedId) {
        self.remember(id, |known| {
            (known.etag, known.last_modified) = (None, None);
            (known.asked, known.failing) = (false, true);
        });
    }
}

/// The most that is read of an answer: what its decoder takes, so that a server without an end costs no more memory
/// than an honest one.
fn bytes_max(kind: FeedKind) -> usize {
    let most = match kind {
        FeedKind::Gtfs => formats::limits::ZIP_BYTES,
        FeedKind::CapAtom | FeedKind::CapFiles => formats::limits::XML_BYTES,
        FeedKind::Open311 => formats::limits::OPEN311_BYTES,
        _ => formats::limits::GTFS_RT_BYTES,
    };
    usize::try_from(most).unwrap_or(usize::MAX).min(POLL_BYTES_MAX)
}

/// Lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

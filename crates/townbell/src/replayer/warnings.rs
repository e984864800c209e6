//! Recorded CAP messages behind an Atom index. A message appears when it was sent and goes a day after it expired.

use std::net::SocketAddr;
use std::path::Path;

use city::{Span, Time};
use formats::atom::{AtomEntry, AtomFeed};

use super::ReplayError;

/// How long an expired message stays in the index: agencies leave them for the next poll of the slowest reader.
pub const SHOWN_AFTER_EXPIRY: Span = Span::h(24);
/// How long a message without an expiry stays.
const SHOWN_WITHOUT_EXPIRY: Span = Span::h(72);
/// The time of an index without messages. Atom wants one, and it must not change from poll to poll.
const NEVER: Time = city::time::TIME_MIN;

/// One recorded message.
#[derive(Clone, Debug)]
pub struct Message {
    /// CAP `identifier`.
    pub id: String,
    /// CAP `headline`, or else `event`.
    pub title: String,
    /// CAP `sent`.
    pub sent: Time,
    /// When it leaves the index.
    pub gone: Time,
    /// The file.
    pub xml: Vec<u8>,
}

/// All recorded messages, by the time that they were sent, then by identifier.
#[derive(Clone, Debug, Default)]
pub struct Messages(Vec<Message>);

impl Messages {
    /// Reads every `.xml` of a folder, and adds its messages.
    ///
    /// # Errors
    /// When the folder or a file of it cannot be read, or a file is no CAP message.
    pub fn read(&mut self, folder: &Path) -> Result<(), ReplayError> {
        let unreadable = |error| ReplayError::Unreadable { path: folder.to_path_buf(), error };
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                self.0.push(read_message(&path)?);
            }
        }
        self.0.sort_by(|a, b| (a.sent, &a.id).cmp(&(b.sent, &b.id)));
        Ok(())
    }

    /// The messages in the index at an instant, the oldest first.
    pub fn at(&self, now: Time) -> impl DoubleEndedIterator<Item = &Message> {
        self.0.iter().filter(move |message| message.sent <= now && now < message.gone)
    }

    /// The index at an instant, the newest message first, and when it last changed.
    pub fn index(&self, now: Time, address: SocketAddr) -> (String, Time) {
        // A message that went changes the index too.
        let gone = self.0.iter().map(|message| message.gone).filter(|gone| *gone <= now);
        let updated = self.at(now).map(|message| message.sent).chain(gone).max().unwrap_or(NEVER);
        let entries = self.at(now).rev().map(|message| AtomEntry {
            id: message.id.clone(),
            title: message.title.clone(),
            updated: Some(message.sent),
            href: format!("http://{address}/cap/{}.xml", message.id),
        });
        let feed = AtomFeed {
            id: "urn:townbell:replay:civil-defence".to_owned(),
            title: "Civil defence, recorded".to_owned(),
            updated: Some(updated),
            entries: entries.collect(),
        };
        (formats::atom::write(&feed), updated)
    }
}

fn read_message(path: &Path) -> Result<Message, ReplayError> {
    let xml = std::fs::read(path).map_err(|error| ReplayError::Unreadable { path: path.to_path_buf(), error })?;
    let malformed = |expected: String| ReplayError::Malformed { path: path.to_path_buf(), line: 1, expected };
    let (alerts, _) = formats::cap::decode(&xml, &[]).map_err(|error| malformed(format!("a CAP message: {error}")))?;
    let alert =
        alerts.into_iter().next().ok_or_else(|| malformed("one CAP message that is actual and public".to_owned()))?;
    let info = alert.info.as_ref();
    let expires = info.and_then(|info| info.expires);
    let headline = info.map(|info| if info.headline.is_empty() { &info.event } else { &info.headline });
    Ok(Message {
        title: headline.cloned().unwrap_or_default(),
        sent: alert.sent,
        gone: expires.map_or(alert.sent + SHOWN_WITHOUT_EXPIRY, |expires| expires + SHOWN_AFTER_EXPIRY),
        id: alert.identifier,
        xml,
    })
}

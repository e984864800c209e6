//! What the file knows already, for kinds that are kept for longer than memory reaches.

use city::{FeedId, ServiceAlert, ServiceRequest, TimetableVersion, Warning};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec::{encode, fnv1a};
use crate::error::StoreError;
use crate::recent::Verdict;

/// A warning is the same by CAP's own key: sender, identifier, sent (clause 3.2.1, `references`).
pub(crate) fn warning(
    connection: &Connection,
    feed: &FeedId,
    warning: &Warning,
    received_ms: i64,
) -> Result<Verdict, StoreError> {
    let text = "INSERT OR IGNORE INTO warning_seen (sender, identifier, sent_ms, feed, received_ms) \
                VALUES (?1, ?2, ?3, ?4, ?5)";
    let known = [&warning.sender, &warning.identifier];
    let new = connection.prepare_cached(text)?.execute(params![
        known[0],
        known[1],
        warning.sent.ms(),
        feed.as_str(),
        received_ms
    ])?;
    Ok(if new == 1 { Verdict::New } else { Verdict::Duplicate })
}

/// A service alert is the same while its content is: GTFS-Realtime has no version of an alert.
pub(crate) fn service_alert(
    connection: &Connection,
    feed: &FeedId,
    alert: &ServiceAlert,
    received_ms: i64,
) -> Result<Verdict, StoreError> {
    let content = fnv1a(&encode("service alert", alert)?);
    let text = "INSERT INTO service_alert_seen (feed, id, content, received_ms) VALUES (?1, ?2, ?3, ?4) \
                ON CONFLICT (feed, id) DO UPDATE SET content = excluded.content, received_ms = excluded.received_ms \
                WHERE content <> excluded.content";
    let new = connection.prepare_cached(text)?.execute(params![feed.as_str(), alert.id, content, received_ms])?;
    Ok(if new == 1 { Verdict::New } else { Verdict::Duplicate })
}

/// A request is the same while its content is: the ticket, and all that is kept of it. Closed, or moved to another
/// code, it is news; read again unchanged, it is not.
pub(crate) fn service_request(
    connection: &Connection,
    feed: &FeedId,
    request: &ServiceRequest,
    received_ms: i64,
) -> Result<Verdict, StoreError> {
    let content = fnv1a(&encode("service request", request)?);
    let text = "INSERT INTO service_request_seen (feed, id, content, received_ms) VALUES (?1, ?2, ?3, ?4) \
                ON CONFLICT (feed, id) DO UPDATE SET content = excluded.content, received_ms = excluded.received_ms \
                WHERE content <> excluded.content";
    // It is for retention alone, and the hour is all that is told of a request.
    let received_ms = ServiceRequest::hour_of(crate::series::time(received_ms)).ms();
    let values = params![feed.as_str(), request.id.as_str(), content, received_ms];
    let new = connection.prepare_cached(text)?.execute(values)?;
    Ok(if new == 1 { Verdict::New } else { Verdict::Duplicate })
}

/// A timetable is the same while the newest of its feed has the same hash; one that comes back is news.
pub(crate) fn timetable(
    connection: &Connection,
    feed: &FeedId,
    version: &TimetableVersion,
) -> Result<Verdict, StoreError> {
    let text = "SELECT sha256 FROM timetable WHERE feed = ?1 ORDER BY received_ms DESC, rowid DESC LIMIT 1";
    let newest: Option<String> =
        connection.prepare_cached(text)?.query_row([feed.as_str()], |row| row.get(0)).optional()?;
    Ok(if newest.as_deref() == Some(version.sha256.as_str()) { Verdict::Duplicate } else { Verdict::New })
}

//! The outbox: what is to be sent to roles, written in the transaction that made it so, and what became of it.

use city::{AlertId, Delivery, Notification, Severity, Time};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::codec::{decode, encode, signed, time, unsigned};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::store::Store;

/// A notification whose time has come.
#[derive(Clone, Debug, PartialEq)]
pub struct DueNotification {
    /// What is to be sent.
    pub notification: Notification,
    /// How often it was tried.
    pub attempts: u32,
}

/// What became of one attempt to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of which notification: its key.
    pub key: String,
    /// How it stands now.
    pub state: Delivery,
    /// When this was known.
    pub at: Time,
    /// No attempt before this, where it is still waiting.
    pub next: Time,
    /// The other side's answer, or why there was none.
    pub receipt: String,
}

/// A notification with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptNotification {
    /// What was to be sent.
    pub notification: Notification,
    /// How it stands.
    pub state: Delivery,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, where it waits.
    pub next: Option<Time>,
    /// When it was delivered, or given up.
    pub settled: Option<Time>,
    /// What the other side said to the last attempt, or why that failed.
    pub receipt: Option<String>,
}

/// Which notifications to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Those about one alert.
    pub alert: Option<AlertId>,
    /// Those that stand so.
    pub state: Option<Delivery>,
}

/// How it stands with one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelCount {
    /// The channel.
    pub channel: String,
    /// To be sent, or tried again.
    pub waiting: u64,
    /// When the oldest of those was due.
    pub waiting_since: Option<Time>,
    /// Delivered, of those due since the time that was asked.
    pub delivered: u64,
    /// Given up, of those.
    pub failed: u64,
}

impl Store {
    /// Keeps notifications that come from beside the watch, with what became of those that were sent already, in one
    /// transaction; those that are kept already stay as they are.
    pub fn save_notifications(
        &mut self,
        notifications: &[Notification],
        outcomes: &[Outcome],
    ) -> Result<(), StoreError> {
        self.at_any_cost(|store| {
            store.log.wrote(0, notifications.len() + outcomes.len());
            let transaction = store.read.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let new = save_all(&transaction, notifications)?;
            settle_all(&transaction, outcomes)?;
            transaction.commit()?;
            store.notified += new;
            Ok(())
        })
    }

    /// Keeps what became of attempts, all in one transaction. One that is settled already stays as it is.
    pub fn save_outcomes(&mut self, outcomes: &[Outcome]) -> Result<(), StoreError> {
        self.save_notifications(&[], outcomes)
    }

    /// How many notifications were written since this store was opened: when it has risen, there is something to send.
    pub fn notified(&self) -> u64 {
        self.notified
    }
}

/// Writes those that are not there yet; gives how many.
pub(crate) fn save_all(connection: &Connection, notifications: &[Notification]) -> Result<u64, StoreError> {
    let text = "INSERT OR IGNORE INTO notification (key, alert, role, channel, severity, at_ms, state, next_ms, body) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?6, ?7)";
    let mut new = 0;
    for notification in notifications {
        new += connection.prepare_cached(text)?.execute(params![
            notification.key,
            notification.alert.as_ref().map(|alert| alert.0.as_ref()),
            notification.role,
            notification.channel,
            rank(notification.severity),
            notification.at.ms(),
            encode("notification", notification)?,
        ])? as u64;
    }
    Ok(new)
}

fn settle_all(connection: &Connection, outcomes: &[Outcome]) -> Result<(), StoreError> {
    let text = "UPDATE notification SET state = ?2, attempts = attempts + 1, next_ms = ?3, settled_ms = ?4, receipt = ?5 \
                WHERE key = ?1 AND state = 'waiting'";
    for Outcome { key, state, at, next, receipt } in outcomes {
        let settled = (*state != Delivery::Waiting).then_some(at.ms());
        let values = params![key, state.name(), next.ms(), settled, receipt];
        connection.prepare_cached(text)?.execute(values)?;
    }
    Ok(())
}

/// Takes away those due before `cutoff` whose alert is gone, or that are about none.
pub(crate) fn expire(connection: &Connection, cutoff: Time) -> Result<u64, StoreError> {
    let text = "DELETE FROM notification WHERE at_ms < ?1 AND (alert IS NULL OR alert NOT IN (SELECT id FROM alert))";
    Ok(connection.prepare_cached(text)?.execute([cutoff.ms()])? as u64)
}

fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Unknown => 0,
        Severity::Info => 1,
        Severity::Minor => 2,
        Severity::Moderate => 3,
        Severity::Severe => 4,
        Severity::Extreme => 5,
    }
}

fn state(key: &str, name: &str) -> Result<Delivery, StoreError> {
    let known = [Delivery::Waiting, Delivery::Delivered, Delivery::Failed];
    let found = known.into_iter().find(|state| state.name() == name);
    found.ok_or_else(|| StoreError::Damaged { what: format!("notification {key}"), why: format!("state {name}") })
}

impl Reader {
    /// What a channel has to send at `now`: the worst first, then the oldest, at most `limit`.
    pub fn notifications_due(
        &self,
        channel: &str,
        now: Time,
        limit: usize,
    ) -> Result<Vec<DueNotification>, StoreError> {
        let text = "SELECT key, attempts, body FROM notification WHERE channel = ?1 AND state = 'waiting' \
                    AND next_ms <= ?2 ORDER BY severity DESC, at_ms, key LIMIT ?3";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query(params![channel, now.ms(), signed(limit as u64)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (key, attempts, body): (String, u32, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let notification = decode(|| format!("notification {key}"), &body)?;
            found.push(DueNotification { notification, attempts });
        }
        Ok(found)
    }

    /// The channels that have something to send, now or later.
    pub fn channels_waiting(&self) -> Result<Vec<String>, StoreError> {
        let text = "SELECT DISTINCT channel FROM notification WHERE state = 'waiting' ORDER BY channel";
        let mut statement = self.connection.prepare_cached(text)?;
        let channels = statement.query_map([], |row| row.get(0))?;
        Ok(channels.collect::<Result<_, _>>()?)
    }

    /// Notifications by when they were due, the newest first, at most `limit`.
    pub fn notifications(
        &self,
        filter: &NotificationFilter,
        limit: usize,
    ) -> Result<Vec<KeptNotification>, StoreError> {
        // Two texts, so that each is answered from the index that fits it.
        let clause = if filter.alert.is_some() { "alert = ?1" } else { "?1 IS NULL" };
        let text = format!(
            "SELECT key, state, attempts, next_ms, settled_ms, receipt, body FROM notification \
             WHERE {clause} AND (?2 IS NULL OR state = ?2) ORDER BY at_ms DESC, key LIMIT ?3"
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        let alert = filter.alert.as_ref().map(|alert| alert.0.as_ref());
        let mut rows = statement.query(params![alert, filter.state.map(Delivery::name), signed(limit as u64)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (key, name): (String, String) = (row.get(0)?, row.get(1)?);
            let what = || format!("notification {key}");
            let (state, body) = (state(&key, &name)?, row.get::<_, Vec<u8>>(6)?);
            found.push(KeptNotification {
                notification: decode(what, &body)?,
                state,
                attempts: row.get(2)?,
                next: (state == Delivery::Waiting).then(|| time(what, row.get(3)?)).transpose()?,
                settled: row.get::<_, Option<i64>>(4)?.map(|ms| time(what, ms)).transpose()?,
                receipt: row.get(5)?,
            });
        }
        Ok(found)
    }

    /// How it stands with each channel that has something waiting, or had something due since `since`.
    pub fn channel_counts(&self, since: Time) -> Result<Vec<ChannelCount>, StoreError> {
        let text = "SELECT channel, state, count(*), min(at_ms) FROM \
                      (SELECT channel, state, at_ms FROM notification WHERE state = 'waiting' UNION ALL \
                       SELECT channel, state, at_ms FROM notification WHERE at_ms >= ?1 AND state <> 'waiting') \
                    GROUP BY channel, state ORDER BY channel, state";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query([since.ms()])?;
        let mut found: Vec<ChannelCount> = Vec::new();
        while let Some(row) = rows.next()? {
            let (channel, name): (String, String) = (row.get(0)?, row.get(1)?);
            let (count, first) = (unsigned(row.get(2)?), time(|| "notification".to_owned(), row.get(3)?)?);
            if found.last().is_none_or(|last| last.channel != channel) {
                found.push(ChannelCount { channel, waiting: 0, waiting_since: None, delivered: 0, failed: 0 });
            }
            let Some(last) = found.last_mut() else { continue };
            match state("", &name)? {
                Delivery::Waiting => (last.waiting, last.waiting_since) = (count, Some(first)),
                Delivery::Delivered => last.delivered = count,
                Delivery::Failed => last.failed = count,
            }
        }
        Ok(found)
    }
}

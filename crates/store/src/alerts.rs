//! Alerts as they stand, every step of their lives, and how far the watch has come.

use city::{Alert, AlertChange, AlertId, AlertState, Notification, Seq, Severity, Time};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::codec::{decode, encode, signed, time, unsigned};
use crate::error::StoreError;
use crate::notifications;
use crate::reader::Reader;
use crate::store::Store;

/// How far the watch has come: it has seen every entry up to `seq`, and every tick up to `time`. Positions rise from
/// step to step (first by `seq`, then by `time`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchPosition {
    /// The last entry that it has seen; 0 before the first.
    pub seq: Seq,
    /// The received time of that entry, or the last tick after it.
    pub time: Time,
}

/// What the watch did in one step: for one entry with the ticks before it, or for one tick.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchStep {
    /// Where it stands after the step.
    pub position: WatchPosition,
    /// What happened, in order.
    pub changes: Vec<AlertChange>,
    /// Whom that calls, and how.
    pub notifications: Vec<Notification>,
}

/// What the store knows of the watch.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchState {
    /// The changes of every step up to here are kept.
    pub position: WatchPosition,
    /// The last snapshot of the watch's own state, with where it was taken (never after `position`).
    pub snapshot: Option<(WatchPosition, Vec<u8>)>,
}

/// What to look for among all alerts that are kept. What is not given does not narrow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertSearch {
    /// In this state.
    pub state: Option<AlertState>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Of this owner.
    pub owner: Option<String>,
    /// At least so bad when it was last seen.
    pub severity: Option<Severity>,
    /// Opened at this time or later.
    pub from: Option<Time>,
    /// Opened before this time.
    pub to: Option<Time>,
    /// With these words in its title or its subject, small or capital letters alike (ASCII).
    pub text: Option<String>,
    /// Only what comes after this alert in the order of the answer: the last of the page before.
    pub after: Option<(Time, AlertId)>,
}

impl Store {
    /// Keeps what the watch did, all steps with whom they call and the snapshot in one transaction. Steps at or before the position that
    /// is kept already are passed over, so a watch that runs over the same journal again after a crash doubles
    /// nothing. A snapshot belongs to the position of the last step. Gives the changes that were new, in order.
    pub fn save_watch(&mut self, steps: &[WatchStep], snapshot: Option<&[u8]>) -> Result<Vec<AlertChange>, StoreError> {
        self.at_any_cost(|store| {
            // A snapshot only shortens the next start: it can wait for room.
            let snapshot = snapshot.filter(|_| !store.is_full());
            let bytes = snapshot.map_or(0, <[u8]>::len);
            let notifications: usize = steps.iter().map(|step| step.notifications.len()).sum();
            store.log.wrote(bytes, steps.len() + notifications);
            let connection = &mut store.read.connection;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut position = position(&transaction)?;
            let (mut new, mut notified) = (Vec::new(), 0);
            for step in steps {
                if position.is_some_and(|known| step.position <= known) {
                    continue;
                }
                for change in &step.changes {
                    save_change(&transaction, step.position.seq, change)?;
                    new.push(change.clone());
                }
                notified += notifications::save_all(&transaction, &step.notifications)?;
                position = Some(step.position);
            }
            if let Some(position) = position {
                save_position(&transaction, position)?;
            }
            if let (Some(snapshot), Some(last)) = (snapshot, steps.last()) {
                let text = "UPDATE watch_state SET snapshot_seq = ?1, snapshot_at_ms = ?2, snapshot = ?3";
                let WatchPosition { seq, time } = last.position;
                transaction.prepare_cached(text)?.execute(params![signed(seq.0), time.ms(), snapshot])?;
            }
            transaction.commit()?;
            store.notified += notified;
            Ok(new)
        })
    }
}

fn position(connection: &Connection) -> Result<Option<WatchPosition>, StoreError> {
    let row: Option<(i64, i64)> = connection
        .prepare_cached("SELECT seq, at_ms FROM watch_state")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(seq, ms)| watch_position(seq, ms)).transpose()
}

fn watch_position(seq: i64, ms: i64) -> Result<WatchPosition, StoreError> {
    Ok(WatchPosition { seq: Seq(unsigned(seq)), time: time(|| "watch_state".to_owned(), ms)? })
}

fn save_position(connection: &Connection, position: WatchPosition) -> Result<(), StoreError> {
    let text = "INSERT INTO watch_state (only, seq, at_ms) VALUES (1, ?1, ?2) \
                ON CONFLICT (only) DO UPDATE SET seq = excluded.seq, at_ms = excluded.at_ms";
    connection.prepare_cached(text)?.execute(params![signed(position.seq.0), position.time.ms()])?;
    Ok(())
}

fn save_change(connection: &Connection, seq: Seq, change: &AlertChange) -> Result<(), StoreError> {
    let alert = &change.alert;
    let text = "INSERT INTO alert (id, rule, subject, episode_ms, state, severity, opened_ms, acknowledged_ms, \
                  resolved_ms, changes, body, owner, title) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, ?11, ?12) \
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, severity = excluded.severity, \
                  acknowledged_ms = excluded.acknowledged_ms, resolved_ms = excluded.resolved_ms, \
                  changes = changes + 1, body = excluded.body, owner = excluded.owner, title = excluded.title \
                RETURNING changes";
    let ordinal: i64 = connection.prepare_cached(text)?.query_row(
        params![
            alert.id.0,
            alert.key.rule.as_str(),
            alert.key.subject,
            alert.key.episode.ms(),
            state_name(alert.state),
            alert.severity.name(),
            alert.opened.ms(),
            alert.acknowledged.map(Time::ms),
            alert.resolved.map(Time::ms),
            encode("alert", alert)?,
            alert.owner,
            alert.title,
        ],
        |row| row.get(0),
    )?;
    let text = "INSERT INTO alert_change (alert, ordinal, seq, at_ms, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(text)?.execute(params![
        alert.id.0,
        ordinal,
        signed(seq.0),
        change.at.ms(),
        change.kind.name(),
        encode("alert change", change)?,
    ])?;
    Ok(())
}

impl Reader {
    /// Alerts that are not resolved, and those that resolved at this time or later, the newest first (by when they
    /// opened), at most `limit`.
    pub fn standing_alerts(&self, resolved_since: Time, limit: usize) -> Result<Vec<Alert>, StoreError> {
        let text = "SELECT id, body FROM alert WHERE state <> 'resolved' OR resolved_ms >= ?1 \
                    ORDER BY opened_ms DESC, id LIMIT ?2";
        let mut statement = self.connection.prepare_cached(text)?;
        found(statement.query(params![resolved_since.ms(), signed(limit as u64)])?)
    }

    /// The newest alerts first (by when they opened) that fit, at most `limit`.
    pub fn search_alerts(&self, search: &AlertSearch, limit: usize) -> Result<Vec<Alert>, StoreError> {
        let wanted = |severity: &Severity| search.severity.is_none_or(|least| *severity >= least);
        let severities: Vec<String> =
            Severity::ALL.into_iter().filter(wanted).map(|severity| format!("'{}'", severity.name())).collect();
        let text = format!(
            "SELECT id, body FROM alert \
             WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR rule = ?2) AND (?3 IS NULL OR owner = ?3) \
               AND severity IN ({}) AND opened_ms >= ?4 AND opened_ms < ?5 \
               AND (?6 IS NULL OR instr(lower(title), ?6) > 0 OR instr(lower(subject), ?6) > 0) \
               AND (?7 IS NULL OR opened_ms < ?7 OR (opened_ms = ?7 AND id > ?8)) \
             ORDER BY opened_ms DESC, id LIMIT ?9",
            severities.join(",")
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        found(statement.query(params![
            search.state.map(state_name),
            search.rule,
            search.owner,
            search.from.map_or(i64::MIN, Time::ms),
            search.to.map_or(i64::MAX, Time::ms),
            search.text.as_ref().map(|text| text.to_ascii_lowercase()),
            search.after.as_ref().map(|(opened, _)| opened.ms()),
            search.after.as_ref().map(|(_, id)| id.0.as_ref()),
            signed(limit as u64),
        ])?)
    }

    /// One alert.
    pub fn alert(&self, id: &AlertId) -> Result<Option<Alert>, StoreError> {
        let body: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM alert WHERE id = ?1")?
            .query_row([&id.0], |row| row.get(0))
            .optional()?;
        body.map(|body| decode(|| format!("alert {id}"), &body)).transpose()
    }

    /// The steps of one alert, in order.
    pub fn alert_history(&self, id: &AlertId) -> Result<Vec<AlertChange>, StoreError> {
        self.changes("alert = ?1 ORDER BY ordinal", [id.0.as_ref()])
    }

    /// Every step of every alert from `from` (included) to `to` (not included), in the order in which they happened.
    pub fn alert_changes(&self, from: Time, to: Time) -> Result<Vec<AlertChange>, StoreError> {
        self.changes("at_ms >= ?1 AND at_ms < ?2 ORDER BY at_ms, seq, alert, ordinal", params![from.ms(), to.ms()])
    }

    /// How far the watch has come; `None` before its first step.
    pub fn watch_state(&self) -> Result<Option<WatchState>, StoreError> {
        let Some(position) = position(&self.connection)? else { return Ok(None) };
        let text = "SELECT snapshot_seq, snapshot_at_ms, snapshot FROM watch_state WHERE snapshot IS NOT NULL";
        let row: Option<(i64, i64, Vec<u8>)> = self
            .connection
            .prepare_cached(text)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let snapshot =
            row.map(|(seq, ms, bytes)| Ok::<_, StoreError>((watch_position(seq, ms)?, bytes))).transpose()?;
        Ok(Some(WatchState { position, snapshot }))
    }

    fn changes(&self, clause: &str, values: impl rusqlite::Params) -> Result<Vec<AlertChange>, StoreError> {
        let text = format!("SELECT alert, ordinal, body FROM alert_change WHERE {clause}");
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (alert, ordinal, body): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            found.push(decode(|| format!("step {ordinal} of alert {alert}"), &body)?);
        }
        Ok(found)
    }
}

/// The alerts of rows of id and body.
fn found(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Alert>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, body): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        found.push(decode(|| format!("alert {id}"), &body)?);
    }
    Ok(found)
}

fn state_name(state: AlertState) -> &'static str {
    match state {
        AlertState::Open => "open",
        AlertState::Acknowledged => "acknowledged",
        AlertState::Resolved => "resolved",
    }
}

/// Migration 3: alerts as version 0.2 wrote them get the fields that they had not, and can be searched. The watch's
/// snapshot of that version is of other types; without it the watch goes over the journal again.
pub(crate) fn lengthen(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(include_str!("../../../schema/sqlite/003_alert_life.sql"))?;
    let mut alerts = connection.prepare("SELECT id, body FROM alert")?;
    let mut write = connection.prepare("UPDATE alert SET body = ?2, owner = ?3, title = ?4 WHERE id = ?1")?;
    let mut rows = alerts.query([])?;
    while let Some(row) = rows.next()? {
        let (id, body): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let alert: Alert = decode::<before::Alert>(|| format!("alert {id}"), &body)?.into();
        write.execute(params![id, encode("alert", &alert)?, alert.owner, alert.title])?;
    }
    let mut changes = connection.prepare("SELECT alert, ordinal, body FROM alert_change")?;
    let mut write = connection.prepare("UPDATE alert_change SET body = ?3 WHERE alert = ?1 AND ordinal = ?2")?;
    let mut rows = changes.query([])?;
    while let Some(row) = rows.next()? {
        let (alert, ordinal, body): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let change = decode::<before::AlertChange>(|| format!("step {ordinal} of alert {alert}"), &body)?;
        let change = AlertChange::of(change.kind, Alert::from(change.alert), change.at);
        write.execute(params![alert, ordinal, encode("alert change", &change)?])?;
    }
    connection.execute("UPDATE watch_state SET snapshot = NULL, snapshot_seq = NULL, snapshot_at_ms = NULL", [])?;
    Ok(())
}

/// Alerts as version 0.2 wrote them.
mod before {
    use city::alert::{AlertChangeKind, Blindness};
    use city::{AlertId, AlertKey, AlertState, DatastreamId, FeedId, PlaceId, Position, Severity, Time};
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize, Serialize)]
    pub(super) struct AlertChange {
        pub(super) at: Time,
        pub(super) kind: AlertChangeKind,
        pub(super) alert: Alert,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Alert {
        id: AlertId,
        key: AlertKey,
        rule_version: String,
        state: AlertState,
        severity: Severity,
        title: String,
        detail: String,
        consequence: String,
        first_action: String,
        owner: String,
        opened: Time,
        respond_by: Time,
        acknowledged: Option<Time>,
        acknowledged_by: Option<String>,
        note: Option<String>,
        resolved: Option<Time>,
        expected: Option<Time>,
        blind: Option<Blindness>,
        datastream: Option<DatastreamId>,
        feed: Option<FeedId>,
        place: Option<PlaceId>,
        position: Option<Position>,
    }

    #[cfg(test)]
    impl Alert {
        pub(super) fn opened(&self) -> Time {
            self.opened
        }

        /// One that was open.
        pub(super) fn sample() -> Self {
            let at = Time::from_ms(1_714_600_000_000).unwrap_or_default();
            let key = AlertKey { rule: "lake".into(), subject: "datastream:1".to_owned(), episode: at };
            Self {
                id: key.id(),
                key,
                rule_version: "0123456789ab".to_owned(),
                state: AlertState::Open,
                severity: Severity::Severe,
                title: "The lake rises".to_owned(),
                detail: "2.9 m.".to_owned(),
                consequence: "It floods.".to_owned(),
                first_action: "Close the gates.".to_owned(),
                owner: "water_desk".to_owned(),
                opened: at,
                respond_by: at,
                acknowledged: Some(at),
                acknowledged_by: Some("duty_officer".to_owned()),
                note: Some("on my way".to_owned()),
                resolved: None,
                expected: None,
                blind: None,
                datastream: Some(DatastreamId(1)),
                feed: None,
                place: None,
                position: None,
            }
        }
    }

    impl From<Alert> for city::Alert {
        fn from(old: Alert) -> Self {
            Self {
                id: old.id,
                key: old.key,
                rule_version: old.rule_version.into(),
                state: old.state,
                severity: old.severity,
                title: old.title,
                detail: old.detail,
                consequence: old.consequence.into(),
                first_action: old.first_action.into(),
                owner: old.owner.into(),
                opened: old.opened,
                respond_by: old.respond_by,
                acknowledged: old.acknowledged,
                acknowledged_by: old.acknowledged_by,
                note: old.note,
                assigned_to: None,
                snoozed_until: None,
                flapping: false,
                cause: None,
                hides: 0,
                silenced_by: None,
                late: 0,
                resolved: old.resolved,
                expected: old.expected,
                blind: old.blind,
                datastream: old.datastream,
                feed: old.feed,
                place: old.place,
                position: old.position,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a file that cannot be made has failed the test")]

    use city::alert::AlertChangeKind;

    use super::*;

    #[test]
    fn alerts_of_version_0_2_are_lengthened_and_found() {
        let file = Connection::open_in_memory().expect("a file");
        file.execute_batch(include_str!("../../../schema/sqlite/001_start.sql")).expect("version 1");
        let old = before::Alert::sample();
        let insert = "INSERT INTO alert (id, rule, subject, episode_ms, state, severity, opened_ms, changes, body) \
                      VALUES ('a', 'lake', 'datastream:1', 1, 'open', 'severe', 1, 1, ?1)";
        file.execute(insert, [encode("a test", &old).expect("bytes")]).expect("an alert");
        let at = old.opened();
        let change = before::AlertChange { at, kind: AlertChangeKind::Opened, alert: before::Alert::sample() };
        let insert =
            "INSERT INTO alert_change (alert, ordinal, seq, at_ms, kind, body) VALUES ('a', 1, 1, 1, 'opened', ?1)";
        file.execute(insert, [encode("a test", &change).expect("bytes")]).expect("a change");
        file.execute("INSERT INTO watch_state (only, seq, at_ms, snapshot) VALUES (1, 1, 1, x'00')", [])
            .expect("a state");

        lengthen(&file).expect("it lengthens");

        let (body, owner, title): (Vec<u8>, String, String) = file
            .query_row("SELECT body, owner, title FROM alert", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .expect("the alert");
        let alert: Alert = decode(|| "a".to_owned(), &body).expect("today's alert");
        assert_eq!((owner.as_str(), title.as_str()), ("water_desk", "The lake rises"));
        assert_eq!(
            (alert.note.as_deref(), alert.hides, alert.datastream),
            (Some("on my way"), 0, Some(city::DatastreamId(1)))
        );
        let body: Vec<u8> = file.query_row("SELECT body FROM alert_change", [], |row| row.get(0)).expect("the change");
        let change: AlertChange = decode(|| "a".to_owned(), &body).expect("today's change");
        assert_eq!((change.kind, change.alert, change.by), (AlertChangeKind::Opened, alert.into(), None));
        let snapshots: i64 =
            file.query_row("SELECT count(snapshot) FROM watch_state", [], |row| row.get(0)).expect("the state");
        assert_eq!(snapshots, 0, "the watch goes over the journal again");
    }
}

//! `privacy.lock` is the committed census of everything that is persisted.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::path::Path;

use gate::census::{PersistedField, Unlisted, census, lock};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use store::schema::{Traced, bodies, columns_of, persisted_with};

fn lock_path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../privacy.lock")
}

/// Columns, and everything inside bodies: the store's own, and the snapshot that the watch gives it to keep.
fn all() -> Vec<PersistedField> {
    let mut kept = Kept(bodies().unwrap());
    watch::kept::persisted(&mut kept).unwrap();
    persisted_with(kept.0).unwrap()
}

struct Kept(Traced);

impl watch::kept::Census for Kept {
    type Error = store::StoreError;
    fn add<T: Deserialize<'static>>(&mut self) -> Result<(), store::StoreError> {
        self.0.add::<T>()
    }
}

#[test]
fn privacy_lock_is_the_census() {
    let rows = census(&all()).unwrap_or_else(|wrong| {
        let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        panic!("what is persisted is not what the census lists:\n{}", told.join("\n"))
    });
    let now = lock(&rows);
    if std::env::var_os("TOWNBELL_BLESS").is_some() {
        std::fs::write(lock_path(), &now).unwrap();
    }
    let committed = std::fs::read_to_string(lock_path()).unwrap_or_default();
    let new: Vec<&str> = now.lines().filter(|line| !committed.lines().any(|known| known == *line)).collect();
    let gone: Vec<&str> = committed.lines().filter(|line| !now.lines().any(|known| known == *line)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "privacy.lock is not what is persisted. Somebody other than its author must look at this change; then write \
         it with TOWNBELL_BLESS=1 cargo test -p store --test census.\nnew:\n  {}\ngone:\n  {}",
        new.join("\n  "),
        gone.join("\n  ")
    );
}

fn wrong_after(change: &str) -> Vec<Unlisted> {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(include_str!("../../../schema/sqlite/001_start.sql")).unwrap();
    connection.execute_batch(include_str!("../../../schema/sqlite/003_alert_life.sql")).unwrap();
    assert_eq!(census(&columns_of(&connection).unwrap()).map(|rows| rows.len()), Ok(92), "before the change");
    connection.execute_batch(change).unwrap();
    census(&columns_of(&connection).unwrap()).unwrap_err()
}

#[test]
fn a_new_text_column_is_found() {
    let wrong = wrong_after("ALTER TABLE journal ADD COLUMN caller TEXT");
    assert_eq!(wrong, [Unlisted::New { path: "sql.journal.caller".to_owned(), kind: "TEXT".to_owned() }]);
}

#[test]
fn a_new_blob_column_is_found() {
    let wrong = wrong_after("CREATE TABLE face (id INTEGER PRIMARY KEY, image BLOB) STRICT");
    assert!(wrong.contains(&Unlisted::New { path: "sql.face.image".to_owned(), kind: "BLOB".to_owned() }));
}

#[test]
fn a_json_column_is_found_even_under_a_listed_name() {
    // The strict tables of the schema refuse such a type themselves; a table that is not strict would not.
    let wrong = wrong_after("CREATE TABLE note (properties JSON)");
    assert_eq!(wrong, [Unlisted::Open { path: "sql.note.properties".to_owned(), kind: "JSON".to_owned() }]);
    let wrong = wrong_after(
        "DROP TABLE watch_state; CREATE TABLE watch_state (only, seq INTEGER, at_ms INTEGER, \
                             snapshot_seq INTEGER, snapshot_at_ms INTEGER, snapshot JSONB)",
    );
    assert_eq!(wrong.len(), 2, "a column without a type, and one of JSONB: {wrong:?}");
    assert!(wrong.iter().all(|one| matches!(one, Unlisted::Open { .. })), "{wrong:?}");
}

#[derive(Serialize, Deserialize)]
struct FeedBeat {
    good: bool,
    caller: String,
}

#[test]
fn a_new_string_field_is_found() {
    let mut traced = Traced::default();
    traced.add::<FeedBeat>().unwrap();
    let wrong = census(&traced.fields().unwrap()).unwrap_err();
    assert_eq!(wrong, [Unlisted::New { path: "value.FeedBeat.caller".to_owned(), kind: "str".to_owned() }]);
}

#[derive(Serialize, Deserialize)]
struct Acknowledgement {
    alert: String,
    role: String,
    note: HashMap<String, String>,
}

#[test]
fn a_map_is_found_even_in_a_listed_field() {
    let mut traced = Traced::default();
    traced.add::<Acknowledgement>().unwrap();
    let wrong = census(&traced.fields().unwrap()).unwrap_err();
    let (path, kind) = ("value.Acknowledgement.note".to_owned(), "map<str,str>".to_owned());
    assert_eq!(wrong.first(), Some(&Unlisted::Open { path, kind }));
}

#[derive(Serialize, Deserialize)]
struct State {
    feeds: HashMap<String, Vec<u8>>,
    runs: HashMap<String, HashMap<String, String>>,
    alerts: HashMap<String, FeedBeat>,
}

#[test]
fn an_index_may_lead_to_closed_types_only() {
    let mut traced = Traced::default();
    traced.add::<State>().unwrap();
    let wrong = census(&traced.fields().unwrap()).unwrap_err();
    let open: Vec<String> = wrong
        .into_iter()
        .filter_map(|one| match one {
            Unlisted::Open { path, .. } => Some(path),
            _ => None,
        })
        .collect();
    assert_eq!(open, ["value.State.feeds", "value.State.runs"]);
}

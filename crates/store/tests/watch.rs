//! Alerts and the watch's place in the journal: a second run doubles nothing.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod town;

use city::alert::AlertChangeKind;
use city::{Alert, AlertChange, AlertKey, AlertState, Seq, Severity};
use store::{AlertSearch, Store, WatchPosition, WatchStep};

fn change(subject: &str, kind: AlertChangeKind, ms: i64) -> AlertChange {
    let key = AlertKey { rule: "lake-rises".into(), subject: subject.to_owned(), episode: town::at(0) };
    let resolved = (kind == AlertChangeKind::Resolved).then_some(town::at(ms));
    let alert = Alert {
        id: key.id(),
        key,
        rule_version: "0123456789ab".to_owned().into(),
        state: if resolved.is_some() { AlertState::Resolved } else { AlertState::Open },
        severity: Severity::Severe,
        title: format!("{kind:?} at {ms}"),
        detail: String::new(),
        consequence: "".into(),
        first_action: "".into(),
        owner: "water_desk".into(),
        opened: town::at(0),
        respond_by: town::at(600_000),
        acknowledged: None,
        acknowledged_by: None,
        note: None,
        assigned_to: None,
        snoozed_until: None,
        flapping: false,
        cause: None,
        hides: 0,
        silenced_by: None,
        late: 0,
        resolved,
        expected: None,
        blind: None,
        datastream: None,
        feed: None,
        place: None,
        position: None,
    };
    AlertChange::of(kind, alert, town::at(ms))
}

fn step(seq: u64, ms: i64, changes: Vec<AlertChange>) -> WatchStep {
    WatchStep { position: WatchPosition { seq: Seq(seq), time: town::at(ms) }, changes, notifications: Vec::new() }
}

#[test]
fn running_again_over_the_same_journal_doubles_nothing() {
    use AlertChangeKind::{Opened, Resolved, Updated};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let run = [
        step(1, 10, vec![change("a", Opened, 10), change("b", Opened, 10)]),
        step(1, 20, vec![change("a", Updated, 20)]),
        step(2, 20, vec![change("a", Updated, 20)]),
        step(3, 30, Vec::new()),
        step(4, 40, vec![change("a", Resolved, 40)]),
    ];
    // Killed after each step in turn, the watch runs again from the beginning.
    for killed_after in 0..=run.len() {
        let _ = std::fs::remove_file(&path);
        let mut store = Store::open(&path).unwrap();
        store.save_watch(&run[..killed_after], Some(b"state")).unwrap();
        drop(store);
        let mut store = Store::open(&path).unwrap();
        let new = store.save_watch(&run, None).unwrap();
        assert_eq!(new.len(), run[killed_after..].iter().map(|step| step.changes.len()).sum::<usize>());
        assert_eq!(store.save_watch(&run, None).unwrap(), []);
        let a = change("a", Opened, 0).alert.id.clone();
        let history = store.read().alert_history(&a).unwrap();
        assert_eq!(history.iter().map(|c| c.kind).collect::<Vec<_>>(), [Opened, Updated, Updated, Resolved]);
        assert_eq!(store.read().alert(&a).unwrap().unwrap(), *history.last().unwrap().alert);
        let changes = store.read().alert_changes(town::at(0), town::at(1000)).unwrap();
        assert_eq!(changes.len(), 5);
        let state = store.read().watch_state().unwrap().unwrap();
        assert_eq!(state.position, WatchPosition { seq: Seq(4), time: town::at(40) });
        let snapshot = killed_after.checked_sub(1).map(|last| (run[last].position, b"state".to_vec()));
        assert_eq!(state.snapshot, snapshot);
        drop(store);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn alerts_are_read_by_their_state() {
    use AlertChangeKind::{Opened, Resolved};
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let steps = [
        step(1, 10, vec![change("a", Opened, 10), change("b", Opened, 10)]),
        step(2, 50, vec![change("b", Resolved, 50)]),
    ];
    store.save_watch(&steps, None).unwrap();
    let subjects = |alerts: Vec<Alert>| -> Vec<String> { alerts.into_iter().map(|alert| alert.key.subject).collect() };
    let read = store.read();
    let state = |state, limit| {
        let search = AlertSearch { state, ..AlertSearch::default() };
        subjects(read.search_alerts(&search, limit).unwrap())
    };
    assert_eq!(state(Some(AlertState::Open), 9), ["a"]);
    assert_eq!(state(Some(AlertState::Resolved), 9), ["b"]);
    assert!(state(Some(AlertState::Acknowledged), 9).is_empty());
    assert_eq!(subjects(read.standing_alerts(town::at(50), 9).unwrap()), ["a", "b"]);
    assert_eq!(subjects(read.standing_alerts(town::at(51), 9).unwrap()), ["a"]);
    assert_eq!(state(None, 1).len(), 1);
}

#[test]
fn a_resolved_alert_goes_with_its_history_after_400_days() {
    use AlertChangeKind::{Opened, Resolved};
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    store
        .save_watch(
            &[step(1, 10, vec![change("a", Opened, 10), change("b", Opened, 10), change("b", Resolved, 10)])],
            None,
        )
        .unwrap();
    let late = town::at(11) + store::ALERTS_KEPT;
    assert_eq!(store.apply_retention(late, &[], &[]).unwrap().other_rows, 1);
    assert_eq!(store.read().search_alerts(&AlertSearch::default(), 9).unwrap().len(), 1, "the open one stays");
    assert_eq!(store.read().alert_changes(town::at(0), late).unwrap().len(), 1);
}

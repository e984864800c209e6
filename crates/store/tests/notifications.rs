//! The outbox: written with the alert that calls, once; read the worst first; settled once; gone with its alert.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod town;

use city::{AlertId, Delivery, Notification, NotificationReason, Seq, Severity, Time};
use store::{
    NotificationFilter, Outcome, PushSubscription, SUBSCRIPTIONS_PER_ROLE_MAX, Store, WatchPosition, WatchStep,
};

fn call(key: &str, severity: Severity, at_s: i64) -> Notification {
    Notification {
        key: key.to_owned(),
        alert: Some(AlertId("lake-rises~a".into())),
        reason: NotificationReason::Opened,
        role: "duty_officer".to_owned(),
        channel: "pager".to_owned(),
        at: town::at(at_s * 1000),
        step: 0,
        severity,
        title: format!("{key} happens"),
        text: "So what.\nDo what.".to_owned(),
    }
}

fn step(seq: u64, notifications: Vec<Notification>) -> WatchStep {
    let position = WatchPosition { seq: Seq(seq), time: town::at(seq.cast_signed() * 1000) };
    WatchStep { position, changes: Vec::new(), notifications }
}

fn outcome(key: &str, state: Delivery, at: Time, next: Time) -> Outcome {
    Outcome { key: key.to_owned(), state, at, next, receipt: format!("{state:?} it is") }
}

fn due(store: &Store, now_s: i64) -> Vec<(String, u32)> {
    let due = store.read().notifications_due("pager", town::at(now_s * 1000), 100).unwrap();
    due.into_iter().map(|due| (due.notification.key, due.attempts)).collect()
}

fn keys(due: Vec<(String, u32)>) -> Vec<String> {
    due.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn killed_between_any_two_steps_and_run_again_none_is_lost_and_none_is_there_twice() {
    let run: Vec<WatchStep> =
        (1..=6).map(|n| step(n, vec![call(&format!("k{n}"), Severity::Minor, n.cast_signed())])).collect();
    for killed_after in 0..=run.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("town.db");
        let mut store = Store::open(&path).unwrap();
        store.save_watch(&run[..killed_after], None).unwrap();
        assert_eq!(store.notified(), killed_after as u64);
        drop(store);
        let mut store = Store::open(&path).unwrap();
        store.save_watch(&run, None).unwrap();
        assert_eq!(store.notified(), (run.len() - killed_after) as u64);
        // The same key from elsewhere is the same notification.
        store.save_notifications(&[call("k1", Severity::Extreme, 9)], &[]).unwrap();
        assert_eq!(keys(due(&store, 100)), ["k1", "k2", "k3", "k4", "k5", "k6"]);
        let all = store.read().notifications(&NotificationFilter::default(), 100).unwrap();
        assert_eq!(all.last().unwrap().notification, call("k1", Severity::Minor, 1), "the first stays as it was");
    }
}

#[test]
fn the_worst_goes_first_then_the_oldest_and_nothing_before_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let all = [
        call("minor-old", Severity::Minor, 1),
        call("extreme-late", Severity::Extreme, 50),
        call("extreme", Severity::Extreme, 3),
        call("severe", Severity::Severe, 2),
        Notification { channel: "mail".to_owned(), ..call("elsewhere", Severity::Extreme, 1) },
    ];
    store.save_watch(&[step(1, all.to_vec())], None).unwrap();
    assert_eq!(keys(due(&store, 10)), ["extreme", "severe", "minor-old"]);
    assert_eq!(keys(due(&store, 50)), ["extreme", "extreme-late", "severe", "minor-old"]);
    assert_eq!(store.read().notifications_due("pager", town::at(60_000), 2).unwrap().len(), 2);
    assert_eq!(store.read().channels_waiting().unwrap(), ["mail", "pager"]);
}

#[test]
fn what_became_of_an_attempt_is_kept_and_what_is_settled_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    store.save_watch(&[step(1, vec![call("a", Severity::Minor, 1), call("b", Severity::Minor, 2)])], None).unwrap();
    let (now, later) = (town::at(10_000), town::at(40_000));
    store
        .save_outcomes(&[
            outcome("a", Delivery::Waiting, now, later),
            outcome("b", Delivery::Delivered, now, now),
            outcome("nobody", Delivery::Delivered, now, now),
        ])
        .unwrap();
    assert_eq!(due(&store, 39), []);
    assert_eq!(due(&store, 40), [("a".to_owned(), 1)]);
    // A second answer to what is delivered changes nothing.
    store.save_outcomes(&[outcome("b", Delivery::Failed, later, later)]).unwrap();
    store.save_outcomes(&[outcome("a", Delivery::Failed, later, later)]).unwrap();
    let read = |state| store.read().notifications(&NotificationFilter { alert: None, state }, 9).unwrap();
    let b = read(Some(Delivery::Delivered));
    assert_eq!((b.len(), b[0].attempts, b[0].settled, b[0].next), (1, 1, Some(now), None));
    assert_eq!(b[0].receipt.as_deref(), Some("Delivered it is"));
    let a = read(Some(Delivery::Failed));
    assert_eq!((a.len(), a[0].attempts, a[0].settled), (1, 2, Some(later)));
    assert!(read(Some(Delivery::Waiting)).is_empty());
    assert_eq!(read(None).iter().map(|kept| kept.notification.key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    let other = NotificationFilter { alert: Some(AlertId("another".into())), state: None };
    assert!(store.read().notifications(&other, 9).unwrap().is_empty());
    let counts = store.read().channel_counts(town::at(0)).unwrap();
    assert_eq!((counts[0].waiting, counts[0].delivered, counts[0].failed), (0, 1, 1));
    assert!(store.read().channel_counts(town::at(3_000)).unwrap().is_empty(), "nothing was due since");
}

#[test]
fn a_notification_goes_with_its_alert_after_400_days_and_a_subscription_when_nobody_renews_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    store.save_watch(&[step(1, vec![call("a", Severity::Minor, 1)])], None).unwrap();
    store.subscribe(&browser("https://push.example/1", town::at(1_000_000))).unwrap();
    let early = town::at(900) + store::ALERTS_KEPT;
    store.apply_retention(early, &[], &[]).unwrap();
    assert_eq!(store.read().notifications(&NotificationFilter::default(), 9).unwrap().len(), 1);
    assert!(store.read().subscriptions("push", "duty_officer", town::at(0)).unwrap().is_empty());
    store.apply_retention(early + city::Span::s(1), &[], &[]).unwrap();
    assert!(store.read().notifications(&NotificationFilter::default(), 9).unwrap().is_empty());
}

fn browser(endpoint: &str, until: Time) -> PushSubscription {
    PushSubscription {
        endpoint: endpoint.to_owned(),
        channel: "push".to_owned(),
        role: "duty_officer".to_owned(),
        public_key: vec![4; 65],
        secret: vec![7; 16],
        until,
    }
}

#[test]
fn subscriptions_are_renewed_ended_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let many = i64::try_from(SUBSCRIPTIONS_PER_ROLE_MAX).unwrap() + 5;
    for n in 0..many {
        store.subscribe(&browser(&format!("https://push.example/{n:03}"), town::at(10_000 + n))).unwrap();
    }
    store.subscribe(&browser("https://push.example/005", town::at(90_000))).unwrap();
    let read = |now| store.read().subscriptions("push", "duty_officer", town::at(now)).unwrap();
    let found = read(0);
    assert_eq!(found.len(), SUBSCRIPTIONS_PER_ROLE_MAX);
    assert_eq!((found[0].endpoint.as_str(), found[0].until), ("https://push.example/005", town::at(90_000)));
    assert_eq!(read(80_000).len(), 1, "the others have ended");
    assert!(!format!("{:?}", found[0]).contains("push.example"));
    store.unsubscribe(&["https://push.example/005".to_owned()]).unwrap();
    assert!(store.read().subscriptions("push", "duty_officer", town::at(80_000)).unwrap().is_empty());
}

use std::sync::Mutex;

use super::*;

/// Answers as it is told to, and remembers what it was asked.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Vec<Outcome>>>,
    asked: Mutex<Vec<Vec<String>>>,
}

impl Inbox for Scripted {
    async fn create(&self, messages: &[Message]) -> Vec<Outcome> {
        let bodies = messages.iter().map(|message| String::from_utf8_lossy(&message.payload).into_owned());
        self.asked.lock().expect("asked").push(bodies.collect());
        let scripted = self.answers.lock().expect("answers").pop_front();
        scripted.unwrap_or_else(|| vec![Outcome::Created; messages.len()])
    }
}

fn receiver(plain: bool) -> (Receiver<Scripted>, Arc<Scripted>, Arc<Counters>) {
    let counters = Arc::new(Counters::new(city::Time::from_ms(1_700_000_000_000).expect("a time")));
    let inbox = Arc::new(Scripted::default());
    (Receiver::new(Arc::clone(&inbox), Arc::clone(&counters), "in/", plain), inbox, counters)
}

fn message(id: Option<u16>, body: &str) -> Publish {
    let topic = Some("in/v1.1/Datastreams(1)/Observations".to_owned());
    Publish { topic, id, again: false, payload: body.as_bytes().to_vec() }
}

#[tokio::test]
async fn what_comes_while_a_batch_is_written_shares_the_next() {
    let (mut receiver, inbox, counters) = receiver(false);
    assert_eq!(receiver.take(message(Some(1), "a")), None);
    receiver.begin();
    for (id, body) in [(2, "b"), (3, "c")] {
        assert_eq!(receiver.take(message(Some(id), body)), None);
        receiver.begin();
    }
    assert_eq!(receiver.tried().await, [1]);
    receiver.begin();
    assert_eq!(receiver.tried().await, [2, 3]);
    assert_eq!(*inbox.asked.lock().expect("asked"), [vec!["a"], vec!["b", "c"]]);
    assert_eq!(counters.status().account.created, 3);
}

#[tokio::test(start_paused = true)]
async fn what_the_store_cannot_take_is_offered_again_and_not_acknowledged() {
    let (mut receiver, inbox, counters) = receiver(false);
    let full = vec![Outcome::Created, Outcome::Unavailable, Outcome::Refused(Reason::BadTime), Outcome::Unavailable];
    // The second answer is too short, and so promises nothing for the last.
    inbox.answers.lock().expect("answers").extend([full, vec![Outcome::Duplicate]]);
    for (id, body) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        assert_eq!(receiver.take(message(Some(id), body)), None);
    }
    receiver.begin();
    assert_eq!(receiver.tried().await, [1, 3]);
    receiver.begin();
    assert!(!receiver.is_trying(), "the store rests");
    receiver.rested().await;
    receiver.begin();
    assert_eq!(receiver.tried().await, [2]);
    receiver.rested().await;
    receiver.begin();
    assert_eq!(receiver.tried().await, [4]);
    assert_eq!(*inbox.asked.lock().expect("asked"), [vec!["a", "b", "c", "d"], vec!["b", "d"], vec!["d"]]);
    let account = counters.status().account;
    assert_eq!((account.created, account.duplicate, account.postponed), (2, 1, 3));
    assert_eq!(account.refused, [(Reason::BadTime, 1)].into());
    assert_eq!(account.received, 4);
}

#[tokio::test]
async fn a_message_settled_after_its_connection_went_is_not_created_again() {
    let (mut receiver, inbox, counters) = receiver(false);
    for (id, body) in [(1, "a"), (2, "b")] {
        assert_eq!(receiver.take(message(Some(id), body)), None);
    }
    receiver.begin();
    assert_eq!(receiver.take(message(Some(3), "c")), None);
    receiver.settle().await;
    receiver.resume(true);
    // The broker sends all three again; the first two are acknowledged at once.
    let again = |id, body| Publish { again: true, ..message(Some(id), body) };
    assert_eq!(receiver.take(again(1, "a")), Some(1));
    // The same identifier with another body, or without the mark, is another message.
    assert_eq!(receiver.take(again(2, "other")), None);
    assert_eq!(receiver.take(again(3, "c")), None);
    receiver.begin();
    assert_eq!(receiver.tried().await, [2, 3]);
    assert_eq!(*inbox.asked.lock().expect("asked"), [vec!["a", "b"], vec!["other", "c"]]);
    assert_eq!(counters.status().account.created, 4);
}

#[tokio::test]
async fn what_waits_is_kept_when_the_broker_lost_our_session() {
    let (mut receiver, inbox, _) = receiver(false);
    assert_eq!(receiver.take(message(Some(1), "a")), None);
    receiver.settle().await;
    receiver.resume(false);
    receiver.begin();
    assert_eq!(receiver.tried().await, Vec::<u16>::new(), "there is nobody to acknowledge it to");
    assert_eq!(*inbox.asked.lock().expect("asked"), [vec!["a"]]);
}

#[tokio::test]
async fn what_is_not_on_the_template_is_acknowledged_and_counted() {
    let (mut receiver, _, counters) = receiver(false);
    for topic in [None, Some("v1.1/Observations"), Some("in/v1.1/Things"), Some("in/"), Some("in/v1.1/x/Observations")]
    {
        let foreign = Publish { topic: topic.map(str::to_owned), ..message(Some(8), "{}") };
        assert_eq!(receiver.take(foreign), Some(8));
    }
    assert_eq!(receiver.too_large(Some(9)), Some(9));
    let account = counters.status().account;
    assert_eq!(account.refused, [(Reason::TooLarge, 1), (Reason::NotAllowed, 5)].into());
    assert_eq!(account.received, 6);
}

#[tokio::test]
async fn an_entity_of_ours_is_passed_over_where_prefixes_are_the_same() {
    let (mut receiver, _, counters) = receiver(true);
    let told = r#"{"@iot.selfLink": "http://town/v1.1/Observations('1-1')", "result": 1}"#;
    assert_eq!(receiver.take(message(Some(1), told)), Some(1));
    let parameter = r#"{"result": 1, "parameters": {"@iot.selfLink": "x"}}"#;
    assert_eq!(receiver.take(message(Some(2), parameter)), None);
    assert_eq!(counters.status().account.echo, 1);
}

#[tokio::test]
async fn nothing_is_read_while_too_much_waits() {
    let (mut small, ..) = receiver(false);
    for id in 1..=RECEIVE_MAX {
        assert!(small.has_room());
        assert_eq!(small.take(message(Some(id), "a")), None);
    }
    assert!(!small.has_room());
    small.begin();
    assert!(small.has_room());

    let (mut large, _, counters) = receiver(false);
    let body = "x".repeat(64 << 10);
    let mut taken = 0;
    while large.has_room() {
        assert_eq!(large.take(message(None, &body)), None);
        taken += 1;
    }
    assert_eq!(taken, 64, "4 MiB of 64 KiB, each a little longer by its path");
    large.begin();
    assert_eq!(large.tried().await, Vec::<u16>::new());
    assert!(large.has_room());
    assert_eq!(counters.status().account.created, 64);
}

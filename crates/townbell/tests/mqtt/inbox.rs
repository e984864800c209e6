//! A store that does what the test says, and the program's half of a link around it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use city::{Reason, Time};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use townbell::mqtt::session::{Session, run};
use townbell::mqtt::{Counters, Inbox, Link, Message, MqttConfig, Outbox, Outcome, Update};

/// Bodies are `{"result": N}`. Equal bodies to one path are one observation.
pub(crate) struct Store {
    pub(crate) outbox: Outbox,
    /// A commit takes one.
    pub(crate) commits: Semaphore,
    /// What is on the disk, in order.
    pub(crate) kept: Mutex<Vec<(String, String)>>,
    known: Mutex<HashSet<(String, String)>>,
    pub(crate) full: AtomicBool,
    /// Times that it was asked, and for how many at most.
    pub(crate) asked: AtomicU64,
    pub(crate) largest: AtomicU64,
}

impl Inbox for Store {
    async fn create(&self, messages: &[Message]) -> Vec<Outcome> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(messages.len() as u64, Ordering::SeqCst);
        if self.full.load(Ordering::SeqCst) {
            return vec![Outcome::Unavailable; messages.len()];
        }
        self.commits.acquire().await.expect("open").forget();
        messages.iter().map(|message| self.keep(message)).collect()
    }
}

impl Store {
    fn keep(&self, message: &Message) -> Outcome {
        let Ok(body) = serde_json::from_slice::<Value>(&message.payload) else {
            return Outcome::Refused(Reason::Malformed);
        };
        let Some(result) = body.get("result").and_then(Value::as_f64) else {
            return Outcome::Refused(Reason::MissingField);
        };
        let kept = (message.path.clone(), body.to_string());
        if !self.known.lock().expect("known").insert(kept.clone()) {
            return Outcome::Duplicate;
        }
        self.kept.lock().expect("kept").push(kept);
        self.outbox.push(1, std::iter::once(update(result)));
        Outcome::Created
    }

    pub(crate) fn kept(&self) -> usize {
        self.kept.lock().expect("kept").len()
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The canonical observation.
pub(crate) fn update(result: f64) -> Update {
    let Value::Object(entity) = json!({
        "@iot.id": "1-1700000000000",
        "@iot.selfLink": "http://town/v1.1/Observations('1-1700000000000')",
        "phenomenonTime": "2023-11-14T22:13:20Z",
        "result": result,
    }) else {
        panic!("an object");
    };
    Update { sets: vec!["Observations".to_owned(), "Datastreams(1)/Observations".to_owned()], changed: None, entity }
}

/// The program's half.
pub(crate) struct Town {
    pub(crate) store: Arc<Store>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) outbox: Outbox,
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

pub(crate) fn config(port: u16) -> MqttConfig {
    MqttConfig { receive_prefix: "in/".to_owned(), ..MqttConfig::new(format!("127.0.0.1:{port}"), "townbell-test") }
}

impl Town {
    /// With a store that commits `commits` times and then hangs.
    pub(crate) fn start(config: MqttConfig, commits: usize) -> Self {
        Self::begin(config, commits, false)
    }

    /// With a store that is full before anything can come.
    pub(crate) fn start_full(config: MqttConfig) -> Self {
        Self::begin(config, 100, true)
    }

    fn begin(config: MqttConfig, commits: usize, full: bool) -> Self {
        assert_eq!(config.mistake(), None);
        let at = Time::from_ms(1_700_000_000_000).expect("a time");
        let counters = Arc::new(Counters::new(at));
        let outbox = Outbox::new(Arc::clone(&counters));
        let store = Arc::new(Store {
            outbox: outbox.clone(),
            commits: Semaphore::new(commits),
            kept: Mutex::default(),
            known: Mutex::default(),
            full: AtomicBool::new(full),
            asked: AtomicU64::new(0),
            largest: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let session = Session {
            config,
            inbox: Arc::clone(&store),
            outbox: outbox.clone(),
            counters: Arc::clone(&counters),
            now: Arc::new(move || at),
            seed: 1,
        };
        let task = tokio::spawn(run(session, stopped));
        Self { store, counters, outbox, task, stop }
    }

    pub(crate) async fn connected(&self) {
        self.until("a link", || matches!(self.counters.status().link, Link::Connected { .. })).await;
        // The subscriptions follow the welcome at once.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    pub(crate) async fn until(&self, what: &str, is: impl Fn() -> bool) {
        for _ in 0..800 {
            if is() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("waited in vain for {what}; {:?}", self.counters.status());
    }

    /// As a power cut ends it.
    pub(crate) async fn kill(self) {
        self.task.abort();
        // That it was cancelled is what was wanted.
        let _cancelled = self.task.await;
    }

    /// As an operator ends it.
    pub(crate) async fn stop(self) {
        self.stop.send(true).expect("somebody listens");
        self.task.await.expect("no panic");
    }
}

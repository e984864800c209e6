//! A receiver that speaks HTTP, and behaves at each path as it is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};

/// How it behaves.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Takes it, after a while.
    Takes(Duration),
    /// Answers with this status.
    Says(u16),
    /// Sends elsewhere.
    Redirects(String),
    /// Never answers.
    Hangs,
    /// Says 200 and then talks without an end.
    Talks,
}

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct Shared {
    behaviours: Mutex<HashMap<String, Behaviour>>,
    came: Mutex<Vec<Came>>,
}

/// The receiver.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(crate) fn behave(&self, path: &str, behaviour: Behaviour) {
        self.shared.behaviours.lock().expect("behaviours").insert(path.to_owned(), behaviour);
    }

    /// All that came at a path so far.
    pub(crate) fn at(&self, path: &str) -> Vec<Came> {
        self.shared.came.lock().expect("what came").iter().filter(|came| came.path == path).cloned().collect()
    }

    /// Waits until so many have come at a path.
    pub(crate) async fn until(&self, path: &str, count: usize, within: Duration) -> Vec<Came> {
        let until = tokio::time::Instant::now() + within;
        loop {
            let came = self.at(path);
            if came.len() >= count {
                return came;
            }
            assert!(tokio::time::Instant::now() < until, "{} of {count} came at {path} within {within:?}", came.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let body = String::from_utf8_lossy(&body).into_owned();
    let behaviour = shared.behaviours.lock().expect("behaviours").get(&path).cloned();
    shared.came.lock().expect("what came").push(Came { path, query, headers, body });
    let said = |status: u16| Response::builder().status(status);
    let built = match behaviour.unwrap_or(Behaviour::Takes(Duration::ZERO)) {
        Behaviour::Takes(after) => {
            tokio::time::sleep(after).await;
            said(200).body(Body::from("taken"))
        }
        Behaviour::Says(status) => said(status).body(Body::from("no\r\nX-Evil: yes\u{7}")),
        Behaviour::Redirects(to) => said(307).header("location", to).body(Body::empty()),
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Talks => {
            let (line, (sender, receiver)) = (Bytes::from(vec![b'x'; 64 << 10]), tokio::sync::mpsc::channel(1));
            tokio::spawn(async move { while sender.send(Ok::<_, std::io::Error>(line.clone())).await.is_ok() {} });
            said(200).body(Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver)))
        }
    };
    built.expect("an answer")
}

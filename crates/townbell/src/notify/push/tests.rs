//! Browsers at a push service of the test's own.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use watch::notify::Secret;

use super::*;
use crate::notify::Earnest;
use crate::notify::tests::call;

/// The user agent of RFC 8291, appendix A.
const BROWSER: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
/// The application server of the same place.
const IDENTITY: &str = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8 \
                        yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

type Got = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

async fn take(State(got): State<Got>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    got.lock().expect("the list").push((uri.path().to_owned(), headers, body));
    match uri.path() {
        "/gone" => StatusCode::GONE,
        "/broken" => StatusCode::BAD_GATEWAY,
        "/refuses" => StatusCode::FORBIDDEN,
        _ => StatusCode::CREATED,
    }
}

struct Town {
    folder: tempfile::TempDir,
    base: String,
    got: Got,
    web: Web,
    settings: WebPush,
}

impl Town {
    async fn start() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("vapid");
        std::fs::write(&file, IDENTITY).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("kept from others");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let got = Got::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&got));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings =
            WebPush { contact: "mailto:desk@example.org".to_owned(), secret: Secret::File("vapid".to_owned()) };
        Self { folder, base, got, web: Web::new(Earnest::of_a_test()).expect("a client"), settings }
    }

    fn browser(&self, path: &str) -> PushSubscription {
        let (public_key, secret) = keys(BROWSER, AUTH).expect("keys");
        let endpoint = format!("{}/{path}", self.base);
        let (channel, role) = ("push".to_owned(), "duty_officer".to_owned());
        PushSubscription { endpoint, channel, role, public_key, secret, until: now() }
    }

    async fn push(&self, to: &[&str], had: &BTreeSet<String>) -> Pushed {
        let notification = call("k1");
        let letter = Letter { notification: &notification, link: None };
        let to = to.iter().map(|path| self.browser(path)).collect();
        send(&self.settings, &self.web, self.folder.path(), letter, to, had, now()).await
    }

    fn paths(&self) -> Vec<String> {
        self.got.lock().expect("the list").drain(..).map(|(path, ..)| path).collect()
    }
}

fn now() -> Time {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

#[tokio::test]
async fn each_browser_is_told_once_and_the_gone_are_named() {
    let town = Town::start().await;
    let pushed = town.push(&["a", "gone", "broken"], &BTreeSet::new()).await;
    let why = pushed.result.expect_err("one has it not yet");
    assert_eq!((why.why.as_str(), why.refused), ("1 of 2 browsers; 502", false));
    assert_eq!(pushed.gone, [format!("{}/gone", town.base)]);
    assert_eq!(town.paths(), ["/a", "/gone", "/broken"]);

    let had: BTreeSet<String> = pushed.have_it.into_iter().collect();
    let pushed = town.push(&["a", "b"], &had).await;
    assert_eq!(pushed.result.expect("all have it"), "2 of 2 browsers");
    assert_eq!(town.paths(), ["/b"], "the first had it");

    assert!(
        town.push(&["a", "refuses"], &BTreeSet::new()).await.result.is_ok(),
        "what refuses for good holds up nobody"
    );
    assert!(town.push(&["refuses"], &BTreeSet::new()).await.result.is_err_and(|why| why.refused));
    assert!(town.push(&["gone"], &BTreeSet::new()).await.result.is_err_and(|why| why.refused));
    let nobody = town.push(&[], &BTreeSet::new()).await.result.expect_err("nobody");
    assert_eq!(nobody.why, "no browser of duty_officer is subscribed");
}

#[tokio::test]
async fn what_is_sent_is_what_push_services_ask_for() {
    let town = Town::start().await;
    town.push(&["a"], &BTreeSet::new()).await.result.expect("taken");
    let (_, headers, body) = town.got.lock().expect("the list").pop().expect("one");
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!((header("content-encoding").as_str(), header("urgency").as_str()), ("aes128gcm", "high"));
    assert_eq!(header("ttl"), "21600");
    assert_eq!(header("topic"), short_key("k1"));
    assert!(header("topic").len() <= 32, "RFC 8030, 5.4");
    assert!(header("authorization").starts_with("vapid t="));
    // Salt, record size, and our key of 65 bytes (RFC 8188, 2.1).
    assert_eq!(body.get(16..21), Some(&[0, 0, 16, 0, 65][..]));
    assert!(!body.windows(4).any(|part| part == b"Lago"));
}

#[test]
fn only_push_services_of_browsers_are_asked() {
    for good in [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGx",
        "https://wns2-par02p.notify.windows.com/w/?token=x",
    ] {
        judge_endpoint(good).unwrap_or_else(|why| panic!("{good}: {why}"));
    }
    for bad in [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilnotify.windows.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "ftp://web.push.apple.com/x",
        "",
    ] {
        assert!(judge_endpoint(bad).is_err(), "{bad}");
    }
    assert!(keys(BROWSER, "AAAA").is_err() && keys("AAAA", AUTH).is_err());
}

//! What the tests of the whole program share: the demo city, a folder that goes away, and a small HTTP client.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    reason = "each test file uses its own part, and says what it expected"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use city::Time;
use reqwest::StatusCode;

/// The demo city in the source tree.
pub fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo")
}

/// An instant from text.
pub fn at(text: &str) -> Time {
    text.parse().expect("an RFC 3339 time")
}

/// A thing and a series of the test's own for a city's configuration, so that it is a sender like any other.
pub const SENSOR: &str = r#"
[[thing]]
id = 90
name = "A sender of the test"
description = "Sends as fast as it is answered."
longitude = -51.2
latitude = -30.05

[[datastream]]
id = 90
name = "A sender of the test"
thing = 90
observed_property = "water_level"
feed = "water"
beat = "3650 days"
"#;

/// A copy of the demo city's text files, with its data linked, so that a test can change the configuration.
pub fn city_with(folder: &Path, more: &str) -> PathBuf {
    let city = folder.join("city");
    std::fs::create_dir_all(city.join("rules")).expect("a folder");
    let text = std::fs::read_to_string(demo().join("city.toml")).expect("the demo city");
    std::fs::write(city.join("city.toml"), format!("{text}\n{more}\n")).expect("written");
    for rule in std::fs::read_dir(demo().join("rules")).expect("rules").flatten() {
        std::fs::copy(rule.path(), city.join("rules").join(rule.file_name())).expect("copied");
    }
    std::os::unix::fs::symlink(demo().join("data").canonicalize().expect("data"), city.join("data")).expect("linked");
    city
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A running `townbell demo`; killed when dropped.
pub struct Demo {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Demo {
    /// Starts it. Its log goes to `DATA/log`.
    pub fn start(city: &Path, data: &Path, port: u16, arguments: &[&str]) -> Self {
        std::fs::create_dir_all(data).expect("a data folder");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.join("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_townbell"))
            .args(["demo", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--city")
            .arg(city)
            .arg("--data")
            .arg(data)
            .args(arguments)
            .env("TOWNBELL_LOG", "debug")
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .expect("the binary runs");
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Whether the process is still there.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Ctrl+C, and waits until it has stopped in order.
    pub fn stop(mut self) {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill runs");
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "stopped in disorder: {status}");
    }

    /// Waits until it answers.
    pub async fn ready(&mut self) {
        for _ in 0..1_200 {
            if get(self.address, "/health").await.is_some_and(|(status, _)| status == StatusCode::OK) {
                return;
            }
            assert!(self.runs(), "it ended at the start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it did not come up within a minute");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// GET; `None` when nobody answers.
pub async fn get(address: SocketAddr, path: &str) -> Option<(StatusCode, String)> {
    let response = client().get(format!("http://{address}{path}")).send().await.ok()?;
    Some((response.status(), response.text().await.ok()?))
}

/// GET of JSON that must be there.
pub async fn json(address: SocketAddr, path: &str) -> serde_json::Value {
    let (status, body) = get(address, path).await.expect("an answer");
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

/// POST; `None` when nobody answers.
pub async fn post(address: SocketAddr, path: &str, body: impl Into<reqwest::Body>) -> Option<(StatusCode, String)> {
    let request = client().post(format!("http://{address}{path}")).header("content-type", "application/json");
    let response = request.body(body).send().await.ok()?;
    Some((response.status(), response.text().await.ok()?))
}

/// A client.
pub fn client() -> reqwest::Client {
    // The second test finds it installed.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client")
}

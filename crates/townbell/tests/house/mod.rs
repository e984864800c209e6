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
use std::process::{Child, Command, ExitStatus};
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

/// An address on loopback that was free a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}

/// The program, running; killed when dropped.
pub struct Program {
    child: Child,
    /// Its data folder.
    pub data: PathBuf,
}

impl Program {
    /// The program with these arguments, not started yet.
    pub fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_townbell"));
        command.args(arguments).env("TOWNBELL_LOG", "debug").env_remove("TOWNBELL_TOKEN");
        command
    }

    /// Starts it on a data folder. All that it says goes to `DATA/log`, in the place of what one before it said.
    pub fn start(mut command: Command, data: &Path) -> Self {
        std::fs::create_dir_all(data).expect("a data folder");
        let log = std::fs::File::create(data.join("log")).expect("a log");
        command.arg("--data").arg(data).stdout(log.try_clone().expect("the log")).stderr(log);
        Self { child: command.spawn().expect("the binary runs"), data: data.to_owned() }
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("log")).expect("the log")
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }

    /// Fails when it has ended.
    pub fn alive(&mut self) {
        if let Some(status) = self.ended() {
            panic!("the program ended: {status}: {}", self.log());
        }
    }

    /// Waits until it answers.
    pub async fn ready(&mut self, address: SocketAddr) {
        for _ in 0..1_200 {
            if get(address, "/health").await.is_some_and(|(status, _)| status == StatusCode::OK) {
                return;
            }
            self.alive();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it did not come up within a minute: {}", self.log());
    }

    /// The most memory that it ever had, in MiB (`VmHWM` of proc(5)).
    pub fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("kB") / 1024
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Ctrl+C, and waits until it has stopped in order.
    pub fn stop(mut self) {
        // It answers a moment before it listens to signals; it says so right before it does.
        for _ in 0..100 {
            if self.log().contains("Ctrl+C") {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(20));
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill runs");
        let status = self.child.wait().expect("its end");
        assert!(
            status.success(),
            "stopped in disorder: {status}: {}",
            std::fs::read_to_string(self.data.join("log")).unwrap_or_default()
        );
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
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

//! A city that runs within the test.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    reason = "each test file uses its own part, and says what it expected"
)]

use std::net::SocketAddr;
use std::time::Duration;

use account::Access;
use serde_json::Value;
use townbell::conductor::Speed;
use townbell::config::City;
use townbell::tell::App;
use townbell::wire::{self, Running, Source};

use crate::house::{at, demo};

/// When the recording begins.
pub const FROM: &str = "2024-04-30T12:00:00-03:00";

/// The demo city on its recording, after so many minutes of it.
pub async fn start(folder: &std::path::Path, access: Access, minutes: i64) -> Running {
    start_city(City::read(&demo()).expect("the demo city is right"), folder, access, minutes).await
}

/// The same of another city.
pub async fn start_city(city: City, folder: &std::path::Path, access: Access, minutes: i64) -> Running {
    let from = at(FROM);
    let to = from + city::Span::min(minutes);
    let source = Source::Replay { origin: from, from, to, speed: Speed::FULL };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = wire::Options { city, data: folder.to_path_buf(), listen, access, source };
    let running = wire::start(options).await.expect("it starts");
    until(&running.app, to).await;
    running
}

async fn until(app: &App, to: city::Time) {
    for _ in 0..2_400 {
        if app.clock.now() >= to {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the replay did not get there within two minutes");
}

/// A problem document (RFC 9457) that has what it has to have.
pub fn problem(body: &str) -> Value {
    let problem: Value = serde_json::from_str(body).expect("a problem document");
    for field in ["type", "title", "status", "detail"] {
        assert!(!problem[field].is_null(), "{field} is missing in {body}");
    }
    problem
}

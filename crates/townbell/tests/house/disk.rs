//! The program on a disk of ours, which fails or fills as it is told.
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

use reqwest::StatusCode;

use crate::house::get;
use crate::shim::{Plan, Shim};

/// The store, within the data folder.
pub const DATABASE: &str = "townbell.sqlite";

/// The program on a disk of ours; killed when dropped.
pub struct Town {
    /// Its process.
    pub child: Child,
    /// Its folder.
    pub data: PathBuf,
}

impl Town {
    /// Starts it. Its log goes to `DATA/log`.
    pub fn start(shim: &Shim, data: &Path, arguments: &[&str], plan: &Plan) -> Self {
        std::fs::create_dir_all(data).expect("a data folder");
        let log = std::fs::File::create(data.join("log")).expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_townbell"));
        command.args(arguments).arg("--data").arg(data);
        command.env_remove("TOWNBELL_TOKEN").stdout(Stdio::null()).stderr(Stdio::from(log));
        let plan = Plan { at_end: true, report: Some(data.join("report")), ..plan.clone() };
        shim.preload(&mut command, &data.join(DATABASE), &plan);
        Self { child: command.spawn().expect("the binary runs"), data: data.to_owned() }
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("log")).expect("the log")
    }

    /// Waits until it answers.
    pub async fn ready(&mut self, address: SocketAddr) {
        for _ in 0..1_200 {
            if get(address, "/health").await.is_some_and(|(status, _)| status == StatusCode::OK) {
                return;
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended at the start ({ended:?}): {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it did not come up within a minute: {}", self.log());
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

//! The engines: what each is, whether it is here, how its job is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::rule;
use crate::server::command;

/// Events that the fast ones take: thirty minutes of ten thousand keys, so that a virtual machine has long warmed up.
const MANY: u64 = 18_000_000;
/// Events that those take whose logic is Python or JavaScript: four minutes.
const FEW: u64 = 2_400_000;
/// Events of the run that shows what starting costs.
pub(crate) const START_EVENTS: u64 = 1_000;
/// Keys in all of them.
pub(crate) const KEYS: u64 = 10_000;
/// What the module system must open to Flink, as its own start scripts do; and a heap that it does not fill.
const JAVA: [&str; 5] = [
    "-Xmx2g",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.time=ALL-UNNAMED",
    "-Dlog4j2.level=ERROR",
];

/// Who does the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    /// The crate `watch`.
    Townbell,
    /// Apache Flink, state on the heap.
    Flink,
    /// The same with a checkpoint on the disk each second.
    FlinkCheckpoints,
    /// Bytewax.
    Bytewax,
    /// Pathway.
    Pathway,
    /// Node-RED.
    NodeRed,
    /// No engine: a loop over a hash map.
    Loop,
}

/// All of them, in the order of the tables.
pub(crate) const ALL: [Engine; 7] = [
    Engine::Townbell,
    Engine::Flink,
    Engine::FlinkCheckpoints,
    Engine::Bytewax,
    Engine::Pathway,
    Engine::NodeRed,
    Engine::Loop,
];

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// What `install-watch.sh` filled.
    pub(crate) peers: PathBuf,
    /// Throw-away folder.
    pub(crate) work: PathBuf,
    /// The program of Townbell's engine.
    pub(crate) watch_job: PathBuf,
}

impl Engine {
    /// Its name, as `--only` takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Townbell => "townbell",
            Self::Flink => "flink",
            Self::FlinkCheckpoints => "flink-checkpoints",
            Self::Bytewax => "bytewax",
            Self::Pathway => "pathway",
            Self::NodeRed => "node-red",
            Self::Loop => "loop",
        }
    }

    /// For the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Townbell if rule::IS_THE_JOB => "**Townbell** (crate `watch`)",
            Self::Townbell => "Townbell, NOT THE JOB: a mean that slides, to try the bench",
            Self::Flink => "Apache Flink (DataStream)",
            Self::FlinkCheckpoints => "Apache Flink, checkpoints",
            Self::Bytewax => "Bytewax (Python logic)",
            Self::Pathway => "Pathway (Python source)",
            Self::NodeRed => "Node-RED (HTTP, 500 events a post)",
            Self::Loop => "*loop over a hash map, no engine*",
        }
    }

    /// What becomes of its state.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::Townbell => "snapshot each million events, synced",
            Self::FlinkCheckpoints => "checkpoint on the disk each second",
            _ => "memory only",
        }
    }

    /// How many events it gets, of a share of the whole.
    pub(crate) fn events(self, share: f64) -> u64 {
        let all = match self {
            Self::Bytewax | Self::Pathway | Self::NodeRed => FEW,
            _ => MANY,
        };
        // Whole minutes of all keys.
        let minutes = (all as f64 * share / (60 * KEYS) as f64).round().max(1.0);
        minutes as u64 * 60 * KEYS
    }

    /// Its version; `None` when it is not here.
    pub(crate) fn version(self, installed: &Installed) -> Option<String> {
        let file = match self {
            Self::Townbell => return installed.watch_job.exists().then(|| "this source".to_owned()),
            Self::Loop => return Some("this source".into()),
            Self::Flink | Self::FlinkCheckpoints => "flink",
            engine => engine.name(),
        };
        Some(fs::read_to_string(installed.peers.join("versions").join(file)).ok()?.trim().to_owned())
    }

    /// A folder of its own, empty.
    pub(crate) fn scratch(self, installed: &Installed) -> anyhow::Result<PathBuf> {
        let folder = installed.work.join("watch").join(self.name());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Its job; Node-RED's is a server and has none. What it keeps is in `scratch`.
    pub(crate) fn command(self, events: u64, installed: &Installed, scratch: &Path) -> anyhow::Result<Command> {
        let mut out = match self {
            Self::Townbell => command(&installed.watch_job),
            Self::Flink | Self::FlinkCheckpoints => {
                let folder = |name: &str| installed.peers.join(name).display().to_string();
                let mut java = command("java");
                java.args(JAVA).arg("-cp").arg(format!("{}/*:{}", folder("flink/lib"), folder("classes")));
                java.arg("RulesJob");
                java
            }
            Self::Bytewax | Self::Pathway => {
                let mut python = command(installed.peers.join("python/bin/python"));
                python.arg(source(&format!("{}_job.py", self.name())));
                python
            }
            Self::NodeRed => anyhow::bail!("Node-RED is a server"),
            Self::Loop => {
                let mut same = command(std::env::current_exe()?);
                same.arg("watch-loop");
                same
            }
        };
        out.arg(events.to_string()).arg(KEYS.to_string());
        match self {
            Self::Townbell => out.arg(scratch.join("state")),
            Self::FlinkCheckpoints => out.arg(scratch.join("checkpoints")),
            _ => &mut out,
        };
        Ok(out)
    }
}

/// A file of `benches/peers/watch`.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("watch").join(name)
}

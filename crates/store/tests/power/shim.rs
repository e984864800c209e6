//! The library that plays the power cut (`cut.c`): it is built here, and told here what to do.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Status of a program whose power was cut.
pub const STATUS_CUT: i32 = 97;
/// EIO and ENOSPC of Linux, the two that disks give.
pub const EIO: i32 = 5;
pub const ENOSPC: i32 = 28;

/// The library, built into a folder that goes away with it.
pub struct Shim {
    library: PathBuf,
    _folder: tempfile::TempDir,
}

impl Shim {
    pub fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("cut.c"), folder.path().join("cut.so"));
        std::fs::write(&source, include_str!("cut.c")).unwrap();
        let built = Command::new("cc")
            .args(["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o"])
            .args([&library, &source])
            .output()
            .expect("cc: a C compiler is needed, as for SQLite");
        assert!(built.status.success(), "cut.c: {}", String::from_utf8_lossy(&built.stderr));
        Self { library, _folder: folder }
    }

    /// Puts a command under the library, with every file whose path begins with `prefix`.
    pub fn preload(&self, command: &mut Command, prefix: &Path, plan: &Plan) {
        let set = |command: &mut Command, name: &str, value: i64| {
            if value != 0 {
                command.env(name, value.to_string());
            }
        };
        command.env("LD_PRELOAD", &self.library).env("CUT_PREFIX", prefix);
        set(command, "CUT_SEED", plan.seed.cast_signed());
        set(command, "CUT_AT", plan.at.cast_signed());
        set(command, "CUT_AT_END", i64::from(plan.at_end));
        set(command, "CUT_LIE", i64::from(plan.lie));
        set(command, "CUT_FAIL_SYNC", plan.fail_sync.cast_signed());
        set(command, "CUT_FAIL_WRITE", plan.fail_write.cast_signed());
        set(command, "CUT_ERRNO", i64::from(plan.errno));
        set(command, "CUT_ROOM", plan.room.cast_signed());
        if !plan.sync_of.is_empty() {
            command.env("CUT_SYNC_OF", plan.sync_of);
        }
        if let Some(armed) = &plan.armed {
            command.env("CUT_ARMED", armed);
        }
        if let Some(report) = &plan.report {
            command.env("CUT_REPORT", report);
        }
    }
}

/// What is to go wrong; nothing where it is 0. The words are those of `cut.c`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub seed: u64,
    pub at: u64,
    pub at_end: bool,
    pub lie: bool,
    pub fail_sync: u64,
    /// Count only the syncs of files that end so.
    pub sync_of: &'static str,
    pub fail_write: u64,
    pub errno: i32,
    pub room: u64,
    pub armed: Option<PathBuf>,
    pub report: Option<PathBuf>,
}

/// What the library counted until the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    pub operations: u64,
    pub writes: u64,
    pub syncs: u64,
    pub syncs_after_failure: u64,
    /// The sync that failed was one of the folder.
    pub folder_failed: bool,
}

impl Counted {
    /// Reads a report.
    pub fn read(report: &Path) -> Self {
        let text = std::fs::read_to_string(report).unwrap_or_else(|error| panic!("no report of cut.c: {error}"));
        let number = |name: &str| -> u64 {
            let mut words = text.split_whitespace().skip_while(|word| *word != name).skip(1);
            words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("no {name} in: {text}"))
        };
        Self {
            operations: number("operations"),
            writes: number("writes"),
            syncs: number("syncs"),
            syncs_after_failure: number("syncs_after_failure"),
            folder_failed: number("folder_failed") == 1,
        }
    }
}

/// The next number of a sequence that is the same at every run (splitmix64).
pub fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

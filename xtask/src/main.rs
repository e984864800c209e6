//! Work around the house: `cargo xtask tidy | generate | bench`. No dependencies, so that it builds at once.

mod bench;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let root = root();
    let result = match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::run(&root),
        Some("generate") => generate(&root),
        Some("bench") => bench::run(&root),
        _ => Err("expected: cargo xtask tidy | generate | bench".to_owned()),
    };
    match result {
        Ok(said) => {
            say(&said);
            ExitCode::SUCCESS
        }
        Err(why) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is a command; it speaks on the terminal")]
fn say(text: &str) {
    println!("{text}");
}

/// The root of the workspace: the parent of this crate's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// What is generated from code and committed: the arguments that print it, and its file.
const GENERATED: [(&[&str], &str); 2] = [(&["openapi"], "api/openapi.json"), (&["gate", "census"], "privacy.lock")];

/// What the program prints now.
fn printed(root: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--locked", "--package", "townbell", "--"]).args(arguments).current_dir(root);
    let output = command.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Writes what is generated.
fn generate(root: &Path) -> Result<String, String> {
    for (arguments, file) in GENERATED {
        let path = root.join(file);
        let folder = path.parent().unwrap_or(root);
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        std::fs::write(&path, printed(root, arguments)?).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok("api/openapi.json and privacy.lock are written; look at the difference before you commit it.".to_owned())
}

/// The generated files whose committed text is not what the program prints now.
fn stale(root: &Path) -> Result<Vec<&'static str>, String> {
    let mut out = Vec::new();
    for (arguments, file) in GENERATED {
        if std::fs::read(root.join(file)).unwrap_or_default() != printed(root, arguments)? {
            out.push(file);
        }
    }
    Ok(out)
}

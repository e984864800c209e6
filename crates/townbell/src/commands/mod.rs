//! The commands, one file each. They print to people; everything else logs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands speak on the terminal")]

pub mod backtest;
pub mod census;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod openapi;
mod plot;
pub mod progress;
pub mod readings;
pub mod recordings;
pub mod replay;
pub mod rules;
pub mod sandbox;
pub mod serve;
pub mod throw_away;

/// Says an error on the terminal, with what led to it.
pub fn say_error(error: &anyhow::Error) {
    eprintln!("townbell: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// Refuses a replay that ends before it begins.
pub(crate) fn in_order(from: city::Time, to: city::Time) -> anyhow::Result<()> {
    anyhow::ensure!(from < to, "--from {from} is not before --to {to}");
    Ok(())
}

/// Logs go to the error stream: only what needs somebody, unless RUST_LOG-like `TOWNBELL_LOG` says otherwise.
pub fn start_logging() {
    let level = match std::env::var("TOWNBELL_LOG").unwrap_or_default().as_str() {
        "error" => tracing::Level::ERROR,
        "info" => tracing::Level::INFO,
        "debug" => tracing::Level::DEBUG,
        _ => tracing::Level::WARN,
    };
    // A second subscriber in the same process (tests) is refused, and the first stays.
    let _first = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .try_init();
}

//! `townbell rules explain [RULE]`

use std::path::Path;
use std::process::ExitCode;

use watch::holds::Holds;

use super::{backtest, check};
use crate::config::City;

/// Prints each rule, or one, as one plain sentence, and what it may come to hold.
///
/// # Errors
/// When there is no such rule.
pub fn explain(folder: &Path, rule: Option<&str>) -> anyhow::Result<ExitCode> {
    super::start_logging();
    let Ok(city) = City::read(folder) else { return check::run(folder) };
    let (rules, only) = match rule.map(|rule| backtest::find(&city, rule)).transpose()? {
        Some(Err(mistakes)) => return Ok(check::say(&mistakes)),
        Some(Ok((rules, id))) => (rules, Some(id)),
        None => (city.rules.clone(), None),
    };
    for rule in rules.iter().filter(|rule| only.as_ref().is_none_or(|id| rule.id == *id)) {
        println!("{}: {}", rule.id, city.explain(rule, &rules));
        println!("  {}", held(rule.holds()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a rule may come to hold, in words.
fn held(holds: Holds) -> String {
    let own = bytes(holds.own_bytes);
    if holds.shared_bytes == 0 {
        return format!("It may come to hold {own} of memory.");
    }
    let shared = bytes(holds.shared_bytes);
    format!("It may come to hold {own} of memory, and {shared} that all rules on the same feeds share.")
}

/// A size in words.
fn bytes(count: usize) -> String {
    match count {
        0..1_024 => format!("{count} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", count as f64 / 1_024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

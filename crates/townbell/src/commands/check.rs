//! `townbell check CITY`

use std::path::Path;
use std::process::ExitCode;

use crate::config::City;

/// Reads everything and says every mistake.
///
/// # Errors
/// Never; mistakes are the answer.
pub fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    match City::read(folder) {
        Ok(city) => {
            println!(
                "{}: right. {} feeds, {} things, {} datastreams, {} places, {} rules.",
                city.name,
                city.feeds.len() - 1,
                city.things.len(),
                city.datastreams.len(),
                city.places.len(),
                city.rules.len()
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                println!("{mistake}");
            }
            println!(
                "{} to mend.",
                if mistakes.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) }
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

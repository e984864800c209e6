//! `townbell check CITY`

use std::path::Path;
use std::process::ExitCode;

use crate::config::{City, Mistake};

/// Reads everything, runs the tests of the rules, and says every mistake.
///
/// # Errors
/// Never; mistakes are the answer.
pub fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    let read = City::read(folder).and_then(|city| city.test_rules().map(|tests| (city, tests)));
    match read {
        Ok((city, tests)) => {
            println!(
                "{}: right. {} feeds, {} things, {} datastreams, {} places, {} rules; {tests} tests of rules passed.",
                city.name,
                city.feeds.len() - 1,
                city.things.len(),
                city.datastreams.len(),
                city.places.len(),
                city.rules.len()
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => Ok(say(&mistakes)),
    }
}

/// Says mistakes, one a line, and how many.
pub fn say(mistakes: &[Mistake]) -> ExitCode {
    for mistake in mistakes {
        println!("{mistake}");
    }
    println!(
        "{} to mend.",
        if mistakes.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) }
    );
    ExitCode::FAILURE
}

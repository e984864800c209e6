//! `townbell replay CITY --observations FILE --datastream NAME`: a recorded series through the same engine as a live
//! one, and for each ring how early it was, or that it was for nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use city::{Datastream, Time};
use jiff::tz::TimeZone;
use watch::backtest::Series;
use watch::score::{REARM, Verdict, crossings, leads, score};
use watch::{Kind, Rule, backtest};

use super::{check, readings};
use crate::config::City;

/// Replays each file against every rule with a level that looks at the datastream, and prints what rang.
///
/// # Errors
/// When a file cannot be read, or the datastream is not the city's.
pub fn run(folder: &Path, files: &[PathBuf], datastream: &str) -> anyhow::Result<ExitCode> {
    super::start_logging();
    let Ok(city) = City::read(folder) else { return check::run(folder) };
    let named = |d: &&Datastream| d.name == datastream || d.id.to_string() == datastream;
    let Some(datastream) = city.datastreams.iter().find(named) else {
        let listed: Vec<String> = city.datastreams.iter().map(|d| format!("{} ({})", d.id, d.name)).collect();
        bail!("there is no datastream {datastream:?}; there are {}", listed.join(", "));
    };
    let rules: Vec<&Rule> = city.rules.iter().filter(|rule| level_of(rule).is_some()).collect();
    let looked_at = |rule: &&Rule| matches!(&rule.kind, Kind::Rise(rise) if rise.datastreams.contains(&datastream.id));
    if !rules.iter().any(looked_at) {
        bail!("no rule looks ahead on {} ({}); a rule of kind rise does", datastream.name, datastream.id);
    }
    for file in files {
        let readings = readings::read(file, None)?;
        println!("{}: {} readings", file.file_name().unwrap_or_default().to_string_lossy(), readings.len());
        for rule in rules.iter().filter(|rule| looked_at(rule)) {
            try_rule(&city, rule, datastream, &readings)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn level_of(rule: &Rule) -> Option<f64> {
    match &rule.kind {
        Kind::Rise(rise) => Some(rise.level),
        _ => None,
    }
}

fn try_rule(city: &City, rule: &Rule, datastream: &Datastream, readings: &[(Time, f64)]) -> anyhow::Result<()> {
    let level = level_of(rule).context("a rule with a level")?;
    let property = city
        .observed_properties
        .iter()
        .find(|p| p.id == datastream.observed_property)
        .context("the observed property")?;
    let thing = city.things.iter().find(|t| t.id == datastream.thing).context("the thing")?;
    let feed = city.feed(&datastream.feed).context("the feed")?;
    let series = Series { datastream, property, thing, contract: &feed.contract, timezone: &city.zone };
    let done = backtest(rule, &series, readings.iter().copied());
    let crossed = crossings(&done.readings, level, REARM);
    let scored = score(&done.rings, &done.readings, &crossed, level);
    println!("  {}: {}", rule.id, city.explain(rule, &city.rules));
    for ring in &scored {
        let at = local(ring.ring.opened, &city.zone);
        match ring.verdict {
            Verdict::Early { crossing, lead } => {
                println!(
                    "    {at}  rings {:5.1} h before the level passes {level} m on {}",
                    lead.as_h(),
                    local(crossing, &city.zone)
                );
            }
            Verdict::Above => println!("    {at}  rings while the level is above {level} m already"),
            Verdict::False { highest } => println!("    {at}  rings for nothing: {highest:.2} m at most within 72 h"),
        }
    }
    let leads = leads(&scored, &crossed);
    for (crossing, _) in leads.iter().filter(|(_, lead)| lead.is_none()) {
        println!("    {}  passes {level} m without a ring", local(*crossing, &city.zone));
    }
    let least = leads.iter().filter_map(|(_, lead)| *lead).map(city::Span::as_h).fold(f64::INFINITY, f64::min);
    let falsely = scored.iter().filter(|ring| matches!(ring.verdict, Verdict::False { .. })).count();
    let rung = leads.iter().filter(|(_, lead)| lead.is_some()).count();
    if crossed.is_empty() {
        println!("    {} rings, no crossing, {falsely} for nothing", scored.len());
    } else {
        println!(
            "    {rung} of {} crossings rung, the latest {least:.1} h ahead; {falsely} rings for nothing",
            crossed.len()
        );
    }
    Ok(())
}

fn local(time: Time, zone: &TimeZone) -> String {
    time.timestamp().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

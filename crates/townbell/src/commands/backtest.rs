//! `townbell backtest RULE`: what a rule would have done, on the stored journal or on readings out of files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use city::{Datastream, RuleId, Span, Time};
use watch::backtest::on_series;
use watch::{Backtest, Rule};

use super::progress::Progress;
use super::{check, plot, readings, replay};
use crate::config::{City, Mistake};
use crate::past::{self, Recorded, Stretch};
use crate::tell::rules::{BacktestView, RingView};
use crate::wire::DATABASE;

/// What the command line says.
pub struct Options {
    /// A rule's name, or a path to its file.
    pub rule: String,
    /// Folder with city.toml and rules/.
    pub city: PathBuf,
    /// How many days back from the end of the journal; all of it when missing.
    pub days: Option<u32>,
    /// Data folder.
    pub data: PathBuf,
    /// Files of readings, each of the datastream at the same place.
    pub observations: Vec<PathBuf>,
    /// Names or ids of datastreams.
    pub datastreams: Vec<String>,
    /// Print the report as JSON.
    pub json: bool,
    /// File for every step of every alert.
    pub alerts: Option<PathBuf>,
}

/// Tries the rule and prints what came of it.
///
/// # Errors
/// When the rule, the journal or a file cannot be read.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    super::start_logging();
    let Ok(city) = City::read(&options.city) else { return check::run(&options.city) };
    let (rules, id) = match find(&city, &options.rule)? {
        Ok(found) => found,
        Err(mistakes) => return Ok(check::say(&mistakes)),
    };
    let Some(rule) = rules.iter().find(|rule| rule.id == id).cloned() else { bail!("there is no rule {id}") };
    let labelled = match city.episodes_of(Path::new(&rule.file)) {
        Ok(labelled) => labelled,
        Err(mistakes) => return Ok(check::say(&mistakes)),
    };
    let done = if options.observations.is_empty() {
        on_journal(&city, rules, &rule, options)?
    } else {
        on_files(&city, rules, &rule, options)?
    };
    if let Some(path) = &options.alerts {
        replay::write_changes(path, &done.changes)?;
    }
    let view = BacktestView::of(&city, &city.rules, &rule, &done, labelled.as_ref());
    if options.json {
        println!("{}", serde_json::to_string_pretty(&view)?);
    } else {
        print(&city, &view);
    }
    Ok(ExitCode::SUCCESS)
}

type Found = Result<(Vec<Rule>, RuleId), Vec<Mistake>>;

/// All rules of the city with the one that is meant: by its name, or out of a file that need not be among them.
///
/// # Errors
/// When there is neither. Mistakes in the file are an answer.
pub(super) fn find(city: &City, rule: &str) -> anyhow::Result<Found> {
    if let Some(known) = city.rules.iter().find(|known| known.id.as_str() == rule) {
        return Ok(Ok((city.rules.clone(), known.id.clone())));
    }
    let path = Path::new(rule);
    if !path.is_file() {
        let all: Vec<&str> = city.rules.iter().map(|rule| rule.id.as_str()).collect();
        bail!("{rule:?} is no rule of {} and no file; the rules are {}", city.name, all.join(", "));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{rule} cannot be read"))?;
    let found = past::with_rule(city, &city.rules, rule, &text);
    Ok(found.map_err(|errors| errors.into_iter().map(Mistake::from).collect()))
}

fn on_journal(city: &City, rules: Vec<Rule>, rule: &Rule, options: &Options) -> anyhow::Result<Backtest> {
    let path = options.data.join(DATABASE);
    if !path.is_file() {
        bail!(
            "there is no history at {}; name the data folder with --data, or a file of readings with --observations",
            path.display()
        );
    }
    let reader = store::Reader::open(&path)?;
    let end = reader.last_received()?.map(|(_, received)| received);
    let from = options.days.and_then(|days| end.map(|end| end - Span::h(24 * i64::from(days))));
    let progress = Progress::new();
    let done = past::on_journal(city, rules, &rule.id, &reader, Stretch { from, to: None }, &mut |done, all| {
        progress.at("going over the journal", done, all);
        true
    })?;
    progress.done();
    done.context("the rule went away meanwhile")
}

fn on_files(city: &City, mut rules: Vec<Rule>, rule: &Rule, options: &Options) -> anyhow::Result<Backtest> {
    let (files, names) = (&options.observations, &options.datastreams);
    if files.len() != names.len() {
        bail!("{} files of readings and {} datastreams; say a --datastream for each", files.len(), names.len());
    }
    let mut recorded = Vec::new();
    for (file, name) in files.iter().zip(names) {
        let stream = datastream(city, name)?;
        let (column, lag) = recording_of(city, stream);
        recorded.push(Recorded { datastream: stream.id, lag, readings: readings::read(file, column.as_deref())? });
    }
    // A rule on one series may be tried on another: the same lake, another gauge.
    if let [one] = recorded.as_slice()
        && !rule.kind.datastreams().contains(&one.datastream)
        && let Some(moved) = on_series(rule, one.datastream)
    {
        eprintln!("{} does not look at datastream {}; it is tried on it all the same", rule.id, one.datastream);
        rules.retain(|known| known.id != rule.id);
        rules.push(moved);
    }
    past::on_files(city, rules, &rule.id, &recorded).context("the rule went away meanwhile")
}

fn datastream<'c>(city: &'c City, name: &str) -> anyhow::Result<&'c Datastream> {
    let named = |d: &&Datastream| d.name == name || d.id.to_string() == name;
    city.datastreams.iter().find(named).with_context(|| {
        let listed: Vec<String> = city.datastreams.iter().map(|d| format!("{} ({})", d.id, d.name)).collect();
        format!("there is no datastream {name:?}; there are {}", listed.join(", "))
    })
}

/// How the demo's recordings of a series are written: the name of their column, and how late they come.
fn recording_of(city: &City, stream: &Datastream) -> (Option<String>, Span) {
    let recordings = city.demo.iter().flat_map(|demo| &demo.feeds).flat_map(|feed| &feed.recording);
    let found = recordings.into_iter().find(|recording| recording.datastream == stream.id.0);
    found.map_or((None, Span::default()), |recording| (Some(recording.result.clone()), recording.lag.0))
}

fn print(city: &City, view: &BacktestView) {
    let local = |time: Time| time.timestamp().to_zoned(city.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    println!("{}: {}", view.rule, view.sentence);
    let (Some(from), Some(to)) = (view.from, view.to) else {
        println!("There is nothing to go over yet.");
        return;
    };
    println!("\n{} to {}, {:.1} days, {} entries.", local(from), local(to), view.days, view.entries);
    println!(
        "{} alerts, {:.2} a day. Some input was silent {:.1} % of the time.",
        view.rings_total,
        view.rings_a_day,
        view.blind_share * 100.0
    );
    println!(
        "{} pages by night (22:00 to 06:00, as on-call and silences have it); {} if nobody takes them.",
        view.pages_by_night, view.pages_by_night_untaken
    );
    plot::print(view, &city.zone);
    if !view.rings.is_empty() {
        println!("\n{:16}  {:8}  {:>9}  what it saw", "opened", "severity", "stood");
    }
    for ring in &view.rings {
        print_ring(ring, &local);
    }
    if let Some(against) = &view.against {
        println!();
        for episode in &against.episodes {
            let (name, from) = (&episode.name, local(episode.from));
            match episode.lead_s {
                Some(lead_s) if lead_s >= 0 => {
                    println!("caught  {:6.1} h ahead  {name} ({from})", lead_s as f64 / 3_600.0);
                }
                Some(lead_s) => println!("caught  {:6.1} h late   {name} ({from})", -lead_s as f64 / 3_600.0),
                None => println!("missed                  {name} ({from})"),
            }
        }
        println!("{} caught, {} missed, {} rings for nothing.", against.caught, against.missed, against.for_nothing);
    }
}

fn print_ring(ring: &RingView, local: &dyn Fn(Time) -> String) {
    let severity = format!("{:?}", ring.severity).to_lowercase();
    let stood = format!("{:.1} h", ring.stood_s as f64 / 3_600.0);
    let all = [
        (ring.by_night, " [by night]"),
        (ring.flapping, " [flapping]"),
        (ring.for_nothing == Some(true), " [for nothing]"),
    ];
    let marks: String = all.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
    println!("{}  {severity:8}  {stood:>9}  {}{marks}", local(ring.opened), ring.title);
    println!("{:39}{}", "", ring.saw);
    match (ring.resolved, &ring.closed_saw) {
        (Some(at), Some(saw)) => println!("{:39}closed {}: {saw}", "", local(at)),
        _ => println!("{:39}still open at the end", ""),
    }
}

//! `townbell doctor`: what is wrong with this installation, in words, and what to do about it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;

use crate::config::City;
use crate::wire::DATABASE;

/// One finding.
enum Finding {
    Good(String),
    Bad { what: String, remedy: String },
}

/// Looks at everything that a start needs, and says what it found.
///
/// # Errors
/// Never; findings are the answer.
pub fn run(city: &Path, data: &Path, listen: SocketAddr) -> anyhow::Result<ExitCode> {
    let findings = [configuration(city), folder(data), database(data), address(listen), pages(), zone(city)];
    let mut bad = 0;
    for finding in findings {
        match finding {
            Finding::Good(what) => println!("ok       {what}"),
            Finding::Bad { what, remedy } => {
                bad += 1;
                println!("WRONG    {what}\n         {remedy}");
            }
        }
    }
    println!(
        "{}",
        match bad {
            0 => "Nothing is wrong.".to_owned(),
            1 => "One thing is wrong.".to_owned(),
            n => format!("{n} things are wrong."),
        }
    );
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bad(what: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding::Bad { what: what.into(), remedy: remedy.into() }
}

fn configuration(city: &Path) -> Finding {
    match City::read(city) {
        Ok(read) => Finding::Good(format!("configuration of {} in {}", read.name, city.display())),
        Err(mistakes) => bad(
            format!(
                "{} mistakes in the configuration in {}; the first: {}",
                mistakes.len(),
                city.display(),
                mistakes.first().map(ToString::to_string).unwrap_or_default()
            ),
            format!("run: townbell check {}", city.display()),
        ),
    }
}

fn folder(data: &Path) -> Finding {
    if let Err(error) = std::fs::create_dir_all(data) {
        return bad(format!("data folder {} cannot be made: {error}", data.display()), "choose another with --data");
    }
    let probe = data.join("doctor-probe");
    let written = std::fs::write(&probe, b"probe").and_then(|()| std::fs::File::open(&probe)?.sync_all());
    // The probe may never have been written.
    let _removed = std::fs::remove_file(&probe);
    match written {
        Ok(()) => Finding::Good(format!("data folder {} can be written and synced", data.display())),
        Err(error) => bad(
            format!("data folder {} cannot be written: {error}", data.display()),
            "check its owner, its rights and the free space",
        ),
    }
}

fn database(data: &Path) -> Finding {
    let path = data.join(DATABASE);
    if !path.is_file() {
        return Finding::Good("no database yet; the first start makes one".to_owned());
    }
    let look = || -> Result<(u64, bool), store::StoreError> {
        let reader = store::Reader::open(&path)?;
        let seq = reader.last_received()?.map_or(0, |(seq, _)| seq.0);
        let balanced = reader.accounts()?.values().all(|account| account.tally.balances());
        Ok((seq, balanced))
    };
    match look() {
        Ok((seq, true)) => Finding::Good(format!("database with {seq} journal entries; every feed's account balances")),
        Ok((_, false)) => bad(
            "an account does not balance: received is not stored + duplicate + rejected",
            "keep the data folder as it is and report this; it must never happen",
        ),
        Err(error) => bad(
            format!("the database cannot be read: {error}"),
            "restore the last backup, or move the data folder away and start anew",
        ),
    }
}

fn address(listen: SocketAddr) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) => Finding::Good(format!("{listen} is free")),
        Err(error) => bad(
            format!("{listen} cannot be listened at: {error}"),
            "stop what runs there (another townbell?), or use --listen with another port",
        ),
    }
}

fn pages() -> Finding {
    if crate::tell::pages::built() {
        Finding::Good("the pages are in this binary".to_owned())
    } else {
        bad("the pages were not built into this binary", "build it with: make run")
    }
}

fn zone(city: &Path) -> Finding {
    // What the configuration says of its zone is told by `configuration`; this is about the system's own tables.
    let name = City::read(city).map_or("UTC".to_owned(), |city| city.timezone);
    match jiff::tz::TimeZone::get(&name) {
        Ok(_) => Finding::Good(format!("time zone {name} is known")),
        Err(error) => bad(format!("time zone {name} is not known: {error}"), "install the package tzdata"),
    }
}

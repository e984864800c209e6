//! The command line: a table of commands.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use city::Time;
use clap::{Args, Parser, Subcommand};
use townbell::commands;
use townbell::conductor::Speed;

/// A city operations centre. It watches the city, never its people.
#[derive(Parser)]
#[command(name = "townbell", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the demo city: central Porto Alegre and its flood of May 2024, replayed.
    Demo(Demo),
    /// Run a city on its live feeds.
    Serve(Serve),
    /// Read all configuration of a city and say every mistake with file, line and column.
    Check {
        /// Folder with city.toml and rules/.
        city: PathBuf,
    },
    /// Replay recorded days of a demo city, or a recorded series against one rule, and print what rang.
    Replay(Replay),
    /// Questions about the rules.
    Rules {
        #[command(subcommand)]
        question: Rules,
    },
    /// Say what a rule would have done: on the stored history of a data folder, or on recorded readings.
    Backtest(Backtest),
    /// Say in words what is wrong with this installation.
    Doctor {
        /// Folder with city.toml.
        #[arg(default_value = "demo")]
        city: PathBuf,
        /// Data folder.
        #[arg(long, default_value = "data/demo")]
        data: PathBuf,
        /// Address that it would listen at.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Questions about the gate.
    Gate {
        #[command(subcommand)]
        question: Gate,
    },
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Subcommand)]
enum Gate {
    /// Print every field that is kept, with its class, its purpose and how long it is kept.
    Census,
}

#[derive(Subcommand)]
enum Rules {
    /// Print each rule as one plain sentence, with the most that it may come to hold.
    Explain {
        /// A rule's name, or a path to a file that is not saved yet; all of them when missing.
        rule: Option<String>,
        /// Folder with city.toml and rules/.
        #[arg(long, default_value = "demo")]
        city: PathBuf,
    },
}

#[derive(Args)]
struct Backtest {
    /// A rule's name, or a path to a file that is not saved yet.
    rule: String,
    /// Folder with city.toml and rules/.
    #[arg(default_value = "demo")]
    city: PathBuf,
    /// Days back from the end of the stored history; all of it when missing.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Data folder. It is only read: a program may be at work on it.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// Instead of the stored history: readings of the --datastream at the same place (CSV with a time and a result; .gz too).
    #[arg(long, requires = "datastream", conflicts_with = "days")]
    observations: Vec<PathBuf>,
    /// Name or id of the datastream that a file's readings are of.
    #[arg(long, requires = "observations")]
    datastream: Vec<String>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Write every step of every alert to this file, a JSON line each.
    #[arg(long)]
    alerts: Option<PathBuf>,
}

#[derive(Args)]
struct Where {
    /// Address to listen at.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

#[derive(Args)]
struct Demo {
    #[command(flatten)]
    at: Where,
    /// Data folder.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// Folder with the demo city; the one inside the binary when missing.
    #[arg(long)]
    city: Option<PathBuf>,
    /// City seconds per second; 0: as fast as it goes.
    #[arg(long, value_parser = Speed::parse)]
    speed: Option<Speed>,
    /// First instant (RFC 3339).
    #[arg(long)]
    from: Option<Time>,
    /// Last instant (RFC 3339).
    #[arg(long)]
    to: Option<Time>,
}

#[derive(Args)]
struct Serve {
    /// Folder with city.toml and rules/.
    #[arg(required_unless_present = "sandbox")]
    city: Option<PathBuf>,
    #[command(flatten)]
    at: Where,
    /// Data folder [default: data/city].
    #[arg(long)]
    data: Option<PathBuf>,
    /// No city: a throw-away SensorThings store on this machine, that admits any observed property.
    #[arg(long, conflicts_with_all = ["city", "data"])]
    sandbox: bool,
    /// Sandbox: a broker on this machine that it is a client of, as 127.0.0.1:1883.
    #[arg(long, requires = "sandbox")]
    mqtt: Option<SocketAddr>,
    /// Sandbox: what stands before the topics that devices publish to.
    #[arg(long, requires = "mqtt", default_value = "")]
    mqtt_receive_prefix: String,
}

#[derive(Args)]
struct Replay {
    /// Folder with city.toml and rules/.
    city: PathBuf,
    /// First instant (RFC 3339).
    #[arg(long)]
    from: Option<Time>,
    /// Last instant (RFC 3339).
    #[arg(long)]
    to: Option<Time>,
    /// City seconds per second; 0: as fast as it goes.
    #[arg(long, default_value = "0", value_parser = Speed::parse)]
    speed: Speed,
    /// Data folder; a throw-away one when missing. A folder with a journal is resumed where it stood.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Write every step of every alert to this file, a JSON line each.
    #[arg(long)]
    alerts: Option<PathBuf>,
    /// Replay only this recorded series (CSV with a column of times and one of values; .gz too) against the rules on DATASTREAM.
    #[arg(long, requires = "datastream")]
    observations: Vec<PathBuf>,
    /// Name or id of the datastream that the recorded series belongs to.
    #[arg(long)]
    datastream: Option<String>,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(demo) => commands::demo::run(commands::demo::Options {
            listen: demo.at.listen,
            data: demo.data,
            city: demo.city,
            speed: demo.speed,
            from: demo.from,
            to: demo.to,
        }),
        Command::Serve(serve) => match serve.city {
            Some(city) => {
                let data = serve.data.unwrap_or_else(|| PathBuf::from("data/city"));
                commands::serve::run(&city, serve.at.listen, &data)
            }
            None => commands::sandbox::run(serve.at.listen, serve.mqtt, &serve.mqtt_receive_prefix),
        },
        Command::Check { city } => commands::check::run(&city),
        Command::Replay(replay) => match replay.datastream {
            Some(datastream) => commands::recordings::run(&replay.city, &replay.observations, &datastream),
            None => commands::replay::run(&commands::replay::Options {
                city: replay.city,
                from: replay.from,
                to: replay.to,
                speed: replay.speed,
                data: replay.data,
                alerts: replay.alerts,
            }),
        },
        Command::Rules { question: Rules::Explain { rule, city } } => commands::rules::explain(&city, rule.as_deref()),
        Command::Backtest(backtest) => commands::backtest::run(&commands::backtest::Options {
            rule: backtest.rule,
            city: backtest.city,
            days: backtest.days,
            data: backtest.data,
            observations: backtest.observations,
            datastreams: backtest.datastream,
            json: backtest.json,
            alerts: backtest.alerts,
        }),
        Command::Doctor { city, data, listen } => commands::doctor::run(&city, &data, listen),
        Command::Gate { question: Gate::Census } => commands::census::run(),
        Command::Openapi => commands::openapi::run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            commands::say_error(&error);
            ExitCode::FAILURE
        }
    }
}

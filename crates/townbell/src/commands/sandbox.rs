//! `townbell serve --sandbox`

use std::net::SocketAddr;
use std::process::ExitCode;

use account::Access;
use anyhow::Context;

use super::throw_away::ThrowAway;
use crate::config::City;
use crate::mqtt::MqttConfig;
use crate::wire::{self, Source};

/// Runs a throw-away store until it is told to stop. It is this machine's alone: nobody who sends something from
/// elsewhere may take it for a city.
///
/// # Errors
/// When the address is not a loopback one, or cannot be listened at.
pub fn run(listen: SocketAddr, broker: Option<SocketAddr>, receive_prefix: &str) -> anyhow::Result<ExitCode> {
    super::start_logging();
    anyhow::ensure!(
        broker.is_none_or(|broker| broker.ip().is_loopback()),
        "the sandbox sends nothing to other machines: its broker has to be on this one"
    );
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "the sandbox answers on this machine only: use --listen 127.0.0.1:{}",
        listen.port()
    );
    let folder = ThrowAway::new("sandbox")?;
    wire::runtime()?.block_on(async {
        let (mut city, data) = (City::sandbox(), folder.path().to_path_buf());
        city.mqtt = broker.map(|broker| MqttConfig {
            receive_prefix: receive_prefix.to_owned(),
            learn_topics: true,
            ..MqttConfig::new(broker.to_string(), format!("townbell-sandbox-{}", std::process::id()))
        });
        let access = Access::DemoOnLoopback;
        let running = wire::start(wire::Options { city, data, listen, access, source: Source::Live })
            .await
            .context("the sandbox could not be started")?;
        println!("Sandbox at http://{0}, SensorThings at http://{0}/v1.1", running.address);
        println!("Any observed property is admitted. All of it is thrown away when it stops: Ctrl+C.");
        wire::until_stopped(running).await
    })?;
    Ok(ExitCode::SUCCESS)
}

//! The program on a disk of ours, which fails or fills as it is told.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses its own part, and says what it expected"
)]

#[path = "../../../store/tests/power/shim.rs"]
mod shim;

use std::net::SocketAddr;
use std::path::Path;

pub use shim::{Plan, Shim};

use crate::house::{Program, free_address};
use crate::server::{Foreign, write_city};

/// The store, within the data folder.
pub const DATABASE: &str = "townbell.sqlite";

/// Starts the program on a disk of ours.
pub fn start(shim: &Shim, data: &Path, arguments: &[&str], plan: &Plan) -> Program {
    let mut command = Program::command(arguments);
    let plan = Plan { at_end: true, report: Some(data.join("report")), ..plan.clone() };
    shim.preload(&mut command, &data.join(DATABASE), &plan);
    Program::start(command, data)
}

/// Starts `townbell serve` of a city with a gauge and warnings, and waits until it answers.
pub async fn serve(folder: &Path, plan: &Plan) -> (Program, SocketAddr) {
    let feeds = [("water", "sensor_things", "", None), ("warnings", "cap_atom", "/atom", None)];
    let city = write_city(folder, &Foreign::start().await, &feeds);
    let (shim, address) = (Shim::build(), free_address());
    let arguments = ["serve", city.to_str().expect("text"), "--listen", &address.to_string()];
    let mut town = start(&shim, &folder.join("data"), &arguments, plan);
    town.ready(address).await;
    (town, address)
}

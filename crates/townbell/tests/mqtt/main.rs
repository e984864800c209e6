//! MQTT against a real Mosquitto, with its own clients on the other side (18-088 clause 14).
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

mod broker;
mod hostile;
#[path = "../house/mod.rs"]
mod house;
mod inbox;
mod links;
mod operator;
#[path = "../house/server.rs"]
mod server;
mod takes;
mod tells;

//! The outbox and its channels: the real program against receivers of the test's own, killed, refused, left hanging, and
//! with a disk that stops.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod blind;
mod browsers;
mod crashes;
mod fails;
#[path = "../house/mod.rs"]
mod house;
mod kills;
mod mail;
mod receiver;
#[path = "../house/server.rs"]
mod server;
#[allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "the store's tests use other parts of it")]
#[path = "../../../store/tests/power/shim.rs"]
mod shim;
mod silent;
mod tls;
mod town;
mod unreached;

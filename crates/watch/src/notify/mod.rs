//! Who is called, when, and about what. Pure.

pub mod channel;
pub mod config;
mod grammar;
mod grammar_channel;
mod lint;

pub use channel::{Channel, ChannelKind, Secret, Url};
pub use config::OnCall;
pub use grammar::parse;

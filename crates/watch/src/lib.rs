//! Rules to alerts: warn early, once, with the first action.
//!
//! Pure: a rule is text ([`parse`]), an alert is a function of the journal ([`engine`]). No I/O, no clock. Live,
//! replay and backtest are the same [`engine::step`]; the same journal gives the same changes, byte for byte.

mod absence;
pub mod action;
pub mod anomaly;
pub mod backtest;
mod calls;
pub mod combined;
pub mod context;
pub mod engine;
pub mod episodes;
pub mod explain;
pub mod fence;
pub mod figure;
pub mod guard;
mod guard_words;
pub mod headway;
pub mod health;
pub mod holds;
mod intake;
mod jobs;
mod joint;
pub mod kept;
pub mod life;
pub mod moves;
pub mod notify;
pub mod pages;
pub mod parse;
mod plan;
mod reader;
pub mod requests;
mod requests_said;
pub mod rise;
pub mod rule;
pub mod rule_test;
mod runs;
mod said;
pub mod score;
mod settle;
mod shard;
mod sight;
pub mod standing;
pub mod state;
pub mod timers;
pub mod trip;
pub mod truth;
pub mod warning;
pub mod words;
pub mod zone;

pub use backtest::{Backtest, Ring, Trial, backtest};
pub use calls::Done;
pub use context::{Context, Parts};
pub use engine::{Event, TICK, run, run_with_calls, step};
pub use explain::{Names, explain, explain_among};
pub use parse::{Known, RuleError, RuleFile, parse, parse_beside};
pub use rule::{Kind, Rule};
pub use settle::settle;
pub use state::State;
pub use truth::Truth;
pub use warning::touches;

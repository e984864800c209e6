//! The program: it wires the rooms together, reads feeds and tells people. In the order in which data passes:
//! configuration, feeds (or the replayer that stands in for them), the desk (gate, journal, watch), the picture, tell.

pub mod basemap;
pub mod clock;
pub mod commands;
pub mod conductor;
pub mod config;
pub mod desk;
pub mod feeds;
pub mod limits;
pub mod mqtt;
pub mod notify;
pub mod past;
pub mod picture;
pub mod replayer;
pub mod rulebook;
pub mod sensing;
pub mod tell;
pub mod wire;

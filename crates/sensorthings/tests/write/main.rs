//! Writing: what a request would change, and what it is refused for.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod batch;
mod city_rules;
mod create;
mod delete;
mod observations;
mod random;
mod rows;
mod update;
mod world;

//! Tests of the crate from outside, in one binary so that they link once.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "a test fails by panicking")]

mod cap_and_atom;
mod gtfs;
mod gtfs_rt;
mod hostile;
mod mvt;
mod never_panics;
mod open311;
mod support;

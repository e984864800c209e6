//! Tests of the crate from outside, in one binary so that they link once.

mod cap_and_atom;
mod gtfs;
mod gtfs_rt;
mod hostile;
mod mvt;
mod never_panics;
mod sensorthings;
mod support;

//! Forecasts with their interval and their skill; withdrawn when they are no better than saying "as now".
//!
//! Pure: what is known goes in, what may come goes out. No I/O, no clock.

pub mod level;

pub use level::{Forecast, Point, forecast};

//! Forecasts with their skill.

use city::Time;

/// A forecast.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// When it was made.
    pub issued: Time,
    /// How.
    pub method: String,
    /// Time, value, low, high.
    pub points: Vec<(Time, f64, f64, f64)>,
    /// Skill.
    pub skill_6h: Option<f64>,
    /// In words.
    pub words: String,
}

/// Forecasts.
pub fn forecast(_observations: &[(Time, f64)], _now: Time) -> Option<Forecast> {
    None
}

//! A guard: a condition in CEL (Common Expression Language) that must hold as well before a rule opens.
//!
//! CEL has no "unknown", but it says what an expression is worth although a part of it is missing: `false && x` is
//! false whatever `x` is (CEL specification, "Logical operators"). So what cannot be seen is left out, and an
//! expression that cannot do without it is unknown: Kleene's tables, by the language's own rule.

use std::fmt;
use std::sync::Arc;

use cel::{Program, Value};
use city::{DatastreamId, Time};
use jiff::tz::TimeZone;

use crate::guard_words;
use crate::truth::Truth;

/// Longest guard, in bytes: a line that a person still understands.
pub const GUARD_BYTES_MAX: usize = 400;
/// The names that a guard has besides its inputs.
pub const NAMES: [&str; 4] = ["value", "hour", "weekday", "month"];
/// The names of the clock, each from its least to its most.
pub(crate) const CLOCK: [(&str, u32, u32); 3] = [("hour", 0, 23), ("weekday", 1, 7), ("month", 1, 12)];
/// What a guard may be made of: comparisons, logic and sums, and nothing that walks over a list.
const OPERATORS: [&str; 15] =
    ["_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_+_", "_-_", "_*_", "_/_", "-_", "_?_:_"];

/// A guard with its inputs.
#[derive(Clone)]
pub struct Guard {
    /// The expression.
    pub text: String,
    /// Names of series whose newest reading it may ask for.
    pub inputs: Vec<(String, DatastreamId)>,
    /// Whether it asks for the time.
    pub(crate) by_clock: bool,
    program: Arc<Program>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("text", &self.text).field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.inputs == other.inputs
    }
}

impl Guard {
    /// Compiles. The error is a place (bytes into the text) and what is wrong.
    pub(crate) fn compile(text: &str, inputs: Vec<(String, DatastreamId)>) -> Result<Self, (usize, String)> {
        if text.len() > GUARD_BYTES_MAX {
            return Err((0, format!("a guard has at most {GUARD_BYTES_MAX} characters")));
        }
        let program = Program::compile(text).map_err(|errors| {
            let (line, column) = errors.errors.first().map_or((1, 1), |error| error.pos);
            guard_words::why(text, line, column)
        })?;
        if let Some(mistake) = guard_words::text_in(text) {
            return Err(mistake);
        }
        let references = program.references();
        let known = |name: &&str| NAMES.contains(name) || inputs.iter().any(|(input, _)| input == name);
        if let Some(unknown) = references.variables().into_iter().find(|name| !known(name)) {
            let names: Vec<&str> = NAMES.into_iter().chain(inputs.iter().map(|(name, _)| name.as_str())).collect();
            let place = text.find(unknown).unwrap_or_default();
            return Err((place, format!("`{unknown}` is no name here; the names are {}", names.join(", "))));
        }
        if let Some(other) = references.functions().into_iter().find(|name| !OPERATORS.contains(name)) {
            return Err(guard_words::not_allowed(text, other));
        }
        let clock = CLOCK.map(|(name, ..)| references.has_variable(name));
        drop(references);
        let by_clock = clock.contains(&true);
        let guard = Self { text: text.to_owned(), inputs, by_clock, program: Arc::new(program) };
        guard.gives_a_truth()?;
        guard_words::never_of_clock(text).map_or(Ok(()), Err)?;
        if by_clock && !guard.may_hold(clock) {
            return Err(guard_words::never(text));
        }
        Ok(guard)
    }

    /// Whether there is an hour of a day of a month at which it may hold, whatever the readings are: there are some two
    /// thousand. `asks` says which names of the clock it has.
    fn may_hold(&self, asks: [bool; 3]) -> bool {
        let [hours, weekdays, months] = [0, 1, 2].map(|place: usize| {
            let (_, least, most) = CLOCK.get(place).copied().unwrap_or_default();
            let asked = asks.get(place).copied().unwrap_or_default();
            least..=if asked { most } else { least }
        });
        let mut instants = hours.flat_map(|hour| {
            let months = months.clone();
            weekdays.clone().flat_map(move |weekday| months.clone().map(move |month| [hour, weekday, month]))
        });
        instants.any(|clock| {
            let mut context = cel::Context::default();
            for ((name, ..), value) in CLOCK.iter().zip(clock) {
                context.add_variable_from_value(*name, f64::from(value));
            }
            !matches!(self.program.execute(&context), Ok(Value::Bool(false)))
        })
    }

    /// An expression that gives a number is no condition.
    fn gives_a_truth(&self) -> Result<(), (usize, String)> {
        let mut context = cel::Context::default();
        for name in NAMES.into_iter().chain(self.inputs.iter().map(|(name, _)| name.as_str())) {
            context.add_variable_from_value(name, 1.0);
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(_)) => Ok(()),
            Ok(_) | Err(_) => Err(guard_words::no_condition(&self.text)),
        }
    }

    /// Whether it holds. `value` is the figure of the rule; `input` gives the newest reading of a series, or nothing
    /// when it cannot be seen.
    pub(crate) fn holds(
        &self,
        value: Option<f64>,
        now: Time,
        zone: &TimeZone,
        input: impl Fn(DatastreamId) -> Option<f64>,
    ) -> Truth {
        let mut context = cel::Context::default();
        if let Some(value) = value {
            context.add_variable_from_value("value", value);
        }
        if self.by_clock {
            let local = now.timestamp().to_zoned(zone.clone());
            context.add_variable_from_value("hour", f64::from(local.hour()));
            context.add_variable_from_value("weekday", f64::from(local.weekday().to_monday_one_offset()));
            context.add_variable_from_value("month", f64::from(local.month()));
        }
        for (name, datastream) in &self.inputs {
            if let Some(value) = input(*datastream) {
                context.add_variable_from_value(name.as_str(), value);
            }
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Truth::from(holds),
            _ => Truth::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a guard that does not compile has failed the test")]

    use super::*;

    fn holds(text: &str, value: Option<f64>, wind: Option<f64>) -> Truth {
        let guard = Guard::compile(text, vec![("wind".to_owned(), DatastreamId(6))]).expect("a guard");
        let night: Time = "2024-05-02T23:10:00-03:00".parse().expect("a time");
        let zone = TimeZone::get("America/Sao_Paulo").expect("a zone");
        guard.holds(value, night, &zone, |_| wind)
    }

    #[test]
    fn what_is_missing_is_unknown_unless_it_does_not_matter() {
        let cases = [
            ("value > 2 && wind < 10", Some(3.0), Some(5.0), Truth::True),
            ("value > 2 && wind < 10", Some(3.0), None, Truth::Unknown),
            ("wind < 10 && value > 2", Some(1.0), None, Truth::False),
            ("wind < 10 || value > 2", Some(3.0), None, Truth::True),
            ("!(wind < 10)", None, None, Truth::Unknown),
            ("hour >= 22 || hour < 6", None, None, Truth::True),
            ("weekday == 4 && month == 5", None, None, Truth::True),
            ("value / (wind - wind) > 1 || value > 2", Some(3.0), Some(1.0), Truth::True),
        ];
        for (text, value, wind, expected) in cases {
            assert_eq!(holds(text, value, wind), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_does_not_compile() {
        for (text, place) in [("value >", 7), ("gusts > 3", 0), ("value + 1.0", 0), ("[1.0].all(x, x > value)", 10)] {
            let (at, _) = Guard::compile(text, Vec::new()).expect_err(text);
            assert!(at <= place + 1, "{text}: {at}");
        }
        assert!(Guard::compile(&"value > 1.0 || ".repeat(40), Vec::new()).is_err());
    }
}

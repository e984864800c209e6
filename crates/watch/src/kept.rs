//! What is kept of the engine between two runs of the program, and all types that it is made of, for the census.

use city::RuleId;
use serde::{Deserialize, Serialize};

use crate::anomaly;
use crate::context::Context;
use crate::figure::{Memory, Ranked};
use crate::jobs::Job;
use crate::plan::Part;
use crate::requests::Counted;
use crate::state::State;
use crate::truth::Truth;

/// The form of what is kept. It grows by one with every change of a type in [`State`]: a program goes on from what it
/// wrote in this form only, as bytes of another may be read as something else.
pub const FORM: u32 = 2;

/// What is kept: the state, and the rules that take over from there. After a crash what came since is stepped by those
/// again, whatever lies in the folder by then.
#[derive(Debug, Deserialize)]
pub struct Kept {
    /// The rules in force.
    pub rules: Vec<RuleText>,
    /// The state.
    pub state: State,
}

/// A rule as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    /// Its name.
    pub id: RuleId,
    /// Its text.
    pub text: String,
}

/// The same as [`Kept`], to be written.
#[derive(Debug, Serialize)]
pub struct Keeps<'a> {
    rules: Vec<RuleTextRef<'a>>,
    state: &'a State,
}

#[derive(Debug, Serialize)]
struct RuleTextRef<'a> {
    id: &'a RuleId,
    text: &'a str,
}

impl<'a> Keeps<'a> {
    /// A state, and the rules that the next step goes by.
    pub fn new(context: &'a Context, state: &'a State) -> Self {
        let rules = context.rules.iter().map(|rule| RuleTextRef { id: &rule.id, text: &rule.text }).collect();
        Self { rules, state }
    }
}

impl Context {
    /// Whether these are the rules of it.
    pub fn has_rules(&self, texts: &[RuleText]) -> bool {
        let same = |(rule, text): (&crate::Rule, &RuleText)| rule.id == text.id && rule.text == text.text;
        self.rules.len() == texts.len() && self.rules.iter().zip(texts).all(same)
    }
}

/// Takes note of a type that is kept.
pub trait Census {
    /// Why a type could not be taken note of.
    type Error;

    /// Takes note of one, with everything inside it.
    ///
    /// # Errors
    /// When the type cannot be read.
    fn add<T: Deserialize<'static>>(&mut self) -> Result<(), Self::Error>;
}

/// Shows all types of the snapshot: the whole, and each choice in it by itself.
///
/// # Errors
/// The first of the census's own.
pub fn persisted<C: Census>(census: &mut C) -> Result<(), C::Error> {
    census.add::<Kept>()?;
    census.add::<Memory>()?;
    census.add::<Ranked>()?;
    census.add::<Job>()?;
    census.add::<Part>()?;
    census.add::<Truth>()?;
    census.add::<Counted>()?;
    census.add::<anomaly::Season>()?;
    crate::notify::state::persisted(census)
}

//! What an expression is for a row.
//!
//! # Nothing
//! A property that is absent, or of a kind that an operator or function cannot use, is null. A comparison is never null
//! (OData 4.0 Part 2, clause 5.1.1.1): `eq` is true of two nulls, `ne` of one and of values of different kinds, and the
//! other four are false as soon as one side is null or the kinds differ. Functions and arithmetic of null are null, and
//! so is dividing by zero. `and`, `or` and `not` know three values; a row is taken when the whole is true.
//!
//! # Paths to many
//! A path names one row of those it leads to, the same wherever it stands, and the filter is true when there are rows
//! that make it so: `Datastreams/Observations/result gt 5` is true of a Thing of which any observation is above five.
//! A path that leads nowhere leads to a row of which everything is null.

mod bounds;
mod fold;
mod functions;
mod geojson;
pub mod geometry;
mod operators;
mod order;
mod plan;
mod scope;
mod time;
mod wkt;

use std::cell::Cell;

use city::Time;

pub use bounds::Bounds;
pub use order::{Order, OrderKey};
pub use wkt::WktError;

use crate::evaluate::plan::Plan;
use crate::evaluate::scope::Scope;
use crate::model::Navigation;
use crate::query::Filter;
use crate::query::expression::{Expression, Variable};
use crate::value::Row;

/// Related rows that one request may look at. At some 50 ns each this is half a second; a filter that needs more
/// belongs on the related entities themselves (`Observations?$filter=...`), where the store's bounds help.
pub const RELATED_ROWS_MAX: u64 = 10_000_000;

/// How many related rows may still be looked at, over all rows of one request.
#[derive(Debug)]
pub struct Budget(Cell<u64>);

/// The filter walks through more related rows than one request may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query looks at more than {RELATED_ROWS_MAX} related entities; ask for these themselves")]
pub struct Exhausted;

impl Budget {
    /// For so many related rows.
    pub fn new(rows: u64) -> Self {
        Self(Cell::new(rows))
    }

    fn spend(&self) -> Result<(), Exhausted> {
        let left = self.0.get().checked_sub(1).ok_or(Exhausted)?;
        self.0.set(left);
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(RELATED_ROWS_MAX)
    }
}

/// A filter made ready for one request: constants reckoned out, `now()` known, related rows put in the order in which
/// they are asked for.
#[derive(Debug)]
pub struct Prepared {
    expression: Expression,
    variables: Vec<Variable>,
    plan: Plan,
}

impl Filter {
    /// Makes it ready; `now` is what `now()` is.
    pub fn prepare(&self, now: Time) -> Prepared {
        let expression = fold::constants(&self.expression, now.ms());
        let plan = Plan::new(&expression, &self.variables);
        Prepared { expression, variables: self.variables.clone(), plan }
    }
}

impl Prepared {
    /// Whether the filter is true of a row.
    pub fn matches(&self, row: &dyn Row, budget: &Budget) -> Result<bool, Exhausted> {
        self.plan.holds(&Scope::of(row), budget)
    }

    /// What the rows that it is true of have in common: a row outside never matches, one inside may.
    pub fn bounds(&self) -> Bounds {
        Bounds::of(&self.expression, 0)
    }

    /// The same for the row at the end of a path to one, as `[Navigation::Datastream]` of an Observation; unbounded when
    /// the filter does not name it.
    pub fn bounds_of(&self, path: &[Navigation]) -> Bounds {
        let mut at = 0;
        for step in path {
            let is_next = |variable: &Variable| variable.parent == at && variable.navigation == Some(*step);
            let Some(next) = self.variables.iter().position(is_next) else { return Bounds::ALL };
            at = next;
        }
        Bounds::of(&self.expression, at)
    }
}

//! In which order the rows behind the paths of a filter are asked for.
//!
//! A filter with paths asks whether there are rows that make it true. Two parts of an `and` that speak of no row in
//! common can be asked apart, and the parts of an `or` always can: so `Datastreams/name eq 'a' and Locations/name eq 'b'`
//! looks at datastreams plus locations, not at datastreams times locations, and what names the row itself is asked first.

use crate::evaluate::bounds::Bounds;
use crate::evaluate::scope::{Scope, truth};
use crate::evaluate::{Budget, Exhausted};
use crate::model::Navigation;
use crate::query::expression::{Expression, Variable};

/// A way to find out whether a filter is true.
#[derive(Debug)]
pub(super) enum Plan {
    /// All rows are known.
    Test(Expression),
    /// Each for itself, all of them.
    All(Vec<Plan>),
    /// Each for itself, one of them.
    Any(Vec<Plan>),
    /// There is a row for which it holds.
    Exists { variable: usize, parent: usize, navigation: Navigation, bounds: Bounds, body: Box<Plan> },
}

/// Variables as a set of bits; there are fewer than 64 ([`crate::query::limits::VARIABLES_MAX`]).
type Variables = u64;

impl Plan {
    pub(super) fn new(expression: &Expression, variables: &[Variable]) -> Self {
        build(expression, variables, 1)
    }

    /// Whether the filter is true in a scope.
    pub(super) fn holds(&self, scope: &Scope<'_>, budget: &Budget) -> Result<bool, Exhausted> {
        match self {
            Self::Test(expression) => Ok(truth(expression, scope) == Some(true)),
            Self::All(plans) => {
                for plan in plans {
                    if !plan.holds(scope, budget)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(plans) => {
                for plan in plans {
                    if plan.holds(scope, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Exists { variable, parent, navigation, bounds, body } => {
                let mut found = false;
                for_each(scope, (*variable, *parent, *navigation), bounds, budget, &mut |inner| {
                    found = body.holds(inner, budget)?;
                    Ok(!found)
                })?;
                Ok(found)
            }
        }
    }
}

/// Calls `visit` with every row that a step leads to, until it says no; with a row of nothing when there is none.
pub(super) fn for_each(
    scope: &Scope<'_>,
    (variable, parent, navigation): (usize, usize, Navigation),
    bounds: &Bounds,
    budget: &Budget,
    visit: &mut dyn FnMut(&Scope<'_>) -> Result<bool, Exhausted>,
) -> Result<(), Exhausted> {
    let mut is_empty = true;
    if let Some(from) = scope.row(parent) {
        if navigation.is_many() {
            for row in from.many(navigation, bounds) {
                budget.spend()?;
                is_empty = false;
                if !visit(&scope.with(variable, Some(&*row)))? {
                    return Ok(());
                }
            }
        } else if let Some(row) = from.one(navigation) {
            budget.spend()?;
            return visit(&scope.with(variable, Some(&*row))).map(|_| ());
        }
    }
    // Rows outside the bounds were not told, and a row of nothing is outside any bound.
    if is_empty && *bounds == Bounds::ALL {
        visit(&scope.with(variable, None))?;
    }
    Ok(())
}

fn build(expression: &Expression, variables: &[Variable], bound: Variables) -> Plan {
    let free = free(expression, variables) & !bound;
    if free == 0 {
        return Plan::Test(expression.clone());
    }
    match expression {
        Expression::Or(items) => Plan::Any(items.iter().map(|item| build(item, variables, bound)).collect()),
        Expression::And(items) => {
            let groups = groups(items, variables, bound);
            if let [_] = groups.as_slice() {
                return exists(expression, variables, bound, free);
            }
            Plan::All(groups.into_iter().map(|group| build(&group, variables, bound)).collect())
        }
        _ => exists(expression, variables, bound, free),
    }
}

/// Binds the first free variable; its parent comes before it and is bound already.
fn exists(expression: &Expression, variables: &[Variable], bound: Variables, free: Variables) -> Plan {
    let variable = free.trailing_zeros() as usize;
    let body = build(expression, variables, bound | 1 << variable);
    match variables.get(variable) {
        Some(Variable { parent, navigation: Some(navigation), .. }) => Plan::Exists {
            variable,
            parent: *parent,
            navigation: *navigation,
            bounds: Bounds::of(expression, variable),
            body: Box::new(body),
        },
        // invariant: only variable 0 has no step, and it is always bound.
        _ => body,
    }
}

/// The parts of an `and`, those together that share a free variable; those without any come first.
fn groups(items: &[Expression], variables: &[Variable], bound: Variables) -> Vec<Expression> {
    let mut groups: Vec<(Variables, Vec<Expression>)> = Vec::new();
    for item in items {
        let mut mine = free(item, variables) & !bound;
        let mut members = Vec::new();
        let touches = |group: &(Variables, Vec<Expression>)| group.0 & mine != 0 || (group.0 == 0 && mine == 0);
        let (touching, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        for (theirs, inner) in touching {
            mine |= theirs;
            members.extend(inner);
        }
        members.push(item.clone());
        groups = apart;
        groups.push((mine, members));
    }
    groups.sort_by_key(|(variables, _)| variables.count_ones());
    groups.into_iter().filter_map(|(_, members)| members.into_iter().reduce(Expression::and)).collect()
}

/// The variables that an expression names, with those on the way to them.
fn free(expression: &Expression, variables: &[Variable]) -> Variables {
    let mut set = 0;
    expression.references(&mut |reference| {
        let mut at = reference.variable;
        while let Some(variable) = variables.get(at) {
            set |= 1 << at;
            if variable.navigation.is_none() {
                break;
            }
            at = variable.parent;
        }
    });
    set
}

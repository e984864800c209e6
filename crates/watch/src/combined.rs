//! Conditions of unlike kinds, joined: "and", "or", "not", "n of m".

use city::Span;

use crate::rule::Kind;
use crate::truth::Truth;

/// The subject of an alert of a combined rule: the rule has one.
pub const SUBJECT: &str = "city";
/// Most conditions in one rule: what needs more is several rules.
pub const CONDITIONS_MAX: usize = 32;
/// Deepest formula.
pub const DEPTH_MAX: usize = 8;

/// Conditions, and how they are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// What it is about, in words: the title of its alerts.
    pub what: String,
    /// The conditions, by name, in the order of their names.
    pub conditions: Vec<Condition>,
    /// When it opens.
    pub open: Formula,
    /// How long that must hold.
    pub open_for: Span,
    /// When it closes.
    pub close: Formula,
    /// How long that must hold.
    pub close_for: Span,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its name.
    pub name: String,
    /// What it looks at. It holds when its own open condition does, on any of its subjects.
    pub looks: Looks,
    /// It counts as true for so long after it last was: things that belong together seldom come in one minute.
    pub remembered: Span,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Looks {
    /// What a rule of its own would.
    At(Box<Kind>),
    /// Whether an alert of another rule stands.
    Alert(city::RuleId),
}

/// How conditions are joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Formula {
    /// A condition, by its place in [`Combined::conditions`].
    Is(usize),
    /// The opposite.
    Not(Box<Formula>),
    /// All of them.
    All(Vec<Formula>),
    /// Any of them.
    Any(Vec<Formula>),
    /// At least so many of them.
    AtLeast(usize, Vec<Formula>),
}

impl Formula {
    /// The conditions that it asks for, by their places; one that stands in it twice, twice.
    pub(crate) fn conditions(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::Is(place) => Box::new(std::iter::once(*place)),
            Self::Not(part) => part.conditions(),
            Self::All(parts) | Self::Any(parts) | Self::AtLeast(_, parts) => {
                Box::new(parts.iter().flat_map(Self::conditions))
            }
        }
    }

    /// What it is worth, by Kleene's logic. "n of m" is true when so many are, false when too few could still be,
    /// and unknown otherwise.
    pub fn truth(&self, of: &dyn Fn(usize) -> Truth) -> Truth {
        match self {
            Self::Is(condition) => of(*condition),
            Self::Not(inner) => inner.truth(of).not(),
            Self::All(parts) => parts.iter().fold(Truth::True, |truth, part| truth.and(part.truth(of))),
            Self::Any(parts) => parts.iter().fold(Truth::False, |truth, part| truth.or(part.truth(of))),
            Self::AtLeast(least, parts) => {
                let truths: Vec<Truth> = parts.iter().map(|part| part.truth(of)).collect();
                let count = |wanted| truths.iter().filter(|truth| **truth == wanted).count();
                if count(Truth::True) >= *least {
                    Truth::True
                } else if count(Truth::True) + count(Truth::Unknown) < *least {
                    Truth::False
                } else {
                    Truth::Unknown
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Truth; 3] = [Truth::True, Truth::False, Truth::Unknown];

    /// "n of m" over every table of three, against "or" of "and"s, which is what it means.
    #[test]
    fn n_of_m_is_an_or_of_ands() {
        for (a, b, c) in ALL.iter().flat_map(|a| ALL.iter().flat_map(move |b| ALL.iter().map(move |c| (*a, *b, *c)))) {
            let of = |at: usize| [a, b, c][at];
            let is = |at| Formula::Is(at);
            let all = |parts: &[usize]| Formula::All(parts.iter().map(|at| is(*at)).collect());
            let two = Formula::AtLeast(2, vec![is(0), is(1), is(2)]);
            let spelled = Formula::Any(vec![all(&[0, 1]), all(&[0, 2]), all(&[1, 2])]);
            // Kleene's "or" of unknowns cannot count; where it says unknown, counting may know more, never otherwise.
            let (counted, spelled) = (two.truth(&of), spelled.truth(&of));
            assert!(spelled == Truth::Unknown || counted == spelled, "{a:?} {b:?} {c:?}: {counted:?} {spelled:?}");
            assert_eq!(Formula::AtLeast(1, vec![is(0), is(1)]).truth(&of), a.or(b));
            assert_eq!(Formula::AtLeast(2, vec![is(0), is(1)]).truth(&of), a.and(b));
            assert_eq!(Formula::Not(Box::new(is(0))).truth(&of), a.not());
        }
    }
}

//! The sentence of a combined rule: conditions joined by and, or, not and "n of m", in words that need no brackets.

use city::{RuleId, Span};

use super::{Names, figure_of, held, sentence, side};
use crate::combined::{Combined, Condition, Formula, Looks};
use crate::figure::Figure;
use crate::rule::{Kind, OnFigure, Rule};
use crate::words;

/// Rules that look at rules are told so deep; a sentence that goes deeper is none.
const DEPTH_MAX: usize = 3;

pub(super) fn combined(kind: &Combined, names: &Names<'_>, others: &[Rule]) -> String {
    let within = Within { names, others, depth: 0 };
    let open = within.formula(&kind.open, kind, true);
    // Of what is joined, the time is told apart, so that nobody takes it for the last part's.
    let whole = match (&kind.open, kind.open_for) {
        (_, none) if none == Span::default() => String::new(),
        (Formula::Is(_), _) => held(kind.open_for),
        _ => format!(", all of that{}", held(kind.open_for)),
    };
    let stops = match &kind.close {
        Formula::Not(inner) if **inner == kind.open && kind.close_for == Span::default() => {
            "as soon as that is over".to_owned()
        }
        Formula::Not(inner) if **inner == kind.open => format!("when that has been over{}", held(kind.close_for)),
        close => format!("when {}{}", within.formula(close, kind, true), held(kind.close_for)),
    };
    format!("Rings when {open}{whole}, and stops {stops}")
}

/// Where a sentence is said.
#[derive(Clone, Copy)]
struct Within<'a> {
    names: &'a Names<'a>,
    others: &'a [Rule],
    depth: usize,
}

impl Within<'_> {
    /// `outer`: it stands alone, and needs no word that says where it begins.
    fn formula(self, formula: &Formula, of: &Combined, outer: bool) -> String {
        let parts = |parts: &[Formula]| parts.iter().map(|part| self.formula(part, of, false)).collect::<Vec<_>>();
        match formula {
            Formula::Is(at) => of.conditions.get(*at).map_or_else(String::new, |one| self.condition(one)),
            Formula::Not(inner) => format!("it is not so that {}", self.formula(inner, of, false)),
            Formula::All(all) => joined(&parts(all), "both", "and", "all of these hold", outer),
            Formula::Any(all) => joined(&parts(all), "either", "or", "one of these holds", outer),
            Formula::AtLeast(least, all) => format!("at least {least} of these hold: {}", parts(all).join("; ")),
        }
    }

    fn condition(self, condition: &Condition) -> String {
        let holds = match &condition.looks {
            Looks::Alert(rule) => self.alert(rule),
            Looks::At(kind) => self.kind(kind),
        };
        if condition.remembered == Span::default() {
            return holds;
        }
        format!("{holds} (or was so within the last {})", words::span(condition.remembered))
    }

    /// An alert of another rule, told by what that rule looks for.
    fn alert(self, id: &RuleId) -> String {
        let known = self.others.iter().find(|rule| rule.id == *id).filter(|_| self.depth < DEPTH_MAX);
        let Some(rule) = known else { return format!("the rule \"{}\" rings", id.as_str().replace('-', " ")) };
        let deeper = Self { depth: self.depth + 1, ..self };
        match &rule.kind {
            Kind::Combined(inner) => deeper.formula(&inner.open, inner, false),
            kind => deeper.kind(kind),
        }
    }

    /// What a kind looks for, without when it stops.
    fn kind(self, kind: &Kind) -> String {
        let names = self.names;
        let sentence = match kind {
            Kind::Figure(on) => return of_figure(on, names),
            Kind::Combined(_) => return String::new(),
            other => sentence(other, names, &[]),
        };
        let when = sentence.split(", and stops").next().unwrap_or_default();
        let when = when.strip_prefix("Rings when ").or(when.strip_prefix("Rings for ")).unwrap_or(when);
        if when.starts_with("a warning") { format!("there is {when}") } else { when.to_owned() }
    }
}

fn of_figure(on: &OnFigure, names: &Names<'_>) -> String {
    let (figure, unit) = figure_of(on, names);
    if let Figure::Anomaly(_) = on.figure {
        return format!("{} is unusual by its own past", super::streams(&on.datastreams, names));
    }
    format!("{figure} is {}{}", side(on.open, &unit), held(on.open_for))
}

/// "A, and B"; within a sentence "both A and B", and of more "all of these hold: A; B; C".
fn joined(parts: &[String], two: &str, sign: &str, many: &str, outer: bool) -> String {
    match parts {
        [one] => one.clone(),
        [first, second] if outer => format!("{first}, {sign} {second}"),
        [first, second] => format!("{two} {first} {sign} {second}"),
        parts => format!("{many}: {}", parts.join("; ")),
    }
}

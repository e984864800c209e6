//! Conditions and how they are joined, and the guard.

use std::collections::{BTreeMap, BTreeSet};

use city::{RuleId, Span};
use toml::Spanned;
use toml::de::DeValue;

use super::{KINDS, KindName, Town, datastream, events, fence, figure, requests, runs, some};
use crate::combined::{CONDITIONS_MAX, Combined, Condition, DEPTH_MAX, Formula, Looks};
use crate::guard::Guard;
use crate::reader::{At, Fields, Mistakes, count, describe};
use crate::rule::Kind;

const FORMULA: &str =
    "the name of a condition, or { all = [..] }, { any = [..] }, { not = .. }, { at_least = 2, of = [..] }";
/// Most series that a guard may ask for.
const INPUTS_MAX: usize = 8;

/// `kind = "combined"`.
pub(super) fn combined(
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    asks: &mut Vec<At<RuleId>>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Combined> {
    let what = fields.text("what", "what it means when it rings, as \"The lake and the rain rise together\"", mistakes);
    let mut conditions: Vec<Condition> = Vec::new();
    let mut whole = true;
    let mut places = BTreeMap::new();
    for (name, mut table) in fields.tables("condition", mistakes) {
        places.insert(name.value.clone(), name.byte);
        let condition = condition(name.value, &mut table, town, asks, mistakes);
        table.finish(mistakes);
        whole &= condition.is_some();
        conditions.extend(condition);
    }
    conditions.sort_by(|a, b| a.name.cmp(&b.name));
    if whole && !(2..=CONDITIONS_MAX).contains(&conditions.len()) {
        let message =
            format!("a combined rule has from 2 to {CONDITIONS_MAX} conditions: write [condition.NAME] for each");
        mistakes.at(fields.start(), message);
    }
    let names: Vec<String> = conditions.iter().map(|condition| condition.name.clone()).collect();
    let (open, open_for) = joined(fields, "open", &names, whole, mistakes)?;
    let close = if fields.has("close") { joined(fields, "close", &names, whole, mistakes) } else { None };
    let open = open?;
    let asked: BTreeSet<usize> = open
        .conditions()
        .chain(close.iter().filter_map(|(close, _)| close.as_ref()).flat_map(Formula::conditions))
        .collect();
    for (_, name) in names.iter().enumerate().filter(|(place, _)| !asked.contains(place)) {
        let message = format!("nothing asks for the condition `{name}`; put it into `when`, or take it out");
        mistakes.at(places.get(name).copied().unwrap_or_default(), message);
    }
    let (close, close_for) = match close {
        Some((close, held_for)) => (close.unwrap_or_else(|| Formula::Not(Box::new(open.clone()))), held_for),
        None => (Formula::Not(Box::new(open.clone())), Span::default()),
    };
    Some(Combined { what: what?.value, conditions, open, open_for, close, close_for })
}

/// `[open]` or `[close]`: `when`, which a close may leave out, and `for`.
fn joined(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    names: &[String],
    whole: bool,
    mistakes: &mut Mistakes<'_>,
) -> Option<(Option<Formula>, Span)> {
    let mut table = fields.table(key, mistakes)?;
    let held_for = table.span_or("for", Span::default(), mistakes);
    let when = table.value("when");
    if when.is_none() && key == "open" {
        mistakes.at(table.start(), format!("`when` is missing in [open]: it should be {FORMULA}"));
    }
    // With a condition that did not load, every mention of it would be a second mistake.
    let formula = when.filter(|_| whole).and_then(|when| formula(when, names, 0, mistakes));
    table.finish(mistakes);
    Some((formula, held_for))
}

fn formula(
    value: &Spanned<DeValue<'_>>,
    names: &[String],
    depth: usize,
    mistakes: &mut Mistakes<'_>,
) -> Option<Formula> {
    let byte = value.span().start;
    if depth > DEPTH_MAX {
        mistakes.at(byte, format!("more than {DEPTH_MAX} conditions within one another; nobody would understand it"));
        return None;
    }
    if let Some(name) = value.get_ref().as_str() {
        let place = names.iter().position(|known| known == name);
        if place.is_none() {
            mistakes.at(byte, format!("there is no condition {name:?}; there are {}", some(names)));
        }
        return place.map(Formula::Is);
    }
    let Some(table) = value.get_ref().as_table() else {
        mistakes.at(byte, format!("{} is no condition; it should be {FORMULA}", describe(value.get_ref())));
        return None;
    };
    let mut fields = Fields::new(table, value.span(), "when");
    let (all, any, not) = (fields.value("all"), fields.value("any"), fields.value("not"));
    let (of, least) = (fields.value("of"), fields.value("at_least"));
    fields.finish(mistakes);
    let mut list = |value: &Spanned<DeValue<'_>>| parts(value, names, depth + 1, mistakes);
    match (all, any, not, of, least) {
        (Some(parts), None, None, None, None) => list(parts).map(Formula::All),
        (None, Some(parts), None, None, None) => list(parts).map(Formula::Any),
        (None, None, None, Some(parts), Some(least)) => {
            let parts = list(parts)?;
            let wanted = count(least.get_ref()).map(|n| n as usize).filter(|n| (1..=parts.len()).contains(n));
            if wanted.is_none() {
                mistakes.at(least.span().start, format!("`at_least` should be from 1 to {}", parts.len()));
            }
            Some(Formula::AtLeast(wanted?, parts))
        }
        (None, None, Some(inner), None, None) => {
            formula(inner, names, depth + 1, mistakes).map(|inner| Formula::Not(Box::new(inner)))
        }
        _ => {
            mistakes.at(byte, format!("it should be {FORMULA}"));
            None
        }
    }
}

fn parts(
    value: &Spanned<DeValue<'_>>,
    names: &[String],
    depth: usize,
    mistakes: &mut Mistakes<'_>,
) -> Option<Vec<Formula>> {
    let items = value.get_ref().as_array().filter(|items| !items.is_empty() && items.len() <= CONDITIONS_MAX);
    let Some(items) = items else {
        mistakes.at(value.span().start, format!("it should be a list in [ ] of 1 to {CONDITIONS_MAX}, each {FORMULA}"));
        return None;
    };
    let read: Vec<Option<Formula>> = items.iter().map(|item| formula(item, names, depth, mistakes)).collect();
    read.into_iter().collect()
}

fn condition(
    name: String,
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    asks: &mut Vec<At<RuleId>>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Condition> {
    let remembered = fields.span_or("remembered", Span::default(), mistakes);
    if fields.has("alert_of") {
        let rule = fields.text("alert_of", "the name of another rule", mistakes)?;
        let of = RuleId::new(&rule.value);
        asks.push(At { value: of.clone(), byte: rule.byte });
        return Some(Condition { name, looks: Looks::Alert(of), remembered });
    }
    let kind = fields.choice("kind", &KINDS, mistakes)?;
    let looks = match kind.value {
        KindName::Threshold | KindName::Trend | KindName::Deviation => {
            figure::condition(kind.value, fields, town, mistakes).map(Kind::Figure)
        }
        KindName::Anomaly => figure::anomaly(fields, town, mistakes).map(Kind::Figure),
        KindName::Absence => Some(Kind::Absence(events::absence(fields, town, mistakes))),
        KindName::Warning => events::on_warning(fields, town, mistakes).map(Kind::Warning),
        KindName::Trip => events::on_trip(fields, town, mistakes).map(Kind::Trip),
        KindName::Zone => runs::on_zone(fields, town, mistakes).map(Kind::Zone),
        KindName::Fence => fence::on_fence(fields, town, mistakes).map(Kind::Fence),
        KindName::Headway => runs::on_headway(fields, town, mistakes).map(Kind::Headway),
        KindName::Requests => requests::on_requests(fields, town, mistakes).map(Kind::Requests),
        KindName::Rise | KindName::Combined => {
            let message = "a condition cannot be of this kind; write it as a rule of its own, and look at its alerts with `alert_of`";
            mistakes.at(kind.byte, message);
            None
        }
    };
    Some(Condition { name, looks: Looks::At(Box::new(looks?)), remembered })
}

/// `[guard]`: a condition in CEL, with the series whose newest reading it may ask for.
pub(super) fn guard(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<Guard> {
    let mut table = fields.table_if("guard", mistakes)?;
    let when = table.text("when", "a condition in CEL, as \"hour >= 22 || hour < 6\"", mistakes);
    let mut inputs = Vec::new();
    if let Some(named) = table.value("inputs") {
        let entries = named.get_ref().as_table().filter(|entries| entries.len() <= INPUTS_MAX);
        let Some(entries) = entries else {
            let message = format!("`inputs` should be a table of at most {INPUTS_MAX}, as {{ wind = 6 }}");
            mistakes.at(named.span().start, message);
            return None;
        };
        for (name, id) in entries {
            let byte = id.span().start;
            let Some(value) = count(id.get_ref()) else {
                mistakes.at(byte, format!("`{}` should be the id of a datastream", name.get_ref()));
                continue;
            };
            if let Some(stream) = datastream(&At { value, byte }, town, mistakes) {
                inputs.push((name.get_ref().as_ref().to_owned(), stream.id));
            }
        }
    }
    table.finish(mistakes);
    let when = when?;
    match Guard::compile(&when.value, inputs) {
        Ok(guard) => Some(guard),
        Err((place, message)) => {
            // One further for the quote before it.
            mistakes.at(when.byte + 1 + place, message);
            None
        }
    }
}

//! `$skiptoken`: behind which entity the next page begins. In the order of the store that is its id alone; in an order
//! of keys their values stand before it, so that the place is known even when the entity is gone by then.

use std::borrow::Cow;

use super::level::{Level, Sorting};
use super::source::Mark;
use crate::evaluate::OrderKey;
use crate::model::EntityType;
use crate::percent;
use crate::problem::Problem;
use crate::v1_1::{self, text};

/// The option of a next link that names where it goes on. Clients take next links as they are; it is ours alone.
pub(crate) const SKIP_TOKEN: &str = "$skiptoken";

/// A place in the order of a collection: behind it the next page begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct After {
    /// The values of the keys; empty in the order of the store.
    pub(crate) keys: Vec<OrderKey>,
    pub(crate) mark: Mark,
}

/// Takes the token out of a query string: what is left, and the token, decoded. Err: it cannot be one of ours.
pub(crate) fn split(query: &str) -> Result<(String, Option<String>), Problem> {
    let mut rest = Vec::new();
    let mut token = None;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if percent::decode(name, true).is_ok_and(|name| name == SKIP_TOKEN) {
            let value = percent::decode(value, true).ok().filter(|_| token.is_none());
            token = Some(value.ok_or_else(not_ours)?);
        } else {
            rest.push(pair);
        }
    }
    Ok((rest.join("&"), token))
}

fn not_ours() -> Problem {
    Problem::malformed("$skiptoken: take it from a next link as it is, or leave it out")
}

impl After {
    /// Reads a token for the order of a level.
    pub(crate) fn read(token: &str, level: &Level<'_>) -> Result<Self, Problem> {
        let count = match &level.sorting {
            Sorting::Kept(_) => 0,
            Sorting::Keys(order) => order.len(),
        };
        let mut parts = token.splitn(count + 1, ',');
        let mut next = || parts.next().ok_or_else(not_ours);
        let keys = (0..count).map(|_| key_of(next()?).ok_or_else(not_ours)).collect::<Result<_, _>>()?;
        let mark = mark_of(next()?, level.entity).ok_or_else(not_ours)?;
        Ok(Self { keys, mark })
    }

    /// The token, percent-encoded.
    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        for key in &self.keys {
            percent::encode(&written(key), &mut out);
            out.push(',');
        }
        let mut mark = Vec::new();
        match &self.mark {
            Mark::Entity(id) => text::path_id(&mut mark, id),
            Mark::Observation(key) => text::key(&mut mark, key),
        }
        out.push_str(&String::from_utf8_lossy(&mark));
        out
    }
}

/// A key as text without a comma: its kind in one letter, then its value.
fn written(key: &OrderKey) -> Cow<'static, str> {
    Cow::Owned(match key {
        OrderKey::Null => return Cow::Borrowed("z"),
        OrderKey::Bool(truth) => format!("b{}", u8::from(*truth)),
        // Of all texts that are read as this number the shortest.
        OrderKey::Number(number) => format!("n{number:e}"),
        OrderKey::Text(words) => format!("t{}", words.replace('~', "~0").replace(',', "~1")),
        OrderKey::Time(from, to) => format!("i{from}/{to}"),
        OrderKey::Duration(ms) => format!("p{ms}"),
        OrderKey::Date(days) => format!("d{days}"),
        OrderKey::TimeOfDay(ms) => format!("c{ms}"),
        OrderKey::Other => return Cow::Borrowed("o"),
    })
}

fn key_of(written: &str) -> Option<OrderKey> {
    let mut chars = written.chars();
    let kind = chars.next()?;
    let value = chars.as_str();
    Some(match kind {
        'z' if value.is_empty() => OrderKey::Null,
        'b' => OrderKey::Bool(value.parse::<u8>().ok().filter(|bit| *bit < 2)? == 1),
        'n' => OrderKey::Number(value.parse().ok().filter(|number: &f64| number.is_finite())?),
        't' => OrderKey::Text(value.replace("~1", ",").replace("~0", "~").into()),
        'i' => {
            let (from, to) = value.split_once('/')?;
            OrderKey::Time(from.parse().ok()?, to.parse().ok()?)
        }
        'p' => OrderKey::Duration(value.parse().ok()?),
        'd' => OrderKey::Date(value.parse().ok()?),
        'c' => OrderKey::TimeOfDay(value.parse().ok()?),
        'o' if value.is_empty() => OrderKey::Other,
        _ => return None,
    })
}

fn mark_of(token: &str, entity: EntityType) -> Option<Mark> {
    if entity == EntityType::Observation {
        return v1_1::key_of(token).map(Mark::Observation);
    }
    let id = match token.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(quoted) => city::EntityId::from(quoted.replace("''", "'").as_str()),
        None => city::EntityId::Number(token.parse().ok()?),
    };
    Some(Mark::Entity(id))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = OrderKey> {
        prop_oneof![
            Just(OrderKey::Null),
            Just(OrderKey::Other),
            any::<bool>().prop_map(OrderKey::Bool),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(OrderKey::Number),
            "[a~,01%&é ]{0,8}".prop_map(|words| OrderKey::Text(words.into())),
            any::<(i64, i64)>().prop_map(|(from, to)| OrderKey::Time(from, to)),
            any::<i64>().prop_map(OrderKey::Duration),
            any::<i32>().prop_map(OrderKey::Date),
            any::<i32>().prop_map(OrderKey::TimeOfDay),
        ]
    }

    proptest! {
        #[test]
        fn a_key_comes_back_from_its_token(key in key()) {
            let written = written(&key);
            prop_assert!(!written.contains(','));
            prop_assert_eq!(key_of(&written), Some(key));
        }

        #[test]
        fn a_token_of_anyone_is_read_or_refused(text in "\\PC{0,12}") {
            let _read = (key_of(&text), mark_of(&text, EntityType::Thing), mark_of(&text, EntityType::Observation));
        }
    }
}

//! One page of a collection, and where the next one begins.
//!
//! In the order of the store a next link names the last entity that was told, so that the next page begins behind it
//! whatever came or went in between, and costs no more than the first. In any other order it skips.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::level::{Level, Sorting};
use super::scope::Scope;
use super::source::{Mark, Node, Part, Source, Walk};
use super::view::View;
use crate::evaluate::{Order, OrderKey};
use crate::model::EntityType;
use crate::percent;
use crate::problem::Problem;
use crate::query::Options;
use crate::v1_1::{self, text};

/// The option of a next link that names where it goes on. Clients take next links as they are; it is ours alone.
pub(crate) const SKIP_TOKEN: &str = "$skiptoken";

/// Entities of one page.
pub(crate) struct Page<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// How many there are on all pages, where that was asked for.
    pub(crate) count: Option<u64>,
    /// Whether there are more behind it.
    is_more: bool,
    /// How many were skipped before it, in an order other than that of the store.
    skipped: Option<u64>,
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    After(Mark),
    Skip(u64),
}

impl<'a> Page<'a> {
    /// Reads a page of at most `page_max` entities.
    pub(crate) fn read(
        scope: &Scope<'a>,
        source: &Source<'a>,
        level: &Level<'_>,
        after: Option<Mark>,
        page_max: usize,
    ) -> Result<Self, Problem> {
        let top = level.options.top.and_then(|top| usize::try_from(top).ok()).unwrap_or(usize::MAX).min(page_max);
        let skip = if after.is_some() { 0 } else { level.options.skip.unwrap_or(0) };
        let mut part = level.part();
        let page = match &level.sorting {
            Sorting::Kept(walk) => {
                let is_counted = level.options.count == Some(true);
                let count = is_counted.then(|| count(scope, source, level, &part));
                part.after = after;
                let nodes = source.nodes(scope, &part, *walk).filter_map(|node| level.take(scope, node));
                let mut nodes = nodes.skip(usize::try_from(skip).unwrap_or(usize::MAX));
                let page: Vec<Node<'a>> = nodes.by_ref().take(top).collect();
                let is_more = !page.is_empty() && page.len() == top && nodes.next().is_some();
                Self { nodes: page, count, is_more, skipped: None }
            }
            Sorting::Keys(order) => sorted(scope, source, level, (&part, order), skip, top),
        };
        scope.check()?;
        Ok(page)
    }

    /// Where the next page begins when only the first `told` of this one are told.
    pub(crate) fn next(&self, told: usize) -> Option<Next> {
        if !self.is_more && told == self.nodes.len() {
            return None;
        }
        match self.skipped {
            Some(skipped) => Some(Next::Skip(skipped + told as u64)),
            None => self.nodes.get(told.checked_sub(1)?).map(|last| Next::After(last.mark())),
        }
    }
}

/// How many a collection has, all pages together.
fn count<'a>(scope: &Scope<'a>, source: &Source<'a>, level: &Level<'_>, part: &Part) -> u64 {
    if level.takes_all()
        && let Some(count) = source.count(scope)
    {
        return count;
    }
    let nodes = source.nodes(scope, part, Walk::ById { descending: false });
    nodes.filter_map(|node| level.take(scope, node)).count() as u64
}

/// The entities from `skip` on in the order of keys; those of equal keys by id.
fn sorted<'a>(
    scope: &Scope<'a>,
    source: &Source<'a>,
    level: &Level<'_>,
    (part, order): (&Part, &Order),
    skip: u64,
    top: usize,
) -> Page<'a> {
    // One more than is told says whether there is a next page.
    let kept = usize::try_from(skip).unwrap_or(usize::MAX).saturating_add(top).saturating_add(1);
    let mut heap: BinaryHeap<Ranked<'_, 'a>> = BinaryHeap::new();
    let mut seen = 0;
    for node in source.nodes(scope, part, Walk::ById { descending: false }) {
        let Some(node) = level.take(scope, node) else { continue };
        let view = View { scope, node };
        let keys = match order.keys(&view, &scope.budget) {
            Ok(keys) => keys,
            Err(exhausted) => {
                scope.fail(Problem::new(400, super::scope::TOO_MUCH, exhausted.to_string()));
                break;
            }
        };
        heap.push(Ranked { order, keys, place: seen, node: view.node });
        if heap.len() > kept {
            heap.pop();
        }
        seen += 1;
    }
    let ranked = heap.into_sorted_vec().into_iter();
    let mut nodes: Vec<Node<'a>> =
        ranked.skip(usize::try_from(skip).unwrap_or(usize::MAX)).map(|ranked| ranked.node).collect();
    let is_more = top > 0 && nodes.len() > top;
    nodes.truncate(top);
    let count = (level.options.count == Some(true)).then_some(seen);
    Page { nodes, count, is_more, skipped: Some(skip) }
}

/// An entity with its keys and its place in the order of the store.
struct Ranked<'o, 'a> {
    order: &'o Order,
    keys: Vec<OrderKey>,
    place: u64,
    node: Node<'a>,
}

impl Ord for Ranked<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.compare(&self.keys, &other.keys).then(self.place.cmp(&other.place))
    }
}

impl PartialOrd for Ranked<'_, '_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked<'_, '_> {}

/// The address of the next page: `address` is that of the collection; all options stay as they are.
pub(crate) fn next_link(scope: &Scope<'_>, address: &[u8], options: &Options, next: &Next) -> String {
    let mut options = Options { skip: None, as_of: scope.as_of, ..options.clone() };
    let mut token = Vec::new();
    match next {
        Next::Skip(skip) => options.skip = Some(*skip),
        Next::After(Mark::Entity(id)) => text::path_id(&mut token, id),
        Next::After(Mark::Observation(key)) => text::key(&mut token, key),
    }
    let mut link = String::from_utf8_lossy(address).into_owned();
    link.push('?');
    link.push_str(&options.query_string());
    if !token.is_empty() {
        if !link.ends_with('?') {
            link.push('&');
        }
        link.push_str(SKIP_TOKEN);
        link.push('=');
        link.push_str(&String::from_utf8_lossy(&token));
    }
    link
}

/// Takes the token out of a query string: what is left, and where to go on. Err: it is not one of ours.
pub(crate) fn split_token(query: &str, entity: EntityType) -> Result<(String, Option<Mark>), Problem> {
    let mut rest = Vec::new();
    let mut mark = None;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if percent::decode(name, true).is_ok_and(|name| name == SKIP_TOKEN) {
            let value = percent::decode(value, true).ok();
            let found = value.and_then(|value| mark_of(&value, entity)).filter(|_| mark.is_none());
            mark =
                Some(found.ok_or_else(|| {
                    Problem::malformed("$skiptoken: take it from a next link as it is, or leave it out")
                })?);
        } else {
            rest.push(pair);
        }
    }
    Ok((rest.join("&"), mark))
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

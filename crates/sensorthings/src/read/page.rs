//! One page of a collection, and where the next one begins.
//!
//! A next link names the last entity that was told, so that the next page begins behind it whatever came or went in
//! between. In the order of the store it costs no more than the first; in any other order all are looked at again, but
//! for stretches of a series whose results are known to lie elsewhere.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::level::{Level, Sorting};
use super::scope::Scope;
use super::source::{Mark, Node, Part, Source, Walk};
use super::token::{After, SKIP_TOKEN};
use super::view::View;
use crate::evaluate::{Order, OrderKey};
use crate::problem::Problem;
use crate::query::Options;

/// Entities of one page.
pub(crate) struct Page<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// How many there are on all pages, where that was asked for.
    pub(crate) count: Option<u64>,
    /// Whether there are more behind it.
    is_more: bool,
    /// The keys of each node, in an order other than that of the store.
    keys: Vec<Vec<OrderKey>>,
}

impl<'a> Page<'a> {
    /// Reads a page of at most `page_max` entities.
    pub(crate) fn read(
        scope: &Scope<'a>,
        source: &Source<'a>,
        level: &Level<'_>,
        after: Option<After>,
        page_max: usize,
    ) -> Result<Self, Problem> {
        let top = level.options.top.and_then(|top| usize::try_from(top).ok()).unwrap_or(usize::MAX).min(page_max);
        let skip = if after.is_some() { 0 } else { level.options.skip.unwrap_or(0) };
        let mut part = level.part();
        let page = match &level.sorting {
            Sorting::Kept(walk) => {
                let is_counted = level.options.count == Some(true);
                let count = is_counted.then(|| count(scope, source, level, &part));
                part.after = after.map(|after| after.mark);
                let nodes = source.nodes(scope, &part, *walk).filter_map(|node| level.take(scope, node));
                let mut nodes = nodes.skip(usize::try_from(skip).unwrap_or(usize::MAX));
                let page: Vec<Node<'a>> = nodes.by_ref().take(top).collect();
                let is_more = !page.is_empty() && page.len() == top && nodes.next().is_some();
                Self { nodes: page, count, is_more, keys: Vec::new() }
            }
            Sorting::Keys(order) => sorted(scope, source, level, (&part, order), after.as_ref(), (skip, top)),
        };
        scope.check()?;
        Ok(page)
    }

    /// Where the next page begins when only the first `told` of this one are told.
    pub(crate) fn next(&self, told: usize) -> Option<After> {
        if !self.is_more && told == self.nodes.len() {
            return None;
        }
        let last = told.checked_sub(1)?;
        let keys = self.keys.get(last).cloned().unwrap_or_default();
        self.nodes.get(last).map(|node| After { keys, mark: node.mark() })
    }
}

/// How many a collection has, all pages together.
fn count<'a>(scope: &Scope<'a>, source: &Source<'a>, level: &Level<'_>, part: &Part) -> u64 {
    if level.takes_all()
        && let Some(count) = source.count(scope)
    {
        return count;
    }
    let nodes = source.nodes(scope, part, BY_ID);
    nodes.filter_map(|node| level.take(scope, node)).count() as u64
}

/// The entities behind a place in the order of keys, but for the first `skip`; those of equal keys by id.
fn sorted<'a>(
    scope: &Scope<'a>,
    source: &Source<'a>,
    level: &Level<'_>,
    (part, order): (&Part, &Order),
    after: Option<&After>,
    (skip, top): (u64, usize),
) -> Page<'a> {
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    // One more than is told says whether there is a next page.
    let kept = skip.saturating_add(top).saturating_add(1);
    let is_counted = level.options.count == Some(true);
    let known = if is_counted && level.takes_all() { source.count(scope) } else { None };
    // Who counts the rows has to see them all.
    let narrows = !is_counted || known.is_some();
    if narrows && let Some(after) = after {
        part.results.narrow(order.results_behind(&after.keys));
    }
    let mut heap: BinaryHeap<Ranked<'_, 'a>> = BinaryHeap::new();
    let mut seen = 0;
    for node in source.nodes(scope, part, BY_ID) {
        let Some(node) = level.take(scope, node) else { continue };
        let view = View { scope, node };
        let keys = match order.keys(&view, &scope.budget) {
            Ok(keys) => keys,
            Err(exhausted) => {
                scope.fail(Problem::too_wide(exhausted.to_string()));
                break;
            }
        };
        seen += 1;
        let ranked = Ranked { order, keys, mark: view.node.mark(), node: view.node };
        if after.is_some_and(|after| ranked.place(&after.keys, &after.mark).is_le()) {
            continue;
        }
        heap.push(ranked);
        if heap.len() > kept {
            heap.pop();
        }
        if narrows
            && heap.len() == kept
            && let Some(last) = heap.peek()
        {
            part.results.narrow(order.results_before(&last.keys));
        }
    }
    let ranked = heap.into_sorted_vec().into_iter().skip(skip);
    let (mut keys, mut nodes): (Vec<_>, Vec<_>) = ranked.map(|ranked| (ranked.keys, ranked.node)).unzip();
    let is_more = top > 0 && nodes.len() > top;
    nodes.truncate(top);
    keys.truncate(top);
    Page { nodes, count: is_counted.then_some(known.unwrap_or(seen)), is_more, keys }
}

/// The order of entities whose keys are equal.
const BY_ID: Walk = Walk::ById { descending: false };

/// An entity with its keys.
struct Ranked<'o, 'a> {
    order: &'o Order,
    keys: Vec<OrderKey>,
    mark: Mark,
    node: Node<'a>,
}

impl Ranked<'_, '_> {
    /// How it stands to a place in the order.
    fn place(&self, keys: &[OrderKey], mark: &Mark) -> Ordering {
        self.order.compare(&self.keys, keys).then_with(|| BY_ID.compare(&self.mark, mark))
    }
}

impl Ord for Ranked<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place(&other.keys, &other.mark)
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
pub(crate) fn next_link(scope: &Scope<'_>, address: &[u8], options: &Options, next: &After) -> String {
    let options = Options { skip: None, as_of: scope.as_of, ..options.clone() };
    let mut link = String::from_utf8_lossy(address).into_owned();
    link.push('?');
    link.push_str(&options.query_string());
    if !link.ends_with('?') {
        link.push('&');
    }
    link.push_str(SKIP_TOKEN);
    link.push('=');
    link.push_str(&next.write());
    link
}

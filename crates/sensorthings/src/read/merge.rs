//! The observations of many datastreams in the order of their phenomenon times. A series is opened only when its turn
//! may have come, which its span tells: the newest observation of 50,000 datastreams opens a few.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use city::{DatastreamId, ObservationKey, Span, Time};

use super::scope::Scope;
use super::source::{Mark, Part};
use crate::series::{Row, Wanted};

/// Order of observations by time, then by key.
type Key = (Time, ObservationKey);

pub(crate) struct Merge<'s, 'a> {
    scope: &'s Scope<'a>,
    from: Time,
    to: Time,
    after: Option<Key>,
    descending: bool,
    results: Wanted,
    /// Series that are not open yet with the earliest (latest) time that they can have, the next one last.
    waiting: Vec<(Time, DatastreamId)>,
    open: BinaryHeap<Head<'s>>,
}

/// The next row of an open series.
struct Head<'s> {
    row: Row,
    rest: Box<dyn Iterator<Item = Row> + 's>,
    descending: bool,
}

fn key(row: &Row) -> Key {
    (row.observation.phenomenon_time, row.key())
}

impl<'s, 'a> Merge<'s, 'a> {
    pub(crate) fn new(
        scope: &'s Scope<'a>,
        datastreams: impl Iterator<Item = DatastreamId>,
        part: &Part,
        descending: bool,
    ) -> Self {
        let after = match &part.after {
            Some(Mark::Observation(mark)) => Some((mark.phenomenon_time, *mark)),
            _ => None,
        };
        let (mut from, mut to) = (part.from, part.to);
        match after {
            Some((at, ..)) if descending => to = to.min(at + Span::ms(1)),
            Some((at, ..)) => from = from.max(at),
            None => {}
        }
        let mut waiting: Vec<(Time, DatastreamId)> = datastreams
            .filter_map(|series| {
                let (first, last) = scope.took(scope.series.span(series))?;
                let touches = first < to && last >= from;
                touches.then_some((if descending { last.min(to) } else { first.max(from) }, series))
            })
            .collect();
        waiting.sort_unstable();
        if !descending {
            waiting.reverse();
        }
        let results = part.results.clone();
        Self { scope, from, to, after, descending, results, waiting, open: BinaryHeap::new() }
    }

    /// Opens every series whose turn may have come.
    fn open(&mut self) {
        while let Some((at, series)) = self.waiting.last().copied() {
            let is_later = |head: &Head<'_>| {
                let next = head.row.observation.phenomenon_time;
                if self.descending { next > at } else { next < at }
            };
            if self.open.peek().is_some_and(is_later) || !self.scope.visit() {
                return;
            }
            self.waiting.pop();
            let (after, descending) = (self.after, self.descending);
            let is_told = move |row: &Row| {
                after.is_some_and(|after| if descending { key(row) >= after } else { key(row) <= after })
            };
            let rows = self.scope.rows(series, (self.from, self.to), descending, &self.results);
            self.push(Box::new(rows.skip_while(is_told)));
        }
    }

    fn push(&mut self, mut rest: Box<dyn Iterator<Item = Row> + 's>) {
        if let Some(row) = rest.next() {
            self.open.push(Head { row, rest, descending: self.descending });
        }
    }
}

impl Iterator for Merge<'_, '_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.open();
        let Head { row, rest, .. } = self.open.pop()?;
        self.push(rest);
        Some(row)
    }
}

impl Ord for Head<'_> {
    /// The heap gives its largest first: that is the row whose turn it is.
    fn cmp(&self, other: &Self) -> Ordering {
        let order = key(&self.row).cmp(&key(&other.row));
        if self.descending { order } else { order.reverse() }
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head<'_> {}
